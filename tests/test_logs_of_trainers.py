"""Logs of trainers around PyTorch, JAX and R, and tables whose rows have names of their own."""

# ruff: noqa: E501 (lines of logs are as long as programs print them)

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt import problems
from simopt.curves.logs import read_log
from tests.test_logs import HELD, LOSS, T, lines, one, same, written

FRAME = pd.DataFrame({"loss": LOSS, "val_loss": HELD})


@pytest.mark.parametrize(
    "text",
    [
        FRAME.to_csv(),
        FRAME.rename(columns={"loss": 0, "val_loss": 1}).to_csv(),
        FRAME.rename(columns={"loss": 0, "val_loss": 1}).to_csv(sep="\t"),
        FRAME.rename(columns={"loss": 0, "val_loss": 1}).to_string(),
        '"","loss","val_loss"\n' + lines('"{k}",{a},{b}'),
        '"loss","val_loss"\n' + lines('"{k}",{a},{b}'),
        '"loss" "val_loss"\n' + lines('"{k}" {a} {b}'),
        "loss\tval_loss\n" + lines("{k}\t{a}\t{b}"),
    ],
    ids=["pandas", "numbered", "tabs", "printed", "R", "R, a name less", "R, spaces", "R, tabs"],
)
def test_rows_that_are_named_without_a_name_for_their_names(tmp_path, text):
    """A first column that counts rows is no loss, and no reason to refuse the others."""
    run = one(read_log(written(tmp_path, text)))
    same(run)
    np.testing.assert_array_equal(run.x, T)


def test_the_index_of_a_series_is_no_loss(tmp_path):
    run = one(read_log(written(tmp_path, pd.Series(LOSS).to_csv())))
    same(run, held=None)
    np.testing.assert_array_equal(run.x, T)
    unindexed = one(
        read_log(written(tmp_path, FRAME.T.reset_index(drop=True).T.to_csv(index=False)))
    )
    same(unindexed)
    assert any("numbers the columns" in note for note in unindexed.notes)


def test_a_decimal_comma_that_cuts_a_number_makes_no_index(tmp_path):
    """Row 1, epoch 0, loss 9 is also epoch 1, loss 0,9."""
    text = "epoch,loss\n" + "".join(f"{k + 1},0,{9 - k % 9}\n" for k in range(40))
    with pytest.raises(ValueError, match="must be 2 of them, as in its header"):
        read_log(written(tmp_path, text))


