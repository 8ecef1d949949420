"""The learning-rate range test: loss against a rate that rises on the way, and what it suggests."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from simopt.ground import checks
from simopt.problems import Floats, Problem
from simopt.rules.rule import Optimizer
from simopt.schedules import factors
from simopt.training.run import run
from simopt.training.stepper import check_single

#: As fastai has it: of the losses a tenth at the beginning and five at the end tell nothing.
FIRST_SHARE, LAST_LEFT_OUT = 10, 5

SCALES = ("exponential", "linear")
READINGS = ("valley", "steepest", "minimum")


@dataclass(frozen=True, eq=False)
class RangeTest:
    """A range test's losses, and the rates that it suggests.

    Attributes
    ----------
    frame : DataFrame
        A row per update until the test stopped: ``step``, ``eta`` (the rate of the update),
        ``batch_loss`` or ``loss`` (before it) and ``smoothed`` (their corrected fading average).
    stopped : bool
        Whether the loss exploded before the largest rate.
    valley : float
        The rate in the middle of the longest fall: half its length from its beginning.
    steepest : float
        The rate at which the smoothed loss falls most per decade of the rate.
    minimum : float
        A tenth of the rate at which the smoothed loss is least.
    """

    frame: pd.DataFrame
    stopped: bool
    valley: float
    steepest: float
    minimum: float

    @property
    def suggestion(self) -> float:
        """The rate to begin with: what was right most often, as `lr_range_test` tells.

        That is ``minimum`` of the batches' losses, and ``steepest`` of the loss over all points.
        """
        return self.steepest if "loss" in self.frame else self.minimum

    def __repr__(self) -> str:
        rates = ", ".join(f"{name}={getattr(self, name):.2g}" for name in READINGS)
        return f"<range test of {len(self.frame)} updates: {rates}>"


def lr_range_test(
    problem: Problem,
    optimizer: Optimizer,
    *,
    low: float = 1e-7,
    high: float = 10.0,
    updates: int = 100,
    scale: str = "exponential",
    smoothing: float = 0.9,
    stop_factor: float | None = 4.0,
    monitor: str = "batch_loss",
    batch_size: int | str = 1,
    shuffle: str = "epoch",
    seed: int = 0,
) -> RangeTest:
    r"""Smith's range test: raise the rate from update to update, and watch the loss.

    .. math:: \eta_k = \eta_{low} \left( \frac{\eta_{high}}{\eta_{low}} \right)^{k / (T - 1)}
              \quad\text{or}\quad \eta_{low} + (\eta_{high} - \eta_{low}) \frac{k}{T - 1}

    Parameters
    ----------
    problem : Problem
        What to minimise, and from where.
    optimizer : Optimizer
        With a number for every hyperparameter; its own rate is not used.
    low, high : float
        The first and the last rate, 0 < low < high.
    updates : int, default 100
        T, >= 20.
    scale : {"exponential", "linear"}
        How the rate rises: fastai's way, or Smith's.
    smoothing : float, default 0.9
        Share of the average loss that an update keeps, in [0, 1); 0.98 in fastai.
    stop_factor : float or None, default 4
        The test stops when the smoothed loss is above this many times its least so far, >= 1, or
        not finite. None: at the last alone. The first tenth of the updates does not count: there
        the average is of few batches, and noise alone puts it that high.
    monitor : {"batch_loss", "loss"}
        The loss of the update's batch before it, which is what a training has at no cost; or the
        loss over all points, free of the batches' noise.
    batch_size, shuffle, seed
        As in `run`.

    Returns
    -------
    RangeTest
        The losses, and three readings of them.

    Raises
    ------
    ValueError
        If an argument is not allowed, the loss exploded before there was anything to read, or it
        is the same at every rate.

    Notes
    -----
    How far to trust it was measured against sweeps of 57 rates, the loss after ten epochs, a mean
    over eight orders. In 42 cases (least squares with and without noise, ill-conditioned and
    sparse, logistic regression, a network; SGD, Momentum and Adam; batches of 8) ``minimum`` was
    within a factor of 3 of the best rate 22 times, ``valley`` 19 and ``steepest`` 3 times: a place
    to begin a sweep, not an answer. The first losses are too few to be averaged, which misleads
    ``steepest``: with ``monitor="loss", smoothing=0.5`` it was 27 times. A test sees what a rate
    does within a few updates, a sweep what it comes to.

    References
    ----------
    L. N. Smith, Cyclical learning rates for training neural networks, WACV 2017, section 3.3;
    ``fastai.learner.Learner.lr_find`` with its suggestions ``valley``, ``steep``, ``minimum``.

    Examples
    --------
    >>> import simopt
    >>> test = simopt.lr_range_test(simopt.problems.diabetes(), simopt.SGD(), batch_size=32)
    >>> test.stopped, len(test.frame)
    (True, 87)
    """
    check_single(optimizer)
    low = checks.number("low", low, checks.POSITIVE)
    high = checks.number("high", high, checks.POSITIVE)
    if not low < high:
        raise checks.refuse("high", high, f"a rate above low={low!r}")
    count = checks.whole("updates", updates, 20, 10**7)
    checks.choice("scale", scale, SCALES)
    checks.choice("monitor", monitor, ("batch_loss", "loss"))
    keep = checks.number("smoothing", smoothing, checks.FRACTION)
    if stop_factor is not None:
        stop_factor = checks.number("stop_factor", stop_factor, checks.Interval(low=1.0))
    space = np.geomspace if scale == "exponential" else np.linspace
    rates = space(low, high, count)
    options: dict[str, Any] = {"batch_size": batch_size, "shuffle": shuffle, "seed": seed}
    steps = run(
        problem, optimizer.replace(eta=1.0), updates=count, schedule=factors(rates), **options
    ).steps
    losses = steps[monitor].to_numpy()
    if monitor == "loss":
        # That before the update, as a batch's: a rate shows in the loss behind it.
        losses = np.append(problem.loss(problem.w0), losses[:-1])
    smooth = smoothed(losses, keep)
    first = count // FIRST_SHARE
    end = _end(smooth, stop_factor, first)
    frame = pd.DataFrame(
        {"step": steps["step"], "eta": rates, monitor: losses, "smoothed": smooth}
    )[:end]
    read = slice(first, max(0, end - LAST_LEFT_OUT))
    eta, loss = rates[read], smooth[read]
    if len(eta) < 3:
        raise checks.refuse(
            "low", low, f"a smaller rate: the loss exploded at {rates[end - 1]:.3g}, update {end}"
        )
    if np.ptp(loss) == 0:
        allowed = f"one whose loss moves: it is {loss[0]:g} at every rate"
        raise checks.refuse("problem", problem, allowed)
    return RangeTest(
        frame=frame,
        stopped=end < count,
        valley=float(eta[longest_fall(loss)]),
        steepest=float(eta[int(np.argmin(np.diff(loss) / np.diff(np.log(eta))))]),
        minimum=float(eta[int(np.argmin(loss))]) / 10,
    )


def smoothed(losses: Floats, keep: float) -> Floats:
    """The corrected fading average of losses, that of the first being itself."""
    averages, average = np.empty(len(losses)), 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for k, loss in enumerate(losses):
            average = keep * average + (1 - keep) * loss
            averages[k] = average / (1 - keep ** (k + 1))
    return averages


def _end(losses: Floats, stop_factor: float | None, first: int) -> int:
    """How many losses there are until one is too large beside the least from ``first`` on."""
    least = math.inf
    for k, loss in enumerate(losses.tolist()):
        if not math.isfinite(loss):
            return k + 1
        if k >= first:
            least = min(least, loss)
            if stop_factor is not None and loss > stop_factor * least:
                return k + 1
    return len(losses)


def longest_fall(losses: Floats) -> int:
    """Where the middle of the longest falling subsequence is, as fastai reckons it.

    That is half its number of losses before its end, wherever they are: its beginning counts as so
    many places before the end as it has losses.

    Examples
    --------
    >>> longest_fall(np.array([5.0, 6.0, 4.0, 3.0, 2.0, 1.0, 0.5, 9.0]))
    3
    """
    length = np.ones(len(losses), np.int64)
    for i in range(1, len(losses)):
        falls = length[:i][losses[:i] > losses[i]]
        length[i] = 1 + falls.max(initial=0)
    last = int(length.argmax())
    third = int(length[last]) / 3
    return last - int(length[last]) + int(third) + int(third / 2)
