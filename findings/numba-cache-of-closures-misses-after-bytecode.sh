#!/usr/bin/env bash
# Numba 0.68.1: what the first process keeps of a function around a function, later ones don't find.
#
# A function with cache=True that closes over another is kept under a digest of the closure's pickle.
# Where the same text stands twice in it, as a parameter's name does, that is a reference if both are
# one object, and is written again if they are equal. Which it is depends on whether Python has just
# compiled the module's source or read its own __pycache__: so the first process after an
# installation, or after a change, compiles in vain, and the second compiles all again. The third
# finds that. Without Python's bytecode (PYTHONDONTWRITEBYTECODE=1) the second finds what the first
# kept. A container's image that is warmed by one run of the program is warm for nothing.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check numba==0.68.1 numpy==2.4.6
cat > making.py <<'PYTHON'
from numba import njit
from numba.extending import register_jitable


def make(factor):
    @register_jitable
    def part(value):
        return value * factor

    @njit(cache=True)
    def whole(value, factor=2.0):
        return part(value) + factor

    return whole
PYTHON
cat > run.py <<'PYTHON'
import numba
from making import make

whole = make(3.0)
print(numba.__version__, whole(2.0), "from the cache:", sum(whole.stats.cache_hits.values()))
PYTHON
unset PYTHONDONTWRITEBYTECODE
run() { env NUMBA_CACHE_DIR="$place/$1" "${@:2}" env/bin/python run.py; }
first=$(run kept)
second=$(run kept)
third=$(run kept)
rm -r __pycache__
alone=$(run other PYTHONDONTWRITEBYTECODE=1)
again=$(run other PYTHONDONTWRITEBYTECODE=1)
printf '%s\n' "$first" "$second" "$third" "$alone" "$again"
[ "$first" = "0.68.1 8.0 from the cache: 0" ]
[ "$second" = "0.68.1 8.0 from the cache: 0" ]
[ "$third" = "0.68.1 8.0 from the cache: 1" ]
[ "$alone" = "0.68.1 8.0 from the cache: 0" ]
[ "$again" = "0.68.1 8.0 from the cache: 1" ]
