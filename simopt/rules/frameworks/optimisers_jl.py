"""Optimisers.jl, which is Flux's: read in its sources, ``src/rules.jl``.

`OAdam` is not here, nor `Rprop`, whose factors are in single precision. `Descent`'s rate of 0.1 is
too, unless it is set.
"""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise

OUTSIDE = {"epsilon_place": "outside"}
INSIDE = {"rate_place": "inside"}

#: Optimisers.jl's Lion weighs the gradient with the beta2 that its paper gives to the momentum. In
#: the paper's terms its defaults, 0.9 and 0.999, are these.
LION = {"beta1": 0.9 * (1 - 0.999) / 0.999, "beta2": 1 - 0.999}


def _lion(measure: Measures, julia: Any, paper: Any, plain: Any) -> str:
    ends = [measure.four(each, 100) for each in (julia, paper, plain)]
    return (
        "Lion's momentum takes 0.999 of every gradient and keeps 0.001 of itself, where the paper "
        "takes 0.01 and keeps 0.99: at its defaults it goes by the sign of the gradient alone. A "
        f"hundred updates on the four points at η = 0.1 end at w = {number(ends[0], 4)}, SignSGD's "
        f"at {number(ends[2], 4)}, the paper's at {number(ends[1], 4)}."
    )


def _amsgrad(measure: Measures, julia: Any, paper: Any) -> str:
    begun = julia.settings["initial_accumulator"]
    here, there = (measure.moves(each, 1e-6)[0] for each in (julia, paper))
    return (
        f"All three of its states start at ε = {number(begun)}, the mean of the gradients too: "
        f"the first step of a gradient of a millionth is {number(here, 2)} η long, without them "
        f"{number(there, 2)} η."
    )


FRAMEWORK = Framework(
    key="optimisers_jl",
    name="Optimisers.jl",
    version="Optimisers.jl 0.4.8",
    played=False,
    rules={
        "SGD": {"eta": 0.1},
        "Momentum": {**INSIDE, "eta": 0.01},
        "Nesterov": INSIDE,
        "AdaGrad": {**OUTSIDE, "eta": 0.1, "initial_accumulator": 1e-8},
        "RMSprop": OUTSIDE,
        "Adam": OUTSIDE,
        "AdamW": {**OUTSIDE, "decay": "decoupled", "weight_decay": 0.0},
        "AMSGrad": {**OUTSIDE, "initial_accumulator": 1e-8},
        "NAdam": {"fades_square": True},
        "RAdam": OUTSIDE,
        "Adamax": {**OUTSIDE, "eta": 0.001},
        "Adadelta": {"rho": 0.9, "epsilon": 1e-8},
        "Lion": {**LION, "decay": "decoupled"},
        "AdaBelief": {},
    },
    arguments={
        "eta": "eta",
        "beta": "rho",
        "beta1": "beta",
        "beta2": "beta",
        "rho": "rho",
        "epsilon": "epsilon",
        "weight_decay": {"AdamW": "lambda", "WeightDecay": "lambda"},
        "clip_norm": "ClipNorm",
        "clip_value": "ClipGrad",
    },
    spelled=("Flux",),
    calls=(
        Call("Optimisers.Descent()", "SGD"),
        Call(
            "OptimiserChain(WeightDecay(0.01), Descent(0.1))",
            "SGD",
            {"weight_decay": 0.01},
            "added to the gradient",
        ),
        Call("Optimisers.Momentum()", "Momentum"),
        Call("Optimisers.Nesterov()", "Nesterov"),
        Call("Optimisers.AdaGrad()", "AdaGrad", note="the sum starts at ε"),
        Call("Optimisers.RMSProp()", "RMSprop"),
        Call("Optimisers.RMSProp(centred = true)", "RMSprop", {"centered": True}),
        Call("Optimisers.Adam()", "Adam"),
        Call("Optimisers.AdamW()", "AdamW", note="weights do not decay unless lambda is set"),
        Call("Optimisers.AdamW(lambda = 0.01)", "AdamW", {"weight_decay": 0.01}),
        Call(
            "Optimisers.AdamW(lambda = 0.01, couple = false)",
            "Adam",
            {"weight_decay": 0.01, "decay": "fixed"},
            "by a share that the rate does not change",
        ),
        Call("Optimisers.AMSGrad()", "AMSGrad", note="its states start at ε"),
        Call("Optimisers.NAdam()", "NAdam", note="v̂ is multiplied by β₂"),
        Call("Optimisers.RAdam()", "RAdam"),
        Call("Optimisers.AdaMax()", "Adamax"),
        Call("Optimisers.AdaDelta()", "Adadelta", note="has no rate: 1"),
        Call("Optimisers.Lion()", "Lion", note="in the paper's terms: β₁ and β₂ are 0.9 and 0.999"),
        Call("Optimisers.AdaBelief()", "AdaBelief"),
    ),
    surprises=(
        Surprise(
            "Flux's Lion remembers a thousandth",
            42,
            (
                ("Lion", {"eta": 0.1, "convention": "optimisers_jl"}),
                ("Lion", {"eta": 0.1}),
                ("SignSGD", {"eta": 0.1}),
            ),
            _lion,
        ),
        Surprise(
            "Flux's AMSGrad starts its means at ε",
            77,
            (
                ("AMSGrad", {"convention": "optimisers_jl"}),
                ("AMSGrad", {"epsilon_place": "outside"}),
            ),
            _amsgrad,
        ),
    ),
)
