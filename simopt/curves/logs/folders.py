"""A folder of a run, or of many: which files are the log, and which belong together."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TypeVar

from simopt.curves.logs import event_folders, rotated, runs, sides, stores
from simopt.curves.logs.layouts import catboost, dvclive
from simopt.curves.logs.names import parse, plain
from simopt.curves.logs.table import Table, from_records
from simopt.ground.patterns import late

#: How deep and how far a folder is looked through.
DEPTH, MOST_FILES = 8, 20_000

#: Files that are a run's log, the more telling first: the first that can be read counts.
LOGS = (
    "trainer_state.json",
    "metrics.csv",
    "results.csv",
    "progress.csv",
    "loss.tsv",
    "history.csv",
    "training_log.csv",
    "training.log",
    "log.csv",
    "history.json",
    "metrics.json",
    "metrics.jsonl",
    "scalars.json",
    "result.json",
    "log.json",
    "log.jsonl",
    "log.txt",
    "train.log",
    "output.log",
    "train_log.txt",
    "stdout.log",
)
ENDINGS = (
    ".csv",
    ".tsv",
    ".jsonl",
    ".json",
    ".log",
    ".txt",
    ".parquet",
    ".npz",
    ".npy",
    ".out",
    ".gz",
    ".bz2",
    ".xz",
    ".feather",
    ".md",
)

#: Held-out points that are validated on, where others are there too, as in test.csv.
VALIDATION = frozenset(("val", "valid", "validation", "dev"))

F = TypeVar("F", bound=PurePath)

#: A zip in a folder is opened up to this size, in bytes: larger ones hold models.
MOST_PACKED = 50_000_000

#: What never is a log, however it ends.
NO_LOGS = frozenset(
    (
        "requirements.txt", "readme.txt", "license.txt", "merges.txt", "vocab.txt", "classes.txt",
        "labels.txt", "config.json", "hparams.json", "args.json", "params.json", "tokenizer.json",
        "tokenizer_config.json", "vocab.json", "special_tokens_map.json", "generation_config.json",
        "package.json", "package-lock.json", "labels.json", "wandb-summary.json",
        "wandb-metadata.json", "time_left.tsv", "hparams.txt", "config.txt", "args.txt",
    )
)  # fmt: skip
#: Folders inside a run's, which don't name it.
INNER = ("metrics", "plots", "dvclive", "vis_data", "catboost_info", "tb", "tensorboard", "files")
_DIGITS = late(r"\d+")
SKIPPED = frozenset((".git", "__pycache__", "node_modules", ".venv", "site-packages", ".cache"))


def rank(file: PurePath) -> tuple[int, str]:
    """The more telling a file's name is, the lower: of a folder's files the first is the log."""
    return LOGS.index(file.name.lower()) if is_log(file) else len(LOGS), str(file)


def is_log(file: PurePath) -> bool:
    """Whether a file's name says that it is its folder's log."""
    return file.name.lower() in LOGS


def tables(folder: Path, read: Callable[[Path], list[Table]]) -> list[Table]:
    """The tables of a folder: one a run.

    Parameters
    ----------
    folder : Path
        Of a run, or of many.
    read : callable
        Reads a file.

    Returns
    -------
    list of Table
        With the run's folder as its name.

    Raises
    ------
    ValueError
        If there is no log in it.
    """
    if folder.name == ".aim" or (folder / ".aim").is_dir():
        raise ValueError(
            f"folder={str(folder)!r}, a store of Aim's: must be what Aim exports of it, as "
            "aim.Repo(path).query_metrics(...) with .dataframe() has it"
        )
    found: list[Table] = []
    places: list[str] = []
    files = list(_files(folder))
    by_folder: dict[Path, list[Path]] = {}
    for file in files:
        by_folder.setdefault(file.parent, []).append(file)
    done: set[Path] = set()
    above = {folder for place in by_folder for folder in (place, *place.parents)}
    for place, held in by_folder.items():
        if any(place == other or other in place.parents for other in done):
            continue
        names = {file.name for file in held}
        held = [file for file in held if rotated.base(file.name) not in names]
        curves = place / "plots" / "metrics"
        if curves in above:
            # DVCLive's last values, and its report of them.
            held = [file for file in held if file.name not in ("metrics.json", "report.md")]
        made = _whole(place, held, by_folder, done, read)
        if made is None:
            made = _files_of(place, held, read)
        name = _name(folder, place)
        found += [table if table.run else replace(table, run=name) for table in made]
        places += [name] * len(made)
    if not found:
        listed = ", ".join(sorted(file.name for file in files)[:8]) or "nothing"
        holds = f"which holds {listed}"
        if any(file.suffix == ".swanlab" for file in files):
            holds = "a run of SwanLab, a file for each metric and none with their names"
        raise ValueError(f"folder={str(folder)!r}, {holds}: must be one with a training log in it")
    return _latest(_by_place(found, places))


def _by_place(found: list[Table], places: list[str]) -> list[Table]:
    """Tables of files of one name, as each of Hydra's jobs writes its own, by their folders'."""
    times = Counter(table.run for table in found)
    return [
        replace(table, run=place) if times[table.run] > 1 and place else table
        for table, place in zip(found, places, strict=True)
    ]


def _files(folder: Path) -> Iterator[Path]:
    """Files in a folder and below, by name; links to folders are not followed."""
    count = 0
    for place, inner, names in os.walk(folder):
        depth = len(Path(place).relative_to(folder).parts)
        inner[:] = [] if depth >= DEPTH else sorted(each for each in inner if each not in SKIPPED)
        for name in sorted(names):
            count += 1
            if count > MOST_FILES:
                return
            yield Path(place, name)


def _name(folder: Path, place: Path) -> str:
    while place != folder and (sides.is_one(place.name) or place.name in INNER):
        place = place.parent
    return "" if place == folder else place.relative_to(folder).as_posix()


def _whole(
    place: Path,
    held: list[Path],
    by_folder: dict[Path, list[Path]],
    done: set[Path],
    read: Callable[[Path], list[Table]],
) -> list[Table] | None:
    """The table of a folder whose layout says what belongs together; None if it is no such."""
    offline = [table for file in held if file.suffix == ".wandb" for table in _read(file, read)]
    if offline:
        done.add(place)  # what the program printed lies in files/ below
        return offline
    names = {file.name for file in held}
    events = [file for file in held if stores.is_events(file.name)]
    if {"learn_error.tsv", "test_error.tsv"} & names:
        done.add(place)  # the same again in learn/ and test/, for TensorBoard
        return catboost(place)
    if events or event_folders.parts(place, by_folder):
        return event_folders.tables_of(place, events, by_folder, done)
    for root in (place, *place.parents):
        if root.name == "metrics" and root.parent.name == "plots":  # DVCLive
            done.add(root)
            return dvclive(root, by_folder)
        if root.name == "metrics" and all("." not in file.name for file in held):
            done.add(root)
            table = stores.mlflow_folder(root.parent, str(root))
            return [] if table is None else [table]
    return None


def _files_of(place: Path, held: list[Path], read: Callable[[Path], list[Table]]) -> list[Table]:
    """The log among a folder's files: the one whose name says so, else each that can be read."""
    by_name = {file.name.lower(): file for file in held}
    if place.name.startswith("checkpoint-") and "trainer_state.json" in by_name:
        return _read(by_name["trainer_state.json"], read)
    for name in LOGS:
        made = _read(by_name[name], read) if name in by_name else []
        # What is said of the whole run may stand beside its epochs, a file each.
        if any(table.rows > 1 for table in made):
            return made
    if joined := sided(held, read):
        return joined
    made = []
    for file in held:
        if file.suffix.lower() in ENDINGS and file.name.lower() not in NO_LOGS:
            for table in _read(file, read):
                made.append(replace(table, run=table.run or file.stem))
        elif file.suffix.lower() in (".db", ".sqlite"):
            made += _read(file, read)
    if not made:  # packed logs, as Comet leaves them; or models, which are none
        for file in held:
            if file.suffix.lower() == ".zip" and file.stat().st_size <= MOST_PACKED:
                made += [replace(table, run=file.stem) for table in _read(file, read)]
    made = _numbered(made)
    return rotated.parts_joined([table for table in made if table.rows > 1] or made)


