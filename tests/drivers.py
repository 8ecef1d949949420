"""What plays a framework's own optimizer: the driver of each, in the package's precision.

A driver takes a call as a record lists it (`Framework.calls`) and returns two functions: ``step``,
which takes the gradients of an update and returns the weights, and ``rate``, which multiplies the
rate by a factor and returns what the package holds it to be.
"""

import importlib
import importlib.util
import os
import sys
import types

import numpy as np

from simopt.training.conformance.probing import probe


def start(dtype=np.float64):
    return probe(True).start.astype(dtype)


def evaluated(call, **names):
    """The optimizer of a call; its package is imported as far as the call names it."""
    path = call.partition("(")[0].split(".")
    for depth in range(1, len(path)):
        try:
            importlib.import_module(".".join(path[:depth]))
        except ModuleNotFoundError as error:
            if error.name != ".".join(path[:depth]):
                raise
    return eval(call, {path[0]: sys.modules[path[0]], **names})


def held(get, put):
    """``rate`` of a rate that can be read and set."""
    first = get()

    def rate(factor):
        if factor != 1.0:
            put(first * factor)
        return float(get())

    return rate


def mlx(call):
    """On the CPU, which alone has float64."""
    import mlx.core

    mlx.core.set_default_device(mlx.core.cpu)
    optimizer = evaluated(call)
    w = {"w": mlx.core.array(start(), dtype=mlx.core.float64)}

    def step(gradient):
        nonlocal w
        w = optimizer.apply_gradients({"w": mlx.core.array(gradient, dtype=mlx.core.float64)}, w)
        return np.array(w["w"])

    def put(value):
        optimizer.learning_rate = value

    if "learning_rate" not in optimizer.state:  # Adafactor's own, which no schedule changes
        return step, lambda factor: 0.01
    return step, held(lambda: optimizer.learning_rate.item(), put)


def paddle(call):
    """In float64."""
    import paddle

    paddle.set_default_dtype("float64")
    w = paddle.create_parameter([len(start())], "float64")
    w.set_value(start())
    optimizer = evaluated(call, params=[w])

    def step(gradient):
        optimizer.clear_grad()
        (w * paddle.to_tensor(gradient)).sum().backward()
        optimizer.step()
        return w.numpy().copy()

    return step, held(optimizer.get_lr, optimizer.set_lr)


def river(call):
    """In Python's floats, feature by feature."""
    import river.optim

    optimizer = evaluated(call)
    w = dict(enumerate(start().tolist()))

    def step(gradient):
        optimizer.step(w, dict(enumerate(gradient.tolist())))
        return np.array(list(w.values()))

    def put(value):
        optimizer.lr = river.optim.schedulers.Constant(value)

    if "FTRL" in call:
        return step, held(lambda: optimizer.alpha, lambda value: setattr(optimizer, "alpha", value))
    if "AdaDelta" in call:  # it has none
        return step, lambda factor: 1.0
    return step, held(lambda: optimizer.learning_rate, put)


def thinc(call):
    """In single precision: its moments are. The rate is put as the scale of an update."""
    optimizer = evaluated(call)
    w, scale = start("f"), 1.0

    def step(gradient):
        nonlocal w
        w, _ = optimizer((1, "w"), w, gradient.astype("f"), lr_scale=scale)
        return w.copy()

    def put(value):
        nonlocal scale
        scale = value

    rate = held(lambda: scale, put)
    if optimizer.use_radam:  # which takes no notice of it
        return step, lambda factor: optimizer.learn_rate(0)
    return step, lambda factor: rate(factor) * optimizer.learn_rate(0)


def autograd(call):
    """A loop of the package's own, with one rate for all of it."""
    gradients, before, rates = probe(True).gradients, [], {"adam": 0.001}
    call = call.replace(")", ", callback, num_iters=len(gradients))")
    last = evaluated(
        call,
        grad=lambda x, i: gradients[i],
        x=start(),
        callback=lambda x, i, g: before.append(x),
        gradients=gradients,
    )
    weights = iter([*before[1:], last])
    name = call.partition("(")[0].rpartition(".")[2]
    return lambda gradient: next(weights), lambda factor: rates.get(name, 0.1)


