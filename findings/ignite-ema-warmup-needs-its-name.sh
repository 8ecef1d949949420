#!/usr/bin/env bash
# PyTorch-Ignite 0.5.5, EMAHandler: attached under a name of one's own, its warm-up does nothing.
#
# momentum_warmup and warmup_iters take the share of the new weights from 0.2 to 0.002 over ten
# iterations. The warm-up always sets state.ema_momentum; the average reads the name that attach was
# given. The documentation gives each of two handlers on one trainer a name (gen_ema_momentum,
# disc_ema_momentum), as it has to: then both begin at 0.002, and after 12 iterations on weights that
# went from 0 to 1 at once the average is 0.024 in place of 0.66.
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
import torch
from ignite.engine import Engine, Events
from ignite.handlers import EMAHandler


def averaged(**name):
    """The averaged weight, and the momentum of every iteration."""
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(model.weight)
    handler = EMAHandler(model, momentum=0.002, momentum_warmup=0.2, warmup_iters=10)
    torch.nn.init.ones_(model.weight)
    trainer, momenta = Engine(lambda engine, batch: None), []
    handler.attach(trainer, **name)

    @trainer.on(Events.ITERATION_COMPLETED)
    def look(engine):
        momenta.append(round(getattr(engine.state, name.get("name", "ema_momentum")), 3))

    trainer.run([0] * 12)
    return round(handler.ema_model.weight.item(), 3), momenta


default, named = averaged(), averaged(name="gen_ema_momentum")
print("ignite", ignite.__version__)
print("default name:    ", *default)
print("gen_ema_momentum:", *named)
assert default[1][0] == 0.2 and default[1][-1] == 0.002
assert named[1] == [0.002] * 12
assert default[0] > 0.6 and named[0] == 0.024
PYTHON