def sided(held: Sequence[F], read: Callable[[F], list[Table]]) -> list[Table]:
    """train.csv and val.csv of one run."""
    files: dict[str, list[F]] = {}
    for file in held:
        # A file of a metric, as TorchRL's eval_reward.csv, has no loss, whatever it holds.
        if file.suffix.lower() in ENDINGS and parse(file.stem).kind not in ("higher", "other"):
            files.setdefault(sides.of(file.stem), []).append(file)
    if len(files.get("val", ())) > 1:
        files["val"] = [file for file in files["val"] if VALIDATION & sides.words(file.stem)]
    if len(held) > 6 or not all(len(files.get(side, ())) == 1 for side in ("train", "val")):
        return []
    tables = []
    for side in ("train", "val"):
        for table in _read(files[side][0], read):
            if not stores.has_loss(table):
                continue
            if side == "train" and any(
                parse(name).part == "held out" and parse(name).kind == "loss"
                for name in table.columns
            ):
                if sum(map(len, files.values())) > 2:
                    return []
                both, other = files["train"][0], files["val"][0]
                left = f"{other.name} left out: {both.name} holds both losses"
                return [replace(table.noted(left), run=table.run or both.stem)]
            renamed = {
                (
                    plain(name)
                    if plain(name) in ("step", "epoch", "iteration")
                    else f"{side}/{name}"
                ): column
                for name, column in table.columns.items()
            }
            counter = next((n for n in renamed if n in ("step", "epoch", "iteration")), None)
            if counter is not None:
                renamed["step"] = renamed.pop(counter)
                renamed["step"] = [float(each) for each in renamed["step"]]
            tables.append(replace(table, columns=renamed))
    return list(stores.merged(tables)) if len(tables) == 2 else []


