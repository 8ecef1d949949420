"""What reads a trajectory's curve where it is made, so that no curve is kept.

A reader lies in a room above this one, which knows its path alone: `simopt` names the readers when
it is imported.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.engine import layout


@dataclass(frozen=True)
class Reader:
    """A column that is read off curves.

    Attributes
    ----------
    column : str
        Its name.
    labels : tuple of str
        What the codes mean; a code counts from 0.
    read : callable
        ``read(curves [N, epochs + 1], counts [N], diverged [N])``, the losses by epoch from the
        start on, how many of them each trajectory has, and whether it diverged: codes [N], int8.
        A function of a module, so that it travels to other processes.
    """

    column: str
    labels: tuple[str, ...]
    read: Callable[..., NDArray[np.int8]]


#: Column to "module:name" of its `Reader`.
PATHS: dict[str, str] = {}


def reader(column: str) -> Reader:
    """The reader of a column, imported at first use."""
    module, name = PATHS[column].split(":")
    result = getattr(importlib.import_module(module), name)
    assert isinstance(result, Reader)
    return result


def codes_of(reader: Reader, problem: Any, task: Any, out: layout.Out) -> NDArray[np.int8]:
    """What a reader leaves of every lane's curve; ``out`` has the losses by epoch."""
    plan = task.group.plan
    counts = out.counts[:, : out.recorded_loss.shape[1]]
    ended = counts[layout.DIVERGED_AT]
    diverged = ended > 0
    if plan.stop_at_target:
        ended = np.where(diverged, ended, counts[layout.TARGET_AT])
    updates = np.where(ended > 0, ended, plan.updates)
    epochs = np.minimum(-(-updates // plan.batches), len(out.recorded_loss))
    curves = np.empty((len(epochs), len(out.recorded_loss) + 1))
    curves[:, 0] = problem.loss(problem.w0)
    curves[:, 1:] = out.recorded_loss.T
    return reader.read(curves, epochs + 1, diverged)
