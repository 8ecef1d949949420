"""`simopt sweep`: the trajectories that a file describes, a row each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simopt.cli.ending import INTERRUPTED, end
from simopt.cli.once import Once
from simopt.ground import checks, extras, files

if TYPE_CHECKING:
    import pandas as pd

#: In a folder that --resume began: what --store keeps there stays.
RESUME = ".resume"

#: How long a scheduler may take to answer.
CONNECT_SECONDS = 10


@click.command(cls=Once)
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
    # Loaded here: other commands need none of it, nor does a file that can't be read.
    from simopt.sweeps import toml

    given = toml.read(spec_file)
    from simopt.sweeps import store as stores
    from simopt.sweeps import sweep as sweeping
    from simopt.sweeps.clients import WorkerLost

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
            end(str(error), 1)
        except KeyboardInterrupt as stopped:
            done = getattr(stopped, "frame", None)
            if done is None or folder is not None:
                end(str(stopped) or "interrupted", INTERRUPTED)
            if path is None or done.empty:
                raise
            part = path.with_stem(path.stem + ".part")
            files.write_table(part, done)
            end(f"interrupted; the {len(done):,} finished rows are in {part}", INTERRUPTED)
    if path is not None:
        if folder is not None and frame.empty:
            end(f"the rows don't fit in memory, so {path} was not written; {folder} has them", 1)
        files.write_table(path, frame)
        if folder is not None and (folder / RESUME).exists():
            (folder / RESUME).unlink()
            stores.discard(folder)
    click.echo(_summary(frame))
    click.echo(folder if path is None else path)


def _takes_a_sweep(folder: Path) -> bool:
    """Whether a folder is new, or has nothing in it that shows."""
    return not folder.is_dir() or all(each.name.startswith(".") for each in folder.iterdir())


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
