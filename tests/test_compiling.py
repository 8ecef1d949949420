"""Compiled code on disk: kept, found again, and made anew where what lies there is no code."""

import numba
import pytest

from simopt.ground.compiling import compiled, kept


def plus_one(x):
    return x + 1.0


@pytest.mark.parametrize("damage", [b"", b"garbage\n"])
@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_what_was_cut_off_on_disk_is_compiled_anew(ending, damage, tmp_path, monkeypatch):
    """By a full disk or a power cut: Numba raises, in every process from then on."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    first = compiled(plus_one)
    assert first(1.0) == 2.0
    assert kept(first)
    (path,) = tmp_path.rglob(f"*.{ending}")
    path.write_bytes(damage)
    again = compiled(plus_one)
    assert (again(1.0), sum(again.stats.cache_hits.values())) == (2.0, 0)
    found = compiled(plus_one)
    assert (found(1.0), sum(found.stats.cache_hits.values())) == (2.0, 1)
