"""The plan of a trajectory: batches, epochs, rates, and when the full loss is evaluated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from simopt.ground import checks
from simopt.problems import Problem
from simopt.rules.frameworks import FRAMEWORKS
from simopt.schedules.reactive import Reaction, Reactive
from simopt.training import shuffling
from simopt.training.sparing import NOTHING_SPARED, Spared

if TYPE_CHECKING:
    from simopt.schedules import Schedule

#: How a gradient is clipped: by its "norm", by every component's "value", or not at all; the
#: bound, and what is added to the norm.
Clip = tuple[str, float, float]
NO_CLIP: Clip = ("", 1.0, 0.0)


#: Looks at the loss in place of a number of updates: at the end of each epoch; or so far apart that
#: they take no more products than the updates between them.
BY_EPOCH, SPACED = 0, -1

#: Weights up to which every update may be looked at: a look costs little more than an update there.
LOOKED_AT = 16


@dataclass(frozen=True)
class Plan:
    """All settings of a trajectory except problem, optimizer and seed."""

    batch_size: int
    shuffle: str
    epochs: int
    n: int
    drop_last: bool
    schedule: Schedule | None = None
    clip: Clip = NO_CLIP
    box: tuple[float, float] | None = None
    most: int | None = None
    stop_at_target: bool = False
    #: Points of an epoch, where these are not all n.
    points: int | None = None
    #: For every weight whether the rule's decay, and clipping, are about it, 1 or 0; empty: all.
    decays: tuple[float, ...] = ()
    clips: tuple[float, ...] = ()
    #: Updates that an earlier run has made, and whether the state at the end is kept.
    begun: int = 0
    keep_state: bool = False

    @property
    def points_used(self) -> int:
        """Points used per epoch: all, or those of complete batches; 1 if there are no points."""
        if not self.n:
            return 1
        points = self.n if self.points is None else self.points
        return points - points % self.batch_size if self.drop_last else points

    @property
    def batches(self) -> int:
        """Updates per epoch."""
        return -(-self.points_used // self.batch_size)

    def lasting(self, epochs: int, updates: int | None) -> Plan:
        """The same for so many epochs, or updates in place of them."""
        if updates is None:
            return replace(self, epochs=epochs, most=None)
        return replace(self, epochs=-(-updates // self.batches), most=updates)

    @property
    def updates(self) -> int:
        """The total number of updates; the last epoch may be incomplete."""
        whole = self.batches * self.epochs
        return whole if self.most is None else min(whole, self.most)

    @property
    def last_used(self) -> int:
        """Points used in the last epoch."""
        batches = self.updates - (self.epochs - 1) * self.batches
        return self.points_used if batches == self.batches else batches * self.batch_size

    def interval(self, every: int, d: int) -> int:
        """Updates between two looks at the loss of d weights, `BY_EPOCH` and `SPACED` too.

        Spaced, a look comes every ``d / (4 batch_size)`` updates, rounded up: it takes d^2 / 2
        products, an update 2 d for every point.
        """
        if every == SPACED:
            return -(-d // (4 * self.batch_size))
        return self.batches if every == BY_EPOCH else every

    @property
    def reaction(self) -> Reaction | None:
        """What the rate does after each epoch; None where it does not react to the loss."""
        return self.schedule.reaction if isinstance(self.schedule, Reactive) else None

    @property
    def monitor(self) -> str | None:
        """The loss to which the rate reacts."""
        return self.schedule.monitor if isinstance(self.schedule, Reactive) else None

    def rates(self) -> NDArray[np.float64]:
        """The factor and shift [2, updates] that turn eta into the rate of each update."""
        if self.schedule is None or self.reaction is not None:
            return np.empty((2, 0))
        return _table(self.schedule, self.updates, self.batches)


@lru_cache(maxsize=16)
def _table(schedule: Schedule, updates: int, batches: int) -> NDArray[np.float64]:
    return schedule.table(updates, batches)


def check_batch_size(value: Any, n: int, name: str = "batch_size") -> int:
    """Check a batch size: an int from 1 to n, or "full"; any int >= 1 if n = 0."""
    if n == 0:
        return checks.whole(name, value, 1, 2**53)
    if isinstance(value, str) and value == "full":
        return n
    try:
        return checks.whole(name, value, 1, n)
    except ValueError:
        raise checks.refuse(
            name, value, f"a whole number from 1 to n = {n} (the points), or 'full'"
        ) from None


def check_clip(name: str, value: Any) -> float | None:
    """Check a bound on the gradient; None is no bound."""
    return None if value is None else checks.number(name, value, checks.POSITIVE)


def clip_of(norm: float | None, value: float | None, convention: str) -> Clip:
    """The clipping in the form of the convention."""
    if norm is not None and value is not None:
        raise checks.refuse(
            "clip_value", value, f"None where clip_norm={norm!r}: a gradient is clipped once"
        )
    if norm is not None:
        framework = FRAMEWORKS.get(convention)
        return "norm", norm, framework.clip_slack if framework else 0.0
    return NO_CLIP if value is None else ("value", value, 0.0)


def check_swept(schedule: Schedule | None) -> Schedule | None:
    """Check that a schedule reacts to no loss but that over all points."""
    if isinstance(schedule, Reactive) and schedule.monitor != "loss":
        raise checks.refuse(
            "schedule",
            schedule,
            "one with monitor='loss' in a sweep: simopt.run alone meets the loss of every batch",
        )
    return schedule


def check_box(value: Any) -> tuple[float, float] | None:
    """Check the lower and upper bound of the weights; None is no bound."""
    if value is None:
        return None
    allowed = "None or two numbers, the lower first, such as (-1, 1)"
    if not checks.is_sequence(value) or not hasattr(value, "__len__") or len(value) != 2:
        raise checks.refuse("box", value, allowed)
    low, high = (checks.number("box", each) for each in value)
    if not low < high:
        raise checks.refuse("box", value, allowed)
    return low, high


def make(
    problem: Problem,
    batch_size: Any,
    shuffle: Any,
    epochs: Any,
    drop_last: Any,
    schedule: Schedule | None = None,
    clip: Clip = NO_CLIP,
    box: tuple[float, float] | None = None,
    updates: int | None = None,
    stop_at_target: bool = False,
    keep_state: bool = False,
    spared: Spared = NOTHING_SPARED,
    points_per_epoch: Any = None,
    row: int | None = None,
) -> Plan:
    """A plan of checked values; ``updates`` overrides ``epochs``.

    ``row`` is how many points each of the orders has, where these are given.
    """
    if not problem.n and shuffle != "never":
        raise checks.refuse("shuffle", shuffle, f"'never': {problem.name} has no points")
    if not isinstance(drop_last, bool):
        raise checks.refuse("drop_last", drop_last, "True or False")
    made = Plan(
        batch_size=check_batch_size(batch_size, problem.n),
        shuffle=shuffling.check_shuffle(shuffle),
        epochs=checks.whole("epochs", epochs, 1),
        n=problem.n,
        drop_last=drop_last,
        schedule=schedule,
        clip=clip,
        box=box,
        stop_at_target=stop_at_target,
        keep_state=keep_state,
        points=_check_points(points_per_epoch, problem, batch_size, drop_last, row),
        decays=spared.decays,
        clips=spared.clips if clip[0] else (),
    )
    return made.lasting(made.epochs, updates)


def _check_points(
    value: Any, problem: Problem, batch_size: Any, drop_last: bool, row: int | None
) -> int | None:
    """Check the number of points of an epoch; None is all of them."""
    row = problem.n if row is None else row
    if value is None and row == problem.n:
        return None
    if not problem.n:
        raise checks.refuse("points_per_epoch", value, f"None: {problem.name} has no points")
    points = row if value is None else checks.whole("points_per_epoch", value, 1, row)
    if drop_last and points < check_batch_size(batch_size, problem.n):
        name, given = ("order", f"rows of {row}") if value is None else ("points_per_epoch", value)
        allowed = f"at least a batch, of {batch_size}, with drop_last=True"
        raise checks.refuse(name, given, allowed)
    return points


def check_updates(updates: Any, epochs: Any) -> int | None:
    """Check the number of updates; None means that ``epochs`` decides."""
    if updates is None:
        return None
    if epochs != 1:
        raise checks.refuse("updates", updates, f"None where epochs={epochs!r} is given")
    return checks.whole("updates", updates, 1)


def check_stop(stop_at_target: Any, target: Any) -> bool:
    """Check ``stop_at_target``, which requires a target."""
    if not isinstance(stop_at_target, bool):
        raise checks.refuse("stop_at_target", stop_at_target, "True or False")
    if stop_at_target and target is None:
        raise checks.refuse("stop_at_target", True, "False where target=None")
    return stop_at_target


def check_evaluate(evaluate: Any, problem: Problem) -> int:
    """Check the updates between two looks at the loss: a number, `BY_EPOCH` or `SPACED`."""
    if evaluate is None:
        if not problem.cheap:
            return BY_EPOCH
        return SPACED if problem.n and problem.d > LOOKED_AT else 1
    if isinstance(evaluate, str) and evaluate == "epoch":
        return BY_EPOCH
    return checks.whole("evaluate", evaluate, 1)


def loss_limit(problem: Problem, divergence: Any) -> float | None:
    """The loss above which a trajectory counts as diverged; None if there is no limit."""
    if divergence is None:
        return None
    factor = checks.number("divergence", divergence, checks.Interval(low=1.0))
    first = first_loss(problem)
    return factor * first if first > 0 else factor


def first_loss(problem: Problem) -> float:
    """The loss of a problem at its start: of many points a pass over all of them, made once."""
    known = _first_losses.get(problem)
    if known is None:
        with np.errstate(over="ignore", invalid="ignore"):  # from a start that far out
            known = problem.loss(problem.w0)
        # What a user's functions say may change.
        if problem.formula is None:
            _first_losses[problem] = known
    return known


#: By problem, as long as there is that problem.
_first_losses: WeakKeyDictionary[Problem, float] = WeakKeyDictionary()


def check_begun(longer: Plan, begun: Plan) -> Plan:
    """A plan that goes on where another ended.

    Raises
    ------
    ValueError
        If it has no more updates than the other, or its rates differ in those already made.
    """
    if longer.updates <= begun.updates:
        raise checks.refuse(
            "epochs" if longer.most is None else "updates",
            longer.epochs if longer.most is None else longer.updates,
            f"more: these are {longer.updates} updates from the start on, and resume has made "
            f"{begun.updates}",
        )
    done = begun.rates()
    if longer.reaction != begun.reaction or longer.monitor != begun.monitor:
        raise checks.refuse("schedule", longer.schedule, f"{begun.schedule}, as resume had it")
    if not np.array_equal(longer.rates()[:, : done.shape[1]], done):
        raise checks.refuse(
            "schedule",
            longer.schedule,
            f"one with the same rates for the first {begun.updates} updates, such as one whose "
            "length is set (total=), not that of the run",
        )
    return replace(longer, begun=begun.updates)
