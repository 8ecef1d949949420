"""The lines that train with a setting in PyTorch, Keras, optax and scikit-learn."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from simopt.analysis.recommendation.data import Parts
from simopt.rules import ALL
from simopt.rules.framework import Framework
from simopt.rules.frameworks import FRAMEWORKS
from simopt.rules.rule import Optimizer

#: Whose lines there are, in this order.
TARGETS = ("torch", "keras", "optax", "sklearn")

#: The loss of a kind in each framework, of predictions before any link function.
LOSSES: Mapping[str, Mapping[str, str]] = {
    "torch": {
        "least_squares": "torch.nn.MSELoss()",
        "logistic": "torch.nn.BCEWithLogitsLoss()",
        "huber": "torch.nn.HuberLoss(delta={0!r})",
        "poisson": "torch.nn.PoissonNLLLoss()",
    },
    "keras": {
        "least_squares": "keras.losses.MeanSquaredError()",
        "logistic": "keras.losses.BinaryCrossentropy(from_logits=True)",
        "huber": "keras.losses.Huber(delta={0!r})",
        "poisson": "lambda y, z: keras.ops.mean(keras.ops.exp(z) - y * z)",
    },
    "optax": {
        "least_squares": "optax.losses.squared_error(z, y)",
        "logistic": "optax.losses.sigmoid_binary_cross_entropy(z, y)",
        "huber": "optax.losses.huber_loss(z, y, delta={0!r})",
        "poisson": "jnp.exp(z) - y * z",
    },
}

#: scikit-learn's linear models by gradients, and what their rate is multiplied by: half the squared
#: error has half the gradient.
MODELS: Mapping[str, tuple[str, float]] = {
    "least_squares": ("SGDRegressor(loss='squared_error'", 2.0),
    "huber": ("SGDRegressor(loss='huber', epsilon={0!r}", 1.0),
    "logistic": ("SGDClassifier(loss='log_loss'", 1.0),
}

#: The loss of a kind of predictions z, as NumPy.
HELD_OUT = {
    "least_squares": "np.mean((z - y[test]) ** 2)",
    "logistic": "np.mean(np.logaddexp(0, z) - y[test] * z)",
    "huber": "np.mean(np.where(abs(z - y[test]) <= {0!r}, (z - y[test]) ** 2 / 2, "
    "{0!r} * (abs(z - y[test]) - {0!r} / 2)))",
    "poisson": "np.mean(np.exp(z) - y[test] * z)",
}


def in_framework(optimizer: Optimizer, key: str) -> Optimizer:
    """The optimizer in a framework's formula, its settings kept.

    What only that framework has, such as the 0.1 at which optax' AdaGrad starts, is set to nothing.
    """
    made = ALL[optimizer.name](convention=key)
    kept = {name: value for name, value in optimizer.settings.items() if name in made.settings}
    if "initial_accumulator" in made.settings:
        kept.setdefault("initial_accumulator", 0.0)
    return ALL[optimizer.name](convention=key, **kept)


def constructor(optimizer: Optimizer, first: str = "") -> str:
    """The call that makes an optimizer in the framework of its convention.

    Parameters
    ----------
    optimizer : Optimizer
        With one number for each hyperparameter, in a framework's convention.
    first : str
        Its positional argument, as PyTorch's parameters.

    Examples
    --------
    >>> import simopt
    >>> constructor(simopt.Adam(eta=0.03, convention="torch"), "model.parameters()")
    'torch.optim.Adam(model.parameters(), lr=0.03, betas=(0.9, 0.999), eps=1e-08)'
    >>> constructor(simopt.Nesterov(eta=0.03, convention="keras"))
    'keras.optimizers.SGD(momentum=0.9, nesterov=True, learning_rate=0.03)'
    """
    framework = FRAMEWORKS[optimizer.convention]
    call = next(
        each
        for each in framework.calls
        if each.rule == optimizer.name and not each.given and not each.convention
    )
    tree = ast.parse(call.call, mode="eval").body
    assert isinstance(tree, ast.Call)
    arguments = {str(each.arg): ast.unparse(each.value) for each in tree.keywords}
    values: dict[str, list[float]] = {}
    for setting, value in optimizer.settings.items():
        name = _argument(framework, optimizer.name, setting)
        if name and (setting != "weight_decay" or value):
            values.setdefault(name, []).append(value)  # type: ignore[arg-type]
    for name, several in values.items():
        arguments[name] = repr(several[0]) if len(several) == 1 else repr(tuple(several))
    inside = [first] if first else []
    inside += [f"{name}={value}" for name, value in arguments.items()]
    return f"{ast.unparse(tree.func)}({', '.join(inside)})"


def _argument(framework: Framework, rule: str, setting: str) -> str:
    """The name of a setting in the framework's constructor of a rule; empty if there is none."""
    names = framework.arguments.get(setting, "")
    if not isinstance(names, str):
        by_rule = {of.lower(): name for of, name in names.items()}
        names = by_rule.get(rule.lower(), by_rule.get("", ""))
    return names.partition(",")[0]


