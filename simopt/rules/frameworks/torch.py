"""PyTorch: epsilon outside the root, the rate outside the buffer."""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise

OUTSIDE = {"epsilon_place": "outside"}
SLACK = 1e-6


def _epsilon_outside(measure: Measures, torch: Any, document: Any) -> str:
    gradient = 1e-5
    outside, inside = (measure.moves(each, gradient, 300)[-1] for each in (torch, document))
    return (
        f"ε = 10⁻⁸ inside a root is as good as its root outside: a gradient that stays at "
        f"{number(gradient)} moves the weight by {number(outside, 2)} η an update in PyTorch, by "
        f"{number(inside, 2)} η with ε inside, as the document, Keras and optax have it."
    )


def _rho(measure: Measures, torch: Any, keras: Any) -> str:
    first = [measure.moves(each, 1.0)[0] for each in (torch, keras)]
    rates = [each.settings["eta"] for each in (torch, keras)]
    return (
        f"ρ is {number(torch.settings['rho'])} there and {number(keras.settings['rho'])} in Keras "
        f"and optax: the first step is {number(first[0])} η long, not {number(first[1], 2)} η; at "
        f"the default rates it is {number(first[0] * rates[0] / (first[1] * rates[1]), 2)} times "
        "as long as in Keras."
    )


def _radam(measure: Measures, radam: Any, adam: Any) -> str:
    gradient = 100.0
    path = measure.moves(radam, gradient, 10)
    waiting = sum(each > 10 for each in path)
    return (
        f"In PyTorch the first {waiting} steps of a gradient of {number(gradient)} are "
        f"{number(path[0])} η long, as SGD's; Adam's are "
        f"{number(measure.moves(adam, gradient)[0])} η."
    )


def _dampening(measure: Measures, torch: Any, plain: Any) -> str:
    first, ten = measure.moves(torch, 1.0)[0], measure.moves(plain, 1.0, 10)[-1]
    share = 1 - torch.settings["dampening"]
    return (
        f"dampening=0.9 lets a share of {number(share, 2)} of every gradient in, but all of the "
        f"first: its step is {number(first)} η long, {number(first / share)} times that of an "
        f"average that starts at 0. (Without dampening the tenth step is {number(ten, 3)} η.)"
    )


def _slack(measure: Measures, torch: Any, optax: Any) -> str:
    ends = [measure.clipped(each, 1.0, 3) for each in (torch, optax)]
    return (
        f"clip_grad_norm_ divides by the norm + {number(SLACK)}: clipped to 1, SGD at η = 0.1 is "
        f"{number(abs(ends[0] - ends[1]) / abs(ends[1]), 2)} of w away from Keras and optax after "
        "three epochs of the four points."
    )


