"""Logs of more programs, in their formats as documented or remembered, none run here: what is read."""

# ruff: noqa: E501 (lines of logs are as long as programs print them)

from __future__ import annotations

import json

import numpy as np
import pytest

from simopt.curves.logs import read_log
from tests.test_logs import HELD, LOSS, T, lines, one, same, written
from tests.test_logs_of_libraries import ROWS, rows

N = T + 1
A, B, K = LOSS.tolist(), HELD.tolist(), T.tolist()
BAR = "100%|██████████| 8/8 [00:01<00:00,  6.5it/s]"

#: Training and validation: the text, the file's name, positions.
BOTH = {
    "llama.cpp": (lines("train: [████████████████████] data=0000128/0000128 loss={a}±0.01 acc=50.0±0.5% t=00:00:10 ETA=00:00:00\nval:   [████████████████████] data=0000016/0000016 loss={b}±0.01 acc=50.0±0.5% t=00:00:01 ETA=00:00:00"), "out.log", None),
    "ggml": (lines("mnist: epoch {n:4}/40: train_loss={a}+-0.001, train_acc=90.0+-0.1%, val_loss={b}+-0.001, val_acc=89.0+-0.1%"), "out.log", N),
    "Keras in R": ('"epoch","value","metric","data"\n' + lines('{n},{a},"loss","training"') + lines('{n},0.5,"accuracy","training"') + lines('{n},{b},"loss","validation"') + lines('{n},0.4,"accuracy","validation"'), "history.csv", N),
    "luz": (lines("Epoch {n}/40\nTrain metrics: Loss: {a}\nValid metrics: Loss: {b}"), "out.log", N),
    "gbm": (rows("Iter   TrainDeviance   ValidDeviance   StepSize   Improve", "{n:6}        {a:.4f}          {b:.4f}     0.1000    0.0100"), "out.log", N),
    "XGBoost in R": (lines("[{n}]\ttrain-rmse:{a} \ttest-rmse:{b} "), "out.log", N),
    "Julia's @info": (lines("┌ Info: Metrics\n│   epoch = {n}\n│   train_loss = {a}\n└   val_loss = {b}"), "out.log", N),
    "Julia's @info, tuples": (lines("┌ Info: epoch\n│   epoch = {n}\n│   train = (loss = {a}, acc = 50.0)\n└   test = (loss = {b}, acc = 50.0)"), "out.log", N),
    "Julia's @info, a line": (lines("[ Info: Epoch {n}: train loss {a}, val loss {b}"), "out.log", N),
    "Flux": (lines("Epoch: {n}   Train: (loss = {a}, acc = 50.1)   Test: (loss = {b}, acc = 50.2)"), "out.log", N),
    "MXNet": (lines("INFO:root:Epoch[{k}] Batch [0-20]\tSpeed: 1234.56 samples/sec\tcross-entropy=9.0\nINFO:root:Epoch[{k}] Train-cross-entropy={a}\nINFO:root:Epoch[{k}] Time cost=1.234\nINFO:root:Epoch[{k}] Validation-cross-entropy={b}"), "out.log", T),
    "Chainer": (rows("epoch       main/loss   validation/main/loss  main/accuracy  validation/main/accuracy  elapsed_time", "{n:<10}  {a:<10}  {b:<20}  0.5            0.6                       1.23456     "), "out.log", N),
    "Chainer's log": (json.dumps([{"main/loss": a, "main/accuracy": 0.5, "validation/main/loss": b, "epoch": k + 1, "iteration": 600 * (k + 1), "elapsed_time": 1.5 * k} for k, a, b in ROWS]), "log", 600 * N),
    "MMDetection": ('{"env_info": "sys.platform: linux", "config": "model = dict(\\n)", "seed": null}\n' + lines('{{"mode": "train", "epoch": {n}, "iter": 50, "lr": 0.001, "loss_cls": 0.5, "loss": {a}, "time": 0.5}}\n{{"mode": "val", "epoch": {n}, "iter": 100, "lr": 0.001, "bbox_mAP": 0.5, "loss": {b}}}'), "a.log.json", None),
    "Turi": ("+-----------+--------------+---------------+-----------------+\n| Iteration | Elapsed Time | Training loss | Validation loss |\n+-----------+--------------+---------------+-----------------+\n" + lines("| {n:<9} | 0.012345     | {a:<12} | {b:<12} |"), "out.log", N),
    "SpeechBrain": (lines("epoch: {n}, lr: 1.00e-03 - train loss: {a} - valid loss: {b}, valid PER: 30.0"), "train_log.txt", N),
    "Comet's export": (json.dumps({"metrics": [{"metricName": name, "metricValue": str(cell), "timestamp": 1700000000000 + k, "step": k, "epoch": None} for k, a, b in ROWS for name, cell in (("loss", a), ("val_loss", b))]}), "a.json", T),
    "ClearML's scalars": (json.dumps({"loss": {"train": {"name": "train", "x": K, "y": A}, "val": {"name": "val", "x": K, "y": B}}}), "a.json", T),
    "ClearML's scalars by part": (json.dumps({"train": {"loss": {"name": "loss", "x": K, "y": A}}, "val": {"loss": {"name": "loss", "x": K, "y": B}}}), "a.json", T),
    "scikit-learn's histograms of gradients": (lines("[{n}/40] 1 tree, 14 leaves, max depth = 5, train loss: {a}, val loss: {b}, in 0.627s"), "out.log", N),
    "CatBoost's folds": (rows("iterations,test-RMSE-mean,test-RMSE-std,train-RMSE-mean,train-RMSE-std", "{k},{b},0.1,{a},0.2"), "cv.csv", T),
}  # fmt: skip