def test_an_index_without_a_name_is_called_so(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(",loss\n" + "".join(f"{t},{2 / (t + 1)}\n" for t in range(9)))
    (run,) = read_log(path).runs
    assert str(run).endswith("nine values of loss, by a column without a name from 0 to 8")


@pytest.mark.parametrize("name", ["neg_mean_squared_error", "neg_log_loss"])
def test_the_sign_tells_a_score_from_an_error(tmp_path, name):
    path = written(tmp_path, f"step,train_{name},val_{name}\n" + lines("{k},-{a},-{b}"))
    with pytest.raises(ValueError, match="rise when a model gets better"):
        read_log(path)
    same(one(read_log(path, higher_is_better=True)))
    same(one(read_log(written(tmp_path, f"step,train_{name},val_{name}\n" + lines("{k},{a},{b}")))))


def parts(template, first=20, second=20):
    """The lines of a log up to a row, and from one on."""
    text = lines(template).splitlines(keepends=True)
    return "".join(text[:first]), "".join(text[second:])


@pytest.mark.parametrize("again", [0, 5])
@pytest.mark.parametrize(
    ("names", "head", "template"),
    [
        (("log_1.csv", "log_2.csv"), "epoch,loss,val_loss\n", "{k},{a},{b}"),
        (("slurm-9.out", "slurm-10.out"), "", "epoch {k} loss {a} val_loss {b}"),
    ],
)
def test_parts_of_one_log_are_one_run(tmp_path, names, head, template, again):
    for name, text in zip(names, parts(template, second=20 - again), strict=True):
        written(tmp_path, head + text, name)
    run = one(read_log(tmp_path))
    same(run)
    np.testing.assert_array_equal(run.x, T)
    assert any("are parts of one log" in note for note in run.notes)


@pytest.mark.parametrize(
    ("names", "second"),
    [
        (("log_1.csv", "log_2.csv"), 0),
        (("log_1.csv", "log_2.csv"), 5),
        (("fold_1.csv", "fold_2.csv"), 20),
    ],
)
def test_what_goes_on_from_nothing_is_a_run_of_its_own(tmp_path, names, second):
    for name, text in zip(names, parts("{k},{a}", second=second), strict=True):
        written(tmp_path, "epoch,loss\n" + text, name)
    assert [len(run.loss) for run in read_log(tmp_path)] == [20, 40 - second]


def test_a_validation_loss_of_zeros_is_none(tmp_path):
    """Avalanche's CSVLogger, of a training without an evaluation."""
    text = "training_exp,epoch,training_accuracy,val_accuracy,training_loss,val_loss\n"
    run = one(read_log(written(tmp_path, text + lines("0,{k},0.5,0,{a},0"))))
    same(run, held=None)
    assert "no validation: 'val_loss' is 0 throughout, as where none was evaluated" in run.notes
    zeros = pd.DataFrame({"loss": LOSS, "val_loss": 0.0})
    assert read_log(zeros, validation="val_loss").run.validation is not None


def test_errors_that_are_no_validation_are_said(tmp_path):
    """pytorch-tabnet: the loss, and the metrics of each set that it was given."""
    run = one(
        read_log(
            lines(
                "epoch {k:<3}| loss: {a:.5f} | train_mae: 2.03 | valid_mae: {b:.5f} | valid_rmse: {b} |  0:00:00s"
            )
        )
    )
    same(run, held=None)
    assert any(
        note.startswith("no validation: 'valid_mae', 'valid_rmse' are not") for note in run.notes
    )


ESPNET = json.dumps(
    [
        {
            "main/loss": a, "main/loss_ctc": a + 1, "main/loss_att": a - 0.1, "main/acc": 0.5,
            "validation/main/loss": b, "validation/main/loss_ctc": b, "epoch": k + 1,
            "iteration": 50 * (k + 1), "elapsed_time": 10.5, "eps": 1e-8,
        }
        for k, a, b in zip(T.tolist(), LOSS, HELD, strict=True)
    ]
)  # fmt: skip
CATALYST = lines(
    "train ({n}/40) accuracy01: 0.5 | accuracy01/std: 0.05 | loss: {a} | loss/mean: {a} | loss/std: 0.14 | lr: 0.001 | momentum: 0.9\n"
    "valid ({n}/40) accuracy01: 0.5 | accuracy01/std: 0.05 | loss: {b} | loss/mean: {b} | loss/std: 0.14 | lr: 0.001 | momentum: 0.9\n"
    "* Epoch ({n}/40) lr: 0.001 | momentum: 0.9"
)


@pytest.mark.parametrize(
    ("text", "name", "held", "x"),
    [
        (ESPNET, "log", True, 50 * (T + 1)),
        (CATALYST, "out.log", True, T + 1),
        (lines("{n} val {b}\n{n} hella 0.2500\n{n} train {a}"), "log.txt", True, T + 1),
        (
            lines(
                "Epoch {k} ended.\n\tLoss_Epoch/train_phase/train_stream/Task000 = {a}\n"
                "\tLoss_MB/train_phase/train_stream/Task000 = 0.5\n\tTop1_Acc_Epoch/train_phase/train_stream/Task000 = 0.5"
            ),
            "out.log",
            False,
            T,
        ),
    ],
    ids=["ESPnet's report", "Catalyst", "build-nanogpt", "Avalanche"],
)
def test_losses_among_others_of_like_names(tmp_path, text, name, held, x):
    """A whole loss beside its terms, positions that nothing names, means beside minibatches."""
    run = one(read_log(written(tmp_path, text, name)))
    same(run, held=HELD if held else None)
    np.testing.assert_array_equal(run.x, x)


def test_a_dict_that_is_printed_over_lines_by_two_loggers(tmp_path):
    """TensorFlow's object detection: absl's handler writes again what another has written."""
    values = "{{'Loss/classification_loss': 0.1,\n 'Loss/regularization_loss': 0.2,\n 'Loss/total_loss': {a},\n 'learning_rate': 0.05}}"
    text = lines(
        "INFO:tensorflow:Step {n}00 per-step time 0.500s\n"
        "I0101 10:00:00.000000 139 model_lib_v2.py:705] Step {n}00 per-step time 0.500s\n"
        f"INFO:tensorflow:{values}\nI0101 10:00:00.000000 139 model_lib_v2.py:708] {values}"
    )
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run, held=None)
    np.testing.assert_array_equal(run.x, 100 * (T + 1))
    np.testing.assert_array_equal(run.rate, np.full(40, 0.05))


def test_terms_of_a_loss_that_are_called_l(tmp_path):
    """BasicSR's, of a training without a discriminator: one of them, or several that are added."""
    line = "2026-05-01 10:00:00,000 INFO: [EDSR_..][epoch:  {k}, iter:   {n}0, lr:(1.000e-03,)] [eta: 1:00:00, time (data): 0.500 (0.010)] l_pix: {a:.4e} "
    run = one(read_log(written(tmp_path, lines(line), "train.log")))
    same(run, held=None)
    np.testing.assert_array_equal(run.x, 10 * (T + 1))
    both = one(read_log(written(tmp_path, lines(line + "l_percep: 1.0000e+00"), "train.log")))
    same(both, LOSS + 1, held=None)


NEVERGRAD = '{{"#parametrization": "Array", "#optimizer": "OnePlusOne", "#num-ask": {k}, "#num-tell": {k}, "#loss": {a}, "x": 0.5}}'


