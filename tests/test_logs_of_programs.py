"""What other programs' training prints: ranks, bars drawn again, cells that are empty or lists."""

# ruff: noqa: E501 (lines of logs are as long as programs print them)

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from simopt.curves.logs import read_log
from simopt.curves.logs.names import parse
from tests.test_logs import HELD, LOSS, T, lines, one, same, written

SAID = "epoch {k} loss: {a} val_loss: {b}"
OTHER = "epoch {k} loss: 9.0 val_loss: 9.0"


@pytest.mark.parametrize(
    "rank",
    [
        "{}: ",  # srun --label
        " {}: ",
        "[trainer{}]:",  # torchrun's role and local rank
        "[rank{}]: ",
        "(RayTrainWorker pid=1234{}) ",
        "(TorchTrainer pid=1234{}, ip=10.0.0.1) ",
        "worker-{}: ",
        "trainer-{}  | ",  # docker compose
        "2026-05-01 12:00:00,123 - INFO - rank {} - ",
        "[2026-05-01 12:00:00,123] [INFO] [Rank {}] ",
    ],
)
def test_lines_of_several_processes(tmp_path, rank):
    text = lines(f"{rank.format(0)}{SAID}\n{rank.format(1)}{OTHER}")
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run)
    (note,) = run.notes
    assert note.startswith("lines of 2 processes: those of rank ")


@pytest.mark.parametrize("label", ["{k}: ", "[fold{k}]: ", "node-{k}: "])
def test_numbers_in_front_that_are_no_ranks(tmp_path, label):
    same(one(read_log(written(tmp_path, lines(label + SAID), "out.log"))))


@pytest.mark.parametrize(
    ("line", "x"),
    [
        ("Epoch-{n} | loss: {a} | val_loss: {b}", T + 1),
        ("step-{n}0 | loss: {a} val_loss: {b}", 10 * (T + 1)),
        ("train-step-{n} | loss: {a} val_loss: {b}", T + 1),
        ("[it{n}0]: loss={a} val_loss={b}", None),
        ("[ep{n}]: loss={a} val_loss={b}", None),
        ("run-{n} | loss={a} val_loss={b}", None),
        ("2{n:02}5: epoch {k} train loss {a}\n2{n:02}6: epoch {k} val loss {b}", T),  # numbered
    ],
)
def test_what_counts_lines_is_no_rank(tmp_path, line, x):
    run = one(read_log(written(tmp_path, lines(line), "out.log")))
    same(run)
    assert run.notes == ()
    if x is None:
        assert run.x is None
    else:
        np.testing.assert_array_equal(run.x, x)


@pytest.mark.parametrize("label", ["{}: ", "fold-{} | ", "run-{} | "])
def test_numbers_in_front_of_one_run_after_another(tmp_path, label):
    """Epochs whose steps begin again, folds: none writes in turns with another."""
    text = "".join(lines(label.format(k) + f"step {{k}} loss: {k}{{a}}") for k in (1, 2, 3))
    log = read_log(written(tmp_path, text, "out.log"))
    assert np.concatenate([run.loss for run in log.runs]).tolist() == [
        float(f"{k}{a}") for k in (1, 2, 3) for a in LOSS
    ]


def test_steps_of_each_epoch_before_its_own_mark(tmp_path):
    """Marks that come again with every epoch, as ranks do, but name what is counted."""
    text = "".join(f"[it{i}]: epoch {k} loss={3 * k + i}\n" for k in range(9) for i in range(3))
    assert one(read_log(written(tmp_path, text, "out.log"))).loss.tolist() == list(range(27))


@pytest.mark.parametrize("mark", ["[rank{}]: ", "trainer-{} | "])
def test_ranks_without_a_position(tmp_path, mark):
    text = lines(f"{mark.format(0)}loss: {{a}}\n{mark.format(1)}loss: 9.0")
    same(one(read_log(written(tmp_path, text, "out.log"))), held=None)


def test_ranks_whose_output_was_held_back(tmp_path):
    """What is surely a rank need not write in turns."""
    text = lines("[rank0]: " + SAID) + lines("[rank1]: " + OTHER)
    same(one(read_log(written(tmp_path, text, "out.log"))))


