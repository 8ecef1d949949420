"""A training log into its runs: whatever it was written by, in whatever holds it.

``contents`` (bytes, bounded) or ``objects`` -> ``table.Table`` by format (``delimited``, ``drawn``,
``json_logs``, ``markup``, ``lists``, ``console``, ``stores``, ``folders``) -> ``runs`` (told apart
by name) -> ``curves``: ``choose`` (columns: ``training_loss``, ``held_out``, ``counters``),
``sections`` (runs one after the other), ``pairing`` (gaps, validation) -> ``log.Log``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.curves.logs import (
    archives,
    contents,
    folders,
    markup,
    objects,
    pairing,
    rotated,
    runs,
    stores,
    texts,
    wandb,
)  # fmt: skip
from simopt.curves.logs.curves import of_table
from simopt.curves.logs.log import Log, LoggedRun, numbered
from simopt.curves.logs.names import plain as plain
from simopt.curves.logs.table import Table
from simopt.ground import checks
from simopt.ground.formatting import listing

Floats = NDArray[np.float64]


def read_log(
    source: Any,
    *,
    column: str | None = None,
    validation: str | None = None,
    x: str | None = None,
    patterns: Iterable[str] = (),
    higher_is_better: bool = False,
) -> Log:
    """Read what a training run left behind: a file, a folder, or an object that holds numbers.

    Nothing in a file is run: no pickle is read, nothing evaluated; sizes are bounded, also of what
    is packed.

    Parameters
    ----------
    source : path, array_like, DataFrame, mapping, or object with a history
        - Files: CSV and TSV (any separator, decimal commas, UTF-8 or UTF-16), white space, tables
          drawn with bars and rules (Markdown, rich), JSON (objects of lists, lists of records,
          pandas' orientations, ``trainer_state.json``, charts of Plotly, Bokeh, Chart.js and
          others), JSON lines, printed dicts and lists, blocks of rows (Gnuplot), tables of HTML and
          LaTeX, XML, what a Jupyter notebook kept of its output,
          Parquet, Feather, NumPy, TensorBoard event files (where TensorBoard is installed), MLflow
          databases, offline runs of W&B, and the output of a program; also packed by gzip, bzip2,
          xz, zip or tar.
        - Folders: of Lightning, Hugging Face, Keras' and PyTorch's TensorBoard writers, MLflow,
          W&B, DVCLive, CatBoost, Ultralytics, Ray; a run, or many.
        - Text of several lines: a log, as it was printed.
        - Objects: numbers, tensors, mappings, records, DataFrames, Arrow's tables, open files,
          Keras' History, a Trainer, estimators with ``loss_curve_``; mappings and lists of several
          histories, a run each.
    column : str, optional
        The training loss' name; chosen by its name and its values if left out.
    validation : str, optional
        The validation loss' name; likewise.
    x : str, optional
        What rows are counted by; likewise.
    patterns : iterable of str
        Regular expressions for lines of a program's output; their named groups become columns.
    higher_is_better : bool, default False
        Read a metric that rises when the model gets better, negated.

    Returns
    -------
    Log
        runs, each with loss, validation, x and what was chosen, repaired, left out; ``print`` it.

    Raises
    ------
    ValueError
        If there is no loss in it, columns can't be told apart, or it is no log.
    OSError
        If a file can't be read.

    Examples
    --------
    >>> import simopt
    >>> log = simopt.read_log({"epoch": [1, 2, 3], "loss": [3.0, 2.0, 1.5], "acc": [0.1, 0.4, 0.5]})
    >>> print(log)
    mapping: one run
      three values of loss, by epoch from 1 to 3
    """
    checks.flag("higher_is_better", higher_is_better)
    source = objects.opened(source)
    patterns = _patterns(patterns)
    tables, name, form = _tables(source, patterns)
    read: list[LoggedRun] = []
    failed: ValueError | None = None
    for table in tables:
        try:
            read += of_table(table, column, validation, x, higher_is_better)
        except ValueError as error:
            failed = failed or error
    if not read:
        raise failed or checks.refuse("loss", name, "a log with a loss in it")
    return Log(name, form, tuple(numbered(_each_once(read))))


#: Numbers that are written to four digits, as Hugging Face prints them, are the same.
ROUNDED = 5e-4


def _each_once(read: Sequence[LoggedRun]) -> list[LoggedRun]:
    """Runs without those that another logger of the same training wrote, in another format.

    Of two the one stays that has a validation loss, and of both what was not printed, and rounded.
    """
    kept: list[LoggedRun] = []
    for run in read:
        for k, other in enumerate(kept):
            if other.format != run.format and _of_one_training(other, run):
                stays, goes = max((other, run), (run, other), key=lambda pair: _tells(pair[0]))
                left = f"{goes.source or goes.name} has the same curve as {goes.format}: left out"
                kept[k] = replace(stays, notes=(*stays.notes, left))
                break
        else:
            kept.append(run)
    return kept


def _tells(run: LoggedRun) -> tuple[bool, bool]:
    """How much a run's log says beside the loss, and whether with all digits."""
    return run.validation is not None, not run.format.endswith(" output")


