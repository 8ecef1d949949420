"""timm: TensorFlow's RMSprop, another NAdam, and PyTorch's optimizers by their names.

`Adopt`, which bounds by a power of 0.333 where its paper's code has a fourth root, is not here.
"""

from typing import Any

from simopt.ground.formatting import number, percent
from simopt.rules.framework import Call, Framework, Measures, Surprise

OUTSIDE = {"epsilon_place": "outside"}
DECOUPLED = {**OUTSIDE, "decay": "decoupled", "weight_decay": 0.01}


def _rmsprop(measure: Measures, timm: Any, torch: Any) -> str:
    gradient = 0.01
    here, there = (measure.moves(each, gradient)[0] for each in (timm, torch))
    return (
        f"Its mean of squares starts at {number(timm.settings['initial_accumulator'])}, as in "
        f"TensorFlow 1, and ε = {number(timm.settings['epsilon'])} is inside the root: the first "
        f"step of a gradient of {number(gradient)} is {number(here, 2)} η long, PyTorch's "
        f"{number(there, 2)} η."
    )


def _nadam(measure: Measures, timm: Any, torch: Any) -> str:
    return (
        "NAdamW corrects both terms of its mean by 1 - β₁ᵗ and does not warm its momentum up. At "
        f"η = 0.1 and without weight decay it comes to be "
        f"{percent(measure.farthest(timm, torch, 200))} of w away from PyTorch's NAdam on the four "
        "points."
    )


