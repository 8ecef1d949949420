"""How a command ends that could not do what it was asked for: one line, and its status."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import click

from simopt.cli import reading

BAD_INPUT = 2
#: What a shell calls a program that Ctrl-C ended: 128 + SIGINT.
INTERRUPTED = 130


def end(message: str, status: int) -> NoReturn:
    """One line on standard error, whatever the message holds, and the end."""
    note(message)
    sys.exit(status)


def note(message: Warning | str, *_: Any, **__: Any) -> None:
    """A warning or error as one line on standard error, in the words of the command that runs."""
    context = click.get_current_context(silent=True)
    root = context and context.find_root()
    command = None
    if root is not None and isinstance(root.command, click.Group):
        command = root.command.commands.get(root.invoked_subcommand or "")
    line = reading.in_options(" ".join(str(message).split()), command)
    click.echo(f"simopt: {line}", err=True)
