"""Compile what several pages need once, so that the first report does not wait for it.

``python -m simopt.cli.warm`` is part of setting up; what is found on disk takes no time. Loops and
rules' steps are compiled apart (`simopt.engine.tiers`): the few sweeps that are worth a whole
kernel compile theirs. Compiling holds the GIL: as many processes as there are cores share it.
"""

from __future__ import annotations

import functools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TYPE_CHECKING

from tqdm import tqdm

from simopt import problems
from simopt.ground.threads import thread_count
from simopt.problems.synthetic import suite
from simopt.rules import OPTIMIZERS

if TYPE_CHECKING:
    from simopt.problems import Problem

#: Of each problem, whose losses and weights stand for others, how kernels take its points (see
#: `simopt.engine.cpu.kernel`), and which rules have one: the document's five, or all seven. Those
#: that take longest come first.
FIVE = ("SGD", "Momentum", "AdaGrad", "RMSprop", "Adam")
KERNELS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "logistic": (("shared",), FIVE),
    "network": (("shared",), FIVE),
    "diabetes": (("shared", "own", "moments", "own moments"), tuple(OPTIMIZERS)),
    "four points": (("shared", "moments"), tuple(OPTIMIZERS)),
}


@functools.cache
def problem_of(name: str) -> Problem:
    """The problem of that name."""
    named = {"diabetes": problems.diabetes, "four points": problems.four_points}
    return named[name]() if name in named else suite()[name]


def cases() -> list[tuple[str, str, str]]:
    """Problem, points and rule of every kernel, in the order in which they begin."""
    return [
        (problem, way, rule)
        for problem, (points, rules) in KERNELS.items()
        for way in points
        for rule in rules
    ]


def compile_kernel(problem: str, points: str, rule: str) -> str:
    """Compile the kernel of a case, or find that it is on disk."""
    import numpy as np

    from simopt.engine import blocks, grouping, layout
    from simopt.training import plan

    chosen, optimizer = problem_of(problem), OPTIMIZERS[rule]()
    one = np.zeros(1, np.int64)
    settings = np.array([optimizer.values], np.float64).T
    how = plan.make(chosen, 1, "epoch", 1, False)
    group = grouping.Group(optimizer.rule, how, settings, one, one, one)
    width = layout.lanes(np.float64)
    task = grouping.Task(group, points, False, 0, 0, width, apart=True)
    blocks.compiled(chosen, task, np.float64)
    return f"{rule}, {problem}"


def main() -> None:
    """Compile the kernels."""
    wanted = cases()
    spawn = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(min(thread_count(None), len(wanted)), spawn) as pool,
        tqdm(total=len(wanted), unit=" kernels") as bar,
    ):
        for done in as_completed([pool.submit(compile_kernel, *case) for case in wanted]):
            bar.set_description(f"compiled {done.result()}")
            bar.update()


if __name__ == "__main__":
    main()
