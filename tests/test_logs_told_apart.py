"""Logs of real runs in which several numbers could be the loss, or none is."""

# ruff: noqa: E501 (lines of logs are as long as programs print them)

from __future__ import annotations

import json

import numpy as np
import pytest

from simopt.curves.logs import read_log
from tests.test_logs import HELD, LOSS, one, same, written

RATE = np.round(LOSS / 10, 2)
#: Rich 15 before it draws three lines anew, as Lightning 2.6 has it with ``RichProgressBar(leave=True)``.
UP = "\r\x1b[2K" + 2 * "\x1b[1A\x1b[2K"


def bar(epoch, step, loss, held):
    beside = f"train_loss: {loss:.3f}      \r\n{' ' * 40}val_loss: {held:.3f}     "
    return f"Epoch {epoch}/7  \x1b[38;5;56m━━━━━━━━━━\x1b[0m {step}/10 \x1b[2m0:00:00 • 0:00:01\x1b[0m {beside}\r\n{' ' * 40}rest: 1  "


def test_lines_that_rich_draws_anew_count_once(tmp_path):
    text = ""
    for k in range(8):
        last = max(k - 1, 0)
        text += f"\x1b[?25l\r\x1b[2KEpoch {k}/7  ━━ 0/10 0:00:00 • -:--:--  "
        text += "\r\x1b[2K" + bar(k, 3, LOSS[last], HELD[last]) + UP
        text += bar(k, 10, LOSS[last], HELD[last]) + UP + bar(k, 10, LOSS[k], HELD[k])
        text += "\r\n\x1b[?25h"
    run = one(read_log(written(tmp_path, text.encode(), "out.tty")))
    np.testing.assert_array_equal(run.x, range(8))
    same(run, np.round(LOSS[:8], 3), np.round(HELD[:8], 3))


def test_a_bar_that_is_drawn_again_below_a_message(tmp_path):
    """Lightning 2.6 on a terminal: the last epoch's means come behind "`Trainer.fit` stopped"."""
    bar = "Epoch {}/7  \x1b[35m━━━━━━\x1b[0m 8/8 \x1b[2m0:00:00 • 0:00:00\x1b[0m \x1b[2;4m{}it/s\x1b[0m \x1b[3mval_loss: {} train_loss_epoch: {}\x1b[0m\r\n"
    held, loss = np.round(HELD[:8], 3), np.round(LOSS[:8], 3)
    text = "".join(bar.format(k, 150.5 + k, held[k], loss[k]) for k in range(7))
    text += bar.format(7, 154.8, held[6], loss[6])
    text += "Validation \x1b[35m━━━\x1b[0m 2/4 \x1b[2m0:00:00 • 0:00:01\x1b[0m \x1b[2;4m833.48it/s\x1b[0m   `Trainer.fit` stopped: `max_epochs=8` reached.\r\n"
    text += "\r\x1b[2K\x1b[1A\x1b[2K" + bar.format(7, 154.8, held[7], loss[7]) + "\x1b[?25h"
    run = one(read_log(written(tmp_path, text.encode(), "out.tty")))
    np.testing.assert_array_equal(run.x, range(8))
    same(run, loss, held)


@pytest.mark.parametrize("up", ["\r\x1b[K\x1b[A\r\x1b[K", "\x1b[1F\x1b[J", "\x1b[F\x1b[0J"])
def test_one_bar_of_two_lines_that_is_drawn_anew_for_all_epochs(tmp_path, up):
    """As ProgressMeter of Julia draws its values below the bar."""
    states = [
        f"Progress {k:3}%|███   |  ETA: 0:00:01\n  epoch: {k}  step: {s}  loss: {a + s}"
        for k, a in enumerate(LOSS)
        for s in (2, 1, 0)
    ]
    run = one(read_log(written(tmp_path, up.join(states), "out.log")))
    same(run, held=None)


def test_the_first_column_begins_a_line_anew(tmp_path):
    text = "".join(
        f"epoch {k} loss 9.5\x1b[2K\x1b[1Gepoch {k} loss {a}\n" for k, a in enumerate(LOSS)
    )
    same(one(read_log(written(tmp_path, text, "out.log"))), held=None)


