"""Simulate first-order optimizers: one trajectory traced, or millions swept, and what they show.

Formulas and numbers follow one document, a walkthrough from SGD to Adam on four points, and go on
from there: any data, any scale. Start with `run`, `sweep` and `report`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from simopt import problems
from simopt.rules import (
    SGD,
    Adadelta,
    AdaGrad,
    Adam,
    Adamax,
    AdamW,
    AMSGrad,
    Lion,
    Momentum,
    NAdam,
    Nesterov,
    Optimizer,
    RAdam,
    RMSprop,
    Rule,
    SignSGD,
    averaged,
    complement,
    rule,
)

if TYPE_CHECKING:
    from simopt import (
        conformance,
        document,
        noise_scale,
        nqm,
        orders,
        prescription,
        schedules,
        stability,
    )
    from simopt.diagnosis import diagnose
    from simopt.prescription import prescribe
    from simopt.reduction.asked import Reduce
    from simopt.reporting import report
    from simopt.scaling import batch_size
    from simopt.store import load
    from simopt.sweeping import sweep
    from simopt.trajectory import Run, run

__version__ = "0.1.0"

#: Loaded when first used, so that importing simopt stays quick: name to module.
_LATER = {
    "run": "simopt.trajectory",
    "Run": "simopt.trajectory",
    "sweep": "simopt.sweeping",
    "load": "simopt.store",
    "Reduce": "simopt.reduction.asked",
    "report": "simopt.reporting",
    "batch_size": "simopt.scaling",
    "conformance": "simopt.conformance",
    "diagnose": "simopt.diagnosis",
    "document": "simopt.document",
    "noise_scale": "simopt.noise_scale",
    "nqm": "simopt.nqm",
    "orders": "simopt.orders",
    "prescribe": "simopt.prescription",
    "prescription": "simopt.prescription",
    "schedules": "simopt.schedules",
    "stability": "simopt.stability",
}

__all__ = [
    "SGD",
    "AMSGrad",
    "AdaGrad",
    "Adadelta",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "Momentum",
    "NAdam",
    "Nesterov",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Reduce",
    "Rule",
    "Run",
    "SignSGD",
    "averaged",
    "batch_size",
    "complement",
    "conformance",
    "diagnose",
    "document",
    "load",
    "noise_scale",
    "nqm",
    "orders",
    "prescribe",
    "prescription",
    "problems",
    "report",
    "rule",
    "run",
    "schedules",
    "stability",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'simopt' has no attribute {name!r}")
    module = importlib.import_module(_LATER[name])
    value = module if _LATER[name] == f"simopt.{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_LATER])
