"""Burn: read in its sources, ``crates/burn-optim``. Its rates come with each step: 0.001 stands.

Its hyperparameters are in single precision, whatever the weights are in. Its `Lamb`, `Adafactor`
and `Muon` are not here.
"""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise

OUTSIDE = {"epsilon_place": "outside", "epsilon": 1e-5}


def _epsilon(measure: Measures, burn: Any, torch: Any) -> str:
    gradient = 1e-5
    here, there = (measure.moves(each, gradient)[0] for each in (burn, torch))
    return (
        f"ε is {number(burn.settings['epsilon'])} in all rules that have one: the first step of a "
        f"gradient of {number(gradient)} is {number(here, 2)} η long, PyTorch's "
        f"{number(there, 2)} η."
    )


def _rmsprop(measure: Measures, burn: Any, torch: Any) -> str:
    here, there = (measure.moves(each, 1.0, 100)[-1] for each in (burn, torch))
    return (
        f"RmsProp has a momentum of {number(burn.settings['momentum'])} unless it is set to 0: the "
        f"hundredth step of a constant gradient is {number(here, 2)} η long, PyTorch's "
        f"{number(there, 2)} η. SGD's momentum has a dampening of 0.1 unless it is set."
    )


FRAMEWORK = Framework(
    key="burn",
    name="Burn",
    version="burn 0.22.0-pre.2 (2c06be35)",
    played=False,
    rules={
        "SGD": {},
        "Momentum": {"dampening": 0.1},
        "Nesterov": {},
        "AdaGrad": OUTSIDE,
        "RMSprop": {**OUTSIDE, "rho": 0.99, "momentum": 0.9},
        "Adam": OUTSIDE,
        "AdamW": {**OUTSIDE, "decay": "decoupled", "weight_decay": 1e-4},
        "AMSGrad": {**OUTSIDE, "bias_correction": True},
        "Adan": {"decay": "decoupled"},
    },
    arguments={
        "eta": "lr",
        "beta": "momentum",
        "beta1": "beta_1",
        "beta2": "beta_2",
        "beta3": "beta_3",
        "rho": {"RmsProp": "alpha"},
        "epsilon": "epsilon",
        "lr_decay": {"AdaGrad": "lr_decay"},
        "dampening": "dampening",
        "weight_decay": "weight_decay",
        "clip_norm": "GradientClippingConfig::Norm",
        "clip_value": "GradientClippingConfig::Value",
    },
    spelled=("burn",),
    calls=(
        Call("SgdConfig::new().init()", "SGD"),
        Call(
            "SgdConfig::new().with_momentum(Some(MomentumConfig::new())).init()",
            "Momentum",
            note="a tenth of every gradient but the first is left out",
        ),
        Call(
            "SgdConfig::new().with_momentum(Some(MomentumConfig::new().with_dampening(0.0)"
            ".with_nesterov(true))).init()",
            "Nesterov",
        ),
        Call("AdaGradConfig::new().init()", "AdaGrad"),
        Call("AdaGradConfig::new().with_lr_decay(0.001).init()", "AdaGrad", {"lr_decay": 0.001}),
        Call("RmsPropConfig::new().init()", "RMSprop", note="with momentum"),
        Call("RmsPropConfig::new().with_centered(true).init()", "RMSprop", {"centered": True}),
        Call("AdamConfig::new().init()", "Adam"),
        Call("AdamConfig::new().with_amsgrad(true).init()", "AMSGrad"),
        Call(
            "AdamConfig::new().with_weight_decay(Some(WeightDecayConfig::new(0.01))).init()",
            "Adam",
            {"weight_decay": 0.01},
            "added to the gradient: not AdamW",
        ),
        Call("AdamWConfig::new().init()", "AdamW"),
        Call("AdanConfig::new().init()", "Adan"),
    ),
    surprises=(
        Surprise(
            "Burn's ε is a thousand times the usual",
            33,
            tuple(("Adam", {"convention": each}) for each in ("burn", "torch")),
            _epsilon,
        ),
        Surprise(
            "Burn's RmsProp has momentum",
            52,
            tuple(("RMSprop", {"convention": each}) for each in ("burn", "torch")),
            _rmsprop,
        ),
    ),
)
