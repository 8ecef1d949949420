"""The command that says which optimizer, rate, batch size and epochs to train a table with."""

from __future__ import annotations

import click

from simopt.cli import reading
from simopt.cli.once import Once
from simopt.ground import extras, files

INTERRUPTED = 130


@click.command(cls=Once)
@click.argument("data", metavar="DATA")
@click.argument("target", metavar="TARGET")
@click.option(
    "--kind",
    metavar="LOSS",
    help="least_squares, logistic, huber or poisson. "
    "[default: logistic for a target of two values, else least_squares]",
)
@click.option(
    "--feature",
    "features",
    metavar="COLUMN",
    multiple=True,
    help="Predict from this one, in place of all that may predict; repeat.",
)
@click.option(
    "--missing",
    metavar="WHAT",
    default="refuse",
    show_default=True,
    help="What to do with rows that lack a value: refuse or drop.",
)
@reading.marks
@click.option(
    "--optimizer",
    "optimizers",
    metavar="NAME",
    multiple=True,
    help="Tune this one, in place of all seven; repeat.",
)
@click.option(
    "--batch-size",
    "batch_sizes",
    metavar="SIZE",
    type=int,
    multiple=True,
    help="Try this one, in place of 1, 8, 32, 128 and 512; repeat.",
)
@click.option(
    "--budget",
    metavar="MINUTES",
    default=1.0,
    show_default=True,
    help="How much to compute, about so many minutes' work; no clock, so that results repeat.",
)
@click.option("--seed", default=0, show_default=True, help="Splits the rows and orders them.")
@click.option("--page", metavar="FILE", help="Write an HTML page there too.")
def recommend(
    data: str,
    target: str,
    kind: str | None,
    features: tuple[str, ...],
    missing: str,
    sep: str | None,
    decimal: str | None,
    encoding: str | None,
    optimizers: tuple[str, ...],
    batch_sizes: tuple[int, ...],
    budget: float,
    seed: int,
    page: str | None,
) -> None:
    """Which optimizer, rate, batch size and epochs to train DATA with, and the lines to paste.

    DATA is a CSV or Parquet file and TARGET the column to predict. Every optimizer is tuned on the
    same budget and judged on rows and orders that nothing was tuned on. Ctrl-C ends early, with
    what is known by then.

    \b
    Examples:
      simopt recommend houses.csv price
      simopt recommend houses.csv price --page advice.html
      simopt recommend patients.csv ill --optimizer sgd --optimizer adam --budget 0.2
    """
    if page is not None:
        files.check_file("--page", page, files.HTML)
        with extras.needs("report", "--page"):
            from simopt.report.recommendation import recommendation_page
    from simopt.analysis import recommendation

    status = 0
    try:
        made = recommendation.recommend(
            data,
            target,
            kind=kind,
            features=features or None,
            missing=missing,
            sep=sep,
            decimal=decimal,
            encoding=encoding,
            optimizers=optimizers or None,
            batch_sizes=batch_sizes or None,
            budget=budget,
            seed=seed,
        )
    except recommendation.RecommendationInterrupted as stopped:
        made, status = stopped.recommendation, INTERRUPTED
    said = reading.in_options(made.summary, recommend)
    click.echo(str(made).replace(made.summary, said, 1))
    if page is not None:
        recommendation_page(page, made)
        click.echo(f"\n{page}")
    if status:
        raise click.exceptions.Exit(status)
