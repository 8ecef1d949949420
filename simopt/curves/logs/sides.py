"""Which part of the data a folder or a file is about, by its name: train/, val.csv."""

from __future__ import annotations

from simopt.curves.logs.names import HELD_OUT, TRAIN, parse, plain


def of(name: str) -> str:
    """Which part of the data a folder's or file's name is about."""
    told = words(name)
    return "train" if told & TRAIN else "val" if told & HELD_OUT else ""


def words(name: str) -> set[str]:
    """The words of a name."""
    return set(plain(name).split("_"))


def is_one(name: str) -> bool:
    """Whether a folder is a part of a run's: train, loss_train; not Ray's train_fn_abc_0."""
    return bool(of(name)) and (
        words(name) <= TRAIN | HELD_OUT or parse(name).kind in ("loss", "error")
    )
