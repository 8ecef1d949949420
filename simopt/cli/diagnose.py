"""The command that reads a training log: as text, JSON or a page, once, or while it grows."""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click

from simopt.cli import parsing
from simopt.cli.once import Once
from simopt.ground import checks, files
from simopt.sweeps import naming

if TYPE_CHECKING:
    from simopt.curves.diagnosis import Diagnosis

#: Seconds between two looks at a log that grows.
EVERY = 2.0


@click.command(cls=Once)
@click.argument("log", metavar="LOG|FOLDER|-")
@click.option(
    "--loss",
    "--column",
    "loss",
    metavar="COLUMN",
    help="The training loss; found by its name if left out.",
)
@click.option(
    "--validation", metavar="COLUMN", help="The validation loss; found by its name if left out."
)
@click.option("--x", metavar="COLUMN", help="What rows are counted by: step, epoch, time.")
@click.option(
    "--pattern",
    "patterns",
    multiple=True,
    metavar="REGEX",
    help="For lines of a program's output; named groups become columns; repeat.",
)
@click.option("--higher-is-better", is_flag=True, help="Read an accuracy or score, negated.")
@click.option("--optimizer", metavar="NAME", help="What trained, for advice with numbers.")
@click.option("--eta", type=float, help="Its learning rate.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another hyperparameter of it (beta=0.95); repeat.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a run an object.")
@click.option(
    "--fail-on",
    "gates",
    multiple=True,
    metavar="SYMPTOM",
    help='End with status 1 if a run shows it ("any": anything but healthy); repeat.',
)
@click.option("--watch", is_flag=True, help="Look again as the log grows, until Ctrl-C.")
@click.option("--page", metavar="FILE", help="Write an HTML page there, in place of text.")
def diagnose(
    log: str,
    loss: str | None,
    validation: str | None,
    x: str | None,
    patterns: tuple[str, ...],
    higher_is_better: bool,
    optimizer: str | None,
    eta: float | None,
    settings: tuple[str, ...],
    as_json: bool,
    gates: tuple[str, ...],
    watch: bool,
    page: str | None,
) -> None:
    """Read a loss curve: what it shows, why, and what to do.

    LOG is what a training run left behind: CSV, JSON, JSON lines, a program's output, Parquet,
    NumPy, TensorBoard's or MLflow's files; FOLDER holds such a run, or many, of which a table says
    what each shows; - is the text that comes in by a pipe.

    \b
    Examples:
      simopt diagnose losses.csv
      simopt diagnose metrics.csv --loss train_loss_epoch --validation val_loss
      simopt diagnose losses.csv --optimizer adam --eta 0.1 --page curve.html
      simopt diagnose runs/
      simopt diagnose train.log --fail-on any --json
      python train.py | simopt diagnose -
    """
    if page is not None:
        files.check_file("--page", page, files.HTML)
    given: dict[str, Any] = {} if eta is None else {"eta": eta}
    given |= parsing.settings("--set", settings)
    if optimizer is None and given:
        raise checks.refuse("--optimizer", None, "a name, where it has hyperparameters")
    trained = None if optimizer is None else naming.optimizer(optimizer, given)
    from simopt.curves import diagnosis

    for gate in gates:
        checks.choice("--fail-on", gate, ("any", *diagnosis.SYMPTOMS))

    source = log if log != "-" else _piped(watch)

    def look() -> list[Diagnosis]:
        read = diagnosis.read_log(
            source,
            column=loss,
            validation=validation,
            x=x,
            patterns=patterns,
            higher_is_better=higher_is_better,
        )
        return [diagnosis.diagnose_run(run, read, trained) for run in read]

    if watch:
        _watch(Path(log), look, as_json)
        return
    found = look()
    _say(found, as_json, page)
    shown = [each.symptom for each in found]
    if any(_fails(symptom, gates) for symptom in shown):
        raise click.exceptions.Exit(1)


def _piped(watch: bool) -> str:
    """The text that a pipe brings, to its end."""
    if watch:
        raise checks.refuse("--watch", "-", "of a file or a folder, which can be looked at again")
    from simopt.curves.logs import contents

    name = Path("-")
    data = sys.stdin.buffer.read(contents.MOST_BYTES + 1)
    if len(data) > contents.MOST_BYTES:
        raise contents.refused(name, "longer", f"a log of at most {contents.MOST_BYTES:,} bytes")
    if not data.strip():
        raise contents.refused(name, "no text", "a log with numbers in it; it is empty")
    text = contents.decoded(name, data)
    if "\n" not in text.strip() and text.lstrip()[:1] not in ("{", "["):
        raise contents.refused(name, f"one line, {text.strip()[:60]!r}", "a log of several lines")
    return text


def _fails(symptom: str, gates: tuple[str, ...]) -> bool:
    return symptom in gates or ("any" in gates and symptom not in ("healthy", "can't tell"))


def _say(found: list[Diagnosis], as_json: bool, page: str | None) -> None:
    if as_json:
        records = [as_record(each) for each in found]
        click.echo(json.dumps(records[0] if len(records) == 1 else records, indent=2))
    elif page is None:
        click.echo(found[0] if len(found) == 1 else _ranking().text(found))
    if page is not None:
        written = found[0].page(page) if len(found) == 1 else _ranking().page(page, found)
        if not as_json:
            click.echo(written)


def _ranking() -> ModuleType:
    """The module that compares runs, loaded for several: it needs pandas, which takes its time."""
    from simopt.curves.diagnosis import ranking

    return ranking


def _watch(path: Path, look: Any, as_json: bool) -> None:
    """Look at a log whenever it has grown; say so if the symptom is another."""
    size, before = -1, ""
    while True:
        now = (
            sum(f.stat().st_size for f in path.rglob("*")) if path.is_dir() else path.stat().st_size
        )
        if now != size:
            size = now
            try:
                found = look()
            except ValueError as error:  # a log that has but its header yet
                said = str(error)
            else:
                each = found[-1]
                said = (
                    json.dumps(as_record(each))
                    if as_json
                    else f"{len(each.loss)} values: {each.title}"
                )
            if said.partition(":")[2] != before:
                click.echo(said)
                before = said.partition(":")[2]
        time.sleep(EVERY)


def as_record(found: Diagnosis) -> dict[str, Any]:
    """A diagnosis as JSON has it: NaN is null, for JSON has no NaN."""
    assert found.log is not None
    run = found.log.run
    return {
        "run": run.name or None,
        "source": run.source or None,
        "format": run.format,
        "symptom": found.symptom,
        "sure": round(found.sure, 4),
        "seen": [each.says for each in found.seen],
        "causes": list(found.causes),
        "advice": list(found.advice),
        "seldom": list(found.seldom),
        "loss": run.loss_column,
        "validation": run.validation_column or None,
        "x": run.x_column or None,
        "values": len(run.loss),
        "gaps": run.gaps,
        "last": _finite(found.loss[-1]) if len(found.loss) else None,
        "notes": list(run.notes),
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
