"""optax. Its learning rates have no default: 0.001 stands for it."""

from typing import Any

from simopt.ground.formatting import listing, number, percent
from simopt.rules.framework import Call, Framework, Measures, Surprise

OUTSIDE = {"epsilon_place": "outside"}


def _amsgrad(measure: Measures, optax: Any, torch: Any) -> str:
    return (
        "optax keeps the largest v after its bias is corrected, PyTorch and Keras before: with "
        f"β₂ = 0.9 and η = 0.1 they come to be {percent(measure.farthest(optax, torch, 100))} of w "
        "apart on the four points."
    )


def _polyak(measure: Measures, *scaled: Any) -> str:
    etas = [each.settings["eta"] for each in scaled]
    steps = [eta * measure.moves(each, 1.0)[0] for eta, each in zip(etas, scaled, strict=True)]
    return (
        "optax scales the gradient before it takes its norm, whose square stands below: where a "
        f"step is not bounded, scalings of {listing(map(number, etas))} make steps of "
        f"{listing(map(number, steps))} at a gradient of 1 and a loss of 1/2. By its docstring "
        f"they would be {listing(number(eta * steps[1] / etas[1]) for eta in etas)}."
    )


def _momo(measure: Measures, optax: Any, authors: Any) -> str:
    here, there = (measure.four(each, 1) for each in (optax, authors))
    eta, decay = (number(float(optax.settings[name])) for name in ("eta", "weight_decay"))
    return (
        "momo and momo_adam divide the weight by 1 + ηλ and then step, where their authors divide "
        f"the stepped weight: at η = {eta} and λ = {decay} the first update of the four points "
        f"ends at w = {number(here)}, the authors' at {number(there)}."
    )


def _optimistic(measure: Measures, optax: Any, paper: Any) -> str:
    here, there = (measure.moves(each, 1.0)[0] for each in (optax, paper))
    return (
        "nesterov is True unless it is set, which the formula in its docstring is not: the first "
        f"step is {number(here)} η long, not {number(there)} η."
    )


