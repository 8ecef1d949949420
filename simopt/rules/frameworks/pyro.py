"""Pyro: PyTorch's optimizers, and one that clips each value of a gradient."""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise

HAT = {"epsilon_place": "hat"}


def _clipped(measure: Measures, pyro: Any) -> str:
    gradient = 16.0
    free = measure.moves(pyro, gradient)[0]
    return (
        "clip_norm=10 of ClippedAdam is a bound of every value, not of a norm: (30, 0.1) becomes "
        f"(10, 0.1), another direction. ε is added to the uncorrected root, and lrd multiplies the "
        f"rate from the first update on, whose step is {number(free, 3)} η lrd."
    )


FRAMEWORK = Framework(
    key="pyro",
    name="Pyro",
    version="pyro-ppl 1.9.2",
    rules={"Adam": HAT, "AdagradRMSProp": {}},
    arguments={
        "eta": {"AdagradRMSProp": "eta", "": "lr"},
        "rho": {"AdagradRMSProp": "1 - t"},
        "beta1": "betas",
        "beta2": "betas",
        "epsilon": "eps",
        "weight_decay": "weight_decay",
        "clip_value": {"ClippedAdam": "clip_norm"},
    },
    calls=(
        Call("pyro.optim.adagrad_rmsprop.AdagradRMSProp(params)", "AdagradRMSProp"),
        Call(
            "pyro.optim.adagrad_rmsprop.AdagradRMSProp(params, eta=0.1, t=0.5)",
            "AdagradRMSProp",
            {"eta": 0.1, "rho": 0.5},
        ),
        Call(
            "pyro.optim.clipped_adam.ClippedAdam(params)",
            "Adam",
            note="clip_norm is a bound of each value",
            clip={"clip_value": 10.0},
        ),
        Call(
            "pyro.optim.clipped_adam.ClippedAdam(params, weight_decay=0.01)",
            "Adam",
            {"weight_decay": 0.01},
            "added to the gradient after it is clipped",
            clip={"clip_value": 10.0},
        ),
    ),
    left_out={
        "pyro.optim.DCTAdam": "turns gradients by a cosine transform",
        "pyro.optim.HorovodOptimizer": "around another",
        "pyro.optim.Adam, and PyTorch's others there": (
            "torch.optim's own, as convention torch has them"
        ),
    },
    surprises=(
        Surprise(
            "Pyro's clip_norm clips values",
            65,
            (("Adam", {"convention": "pyro"}),),
            _clipped,
        ),
    ),
)