def _of_one_training(one: LoggedRun, other: LoggedRun) -> bool:
    """Whether two have the same losses, which vary: any training may stay at chance."""
    pairs = [(one.loss, other.loss)]
    if one.validation is not None and other.validation is not None:
        pairs.append((one.validation, other.validation))
    return bool(len(one.loss) > 1 and (one.loss != one.loss[0]).any()) and all(
        len(a) == len(b) and np.allclose(a, b, rtol=ROUNDED, atol=0.0, equal_nan=True)
        for a, b in pairs
    )


def read(
    loss: Any, validation: Any = None, *, loss_column: str | None = None, x: str | None = None
) -> tuple[Floats, Floats | None]:
    """The training loss, and the validation loss if there is one, of equal length.

    Parameters
    ----------
    loss : array_like, DataFrame, mapping, object or path
        As in `read_log`; of several runs the last.
    validation : array_like or str, optional
        Numbers, as many as the loss has, NaN where there is none; or the name of a column of the
        table. Found by name if left out.
    loss_column, x : str, optional
        The names of columns; found by name if left out.

    Returns
    -------
    loss : ndarray [T]
    validation : ndarray [T] or None

    Raises
    ------
    ValueError
        If there are no numbers, columns can't be told apart, or the two are not of one length.
    OSError
        If the file can't be read.

    Examples
    --------
    >>> from simopt.curves.logs.reading import read
    >>> read({"loss": [3.0, 2.0, 1.5], "val_loss": [3.1, None, 2.0]})
    (array([3. , 2. , 1.5]), array([3.1, nan, 2. ]))
    """
    run = one_log(loss, validation, column=loss_column, x=x).run
    return run.loss, run.validation


def one_log(
    loss: Any,
    validation: Any = None,
    *,
    column: str | None = None,
    x: str | None = None,
    patterns: Iterable[str] = (),
    higher_is_better: bool = False,
) -> Log:
    """`read_log`, with the validation loss as numbers beside it where it is no name."""
    column, x = checks.optional_text("column", column), checks.optional_text("x", x)
    beside = None if validation is None or isinstance(validation, str) else validation
    name = validation if isinstance(validation, str) else None
    loss = objects.opened(loss)
    if isinstance(loss, Log):
        # What was to be chosen was chosen when it was read.
        for argument, value in (("column", column), ("validation", validation), ("x", x)):
            if value is not None:
                raise checks.refuse(argument, value, "None: tell read_log, which made this log")
        return loss
    if not (objects.is_text(loss) or objects.is_path(loss)) and (column or x or name):
        table = objects.table(loss)
        if table.format in ("numbers", "array", "Series"):
            if column is not None:
                raise checks.refuse("column", column, "None where loss is no table")
            if name is not None:
                raise checks.refuse("validation", name, objects.ALLOWED)
    log = read_log(
        loss,
        column=column,
        validation=name,
        x=x,
        patterns=patterns,
        higher_is_better=higher_is_better,
    )
    if beside is None:
        return log
    held = objects.numbers("validation", beside)
    run = log.run
    if len(held) != len(run.loss):
        many = f"{len(held)} values"
        allowed = f"as many as the loss has ({len(run.loss)}), with NaN where there is none"
        raise checks.refuse("validation", many, allowed)
    held, note = pairing.hidden_nan(held)
    notes = (*run.notes, *((f"validation: {note}",) if note else ()))
    finite = bool(np.isfinite(held).any())
    run = replace(
        run, validation=held if finite else None, validation_column="validation", notes=notes,
        validation_fault=pairing.fault(held),
    )  # fmt: skip
    return replace(log, runs=(run,))


