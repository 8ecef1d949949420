"""Keras: epsilon hat, the rate inside the buffer, every weight decay decoupled."""

from typing import Any

import numpy as np

from simopt.ground.formatting import number, percent
from simopt.problems import four_points
from simopt.rules.framework import Call, Framework, Measures, Surprise

HAT = {"epsilon_place": "hat", "epsilon": 1e-7}
INSIDE = {"rate_place": "inside", "eta": 0.01}


def _accumulator(measure: Measures, keras: Any, document: Any) -> str:
    gradient = 0.1
    return (
        f"The first step of a gradient of {number(gradient)} is "
        f"{number(measure.moves(keras, gradient)[0], 2)} η long there, "
        f"{number(measure.moves(document, gradient)[0], 2)} η from a start at 0."
    )


def _epsilon_hat(measure: Measures, keras: Any, torch: Any) -> str:
    gradient = 1e-6
    beta2, epsilon = (keras.settings[name] for name in ("beta2", "epsilon"))
    return (
        f"{number(epsilon)} is added to the root before its bias is corrected, which at the first "
        f"update is as much as {number(epsilon / (1 - beta2) ** 0.5, 2)} after it. The first step "
        f"of a gradient of {number(gradient)} is {number(measure.moves(keras, gradient)[0], 2)} η "
        f"long, in PyTorch {number(measure.moves(torch, gradient)[0], 2)} η."
    )


def _drop(measure: Measures, keras: Any, torch: Any) -> str:
    at, eta = 10, keras.settings["eta"]
    rates = [eta] * at + [0.1 * eta] * at
    ends = [measure.four(each, at) for each in (keras, torch)]
    after = [measure.four(each, 2 * at, rates) for each in (keras, torch)]
    return (
        f"At a constant rate that is the same: {number(_relative(*ends), 2)} of w apart after {at} "
        f"updates on the four points. Drop the rate to a tenth there, and after {at} more the "
        f"weights are {percent(_relative(*after), 3)} of w apart: what is in the buffer goes on at "
        "the old rate. RMSprop with momentum does so in optax too."
    )


def _decoupled(measure: Measures, keras: Any, torch: Any) -> str:
    ends = [measure.four(each, 1000) for each in (keras, torch)]
    return (
        f"weight_decay=0.01 makes Keras' Adam an AdamW, while PyTorch adds it to the gradient. On "
        f"the four points at η = 0.1 they end a thousand updates at w = {number(ends[0], 5)} and "
        f"{number(ends[1], 5)}."
    )


def _nadam(measure: Measures, keras: Any, torch: Any) -> str:
    psi = [each.settings["momentum_decay"] for each in (keras, torch)]
    warmed = [0.9 * (1 - 0.96 ** (100 * each) / 2) for each in psi]
    return (
        f"ψ is {number(psi[0])} in Keras and {number(psi[1])} in PyTorch, so that after a hundred "
        f"updates the momentum is {number(warmed[0], 3)} and {number(warmed[1], 3)}; optax has no "
        f"warm-up. At η = 0.1 the two come to be {percent(measure.farthest(keras, torch, 200))} of "
        "w apart on the four points."
    )


def _adadelta(measure: Measures, keras: Any, torch: Any) -> str:
    way = [abs(measure.four(each, 1000) - 3.0) / 2.0 for each in (keras, torch)]
    return (
        f"Its rate is {number(keras.settings['eta'])}, where the paper has none, that is, "
        f"{number(torch.settings['eta'])}: a thousand updates on the four points cover "
        f"{percent(way[0])} of the way, PyTorch's {percent(way[1])}."
    )


def _hurried(measure: Measures, sgd: Any) -> str:
    updates, batches, eta = 20, 4, sgd.settings["eta"]
    meant = [eta * (1 - update / updates) for update in range(updates)]
    got = [eta * max(0.0, 1 - ((update + 1) * batches - 1) / updates) for update in range(updates)]
    ends = [measure.four(sgd, updates, rates) for rates in (meant, got)]
    still = sum(rate == 0 for rate in got)
    return (
        f"gradient_accumulation_steps={batches} makes an update of {batches} batches, but asks a "
        f"schedule with the count of batches: one that falls to 0 in {updates} updates is there in "
        f"{updates - still}, and {still} updates move nothing. On the four points they end at "
        f"w = {number(ends[1], 3)}, where the schedule as meant ends at {number(ends[0], 3)}. "
        f"Give a schedule {batches} times the steps."
    )


def _single(measure: Measures) -> str:
    points, eta, bound = four_points(), 0.1, 1.0
    w = {"double": 3.0, "single": 3.0}
    for update in range(10):
        for kind in w:
            g = float(points.gradient([w[kind]], [update % points.n])[0])
            norm = max(abs(g), bound)
            w[kind] -= eta * g * bound / (float(np.float32(norm)) if kind == "single" else norm)
    return (
        "In Keras 3.15 on its PyTorch backend clipnorm divides by a norm that was rounded to "
        f"float32, whatever the weights are in: {number(_relative(w['single'], w['double']), 2)} "
        "of w after ten updates of SGD on the four points. That is a slip of Keras: on its JAX "
        "backend it is exact. simopt does not repeat it."
    )


def _relative(a: float, b: float) -> float:
    return abs(a - b) / abs(b)


