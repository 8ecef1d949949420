"""PyMC's updates for ``pm.fit``: rates of 1 for AdaGrad, RMSprop and Adadelta.

Its default is `adagrad_window`, which remembers ten gradients of each weight.
"""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise


def _window(measure: Measures, window: Any, adagrad: Any) -> str:
    paths = [measure.moves(each, 1.0, 1000)[-1] for each in (window, adagrad)]
    return (
        "pm.fit steps with adagrad_window unless it is told otherwise, which sums the squares of "
        f"ten gradients, not of all: the thousandth step of a gradient of 1 is "
        f"{number(paths[0], 2)} η long, AdaGrad's {number(paths[1], 2)} η. Steps do not fade "
        "unless the gradient does or the rate."
    )


def _rates(measure: Measures, pymc: Any, torch: Any) -> str:
    here, there = (each.settings["eta"] for each in (pymc, torch))
    path = measure.moves(pymc, 1.0)[0] * here
    return (
        f"rmsprop's and adagrad's rates are {number(here)} unless they are set, "
        f"{number(here / there)} times PyTorch's: rmsprop's first step moves a weight by "
        f"{number(path, 3)}, however small its gradient."
    )


FRAMEWORK = Framework(
    key="pymc",
    name="PyMC",
    version="pymc 5.28.5",
    rules={
        "SGD": {},
        "Momentum": {"rate_place": "inside"},
        "Nesterov": {"rate_place": "inside"},
        "AdaGrad": {"eta": 1.0, "epsilon": 1e-6},
        "AdaGradWindow": {},
        "RMSprop": {"eta": 1.0, "epsilon": 1e-6},
        "Adam": {"epsilon_place": "hat"},
        "Adamax": {"epsilon_place": "outside"},
        "Adadelta": {},
    },
    arguments={
        "eta": "learning_rate",
        "beta": "momentum",
        "beta1": "beta1",
        "beta2": "beta2",
        "rho": "rho",
        "epsilon": "epsilon",
        "clip_norm": "total_norm_constraint",
    },
    spelled=("pm",),
    calls=(
        Call("pymc.sgd()", "SGD"),
        Call("pymc.momentum()", "Momentum"),
        Call("pymc.nesterov_momentum()", "Nesterov"),
        Call("pymc.adagrad()", "AdaGrad"),
        Call("pymc.adagrad_window()", "AdaGradWindow", note="the default of pymc.fit"),
        Call(
            "pymc.adagrad_window(learning_rate=0.1, epsilon=0.001)",
            "AdaGradWindow",
            {"eta": 0.1, "epsilon": 0.001},
        ),
        Call("pymc.rmsprop()", "RMSprop"),
        Call("pymc.adam()", "Adam"),
        Call("pymc.adamax()", "Adamax"),
        Call("pymc.adadelta()", "Adadelta"),
    ),
    surprises=(
        Surprise(
            "PyMC fits with an AdaGrad that forgets",
            47,
            (("AdaGradWindow", {"convention": "pymc"}), ("AdaGrad", {"convention": "torch"})),
            _window,
        ),
        Surprise(
            "PyMC's RMSprop and AdaGrad have rates of 1",
            48,
            tuple(("RMSprop", {"convention": each}) for each in ("pymc", "torch")),
            _rates,
        ),
    ),
)