def tinygrad(call):
    """In single precision, which its moments keep; computed in Python, without a compiler."""
    os.environ["DEV"] = "PYTHON"
    from tinygrad import Tensor, dtypes
    from tinygrad.helpers import TRAINING

    TRAINING.value = 1
    w = Tensor(start("f")).is_param_(True)
    optimizer = evaluated(call, params=[w])

    def step(gradient):
        w.grad = Tensor(gradient.astype("f"))
        optimizer.step()
        return w.numpy()

    def put(value):
        optimizer.lr.assign(Tensor([value], dtype=dtypes.float32)).realize()

    return step, held(lambda: optimizer.lr.item(), put)


def jax(call):
    """In float64."""
    import jax.example_libraries.optimizers

    jax.config.update("jax_enable_x64", True)
    # The rate stands first in every call.
    name, _, rest = call.partition("(")
    base = float(rest.partition(",")[0].rstrip(")"))
    factor = 1.0

    def put(value):
        nonlocal factor
        factor = value

    optimizer = evaluated(
        call.replace(f"({base}", "(rate"), rate=lambda i: base * jax.numpy.asarray(factor)
    )
    rate = held(lambda: factor, put)
    if name.startswith("numpyro"):
        state = optimizer.init(jax.numpy.array(start()))

        def step(gradient):
            nonlocal state
            state = optimizer.update(jax.numpy.array(gradient), state)
            return np.array(optimizer.get_params(state))

        return step, lambda factor: base * rate(factor)
    state, count = optimizer.init_fn(jax.numpy.array(start())), 0

    def step(gradient):
        nonlocal state, count
        state = optimizer.update_fn(count, jax.numpy.array(gradient), state)
        count += 1
        return np.array(optimizer.params_fn(state))

    return step, lambda factor: base * rate(factor)


def torch(call, dtype="float64", **names):
    """An optimizer of PyTorch's kind, in float64."""
    import torch

    w = torch.nn.Parameter(torch.tensor(start(), dtype=getattr(torch, dtype)))
    return stepped(w, evaluated(call, params=[w], **names))


#: The same where ``torch`` is the package.
torch_like = torch


def stepped(w, optimizer):
    """Such an optimizer of one array of weights."""
    import torch

    def step(gradient):
        w.grad = torch.tensor(gradient, dtype=w.dtype)
        optimizer.step()
        return w.detach().numpy().copy()

    def put(value):
        for group in optimizer.param_groups:
            group[name] = value

    first = optimizer.param_groups[0]
    name = "lr" if "lr" in first else "eta"
    if first[name] is None:  # Adafactor's own, which no schedule changes
        return step, lambda factor: 0.01
    return step, held(lambda: first[name], put)


def schedulefree(call):
    """In float64, at the weights where gradients are taken."""
    import torch

    w = torch.nn.Parameter(torch.tensor(start()))
    optimizer = evaluated(call, params=[w])
    optimizer.train()
    return stepped(w, optimizer)


def timm(call):
    """In float64. Its models, which need torchvision, are left out: optimizers need none."""
    if "timm" not in sys.modules:
        package, models = types.ModuleType("timm"), types.ModuleType("timm.models")
        package.__path__ = list(importlib.util.find_spec("timm").submodule_search_locations)
        models.group_parameters = None
        sys.modules |= {"timm": package, "timm.models": models}
    importlib.import_module("timm.optim")
    return torch(call)


def bitsandbytes(call):
    """In single precision."""
    return torch(call, "float32")


def transformers(call):
    """The optimizer that a ``Trainer`` makes of the arguments, or the package's own, in float64."""
    if "Arguments" not in call:
        return torch_like(call)
    import tempfile

    import torch
    import transformers

    with tempfile.TemporaryDirectory() as folder:
        arguments = evaluated(call, output_dir=folder)
        model = torch.nn.Module()
        model.weight = torch.nn.Parameter(torch.tensor(start()))
        optimizer = transformers.Trainer(model=model, args=arguments).create_optimizer()
    return stepped(model.weight, optimizer)


