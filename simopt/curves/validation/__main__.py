"""How often the reader is right, by source: ``python -m simopt.curves.validation``."""

from __future__ import annotations

import argparse

from simopt.curves.validation.sources import measure, text

parser = argparse.ArgumentParser(description="How often a diagnosis is right, by source.")
parser.add_argument(
    "--size", type=int, default=2000, help="simulated and constructed curves (2000)"
)
parser.add_argument("--seed", type=int, default=0)
given = parser.parse_args()
print(text(measure(size=given.size, seed=given.seed)))
