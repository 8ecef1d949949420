#!/usr/bin/env bash
# Pyro 1.9.2, optim.ClippedAdam: clip_norm bounds each value, not the norm.
#
# By its docstring it is the "magnitude of norm to which gradients are clipped". With clip_norm=1 a
# gradient of (100, 1) becomes (1, 1), in place of (1, 0.01) at the norm 1: its direction turns by 44
# degrees, and its norm is 1.41. Seen in the optimizer's first mean, which is 0.1 times the gradient.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  pyro-ppl==1.9.2 torch==2.13.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import pyro
import torch
from pyro.optim.clipped_adam import ClippedAdam

weights = torch.nn.Parameter(torch.zeros(2, dtype=torch.float64))
optimizer = ClippedAdam([weights], betas=(0.9, 0.999), clip_norm=1.0)
weights.grad = torch.tensor([100.0, 1.0], dtype=torch.float64)
optimizer.step()
(state,) = optimizer.state.values()
taken = state["exp_avg"] / (1 - 0.9)
print("pyro", pyro.__version__, "gradient (100, 1), clip_norm 1:", taken.tolist())
print("norm", float(taken.norm()))
assert torch.allclose(taken, torch.ones(2, dtype=torch.float64))
PYTHON
