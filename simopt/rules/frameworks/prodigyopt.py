"""prodigyopt: Prodigy, by the authors of the paper."""

from simopt.rules.framework import Call, Framework

FRAMEWORK = Framework(
    key="prodigyopt",
    name="prodigyopt",
    version="prodigyopt 1.1.2",
    rules={"Prodigy": {}},
    arguments={
        "eta": "lr",
        "beta1": "betas",
        "beta2": "betas",
        "epsilon": "eps",
        "coefficient": "d_coef",
        "weight_decay": "weight_decay",
    },
    calls=(
        Call("prodigyopt.Prodigy(params)", "Prodigy", note="not bias-corrected"),
        Call(
            "prodigyopt.Prodigy(params, d0=0.001, weight_decay=0.01, use_bias_correction=True)",
            "Prodigy",
            {"d0": 0.001, "weight_decay": 0.01, "bias_correction": True},
            "decoupled",
        ),
    ),
)
