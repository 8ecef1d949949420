#!/usr/bin/env bash
# ClearML 2.1.12, offline mode: NaN and infinity are written as 0.0, the best value a loss can have.
#
# Reported: 1, nan, inf. In metrics.jsonl of the session's archive: 1.0, 0.0, 0.0. The console has a
# line of level INFO at the first of each; the file has no mark.
# A run whose loss has become NaN looks as if it had reached a loss of exactly 0.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check clearml==2.1.12
env/bin/python - <<'PYTHON'
import json
import math
import zipfile
from pathlib import Path

import clearml
from clearml import Task

Task.set_offline(True)
task = Task.init(
    project_name="p", task_name="n", auto_connect_frameworks=False, auto_resource_monitoring=False
)
for step, value in enumerate([1.0, math.nan, math.inf]):
    task.get_logger().report_scalar("loss", "train", value, step)
task.flush(wait_for_uploads=True)
folder = Path(task.get_offline_mode_folder())
task.close()
with zipfile.ZipFile(folder.with_name(folder.name + ".zip")) as archive:
    lines = archive.read("metrics.jsonl").decode().splitlines()
found = [event["value"] for line in lines for event in json.loads(line)]
print("clearml", clearml.__version__, "reported [1, nan, inf], written", found)
assert found == [1.0, 0.0, 0.0]
PYTHON
