"""How often diagnoses are right: curves with known labels, and the measured accuracy."""