#: Training alone.
ALONE = {
    "OpenNMT": (lines("[2026-05-01 12:00:00,123 INFO] Step {n}/ 40; acc:   3.95; ppl: 19163.40; xent: {a}; lr: 0.00012; sents:    1234; bsz:  123/ 456/ 2; 123/456 tok/s,     12 sec;"), "out.log", N),
    "llama.cpp of old": (lines("train_opt_callback: iter= {k:5} sample={n}/40 sched=0.100000 loss={a} dt=00:00:01 eta=00:01:00 |->"), "out.log", T),
    "torchtune": (lines("Step {n} | loss:{a} lr:2e-05 tokens_per_second_per_gpu:1234.5 peak_memory_alloc:10.5"), "out.log", N),
    "Megatron and DeepSpeed": (lines("[2026-05-01 12:00:00,000] [INFO] [logging.py:96:log_dist] [Rank 0] step={n}, skipped=0, lr=[0.001, 0.001], mom=[(0.9, 0.999)]\nsteps: {n} loss: {a} iter time (s): 1.250 samples/sec: 51.2"), "out.log", N),
    "Neptune": (rows(",step,value,timestamp", "{k},{k}.0,{a},2026-05-01 12:00:00.000"), "loss.csv", T),
    "Stanza": (lines("2026-05-01 12:00:00: step {n}/40 (epoch 1/10), loss = {a} (0.123 sec/batch), lr: 0.003000"), "out.log", N),
    "Rasa": ("\r".join(f"Epochs: {100 * (k + 1) // 40:3}%|███ | {k + 1}/40 [00:10<00:00,  1.0it/s, t_loss={a}, i_acc=0.9]" for k, a, _ in ROWS) + "\n", "out.log", N),
    "PaddleNLP": (lines("[2026-05-01 12:00:00,000] [    INFO] - global step {n}, epoch: 1, batch: {n}, loss: {a}, accu: 0.90, speed: 2.00 step/s"), "out.log", N),
    "CNTK": (lines("Finished Epoch[{n} of 40]: [Training] loss = {a} * 50000, metric = 12.34% * 50000 10.234s (4885.7 samples/s);"), "out.log", N),
    "Detectron2": (lines("[01/01 12:00:00 d2.utils.events]:  eta: 0:10:00  iter: {k}9  total_loss: {a}  loss_cls: 0.5  loss_box_reg: 0.4    time: 0.5  last_time: 0.4   lr: 0.00025  max_mem: 1234M"), "out.log", 10 * T + 9),
    "PyTorch Geometric": (lines("Epoch: {n:03d}, Loss: {a}, Train: 0.5{k:02}, Val: 0.4{k:02}, Test: 0.3{k:02}"), "out.log", N),
    "DGL": (lines("Epoch {k:05d} | Loss {a} | Train Acc 0.5 | Val Acc 0.4 | Time(s) 0.01"), "out.log", T),
    "GPyTorch": (lines("Iter {n}/40 - Loss: {a}   lengthscale: 0.693   noise: 0.693"), "out.log", N),
    "Pyro": (lines("[iteration {n:04d}] loss: {a}"), "out.log", N),
    "arch": (lines("Iteration: {n:6},   Func. Count: {n:6},   Neg. LLF: {a}"), "out.log", N),
    "nnet": ("# weights:  10\ninitial  value 9.0 \n" + lines("iter  {n}0 value {a}") + "final  value 0.34\nconverged\n", "out.log", 10 * N),
    "glm": (lines("Deviance = {a} Iterations - {n}"), "out.log", N),
    "nlminb": (lines("{k:3}:     {a}:  1.00000 0.500000"), "out.log", T),
    "Coqui": (lines("\n\x1b[1m   --> STEP: 24/639 -- GLOBAL_STEP: {n}\x1b[0m\n     | > loss: {a}  (9.0)\n     | > grad_norm: 0.5  (0.6)\n     | > current_lr: 0.001 "), "out.log", N),
    "tch": (lines("epoch: {n:4} train loss: {a:8.5f} test acc: 50.12%"), "out.log", N),
    "candle": (lines("{n:4} train loss: {a:8.5f} test acc: 50.00%"), "out.log", N),
    "Spinning Up": ("".join("-" * 30 + f"\n|           Epoch |{k:15} |\n|    AverageEpRet |           1.5 |\n|          LossPi |{a:15} |\n|           LossV |           9.9 |\n" + "-" * 30 + "\n" for k, a, _ in ROWS), "out.log", T),
    "RLlib": (rows("episode_reward_mean,training_iteration,timesteps_total,info/learner/default_policy/learner_stats/total_loss,info/learner/default_policy/learner_stats/policy_loss", "10.5,{n},{n}000,{a},0.1"), "progress.csv", None),
    "KMeans": (lines("Iteration {k}, inertia {a}."), "out.log", T),
    "dictionaries of scikit-learn": (lines("[MiniBatchDictionaryLearning] Minibatch step {n}/40: mean batch cost: {a}, ewa cost: 9.0"), "out.log", N),
}  # fmt: skip


