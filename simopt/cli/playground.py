"""`simopt playground`: every rule live in a page, on the points of a file."""

from __future__ import annotations

from typing import Any

import click

from simopt.cli import parsing, reading
from simopt.cli.once import Once
from simopt.ground import extras, files
from simopt.sweeps import naming


@click.command(cls=Once)
@click.option("--data", metavar="FILE", help="A CSV or Parquet file with the points to begin with.")
@click.option(
    "--target",
    metavar="COLUMN",
    default="y",
    show_default=True,
    help="The column of --data to predict; one or two others predict it.",
)
@click.option("--intercept", is_flag=True, help="Add an intercept, with one other column.")
@reading.options
@click.option("--w0", metavar="NUMBERS", help="The start: a number, or one a weight as in 0,1.")
@click.option(
    "--page",
    "--out",
    "page",
    metavar="FILE",
    default="playground.html",
    show_default=True,
    help="The HTML page to write.",
)
def playground(
    data: str | None, target: str, intercept: bool, w0: str | None, page: str, **read: Any
) -> None:
    """Write a page in which points, rates and rules can be changed: every update follows at once.

    The page needs no network. Its numbers are those of simopt.run, to the last bit.

    \b
    Examples:
      simopt playground
      simopt playground --data points.csv --target y --intercept --page mine.html
    """
    files.check_file("--page", page, files.HTML)
    how, problem = reading.given(**read, table=data is not None), None
    if data is not None:
        given: dict[str, Any] = {"file": data, "target": target, "intercept": intercept} | how
        if w0 is not None:
            given["w0"] = parsing.numbers("--w0", w0)
        problem = naming.problem(given)
    with extras.needs("report", "the playground"):
        from simopt.report.playground import playground_page
    click.echo(playground_page(page, problem))
