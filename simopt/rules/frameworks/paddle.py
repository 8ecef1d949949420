"""Paddle. Where its rates have no default, 0.001 stands for it.

Its kernels keep hyperparameters in single precision, whatever the weights are in (a momentum of
0.9 is 0.89999998), but for Adam's and AdamW's betas and epsilon.
"""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise

OUTSIDE = {"epsilon_place": "outside"}


def _rmsprop(measure: Measures, paddle: Any, torch: Any) -> str:
    gradient = 1e-3
    here, there = (measure.moves(each, gradient)[0] for each in (paddle, torch))
    return (
        f"ρ is {number(paddle.settings['rho'])}, ε = {number(paddle.settings['epsilon'])} is "
        "inside the root, and with momentum the rate goes into the buffer, all three unlike "
        f"PyTorch's: the first step of a gradient of {number(gradient)} is {number(here, 2)} η "
        f"long, PyTorch's {number(there, 2)} η."
    )


FRAMEWORK = Framework(
    key="paddle",
    name="Paddle",
    version="paddlepaddle 3.3.1",
    rules={
        "SGD": {},
        "Momentum": {},
        "Nesterov": {},
        "AdaGrad": {**OUTSIDE, "epsilon": 1e-6},
        "RMSprop": {"rho": 0.95, "epsilon": 1e-6, "rate_place": "inside"},
        "Adam": OUTSIDE,
        "AdamW": {**OUTSIDE, "decay": "decoupled", "weight_decay": 0.01},
        "AMSGrad": {**OUTSIDE, "bias_correction": True},
        "NAdam": {"eta": 0.002, "momentum_decay": 0.004},
        "RAdam": {"epsilon_place": "hat", "threshold": 5.0},
        "Adamax": {"eta": 0.001, "epsilon_place": "decayed"},
        "Adadelta": {"eta": 0.001},
        "Rprop": {"eta": 0.001, "smallest": 1e-5},
        "LAMB": {"adapts": "decayed"},
    },
    arguments={
        "eta": "learning_rate",
        "beta": "momentum",
        "beta1": "beta1",
        "beta2": "beta2",
        "rho": "rho",
        "epsilon": "epsilon",
        "initial_accumulator": "initial_accumulator_value",
        "momentum_decay": {"NAdam": "momentum_decay"},
        "weight_decay": {"Lamb": "lamb_weight_decay", "": "weight_decay"},
        "clip_norm": "ClipGradByGlobalNorm",
        "clip_value": "ClipGradByValue",
    },
    calls=(
        Call("paddle.optimizer.SGD(parameters=params)", "SGD"),
        Call(
            "paddle.optimizer.SGD(parameters=params, weight_decay=0.01)",
            "SGD",
            {"weight_decay": 0.01},
            "added to the gradient",
        ),
        Call("paddle.optimizer.Momentum(parameters=params)", "Momentum"),
        Call("paddle.optimizer.Momentum(parameters=params, use_nesterov=True)", "Nesterov"),
        Call("paddle.optimizer.Adagrad(0.001, parameters=params)", "AdaGrad"),
        Call("paddle.optimizer.RMSProp(0.001, parameters=params)", "RMSprop"),
        Call(
            "paddle.optimizer.RMSProp(0.001, momentum=0.9, parameters=params)",
            "RMSprop",
            {"momentum": 0.9},
        ),
        Call(
            "paddle.optimizer.RMSProp(0.001, centered=True, parameters=params)",
            "RMSprop",
            {"centered": True},
        ),
        Call("paddle.optimizer.Adam(parameters=params)", "Adam"),
        Call(
            "paddle.optimizer.Adam(parameters=params, weight_decay=0.01)",
            "Adam",
            {"weight_decay": 0.01},
            "added to the gradient: not AdamW",
        ),
        Call("paddle.optimizer.Adam(amsgrad=True, parameters=params)", "AMSGrad"),
        Call("paddle.optimizer.AdamW(parameters=params)", "AdamW"),
        Call("paddle.optimizer.NAdam(parameters=params)", "NAdam"),
        Call("paddle.optimizer.RAdam(parameters=params)", "RAdam"),
        Call("paddle.optimizer.Adamax(parameters=params)", "Adamax"),
        Call("paddle.optimizer.Adadelta(parameters=params)", "Adadelta"),
        Call("paddle.optimizer.Rprop(parameters=params)", "Rprop"),
        Call("paddle.optimizer.Lamb(parameters=params)", "LAMB"),
        Call(
            "paddle.optimizer.Lamb(lamb_weight_decay=0.0, parameters=params)",
            "LAMB",
            {"weight_decay": 0.0},
            "Adam: it adapts what decays",
        ),
        Call(
            "paddle.optimizer.Lamb(lamb_weight_decay=0.0, always_adapt=True, parameters=params)",
            "LAMB",
            {"weight_decay": 0.0, "adapts": "always"},
        ),
    ),
    left_out={
        "paddle.optimizer.ASGD": "steps by the mean of the last n gradients; by default SGD",
        "paddle.optimizer.LBFGS": "searches along a line",
    },
    schedules={"cosine": "rises", "one_cycle": "last update"},
    surprises=(
        Surprise(
            "Paddle's RMSProp is not PyTorch's in three ways",
            35,
            tuple(("RMSprop", {"convention": each}) for each in ("paddle", "torch")),
            _rmsprop,
        ),
    ),
)
