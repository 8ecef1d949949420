#!/usr/bin/env bash
# Flax 0.12.8, nnx.metrics.Average and Accuracy: a mask that is broadcast makes the mean too large, by as
# many times as it is repeated.
#
# The "mask shape should be broadcastable to the shape of values array". Its product with the values is
# broadcast, but the count is the sum of the mask as it was given (Average.update, which Accuracy calls).
# Four texts of 10 tokens, of which one is padding, with a mask of shape (4, 1): a loss of 2 at every token
# has a mean of 20, and an accuracy of 0.5 is 5. With the mask repeated to (4, 10) they are 2 and 0.5. One
# right in ten is an accuracy of 1, where nothing looks wrong. clu 0.0.12's Average repeats such a mask.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  flax==0.12.8 clu==0.0.12 jax==0.10.2
env/bin/python - <<'PYTHON'
import clu.metrics
import flax
import jax.numpy as jnp
from flax import nnx

TEXTS, TOKENS = 4, 10


def means(right, mask):
    """The mean loss, and the accuracy where so many tokens of each text are right."""
    average, accuracy = nnx.metrics.Average(), nnx.metrics.Accuracy()
    average.update(values=jnp.full((TEXTS, TOKENS), 2.0), mask=mask)
    labels = jnp.tile((jnp.arange(TOKENS) >= right).astype("int32"), (TEXTS, 1))
    logits = jnp.zeros((TEXTS, TOKENS, 2)).at[..., 0].set(1.0)
    accuracy.update(logits=logits, labels=labels, mask=mask)
    return round(float(average.compute()), 6), round(float(accuracy.compute()), 6)


short = jnp.array([[1], [1], [1], [0]])
whole = jnp.broadcast_to(short, (TEXTS, TOKENS))
print("flax", flax.__version__)
for right in (5, 1):
    print(right, "of 10 right: mask (4, 1)", means(right, short), "mask (4, 10)", means(right, whole))
assert means(5, whole) == (2.0, 0.5) and means(5, short) == (20.0, 5.0)
assert means(1, whole) == (2.0, 0.1) and means(1, short) == (20.0, 1.0)
other = clu.metrics.Average.from_model_output(values=jnp.full((TEXTS, TOKENS), 2.0), mask=short[:, 0])
assert float(other.compute()) == 2.0
PYTHON
