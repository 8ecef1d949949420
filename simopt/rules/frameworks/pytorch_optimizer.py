"""pytorch-optimizer: many optimizers under PyTorch's interface; these are some of them."""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise

OUTSIDE = {"epsilon_place": "outside"}
DECOUPLED = {"decay": "decoupled"}


def _yogi(measure: Measures, theirs: Any, paper: Any) -> str:
    gradient = 0.01
    here, there = (measure.moves(each, gradient)[0] for each in (theirs, paper))
    return (
        "Both of Yogi's moments start at 10⁻⁶ and are then corrected as if from 0, in optax too: "
        f"the first step of a gradient of {number(gradient)} is {number(here, 3)} η long, that of "
        f"the paper's rule {number(there, 3)} η."
    )


def _lamb(measure: Measures, theirs: Any, paper: Any) -> str:
    here, there = (measure.four(each, 1) - 3.0 for each in (theirs, paper))
    return (
        "Its text says that it is not bias-corrected, and its rate is, by 1 - β₁ᵗ: the first step "
        f"on the four points is {number(here / there, 2)} times that of the paper's rule."
    )


FRAMEWORK = Framework(
    key="pytorch_optimizer",
    name="pytorch-optimizer",
    version="pytorch-optimizer 4.1.0",
    rules={
        "Lion": {"eta": 1e-4, **DECOUPLED},
        "AdaBelief": DECOUPLED,
        "Yogi": {"bias_correction": True, "initial_accumulator": 1e-6, **DECOUPLED},
        "Adan": {},
        "ADOPT": {"clipping": "all"},
        "AdEMAMix": {},
        "QHAdam": {"beta1": 0.9, "nu1": 1.0},
        # A constant under the root that no argument sets.
        "AdaBound": {**DECOUPLED, "epsilon_root": 1e-15},
        "LaProp": {"epsilon_place": "hat", "epsilon_root": 1e-15, "decay": "stepped"},
        "Tiger": {**DECOUPLED, "weight_decay": 0.01},
        "MADGRAD": {"eta": 0.001},
        "SGD": {},
        "AdaGrad": {"eta": 0.1, "epsilon": 1e-30},
        "RMSprop": {**OUTSIDE, "eta": 0.01, "rho": 0.99},
        "Adam": OUTSIDE,
        "AdamW": {**OUTSIDE, **DECOUPLED, "weight_decay": 0.01},
        "NAdam": {"eta": 0.002, "momentum_decay": 0.004},
        "Adamax": {"eta": 0.001},
        "Adadelta": {"rho": 0.9},
        "NovoGrad": {"eta": 0.001},
        "ScheduleFreeSGD": {},
        # A bound of the weights' norm that no argument sets.
        "LAMB": {
            "weight_decay": 0.0,
            "bias_correction": "rate",
            "decay_place": "outside",
            "largest": 10.0,
        },
    },
    arguments={
        "eta": "lr",
        "beta": "beta",
        "beta1": "betas",
        "beta2": "betas",
        "beta3": "betas",
        "epsilon": "eps",
        "initial_accumulator": "initial_accumulator",
        "weight_decay": "weight_decay",
        "final_rate": "final_lr",
        "narrowing": "gamma",
    },
    calls=(
        Call("pytorch_optimizer.SGD(params)", "SGD"),
        Call(
            "pytorch_optimizer.SGDW(params, weight_decay=0.01)",
            "SGD",
            {"eta": 1e-4, "weight_decay": 0.01, "decay": "decoupled"},
        ),
        Call("pytorch_optimizer.SM3(params)", "AdaGrad", note="of a vector"),
        Call("pytorch_optimizer.RMSprop(params)", "RMSprop"),
        Call("pytorch_optimizer.Adam(params)", "Adam"),
        Call("pytorch_optimizer.AdamW(params)", "AdamW"),
        Call("pytorch_optimizer.NAdam(params)", "NAdam"),
        Call("pytorch_optimizer.AdaMax(params)", "Adamax"),
        Call("pytorch_optimizer.AdaDelta(params)", "Adadelta"),
        Call("pytorch_optimizer.NovoGrad(params)", "NovoGrad", note="a sum of steps, not a mean"),
        Call("pytorch_optimizer.ScheduleFreeSGD(params)", "ScheduleFreeSGD"),
        Call("pytorch_optimizer.Lion(params)", "Lion"),
        Call("pytorch_optimizer.AdaBelief(params)", "AdaBelief"),
        Call(
            "pytorch_optimizer.AdaBelief(params, weight_decay=0.01, fixed_decay=True)",
            "AdaBelief",
            {"weight_decay": 0.01, "decay": "fixed"},
            "by a share that the rate does not change",
        ),
        Call("pytorch_optimizer.Yogi(params)", "Yogi"),
        Call("pytorch_optimizer.Adan(params)", "Adan"),
        Call("pytorch_optimizer.ADOPT(params)", "ADOPT"),
        Call("pytorch_optimizer.AdEMAMix(params)", "AdEMAMix"),
        Call("pytorch_optimizer.QHAdam(params)", "QHAdam", note="with its defaults Adam"),
        Call(
            "pytorch_optimizer.QHAdam(params, betas=(0.995, 0.999), nus=(0.7, 1.0))",
            "QHAdam",
            {"beta1": 0.995, "nu1": 0.7},
            "the paper's recommendation",
        ),
        Call("pytorch_optimizer.Tiger(params)", "Tiger"),
        Call("pytorch_optimizer.Lamb(params)", "LAMB", note="the rate alone is bias-corrected"),
        Call(
            "pytorch_optimizer.Lamb(params, weight_decay=0.01)",
            "LAMB",
            {"weight_decay": 0.01},
            "taken beforehand",
        ),
        Call(
            "pytorch_optimizer.Lamb(params, weight_decay=0.01, weight_decouple=False)",
            "LAMB",
            {"weight_decay": 0.01, "decay_place": "inside"},
            "a part of what is scaled, as in the paper",
        ),
        Call("pytorch_optimizer.MADGRAD(params)", "MADGRAD"),
        Call(
            "pytorch_optimizer.MADGRAD(params, lr=0.1, weight_decay=0.01)",
            "MADGRAD",
            {"eta": 0.1, "weight_decay": 0.01},
            "added to the gradient",
        ),
        Call("pytorch_optimizer.AdaBound(params)", "AdaBound"),
        Call("pytorch_optimizer.LaProp(params)", "LaProp"),
        Call(
            "pytorch_optimizer.LaProp(params, weight_decay=0.01)",
            "LaProp",
            {"weight_decay": 0.01},
        ),
    ),
    left_out={
        "pytorch_optimizer.Prodigy": "prodigyopt's, but for its weight decay",
        "pytorch_optimizer.DAdaptAdam": "DAdaptAdamW of the document, but for its weight decay",
        "pytorch_optimizer.Ranger": (
            "its first five updates go up the slope, unless degenerated_to_sgd=True"
        ),
        "pytorch_optimizer.AdaSmooth": "its first step is a hundred rates long",
        "all others": "a hundred, most in few hands; AdaFactor keeps its mean of steps in bfloat16",
    },
    surprises=(
        Surprise(
            "pytorch-optimizer's LAMB begins with ten times the step",
            56,
            (
                ("LAMB", {"weight_decay": 0.0, "convention": "pytorch_optimizer"}),
                ("LAMB", {"weight_decay": 0.0}),
            ),
            _lamb,
        ),
        Surprise(
            "Yogi's means start at a millionth",
            75,
            (
                ("Yogi", {"convention": "pytorch_optimizer"}),
                ("Yogi", {}),
            ),
            _yogi,
        ),
    ),
)
