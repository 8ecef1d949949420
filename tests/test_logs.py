"""Logs as real libraries write them: told apart, read whole, and nothing of theirs run."""

# ruff: noqa: E501 (lines of logs are as long as programs print them)

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import struct
import zipfile
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simopt
from simopt.curves.logs import contents, delimited, read_log, wandb
from simopt.curves.logs.cells import number
from simopt.curves.logs.names import parse
from simopt.curves.logs.pairs import pairs

NAN = float("nan")
T = np.arange(40)
LOSS = np.round(2 * np.exp(-T / 10) + 0.3, 4)
HELD = np.round(LOSS + 0.05, 4)


def written(folder, text, name="log.csv", encoding="utf-8"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def table(separator=",", header=("epoch", "loss", "val_loss"), comma=False):
    lines = [separator.join(header)]
    for epoch, loss, held in zip(T, LOSS, HELD, strict=True):
        cells = [str(epoch), f"{loss:.4f}", f"{held:.4f}"]
        lines.append(separator.join(c.replace(".", ",") if comma else c for c in cells))
    return "\n".join(lines) + "\n"


def one(log):
    assert len(log) == 1, str(log)
    return log.run


def same(run, loss=LOSS, held=HELD):
    np.testing.assert_allclose(run.loss, loss)
    if held is None:
        assert run.validation is None
    else:
        np.testing.assert_allclose(run.validation, held)


# Tables in text.


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (table(), "a.csv"),
        (table(";", comma=True), "a.csv"),
        (table("\t"), "a.tsv"),
        (table("  "), "a.txt"),
        (table(" | "), "a.txt"),
        ("# " + table("\t"), "a.txt"),
        ("# made by hand\n" + table(), "a.csv"),
        (table().replace("\n", "\r\n"), "a.csv"),
        (table(header=("Epoch", "Training Loss", "Validation Loss")), "a.csv"),
        (table(header=("epoch", "train/loss", "val/loss")), "a.csv"),
        (table(header=("epoch", "trainLoss", "valLoss")), "a.csv"),
        (table(header=("epoch", "tr_loss", "dev_loss")), "a.csv"),
        (table(", ", header=("      epoch", "   train/loss", "     val/loss")), "results.csv"),
        (table(header=("iter", "RMSE", "eval-rmse")), "a.csv"),
        (table(header=("", "loss", "val_loss")), "a.csv"),
    ],
)
def test_tables(tmp_path, text, name):
    run = one(read_log(written(tmp_path, text, name)))
    same(run)
    np.testing.assert_array_equal(run.x, T)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "latin-1"])
def test_encodings(tmp_path, encoding):
    text = table(header=("epoch", "loss", "val_loss"))
    text = text.replace("epoch,loss", "époque,loss") if encoding != "utf-8-sig" else text
    same(one(read_log(written(tmp_path, text, encoding=encoding))))


def test_markdown_in_a_model_card(tmp_path):
    rows = "".join(
        f"| {a:.4f} | {k}.0 | {10 * k} | {b:.4f} |\n"
        for k, (a, b) in enumerate(zip(LOSS, HELD, strict=True), 1)
    )
    card = (
        "---\nlicense: mit\n---\n# A model\n\n### Training results\n\n"
        "| Training Loss | Epoch | Step | Validation Loss |\n|:---:|:---:|:---:|:---:|\n"
        f"| No log | 0.5 | 5 | 2.9 |\n{rows}\n\n### Framework versions\n- Transformers 5\n"
    )
    run = one(read_log(written(tmp_path, card, "README.md")))
    np.testing.assert_allclose(run.loss, LOSS)
    assert run.x[-1] == 400


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *((text, None) for text in ("", "NA", "N/A", "null", "None", "-", "No log", "--", "<NA>")),
        *((text, NAN) for text in ("nan", "NaN", "-nan", "-nan(ind)", "1.#QNAN", "-1.#IND", "NAN")),
        *((text, np.inf) for text in ("inf", "Infinity", "1.#INF", "+inf", "1.797693e308")),
        ("-inf", -np.inf),
        (" 2.5 ", 2.5),
        ("tensor(0.25, device='cuda:0')", 0.25),
        ("tensor([0.25])", 0.25),
        ("np.float64(0.25)", 0.25),
        (10**400, np.inf),
    ],
)
def test_cells(cell, value):
    found = number(cell)
    assert found == value or (value is not None and np.isnan(value) and np.isnan(found))


@given(st.floats(allow_nan=False, allow_infinity=False, width=32), st.sampled_from(["r", "g", "e"]))
def test_every_number_is_read_back(x, form):
    text = repr(x) if form == "r" else f"{x:.17{form}}"
    assert number(text) == x
    assert number(f" {text}\t") == x


def test_keras_without_validation(tmp_path):
    text = "epoch,loss,val_loss\n" + "".join(f"{k},{x},NA\n" for k, x in zip(T, LOSS, strict=True))
    same(one(read_log(written(tmp_path, text))), held=None)
    text = "epoch,loss,val_loss\n" + "".join(
        f"{k},{x},{h if k % 5 == 4 else 'NA'}\n" for k, x, h in zip(T, LOSS, HELD, strict=True)
    )
    run = one(read_log(written(tmp_path, text)))
    np.testing.assert_array_equal(np.flatnonzero(np.isfinite(run.validation)), T[4::5])


