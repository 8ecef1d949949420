#!/usr/bin/env bash
# PyTorch-Ignite 0.5.5, EarlyStopping: a score of NaN counts as an improvement, so that a run whose
# loss has become NaN is never stopped.
#
# Only a score that is at most the best so far is counted against the patience, which NaN is not; it
# becomes the best, and with it every later NaN. With patience=2 a score that stays at -1 ends the run
# at the third evaluation; -1, nan, nan, nan, ... has not ended it after a hundred.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  pytorch-ignite==0.5.5 torch==2.13.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import ignite
from ignite.engine import Engine, Events
from ignite.handlers import EarlyStopping


def epochs(losses):
    """The epochs that a training makes whose validation gives these losses."""
    trainer = Engine(lambda engine, batch: None)
    validation = Engine(lambda engine, batch: None)
    stopper = EarlyStopping(
        patience=2, score_function=lambda engine: -engine.state.output_loss, trainer=trainer
    )
    validation.add_event_handler(Events.COMPLETED, stopper)

    @trainer.on(Events.EPOCH_COMPLETED)
    def validate(engine):
        @validation.on(Events.STARTED)
        def look(inner):
            inner.state.output_loss = losses[trainer.state.epoch - 1]

        validation.run([0])

    trainer.run([0], max_epochs=len(losses))
    return trainer.state.epoch


still, broken = epochs([1.0] * 100), epochs([1.0] + [float("nan")] * 99)
print("ignite", ignite.__version__, "epochs: loss stays at 1", still, "| becomes NaN", broken)
assert still == 3
assert broken == 100
PYTHON