def program(parts: Parts, optimizer: Optimizer, batch_size: int, epochs: int, promise: str) -> str:
    """Python that trains on the same rows with a framework and prints the loss on the test rows.

    Parameters
    ----------
    parts : Parts
        Whose rows.
    optimizer : Optimizer
        In the convention of the framework whose program it is.
    batch_size, epochs : int
        As recommended.
    promise : str
        What the printed loss should be, as a comment.

    Returns
    -------
    str
    """
    lines = WRITERS[optimizer.convention](parts, optimizer, batch_size, epochs)
    kind = parts.train.kind
    held_out = HELD_OUT[kind].format(*parts.train.parameters)
    return "\n".join([*parts.lines, "", *lines, "", f"print({held_out})  # {promise}"]) + "\n"


def _torch(parts: Parts, optimizer: Optimizer, batch_size: int, epochs: int) -> list[str]:
    loss = LOSSES["torch"][parts.train.kind].format(*parts.train.parameters)
    return [
        "import torch",
        "torch.manual_seed(0)",
        "features = torch.tensor(x, dtype=torch.float32)",
        "targets = torch.tensor(y, dtype=torch.float32)",
        "data = torch.utils.data.TensorDataset(features[train], targets[train])",
        f"loader = torch.utils.data.DataLoader(data, batch_size={batch_size}, shuffle=True)",
        f"model = torch.nn.Linear({parts.train.d - 1}, 1)",
        "torch.nn.init.zeros_(model.weight)",
        "torch.nn.init.zeros_(model.bias)",
        f"loss = {loss}",
        f"optimizer = {constructor(optimizer, 'model.parameters()')}",
        f"for epoch in range({epochs}):",
        "    for inputs, outputs in loader:",
        "        optimizer.zero_grad()",
        "        loss(model(inputs).squeeze(1), outputs).backward()",
        "        optimizer.step()",
        "z = model(features[test]).squeeze(1).detach().numpy()",
    ]


def _keras(parts: Parts, optimizer: Optimizer, batch_size: int, epochs: int) -> list[str]:
    loss = LOSSES["keras"][parts.train.kind].format(*parts.train.parameters)
    return [
        "import keras",
        "keras.utils.set_random_seed(0)",
        f"inputs = keras.Input(({parts.train.d - 1},))",
        'model = keras.Model(inputs, keras.layers.Dense(1, kernel_initializer="zeros")(inputs))',
        f"optimizer = {constructor(optimizer)}",
        f"model.compile(optimizer, loss={loss})",
        f"model.fit(x[train], y[train, None], batch_size={batch_size}, epochs={epochs}, verbose=0)",
        "z = model.predict(x[test], verbose=0)[:, 0]",
    ]


def _optax(parts: Parts, optimizer: Optimizer, batch_size: int, epochs: int) -> list[str]:
    loss = LOSSES["optax"][parts.train.kind].format(*parts.train.parameters)
    return [
        "import jax",
        "import jax.numpy as jnp",
        "import optax",
        "def loss(w, x, y):",
        '    z = x @ w["kernel"] + w["bias"]',
        f"    return jnp.mean({loss})",
        f"optimizer = {constructor(optimizer)}",
        "@jax.jit",
        "def update(w, state, x, y):",
        "    gradient = jax.grad(loss)(w, x, y)",
        "    change, state = optimizer.update(gradient, state, w)",
        "    return optax.apply_updates(w, change), state",
        f'w = {{"kernel": jnp.zeros({parts.train.d - 1}), "bias": jnp.zeros(())}}',
        "state = optimizer.init(w)",
        "generator = np.random.default_rng(0)",
        f"for epoch in range({epochs}):",
        "    rows = generator.permutation(train)",
        f"    for first in range(0, len(rows), {batch_size}):",
        f"        batch = rows[first : first + {batch_size}]",
        "        w, state = update(w, state, x[batch], y[batch])",
        'z = np.asarray(x[test] @ w["kernel"] + w["bias"])',
    ]


def _sklearn(parts: Parts, optimizer: Optimizer, batch_size: int, epochs: int) -> list[str]:
    """Lines for `SGDRegressor` and `SGDClassifier`: plain SGD, a point an update."""
    assert optimizer.name == "SGD"
    assert batch_size == 1
    model, factor = MODELS[parts.train.kind]
    eta: Any = optimizer.settings["eta"]
    name = model.partition("(")[0]
    predict = "decision_function" if name == "SGDClassifier" else "predict"
    half = "  # half the squared error: twice the rate" if factor == 2 else ""
    return [
        f"from sklearn.linear_model import {name}",
        f"model = {model.format(*parts.train.parameters)}, penalty=None,{half}",
        f'    learning_rate="constant", eta0={float(f"{factor * eta:.6g}")!r}, '
        f"max_iter={epochs}, tol=None, random_state=0)",
        "model.fit(x[train], y[train])",
        f"z = model.{predict}(x[test])",
    ]


WRITERS: Mapping[str, Callable[[Parts, Optimizer, int, int], list[str]]] = {
    "torch": _torch,
    "keras": _keras,
    "optax": _optax,
    "sklearn": _sklearn,
}