def test_tables_of_trials_are_no_curves(tmp_path):
    """Nevergrad's dump; what Keras Tuner says of a trial, whose epochs are read."""
    with pytest.raises(ValueError, match="this is a table of trials, a row each"):
        read_log(written(tmp_path, lines(NEVERGRAD), "dump.json"))
    epochs = lines("Epoch {n}/40\n25/25 - 0s - 2ms/step - loss: {a} - val_loss: {b}")
    end = "\nTrial 1 Complete [00h 00m 05s]\nval_loss: 0.3\n\nBest val_loss So Far: 0.3\nTotal elapsed time: 00h 01m 00s\n"
    same(one(read_log(written(tmp_path, epochs + end, "out.log"))))
    with pytest.raises(ValueError, match="must be a log"):
        read_log(written(tmp_path, 5 * end, "out.log"))


def test_metrics_in_files_of_their_own_are_no_validation_loss(tmp_path):
    """TorchRL's CSVLogger and d3rlpy: no header, and a name that says what it is."""
    for name in ("train_loss", "eval_reward", "time_step"):
        written(
            tmp_path, lines("{k},{a}" if "loss" in name else "{k},{b}"), f"exp/scalars/{name}.csv"
        )
    written(tmp_path, "lr: 0.1\n", "exp/texts/hparams.txt")
    same(one(read_log(tmp_path)), held=None)


def test_what_is_said_of_a_whole_run_is_no_validation_beside_one(tmp_path):
    """Simple Transformers: both losses in one file, and the last evaluation in another."""
    written(
        tmp_path,
        "global_step,train_loss,eval_loss\n" + lines("{k},{a},{b}"),
        "training_progress_scores.csv",
    )
    written(tmp_path, "acc = 0.9\neval_loss = 0.5\n", "eval_results.txt")
    same(one(read_log(tmp_path)))


def test_folders_of_trials_keep_their_names(tmp_path):
    """Ray names a trial's by the function that trains, and that begins with train."""
    for trial, template in (("train_fn_a_0", "{a},{b},{n}"), ("train_fn_a_1", "{b},{a},{n}")):
        written(
            tmp_path,
            "loss,val_loss,training_iteration\n" + lines(template),
            f"exp/{trial}/progress.csv",
        )
        written(tmp_path, '{"lr": 0.1}', f"exp/{trial}/params.json")
    assert [run.name for run in read_log(tmp_path)] == ["exp/train_fn_a_0", "exp/train_fn_a_1"]


def test_runs_that_pandas_put_together_have_their_names(tmp_path):
    both = pd.concat(
        {"sgd": FRAME, "adam": FRAME[["val_loss", "loss"]].set_axis(["loss", "val_loss"], axis=1)}
    )
    log = read_log(written(tmp_path, both.to_csv()))
    assert [run.name for run in log] == ["sgd", "adam"]
    first, second = log
    same(first)
    same(second, HELD, LOSS)
    np.testing.assert_array_equal(second.x, T)


def test_a_sweep_is_no_curve(tmp_path):
    """Its rows are what runs came to, and were read as one run for each optimizer."""
    optimizers = [simopt.SGD(eta=[0.01, 0.05]), simopt.Adam(eta=[0.01, 0.1])]
    store = tmp_path / "store"
    table = simopt.sweep(problems.four_points(), optimizers, epochs=2, seed=[0, 1], store=store)
    exported = tmp_path / "sweep.csv"
    table.to_csv(exported)
    for source in (table, store, exported):
        with pytest.raises(ValueError, match="this is a sweep's table, a row for each run"):
            simopt.diagnose(source)


def test_lists_beside_settings_are_columns(tmp_path):
    """The validation loss was left out, and a list of an unknown name was called the loss."""
    both = {"config": {"lr": 0.1}, "train": LOSS.tolist(), "val": HELD.tolist()}
    same(one(read_log(written(tmp_path, json.dumps(both), "log.json"))))
    path = written(tmp_path, json.dumps({"config": {"lr": 0.1}, "out": LOSS.tolist()}), "log.json")
    with pytest.raises(ValueError, match=r"columns=\['out'\]: must be a log's.*--loss"):
        read_log(path)
    same(one(read_log(path, column="out")), held=None)


def test_lines_that_are_lists_of_numbers_are_rows(tmp_path):
    """A step and a loss in each: they were one curve of both in turns."""
    run = one(read_log(written(tmp_path, lines("[{k}, {a}]"), "log.jsonl")))
    same(run, held=None)
    np.testing.assert_array_equal(run.x, T)


def test_files_that_are_named_by_a_setting_are_runs(tmp_path):
    """A rate in a file's name does not say what is in it, with a header or without one."""
    for name, head in (("adam_lr0.1", "step,loss\n"), ("adam_lr0.2", ""), ("best", "step,loss\n")):
        written(tmp_path, head + lines("{k},{a}"), f"{name}.csv")
    log = read_log(tmp_path)
    assert sorted(run.name for run in log) == ["adam_lr0.1", "adam_lr0.2", "best"]
    for run in log:
        same(run, held=None)


def test_of_two_held_out_files_the_validation_is_taken(tmp_path):
    for name, template in (("train", "{k},{a}"), ("test", "{k},9.0"), ("val", "{k},{b}")):
        written(tmp_path, "step,loss\n" + lines(template), f"{name}.csv")
    same(one(read_log(tmp_path)))