def test_parts_in_the_midst_of_a_line(tmp_path):
    text = lines("[{k}/40] train: loss={a}, acc=0.5 || valid: loss={b}, acc=0.4")
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run)
    np.testing.assert_array_equal(run.x, T)


@pytest.mark.parametrize(
    ("line", "last", "kept"),
    [
        ("epoch {k} loss: {a:.4f}", "epoch 40 loss: 0.3", 40),
        ("epoch {k} loss: {a:.4f} acc: 0.5", "epoch 40 loss: 0.33", 40),
        ("epoch {k} loss: {a:.4f}", "epoch 40 loss: 0.3301", 41),
        ("epoch {k} loss: {a}", "epoch 40 loss: 0.330", 41),
        ("epoch {k} loss: {a:.4f}", "epoch 40 loss: 0.3\n", 41),
        ("epoch {k} loss: {a:.4f}", "epoch 40 loss: 0.330", 40),
        ("epoch {k} loss: {a:.3e}", "epoch 40 loss: 3.3", 40),
        ("epoch {k} loss: {a} acc: 0.9{n:02}1", "epoch 40 loss: 0.33 acc: 1.0", 41),
        ("epoch {k} acc: 0.5 loss: 0.{n:02}11", "epoch 40 acc: 0.5 loss: 0.0", 41),
        ("epoch {k} acc: 0.5 loss: 0.{n:02}11", "epoch 40 acc: 0.5 loss: 0.01", 41),
    ],
)
def test_a_line_that_is_cut_in_a_number(tmp_path, line, last, kept):
    run = one(read_log(written(tmp_path, lines(line) + last, "out.log")))
    assert len(run.loss) == kept
    assert ("the last line is cut off, and left out" in run.notes) == (kept == 40)


def test_a_cell_that_is_empty_in_the_midst_of_a_text(tmp_path):
    """SciPy's least_squares has nothing to say of the first step's size."""
    text = (
        "   Iteration     Total nfev        Cost      Cost reduction    Step norm     Optimality   \n"
        "       0              1         2.0050e+02                                    8.01e+02    \n"
        "       1              2         5.0000e+01      1.50e+02       2.24e+00       2.00e+02    \n"
        "       2              3         9.8669e-30      5.00e+01       1.00e+00       8.89e-14    \n"
        "`gtol` termination condition is satisfied.\n"
        "Function evaluations 3, initial cost 2.0050e+02, final cost 9.8669e-30, first-order optimality 8.89e-14.\n"
    )
    run = one(read_log(written(tmp_path, text, "out.log")))
    assert run.loss.tolist() == [200.5, 50.0, 9.8669e-30]
    np.testing.assert_array_equal(run.x, [0, 1, 2])


def test_words_below_a_table_of_as_many_columns(tmp_path):
    """What SciPy's SLSQP prints."""
    text = (
        "  NIT    FC           OBJFUN            GNORM\n"
        + lines("{n:5} {n:5}     {a:.6E}     1.0E+00")
        + "Optimization terminated successfully    (Exit mode 0)\n"
        "            Current function value: 1.3e-09\n            Iterations: 40\n"
    )
    same(one(read_log(written(tmp_path, text, "out.log"))), held=None)


@pytest.mark.parametrize("parts", [1, 3])
def test_cells_that_are_lists(tmp_path, parts):
    """DeepXDE prints each part of the loss, and minimises their sum."""
    shares = ", ".join(f"{{{name}:.6e}}" for name in "ac"[: min(parts, 2)]) + ", 0.0" * (parts > 2)
    train, test = shares, shares.replace("a:", "b:").replace("c:", "d:")
    header = (
        f"{'Step':10}{'Train loss':{16 * parts + 4}}{'Test loss':{16 * parts + 4}}Test metric\n"
    )
    body = ""
    for k, a, b in zip(T, LOSS, HELD, strict=True):
        numbers = {"a": a / min(parts, 2), "b": b / min(parts, 2), "c": a / 2, "d": b / 2}
        cells = (f"[{each.format(**numbers)}]" for each in (train, test))
        body += f"{100 * k:<10}{''.join(f'{each:{16 * parts + 4}}' for each in cells)}[]\n"
    text = (
        "Using backend: pytorch\n\nTraining model...\n\n"
        + header
        + body
        + "\nBest model at step 3900:\n  train loss: 2.35e-02\n  test loss: 2.45e-02\n"
    )
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run)
    np.testing.assert_array_equal(run.x, 100 * T)
    assert run.loss_column == "Train loss" + (" (sum of 3)" if parts == 3 else "")


