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
class Calculation:
    """A calculation: the operands' names, the arithmetic, and how to write it with numbers."""

    operands: tuple[str, ...]
    compute: Callable[..., float]
    text: str


Calculations = dict[str, tuple[Calculation, ...]]


def _points(batch_size: int) -> Calculations:
    """From the weight to the gradient."""
    if batch_size == 1:
        return {
            "prediction": (Calculation((W, "x"), lambda w, x: w * x, "{} × {}"),),
            "error": (Calculation(("prediction", "y"), lambda p, y: p - y, "{} - {}"),),
            GRADIENT: (Calculation(("error", "x"), lambda e, x: 2 * e * x, "2 × {} × {}"),),
        }
    table: Calculations = {}
    for j in range(1, batch_size + 1):
        of = f" of batch point {j}"
        table["prediction" + of] = (Calculation((W, "x" + of), lambda w, x: w * x, "{} × {}"),)
        table["error" + of] = (
            Calculation(("prediction" + of, "y" + of), lambda p, y: p - y, "{} - {}"),
        )
        table["gradient" + of] = (
            Calculation(("error" + of, "x" + of), lambda e, x: 2 * e * x, "2 × {} × {}"),
        )
    gradients = tuple(f"gradient of batch point {j}" for j in range(1, batch_size + 1))
    mean = "(" + " + ".join(["{}"] * batch_size) + f") / {batch_size}"
    table[GRADIENT] = (Calculation(gradients, lambda *g: math.fsum(g) / len(g), mean),)
    return table | _averaging_before_squaring(gradients)


def _averaging_before_squaring(gradients: tuple[str, ...]) -> Calculations:
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
    table: Calculations = {
        square: (Calculation((gradient,), lambda g: g * g, "{}²"),)
        for square, gradient in zip(squares, gradients, strict=True)
    }
    table[total] = (Calculation(squares, lambda *s: math.fsum(s), " + ".join(["{}"] * n)),)
    table[mean] = (Calculation((GRADIENT,), lambda g: g * g, "{}²"),)
    table[f"sumsq{n}/sqmean{n}"] = (Calculation((total, mean), lambda s, m: s / m, "{} / {}"),)
    return table


def _sgd() -> Calculations:
    return {CHANGE: (Calculation(("eta", GRADIENT), lambda eta, g: -eta * g, "-{} × {}"),)}


def _momentum() -> Calculations:
    return {
        "beta*v_old": (
            Calculation(("beta", "v before the step"), lambda beta, v: beta * v, "{} × {}"),
        ),
        "v": (Calculation(("beta*v_old", GRADIENT), lambda v, g: v + g, "{} + {}"),),
        "100*beta*v_old/v_old": (
            Calculation(
                ("beta*v_old", "v before the step"), lambda kept, v: 100 * kept / v, "100 × {} / {}"
            ),
        ),
        CHANGE: (Calculation(("eta", "v"), lambda eta, v: -eta * v, "-{} × {}"),),
    }


def _scaled(total: str) -> Calculations:
    """The last steps of AdaGrad and RMSprop: the rate divided by a root."""
    return {
        ROOT: (Calculation((total, "epsilon"), lambda s, e: math.sqrt(s + e), "√({} + {})"),),
        RATE: (Calculation(("eta", ROOT), lambda eta, root: eta / root, "{} / {}"),),
        "effective LR as % of eta": (
            Calculation((RATE, "eta"), lambda rate, eta: 100 * rate / eta, "100 × {} / {}"),
        ),
        CHANGE: (Calculation((RATE, GRADIENT), lambda rate, g: -rate * g, "-{} × {}"),),
    }


def _adagrad() -> Calculations:
    before = "G before the step"
    return {
        "G": (Calculation((before, SQUARE), lambda old, s: old + s, "{} + {}"),),
        **_scaled("G"),
    }


def _mean_square(decay: str, kept: str, before: str, name: str) -> Calculations:
    """The fading mean of squared gradients, of RMSprop and of Adam."""
    return {
        kept: (Calculation((decay, before), lambda b, old: b * old, "{} × {}"),),
        "(1-decay)*g^2": (Calculation((decay, SQUARE), lambda b, s: (1 - b) * s, "(1 - {}) × {}"),),
        name: (Calculation((kept, "(1-decay)*g^2"), lambda old, new: old + new, "{} + {}"),),
    }


def _rmsprop() -> Calculations:
    mean = _mean_square("rho", "rho*E_old", "E[g^2] before the step", "E[g^2]")
    return mean | _scaled("E[g^2]")


def _adam() -> Calculations:
    def power(beta: str) -> Calculations:
        return {
            f"{beta}^t": (Calculation((beta, "t"), lambda b, t: b**t, "{}^{}"),),
            f"1-{beta}^t": (Calculation((f"{beta}^t",), lambda p: 1 - p, "1 - {}"),),
        }

    return {
        "t": (Calculation(("t before the step",), lambda t: t + 1, "{} + 1"),),
        "beta1*m_old": (
            Calculation(("beta1", "m before the step"), lambda b, m: b * m, "{} × {}"),
        ),
        "(1-beta1)*g": (
            Calculation(("beta1", GRADIENT), lambda b, g: (1 - b) * g, "(1 - {}) × {}"),
        ),
        "m": (Calculation(("beta1*m_old", "(1-beta1)*g"), lambda old, new: old + new, "{} + {}"),),
        **_mean_square("beta2", "beta2*v_old", "v before the step", "v"),
        **power("beta1"),
        **power("beta2"),
        "m_hat": (Calculation(("m", "1-beta1^t"), lambda m, c: m / c, "{} / {}"),),
        "v_hat": (Calculation(("v", "1-beta2^t"), lambda v, c: v / c, "{} / {}"),),
        # The document prints this term behind a plus, its two minus signs cancelled.
        "eta*|m_hat|": (Calculation(("eta", "m_hat"), lambda eta, m: -eta * m, "-{} × {}"),),
        ROOT: (Calculation(("v_hat", "epsilon"), lambda v, e: math.sqrt(v + e), "√({} + {})"),),
        CHANGE: (Calculation(("eta*|m_hat|", ROOT), lambda term, root: term / root, "{} / {}"),),
    }


_OWN = {
    "SGD": _sgd,
    "Momentum": _momentum,
    "AdaGrad": _adagrad,
    "RMSprop": _rmsprop,
    "Adam": _adam,
}


@cache
def table(method: str, batch_size: int) -> Calculations:
    """Quantity to its formulas, for one of the document's five methods."""
    result = _points(batch_size) | _OWN[method]()
    result[CHANGE] += (Calculation((NEW_W, W), lambda new, old: new - old, "{} - {}"),)
    result[SQUARE] = (Calculation((GRADIENT,), lambda g: g * g, "{}²"),)
    result[NEW_W] = (Calculation((W, CHANGE), lambda w, change: w + change, "{} + {}"),)
    result["|w - 5|"] = (
        Calculation((NEW_W, "optimum"), lambda w, best: abs(w - best), "|{} - {}|"),
    )
    return result
