"""Logs of yet other programs: tables behind what a logger writes, archives, marks between words."""

# ruff: noqa: E501 (lines of logs are as long as programs print them)

from __future__ import annotations

import io
import json
import tarfile
import zipfile

import numpy as np
import pytest

from simopt.curves.logs import read_log
from simopt.curves.logs.cells import number
from simopt.curves.logs.names import parse
from simopt.curves.logs.pairs import pairs
from tests.test_logs import HELD, LOSS, T, lines, one, same, written
from tests.test_logs_of_libraries import ROWS, rows

BOTH = "{k},{a},{b}"
CSV = rows("epoch,train_loss,val_loss", BOTH)
TABLE = rows("epoch  train_loss  val_loss", "{k:5}  {a:10.4f}  {b:8.4f}")
MARKDOWN = rows("| epoch | train_loss | val_loss |\n|---|---|---|", "| {k} | {a} | {b} |")
SAID = lines("epoch {k} train loss {a} val loss {b}")


@pytest.mark.parametrize("table", [TABLE, MARKDOWN], ids=["table", "Markdown"])
@pytest.mark.parametrize(
    "front",
    [
        "INFO:root:",
        "2026-05-01 12:00:{:02},123 - INFO - ",
        "2026-05-01 12:00:{:02}.123 | INFO     | __main__:main:12 - ",
        "[2026-05-01 12:00:{:02},123][__main__][INFO] - ",
        "I0501 12:00:{:02}.123456 1234 train.py:50] ",
        "2026-05-01T12:00:{:02}.123456789Z stdout F ",
        "trainer-abc train ",
        "trainer_1  | ",
        "May 01 12:00:{:02} host train[1234]: ",
        "0: ",
    ],
)
def test_tables_behind_what_a_logger_writes(tmp_path, front, table):
    text = "".join(
        front.format(k % 60) + line + "\n" for k, line in enumerate(table.splitlines(), 1)
    )
    text += front.format(59) + "saved the model\n"
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run)
    np.testing.assert_array_equal(run.x, T)


def test_rows_of_a_label_and_numbers_without_names_are_no_table(tmp_path):
    with pytest.raises(ValueError, match="must be a log"):
        read_log(written(tmp_path, lines("row_a {k} {a} {b}"), "out.log"))


