"""Processes that answer one request after another, over pipes.

They begin as ``python -c``, since `multiprocessing` would import the caller's main module again,
which may be a script that calls `simopt.report` without a guard. On Linux only one is started: it
imports what answering needs, over two seconds of CPU, and divides.
"""

from __future__ import annotations

import gc
import io
import os
import pickle
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import IO, Any

#: Whether a process can divide after it has imported: on other systems libraries may break.
DIVIDES = sys.platform == "linux"

#: Objects made since the last search for cycles of unused ones, from which on the next one begins.
#: With Python's own number, 700, a tenth of what pages take are such searches.
BETWEEN_SEARCHES = 100_000

#: File descriptors: where a process reads requests, and where it writes answers.
Ends = tuple[int, int]

#: Files: where requests are written, and where answers are read.
Pipes = tuple[IO[bytes], IO[bytes]]

#: Answers a request: it sends whatever shall go back.
Answer = Callable[[Any, Callable[[object], None]], None]


def started(
    stack: ExitStack, count: int, command: Callable[[Sequence[Ends]], str], more: Mapping[str, str]
) -> tuple[list[subprocess.Popen[bytes]], list[Pipes]]:
    """Start so many processes, each with a pipe for requests to it and one for its answers.

    Parameters
    ----------
    stack : ExitStack
        Waits for them in the end.
    count : int
        How many shall answer.
    command : callable
        Says what Python runs: a call of `serve` with the ends given.
    more : mapping of str to str
        Added to the environment.

    Returns
    -------
    list of Popen
        To be terminated; with them all end that answer.
    list of (file, file)
        Of each that answers: where requests are written, and where answers are read.
    """
    environment = os.environ | more
    if not DIVIDES:
        pipe, run = subprocess.PIPE, [sys.executable, "-c", command([])]
        made = [
            stack.enter_context(
                subprocess.Popen(run, stdin=pipe, stdout=pipe, env=environment, bufsize=0)
            )
            for _ in range(count)
        ]
        # Requests leave at once; an answer of many parts is read until it is whole.
        return made, [
            (each.stdin, io.BufferedReader(each.stdout))  # type: ignore[misc, type-var]
            for each in made
        ]
    pipes = [(*os.pipe(), *os.pipe()) for _ in range(count)]
    ends = [(requests, answers) for requests, _, _, answers in pipes]
    held = [descriptor for both in ends for descriptor in both]
    ours: list[Pipes] = [
        (
            stack.enter_context(os.fdopen(requests, "wb", 0)),
            stack.enter_context(os.fdopen(answers, "rb")),
        )
        for _, requests, answers, _ in pipes
    ]
    run = [sys.executable, "-c", command(ends)]
    nothing = subprocess.DEVNULL
    try:
        process = stack.enter_context(
            subprocess.Popen(run, stdin=nothing, pass_fds=held, env=environment)
        )
    finally:
        _close(held)
    return [process], ours


def serve(answer: Answer, ends: Sequence[Ends], prepare: Callable[[], None] = lambda: None) -> None:
    """Answer requests until the pipes that bring them are closed: a process for each of the ends.

    Parameters
    ----------
    answer : callable
        Given a request and a function that sends an object back.
    ends : sequence of (int, int)
        Of pipes; without any, standard input and output.
    prepare : callable
        Called once, before the process divides.
    """
    # Ctrl-C reaches all processes of a terminal: the one that asks ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare()
    # What is imported stays: no search for unused objects need look at it.
    gc.freeze()
    gc.set_threshold(BETWEEN_SEARCHES)
    own = () if ends else (os.dup(0), os.dup(1))
    # Whatever is printed must not come between.
    os.dup2(2, 1)
    if own:
        _answer(answer, own)
        return
    held = [descriptor for both in ends for descriptor in both]
    divided: list[int] = []

    def end(*_: object) -> None:
        for process in divided:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)

    # Not before all are there: an end meanwhile would leave those that come later.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    signal.signal(signal.SIGTERM, end)
    # The threads there are, OpenBLAS', end before a process divides and begin anew after that.
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    for own in ends:
        process = os.fork()
        if process:
            divided.append(process)
            continue
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
            _close([descriptor for descriptor in held if descriptor not in own])
            _answer(answer, own)
        finally:
            os._exit(0)
    # Else nobody would notice that one of them is gone.
    _close(held)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    # Their CPU seconds count as this one's once it has waited for them.
    while divided:
        os.waitpid(divided[-1], 0)
        divided.pop()


def _answer(answer: Answer, ends: Ends) -> None:
    with os.fdopen(ends[0], "rb") as requests, os.fdopen(ends[1], "wb") as answers:

        def send(event: object) -> None:
            pickle.dump(event, answers)
            answers.flush()

        while True:
            try:
                request = pickle.load(requests)
            except EOFError:
                return
            answer(request, send)


def _close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