def tf1(call):
    """In float64, in a graph of its own."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow.compat.v1 as tf

    tf.logging.set_verbosity(tf.logging.ERROR)
    # Eager execution stays on outside, for other recordings.
    with tf.Graph().as_default():
        updates = tf.train.get_or_create_global_step()
        optimizer = evaluated(call, global_step=updates)
        name = "_lr" if hasattr(optimizer, "_lr") else "_learning_rate"
        base = getattr(optimizer, name)
        current, gradient = (tf.placeholder(tf.float64, shape) for shape in ((), start().shape))
        setattr(optimizer, name, current)
        w = tf.Variable(start(), dtype=tf.float64, use_resource=True)
        update = optimizer.apply_gradients([(gradient, w)], global_step=updates)
        session = tf.Session()
        session.run(tf.global_variables_initializer())
    factor = 1.0

    def step(given):
        session.run(update, {gradient: given, current: base * factor})
        return session.run(w)

    def put(value):
        nonlocal factor
        factor = value

    rate = held(lambda: factor, put)
    return step, lambda factor: base * rate(factor)


def pymc(call):
    """In float64; the updates are compiled with the rate as an input."""
    import pytensor
    import pytensor.tensor as pt

    pytensor.config.cxx = ""
    partial = evaluated(call)
    arguments = dict(partial.keywords)
    base = arguments.pop("learning_rate")
    w, rate = pytensor.shared(start()), pytensor.shared(np.float64(base))
    gradient = pt.dvector()
    arguments |= {"loss_or_grads": [gradient], "params": [w], "learning_rate": rate}
    updates = partial.func(**arguments)
    update = pytensor.function([gradient], [], updates=updates, mode="FAST_COMPILE")

    def step(given):
        update(given)
        return w.get_value().copy()

    return step, held(rate.get_value, lambda value: rate.set_value(np.float64(value)))


def onnx(call):
    """An operator of the domain for training, in the reference evaluator, in float64.

    ``T`` counts updates from 0, as its text has it, but Adam's from 1.
    """
    from onnx import TensorProto, helper
    from onnx.reference import ReferenceEvaluator

    domain = "ai.onnx.preview.training"
    several = 2 if '"Adam"' in call else 1
    states = [f"s{k}" for k in range(several)]
    names = ["R", "T", "w", "g", *states], ["w_new", *[f"{each}_new" for each in states]]
    node = evaluated(call.replace("i, o", f"i, o, domain={domain!r}"), i=names[0], o=names[1])
    kinds = {"R": (TensorProto.DOUBLE, []), "T": (TensorProto.INT64, [])}
    inputs, outputs = (
        [
            helper.make_tensor_value_info(name, *kinds.get(name, (TensorProto.DOUBLE, [8])))
            for name in each
        ]
        for each in names
    )
    graph = helper.make_graph([node], "update", inputs, outputs)
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid(domain, 1)]
    session = ReferenceEvaluator(helper.make_model(graph, opset_imports=opsets))
    values = {name: np.zeros(8) for name in states} | {"w": start()}
    count, factor = several - 1, 1.0

    def step(gradient):
        nonlocal count
        given = {"R": np.array(0.001 * factor), "T": np.array(count), "g": gradient}
        new = session.run(None, values | given)
        values.update(zip(["w", *states], new, strict=True))
        count += 1
        return values["w"].copy()

    def put(value):
        nonlocal factor
        factor = value

    rate = held(lambda: factor, put)
    return step, lambda given: 0.001 * rate(given)


def surprise(call):
    """An epoch an update: eight users whose one factor is a weight, and an item whose is 1.

    What SVD draws for the factors is put in its place, and a rating is so that its error is the
    gradient, less its sign.
    """
    import surprise

    class Factors(np.random.RandomState):
        """In place of random numbers the users' factors, then the item's."""

        def normal(self, loc, scale, size):
            return np.ones(size) if size[0] == 1 else np.reshape(w, size).copy()

    w = start()
    users = range(len(w))
    algorithm = evaluated(call.replace("SVD(", "SVD(n_factors=1, n_epochs=1, biased=False, ", 1))
    algorithm.lr_qi = algorithm.reg_qi = 0.0
    algorithm.random_state = Factors()

    def step(gradient):
        ratings = {user: [(0, w[user] - gradient[user])] for user in users}
        items = {0: [(user, each[0][1]) for user, each in ratings.items()]}
        trainset = surprise.Trainset(
            ratings, items, len(users), 1, len(users), (-1e9, 1e9),
            {user: user for user in users}, {0: 0},
        )  # fmt: skip
        algorithm.fit(trainset)
        w[:] = np.asarray(algorithm.pu)[:, 0]
        return w.copy()

    def put(value):
        algorithm.lr_pu = value

    return step, held(lambda: algorithm.lr_pu, put)
