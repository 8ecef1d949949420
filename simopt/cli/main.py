"""The command line. Bad input ends in status 2 and one line on standard error, no traceback."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn

import click

from simopt.cli.curves import prescribe
from simopt.cli.diagnose import diagnose
from simopt.cli.ending import BAD_INPUT, INTERRUPTED, end, note
from simopt.cli.once import OnceGroup
from simopt.cli.playground import playground
from simopt.cli.recommend import recommend
from simopt.cli.sweep import sweep
from simopt.cli.walkthrough import walkthrough
from simopt.ground import extras, files
from simopt.ground.version import __version__


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
            warnings.showwarning = note
            try:
                commands.invoke(context)
            except ValueError as error:  # here, while the command is known whose options it names
                end(str(error), BAD_INPUT)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
    except click.exceptions.Exit as left:
        sys.exit(left.exit_code)
    except click.ClickException as error:
        end(error.format_message(), BAD_INPUT)
    except (KeyboardInterrupt, click.Abort):
        end("interrupted; nothing was written", INTERRUPTED)
    except BrokenPipeError:
        # The reader left (`| head`): not an error, but Python would print one at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        end(f"{error.filename}: {error.strerror}" if error.filename else str(error), BAD_INPUT)
    except (ValueError, MemoryError, extras.MissingExtra) as error:
        end(str(error) or "not enough memory", BAD_INPUT)
    sys.exit(0)


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
        end(str(stopped) or "interrupted", INTERRUPTED)


for each in (walkthrough, sweep, prescribe, diagnose, playground, recommend):
    commands.add_command(each)


if __name__ == "__main__":
    main()
