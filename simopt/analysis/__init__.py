"""What sweeps and problems show: measures, noise scale, batch size, stability, noisy quadratic."""
