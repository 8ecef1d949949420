"""Orders of distributed samplers, trainers and streams against the libraries themselves.

transformers, datasets and TensorFlow are tested where they are installed. What they gave is in
tests/data/orders, and ``make test-frameworks`` holds the packages to it.
"""

import itertools
import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, Dataset, DistributedSampler

import simopt
from simopt import orders
from tests.peers.test_orders import ETA, assert_same_way, data, replay, snippet

live = settings(max_examples=40, deadline=None)
SEEDS = st.integers(0, 2**32 - 10)


class Points(Dataset):
    """Points that remember in which order they were taken."""

    def __init__(self, x, y):
        self.x, self.y, self.visited = torch.tensor(x), torch.tensor(y), []

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        self.visited.append(int(i))
        return {"x": self.x[i], "labels": self.y[i]}


class Linear(torch.nn.Module):
    """A linear model that keeps its loss, as transformers wants it."""

    def __init__(self, d):
        super().__init__()
        self.layer = torch.nn.Linear(d, 1, bias=False, dtype=torch.float64)

    def forward(self, x, labels):
        predicted = self.layer(x)[:, 0]
        return {"loss": torch.nn.functional.mse_loss(predicted, labels), "logits": predicted}

    def weights(self):
        return self.layer.weight.detach().numpy().ravel().copy()


@live
@given(
    n=st.integers(1, 40),
    epochs=st.integers(1, 3),
    seed=SEEDS,
    world=st.integers(1, 6),
    drop_last=st.booleans(),
)
def test_distributed_sampler_as_in_the_docstring(n, epochs, seed, world, drop_last):
    every = orders.torch_distributed(n, epochs, seed, world=world, drop_last=drop_last)
    for rank in range(world):
        space = {"torch": torch, "n": n, "epochs": epochs, "seed": seed, "world": world}
        exec(snippet(orders.torch_distributed), space | {"rank": rank, "drop_last": drop_last})
        sampler = DistributedSampler(range(n), world, rank, seed=seed, drop_last=drop_last)
        ours = orders.torch_distributed(
            n, epochs, seed, world=world, rank=rank, drop_last=drop_last
        )
        assert ours.tolist() == every[:, rank::world].tolist()
        for epoch in range(epochs):
            sampler.set_epoch(epoch)
            assert ours[epoch].tolist() == list(sampler)


def test_distributed_training_replays():
    """Two processes' gradients averaged, as DistributedDataParallel does, step by step."""
    x, y = data(3, n=16)
    points, model = Points(x, y), Linear(3)
    loaders = [
        DataLoader(points, batch_size=2, sampler=DistributedSampler(points, 2, rank, seed=5))
        for rank in range(2)
    ]
    optimizer = torch.optim.Adam(model.parameters(), lr=ETA)
    ends = [model.weights()]
    for epoch in range(4):
        for loader in loaders:
            loader.sampler.set_epoch(epoch)
        for batches in zip(*loaders, strict=True):
            optimizer.zero_grad()
            for batch in batches:
                (model(**batch)["loss"] / 2).backward()
            optimizer.step()
        ends.append(model.weights())
    order = orders.torch_distributed(16, 4, 5, world=2)
    adam = simopt.Adam(eta=ETA, convention="torch")
    assert_same_way(replay(x, y, ends[0], adam, order, batch_size=4), ends[1:])


@pytest.mark.parametrize(("seed", "data_seed"), [(42, None), (7, None), (42, 3)])
def test_trainer(tmp_path, seed, data_seed):
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    x, y = data(3)
    points, model = Points(x, y), Linear(3)
    ends = [model.weights()]

    class Ends(transformers.TrainerCallback):
        def on_epoch_end(self, arguments, state, control, **kwargs):
            ends.append(model.weights())

    optimizer = torch.optim.SGD(model.parameters(), lr=ETA)
    rates = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    arguments = transformers.TrainingArguments(
        str(tmp_path), seed=seed, data_seed=data_seed, num_train_epochs=4, max_grad_norm=0.0,
        per_device_train_batch_size=3, report_to=[], save_strategy="no", logging_strategy="no",
        use_cpu=True, disable_tqdm=True, remove_unused_columns=False,
    )  # fmt: skip
    trainer = transformers.Trainer(
        model, arguments, train_dataset=points, optimizers=(optimizer, rates), callbacks=[Ends()]
    )
    trainer.train()
    order = orders.hf_trainer(14, 4, seed, data_seed=data_seed)
    assert points.visited == order.ravel().tolist()
    assert_same_way(replay(x, y, ends[0], simopt.SGD(eta=ETA), order, batch_size=3), ends[1:])


