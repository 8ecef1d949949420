"""What trainers of today print, and what is only near it: values as who reads them would take them."""

# ruff: noqa: E501 (lines of logs are as long as programs print them)

from __future__ import annotations

import json

import numpy as np
import pytest

from simopt.curves.logs import read_log
from tests.test_logs import HELD, LOSS, T, lines, one, same, written
from tests.test_logs_of_libraries import ROWS, rows

N = T + 1

#: Lines of an epoch, or of a step, with both losses.
BOTH = {
    "torchtitan and a validation": "step: {n}  loss: {a}  grad_norm: 1.5  tps: 5,123  mfu: 5.67%  val_loss: {b}",
    "LitGPT": "Epoch 1 | iter {n} step {n} | loss train: {a}, val: {b} | iter time: 123.45 ms (step)",
    "NeMo": "Training epoch 0, iteration {n}/99 | lr: 1e-05 | global_batch_size: 8 | global_step: {n} | reduced_train_loss: {a} | consumed_samples: {n}00 | val_loss: {b}",
    "luz": "Epoch {n}/40\nTrain metrics: Loss: {a} - Acc: 0.5\nValid metrics: Loss: {b} - Acc: 0.4",
    "R torch": "step {n}\nTrain loss/epoch {n}: {a}, Val loss/epoch {n}: {b}",
    "of how many epochs": "loss/epoch {n}/40: train {a}, val {b}",
    "Axolotl": "{{'loss': {a}, 'grad_norm': 1.5, 'learning_rate': 2e-05, 'memory/max_active (GiB)': 10.5, 'ppl': 7.5, 'epoch': {n}}}\n{{'eval_loss': {b}, 'eval_runtime': 1.5, 'epoch': {n}}}",
    "Ultralytics' sums": "epoch {n} train/loss={a} val/loss={b} lr/pg0=0.01",
    "LightGBM": "[{n}]\ttraining's binary_logloss: {a}\tvalid_1's binary_logloss: {b}",
    "HistGradientBoosting": "[{n}/40] 1 tree, 31 leaves, max depth = 9, train loss: {a}, val loss: {b}, in 0.010s",
}

#: Of a step, with a training loss alone.
TRAINED = {
    "torchtune": "Step {n} | loss:{a} lr:2e-05 tokens_per_second_per_gpu:1234.5 grad_norm:1.5",
    "nanochat": "step {n:05d}/21400 (0.25%) | loss: {a} | lrm: 1.00 | dt: 123.45ms | tok/sec: 1,234,567 | mfu: 45.67 | total time: 1.23m",
    "MaxText": "completed step: {n}, seconds: 1.234, TFLOP/s/device: 123.456, Tokens/s/device: 1234.5, total_weights: 65536, loss: {a}",
    "OLMo-core": "2026-01-01 12:00:00.123 host:0 olmo_core.train.callbacks.console_logger:89 INFO [step={n}/1000,epoch=1]\n    optim/LR=0.0001\n    train/CE loss={a}\n    train/PPL=12.5",
    "MindFormers": "2026-01-01 12:00:00,123 - INFO - {{ Epoch:[  1/  2], step:[{n:5d}/  800], loss: {a}, per_step_time: 500ms, lr: 1e-05, overflow cond: False }}",
    "DeepSpeed": "[2026-01-01 12:00:00,123] [INFO] [logging.py:96:log_dist] [Rank 0] step={n}, skipped=0, lr=[0.001], mom=[[0.9, 0.999]]\nsteps: {n} loss: {a} iter time (s): 0.123 samples/sec: 12.5",
    "fairseq2": "[Rank 0] 2026-01-01 12:00:00,123 INFO fairseq2 - Train Metrics (step {n}) - NLL Loss: {a} | Gradient Norm: 1.5 | Elapsed Time: 10s",
    "DGL": "Epoch {n:05d} | Time(s) 0.0100 | Loss {a} | Accuracy 0.5 | ETputs(KTEPS) 123.45",
    "Lux": "Iter: [{n:6d}/  800]\tTraining Loss: {a}\tThroughput: 123.4 Samples/s",
    "PaddleClas": "[2026/01/01 12:00:00] ppcls INFO: [Train][Epoch {n}/200][Iter: 0/100]lr(LinearWarmup): 0.001, top1: 0.5, CELoss: {a}, batch_cost: 0.5{n}s, reader_cost: 0.1, ips: 50.5 samples/s",
    "verl": "step:{n} - actor/entropy:0.5 - actor/pg_loss:{a} - actor/kl_loss:0.01 - critic/vf_loss:0.75 - actor/grad_norm:0.5",
    "a loss of an epoch": "loss/epoch {n} {a}",
    "a loss of a round, of how many": "loss/round {n} of 40 {a}",
    "a loss of an iteration": "Train Loss/iteration #{n}: {a}",
}


