"""What can be done about a loss curve: each fix as a change of a training, or of its data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from simopt.curves.prescription import rates, searching
from simopt.curves.prescription.judging import STANDARDISE
from simopt.curves.prescription.training import Training
from simopt.curves.symptoms import RECORDS
from simopt.problems import Problem
from simopt.rules import SGD, Adam, AdamW, Momentum, RMSprop
from simopt.rules.rule import Optimizer
from simopt.schedules import cosine, linear_warmup

#: What is trained on, and how.
Trial = tuple[Problem, Training]

#: The share of the updates over which a warm-up rises, and from which share of eta.
WARM_SHARE, WARM_START = 0.1, 0.1

#: A point is an outlier if its gradient at the start is so many times the median point's.
OUTLYING = 100.0


def eta_times(factor: float) -> Callable[[Problem, Training], Trial | None]:
    """The rate multiplied."""

    def change(problem: Problem, training: Training) -> Trial | None:
        eta = float(training.optimizer.settings["eta"])  # type: ignore[arg-type]
        # Rounded so that 0.1 x 3 is 0.3.
        return problem, training.setting(eta=float(f"{eta * factor:.12g}"))

    return change


def beta_to(value: float) -> Callable[[Problem, Training], Trial | None]:
    """Less momentum, where there is more."""

    def change(problem: Problem, training: Training) -> Trial | None:
        for name in ("beta", "beta1"):
            if float(training.optimizer.settings.get(name, 0.0)) > value:  # type: ignore[arg-type]
                return problem, training.setting(**{name: value})
        return None

    return change


def other(make: Callable[..., Optimizer]) -> Callable[[Problem, Training], Trial | None]:
    """Another optimizer, at the rate that leads as far: see `simopt.prescription.rates`."""

    def change(problem: Problem, training: Training) -> Trial | None:
        if make().name == training.optimizer.name:
            return None
        return problem, training.with_(optimizer=rates.like(make(), training.optimizer, problem))

    return change


def warm_up(problem: Problem, training: Training) -> Trial | None:
    """The rate rises from a tenth over the first tenth of the updates."""
    if training.schedule is not None:
        return None
    total = max(1, round(WARM_SHARE * training.plan(problem).updates))
    return problem, training.with_(schedule=linear_warmup(WARM_START, total=total))


def decaying(problem: Problem, training: Training) -> Trial | None:
    """The rate falls to 0 along half a cosine."""
    if training.schedule is not None:
        return None
    return problem, training.with_(schedule=cosine())


def constant(problem: Problem, training: Training) -> Trial | None:
    """No schedule, where there is one."""
    return None if training.schedule is None else (problem, training.with_(schedule=None))


def clipped_to(norm: float) -> Callable[[Problem, Training], Trial | None]:
    """The gradient's norm clipped, as the document does it."""

    def change(problem: Problem, training: Training) -> Trial | None:
        if training.clip_norm is not None or training.clip_value is not None:
            return None
        return problem, training.with_(clip_norm=norm)

    return change


def clipped_to_start(problem: Problem, training: Training) -> Trial | None:
    """Clipped to the norm of the full gradient at the start."""
    norm = float(np.linalg.norm(problem.gradient(problem.w0)))
    if not 0 < norm < np.inf:
        return None
    return clipped_to(float(f"{norm:.4g}"))(problem, training)


def decayed(rate: float) -> Callable[[Problem, Training], Trial | None]:
    """L2 regularisation: lambda w is added to the gradient."""

    def change(problem: Problem, training: Training) -> Trial | None:
        if training.optimizer.name == "AdamW" or problem.formula is not None:
            return None
        given = float(training.optimizer.settings.get("weight_decay", 0.0))  # type: ignore[arg-type]
        return problem, training.setting(weight_decay=given + rate, decay="coupled")

    return change


def adamw(problem: Problem, training: Training) -> Trial | None:
    """AdamW with a decay of 0.01, as the document calls it; for Adam, at Adam's own rate."""
    if training.optimizer.name == "AdamW":
        return None
    made = rates.like(AdamW(weight_decay=0.01), training.optimizer, problem)
    if training.optimizer.name == "Adam":
        settings = training.optimizer.settings
        shared: dict[str, Any] = {k: v for k, v in settings.items() if k in SHARED}
        made = AdamW(weight_decay=0.01, **shared)
    return problem, training.with_(optimizer=made)


