"""The update rules, a small file each: formula, reference, defaults. A rule knows no loop."""

from __future__ import annotations

from collections.abc import Callable

from simopt.rules.acprop import ACProp
from simopt.rules.adabelief import AdaBelief
from simopt.rules.adabound import AdaBound
from simopt.rules.adadelta import Adadelta
from simopt.rules.adafactor import Adafactor
from simopt.rules.adagrad import AdaGrad
from simopt.rules.adagrad_da import AdaGradDA
from simopt.rules.adagrad_window import AdaGradWindow
from simopt.rules.adagradrmsprop import AdagradRMSProp
from simopt.rules.adam import Adam
from simopt.rules.adamax import Adamax
from simopt.rules.adamw import AdamW
from simopt.rules.adan import Adan
from simopt.rules.ademamix import AdEMAMix
from simopt.rules.adopt import ADOPT
from simopt.rules.amsgrad import AMSGrad
from simopt.rules.asgd import ASGD
from simopt.rules.averaging import averaged
from simopt.rules.cautious import CautiousAdamW, CautiousLion
from simopt.rules.cocob import COCOB
from simopt.rules.dadapt import DAdaptAdamW
from simopt.rules.dog import DoG
from simopt.rules.dowg import DoWG
from simopt.rules.ftrl import FTRL
from simopt.rules.lamb import LAMB
from simopt.rules.laprop import LaProp
from simopt.rules.lars import LARS
from simopt.rules.lion import Lion
from simopt.rules.lookahead import lookahead
from simopt.rules.madgrad import MADGRAD
from simopt.rules.making import rule
from simopt.rules.mars import MARS
from simopt.rules.momentum import Momentum
from simopt.rules.momo import MoMo
from simopt.rules.momo_adam import MoMoAdam
from simopt.rules.muon import Muon
from simopt.rules.nadam import NAdam
from simopt.rules.nesterov import Nesterov
from simopt.rules.novograd import NovoGrad
from simopt.rules.optimistic import OptimisticGradient
from simopt.rules.optimistic_adam import OptimisticAdam
from simopt.rules.polyak import PolyakSGD
from simopt.rules.prodigy import Prodigy
from simopt.rules.qhadam import QHAdam
from simopt.rules.radam import RAdam
from simopt.rules.rmsprop import RMSprop
from simopt.rules.rprop import Rprop
from simopt.rules.rule import Optimizer, Rule, complement
from simopt.rules.schedule_free_adamw import ScheduleFreeAdamW
from simopt.rules.schedule_free_radam import ScheduleFreeRAdam
from simopt.rules.schedule_free_sgd import ScheduleFreeSGD
from simopt.rules.sgd import SGD
from simopt.rules.signsgd import SignSGD
from simopt.rules.simplified_ademamix import SimplifiedAdEMAMix
from simopt.rules.tiger import Tiger
from simopt.rules.yogi import Yogi

#: The document's seven, by name, in its order.
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "SGD": SGD,
    "Momentum": Momentum,
    "Nesterov": Nesterov,
    "AdaGrad": AdaGrad,
    "RMSprop": RMSprop,
    "Adam": Adam,
    "AdamW": AdamW,
}

#: What came after them, and beside them.
FURTHER: dict[str, Callable[..., Optimizer]] = {
    "AMSGrad": AMSGrad,
    "NAdam": NAdam,
    "RAdam": RAdam,
    "Adamax": Adamax,
    "Adadelta": Adadelta,
    "Lion": Lion,
    "SignSGD": SignSGD,
    "AdaBelief": AdaBelief,
    "Yogi": Yogi,
    "Adan": Adan,
    "ADOPT": ADOPT,
    "AdEMAMix": AdEMAMix,
    "QHAdam": QHAdam,
    "Rprop": Rprop,
    "Tiger": Tiger,
    "LARS": LARS,
    "LAMB": LAMB,
    "ScheduleFreeSGD": ScheduleFreeSGD,
    "ScheduleFreeAdamW": ScheduleFreeAdamW,
    "ASGD": ASGD,
    "FTRL": FTRL,
    "OptimisticGradient": OptimisticGradient,
    "AdaBound": AdaBound,
    "LaProp": LaProp,
    "ACProp": ACProp,
    "NovoGrad": NovoGrad,
    "DoG": DoG,
    "DoWG": DoWG,
    "Prodigy": Prodigy,
    "CautiousAdamW": CautiousAdamW,
    "CautiousLion": CautiousLion,
    "Adafactor": Adafactor,
    "DAdaptAdamW": DAdaptAdamW,
    "PolyakSGD": PolyakSGD,
    "Muon": Muon,
    "MADGRAD": MADGRAD,
    "AdagradRMSProp": AdagradRMSProp,
    "AdaGradWindow": AdaGradWindow,
    "OptimisticAdam": OptimisticAdam,
    "SimplifiedAdEMAMix": SimplifiedAdEMAMix,
    "COCOB": COCOB,
    "MoMo": MoMo,
    "MoMoAdam": MoMoAdam,
    "ScheduleFreeRAdam": ScheduleFreeRAdam,
    "MARS": MARS,
    "AdaGradDA": AdaGradDA,
}

#: Every rule there is.
ALL = {**OPTIMIZERS, **FURTHER}

__all__ = [
    "ADOPT",
    "ALL",
    "ASGD",
    "COCOB",
    "FTRL",
    "FURTHER",
    "LAMB",
    "LARS",
    "MADGRAD",
    "MARS",
    "OPTIMIZERS",
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
    "Rprop",
    "Rule",
    "ScheduleFreeAdamW",
    "ScheduleFreeRAdam",
    "ScheduleFreeSGD",
    "SignSGD",
    "SimplifiedAdEMAMix",
    "Tiger",
    "Yogi",
    "averaged",
    "complement",
    "lookahead",
    "rule",
]
