"""The frameworks behind one interface: problems and an optimizer in, weights of all updates out.

Each adapter takes its framework's own loss, own gradient and own optimizer, and float64. A rule
acts on every weight by itself; so several problems are trained at once, their weights side by side
in one vector and their losses added up, and one training of the framework checks them all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
import torch
from sklearn.linear_model import SGDClassifier, SGDRegressor

from simopt.problems import Problem

#: A step is compiled for every optimizer that is drawn, and runs on a few numbers: as
#: ``jax_disable_most_optimizations`` has it.
UNOPTIMISED = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


@dataclass(frozen=True, eq=False)
class Task:
    """A problem, and the points of every update."""

    problem: Problem
    batches: Sequence[np.ndarray]

    def data(self, update):
        """The points of an update and their targets."""
        rows = self.batches[update]
        return self.problem.x[rows], self.problem.y[rows]


def start(tasks):
    """The tasks' weights in a row."""
    return np.concatenate([task.problem.w0 for task in tasks])


def places(tasks):
    """Where each task's weights are in that row."""
    ends = np.cumsum([task.problem.d for task in tasks]).tolist()
    return [slice(e - task.problem.d, e) for e, task in zip(ends, tasks, strict=True)]


def apart(rows, tasks):
    """Weights of every update [updates, d], a table per task."""
    return [np.array(rows)[:, place] for place in places(tasks)]


def torch_weights(tasks, call, h, rates=None, clip=()):
    """By `torch.optim`; ``call(h)(parameters)`` makes the optimizer.

    With float64 as PyTorch's default: `NAdam` keeps its product of momenta in the default type.
    """
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        return torch_training(tasks, call(h), rates, clip)
    finally:
        torch.set_default_dtype(before)


def torch_training(tasks, make, rates, clip):
    """The same with whatever default type."""
    w = torch.tensor(start(tasks), requires_grad=True)
    optimizer = make([w])
    losses = {
        "least_squares": torch.nn.functional.mse_loss,
        "logistic": torch.nn.functional.binary_cross_entropy_with_logits,
    }
    rows = []
    for update in range(len(tasks[0].batches)):
        optimizer.zero_grad()
        loss = 0.0
        for task, place in zip(tasks, places(tasks), strict=True):
            x, y = map(torch.from_numpy, task.data(update))
            loss = loss + losses[task.problem.kind](x @ w[place], y)
        loss.backward()
        if clip:
            kind, bound = clip
            functions = {
                "norm": torch.nn.utils.clip_grad_norm_,
                "value": torch.nn.utils.clip_grad_value_,
            }
            functions[kind]([w], bound)
        if rates is not None:
            optimizer.param_groups[0]["lr"] = rates[update]
        optimizer.step()
        rows.append(w.detach().numpy().copy())
    return apart(rows, tasks)


def optax_losses(kind, z, y):
    """The loss as JAX users of optax have it."""
    if kind == "least_squares":
        return jnp.mean(optax.losses.squared_error(z, y))
    return jnp.mean(optax.losses.sigmoid_binary_cross_entropy(z, y))


def keras_losses(kind, z, y):
    """The loss by Keras' operations; the mean apart, for theirs is taken in float32."""
    if kind == "least_squares":
        losses = keras.ops.square(z - y)
    else:
        losses = keras.ops.binary_crossentropy(y, z, from_logits=True)
    return keras.ops.sum(losses) / len(y)


@cache
def jax_gradient(losses, kinds, sizes):
    """The sum of all tasks' losses and its gradient, compiled."""
    ends = np.cumsum(sizes).tolist()

    def total(w, data):
        return sum(
            losses(kind, x @ w[end - size : end], y)
            for kind, size, end, (x, y) in zip(kinds, sizes, ends, data, strict=True)
        )

    return jax.jit(jax.value_and_grad(total))


def gradient_of(tasks, losses):
    """Loss and gradient as a function of the weights and the number of an update."""
    kinds = tuple(task.problem.kind for task in tasks)
    function = jax_gradient(losses, kinds, tuple(task.problem.d for task in tasks))
    return lambda w, update: function(w, [task.data(update) for task in tasks])


def clipped(optimizer, clip):
    """A transformation, behind optax' clipping."""
    if clip:
        kind, bound = clip
        clipping = {"norm": optax.clip_by_global_norm, "value": optax.clip}
        optimizer = optax.chain(clipping[kind](bound), optimizer)
    return optax.with_extra_args_support(optimizer)


