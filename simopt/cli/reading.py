"""The options that say how a table is read, and messages on tables in a shell's words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

from simopt.ground.patterns import late

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

_MARKS = (
    click.option("--sep", metavar="MARK", help="What stands between the cells of a text."),
    click.option("--decimal", metavar="MARK", help="Its decimal mark: a point or a comma."),
    click.option("--encoding", metavar="NAME", help="How its characters are written, as cp1252."),
)


def marks(command: Callable[..., None]) -> Callable[..., None]:
    """Options on how a text is written, for a command that takes them as keywords."""
    for option in reversed(_MARKS):
        command = option(command)
    return command


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Options for a command, which takes them as keywords and hands them to `given`."""
    command = marks(command)
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def given(
    features: str | None,
    standardize: bool | None,
    categories: str | None,
    missing: str | None,
    sep: str | None,
    decimal: str | None,
    encoding: str | None,
    table: bool = True,
) -> dict[str, Any]:
    """Those given, as `simopt.problems.read_table` takes them; without a table none may be."""
    values = {
        "features": None if features is None else features.split(","),
        "standardize": standardize,
        "categories": categories,
        "missing": missing,
        "sep": sep,
        "decimal": decimal,
        "encoding": encoding,
    }
    said = {name: value for name, value in values.items() if value is not None}
    if said and not table:
        options = " and ".join(f"--{name}" for name in said)
        raise ValueError(f"{options}: must come with the table to read, as --data FILE")
    return said


#: An argument with its value, or a text in quotes: that is the user's, a file's name or a line.
_ARGUMENT = late(
    r"(?<!\w)(?:'[^']*'|\"[^\"]*\")|(?<=[\s(])(?P<name>\w+)=(?P<value>True\b|False\b| |)"
)


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
        option = named.get(match["name"] or "")
        if option is None:
            return match[0]
        if match["value"] == "False" and option.secondary_opts:
            return option.secondary_opts[0]
        long = next((each for each in option.opts if each.startswith("--")), option.opts[0])
        return long + ("" if match["value"] == "True" else " ")

    return _ARGUMENT.sub(said, message)
