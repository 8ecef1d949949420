#!/usr/bin/env bash
# trainpulse 0.4.0: a validation loss is judged as the next value of the training loss.
#
# A calm run: the training loss falls in a line from 0.2 to 0.1, and every hundred steps a validation
# loss of 1.5 is logged under its own name. One window serves every name that has "loss" in it, so each
# evaluation is a "loss spike" (7.8x the rolling average and more): 10 of 10, health 0.5 of 1.
# The same values in two monitors: no alert.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check trainpulse==0.4.0
env/bin/python - <<'PYTHON'
import trainpulse
from trainpulse import Monitor

one, training, validation = Monitor(), Monitor(), Monitor()
for step in range(1000):
    loss = 0.2 - 1e-4 * step
    one.log("train_loss", step, loss)
    training.log("train_loss", step, loss)
    if step % 100 == 99:
        one.log("val_loss", step, 1.5)
        validation.log("val_loss", step, 1.5)
report = one.report()
apart = len(training.alerts) + len(validation.alerts)
print("trainpulse", trainpulse.__version__, "alerts:", len(report.alerts), "apart:", apart)
print(report.alerts[0], "| health", report.health_score)
assert [alert.detector for alert in report.alerts] == ["loss_spike"] * 10
assert apart == 0 and report.health_score <= 0.5
PYTHON
