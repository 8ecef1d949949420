#!/usr/bin/env bash
# jax 0.10.2, example_libraries.optimizers.adagrad: by default an average over gradients, not AdaGrad.
#
# adagrad(step_size, momentum=0.9) multiplies the first step by 1 - momentum: from 3.0, with gradient 1
# and step size 0.1, it goes to 2.99 where AdaGrad goes to 2.9. numpyro.optim.Adagrad passes it on.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check jax==0.10.2
env/bin/python - <<'PYTHON'
import jax
from jax.example_libraries import optimizers

init, update, get = optimizers.adagrad(0.1)
state = update(0, 1.0, init(3.0))
found = float(get(state))
print("jax", jax.__version__, "after one step from 3.0:", found)
assert abs(found - 2.99) < 1e-6
PYTHON
