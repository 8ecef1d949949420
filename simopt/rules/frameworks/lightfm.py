"""LightFM: AdaGrad that divides by the past alone, and Adadelta; states in single precision.

Read in its source, ``lightfm/_lightfm_fast.pyx.template``. Its regularisation (`item_alpha`,
`user_alpha`) comes lazily, by the mean rate of an example's features, and is not here.
"""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise


def _past(measure: Measures, lightfm: Any, usual: Any) -> str:
    gradient = 10.0
    here, there = (measure.moves(each, gradient)[0] for each in (lightfm, usual))
    return (
        "Its sums start at 1 and take a gradient in after its step: the first step of a gradient "
        f"of {number(gradient)} is {number(here, 2)} η long, where AdaGrad's is "
        f"{number(there, 2)} η."
    )


FRAMEWORK = Framework(
    key="lightfm",
    name="LightFM",
    version="lightfm 1.17",
    played=False,
    rules={
        "AdaGrad": {
            "eta": 0.05,
            "epsilon": 0.0,
            "initial_accumulator": 1.0,
            "includes_gradient": False,
        },
        "Adadelta": {},
    },
    arguments={"eta": "learning_rate", "rho": "rho", "epsilon": "epsilon"},
    calls=(
        Call("lightfm.LightFM()", "AdaGrad", note="divides by the gradients before this one"),
        Call('lightfm.LightFM(learning_schedule="adadelta")', "Adadelta", note="has no rate: 1"),
    ),
    surprises=(
        Surprise(
            "LightFM's AdaGrad looks at the past alone",
            57,
            (
                ("AdaGrad", {"convention": "lightfm"}),
                ("AdaGrad", {"eta": 0.05, "initial_accumulator": 1.0}),
            ),
            _past,
        ),
    ),
)
