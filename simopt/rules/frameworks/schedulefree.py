"""schedulefree: the schedule-free optimizers, by the authors of the paper."""

from simopt.rules.framework import Call, Framework

FRAMEWORK = Framework(
    key="schedulefree",
    name="schedulefree",
    version="schedulefree 1.4.1",
    rules={"ScheduleFreeSGD": {}, "ScheduleFreeAdamW": {}, "ScheduleFreeRAdam": {}},
    arguments={
        "eta": "lr",
        "beta": "momentum",
        "beta1": "betas",
        "beta2": "betas",
        "epsilon": "eps",
        "weight_decay": "weight_decay",
    },
    calls=(
        Call("schedulefree.SGDScheduleFree(params)", "ScheduleFreeSGD"),
        Call(
            "schedulefree.SGDScheduleFree(params, weight_decay=0.01)",
            "ScheduleFreeSGD",
            {"weight_decay": 0.01},
        ),
        Call("schedulefree.AdamWScheduleFree(params)", "ScheduleFreeAdamW"),
        Call(
            "schedulefree.AdamWScheduleFree(params, weight_decay=0.01)",
            "ScheduleFreeAdamW",
            {"weight_decay": 0.01},
        ),
        Call("schedulefree.RAdamScheduleFree(params)", "ScheduleFreeRAdam"),
        Call(
            "schedulefree.RAdamScheduleFree(params, lr=0.1, weight_decay=0.01, "
            "silent_sgd_phase=False)",
            "ScheduleFreeRAdam",
            {"eta": 0.1, "weight_decay": 0.01, "waits": False},
            "its first steps are SGD's",
        ),
    ),
    left_out={
        "schedulefree.AdamWScheduleFreePaper": "the paper's draft of AdamWScheduleFree",
        "those that end with Closure or Reference": "the same numbers, called otherwise",
    },
)
