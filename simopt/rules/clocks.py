"""Clocks that several rules have: what changes once per update, and not per weight."""

from __future__ import annotations

import math

from simopt.rules.rule import complement


def count(t):
    """Updates so far."""
    return (t + 1,)


def rooted(t, root):
    """Updates so far, and the root of their number."""
    return t + 1, math.sqrt(t + 1)


def correction(bias2, beta1, beta2):
    """``1 - beta2^t``, as the fading mean of a constant 1; see `adam.bias_corrections`."""
    return (beta2 * bias2 + complement(beta2),)
