"""Logs of programs and people outside: wrapped, framed, printed by several processes, pasted."""

# ruff: noqa: E501 (lines of logs are as long as programs print them)

from __future__ import annotations

import bz2
import contextlib
import io
import json
import lzma
import re
import sqlite3
import zipfile

import numpy as np
import pandas as pd
import pytest

from simopt.curves.logs import nameless, read_log
from simopt.curves.logs.names import is_rate, parse
from simopt.curves.logs.wrapped import joined
from tests.test_logs import HELD, LOSS, T, lines, one, same, written
from tests.test_logs_of_libraries import ROWS, rows, rows_of_training

RATE = np.round(1e-3 * 0.9**T, 8)


def rated(template):
    """A line an epoch; r is the rate."""
    return "".join(
        template.format(k=k, n=k + 1, a=a, b=b, r=r)
        for (k, a, b), r in zip(ROWS, RATE, strict=True)
    )


FRAME = pd.DataFrame({"epoch": T, "loss": LOSS, "val_loss": HELD})
POLARS = rows(
    "┌───────┬────────┬──────────┐\n│ epoch ┆ loss   ┆ val_loss │\n│ ---   ┆ ---    ┆ ---      │\n"
    "│ i64   ┆ f64    ┆ f64      │\n╞═══════╪════════╪══════════╡",
    "│ {k} ┆ {a} ┆ {b} │",
)
LATEX = (
    "\\begin{table}\n\\caption{Loss}\n\\begin{tabular}{lrr}\n\\toprule\n\\textbf{epoch} & loss & val\\_loss \\\\\n\\midrule\n"
    + "".join(f"{k} & ${a}$ & {b} \\\\\n" for k, a, b in ROWS)
    + "\\bottomrule\n\\end{tabular}\n\\end{table}\n"
)
XML = (
    '<?xml version="1.0"?>\n<log>\n'
    + lines(
        "<entry><epoch>{k}</epoch>\n  <loss>{a}</loss>\n  <val_loss>{b}</val_loss></entry>\n", ""
    )
    + "</log>\n"
)
LISTS = f"losses = {list(map(float, LOSS))}\nval_losses = {list(map(float, HELD))}\n"
NUMPY_DICT = str({"loss": list(LOSS), "val_loss": list(HELD)})


def notebook(*outputs):
    cells = [{"cell_type": "markdown", "source": ["loss 9.0"]}]
    cells += [{"cell_type": "code", "outputs": [each], "source": ["fit()"]} for each in outputs]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def stream(text):
    return {"output_type": "stream", "name": "stdout", "text": text.splitlines(True)}


def page(text):
    return {"output_type": "display_data", "data": {"text/html": text.splitlines(True)}}


def frame_as(method, **options):
    buffer = io.BytesIO()
    getattr(FRAME, method)(buffer, **options)
    return buffer.getvalue()