#: Training and validation loss, by epoch.
BY_EPOCH = {
    "a bar behind the name": lines(
        "Step {k:6}: Ran 100 train steps in 3.21 secs\nStep {k:6}: train CrossEntropyLoss |  {a}\nStep {k:6}: eval  CrossEntropyLoss |  {b}\nStep {k:6}: eval          Accuracy |  0.5"
    ),
    "a hyphen behind the name": lines(
        "Epoch: {k}\n\rtrain:  50%|█   | 5/10 [00:05<00:05,  1.0s/it, dice_loss - 9.9, iou_score - 0.1]\rtrain: 100%|██| 10/10 [00:10<00:00,  1.0s/it, dice_loss - {a}, iou_score - 0.6]\n\rvalid: 100%|██| 5/5 [00:02<00:00,  2.0it/s, dice_loss - {b}, iou_score - 0.5]"
    ),
    "Julia's @show": lines("(epoch, train_loss, test_loss) = ({k}, {a}, {b})"),
    "WeNet": lines("INFO Epoch {k} TRAIN info lr 0.1\nDEBUG TRAIN Batch 0/9 loss {a} loss_att 10.1 rank 0\nINFO Epoch {k} CV info cv_loss {b}"),
    "folds": lines("[{k}]\tcv_agg's train l2: {a} + 0.01\tcv_agg's valid l2: {b} + 0.02"),
    "H2O": rows(
        "Scoring History: \n    timestamp            duration    number_of_trees    training_rmse    validation_rmse\n--  -------------------  ----------  -----------------  ---------------  ---------------",
        "    2026-05-01 12:00:{k:02}  0.{k:03} sec   {k:<17}  {a:<15}  {b}",
    ),
    "H2O, of R": rows(
        "Scoring History: \n             timestamp   duration  number_of_trees training_rmse validation_rmse",
        "{n} 2026-05-01 12:00:{k:02}  0.00{k:02} sec {k:16} {a:13.5f} {b:15.5f}",
    ),
    "a title of many words": rows(
        "This is what was trained, as of May\n\n  epoch    train loss    val loss\n ------------------------------", "  {k:5}    {a:10}    {b:8}"
    ),
    "units with colons": rows("epoch   train loss  val loss   t[m:s]", "{k:5}   {a:10}  {b:8}   0:{k:02}.1"),
    "UTF-16 without a mark": SAID.encode("utf-16-le"),
    "UTF-16 of the other order": SAID.encode("utf-16-be"),
    "UTF-16 behind UTF-8": b"epoch 0 train loss 2.3 val loss 2.35\n"
    + SAID.partition("\n")[2].encode("utf-16-le"),
    "zeros in front": b"\0" * 5000 + SAID.encode(),
    "JSON values on one line": "".join(
        json.dumps({"epoch": k, "train_loss": a, "val_loss": b}) for k, a, b in ROWS
    ),
    "settings among rows by part": '{"type": "config", "lr": 0.1}\n'
    + lines(
        '{{"type": "train_step", "epoch": {k}, "loss": {a}}}\n{{"type": "eval_end", "epoch": {k}, "loss": {b}}}\n{{"type": "checkpoint", "epoch": {k}}}'
    ),
    "parts as keys": lines("Epoch {k}: loss[train]={a} loss['val']={b}"),
    "a count within brackets": lines("[{k:2}/40] train_loss: {a:.5f} valid_loss: {b:.5f}"),
    "a count of how many": lines("{k}/40, loss={a}, val_loss={b}"),
    "quoted decimal commas": rows("epoch,train_loss,val_loss", '{k},"{a}","{b}"').replace(".", ","),
    "labels of how grave a message is": lines(
        "[INFO] epoch {k} train loss {a}\n[DEBUG] epoch {k} val loss {b}"
    ),
    "a setting above": "train:\n  loss: 1.0\nval:\n  loss: 2.0\n" + SAID,
    "a bar above each row": rows(
        "epoch     train_loss  valid_loss  time    ",
        "\r█████-------| 25.00% [10/40 00:01<00:03 9.1]\r{k:<9} {a:<11} {b:<11} 00:01     ",
    ),
    "Lightning's bar of Rich in a file": lines(
        "Epoch {k}/39 ━━━━━━━━ 8/8 0:00:00 • 0:00:00 25.77it/s v_num: 0.000      \n{w}train_loss_step:  \n{w}9.589 val_loss:   \n{w}{b}             \n{w}train_loss_epoch: \n{w}{a}             ".replace("{w}", 62 * " ")
    ),
    "powers of ten": rows("epoch,train_loss,val_loss", "{k},{a}\\times 10^{{0}},{b} × 10^0"),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_EPOCH)
def test_what_programs_print(tmp_path, name):
    text = BY_EPOCH[name]
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run)
    np.testing.assert_array_equal(run.x, T)


@pytest.mark.parametrize(
    ("line", "x"),
    [
        ("{k:3d} 123.45 ms run, 3.33 ms CL, {a:7.4f} loss, 0.000100 LR, 0.50 GB used", None),
        ("step#: {n:5}   learning rate: 0.1   average loss: {a}   steps without progress: 12", T + 1),
        ("Iteration {n:4}, KL divergence {a:.4f}, 50 iterations in 0.3123 sec", T + 1),
        ("Epoch {k}/40, Time 0.25, Performance {a}/0, Gradient 1.2/1e-07, Mu 0.001/1e+10", T),
        ("\rEpoch: 50.0%  lr: 0.009  loss: 9.03\rEpoch: 100.0%  lr: 0.009  loss: {a}\n", None),
    ],
)  # fmt: skip
def test_a_training_loss_alone(tmp_path, line, x):
    run = one(read_log(written(tmp_path, lines(line), "out.log")))
    same(run, held=None)
    assert run.x is None if x is None else np.array_equal(run.x, x)


