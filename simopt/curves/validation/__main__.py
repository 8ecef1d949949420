"""How often the reader is right, by source: ``python -m simopt.curves.validation``.

With ``--record FILE`` the simulator's held-out curves are made anew and written there.
"""

from __future__ import annotations

import argparse

from simopt.curves.validation import simulated
from simopt.curves.validation.sources import measure, text

parser = argparse.ArgumentParser(description="How often a diagnosis is right, by source.")
parser.add_argument(
    "--size", type=int, default=2000, help="simulated and constructed curves (2000)"
)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--record", metavar="FILE", help="make the recorded curves anew")
given = parser.parse_args()
if given.record is not None:
    print(simulated.record(given.record))
else:
    print(text(measure(size=given.size, seed=given.seed)))
