"""lion-pytorch: Lion, as most who train with PyTorch have it."""

from simopt.rules.framework import Call, Framework

FRAMEWORK = Framework(
    key="lion_pytorch",
    name="lion-pytorch",
    version="lion-pytorch 0.2.5",
    rules={"Lion": {"eta": 1e-4, "decay": "decoupled"}},
    arguments={
        "eta": "lr",
        "beta1": "betas",
        "beta2": "betas",
        "weight_decay": "weight_decay",
    },
    calls=(
        Call("lion_pytorch.Lion(params)", "Lion"),
        Call(
            "lion_pytorch.Lion(params, weight_decay=0.01)",
            "Lion",
            {"weight_decay": 0.01},
            "decoupled, whatever decoupled_weight_decay is: that takes the rate out of it",
        ),
    ),
)
