#!/usr/bin/env bash
# thinc 9.1.1, slanted_triangular: past num_steps the learning rate is negative, and goes on falling.
#
# slanted_triangular(max_rate=0.1, num_steps=10) gives 0.1 at step 0, 0.0031 at step 9, -0.0076 at
# step 10, -0.0615 at step 15: training longer than planned climbs the loss, without a warning.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check thinc==9.1.1
env/bin/python - <<'PYTHON'
import importlib.metadata

from thinc.schedules import slanted_triangular

rate = slanted_triangular(0.1, 10)
rates = [float(rate(step)) for step in range(16)]
print("thinc", importlib.metadata.version("thinc"), [round(each, 4) for each in rates])
assert rates[0] == 0.1 and rates[9] > 0
assert all(each < 0 for each in rates[10:])
assert rates[15] < rates[10]
PYTHON