def _tables(source: Any, patterns: Iterable[str]) -> tuple[list[Table], str, str]:
    if objects.is_text(source):
        if not (pasted := texts.tables(source, "text", patterns)):
            raise checks.refuse("loss", f"{source.strip()[:60]!r}", "a log with a loss in it")
        return [each for table in pasted for each in runs.by_name(table)], "", pasted[0].format
    if not objects.is_path(source):
        table = objects.table(source)
        return runs.by_name(table), "", table.format
    path = Path(source)
    if path.is_dir():
        found = folders.tables(path, lambda file: file_tables(file, patterns, rotated.older(file)))
    else:
        found = file_tables(path, patterns)
        if parts := [part.name for part in rotated.older(path)]:
            beside = (
                f"{listing(parts)} beside it: older parts of it, which its folder is read with "
                "where it goes on from them"
            )
            found = [table.noted(beside) for table in found]
    form = found[0].format if len({table.format for table in found}) == 1 else "several formats"
    return [each for table in found for each in runs.by_name(table)], str(path), form


def _patterns(patterns: Any) -> tuple[str, ...]:
    """Check regular expressions."""
    texts = checks.texts("patterns", patterns)
    for each in texts:
        try:
            re.compile(each)
        except re.error as error:
            raise checks.refuse("patterns", each, f"a regular expression ({error})") from None
    return texts


def file_tables(
    path: Path, patterns: Iterable[str] = (), older: Sequence[Path] = ()
) -> list[Table]:
    """The tables of a file, whatever its format: told by its first bytes, and then by its text.

    A text goes on from those of its ``older`` parts.
    """
    name, data = contents.content(path)
    source = str(path)
    if data.startswith(b"SQLite format 3"):
        return stores.database(path)
    if data.startswith((b"PAR1", stores.ARROW)):
        return [stores.arrow(data, source)]
    if data.startswith(b"\x93NUMPY") or name.endswith(".npz"):
        return [stores.numpy(data, source)]
    if stores.is_events(name, data):
        return [stores.events(path, source)]
    if (files := contents.archived(path, data)) is not None:
        return archives.tables(path, files, lambda text, inner: _table_of(text, patterns, inner))
    if name.endswith(".wandb") or data.startswith(wandb.MAGIC):
        return [wandb.offline_run(data, source)]
    text = contents.decoded(path, data)
    text, parts = rotated.joined(text, older, lambda part: _table_of(part, patterns))
    if not text.strip():
        raise contents.refused(path, "no text", "a log with numbers in it; it is empty")
    if contents.is_data(text):
        raise contents.refused(path, "a table of data in ARFF", "a log, with a loss in it")
    if (shown := markup.outputs(text)) is not None:
        return texts.of_notebook(path, shown, patterns)
    found = texts.tables(text, source, patterns)
    if not found:
        first = " / ".join(line.strip()[:60] for line in text.strip().splitlines()[:2])
        allowed = "a log: a table, JSON, or lines with a loss in them (or give a pattern)"
        raise contents.refused(path, f"which begins {first!r}", allowed)
    notes: tuple[str, ...] = (f"read with its older parts {listing(parts)}",) if parts else ()
    if left := [part.name for part in older if part.name not in parts]:
        notes += (
            f"{listing(left)} beside it left out: no older parts that can be read and that it goes "
            "on from",
        )
    return [table.noted(*notes) for table in found]


def _table_of(text: str, patterns: Iterable[str], source: str = "") -> Table | None:
    """A part's table; None where it is none on its own, as rows without their header."""
    try:
        return texts.text_table(text, source, patterns) if text.strip() else None
    except ValueError:
        return None