@pytest.mark.parametrize("name", BOTH)
def test_training_and_validation(tmp_path, name):
    text, file, x = BOTH[name]
    run = one(read_log(written(tmp_path, text, file)))
    same(run)
    if x is not None:
        np.testing.assert_array_equal(run.x, x)


@pytest.mark.parametrize("name", ALONE)
def test_training_alone(tmp_path, name):
    text, file, x = ALONE[name]
    run = one(read_log(written(tmp_path, text, file)))
    same(run, held=None)
    if x is not None:
        np.testing.assert_array_equal(run.x, x)


@pytest.mark.parametrize(
    ("names", "first"),
    [("box_loss   cls_loss   dfl_loss", 1), ("box_loss   obj_loss   cls_loss", 0)],
)
def test_rows_of_another_table_below_are_none_of_the_loss(tmp_path, names, first):
    text = "".join(
        f"\n      Epoch    GPU_mem   {names}  Instances       Size\n"
        f"      {k + first}/40      2.51G        {a}      1.5      1.1         12        640: {BAR}\n"
        f"                 Class     Images  Instances      Box(P          R      mAP50  mAP50-95): {BAR}\n"
        "                   all        128        929      0.65      0.53       0.6      0.45\n"
        for k, a, _ in ROWS
    )
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run, LOSS + 2.6, None)
    np.testing.assert_array_equal(run.x, T + first)


def test_an_objective_of_kaldi_that_rises_is_said_to(tmp_path):
    text = lines(
        "LOG (nnet3-train[5.5]:PrintStatsForThisMinibatch():nnet-training.cc:297) Average objective function for 'output' for minibatches {k}0-{k}9 is -{a} over 1234 frames."
    )
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run, -LOSS, None)
    assert any("rises" in note for note in run.notes)


def test_wrong_phonemes_are_no_loss_of_validation(tmp_path):
    text = lines("epoch: {n}, lr: 1.00e-03 - train loss: {a} - valid PER: 30.0")
    same(one(read_log(written(tmp_path, text, "train_log.txt"))), held=None)


def test_two_losses_of_an_agent(tmp_path):
    text = lines(
        "Learning iteration {k}/40\n   Value function loss: {a}\n   Surrogate loss: 0.01\n   Mean reward: 0.5"
    )
    assert one(read_log(written(tmp_path, text, "out.log"))).about == "reinforcement learning"


def test_a_counter_that_never_moves_counts_nothing(tmp_path):
    run = one(read_log(written(tmp_path, rows("epoch,loss", "0,{a}"))))
    same(run, held=None)
    assert (run.x, run.x_column) == (None, "")
