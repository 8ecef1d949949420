#!/usr/bin/env bash
# scikit-learn 1.9.1, MLPRegressor and MLPClassifier: with learning_rate="invscaling" the rate stays for
# an epoch, and then falls at once by the root of the number of samples.
#
# It "gradually decreases the learning rate at each time step 't'", as learning_rate_init / pow(t,
# power_t). It is set at the end of an epoch only, and t counts samples, not updates. With 1000
# samples and power_t=0.5 the first epoch is at learning_rate_init, the second at a 32nd of it, the
# third at a 45th, whether an epoch has 100 updates or 10. Twice the data is a rate 1.4 times as low.
# SGDRegressor's option of that name falls at every sample.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  scikit-learn==1.9.1 numpy==2.4.6
env/bin/python - <<'PYTHON'
import numpy as np
import sklearn
from sklearn.neural_network import MLPRegressor

RATE, EPOCHS = 1e-3, 3


def rates(samples, batch):
    """The mean rate of each epoch, over the first, from what each leaves of an error.

    All inputs are 1 and all targets alike: weight and bias each go by rate times error at an update,
    which leaves 1 - 2 rate of the error.
    """
    inputs, targets = np.ones((samples, 1)), np.full(samples, 100.0)
    network = MLPRegressor(
        hidden_layer_sizes=(),
        solver="sgd",
        learning_rate="invscaling",
        learning_rate_init=RATE,
        power_t=0.5,
        momentum=0.0,
        nesterovs_momentum=False,
        alpha=0.0,
        batch_size=batch,
        random_state=0,
    )
    start = np.random.RandomState(0)
    bound = np.sqrt(6 / 2)
    weight, bias = start.uniform(-bound, bound, (1, 1)), start.uniform(-bound, bound, 1)
    error, found = 100.0 - (weight + bias).item(), []
    for _ in range(EPOCHS):
        network.partial_fit(inputs, targets)
        left = 100.0 - network.predict(inputs[:1]).item()
        found.append((1 - (left / error) ** (batch / samples)) / 2 / RATE)
        error = left
    return found


print("scikit-learn", sklearn.__version__, "rates of epochs 1, 2, 3 over learning_rate_init:")
for samples, batch in ((1000, 10), (1000, 100), (2000, 10)):
    found = rates(samples, batch)
    print(samples, "samples, batches of", batch, [round(rate, 4) for rate in found])
    expected = [1.0] + [1 / np.sqrt(epoch * samples + 1) for epoch in range(1, EPOCHS)]
    assert np.allclose(found, expected, rtol=1e-6)
PYTHON