def test_a_loss_in_thousands(tmp_path):
    """Above a thousand with a k, and below without: both are of one curve."""
    losses = [2300.0, 1500.0, 1000.0, 900.0, 850.5]
    said = ["2.3k", "1.5k", "1.0K", "900.0", "850.5"]
    text = "".join(f"epoch {k} loss: {each}\n" for k, each in enumerate(said))
    assert one(read_log(written(tmp_path, text, "out.log"))).loss.tolist() == losses


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("train loss | 0.5 | lr | 0.1", {"train loss": "0.5", "lr": "0.1"}),
        ("epoch 3 - loss - 0.5 - acc - 0.9", {"epoch": "3", "loss": "0.5", "acc": "0.9"}),
        ("0.5 loss, 0.1 lr", {"loss": "0.5"}),
        ("loss 0.5, 3 val loss", {"loss": "0.5"}),
        ("(a, b) = (1, 2, 3)", {}),
        ("time - 5 min", {}),
        ("loss nan val_loss inf lr 0.1", {"loss": "nan", "val_loss": "inf", "lr": "0.1"}),
        ("loss -inf grad norm nan acc 0.5", {"loss": "-inf", "grad norm": "nan", "acc": "0.5"}),
        ("count of nan values 3", {"count of nan values": "3"}),
    ],
)
def test_marks_between_a_name_and_its_number(line, found):
    assert pairs(line) == found


def archive(kind, files):
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w") as packed:
            for name, text in files.items():
                packed.writestr(name, text)
    else:
        with tarfile.open(fileobj=buffer, mode=kind) as packed:
            for name, text in files.items():
                entry = tarfile.TarInfo(f"./{name}")
                entry.size = len(text)
                packed.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


@pytest.mark.parametrize(("kind", "name"), [("zip", "a.zip"), ("w", "a.tar"), ("w:gz", "a.tgz")])
def test_archives(tmp_path, kind, name):
    other = rows("epoch,train_loss,val_loss", "{k},9.0,9.0")
    text = archive(kind, {"one/args.txt": "lr=1", "one/metrics.csv": CSV, "one/other.csv": other})
    run = one(read_log(written(tmp_path, text, name)))
    same(run)
    assert run.notes == ("one/other.csv left out: beside a log of their folder",)
    log = read_log(
        written(tmp_path, archive(kind, {"a/metrics.csv": CSV, "b/log.csv": other}), name)
    )
    assert [run.name for run in log.runs] == ["a", "b"]
    same(log.runs[0])
    assert (log.runs[1].loss == 9.0).all()
    flat = {"notes.txt": "loss 0.5", "one.csv": CSV, "two.csv": other}  # as of a folder
    log = read_log(written(tmp_path, archive(kind, flat), name))
    assert [run.name for run in log.runs] == ["one", "two"]
    same(log.runs[0])
    assert log.runs[0].notes == ("notes.txt left out: beside a log of their folder",)
    sides = {
        f"{side}.csv": rows("epoch,loss", f"{{k}},{{{key}}}")
        for side, key in (("train", "a"), ("val", "b"))
    }
    run = one(read_log(written(tmp_path, archive(kind, sides), name)))
    assert (run.loss.tolist(), run.validation.tolist()) == (LOSS.tolist(), HELD.tolist())


