"""Optimizers of other libraries, driven by given gradients: a file for each kind."""
