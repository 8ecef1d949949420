"""What authors get wrong, of Adam above all: each slip as the step that it makes.

A slip changes one thing in

    m = beta1 m + (1 - beta1) g        v = beta2 v + (1 - beta2) g^2
    w = w - eta (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)

with the decay coupled, decoupled or none. Rules that are parts of it, as RMSprop and momentum are,
have those of the slips that are about these parts: `BASES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.training.conformance import bounds
from simopt.training.conformance.candidates import NUMBERS
from simopt.training.conformance.probing import Probe
from simopt.training.conformance.treatments import Treatment

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Parts:
    """The parts of an Adam step, each as it is written without a slip."""

    #: What enters the second mean, of g and the new m.
    square: Callable[[Array, Array], Array] = lambda g, m: g * g
    first_keep: Callable[[float], float] = lambda beta1: beta1
    second_keep: Callable[[float], float] = lambda beta2: beta2
    first_gain: Callable[[float], float] = lambda beta1: 1 - beta1
    second_gain: Callable[[float], float] = lambda beta2: 1 - beta2
    #: The count in the corrections, of t from 1.
    count: Callable[[int], float] = lambda t: t
    first_correction: Callable[[float, float], float] = lambda beta, t: 1 - beta**t
    second_correction: Callable[[float, float], float] = lambda beta, t: 1 - beta**t
    root: Callable[[Array], Array] = np.sqrt
    #: The denominator, of the root and epsilon.
    below: Callable[[Array, float], Array] = lambda root, epsilon: root + epsilon
    #: Which beta each correction goes by, of beta1 and beta2.
    first_base: Callable[[float, float], float] = lambda beta1, beta2: beta1
    second_base: Callable[[float, float], float] = lambda beta1, beta2: beta2
    #: What stands in front of the whole step besides, of beta2 and t.
    front: Callable[[float, float], float] = lambda beta2, t: 1.0
    #: Whether the corrected means are kept in place of the means.
    keeps_first: bool = False
    keeps_second: bool = False
    #: Whether the step is by the means as they were before the gradient.
    late_first: bool = False
    late_second: bool = False
    #: Whether the means are nothing at the beginning of each update, and both one array.
    forgets: bool = False
    shares: bool = False
    #: Whether the means begin with the first gradient, and where the second begins if not.
    begins: bool = False
    second_start: float = 0.0
    #: Whether the rate is in the first mean, and whether it is in the step.
    rate_inside: bool = False
    rate_outside: bool = True
    #: Whether a coupled decay is in the gradient of the first mean.
    decays_first: bool = True
    #: What is divided: the new m, of it, the gradient and beta1.
    above: Callable[[Array, Array, float], Array] = lambda m, g, beta1: m
    #: What a decoupled decay takes of the weight, and a coupled one adds, of eta and lambda.
    shrinks: Callable[[float, float], float] = lambda eta, decay: eta * decay
    enters: Callable[[float, float], float] = lambda eta, decay: decay
    #: What decays of the weight; whether it is the weight after the step, and whether a decoupled
    #: decay is divided with the mean.
    decaying: Callable[[Array], Array] = lambda w: w
    stepped: bool = False
    divides_decay: bool = False
    #: What of a new first mean is kept, and goes into the step.
    kept: Callable[[Array], Array] = lambda m: m
    #: What the step is by, of the corrected mean, the gradient and beta1.
    ahead: Callable[[Array, Array, float], Array] = lambda m_hat, g, beta1: m_hat


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
        RIGHT, first_keep=lambda beta1: 1 - beta1, first_gain=lambda beta1: beta1
    ),
    "beta and 1 - beta are exchanged in the second mean": replace(
        RIGHT, second_keep=lambda beta2: 1 - beta2, second_gain=lambda beta2: beta2
    ),
    "the gradient is divided, not its mean": replace(RIGHT, above=lambda m, g, beta1: g),
    "epsilon is a floor, max(root, epsilon), not a summand": replace(
        RIGHT, below=lambda root, epsilon: np.maximum(root, epsilon)
    ),
    "epsilon is missing": replace(RIGHT, below=lambda root, epsilon: root),
    "the decay is not multiplied by the rate": replace(RIGHT, shrinks=lambda eta, decay: decay),
    "the decay has the wrong sign: weights grow": replace(
        RIGHT, shrinks=lambda eta, decay: -eta * decay, enters=lambda eta, decay: -decay
    ),
    "the decay is multiplied by the rate twice": replace(
        RIGHT,
        shrinks=lambda eta, decay: eta * eta * decay,
        enters=lambda eta, decay: eta * decay,
    ),
    "the decay is in the second mean alone": replace(RIGHT, decays_first=False),
    "both corrections are of beta1": replace(RIGHT, second_base=lambda beta1, beta2: beta1),
    "both corrections are of beta2": replace(RIGHT, first_base=lambda beta1, beta2: beta2),
    "the corrections' betas are exchanged": replace(
        RIGHT,
        first_base=lambda beta1, beta2: beta2,
        second_base=lambda beta1, beta2: beta1,
    ),
    "the second correction stands in front of the step without its root": replace(
        RIGHT,
        second_correction=lambda beta, t: 1.0,
        front=lambda beta2, t: 1 - beta2**t,
    ),
    "the step is made before the means have taken the gradient in": replace(
        RIGHT, late_first=True, late_second=True
    ),
    "the second mean is the one before the gradient": replace(RIGHT, late_second=True),
    "the means are not kept from update to update": replace(RIGHT, forgets=True),
    "the two means are one array, changed in place by both": replace(RIGHT, shares=True),
    "the means begin with the first gradient, and are corrected besides": replace(
        RIGHT, begins=True
    ),
    "the means begin with the first gradient, and are not corrected": replace(
        RIGHT,
        begins=True,
        first_correction=lambda beta, t: 1.0,
        second_correction=lambda beta, t: 1.0,
    ),
    "the second mean begins at 1, not at 0": replace(RIGHT, second_start=1.0),
    "the rate is in the first mean, and not in the step": replace(
        RIGHT, rate_inside=True, rate_outside=False
    ),
    "the first mean is the one before the gradient": replace(RIGHT, late_first=True),
    "what looks ahead is the corrected mean, with a gradient that is not corrected": replace(
        RIGHT, ahead=lambda m_hat, g, beta1: beta1 * m_hat + (1 - beta1) * g
    ),
    "the second mean is one number, of the mean of g^2 over all weights": replace(
        RIGHT, square=lambda g, m: np.full_like(g, np.mean(g * g))
    ),
    "the second mean is one number, of the sum of g^2 over all weights": replace(
        RIGHT, square=lambda g, m: np.full_like(g, np.sum(g * g))
    ),
    "the decay is of the weight after the step, and not multiplied by the rate": replace(
        RIGHT, stepped=True, shrinks=lambda eta, decay: decay
    ),
    "the second mean is one number, of the norm of g over all weights, and has no root": replace(
        RIGHT, square=lambda g, m: np.full_like(g, np.linalg.norm(g)), root=lambda v: v
    ),
    "the decay is added to the mean, and divided with it": replace(RIGHT, divides_decay=True),
    "the decay is of the weight's sign, as of a penalty on |w|": replace(RIGHT, decaying=np.sign),
}


#: The parts that are about a decay.
OF_DECAY = frozenset({
    "decays_first", "shrinks", "enters", "decaying", "stepped", "divides_decay",
})  # fmt: skip

#: Slips of a momentum, whose steps are not divided.
OF_MOMENTUM: dict[str, Parts] = {
    "the velocity before has the wrong sign": replace(RIGHT, first_keep=lambda beta: -beta),
    "what looks ahead has the wrong sign: g - beta v": replace(
        RIGHT, above=lambda m, g, beta: g - beta * m
    ),
    "the gradient enters the velocity times 1 - beta": replace(
        RIGHT, first_gain=lambda beta: 1 - beta
    ),
    "the rate is in the velocity, and in the step too": replace(RIGHT, rate_inside=True),
}

#: A slip of RMSprop.
OF_SQUARES: dict[str, Parts] = {
    "the mean of squares begins with the first square": replace(RIGHT, begins=True),
}


@dataclass(frozen=True)
class Base:
    """A rule as parts of an Adam step.

    Attributes
    ----------
    parts : Parts
        Its own, without a slip.
    beta1, beta2 : str or float
        Its setting that is so called in Adam, or a number.
    about : frozenset of str
        The parts that it has: slips of Adam that change others are none of its.
    more : mapping
        Slips of its own.
    """

    parts: Parts
    beta1: str | float
    beta2: str | float
    about: frozenset[str]
    more: Mapping[str, Parts] = field(default_factory=dict)

    def called(self, name: str) -> str:
        """What a setting of the rule is called in Adam."""
        return next((beta for beta in ("beta1", "beta2") if vars(self)[beta] == name), name)

    def numbers(self) -> dict[str, tuple[float, ...]]:
        """Numbers that are usual for the settings of the rule that its parts go by."""
        names = [name for name in (self.beta1, self.beta2, "epsilon") if isinstance(name, str)]
        return {name: NUMBERS[name] for name in names}

    def slips(self, decays: bool) -> Iterator[tuple[str, Parts]]:
        """What may be wrong with it, in words and in parts; of a decay only where it has one."""
        for text, slip in {**SLIPS, **self.more}.items():
            changed = {n: v for n, v in vars(slip).items() if v is not vars(RIGHT)[n]}
            if not decays and changed.keys() <= OF_DECAY:
                continue
            if text in self.more or self.about.issuperset(changed):
                said = text if self.beta1 else text.replace("second mean", "mean of squares")
                yield said, replace(self.parts, **changed)


_DECAY = {"shrinks", "enters", "decaying", "stepped"}
_SQUARES = frozenset({
    "square", "second_keep", "second_gain", "root", "below", "late_second", "second_start", *_DECAY,
})  # fmt: skip
_VELOCITY = frozenset({"first_keep", "first_gain", *_DECAY})
_UNCORRECTED = replace(
    RIGHT, first_correction=lambda beta, t: 1.0, second_correction=lambda beta, t: 1.0
)
_UNDIVIDED = replace(
    _UNCORRECTED, below=lambda root, epsilon: np.ones_like(root), first_gain=lambda beta: 1.0
)

#: The rules that an Adam step has as parts.
BASES: dict[str, Base] = {
    "Adam": Base(RIGHT, "beta1", "beta2", frozenset(vars(RIGHT))),
    "AdamW": Base(RIGHT, "beta1", "beta2", frozenset(vars(RIGHT))),
    "RMSprop": Base(_UNCORRECTED, 0.0, "rho", _SQUARES | {"divides_decay"}, OF_SQUARES),
    "AdaGrad": Base(
        replace(_UNCORRECTED, second_gain=lambda beta2: 1.0), 0.0, 1.0, _SQUARES - {"second_keep"}
    ),
    "SGD": Base(_UNDIVIDED, 0.0, 0.0, frozenset(_DECAY)),
    "Momentum": Base(_UNDIVIDED, "beta", 0.0, _VELOCITY, OF_MOMENTUM),
    "Nesterov": Base(
        replace(_UNDIVIDED, above=lambda m, g, beta: g + beta * m), "beta", 0.0, _VELOCITY,
        OF_MOMENTUM,
    ),
}  # fmt: skip


def of_velocity(name: str, beta: float, steps: Array, probe: Probe) -> Iterator[tuple[str, Parts]]:
    """Clips of a momentum's velocity, which is kept so: its norm, or in every weight.

    The bound is read off the velocities, which steps before the rate [updates, weights] tell. What
    is always as long is divided by its length, and not clipped.
    """
    if name not in ("Momentum", "Nesterov") or not beta:
        return
    base = BASES[name]
    velocities = steps if name == "Momentum" else (steps - probe.gradients) / beta
    lengths = np.linalg.norm(velocities, axis=1)
    norm = bounds.reached(lengths)
    if norm is not None and lengths.min() < norm * (1 - bounds.SAME):

        def shortened(v: Array) -> Array:
            return v * (norm / max(float(np.linalg.norm(v)), norm))

        yield (
            f"the velocity is clipped to a norm of {norm:g}, and kept so",
            replace(base.parts, kept=shortened),
        )
    if (most := bounds.reached(np.abs(velocities))) is not None:
        yield (
            f"the velocity is clipped to {most:g} in every weight, and kept so",
            replace(base.parts, kept=lambda v: np.clip(v, -most, most)),
        )


def play(
    parts: Parts, settings: Mapping[str, Any], decay: str, probe: Probe, treatment: Treatment
) -> Array:
    """The weights after every update [updates, weights]."""
    eta, beta1, beta2 = settings["eta"], settings["beta1"], settings["beta2"]
    strength = settings.get("weight_decay", 0.0)
    w = probe.start.copy()
    m, v = np.zeros_like(w), np.full_like(w, parts.second_start)
    rows = []
    first_base, second_base = parts.first_base(beta1, beta2), parts.second_base(beta1, beta2)
    with np.errstate(all="ignore"):
        for t, (gradient, factor) in enumerate(zip(probe.gradients, probe.factors, strict=True), 1):
            rate = eta * factor
            g = treatment.of(gradient)
            w_decaying = parts.decaying(w)
            added = parts.enters(rate, strength) * w_decaying if decay == "coupled" else 0.0
            g_first, g_second = g + added if parts.decays_first else g, g + added
            if parts.forgets:
                m, v = np.zeros_like(w), np.zeros_like(w)
            before = m, v
            into = rate * g_first if parts.rate_inside else g_first
            if parts.begins and t == 1:
                m, v = into, parts.square(g_second, into)
            else:
                m = parts.first_keep(beta1) * m + parts.first_gain(beta1) * into
                kept = m if parts.shares else v
                v = parts.second_keep(beta2) * kept + parts.second_gain(beta2) * parts.square(
                    g_second, m
                )
                m = v if parts.shares else m
            m = parts.kept(m)
            by_first = before[0] if parts.late_first else m
            by_second = before[1] if parts.late_second else v
            count = parts.count(t)
            m_hat = parts.above(by_first, g_first, beta1) / parts.first_correction(
                first_base, count
            )
            v_hat = by_second / parts.second_correction(second_base, count)
            step = parts.front(beta2, count) * parts.ahead(m_hat, g_first, beta1)
            beside = decay in ("decoupled", "clipped")
            if beside and parts.divides_decay:
                step = step + strength * w_decaying
            # In the order in which authors write it: what grows is beyond all numbers together.
            step = rate * step if parts.rate_outside else step
            step = step / parts.below(parts.root(v_hat), settings["epsilon"])
            shrunk = w_decaying
            if beside and parts.stepped:
                shrunk = parts.decaying(w - step)
            if beside and not parts.divides_decay:
                step = step + parts.shrinks(rate, strength) * shrunk
            w = w - step
            m = m_hat if parts.keeps_first else m
            v = v_hat if parts.keeps_second else v
            rows.append(w)
    return np.array(rows)
