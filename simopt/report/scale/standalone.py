"""The most memory that sweeps take, run as a program of its own: it loads nothing but simopt.

``python alone.py 125x80 1250x80`` runs so many settings with so many seeds, one after the other,
and prints the most memory [MiB] so far: after a single trajectory, and after each of them.
"""

from __future__ import annotations

import sys
from pathlib import Path


def peak_memory() -> float:
    """The most memory that this process has held so far [MiB].

    On Linux that of the program itself, VmHWM: ``ru_maxrss`` of a process started by a large one is
    at least as large as that one was.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        return float(fields["VmHWM"].split()[0]) / 1024
    except (OSError, KeyError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return used / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    """Sweep Adam on the four points, larger and larger."""
    import numpy as np

    from simopt import problems
    from simopt.rules import Adam
    from simopt.sweeps.sweep import sweep

    for shape in ("1x1", *sys.argv[1:]):
        settings, seeds = map(int, shape.split("x"))
        sweep(
            problems.four_points(), Adam(eta=np.geomspace(1e-3, 1.0, settings)),
            epochs=10, shuffle="epoch", seed=range(seeds), reduce="seed", progress=False,
        )  # fmt: skip
        print(peak_memory(), flush=True)


if __name__ == "__main__":
    main()