def bar(k, n, **losses):
    said = "".join(f", {name}={value}" for name, value in losses.items())
    return f"{k / n:4.0%}|███   | {k}/{n} [00:01<00:01, 20.1it/s{said}]"


@pytest.mark.parametrize("first", ["the loss", "the count"])
def test_one_bar_that_is_drawn_again(tmp_path, first):
    """tqdm draws what it is told, and once more when it counts."""
    text = "\r" + bar(0, 40)
    for k, loss in enumerate(LOSS):
        if first == "the loss":
            text += "\r" + bar(k, 40, loss=loss) + "\r" + bar(k + 1, 40, loss=loss)
        else:
            before = {"loss": LOSS[k - 1]} if k else {}
            text += "\r" + bar(k + 1, 40, **before) + "\r" + bar(k + 1, 40, loss=loss)
    same(one(read_log(written(tmp_path, text + "\n", "out.log"))), held=None)


def test_a_loss_that_stays_under_a_bar(tmp_path):
    loss = [3.0, 2.0, 2.0, 2.0, 1.0, 0.5, 0.5]
    states = "".join(
        "\r" + bar(k, 7, loss=x) + "\r" + bar(k + 1, 7, loss=x) for k, x in enumerate(loss)
    )
    assert one(read_log(written(tmp_path, states, "out.log"))).loss.tolist() == loss


@pytest.mark.parametrize("first", [0, 1])
def test_steps_of_one_bar_with_equal_losses(tmp_path, first):
    """No position is drawn twice: nor is a step. The last is, when the bar is closed."""
    loss = [0.9, 0.5, 0.5, 0.4, 0.4, 0.3, 0.3, 0.2, 0.2]
    states = [f"\rstep {k}/9 loss={x}" for k, x in enumerate(loss, first)]
    run = one(read_log(written(tmp_path, "".join([*states, states[-1]]), "out.log")))
    assert run.loss.tolist() == loss
    np.testing.assert_array_equal(run.x, np.arange(first, first + 9))


def test_two_bars_of_equal_steps(tmp_path):
    loss = [0.9, 0.5, 0.5, 0.4]
    bar_of = "".join(f"\rstep {k}/4 loss={x}" for k, x in enumerate(loss, 1)) + "\n"
    log = read_log(written(tmp_path, 2 * bar_of, "out.log"))
    assert [x for run in log.runs for x in run.loss.tolist()] == 2 * loss


def test_a_bar_that_shows_the_epoch_before(tmp_path):
    """Lightning's, in a file, with a bar of validation below it in each epoch."""
    text, before = "", {}
    for k, a, b in zip(T, LOSS, HELD, strict=True):
        now = {"val_loss": b, "train_loss_epoch": a}
        for n in (0, 10, 20):
            text += f"\rEpoch {k}: " + bar(n, 20, train_loss_step=9.0, **before)
        text += "\n\rValidation DataLoader 0: " + bar(5, 5) + "\x1b[A"
        text += f"\n\x1b[A\rEpoch {k}: " + bar(20, 20, train_loss_step=9.0, **now)
        text += f"\rEpoch {k}: " + bar(0, 20, train_loss_step=9.0, **now)
        before = now
    run = one(read_log(written(tmp_path, text + "\n", "out.log")))
    same(run)
    np.testing.assert_array_equal(run.x, T)


def test_how_often_is_no_value(tmp_path):
    """What gensim logs of a topic model: 250 is no perplexity."""
    text = (
        "INFO : running online LDA training, 3 topics, evaluating perplexity every 250 documents\n"
        + lines(
            "INFO : -4.1 per-word bound, {a} perplexity estimate based on a held-out corpus of 250 documents\n"
            "INFO : topic diff=0.5, rho=0.5"
        )
    )
    same(one(read_log(written(tmp_path, text, "out.log"))), held=None)


