"""Loss curves: read from logs, diagnosed, and advice tried on them."""