def _read(file: F, read: Callable[[F], list[Table]]) -> list[Table]:
    """A file's tables that have a loss; none if it is no log, but a list of runs, say."""
    try:
        tables = [table for table in map(_of_file(file), read(file)) if stores.has_loss(table)]
        return [table for table in tables if runs.named_by(table) is None]
    except (ValueError, OSError):
        return []


def _of_file(file: PurePath) -> Callable[[Table], Table]:
    """Names a column of values as the file is named, if that names a loss: train_loss.csv."""

    def named(table: Table) -> Table:
        names = {plain(name): name for name in table.columns}
        kind, digits = parse(file.stem).kind, _DIGITS.search(file.stem)  # adam_lr0.1 is a run
        if table.nameless and (kind in ("higher", "error") or (kind == "other" and not digits)):
            # TorchRL's eval_reward.csv and d3rlpy's time_step.csv: a metric each, without a header.
            columns = {file.stem if n == "loss" else n: c for n, c in table.columns.items()}
            return replace(table, columns=columns)
        if parse(file.stem).kind not in ("loss", "error") or "value" not in names:
            return table
        if not set(names) <= {"wall_time", "step", "value", "relative_time", "timestamp"}:
            return table
        return replace(
            table,
            columns={
                file.stem if name == names["value"] else name: column
                for name, column in table.columns.items()
            },
        )

    return named


def _numbered(tables: list[Table]) -> list[Table]:
    """Tables of a row each, whose files differ by a number, as one: metrics_epoch_3.json."""
    groups: dict[str, list[Table]] = {}
    for table in tables:
        groups.setdefault(_DIGITS.sub("#", table.run), []).append(table)
    made = []
    for group in groups.values():
        if len(group) < 3 or any(table.rows != 1 for table in group):
            made += group
            continue
        group.sort(key=lambda table: [int(digits) for digits in _DIGITS.findall(table.run)])
        records = [{name: cells[0] for name, cells in t.columns.items()} for t in group]
        made.append(replace(group[0], columns=from_records(records), run=""))
    return made


def _latest(found: list[Table]) -> list[Table]:
    """Of a run and its checkpoints the one that goes farthest: each holds all that came before."""
    kept: dict[str, Table] = {}
    result = []
    for table in found:
        run, _, last = table.run.rpartition("/")
        if not last.startswith("checkpoint-"):
            result.append(table)
            kept[table.run] = table
        elif run not in kept or kept[run].rows < table.rows:
            if run in kept and kept[run] in result:
                result.remove(kept[run])
            kept[run] = replace(table, run=run)
            result.append(kept[run])
    return result
