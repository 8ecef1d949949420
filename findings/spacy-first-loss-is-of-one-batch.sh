#!/usr/bin/env bash
# spaCy 3.8.18, spacy train: the loss that is logged grows with eval_frequency, and its first value is
# of one batch, all others of as many as lie between two evaluations.
#
# The column LOSS (console, and "losses" in ConsoleLogger.v3's JSON lines) is a sum since the last
# evaluation, and the first evaluation is at step 0, behind one batch. One training, one seed, the same
# batches: with eval_frequency = 10 the loss goes from 0.25 to 2.3, with 20 from 0.25 to 4.4, as if it
# had blown up, while both learn the two classes; per batch it falls from the start.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check spacy==3.8.18 numpy==2.4.6
env/bin/python - <<'PYTHON'
import contextlib
import io
import json
from pathlib import Path

import spacy
from spacy.cli.init_config import init_config
from spacy.cli.train import train
from spacy.tokens import DocBin

blank, docs = spacy.blank("en"), DocBin()
for k in range(60):
    doc = blank("good nice day" if k % 2 else "bad ugly night")
    doc.cats = {"P": float(k % 2), "N": float(1 - k % 2)}
    docs.add(doc)
docs.to_disk("docs.spacy")


def losses(every):
    config = init_config(lang="en", pipeline=["textcat"], optimize="efficiency", silent=True)
    config["training"] |= {"max_steps": 60, "eval_frequency": every, "seed": 0}
    config["training"]["logger"] = {
        "@loggers": "spacy.ConsoleLogger.v3", "progress_bar": None, "console_output": True,
        "output_file": f"{every}.jsonl",
    }
    config.to_disk("config.cfg")
    with contextlib.redirect_stdout(io.StringIO()):
        train(Path("config.cfg"), overrides={"paths.train": "docs.spacy", "paths.dev": "docs.spacy"})
    rows = [json.loads(line) for line in Path(f"{every}.jsonl").read_text().splitlines()]
    return [row["step"] for row in rows], [row["losses"]["textcat"] for row in rows]


for every in (10, 20):
    steps, values = losses(every)
    batches = [1] + [every] * (len(values) - 1)
    each = [value / count for value, count in zip(values, batches)]
    print(f"spacy {spacy.__version__}, eval_frequency = {every}: steps {steps}")
    print("  logged:  ", [round(value, 2) for value in values])
    print("  a batch: ", [round(value, 3) for value in each])
    assert steps[0] == 0 and 0.7 * every < values[1] / values[0] <= every
    assert all(b < a for a, b in zip(each, each[1:]))
PYTHON
