"""Hyperparameters as other libraries name them, by simopt's names."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from simopt.rules import ALL
from simopt.rules.frameworks import FRAMEWORKS

#: Adan and AdEMAMix have three.
MOST_BETAS = 3


def named(framework: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """A framework's hyperparameters by simopt's names; without what no rule has, and what is off.

    Optimizers of third parties borrow other frameworks' names: those are understood too, unless
    simopt has the name itself.
    """
    known = {name for make in ALL.values() for name in inspect.signature(make).parameters}
    records = [*FRAMEWORKS.values(), FRAMEWORKS[framework]]
    names = {theirs: ours for record in records for theirs, ours in record.spellings()}
    chosen: dict[str, Any] = {}
    for name, value in settings.items():
        if name == "betas":
            betas = value if isinstance(value, (tuple, list)) else (value,)
            if len(betas) <= MOST_BETAS and all(map(is_number, betas)):
                ours_of = [f"beta{k}" for k, _ in enumerate(betas, 1)]
                chosen |= dict(zip(ours_of, map(float, betas), strict=True))
                chosen |= {"beta": float(betas[0])} if len(betas) == 1 else {}
            continue
        ours = name if name in known else names.get(name, name)
        if ours not in known or value is None:
            continue
        if isinstance(value, bool) or ours in ("centered", "nesterov"):
            if value:
                chosen[ours] = True
        elif is_number(value):
            chosen[ours] = float(value)
    return chosen


def is_number(value: Any) -> bool:
    """A number, or a tensor of one."""
    if isinstance(value, (int, float, np.number)):
        return True
    return getattr(value, "ndim", None) == 0 and callable(getattr(value, "item", None))
