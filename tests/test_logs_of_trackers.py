"""Logs of trackers and of more trainers: what they nest, number, interrupt, or list run by run."""

# ruff: noqa: E501 (lines of logs are as long as programs print them)

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from simopt.curves.logs import read_log
from simopt.curves.logs.names import parse
from tests.test_logs import HELD, LOSS, T, lines, one, same, table, written

#: Every fourth row, where held-out points are evaluated seldom.
SOME = slice(3, None, 4)


def said(*formats):
    """Lines of each row, those behind the first of every fourth alone."""
    text = ""
    for k, (a, b) in enumerate(zip(LOSS, HELD, strict=True)):
        told = {"k": k, "n": k + 1, "a": a, "b": b, "e": k // 4, "i": k % 4}
        text += formats[0].format(**told) + "\n"
        text += "".join(f.format(**told) + "\n" for f in formats[1:] if k % 4 == 3)
    return text


def seldom(run):
    """Its loss, and a validation loss of every fourth row."""
    np.testing.assert_allclose(run.loss, LOSS)
    held = run.validation[np.isfinite(run.validation)]
    np.testing.assert_allclose(held, HELD[SOME])


def test_frames_of_one_column_each_are_counted_by_their_index():
    """scvi-tools' ``model.history``: epochs, which each of them has, were read as the loss."""
    told = {"train_loss_step": LOSS + 1, "validation_loss": HELD, "train_loss_epoch": LOSS}
    index = pd.Index(T, name="epoch")
    run = one(read_log({name: pd.DataFrame({name: c}, index) for name, c in told.items()}))
    same(run)
    np.testing.assert_array_equal(run.x, T)
    assert (run.loss_column, run.x_column) == ("train_loss_epoch", "epoch")


FRAME = pd.DataFrame({"loss": LOSS, "val_loss": HELD}, pd.Index(T, name="epoch"))
OTHER = FRAME[["val_loss", "loss"]].set_axis(["loss", "val_loss"], axis=1)


def two_runs(log, names, counted=True):
    assert [run.name for run in log] == names
    first, second = log
    same(first)
    same(second, HELD, LOSS)
    assert not counted or all((run.x == T).all() for run in log)


@pytest.mark.parametrize("names", [["plain", "mixup"], ["lr=0.1", "lr=0.01"], ["sgd", "adam"]])
@pytest.mark.parametrize("swapped", [False, True])
def test_runs_side_by_side(tmp_path, names, swapped):
    """Their losses were summed, as parts of one: concat(axis=1), unstack and pivot make such."""
    frame = pd.concat(dict(zip(names, (FRAME, OTHER), strict=True)), axis=1)
    frame = frame.swaplevel(axis=1) if swapped else frame
    two_runs(read_log(frame), names)
    two_runs(read_log(written(tmp_path, frame.to_csv())), names, counted=False)
    two_runs(read_log(written(tmp_path, frame.reset_index().to_csv(index=False))), names)


@pytest.mark.parametrize("name", [None, "loss"])
def test_arrays_with_coordinates_are_counted_by_them(name):
    """What xarray's arrays and data sets make of themselves."""

    class Array:
        coords = ("epoch",)

        def __init__(self):
            self.name = name

        def to_dataframe(self, name):
            return FRAME[["loss"]].set_axis([name], axis=1)

    class Dataset(dict):
        coords = ("epoch",)

        def to_dataframe(self):
            return FRAME

    run = one(read_log(Array()))
    same(run, held=None)
    np.testing.assert_array_equal(run.x, T)
    run = one(read_log(Dataset(loss=LOSS, val_loss=HELD)))
    same(run)
    np.testing.assert_array_equal(run.x, T)


@pytest.mark.parametrize("index", [["name", "epoch"], [None, "epoch"], [None, None]])
def test_runs_that_an_index_names(index):
    """They were one run of twice as many values."""
    both = {"sgd": FRAME, "adam": OTHER}
    frame = pd.concat(both).rename_axis(index)
    two_runs(read_log(frame), ["sgd", "adam"], counted=index[1] is not None)
    log = read_log(frame["loss"])
    assert [run.name for run in log] == ["sgd", "adam"]
    np.testing.assert_array_equal(log.runs[0].loss, LOSS)


@pytest.mark.parametrize("series", [False, True])
@pytest.mark.parametrize(
    "outer",
    [
        T // 8,
        [f"epoch {k // 8}" for k in T],
        pd.Timestamp("2026-05-01") + pd.to_timedelta(T // 8, "D"),
    ],
)
@pytest.mark.parametrize("inner", [None, "batch"])
def test_batches_below_epochs_are_of_one_run(series, outer, inner):
    """Each epoch was a run, where its level has no name."""
    frame = pd.DataFrame(
        {"loss": LOSS}, pd.MultiIndex.from_arrays([outer, T % 8], names=[None, inner])
    )
    same(one(read_log(frame["loss"] if series else frame)), held=None)


@pytest.mark.parametrize("keys", [[0, 1], [0.1, 0.01]])
def test_numbers_above_epochs_are_of_runs(keys):
    frame = pd.concat(dict(zip(keys, (FRAME, OTHER), strict=True)))
    assert [len(run.loss) for run in read_log(frame)] == [len(T)] * 2
    log = read_log(frame.rename_axis([None, None]).assign(epoch=[*T, *T]))
    assert [len(run.loss) for run in log] == [len(T)] * 2


@pytest.mark.parametrize("names", [[None, None], ["split", "epoch"]])
def test_parts_of_the_data_in_an_index(names):
    both = {"train": pd.Series(LOSS), "val": pd.Series(HELD)}
    same(one(read_log(pd.concat(both).rename_axis(names))))


def test_frames_of_runs_side_by_side_in_a_mapping_are_all_there():
    """All but the first run of each were left out, without a word."""
    pair = pd.concat({"sgd": FRAME, "adam": OTHER}, axis=1)
    assert len(read_log({"a": pair, "b": pair * 2})) == 4


@pytest.mark.parametrize(
    "names",
    [
        ["mean", "std"],
        ["median", "q25"],
        ["raw", "smoothed"],
        ["first", "last"],
        ["p50", "p95"],
        ["ctc", "att"],
        ["coarse", "fine"],
    ],
)
def test_statistics_and_parts_side_by_side_are_no_runs(tmp_path, names):
    """What ``agg`` makes of several values of each epoch: each of them was a run."""
    frame = pd.DataFrame(
        {("loss", name): LOSS * k for k, name in enumerate(names, 1)}, pd.Index(T, name="epoch")
    )
    for source in (frame, frame.swaplevel(axis=1), written(tmp_path, frame.to_csv())):
        one(read_log(source))


@pytest.mark.parametrize("names", [("train", "val"), ("training", "validation")])
def test_groups_of_one_column_each(tmp_path, names):
    """Their second line was a row that holds no number."""
    frame = pd.DataFrame(
        {(names[0], "loss"): LOSS, (names[1], "loss"): HELD}, pd.Index(T, name="epoch")
    )
    same(one(read_log(written(tmp_path, frame.to_csv()))))
    same(one(read_log(written(tmp_path, frame.reset_index().to_csv(index=False)))))


def test_the_least_and_the_most_side_by_side_are_no_runs(tmp_path):
    """Neither is the loss more than the other."""
    frame = pd.DataFrame({("loss", "min"): LOSS, ("loss", "max"): HELD})
    for source in (frame, written(tmp_path, frame.to_csv())):
        with pytest.raises(ValueError, match="must be named for a loss"):
            read_log(source)


def test_columns_of_two_names_that_are_of_one_run():
    same(one(read_log(pd.DataFrame({("loss", "train"): LOSS, ("loss", "val"): HELD}))))
    parts = pd.DataFrame({("box", "loss"): LOSS, ("cls", "loss"): HELD})
    same(one(read_log(parts)), LOSS + HELD, held=None)
    fits = pd.DataFrame({("train", "loss"): LOSS, ("val", "loss"): HELD})
    same(one(read_log(fits)))


def test_pairs_of_a_count_and_a_value_for_each_part(tmp_path):
    """The second part's were left out."""
    told = {"train": LOSS, "val": HELD}
    pairs = {part: [[k, v] for k, v in enumerate(loss.tolist())] for part, loss in told.items()}
    run = one(read_log(written(tmp_path, json.dumps(pairs), "log.json")))
    same(run)
    np.testing.assert_array_equal(run.x, T)


def test_what_parts_count_places_them(tmp_path):
    every = {"epoch": T.tolist(), "loss": LOSS.tolist()}
    fourth = {"epoch": T[SOME].tolist(), "loss": HELD[SOME].tolist()}
    text = json.dumps({"train": every, "val": fourth})
    run = one(read_log(written(tmp_path, text, "history.json")))
    seldom(run)
    np.testing.assert_array_equal(np.flatnonzero(np.isfinite(run.validation)), T[SOME])


def test_parts_of_the_data_whose_series_lie_deeper(tmp_path):
    """Ludwig's training statistics: the whole loss, and that of each output."""
    parts = {"training": LOSS, "validation": HELD, "test": HELD + 1}
    told = {
        part: {
            "combined": {"loss": loss.tolist()},
            "y": {"loss": loss.tolist(), "accuracy": (1 - loss).tolist()},
        }
        for part, loss in parts.items()
    }
    text = json.dumps(told | {"evaluation_frequency": {"frequency": 1, "period": "epoch"}})
    same(one(read_log(written(tmp_path, text, "training_statistics.json"))))


def test_points_of_series_that_are_named_by_paths(tmp_path):
    """Neptune's offline runs: a line for what was appended to a series, beside other operations."""
    records = [{"obj": {"type": "AssignString", "path": ["sys", "name"], "value": "x"}, "at": 0.5}]
    for k, (a, b) in enumerate(zip(LOSS, HELD, strict=True)):
        for part, value in (("train", a), ("val", b)):
            values = [{"value": value, "step": k, "ts": 1.5e9 + k}]
            obj = {"type": "LogFloats", "path": [part, "loss"], "values": values}
            records.append({"obj": obj, "version": len(records), "at": 1.5e9})
    text = "".join(json.dumps(record) + "\n" for record in records)
    run = one(read_log(written(tmp_path, text, "data-1.log")))
    same(run)
    np.testing.assert_array_equal(run.x, T)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("run_id,status,end_time,metrics.loss,metrics.val_loss,params.lr", "r{k}f,FINISHED,2026-05-01 12:00:00,{a},{b},0.1"),
        ("Name,State,Created,Runtime,lr,loss", "warm-sun-{k},finished,2026-05-01,12,0.1,{a}"),
        ("run,operation,started,time,lr,step,loss", "c{k}e,train,2026-05-01 12:00,0:01,0.1,100,{a}"),
        ("Experiment,rev,typ,train.loss,lr", "exp-{k},r{k}v,branch,{a},0.1"),
        ("model,loss", "net-{k},{a}"),
        ("name,loss", "fold {k},{a}"),
        ("fold,train_loss,val_loss", "{k},{a},{b}"),
        ("lr,seed,loss", "0.1,{k},{a}"),
    ],
    ids=["MLflow", "W&B", "Guild", "DVC", "models", "named folds", "folds", "seeds"],
)  # fmt: skip
@pytest.mark.parametrize("made", ["file", "frame"])
def test_a_list_of_runs_is_no_curve(tmp_path, header, row, made):
    """One loss for each run, in whatever order: what trackers export of a project."""
    path = written(tmp_path, header + "\n" + lines(row), "runs.csv")
    with pytest.raises(ValueError, match="a table of runs, a row each by '.*': must be the log of"):
        read_log(path if made == "file" else pd.read_csv(path))


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("name,loss,val_loss", "epoch-{k},{a},{b}"),
        ("model,loss,val_loss", "ckpt_{k}.pt,{a},{b}"),
        ("model,epoch,loss,val_loss", "net-{k},{k},{a},{b}"),
        ("run,loss,val_loss", "{k},{a},{b}"),
        ("seed,epoch,loss,val_loss", "{k},{k},{a},{b}"),
        ("fold,loss,val_loss", "1,{a},{b}"),
        ("name,loss,val_loss", "net,{a},{b}"),
        ("name,loss,val_loss", "update {n},{a},{b}"),
        ("name,loss,val_loss", "e{n},{a},{b}"),
        ("name,loss,val_loss", "generation-{n},{a},{b}"),
        ("model,loss,val_loss", "net_{k:06d}.pth,{a},{b}"),
        ("model,loss,val_loss", "weights.{n:02d}-{b}.hdf5,{a},{b}"),
        ("generation,seed,loss,val_loss", "{n},4{k},{a},{b}"),
        ("tokens,seed,loss,val_loss", "{n}000,{k},{a},{b}"),
    ],
)
def test_what_names_rows_of_one_run(tmp_path, header, row):
    same(one(read_log(written(tmp_path, header + "\n" + lines(row)))))


