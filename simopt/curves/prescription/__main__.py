"""Try all advice and record its odds: ``python -m simopt.curves.prescription --record FILE``."""

from __future__ import annotations

import argparse

from simopt.curves.prescription import recording
from simopt.ground.threads import thread_count

parser = argparse.ArgumentParser(description="How often every fix that is advised mends a run.")
parser.add_argument(
    "--record", metavar="FILE", help="write the odds there (simopt/curves/odds.csv)"
)
given = parser.parse_args()
measured = recording.measure(thread_count(None), lambda name: print(name, flush=True))
if given.record:
    print(recording.record(given.record, measured))
else:
    print(measured.groupby(["symptom", "fix"])[["runs", "mended", "worse"]].sum().to_string())