FRAMEWORK = Framework(
    key="timm",
    name="timm",
    version="timm 1.0.31",
    clip_slack=1e-6,
    rules={
        "SGD": {"decay": "decoupled"},
        "Momentum": {"decay": "decoupled"},
        "Nesterov": {},
        "RMSprop": {
            "eta": 0.01,
            "epsilon": 1e-10,
            "initial_accumulator": 1.0,
            "rate_place": "inside",
        },
        "Adam": OUTSIDE,
        "AdamW": DECOUPLED,
        "NAdam": {"corrected_for": "current", "decay": "decoupled", "weight_decay": 0.01},
        "RAdam": {"epsilon_place": "hat", "threshold": 5.0, "threshold_included": True},
        "Lion": {"eta": 1e-4, "decay": "decoupled"},
        "AdaBelief": {"decay": "decoupled"},
        "Adan": {"decay": "decoupled"},
        "LARS": {
            "beta": 0.0,
            "epsilon": 1e-8,
            "weight_decay": 0.0,
            "rate_place": "outside",
            "adapts": "decayed",
        },
        "LAMB": {"adapts": "decayed"},
        "LaProp": {"decay": "stepped"},
        "CautiousAdamW": {"decay": "decoupled", "weight_decay": 0.01},
        "Adafactor": {"decay_place": "scaled"},
        "MADGRAD": {},
        "MARS": {"beta1": 0.9, "decay": "decoupled"},
        "NovoGrad": {"eta": 0.001},
        "CautiousLion": {"eta": 1e-4, "decay": "decoupled", "weight_decay": 0.0},
    },
    arguments={
        "eta": "lr",
        "beta": "momentum",
        "beta1": "betas",
        "beta2": "betas",
        "beta3": "betas",
        "rho": {"RMSpropTF": "alpha"},
        "epsilon": "eps",
        "momentum_decay": {"NAdamLegacy": "schedule_decay"},
        "weight_decay": "weight_decay",
        "clip_norm": "clip_grad",
    },
    calls=(
        Call("timm.optim.SGDW(params)", "SGD"),
        Call(
            "timm.optim.SGDW(params, momentum=0.9, weight_decay=0.01)",
            "Momentum",
            {"weight_decay": 0.01},
            "decoupled",
        ),
        Call("timm.optim.SGDW(params, momentum=0.9)", "Momentum"),
        Call(
            'timm.optim.create_optimizer_v2(params, "sgd")',
            "Nesterov",
            note="with momentum 0.9 and looking ahead, unless it is set",
        ),
        Call('timm.optim.create_optimizer_v2(params, "momentum")', "Momentum"),
        Call("timm.optim.RMSpropTF(params)", "RMSprop"),
        Call("timm.optim.RMSpropTF(params, momentum=0.9)", "RMSprop", {"momentum": 0.9}),
        Call("timm.optim.RMSpropTF(params, centered=True)", "RMSprop", {"centered": True}),
        Call(
            "timm.optim.RMSpropTF(params, momentum=0.9, lr_in_momentum=False)",
            "RMSprop",
            {"momentum": 0.9, "rate_place": "outside"},
        ),
        Call('timm.optim.create_optimizer_v2(params, "adam")', "Adam"),
        Call("timm.optim.AdamWLegacy(params)", "AdamW"),
        Call("timm.optim.NAdamW(params)", "NAdam"),
        Call(
            "timm.optim.NAdamLegacy(params)",
            "NAdam",
            note="PyTorch's NAdam",
            convention="torch",
        ),
        Call("timm.optim.RAdamLegacy(params)", "RAdam"),
        Call("timm.optim.Lion(params)", "Lion"),
        Call(
            "timm.optim.AdaBelief(params, rectify=False)",
            "AdaBelief",
            note="without rectify=False it waits, as RAdam does",
        ),
        Call("timm.optim.LaProp(params)", "LaProp"),
        Call("timm.optim.LaProp(params, weight_decay=0.01)", "LaProp", {"weight_decay": 0.01}),
        Call("timm.optim.Adan(params)", "Adan"),
        Call("timm.optim.Adafactor(params)", "Adafactor", note="of a vector; its rate is its own"),
        Call(
            "timm.optim.Adafactor(params, lr=0.001, betas=(0.9, 0.999), weight_decay=0.01)",
            "Adafactor",
            {
                "eta": 0.001,
                "momentum": 0.9,
                "weight_decay": 0.01,
                "relative_step": False,
                "scale_parameter": False,
            },
            "with a rate steps are not scaled, whatever scale_parameter is",
        ),
        Call(
            "timm.optim.Adan(params, weight_decay=0.01, no_prox=True)",
            "Adan",
            {"weight_decay": 0.01},
            "decoupled",
        ),
        Call("timm.optim.MADGRAD(params)", "MADGRAD"),
        Call(
            "timm.optim.AdamP(params, weight_decay=0.01)",
            "Adam",
            {"weight_decay": 0.01, "decay": "decoupled"},
            "of a vector; steps of a matrix are projected",
        ),
        Call(
            "timm.optim.SGDP(params, lr=0.01, momentum=0.9)",
            "Momentum",
            {"eta": 0.01},
            "of a vector, without weight decay, which is 1 / (1 - momentum) times as fast",
        ),
        Call(
            "timm.optim.NvNovoGrad(params, weight_decay=0.01)",
            "NovoGrad",
            {"weight_decay": 0.01},
            "a sum of steps, not a mean; squares are in single precision",
        ),
        Call(
            "timm.optim.MADGRAD(params, weight_decay=0.01, decoupled_decay=True)",
            "MADGRAD",
            {"weight_decay": 0.01, "decay": "clipped"},
            "beforehand",
        ),
        Call(
            "timm.optim.Mars(params)",
            "AdamW",
            {"eta": 0.003, "beta2": 0.99, "weight_decay": 0.0},
            "of a vector",
        ),
        Call(
            "timm.optim.Mars(params, optimize_1d=True, weight_decay=0.01)",
            "MARS",
            {"weight_decay": 0.01},
            "its gamma is the coefficient here",
        ),
        Call("timm.optim.AdamWLegacy(params, caution=True)", "CautiousAdamW"),
        Call("timm.optim.Lion(params, caution=True)", "CautiousLion"),
        Call("timm.optim.Lars(params)", "LARS", note="plain SGD: it adapts what decays"),
        Call(
            "timm.optim.Lars(params, momentum=0.9, weight_decay=1e-4)",
            "LARS",
            {"beta": 0.9, "weight_decay": 1e-4},
        ),
        Call(
            "timm.optim.Lars(params, momentum=0.9, nesterov=True, always_adapt=True)",
            "LARS",
            {"beta": 0.9, "nesterov": True, "adapts": "always"},
        ),
        Call("timm.optim.Lamb(params)", "LAMB", clip={"clip_norm": 1.0}),
        Call(
            "timm.optim.Lamb(params, weight_decay=0.0, max_grad_norm=None)",
            "LAMB",
            {"weight_decay": 0.0},
            "Adam: it adapts what decays",
        ),
        Call(
            "timm.optim.Lamb(params, decoupled_decay=True, max_grad_norm=None)",
            "LAMB",
            {"decay_place": "outside"},
        ),
        Call(
            "timm.optim.Lamb(params, bias_correction=False, max_grad_norm=None)",
            "LAMB",
            {"bias_correction": False},
        ),
    ),
    left_out={
        "timm.optim.AdafactorBigVision": "keeps its mean of steps in bfloat16",
        "timm.optim.Adahessian": "asks for a Hessian",
        "timm.optim.Adopt": "bounds by a power of 0.333 where its paper's code has a fourth root",
        "timm.optim.Muon": "iterates in bfloat16",
        "timm.optim.Kron": "preconditions matrices",
        "timm.optim.Lookahead": "around another: here simopt.lookahead",
    },
    surprises=(
        Surprise(
            "timm's RMSpropTF starts as if all gradients had been 1",
            32,
            tuple(("RMSprop", {"convention": each}) for each in ("timm", "torch")),
            _rmsprop,
        ),
        Surprise(
            "timm's NAdamW is not PyTorch's NAdam",
            62,
            (
                ("NAdam", {"eta": 0.1, "weight_decay": 0.0, "convention": "timm"}),
                ("NAdam", {"eta": 0.1, "convention": "torch"}),
            ),
            _nadam,
        ),
    ),
)
