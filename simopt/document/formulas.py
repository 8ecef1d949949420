"""The right formula of every quantity that a worked cell prints, under the document's names.

One table serves both judgements of a number: fed with exact values it says what should have been
printed, fed with the document's own numbers it says whether the document only carried its rounding
along. A quantity may have a second formula (the change of a weight is also the difference of two
weights); the first is the definition.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

W = "weight before the step"
NEW_W = "weight after the step"
CHANGE = "weight change"
GRADIENT = "gradient (batch mean)"
SQUARE = "squared gradient"
ROOT = "square root in the denominator"
RATE = "effective learning rate"

#: What carries over from step to step: name before the step to name after it.
CARRIED = {
    W: NEW_W,
    "v before the step": "v",
    "G before the step": "G",
    "E[g^2] before the step": "E[g^2]",
    "m before the step": "m",
    "t before the step": "t",
}


@dataclass(frozen=True)
class Formula:
    """A calculation: the operands' names, the arithmetic, and how to write it with numbers."""

    operands: tuple[str, ...]
    compute: Callable[..., float]
    text: str


Formulas = dict[str, tuple[Formula, ...]]


def _points(batch_size: int) -> Formulas:
    """From the weight to the gradient."""
    if batch_size == 1:
        return {
            "prediction": (Formula((W, "x"), lambda w, x: w * x, "{} × {}"),),
            "error": (Formula(("prediction", "y"), lambda p, y: p - y, "{} - {}"),),
            GRADIENT: (Formula(("error", "x"), lambda e, x: 2 * e * x, "2 × {} × {}"),),
        }
    table: Formulas = {}
    for j in range(1, batch_size + 1):
        of = f" of batch point {j}"
        table["prediction" + of] = (Formula((W, "x" + of), lambda w, x: w * x, "{} × {}"),)
        table["error" + of] = (
            Formula(("prediction" + of, "y" + of), lambda p, y: p - y, "{} - {}"),
        )
        table["gradient" + of] = (
            Formula(("error" + of, "x" + of), lambda e, x: 2 * e * x, "2 × {} × {}"),
        )
    gradients = tuple(f"gradient of batch point {j}" for j in range(1, batch_size + 1))
    mean = "(" + " + ".join(["{}"] * batch_size) + f") / {batch_size}"
    table[GRADIENT] = (Formula(gradients, lambda *g: math.fsum(g) / len(g), mean),)
    return table | _averaging_before_squaring(gradients)


def _averaging_before_squaring(gradients: tuple[str, ...]) -> Formulas:
    """The comparisons of a sum of squares with a squared mean, all gradients taken at the start."""
    n = len(gradients)
    squares = tuple(f"squared gradient of point {j} at w=3" for j in range(1, n + 1))
    total, mean = (
        ("sum of squares, points 1 and 2 at w=3", "squared mean, points 1 and 2 at w=3")
        if n == 2
        else (
            f"sum of the {n} squared gradients at w=3",
            f"squared mean of the {n} gradients at w=3",
        )
    )
    table: Formulas = {
        square: (Formula((gradient,), lambda g: g * g, "{}²"),)
        for square, gradient in zip(squares, gradients, strict=True)
    }
    table[total] = (Formula(squares, lambda *s: math.fsum(s), " + ".join(["{}"] * n)),)
    table[mean] = (Formula((GRADIENT,), lambda g: g * g, "{}²"),)
    table[f"sumsq{n}/sqmean{n}"] = (Formula((total, mean), lambda s, m: s / m, "{} / {}"),)
    return table


def _sgd() -> Formulas:
    return {CHANGE: (Formula(("eta", GRADIENT), lambda eta, g: -eta * g, "-{} × {}"),)}


def _momentum() -> Formulas:
    return {
        "beta*v_old": (
            Formula(("beta", "v before the step"), lambda beta, v: beta * v, "{} × {}"),
        ),
        "v": (Formula(("beta*v_old", GRADIENT), lambda v, g: v + g, "{} + {}"),),
        "100*beta*v_old/v_old": (
            Formula(
                ("beta*v_old", "v before the step"), lambda kept, v: 100 * kept / v, "100 × {} / {}"
            ),
        ),
        CHANGE: (Formula(("eta", "v"), lambda eta, v: -eta * v, "-{} × {}"),),
    }


