"""TensorFlow 1, ``tf.compat.v1.train``: RMSprop's mean of squares from 1, AdaGrad without epsilon.

Its Adam keeps the powers of its betas in the precision of the weights.
"""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise

TRAIN = "tensorflow.compat.v1.train"


def _rmsprop(measure: Measures, tf1: Any, keras: Any) -> str:
    gradient = 0.01
    paths = [measure.moves(each, gradient, 50) for each in (tf1, keras)]
    return (
        f"Its mean of squares starts at {number(tf1.settings['initial_accumulator'])}, not 0: the "
        f"first step of a gradient of {number(gradient)} is {number(paths[0][0], 2)} η long, in "
        f"Keras {number(paths[1][0], 2)} η; the fiftieth {number(paths[0][-1], 2)} η and "
        f"{number(paths[1][-1], 2)} η."
    )


FRAMEWORK = Framework(
    key="tf1",
    name="TensorFlow 1",
    version="tensorflow-cpu 2.21.0",
    rules={
        "SGD": {},
        "Momentum": {},
        "Nesterov": {},
        "AdaGrad": {"epsilon": 0.0, "initial_accumulator": 0.1},
        "AdaGradDA": {},
        "RMSprop": {"epsilon": 1e-10, "initial_accumulator": 1.0, "rate_place": "inside"},
        "Adam": {"epsilon_place": "hat"},
        "Adadelta": {"eta": 0.001, "epsilon": 1e-8},
        "FTRL": {
            "eta": 0.001,
            "smoothing": 0.0,
            "initial_accumulator": 0.1,
            "l2_counts": "twice",
        },
    },
    arguments={
        "eta": "learning_rate",
        "beta": "momentum",
        "beta1": "beta1",
        "beta2": "beta2",
        "rho": {"RMSPropOptimizer": "decay", "": "rho"},
        "epsilon": "epsilon",
        "initial_accumulator": {
            "AdagradDAOptimizer": "initial_gradient_squared_accumulator_value",
            "": "initial_accumulator_value",
        },
        "smoothing": {"FtrlOptimizer": "beta"},
        "l1": "l1_regularization_strength",
        "l2": "l2_regularization_strength",
        "clip_norm": "clip_by_global_norm",
        "clip_value": "clip_by_value",
    },
    spelled=("tf",),
    calls=(
        Call(f"{TRAIN}.GradientDescentOptimizer(0.001)", "SGD"),
        Call(f"{TRAIN}.MomentumOptimizer(0.001, 0.9)", "Momentum"),
        Call(f"{TRAIN}.MomentumOptimizer(0.001, 0.9, use_nesterov=True)", "Nesterov"),
        Call(f"{TRAIN}.AdagradOptimizer(0.001)", "AdaGrad", note="no ε"),
        Call(
            f"{TRAIN}.AdagradDAOptimizer(0.001, global_step)",
            "AdaGradDA",
            note="the first update forgets the weights that it starts from",
        ),
        Call(
            f"{TRAIN}.AdagradDAOptimizer(0.5, global_step, l1_regularization_strength=0.1, "
            "l2_regularization_strength=0.01)",
            "AdaGradDA",
            {"eta": 0.5, "l1": 0.1, "l2": 0.01},
        ),
        Call(f"{TRAIN}.RMSPropOptimizer(0.001)", "RMSprop"),
        Call(f"{TRAIN}.RMSPropOptimizer(0.001, momentum=0.9)", "RMSprop", {"momentum": 0.9}),
        Call(f"{TRAIN}.RMSPropOptimizer(0.001, centered=True)", "RMSprop", {"centered": True}),
        Call(f"{TRAIN}.AdamOptimizer()", "Adam"),
        Call(f"{TRAIN}.AdadeltaOptimizer()", "Adadelta"),
        Call(
            f"{TRAIN}.FtrlOptimizer(0.001)",
            "FTRL",
            note="the first update forgets the weights that it starts from",
        ),
        Call(
            f"{TRAIN}.FtrlOptimizer(0.5, l1_regularization_strength=0.1, "
            "l2_regularization_strength=0.01)",
            "FTRL",
            {"eta": 0.5, "l1": 0.1, "l2": 0.01},
            "the penalty is l2 times the square",
        ),
    ),
    left_out={
        f"{TRAIN}.ProximalAdagradOptimizer": "shrinks weights to 0 after a step",
        f"{TRAIN}.ProximalGradientDescentOptimizer": "shrinks weights to 0 after a step",
        f"{TRAIN}.SyncReplicasOptimizer": "around another",
    },
    surprises=(
        Surprise(
            "TensorFlow 1 starts RMSprop's mean of squares at 1",
            12,
            tuple(("RMSprop", {"convention": each}) for each in ("tf1", "keras")),
            _rmsprop,
        ),
    ),
)
