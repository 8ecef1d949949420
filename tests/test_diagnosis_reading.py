"""Loss curves from whatever holds them: numbers, tables, training logs; and what is refused."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from simopt.curves.logs.reading import plain, read

NAN = float("nan")

KERAS = """epoch,accuracy,loss,val_accuracy,val_loss
0,0.1,2.5,0.1,2.6
1,0.4,1.5,0.3,1.9
2,0.6,1.0,0.4,1.8
"""

#: A row for training, then one for validation, as Lightning's CSVLogger writes them.
LIGHTNING = """epoch,lr-SGD,step,train_loss_epoch,train_loss_step,val_loss
0,,49,,2.5,
0,,99,,2.0,
0,,99,,,2.2
0,,99,2.25,,
1,,149,,1.5,
1,,199,,1.0,
1,,199,,,1.4
1,,199,1.25,,
"""

TENSORBOARD = """Wall time,Step,Value
1700000000.1,0,2.5
1700000001.2,10,1.5
1700000002.3,20,1.25
"""


def csv(folder, text):
    path = folder / "losses.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "holder",
    [
        [3, 2, 1.5],
        (3, 2, 1.5),
        iter([3, 2, 1.5]),
        np.array([3, 2, 1.5], np.float32),
        np.array([[3], [2], [1.5]]),
        pd.Series([3, 2, 1.5], index=[7, 8, 9]),
        {"loss": [3, 2, 1.5]},
        pd.DataFrame({"epoch": [0, 1, 2], "training_loss": [3, 2, 1.5]}),
        SimpleNamespace(history={"loss": [3, 2, 1.5], "accuracy": [0.1, 0.2, 0.3]}),
    ],
    ids=lambda holder: type(holder).__name__,
)
def test_numbers_in_any_holder(holder):
    loss, validation = read(holder)
    np.testing.assert_array_equal(loss, [3, 2, 1.5])
    assert loss.dtype == np.float64
    assert validation is None


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("loss", "val_loss"),
        ("train_loss", "validation_loss"),
        ("training_loss", "valid_loss"),
        ("Loss/train", "Loss/validation"),
        ("train/loss", "eval_loss"),
        ("Training Loss", "Validation Loss"),
        ("train_loss_step", "val_loss_epoch"),
    ],
)
def test_columns_by_their_names(name, other):
    table = {"epoch": [0, 1], "lr": [0.1, 0.1], name: [2.0, 1.0], other: [2.5, 1.5], "acc": [0, 1]}
    for holder in (table, pd.DataFrame(table)):
        loss, validation = read(holder)
        np.testing.assert_array_equal(loss, [2, 1])
        np.testing.assert_array_equal(validation, [2.5, 1.5])


def test_keras_log(tmp_path):
    loss, validation = read(csv(tmp_path, KERAS))
    np.testing.assert_array_equal(loss, [2.5, 1.5, 1])
    np.testing.assert_array_equal(validation, [2.6, 1.9, 1.8])
    for separator in ";\t":
        again = read(str(csv(tmp_path, KERAS.replace(",", separator))))
        np.testing.assert_array_equal(again, [loss, validation])


def test_lightning_log_rows_in_turns(tmp_path):
    path = csv(tmp_path, LIGHTNING)
    for holder in (path, pd.read_csv(path)):
        loss, validation = read(holder)
        np.testing.assert_array_equal(loss, [2.25, 1.25])
        np.testing.assert_array_equal(validation, [2.2, 1.4])
        loss, validation = read(holder, loss_column="train_loss_step")
        np.testing.assert_array_equal(loss, [2.5, 2, 1.5, 1])
        np.testing.assert_array_equal(validation, [NAN, 2.2, NAN, 1.4])


def test_tensorboard_export(tmp_path):
    loss, validation = read(csv(tmp_path, TENSORBOARD))
    np.testing.assert_array_equal(loss, [2.5, 1.5, 1.25])
    assert validation is None


def test_numbers_alone_in_a_file(tmp_path):
    np.testing.assert_array_equal(read(csv(tmp_path, "3\n2\n\n1\n"))[0], [3, 2, 1])
    np.testing.assert_array_equal(read(csv(tmp_path, "0,3\n10,2\n20,1\n"))[0], [3, 2, 1])
    np.testing.assert_array_equal(read(csv(tmp_path, "my own\n3\n2\n"))[0], [3, 2])


def test_an_empty_cell_is_missing_and_nan_is_a_loss(tmp_path):
    text = "epoch,loss,val_loss\n0,3,3.5\n1,,2.5\n2,2,\n3,nan,nan\n4,nan,nan\n"
    loss, validation = read(csv(tmp_path, text))
    np.testing.assert_array_equal(loss, [3, 2, NAN, NAN])
    # The validation loss of epoch 1 belongs to no training loss.
    np.testing.assert_array_equal(validation, [3.5, NAN, NAN, NAN])


def test_nan_at_the_end_of_a_frame_stays():
    frame = pd.DataFrame({"epoch": [0, 1, 2], "loss": [2.0, NAN, NAN], "acc": [0.1, 0.1, 0.1]})
    np.testing.assert_array_equal(read(frame)[0], [2, NAN, NAN])
    # But not in a row that is about something else, here about a test at the end.
    frame["test_acc"] = [NAN, NAN, 0.2]
    np.testing.assert_array_equal(read(frame)[0], [2, NAN])


def test_none_is_missing():
    np.testing.assert_array_equal(read([3, None, 2])[0], [3, NAN, 2])


def test_columns_that_are_named():
    table = {"a": [1.0, 2.0], "b": [3.0, 4.0], "loss": [5.0, 6.0]}
    np.testing.assert_array_equal(read(table, loss_column="b")[0], [3, 4])
    loss, validation = read(table, "a")
    np.testing.assert_array_equal(loss, [5, 6])
    np.testing.assert_array_equal(validation, [1, 2])
    np.testing.assert_array_equal(read(table, [7, 8])[1], [7, 8])


def test_a_validation_loss_of_nothing_is_none():
    assert read([3, 2], [NAN, None])[1] is None


@pytest.mark.parametrize(
    ("loss", "validation", "message"),
    [
        ([], None, r"loss=\[\]: must be at least one number"),
        ("loss", None, r"loss='loss': must be a sequence of numbers"),
        (["a", "b"], None, r"loss=\['a', 'b'\]: must be a sequence of numbers"),
        ([1, "b"], None, "must be a sequence of numbers"),
        (b"12", None, "must be a sequence of numbers"),
        (7.0, None, "loss=7.0: must be a sequence of numbers"),
        (None, None, "loss=None: must be"),
        ([True, False], None, "must be a sequence of numbers"),
        ([1j, 2j], None, "must be a sequence of numbers"),
        (np.ones((3, 2)), None, r"loss.shape=\(3, 2\): must be \(T,\)"),
        ([[1, 2], [3]], None, "must be a sequence of numbers"),
        ([1, 2, 3], [1, 2], r"validation='2 values': must be as many as the loss has \(3\)"),
        ([1, 2, 3], "val_loss", "validation='val_loss': must be a sequence of numbers"),
        ({"loss": [1, 2], "val_loss": [1]}, None, "validation='1 values': must be as many"),
        ({"loss": [1, 2]}, "val", "validation='val': must be a column: 'loss'"),
        ({"loss": "12"}, None, "loss='12': must be a column of numbers"),
        ({"loss": [1, "x"]}, None, "loss, row 2='x': must be a number, or empty"),
        ({"a": [1], "b": [2]}, None, r"columns=\['a', 'b'\]: must be named for a loss"),
        ({"epoch": [1, 2]}, None, r"columns=\['epoch'\]: must be named for a loss"),
        ({"loss": [1, 2], "Loss": [2, 1]}, None, "columns='loss' and 'Loss': must be one"),
        (
            pd.DataFrame([[1, 2]], columns=["loss", "loss"]),
            None,
            "columns='loss': must be there once, but there are 2",
        ),
    ],
)
def test_refused_in_one_sentence(loss, validation, message):
    with pytest.raises(ValueError, match=message) as refused:
        read(loss, validation)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is empty"),
        ("\n\n", "it is empty"),
        ("epoch,loss\n", "with numbers below its header"),
        ("loss,val_loss,loss\n1,2,3\n", "columns='loss': must be there once, but there are 2"),
        ("epoch,loss\n0,1,5\n", "file='3 cells in row 2 of .*must be 2 of them"),
        ("epoch,loss\n0,low\n", "loss, row 1='low': must be a number, or empty"),
        ("1,2,3\n4,5,6\n", "columns='3 without names in .*must be named in a first row"),
    ],
)
def test_files_that_are_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read(csv(tmp_path, text))


def test_files_that_are_no_text_or_not_there(tmp_path):
    path = tmp_path / "losses.csv"
    path.write_bytes(b"\xff\xfe\x00loss")
    with pytest.raises(ValueError, match="must be a log in UTF-8 or UTF-16"):
        read(path)
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "missing.csv")


def test_a_column_is_named_only_in_a_table():
    with pytest.raises(ValueError, match="column='loss': must be None"):
        read([1, 2], loss_column="loss")
    with pytest.raises(ValueError, match="loss='x': must be a column: 'loss'"):
        read({"loss": [1, 2]}, loss_column="x")


def test_names_in_plain_letters():
    assert plain(" Loss/Train ") == "loss_train"
