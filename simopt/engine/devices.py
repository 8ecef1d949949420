"""Where trajectories run: on the processor's cores, or on a graphics card."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from simopt.engine import blocks
from simopt.ground import checks
from simopt.problems import Problem

DEVICES = ("cpu", "cuda", "auto")

#: Trajectories of one call of a kernel where many are to run: on a processor what they return stays
#: in its cache; a card needs many at once, and time enough to hide its start.
TASK_TRAJECTORIES = {"cpu": 2**16, "cuda": 2**22}


class DeviceWarning(UserWarning):
    """``device="auto"`` found no usable card and took the processor."""


def check(device: Any, problem: Problem, record: str = "summary", diagnosis: bool = False) -> str:
    """The device to take: "cpu" or "cuda".

    Raises
    ------
    ValueError
        If it is none of `DEVICES`, or "cuda" where there is none, naming what is missing.
    """
    checks.choice("device", device, DEVICES)
    if device == "cpu":
        return "cpu"
    from simopt.engine import cuda

    missing = cuda.available() or cuda.unfit(problem, record, diagnosis)
    if missing is None:
        return "cuda"
    if device == "cuda":
        raise ValueError(f"device='cuda': {missing}; device='cpu' runs everywhere")
    warnings.warn(f"device='auto' takes the processor: {missing}", DeviceWarning, stacklevel=3)
    return "cpu"


def compute(device: str) -> Callable[..., Any]:
    """What runs a task on the device: ``f(task, data, problem, ...) -> Out``."""
    if device == "cpu":
        return blocks.compute
    from simopt.engine import cuda

    run: Callable[..., Any] = cuda.compute
    return run
