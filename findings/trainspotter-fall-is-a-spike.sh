#!/usr/bin/env bash
# trainspotter 0.2.6: a loss that falls is reported as a spike that it "jumped to".
#
# A step schedule: the loss is 1 for a hundred steps and 0.5 for the next hundred, with 1 % of noise.
# The distance from the rolling median counts without its sign, so the fall to a half at step 100 is
# an error, "Loss spike", with the advice to lower the learning rate and to look for a bad batch.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check numpy==2.4.6 trainspotter==0.2.6
env/bin/python - <<'PYTHON'
import random

import trainspotter
from trainspotter import Run, run_all

draw, run = random.Random(0), Run()
for step in range(200):
    level = 1.0 if step < 100 else 0.5
    run.add_point("train/loss", step, level * (1 + 0.01 * draw.gauss(0, 1)))
run.finalize()
findings = run_all(run)
for each in findings:
    print("trainspotter", trainspotter.__version__, each.severity, each.title, "|", each.message)
assert [(each.title, each.severity) for each in findings] == [("Loss spike", "error")]
assert findings[0].step_start == 100
PYTHON
