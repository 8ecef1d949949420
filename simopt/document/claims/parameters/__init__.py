"""Experiments on the claims of the section “Parameter guide”."""