@pytest.mark.parametrize(
    "name", ["ll change", "Cost reduction", "train_loss' reached", "loss_diff"]
)
def test_what_is_beside_a_loss_is_none(name):
    assert parse(name).kind == "other"


@pytest.mark.parametrize("name", ["Validation bpb", "val_bpc", "BCER eval"])
def test_bits_and_rates_of_errors(name):
    assert (parse(name).part, parse(name).kind) == ("held out", "error")


def test_a_column_of_changes_is_no_validation(tmp_path):
    """What hmmlearn prints: a likelihood, and how much it rose."""
    value = -3500 + 10 * (1 - np.exp(-T / 10))
    change = np.diff(value, prepend=np.nan)
    rows = zip(T, value, change, strict=True)
    text = "".join(f"{k + 1:10d} {a:16.8f} {b:+16.8f}\n" for k, a, b in rows)
    with pytest.raises(ValueError, match="3 without names"):
        read_log(written(tmp_path, text, "out.log"))


def test_small_losses_without_names_are_no_changes(tmp_path):
    body = (f"{k} {1e-9 * a:.6e} {1e-9 * b:.6e}\n" for k, a, b in zip(T, LOSS, HELD, strict=True))
    run = one(read_log(written(tmp_path, "".join(body), "out.log")))
    same(run, 1e-9 * LOSS, 1e-9 * HELD)
    small = -1e-9 * np.exp(-T / 10)
    rows = zip(T, small, np.diff(small, prepend=np.nan), strict=True)
    text = "".join(f"{k} {a:.12e} {b:.12e}\n" for k, a, b in rows)
    with pytest.raises(ValueError, match="3 without names"):
        read_log(written(tmp_path, text, "out.log"))


def test_the_last_values_beside_dvclives_curves(tmp_path):
    for side, values in (("train", LOSS), ("val", HELD)):
        body = "".join(f"{k}\t{x}\n" for k, x in zip(T, values, strict=True))
        written(tmp_path, "step\tloss\n" + body, f"plots/metrics/{side}/loss.tsv")
    last = {"train": {"loss": LOSS[-1]}, "val": {"loss": HELD[-1]}, "step": 39}
    written(tmp_path, json.dumps(last, indent=4), "metrics.json")
    same(one(read_log(tmp_path)))


def test_commas_in_a_heading_over_columns_without(tmp_path):
    text = "# step, loss_train, loss_test\n" + lines("{k}.000e+00 {a:.18e} {b:.18e}")
    run = one(read_log(written(tmp_path, text, "loss.dat")))
    same(run)
    assert (run.loss_column, run.validation_column) == ("loss_train", "loss_test")


def test_a_log_that_was_put_aside_as_it_grew(tmp_path):
    text = lines(SAID)
    first, second, third = ("".join(text.splitlines(True)[k : k + 15]) for k in (0, 15, 30))
    written(tmp_path, gzip.compress(first.encode()), "train.log.2.gz")
    written(tmp_path, second, "train.log.1")
    file = written(tmp_path, third, "train.log")
    run = one(read_log(tmp_path))
    same(run)
    assert "read with its older parts train.log.2.gz and train.log.1" in run.notes
    (note,) = one(read_log(file)).notes
    assert note.startswith("train.log.2.gz and train.log.1 beside it")


def test_an_older_part_without_a_last_line_end(tmp_path):
    text = lines(SAID).splitlines(True)
    written(tmp_path, "".join(text[:20]).rstrip(), "train.log.1")
    written(tmp_path, "".join(text[20:]), "train.log")
    same(one(read_log(tmp_path)))


@pytest.mark.parametrize("name", ["train.log.1", "train.log-2026-05-01", "train.log-20260501.gz"])
def test_an_older_log_of_another_run(tmp_path, name):
    """Each begins at epoch 0: also where the loss happens to go on from the older one's."""
    other = lines("epoch {k} loss: 1{a} val_loss: 1{b}").encode()
    written(tmp_path, gzip.compress(other) if name.endswith(".gz") else other, name)
    written(tmp_path, lines(SAID), "train.log")
    run = one(read_log(tmp_path))
    same(run)
    (note,) = run.notes
    assert note.startswith(f"{name} beside it left out")


