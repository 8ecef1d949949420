"""What made a table: everything that its rows depend on, in words and numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.ground.snapshot import digest, is_copy
from simopt.ground.version import __version__
from simopt.schedules import Schedule
from simopt.sweeps.axes import plans
from simopt.sweeps.chunks import Job
from simopt.training.plan import BY_EPOCH, SPACED
from simopt.training.sparing import spared

#: Values of an axis that are listed; of a longer one there are number and ends.
LISTED = 20


def made_of(job: Job, exact: bool = False) -> dict[str, Any]:
    """What made a table, as its ``attrs`` have it.

    ``exact`` leaves nothing out that bears on the rows: a long axis has a digest of its values, a
    rule one of its code.
    """
    optimizers = []
    for each in job.axes:
        rule = each.optimizer.rule
        made: dict[str, Any] = {
            "name": each.optimizer.name,
            "convention": each.optimizer.convention,
        }
        made |= dict(each.optimizer.switches)
        made |= {
            name: _axis(values, exact)
            for name, values in zip(rule.hyperparameters, each.hyper, strict=True)
        }
        if exact or is_copy(rule.update):
            made["rule"] = digest(*rule.functions)
        left_out = spared(job.problem, each.optimizer, each.no_decay, each.no_clip)
        for name, mask in zip(("no_decay", "no_clip"), left_out, strict=True):
            if mask:
                made[name] = [k for k, counts in enumerate(mask) if not counts]
        if exact and (rule.initial or rule.average):
            made["starts"] = {**rule.initial, "average": rule.average}
        optimizers.append(made)
    common = job.axes[0].common
    spec = {
        "optimizers": optimizers,
        **{name: _axis(values, exact) for name, values in common.items()},
        **({} if job.order is None else {"shuffle": "given"}),
        **({} if job.axes[0].updates is None else {"epochs": None, "updates": job.axes[0].updates}),
        "stop_at_target": job.axes[0].stop_at_target,
        "drop_last": job.axes[0].drop_last,
        "box": job.axes[0].box,
        "target": job.target,
        "divergence": job.divergence,
        "evaluate": _evaluated(job, exact),
        "record": job.record,
        "dtype": job.dtype,
    }
    if job.reader is not None:
        spec[job.reader.column] = True
    if job.reduce is not None:
        spec["reduce"] = job.reduce.spec
    if job.axes[0].points_per_epoch is not None:
        spec["points_per_epoch"] = job.axes[0].points_per_epoch
    if job.axes[0].keep_state:
        spec["keep_state"] = True
    if exact and job.order is not None:
        spec["order"] = digest_of_order(job.order)
    result: dict[str, Any] = {
        "version": __version__,
        "spec": spec,
        "problem": f"{job.problem.name} {job.problem.digest}",
    }
    return result | {"device": job.device} if exact else result


def _evaluated(job: Job, exact: bool) -> Any:
    """Updates between looks at the loss; where these follow from it, by batch size."""
    if job.every == BY_EPOCH:
        return "epoch"
    if job.every != SPACED:
        return job.every
    if exact:
        # Not by batch size: a stored sweep may be given more of them.
        return None
    apart = {
        str(each.batch_size): each.interval(job.every, job.problem.d)
        for axes in job.axes
        for _, each in plans(axes, job.problem)
    }
    return apart if len({*apart.values()}) > 1 else next(iter(apart.values()))


def digest_of_order(order: NDArray[np.int64]) -> str:
    """Sixteen hexadecimal digits of a hash over given orders."""
    return hashlib.sha256(order.tobytes()).hexdigest()[:16]


def _axis(values: Sequence[Any], exact: bool) -> Any:
    """An axis as `attrs` has it: a value, a short list, or how many from where to where."""
    if len(values) <= LISTED:
        listed = [str(value) if isinstance(value, Schedule) else value for value in values]
        return listed if len(listed) > 1 else listed[0]
    if isinstance(values, range):
        return {"values": len(values), "from": values[0], "to": values[-1], "step": values.step}
    shown: dict[str, Any] = {"values": len(values)}
    with suppress(TypeError):  # schedules have no order, and None is no number
        shown |= {"from": min(values), "to": max(values)}
    if exact:
        shown["digest"] = hashlib.sha256(repr(list(map(str, values))).encode()).hexdigest()[:16]
    return shown
