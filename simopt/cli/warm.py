"""Compile the document's kernels once, so that the first report does not wait for them.

``python -m simopt.cli.warm`` is part of setting up; a kernel found on disk takes no time.
"""

from __future__ import annotations

import itertools

from tqdm import tqdm

from simopt import problems
from simopt.rules import OPTIMIZERS
from simopt.sweeps.sweep import sweep


def main() -> None:
    """Run every rule on one weight and on several, on shared and on own orders of the points."""
    both = (problems.four_points(), problems.diabetes())
    cases = list(itertools.product(both, OPTIMIZERS.items(), ("never", "epoch")))
    with tqdm(cases, unit=" kernels") as bar:
        for problem, (name, optimizer), shuffle in bar:
            bar.set_description(f"compiling {name} for d {'=' if problem.d == 1 else '>'} 1")
            sweep(problem, optimizer(), shuffle=shuffle, reduce="seed", progress=False)


if __name__ == "__main__":
    main()
