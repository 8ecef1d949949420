"""Simulate first-order optimizers: one trajectory traced, or millions swept, and what they show.

Formulas and numbers follow one document, a walkthrough from SGD to Adam on four points, and go on
from there: any data, any scale. Start with `run`, `sweep` and `report`.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from simopt import problems
from simopt.engine import readers
from simopt.ground.version import __version__ as __version__
from simopt.rules import (
    ADOPT,
    ASGD,
    COCOB,
    FTRL,
    LAMB,
    LARS,
    MADGRAD,
    MARS,
    SGD,
    ACProp,
    AdaBelief,
    AdaBound,
    Adadelta,
    Adafactor,
    AdaGrad,
    AdaGradDA,
    AdagradRMSProp,
    AdaGradWindow,
    Adam,
    Adamax,
    AdamW,
    Adan,
    AdEMAMix,
    AMSGrad,
    CautiousAdamW,
    CautiousLion,
    DAdaptAdamW,
    DoG,
    DoWG,
    LaProp,
    Lion,
    Momentum,
    MoMo,
    MoMoAdam,
    Muon,
    NAdam,
    Nesterov,
    NovoGrad,
    OptimisticAdam,
    OptimisticGradient,
    Optimizer,
    PolyakSGD,
    Prodigy,
    QHAdam,
    RAdam,
    RMSprop,
    Rprop,
    Rule,
    ScheduleFreeAdamW,
    ScheduleFreeRAdam,
    ScheduleFreeSGD,
    SignSGD,
    SimplifiedAdEMAMix,
    Tiger,
    Yogi,
    averaged,
    complement,
    lookahead,
    rule,
)

if TYPE_CHECKING:
    from simopt import document, schedules
    from simopt.analysis import batch_size as scaling
    from simopt.analysis import comparison, measures, noise_scale, nqm, recommendation, stability
    from simopt.analysis.batch_size import batch_size
    from simopt.analysis.range_test import lr_range_test
    from simopt.analysis.recommendation import recommend
    from simopt.curves import callbacks, diagnosis, prescription
    from simopt.curves.diagnosis import diagnose
    from simopt.curves.logs import read_log
    from simopt.curves.prescription import prescribe
    from simopt.display import plot, walkthrough
    from simopt.report import report
    from simopt.sweeps.loading import load
    from simopt.sweeps.reduction.request import Reduce
    from simopt.sweeps.sweep import sweep
    from simopt.training import conformance, orders
    from simopt.training.run import Run, run

#: Functions and classes, loaded when first used, so that importing simopt stays quick.
_LAZY = {
    "Reduce": "simopt.sweeps.reduction.request",
    "Run": "simopt.training.run",
    "batch_size": "simopt.analysis.batch_size",
    "diagnose": "simopt.curves.diagnosis",
    "load": "simopt.sweeps.loading",
    "lr_range_test": "simopt.analysis.range_test",
    "prescribe": "simopt.curves.prescription",
    "read_log": "simopt.curves.logs",
    "recommend": "simopt.analysis.recommendation",
    "run": "simopt.training.run",
    "sweep": "simopt.sweeps.sweep",
}

#: Public modules, by the short path under which they are documented and can be imported.
_MODULES = {
    "callbacks": "simopt.curves.callbacks",
    "comparison": "simopt.analysis.comparison",
    "conformance": "simopt.training.conformance",
    "diagnosis": "simopt.curves.diagnosis",
    "document": "simopt.document",
    "measures": "simopt.analysis.measures",
    "noise_scale": "simopt.analysis.noise_scale",
    "nqm": "simopt.analysis.nqm",
    "orders": "simopt.training.orders",
    "plot": "simopt.display.plot",
    "prescription": "simopt.curves.prescription",
    "recommendation": "simopt.analysis.recommendation",
    "report": "simopt.report",  # the package can be called
    "scaling": "simopt.analysis.batch_size",
    "schedules": "simopt.schedules",
    "stability": "simopt.analysis.stability",
    "walkthrough": "simopt.display.walkthrough",
}

__all__ = [
    "ADOPT",
    "ASGD",
    "COCOB",
    "FTRL",
    "LAMB",
    "LARS",
    "MADGRAD",
    "MARS",
    "SGD",
    "ACProp",
    "AMSGrad",
    "AdEMAMix",
    "AdaBelief",
    "AdaBound",
    "AdaGrad",
    "AdaGradDA",
    "AdaGradWindow",
    "Adadelta",
    "Adafactor",
    "AdagradRMSProp",
    "Adam",
    "AdamW",
    "Adamax",
    "Adan",
    "CautiousAdamW",
    "CautiousLion",
    "DAdaptAdamW",
    "DoG",
    "DoWG",
    "LaProp",
    "Lion",
    "MoMo",
    "MoMoAdam",
    "Momentum",
    "Muon",
    "NAdam",
    "Nesterov",
    "NovoGrad",
    "OptimisticAdam",
    "OptimisticGradient",
    "Optimizer",
    "PolyakSGD",
    "Prodigy",
    "QHAdam",
    "RAdam",
    "RMSprop",
    "Reduce",
    "Rprop",
    "Rule",
    "Run",
    "ScheduleFreeAdamW",
    "ScheduleFreeRAdam",
    "ScheduleFreeSGD",
    "SignSGD",
    "SimplifiedAdEMAMix",
    "Tiger",
    "Yogi",
    "averaged",
    "batch_size",
    "callbacks",
    "comparison",
    "complement",
    "conformance",
    "diagnose",
    "diagnosis",
    "document",
    "load",
    "lookahead",
    "lr_range_test",
    "measures",
    "noise_scale",
    "nqm",
    "orders",
    "plot",
    "prescribe",
    "prescription",
    "problems",
    "read_log",
    "recommend",
    "recommendation",
    "report",
    "rule",
    "run",
    "scaling",
    "schedules",
    "stability",
    "sweep",
    "walkthrough",
]

# A sweep reads curves for a room above its own; here, above all rooms, they are brought together.
readers.PATHS["diagnosis"] = "simopt.curves.diagnosis.sweeps:READER"


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value = importlib.import_module(_MODULES[name])
    elif name in _LAZY:
        value = getattr(importlib.import_module(_LAZY[name]), name)
    else:
        raise AttributeError(f"module 'simopt' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


class _ShortPaths:
    """``import simopt.nqm`` and ``from simopt.nqm import ...``: the module under its short path.

    It has the methods of a finder and a loader, not their base classes: to import these takes a
    tenth of the package's own import.
    """

    def find_spec(
        self, fullname: str, path: Any = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        package, _, rest = fullname.partition(".")
        short, dot, inner = rest.partition(".")
        real = _MODULES.get(short) if package == "simopt" else None
        if real is None or real == f"simopt.{short}":
            return None
        return importlib.machinery.ModuleSpec(fullname, self, loader_state=real + dot + inner)  # type: ignore[arg-type]

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module = importlib.import_module(spec.loader_state)
        # The import system will set the short path's spec on it: its own comes back afterwards.
        spec.loader_state = module, module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        _, module.__spec__ = module.__spec__.loader_state


# First: once a real module is loaded, its own __path__ would find the files a second time.
sys.meta_path.insert(0, _ShortPaths())
