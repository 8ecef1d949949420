"""JSON as training runs leave it, a document or a record a line, and what Python prints like it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from simopt.curves.logs import nested
from simopt.curves.logs.json_values import from_value
from simopt.curves.logs.lists import unwrapped
from simopt.curves.logs.settings import are_settings
from simopt.curves.logs.table import Table
from simopt.ground import checks
from simopt.ground.patterns import late

#: What Python and JSON read in two ways: words for no value, quotes within quotes, calls.
_OF_PYTHON = late(r"[\"\\(]|nan|null|true|false|infinity|\w'\w", re.IGNORECASE)
_WORD = late(r"[\w.+-]{0,30}\s*")
_BETWEEN = late(r"[\s,]*")


def table(text: str, source: str) -> Table | None:
    """The table that a JSON text holds, a document or a record a line; None if it is no JSON.

    Raises
    ------
    ValueError
        If it is JSON, but holds no table.
    """
    try:
        value = json.loads(text)
        found = from_value(value, source, "JSON")
        if found is None and nested.are_lists(value):
            many = f"{len(value)} lists of numbers in {source}"
            raise checks.refuse("columns", many, 'named, as {"loss": [...], "val_loss": [...]}')
        return _looked_at(found, value)
    except RecursionError:
        raise ValueError(f"file={source!r}: must be JSON that is nested less deeply") from None
    except ValueError as error:
        if not isinstance(error, json.JSONDecodeError):
            raise
        # The end is in a number, a word or a string, or right behind what is whole.
        if error.msg.startswith("Unterminated string") or _WORD.fullmatch(text[error.pos :]):
            what = f"file={source!r}, JSON that is cut off"
            raise ValueError(f"{what}: must be whole, as when it is written to its end") from None
    if (found := _lines(text, source) or _values(text, source)) is not None:
        return found
    printed_value = printed(text)
    if printed_value is None:
        return None
    return _looked_at(from_value(printed_value, source, "Python's output"), printed_value)


def _looked_at(found: Table | None, value: Any) -> Table | None:
    """The table of a value, and of each of its runs, marked where its lists are settings."""
    if found is None or found.format.endswith("chart") or not are_settings(value):
        return found
    runs = tuple(replace(run, settings=True) for run in found.runs)
    return replace(found, settings=True, runs=runs)


def printed(text: str) -> dict[Any, Any] | list[Any] | None:
    """A dict or a list as Python or JSON prints it; None if it is neither."""
    # Most lines are JSON but for their quotes, and read so in a twentieth of the time.
    if not _OF_PYTHON.search(text):
        with suppress(ValueError, RecursionError):
            value = json.loads(text.replace("'", '"'))
            return value if isinstance(value, (dict, list)) and value else None
    body = re.sub(r"\b(nan|inf)\b(?!['\"])", r"'\1'", unwrapped(text.strip()))
    body = re.sub(r"\bNaN\b(?!['\"])", "'nan'", body)
    body = re.sub(r"\bnull\b", "None", body)
    try:
        value = ast.literal_eval(body)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, (dict, list)) and value else None


def _lines(text: str, source: str) -> Table | None:
    records: list[Any] = []
    broken = 0
    lines = [line for line in text.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        try:
            record = json.loads(line.strip().rstrip(","))
        except (ValueError, RecursionError):
            if number == len(lines) - 1 and records:
                broken = -1
                break
            broken += 1
            if broken > max(1, 0.2 * (number + 1)):
                return None
            continue
        several = isinstance(record, list) and any(isinstance(each, Mapping) for each in record)
        records += record if several else [record]
    found = from_value(records, source, "JSON lines") if records else None
    if found is None or not broken:
        return found
    return found.noted(
        "the last line is cut off, and left out"
        if broken < 0
        else f"{broken} lines are no JSON, and left out"
    )


def _values(text: str, source: str) -> Table | None:
    """The table of values one behind the other, with nothing but space or commas between them."""
    decoder = json.JSONDecoder()
    values: list[Any] = []
    end = 0
    while (begin := _BETWEEN.match(text, end).end()) < len(text):  # type: ignore[union-attr]
        try:
            value, end = decoder.raw_decode(text, begin)
        except (ValueError, RecursionError):
            return None
        values.append(value)
    return from_value(values, source, "JSON values") if len(values) > 1 else None