def _scaled(total: str) -> Formulas:
    """The last steps of AdaGrad and RMSprop: the rate divided by a root."""
    return {
        ROOT: (Formula((total, "epsilon"), lambda s, e: math.sqrt(s + e), "√({} + {})"),),
        RATE: (Formula(("eta", ROOT), lambda eta, root: eta / root, "{} / {}"),),
        "effective LR as % of eta": (
            Formula((RATE, "eta"), lambda rate, eta: 100 * rate / eta, "100 × {} / {}"),
        ),
        CHANGE: (Formula((RATE, GRADIENT), lambda rate, g: -rate * g, "-{} × {}"),),
    }


def _adagrad() -> Formulas:
    before = "G before the step"
    return {"G": (Formula((before, SQUARE), lambda old, s: old + s, "{} + {}"),), **_scaled("G")}


def _mean_square(decay: str, kept: str, before: str, name: str) -> Formulas:
    """The fading mean of squared gradients, of RMSprop and of Adam."""
    return {
        kept: (Formula((decay, before), lambda b, old: b * old, "{} × {}"),),
        "(1-decay)*g^2": (Formula((decay, SQUARE), lambda b, s: (1 - b) * s, "(1 - {}) × {}"),),
        name: (Formula((kept, "(1-decay)*g^2"), lambda old, new: old + new, "{} + {}"),),
    }


def _rmsprop() -> Formulas:
    mean = _mean_square("rho", "rho*E_old", "E[g^2] before the step", "E[g^2]")
    return mean | _scaled("E[g^2]")


def _adam() -> Formulas:
    def power(beta: str) -> Formulas:
        return {
            f"{beta}^t": (Formula((beta, "t"), lambda b, t: b**t, "{}^{}"),),
            f"1-{beta}^t": (Formula((f"{beta}^t",), lambda p: 1 - p, "1 - {}"),),
        }

    return {
        "t": (Formula(("t before the step",), lambda t: t + 1, "{} + 1"),),
        "beta1*m_old": (Formula(("beta1", "m before the step"), lambda b, m: b * m, "{} × {}"),),
        "(1-beta1)*g": (Formula(("beta1", GRADIENT), lambda b, g: (1 - b) * g, "(1 - {}) × {}"),),
        "m": (Formula(("beta1*m_old", "(1-beta1)*g"), lambda old, new: old + new, "{} + {}"),),
        **_mean_square("beta2", "beta2*v_old", "v before the step", "v"),
        **power("beta1"),
        **power("beta2"),
        "m_hat": (Formula(("m", "1-beta1^t"), lambda m, c: m / c, "{} / {}"),),
        "v_hat": (Formula(("v", "1-beta2^t"), lambda v, c: v / c, "{} / {}"),),
        # The document prints this term behind a plus, its two minus signs cancelled.
        "eta*|m_hat|": (Formula(("eta", "m_hat"), lambda eta, m: -eta * m, "-{} × {}"),),
        ROOT: (Formula(("v_hat", "epsilon"), lambda v, e: math.sqrt(v + e), "√({} + {})"),),
        CHANGE: (Formula(("eta*|m_hat|", ROOT), lambda term, root: term / root, "{} / {}"),),
    }


_OWN = {
    "SGD": _sgd,
    "Momentum": _momentum,
    "AdaGrad": _adagrad,
    "RMSprop": _rmsprop,
    "Adam": _adam,
}


@cache
def table(method: str, batch_size: int) -> Formulas:
    """Quantity to its formulas, for one of the document's five methods."""
    result = _points(batch_size) | _OWN[method]()
    result[CHANGE] += (Formula((NEW_W, W), lambda new, old: new - old, "{} - {}"),)
    result[SQUARE] = (Formula((GRADIENT,), lambda g: g * g, "{}²"),)
    result[NEW_W] = (Formula((W, CHANGE), lambda w, change: w + change, "{} + {}"),)
    result["|w - 5|"] = (Formula((NEW_W, "optimum"), lambda w, best: abs(w - best), "|{} - {}|"),)
    return result
