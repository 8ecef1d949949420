#!/usr/bin/env bash
# MLflow 3.17.2, its default store (SQLite): an infinite metric comes back as 1.797e308.
#
# Logged: 1, inf, -inf, nan. Read back: 1, 1.7976931348623157e+308, -1.7976931348623157e+308, nan.
# NaN has a column of its own (is_nan) and survives; infinity is replaced by the largest float64 with
# no mark that it was one. So math.isinf finds no diverged run, and a mean over runs overflows.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check mlflow-skinny==3.17.2 sqlalchemy alembic
env/bin/python - <<'PYTHON'
import math

import mlflow

mlflow.set_tracking_uri("sqlite:///runs.db")
logged = [1.0, math.inf, -math.inf, math.nan]
with mlflow.start_run() as run:
    for step, value in enumerate(logged):
        mlflow.log_metric("loss", value, step=step)
history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "loss")
found = [metric.value for metric in history]
print("mlflow", mlflow.__version__, "logged", logged, "read back", found)
assert found[:3] == [1.0, 1.7976931348623157e308, -1.7976931348623157e308]
assert math.isnan(found[3])
PYTHON
