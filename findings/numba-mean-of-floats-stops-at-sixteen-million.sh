#!/usr/bin/env bash
# Numba 0.68.1: in compiled code np.mean and np.sum of float32 numbers are summed one after the other
# in float32. The mean of 2^25 ones is 0.5, that of four million numbers 0.1 is 0.0960.
#
# At 2^24 a sum of ones stops: the next 1 is half of the last place. NumPy sums pairwise and is right
# to 7 digits. The list of what is supported has np.mean and np.sum with no word on that; a function
# that is compiled to be faster loses digits in proportion to the number of its elements.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check numba==0.68.1 numpy==2.4.6
env/bin/python - <<'PYTHON'
import numba
import numpy as np


def mean(values):
    return np.mean(values)


compiled = numba.njit(mean)
ones, tenths = np.ones(2**25, np.float32), np.full(2**22, 0.1, np.float32)
print("numba", numba.__version__, "numpy", np.__version__)
for name, values in (("2^25 ones", ones), ("2^22 times 0.1", tenths)):
    print(f"mean of {name}: compiled {compiled(values):.6g}, NumPy {mean(values):.6g}")
assert compiled(ones) == 0.5
assert mean(ones) == 1.0
assert abs(compiled(tenths) - 0.1) > 0.003
assert abs(mean(tenths) - 0.1) < 1e-6
PYTHON
