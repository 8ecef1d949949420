"""Experiments on the claims of the section “Defaults”."""
