"""Processes that answer requests: each its own, all ended together, their CPU seconds counted."""

from __future__ import annotations

import os
import pickle
import sys
from contextlib import ExitStack

import pytest

from simopt.report import serving

#: A process that says who it is; asked to stay it does, asked to work it takes so much of a core.
PROGRAM = """
import os, sys, time
sys.path[:] = {path!r}
from simopt.report.serving import serve

def answer(request, send):
    print("in between")
    if request == "much":
        send("m" * {much})
    if request == "work":
        while time.process_time() < {work}:
            pass
    send((request, os.getpid()))
    if request == "stay":
        time.sleep(3600)

serve(answer, {ends!r})
"""

WORK = 0.5
#: More characters than a pipe holds at once.
MUCH = 1_000_000


@pytest.fixture(
    params=[
        pytest.param(True, marks=pytest.mark.skipif(not serving.DIVIDES, reason="Linux alone")),
        False,
    ]
)
def started(monkeypatch, request):
    """A function that starts so many processes, which divide, or are started each for itself."""
    monkeypatch.setattr(serving, "DIVIDES", request.param)

    def start(stack, count):
        def command(ends):
            return PROGRAM.format(path=sys.path, work=WORK, much=MUCH, ends=[*ends])

        processes, pipes = serving.started(stack, count, command, {"MORE": "1"})
        for process in processes:
            stack.callback(process.terminate)
        assert len(processes) == (1 if request.param else count)
        return pipes

    return start


def ask(pipes, request):
    requests, answers = pipes
    pickle.dump(request, requests)
    said, process = pickle.load(answers)
    assert said == request
    return process


def gone(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def test_each_answers_its_own_requests(started):
    with ExitStack() as stack:
        one, other = started(stack, 2)
        first, second = ask(one, "a"), ask(other, "b")
        assert len({first, second, os.getpid()}) == 3
        assert [ask(one, "c"), ask(other, "d")] == [first, second]


def test_an_answer_longer_than_a_pipe_is_whole(started):
    with ExitStack() as stack:
        (pipes,) = started(stack, 1)
        requests, answers = pipes
        pickle.dump("much", requests)
        assert pickle.load(answers) == "m" * MUCH
        assert pickle.load(answers)[0] == "much"


def test_all_end_together_whatever_they_are_at(started):
    with ExitStack() as stack:
        one, other = started(stack, 2)
        both = ask(one, "a"), ask(other, "stay")
        assert not any(map(gone, both))
    assert all(map(gone, both))


def test_what_they_take_counts_once_they_have_ended(started):
    before = sum(os.times()[2:4])
    with ExitStack() as stack:
        one, other = started(stack, 2)
        ask(one, "work")
        ask(other, "work")
    assert sum(os.times()[2:4]) - before >= 2 * WORK * 0.9


def test_one_that_is_gone_closes_its_pipe(started):
    with ExitStack() as stack:
        one, other = started(stack, 2)
        os.kill(ask(one, "stay"), 9)
        with pytest.raises(EOFError):
            pickle.load(one[1])
        ask(other, "a")
