"""``jax.example_libraries.optimizers``, which are numpyro's too. Its rates have no default: 0.001.

numpyro passes its optimizers on to these, by the names of their classes.
"""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise

LIBRARY = "jax.example_libraries.optimizers"


def _adagrad(measure: Measures, jax: Any, optax: Any) -> str:
    first = [measure.moves(each, 1.0)[0] for each in (jax, optax)]
    ends = [measure.four(each, 1000) for each in (jax, optax)]
    return (
        f"adagrad has a momentum of {number(jax.settings['momentum'])} unless it is set, of a mean "
        f"of the steps: its first step is {number(first[0], 2)} η long, that of optax "
        f"{number(first[1], 2)} η. At η = 0.1 a thousand updates on the four points end at w = "
        f"{number(ends[0], 4)} and {number(ends[1], 4)}."
    )


FRAMEWORK = Framework(
    key="jax",
    name="JAX's examples",
    version="jax 0.10.2",
    rules={
        "SGD": {},
        "Momentum": {},
        "Nesterov": {},
        "AdaGrad": {"epsilon": 0.0, "zero_guard": True, "momentum": 0.9},
        "RMSprop": {"rate_place": "inside"},
        "Adam": {"epsilon_place": "outside"},
        "Adamax": {"eta": 0.001, "epsilon_place": "outside"},
    },
    arguments={
        "eta": "step_size",
        "beta": "mass",
        "rho": "gamma",
        "beta1": "b1",
        "beta2": "b2",
        "epsilon": "eps",
        "clip_norm": "clip_grads",
    },
    calls=(
        Call(f"{LIBRARY}.sgd(0.001)", "SGD"),
        Call(f"{LIBRARY}.momentum(0.001, 0.9)", "Momentum"),
        Call(f"{LIBRARY}.nesterov(0.001, 0.9)", "Nesterov"),
        Call(f"{LIBRARY}.adagrad(0.001)", "AdaGrad", note="with momentum, and no ε"),
        Call(
            f"{LIBRARY}.sm3(0.001)", "AdaGrad", note="of a vector; of a matrix it is another rule"
        ),
        Call(f"{LIBRARY}.rmsprop(0.001)", "RMSprop"),
        Call(f"{LIBRARY}.rmsprop_momentum(0.001)", "RMSprop", {"momentum": 0.9}),
        Call(f"{LIBRARY}.adam(0.001)", "Adam"),
        Call(f"{LIBRARY}.adamax(0.001)", "Adamax"),
        Call("numpyro.optim.Adagrad(0.001)", "AdaGrad", note="with momentum, and no ε"),
        Call("numpyro.optim.Adam(0.001)", "Adam"),
        Call(
            "numpyro.optim.ClippedAdam(0.001)",
            "Adam",
            note="clip_norm is a bound of each value",
            clip={"clip_value": 10.0},
        ),
        Call("numpyro.optim.Momentum(0.001, 0.9)", "Momentum"),
        Call("numpyro.optim.RMSProp(0.001)", "RMSprop"),
        Call("numpyro.optim.RMSPropMomentum(0.001)", "RMSprop", {"momentum": 0.9}),
        Call("numpyro.optim.SGD(0.001)", "SGD"),
        Call("numpyro.optim.SM3(0.001)", "AdaGrad", note="of a vector; of a matrix another rule"),
    ),
    left_out={
        "numpyro.optim.Minimize": "searches along a line",
    },
    surprises=(
        Surprise(
            "AdaGrad has momentum in JAX's examples and in numpyro",
            45,
            tuple(
                ("AdaGrad", {"eta": 0.1, "initial_accumulator": start, "convention": each})
                for each, start in (("jax", None), ("optax", 0.0))
            ),
            _adagrad,
        ),
    ),
)
