"""JSON in which lists or mappings lie beside the loss: what is a run, and what is a row of one."""

# ruff: noqa: E501 (a case is a line)

from __future__ import annotations

import json

import numpy as np
import pytest

from simopt.curves.logs import read_log
from tests.test_logs import HELD, LOSS, NAN, T, one, same, written

A, B, K = LOSS.tolist(), HELD.tolist(), T.tolist()
ROWS = [{"loss": a, "val_loss": b} for a, b in zip(A, B, strict=True)]
HISTORY = {"loss": A, "val_loss": B}


def each(**more):
    """The rows, with more beside the losses of each."""
    return [row | more for row in ROWS]


def by_epoch(rows):
    return {f"epoch_{k}": row for k, row in enumerate(rows)}


ONE_RUN = {
    "losses of classes": each(class_loss=[0.1, 0.2, 0.3]),
    "losses of classes, counted": [{"epoch": k, **row} for k, row in enumerate(each(class_loss=[0.1, 0.2, 0.3]))],
    "losses of classes, counted by a text": [{"epoch": f"{k}/40", **row} for k, row in enumerate(each(class_loss=[0.1, 0.2, 0.3]))],
    "losses of batches": each(batch_losses=[0.3, 0.2, 0.1, 0.05]),
    "nested errors": each(state={"error": [1.0, 2.0, 3.0]}),
    "records of clients": each(clients=[{"id": 1, "loss": 0.5}, {"id": 2, "loss": 0.4}, {"id": 3, "loss": 0.4}]),
    "rates of groups": by_epoch(each(lrs=[0.1, 0.01])),
    "a table": by_epoch(each(confusion=[[1, 2], [3, 4]])),
    "records of batches": by_epoch(each(batches=[{"loss": 0.5}, {"loss": 0.4}, {"loss": 0.3}])),
    "parts": [{"train": {"loss": a, "losses": [0.1, 0.2, 0.3]}, "val": {"loss": b}} for a, b in zip(A, B, strict=True)],
    "XGBoost's evaluations": {"validation_0": {"logloss": A}, "validation_1": {"logloss": B}},
    "a list of numbers that looks like a chart": {"series": [{"id": "words", "data": [1, 2, 3]}], **HISTORY},
    "a chart of something else": {"data": [{"name": "train", "x": [1, 2], "y": [3, 4]}], "history": HISTORY},
    "data sets": {"datasets": [{"name": "digits", "values": [1, 2, 3]}], "history": HISTORY},
    "axes": {name: {"x": K, "y": cells} for name, cells in HISTORY.items()},
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_RUN)
def test_one_run(tmp_path, name):
    same(one(read_log(written(tmp_path, json.dumps(ONE_RUN[name]), "run.json"))))


def test_records_of_one_number_each_are_no_series(tmp_path):
    text = json.dumps([{"step": k, "name": "loss", "data": [a]} for k, a in zip(K, A, strict=True)])
    same(one(read_log(written(tmp_path, text, "run.json"))), held=None)


def test_terms_of_a_loss_are_no_runs(tmp_path):
    terms = {"kl": A, "reconstruction": A}
    text = json.dumps({"loss": terms, "val_loss": terms})
    same(one(read_log(written(tmp_path, text, "run.json"))), 2 * LOSS, 2 * LOSS)


def test_a_loss_of_validation_stands_at_the_end_of_its_batches(tmp_path):
    value = [
        {"epoch": k // 4, "train_losses": A[k : k + 4], "val_loss": B[k + 3]}
        for k in range(0, 40, 4)
    ]
    run = one(read_log(written(tmp_path, json.dumps(value), "run.json")))
    same(run, LOSS, np.where(T % 4 == 3, HELD, NAN))


def test_an_epoch_without_validation_and_a_short_one(tmp_path):
    value = [
        {"epoch": 0, "losses": A[:20]},
        {"epoch": 1, "losses": A[20:36], "val_loss": B[35]},
        {"epoch": 2, "losses": A[36:]},
    ]
    run = one(read_log(written(tmp_path, json.dumps(value), "run.json")))
    same(run, LOSS, np.where(T == 35, HELD, NAN))


RUNS = {
    "results beside histories": [
        {"config": {"lr": lr}, "epochs": 40, "loss": 0.1, "history": HISTORY} for lr in (0.1, 0.2)
    ],
    "final losses": [{"lr": lr, "final_loss": 0.1, "log": HISTORY} for lr in (0.1, 0.2)],
    "losses of a test": [{"lr": lr, "test_loss": lr, **HISTORY} for lr in (0.1, 0.2)],
}


@pytest.mark.parametrize("name", RUNS)
def test_runs_with_what_they_came_to(tmp_path, name):
    log = read_log(written(tmp_path, json.dumps(RUNS[name]), "runs.json"))
    assert [run.name for run in log] == ["lr=0.1", "lr=0.2"]
    for run in log:
        same(run)


def test_lists_of_parts_by_seed_are_runs(tmp_path):
    text = json.dumps({seed: {"train": A, "val": B} for seed in "01"})
    log = read_log(written(tmp_path, text, "runs.json"))
    assert [run.name for run in log] == ["0", "1"]
    for run in log:
        same(run)
