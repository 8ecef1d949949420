"""What may be done to gradients before a rule sees them, and to weights after its step."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.rules.rule import Optimizer
from simopt.training.conformance.caution import Cautious
from simopt.training.stepper import Stepper

Array = NDArray[np.float64]

#: Bounds that gradients are often clipped to, the most usual first: where the rate is not known,
#: one that clips every gradient is as good as another.
BOUNDS = (1.0, 0.5, 0.25, 0.1, 0.01, 2.0, 5.0, 10.0, 100.0)


@dataclass(frozen=True)
class Treatment:
    """Settings of frameworks that are about gradients and weights, not about the rule.

    Attributes
    ----------
    maximize : bool
        The gradient's sign is changed: PyTorch's ``maximize``.
    clip_value, clip_norm : float, optional
        Every component, or the norm over all weights, is brought to this at most.
    clip_slack : float
        Added to the norm before dividing; PyTorch's 1e-6.
    normalize : bool
        The gradient is divided by its norm over all weights, which makes one of zeros NaN.
    normalize_slack : float
        Added to that norm before dividing.
    normalize_guard : bool
        A gradient of zeros stays one.
    accumulate : int
        The mean of so many gradients makes one update: Keras' ``gradient_accumulation_steps``.
    warmup : int
        Over so many updates the rate grows linearly to what it is then: schedulefree's
        ``warmup_steps``. 0: from the first on it is that.
    proximal_decay : bool
        Decoupled weights are divided by 1 + eta * weight_decay after the step, as Adan's are in its
        authors' code, in place of losing eta * weight_decay of themselves before.
    ema_momentum, ema_overwrite : float, int
        Keras' ``ema_momentum`` and ``ema_overwrite_frequency``: after every so many updates the
        weights become their fading average. 0: never.
    lookahead, lookahead_share : int, float
        After every so many updates slow weights move this share of the way to the weights, which go
        on from there (Zhang et al. 2019). 0: never.
    lookahead_from : int
        The update whose weights the slow ones begin with, and after which the counting begins; 0:
        the initial weights, as in the paper.
    cautious : bool
        Weights whose step disagrees with their gradient wait, and the steps of the others are
        divided by their share, of 0.001 at least (Liang et al. 2024). All decay.
    cautious_extra : int
        So many more weights are counted in that share: 1 in pytorch-optimizer's.
    clip_step, clip_update : float, optional
        No weight moves by more in an update; or by more than this times the rate.
    weight_low, weight_high : float, optional
        After each step weights are brought between these.
    weight_norm : float, optional
        After each step the norm over all weights is brought to this at most.
    """

    maximize: bool = False
    clip_value: float | None = None
    clip_norm: float | None = None
    clip_slack: float = 0.0
    normalize: bool = False
    normalize_slack: float = 0.0
    normalize_guard: bool = False
    accumulate: int = 1
    warmup: int = 0
    proximal_decay: bool = False
    ema_momentum: float = 0.99
    ema_overwrite: int = 0
    lookahead: int = 0
    lookahead_share: float = 0.5
    lookahead_from: int = 0
    cautious: bool = False
    cautious_extra: int = 0
    clip_step: float | None = None
    clip_update: float | None = None
    weight_low: float | None = None
    weight_high: float | None = None
    weight_norm: float | None = None

    @property
    def bounds(self) -> bool:
        """Whether weights or steps are kept within bounds."""
        return any(vars(self)[name] is not None for name in BOUNDED)

    def without_bounds(self) -> Treatment:
        """The same, with weights and steps free."""
        none: dict[str, Any] = dict.fromkeys(BOUNDED)
        return replace(self, **none)

    @property
    def moves(self) -> bool:
        """Whether a weight goes elsewhere than the rule's step by its gradient leads it."""
        return bool(self.ema_overwrite or self.lookahead or self.cautious or self.bounds)

    def of(self, gradient: Array) -> Array:
        """The gradient that the rule sees."""
        if self.maximize:
            gradient = -gradient
        if self.clip_value is not None:
            gradient = np.clip(gradient, -self.clip_value, self.clip_value)
        if self.clip_norm is not None:
            norm = math.hypot(*gradient) + self.clip_slack
            if norm > self.clip_norm:
                gradient = gradient * (self.clip_norm / norm)
        if self.normalize and (gradient.any() or not self.normalize_guard):
            with np.errstate(invalid="ignore"):
                gradient = gradient / (math.hypot(*gradient) + self.normalize_slack)
        return gradient

    def rate(self, rate: float, update: int, decay: float) -> float:
        """The rate of an update, counted from 1, of a rule whose weights decay so."""
        rate *= min(1.0, update / self.warmup) if self.warmup else 1.0
        # (w - eta u) / (1 + eta d) is w - r d w - r u at the rate r = eta / (1 + eta d).
        return rate / (1.0 + rate * decay) if self.proximal_decay else rate

    def within(self, before: Array, after: Array, rate: float) -> Array:
        """Weights after a step, within the bounds."""
        step = after - before
        for bound in (self.clip_step, self.clip_update and self.clip_update * abs(rate)):
            if bound is not None:
                after = np.where(np.abs(step) > bound, before + np.copysign(bound, step), after)
        if self.weight_low is not None or self.weight_high is not None:
            after = np.clip(after, self.weight_low, self.weight_high)
        if self.weight_norm is not None and (norm := math.hypot(*after)) > self.weight_norm:
            after = after * (self.weight_norm / norm)
        return after

    @property
    def is_of_gradients(self) -> bool:
        """Whether every update has its gradient, and ends where the rule's step leads."""
        return self.accumulate == 1 and not self.moves

    @property
    def told(self) -> dict[str, Any]:
        """What differs from none, by name."""
        return {name: value for name, value in vars(self).items() if value != vars(NONE)[name]}


