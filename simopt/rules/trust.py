"""The trust ratio: how long a step is beside the weights, all of them together."""

from __future__ import annotations

from simopt.rules.modifiers import one_like, zero_like


def always(weights, steps, numerator, denominator, decays):
    """A quotient of two norms; 1 where the weights' squares, or the step's, are all 0."""
    some = weights > zero_like(weights) and steps > zero_like(steps)
    return numerator / denominator if some else one_like(weights)


def where_decayed(weights, steps, numerator, denominator, decays):
    """The same, but 1 where no weight decays: ``decays`` is the sum of their weight decays."""
    ratio = always(weights, steps, numerator, denominator, decays)
    return ratio if decays > zero_like(decays) else one_like(ratio)


def capped(weights, steps, numerator, denominator, decays):
    """The same, but 1 at most; a step from weights that are all 0 has no length."""
    return numerator / denominator if denominator > numerator else one_like(weights)


#: By when it adapts.
RATIOS = {"always": always, "decayed": where_decayed, "capped": capped}