FRAMEWORK = Framework(
    key="keras",
    name="Keras",
    version="keras 3.15.1",
    position=2,
    decay="decoupled",
    rules={
        "SGD": {"eta": 0.01},
        "Momentum": INSIDE,
        "Nesterov": INSIDE,
        "AdaGrad": {"epsilon": 1e-7, "initial_accumulator": 0.1},
        "RMSprop": {"rate_place": "inside", "epsilon": 1e-7},
        "Adam": HAT,
        "AdamW": {**HAT, "decay": "decoupled", "weight_decay": 0.004},
        "AMSGrad": {**HAT, "bias_correction": True},
        "NAdam": {"epsilon": 1e-7, "momentum_decay": 1.0},
        "Adamax": {"epsilon_place": "outside", "eta": 0.001, "epsilon": 1e-7},
        "Adadelta": {"eta": 0.001, "epsilon": 1e-7},
        "Lion": {},
        "LAMB": {"epsilon": 1e-7, "weight_decay": 0.0, "decay_place": "outside"},
        "FTRL": {
            "eta": 0.001,
            "smoothing": 0.0,
            "initial_accumulator": 0.1,
            "l2_counts": "twice",
        },
        "Adafactor": {"eta": 0.001, "decay_place": "outside"},
        "ScheduleFreeAdamW": {"counts": "equal", "decay_place": "mean"},
        "Muon": {
            **HAT,
            "eta": 0.001,
            "beta2": 0.999,
            "weight_decay": 0.004,
            "adam_ratio": 1.0,
            "scale": "match_rms_adamw",
        },
    },
    arguments={
        "eta": "learning_rate",
        "beta": "momentum",
        "beta1": "beta_1",
        "beta2": "beta_2",
        "rho": "rho",
        "epsilon": "epsilon",
        "initial_accumulator": "initial_accumulator_value",
        "weight_decay": "weight_decay",
        "clip_norm": {"": "global_clipnorm", "each variable apart": "clipnorm"},
        "clip_value": "clipvalue",
    },
    spelled=("tf", "tensorflow"),
    calls=(
        Call("keras.optimizers.SGD()", "SGD"),
        Call("keras.optimizers.SGD(momentum=0.9)", "Momentum"),
        Call("keras.optimizers.SGD(momentum=0.9, nesterov=True)", "Nesterov"),
        Call("keras.optimizers.Adagrad()", "AdaGrad"),
        Call("keras.optimizers.RMSprop()", "RMSprop"),
        Call("keras.optimizers.RMSprop(momentum=0.9)", "RMSprop", {"momentum": 0.9}),
        Call("keras.optimizers.Adam()", "Adam"),
        Call(
            "keras.optimizers.Adam(weight_decay=0.01)",
            "Adam",
            {"weight_decay": 0.01},
            "decoupled: this is AdamW's",
        ),
        Call("keras.optimizers.Adam(amsgrad=True)", "AMSGrad"),
        Call("keras.optimizers.AdamW()", "AdamW"),
        Call("keras.optimizers.Nadam()", "NAdam"),
        Call("keras.optimizers.Adamax()", "Adamax"),
        Call("keras.optimizers.Adadelta()", "Adadelta"),
        Call(
            "keras.optimizers.Ftrl()",
            "FTRL",
            note="the first update forgets the weights that it starts from",
        ),
        Call(
            "keras.optimizers.ScheduleFreeAdamW()",
            "ScheduleFreeAdamW",
            note="all updates count the same, a warm-up's too",
        ),
        Call("keras.optimizers.Adafactor()", "Adafactor", note="of a vector"),
        Call("keras.optimizers.Muon()", "Muon", note="of a vector, which goes by AdamW"),
        Call("keras.optimizers.Lion()", "Lion"),
        Call("keras.optimizers.Lamb()", "LAMB"),
        Call(
            "keras.optimizers.Lamb(weight_decay=0.01)",
            "LAMB",
            {"weight_decay": 0.01},
            "taken beforehand, no part of what is scaled",
        ),
    ),
    left_out={
        "keras.optimizers.LossScaleOptimizer": "scales the loss for half precision, around another",
        "keras.optimizers.MultiOptimizer": "one for each group of variables",
    },
    schedules={"plateau": "by min_delta"},
    surprises=(
        Surprise(
            "Keras and optax start AdaGrad's sum of squares at 0.1",
            20,
            (("AdaGrad", {"convention": "keras"}), ("AdaGrad", {})),
            _accumulator,
        ),
        Surprise(
            "Keras' Adam has another ε in another place",
            40,
            tuple(("Adam", {"convention": each}) for each in ("keras", "torch")),
            _epsilon_hat,
        ),
        Surprise(
            "In Keras and scikit-learn the rate goes into the buffer of momentum",
            50,
            tuple(("Momentum", {"eta": 0.01, "convention": each}) for each in ("keras", "torch")),
            _drop,
        ),
        Surprise(
            "Keras decouples every weight decay",
            60,
            tuple(
                ("Adam", {"eta": 0.1, "weight_decay": 0.01, "convention": each})
                for each in ("keras", "torch")
            ),
            _decoupled,
        ),
        Surprise(
            "NAdam's momentum warms up at different speeds",
            80,
            tuple(("NAdam", {"eta": 0.1, "convention": each}) for each in ("keras", "torch")),
            _nadam,
        ),
        Surprise(
            "Keras' Adadelta hardly moves",
            100,
            tuple(("Adadelta", {"convention": each}) for each in ("keras", "torch")),
            _adadelta,
        ),
        Surprise(
            "Keras' schedules run ahead where gradients are accumulated",
            22,
            (("SGD", {"eta": 0.01, "convention": "keras"}),),
            _hurried,
        ),
        Surprise(
            "Keras on PyTorch clips in single precision",
            140,
            ('clip_norm=1.0 with convention="keras": exact',),
            _single,
        ),
    ),
)
