"""What odd values found once: a case of each kind, quick."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt import measures, noise_scale, orders, problems, stability
from simopt.ground import files

FOUR = problems.four_points()


def one_line(name, call):
    with pytest.raises(ValueError, match=rf"^{name}\b") as error:
        call()
    assert "\n" not in str(error.value)


@pytest.mark.skipif(not Path("/dev/null").is_char_device(), reason="no such device")
def test_a_device_is_neither_replaced_nor_read():
    """A page renamed onto a device would put a file in its place; /dev/zero never ends."""
    one_line("path", lambda: files.check_file("path", "/dev/null"))
    one_line("file", lambda: simopt.read_log(Path("/dev/zero")))


def test_a_pipe_is_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    one_line("path", lambda: files.check_file("path", pipe))


def test_a_line_that_is_a_set_in_a_set_is_text(tmp_path):
    log = tmp_path / "train.log"
    losses = "".join(f"step {k} loss {0.5**k}\n" for k in range(9))
    log.write_text("{{1}}\n" + losses)
    assert simopt.read_log(log).run.loss.tolist() == [0.5**k for k in range(9)]


def test_a_missing_value_of_pandas_in_a_curve():
    curve = pd.Series([4.0, 2.0, pd.NA, 0.5], dtype="Float64")
    assert len(simopt.diagnose(curve).loss) == 3
    whole = pd.Series([4, 2, pd.NA], dtype="Int64")
    one_line("x", lambda: problems.least_squares(whole, [1.0, 2.0, 3.0]))


def test_a_start_whose_loss_is_beyond_float64():
    far = problems.least_squares([1.0, 2.0], [1.0, 2.0], w0=1e308)
    assert simopt.run(far, simopt.SGD(eta=0.1)).summary["status"] == "diverged"


@pytest.mark.parametrize("count", [10**12, 2**63 - 1])
def test_what_would_not_fit_in_memory(count):
    sgd = simopt.SGD(eta=0.1)
    one_line("epochs", lambda: simopt.run(FOUR, sgd, epochs=count))
    one_line("updates", lambda: simopt.run(FOUR, sgd, updates=count))
    one_line("epochs", lambda: orders.torch_randperm(4, count, 0))
    one_line("drawn", lambda: orders.torch_randperm(4, 1, 0, drawn=count))
    one_line("draws", lambda: noise_scale.estimate(FOUR, small=1, big=2, draws=count))
    one_line("hidden", lambda: problems.network([1.0, 2.0], [1.0, 2.0], hidden=count))
    one_line("d", lambda: simopt.nqm.problem(d=count))


def test_sequences_that_would_not_end():
    one_line("eta", lambda: simopt.SGD(eta=range(10**12)))
    one_line("x", lambda: problems.least_squares(range(10**12), [1.0]))
    one_line("x", lambda: problems.least_squares(np.broadcast_to(0.5, (10**13,)), [1.0]))
    one_line("table", lambda: measures.best(range(10**12), []))


def test_arguments_of_measures():
    table = pd.DataFrame({"eta": [0.1, 0.2], "median": [1.0, 2.0]})
    one_line("window", lambda: measures.worst_nearby(table, [], window=2))
    one_line("by", lambda: measures.best(table, ["optimizer"]))
    one_line("value", lambda: measures.best(table, [], value="mean"))
    one_line("table, column eta", lambda: measures.best(table.assign(eta=["a", "b"]), []))
    one_line("L", lambda: stability.optimal(2.0, 1.0))
