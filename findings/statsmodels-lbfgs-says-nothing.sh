#!/usr/bin/env bash
# statsmodels 0.15.0 with SciPy 1.17.1: fit(method="lbfgs", disp=1) prints nothing; with every other
# method a summary is printed. ARIMA's, SARIMAX' and all state space models' default is lbfgs.
#
# statsmodels hands disp on to SciPy's fmin_l_bfgs_b, whose printing went with its Fortran code; what
# statsmodels says for newton, bfgs, cg, ncg, powell and nm, that it ended and where, is not said here,
# and SARIMAX.fit(disp=5), documented to print every fifth iteration, is as silent as disp=0.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check \
  statsmodels==0.15.0 scipy==1.17.1 numpy==2.4.6
env/bin/python - <<'PYTHON' > printed.txt
import os
import sys
import warnings

import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm

warnings.simplefilter("ignore")
random = np.random.default_rng(0)
x = sm.add_constant(random.normal(size=(200, 2)))
y = (random.random(200) < 1 / (1 + np.exp(-x @ [0.3, 1.0, -1.0]))).astype(int)
print("versions", statsmodels.__version__, scipy.__version__)


def say(what):
    sys.stdout.flush()
    print(what, flush=True)


for method in ("newton", "bfgs", "cg", "ncg", "powell", "nm", "lbfgs"):
    say(f"== {method}")
    result = sm.Logit(y, x).fit(method=method, disp=1, maxiter=500)
    assert result.mle_retvals["converged"], method
say("== sarimax")
sm.tsa.SARIMAX(np.cumsum(x[:, 1]), order=(1, 1, 1)).fit(disp=5)
say("== end")
PYTHON
env/bin/python - <<'PYTHON'
import re
from pathlib import Path

text = Path("printed.txt").read_text()
parts = dict(re.findall(r"== (\w+)\n(.*?)(?=== |\Z)", text, re.DOTALL))
lines = {name: len(said.splitlines()) for name, said in parts.items() if name != "end"}
print(text.splitlines()[0])
print("lines printed:", lines)
assert lines.pop("lbfgs") == 0 and lines.pop("sarimax") == 0
assert len(lines) == 6 and min(lines.values()) >= 3
PYTHON