#: spaCy 3.8's table with ``progress_bar = "train"``: the bar says the epoch of the last evaluation.
SPACY = """\
E    #       LOSS TEXTCAT  CATS_SCORE  SCORE \r
---  ------  ------------  ----------  ------\r
  0       0          0.25      100.00    1.00\r
"""


def test_a_bar_that_says_when_it_was_evaluated(tmp_path):
    text = SPACY + "".join(
        f"\r {k}%|███   | {k}/60 [00:00<?, ?it/s]\rLast Eval Epoch: {k - 5}: {k}%|███   | {k}/60 [00:00<?, ?it/s]"
        f"\r{' ' * 60}\r{k:3}{2 * k:8}{a:14.2f}      100.00    1.00\r\n"
        for k, a in ((5, 2.34), (10, 2.06), (15, 1.81), (20, 1.57))
    )
    run = one(read_log(written(tmp_path, text.encode(), "out.tty")))
    same(run, [0.25, 2.34, 2.06, 1.81, 1.57], None)
    assert run.x.tolist() in ([0, 5, 10, 15, 20], [0, 10, 20, 30, 40])


@pytest.mark.parametrize(
    ("rate", "loss"),
    [
        ("merror", "mlogloss"),
        ("error", "logloss"),
        ("error@0.7", "rmse"),
        ("multi_error", "multi_logloss"),
        ("ZeroOneLoss", "MultiClass"),
        ("HammingLoss", "MultiClass"),
        ("zero_one_loss", "log_loss"),
        ("aucpr", "logloss"),
        ("map", "deviance"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_rate_of_errors_is_a_score_beside_a_loss(tmp_path, rate, loss, turned):
    order = -1 if turned else 1
    history = {
        part: dict([(rate, RATE.tolist()), (loss, values.tolist())][::order])
        for part, values in (("train", LOSS), ("eval", HELD))
    }
    same(one(read_log(history)))
    same(one(read_log(written(tmp_path, json.dumps(history), "a.json"))))
    names = [f"{part}-{name}" for part, metrics in history.items() for name in metrics]
    columns = [cells for metrics in history.values() for cells in metrics.values()]
    rows = list(zip(*columns, strict=True))
    text = ",".join(["iteration", *names]) + "\n"
    text += "".join(",".join(map(str, [k, *row])) + "\n" for k, row in enumerate(rows))
    same(one(read_log(written(tmp_path, text))))
    text = "".join(
        f"[{k}]\t" + "\t".join(f"{n}:{cell}" for n, cell in zip(names, row, strict=True)) + "\n"
        for k, row in enumerate(rows)
    )
    same(one(read_log(written(tmp_path, text, "out.log"))))


def test_a_rate_of_errors_of_held_out_points_alone():
    run = one(read_log({"eval": {"merror": RATE, "mlogloss": HELD}}))
    same(run, HELD, None)


def test_several_sets_of_hugging_face(tmp_path):
    """Each has a loss and a time; parts of one loss have none."""
    rows = [{"step": k, "loss": a} for k, a in enumerate(LOSS)]
    for row, held in zip(rows, HELD, strict=True):
        row |= {"eval_a_loss": held, "eval_a_runtime": 1.0}
        row |= {"eval_b_loss": held + 1, "eval_b_runtime": 1.0}
    run = one(read_log(written(tmp_path, json.dumps({"log_history": rows}), "state.json")))
    same(run)
    assert "validation: 'eval_a_loss'; there are also 'eval_b_loss'" in run.notes
    run = one(read_log({"loss": LOSS, "val_box_loss": HELD, "val_cls_loss": HELD}))
    same(run, held=None)
    assert any(
        note.startswith("no validation: 'val_box_loss', 'val_cls_loss'") for note in run.notes
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"layers": [32, 6], "hidden": 64},
        {"layers": [32, 16, 6], "dropout": 0.1},
        {"vocab_sizes": [100, 200, 300]},
        {"kernel_size": [5, 3, 3, 3], "stride": [1, 1, 2, 2], "name": "resnet"},
        {"image_mean": [0.485, 0.456, 0.406], "size": 224},
        {"rope": {"long_factor": [1.0, 1.1, 1.25, 1.5]}, "hidden": 64},
        {"conv_dim": [512] * 4, "conv_kernel": [10, 3, 3, 2], "labels": {"0": "a"}, "ctc_loss_reduction": "sum"},
        {"units": [{"shape": [None, 4], "units": 6}], "compiled": {"loss": "mse"}},
    ],
)  # fmt: skip
def test_settings_of_a_model_are_no_curve(tmp_path, settings):
    for text in (json.dumps(settings), str(settings)):
        with pytest.raises(ValueError, match="look like settings"):
            read_log(written(tmp_path, text, "config.json"))


def test_a_list_of_settings_is_read_by_its_name(tmp_path):
    path = written(tmp_path, '{"layers": [32, 16, 6], "hidden": 64}', "config.json")
    same(one(read_log(path, column="layers")), [32, 16, 6], None)


@pytest.mark.parametrize(
    "value",
    [
        LOSS.tolist(),
        {"values": LOSS.tolist(), "lr": 0.1},
        {"y": LOSS.tolist(), "title": "a"},
        {"mine": LOSS.tolist()},
        {"name": "a", "mine": LOSS.tolist()},
        {"train": LOSS.tolist(), "lr": 0.1},
        {"lr": 0.1, "layers": [32, 6], "history": {"loss": LOSS.tolist()}},
    ],
)
def test_lists_that_are_curves_stay(tmp_path, value):
    same(one(read_log(written(tmp_path, json.dumps(value), "a.json"))), held=None)


#: The lines of pix2pix and CycleGAN, from ``print_current_losses``.
NETWORKS = "(epoch: {k}, iters: 100, time: 0.314, data: 0.002) {first}: {a} G_A: 0.400 cycle_A: 1.250 idt_A: 0.500 \n"


@pytest.mark.parametrize("first", ["D_A", "D_real"])
def test_losses_of_the_networks_of_a_gan(tmp_path, first):
    text = "================ Training Loss (Mon Nov 30 17:34:15 2026) ================\n"
    text += "".join(NETWORKS.format(k=k, a=a, first=first) for k, a in enumerate(LOSS, 1))
    run = one(read_log(written(tmp_path, text, "loss_log.txt")))
    same(run, held=None)
    np.testing.assert_array_equal(run.x, range(1, 41))
    if first == "D_A":
        assert (run.about, run.loss_column) == ("a GAN", "loss_D_A")
        assert any("there are also 'loss_G_A', 'loss_cycle_A'" in note for note in run.notes)


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("[netD] epoch {k} loss: {a}\n[netG] epoch {k} loss: 1.5\n", "netD/loss"),
        ("Epoch {k} [netD] loss: {a}\nEpoch {k} [netG] loss: 1.5\n", "netD/loss"),
        ("Epoch {k} [netD] loss: {a} [netG] loss: 1.5\n", "netD/loss"),
        ("epoch {k}\n[discriminator] loss: {a}\n[generator] loss: 1.5\n", "discriminator/loss"),
        ("epoch {k} lossD: {a} lossG: 1.5\n", "lossD"),
        ("epoch {k} errD {a}, errG 1.5\n", "errD"),
    ],
)
def test_a_loss_of_each_network_is_no_run_of_its_own(tmp_path, line, column):
    text = "".join(line.format(k=k, a=a) for k, a in enumerate(LOSS))
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run, held=None)
    assert (run.about, run.loss_column) == ("a GAN", column)
    np.testing.assert_array_equal(run.x, range(40))


