"""Analysis of sweeps and problems: measures, noise scale, batch size, stability, NQM."""
