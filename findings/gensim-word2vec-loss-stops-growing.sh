#!/usr/bin/env bash
# gensim 4.4.0, with NumPy 2.4.6: the training loss of Word2Vec falls to 1 in 600 of itself on data
# that nothing can be learned from.
#
# With compute_loss=True, get_latest_training_loss() is a sum over all epochs so far, so that a curve
# is made of its differences. The sum is kept in float32: once it is above 2^25, what a pair of words
# adds is less than half of its last place, and most of it is lost. Here, 20 texts of 1000 words drawn
# at random, an epoch's loss goes from 134 thousand to below one thousand within 400 epochs, as if the
# model had converged. With model.running_training_loss set to 0 after every epoch, and all else the
# same, it stays at 135 thousand to the end.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check gensim==4.4.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import gensim
import numpy as np
from gensim.models import Word2Vec
from gensim.models.callbacks import CallbackAny2Vec

random = np.random.default_rng(0)
texts = [[str(word) for word in random.integers(0, 100, 1000)] for _ in range(20)]


class Losses(CallbackAny2Vec):
    def __init__(self, reset):
        self.reset, self.sums = reset, [0.0]

    def on_epoch_end(self, model):
        self.sums.append(model.get_latest_training_loss())
        if self.reset:
            model.running_training_loss = 0.0


def losses(reset):
    heard = Losses(reset)
    Word2Vec(
        texts, vector_size=8, window=5, min_count=1, workers=1, epochs=400, sg=1, seed=1,
        compute_loss=True, callbacks=[heard],
    )
    return np.array(heard.sums[1:]) if reset else np.diff(heard.sums)


added, anew = losses(False), losses(True)
print("gensim", gensim.__version__, "numpy", np.__version__)
print("first epochs:", added[:3].round(), "set to 0 each time:", anew[:3].round())
print("last epochs: ", added[-3:].round(), "set to 0 each time:", anew[-3:].round())
print("the sum:", added.sum(), "2^25:", 2**25)
assert np.allclose(added[:3], anew[:3], rtol=0.02)
assert added[-3:].max() < 1_000 and anew[-3:].min() > 130_000
assert 2**25 < added.sum() < 2**25 * 1.02
PYTHON