#: Training and validation loss, by epoch.
BY_EPOCH = {
    "a notebook's stream": (
        "a.ipynb",
        notebook(stream("1\n"), stream(lines("epoch {k}: loss {a}, val_loss {b}"))),
    ),
    "a notebook's page": ("a.ipynb", notebook(page("<div>1</div>" + FRAME.to_html()))),
    "HTML": ("a.html", FRAME.to_html()),
    "HTML around a printed log": (
        "a.html",
        "<!DOCTYPE html><html><script>var loss = 9.0;</script><pre>"
        + lines("epoch {k}: loss {a}, val_loss {b}")
        + "</pre></html>",
    ),
    "LaTeX": ("a.tex", LATEX),
    "XML": ("a.xml", XML),
    "XML's attributes": (
        "a.xml",
        "<log>\n"
        + lines('<epoch number="{k}" loss="{a}" val_loss="{b}"/>\n', "").replace("\n\n", "\n")
        + "</log>",
    ),
    "bzip2": ("a.csv.bz2", bz2.compress(frame_as("to_csv", index=False))),
    "xz": ("a.csv.xz", lzma.compress(frame_as("to_csv", index=False))),
    "Feather": ("a.feather", frame_as("to_feather")),
    "polars' table": ("a.txt", POLARS),
    "R's tibble": (
        "a.txt",
        rows("# A tibble: 40 × 3\n   epoch  loss val_loss\n   <int> <dbl>    <dbl>", "{n} {k} {a} {b}"),
    ),
    "Julia's DataFrame": (
        "a.txt",
        rows(
            "40×3 DataFrame\n Row │ epoch  loss     val_loss \n     │ Int64  Float64  Float64  \n─────┼────────",
            "{n:4} │ {k:5}  {a:7}  {b:8}",
        ),
    ),
    "pandas' table and its size": ("a.txt", FRAME.to_string() + "\n\n[40 rows x 3 columns]\n"),
    "MATLAB's table": (
        "a.txt",
        rows(
            "    epoch     loss     val_loss\n    _____    ______    ________\n",
            "     {k:2}      {a:6.4f}    {b:7.4f} ",
        ),
    ),
    "a column of messages": (
        "a.csv",
        rows("timestamp,message", '17000000{n:02}000,"epoch {k}: loss {a}, val_loss {b}"'),
    ),
    "messages in JSON": (
        "a.jsonl",
        lines('{{"level": "INFO", "message": "epoch={k} loss={a} val_loss={b}"}}'),
    ),
    "a container's log": (
        "a.log",
        lines('{{"log":"Epoch {k}: loss {a}, val_loss {b}\\n","stream":"stdout"}}'),
    ),
    "Sacred": (
        "metrics.json",
        json.dumps(
            {
                name: {"steps": T.tolist(), "timestamps": ["2026-05-01"] * 40, "values": list(v)}
                for name, v in (("loss", LOSS), ("val_loss", HELD))
            }
        ),
    ),
    "YAML's lists": (
        "a.yaml",
        "".join(
            f"{name}:\n" + "".join(f"- {value}\n" for value in values)
            for name, values in FRAME.items()
        ),
    ),
    "CNTK": (
        "a.txt",
        lines(
            "Finished Epoch[{k} of 40]: [Training] ce = {a} * 60000; errs = 5.0% * 60000\n"
            "Finished Epoch[{k} of 40]: [Validate] ce = {b} * 10000; errs = 5.0% * 10000"
        ),
    ),
    "Kaldi": (
        "a.log",
        lines("ITERATION {k:02}: TRAIN AVG.LOSS {a}, (lrate0.008), CROSSVAL AVG.LOSS {b}, accepted"),
    ),
    "RNNLM": ("a.log", lines("Iter: {k:3}\tAlpha: 0.1\t   TRAIN entropy: {a}    VALID entropy: {b}")),
    "Lasagne": (
        "a.txt",
        lines("Epoch {k} of 40 took 1.2s\n  training loss:\t\t{a}\n  validation loss:\t\t{b}"),
    ),
    "libffm": ("a.txt", rows("iter   tr_logloss   va_logloss      tr_time", "{k:4} {a} {b} {n}.5")),
    "H2O": (
        "a.csv",
        rows(
            '"timestamp","duration","number_of_trees","training_rmse","validation_rmse"',
            '"2026-05-01 12:00:{k:02}"," 0.1 sec",{k},{a},{b}',
        ),
    ),
    "wandb's steps": ("a.csv", rows("train/global_step,train/loss,eval/loss", "{k},{a},{b}")),
    "what is measured, once": ("a.log", lines("iter {k} | loss train: {a}, val: {b} | time: 1.5 s")),
    "what is measured, first": ("a.log", lines("epoch {k} loss: train {a} val {b}")),
    "AllenNLP": (
        "a.log",
        lines(
            "INFO - Epoch {k}/39\nINFO - Training |  Validation\nINFO - accuracy |  0.5  |  0.4\nINFO - loss  |  {a}  |  {b}"
        ),
    ),
    "Catalyst": (
        "a.log",
        lines(
            "train ({n}/40) accuracy01: 0.5 | loss: {a}\nvalid ({n}/40) accuracy01: 0.4 | loss: {b}\n* Epoch ({k}/40) lr: 0.1"
        ),
        False,
    ),
    "Catalyst, later": (
        "a.log",
        lines("* Epoch (train): accuracy: 0.5 | loss: {a}\n* Epoch (valid): accuracy: 0.4 | loss: {b}"),
        False,
    ),
    "torchvision": (
        "a.log",
        lines(
            "Epoch: [{k}]  [  0/100]  eta: 0:01:00  lr: 0.1  loss: {a} ({a})  time: 0.5\n"
            "Test:   [  0/10]  eta: 0:00:01  loss: {b} ({b})  time: 0.1"
        ),
    ),
    "a heading for what is evaluated": (
        "a.log",
        lines("Epoch {k}/40\nstep 20/20 - loss: {a} - acc: 0.5\nEval begin...\nstep 5/5 - loss: {b}"),
    ),
    "a heading, then training again": (
        "a.log",
        lines("step {n}0 loss {a} lr 0.1\n***** Running Evaluation *****\nloss {b}"),
        False,
    ),
    "a bar of validation": (
        "a.log",
        lines(
            "Epoch {k}/39:  50%|█████     | 5/10 [00:00<00:00, 50.0it/s, loss=9.5]\rEpoch {k}/39: 100%|██████████| 10/10 [00:00<00:00, 50.0it/s, loss={a}]\n"
            "val: 100%|██████████| 2/2 [00:00<00:00, loss={b}]"
        ),
    ),
    "decimal commas": ("a.log", lines("Epoch {k}: loss: {a} val_loss: {b}").replace(".", ",")),
    "East Asian marks": ("a.log", lines("Epoch：{k}，loss：{a}，val_loss：{b}")),
    "marks around words": ("a.md", lines("- **Epoch {k}**: loss **{a}**, `val_loss` **{b}**")),
    "arrows": ("a.log", lines("epoch {k}: loss -> {a}, val_loss => {b}")),
    "JSON, one behind the other": (
        "a.json",
        lines('{{\n  "epoch": {k},\n  "loss": {a},\n  "val_loss": {b}\n}}'),
    ),
    "names and numbers in turns": ("a.txt", lines("Epoch\t{k}\tLoss\t{a}\tValLoss\t{b}")),
    "the same, by commas": ("a.txt", lines("epoch,{k},loss,{a},val_loss,{b}")),
    "rows in place of columns": (
        "a.csv",
        "\n".join(",".join([name, *map(str, values)]) for name, values in FRAME.items()) + "\n",
    ),
    "columns of nothing": ("a.csv", rows("epoch,loss,val_loss,,", "{k},{a},{b},,")),
    "marks of the best": ("a.csv", rows("epoch,loss,val_loss", "{k},{a},**{b}**", ).replace("0.4,", "0.4*,")),
    "steps in thousands": ("a.csv", rows("step,loss,val_loss", '"{n},000",{a},{b}'), False),
    "Tacotron 2": (
        "a.log",
        lines("Train loss {k} {a} Grad Norm 1.2 1.23s/it\nValidation loss {k}: {b}  "),
    ),
    "a dict of other things": (
        "a.log",
        lines("epoch {k} loss {a} val_loss {b} per_class {{'a': 0.1, 'b': 0.2}}"),
    ),
    "means and deviations": ("a.csv", rows("epoch,loss,val_loss", "{k},{a} ± 0.01,{b} +/- 0.1")),
    "two parts at once": ("a.log", lines("Epoch {k}: loss (train/val) {a}/{b}")),
    "settings before": ("a.log", "{'loss': 'mse', 'lr': 0.1}\n" + lines("epoch {k} loss={a} val_loss={b}")),
    "MACE": (
        "a.txt",
        lines(
            '{{"loss": {a}, "mode": "opt", "epoch": {k}}}\n{{"loss": {b}, "mode": "eval", "epoch": {k}}}'
        ),
    ),
    "records of parts": (
        "a.json",
        json.dumps(
            {
                name: [{"epoch": k, "loss": float(v)} for k, v in enumerate(values)]
                for name, values in (("train", LOSS), ("val", HELD))
            }
        ),
    ),
    "lists of pairs": (
        "a.json",
        json.dumps(
            {
                name: [[k, float(v)] for k, v in enumerate(values)]
                for name, values in (("loss", LOSS), ("val_loss", HELD))
            }
        ),
    ),
    "numbers in names": (
        "a.json",
        json.dumps({f"epoch_{k}": {"train_loss": a, "val_loss": b} for k, a, b in ROWS}),
    ),
    "batches, and their epoch": (
        "a.log",
        lines(
            "epoch {k} - iter 10/20 - loss 9.5 - lr: 0.1\nepoch {k} - iter 20/20 - loss 9.4 - lr: 0.1\n"
            "EPOCH {k} done: loss {a} - lr 0.1\nDEV : loss {b} - f1-score (micro avg)  0.5"
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_EPOCH)
def test_training_and_validation_by_epoch(tmp_path, name):
    file, text, *by_epoch = BY_EPOCH[name]
    run = one(read_log(written(tmp_path, text, file)))
    same(run)
    if not by_epoch:
        np.testing.assert_array_equal(run.x, T)


@pytest.mark.parametrize(
    "text",
    [
        LISTS,
        LISTS.replace(" = ", ": "),
        "[history]\n" + LISTS,
        NUMPY_DICT,
        lines("{{'loss': np.float64({a}), 'val_loss': tensor({b}, device='cuda:0')}}"),
    ],
    ids=["assigned", "YAML", "TOML", "NumPy's numbers", "a line's numbers"],
)
def test_lists_with_names(tmp_path, text):
    same(one(read_log(written(tmp_path, text, "a.txt"))))
    same(one(read_log(text)))


@pytest.mark.parametrize(
    "text",
    [
        repr(LOSS),
        str(LOSS),
        str(list(LOSS)),
        f"train losses: {list(map(float, LOSS))}\n",
        "[" + ", ".join(f"tensor({a}, grad_fn=<NllLossBackward0>)" for a in LOSS) + "]",
    ],
    ids=["an array", "an array, printed", "NumPy's numbers", "a name", "tensors"],
)
def test_one_list(tmp_path, text):
    same(one(read_log(written(tmp_path, text, "a.txt"))), held=None)


#: A training loss alone, and what it is counted by.
COUNTED = {
    "L-BFGS-B": (
        "RUNNING THE L-BFGS-B CODE\n"
        + rows_of_training("\nAt iterate{k:5}    f=  {d}    |proj g|=  1.5D+00"),
        T,
    ),
    "liblinear": (lines("iter {n:2} act 1.2e+01 pre 1.1e+01 delta 5.0e+00 f {a} |g| 3.4e+01 CG   3"), T + 1),
    "scipy's trust region": (
        rows(
            "| niter |f evals|  obj func   |tr radius |   opt    |  c viol  |\n|-------|-------|-------------|----------|----------|----------|",
            "|{n:5}  |{n:5}  | {a} | 1.00e+00 | 1.20e+01 | 0.00e+00 |",
        ),
        T + 1,
    ),
    "Optim.jl": (
        rows("Iter     Function value   Gradient norm ", "{k:6}   {a}   1.5", " * time: 0.0{k}123"),
        T,
    ),
    "MATLAB's fminunc": (
        rows(
            "                                       First-order \n Iteration  Func-count       f(x)        Step-size       optimality",
            "{k:6}      {n:6}      {a}              1           1.5  ",
        ),
        T,
    ),
    "SAS": (
        rows("   Iteration History\n\n   Iter     Calls    NegLogLike        Diff     MaxGrad", "{k:7}{n:10}  {a}    0.12    1.2"),
        T,
    ),
    "R's optim": ("initial  value 103.5\n" + lines("iter {n:3}0 value {a}") + "converged\n", 10 * (T + 1)),
    "g2o": (lines("iteration= {k}\t chi2= {a}\t time= 0.0123\t cumTime= 0.123"), T),
    "Gurobi": (
        rows("Iteration    Objective       Primal Inf.    Dual Inf.      Time", "{k:8}    {a}   1.2e+01   0.0e+00      0s"),
        T,
    ),
    "a number and a colon": (lines("{k}:\t{a}"), T),
    "spaCy": (
        rows(
            "=========== Training pipeline ===========\nE    #       LOSS TOK2VEC  LOSS NER  ENTS_F  SCORE \n---  ------  ------------  --------  ------  ------",
            "  0  {k:5}00          0.00    {a}   50.00    0.50",
        ),
        100 * T,
    ),
    "one epoch and its bar": (lines("Epoch 0:  10%|█ | {n}/40 [00:10<01:30, v_num=x, train/loss={a}]"), T + 1),
    "Stata": (lines("Iteration {k}:   residual SS =  {a}"), T),
    "k-means": (lines("Iteration {k}, inertia {a}."), T),
    "CRF++": (lines("iter={k} terr=0.9 serr=1.0 act=12345 obj={a} diff=1.0"), T),
    "Deeplearning4j": (
        lines("12:00:00.123 [main] INFO  o.d.o.l.ScoreIterationListener - Score at iteration {k} is {a}"),
        T,
    ),
    "TensorFlow": (lines("INFO:tensorflow:loss = {a}, step = {k}00 (5.1 sec)"), 100 * T),
    "scikit-learn's boosting": (lines("[{n}/100] 1 tree, 31 leaves, max depth = 9, train loss: {a}, in 0.1s"), T + 1),
    "candle": (lines("{n:4} train loss: {a} test acc: 50.00%"), T + 1),
    "NumPyro": (lines("100%|███| {n}/40 [00:00<00:01, init loss: 9.5, avg. loss [{k}-{n}]: {a}]"), T + 1),
    "losses by their steps": (json.dumps({"loss": {str(10 * k): a for k, a, _ in ROWS}}), 10 * T),
    "diffusers": (lines("Steps:  10%|█   | {n}/40 [00:10<01:30,  1.02s/it, lr=0.1, step_loss={a}]"), T + 1),
    "a colon behind the number": (lines("1|{n}|Loss: {a}:  10%|█   | {n}/40 [00:10<00:01,  1.00it/s]"), T + 1),
    "Composer": (lines("[batch={n}/40]:\n\t Train time/batch: {k}\n\t Train loss/train/total: {a}"), T + 1),
    "MPI": (lines("[1,0]<stdout>:Epoch {k} loss: {a}\n[1,1]<stdout>:Epoch {k} loss: 9.5"), T),
    "torchrun": (lines("[rank1]: step {k} loss 9.5\n[rank0]: step {k} loss {a}"), T),
    "two loggers": (lines("INFO step {k} loss {a}\nINFO:root:step {k} loss {a}"), T),
    "Neptune": (lines("{k}.0,17000000{k:02}.5,{a}"), T),
    "a column of one value": (lines("{k} {a} 64"), T),
}  # fmt: skip


@pytest.mark.parametrize("name", COUNTED)
def test_training_alone_and_its_steps(tmp_path, name):
    text, x = COUNTED[name]
    run = one(read_log(written(tmp_path, text, "out.txt")))
    np.testing.assert_allclose(run.loss, LOSS)
    assert run.validation is None
    np.testing.assert_array_equal(run.x, x)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.log", rated("step {k}\n{{'Loss/total_loss': {a},\n 'learning_rate': {r}}}\n")),
        ("a.log", rated("Epoch {k}\nCurrent learning rate: {r}\ntrain_loss {a}\n")),
        ("a.csv", "epoch,train/loss,x/lr0\n" + rated("{k},{a},{r}\n")),
        ("a.jsonl", rated('{{"train_lr": {r}, "train_loss": {a}, "epoch": {k}}}\n')),
        ("a.csv", "Iteration,LearnRate,TrainingLoss\n" + rated("{k},{r},{a}\n")),
    ],
    ids=["a line below", "a line above", "Ultralytics", "DETR", "MATLAB"],
)
def test_the_rate_beside_the_loss(tmp_path, file, text):
    run = one(read_log(written(tmp_path, text, file)))
    np.testing.assert_allclose(run.loss, LOSS)
    np.testing.assert_allclose(run.rate, RATE)