def test_a_table_of_data_is_no_log(tmp_path):
    text = "% of Weka\n@RELATION runs\n@ATTRIBUTE loss REAL\n@DATA\n0.5\n0.4\n0.3\n"
    with pytest.raises(ValueError, match="a table of data in ARFF: must be a log"):
        read_log(written(tmp_path, text, "a.arff"))


@pytest.mark.parametrize(("form", "x"), [({"step"}, 10 * np.arange(40)), (set(), None)])
def test_records_whose_fields_lie_in_one_place(tmp_path, form, x):
    """Held-out points every third time, in records of their own; with a step within, or with none."""
    records = []
    for k, (a, b) in enumerate(zip(LOSS, HELD, strict=True)):
        at = {"step": 10 * k} if form else {}
        records.append({"event": "train", "data": at | {"loss": a}})
        if k % 3 == 0:
            records.append({"event": "eval", "data": at | {"loss": b}})
    run = one(read_log(written(tmp_path, "\n".join(map(json.dumps, records)), "a.jsonl")))
    same(run, held=np.where(np.arange(40) % 3 == 0, HELD, np.nan))
    if x is None:
        assert run.x is None
    else:
        np.testing.assert_array_equal(run.x, x)


def test_points_between_thousands_beside_decimal_commas(tmp_path):
    text = "Schritt;Verlust\n" + "".join(
        f"{200 * (k + 1):,};{a}\n".replace(",", "_").replace(".", ",").replace("_", ".")
        for k, a in enumerate(LOSS)
    )
    run = one(read_log(written(tmp_path, text, "a.csv")))
    same(run, held=None)
    np.testing.assert_array_equal(run.x, 200 * np.arange(1, 41))