FRAMEWORK = Framework(
    key="torch",
    name="PyTorch",
    version="torch 2.13.0",
    position=1,
    clip_slack=SLACK,
    rules={
        "SGD": {},
        "Momentum": {},
        "Nesterov": {},
        "AdaGrad": {**OUTSIDE, "eta": 0.01, "epsilon": 1e-10},
        "RMSprop": {**OUTSIDE, "eta": 0.01, "rho": 0.99},
        "Adam": OUTSIDE,
        "AdamW": {**OUTSIDE, "decay": "decoupled", "weight_decay": 0.01},
        "AMSGrad": {**OUTSIDE, "bias_correction": True},
        "NAdam": {"eta": 0.002, "momentum_decay": 0.004},
        "RAdam": {"epsilon_place": "hat", "threshold": 5.0},
        "Adamax": {},
        "Adadelta": {"rho": 0.9},
        "Rprop": {},
        "ASGD": {"rate_of": "previous"},
        "Adafactor": {"epsilon_place": "least", "epsilon": 2.0**-52},
    },
    arguments={
        "eta": "lr",
        "beta": "momentum",
        "beta1": "betas",
        "beta2": "betas",
        "rho": {"RMSprop": "alpha", "": "rho"},
        "epsilon": "eps",
        "initial_accumulator": "initial_accumulator_value",
        "lr_decay": {"Adagrad": "lr_decay"},
        "dampening": {"SGD": "dampening"},
        "momentum_decay": {"NAdam": "momentum_decay"},
        "weight_decay": "weight_decay",
        "clip_norm": "clip_grad_norm_",
        "clip_value": "clip_grad_value_",
    },
    calls=(
        Call("torch.optim.SGD(params)", "SGD"),
        Call("torch.optim.SGD(params, momentum=0.9)", "Momentum"),
        Call(
            "torch.optim.SGD(params, momentum=0.9, dampening=0.9)", "Momentum", {"dampening": 0.9}
        ),
        Call("torch.optim.SGD(params, momentum=0.9, nesterov=True)", "Nesterov"),
        Call(
            "torch.optim.SGD(params, weight_decay=0.01)",
            "SGD",
            {"weight_decay": 0.01},
            "added to the gradient",
        ),
        Call("torch.optim.Adagrad(params)", "AdaGrad"),
        Call("torch.optim.RMSprop(params)", "RMSprop"),
        Call("torch.optim.RMSprop(params, momentum=0.9)", "RMSprop", {"momentum": 0.9}),
        Call("torch.optim.RMSprop(params, centered=True)", "RMSprop", {"centered": True}),
        Call("torch.optim.Adam(params)", "Adam"),
        Call(
            "torch.optim.Adam(params, weight_decay=0.01)",
            "Adam",
            {"weight_decay": 0.01},
            "added to the gradient: not AdamW",
        ),
        Call("torch.optim.Adam(params, amsgrad=True)", "AMSGrad"),
        Call("torch.optim.AdamW(params)", "AdamW"),
        Call("torch.optim.NAdam(params)", "NAdam"),
        Call("torch.optim.RAdam(params)", "RAdam"),
        Call("torch.optim.Adamax(params)", "Adamax"),
        Call("torch.optim.Adadelta(params)", "Adadelta"),
        Call(
            "torch.optim.ASGD(params)",
            "ASGD",
            note='the mean is in state["ax"] and begins after a million updates',
        ),
        Call(
            "torch.optim.Adafactor(params)",
            "Adafactor",
            note="of a vector; ε is float64's",
        ),
        Call("torch.optim.Rprop(params)", "Rprop", note="a scheduler of its rate changes nothing"),
    ),
    left_out={
        "torch.optim.SparseAdam": "takes sparse gradients, and moves only what they name",
        "torch.optim.Muon": "iterates in bfloat16",
        "torch.optim.LBFGS": "searches along a line",
    },
    schedules={"plateau": "one epoch later", "cosine": "rises", "one_cycle": "last update"},
    surprises=(
        Surprise(
            "PyTorch adds ε outside the root",
            10,
            (("RMSprop", {"convention": "torch", "rho": 0.9, "epsilon": 1e-8}), ("RMSprop", {})),
            _epsilon_outside,
        ),
        Surprise(
            "RMSprop remembers longer in PyTorch, and its rate is larger",
            30,
            (("RMSprop", {"convention": "torch"}), ("RMSprop", {"convention": "keras"})),
            _rho,
        ),
        Surprise(
            "RAdam's first steps are not divided by anything",
            90,
            tuple((rule, {"eta": 0.01, "convention": "torch"}) for rule in ("RAdam", "Adam")),
            _radam,
        ),
        Surprise(
            "PyTorch's dampening spares the first gradient",
            120,
            (("Momentum", {"dampening": 0.9}), ("Momentum", {})),
            _dampening,
        ),
        Surprise(
            "PyTorch clips to a little less than it says",
            130,
            tuple(("SGD", {"eta": 0.1, "convention": each}) for each in ("torch", "optax")),
            _slack,
        ),
    ),
)
