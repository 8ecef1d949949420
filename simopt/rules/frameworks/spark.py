"""Spark's ``mllib.optimization``: SGD whose rate falls with the root of the updates, unasked.

Read in its sources, ``Updater.scala`` and ``GradientDescent.scala``. `L1Updater` is not here.
"""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise

FALLING = "the rate falls as 1/√t: schedule=simopt.schedules.inverse_sqrt()"


def _root(measure: Measures, spark: Any) -> str:
    return (
        f"stepSize is {number(spark.settings['eta'])} unless it is set, and is divided by the root "
        f"of the update's number: the hundredth update has {number(1 / 100**0.5)} of it, whatever "
        "was meant by a rate."
    )


FRAMEWORK = Framework(
    key="spark",
    name="Spark",
    version="spark-mllib 0cfc65d1",
    played=False,
    decay="decoupled",
    rules={"SGD": {"eta": 1.0}},
    arguments={"eta": "stepSize", "weight_decay": "regParam"},
    spelled=("pyspark", "spark", "mllib"),
    calls=(
        Call("GradientDescent.setUpdater(new SimpleUpdater)", "SGD", note=FALLING),
        Call(
            "GradientDescent.setUpdater(new SquaredL2Updater).setRegParam(0.01)",
            "SGD",
            {"weight_decay": 0.01},
            FALLING,
        ),
    ),
    surprises=(
        Surprise(
            "Spark's rate falls unasked",
            105,
            (("SGD", {"convention": "spark"}),),
            _root,
        ),
    ),
)