def test_a_cut_last_line_a_repeated_header_and_padding(tmp_path):
    run = one(read_log(written(tmp_path, table() + "40,0.3")))
    same(run)
    assert "the last line is cut off" in " ".join(run.notes)
    header, *rows = table().splitlines()
    again = "\n".join([header, *rows[:20], header, *rows[20:]]) + "\n"
    run = one(read_log(written(tmp_path, again)))
    same(run)
    assert any("sessions" in note for note in run.notes)


def test_two_sessions_that_do_not_go_on_are_two_runs(tmp_path):
    log = read_log(written(tmp_path, table() + table()))
    assert len(log) == 2
    for run in log:
        same(run)
    assert [run.name for run in log] == ["run 1", "run 2"]


def test_resumed_rows_count_as_written_last(tmp_path):
    steps = [*range(30), *range(20, 40)]
    loss = [*(LOSS[:20]), *(LOSS[20:30] + 9), *LOSS[20:]]
    text = "step,loss\n" + "".join(f"{k},{x}\n" for k, x in zip(steps, loss, strict=True))
    run = one(read_log(written(tmp_path, text)))
    same(run, held=None)
    assert any("resumed at step 20: 10 values were written twice" in note for note in run.notes)


@pytest.mark.parametrize("order", [slice(None, None, -1), np.random.default_rng(0).permutation(40)])
def test_rows_in_any_order(order):
    frame = pd.DataFrame({"step": T, "loss": LOSS, "val_loss": HELD}).iloc[order]
    same(one(read_log(frame)))


def test_long_tables(tmp_path):
    text = "run,epoch,loss\n" + "".join(
        f"{r},{k},{x * c}\n" for r, c in (("a", 1), ("b", 2)) for k, x in zip(T, LOSS, strict=True)
    )
    log = read_log(written(tmp_path, text))
    assert [run.name for run in log] == ["a", "b"]
    same(log.runs[0], held=None)
    same(log.runs[1], 2 * LOSS, held=None)
    folds = read_log(
        written(tmp_path, text.replace("run", "fold").replace("a,", "0,").replace("b,", "1,"))
    )
    assert [run.name for run in folds] == ["fold 0", "fold 1"]
    phases = "epoch,phase,loss,acc\n" + "".join(
        f"{k},train,{a},0.5\n{k},valid,{b},0.4\n" for k, a, b in zip(T, LOSS, HELD, strict=True)
    )
    same(one(read_log(written(tmp_path, phases))))
    metrics = "step,metric,value\n" + "".join(
        f"{k},train_loss,{a}\n{k},val_loss,{b}\n{k},acc,0.5\n"
        for k, a, b in zip(T, LOSS, HELD, strict=True)
    )
    same(one(read_log(written(tmp_path, metrics))))


def test_weights_and_biases_export(tmp_path):
    names = [
        f'"{run} - train/loss{end}"'
        for run in ("calm-sea-1", "old-oak-2")
        for end in ("", "__MIN", "__MAX")
    ]
    text = '"Step",' + ",".join(names) + "\n"
    text += "".join(
        f'"{k}",' + ",".join(f'"{x}"' for _ in range(3)) + f',"{2 * x}"' * 3 + "\n"
        for k, x in zip(T, LOSS, strict=True)
    )
    log = read_log(written(tmp_path, text))
    assert [run.name for run in log] == ["calm-sea-1", "old-oak-2"]
    same(log.runs[1], 2 * LOSS, held=None)


# Which column.


def test_a_summary_is_no_curve(tmp_path):
    rows = [f"{k / 4},{10 * k},{x},," for k, x in enumerate(LOSS)] + ["10,400,,,0.52"]
    text = "epoch,step,loss,eval_loss,train_loss\n" + "\n".join(rows) + "\n"
    run = one(read_log(written(tmp_path, text)))
    same(run, held=None)
    assert run.loss_column == "loss"
    assert "'train_loss'" in " ".join(run.notes)


def test_few_epochs_do_not_hide_many_steps():
    steps = [2.0 - 0.01 * k for k in range(120)]
    frame = pd.DataFrame(
        {
            "step": range(123),
            "train_loss_step": [*steps, NAN, NAN, NAN],
            "train_loss_epoch": [NAN] * 120 + [1.8, 1.4, 1.0],
        }
    )
    assert one(read_log(frame)).loss_column == "train_loss_step"
    frame["train_loss_epoch"] = np.where(np.arange(123) % 4 == 0, 1.5, NAN)
    assert one(read_log(frame)).loss_column == "train_loss_epoch"


def test_parts_are_added_where_there_is_no_total(tmp_path):
    text = "epoch,train/box_loss,train/cls_loss,val/box_loss,val/cls_loss,lr/pg0,metrics/mAP50(B)\n"
    text += "".join(f"{k},{a},1,{b},2,0.01,0.5\n" for k, a, b in zip(T, LOSS, HELD, strict=True))
    same(one(read_log(written(tmp_path, text))), LOSS + 1, HELD + 2)
    total = text.replace("train/box_loss", "train/loss")
    same(one(read_log(written(tmp_path, total))), LOSS, None)


