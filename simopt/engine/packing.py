"""A problem and a plan as the kernels' numbers, in their precision and padding."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from simopt.engine import layout, moments
from simopt.engine.layout import Data, How, Sparing
from simopt.engine.losses import passes_of
from simopt.problems import Problem, tall
from simopt.training.plan import Plan, check_swept

Array = NDArray[Any]

#: Residuals at the minimizer by problem and precision, as long as there is that problem.
_errors: WeakKeyDictionary[Problem, dict[Any, Array]] = WeakKeyDictionary()

SHUFFLE_CODE = {"never": 0, "once": 1, "epoch": 2, "given": 3, "replacement": 4}
RECORD_CODE = {"summary": 0, "epochs": 1, "steps": 2}


def pack(problem: Problem, dtype: type, limit: float | None, target: float | None) -> Data:
    """A problem in the kernel's precision and padding."""
    padding = passes_of(problem).padding
    dp = -(-problem.d // padding) * padding

    def padded(values: NDArray[np.float64]) -> Array:
        result: Array = np.zeros(dp, dtype)
        result[: problem.d] = values
        return result

    x: Array = tall.filled(problem.x, problem.columns or dp, dtype)
    held = len(problem.factor)
    factor: Array = np.zeros((dp, dp) if held else (0, 0), dtype)
    factor[:held, :held] = problem.factor
    noise = np.zeros(problem.d) if problem.noise is None else np.sqrt(problem.noise)
    minimizer = padded(np.zeros(problem.d) if problem.minimizer is None else problem.minimizer)
    y: Array = problem.y.astype(dtype)
    errors: Array = np.empty(0, dtype)
    if problem.squared and problem.linear:
        held_errors = _errors.setdefault(problem, {})
        if dtype not in held_errors:
            held_errors[dtype] = moments.residuals(x, y, minimizer).astype(dtype)
        errors = held_errors[dtype]
    unknown = np.full(problem.d, np.nan)
    bounds = (
        problem.minimum_loss,
        np.inf if limit is None else limit,
        -np.inf if target is None else target,
    )
    return Data(
        x=x,
        y=y,
        w0=padded(problem.w0),
        l2=padded(problem.l2),
        factor=factor,
        minimizer=minimizer,
        optimum=(unknown if problem.optimum is None else problem.optimum).astype(dtype),
        bounds=np.array(bounds).astype(dtype),
        errors=errors,
        moments=np.empty((0, dp, dp), dtype),
        slopes=np.empty((0, dp), dtype),
        noise=padded(noise),
        parameters=np.array(problem.parameters, dtype).reshape(-1, 1),
    )


def how_of(
    plan: Plan, d: int, dtype: Any, every: int, record: int, stops: bool, given: bool
) -> Any:
    """A plan as the kernel's numbers: a `How`, or a `Sparing` where weights are left out."""
    how = How(
        batch_size=plan.batch_size,
        points_used=plan.points_used,
        epochs=plan.epochs,
        last_used=plan.last_used,
        updates=plan.updates,
        every=plan.interval(every, d),
        shuffle=SHUFFLE_CODE["given" if given else plan.shuffle],
        record=record,
        stops=stops,
        rates=plan.rates().astype(dtype),
        clip=dtype(plan.clip[1]),
        slack=dtype(plan.clip[2]),
        box=np.array(plan.box or (-np.inf, np.inf)).astype(dtype),
        reaction=np.array(plan.reaction or ()).astype(dtype),
        spread=dtype(1 / np.sqrt(plan.batch_size)),
    )
    if not (plan.decays or plan.clips):
        return how
    every_weight = (1.0,) * max(len(plan.decays), len(plan.clips))
    masks = (np.array(mask or every_weight).astype(dtype) for mask in (plan.decays, plan.clips))
    return Sparing(*how, *masks)


def extras_of(plan: Plan) -> layout.Extras:
    """What the plan asks for that a kernel leaves out otherwise."""
    reacts = plan.reaction is not None
    check_swept(plan.schedule)
    return layout.Extras(
        scheduled=plan.schedule is not None and not reacts,
        clips=plan.clip[0],
        boxed=plan.box is not None,
        arrives=plan.stop_at_target,
        reacts=reacts,
        undecayed=bool(plan.decays),
        unclipped=bool(plan.clips),
        kept=plan.keep_state or plan.begun > 0,
    )
