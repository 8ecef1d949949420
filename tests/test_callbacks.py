"""Callbacks for training loops: the curve that grows is the one that is diagnosed."""

import math
import sys

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
