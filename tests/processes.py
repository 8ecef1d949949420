"""Processes of their own, to be killed: forked from a server that has imported what they need.

The server has no threads. A new Python would take a second to come as far.
"""

import multiprocessing

PROCESSES = multiprocessing.get_context("forkserver")
# What is forked finds the tests of all files that start some: there is one server for all.
PROCESSES.set_forkserver_preload(
    [
        "simopt.sweeps.store",
        *(f"tests.test_{each}" for each in ("chunks", "growth", "sharing", "store")),
    ]
)


def start(function, *arguments):
    process = PROCESSES.Process(target=function, args=arguments, daemon=True)
    process.start()
    return process


def _tell(pipe, function, arguments):
    pipe.send(function(*arguments))


def elsewhere(function, *arguments):
    """What a function returns in a process of its own."""
    here, there = PROCESSES.Pipe(duplex=False)
    process = start(_tell, there, function, arguments)
    there.close()
    try:
        return here.recv()
    finally:
        process.join()