#: Those of them that are bounds of steps or weights.
BOUNDED = ("clip_step", "clip_update", "weight_low", "weight_high", "weight_norm")

NONE = Treatment()

#: Gradients divided by their norm, in the ways in which that is written.
NORMALIZED: tuple[dict[str, Any], ...] = (
    {"normalize": True},
    {"normalize": True, "normalize_guard": True},
    *({"normalize": True, "normalize_slack": slack} for slack in (1e-8, 1e-6, 1e-12)),
)

#: One thing done besides.
CHANGES: tuple[dict[str, Any], ...] = (
    {"maximize": True},
    *({"clip_norm": bound} for bound in BOUNDS),
    *({"clip_norm": bound, "clip_slack": 1e-6} for bound in BOUNDS),
    *({"clip_value": bound} for bound in BOUNDS),
    *NORMALIZED,
    *(
        {"lookahead": count, "lookahead_share": share}
        for count in (5, 6, 10)
        for share in (0.5, 0.8)
    ),
    {"cautious": True},
    {"cautious": True, "cautious_extra": 1},
)
NAMES = frozenset(vars(NONE))


def changed(treatment: Treatment, change: dict[str, Any]) -> Treatment:
    """The treatment with those of the changes that are its own."""
    own = {name: value for name, value in change.items() if name in NAMES}
    return replace(treatment, **own) if own else treatment


def collected(theirs: Array, start: Array) -> int:
    """After how many gradients the weights move: 1, or more if they stand still between."""
    before = np.vstack([start, theirs[:-1]])
    with np.errstate(all="ignore"):
        moves = (theirs != before).any(axis=1)
    first = int(moves.argmax()) + 1
    whole = np.arange(1, len(moves) + 1) % first == 0
    return first if moves.any() and (moves == whole).all() else 1


