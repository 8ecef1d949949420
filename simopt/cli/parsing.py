"""What is typed in a shell, as values."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from simopt.ground import checks


def settings(option: str, texts: Iterable[str]) -> dict[str, Any]:
    """Arguments by name, from texts ``NAME=VALUE``; a value may be numbers with commas between."""
    values: dict[str, Any] = {}
    for text in texts:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign:
            raise checks.refuse(option, text, "NAME=VALUE, as in beta=0.8")
        if name in values:
            raise checks.refuse(option, text, f"given once, but {name} was {values[name]!r} before")
        values[name] = _value(value)
    return values


def _value(text: str) -> Any:
    """A number, numbers, true or false, or a word: what it may be, its reader knows."""
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    if "," in text:
        return [_value(part.strip()) for part in text.split(",")]
    return {"true": True, "false": False}.get(text.lower(), text)


def numbers(name: str, text: str) -> float | list[float]:
    """A number, or several with commas between."""
    values = [number(name, each) for each in text.split(",")]
    return values[0] if len(values) == 1 else values


def number(name: str, text: str) -> float:
    """A number."""
    try:
        return float(text)
    except ValueError:
        raise checks.refuse(name, text, "a number") from None


def batch_size(text: str) -> int | str:
    """Points an update; what it may be else, the plan knows."""
    try:
        return int(text)
    except ValueError:
        return text