@pytest.mark.parametrize(
    ("names", "about"),
    [
        (("d_loss", "g_loss"), "a GAN"),
        (("loss_D", "loss_G"), "a GAN"),
        (
            ("train/value_loss", "train/policy_gradient_loss", "rollout/ep_rew_mean"),
            "reinforcement learning",
        ),
        (("box_loss", "cls_loss"), ""),
    ],
)
def test_what_trained_by_its_columns(names, about):
    assert one(read_log(dict.fromkeys(names, LOSS))).about == about


def test_metrics_that_rise_are_no_loss(tmp_path):
    frame = pd.DataFrame({"epoch": T, "accuracy": 1 - LOSS / 3, "r2": 1 - LOSS / 2})
    with pytest.raises(
        ValueError, match=r"'accuracy', 'r2' rise when a model gets better.*--higher"
    ):
        read_log(frame)
    run = one(read_log(frame, column="accuracy", higher_is_better=True))
    np.testing.assert_allclose(run.loss, LOSS / 3 - 1)


@pytest.mark.parametrize(
    ("name", "part", "kind"),
    [
        ("val_loss", "held out", "loss"),
        ("Loss/train", "train", "loss"),
        ("train_epoch_loss", "train", "loss"),
        ("valid_0-binary_logloss", "held out", "error"),
        ("grad_norm", "", "other"),
        ("loss scale", "", "other"),
        ("learning_rate", "", "other"),
        ("val_accuracy", "held out", "higher"),
        ("mAP50", "", "higher"),
        ("num_updates", "", "counter"),
        ("Unnamed: 0", "", "counter"),
        ("temperature", "", "other"),
    ],
)
def test_names(name, part, kind):
    assert (parse(name).part, parse(name).kind) == (part, kind)


def test_columns_that_are_asked_for():
    table = {"step": T, "loss": LOSS, "mine": 2 * LOSS, "val_loss": HELD, "time": 3 * T}
    run = one(read_log(table, column="mine", validation="loss", x="time"))
    same(run, 2 * LOSS, LOSS)
    np.testing.assert_array_equal(run.x, 3 * T)
    with pytest.raises(ValueError, match="x='other': must be a column: 'step', 'loss', 'mine'"):
        read_log(table, x="other")


# Validation beside training.


def test_lightning_pairs_by_step_not_by_place():
    """The validation row stands before its epoch's training row, every fifth epoch."""
    rows = []
    for epoch in range(40):
        if epoch % 5 == 4:
            rows.append({"epoch": epoch, "step": 4 * epoch + 3, "val_loss": HELD[epoch]})
        rows.append({"epoch": epoch, "step": 4 * epoch + 3, "train_loss_epoch": LOSS[epoch]})
    run = one(read_log(pd.DataFrame(rows)))
    np.testing.assert_allclose(run.loss, LOSS)
    np.testing.assert_array_equal(np.flatnonzero(np.isfinite(run.validation)), T[4::5])
    np.testing.assert_allclose(run.validation[4::5], HELD[4::5])


def test_keras_validation_freq():
    history = {"loss": LOSS.tolist(), "val_loss": HELD[4::5].tolist()}
    run = one(read_log(SimpleNamespace(history=history)))
    np.testing.assert_allclose(run.validation[4::5], HELD[4::5])
    assert np.isfinite(run.validation).sum() == 8


def test_a_frame_whose_run_blew_up():
    """Rows of other kinds are none of the loss', also where the loss is NaN."""
    loss = np.where(T < 25, LOSS, NAN)
    rows = [
        row
        for k in T
        for row in (
            {"epoch": k, "train_loss_step": loss[k]},
            {"epoch": k, "val_loss": loss[k]},
            {"epoch": k, "train_loss_epoch": loss[k]},
        )
    ]
    run = one(read_log(pd.DataFrame(rows), column="train_loss_epoch"))
    np.testing.assert_array_equal(run.loss, loss)


def test_nan_that_was_hidden():
    run = one(read_log([3, 30, 3e9, 3e20, 0, 0, 0]))
    np.testing.assert_array_equal(run.loss, [3, 30, 3e9, 3e20, NAN, NAN, NAN])
    # Zeros that were reached stay.
    assert one(read_log([3, 1, 0.1, 1e-4, 0, 0])).loss[-1] == 0
    assert one(read_log([0.5, 0.3, 0.2, 0.1, 0.0])).loss[-1] == 0


def test_a_tail_without_values_is_said(tmp_path):
    frame = pd.DataFrame({"epoch": T, "loss": LOSS}).to_csv(index=False)
    text = frame + "".join(f"{k},\n" for k in range(40, 44))
    run = one(read_log(written(tmp_path, text)))
    assert len(run.loss) == 40
    assert any("4 rows have no loss: NaN" in note for note in run.notes)


@pytest.mark.parametrize("loss", [[NAN] * 5, ["nan", "nan"], [np.inf, np.inf, np.inf]])
def test_a_curve_of_nothing_but_nan_is_read(loss):
    assert not np.isfinite(one(read_log({"loss": loss})).loss).any()