@pytest.mark.parametrize(
    "names", [["base", "cosine", "batchnorm", "lion"], ["a", "b", "batch-64", "c"]]
)
def test_one_name_that_counts_makes_no_curve_of_a_list_of_runs(names):
    with pytest.raises(ValueError, match="a table of runs, a row each by 'run'"):
        read_log({"run": names, "loss": LOSS[:4].tolist()})


@pytest.mark.parametrize("name", ["summary.csv", "results.csv"])
def test_a_list_of_runs_beside_their_logs_is_left_out(tmp_path, name):
    """The whole folder was refused."""
    written(tmp_path, "fold,loss\n0,0.5\n1,0.4\n2,0.6\n", name)
    with pytest.raises(ValueError, match="must be one with a training log in it"):
        read_log(tmp_path)
    for fold in range(2):
        written(tmp_path, table(), f"fold{fold}.csv")
    assert [run.name for run in read_log(tmp_path)] == ["fold0", "fold1"]


BLOCKS = [f"job {k // 10}" for k in T]


@pytest.mark.parametrize("column", ["optimizer", "job", "run"])
def test_what_changes_while_steps_are_counted_on_is_one_run(column):
    told = {"loss": LOSS, "val_loss": HELD}
    same(one(read_log({column: BLOCKS, "epoch": T} | told)))
    assert len(read_log({column: BLOCKS, "epoch": T % 10} | told)) == 4
    assert len(read_log({column: BLOCKS[::10] * 10, "epoch": T} | told)) == 4


