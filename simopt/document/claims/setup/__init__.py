"""Experiments on the claims of the section “Setup and family tree”."""