@pytest.mark.parametrize("name", ["grad_norm", "train/gradient_norm", "gnorm"])
def test_zeros_beside_a_norm_that_is_nan_are_nan(tmp_path, name):
    """What Hugging Face's Trainer logs from a NaN on: findings/hf-trainer-nan-is-logged-as-zero.sh."""
    loss = np.append(LOSS[:20], [0.7 * LOSS[20], *np.zeros(19)])
    norm = np.append(np.ones(20), np.full(20, np.nan))
    rows = [{"loss": a, name: b, "step": int(k)} for k, a, b in zip(T, loss, norm, strict=True)]
    state = json.dumps({"best_metric": None, "log_history": rows})
    console = "".join(f"{ {key: f'{cell:.6g}' for key, cell in row.items()} }\n" for row in rows)
    for text in (state, console):
        found = simopt.diagnose(written(tmp_path, text, "state.json"))
        assert found.symptom == "NaN or Inf"
        np.testing.assert_array_equal(np.isnan(found.loss), np.arange(40) >= 20)
        assert "the 19 zeros from value 22 on" in str(found)
    for other in (np.ones(40), np.full(40, np.nan), np.append(np.ones(39), np.nan)):
        table = pd.DataFrame({"loss": loss, name: other})
        np.testing.assert_array_equal(one(read_log(table)).loss, loss)


# JSON.


HISTORY = {"loss": LOSS.tolist(), "acc": [0.5] * 40, "val_loss": HELD.tolist()}
RECORDS = [
    {"epoch": int(k), "loss": a, "val_loss": b} for k, a, b in zip(T, LOSS, HELD, strict=True)
]
HUGGING_FACE = {
    "best_metric": None,
    "log_history": [
        row
        for k, (a, b) in enumerate(zip(LOSS, HELD, strict=True), 1)
        for row in (
            {"epoch": k, "grad_norm": 1.0, "learning_rate": 1e-4, "loss": a, "step": 10 * k},
            {"epoch": k, "eval_loss": b, "eval_runtime": 0.1, "step": 10 * k},
        )
    ]
    + [{"epoch": 40, "step": 400, "train_loss": 0.7, "train_runtime": 9.0, "total_flos": 1e9}],
    "trial_params": None,
}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(HISTORY),
        json.dumps(HISTORY, indent=2),
        json.dumps({"model": "x", "history": HISTORY}),
        json.dumps(RECORDS),
        json.dumps({str(k): record for k, record in enumerate(RECORDS)}),
        "\n".join(map(json.dumps, RECORDS)),
        "\n".join(map(json.dumps, RECORDS)) + '\n{"epoch": 40, "lo',
        json.dumps(HUGGING_FACE, indent=2),
        json.dumps({"train": {"rmse": LOSS.tolist()}, "eval": {"rmse": HELD.tolist()}}),
        json.dumps({"training": {"l2": LOSS.tolist()}, "valid_0": {"l2": HELD.tolist()}}),
        # ClearML: a list a line, a metric a record.
        "\n".join(
            json.dumps(
                [
                    {"iter": int(k), "metric": "loss", "variant": v, "value": x}
                    for v, x in (("train", a), ("val", b))
                ]
            )
            for k, a, b in zip(T, LOSS, HELD, strict=True)
        ),
        # MMEngine: rows of its own for validation.
        "\n".join(
            f'{{"lr": 0.1, "loss": {a}, "iter": {k}, "step": {k}}}\n{{"val_loss": {b}, "step": {k}}}'
            for k, a, b in zip(T, LOSS, HELD, strict=True)
        ),
    ],
)
def test_json(tmp_path, text):
    same(one(read_log(written(tmp_path, text, "log.json"))))


def test_json_of_other_shapes(tmp_path):
    run = one(
        read_log(
            written(
                tmp_path, json.dumps([[1e9 + k, int(k), x] for k, x in zip(T, LOSS, strict=True)])
            )
        )
    )
    same(run, held=None)
    spacy = "\n".join(
        json.dumps({"epoch": 0, "step": int(k), "losses": {"textcat": x}})
        for k, x in zip(T, LOSS, strict=True)
    )
    same(one(read_log(written(tmp_path, spacy, "log.jsonl"))), held=None)
    nan = '{"step": 1, "loss": 2.0}\n{"step": 2, "loss": NaN}\n{"step": 3, "loss": NaN}\n'
    np.testing.assert_array_equal(
        one(read_log(written(tmp_path, nan, "log.jsonl"))).loss, [2, NAN, NAN]
    )
    with pytest.raises(ValueError, match="begins"):
        read_log(written(tmp_path, '{"a": "b"}', "a.json"))


# What programs print.


def lines(template, tail=""):
    return (
        "".join(
            template.format(k=int(k), n=int(k) + 1, a=a, b=b) + "\n"
            for k, a, b in zip(T, LOSS, HELD, strict=True)
        )
        + tail
    )