def test_a_file_of_both_losses_beside_one_of_held_out_points(tmp_path):
    """val.csv tells again, or of other points: it was a run of its own, and the last was shown."""
    written(tmp_path, table(), "train.csv")
    written(tmp_path, "epoch,loss\n" + lines("{k},{b}"), "val.csv")
    run = one(read_log(tmp_path))
    same(run)
    assert any("val.csv left out" in note for note in run.notes)
    written(tmp_path, "epoch,loss\n" + lines("{k},9{a}"), "other.csv")
    assert len(read_log(tmp_path)) == 3


# Lines.


def test_one_bar_that_lines_interrupt(tmp_path):
    """A bar for the whole training, between whose states other things are printed."""
    text = ""
    for k, a in enumerate(LOSS):
        text += f"\rTraining: {k}%|█  | {k + 1}/40 [00:01<00:10, 9.1it/s, Loss={a}, Depth Loss=0.0]"
        text += f"\n[ITER {k + 1}] Saving a model\n" if k % 8 == 7 else ""
    run = one(read_log(written(tmp_path, text + "\n", "out.log")))
    same(run, held=None)
    np.testing.assert_array_equal(run.x, T + 1)


def test_bars_that_begin_again_are_several(tmp_path):
    """A bar for each epoch leaves what it shows at last."""
    text = "".join(
        f"\r{n}%|█  | {n}/2 [00:01<00:10, 9.1it/s, loss={9 if n == 1 else a}]" + "\n" * (n == 2)
        for a in LOSS
        for n in (1, 2)
    )
    same(one(read_log(written(tmp_path, text, "out.log"))), held=None)


