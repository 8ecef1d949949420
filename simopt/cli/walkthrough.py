"""`simopt walkthrough`: every update worked by hand."""

from __future__ import annotations

from typing import Any

import click

from simopt.cli import parsing, reading
from simopt.cli.once import Once
from simopt.ground import extras, files
from simopt.rules import ALL, OPTIMIZERS
from simopt.rules.frameworks import FRAMEWORKS
from simopt.sweeps import naming


@click.command(cls=Once)
@click.option("--data", metavar="FILE", help="A CSV or Parquet file, in place of --problem.")
@click.option(
    "--problem",
    "problem_name",
    metavar="NAME",
    help=f"One of {', '.join(naming.PROBLEMS)}; with --data one that takes points. "
    "[default: four_points]",
)
@click.option(
    "--set-problem",
    "problem_settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="An argument of the problem (tilt=0.2, kind=logistic); repeat.",
)
@click.option(
    "--target",
    metavar="COLUMN",
    default="y",
    show_default=True,
    help="The column of --data to predict.",
)
@click.option("--intercept", is_flag=True, help="Add an intercept, with its weight last.")
@reading.options
@click.option("--w0", metavar="NUMBERS", help="The start: a number, or one a weight as in 0,0,1.")
@click.option(
    "--optimizer",
    "optimizers",
    multiple=True,
    metavar="NAME",
    default=("Adam",),
    show_default=True,
    help=f"{', '.join(ALL)}; repeat to compare several, or all for {', '.join(OPTIMIZERS)}.",
)
@click.option("--eta", default=0.1, show_default=True, help="The learning rate.")
@click.option(
    "--convention",
    metavar="WHOSE",
    default="document",
    show_default=True,
    help=f"Whose formula and defaults: {', '.join(FRAMEWORKS)}.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="A hyperparameter or a switch (epsilon_place=outside); repeat. Of several rules, those "
    "that have it take it.",
)
@click.option(
    "--batch-size",
    metavar="SIZE",
    default="1",
    show_default=True,
    help='Points an update, or "full".',
)
@click.option(
    "--epochs",
    type=int,
    help="Passes over the points.  [default: 1; of several rules on a page 100]",
)
@click.option("--page", metavar="FILE", help="Write an HTML page there, in place of text.")
def walkthrough(
    data: str | None,
    problem_name: str | None,
    problem_settings: tuple[str, ...],
    target: str,
    intercept: bool,
    w0: str | None,
    optimizers: tuple[str, ...],
    eta: float,
    convention: str,
    settings: tuple[str, ...],
    batch_size: str,
    epochs: int | None,
    page: str | None,
    **read: Any,
) -> None:
    """Work every update by hand: prediction, error, gradient, state, step.

    \b
    Examples:
      simopt walkthrough
      simopt walkthrough --optimizer momentum --set beta=0.8 --batch-size 2 --epochs 3
      simopt walkthrough --optimizer adagrad --convention keras --set epsilon=0.1
      simopt walkthrough --problem double_well --set-problem tilt=0.2 --optimizer sgd
      simopt walkthrough --data points.csv --target y --w0 3 --eta 0.1 --page steps.html
      simopt walkthrough --data points.csv --optimizer all --page scoreboard.html
    """
    if page is not None:
        files.check_file("--page", page, files.HTML)
    given = {"eta": eta, "convention": convention} | parsing.settings("--set", settings)
    chosen = parsing.optimizers(optimizers, given)
    named = parsing.settings("--set-problem", problem_settings)
    named |= reading.given(**read, table=data is not None)
    if data is not None:
        named |= {"file": data, "target": target}
    if problem_name is not None or data is None:
        named["name"] = problem_name or "four_points"
    if intercept or (problem_name is None and data is not None):
        named["intercept"] = intercept
    if w0 is not None:
        named["w0"] = parsing.numbers("--w0", w0)
    problem = naming.problem(named)
    if epochs is None:
        epochs = 100 if page is not None and len(chosen) > 1 else 1
    plan: dict[str, Any] = {"batch_size": parsing.batch_size(batch_size), "epochs": epochs}
    if page is None:
        from simopt.display import walkthrough as steps

        click.echo("\n\n".join(steps.text(problem, each, **plan) for each in chosen))
    else:
        with extras.needs("report", "--page"):
            from simopt.display.standalone import walkthrough_page

        walkthrough_page(page, problem, chosen if len(chosen) > 1 else chosen[0], **plan)
        click.echo(page)
