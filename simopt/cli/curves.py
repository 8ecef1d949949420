"""The command that tries what can be done about a loss curve."""

from __future__ import annotations

from typing import Any

import click

from simopt import problems
from simopt.cli import parsing, reading
from simopt.cli.once import Once
from simopt.rules import ALL
from simopt.sweeps import naming


@click.command(cls=Once)
@click.argument("data", metavar="DATA.csv")
@click.argument("target", metavar="TARGET")
@click.option("--optimizer", metavar="NAME", default="SGD", show_default=True, help=", ".join(ALL))
@click.option("--eta", default=0.001, show_default=True, help="The learning rate.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="A hyperparameter, a switch or the convention (beta=0.8); repeat.",
)
@click.option(
    "--batch-size",
    metavar="SIZE",
    default="1",
    show_default=True,
    help='Points an update, or "full".',
)
@click.option("--epochs", default=10, show_default=True, help="Passes over the points.")
@click.option("--seeds", default=64, show_default=True, help="Orders of the points.")
@click.option("--kind", metavar="LOSS", default="least_squares", show_default=True)
@click.option("--intercept/--no-intercept", default=True, show_default=True)
@reading.options
@click.option("--validation", metavar="FILE", help="A table with the same columns: its loss.")
@click.option("--all", "everything", is_flag=True, help="Every fix, whatever the symptom.")
@click.option("--apply", "applied", is_flag=True, help="Print the best's settings, not the table.")
def prescribe(
    data: str,
    target: str,
    optimizer: str,
    eta: float,
    settings: tuple[str, ...],
    batch_size: str,
    epochs: int,
    seeds: int,
    kind: str,
    intercept: bool,
    validation: str | None,
    everything: bool,
    applied: bool,
    **read: Any,
) -> None:
    """Try what can be done about a loss curve: each fix on DATA.csv, with the same seeds.

    Columns that predict nothing are left out, and named.

    \b
    Examples:
      simopt prescribe points.csv y --optimizer momentum --eta 0.5
      simopt prescribe points.csv y --optimizer adam --eta 3 --batch-size 8 --epochs 20 --all
      simopt prescribe points.csv y --eta 0.5 --apply
      simopt prescribe people.csv income --standardize --categories dummy --missing drop
    """
    from simopt.curves import prescription
    from simopt.curves.prescription import terminal

    chosen = naming.optimizer(optimizer, {"eta": eta} | parsing.settings("--set", settings))
    how: dict[str, Any] = {"target": target, "kind": kind, "intercept": intercept}
    how |= reading.given(**read)
    problem = problems.read_table(data, **how)
    held_out = None
    if validation is not None:
        same = {
            name: how[name] for name in ("missing", "sep", "decimal", "encoding") if name in how
        }
        held_out = problems.held_out(validation, problem, **same)
    frame = prescription.prescribe(
        problem,
        chosen,
        batch_size=parsing.batch_size(batch_size),
        epochs=epochs,
        seeds=seeds,
        validation=held_out,
        fixes="all" if everything else None,
    )
    click.echo(terminal.applied(frame, {"path": data, **how}) if applied else terminal.table(frame))
