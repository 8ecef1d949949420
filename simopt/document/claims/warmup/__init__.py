"""Experiments on the claims of the section “Warm-up”."""
