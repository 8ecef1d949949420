"""Long and odd logs: how often their text is gone through, and that they say what short ones do."""

# ruff: noqa: E501 (lines of logs are as long as programs print them)

from __future__ import annotations

import re

import numpy as np
import pytest

from simopt.curves.logs import console, names, one_line, pairs, printed_tables, shapes, texts
from simopt.curves.logs.table import Rows

#: Lines whose numbers stand where they are, are made of others, are parts of words, or are many.
LINES = (
    "epoch 1 loss 1",
    "Epoch 3/10 - loss: 0.5 - val_loss: 0.25 - lr: 1e-3",
    "step 1.5k | loss 2 | val loss 3",
    "0k steps, step 0k: loss 0.5",
    "step 1,000/2,000 loss 1,234.5",
    "[12]\tvalid_1's l2: 0.5\tvalid_2's l1: 0.25",
    " * Acc@1 71.25 Acc@5 90.5 loss 1.25",
    " * Acc@3 71.25 Acc@7 90.5 loss 1.25",
    "epoch 3 loss 1.#QNAN",
    "epoch 3 loss nan lr +0.5 grad -2",
    "Epoch-3 loss -0.5",
    "step3 loss=0.5x3 cost 3",
    "avg. loss [951-1000]: 0.5",
    "Cost after iteration 100: 0.5",
    "Validation loss 1000: 0.5",
    "{'loss': 0.50, 'epoch': 1.0}",
    "epoch ٣ loss 0.5",
    "123456789 step 1 loss2: 3 loss 4",
    "loss " + " ".join(f"{k}.5 x{k}" for k in range(90)),
    "epoch 7 " + " ".join(f"m_{chr(97 + k)}: {k}.25" for k in range(20)) + " loss: 0.5",
    "2.5\0 loss 3",
)


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_a_shape_says_what_its_lines_say(line):
    """Of this line, and of others with other digits: names, values and their order."""
    for digits in ("0123456789", "1357924680", "0000000000"):
        other = line.translate(str.maketrans("0123456789", digits))
        expected = one_line._read(other)
        for _ in range(2):  # the second time it is known
            found = one_line.record(other)
            assert (found, list(found[0])) == (expected, list(expected[0]))


def test_lines_of_one_shape_are_taken_apart_once(monkeypatch):
    """2,000 steps have 4 shapes, as the steps have digits; a line alone is looked at each."""
    calls = []
    real = one_line.pairs
    monkeypatch.setattr(one_line, "pairs", lambda line: calls.append(line) or real(line))
    shapes._form.cache_clear()
    text = "".join(f"step {k} loss {5 / (k + 1):.4f} lr 1e-3\n" for k in range(2000))
    found = console.table(text, "")
    assert found is not None
    assert found.columns["step"] == [str(k) for k in range(2000)]
    assert found.columns["loss"] == [f"{5 / (k + 1):.4f}" for k in range(2000)]
    assert len(calls) == 4


def test_parts_of_a_line_without_a_number_are_not_searched(monkeypatch):
    searched = []

    class Counted:
        def finditer(self, text):
            searched.append(text)
            return pattern.finditer(text)

    pattern = pairs._PAIR
    monkeypatch.setattr(pairs, "_PAIR", Counted())
    assert one_line._read("train val " * 1900 + " loss 0.5")[0]["loss"] == "0.5"
    assert len(searched) < 10


def test_lines_without_a_metric_are_read_once(monkeypatch):
    """A second time only where a metric that rises may be read in place of a loss."""
    passes = []
    real = console._rows
    monkeypatch.setattr(console, "_rows", lambda *given: passes.append(given) or real(*given))
    assert console.table("a=1 b=2\n" * 9, "") is None
    assert len(passes) == 1
    assert console.table("step 1 accuracy=0.5\n" * 9, "") is not None
    assert len(passes) == 3


def test_columns_that_few_records_have_are_filled_at_the_end():
    rows = Rows()
    for k in range(300):
        rows.add({f"k{k}": k, "loss": 0.5})
    assert sum(map(len, rows._columns.values())) == 300 + sum(range(1, 301))
    columns = rows.columns
    assert {len(cells) for cells in columns.values()} == {300}
    assert all(
        columns[f"k{k}"] == [k if row == k else None for row in range(300)] for k in range(300)
    )
    assert rows.fill("k299", 1) is False
    assert rows.fill("lr", 0.1) is True
    assert rows.columns["lr"] == [*[None] * 299, 0.1]


def test_a_text_is_not_remembered_as_a_name_is():
    names._remembered.cache_clear()
    long = "Train Loss/" * 1000
    assert names.plain(long) == "_".join(["train_loss"] * 1000)
    assert names._remembered.cache_info().currsize == 0
    assert names.plain("Train Loss/") == "train_loss"
    assert names._remembered.cache_info().currsize == 1


def test_fences_around_no_numbers_are_not_read(monkeypatch):
    read = []
    real = texts.text_table
    monkeypatch.setattr(
        texts, "text_table", lambda text, *more: read.append(text) or real(text, *more)
    )
    assert texts.tables("```\npip install it\n```\n" * 50, "", ()) == []
    assert len(read) == 1


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("1 0.5 0.4  50%|#### | 1/2", "1 0.5 0.4"),
        ("1 0.5: 50%|####", "1 0.5"),
        ("a : 7% b", "a "),
        ("3 50%", "3"),
        ("12%", ""),
    ],
)
def test_a_bar_behind_a_row(line, left):
    """From the colon or the white space in front of it on, and from its first digit at the least."""
    assert printed_tables._DRAWN_BAR.sub("", line) == left
    assert re.sub(r":?\s*\d+%.*", "", line) == left


def test_fractions_of_all_lengths_are_of_one_shape():
    shapes._form.cache_clear()
    rng = np.random.default_rng(0)
    values = [repr(value) for value in rng.random(200).tolist()]
    text = "".join(f"epoch {k} loss {value}\n" for k, value in enumerate(values))
    found = console.table(text, "")
    assert found is not None
    assert found.columns["loss"] == values
    assert shapes._form.cache_info().misses <= 8
