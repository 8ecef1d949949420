"""transformers' ``Trainer``: PyTorch's optimizers, a rate of 5e-5, no weight decay, clipping to 1.

Its `Adafactor` has a rate of its own, but not in ``Trainer``, which does not scale its steps to the
weights either. Biases and the weights of norms do not decay.
"""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise

RATE = {"eta": 5e-5}
CLIPS = "Trainer clips the whole gradient's norm to 1 besides (max_grad_norm)"


def _decay(measure: Measures, transformers: Any, torch: Any) -> str:
    return (
        f"The default optimizer is AdamW with weight_decay="
        f"{number(transformers.settings['weight_decay'])}, that is, Adam; torch.optim.AdamW decays "
        f"by {number(torch.settings['weight_decay'])}. Its rate is "
        f"{number(transformers.settings['eta'])}, where PyTorch has "
        f"{number(torch.settings['eta'])}, and falls linearly to 0 over the training."
    )


FRAMEWORK = Framework(
    key="transformers",
    name="transformers",
    version="transformers 5.23.0",
    clip_slack=1e-6,
    decays_intercepts=False,
    rules={
        "SGD": RATE,
        "AdaGrad": {**RATE, "epsilon_place": "outside", "epsilon": 1e-10},
        "RMSprop": {**RATE, "epsilon_place": "outside", "rho": 0.99},
        "AdamW": {**RATE, "epsilon_place": "outside", "decay": "decoupled", "weight_decay": 0.0},
        "Adafactor": {"decay_place": "scaled"},
    },
    arguments={
        "eta": {"Adafactor": "lr", "": "learning_rate"},
        "beta1": "adam_beta1",
        "beta2": "adam_beta2",
        "epsilon": {"AdamW": "adam_epsilon"},
        "weight_decay": "weight_decay",
        "clip_norm": "max_grad_norm",
    },
    calls=(
        Call("transformers.TrainingArguments(output_dir)", "AdamW", note=CLIPS),
        Call(
            "transformers.TrainingArguments(output_dir, weight_decay=0.01)",
            "AdamW",
            {"weight_decay": 0.01},
            "biases and norms are left out; " + CLIPS,
        ),
        Call(
            "transformers.Adafactor(params)", "Adafactor", note="of a vector; its rate is its own"
        ),
        Call(
            "transformers.Adafactor(params, beta1=0.9, weight_decay=0.01)",
            "Adafactor",
            {"momentum": 0.9, "weight_decay": 0.01},
            "weights decay by their own size",
        ),
        Call(
            "transformers.Adafactor(params, lr=0.001, relative_step=False, weight_decay=0.01)",
            "Adafactor",
            {"eta": 0.001, "relative_step": False, "weight_decay": 0.01},
            "with a rate, steps still scaled",
        ),
        Call(
            'transformers.TrainingArguments(output_dir, optim="adafactor")',
            "Adafactor",
            {**RATE, "relative_step": False, "scale_parameter": False},
            "of a vector, neither relative nor scaled; " + CLIPS,
        ),
        Call('transformers.TrainingArguments(output_dir, optim="sgd")', "SGD", note=CLIPS),
        Call('transformers.TrainingArguments(output_dir, optim="adagrad")', "AdaGrad", note=CLIPS),
        Call('transformers.TrainingArguments(output_dir, optim="rmsprop")', "RMSprop", note=CLIPS),
    ),
    left_out={
        "other names of optim": "other packages' own, which have conventions of theirs",
    },
    schedules={"cosine": "rises"},
    surprises=(
        Surprise(
            "transformers' AdamW does not decay weights unless asked",
            7,
            tuple(("AdamW", {"convention": each}) for each in ("transformers", "torch")),
            _decay,
        ),
    ),
)