def test_a_mean_of_batches_that_are_logged_too(tmp_path):
    """PyTorch's example of a VAE; a mean that runs along with the batches is none of an epoch."""
    text = "".join(
        "".join(
            f"Train Epoch: {k} [{i * 64}/256 ({i * 25}%)]\tLoss: {a + 0.1 * i:.6f}\n"
            for i in range(4)
        )
        + f"====> Epoch: {k} Average loss: {a}\n====> Test set loss: {b}\n"
        for k, (a, b) in enumerate(zip(LOSS, HELD, strict=True))
    )
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run)
    np.testing.assert_array_equal(run.x, range(40))
    text = "".join(
        f"step {k} loss {a} avg_loss {LOSS[: k + 1].mean()}\n" for k, a in enumerate(LOSS)
    )
    same(one(read_log(written(tmp_path, text, "out.log"))), held=None)


@pytest.mark.parametrize(
    "title", ["", ";;;\n", "Mein Training;;;\n", ";;;\nMein Training;;;\n;;;\n"]
)
def test_what_excel_saves_of_a_sheet(tmp_path, title):
    """A title, empty rows, an empty column, and below the table the mean, in the user's language."""
    rows = "".join(
        f"{k};{a};{b};\n".replace(".", ",") for k, (a, b) in enumerate(zip(LOSS, HELD, strict=True))
    )
    text = f"{title}Epoche;Verlust;Val. Verlust;\n{rows};;;\nMittel;1,2;1,3;\n"
    run = one(read_log(written(tmp_path, text, "a.csv")))
    same(run)
    np.testing.assert_array_equal(run.x, range(40))
    assert "the last row, 'Mittel', is none of the training, and left out" in run.notes


def test_of_what_was_printed_and_written_of_one_training_the_digits_stay(tmp_path):
    """Hugging Face's Trainer prints four digits, and writes all of them."""
    rows = [
        row
        for k, (a, b) in enumerate(zip(LOSS / 1.37, HELD / 1.37, strict=True), 1)
        for row in (
            {"loss": a, "epoch": k, "step": 4 * k},
            {"eval_loss": b, "epoch": k, "step": 4 * k},
        )
    ]
    printed = [{n: f"{cell:.4g}" for n, cell in row.items() if n != "step"} for row in rows]
    written(tmp_path, "\n".join(map(str, printed)), "out.txt")
    (tmp_path / "o").mkdir()
    written(tmp_path / "o", json.dumps({"log_history": rows}), "trainer_state.json")
    run = one(read_log(tmp_path))
    same(run, LOSS / 1.37, HELD / 1.37)
    np.testing.assert_array_equal(run.x, 4 * np.arange(1, 41))


def test_nan_that_says_that_nothing_was_computed(tmp_path):
    """Every fourth row has a validation loss; a fifth of NaN where the next is due is of the loss."""
    rows = [
        f"{k};{a};{b if k % 4 == 3 else 'nan'}\n"
        for k, (a, b) in enumerate(zip(LOSS, HELD, strict=True))
    ]
    for end, fault in ((39, ""), (38, "")):
        text = "it;train_loss;valid_loss\n" + "".join(rows[:end])
        assert one(read_log(written(tmp_path, text, "a.csv"))).validation_fault == fault
    text = (
        "it;train_loss;valid_loss\n"
        + "".join(rows[:36])
        + "".join(f"{k};0.4;nan\n" for k in range(36, 40))
    )
    run = one(read_log(written(tmp_path, text, "a.csv")))
    assert run.validation_fault == "NaN from value 37 on"


