#!/usr/bin/env bash
# tensorboardX 2.6.5: export_scalars_to_json writes {} after any number of add_scalar.
#
# By its docstring it writes all scalars that the writer has written so far. What add_scalar wrote is
# not among them; what add_scalars wrote is. No warning is given: the event file has the losses, the
# JSON file, made so that others can read them, is empty.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check tensorboardX==2.6.5 numpy==2.4.6
env/bin/python - <<'PYTHON'
import json
import pathlib

import tensorboardX

writer = tensorboardX.SummaryWriter("run")
for step in range(100):
    writer.add_scalar("loss", 1 / (1 + step), step)
writer.export_scalars_to_json("alone.json")
writer.add_scalars("losses", {"train": 1.0, "val": 2.0}, 0)
writer.export_scalars_to_json("groups.json")
writer.close()
alone, groups = (json.loads(pathlib.Path(f"{name}.json").read_text()) for name in ("alone", "groups"))
print("tensorboardX", tensorboardX.__version__, "after 100 add_scalar:", alone)
print("after add_scalars:", sorted(key.rsplit("run", 1)[-1] for key in groups))
assert alone == {}
assert len(groups) == 2
PYTHON
