"""What libraries write, with all that stands around the losses: each of them read whole."""

# ruff: noqa: E501 (lines of logs are as long as programs print them)

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt.curves.logs import read_log
from simopt.curves.logs.cells import is_number
from simopt.curves.logs.pairs import pairs
from tests.test_logs import HELD, LOSS, NAN, T, lines, one, same, written

ROWS = [(int(k), float(a), float(b)) for k, a, b in zip(T, LOSS, HELD, strict=True)]
TREES = "boosted trees"


def rows(header, *templates):
    """A table with a row for every template, of every epoch."""
    body = "".join(t.format(k=k, n=k + 1, a=a, b=b) + "\n" for k, a, b in ROWS for t in templates)
    return header + "\n" + body


def records(*templates):
    """A JSON object a line; templates have < and > for braces."""
    return lines("\n".join(t.replace("<", "{{").replace(">", "}}") for t in templates))


def rows_of_training(template):
    """A line an epoch; p is the perplexity, d the loss as Fortran writes it."""
    return "".join(
        template.format(k=int(k), a=a, p=np.exp(a), d=f"{a:.6E}".replace("E", "D")) + "\n"
        for k, a in zip(T, LOSS, strict=True)
    )


#: Training and validation loss of 40 epochs each: the name of the file, its text, what trained.
WITH_VALIDATION = {
    "Lightning, validation before its epoch": (
        "metrics.csv",
        rows("epoch,step,train/loss_epoch,val/loss", "{k},{n}3,,{b}", "{k},{n}3,{a},"),
    ),
    "Lightning, the rate's rows and a test": (
        "metrics.csv",
        rows(
            "epoch,lr-SGD,step,test_loss,train_loss,val_loss",
            ",0.1,{k}9,,,",
            "{k},,{n}3,,,{b}",
            "{k},,{n}3,,{a},",
        )
        + "40,,500,0.5,,\n",
    ),
    "Keras, with metrics": (
        "log.csv",
        rows("accuracy,epoch,learning_rate,loss,val_accuracy,val_loss", "0.5,{k},1e-3,{a},0.4,{b}"),
    ),
    "fastai": ("history.csv", rows("epoch,train_loss,valid_loss,mae,time", "{k},{a},{b},0.5,00:00")),
    "fastai, printed": (
        "out.txt",
        rows("epoch     train_loss  valid_loss  mae       time", "{k:<10}{a:<12.6f}{b:<12.6f}0.500000  00:00"),
    ),
    "Ray": (
        "progress.csv",
        rows(
            "train_loss,val_loss,timestamp,done,training_iteration,date,time_total_s,pid,node_ip,config/lr",
            "{a},{b},1700000000,False,{n},2026-05-01_12-00-00,{k},7,10.1.2.3,0.1",
        ),
    ),
    "Ray, its JSON": (
        "result.json",
        records(
            '<"train_loss": {a}, "val_loss": {b}, "done": false, "training_iteration": {n}, "date": "2026-05-01_12-00-00", "pid": 7, "config": <"lr": 0.1>>'
        ),
    ),
    "Ultralytics": (
        "results.csv",
        rows("epoch,time,train/loss,metrics/accuracy_top1,val/loss,lr/pg0", "{n},{k}.5,{a},0.5,{b},0.01"),
    ),
    "flair": (
        "loss.tsv",
        rows(
            "EPOCH\tTIMESTAMP\tLEARNING_RATE\tTRAIN_LOSS\tDEV_LOSS\tDEV_PRECISION\tDEV_F1",
            "{n}\t12:00:{k:02}\t0.1000\t{a}\t{b}\t0.5\t0.5",
        ),
    ),
    "SpeechBrain": (
        "train_log.txt",
        lines(
            "epoch: {n}, lr: 2.00e-02 - train loss: {a} - valid loss: {b}, valid PER: 12.30",
            "Epoch loaded: 40 - test loss: nan, test PER: 30\n",
        ),
    ),
    "MMEngine, steps beside epochs": (
        "scalars.json",
        records(
            '<"lr": 0.1, "loss": {a}, "time": 0.1, "epoch": {n}, "iter": {n}25, "step": {n}25>',
            '<"val_loss": {b}, "time": 0.1, "step": {n}>',
        ),
    ),
    "MMEngine, printed": (
        "out.log",
        lines(
            "2026/05/01 12:00:00 - mmengine - INFO - Epoch(train)  [{n}][25/25]  lr: 1.0e-02  eta: 0:10:00  loss: {a}  loss_cls: 0.1\n"
            "2026/05/01 12:00:00 - mmengine - INFO - Epoch(val) [{n}][5/5]    val_loss: {b}  time: 0.2"
        ),
    ),
    "ClearML": (
        "metrics.jsonl",
        records(
            '[<"type": "training_stats_scalar", "task": "a", "iter": {k}, "metric": "loss", "variant": "train", "value": {a}>]',
            '[<"type": "training_stats_scalar", "task": "a", "iter": {k}, "metric": "loss", "variant": "validation", "value": {b}>]',
        ),
    ),
    "XGBoost": ("out.txt", lines("[{k}]\ttrain-rmse:{a}\teval-rmse:{b}"), TREES),
    "XGBoost, its evaluation sets": (
        "out.txt",
        lines("[{k}]\tvalidation_0-logloss:{a}\tvalidation_1-logloss:{b}"),
        TREES,
    ),
    "LightGBM": (
        "out.txt",
        lines("[{n}]\ttraining's l2: {a}\ttraining's l1: 0.5\tvalid_0's l2: {b}\tvalid_0's l1: 0.6"),
        TREES,
    ),
    "CatBoost": (
        "out.txt",
        lines(
            "{k}:\tlearn: {a:.7f}\ttest: {b:.7f}\tbest: {b:.7f} ({k})\ttotal: {n}.5ms\tremaining: 1s",
            "\nbestTest = 0.35\nbestIteration = 39\n",
        ),
        TREES,
    ),
    "CatBoost, its JSON": (
        "catboost_training.json",
        json.dumps(
            {
                "meta": {"test_sets": ["test"], "learn_sets": ["learn"], "iteration_count": 40},
                "iterations": [
                    {"learn": [a, 0.5], "iteration": k, "passed_time": 0.1, "test": [b, 0.6]}
                    for k, a, b in ROWS
                ],
            }
        ),
        TREES,
    ),
    "nnU-Net": (
        "training_log.txt",
        lines(
            "2026-05-01 12:00:00.1: Epoch {k}\n2026-05-01 12:00:00.1: Current learning rate: 0.01\n"
            "2026-05-01 12:01:00.1: train_loss {a}\n2026-05-01 12:01:00.1: val_loss {b}\n"
            "2026-05-01 12:01:00.1: Pseudo dice [0.5, 0.6]\n2026-05-01 12:01:00.1: Epoch time: 60.1 s"
        ),
    ),
    "fairseq": (
        "out.log",
        lines(
            "2026-05-01 12:00:00 | INFO | train_inner | epoch {n:03}:     10 / 10 loss={a}, nll_loss=0.5, ppl=3.2, num_updates={n}0, lr=0.001, gnorm=1.2\n"
            "2026-05-01 12:00:00 | INFO | valid | epoch {n:03} | valid on 'valid' subset | loss {b} | nll_loss 0.6 | ppl 4.2 | num_updates {n}0\n"
            "2026-05-01 12:00:01 | INFO | train | epoch {n:03} | loss {a} | nll_loss 0.5 | ppl 3 | num_updates {n}0 | lr 0.001"
        ),
    ),
    "ESPnet": (
        "train.log",
        lines(
            "[h] 2026-05-01 12:00:00,000 (trainer:338) INFO: {n}epoch results: [train] loss_ctc=3.0, loss_att=3.0, acc=0.5, loss={a}, time=1 minute, [valid] loss_ctc=3.0, loss_att=3.0, acc=0.5, loss={b}, time=3 seconds"
        ),
    ),
    "Paddle": (
        "out.log",
        lines(
            "[2026/05/01 12:00:00] ppcls INFO: [Train][Epoch {n}/40][Avg]CELoss: {a}, loss: {a}, top1: 0.5\n"
            "[2026/05/01 12:00:00] ppcls INFO: [Eval][Epoch {n}][Avg]CELoss: {b}, loss: {b}, top1: 0.5"
        ),
    ),
    "Ignite": (
        "out.log",
        lines(
            "Training Results - Epoch: {n}  Avg accuracy: 0.50 Avg loss: {a}\n"
            "Validation Results - Epoch: {n}  Avg accuracy: 0.50 Avg loss: {b}"
        ),
    ),
    "skorch": (
        "out.txt",
        "  epoch    train_loss    valid_acc    valid_loss     dur\n"
        "-------  ------------  -----------  ------------  ------\n"
        + lines("{n:7}  {a:12.4f}       0.5000  {b:12.4f}  0.0100"),
    ),
    "Flax": (
        "out.log",
        lines(
            "I0501 12:00:00.000000 139 train.py:150] epoch:{n:3}, train_loss: {a}, train_accuracy: 50.00, test_loss: {b}, test_accuracy: 50.00"
        ),
    ),
    "timm": (
        "out.log",
        lines(
            "Train: {k} [   0/100 (  0%)]  Loss: 9.0 ({a})  Time: 0.5s, 100.0/s  LR: 1.000e-03\n"
            "Test: [   0/10]  Time: 0.1 (0.1)  Loss:  9.000 ({b})  Acc@1: 50.0 (50.0)"
        ),
    ),
    "Lightning, a bar on one line": (
        "out.log",
        lines(
            "\rEpoch {k}:  50%|█████     | 12/25 [00:01<00:01, 20.1it/s, train_loss=9.0, val_loss=9.0]"
            "\rEpoch {k}: 100%|██████████| 25/25 [00:01<00:00, 20.1it/s, train_loss={a}, val_loss={b}]"
        ).replace("\n", ""),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WITH_VALIDATION)
def test_training_and_validation(tmp_path, name):
    file, text, *about = WITH_VALIDATION[name]
    run = one(read_log(written(tmp_path, text, file)))
    same(run)
    assert run.about == "".join(about)


BOX = (
    "| rollout/ | |\n|    ep_rew_mean | 20.5 |\n| time/ | |\n|    total_timesteps | {n}048 |\n"
    "| train/ | |\n|    loss | {a} |\n|    policy_gradient_loss | -0.01 |\n|    value_loss | 9.0 |\n"
) + "-" * 40  # fmt: skip

#: A training loss alone.
ALONE = {
    "TensorBoard's CSV": ("a.csv", rows("Wall time,Step,Value", "17{k:02}.5,{k},{a}")),
    "detectron2": (
        "metrics.json",
        records('<"data_time": 0.01, "iteration": {n}9, "loss_cls": 0.5, "lr": 0.001, "total_loss": {a}>'),
    ),
    "scikit-learn, with scores": (
        "out.txt",
        lines("Iteration {n}, loss = {a}\nValidation score: 0.500000", "Training loss did not improve.\n"),
    ),
    "scikit-learn, boosting": (
        "out.txt",
        "      Iter       Train Loss   Remaining Time \n" + lines("{n:10}{a:17.4f}           0.{k:02}s"),
    ),
    "Darknet": ("out.txt", lines(" {n}: {a}, {a} avg loss, 0.001000 rate, 1.2 seconds, 64 images")),
    "TRL": (
        "out.txt",
        lines("{{'loss': {a}, 'grad_norm': 1.0, 'num_tokens': 100.0, 'mean_token_accuracy': 0.5, 'epoch': {n}.5}}"),
    ),
    "DeepSpeed": (
        "out.txt",
        lines(
            "[2026-05-01 12:00:00,000] [INFO] [logging.py:96:log_dist] [Rank 0] step={n}, skipped=0, lr=[0.001], mom=[(0.9, 0.999)]\n"
            "steps: {n} loss: {a} iter time (s): 0.3 samples/sec: 100"
        ),
    ),
    "Stable-Baselines3, boxes": ("log.txt", lines(BOX)),
}  # fmt: skip


@pytest.mark.parametrize("name", ALONE)
def test_training_alone(tmp_path, name):
    file, text = ALONE[name]
    run = one(read_log(written(tmp_path, text, file)))
    same(run, held=None)
    assert (run.about == "reinforcement learning") == ("Baselines" in name)


@pytest.mark.parametrize(
    "template",
    [
        ("step {k}: train loss {a}, val loss {b}\niter {k}: loss {a}, time 12ms, mfu 3.2%"),
        ("s:{k} tel:{b}\ns:{k} trl:{a} lr:0.0001 norm:3.2"),
        (
            " iteration {n:8}/ 40 | elapsed time per iteration (ms): 43.5 | lm loss: {a:.6E} | loss scale: 1.0 |\n"
            " validation loss at iteration {n} | lm loss value: {b:.6E} | lm loss PPL: 7.0E+00 |"
        ),
        (
            "I0512 10:00:00.1  12 solver.cpp:239] Iteration {k} (3 iter/s), loss = {a}\n"
            "I0512 10:00:00.1  12 solver.cpp:258]     Train net output #0: loss = {a} (* 1 = {a} loss)\n"
            "I0512 10:00:00.1  12 solver.cpp:347] Iteration {k}, Testing net (#0)\n"
            "I0512 10:00:00.1  12 solver.cpp:414]     Test net output #1: loss = {b} (* 1 = {b} loss)"
        ),
    ],
    ids=["nanoGPT", "llm.c", "Megatron", "Caffe"],
)
def test_validation_on_lines_of_its_own(tmp_path, template):
    run = one(read_log(written(tmp_path, lines(template), "out.log")))
    np.testing.assert_allclose(run.loss, LOSS)
    assert np.isfinite(run.validation).sum() >= 38
    assert set(run.validation[np.isfinite(run.validation)]) <= set(HELD)


def test_the_quick_start_of_pytorch(tmp_path):
    text = lines(
        "Epoch {n}\n-------------------------------\nloss: {a}  [   64/60000]\n"
        "Test Error: \n Accuracy: 50.0%, Avg loss: {b} \n"
    )
    same(one(read_log(written(tmp_path, text, "out.txt"))))


def test_a_summary_row_of_a_frame_is_none_of_the_loss():
    history = [
        row
        for k, a, b in ROWS
        for row in ({"epoch": k, "loss": a, "step": k}, {"epoch": k, "eval_loss": b, "step": k})
    ]
    same(one(read_log(pd.DataFrame([*history, {"epoch": 40, "train_loss": 0.7, "step": 40}]))))
    blown = pd.DataFrame(history)
    blown.loc[60:, "loss"] = NAN
    run = one(read_log(blown))
    np.testing.assert_array_equal(run.loss, np.where(T < 30, LOSS, NAN))


def test_metrics_of_several_names_in_one_list():
    metrics = [
        SimpleNamespace(key=key, step=k, value=x, timestamp=0)
        for key, values in (("train_loss", LOSS), ("val_loss", HELD))
        for k, x in zip(T, values, strict=True)
    ]
    same(one(read_log(metrics)))


@pytest.mark.parametrize("cell", ["10.1.2.3", "2026-05-01", "1-2", "1.2.3", "12:00:05", "1e2e3"])
def test_what_only_begins_like_a_number_is_none(cell):
    assert not is_number(cell)


@pytest.mark.parametrize(
    "template",
    [
        "Cost after iteration {k}: {a}",
        "Loss after epoch {k}: {a}",
        "Training loss (for one batch) at step {k}: {a}",
        "Average loss at step  {k} :  {a}",
        "loss in epoch {k}/40 = {a}",
        "Training loss at epoch {k} was {a}",
        "Error after {k} iterations: {a}",
        "[ Info: epoch = {k}, loss = {a:.6f}f0",
        "epoch {k} loss {d}",
    ],
)
def test_the_position_and_the_number_as_people_print_them(tmp_path, template):
    text = rows_of_training(template)
    run = one(read_log(written(tmp_path, text, "out.txt")))
    np.testing.assert_allclose(run.loss, LOSS, rtol=1e-5)
    np.testing.assert_array_equal(run.x, T)


@pytest.mark.parametrize("text", ["loss: 2.5x", "loss: 0.25M", "loss 12abc", "loss: 1.2.3"])
def test_of_a_word_that_begins_with_digits_no_digits_are_taken(text):
    assert pairs(text) == {}


def test_thousands_of_a_loss():
    found = {"loss": "1234.5", "acc": "0.5"}
    assert pairs("loss: 1,234.5, acc: 0.5") == found
    assert pairs("loss: 1234.5,acc: 0.5") == found
    assert pairs("loss: 0.25,100 it/s") == {"loss": "0.25"}


@pytest.mark.parametrize(
    ("state", "x"),
    [
        ("steps:  2%|#   | {k}/1000 [00:01<01:00,  1.30it/s, avr_loss={a}]", False),
        ("Progress: {k:5.1f}% words/sec/thread:  60000 lr: 0.05 avg.loss: {a} ETA:   0h 1m", False),
        ("Iteration {k} | Cost: {a}", True),
    ],
)
def test_one_bar_for_the_whole_training_is_its_curve(tmp_path, state, x):
    states = [state.format(k=int(k), a=a) for k, a in zip(T, LOSS, strict=True)]
    run = one(read_log(written(tmp_path, "\r".join(states) + "\n", "out.txt")))
    same(run, held=None)
    if x:
        np.testing.assert_array_equal(run.x, T)


def test_what_is_trained_comes_before_what_is_reported(tmp_path):
    text = rows_of_training("Step {k}/90; acc:  50.00; ppl: {p:.3f}; xent: {a}; lr: 1.0;")
    same(one(read_log(written(tmp_path, text, "out.txt"))), held=None)
    text = rows_of_training("[{k}]\ttrain-error:{p:.3f}\ttrain-logloss:{a}")
    same(one(read_log(written(tmp_path, text, "out.txt"))), held=None)


def test_vowpal_wabbit_counts_its_examples_under_two_headings(tmp_path):
    text = "Num weight bits = 18\nlearning rate = 0.5\nusing no cache\n"
    text += "average  since         example        example  current  current  current\n"
    text += "loss     last          counter         weight    label  predict features\n"
    text += rows_of_training("{a} 0.500000 {k:12d} {k:14d}.0   1.0000   0.2500       50")
    same(one(read_log(written(tmp_path, text, "out.txt"))), held=None)


def test_a_column_that_tells_training_from_validation_by_any_name(tmp_path):
    text = "run,context,step,metric,value\n"
    for k, a, b in ROWS:
        text += (
            f"r,\"{{'subset': 'train'}}\",{k},loss,{a}\nr,\"{{'subset': 'val'}}\",{k},loss,{b}\n"
        )
    same(one(read_log(written(tmp_path, text, "a.csv"))))


def box(left, line, cross, right, width=3):
    return left + cross.join([line * 10] * width) + right + "\n"


GRID = rows(
    box("+", "-", "+", "+") + "| epoch | loss | val_loss |\n" + box("+", "=", "+", "+").rstrip(),
    "| {k} | {a} | {b} |",
    box("+", "-", "+", "+").rstrip(),
)
RICH = rows(
    box("┏", "━", "┳", "┓") + "┃ Epoch ┃ Loss ┃ Val Loss ┃\n" + box("┡", "━", "╇", "┩").rstrip(),
    "│ {k} │ {a} │ {b} │",
) + box("└", "─", "┴", "┘")
MATLAB = rows(
    "Training on single CPU.\n|=====|\n| Epoch | Mini-batch | Validation |\n"
    "|       |    Loss    |    Loss    |\n|=====|",
    "| {k} | {a} | {b} |",
)

#: Tables as people and programs leave them.
TABLES = {
    "a grid": ("out.txt", GRID),
    "rich's box": ("out.txt", RICH),
    "MATLAB's two lines of names": ("out.txt", MATLAB),
    "Excel's first line": (
        "a.csv",
        rows("sep=;\nepoch;loss;val_loss", "{k};{a};{b}").replace(".", ","),
    ),
    "a row of units": ("a.csv", rows("epoch,loss,val_loss\n[-],[bit],", "{k},{a},{b}")),
    "a title": ("a.csv", rows("Run of 2026-05-01\n\nepoch,loss,val_loss", "{k},{a},{b}")),
    "names in two lines": ("a.csv", rows(",train,train,val\nepoch,loss,lr,loss", "{k},{a},0.1,{b}")),
    "a mean below": ("a.csv", rows("epoch,loss,val_loss", "{k},{a},{b}") + "mean,99,99\n"),
    "colours": ("out.txt", rows("epoch  loss  val_loss", "{k}  \x1b[36m{a}\x1b[0m  \x1b[32m{b}\x1b[0m")),
    "percent": ("a.csv", rows("epoch,loss,val_loss", "{k},{a}%,{b} %")),
    "nested records in lines": (
        "out.log",
        rows("start", "INFO {{'epoch': {k}, 'train': {{'loss': {a}}}, 'val': {{'loss': {b}}}}}"),
    ),
    "a printed dict": (
        "out.txt",
        str({"loss": [a for _, a, _ in ROWS], "val_loss": [b for _, _, b in ROWS]}),
    ),
    "a printed dict with nan": (
        "out.txt",
        str({"loss": [a for _, a, _ in ROWS], "val_loss": [b for _, _, b in ROWS], "x": [NAN]}),
    ),
} | {
    f"pandas' {orient}": (
        "a.json",
        pd.DataFrame({"epoch": T, "loss": LOSS, "val_loss": HELD}).to_json(orient=orient),
    )
    for orient in ("columns", "index", "split", "records", "values", "table")
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_tables_as_people_leave_them(tmp_path, name):
    file, text = TABLES[name]
    same(one(read_log(written(tmp_path, text, file))))


def test_numbers_on_one_line(tmp_path):
    text = " ".join(map(str, LOSS)) + "\n"
    same(one(read_log(written(tmp_path, text, "loss.txt"))), held=None)


def test_rows_of_three_numbers_are_tensorboards_only_by_the_clock(tmp_path):
    text = str([[1.7e9 + k, k, a] for k, a, _ in ROWS])
    same(one(read_log(written(tmp_path, text, "a.json"))), held=None)


@pytest.mark.parametrize("word", ["all", "best", "total"])
def test_a_word_in_every_row_ends_no_table(tmp_path, word):
    text = rows("epoch,loss,val_loss,group", f"{{k}},{{a}},{{b}},{word}")
    same(one(read_log(written(tmp_path, text, "a.csv"))))


def test_a_log_pasted_as_text():
    run = one(read_log(rows_of_training("epoch {k}: loss {a}")))
    same(run, held=None)
    np.testing.assert_array_equal(run.x, T)
    same(one(read_log(rows("epoch,loss,val_loss", "{k},{a},{b}"))))
    named = simopt.diagnose(rows("epoch,l1,val_l1", "{k},{a},{b}"), column="l1", x="epoch")
    np.testing.assert_array_equal(named.loss, LOSS)
    with pytest.raises(ValueError, match="must be a log with a loss in it"):
        read_log("no\nnumbers\n")


def test_a_mapping_from_steps_to_losses():
    run = one(read_log({int(100 * k): a for k, a, _ in ROWS}))
    same(run, held=None)
    np.testing.assert_array_equal(run.x, 100 * T)


def test_long_lines_of_words_and_of_spaces():
    assert list(pairs("word " * 3000 + "loss 0.5").values()) == ["0.5"]
    assert pairs("loss" + " " * 15_000 + "0.5") == {"loss": "0.5"}
    assert pairs("loss at step " * 1000) == {}


@pytest.mark.parametrize("data", [[[1, 2], [3]], [[1], [2]], {"a": 1}, "text", None])
def test_rows_that_do_not_fit_their_names_are_no_table(tmp_path, data):
    text = json.dumps({"columns": ["epoch", "loss"], "data": data})
    with pytest.raises(ValueError, match=r"must be"):
        read_log(written(tmp_path, text, "a.json"))
