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
    """A framework's hyperparameters by simopt's names; without what no rule has.

    Optimizers of third parties borrow other frameworks' names: those are understood too, unless
    simopt has the name itself.
    """
    every = [each for make in ALL.values() for each in inspect.signature(make).parameters.values()]
    known = {each.name for each in every}
    flags = {each.name for each in every if "bool" in str(each.annotation)}
    records = [*FRAMEWORKS.values(), FRAMEWORKS[framework]]
    names = {theirs: ours for record in records for theirs, ours in record.spellings()}
    chosen: dict[str, Any] = {}
    for name, value in settings.items():
        if name == "eps" and isinstance(value, (tuple, list)):
            # Adafactor's two; None is its precision's.
            pairs = zip(("epsilon", "epsilon2"), value, strict=False)
            chosen |= {ours: float(each) for ours, each in pairs if is_number(each)}
            continue
        if name == "betas":
            betas = value if isinstance(value, (tuple, list)) else (value,)
            if len(betas) <= MOST_BETAS and all(map(is_number, betas)):
                ours_of = [f"beta{k}" for k, _ in enumerate(betas, 1)]
                chosen |= dict(zip(ours_of, map(float, betas), strict=True))
                chosen |= {"beta": float(betas[0])} if len(betas) == 1 else {}
            continue
        # "use_bias_correction" is the switch that others call "bias_correction".
        ours = name if name in known else names.get(name, name.removeprefix("use_"))
        if ours not in known or value is None:
            continue
        if ours in flags:
            # Off is said as well: some are on by default, as Adafactor's relative_step.
            if is_number(value):
                chosen[ours] = bool(value)
        elif is_number(value) and not isinstance(value, bool):
            chosen[ours] = float(value)
    return chosen


def is_number(value: Any) -> bool:
    """A number, or a tensor of one."""
    if isinstance(value, (int, float, np.number)):
        return True
    return getattr(value, "ndim", None) == 0 and callable(getattr(value, "item", None))
