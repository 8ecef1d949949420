"""The options that say how a table is read, and messages on tables in a shell's words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

_OPTIONS = (
    click.option(
        "--features", metavar="A,B", help="The columns that predict TARGET; or all that can."
    ),
    click.option(
        "--standardize/--no-standardize",
        default=None,
        help="Give each column mean 0 and variance 1; with neither, scales far apart are said.",
    ),
    click.option(
        "--categories", metavar="HOW", help="Columns of 0 and 1 of texts: one-hot or dummy."
    ),
    click.option(
        "--missing", metavar="HOW", help="Rows that lack a value: refuse (default) or drop."
    ),
)


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Options for a command, which takes them as keywords and hands them to `given`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def given(
    features: str | None, standardize: bool | None, categories: str | None, missing: str | None
) -> dict[str, Any]:
    """Those that were given, as `simopt.problems.read_table` takes them."""
    values = {
        "features": None if features is None else features.split(","),
        "standardize": standardize,
        "categories": categories,
        "missing": missing,
    }
    return {name: value for name, value in values.items() if value is not None}


def in_options(message: str, command: click.Command | None) -> str:
    """A message in which a function's arguments are the command's options.

    Examples
    --------
    >>> @click.command()
    ... @click.option("--missing")
    ... def read(missing): ...
    >>> in_options("no value (one row lacks it: missing='drop' leaves it out)", read)
    "no value (one row lacks it: --missing 'drop' leaves it out)"
    """
    options = [each for each in command.params if isinstance(each, click.Option)] if command else []
    named = {each.name: each for each in options}

    def said(match: re.Match[str]) -> str:
        option = named.get(match["name"])
        if option is None:
            return match[0]
        if match["value"] == "False" and option.secondary_opts:
            return option.secondary_opts[0]
        return max(option.opts, key=len) + ("" if match["value"] == "True" else " ")

    return re.sub(r"(?<=\s)(?P<name>\w+)=(?P<value>True\b|False\b| |)", said, message)