def test_a_file_with_holes_in_an_archive(tmp_path):
    """A few bytes say that it is of any size."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as packed:
        entry = tarfile.TarInfo("log.csv")
        entry.pax_headers = {
            "GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.name": "log.csv",
            "GNU.sparse.size": f"{1 << 50}", "GNU.sparse.map": "0,10",
        }  # fmt: skip
        entry.size = 10
        packed.addfile(entry, io.BytesIO(b"loss\n1\n2\n\n"))
    with pytest.raises(ValueError, match="an archive of 0 files"):
        read_log(written(tmp_path, buffer.getvalue(), "a.tar"))


@pytest.mark.parametrize(
    "line", ["[{m}] epoch {{k}} loss {n}{{a}}", "12:00:01 [{m}]: epoch {{k}}, loss={n}{{a}}"]
)
@pytest.mark.parametrize("in_turns", [True, False])
def test_trainings_that_write_into_one_log(tmp_path, line, in_turns):
    texts = [lines(line.format(m=m, n=n)) for m, n in (("resnet", 1), ("vit", 2))]
    if in_turns:
        texts = ["\n".join(map("\n".join, zip(*map(str.splitlines, texts), strict=True)))]
    log = read_log(written(tmp_path, "".join(texts), "out.log"))
    assert [run.name for run in log.runs] == ["resnet", "vit"]
    for n, run in enumerate(log.runs, 1):
        assert run.loss.tolist() == [float(f"{n}{a}") for a in LOSS]


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "array",
    [
        np.stack([LOSS, HELD], 1),
        np.stack([LOSS, HELD]),
        np.stack([T, LOSS, HELD], 1),
        np.stack([T, LOSS, HELD]),
    ],
)
def test_a_matrix(tmp_path, array):
    same(one(read_log(written(tmp_path, npy(array), "a.npy"))))


def test_a_matrix_whose_columns_cannot_be_told_apart(tmp_path):
    with pytest.raises(ValueError, match="5 without names in .*must be named"):
        read_log(written(tmp_path, npy(np.stack([LOSS] * 5)), "a.npy"))


def test_a_setting_beside_curves(tmp_path):
    buffer = io.BytesIO()
    others = {"lr": np.array(0.1), "confusion": np.eye(2), "range": np.ones((2, 5))}
    np.savez(buffer, train_losses=LOSS, val_losses=HELD, **others)
    run = one(read_log(written(tmp_path, buffer.getvalue(), "a.npz")))
    same(run)
    assert run.rate is None
    same(one(read_log({"loss": LOSS, "val_loss": HELD, "lr": [0.1]})))


def test_a_run_that_was_resumed_behind_another(tmp_path):
    """What the second wrote twice counts once, and of the first nothing goes."""
    first, second = [*range(40)], [*range(30), *range(20, 36)]
    steps = [*first, *second]
    losses = [round(2 * np.exp(-k / 10) + 0.3 + 0.001 * at, 4) for at, k in enumerate(steps)]
    text = rows("epoch,loss").strip() + "\n"
    text += "".join(f"{k},{a}\n" for k, a in zip(steps, losses, strict=True))
    log = read_log(written(tmp_path, text))
    assert [len(run.loss) for run in log.runs] == [40, 36]
    assert log.runs[0].loss.tolist() == losses[:40]
    assert log.runs[1].loss.tolist() == losses[40:60] + losses[70:]
    assert (
        "resumed at epoch 20: 10 values were written twice, and count as written last"
        in log.runs[1].notes
    )


def test_many_resumptions(tmp_path):
    steps = [k for start in range(0, 500, 50) for k in range(start, start + 60)]
    text = "step,loss\n" + "".join(f"{k},{1 / (1 + k)}\n" for k in steps)
    run = one(read_log(written(tmp_path, text)))
    assert run.x.tolist() == [*range(510)]
    assert run.notes == (
        "resumed 9 times: 90 values were written twice, and count as written last",
    )


@pytest.mark.parametrize(
    ("name", "part"),
    [("cv_loss", "held out"), ("cv_agg-train l2", "train"), ("cv_agg-valid l2", "held out")],
)
def test_parts_of_folds(name, part):
    assert parse(name).part == part


@pytest.mark.parametrize(
    "text", [r"2.5\times 10^{-3}", "2.5 × 10^-3", r"2.5 \cdot 10^{-3}", "2.5*10^-3"]
)
def test_powers_of_ten(text):
    assert number(text) == 0.0025


@pytest.mark.parametrize("word", ["nan", "-nan(ind)", "NaN32", "inf", "-Infinity"])
@pytest.mark.parametrize(
    "line",
    [
        "epoch {k} loss {a} val_loss {b}",
        "epoch {k} loss {a} ({a}) val_loss {b} ({b})",
        "E {k} loss {a} 3.2 it/s val_loss {b}",
        "epoch {k}: loss={a}, val_loss={b}",
        "{k}\t{a}\t{b}",
    ],
)
def test_words_to_the_end(tmp_path, line, word):
    """A word is a value too: without them this run has stopped, and has not broken."""
    text = "".join(line.format(k=k, a=a, b=b) + "\n" for k, a, b in ROWS[:30])
    text += "".join(line.format(k=k, a=word, b=word) + "\n" for k in range(30, 40))
    run = one(read_log(written(tmp_path, text, "out.log")))
    np.testing.assert_array_equal(run.loss, np.r_[LOSS[:30], [number(word)] * 10])
    assert "value 31" in run.validation_fault


@pytest.mark.parametrize(
    "said",
    ["Resuming from epoch 20, loss 0.57", "=> loaded checkpoint 'a.pt' (epoch 20, loss 0.57)"],
)
def test_what_a_run_goes_on_from_is_no_value(tmp_path, said):
    printed = lines("epoch {k} loss {a} val_loss {b}").splitlines()
    text = "\n".join([*printed[:25], said, *printed[20:]]) + "\n"
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run)
    assert run.notes == (
        "resumed at epoch 20: 5 values were written twice, and count as written last",
    )


def test_what_is_loaded_may_be_a_batch(tmp_path):
    run = one(
        read_log(written(tmp_path, lines("Loaded batch {k}: loss {a} val_loss {b}"), "a.log"))
    )
    same(run)


@pytest.mark.parametrize("order", [("entropy", "policy", "value"), ("value", "policy", "entropy")])
def test_of_an_agents_losses_the_entropy_is_none_to_look_at(order):
    """Loggers put them in any order."""
    run = one(read_log({f"train/{name}_loss": LOSS for name in order}))
    assert run.loss_column == f"train/{next(name for name in order if name != 'entropy')}_loss"


def test_two_boxes(tmp_path):
    box = "-----------------------\n| time/       |       |\n|    steps    | {k}   |\n| train/      |       |\n|    loss     | {a} |\n-----------------------\n"
    text = box.format(k=1, a=0.5) + box.format(k=2, a=0.25)
    assert one(read_log(written(tmp_path, text, "log.txt"))).loss.tolist() == [0.5, 0.25]


@pytest.mark.parametrize(
    "state",
    [
        "{i}/4 [{bar:.<4}] - ETA: 1s - loss: 9.0",
        "\x1b[1m{i}/4\x1b[0m \x1b[32m{bar:\u2501<4}\x1b[0m \x1b[1m1s\x1b[0m 5ms/step - loss: 9.0",
    ],
)
@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_states_of_a_bar_on_lines_of_their_own(tmp_path, state, between):
    mark = "=" if "ETA" in state else "\u2501"
    states = between.join(state.format(i=i, bar=mark * i) for i in (1, 2, 3))
    last = state.format(i=4, bar=mark * 4).replace("9.0", "{a} - val_loss: {b}")
    text = lines(f"Epoch {{n}}/40\n{states.replace('{', '{{').replace('}', '}}')}{between}{last}")
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run)
    np.testing.assert_array_equal(run.x, T + 1)


def test_states_of_one_bar_on_lines_of_their_own(tmp_path):
    text = "Epoch 1/1\n" + lines("{n}/40 [====>....] - ETA: 1s - loss: {a}")
    same(one(read_log(written(tmp_path, text, "out.log"))), held=None)


@pytest.mark.parametrize("objective", ["obj={a}e+02 ", "obj={a}    "])
def test_an_objective_beside_rates_of_errors(tmp_path, objective):
    text = lines(f"  [{{n:4}}] {objective} act=12345    err= 9.99%/50.00% time=0.05s/0.10s")
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run, LOSS * (100 if "e+02" in objective else 1), None)
    assert (run.loss_column, run.about) == ("objective", "")
    np.testing.assert_array_equal(run.x, T + 1)


def test_a_warning_of_a_loss_is_no_value(tmp_path):
    text = SAID.replace("epoch 20 ", "WARNING: loss nan detected, batch skipped\nepoch 20 ")
    same(one(read_log(written(tmp_path, text, "out.log"))))


def test_a_warning_of_the_last_loss_is_said_once(tmp_path):
    said = SAID + "epoch 40 train loss nan val loss nan\n"
    for text in (said + "WARNING: train loss nan detected\n", said):
        assert len(one(read_log(written(tmp_path, text, "out.log"))).loss) == 41


def test_a_loss_that_only_a_warning_says_is_the_last(tmp_path):
    text = lines("epoch {k} loss {a}") + "Loss is nan, stopping training\n"
    same(one(read_log(written(tmp_path, text, "out.log"))), np.append(LOSS, np.nan), None)


@pytest.mark.parametrize("before", ["epoch {k}\n", ""])
def test_two_spellings_that_take_turns_are_two_losses(tmp_path, before):
    text = lines(before + "Loss: {a}\nloss: {b}\n")
    with pytest.raises(ValueError, match="Loss"):
        read_log(written(tmp_path, text, "out.log"))


def test_a_loss_that_is_spelled_otherwise_from_a_line_on_is_one(tmp_path):
    for form in ("epoch {k} {name}: {a}\n", "{name}: {a}\n"):
        text = "".join(form.format(k=k, a=a, name="Loss" if k < 20 else "loss") for k, a, _ in ROWS)
        same(one(read_log(written(tmp_path, text, "out.log"))), held=None)


def test_lines_that_count_down_are_in_order(tmp_path):
    text = "".join(f"{40 - k}/40 loss {a}\n" for k, a, _ in ROWS)
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run, held=None)
    assert run.x is None
    assert "step counts down: read in the order of the lines" in run.notes


def test_lines_with_the_newest_epoch_first_are_turned_round(tmp_path):
    text = "".join(f"epoch {k} loss {a}\n" for k, a, _ in reversed(ROWS))
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run, held=None)
    assert run.notes == ("epoch falls from row to row: the last row is read as the first",)


def test_a_table_with_the_newest_row_first_is_turned_round(tmp_path):
    text = "epoch,loss\n" + "".join(f"{k},{a}\n" for k, a, _ in reversed(ROWS))
    run = one(read_log(written(tmp_path, text)))
    same(run, held=None)
    assert run.notes == ("epoch falls from row to row: the last row is read as the first",)


def test_points_that_were_left_out_are_said(tmp_path):
    run = one(read_log(written(tmp_path, CSV.replace("val_loss", "cv_loss"))))
    same(run)
    assert run.notes == ("validation: 'cv_loss', as the loss of points that were left out",)


@pytest.mark.parametrize(("least", "said"), [(0.3, True), (1e-4, False)])
def test_zeros_that_a_loss_jumps_to_are_said(least, said):
    loss = np.r_[np.geomspace(2, least, 40), np.zeros(5)]
    run = one(read_log(loss))
    same(run, loss, None)
    assert any("NaN that a logger wrote as 0" in note for note in run.notes) == said


@pytest.mark.parametrize("step", [1, 1 / 30])
def test_errors_that_are_counted_come_to_nothing(step):
    errors = np.r_[np.arange(12, 0, -1), np.zeros(5)] * step
    assert one(read_log({"errors": np.round(errors, 4)})).notes == ()


def test_two_spellings_of_one_loss_are_one(tmp_path):
    text = "".join(f"epoch {k} {'Loss' if k % 2 else 'loss'}: {a}\n" for k, a, _ in ROWS)
    same(one(read_log(written(tmp_path, text, "out.log"))), held=None)
