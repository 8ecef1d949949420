"""bitsandbytes with 32 bits, as on a CPU and for arrays of fewer than 4,096 weights.

Its Adam decays weights apart from the step, like its AdamW; its SGD takes `nesterov` and
`dampening` and uses neither.
"""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise

OUTSIDE = {"epsilon_place": "outside"}
OPTIM = "bitsandbytes.optim"


def _adam(measure: Measures, bitsandbytes: Any, torch: Any) -> str:
    ends = [measure.four(each, 1000) for each in (bitsandbytes, torch)]
    return (
        "Adam(weight_decay=0.01) is AdamW there. At η = 0.1 a thousand updates on the four points "
        f"end at w = {number(ends[0], 5)}, PyTorch's Adam at {number(ends[1], 5)}."
    )


def _nesterov(measure: Measures, bitsandbytes: Any, torch: Any) -> str:
    here, there = (measure.moves(each, 1.0)[0] for each in (bitsandbytes, torch))
    return (
        f"SGD(nesterov=True, momentum=0.9) is plain momentum there: the first step is "
        f"{number(here, 2)} η long, PyTorch's {number(there, 2)} η."
    )


def _lamb(measure: Measures, bitsandbytes: Any, timm: Any) -> str:
    here, there = (sum(measure.moves(each, 1.0, 100)) for each in (bitsandbytes, timm))
    capped, adam = (measure.four(each, 1) - 3.0 for each in (bitsandbytes, timm))
    return (
        "Its LAMB is Adam with no step longer than the weights: where they are 0, as most biases "
        f"are, a hundred updates move them by {number(here)} η, timm's by {number(there, 3)} η. On "
        "a CPU the norm is that before bias correction: the first step on the four points is "
        f"{number(capped / adam, 2)} times timm's."
    )


FRAMEWORK = Framework(
    key="bitsandbytes",
    name="bitsandbytes",
    version="bitsandbytes 0.50.2",
    rules={
        "Momentum": {},
        "AdaGrad": {**OUTSIDE, "eta": 0.01, "epsilon": 1e-10},
        "RMSprop": {**OUTSIDE, "eta": 0.01, "rho": 0.99},
        "Adam": {**OUTSIDE, "decay": "decoupled"},
        "AdamW": {**OUTSIDE, "decay": "decoupled", "weight_decay": 0.01},
        "Lion": {"eta": 1e-4, "decay": "decoupled"},
        "AdEMAMix": {"decay": "decoupled", "weight_decay": 0.01},
        "LAMB": {
            "epsilon": 1e-8,
            "weight_decay": 0.0,
            "decay_place": "step",
            "adapts": "capped",
        },
    },
    arguments={
        "eta": "lr",
        "beta": "momentum",
        "beta1": "betas",
        "beta2": "betas",
        "beta3": "betas",
        "rho": "alpha",
        "epsilon": "eps",
        "weight_decay": "weight_decay",
    },
    spelled=("bnb",),
    calls=(
        Call(f"{OPTIM}.SGD32bit(params, 0.001, momentum=0.9)", "Momentum"),
        Call(
            f"{OPTIM}.SGD32bit(params, 0.001, momentum=0.9, nesterov=True)",
            "Momentum",
            note="nesterov is not used",
        ),
        Call(
            f"{OPTIM}.SGD32bit(params, 0.001, momentum=0.9, dampening=0.9)",
            "Momentum",
            note="dampening is not used",
        ),
        Call(f"{OPTIM}.Adagrad32bit(params)", "AdaGrad"),
        Call(f"{OPTIM}.RMSprop32bit(params)", "RMSprop"),
        Call(f"{OPTIM}.Adam32bit(params)", "Adam"),
        Call(
            f"{OPTIM}.Adam32bit(params, weight_decay=0.01)",
            "Adam",
            {"weight_decay": 0.01},
            "decoupled: AdamW",
        ),
        Call(f"{OPTIM}.AdamW32bit(params)", "AdamW"),
        Call(f"{OPTIM}.Lion32bit(params)", "Lion"),
        Call(f"{OPTIM}.AdEMAMix(params)", "AdEMAMix"),
        Call(
            f"{OPTIM}.LAMB32bit(params)",
            "LAMB",
            note="Adam, no step longer than the weights; from 0 they never move",
        ),
        Call(
            f"{OPTIM}.LAMB32bit(params, lr=0.01, weight_decay=0.01)",
            "LAMB",
            {"eta": 0.01, "weight_decay": 0.01},
            "beside the step",
        ),
    ),
    left_out={
        "bitsandbytes.optim.LARS": "momentum capped at a share of the weights' norm",
        "bitsandbytes.optim.PytorchLARS": "the same in another place",
        "those with 8bit in their names": "their states are quantised",
        "those that begin with Paged": "the same numbers, their states in memory that is paged",
    },
    surprises=(
        Surprise(
            "bitsandbytes' LAMB moves no weights from 0",
            57,
            (
                ("LAMB", {"eta": 0.1, "convention": "bitsandbytes"}),
                ("LAMB", {"eta": 0.1, "convention": "timm"}),
            ),
            _lamb,
        ),
        Surprise(
            "bitsandbytes' Adam is AdamW where weights decay",
            58,
            tuple(
                ("Adam", {"eta": 0.1, "weight_decay": 0.01, "convention": each})
                for each in ("bitsandbytes", "torch")
            ),
            _adam,
        ),
        Surprise(
            "bitsandbytes takes nesterov and does not use it",
            59,
            (
                ("Momentum", {"convention": "bitsandbytes"}),
                ("Nesterov", {"convention": "torch"}),
            ),
            _nesterov,
        ),
    ),
)