SHARED = ("eta", "beta1", "beta2", "epsilon")


def larger_batch(problem: Problem, training: Training) -> Trial | None:
    """Four times the points per update, and so a fourth of the updates."""
    if not problem.n:
        if training.epochs < 4:
            return None
        size = 4 * training.batch_size
        return problem, training.with_(batch_size=size, epochs=training.epochs // 4)
    size = min(4 * training.batch_size, problem.n)
    return None if size == training.batch_size else (problem, training.with_(batch_size=size))


def longer(problem: Problem, training: Training) -> Trial | None:
    """Twice the epochs."""
    return problem, training.with_(epochs=2 * training.epochs)


def early_stopping(problem: Problem, training: Training) -> Trial | None:
    """Stop a tenth of the epochs after the lowest validation loss, and keep its weights."""
    return problem, training.with_(patience=max(2, training.epochs // 10))


def without_outliers(problem: Problem, training: Training) -> Trial | None:
    """The same without the points whose gradient at the start is huge."""
    rows = outliers(problem)
    if not rows.any():
        return None
    kept = ~rows
    clean = replace(
        problem,
        name=f"{problem.name} without outliers",
        x=problem.x[kept].copy(),
        y=problem.y[kept].copy(),
    )
    return clean, training.with_(batch_size=min(training.batch_size, clean.n))


def outliers(problem: Problem) -> Any:
    """Which points' gradients at the start are huge: a mask [n].

    Examples
    --------
    >>> import simopt
    >>> from simopt.prescription.fixes import outliers
    >>> x, y = [1.0, 2.0, 1000.0], [5.0, 10.0, 5000.0]
    >>> outliers(simopt.problems.least_squares(x, y)).tolist()
    [False, False, True]
    """
    if not problem.n:
        return np.zeros(0, bool)
    with np.errstate(all="ignore"):
        sizes = np.linalg.norm(problem.point_gradients(problem.w0), axis=1)
    return sizes > OUTLYING * np.median(sizes)


def fine_tuned(problem: Problem, training: Training) -> Trial | None:
    """Momentum for the second half of the epochs."""
    if training.optimizer.name in ("SGD", "Momentum", "Nesterov") or training.epochs < 2:
        return None
    return problem, training.with_(then=rates.like(Momentum(), training.optimizer, problem))


#: Every fix by name, in the order in which tables list what comes out alike.
FIXES: dict[str, Callable[[Problem, Training], Trial | None]] = {
    "eta / 2": eta_times(1 / 2),
    "eta / 5": eta_times(1 / 5),
    "eta / 10": eta_times(1 / 10),
    "eta / 100": eta_times(1 / 100),
    "eta x 2": eta_times(2),
    "eta x 5": eta_times(5),
    "eta x 10": eta_times(10),
    "eta x 100": eta_times(100),
    "beta 0.8": beta_to(0.8),
    "SGD": other(SGD),
    "Momentum": other(Momentum),
    "RMSprop": other(RMSprop),
    "Adam": other(Adam),
    "AdamW": adamw,
    "fine-tune with Momentum": fine_tuned,
    "warm-up": warm_up,
    "decaying rate": decaying,
    "no schedule": constant,
    "clip at 1": clipped_to(1.0),
    "clip at the start's norm": clipped_to_start,
    "weight decay 0.01": decayed(0.01),
    "weight decay 0.1": decayed(0.1),
    "weight decay 1": decayed(1.0),
    "batch x 4": larger_batch,
    "without outliers": without_outliers,
    "early stopping": early_stopping,
    "keep training": longer,
    "best eta": searching.best_rate,
    STANDARDISE: searching.standardised,
}

#: What is tried whatever the curve shows: it does not show how far off the rate is.
ALWAYS = ("best eta", STANDARDISE)

#: What is tried by default, by symptom: what the document says to do, and what is near to it (no
#: schedule on a plateau, clipping at the start's norm); of symptoms that the document lacks, what
#: their records say.
REMEDIES: dict[str, tuple[str, ...]] = {
    record.name: record.fixes for record in RECORDS if record.fixes
}
