"""autograd's ``misc.optimizers``: momentum of a mean, and RMSprop's mean from 1."""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise


def _sgd(measure: Measures, autograd: Any, torch: Any) -> str:
    path, there = (measure.moves(each, 1.0, 50) for each in (autograd, torch))
    return (
        f"mass=0.9 keeps a mean of the gradients, not their sum: the first step is "
        f"{number(path[0], 2)} η long where PyTorch's is {number(there[0])} η, the fiftieth "
        f"{number(path[-1], 2)} η where PyTorch's is {number(there[-1], 2)} η. The rate is "
        f"{number(autograd.settings['eta'])} unless it is set."
    )


FRAMEWORK = Framework(
    key="autograd",
    name="autograd",
    version="autograd 1.9.1",
    rules={
        "Momentum": {"eta": 0.1, "dampening": 0.9, "damps_first": True},
        "RMSprop": {"eta": 0.1, "epsilon_place": "outside", "initial_accumulator": 1.0},
        "Adam": {"epsilon_place": "outside"},
    },
    arguments={
        "eta": "step_size",
        "beta": "mass",
        "rho": "gamma",
        "beta1": "b1",
        "beta2": "b2",
        "epsilon": "eps",
    },
    calls=(
        Call(
            "autograd.misc.optimizers.sgd(grad, x)",
            "Momentum",
            note="mass damps gradients too, the first as well",
        ),
        Call("autograd.misc.optimizers.rmsprop(grad, x)", "RMSprop", note="the mean starts at 1"),
        Call("autograd.misc.optimizers.adam(grad, x)", "Adam"),
    ),
    surprises=(
        Surprise(
            "autograd's sgd is momentum of a mean",
            55,
            tuple(("Momentum", {"convention": each}) for each in ("autograd", "torch")),
            _sgd,
        ),
    ),
)
