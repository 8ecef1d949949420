"""Surprise's SVD: SGD on half the squared error of a rating, point by point, biases decaying too.

A rating's update is about its own user's and item's weights: the others don't decay. Ratings are
never shuffled, but come user by user.
"""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise

HALF = "half the squared error: lr_all is 2 η; only the rated user's and item's weights decay"


def _half(measure: Measures, whole: Any, half: Any) -> str:
    steps = [measure.four(each, 1) - 3.0 for each in (whole, half)]
    return (
        "It minimises half the squared error, whatever the batch: η = 0.005 moves the first step "
        f"on the four points by {number(steps[0], 2)}, lr_all = 0.005 by {number(steps[1], 2)}. "
        "Weights decay by reg_all = 0.02 unless it is set, biases too, and an epoch visits the "
        "ratings user by user, never shuffled."
    )


FRAMEWORK = Framework(
    key="surprise",
    name="Surprise",
    version="scikit-surprise 1.1.5",
    rules={"SGD": {"eta": 0.005, "weight_decay": 0.02}},
    arguments={"eta": "lr_all", "weight_decay": "reg_all"},
    calls=(
        Call("surprise.SVD()", "SGD", note=HALF),
        Call("surprise.SVD(lr_all=0.01, reg_all=0.0)", "SGD", {"eta": 0.01, "weight_decay": 0.0}),
    ),
    surprises=(
        Surprise(
            "Surprise visits ratings user by user, and has half the loss",
            112,
            (
                ("SGD", {"eta": 0.005}),
                ("SGD", {"eta": 0.0025, "weight_decay": 0.04, "convention": "surprise"}),
            ),
            _half,
        ),
    ),
)