def test_older_parts_as_far_back_as_a_run_goes(tmp_path):
    text = lines(SAID).splitlines(True)
    written(tmp_path, lines(OTHER), "train.log.3")
    for number, part in (("2", text[:15]), ("1", text[15:30])):
        written(tmp_path, "".join(part), f"train.log.{number}")
    written(tmp_path, "".join(text[30:]), "train.log")
    run = one(read_log(tmp_path))
    same(run)
    assert "read with its older parts train.log.2 and train.log.1" in run.notes


def test_older_parts_whose_steps_begin_again_in_each_epoch(tmp_path):
    text = lines("epoch {k} step 0 loss: 9.0\nepoch {k} step 50 loss: {a}").splitlines(True)
    written(tmp_path, "".join(text[:41]), "train.log.1")
    written(tmp_path, "".join(text[41:]), "train.log")
    assert one(read_log(tmp_path)).loss[1::2].tolist() == LOSS.tolist()


def test_an_older_part_that_can_not_be_read(tmp_path):
    damaged = written(tmp_path, b"\x1f\x8b\x08 and no more", "train.log.1.gz")
    written(tmp_path, lines(SAID), "train.log")
    same(one(read_log(tmp_path)))
    with pytest.raises(ValueError, match=r"a packed file: must be whole \(Error -3"):
        read_log(damaged)


def test_a_folder_that_is_named_as_an_older_part(tmp_path):
    (tmp_path / "train.log.1").mkdir()
    file = written(tmp_path, lines(SAID), "train.log")
    for place in (tmp_path, file):
        run = one(read_log(place))
        same(run)
        assert run.notes == ()


def test_a_file_in_a_folder_that_can_not_be_listed(tmp_path, monkeypatch):
    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    file = written(tmp_path, lines(SAID), "train.log")
    monkeypatch.setattr("pathlib.Path.iterdir", refused)
    same(one(read_log(file)))


def test_older_parts_by_date(tmp_path):
    text = lines(SAID).splitlines(True)
    for name, part in (("out.log-20260501", text[:20]), ("out.log-20260502", text[20:30])):
        written(tmp_path, "".join(part), name)
    written(tmp_path, "".join(text[30:]), "out.log")
    same(one(read_log(tmp_path)))


def test_a_training_loss_and_a_validation_loss_under_their_names_alone(tmp_path):
    """What MATLAB's trainnet prints: a row has the one, the other or both."""
    text = (
        "    Iteration    Epoch    TimeElapsed    LearnRate    TrainingLoss    ValidationLoss\n"
        "    _________    _____    ___________    _________    ____________    ______________\n"
        "            0        0       00:00:02        0.001                            2.3977\n"
    )
    for k, a, b in zip(T, LOSS, HELD, strict=True):
        held = f"{b:18}" if k % 10 == 9 else " " * 18
        text += f"{50 * (k + 1):13}{k + 1:9}       00:00:02        0.001{a:16}{held}\n"
    text += "Training stopped: Max epochs completed\n"
    run = one(read_log(written(tmp_path, text, "out.log")))
    np.testing.assert_allclose(run.loss, LOSS)
    np.testing.assert_allclose(run.validation[9::10], HELD[9::10])
    np.testing.assert_array_equal(run.x, 50 * (T + 1))


def test_means_of_epochs_behind_their_batches(tmp_path):
    """What DeiT, MAE and their heirs print: of each part the last line has the mean."""
    text = lines(
        "Epoch: [{k}]  [ 0/10]  eta: 0:01:00  lr: 0.000100  loss: 9.1 (9.1)  time: 0.5  data: 0.1  max mem: 123\n"
        "Epoch: [{k}]  [ 9/10]  eta: 0:00:00  lr: 0.000100  loss: 9.2 (9.3)  time: 0.5  data: 0.1  max mem: 123\n"
        "Epoch: [{k}] Total time: 0:00:12 (0.1 s / it)\n"
        "Averaged stats: lr: 0.000100  loss: 9.2 ({a})\n"
        "Test:  [0/5]  eta: 0:00:01  loss: 8.0 (8.0)  acc1: 50.0 (50.0)  acc5: 90.0 (90.0)  time: 0.1\n"
        "* Acc@1 50.000 Acc@5 70.000 loss {b}"
    )
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run)
    np.testing.assert_array_equal(run.x, T)


