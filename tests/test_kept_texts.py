"""Texts that stay on disk: read again, and made anew where they are not of the same or damaged."""

from __future__ import annotations

from pathlib import Path

import numba
import pytest

from simopt.ground.kept_texts import kept_text

MADE: list[str] = []


def slowly() -> str:
    MADE.append("é\r\nσ")
    return MADE[-1]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    MADE.clear()
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    return tmp_path


def test_it_is_made_once_of_the_same() -> None:
    assert kept_text(slowly, "one") == kept_text(slowly, "one") == "é\r\nσ"
    assert len(MADE) == 1
    kept_text(slowly, "other")
    assert len(MADE) == 2
    kept_text(slowly, "other")
    assert len(MADE) == 2


@pytest.mark.parametrize("damage", [b"", b"\xff\xff", b"cut off"])
def test_what_is_damaged_is_made_anew(damage: bytes, folder: Path) -> None:
    kept_text(slowly, "one")
    (path,) = folder.rglob("*.txt")
    whole = path.read_bytes()
    for left in (damage, whole[:-1], whole + b"more"):
        path.write_bytes(left)
        assert kept_text(slowly, "one") == "é\r\nσ"
        assert path.read_bytes() == whole
    assert len(MADE) == 4


def test_without_a_folder_it_is_made_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_folder(function: object) -> object:
        raise RuntimeError("cannot cache function 'slowly': no locator available")

    monkeypatch.setattr(numba, "njit", lambda cache: no_folder)
    assert kept_text(slowly, "one") == kept_text(slowly, "one")
    assert len(MADE) == 2
    assert not list(tmp_path.rglob("*.txt"))


def test_without_a_compiler_it_is_made_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    assert kept_text(slowly, "one") == kept_text(slowly, "one")
    assert len(MADE) == 2
    assert not list(tmp_path.rglob("*.txt"))
