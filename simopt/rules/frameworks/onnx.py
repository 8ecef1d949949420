"""ONNX's training operators, as its reference evaluator computes them. Rates are inputs: 0.001.

Hyperparameters are attributes, and so in single precision, but for the rate, which is an input.
The number of updates is an input too, ``T``. Its Adam expects a count from 1; from 0, the number of
updates before, the first is not bias-corrected and each later one as the one before it.
"""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise

NODE = "onnx.helper.make_node"
FROM_1 = "T counts updates from 1"
FROM_0 = "T counts updates from 0"


def _adam(measure: Measures, onnx: Any, uncorrected: Any, torch: Any) -> str:
    path, first = (measure.moves(each, 1.0)[0] for each in (onnx, uncorrected))
    gradient = 1e-6
    here, there = (measure.moves(each, gradient)[0] for each in (onnx, torch))
    return (
        "Its operator takes the number of updates and does not correct the bias at T = 0: counted "
        f"from 0 the first step is {number(first, 3)} η long, in place of {number(path, 2)} η. "
        f"ε is {number(onnx.settings['epsilon'])}, added to the uncorrected root: the first step "
        f"of a gradient of {number(gradient)} is {number(here, 2)} η long, PyTorch's "
        f"{number(there, 2)} η. norm_coefficient_post takes its share of the weight whatever the "
        "rate is."
    )


FRAMEWORK = Framework(
    key="onnx",
    name="ONNX",
    version="onnx 1.23.2",
    rules={
        "Momentum": {},
        "Nesterov": {},
        "AdaGrad": {"epsilon_place": "outside", "epsilon": 1e-6},
        "Adam": {"epsilon_place": "hat", "epsilon": 1e-6},
    },
    arguments={
        "eta": "R",
        "beta": "alpha",
        "beta1": "alpha",
        "beta2": "beta",
        "epsilon": "epsilon",
        "lr_decay": {"Adagrad": "decay_factor"},
        "dampening": {"Momentum": "1 - beta"},
        "weight_decay": "norm_coefficient",
    },
    calls=(
        Call(
            f'{NODE}("Momentum", i, o, alpha=0.9, beta=1.0, mode="standard", norm_coefficient=0.0)',
            "Momentum",
            note=FROM_0,
        ),
        Call(
            f'{NODE}("Momentum", i, o, alpha=0.9, beta=0.25, mode="standard", '
            "norm_coefficient=0.0)",
            "Momentum",
            {"dampening": 0.75},
            FROM_0,
        ),
        Call(
            f'{NODE}("Momentum", i, o, alpha=0.9, beta=1.0, mode="nesterov", norm_coefficient=0.0)',
            "Nesterov",
            note=FROM_0,
        ),
        Call(f'{NODE}("Adagrad", i, o)', "AdaGrad", note=FROM_0),
        Call(
            f'{NODE}("Adagrad", i, o, decay_factor=0.001)', "AdaGrad", {"lr_decay": 0.001}, FROM_0
        ),
        Call(f'{NODE}("Adam", i, o)', "Adam", note=FROM_1),
        Call(
            f'{NODE}("Adam", i, o, norm_coefficient=0.01)',
            "Adam",
            {"weight_decay": 0.01},
            f"{FROM_1}; added to the gradient",
        ),
    ),
    surprises=(
        Surprise(
            "ONNX's Adam does not correct the bias at T = 0",
            46,
            (
                ("Adam", {"convention": "onnx"}),
                ("Adam", {"bias_correction": False, "convention": "onnx"}),
                ("Adam", {"convention": "torch"}),
            ),
            _adam,
        ),
    ),
)
