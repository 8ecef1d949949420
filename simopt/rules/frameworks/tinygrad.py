"""tinygrad, in single precision: PyTorch's formulas, and a rate inside the buffer if one wants."""

from simopt.rules.framework import Call, Framework

OUTSIDE = {"epsilon_place": "outside"}

FRAMEWORK = Framework(
    key="tinygrad",
    name="tinygrad",
    version="tinygrad 0.14.0",
    rules={
        "SGD": {},
        "Momentum": {},
        "Nesterov": {},
        "Adam": OUTSIDE,
        "AdamW": {**OUTSIDE, "decay": "decoupled", "weight_decay": 0.01},
        "LARS": {"eta": 0.001, "weight_decay": 1e-4},
        "LAMB": {"weight_decay": 0.0},
    },
    arguments={
        "eta": "lr",
        "beta": "momentum",
        "beta1": "b1",
        "beta2": "b2",
        "epsilon": "eps",
        "weight_decay": "weight_decay",
    },
    calls=(
        Call("tinygrad.nn.optim.SGD(params)", "SGD"),
        Call(
            "tinygrad.nn.optim.SGD(params, weight_decay=0.01)",
            "SGD",
            {"weight_decay": 0.01},
            "added to the gradient",
        ),
        Call("tinygrad.nn.optim.SGD(params, momentum=0.9)", "Momentum"),
        Call(
            "tinygrad.nn.optim.SGD(params, momentum=0.9, classic=True)",
            "Momentum",
            {"rate_place": "inside"},
        ),
        Call("tinygrad.nn.optim.SGD(params, momentum=0.9, nesterov=True)", "Nesterov"),
        Call("tinygrad.nn.optim.Adam(params)", "Adam"),
        Call("tinygrad.nn.optim.AdamW(params)", "AdamW"),
        Call("tinygrad.nn.optim.LARS(params)", "LARS"),
        Call("tinygrad.nn.optim.LAMB(params)", "LAMB"),
    ),
    left_out={
        "tinygrad.nn.optim.Muon": "does not scale its step by the shape, and turns vectors too",
        "tinygrad.nn.optim.OptimizerGroup": "one for each group of weights",
    },
)
