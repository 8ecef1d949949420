#!/usr/bin/env bash
# Numba 0.68.1: NUMBA_BOUNDSCHECK and NUMBA_OPT are no part of the disk cache's key.
#
# A function with cache=True, compiled once without bounds checks, is taken from the cache by a
# process with NUMBA_BOUNDSCHECK=1: element 3 of a view of 3 elements is read (from the array behind
# it) in place of an IndexError. The other way round checks stay although nobody asks for them. Code
# kept at NUMBA_OPT=0 likewise serves a process with NUMBA_OPT=3.
# Whoever turns checks on to find a wrong index sees none until the cache's folder is removed.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check numba==0.68.1 numpy==2.4.6
cat > element.py <<'PYTHON'
import numba
import numpy as np


@numba.njit(cache=True)
def element(a, i):
    return a[i]


view = np.arange(4.0)[:3]
try:
    found = element(view, 3)
except IndexError:
    found = "IndexError"
print(numba.__version__, found, "from the cache:", sum(element.stats.cache_hits.values()))
PYTHON
run() { env NUMBA_CACHE_DIR="$1" "${@:2}" env/bin/python element.py; }
first=$(run "$place/a" NUMBA_BOUNDSCHECK=0)
then=$(run "$place/a" NUMBA_BOUNDSCHECK=1)
fresh=$(run "$place/b" NUMBA_BOUNDSCHECK=1)
kept=$(run "$place/b" NUMBA_BOUNDSCHECK=0)
plain=$(run "$place/c" NUMBA_OPT=0)
fast=$(run "$place/c" NUMBA_OPT=3)
printf '%s\n' "$first" "$then" "$fresh" "$kept" "$plain" "$fast"
[ "$first" = "0.68.1 3.0 from the cache: 0" ]
[ "$then" = "0.68.1 3.0 from the cache: 1" ]
[ "$fresh" = "0.68.1 IndexError from the cache: 0" ]
[ "$kept" = "0.68.1 IndexError from the cache: 1" ]
[ "$plain" = "0.68.1 3.0 from the cache: 0" ]
[ "$fast" = "0.68.1 3.0 from the cache: 1" ]
