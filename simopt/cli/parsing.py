"""What is typed in a shell, as values."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from simopt.ground import checks
from simopt.rules import ALL, OPTIMIZERS
from simopt.rules.rule import Optimizer
from simopt.sweeps import naming


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


def optimizers(names: Sequence[str], given: Mapping[str, Any]) -> list[Optimizer]:
    """The optimizers of these names, or the document's seven for "all".

    Each of several takes what it has of ``given``; what none has is refused.
    """
    wanted = [each for name in names for each in (OPTIMIZERS if name.lower() == "all" else [name])]
    if len(wanted) == 1:
        return [naming.optimizer(wanted[0], given)]
    known = {name.lower(): inspect.signature(make).parameters for name, make in ALL.items()}
    for i, name in enumerate(wanted):
        if name.lower() in map(str.lower, wanted[:i]):
            raise checks.refuse("--optimizer", name, "each of several once")
    taken: dict[str, Mapping[str, Any]] = {name: known.get(name.lower(), {}) for name in wanted}
    for key in given:
        if not any(key in each for each in taken.values()):
            raise checks.refuse("--set", key, f"a setting of {', '.join(wanted)}")
    return [
        naming.optimizer(name, {key: v for key, v in given.items() if key in parameters})
        for name, parameters in taken.items()
    ]


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