def test_cv_before_a_batch_is_of_held_out_points(tmp_path):
    """WeNet's log of each epoch's batches, and of those of its cross-validation set."""
    text = said(
        "2026-05-01 12:00:00,123 DEBUG TRAIN Batch {e}/{i}00 loss {a} loss_att 1.5 loss_ctc 2.5 lr 0.001 rank 0",
        "2026-05-01 12:00:00,523 DEBUG CV Batch {e}/0 loss {b} loss_att 1.0 loss_ctc 2.0 rank 0",
    )
    seldom(one(read_log(written(tmp_path, text, "train.log"))))


@pytest.mark.parametrize("name", ["rmse <loss>", "binary_cross_entropy_objective <loss>"])
def test_a_loss_between_angles(tmp_path, name):
    """SageMaker's own algorithms."""
    head = "[05/01/2026 12:00:00 INFO 140] #quality_metric: host=algo-1, epoch={k}, "
    text = lines(f"{head}train {name}={{a}}\n{head}validation {name}={{b}}")
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run)
    np.testing.assert_array_equal(run.x, T)


@pytest.mark.parametrize(
    "value",
    ["Array({}, dtype=float32)", "tf.Tensor({}, shape=(), dtype=float32)", "np.float32({})", "tensor({}, device='cuda:0')", "DeviceArray({}, dtype=float32)"],
)  # fmt: skip
@pytest.mark.parametrize("line", ["step {k}, loss={}, lr=0.1", "step {k} loss {}"])
def test_numbers_as_arrays_print_them(tmp_path, value, line):
    text = lines(line.replace("{}", value.replace("{}", "{a}")))
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run, held=None)
    np.testing.assert_array_equal(run.x, T)


