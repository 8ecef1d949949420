"""scikit-learn: `SGDRegressor` and the solvers of `MLPRegressor`."""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise

INSIDE = {"rate_place": "inside"}


def _half(measure: Measures, whole: Any, half: Any) -> str:
    steps = [measure.four(each, 1) - 3.0 for each in (whole, half)]
    return (
        f"It minimises half the squared error, so its eta0 is 2 η here: η = 0.01 moves the first "
        f"step on the four points by {number(steps[0])}, eta0 = 0.01 by {number(steps[1])}."
    )


FRAMEWORK = Framework(
    key="sklearn",
    name="scikit-learn",
    version="scikit-learn 1.9.1",
    position=4,
    decays_intercepts=False,
    rules={
        "SGD": {"eta": 0.01, "decay": "clipped"},
        "Momentum": INSIDE,
        "Nesterov": INSIDE,
        "Adam": {"epsilon_place": "hat"},
    },
    arguments={
        "eta": "eta0, learning_rate_init",
        "beta": "momentum",
        "beta1": "beta_1",
        "beta2": "beta_2",
        "epsilon": "epsilon",
        "weight_decay": "alpha",
    },
    spelled=("sklearn", "scikit"),
    calls=(
        Call(
            'SGDRegressor(penalty=None, learning_rate="constant", eta0=0.02)',
            "SGD",
            note="half the squared error: eta0 is 2 η",
        ),
        Call(
            'MLPRegressor(solver="sgd", alpha=0, nesterovs_momentum=False)',
            "Momentum",
            note="half the squared error here too",
        ),
        Call(
            'MLPRegressor(solver="sgd", alpha=0)',
            "Nesterov",
            note="looks ahead unless told not to",
        ),
        Call(
            "MLPRegressor(alpha=0)",
            "Adam",
            note="its alpha, 0.0001 if not set, is divided by the batch size and joins the "
            "gradient",
        ),
    ),
    surprises=(
        Surprise(
            "scikit-learn's SGDRegressor has half the loss",
            110,
            (("SGD", {"eta": 0.01}), ("SGD", {"eta": 0.005, "convention": "sklearn"})),
            _half,
        ),
    ),
)
