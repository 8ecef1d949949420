"""Trainings of transformers, TensorFlow and Keras, and streamed datasets: orders to record.

Trainer and Keras train by themselves; what they visit is what their dataset, or loss, is asked for.
"""

import contextlib
import io
import itertools
import os
import tempfile

import numpy as np

from tests.order_cases import EPOCHS, ETA, D, N, Numbered, batched, case, points, trained


def trainer():
    """The Trainer of transformers: its own training."""
    import torch
    import transformers

    class Visited(Numbered):
        """Points as the model takes them, that remember in which order they were taken."""

        def __getitem__(self, i):
            numbers.append(i)
            _, x, y = self.rows[i]
            return {"x": x, "labels": y}

    class Linear(torch.nn.Module):
        """A linear model that keeps its loss, as transformers wants it."""

        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(torch.zeros(D, dtype=torch.float64))

        def forward(self, x, labels):
            return {"loss": torch.mean((x @ self.w - labels) ** 2)}

    class Ends(transformers.TrainerCallback):
        """The weights after every epoch."""

        def on_epoch_end(self, arguments, state, control, model, **more):
            ends.append(model.w.detach().tolist())

    for seed, data_seed in ((42, None), (7, None), (42, 3)):
        numbers, ends, model = [], [], Linear()
        optimizer = torch.optim.SGD(model.parameters(), lr=ETA)
        rates = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            arguments = transformers.TrainingArguments(
                folder, seed=seed, data_seed=data_seed, num_train_epochs=EPOCHS, max_grad_norm=0.0,
                per_device_train_batch_size=4, report_to=[], save_strategy="no", use_cpu=True,
                logging_strategy="no", disable_tqdm=True, remove_unused_columns=False,
            )  # fmt: skip
            transformers.Trainer(
                model, arguments, train_dataset=Visited(), optimizers=(optimizer, rates),
                callbacks=[Ends()],
            ).train()  # fmt: skip
        given = {"n": N, "epochs": EPOCHS, "seed": seed, "data_seed": data_seed}
        visited = np.reshape(numbers, (EPOCHS, N)).tolist()
        yield case("hf_trainer", given, 4, visited, ends)


def streamed():
    """A streamed dataset, with buffers smaller and larger than it."""
    from datasets import Dataset

    rows = Dataset.from_dict({"i": list(range(N))})
    for size in (1, 2, 5, 13, 14, 15, 1000):
        stream = rows.to_iterable_dataset().shuffle(seed=42, buffer_size=size)
        visited = []
        for epoch in range(EPOCHS):
            stream.set_epoch(epoch)
            visited.append([row["i"] for row in stream])
        given = {"n": N, "epochs": EPOCHS, "seed": 42, "buffer_size": size}
        yield case("datasets_stream", given, 4, *trained(batched(row, 4) for row in visited))


def tf_data():
    """A pipeline with ``shuffle``, and TensorFlow's training on it."""
    import tensorflow as tf

    x, y = points()
    seeds = ((42, None), (None, 42), (7, 3), (0, 0), (2**31 - 1, 2**31 - 1), (0, None), (2**40, 5))
    for (seed, of_all), size, again in itertools.product(seeds, (1, 5, 100), (True, False)):
        tf.random.set_seed(of_all)
        rows = tf.data.Dataset.from_tensor_slices((np.arange(N), x, y))
        stream = rows.shuffle(size, seed, reshuffle_each_iteration=again).batch(4)
        w, visited, ends = tf.Variable(np.zeros(D)), [], []
        for _ in range(EPOCHS):
            visited.append([])
            for numbers, inputs, targets in stream:
                visited[-1] += numbers.numpy().tolist()
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean((tf.linalg.matvec(inputs, w) - targets) ** 2)
                w.assign_sub(ETA * tape.gradient(loss, w))
            ends.append(w.numpy().tolist())
        given = {"n": N, "epochs": EPOCHS, "seed": seed, "buffer_size": size}
        given |= {"global_seed": of_all, "reshuffle_each_iteration": again}
        yield case("tf_data", given, 4, visited, ends)


def keras_on_tensorflow():
    """Keras' fit on arrays and on a PyDataset: its own trainings, with TensorFlow under it."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras

    keras.config.set_floatx("float64")
    x, y = points()
    visited, ends = [], []

    def loss(y_true, y_pred):
        """Of targets beside their points' numbers, which it keeps."""
        visited[-1] += y_true[:, 1].numpy().astype(int).tolist()
        return keras.ops.mean((y_true[:, :1] - y_pred) ** 2)

    class Batches(keras.utils.PyDataset):
        """The points in batches of two."""

        def __len__(self):
            return N // 2

        def __getitem__(self, k):
            return x[2 * k : 2 * k + 2], both[2 * k : 2 * k + 2]

    class Ends(keras.callbacks.Callback):
        """Begins and ends an epoch."""

        def on_epoch_begin(self, epoch, logs=None):
            visited.append([])

        def on_epoch_end(self, epoch, logs=None):
            ends.append(self.model.get_weights()[0].ravel().tolist())

    both = np.column_stack([y, np.arange(N)])
    for function, size in (("keras_fit", 4), ("keras_pydataset", 2)):
        for seed in (42, 7):
            visited.clear()
            ends.clear()
            keras.utils.set_random_seed(seed)
            layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
            model = keras.Sequential([keras.Input((D,)), layer])
            model.compile(keras.optimizers.SGD(ETA), loss, run_eagerly=True)
            data = {"x": x, "y": both, "batch_size": 4} if size == 4 else {"x": Batches()}
            model.fit(**data, epochs=EPOCHS, verbose=0, callbacks=[Ends()])
            given = {"n": N, "epochs": EPOCHS, "seed": seed, "backend": "tensorflow"}
            given |= {"batch_size": size} if function == "keras_pydataset" else {}
            yield case(function, given, size, [*visited], [*ends])
