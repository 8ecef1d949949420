"""Learning-rate schedules: how the rate changes from update to update, or from epoch to epoch.

A schedule is a value: it has no state, knows no optimizer, and is the same for every base rate eta.

=====================  ==============================================  ===========================
schedule               when it is used                                 PyTorch's
=====================  ==============================================  ===========================
`constant`             a plain rate; a smaller one for a while         ConstantLR
`linear_warmup`        small first steps: large batches, large models  LinearLR
`sequential`           a warm-up, then what follows it                 SequentialLR
`chained`              several at once: drops on top of a warm-up      ChainedScheduler
`step`                 drops, every so often: for long the usual       StepLR
`multi_step`           drops, where the loss is known to level off     MultiStepLR
`exponential`          an even decay; growing, a range test            ExponentialLR
`linear`               down to 0 by the end: fine-tuning               PolynomialLR
`polynomial`           the same, bent: segmentation, power 0.9         PolynomialLR
`inverse_sqrt`         no end in sight: regret bounds, transformers    LambdaLR
`inverse_scaling`      what SGD converges by; scikit-learn's default   LambdaLR
`inverse_time`         the same with a scale of time; Keras' usual     LambdaLR
`noam`                 transformers, by the width of the model         LambdaLR
`optimal`              scikit-learn's, whatever eta is                 LambdaLR
`cosine`               down to 0 by the end, gently: today's usual     CosineAnnealingLR
`cosine_restarts`      the same again and again, a result each time    CosineAnnealingWarmRestarts
`one_cycle`            up to a very large rate and down: short runs    OneCycleLR
`cyclic`               up and down, over and over                      CyclicLR
`slanted_triangular`   up and down once: fine-tuning                   LambdaLR
`warmup_stable_decay`  a length that is not settled yet (WSD)          LambdaLR
`plateau`              drops where the loss no longer falls            ReduceLROnPlateau
`adaptive`             the same, as scikit-learn has it                ReduceLROnPlateau
`factors`              anything else, written down                     LambdaLR
=====================  ==============================================  ===========================

One vocabulary throughout. Lengths (``total``, ``every``, ``first``, ``warmup``, ``milestones``)
are counts of updates, or with ``per="epoch"`` of epochs; where ``total`` is None it is the length
of the whole run, so that one schedule serves runs of different lengths. A ``..._factor`` is a
multiple of eta, ``floor`` a rate, ``gamma`` what a drop multiplies by. Counting starts at 0: update
1 is made at the rate of k = 0. `plateau` and `adaptive` have no table: they look at the loss after
every epoch. Where frameworks differ, PyTorch's form is the default.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from simopt.ground import checks
from simopt.schedules.basic import constant, factors, linear_warmup
from simopt.schedules.cosines import cosine, cosine_restarts, one_cycle
from simopt.schedules.decays import linear, polynomial
from simopt.schedules.drops import exponential, multi_step, step
from simopt.schedules.inverse import inverse_scaling, inverse_sqrt, inverse_time, noam, optimal
from simopt.schedules.joined import chained, sequential, warmup_stable_decay
from simopt.schedules.reactive import adaptive, plateau
from simopt.schedules.schedule import Schedule
from simopt.schedules.triangles import cyclic, slanted_triangular

#: All, by name.
SCHEDULES: dict[str, Callable[..., Schedule]] = {
    function.__name__: function
    for function in (
        constant,
        linear_warmup,
        sequential,
        chained,
        step,
        multi_step,
        exponential,
        linear,
        polynomial,
        inverse_sqrt,
        inverse_scaling,
        inverse_time,
        noam,
        optimal,
        cosine,
        cosine_restarts,
        one_cycle,
        cyclic,
        slanted_triangular,
        warmup_stable_decay,
        plateau,
        adaptive,
        factors,
    )
}

__all__ = [
    "SCHEDULES",
    "Schedule",
    "adaptive",
    "chained",
    "check",
    "constant",
    "cosine",
    "cosine_restarts",
    "cyclic",
    "exponential",
    "factors",
    "inverse_scaling",
    "inverse_sqrt",
    "inverse_time",
    "linear",
    "linear_warmup",
    "multi_step",
    "noam",
    "one_cycle",
    "optimal",
    "plateau",
    "polynomial",
    "sequential",
    "slanted_triangular",
    "step",
    "warmup_stable_decay",
]


def check(schedule: Any) -> Schedule | None:
    """Check the argument ``schedule`` of a run or sweep.

    Parameters
    ----------
    schedule : Schedule, str or None
        A schedule, or the name of one whose parameters all have defaults.

    Returns
    -------
    Schedule or None

    Raises
    ------
    ValueError
        If it is anything else.

    Examples
    --------
    >>> from simopt import schedules
    >>> schedules.check("cosine")
    cosine()
    """
    if schedule is None or isinstance(schedule, Schedule):
        return schedule
    if isinstance(schedule, str) and schedule in SCHEDULES and not required(SCHEDULES[schedule]):
        return SCHEDULES[schedule]()
    alone = ", ".join(repr(name) for name, make in SCHEDULES.items() if not required(make))
    raise checks.refuse("schedule", schedule, f"a Schedule, None, or one of {alone}")


def required(function: Callable[..., Schedule]) -> tuple[str, ...]:
    """The parameters of a function that have no default."""
    parameters = inspect.signature(function).parameters.values()
    return tuple(each.name for each in parameters if each.default is inspect.Parameter.empty)
