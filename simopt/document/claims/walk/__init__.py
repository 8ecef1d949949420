"""Experiments on the claims of the section “The walk over four points”."""