@pytest.mark.parametrize("line", BOTH.values(), ids=BOTH)
def test_lines_with_both_losses(tmp_path, line):
    run = one(read_log(written(tmp_path, lines(line), "out.log")))
    same(run)
    np.testing.assert_array_equal(run.x, N)


@pytest.mark.parametrize("line", TRAINED.values(), ids=TRAINED)
def test_lines_with_a_training_loss(tmp_path, line):
    run = one(read_log(written(tmp_path, lines(line), "out.log")))
    same(run, held=None)
    np.testing.assert_array_equal(run.x, N)


@pytest.mark.parametrize(
    "line",
    [
        "step {n} loss/epoch: {a}",  # a mean over an epoch
        "step {n} loss/step {a}",
        "step {n}: train_loss/epoch={a}",
    ],
)
def test_a_loss_over_what_it_is_counted_by_is_no_position(tmp_path, line):
    run = one(read_log(written(tmp_path, lines(line), "out.log")))
    same(run, held=None)
    np.testing.assert_array_equal(run.x, N)


@pytest.mark.parametrize("index", [True, False])
def test_a_history_of_r_printed_as_a_frame(tmp_path, index):
    """``as.data.frame(history)``: a row a metric, and numbers in front that have no name."""
    said = [
        (n, value, part)
        for part, values in (("training", LOSS), ("validation", HELD))
        for n, value in zip(N, values, strict=True)
    ]
    text = "   epoch     value metric       data\n"
    for k, (n, value, part) in enumerate(said, 1):
        text += f"{k if index else ''} {n:6d} {value!r} loss {part:>10s}\n"
    run = one(read_log(written(tmp_path, text, "out.txt")))
    same(run)
    np.testing.assert_array_equal(run.x, N)


@pytest.mark.parametrize(
    "names",
    [
        ("batch_cost", "val_cost"),  # nothing beside it that a reader costs
        ("data_cost", "val_data_cost"),
        ("batch_data_cost", "val_batch_data_cost"),  # one of both is not two
    ],
)
def test_a_cost_is_a_loss_where_it_is_no_time(tmp_path, names):
    same(one(read_log(written(tmp_path, rows(",".join(("epoch", *names)), "{n},{a},{b}")))))


def test_costs_are_losses_where_nothing_else_is_one(tmp_path):
    run = one(read_log(written(tmp_path, rows("epoch,batch_cost,data_cost", "{n},{a},{b}"))))
    same(run, held=None)


def test_llama_factory_writes_evaluations_between_its_steps(tmp_path):
    text = ""
    for k, a, b in ROWS:
        at = {"current_steps": 10 * k + 10, "total_steps": 10 * len(T), "epoch": 0.25 * k + 0.25}
        said = {"percentage": 12.5, "elapsed_time": "0:00:10", "remaining_time": "0:01:00"}
        text += json.dumps(at | {"loss": float(a), "lr": 1e-4} | said) + "\n"
        if k % 2:
            text += json.dumps(at | {"eval_loss": float(b)} | said) + "\n"
    run = one(read_log(written(tmp_path, text, "trainer_log.jsonl")))
    np.testing.assert_array_equal(run.loss, LOSS)
    np.testing.assert_array_equal(run.x, 10 * N)
    assert run.validation is not None
    np.testing.assert_array_equal(run.validation[1::2], HELD[1::2])
    assert np.isnan(run.validation[::2]).all()
