"""Callbacks for training loops: the curve that grows is the one that is diagnosed."""

import importlib.machinery
import math
import sys
import types

import numpy as np
import pytest

import simopt
from simopt import callbacks

FALLING = [2.3, 1.1, 0.7, 0.5, 0.4, 0.35, 0.33, 0.32, 0.315, 0.312]


def test_the_watcher_says_what_diagnose_says():
    lines = []
    watcher = callbacks.Watcher(say=lines.append)
    for epoch, loss in enumerate(FALLING, 1):
        watcher.epoch(loss)
        assert lines[-1].startswith(f"simopt, epoch {epoch}: ")
    assert watcher.losses == FALLING
    alone = simopt.diagnose(FALLING)
    assert (watcher.diagnosis.symptom, watcher.diagnosis.sure) == (alone.symptom, alone.sure)
    assert lines[0].endswith("too short to say")
    assert lines[-1].endswith(f"healthy ({100 * alone.sure:.0f} % sure)")


def test_advice_comes_with_what_is_wrong_and_knows_the_optimizer():
    lines = []
    watcher = callbacks.Watcher(say=lines.append, optimizer=simopt.SGD(eta=0.5))
    for loss in [2.3, 1.1, 2.7, 5, 14, 35, 133, 900, 4000]:
        watcher.epoch(loss)
    assert "decreases then explodes" in lines[-1]
    assert "eta 0.5 -> " in lines[-1]


def test_a_loss_that_breaks_is_said_at_once():
    lines = []
    watcher = callbacks.Watcher(say=lines.append)
    for loss in (2.3, math.nan):
        watcher.epoch(loss)
    assert "NaN or Inf" in lines[-1]


def test_an_array_of_one_loss_is_that_loss():
    watcher = callbacks.Watcher(say=str)
    watcher.epoch(np.array([0.5]), np.array([[0.25]]))
    watcher.epoch(np.float64(0.5), np.array(0.25))
    assert (watcher.losses, watcher.validation) == ([0.5, 0.5], [0.25, 0.25])
    with pytest.raises(ValueError, match=r"^loss=array\(\[0.5, 0.4\]\): must be a number"):
        watcher.epoch(np.array([0.5, 0.4]))


def test_the_validation_loss_is_read_where_there_is_one():
    watcher = callbacks.Watcher(say=str)
    for k in range(30):
        watcher.epoch(0.85**k, 0.3 + 0.7 * 0.7**k + 0.02 * max(0, k - 8))
    assert watcher.diagnosis.symptom == "validation rises"


@pytest.mark.parametrize(
    ("make", "wrong", "named"),
    [
        (callbacks.Watcher, {"say": "loudly"}, "say"),
        (callbacks.Watcher, {"optimizer": "adam"}, "optimizer"),
        (callbacks.keras, {"loss": None}, "loss"),
        (callbacks.lightning, {"validation": 3}, "validation"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_imported(make, wrong, named, monkeypatch):
    for module in ("keras.callbacks", "lightning.pytorch", "transformers"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ValueError, match=named):
        make(**wrong)


class Tensor(float):
    """A loss as Lightning hands it over."""

    def detach(self):
        return float(self)


def of_lightning(monkeypatch, name):
    """The callback, where Lightning is there under that name alone."""
    for other in ("lightning", "lightning.pytorch", "pytorch_lightning"):
        monkeypatch.setitem(sys.modules, other, None)
    package = types.ModuleType(name)
    package.Callback = object
    package.__spec__ = importlib.machinery.ModuleSpec(name, None)
    if "." in name:
        monkeypatch.setitem(sys.modules, name.partition(".")[0], types.ModuleType("lightning"))
    monkeypatch.setitem(sys.modules, name, package)
    return callbacks.lightning(say=str)


@pytest.mark.parametrize("name", ["lightning.pytorch", "pytorch_lightning"])
@pytest.mark.parametrize("automatic", [True, False])
def test_lightning_divides_the_loss_where_it_accumulates_gradients(monkeypatch, name, automatic):
    """And keeps a metric of validation until it runs again; it validates before it trains, too."""
    callback = of_lightning(monkeypatch, name)
    module = types.SimpleNamespace(automatic_optimization=automatic)
    trainer = types.SimpleNamespace(
        accumulate_grad_batches=4, sanity_checking=True, callback_metrics={"val_loss": 9.0}
    )
    callback.on_validation_end(trainer, module)
    trainer.sanity_checking = False
    for epoch in range(4):
        for loss in (1.0, 2.0, 6.0):
            handed = Tensor(loss / 4 if automatic else loss)
            callback.on_train_batch_end(trainer, module, {"loss": handed}, None, 0)
        if epoch == 2:
            trainer.callback_metrics["val_loss"] = 5.0
            callback.on_validation_end(trainer, module)
        callback.on_train_epoch_end(trainer, module)
    assert callback.watcher.losses == [3.0] * 4
    assert [*map(str, callback.watcher.validation)] == ["nan", "nan", "5.0", "nan"]