@pytest.mark.parametrize(
    ("train", "valid"),
    [
        (
            "[2026-05-01 12:00:00] Ep. 1 : Up. {n}000 : Sen. 1,234,567 : Cost {a} : Time 335.04s : 28848.44 words/s",
            "[2026-05-01 12:00:00] [valid] Ep. 1 : Up. {n}000 : perplexity : 6.03577 : new best\n"
            "[2026-05-01 12:00:00] [valid] Ep. 1 : Up. {n}000 : ce-mean-words : {b} : new best",
        ),
        (
            "At iteration {n}/{n}000/{n}001, mean rms=4.062%, delta=11.188%, BCER train={a}%, BWER train=96.702%, skip ratio=0.000%, New best BCER = 56.386",
            "At iteration {n}, stage 0, BCER eval={b}, BWER eval=42.197884",
        ),
    ],
)
def test_programs_that_count_in_their_own_way(tmp_path, train, valid):
    """Marian, and Tesseract's lstmtraining, which writes both on one line."""
    text = lines(train + ("\n" if "Ep." in train else "") + valid)
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run)
    np.testing.assert_array_equal(run.x, 1000 * (T + 1))


@pytest.mark.parametrize("name", ["elbo", "train_objective"])
def test_what_may_be_to_be_maximised_is_said(tmp_path, name):
    body = "".join(f"{k},{-x}\n" for k, x in zip(T, LOSS, strict=True))
    file = written(tmp_path, f"epoch,{name}\n" + body)
    (note,) = one(read_log(file)).notes
    assert note.startswith(f"{name!r} rises: if it is to be maximised")
    run = one(read_log(file, column=name, higher_is_better=True))
    same(run, held=None)
    assert run.notes == ()


@pytest.mark.parametrize(
    "said",
    [
        "Best epoch: 12 loss: 0.1",
        "Best model at epoch 12, val_loss: 0.1, loss: 0.1",
        "*** Final results: loss: 0.1 - val_loss: 0.1",
    ],
)
def test_what_is_said_of_a_run_at_its_end_is_no_epoch(tmp_path, said):
    same(one(read_log(written(tmp_path, lines(SAID) + said + "\n", "out.log"))))


def test_points_that_group_thousands_before_a_decimal_comma(tmp_path):
    text = lines("epoch {k}: loss=1.00{k:02},{n:02}").replace("1.00", "1.2")
    run = one(read_log(written(tmp_path, text, "out.log")))
    np.testing.assert_allclose(run.loss, 1200 + T + (T + 1) / 100)


def test_epochs_that_count_on_within_themselves(tmp_path):
    """Hugging Face's, with its bar on some of the lines alone."""
    text = ""
    for k, a, b in zip(T, LOSS, HELD, strict=True):
        text += f"{{'loss': '{a}', 'learning_rate': '0.05', 'epoch': '{(k + 1) / 2:g}'}}\n"
        text += f"{bar(k + 1, 40)} " if k % 3 == 0 else ""
        text += f"{{'eval_loss': '{b}', 'eval_runtime': '0.1', 'epoch': '{(k + 1) / 2:g}'}}\n"
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run)
    np.testing.assert_array_equal(run.x, (T + 1) / 2)


def test_an_objective_that_falls_is_a_loss(tmp_path):
    body = "".join(f"{k},{x}\n" for k, x in zip(T, LOSS, strict=True))
    assert one(read_log(written(tmp_path, "epoch,objective\n" + body))).notes == ()


def test_parts_before_a_position_in_brackets(tmp_path):
    text = lines("Train [{n}/40] Loss: {a} Acc: 50%\nValid [{n}/40] Loss: {b} Acc: 45%")
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run)
    np.testing.assert_array_equal(run.x, T + 1)


