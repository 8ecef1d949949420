"""MLX: Adam leaves its means uncorrected. Its rates have no default: 0.001 stands for it.

It keeps a rate in single precision, whatever the weights are in.
"""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise

OUTSIDE = {"epsilon_place": "outside"}
UNCORRECTED = {**OUTSIDE, "bias_correction": False}


def _uncorrected(measure: Measures, mlx: Any, torch: Any) -> str:
    here, there = (measure.moves(each, 1.0, 3000) for each in (mlx, torch))
    within = sum(path > 1.1 * after for path, after in zip(here, there, strict=True))
    return (
        f"bias_correction is False unless it is set: the first step is {number(here[0], 3)} η long "
        f"where PyTorch's is {number(there[0], 3)} η, and steps stay more than a tenth longer for "
        f"{number(within)} updates."
    )


FRAMEWORK = Framework(
    key="mlx",
    name="MLX",
    version="mlx 0.32.4",
    clip_slack=1e-6,
    rules={
        "SGD": {},
        "Momentum": {"damps_first": True},
        "Nesterov": {},
        "AdaGrad": OUTSIDE,
        "RMSprop": {**OUTSIDE, "rho": 0.99},
        "Adam": UNCORRECTED,
        "AdamW": {**UNCORRECTED, "decay": "decoupled", "weight_decay": 0.01},
        "Adamax": {**UNCORRECTED, "eta": 0.001},
        "Adadelta": {"rho": 0.9},
        "Lion": {"decay": "decoupled"},
        "Adafactor": {"decay_place": "scaled"},
    },
    arguments={
        "eta": "learning_rate",
        "beta": "momentum",
        "beta1": "betas",
        "beta2": "betas",
        "rho": {"RMSprop": "alpha", "": "rho"},
        "epsilon": "eps",
        "dampening": "dampening",
        "weight_decay": "weight_decay",
        "clip_norm": "clip_grad_norm",
    },
    spelled=("mx",),
    calls=(
        Call("mlx.optimizers.SGD(0.001)", "SGD"),
        Call("mlx.optimizers.SGD(0.001, momentum=0.9)", "Momentum"),
        Call(
            "mlx.optimizers.SGD(0.001, momentum=0.9, dampening=0.9)",
            "Momentum",
            {"dampening": 0.9},
            "the first gradient is damped too",
        ),
        Call("mlx.optimizers.SGD(0.001, momentum=0.9, nesterov=True)", "Nesterov"),
        Call(
            "mlx.optimizers.SGD(0.001, weight_decay=0.01)",
            "SGD",
            {"weight_decay": 0.01},
            "added to the gradient",
        ),
        Call("mlx.optimizers.Adagrad(0.001)", "AdaGrad"),
        Call("mlx.optimizers.RMSprop(0.001)", "RMSprop"),
        Call("mlx.optimizers.Adam(0.001)", "Adam", note="not bias-corrected"),
        Call(
            "mlx.optimizers.Adam(0.001, bias_correction=True)",
            "Adam",
            {"bias_correction": True},
            "its corrections are in single precision",
        ),
        Call("mlx.optimizers.AdamW(0.001)", "AdamW", note="not bias-corrected"),
        Call("mlx.optimizers.Adamax(0.001)", "Adamax", note="never bias-corrected"),
        Call("mlx.optimizers.AdaDelta(1.0)", "Adadelta"),
        Call(
            "mlx.optimizers.Adafactor()",
            "Adafactor",
            note="of a vector; its rate is its own, and in single precision",
        ),
        Call(
            "mlx.optimizers.Adafactor("
            "0.001, beta_1=0.9, weight_decay=0.01, scale_parameter=False, relative_step=False)",
            "Adafactor",
            {
                "eta": 0.001,
                "momentum": 0.9,
                "weight_decay": 0.01,
                "relative_step": False,
                "scale_parameter": False,
            },
            "weights decay by the rate; the decay of its mean is in single precision",
        ),
        Call("mlx.optimizers.Lion(0.001)", "Lion"),
        Call(
            "mlx.optimizers.Lion(0.001, weight_decay=0.01)",
            "Lion",
            {"weight_decay": 0.01},
            "decoupled",
        ),
    ),
    left_out={
        "mlx.optimizers.Muon": "its weights decay with the gradient, before it is orthogonalised",
        "mlx.optimizers.MultiOptimizer": "one for each group of weights",
    },
    schedules={"cosine": "stays"},
    surprises=(
        Surprise(
            "MLX's Adam does not correct its bias",
            15,
            tuple(("Adam", {"convention": each}) for each in ("mlx", "torch")),
            _uncorrected,
        ),
    ),
)