def averaged(theirs: Array, mine: Array, start: Array) -> dict[str, Any] | None:
    """The lookahead that shows where weights part for the first time: its period and its share.

    Up to there both are the rule's; there slow weights move the same share of the way to the rule's
    in every weight. They are the initial ones, or those of an update before: of the first, as
    torch_optimizer's, or of one period, as timm's. None where the rule's stand there as well.

    Examples
    --------
    >>> mine = np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 7.0]])
    >>> averaged(np.array([[1.0, 2.0], [2.0, 3.0], [0.75, 1.75]]), mine, np.zeros(2))
    {'lookahead': 3, 'lookahead_share': 0.25}
    >>> averaged(np.array([[1.0, 2.0], [2.0, 3.0], [1.5, 3.25]]), mine, np.zeros(2))
    {'lookahead': 2, 'lookahead_share': 0.25, 'lookahead_from': 1}
    """
    with np.errstate(all="ignore"):
        size = np.maximum(1.0, np.maximum(np.abs(theirs), np.abs(mine)))
        apart = np.flatnonzero((np.abs(theirs - mine) > 1e-12 * size).any(axis=1))
    if not len(apart) or apart[0] == 0:
        return None
    at = int(apart[0]) + 1
    for begin in dict.fromkeys((0, 1, at // 2 if at % 2 == 0 else 0)):
        slow = mine[begin - 1] if begin else start
        if (share := _share(slow, mine[at - 1], theirs[at - 1])) is not None:
            found: dict[str, Any] = {"lookahead": at - begin, "lookahead_share": share}
            return {**found, "lookahead_from": begin} if begin else found
    return None


def _share(slow: Array, fast: Array, there: Array) -> float | None:
    """The share of the way from slow weights to fast ones, the same in all; None if it isn't."""
    with np.errstate(all="ignore"):
        way, gone = fast - slow, there - slow
        far = np.abs(way) > 1e-3 * np.abs(way).max()
        if not far.any():
            return None
        shares = gone[far] / way[far]
    share = float(np.median(shares))
    if not (0 < share < 1 and np.ptp(shares) < 1e-9):
        return None
    return float(f"{share:.10g}")


class Treated:
    """A rule of simopt whose gradients and weights are treated: a player of gradients."""

    def __init__(
        self,
        optimizer: Optimizer,
        weights: Array,
        treatment: Treatment,
        matrix: tuple[int, int] = (0, 0),
    ) -> None:
        self.stepper: Stepper | Cautious = (
            Cautious(optimizer, weights.tolist(), treatment.cautious_extra)
            if treatment.cautious
            else Stepper(optimizer, weights.tolist(), matrix=matrix)
        )
        self.treatment = treatment
        self.decay = float(np.asarray(optimizer.settings.get("weight_decay", 0.0)))
        self.sum, self.losses = np.zeros(len(weights)), 0.0
        self.average = np.zeros(len(weights))
        self.slow = np.array(weights, dtype=np.float64)
        self.count = 0

    def copy(self) -> Treated:
        """Another, which goes on from here by itself."""
        twin = copy.copy(self)
        assert isinstance(self.stepper, Stepper)
        twin.stepper = stepper = copy.copy(self.stepper)
        stepper.weights, stepper.clock = list(stepper.weights), list(stepper.clock)
        stepper.state = [list(state) for state in stepper.state]
        return twin

    def __call__(self, gradient: Array, factor: float, loss: float) -> Array:
        """The weights after the next gradient."""
        how, stepper = self.treatment, self.stepper
        self.count += 1
        self.sum = gradient if how.accumulate == 1 else self.sum + gradient
        self.losses += loss
        if self.count % how.accumulate == 0:
            seen = how.of(self.sum if how.accumulate == 1 else self.sum / how.accumulate)
            rate = how.rate(stepper.eta * factor, self.count // how.accumulate, self.decay)
            before = np.array(stepper.weights) if how.bounds else None
            stepper.step(seen.tolist(), rate, self.losses / how.accumulate)
            if before is not None:
                after = how.within(before, np.array(stepper.weights), rate)
                stepper.weights = after.tolist()
            self.sum, self.losses = np.zeros(len(gradient)), 0.0
        if how.ema_overwrite:
            keep = how.ema_momentum if self.count > 1 else 0.0
            self.average = keep * self.average + (1 - keep) * np.array(stepper.weights)
            if self.count % how.ema_overwrite == 0:
                stepper.weights = self.average.tolist()
        since = self.count - how.lookahead_from
        if how.lookahead and since == 0:
            self.slow = np.array(stepper.weights)
        elif how.lookahead and since > 0 and since % how.lookahead == 0:
            self.slow = self.slow + how.lookahead_share * (np.array(stepper.weights) - self.slow)
            stepper.weights = self.slow.tolist()
        return np.array(stepper.weights)