def test_what_a_batch_takes_is_no_position(tmp_path):
    """What PyTorch's word_language_model prints; losses that are equal stay as many."""
    template = (
        "| epoch   1 | {n:5}/ 40 batches | lr 20.00 | ms/batch 12.34 | loss {a:5.2f} | ppl   123.45"
    )
    run = one(read_log(written(tmp_path, lines(template), "out.log")))
    np.testing.assert_allclose(run.loss, LOSS.round(2))
    np.testing.assert_array_equal(run.x, T + 1)


@pytest.mark.parametrize("header", ["epoch,lr,loss,val_loss", "epoch,val_loss,loss", "epoch,loss"])
def test_a_header_that_changes_where_a_run_is_resumed(tmp_path, header):
    held = {"epoch": T, "loss": LOSS, "val_loss": HELD, "lr": np.full(len(T), 0.1)}
    text = "epoch,loss,val_loss\n"
    text += "".join(f"{k},{a},{b}\n" for k, a, b in list(zip(T, LOSS, HELD, strict=True))[:20])
    text += header + "\n"
    for k in range(20, 40):
        text += ",".join(str(held[name][k]) for name in header.split(",")) + "\n"
    run = one(read_log(written(tmp_path, text)))
    np.testing.assert_allclose(run.loss, LOSS)
    np.testing.assert_array_equal(run.x, T)
    there = 40 if "val_loss" in header else 20
    np.testing.assert_allclose(run.validation[:there], HELD[:there])
    assert np.isnan(run.validation[there:]).all()


@pytest.mark.parametrize("again", ["   epoch  loss  val_loss", "   epoch  loss  val_loss  lr"])
def test_a_header_again_beside_an_index_without_a_name(tmp_path, again):
    """What pandas prints, appended."""
    rows = [f"{k}  {k}  {a}  {b}" for k, a, b in zip(T, LOSS, HELD, strict=True)]
    more = "  0.1" if again.endswith("lr") else ""
    text = ["   epoch  loss  val_loss", *rows[:35], again, *(row + more for row in rows[35:])]
    run = one(read_log(written(tmp_path, "\n".join(text) + "\n", "out.txt")))
    same(run)
    np.testing.assert_array_equal(run.x, T)


def test_a_box_is_one_row(tmp_path):
    """What DQN of Stable-Baselines3 2.9.2 prints: what counts stands above and below the loss."""
    text = lines(
        "----------------------------------\n| rollout/            |          |\n|    ep_rew_mean      | 27.5     |\n"
        "| time/               |          |\n|    fps              | 908      |\n|    total_timesteps  | {n}10    |\n"
        "| train/              |          |\n|    learning_rate    | 0.0001   |\n|    loss             | {a}    |\n"
        "|    n_updates        | {n}2     |\n----------------------------------"
    )
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run, held=None)
    assert run.about == "reinforcement learning"
    np.testing.assert_array_equal(run.x, 10 * (T + 1) + 2)
    np.testing.assert_allclose(run.rate, 1e-4)


def test_boxes_with_an_evaluation_above(tmp_path):
    """PPO of Stable-Baselines3 with an EvalCallback: the loss stands in a box that tells of both."""
    text = lines(
        "------------------------------\n| eval/              |         |\n|    mean_reward     | -1.2e+3 |\n"
        "| time/              |         |\n|    total_timesteps | {n}000  |\n| train/             |         |\n"
        "|    loss            | {a}     |\n------------------------------\nNew best mean reward!\n"
        "------------------------------\n| rollout/           |         |\n|    ep_rew_mean     | -1.3e+3 |\n"
        "| time/              |         |\n|    iterations      | {n}     |\n------------------------------"
    )
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run, held=None)
    # The count in each loss' own box, not one that the first box has not.
    assert (run.loss_column, run.x_column) == ("loss", "total_timesteps")
    np.testing.assert_array_equal(run.x, 1000 * (T + 1))
    both = lines("| eval/ |  |\n| loss | {b} |\n| train/ |  |\n| loss | {a} |\n--------")
    same(one(read_log(both)))
