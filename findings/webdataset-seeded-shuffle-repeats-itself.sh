#!/usr/bin/env bash
# webdataset 1.0.2: shuffle(seed=...) makes every pass alike. A stream that is shuffled with a seed
# comes in one and the same order in every epoch; without one the order is that of the process number
# and the time, and random.seed does not fix it.
#
# So a training that is to be repeatable never reshuffles. filters.detshuffle, whose seed is seed +
# pass, does.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check webdataset==1.0.2 numpy==2.4.6
env/bin/python - <<'PYTHON'
import importlib.metadata
import random

import webdataset as wds

EPOCHS, SAMPLES = 4, 12


def passes(shuffle):
    """The samples of every epoch, in order."""
    names = wds.SimpleShardList([str(i) for i in range(SAMPLES)])
    stream = wds.DataPipeline(names, shuffle)
    return [[int(row["url"]) for row in stream] for _ in range(EPOCHS)]


print("webdataset", importlib.metadata.version("webdataset"))
seeded = passes(wds.shuffle(100, seed=42))
for row in seeded:
    print("shuffle(seed=42):", row)
assert seeded == [seeded[0]] * EPOCHS
counted = passes(wds.filters.detshuffle(100, seed=42))
assert len(set(map(tuple, counted))) == EPOCHS
random.seed(42)
first = passes(wds.shuffle(100))
random.seed(42)
assert passes(wds.shuffle(100)) != first
PYTHON