FRAMEWORK = Framework(
    key="optax",
    name="optax",
    version="optax 0.2.8",
    position=3,
    rules={
        "SGD": {},
        "Momentum": {},
        "Nesterov": {},
        "AdaGrad": {"epsilon": 1e-7, "initial_accumulator": 0.1, "zero_guard": True},
        "RMSprop": {"rate_place": "inside"},
        "Adam": OUTSIDE,
        "AdamW": {**OUTSIDE, "decay": "decoupled", "weight_decay": 1e-4},
        "AMSGrad": {**OUTSIDE, "bias_correction": True, "maximum": "corrected"},
        "NAdam": {},
        "RAdam": {**OUTSIDE, "threshold_included": True, "threshold": 5.0},
        "Adamax": {"eta": 0.001},
        "Adadelta": {"rho": 0.9},
        "Lion": {"decay": "decoupled", "weight_decay": 1e-3},
        "SignSGD": {},
        "AdaBelief": {},
        "Yogi": {"eta": 0.001, "bias_correction": True, "initial_accumulator": 1e-6},
        "Adan": {"decay": "decoupled", "ahead": "complement", "epsilon_root": 1e-8},
        "ADOPT": {},
        "AdEMAMix": {"decay": "decoupled"},
        "LARS": {"eta": 0.001, "weight_decay": 0.0, "denominator": "norm of sum"},
        "LAMB": {"weight_decay": 0.0},
        "ScheduleFreeSGD": {},
        "ScheduleFreeAdamW": {},
        "OptimisticGradient": {},
        "ACProp": {"decay": "decoupled", "mean_of": "previous"},
        "NovoGrad": {"eta": 0.001, "beta1": 0.9, "beta2": 0.25, "epsilon": 1e-6},
        "MADGRAD": {"eta": 0.001},
        "Rprop": {"eta": 0.001, "step_of": "previous"},
        "DoG": {},
        "DoWG": {},
        "DAdaptAdamW": {"bias_correction": True},
        "Prodigy": {"bias_correction": True},
        "Adafactor": {"eta": 0.001, "relative_step": False, "decay_place": "fixed"},
        "PolyakSGD": {"coefficient": 1.0, "negligible": 2.0**-52, "norm_of": "scaled"},
        "OptimisticAdam": {"nesterov": True},
        "SimplifiedAdEMAMix": {"decay": "decoupled"},
        "COCOB": {},
        "MoMo": {"negligible": 2.0**-52, "decay_place": "before"},
        "MoMoAdam": {"negligible": 2.0**-52, "decay_place": "before"},
        "Muon": {
            "eta": 0.001,
            "beta2": 0.999,
            "epsilon": 1e-8,
            "epsilon2": 1e-8,
            "adam_ratio": 1.0,
            "bias_correction": True,
            "others": "NAdamW",
        },
    },
    arguments={
        "eta": "learning_rate",
        "beta": "momentum",
        "beta1": "b1",
        "beta2": "b2",
        "beta3": "b3",
        "rho": {"RMSprop": "decay", "": "rho"},
        "epsilon": "eps",
        "epsilon_root": "eps_root",
        "initial_accumulator": {"Adagrad": "initial_accumulator_value", "RMSprop": "initial_scale"},
        "least": {"polyak_sgd": "f_min", "": "lower_bound"},
        "largest": "max_learning_rate",
        "weight_decay": {
            "adafactor": "weight_decay_rate",
            "": "weight_decay, add_decayed_weights",
        },
        "clip_norm": "clip_by_global_norm",
        "clip_value": "clip",
    },
    calls=(
        Call("optax.sgd(0.001)", "SGD"),
        Call("optax.sgd(0.001, momentum=0.9)", "Momentum"),
        Call("optax.sgd(0.001, momentum=0.9, nesterov=True)", "Nesterov"),
        Call("optax.adagrad(0.001)", "AdaGrad"),
        Call("optax.rmsprop(0.001)", "RMSprop"),
        Call("optax.rmsprop(0.001, eps_in_sqrt=False)", "RMSprop", OUTSIDE, "PyTorch's place of ε"),
        Call("optax.rmsprop(0.001, momentum=0.9)", "RMSprop", {"momentum": 0.9}),
        Call("optax.adam(0.001)", "Adam"),
        Call(
            "optax.adam(0.001, eps=0.0, eps_root=1e-8)",
            "Adam",
            note="the only one that has the document's formula",
            convention="document",
        ),
        Call("optax.adamw(0.001)", "AdamW"),
        Call("optax.amsgrad(0.001)", "AMSGrad"),
        Call("optax.nadam(0.001)", "NAdam"),
        Call("optax.radam(0.001)", "RAdam"),
        Call("optax.adamax(0.001)", "Adamax"),
        Call("optax.adadelta(1.0)", "Adadelta"),
        Call("optax.adamaxw(0.001)", "Adamax", {"weight_decay": 1e-4, "decay": "decoupled"}),
        Call("optax.nadamw(0.001)", "NAdam", {"weight_decay": 1e-4, "decay": "decoupled"}),
        Call("optax.rprop(0.001)", "Rprop", note="the first update moves nothing"),
        Call(
            "optax.sm3(0.001)",
            "AdaGrad",
            {"epsilon": 1e-8, "initial_accumulator": 0.0, "momentum": 0.9},
            "of a vector; of a matrix it is another rule",
        ),
        Call(
            "optax.signum(0.001)",
            "Lion",
            {"beta1": 0.9, "beta2": 0.9, "weight_decay": 0.0},
            "the sign of a fading mean: Lion's with one beta",
        ),
        Call("optax.lion(0.001)", "Lion"),
        Call("optax.sign_sgd(0.001)", "SignSGD"),
        Call("optax.adabelief(0.001)", "AdaBelief"),
        Call("optax.yogi(0.001)", "Yogi"),
        Call("optax.adan(0.001)", "Adan", note="changes count 0.08, the paper's 0.92"),
        Call("optax.contrib.adopt(0.001)", "ADOPT"),
        Call("optax.contrib.ademamix(0.001)", "AdEMAMix"),
        Call("optax.lars(0.001)", "LARS"),
        Call("optax.novograd(0.001)", "NovoGrad"),
        Call("optax.contrib.madgrad(0.001)", "MADGRAD"),
        Call("optax.contrib.dog()", "DoG"),
        Call("optax.contrib.dowg()", "DoWG"),
        Call("optax.contrib.dadapt_adamw()", "DAdaptAdamW"),
        Call("optax.contrib.prodigy()", "Prodigy"),
        Call("optax.adafactor(0.001)", "Adafactor", note="of a vector"),
        Call("optax.adafactor()", "Adafactor", {"eta": 1.0}, "no rate: η is 1"),
        Call(
            "optax.adafactor(0.001, momentum=0.9, dtype_momentum=float, weight_decay_rate=1e-4)",
            "Adafactor",
            {"momentum": 0.9, "weight_decay": 1e-4},
            "weights decay by a share that the rate does not change; the mean is in float32 unless "
            "dtype_momentum is set",
        ),
        Call("optax.polyak_sgd()", "PolyakSGD", note="its scaling is η here"),
        Call('optax.polyak_sgd(variant="sps+")', "PolyakSGD", {"gap": "positive"}),
        Call("optax.contrib.muon(0.001)", "Muon", note="of a vector, which goes by NAdamW"),
        Call("optax.lamb(0.001)", "LAMB", note="scaled by the ratio without weight decay, too"),
        Call("optax.contrib.schedule_free_sgd()", "ScheduleFreeSGD"),
        Call("optax.contrib.schedule_free_adamw()", "ScheduleFreeAdamW"),
        Call("optax.optimistic_gradient_descent(0.001)", "OptimisticGradient"),
        Call("optax.contrib.acprop(0.001)", "ACProp"),
        Call(
            "optax.optimistic_adam(0.001)",
            "OptimisticAdam",
            note="NAdam's direction unless nesterov=False; its optimism is a rate",
        ),
        Call(
            "optax.optimistic_adam_v2(0.001, nesterov=False)",
            "OptimisticAdam",
            {"nesterov": False},
            "the paper's",
        ),
        Call("optax.contrib.simplified_ademamix(0.001)", "SimplifiedAdEMAMix"),
        Call(
            "optax.contrib.cocob()",
            "COCOB",
            note="its learning_rate multiplies gradients, and drops out",
        ),
        Call("optax.contrib.momo()", "MoMo", note="without weight decay the paper's"),
        Call(
            "optax.contrib.momo(adapt_lower_bound=True)",
            "MoMo",
            {"bound": "estimated"},
        ),
        Call("optax.contrib.momo_adam()", "MoMoAdam", note="without weight decay the paper's"),
        Call(
            "optax.contrib.momo_adam(adapt_lower_bound=True)",
            "MoMoAdam",
            {"bound": "estimated"},
        ),
    ),
    left_out={
        "optax.fromage": "puts the weights back to their length",
        "optax.noisy_sgd": "draws noise",
        "optax.lbfgs": "searches along a line",
        "optax.contrib.mechanize": "tunes another one's rate",
        "optax.contrib.sophia": "asks for a Hessian",
        "optax.contrib.galore": "projects matrices",
        "optax.contrib.dpsgd": "clips each point's gradient and draws noise",
        "optax.contrib.sam": "takes a second gradient",
        "optax.contrib.schedule_free": "around another: SGD's and AdamW's are here",
    },
    schedules={"plateau": "by rtol or atol", "cosine": "stays", "one_cycle": "total"},
    surprises=(
        Surprise(
            "optax' optimistic Adam is an optimistic NAdam",
            84,
            tuple(("OptimisticAdam", {"convention": each}) for each in ("optax", "document")),
            _optimistic,
        ),
        Surprise(
            "optax' MoMo decays the weight before its step",
            86,
            tuple(
                ("MoMo", {"eta": 0.05, "weight_decay": 2.0, "convention": each})
                for each in ("optax", "document")
            ),
            _momo,
        ),
        Surprise(
            "AMSGrad's maximum is of two different things",
            70,
            tuple(
                ("AMSGrad", {"eta": 0.1, "beta2": 0.9, "convention": each})
                for each in ("optax", "torch")
            ),
            _amsgrad,
        ),
        Surprise(
            "Polyak's step is divided by its scaling",
            75,
            tuple(
                ("PolyakSGD", {"eta": eta, "largest": 10.0, "convention": "optax"})
                for eta in (0.5, 1.0, 2.0)
            ),
            _polyak,
        ),
    ),
)
