#!/usr/bin/env bash
# pandas 3.1.1: read_csv with thousands="." reads the date 01.03.2024 as the number 1032024, and 1.2.10 as 1210.
#
# The mark is taken out of a cell wherever it stands; that it sets apart groups of three is not asked. The same
# file without thousands= has texts there. A German table, whose decimals have commas and whose thousands have
# points, so gets a column of whole numbers for its dates, which sort by day, and nothing is said of it; a
# comma in US tables does so to "1,2" and "3,15". By its documentation the argument is about numbers alone.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile pandas==3.1.1 numpy==2.4.6
env/bin/python - <<'PYTHON'
import io

import pandas as pd

TABLE = "price;sold;version\n1.234,50;01.03.2024;1.2.10\n2.345,75;15.02.2024;1.3.4\n"

print("pandas", pd.__version__)
kept = pd.read_csv(io.StringIO(TABLE), sep=";", decimal=",")
read = pd.read_csv(io.StringIO(TABLE), sep=";", decimal=",", thousands=".")
print(kept, read, sep="\n")
assert kept["sold"].tolist() == ["01.03.2024", "15.02.2024"]
assert read["price"].tolist() == [1234.5, 2345.75]
assert read["sold"].tolist() == [1032024, 15022024]
assert read["version"].tolist() == [1210, 134]
us = pd.read_csv(io.StringIO('pair;n\n"1,2";1\n"3,15";2\n'), sep=";", thousands=",")
assert us["pair"].tolist() == [12, 315]
PYTHON
