"""candle: SGD without momentum, and AdamW; read in its source, ``candle-nn/src/optim.rs``."""

from simopt.rules.framework import Call, Framework

FRAMEWORK = Framework(
    key="candle",
    name="candle",
    version="candle 0.11.0 (2a13b0f3)",
    played=False,
    rules={
        "SGD": {},
        "AdamW": {"epsilon_place": "outside", "decay": "decoupled", "weight_decay": 0.01},
    },
    arguments={
        "eta": "lr",
        "beta1": "beta1",
        "beta2": "beta2",
        "epsilon": "eps",
        "weight_decay": "weight_decay",
    },
    calls=(
        Call("candle_nn::SGD::new(vars, 0.001)", "SGD", note="there is no momentum"),
        Call("candle_nn::AdamW::new(vars, ParamsAdamW::default())", "AdamW"),
        Call("candle_nn::AdamW::new_lr(vars, 0.01)", "AdamW", {"eta": 0.01}),
    ),
)
