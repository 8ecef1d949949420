#!/usr/bin/env bash
# Lightning 2.6.6: whether rich is installed decides what a log of the output keeps of a training. With
# it, of eight epochs the last one's losses alone; without it, those of all.
#
# Where rich can be imported, the Trainer takes RichProgressBar in place of TQDMProgressBar. Written
# to a file, rich draws a bar once, when it is over, and by default (leave=False) there is one bar for all
# epochs. The program is the same; `pip install rich`, which many packages do, is all the difference.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  lightning==2.6.6 torch==2.13.0 numpy==2.4.6
cat > train.py <<'PYTHON'
import warnings

import lightning
import torch
from torch.utils.data import DataLoader, TensorDataset

warnings.simplefilter("ignore")
torch.manual_seed(0)


class Model(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)

    def training_step(self, batch, index):
        loss = (self.layer(batch[0]) ** 2).mean()
        self.log("loss", loss, prog_bar=True, on_step=False, on_epoch=True)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.05)


lightning.Trainer(
    max_epochs=8, accelerator="cpu", logger=False, enable_checkpointing=False, enable_model_summary=False
).fit(Model(), DataLoader(TensorDataset(torch.randn(64, 4)), batch_size=8))
PYTHON
cat > count.py <<'PYTHON'
import re
import sys
from importlib import metadata
from pathlib import Path

text = re.sub(r"\s+", " ", Path(sys.argv[1]).read_text().replace("\r", " "))
epochs = {int(epoch) for epoch, _ in re.findall(r"Epoch (\d)(?:/7)?\b[^=:]*?(?:(?!Epoch).)*?loss[=:] ?([\d.]+)", text)}
print("lightning", metadata.version("lightning"), sys.argv[1], "epochs whose loss is in the log:", sorted(epochs))
assert epochs == {int(epoch) for epoch in sys.argv[2].split(",")}
PYTHON
env/bin/python -c 'import importlib.util as u; assert u.find_spec("rich") is None'
env/bin/python train.py > without-rich.log 2>&1
env/bin/python -m pip install --quiet --disable-pip-version-check rich==14.2.0
env/bin/python train.py > with-rich.log 2>&1
env/bin/python count.py without-rich.log 0,1,2,3,4,5,6,7
env/bin/python count.py with-rich.log 7
