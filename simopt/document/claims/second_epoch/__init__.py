"""Experiments on the claims of the section “Epoch 2”."""