@pytest.mark.parametrize(
    "text",
    [
        lines("Epoch {n}/40 - loss: {a} - val_loss: {b}"),
        lines(
            "Epoch {n}/40\n25/25 ━━━━━━━━━━━━━━ 0s 2ms/step - accuracy: 0.5 - loss: {a} - val_accuracy: 0.4 - val_loss: {b}"
        ),
        lines("step {k}: train loss {a}, val loss {b}"),
        lines("[2026-05-01 12:00:00,123] INFO epoch={k} train_loss={a} val_loss={b} lr=1e-3"),
        lines("epoch: {k}, lr: 2.00e-02 - train loss: {a} - valid loss: {b}, valid PER: 12.30"),
        lines("[{k}]\ttrain-rmse:{a}\teval-rmse:{b}"),
        lines("[{n}]\ttraining's l2: {a}\tvalid_0's l2: {b}"),
        lines(
            "Epoch: {n:02} | Time: 0m 5s\n\tTrain Loss: {a} | Train PPL: 7.3\n\t Val. Loss: {b} |  Val. PPL: 8.1"
        ),
        lines(
            "Train Epoch: {n} [59520/60000 (99%)]\tLoss: {a}\n\nTest set: Average loss: {b}, Accuracy: 9000/10000 (90%)\n"
        ),
        lines("\x1b[32mEpoch {n}\x1b[0m: train_loss={a}, val_loss={b}"),
        lines(
            "{{'loss': '{a}', 'grad_norm': '1.5', 'epoch': '{k}'}}\n{{'eval_loss': {b}, 'eval_runtime': 1.2, 'epoch': {k}}}"
        ),
        lines("{k}: train_loss {a}\n{k}: val_loss {b}\n{k}: Pseudo dice [0.5, 0.6]"),
    ],
)
def test_console(tmp_path, text):
    same(one(read_log(written(tmp_path, "Starting training on 2 devices\n" + text, "out.log"))))


@pytest.mark.parametrize(
    "text",
    [
        lines("iter {k}: loss {a}, time 123.45ms, mfu 3.21%"),
        lines("Iteration {n}, loss = {a}"),
        lines(
            "-- Epoch {n}\nNorm: 2.34, NNZs: 4, Bias: 0.1, T: 150, Avg. loss: {a}\nTotal training time: 0.01 seconds."
        ),
        lines("s:{k} trl:{a} lr:0.0001 norm:3.2"),
        lines(
            " iteration {n:8}/ 40 | consumed samples: 16 | elapsed time per iteration (ms): 4321.5 | learning rate: 1.000E-04 | lm loss: {a:.6E} | loss scale: 1.0 | grad norm: 2.1 |"
        ),
        lines("I0512 10:00:00.123456  1234 solver.cpp:239] Iteration {k} (3 iter/s), loss = {a}"),
        lines(
            '2026-05-01 | INFO | train_inner | {{"epoch": 1, "loss": "{a}", "ppl": "900", "num_updates": "{k}"}}'
        ),
        lines(
            "Epoch: [{k}][ 10/5005]\tTime  0.3 ( 0.5)\tData 0.1 (0.2)\tLoss {a:.4e} (6.9e+00)\tAcc@1 0.1"
        ),
        lines("Epoch {k}: 100%|██████████| 25/25 [00:01<00:00, 20.1it/s, v_num=3, train_loss={a}]"),
        lines("Epoch {n}, Loss: tensor({a}, grad_fn=<MeanBackward0>)"),
        lines(
            "[05/12 10:00:00 d2.utils.events]:  eta: 0:10:00  iter: {k}  total_loss: {a}  loss_cls: 0.5  time: 0.2  lr: 0.001"
        ),
    ],
)
def test_console_of_training_alone(tmp_path, text):
    same(one(read_log(written(tmp_path, text, "out.log"))), held=None)


def test_a_progress_bar_is_read_as_it_stands_at_last(tmp_path):
    text = "".join(f"\r 1/9 loss: 9.0\r 5/9 loss: 8.0\r 9/9 - loss: {x}\n" for x in LOSS)
    same(one(read_log(written(tmp_path, text, "out.log"))), held=None)


def test_a_table_in_the_midst_of_a_text(tmp_path):
    text = "✔ Initialized pipeline\nE    #       LOSS TEXTCAT  SCORE \n---  ------  ------------  ------\n"
    text += "".join(f"  0  {k:5}  {x:12.4f}  0.50\n" for k, x in zip(T, LOSS, strict=True))
    same(one(read_log(written(tmp_path, text, "out.txt"))), held=None)


def test_patterns_of_ones_own(tmp_path):
    text = "".join(f"<<{k}>> Abstand={x}\n" for k, x in zip(T, LOSS, strict=True))
    path = written(tmp_path, text, "out.log")
    with pytest.raises(ValueError, match="a pattern"):
        read_log(path)
    run = one(read_log(path, patterns=[r"<<(?P<step>\d+)>> Abstand=(?P<loss>\S+)"]))
    same(run, held=None)
    np.testing.assert_array_equal(run.x, T)
    with pytest.raises(ValueError, match=r"patterns='\(': must be a regular expression"):
        read_log(path, patterns=["("])
    with pytest.raises(ValueError, match="with named groups"):
        read_log(path, patterns=[r"(\d+)"])


def test_names_and_numbers_of_a_line():
    assert pairs("no numbers here") == {}
    assert pairs("loss: nan") == {"loss": "nan"}
    assert pairs("step 1,250 | loss 2.5") == {"step": "1250", "loss": "2.5"}


# Binary files.