def test_a_summary_of_an_estimator_is_validation(tmp_path):
    text = "".join(
        f"INFO:tensorflow:loss = {a}, step = {k}00 (5.1 sec)\n"
        + f"INFO:tensorflow:Saving dict for global step {k}00: accuracy = 0.5, loss = {b}\n" * (k % 10 == 9)
        for k, a, b in ROWS
    )  # fmt: skip
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run, held=np.where(T % 10 == 9, HELD, np.nan))


def test_batches_that_begin_again_in_each_epoch_are_one_run(tmp_path):
    text = "".join(
        json.dumps({"mode": "train", "epoch": k // 4 + 1, "iter": 50 * (k % 4 + 1), "loss": a}) + "\n"
        for k, a, _ in ROWS
    )  # fmt: skip
    run = one(read_log(written(tmp_path, text, "a.log.json")))
    same(run, held=None)
    np.testing.assert_array_equal(run.x, T // 4 + 1)


def test_rows_of_a_part_that_are_counted_alike_all_stay(tmp_path):
    body = "".join(
        f"{k // 4},train,{a}\n" + f"{k // 4},val,{b}\n" * (k % 4 == 3) for k, a, b in ROWS
    )
    run = one(read_log(written(tmp_path, "epoch,phase,loss\n" + body)))
    np.testing.assert_array_equal(run.loss, LOSS)
    assert np.isfinite(run.validation).sum() == 10


def test_rows_of_parts_without_a_counter_stand_in_order(tmp_path):
    body = "".join(f"train,{a}\nval,{b}\n" for _, a, b in ROWS)
    same(one(read_log(written(tmp_path, "phase,loss\n" + body))))


def test_a_table_that_is_drawn_in_front_of_bars(tmp_path):
    text = lines(
        "\n      Epoch    GPU_mem   box_loss   cls_loss  Instances       Size\n"
        "     {k:2}/39      2.34G      {a}        0.5         45        640: 100%|██| 10/10 [00:01<00:00]\n"
        "                 Class     Images      mAP50: 100%|██| 2/2 [00:00<00:00]"
    )
    run = one(read_log(written(tmp_path, text, "a.log")))
    np.testing.assert_allclose(run.loss, LOSS + 0.5)
    np.testing.assert_array_equal(run.x, T)


def test_the_bands_of_a_list_of_sums_are_no_losses(tmp_path):
    text = lines(
        '{{"Loss/scores/fake": {{"num": 100, "mean": -0.5, "std": 0.2}}, "Loss/G/loss": {{"num": 100, "mean": {a}, "std": 0.3}}, '
        '"Loss/D/loss": {{"num": 100, "mean": {b}, "std": 0.3}}}}'
    )
    run = one(read_log(written(tmp_path, text, "stats.jsonl")))
    np.testing.assert_allclose(run.loss, LOSS)
    assert (run.about, run.loss_column) == ("a GAN", "Loss/G/loss/mean")


@pytest.mark.parametrize(
    ("said", "again"),
    [
        ("Did not meet early stopping. Best iteration is:", -1),
        ("Early stopping, best iteration is:", 20),
    ],
)
def test_the_best_round_said_again_is_no_round(tmp_path, said, again):
    rounds = lines("[{n}]\ttraining's l2: {a}\tvalid_0's l2: {b}")
    text = f"Training until validation scores don't improve\n{rounds}{said}\n{rounds.splitlines()[again]}\n"
    run = one(read_log(written(tmp_path, text, "out.txt")))
    same(run)
    np.testing.assert_array_equal(run.x, T + 1)


@pytest.mark.parametrize("heading", ["Early stopping, best iteration is:", "Best iteration:"])
def test_a_best_round_that_no_line_had_is_no_round(tmp_path, heading):
    every = range(4, 40, 5)  # as log_evaluation(5) prints them
    text = "".join(f"[{k + 1}]\tvalid_0's l2: {HELD[k]}\n" for k in every)
    run = one(read_log(written(tmp_path, text + f"{heading}\n[27]\tvalid_0's l2: {HELD[26]}\n")))
    assert run.loss.tolist() == HELD[list(every)].tolist()


def test_bars_of_lightning_in_a_file(tmp_path):
    """As Lightning 2.6 writes them: a bar for validation below, which the cursor comes up from."""
    text, shown = "", ""
    for k, a, b in ROWS:
        bar = "\rEpoch {k}: {n}%|█| {n}/100 [00:00<00:00, 60.00it/s, v_num=0{shown}]"
        text += bar.format(k=k, n=50, shown=shown)
        text += bar.format(k=k, n=100, shown=f"{shown}, train_loss_step=9.0")
        text += "\n\rValidation DataLoader 0:  50%|█| 1/2 [00:00<00:00, 681.89it/s]\x1b[A" * 2
        text += "\n\r                                  \x1b[A"
        shown = f", train_loss_step=9.0, val_loss={b}, train_loss_epoch={a}"
        text += bar.format(k=k, n=100, shown=shown)
        text += bar.format(k=k, n=0, shown=shown)
    last = bar.format(k=k, n=100, shown=shown)
    text += f"{last}`Trainer.fit` stopped: `max_epochs=40` reached.\n{last}\n"
    same(one(read_log(written(tmp_path, text))))


def test_series_of_fewer_steps_come_first(tmp_path):
    series = {
        "accuracy": (T[::5], 1 - LOSS[::5]),
        "training.loss": (T, LOSS),
        "validation.loss": (T, HELD),
    }
    sacred = {
        name: {"steps": at.tolist(), "values": values.tolist(), "timestamps": ["t"] * len(at)}
        for name, (at, values) in series.items()
    }
    same(one(read_log(written(tmp_path, json.dumps(sacred), "metrics.json"))))
    pairs = {
        name: [[int(at), float(value)] for at, value in zip(*each, strict=True)]
        for name, each in series.items()
        if "loss" in name
    }
    pairs["training.loss"] = pairs["training.loss"][::3]
    run = one(
        read_log(written(tmp_path, json.dumps(pairs), "metrics.json"), column="training.loss")
    )
    assert run.x.tolist() == T[::3].tolist()


def test_catboost_with_several_test_sets(tmp_path):
    (tmp_path / "learn_error.tsv").write_text(rows("iter\tMultiClass", "{k}\t{a}"))
    (tmp_path / "test_error.tsv").write_text(
        rows(
            "iter\tMultiClass:0\tAUC:type=Mu:0\tMultiClass\tAUC:type=Mu", "{k}\t{b}\t0.5\t9.0\t0.5"
        )
    )
    same(one(read_log(tmp_path)))


def test_lines_without_a_loss_but_with_a_metric_that_rises(tmp_path):
    for text, name in (
        (lines("epoch {k}: accuracy {a}, seconds 0.5"), "accuracy"),
        (lines("[{k}]\ttrain-ndcg@5:{a}"), "train-ndcg@5"),
    ):
        path = written(tmp_path, text)
        with pytest.raises(ValueError, match=f"must be with a loss in it: '{name}' rises when"):
            read_log(path)
        assert one(read_log(path, higher_is_better=True)).loss.tolist() == (-LOSS).tolist()


def begun_anew(*curves):
    text = "".join(
        f"-- Epoch {k + 1}\nNorm: 1.00, NNZs: 8, Bias: -5.0, T: 300, Avg. loss: {each:f}\n"
        for curve in curves
        for k, each in enumerate(curve)
    )
    return [run.loss.tolist() for run in read_log(text)]


def test_one_after_another_where_the_next_begins_as_the_last_ends():
    """SGDClassifier on three classes: three fits, of which one ends where the next begins."""
    high, low = np.round(3 + 18 * 0.9**T, 6), np.round(3.1 * 0.9**T, 6)
    assert begun_anew(LOSS, high, low) == [LOSS.tolist(), high.tolist(), low.tolist()]


def test_a_loss_of_batches_and_of_epochs_in_one_column(tmp_path):
    """Poutyne's CSVLogger with batch_granularity: the epoch's row has its number, and no batch's."""
    text = "epoch\tbatch\tloss\tval_loss\n" + "".join(
        "".join(f"\t{n}\t{9.0 + n}\t\n" for n in (1, 2, 3)) + f"{k}\t\t{a}\t{b}\n"
        for k, a, b in ROWS
    )
    path = written(tmp_path, text, "a.tsv")
    same(one(read_log(path)))
    same(one(read_log(pd.read_csv(path, sep="\t"))))
    batches = np.concatenate([run.loss for run in read_log(path, column="loss (step)").runs])
    assert batches.tolist() == [10.0, 11.0, 12.0] * len(T)


def test_tracks_of_trackio(tmp_path):
    path = tmp_path / "p.db"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("create table configs (run_name text)")
        database.execute(
            "create table metrics (id integer primary key, run_name text, step integer, metrics text)"
        )
        for name, factor in (("one", 1), ("two", 2)):
            database.executemany(
                "insert into metrics (run_name, step, metrics) values (?, ?, ?)",
                [
                    (name, k, json.dumps({"train_loss": factor * a, "val_loss": factor * b}))
                    for k, a, b in zip(T.tolist(), LOSS.tolist(), HELD.tolist(), strict=True)
                ],
            )
        database.execute("insert into metrics (run_name, step, metrics) values ('one', 50, 'cut')")
        database.commit()
    for source in (path, tmp_path):
        first, second = read_log(source).runs
        same(first)
        assert (first.name, second.name) == ("one", "two")
        assert second.loss.tolist() == (2 * LOSS).tolist()


def test_a_database_that_is_being_written(tmp_path):
    """Trackio keeps what is new in a file beside the database until it is closed."""
    path = tmp_path / "p.db"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("pragma journal_mode = wal")
        database.execute("create table configs (run_name text)")
        database.execute(
            "create table metrics (id integer primary key, run_name text, step integer, metrics text)"
        )
        database.commit()
        database.execute("pragma wal_checkpoint(truncate)")
        database.executemany(
            "insert into metrics (run_name, step, metrics) values ('one', ?, ?)",
            [
                (k, json.dumps({"train_loss": a, "val_loss": b}))
                for k, a, b in zip(T.tolist(), LOSS.tolist(), HELD.tolist(), strict=True)
            ],
        )
        database.commit()
        held = {
            each.name: each.read_bytes() for each in tmp_path.iterdir() if "shm" not in each.name
        }
        same(one(read_log(path)))
        for name, content in held.items():
            assert (tmp_path / name).read_bytes() == content


def test_a_zip_in_a_folder(tmp_path):
    with zipfile.ZipFile(tmp_path / "offline.zip", "w") as archive:
        archive.writestr("a.csv", frame_as("to_csv", index=False))
    same(one(read_log(tmp_path)))


def test_what_has_come_to_nothing_is_not_gone_on_with():
    dead = np.where(T < 20, 3.0 + T, np.nan)
    first, second, third = begun_anew(dead, LOSS, LOSS[:20])
    assert (len(first), second, third) == (40, LOSS.tolist(), LOSS[:20].tolist())


def test_the_size_of_a_table_may_have_as_many_words(tmp_path):
    text = FRAME.assign(lr=0.1).to_string() + "\n\n[40 rows x 4 columns]\n"
    same(one(read_log(written(tmp_path, text, "a.txt"))))


def test_thousands_of_a_table(tmp_path):
    text = rows("step,loss,val_loss", '"{n},000",{a},"1,0{n:02}.5"')
    run = one(read_log(written(tmp_path, text)))
    same(run, held=1001.5 + T)
    np.testing.assert_array_equal(run.x, 1000 * (T + 1))


def test_columns_of_several_runs_are_no_parts_of_a_loss(tmp_path):
    text = rows("epoch,run1_loss,run2_loss,run1_val_loss,run2_val_loss", "{k},9.5,{a},9.5,{b}")
    log = read_log(written(tmp_path, text))
    assert [run.name for run in log] == ["run1", "run2"]
    same(log.run)


def test_rows_that_were_not_printed_are_said(tmp_path):
    text = str(FRAME.set_index("epoch").rename_axis(None))  # pandas prints 60 rows, and no more
    assert "..." not in text
    head, tail = FRAME.head(20).to_string(), FRAME.tail(5).to_string(header=False)
    run = one(read_log(written(tmp_path, f"{head}\n..    ...   ...    ...\n{tail}\n", "a.txt")))
    same(run, np.r_[LOSS[:20], LOSS[-5:]], np.r_[HELD[:20], HELD[-5:]])
    assert "behind the first 20 were not printed" in " ".join(run.notes)


@pytest.mark.parametrize(
    ("name", "part", "kind"),
    [
        ("va_logloss", "held out", "error"),
        ("CROSSVAL AVG.LOSS", "held out", "loss"),
        ("NegLogLike", "", "loss"),
        ("log likelihood", "", "higher"),
        ("Loss/G/loss/num", "", "other"),
        ("DeltaLossPi", "", "other"),
        ("current_steps", "", "counter"),
        ("train/global_step", "", "counter"),
        ("number_of_trees", "", "counter"),
        ("train entropy", "train", "error"),
        ("entropy", "", ""),
        ("train_lr", "train", "other"),
    ],
)
def test_names(name, part, kind):
    assert (parse(name).part, parse(name).kind) == (part, kind)
    assert is_rate(parse(name).words) == (name == "train_lr")


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ([[0, 1, 2, 3], [5, 4, 3, 3.5]], ["step", "loss"]),
        ([[5, 4, 3, 3.5], [64, 64, 64, 64]], ["loss", "unchanged"]),
        ([[5, 4, 3, 3.5], [6, 5, 4, 4.5]], ["loss", "val_loss"]),
        ([[0, 1, 2, 3], [1.7e9, 1.7e9 + 5, 1.7e9 + 9, 1.8e9], [5, 4, 3, 3.5]], ["step", "timestamp", "loss"]),
        ([[0, 1, 2, 3], [0, 10, 20, 30], [5, 4, 3, 3.5]], ["step", "step 1", "loss"]),
    ],
)  # fmt: skip
def test_columns_without_names(columns, names):
    cells = [[str(value) for value in row] for row in zip(*columns, strict=True)]
    assert nameless.names(cells, "a.csv") == names


@pytest.mark.parametrize(
    ("file", "inside", "message"),
    [
        ("a.xlsx", "xl/workbook.xml", "a spreadsheet"),
        ("a.pt", "a/data.pkl", "a pickle of PyTorch"),
    ],
)
def test_what_a_zip_really_is(tmp_path, file, inside, message):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(inside, "loss 0.5\n" * 9)
    with pytest.raises(ValueError, match=message + r": must be a log: save its numbers as CSV"):
        read_log(written(tmp_path, buffer.getvalue(), file))


@pytest.mark.parametrize("outputs", [[], [stream("1\n2\n3\n4\n")], [page("<b>no table</b>")]])
def test_a_notebook_without_a_loss(tmp_path, outputs):
    with pytest.raises(ValueError, match=r"a notebook with \d outputs: must be one in which"):
        read_log(written(tmp_path, notebook(*outputs), "a.ipynb"))


def test_a_notebook_of_two_trainings(tmp_path):
    text = lines("epoch {k}: loss {a}, val_loss {b}")
    log = read_log(written(tmp_path, notebook(stream(text), stream(text)), "a.ipynb"))
    assert [run.name for run in log] == ["cell 2", "cell 3"]
    for run in log:
        same(run)


def test_a_cell_that_is_too_long_is_no_crash(tmp_path):
    long = "x" * 140_000
    with pytest.raises(ValueError, match="must be shorter"):
        read_log(written(tmp_path, f"epoch,loss,note\n1,0.5,{long}\n2,0.4,b\n3,0.3,c\n"))


@pytest.mark.parametrize(
    "text", ["<", "<a>", "[a] ", "tensor(1,", r"\begin{tabular}", "a:\n", "loss: train "]
)
def test_what_repeats_without_an_end_is_refused(text):
    with pytest.raises(ValueError, match="must be"):
        read_log(text * 2000 + "\n.")


def in_folder(folder, **files):
    for name, text in files.items():
        written(folder, text, name.replace("__", "."))
    return folder


def test_files_of_a_folder_that_belong_together(tmp_path):
    sides = [("train", LOSS), ("validation", HELD)]
    scalars = {
        f"run-{side}-tag-epoch_loss__csv": "Wall time,Step,Value\n"
        + "".join(f"1.7e9,{k},{v}\n" for k, v in enumerate(values))
        for side, values in sides
    }
    run = one(read_log(in_folder(tmp_path / "tensorboard", **scalars)))
    same(run)
    np.testing.assert_array_equal(run.x, T)
    epochs = {
        f"metrics_epoch_{k}__json": json.dumps(
            {"epoch": k, "training_loss": a, "validation_loss": b}
        )
        for k, a, b in ROWS
    }
    run = one(read_log(in_folder(tmp_path / "allennlp", **epochs)))
    same(run)
    np.testing.assert_array_equal(run.x, T)


def test_what_a_checkpoint_holds_beside_its_losses():
    held = {"epoch": 40, "best": np.float64(0.3), "name": "x", "model": {"w": [1.0]}}
    same(one(read_log(held | {"loss": list(LOSS), "val_loss": list(HELD)})))
    with pytest.raises(ValueError, match="epoch=40: must be a column of numbers"):
        read_log(held)


def test_holders_of_columns():
    arrow = pytest.importorskip("pyarrow")
    same(one(read_log(arrow.table(FRAME))))
    same(
        one(
            read_log(
                np.array(list(zip(LOSS, HELD, strict=True)), [("loss", float), ("val_loss", float)])
            )
        )
    )
    same(one(read_log(io.StringIO(FRAME.to_csv(index=False)))))
    same(one(read_log(io.BytesIO(frame_as("to_csv", index=False)))))
    for counted in (
        FRAME.set_index("epoch")["loss"],
        {str(k): a for k, a, _ in ROWS},
    ):
        run = one(read_log(counted))
        same(run, held=None)
        np.testing.assert_array_equal(run.x, T)


#: The part of the data that a line is about, as people say it; P stands for its name.
SAID = [
    "P epoch {k} loss {v}",
    "P Epoch [{k}/40] Loss: {v}",
    "Epoch {k} P: loss {v}",
    "Epoch #{k} - P - Loss: {v}",
    "mode: P, epoch: {k}, loss: {v}",
    "(P) epoch {k} loss {v}",
    "--P-- epoch {k} loss {v}",
    "<P> epoch {k} loss {v}",
    "*** P *** epoch {k} loss {v}",
    "INFO:P:epoch {k} loss {v}",
    "2026-05-01 12:00:00,123 - P - INFO - epoch {k} loss {v}",
    "P: {{'epoch': {k}, 'loss': {v}}}",
    "P metrics: {{'epoch': {k}, 'loss': {v}}}",
    "Epoch {k} P {{'loss': {v}}}",
    '[P] {{"epoch": {k}, "loss": {v}}}',
    "{k}/40 P: 100%|██████████| 10/10 [00:01<00:00, 9.9it/s, loss={v}]",
    "P Epoch {k}: 100%|██████████| 10/10 [00:01<00:00, 9.9it/s, loss={v}]",
    "{k} | P | loss {v}",
]


@pytest.mark.parametrize("parts", [("train", "val"), ("Training", "Evaluating"), ("TRAIN", "DEV")])
@pytest.mark.parametrize("template", SAID)
def test_a_part_of_the_data_wherever_a_line_says_it(template, parts):
    train, valid = (re.sub(r"\bP\b", part, template) for part in parts)
    text = "".join(f"{train.format(k=k, v=a)}\n{valid.format(k=k, v=b)}\n" for k, a, b in ROWS)
    same(one(read_log(text)))


@pytest.mark.parametrize(
    "template",
    [
        "INFO:train:epoch {k} loss {a} val_loss {b}",
        "test run 3: epoch {k} loss {a} val_loss {b}",
        "epoch {k} loss {a} val_loss {b} (best of validation yet)",
        "train.py:12 epoch {k} loss {a} val_loss {b}",
    ],
)
def test_a_word_that_all_lines_say_is_no_part(template):
    run = one(read_log(lines(template)))
    same(run)
    assert (run.loss_column, run.validation_column) == ("loss", "val_loss")


def test_a_line_that_says_more_of_a_part_behind_its_loss():
    text = "".join(
        f"epoch {k} loss {a}" + (" - best validation yet, saved\n" if k % 3 else "\n")
        for k, a, _ in ROWS
    )
    same(one(read_log(text)), held=None)


@pytest.mark.parametrize(
    "template",
    [
        "epoch {k} | train: loss {a} acc 0.5 | val: loss {b} acc 0.4",
        "Epoch {k} train acc 0.5 loss {a} val acc 0.4 loss {b}",
        "epoch {k} train (loss {a}, acc 0.5) val (loss {b}, acc 0.4)",
    ],
)
def test_both_parts_on_a_line_with_the_same_names(template):
    same(one(read_log(lines(template))))


def test_a_part_that_only_the_lines_of_validation_say():
    run = one(read_log(lines("epoch {k} loss {a}\nValidation epoch {k} loss {b}")))
    same(run)
    assert run.loss_column == "loss"


#: Lines that are wider than many terminals.
WIDE = [
    "[2026-05-01 12:00:00,123][trainer][INFO] - Epoch {n:03}/040 | lr 1e-3 | train_loss {a:.4f} | train_acc 0.9000 | val_loss {b:.4f} | val_acc 0.9000",
    "Epoch {n}/40 - 12s - loss: {a} - accuracy: 0.5123 - val_loss: {b} - val_accuracy: 0.5345 - lr: 0.0010",
    "{{'loss': {a}, 'grad_norm': 1.2345, 'learning_rate': 5e-05, 'epoch': {n}, 'eval_loss': {b}, 'tokens': 123456789}}",
]


@pytest.mark.parametrize("stripped", [False, True])
@pytest.mark.parametrize("width", [43, 53, 64, 66, 75, 80, 85, 91, 100, 111, 126])
@pytest.mark.parametrize("template", WIDE)
def test_lines_that_a_terminal_broke(template, width, stripped):
    """Also within a number, or a name: both were read as they stand."""
    broken = []
    for line in lines(template).splitlines():
        broken += [line[k : k + width] for k in range(0, len(line), width)]
    text = "\n".join(line.rstrip() if stripped else line for line in broken) + "\n"
    run = one(read_log(text))
    same(run)
    np.testing.assert_array_equal(run.x, T + 1)


@pytest.mark.parametrize(
    "template",
    [
        "step {k} of 40 in this long training now | loss {a:.4f}\nbatches of validation: 9 | val_loss {b}",
        "step {k:3} of 40 | state {w:>9} | the learning rate is 1e-4 | loss {a:.4f}\nvalidation | val_loss {b}",
        "{{'loss': {a}, 'learning_rate': 5e-05, 'epoch': {k}, 'grad_norm': 1.5}}\n{{'eval_loss': {b}, 'epoch': {k}}}",
    ],
)
def test_lines_of_one_width_that_nothing_broke(template):
    text = "".join(
        template.format(k=k, a=a, b=b, w=("ok", "stopped")[k % 2]) + "\n" for k, a, b in ROWS
    )
    same(one(read_log(text)))


#: Words of other languages for an epoch, the loss and that of validation.
LANGUAGES = {
    "German": ("Epoche", "Verlust", "Validierungsverlust"),
    "German errors": ("Epoche", "Trainingsfehler", "Testfehler"),
    "French": ("Époque", "Perte", "Perte de validation"),
    "Spanish": ("Época", "pérdida", "pérdida de validación"),
    "Portuguese": ("Época", "perda", "perda de validação"),
    "Italian": ("Epoca", "perdita", "perdita di validazione"),
    "Russian": ("Эпоха", "ошибка", "ошибка валидации"),
    "Japanese": ("エポック", "損失", "検証損失"),
    "Chinese": ("轮次", "训练损失", "验证损失"),
    "Korean": ("에포크", "손실", "검증 손실"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_in_other_languages(tmp_path, language):
    epoch, loss, held = LANGUAGES[language]
    for text in (
        rows(f"{epoch},{loss},{held}", "{k},{a},{b}"),
        lines(f"{epoch} {{k}}: {loss}: {{a}}, {held}: {{b}}"),
        lines(f"{epoch} {{k}}/40 - {loss} {{a}} - {held} {{b}}"),
    ):
        run = one(read_log(written(tmp_path, text)))
        same(run)
        np.testing.assert_array_equal(run.x, T)


def test_patterns_meet_the_words_of_a_log():
    text = lines("<<{k}>> Verlust={a}")
    same(one(read_log(text, patterns=[r"<<(?P<step>\d+)>> Verlust=(?P<loss>\S+)"])), held=None)


def test_another_error_of_validation_is_none_to_compare_with():
    """What OpenNMT prints: the cross-entropy of training, and its exponential of validation."""
    text = lines("Step {n}/40; acc: 50.0; ppl: 9.9; xent: {a};\nValidation perplexity: 18.{k:02}")
    same(one(read_log(text)), held=None)
    body = "".join(f"{k},{a},{b}\n" for k, a, b in ROWS)
    same(one(read_log("epoch,train_mse,valid_mae\n" + body)), held=None)
    same(one(read_log("epoch,mse,mean_mse_valid_raw\n" + body)))


def test_words_of_other_languages_are_whole_ones():
    assert parse("Experten").kind == parse("property").kind == ""


@pytest.mark.parametrize(
    ("position", "x"),
    [
        ("step {n}.5k", 1000 * (T + 1.5)),
        ("step {n}k/40k", 1000 * (T + 1)),
        ("Iter {n}K of 1.5M", 1000 * (T + 1)),
        ("iteration {n}M", 1e6 * (T + 1)),
    ],
)
def test_positions_with_a_unit(position, x):
    run = one(read_log(lines(position + " | loss {a} | val_loss {b}")))
    same(run)
    np.testing.assert_allclose(run.x, x)


@pytest.mark.parametrize(
    "mark", ["[pod/job-worker-{r}/pytorch]", "trainer.{r}.q8zx@node-7    |", "trainer-{r}  |"]
)
def test_lines_of_the_workers_of_a_cluster(mark):
    text = "".join(
        f"{mark.format(r=r)} epoch {k} loss {a + r} val_loss {b + r}\n"
        for k, a, b in ROWS
        for r in (0, 1)
    )
    same(one(read_log(text)))


def test_what_rich_breaks_beside_the_file_that_it_comes_from():
    """With Rich 15.0.0, at 80 columns; in a terminal the file is a link."""
    text = ""
    for k, a, b in ROWS:
        clock = "[05/01/26 12:00:00]" if k % 7 == 0 else " " * 19
        text += f"{clock} INFO     Epoch {k}: train loss {a}, validation       train.py:12\r\n"
        text += f"{'':29}loss {b}, learning rate 1e-3\r\n"
    same(one(read_log(text)))
    same(one(read_log(text.replace("\r", ""))))
    link = "\x1b]8;id=1;file://a/train.py\x1b\\train.py\x1b]8;;\x1b\\:\x1b]8;id=2;file://a/train.py#12\x1b\\12\x1b]8;;\x1b\\"
    same(one(read_log(text.replace("train.py:12", link))))


def test_a_log_between_fences(tmp_path):
    said = "# My run\n\nWith 40 epochs, loss: 9.9 at first:\n\n```yaml\nloss: mse\n```\n"
    text = lines("epoch {k} loss {a} val_loss {b}")
    issue = said + f"```text\n{text}```\nI expected loss: 0.1\n"
    same(one(read_log(written(tmp_path, issue, "issue.md"))))
    same(one(read_log(issue)))
    twice = read_log(issue + f"and then\n```\n{text}")
    assert [run.name for run in twice] == ["block 2", "block 3"]
    for run in twice:
        same(run)


def test_fences_in_a_log(tmp_path):
    """What a language model said while it was trained: also with a fence that it left open."""
    text = lines("epoch {k} loss {a} val_loss {b}").splitlines(True)
    text[30:30] = ["sample:\n", "```\n"]
    text[20:20] = ["sample:\n", "```python\n", "print(0.5)\n", "```\n"]
    same(one(read_log(written(tmp_path, "".join(text), "out.log"))))


@pytest.mark.parametrize("time", ["eta of epoch: 12m", "time per epoch: 5m", "per step: 30s"])
def test_minutes_and_seconds_are_no_positions(time):
    run = one(read_log(lines("iter {n} | " + time + " | loss {a}")))
    same(run, held=None)
    np.testing.assert_array_equal(run.x, T + 1)


@pytest.mark.parametrize(
    "aside",
    [
        "best val acc 0.9",
        "(new best on val)",
        "(next: eval)",
        "val acc 0.9",
        "| eval: off |",
        "| eval skipped |",
        "[eval every 5]",
        "loaded best val checkpoint,",
    ],
)
def test_a_part_of_the_data_that_some_lines_only_mention(aside):
    text = "".join(f"epoch {k} " + (aside if k % 3 else "") + f" loss {a}\n" for k, a, _ in ROWS)
    run = one(read_log(text))
    same(run, held=None)
    assert run.loss_column == "loss"


def test_a_first_line_that_tells_of_the_data():
    text = "Train 50000 images, test 10000 images, initial loss 2.3\n"
    same(one(read_log(text + lines("epoch {k} loss {a}"))), held=None)


@pytest.mark.parametrize(
    "held",
    [
        "Val acc 0.5, loss {b}",
        "Evaluating on test set: loss {b}",
        "[val] acc 0.5, loss {b}",
        "Eval [{k}]: loss {b}",
        "Eval over 1000 samples: loss {b}",
        "Validation took 3.2s, loss {b}",
        "Finished validation epoch {k}: loss {b}",
        "End of validation: loss {b}",
        "INFO trainer: val epoch {k} loss {b}",
    ],
)
def test_a_line_of_its_own_for_validation(held):
    same(one(read_log(lines("epoch {k} loss {a}\n" + held))))


#: Unbroken lines that are equally wide, above others.
EVEN = [
    "Epoch: [{n:2d}/40] train loss: {a:.4f} lr: 0.001000\nValidation loss: {b}",
    "Epoch [{n:2d}/40] Train Loss: {a:.4f} Train Acc: 0.85\nVal Loss: {b} Val Acc: 0.80",
    "Epoch {n:02}: lr 0.0010 train loss {a:.4f} val loss {b:.4f}\n2026-11-29 saved",
    "Epoch {n:02} done, mean training loss {a:.4f} val_loss {b:.4f}\n1875/1875 [===] - 3s",
    "Epoch {n:02}/40 training loss {a:.4f}; saved as step-{n:02}\n12 batches, val loss {b}",
    "Epoch {n:<3d} train loss {a:<8.4f} checkpoint no. {n:02}\n0.01 s; val loss {b}",
    "{n:3d}/40 train_loss={a:.4f} train_accuracy=0.5123 state\nval_loss={b} ",
    "Step {n:05d} Loss {a:.4f} Grad norm 1.2345 learning rate\nEval loss {b}",
    "epoch {n:02} took 00:12:30, loss: {a:.4f}, next at 12:30\n12:30:05 val loss {b}",
    "epoch {n:02} | loss {a:.4f} | acc 0.5000 | it/s 120.00\n 12 | val loss {b}",
]


@pytest.mark.parametrize("template", EVEN)
def test_even_lines_are_not_joined_with_those_below(template):
    text = "".join(template.format(n=k + 1, a=a, b=b) + "\n" for k, a, b in ROWS)
    assert joined(text) == text
    same(one(read_log(text)))


def test_errors_that_are_called_otherwise_are_the_same():
    body = "".join(f"{k},{a},{b}\n" for k, a, b in ROWS)
    for header in (
        "train_err,val_error",
        "train_error_rate,val_err",
        "train_xent,val_cross_entropy",
        "train_merror,eval_error",
        "train_l2,val_mse",
    ):
        same(one(read_log(f"epoch,{header}\n{body}")))
    run = one(read_log("epoch,train_ce,val_ppl\n" + body))
    same(run, held=None)
    assert run.notes[0].startswith("no validation: 'val_ppl' is not measured as 'train_ce' is")


def test_an_epoch_by_its_ordinal():
    for template in ("第{n}轮 训练损失: {a} 验证损失: {b}", "第 {n}/40 步, 损失 {a}, 验证损失 {b}"):
        run = one(read_log(lines(template)))
        same(run)
        np.testing.assert_array_equal(run.x, T + 1)
