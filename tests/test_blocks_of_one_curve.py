"""Rows between which something is said: of one curve, whatever numbers stand in what is said."""

from __future__ import annotations

import pytest

from simopt.curves.logs import read_log
from tests.test_logs import HELD, LOSS, lines, one, same, written

ROWS = lines("{k} {a}").splitlines(keepends=True)
#: Batches of eight epochs, counted anew in each.
BATCHES = [f"{k % 5} {a}\n" for k, a in enumerate(LOSS.tolist())]


def between(rows, says):
    """Rows with what is said in front of each five."""
    return "".join(says(k // 5) + "".join(rows[k : k + 5]) for k in range(0, 40, 5))


@pytest.mark.parametrize(
    "says",
    [
        lambda k: f"# val loss {HELD[5 * k]}\n",
        lambda k: f"\nval loss {HELD[5 * k]}\n",
        lambda k: f"# training, part {k}\n",
    ],
)
def test_what_is_said_between_rows_is_no_part(tmp_path, says):
    text = between(ROWS, says).removeprefix(says(0))
    same(one(read_log(written(tmp_path, text, "a.txt"))), held=None)


@pytest.mark.parametrize("says", ["# Epoch {}\n", "\n# epoch {}:\n", "# training epoch {}\n"])
def test_epochs_are_one_run(tmp_path, says):
    same(one(read_log(written(tmp_path, between(BATCHES, says.format), "a.txt"))), held=None)


def test_an_accuracy_is_no_loss(tmp_path):
    text = "# train loss\n" + "".join(ROWS) + "\n# train accuracy\n" + "".join(ROWS)
    run = one(read_log(written(tmp_path, text, "a.txt")))
    same(run, held=None)
    assert run.notes == ()