def test_parquet_and_numpy(tmp_path):
    frame = pd.DataFrame({"epoch": T, "loss": LOSS, "val_loss": HELD})
    frame.to_parquet(tmp_path / "a.parquet")
    same(one(read_log(tmp_path / "a.parquet")))
    np.save(tmp_path / "a.npy", LOSS)
    same(one(read_log(tmp_path / "a.npy")), held=None)
    np.savez(tmp_path / "a.npz", train_loss=LOSS, val_loss=HELD)
    same(one(read_log(tmp_path / "a.npz")))


def test_packed(tmp_path):
    same(one(read_log(written(tmp_path, gzip.compress(table().encode()), "a.csv.gz"))))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("info.txt", "an experiment")
        # Comet's offline archive.
        messages = [
            {"payload": {"metric": {"metricName": name, "metricValue": x, "step": int(k)}}}
            for k, a, b in zip(T, LOSS, HELD, strict=True)
            for name, x in (("train_loss", a), ("val_loss", b))
        ]
        archive.writestr("messages.json", "\n".join(map(json.dumps, messages)))
    same(one(read_log(written(tmp_path, packed.getvalue(), "a.zip"))))


def test_what_could_run_code_or_fill_the_memory_is_refused(tmp_path, monkeypatch):
    objects = np.array([{"a": 1}], object)
    np.save(tmp_path / "a.npy", objects, allow_pickle=True)
    with pytest.raises(ValueError, match="arrays of numbers"):
        read_log(tmp_path / "a.npy")
    with pytest.raises(ValueError, match="a pickle"):
        read_log(written(tmp_path, b"\x80\x04\x95", "a.pkl"))
    monkeypatch.setattr(contents, "MOST_UNPACKED", 10_000)
    with pytest.raises(ValueError, match="when unpacked"):
        read_log(written(tmp_path, gzip.compress(b"1\n" * 20_000), "a.csv.gz"))
    monkeypatch.setattr(contents, "MOST_BYTES", 100)
    with pytest.raises(ValueError, match="at most 100 bytes"):
        read_log(written(tmp_path, table()))


def mlflow(path, runs):
    with sqlite3.connect(path) as connection:
        connection.execute("create table runs (run_uuid text, name text)")
        connection.execute(
            "create table metrics (run_uuid text, key text, value real, timestamp int, step int, is_nan int)"
        )
        for run, series in runs.items():
            connection.execute("insert into runs values (?, ?)", (run, f"name of {run}"))
            for key, values in series.items():
                for step, x in enumerate(values):
                    row = (run, key, 0.0 if np.isnan(x) else x, 0, step, int(np.isnan(x)))
                    connection.execute("insert into metrics values (?, ?, ?, ?, ?, ?)", row)
    connection.close()


def test_mlflow_database(tmp_path):
    path = tmp_path / "mlflow.db"
    blown = np.where(T < 30, LOSS, NAN)
    mlflow(path, {"a": {"train_loss": LOSS, "val_loss": HELD}, "b": {"train_loss": blown}})
    before = path.read_bytes()
    log = read_log(path)
    assert [run.name for run in log] == ["name of a", "name of b"]
    same(log.runs[0])
    np.testing.assert_array_equal(log.runs[1].loss, blown)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["mlflow.db"]


OFFLINE = Path(__file__).parent / "data/offline.wandb"


def test_an_offline_run_of_weights_and_biases(tmp_path):
    """Recorded with wandb 0.31.0; a record of 17 kB lies across two blocks."""
    loss = [2 * 0.5**k for k in range(11)] + [NAN]
    run = one(read_log(OFFLINE))
    np.testing.assert_array_equal(run.loss, loss)
    np.testing.assert_array_equal(run.validation[2::3], [2 * 0.5**k + 0.25 for k in (2, 5, 8, 11)])
    np.testing.assert_array_equal(run.x, np.arange(12))
    assert (run.name, run.loss_column, run.notes) == ("calm-sea-1", "train/loss", ())
    # What the program printed into a folder below is of the same run.
    folder = "wandb/offline-run-20260501_120000-abc"
    written(tmp_path, OFFLINE.read_bytes(), f"{folder}/run-abc.wandb")
    written(tmp_path, lines("Epoch {n}, Loss: {a}"), f"{folder}/files/output.log")
    np.testing.assert_array_equal(one(read_log(tmp_path)).loss, loss)