def test_values_by_the_parts_of_the_data_alone(tmp_path):
    """libFM."""
    head = "libFM\nLoading test... \t\nnum_rows=80\tnum_values=160\nlearnrate=0.01\n"
    text = head + lines("#Iter={k:3d}\tTrain={a}\tTest={b}")
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run)
    np.testing.assert_array_equal(run.x, T)
    for line in ("Split: train 80, test 20", "epoch {k} of train {n}", "lr {a} test {b}"):
        with pytest.raises(ValueError, match=r"file=|row 1"):
            read_log(written(tmp_path, lines(line), "out.log"))


def test_a_bar_that_says_its_share_alone(tmp_path):
    """xLearn: bars without marks in front of the rows of a table, and messages below it."""
    text = "[------------] Epoch      Train log_loss       Test log_loss     Time cost (sec)\n"
    text += lines("[   4%      ]     {n}            {a}             {b}                0.00")
    text += "[ ACTION     ] Early-stopping at epoch 7, best loss: 0.5\n"
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run)
    np.testing.assert_array_equal(run.x, T + 1)


def test_losses_that_are_numbered_are_parts(tmp_path):
    """RecBole's models of several losses."""
    text = lines("INFO  epoch {k} training [time: 1.20s, train_loss1: {a}, train_loss2: 0.5]")
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run, LOSS + 0.5, held=None)
    assert "the sum of the 2 parts 'train_loss1', 'train_loss2'" in run.notes
    assert parse("l1").kind == "error"


def test_errors_whose_name_stands_among_other_words(tmp_path):
    """CNTK's: the share of errors, which is no held-out loss, was read as the curve."""
    text = lines(
        "Finished Epoch[{n} of 40]: [Training] CrossEntropyWithSoftmax = {a} * 640; "
        "EvalErrorPrediction = 0.5 * 640; learningRatePerSample = 0.01"
    )
    run = one(read_log(written(tmp_path, text, "out.log")))
    np.testing.assert_allclose(run.loss, LOSS)
    assert parse("metrics/eval/CrossEntropy").kind == "error"
    assert parse("Current function value").kind == ""


def test_metrics_on_lines_of_their_own(tmp_path):
    """MosaicML Composer's FileLogger: an error of held-out points is told of, not passed over."""
    text = said(
        "[metric][batch={k}]: time/epoch: 0 \n[metric][batch={k}]: loss/train/total: {a} ",
        "[metric][batch={k}]: metrics/eval/CrossEntropy: {b} ",
    )
    path = written(tmp_path, text, "logs-rank0.txt")
    run = one(read_log(path))
    same(run, held=None)
    assert any("'metrics/eval/CrossEntropy' is not measured as" in note for note in run.notes)
    seldom(one(read_log(path, validation="metrics/eval/CrossEntropy")))


def test_a_perplexity_beside_the_validation_loss_is_no_other_part(tmp_path):
    """GPT-NeoX."""
    text = said(
        " samples/sec: 3.210 | iteration {n}0/ 400 | lm_loss: {a} | loss scale: 4096.0 | number of nan iterations: 0 |",
        " validation results at iteration {n}0 | lm_loss value: {b} | lm_loss_ppl value: 9.5 | ",
    )
    run = one(read_log(written(tmp_path, text, "out.log")))
    seldom(run)
    np.testing.assert_array_equal(run.x, 10 * (T + 1))


def test_a_metric_by_its_key_in_the_midst_of_a_line(tmp_path):
    """MLPerf's logging."""
    head = ':::MLLOG {{"namespace": "", "time_ms": 171{k}, "event_type": "POINT_IN_TIME", '
    tail = '"metadata": {{"file": "train.py", "epoch_num": {n}}}}}'
    text = lines(
        f'{head}"key": "train_loss", "value": {{a}}, {tail}\n'
        f'{head}"key": "eval_accuracy", "value": 0.5, {tail}\n'
        f'{head}"key": "eval_loss", "value": {{b}}, {tail}'
    )
    same(one(read_log(written(tmp_path, text, "out.log"))))


def test_a_position_that_is_said_behind_counts_no_row_before(tmp_path):
    """The bar below a line is of that line, and the first has none above it."""
    text = lines(
        "[TRAIN] Iter: {n}00 Loss: {a}  PSNR: 12.5\n  5%|█    | {n}00/9000 [00:10<5:00, 9.1it/s]"
    )
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run, held=None)
    np.testing.assert_array_equal(run.x, 100 * (T + 1))
