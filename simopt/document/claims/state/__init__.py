"""Experiments on the claims of the section “State and batch size”."""
