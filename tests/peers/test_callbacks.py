"""Callbacks in real trainings of the frameworks."""

import importlib.util
import re

import numpy as np
import pytest

from simopt import callbacks

EPOCHS = 12


def data():
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 6)).astype("float32")
    y = x @ random.normal(size=6).astype("float32") + 0.1 * random.normal(size=400)
    return x, y.astype("float32")


def needs(name):
    return pytest.mark.skipif(importlib.util.find_spec(name) is None, reason=f"no {name}")


def test_keras():
    import keras

    keras.utils.set_random_seed(0)
    x, y = data()
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.01), "mse")
    lines = []
    callback = callbacks.keras(say=lines.append)
    fit = model.fit(
        x, y, epochs=EPOCHS, validation_split=0.2, verbose=0, callbacks=[callback]
    ).history
    watcher = callback.watcher
    assert watcher.losses == pytest.approx(fit["loss"])
    assert watcher.validation == pytest.approx(fit["val_loss"])
    assert len(lines) == EPOCHS
    assert watcher.diagnosis.symptom == "healthy"


def test_keras_with_a_rate_that_is_too_high():
    import keras

    keras.utils.set_random_seed(0)
    x, y = data()
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1.5), "mse")
    callback = callbacks.keras(say=str)
    model.fit(x, y, epochs=9, verbose=0, callbacks=[callback])
    assert re.search(r"NaN or Inf .*: eta / \d+: mended \d+ %", callback.watcher.sentence())


@needs("lightning")
@pytest.mark.parametrize(
    ("options", "validated"),
    [
        ({}, range(EPOCHS)),
        ({"accumulate_grad_batches": 4}, range(EPOCHS)),
        ({"check_val_every_n_epoch": 3}, range(2, EPOCHS, 3)),
    ],
)
def test_lightning(options, validated):
    import torch
    from lightning.pytorch import LightningModule, Trainer, seed_everything

    class Line(LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(6, 1)
            self.seen = []

        def training_step(self, batch, _):
            loss = torch.mean((self.layer(batch[0])[:, 0] - batch[1]) ** 2)
            self.seen.append(loss.item())
            return loss

        def validation_step(self, batch, _):
            self.log("val_loss", torch.mean((self.layer(batch[0])[:, 0] - batch[1]) ** 2))

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.01)

    seed_everything(0)
    points = torch.utils.data.TensorDataset(*map(torch.tensor, data()))
    loader = torch.utils.data.DataLoader(points, 20, shuffle=True)
    held_out = torch.utils.data.DataLoader(points, 100)
    callback, module = callbacks.lightning(say=str), Line()
    trainer = Trainer(
        max_epochs=EPOCHS, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, callbacks=[callback], **options,
    )  # fmt: skip
    trainer.fit(module, loader, held_out)
    means = np.array(module.seen).reshape(EPOCHS, -1).mean(axis=1)
    assert callback.watcher.losses == pytest.approx(means, rel=1e-5)
    assert np.flatnonzero(np.isfinite(callback.watcher.validation)).tolist() == [*validated]
    assert options or callback.watcher.diagnosis.symptom == "healthy"


@needs("transformers")
@needs("accelerate")
def test_transformers(tmp_path):
    import torch
    from transformers import Trainer, TrainingArguments

    class Line(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(6, 1)

        def forward(self, x, labels):
            z = self.layer(x)[:, 0]
            return {"loss": torch.mean((z - labels) ** 2), "logits": z}

    x, y = data()
    rows = [{"x": a, "labels": b} for a, b in zip(x, y, strict=True)]
    options = TrainingArguments(
        str(tmp_path), num_train_epochs=EPOCHS, per_device_train_batch_size=20, report_to=[],
        learning_rate=0.05, logging_strategy="epoch", eval_strategy="epoch", save_strategy="no",
        use_cpu=True, disable_tqdm=True,
    )  # fmt: skip
    callback = callbacks.transformers(say=str)
    trainer = Trainer(Line(), options, train_dataset=rows, eval_dataset=rows, callbacks=[callback])
    trainer.train()
    logged = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    held_out = [row["eval_loss"] for row in trainer.state.log_history if "eval_loss" in row]
    assert callback.watcher.losses == pytest.approx(logged)
    assert callback.watcher.validation == pytest.approx(held_out)
    assert len(logged) == EPOCHS
