"""The root of a bias-corrected mean of squares, by where epsilon stands: Adam's relatives' divisor.

``v`` is the fading mean as it is carried, ``bias2 = 1 - beta2^t`` its bias.
"""

from __future__ import annotations

import math

from simopt.rules.roots import divisor


def corrected_inside(v, bias2, epsilon):
    """``sqrt(v_hat + epsilon)``."""
    return math.sqrt(v / bias2 + epsilon)


def corrected_outside(v, bias2, epsilon):
    """``sqrt(v_hat) + epsilon``."""
    return math.sqrt(v / bias2) + epsilon


def corrected_hat(v, bias2, epsilon):
    """``(sqrt(v) + epsilon) / sqrt(bias2)``: epsilon joins the root before it is corrected."""
    return (math.sqrt(v) + epsilon) / math.sqrt(bias2)


def corrected_step(mean, place):
    """How the step by a mean over such a root is written."""
    if place == "hat":
        return [f"w = w - eta * sqrt(1 - beta2**t) * {mean} / (sqrt(v) + epsilon)"]
    return ["v_hat = v / (1 - beta2**t)", f"w = w - eta * {mean} / {divisor('v_hat', place)}"]


CORRECTED_ROOTS = {
    "inside": corrected_inside,
    "outside": corrected_outside,
    "hat": corrected_hat,
}
