"""What authors of Adam get wrong: each slip as the step that it makes, to be recognised by.

A slip changes one thing in

    m = beta1 m + (1 - beta1) g        v = beta2 v + (1 - beta2) g^2
    w = w - eta (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)

with the decay coupled, decoupled or none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.training.conformance.probing import Probe
from simopt.training.conformance.treatments import Treatment

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Parts:
    """The parts of an Adam step, each as it is written without a slip."""

    #: What enters the second mean, of g and the new m.
    square: Callable[[Array, Array], Array] = lambda g, m: g * g
    first_gain: Callable[[float], float] = lambda beta1: 1 - beta1
    second_gain: Callable[[float], float] = lambda beta2: 1 - beta2
    #: The count in the corrections, of t from 1.
    count: Callable[[int], float] = lambda t: t
    first_correction: Callable[[float, float], float] = lambda beta, t: 1 - beta**t
    second_correction: Callable[[float, float], float] = lambda beta, t: 1 - beta**t
    root: Callable[[Array], Array] = np.sqrt
    #: The denominator, of the root and epsilon.
    below: Callable[[Array, float], Array] = lambda root, epsilon: root + epsilon
    #: Whether the corrected means are kept in place of the means.
    keeps_first: bool = False
    keeps_second: bool = False
    #: Whether the new m, or the gradient, is what is divided.
    above: Callable[[Array, Array], Array] = lambda m, g: m
    #: What a decoupled decay takes of the weight, of eta and lambda.
    shrinks: Callable[[float, float], float] = lambda eta, decay: eta * decay


def _guarded(beta: float, t: float) -> float:
    return 1 - beta**t if t else 1.0


RIGHT = Parts()

SLIPS: dict[str, Parts] = {
    "the count of updates begins at 0: the corrections use t - 1, none at the first": replace(
        RIGHT, count=lambda t: t - 1, first_correction=_guarded, second_correction=_guarded
    ),
    "the count of updates is one ahead: the corrections use t + 1": replace(
        RIGHT, count=lambda t: t + 1
    ),
    "the count of updates never grows: every correction is the first one's": replace(
        RIGHT, count=lambda t: 1
    ),
    "the first mean is corrected, the second not": replace(
        RIGHT, second_correction=lambda beta, t: 1.0
    ),
    "the second mean is corrected, the first not": replace(
        RIGHT, first_correction=lambda beta, t: 1.0
    ),
    "the corrected first mean is kept as the mean": replace(RIGHT, keeps_first=True),
    "the corrected second mean is kept as the mean": replace(RIGHT, keeps_second=True),
    "both corrected means are kept as the means": replace(
        RIGHT, keeps_first=True, keeps_second=True
    ),
    "the corrections are 1 - beta t, not 1 - beta^t": replace(
        RIGHT,
        first_correction=lambda beta, t: 1 - beta * t,
        second_correction=lambda beta, t: 1 - beta * t,
    ),
    "the correction multiplies where it should divide": replace(
        RIGHT,
        first_correction=lambda beta, t: 1 / (1 - beta**t),
        second_correction=lambda beta, t: 1 / (1 - beta**t),
    ),
    "the second mean is of |g|, not of g^2": replace(RIGHT, square=lambda g, m: np.abs(g)),
    "the second mean is of g, not of g^2": replace(RIGHT, square=lambda g, m: g),
    "the second mean is of m^2, not of g^2": replace(RIGHT, square=lambda g, m: m * m),
    "the second mean is of (g - m)^2, as in AdaBelief": replace(
        RIGHT, square=lambda g, m: (g - m) ** 2
    ),
    "the root is missing": replace(RIGHT, root=lambda v: v),
    "the factor 1 - beta1 is missing": replace(RIGHT, first_gain=lambda beta1: 1.0),
    "the factor 1 - beta2 is missing": replace(RIGHT, second_gain=lambda beta2: 1.0),
    "the factors 1 - beta1 and 1 - beta2 are missing": replace(
        RIGHT, first_gain=lambda beta1: 1.0, second_gain=lambda beta2: 1.0
    ),
    "beta and 1 - beta are exchanged in the first mean": replace(
        RIGHT, first_gain=lambda beta1: -1.0
    ),
    "the gradient is divided, not its mean": replace(RIGHT, above=lambda m, g: g),
    "epsilon is a floor, max(root, epsilon), not a summand": replace(
        RIGHT, below=lambda root, epsilon: np.maximum(root, epsilon)
    ),
    "epsilon is missing": replace(RIGHT, below=lambda root, epsilon: root),
    "the decay is not multiplied by the rate": replace(RIGHT, shrinks=lambda eta, decay: decay),
    "the decay has the wrong sign: weights grow": replace(
        RIGHT, shrinks=lambda eta, decay: -eta * decay
    ),
    "the decay is multiplied by the rate twice": replace(
        RIGHT, shrinks=lambda eta, decay: eta * eta * decay
    ),
}


def play(
    parts: Parts, settings: Mapping[str, Any], decay: str, probe: Probe, treatment: Treatment
) -> Array:
    """The weights after every update [updates, weights]."""
    eta, beta1, beta2 = settings["eta"], settings["beta1"], settings["beta2"]
    strength = settings.get("weight_decay", 0.0)
    w = probe.start.copy()
    m, v = np.zeros_like(w), np.zeros_like(w)
    rows = []
    exchanged = parts.first_gain(beta1) < 0
    with np.errstate(all="ignore"):
        for t, (gradient, factor) in enumerate(zip(probe.gradients, probe.factors, strict=True), 1):
            rate = eta * factor
            g = treatment.of(gradient)
            if decay == "coupled":
                g = g + parts.shrinks(1.0, strength) * w
            if exchanged:
                m = (1 - beta1) * m + beta1 * g
            else:
                m = beta1 * m + parts.first_gain(beta1) * g
            v = beta2 * v + parts.second_gain(beta2) * parts.square(g, m)
            count = parts.count(t)
            m_hat = parts.above(m, g) / parts.first_correction(beta1, count)
            v_hat = v / parts.second_correction(beta2, count)
            step = rate * m_hat / parts.below(parts.root(v_hat), settings["epsilon"])
            if decay in ("decoupled", "clipped"):
                step = step + parts.shrinks(rate, strength) * w
            w = w - step
            m = m_hat if parts.keeps_first else m
            v = v_hat if parts.keeps_second else v
            rows.append(w)
    return np.array(rows)
