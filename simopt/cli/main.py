"""The command line. Bad input ends in status 2 and one line on standard error, no traceback."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from simopt.cli import parsing, reading
from simopt.cli.curves import prescribe
from simopt.cli.diagnose import diagnose
from simopt.cli.once import OnceGroup
from simopt.cli.playground import playground
from simopt.cli.recommend import recommend
from simopt.ground import checks, extras, files
from simopt.ground.version import __version__
from simopt.rules import ALL, OPTIMIZERS
from simopt.rules.frameworks import FRAMEWORKS
from simopt.sweeps import naming, toml
from simopt.sweeps.clients import WorkerLost

if TYPE_CHECKING:
    import pandas as pd

BAD_INPUT = 2
#: What a shell calls a program that Ctrl-C ended: 128 + SIGINT.
INTERRUPTED = 130

#: In a folder that --resume began: what --store keeps there stays.
RESUME = ".resume"

#: How long a scheduler may take to answer.
CONNECT_SECONDS = 10


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and end the process with its status.

    Parameters
    ----------
    arguments : sequence of str, optional
        In place of the process' own.

    Raises
    ------
    SystemExit
        Always: 0 when it worked, 2 when the input is bad, 130 when interrupted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Worked steps have Greek letters: a terminal that has none shows "?" and no error.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        # click's own way (`commands()`) prints a usage text of several lines with each error.
        with commands.make_context("simopt", given) as context, warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)
            # At once: it may say what a sweep is waiting for.
            warnings.showwarning = _note
            try:
                commands.invoke(context)
            except ValueError as error:  # here, while the command is known whose options it names
                _end(str(error), BAD_INPUT)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.ClickException as error:
        _end(error.format_message(), BAD_INPUT)
    except (KeyboardInterrupt, click.Abort):
        _end("interrupted; nothing was written", INTERRUPTED)
    except BrokenPipeError:
        # The reader left (`| head`): not an error, but Python would print one at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        _end(f"{error.filename}: {error.strerror}" if error.filename else str(error), BAD_INPUT)
    except (ValueError, MemoryError, extras.MissingExtra) as error:
        _end(str(error) or "not enough memory", BAD_INPUT)
    sys.exit(0)


def _end(message: str, status: int) -> NoReturn:
    """One line on standard error, whatever the message holds, and the end."""
    _note(message)
    sys.exit(status)


@click.group(cls=OnceGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="simopt")
def commands() -> None:
    """Simulate first-order optimizers: worked steps, sweeps, loss curves, and a report.

    \b
    Examples:
      simopt report
      simopt walkthrough --optimizer adam --eta 0.1
      simopt playground --data points.csv
      simopt sweep scripts/example.toml --out results/example.parquet
      simopt diagnose losses.csv
      simopt recommend houses.csv price
    """


@commands.command()
@click.option(
    "--folder",
    metavar="FOLDER",
    default="reports/build",
    show_default=True,
    help="Where the pages go.",
)
@click.option("--quick", is_flag=True, help="Smaller sweeps, for a first look.")
@click.option("--profile", is_flag=True, help="Print what each page took, the dearest first.")
def report(folder: str, quick: bool, profile: bool) -> None:
    """Write the report: linked HTML pages that need no network.

    \b
    Examples:
      simopt report
      simopt report --quick --folder first-look
      simopt report --profile
    """
    files.check_folder("--folder", folder)
    from simopt.report import report as build

    try:
        click.echo(build(folder=folder, quick=quick, profile=profile))
    except KeyboardInterrupt as stopped:
        _end(str(stopped) or "interrupted", INTERRUPTED)


@commands.command()
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


@commands.command()
@click.argument("spec_file", metavar="SPEC.toml")
@click.option(
    "--out",
    metavar="FILE",
    help="For the rows; ends in .parquet or .csv. results.parquet if there is no --store.",
)
@click.option(
    "--store",
    metavar="FOLDER",
    help="Keep the rows there, chunk by chunk: for sweeps larger than memory.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Keep finished chunks beside --out while running, and go on with those that are there.",
)
@click.option("--device", metavar="DEVICE", help="cpu, cuda or auto; what SPEC.toml says, or cpu.")
@click.option(
    "--client", metavar="ADDRESS", help="Of a Dask scheduler whose workers do it: tcp://host:8786."
)
def sweep(
    spec_file: str,
    out: str | None,
    store: str | None,
    resume: bool,
    device: str | None,
    client: str | None,
) -> None:
    """Run the trajectories that a TOML file describes, and write a row for each.

    With --store or --resume a stopped sweep resumes when the same command is given again.

    \b
    Examples:
      simopt sweep scripts/example.toml
      simopt sweep my-sweep.toml --out results/my-sweep.csv
      simopt sweep long.toml --out results/long.parquet --resume
      simopt sweep huge.toml --store results/huge --client tcp://head:8786

    \b
    SPEC.toml:
      [problem]
      name = "hubble"             # or double_well, ...; or file = "my.csv", target = "y"
      [[optimizers]]
      name = "Adam"
      eta = { from = 0.1, to = 1000, points = 40, scale = "log" }
      [sweep]
      batch_size = [1, 8, "full"]
      epochs = 20
      shuffle = "epoch"
      seed = { from = 0, to = 99 }
      reduce = "seed"             # a row of statistics over the seeds; leave out for all rows
    """
    path = None
    if out is not None or store is None:
        path = files.check_file("--out", out or "results.parquet", files.TABLES)
    folder = None if store is None else files.check_folder("--store", store)
    if resume and folder is None:
        assert path is not None
        folder = files.check_folder("--resume", path.with_suffix(".chunks"))
    given = toml.read(spec_file)
    from simopt.sweeps import store as stores
    from simopt.sweeps import sweep as sweeping

    if folder is not None and store is not None:
        (folder / RESUME).unlink(missing_ok=True)  # what was begun for a while is now to stay
    elif folder is not None and _takes_a_sweep(folder):
        files.write_text(folder / RESUME, "This folder goes when the table is written.\n")
    arguments = {**given.arguments, "store": folder}
    if device is not None:
        arguments["device"] = device
    with _connected(client) as arguments["client"]:
        try:
            frame = sweeping.sweep(given.problem, given.optimizers, **arguments)
        except WorkerLost as error:
            _end(str(error), 1)
        except KeyboardInterrupt as stopped:
            done = getattr(stopped, "frame", None)
            if done is None or folder is not None:
                _end(str(stopped) or "interrupted", INTERRUPTED)
            if path is None or done.empty:
                raise
            part = path.with_stem(path.stem + ".part")
            files.write_table(part, done)
            _end(f"interrupted; the {len(done):,} finished rows are in {part}", INTERRUPTED)
    if path is not None:
        if folder is not None and frame.empty:
            _end(f"the rows don't fit in memory, so {path} was not written; {folder} has them", 1)
        files.write_table(path, frame)
        if folder is not None and (folder / RESUME).exists():
            (folder / RESUME).unlink()
            stores.discard(folder)
    click.echo(_summary(frame))
    click.echo(folder if path is None else path)


def _takes_a_sweep(folder: Path) -> bool:
    """Whether a folder is new, or has nothing in it that shows."""
    return not folder.is_dir() or all(each.name.startswith(".") for each in folder.iterdir())


def _note(message: Warning | str, *_: Any, **__: Any) -> None:
    """A warning or error as one line on standard error, in the words of the command that runs."""
    context = click.get_current_context(silent=True)
    name = context and context.find_root().invoked_subcommand
    line = reading.in_options(" ".join(str(message).split()), commands.commands.get(name or ""))
    click.echo(f"simopt: {line}", err=True)


@contextmanager
def _connected(address: str | None) -> Iterator[Any]:
    """A client of the Dask scheduler at an address; None without one."""
    if address is None:
        yield None
        return
    with extras.needs("cluster", "--client"):
        from distributed import Client
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        allowed = f"the address of a Dask scheduler that answers ({error})"
        raise checks.refuse("--client", address, allowed) from None
    with client:
        yield client


def _summary(frame: pd.DataFrame) -> str:
    """How many trajectories, and of each optimizer the row that ended lowest."""
    made = frame.attrs
    text = (
        f"{made['trajectories']:,} trajectories, {made['updates']:,} updates in "
        f"{made['seconds']:.2f} s"
    )
    if not made["trajectories"]:
        text = "nothing was left to do"
    if "status" in frame:
        ended = frame[frame["status"] == "ok"]
        text += f"; {len(frame) - len(ended):,} diverged"
        judged, where = "loss", "Where each optimizer ended lowest"
    else:
        ended, text = frame, f"{text}; {len(frame):,} rows"
        judged, where = "loss_q50", "Where the median loss is lowest, by optimizer"
    if ended.empty or judged not in ended or not ended[judged].notna().any():
        return text
    lowest = ended.loc[ended.groupby("optimizer", sort=False, observed=True)[judged].idxmin()]
    # A column of NaN is a hyperparameter that none of these has.
    table = lowest.dropna(axis="columns", how="all").to_string(index=False)
    return f"{text}\n{where}:\n{table}"


commands.add_command(prescribe)
commands.add_command(diagnose)
commands.add_command(playground)
commands.add_command(recommend)


if __name__ == "__main__":
    main()
