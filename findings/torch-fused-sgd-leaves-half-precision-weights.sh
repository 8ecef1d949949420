#!/usr/bin/env bash
# PyTorch 2.13.0: on a CPU, SGD(fused=True) leaves weights of bfloat16 and float16 where they are.
#
# The kernel (aten/src/ATen/native/cpu/FusedSGDKernel.cpp) takes as many weights at a time as fit a vector
# register, works out their update, and does not write it back; only those that are left over at the end
# of an array move. So an array of 64 never changes, of 70 the last 6 move, one of 5 trains as it should.
# A loss falls a little all the same where some arrays are small, as biases are. float32 and float64 are
# right, and so are fused=False, foreach=True, Adam and AdamW. No warning is given. PyTorch's issue 191763
# has it too.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile torch==2.13.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import torch

STEPS, RATE = 4, 0.25


def end(optimizer, dtype, size, **settings):
    """The weights after four gradients of 1, from 3."""
    weight = torch.nn.Parameter(torch.full((size,), 3.0, dtype=dtype))
    stepper = optimizer([weight], lr=RATE, **settings)
    for _ in range(STEPS):
        weight.grad = torch.ones_like(weight)
        stepper.step()
    return weight.detach().double().tolist()


sgd, moved = torch.optim.SGD, 3.0 - STEPS * RATE
print("torch", torch.__version__)
for dtype in (torch.float32, torch.float64, torch.bfloat16, torch.float16):
    fused = {size: end(sgd, dtype, size, fused=True) for size in (5, 64, 70)}
    for size, weights in fused.items():
        print(dtype, f"array of {size}:", weights.count(3.0), "weights never moved")
        assert end(sgd, dtype, size, foreach=False) == end(sgd, dtype, size, foreach=True) == [moved] * size
    half = dtype in (torch.bfloat16, torch.float16)
    assert fused[5] == [moved] * 5
    assert fused[64] == [3.0 if half else moved] * 64
    assert fused[70][:64] == fused[64] and fused[70][64:] == [moved] * 6
    momentum = end(sgd, dtype, 64, fused=True, momentum=0.5, weight_decay=0.1)
    assert (momentum == [3.0] * 64) == half
    for adam in (torch.optim.Adam, torch.optim.AdamW):
        assert max(end(adam, dtype, 64, fused=True)) < 2.1
PYTHON
