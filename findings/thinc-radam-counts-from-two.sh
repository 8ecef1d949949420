#!/usr/bin/env bash
# thinc 9.1.1, RAdam: the first update is 0.526 of what the formula gives, for t starts at 2.
#
# While the variance is not rectified RAdam (Liu et al. 2020, algorithm 2) moves by lr m / (1 - beta1^t).
# After the first gradient m = (1 - beta1) g, so that the first step is lr g; with t = 2 it is
# lr g (1 - 0.9) / (1 - 0.9^2) = 0.526 lr g.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check thinc==9.1.1 numpy
env/bin/python - <<'PYTHON'
import importlib.metadata

import numpy as np
from thinc.api import RAdam

weight, gradient = np.array([3.0], dtype="f"), np.array([1.0], dtype="f")
moved, _ = RAdam(0.1)((1, "w"), weight.copy(), gradient)
step = 3.0 - float(moved[0])
print("thinc", importlib.metadata.version("thinc"), "first step / lr:", round(step / 0.1, 4))
assert abs(step / 0.1 - (1 - 0.9) / (1 - 0.9**2)) < 1e-4
PYTHON
