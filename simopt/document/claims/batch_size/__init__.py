"""Experiments on the claims of the section “Batch size”."""