@lru_cache(maxsize=2)
def optax_step(call, clip):
    """An update of the transformations that ``call`` makes at a rate of their own, compiled.

    Their numbers are arguments, Python's own, of a type as weak as that of constants: what is drawn
    for one case shares what is compiled for its sizes.
    """

    @partial(jax.jit, compiler_options=UNOPTIMISED)
    def step(h, *state):
        return updated(clipped(call(h)(None), clip), *state)

    return step


def updated(optimizer, w, state, loss, g):
    """The next weights and state."""
    updates, state = optimizer.update(g, state, w, value=loss)
    return optax.apply_updates(w, updates), state


def optax_weights(tasks, call, h, rates=None, clip=()):
    """By optax; ``call(h)(schedule)`` makes the transformation, at its own rate where None."""
    gradient = gradient_of(tasks, optax_losses)
    if rates is None:
        optimizer, step = clipped(call(h)(None), clip), partial(optax_step(call, clip), h)
    else:
        optimizer = clipped(call(h)(lambda count: jnp.asarray(rates)[count]), clip)
        step = jax.jit(partial(updated, optimizer), compiler_options=UNOPTIMISED)
    w = jnp.asarray(start(tasks))
    state = optimizer.init(w)
    rows = []
    for update in range(len(tasks[0].batches)):
        w, state = step(w, state, *gradient(w, update))
        rows.append(np.asarray(w))
    return apart(rows, tasks)


def keras_weights(tasks, call, h, rates=None, clip=()):
    """By `keras.optimizers`; ``call(h)(**options)`` makes the optimizer."""
    gradient = gradient_of(tasks, keras_losses)
    optimizer = call(h)(**({f"clip{clip[0]}": clip[1]} if clip else {}))
    w = keras.Variable(start(tasks), dtype="float64")
    optimizer.build([w])
    rows = []
    for update in range(len(tasks[0].batches)):
        if rates is not None:
            optimizer.learning_rate = rates[update]
        optimizer.apply([gradient(w.value, update)[1]], [w])
        rows.append(np.asarray(w.value))
    return apart(rows, tasks)


def slopes(kind, z, y):
    """The derivative of a point's loss: scikit-learn's networks come with their gradients fixed."""
    return 2 * (z - y) if kind == "least_squares" else 1 / (1 + np.exp(-z)) - y


def sklearn_weights(tasks, call, h, rates=None, clip=()):
    """By the optimizers of scikit-learn's networks; ``call(h)(parameters)`` makes one.

    They take gradients, and have neither decay nor clipping.
    """
    assert not clip
    w = start(tasks)
    optimizer = call(h)([w])
    rows = []
    for update in range(len(tasks[0].batches)):
        gradients = []
        for task, place in zip(tasks, places(tasks), strict=True):
            x, y = task.data(update)
            gradients.append(slopes(task.problem.kind, x @ w[place], y) @ x / len(y))
        if rates is not None:
            # Adam makes its rate of the initial one, update after update.
            optimizer.learning_rate = optimizer.learning_rate_init = rates[update]
        optimizer.update_params([w], [np.concatenate(gradients)])
        rows.append(w.copy())
    return apart(rows, tasks)


def sgd_weights(tasks, call, h, rates=None, clip=()):
    """By scikit-learn's `SGDRegressor` and `SGDClassifier`, a point an update.

    ``call(h)(model, half)`` makes the model; ``half`` is 2 where its loss is half of ours.
    """
    assert not clip
    weights = []
    for task in tasks:
        squared = task.problem.kind == "least_squares"
        half = 2 if squared else 1
        model = call(h)(SGDRegressor if squared else SGDClassifier, half)
        rows = []
        for update in range(len(task.batches)):
            x, y = task.data(update)
            if update == 0:
                begin(model, task.problem)
            if rates is not None:
                model.set_params(eta0=half * rates[update])
            model.partial_fit(x, y)
            rows.append(model.coef_.ravel().copy())
        weights.append(np.array(rows))
    return weights


def begin(model, problem):
    """Put a model at the problem's start, by a training at rate 0."""
    settings = model.get_params()
    model.set_params(eta0=1e-300, alpha=0.0)
    if problem.kind == "logistic":
        model.partial_fit(problem.x, problem.y, classes=[0.0, 1.0])
    else:
        model.partial_fit(problem.x, problem.y)
    model.coef_[...] = problem.w0
    model.set_params(**settings)


WEIGHTS = {
    "torch": torch_weights,
    "optax": optax_weights,
    "keras": keras_weights,
    "sklearn": sklearn_weights,
    "sklearn SGD": sgd_weights,
}
