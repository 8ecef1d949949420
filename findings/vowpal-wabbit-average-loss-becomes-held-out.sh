#!/usr/bin/env bash
# Vowpal Wabbit 9.11.9: with --passes 2 or more the column "average loss" changes its meaning within the
# table: of the points trained on during the first pass, of held-out points from then on.
#
# The heading stays, the counter goes on; a lone "h" behind the row, in a column without a name, is all
# that tells. The average begins anew there: "since last", which was 0.16, is 0.89 in the first row of
# the second pass, and equals the average. With --holdout_off, on the same data, it goes on falling.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check vowpalwabbit==9.11.9 numpy==2.4.6
env/bin/python - <<'PYTHON'
import subprocess
import sys

import numpy as np
import vowpalwabbit

random = np.random.default_rng(0)
x = random.normal(size=(300, 5))
y = x @ random.normal(size=5)
with open("points.txt", "w") as file:
    for row, target in zip(x, y):
        cells = " ".join(f"f{k}:{value:.4f}" for k, value in enumerate(row))
        file.write(f"{target:.4f} | {cells}\n")

PROGRAM = "import sys, vowpalwabbit; vowpalwabbit.Workspace(sys.argv[1], enable_logging=False).finish()"


def rows(more):
    options = f"--passes 4 -k --cache_file points.cache -d points.txt -P 50 {more}"
    ran = subprocess.run([sys.executable, "-c", PROGRAM, options], capture_output=True, text=True)
    ran.check_returncode()
    cells = [line.split() for line in (ran.stdout + ran.stderr).splitlines()]
    return [row for row in cells if len(row) in (7, 8) and row[0].replace(".", "").isdigit()][:12]


held, off = rows(""), rows("--holdout_off")
for name, table in (("default", held), ("--holdout_off", off)):
    print("vowpalwabbit", vowpalwabbit.__version__, name)
    for row in table:
        print("  average, since last, counter:", *row[:3], *row[7:])
marks = [row[7:] for row in held]
first = marks.index(["h"])
assert not any(marks[:first]) and all(mark == ["h"] for mark in marks[first:])
assert int(held[first][2]) == 300 and held[first][0] == held[first][1]
assert float(held[first][1]) > 4 * float(held[first - 1][1])
assert all(len(row) == 7 for row in off)
assert all(float(b[0]) < float(a[0]) for a, b in zip(off, off[1:]))
PYTHON
