"""The symptom of every trajectory of a sweep, read where it was run, so that no curve is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.curves.diagnosis.batch import codes_of
from simopt.curves.symptoms import SYMPTOMS
from simopt.engine import blocks, layout
from simopt.sweeps.chunks import Job
from simopt.sweeps.readers import Reader


def diagnosing(job: Job, compute: Callable[..., layout.Out]) -> Callable[..., layout.Out]:
    """``compute``, which then returns the number of each lane's symptom in place of its records."""
    start = job.problem.loss(job.problem.w0)

    def run(
        task: blocks.Task, data: Any, problem: Any, every: int, record: int, stops: bool,
        given: Any, pulse: Any, before: Any = None,
    ) -> layout.Out:  # fmt: skip
        # Results that nobody needs any more have no room for records.
        out = compute(task, data, problem, every, record, stops, given, pulse)
        return out._replace(recorded_loss=_codes(task, out, start)[None])

    return run


def _codes(task: blocks.Task, out: layout.Out, start: float) -> NDArray[np.int8]:
    """The symptoms of curves that begin with the loss at the start."""
    how = task.group.plan
    ended = out.counts[layout.DIVERGED_AT]
    diverged = ended > 0
    if how.stop_at_target:
        ended = np.where(diverged, ended, out.counts[layout.TARGET_AT])
    updates = np.where(ended > 0, ended, how.updates)
    epochs = np.minimum(-(-updates // how.batches), len(out.recorded_loss))
    curves = np.empty((len(epochs), len(out.recorded_loss) + 1))
    curves[:, 0] = start
    curves[:, 1:] = out.recorded_loss.T
    codes = codes_of(curves, epochs + 1)
    # A few epochs have no shape, but where the loss is a million times the start's, none is needed.
    short = diverged & (codes == SYMPTOMS.index("can't tell"))
    return np.where(short, SYMPTOMS.index("decreases then explodes"), codes).astype(np.int8)


READER = Reader(tuple(SYMPTOMS), diagnosing)
