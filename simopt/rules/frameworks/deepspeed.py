"""DeepSpeed: its Adam decays weights apart from the step; in single precision.

Read in its sources, ``csrc/adam`` and ``csrc/adagrad``. Its Lion is not here: where gradient and
momentum are 0 it moves a weight by a full step, `DeepSpeedCPULion` down and `FusedLion` up.
"""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise

OUTSIDE = {"epsilon_place": "outside"}
COUPLED = {"weight_decay": 0.01, "decay": "coupled"}
ADAM = "deepspeed.ops.adam"


def _adam(measure: Measures, deepspeed: Any, torch: Any) -> str:
    ends = [measure.four(each, 100) for each in (deepspeed, torch)]
    return (
        "adam_w_mode is True unless it is set, for the optimizer of the type Adam in its "
        "configuration too: weight_decay=0.01 is AdamW's. At η = 0.1 a hundred updates on the four "
        f"points end at w = {number(ends[0], 5)}, PyTorch's Adam at {number(ends[1], 5)}."
    )


FRAMEWORK = Framework(
    key="deepspeed",
    name="DeepSpeed",
    version="deepspeed 0.19.8",
    played=False,
    rules={
        "Adam": {**OUTSIDE, "decay": "decoupled"},
        "AdaGrad": {**OUTSIDE, "eta": 0.01, "epsilon": 1e-10},
    },
    arguments={
        "eta": "lr",
        "beta1": "betas",
        "beta2": "betas",
        "epsilon": "eps",
        "weight_decay": "weight_decay",
        "clip_norm": "gradient_clipping",
    },
    calls=(
        Call(f"{ADAM}.FusedAdam(params)", "Adam"),
        Call(
            f"{ADAM}.FusedAdam(params, weight_decay=0.01)",
            "Adam",
            {"weight_decay": 0.01},
            "decoupled: AdamW",
        ),
        Call(
            f"{ADAM}.FusedAdam(params, adam_w_mode=False, weight_decay=0.01)",
            "Adam",
            COUPLED,
            "added to the gradient",
        ),
        Call(
            f"{ADAM}.FusedAdam(params, bias_correction=False)", "Adam", {"bias_correction": False}
        ),
        Call(
            f"{ADAM}.DeepSpeedCPUAdam(params, weight_decay=0.01)",
            "Adam",
            {"weight_decay": 0.01},
            "decoupled: AdamW",
        ),
        Call("deepspeed.ops.adagrad.DeepSpeedCPUAdagrad(params)", "AdaGrad"),
    ),
    left_out={
        "deepspeed.ops.lamb.FusedLamb": "its kernel runs on GPUs alone, and was not read",
        "deepspeed.runtime.fp16.onebit": "sends gradients of one bit",
    },
    surprises=(
        Surprise(
            "DeepSpeed's Adam is AdamW where weights decay",
            60,
            tuple(
                ("Adam", {"eta": 0.1, "weight_decay": 0.01, "convention": each})
                for each in ("deepspeed", "torch")
            ),
            _adam,
        ),
    ),
)
