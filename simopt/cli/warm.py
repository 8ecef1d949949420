"""Compile the document's kernels once, so that the first report does not wait for them.

``python -m simopt.cli.warm`` is part of setting up; a kernel found on disk takes no time. Compiling
holds the GIL: as many processes as there are cores share the kernels.
"""

from __future__ import annotations

import itertools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, as_completed

from tqdm import tqdm

from simopt import problems
from simopt.ground.threads import thread_count
from simopt.rules import OPTIMIZERS

#: One weight, and several.
PROBLEMS = {"= 1": problems.four_points, "> 1": problems.diabetes}


def compile_kernel(d: str, name: str, shuffle: str) -> str:
    """Run a rule on one weight or on several, on shared or on own orders of the points."""
    from simopt.sweeps.sweep import sweep

    sweep(PROBLEMS[d](), OPTIMIZERS[name](), shuffle=shuffle, reduce="seed", progress=False)
    return f"{name} for d {d}"


def main() -> None:
    """Compile every rule's kernels."""
    cases = list(itertools.product(PROBLEMS, OPTIMIZERS, ("never", "epoch")))
    spawn = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(min(thread_count(None), len(cases)), spawn) as pool,
        tqdm(total=len(cases), unit=" kernels") as bar,
    ):
        for done in as_completed([pool.submit(compile_kernel, *case) for case in cases]):
            bar.set_description(f"compiled {done.result()}")
            bar.update()


if __name__ == "__main__":
    main()
