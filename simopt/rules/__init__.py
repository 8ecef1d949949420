"""The update rules, a small file each: formula, reference, defaults. A rule knows no loop."""

from simopt.rules.adagrad import AdaGrad
from simopt.rules.adam import Adam
from simopt.rules.adamw import AdamW
from simopt.rules.momentum import Momentum
from simopt.rules.nesterov import Nesterov
from simopt.rules.rmsprop import RMSprop
from simopt.rules.rule import Optimizer, Rule, complement, rule
from simopt.rules.sgd import SGD

#: The document's seven, by name, in its order.
OPTIMIZERS = {
    "SGD": SGD,
    "Momentum": Momentum,
    "Nesterov": Nesterov,
    "AdaGrad": AdaGrad,
    "RMSprop": RMSprop,
    "Adam": Adam,
    "AdamW": AdamW,
}

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSprop",
    "Rule",
    "complement",
    "rule",
]