def test_rows_that_pandas_does_not_print_are_of_one_table(tmp_path):
    row = "{k:<4}{n:5d}  {a:10.4f}  {b:8.4f}\n"
    shown = [
        row.format(k=k, n=k + 1, a=a, b=b) for k, (a, b) in enumerate(zip(LOSS, HELD, strict=True))
    ]
    text = "    epoch  train_loss  val_loss\n" + "".join(shown[:5])
    text += "..    ...         ...       ...\n" + "".join(shown[-5:]) + "\n[40 rows x 3 columns]\n"
    run = one(read_log(written(tmp_path, text, "out.txt")))
    at = np.r_[0:5, 35:40]
    same(run, np.round(LOSS[at], 4), np.round(HELD[at], 4))
    np.testing.assert_array_equal(run.x, at + 1)


def test_a_count_without_a_name_that_begins_again(tmp_path):
    text = "".join(
        f"=== run lr={rate} ===\n" + "".join(f"{k}\t{a * scale}\n" for k, a in enumerate(LOSS, 1))
        for rate, scale in ((0.1, 1.0), (0.01, 1.5))
    )
    log = read_log(written(tmp_path, text, "out.log"))
    assert len(log.runs) == 2
    for run, scale in zip(log, (1.0, 1.5), strict=True):
        same(run, LOSS * scale, None)
        np.testing.assert_array_equal(run.x, range(1, 41))


def test_underscores_between_thousands(tmp_path):
    text = "".join(f"step {1_000_000 * k:_} loss {a}\n" for k, a in enumerate(LOSS, 1))
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run, held=None)
    assert run.loss_column == "loss"
    np.testing.assert_array_equal(run.x, 1_000_000 * np.arange(1, 41))


@pytest.mark.parametrize(
    "names", ["adam/loss,sgd/loss", "adam_loss,sgd_loss", "loss_Adam,loss_SGD"]
)
def test_a_column_for_each_optimizer_is_no_part_of_one_loss(tmp_path, names):
    text = f"step,{names}\n" + "".join(f"{k},{a},{2 * a}\n" for k, a in enumerate(LOSS))
    log = read_log(written(tmp_path, text, "a.csv"))
    assert [run.name.lower() for run in log] == ["adam", "sgd"]
    for run, scale in zip(log, (1, 2), strict=True):
        same(run, scale * LOSS, None)
        np.testing.assert_array_equal(run.x, range(40))


def test_rows_of_each_optimizer_in_one_table(tmp_path):
    text = "optimizer,epoch,split,loss\n" + "".join(
        f"{name},{k},{split},{scale * value}\n"
        for name, scale in (("adam", 1), ("sgd", 2))
        for k, pair in enumerate(zip(LOSS, HELD, strict=True))
        for split, value in zip(("train", "val"), pair, strict=True)
    )
    log = read_log(written(tmp_path, text, "a.csv"))
    assert [run.name for run in log] == ["adam", "sgd"]
    for run, scale in zip(log, (1, 2), strict=True):
        same(run, scale * LOSS, scale * HELD)


def test_epochs_of_a_file_each_beside_one_of_the_whole_run(tmp_path):
    """AllenNLP's metrics_epoch_3.json, and its metrics.json of the best epoch."""
    rows = [
        {"epoch": k, "training_loss": a, "validation_loss": b}
        for k, (a, b) in enumerate(zip(LOSS, HELD, strict=True))
    ]
    for row in rows:
        written(tmp_path, json.dumps(row), f"metrics_epoch_{row['epoch']}.json")
    written(tmp_path, json.dumps({"best_epoch": 39} | rows[-1]), "metrics.json")
    run = one(read_log(tmp_path))
    same(run)
    np.testing.assert_array_equal(run.x, range(40))


@pytest.mark.parametrize(
    "line",
    [
        "epoch {k} loss 9.5 -> {a}\n",
        "epoch {k}: loss=9.5 \N{RIGHTWARDS ARROW} {a}\n",
        "Epoch #{k} took 12.3s (loss=>{a})\n",
        "epoch {k} loss {a}\nWARNING: loss 9.5 is above the threshold 5.0\n",
        "2026-11-30 12:00:00 INFO epoch {k} loss {a}\n2026-11-30 12:00:01 WARNING loss 9.5 is high\n",
    ],
)
def test_what_a_loss_was_and_what_is_warned_of(tmp_path, line):
    text = "".join(line.format(k=k, a=a) for k, a in enumerate(LOSS))
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run, held=None)
    np.testing.assert_array_equal(run.x, range(40))
