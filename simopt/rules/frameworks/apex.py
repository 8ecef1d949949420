"""Apex, NVIDIA's fused optimizers: Adam decays weights apart from the step, LAMB clips unasked.

Read in its sources, ``apex/optimizers`` and ``csrc/multi_tensor_*.cu``; in single precision.
"""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise

OUTSIDE = {"epsilon_place": "outside"}
APEX = "apex.optimizers"


def _lamb(measure: Measures, apex: Any, other: Any) -> str:
    steps = [measure.four(each, 1) - 3.0 for each in (apex, other)]
    return (
        "FusedLAMB scales steps to the weights only where these decay, with use_nvlamb=True "
        f"everywhere: without weight decay the first steps on the four points are "
        f"{number(steps[0], 2)} and {number(steps[1], 2)} long. Gradients are clipped to a norm of "
        "1 unless max_grad_norm is set."
    )


FRAMEWORK = Framework(
    key="apex",
    name="Apex",
    version="apex 6424da3b",
    played=False,
    rules={
        "SGD": {},
        "Momentum": {},
        "Nesterov": {},
        "AdaGrad": {**OUTSIDE, "eta": 0.01, "epsilon": 1e-10},
        "Adam": {**OUTSIDE, "decay": "decoupled"},
        "LAMB": {"adapts": "decayed"},
    },
    arguments={
        "eta": "lr",
        "beta": "momentum",
        "dampening": "dampening",
        "beta1": "betas",
        "beta2": "betas",
        "epsilon": "eps",
        "weight_decay": "weight_decay",
        "clip_norm": {"FusedLAMB": "max_grad_norm"},
    },
    calls=(
        Call(f"{APEX}.FusedSGD(params, lr=0.001)", "SGD"),
        Call(
            f"{APEX}.FusedSGD(params, lr=0.001, momentum=0.9, weight_decay=0.01)",
            "Momentum",
            {"weight_decay": 0.01},
            "added to the gradient",
        ),
        Call(
            f"{APEX}.FusedSGD(params, lr=0.001, momentum=0.9, dampening=0.5)",
            "Momentum",
            {"dampening": 0.5},
        ),
        Call(f"{APEX}.FusedSGD(params, lr=0.001, momentum=0.9, nesterov=True)", "Nesterov"),
        Call(f"{APEX}.FusedAdagrad(params)", "AdaGrad"),
        Call(
            f"{APEX}.FusedAdagrad(params, weight_decay=0.01, adagrad_w_mode=True)",
            "AdaGrad",
            {"weight_decay": 0.01, "decay": "decoupled"},
        ),
        Call(f"{APEX}.FusedAdam(params)", "Adam"),
        Call(
            f"{APEX}.FusedAdam(params, weight_decay=0.01)",
            "Adam",
            {"weight_decay": 0.01},
            "decoupled: AdamW",
        ),
        Call(
            f"{APEX}.FusedAdam(params, weight_decay=0.01, adam_w_mode=False)",
            "Adam",
            {"weight_decay": 0.01, "decay": "coupled"},
            "added to the gradient",
        ),
        Call(
            f"{APEX}.FusedAdam(params, bias_correction=False)", "Adam", {"bias_correction": False}
        ),
        Call(f"{APEX}.FusedLAMB(params)", "LAMB", clip={"clip_norm": 1.0}),
        Call(
            f"{APEX}.FusedLAMB(params, weight_decay=0.0, use_nvlamb=True)",
            "LAMB",
            {"weight_decay": 0.0, "adapts": "always"},
            "scaled whatever decays",
            clip={"clip_norm": 1.0},
        ),
    ),
    left_out={
        f"{APEX}.FusedNovoGrad": "corrects both of its means as Adam does",
        f"{APEX}.FusedMixedPrecisionLamb": "FusedLAMB with weights of two precisions",
        "apex.contrib.optimizers": "spread over devices",
    },
    surprises=(
        Surprise(
            "Apex' LAMB scales what decays, and clips",
            58,
            (
                ("LAMB", {"weight_decay": 0.0, "convention": "apex"}),
                ("LAMB", {"weight_decay": 0.0, "adapts": "always", "convention": "apex"}),
            ),
            _lamb,
        ),
    ),
)
