"""What the schedule-free rules share: an average of the steps, and a point between the two.

The weight is y, at which the gradient is taken; z takes the steps, x is their weighted mean, and is
what is evaluated. A step counts as the square of the largest rate so far. The mean keeps n, how
many steps as the newest all together would count: at a constant rate a whole number, exact in
single precision too, where a sum of squares would not be.
"""

from __future__ import annotations

import dataclasses

from simopt.rules.making import rule
from simopt.rules.modifiers import larger, one_like, zero_like
from simopt.rules.rule import START, Rule


def counted(eta, n, peak):
    """How many steps as this one all steps count, and the largest rate."""
    now = larger(peak, eta)
    zero = zero_like(eta)
    ratio = peak / now if peak > zero else zero
    return ratio * ratio * n + one_like(n), now


def count(n):
    """Steps so far."""
    return (n + 1,)


def averaged(update, **more) -> Rule:
    """The rule of a function: z and x start at the weight, and x is what is evaluated."""
    made = rule(update, initial={"z": START}, **more)
    return dataclasses.replace(made, average="x")


#: The count of the steps, by switch, as formulas have it.
COUNTS = {
    "rate": [
        "ratio = peak / max(peak, eta) if peak > 0 else 0",
        "peak = max(peak, eta)",
        "n = ratio**2 * n + 1",
    ],
    "equal": ["n = t"],
}