def test_an_offline_run_that_is_cut_or_damaged(tmp_path):
    data = OFFLINE.read_bytes()
    for end in (len(data) - 1, len(data) // 2, 33_000):
        run = one(read_log(written(tmp_path, data[:end], "a.wandb")))
        assert "the file ends in the middle of a record" in run.notes
        assert 4 <= len(run.loss) <= 12
    for at in (100, 20_000, 36_000):
        broken = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(ValueError, match=r"damaged offline run of W&B.*checksum"):
            read_log(written(tmp_path, broken, "a.wandb"))
    with pytest.raises(ValueError, match="an offline run of W&B, whole"):
        read_log(written(tmp_path, b"no such thing", "a.wandb"))


@given(st.binary(max_size=200))
def test_any_bytes_behind_its_beginning_are_read_or_refused(tail):
    """A checksum that fits does not make a message: fields are looked at with care."""
    piece = struct.pack("<IHB", zlib.crc32(tail, zlib.crc32(b"\1")), len(tail), 1) + tail
    try:
        rows = wandb.offline_run(wandb.MAGIC + b"\0" + piece, "a.wandb").rows
    except ValueError:
        # Anything else that is raised fails.
        rows = 0
    assert rows <= 1


def test_tables_of_trials_are_no_curve(tmp_path):
    trials = pd.DataFrame(
        {"number": [0, 1], "value": [0.5, 0.4], "params_lr": [0.1, 0.2], "state": ["COMPLETE"] * 2}
    )
    with pytest.raises(ValueError, match="a table of trials"):
        read_log(trials)
    with sqlite3.connect(tmp_path / "optuna.db") as connection:
        connection.execute("create table trials (a int)")
        connection.execute("create table studies (a int)")
    connection.close()
    with pytest.raises(ValueError, match="a table of trials"):
        read_log(tmp_path / "optuna.db")


# Folders.


def test_folders_of_many_runs(tmp_path):
    for version in range(3):
        written(tmp_path, table(), f"lightning_logs/version_{version}/metrics.csv")
        written(tmp_path, "lr: 0.1\n", f"lightning_logs/version_{version}/hparams.yaml")
    log = read_log(tmp_path)
    assert [run.name for run in log] == [f"lightning_logs/version_{k}" for k in range(3)]
    for run in log:
        same(run)


def test_of_checkpoints_the_last_counts(tmp_path):
    for last in (20, 40):
        part = {**HUGGING_FACE, "log_history": HUGGING_FACE["log_history"][: 2 * last]}
        written(tmp_path, json.dumps(part), f"run/checkpoint-{last * 10}/trainer_state.json")
    run = one(read_log(tmp_path / "run"))
    same(run)


def test_folders_whose_files_belong_together(tmp_path):
    for side, values in (("train", LOSS), ("val", HELD)):
        rows = "".join(f"{k}\t{x}\n" for k, x in zip(T, values, strict=True))
        written(tmp_path, "step\tloss\n" + rows, f"dvc/dvclive/plots/metrics/{side}/loss.tsv")
        csv = "step,loss\n" + "".join(f"{k},{x}\n" for k, x in zip(T, values, strict=True))
        written(tmp_path, csv, f"pair/{side}.csv")
        millis = "".join(
            f"{1_700_000_000_000 + k} {x} {k}\n" for k, x in zip(T, values, strict=True)
        )
        written(tmp_path, millis, f"mlruns/0/abc/metrics/{side}_loss")
    for name, values in (("learn", LOSS), ("test", HELD)):
        rows = "".join(f"{k}\t{x}\n" for k, x in zip(T, values, strict=True))
        written(tmp_path, "iter\tRMSE\n" + rows, f"catboost_info/{name}_error.tsv")
    for folder in ("dvc", "pair", "mlruns", "catboost_info"):
        same(one(read_log(tmp_path / folder)))
    assert one(read_log(tmp_path / "catboost_info")).about == "boosted trees"


def test_a_folder_without_a_log(tmp_path):
    written(tmp_path, "{}", "config.json")
    with pytest.raises(ValueError, match="which holds config.json: must be one"):
        read_log(tmp_path)


# Objects.


class Gradient:
    """As a tensor that requires a gradient: no number before it is detached."""

    dtype = "float64"

    def __init__(self, x):
        self.x = x

    def __float__(self):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad")

    def detach(self):
        return self.x


@pytest.mark.parametrize(
    ("value", "held"),
    [
        (RECORDS, HELD),
        ({str(k): row for k, row in enumerate(RECORDS)}, HELD),
        ({"train": LOSS.tolist(), "val": HELD.tolist()}, HELD),
        ({"train_losses": LOSS, "val_losses": HELD}, HELD),
        (list(zip(LOSS.tolist(), HELD.tolist(), strict=True)), HELD),
        ({"train": {"rmse": LOSS.tolist()}, "eval": {"rmse": HELD.tolist()}}, HELD),
        (SimpleNamespace(history=HISTORY), HELD),
        (SimpleNamespace(state=SimpleNamespace(log_history=HUGGING_FACE["log_history"])), HELD),
        (SimpleNamespace(log_history=HUGGING_FACE["log_history"]), HELD),
        (SimpleNamespace(loss_curve_=LOSS.tolist(), validation_scores_=[0.5] * 40), None),
        (pd.DataFrame(HISTORY, index=pd.RangeIndex(1, 41, name="epoch")), HELD),
        ([Gradient(x) for x in LOSS], None),
        (
            [SimpleNamespace(wall_time=0.0, step=k, value=x) for k, x in zip(T, LOSS, strict=True)],
            None,
        ),
        (
            [SimpleNamespace(key="loss", step=k, value=x) for k, x in zip(T, LOSS, strict=True)],
            None,
        ),
        (np.ma.masked_array(np.append(LOSS, -999), np.append(np.zeros(40), 1)), None),
        (pd.Series([*LOSS, None]), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_objects(value, held):
    same(one(read_log(value)), held=held)


def test_what_was_read_is_said(tmp_path):
    path = written(tmp_path, table())
    log = read_log(path)
    assert str(log) == (
        f"{path} as CSV: one run\n"
        "  40 values of loss and 40 values of val_loss, by epoch from 0 to 39"
    )
    assert log.frame.loc[0, ["loss", "validation", "x", "values"]].tolist() == [
        "loss", "val_loss", "epoch", 40,
    ]  # fmt: skip


def test_a_million_rows_are_read_by_columns(tmp_path):
    """Structure, for a time would depend on the machine: cells are no Python objects."""
    rows = 60_000
    text = "step,loss\n" + "".join(f"{k},{1 / (k + 1):.17f}\n" for k in range(rows))
    assert len(text) > 0.5 * delimited.LARGE
    text += "".join(f"{k},{1 / (k + 1):.17f}\n" for k in range(rows, 2 * rows))
    found = delimited.table(text, "log.csv")
    assert isinstance(found.columns["loss"], np.ndarray)
    assert one(read_log(written(tmp_path, text))).loss[-1] == pytest.approx(
        1 / (2 * rows), rel=1e-12
    )


# TensorBoard.


def events(folder, tags, as_tensors=False):
    """An event file, by TensorBoard's own writer: simple values as PyTorch's, or Keras' tensors."""
    event_pb2 = pytest.importorskip("tensorboard.compat.proto.event_pb2")
    from tensorboard.compat.proto import summary_pb2
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    from tensorboard.util import tensor_util

    writer = EventFileWriter(str(folder))
    for step in range(40):
        values = []
        for tag, series in tags.items():
            x = float(series[step])
            kind = {"tensor": tensor_util.make_tensor_proto(np.float32(x))} if as_tensors else {}
            values.append(summary_pb2.Summary.Value(tag=tag, **(kind or {"simple_value": x})))
        summary = summary_pb2.Summary(value=values)
        writer.add_event(event_pb2.Event(wall_time=1.7e9 + step, step=step, summary=summary))
    writer.close()


def close(run, loss=LOSS, held=HELD):
    np.testing.assert_allclose(run.loss, loss, rtol=1e-6)
    np.testing.assert_allclose(run.validation, held, rtol=1e-6)


def test_tensorboard_of_pytorch_and_of_keras(tmp_path):
    events(tmp_path / "torch", {"Loss/train": LOSS, "Loss/val": HELD, "lr": LOSS})
    (file,) = (tmp_path / "torch").iterdir()
    close(one(read_log(file)))
    close(one(read_log(tmp_path / "torch")))
    events(tmp_path / "keras/train", {"epoch_loss": LOSS, "epoch_learning_rate": LOSS}, True)
    events(tmp_path / "keras/validation", {"epoch_loss": HELD}, True)
    close(one(read_log(tmp_path / "keras")))
    assert [run.name for run in read_log(tmp_path)] == ["keras", "torch"]


def test_tensorboard_of_writers_that_spread_it_over_folders(tmp_path):
    """PyTorch's and tensorboardX's add_scalars leave the main file empty; CatBoost's has no end."""
    for name, train, held in (
        ("torch", "loss_train", "loss_val"),
        ("tensorboardx", "loss/train", "loss/val"),
        ("catboost", "learn", "test"),
    ):
        tag = "RMSE" if name == "catboost" else "loss"
        if name != "catboost":
            events(tmp_path / name, {})
        events(tmp_path / name / train, {tag: LOSS})
        events(tmp_path / name / held, {tag: HELD})
        if name == "catboost":
            for file in (tmp_path / name).glob("*/*"):
                file.rename(file.with_name("events.out.tfevents"))
        close(one(read_log(tmp_path / name)))
    for part, values in (("learn", LOSS), ("test", HELD)):
        rows = "".join(f"{k}\t{x}\n" for k, x in zip(T, values, strict=True))
        written(tmp_path, "iter\tRMSE\n" + rows, f"catboost/{part}_error.tsv")
    assert one(read_log(tmp_path / "catboost")).about == "boosted trees"


def test_an_event_file_that_is_cut(tmp_path):
    events(tmp_path, {"loss": LOSS})
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-7])
    assert 30 < len(one(read_log(file)).loss) < 40


def test_without_tensorboard_a_sentence_says_what_is_missing(tmp_path, monkeypatch):
    events(tmp_path, {"loss": LOSS})
    for name in ("tensorboard", "tensorboard.util", "tensorboard.backend.event_processing"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    (file,) = tmp_path.iterdir()
    with pytest.raises(ValueError, match=r"needs tensorboard, which is not installed: pip install"):
        read_log(file)


def test_a_log_that_was_read_is_diagnosed(tmp_path):
    path = tmp_path / "out.log"
    lines = [f"Epoch [{e}/40], train loss: {2.3 * 0.8**e:.4f}" for e in range(1, 41)]
    path.write_text("\n".join(lines))
    log = simopt.read_log(path)
    assert simopt.diagnose(log).symptom == simopt.diagnose(path).symptom
    with pytest.raises(ValueError, match="column='loss': must be None: tell read_log"):
        simopt.diagnose(log, column="loss")
    with pytest.raises(ValueError, match="validation=.*: must be None: tell read_log"):
        simopt.diagnose(log, validation=[1.0] * 40)