@pytest.mark.parametrize("buffer_size", [1, 2, 5, 13, 14, 15, 1000])
def test_streamed_dataset(buffer_size):
    datasets = pytest.importorskip("datasets")
    x, y = data(3)
    rows = datasets.Dataset.from_dict({"i": list(range(14))})
    stream = rows.to_iterable_dataset().shuffle(seed=42, buffer_size=buffer_size)
    model = Linear(3)
    optimizer = torch.optim.SGD(model.parameters(), lr=ETA)
    order = orders.datasets_stream(14, 3, 42, buffer_size=buffer_size)
    ends = [model.weights()]
    for epoch in range(3):
        stream.set_epoch(epoch)
        visited = [row["i"] for row in stream]
        assert visited == order[epoch].tolist()
        for i in visited:
            optimizer.zero_grad()
            model(torch.tensor(x[[i]]), torch.tensor(y[[i]]))["loss"].backward()
            optimizer.step()
        ends.append(model.weights())
    assert_same_way(replay(x, y, ends[0], simopt.SGD(eta=ETA), order), ends[1:])
    shuffled = rows.shuffle(seed=42)["i"]
    assert list(shuffled) == np.random.default_rng(42).permutation(14).tolist()


TF_SEEDS = [(42, None), (None, 42), (7, 3), (0, 0), (2**31 - 1, 2**31 - 1), (0, None), (2**40, 5)]


@pytest.mark.parametrize(("seed", "global_seed"), TF_SEEDS)
def test_tf_data(seed, global_seed):
    tf = pytest.importorskip("tensorflow")
    for n, size, again in itertools.product((1, 9, 40), (1, 2, 7, 100), (True, False)):
        tf.random.set_seed(global_seed)
        stream = tf.data.Dataset.range(n).shuffle(size, seed, reshuffle_each_iteration=again)
        visited = [[int(i) for i in stream] for _ in range(3)]
        given = {
            "seed": seed, "buffer_size": size, "global_seed": global_seed,
            "reshuffle_each_iteration": again,
        }  # fmt: skip
        assert orders.tf_data(n, 3, **given).tolist() == visited, (n, size, again)
        if seed is not None or again:
            tf.random.set_seed(global_seed)
            stream = tf.data.Dataset.range(n).shuffle(size, seed, reshuffle_each_iteration=again)
            repeated = [int(i) for i in stream.repeat(3)]
            assert np.reshape(repeated, (3, n)).tolist() == visited


def test_tf_data_after_other_operations():
    tf = pytest.importorskip("tensorflow")
    tf.random.set_seed(42)
    tf.random.uniform([3])
    tf.data.Dataset.range(3).shuffle(3)
    stream = tf.data.Dataset.range(20).shuffle(8)
    ours = orders.tf_data(20, 2, buffer_size=8, global_seed=42, operations=2)
    assert ours.tolist() == [[int(i) for i in stream] for _ in range(2)]


def test_tf_data_replay():
    tf = pytest.importorskip("tensorflow")
    x, y = data(3)
    tf.random.set_seed(42)
    stream = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(5).batch(3)
    w = tf.Variable(np.ones((3, 1)))
    ends = [w.numpy().ravel()]
    for _ in range(4):
        for points, targets in stream:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((tf.matmul(points, w)[:, 0] - targets) ** 2)
            w.assign_sub(ETA * tape.gradient(loss, w))
        ends.append(w.numpy().ravel())
    order = orders.tf_data(14, 4, buffer_size=5, global_seed=42)
    assert_same_way(replay(x, y, ends[0], simopt.SGD(eta=ETA), order, batch_size=3), ends[1:])


FIT = textwrap.dedent(
    """
    import json, sys
    import keras, numpy as np
    keras.config.set_floatx("float64")
    case = json.loads(sys.argv[1])
    x, y = np.array(case["x"]), np.array(case["y"])[:, None]

    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return len(x) // case["size"]
        def __getitem__(self, k):
            part = slice(k * case["size"], (k + 1) * case["size"])
            return x[part], y[part]

    from tests.peers.keras_fits import Linear, SquaredError

    keras.utils.set_random_seed(case["seed"])
    layer = Linear(1, use_bias=False, kernel_initializer="ones")
    model = keras.Sequential([keras.Input((x.shape[1],)), layer])
    model.compile(keras.optimizers.SGD(case["eta"]), SquaredError())
    ends = []
    class Ends(keras.callbacks.Callback):
        def on_epoch_end(self, *_):
            ends.append(keras.ops.convert_to_numpy(model.weights[0]).ravel().tolist())
    for fit in range(2):
        if fit:
            keras.utils.set_random_seed(case["seed"])
        model.fit(Batches(), epochs=3, verbose=0, callbacks=[Ends()])
    print(json.dumps(ends))
    """
)


@pytest.mark.parametrize("backend", ["jax", "torch", "tensorflow"])
def test_keras_pydataset(backend):
    """A fit and a second one of the same model: both orders, by the weights that they lead to."""
    pytest.importorskip(backend)
    x, y = data(3)
    case = {"x": x.tolist(), "y": y.tolist(), "size": 2, "seed": 42, "eta": ETA}
    done = subprocess.run(
        [sys.executable, "-c", FIT, json.dumps(case)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"KERAS_BACKEND": backend, "JAX_ENABLE_X64": "1"},
    )
    assert done.returncode == 0, done.stderr
    ends = np.array(json.loads(done.stdout.splitlines()[-1]))
    first = orders.keras_pydataset(14, 3, 42, batch_size=2, backend=backend)
    second = orders.keras_pydataset(14, 3, 42, batch_size=2, backend=backend, compiled=False)
    order = np.concatenate([first, second])
    assert_same_way(replay(x, y, np.ones(3), simopt.SGD(eta=ETA), order, batch_size=2), ends)
