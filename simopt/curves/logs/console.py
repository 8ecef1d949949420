"""What a training run prints: lines with names and numbers, by patterns that a user can add to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from simopt.curves.logs import (
    boxes,
    cut_off,
    grains,
    one_line,
    parts,
    printed_tables,
    processes,
    repeated,
    spellings,
    terminal_text,
    wrapped,
)  # fmt: skip
from simopt.curves.logs.json_values import trees
from simopt.curves.logs.names import in_english, is_rate, parse
from simopt.curves.logs.pairs import ROUND
from simopt.curves.logs.patterns import PARTS, Pattern
from simopt.curves.logs.shapes import MOST_SHAPES
from simopt.curves.logs.table import Rows, Table
from simopt.ground import checks
from simopt.ground.patterns import late

#: A line that says what those below are about: "Eval begin...", "***** Running Evaluation *****".
_HEADING = late(
    rf"[\W_]*(?:(?:running|start(?:ing)?|begin(?:ning)?)\s+)?(?P<part>{PARTS})"
    r"(?:\s+(?:begin|start|set|phase|results?|metrics|mode|loop|model))?[\W_]*",
    re.IGNORECASE,
)


#: The same at a line's end, behind a position: "Epoch[3] - Evaluation time: 1.5 - val metrics:".
_HEADING_BEHIND = late(
    rf"(?:^|[^\w\s]\s*|\d\s+|ing\s+)(?P<part>{PARTS})"
    r"(?:\s+(?:results?|metrics|set|phase|stats|data))?\s*:\s*\Z",
    re.IGNORECASE,
)

#: How far a bar of tqdm's is, and the time it took.
_BAR_AT = late(r"\d+/\d+ \[[\d:]+<")

#: A bar of Keras that is full, whose line says no position.
_FULL_BAR = late(r"\s*(\d+)/\1\s")

#: A state of it, of how many batches.
_BAR = late(r"\s*\d+/(\d+)\s")

#: Vowpal Wabbit's rows from the second pass on, in the column of the training loss, and what it
#: says at the end: of held-out points.
_HELD_OUT_ROW = late(r"^([\d.]+) [\d.]+ +(\d+) +[\d.]+ +\S+ +\S+ +\d+ h$", re.MULTILINE)
_HELD_OUT_END = late(r"^average loss = [\d.]+ h$", re.MULTILINE)

#: A decimal comma: behind a name, and before neither more digits in groups nor more numbers.
_DECIMAL_COMMA = late(r"(?<=[:= ])([-+]?(?:\d{1,3}(?:\.\d{3})+|\d+)),(\d+)(?![\d,.])")
_DECIMAL_POINT = late(r"(?<=[:= ])[-+]?\d+(?:\.\d+)+(?![\d,])|,\d{3}(?!\d)")
#: Characters of a text that show its decimal mark, and its language.
LOOKED_AT = 20_000
#: A progress bar drawn over itself that leaves fewer lines than these was one for all epochs.
FEW_LINES = 3
_WARNING = late(r"\W*(?:warn(?:ing)?|error|alert)\b", re.IGNORECASE)
#: An epoch has a row of the training, and one of held-out points.
ROWS_TOLD = 2
#: What boosted trees print above a round that is said again, and Keras Tuner above what a trial,
#: whose epochs stand before it, came to.
_BEST = late(r"best iteration(?: is)?:\s*$|^Trial \d+ Complete \[[^\]]*\]\s*$", re.IGNORECASE)
#: What a program says when it is done: "Convergence after 8 epochs", "Converged at iteration 7".
_CONVERGED = late(r"\bconverge(?:d|nce) (?:after|at|in) .*?\d", re.IGNORECASE)
#: The column of rows that come behind such a line.
CONVERGED = "\0converged"
#: What is said of a run when it is over, "Best epoch: 40, loss: 0.5", or of one that goes on:
#: "Resuming from epoch 20, loss 0.6"; Comet's counts and bounds, "loss [40] : (0.5, 2.5)".
_SUMMARY = late(
    r"\W*(?:(?:best|final|lowest|minimum|optimal)\s+(?:epoch|step|iter(?:ation)?|round|model"
    r"|checkpoint|results?)\b|[^\[]*+\[\d+\]\s*:\s\([-+\d][^(),]*, [^(),]*\)\s*$"
    r"|(?:resum|restor|load)(?:ing|ed)\b.*?\b(?:from|at|checkpoint|model|weights|state)\b)",
    re.IGNORECASE,
)


def table(text: str, source: str, patterns: Iterable[str] = ()) -> Table | None:
    """The table that the lines of a program's output make; None if none of them holds a loss.

    Parameters
    ----------
    text : str
        The output.
    source : str
        Its name.
    patterns : iterable of str
        Regular expressions to try before the built-in ones; their named groups become columns.

    Returns
    -------
    Table or None
    """
    own = [_of_user(expression) for expression in patterns]
    text = terminal_text.one_line_a_bar(wrapped.joined(terminal_text.plain_text(text)))
    if not own and (english := in_english(text[:LOOKED_AT])) != text[:LOOKED_AT]:
        text = english + in_english(text[LOOKED_AT:])
    if " h\n" in text and _HELD_OUT_ROW.search(text):
        text = _HELD_OUT_END.sub("", _HELD_OUT_ROW.sub(_of_held_out, text))
    if _has_decimal_commas(text):
        text = _DECIMAL_COMMA.sub(lambda number: f"{number[1].replace('.', '')}.{number[2]}", text)
    whole = cut_off.whole(text)
    cut = ("the last line is cut off, and left out",) if len(whole) < len(text) else ()
    text = whole
    programs: dict[str, str] = {}
    seen: set[str] = set()
    rows = _rows(terminal_text.lines(text), own, programs, seen)
    one_bar = rows.count < FEW_LINES or terminal_text.goes_on(text)
    if one_bar and text.count("\r") > text.count("\r\n"):
        # One bar for the whole training: its states are the curve.
        states = _rows(terminal_text.lines(text.replace("\r", "\n")), own, programs, seen)
        rows = repeated.without_redrawn(states) if states.count > rows.count else rows
    if not rows.count and "higher" in seen:
        # Metrics that rise: whether one is to be read, who calls says.
        rows = _rows(terminal_text.lines(text), own, programs, seen, ("higher",))
    if not rows.count and "part" in seen:
        rows = parts.alone(_rows(terminal_text.lines(text), own, programs, seen, ("",)))
    if not rows.count:
        return None
    once = spellings.once(repeated.without_older(rows.columns))
    columns, notes = processes.of_one(processes.of_runs(once))
    columns, notes = repeated.without_evaluation(*repeated.once(columns, notes))
    columns, front = _placed(repeated.without_best(columns))
    behind = columns.pop(CONVERGED, ())
    form = f"{next(iter(programs))} output" if len(programs) == 1 else "console output"
    about = next((text for text in programs.values() if text), "")
    # Boosted trees name the points too: river's "[20] MAE: 0.5" is another's round.
    named = any(len(parse(name).words) > 1 for name in columns)
    if named and "[" in text and ROUND.search(text):
        about = about or trees(columns)
    return Table(
        columns, form, source, about=about, notes=(*notes, *front, *cut),
        converged=tuple(row for row, cell in enumerate(behind) if cell),
    )  # fmt: skip


class _Roles(NamedTuple):
    """Of a line's names those of its position and its values, if a loss is among these.

    ``bare`` are those of values that say no part of the data, where there is a loss.
    """

    position: tuple[str, ...]
    values: tuple[str, ...]
    losses: bool
    bare: tuple[str, ...]


@lru_cache(MOST_SHAPES)
def _roles(names: tuple[str, ...], kinds: tuple[str, ...]) -> _Roles:
    position = tuple(name for name in names if parse(name).kind == "counter")
    values = tuple(name for name in names if parse(name).kind != "counter")
    losses = any(parse(name).kind in kinds for name in values)
    bare = tuple(name for name in values if losses and parts.of_part("train", name) != name)
    return _Roles(position, values, losses, bare)


def _kind(name: str) -> str:
    """What a name is: of the parts of the data alone it is "part", as in libFM's "Train=0.85"."""
    said = parse(name)
    return said.kind or ("part" if said.part and not said.stem else "")


def _of_held_out(row: re.Match[str]) -> str:
    """A row that is marked with h, by name: a progressive mean of the loss, at so many examples."""
    return f'{{"counter": {row[2]}, "val_loss": {row[1]}}}'


def _placed(columns: dict[str, list[Any]]) -> tuple[dict[str, list[Any]], tuple[str, ...]]:
    """Rows without first ones that say no position where all others do: a setting, as "loss: 1".

    What others say too is none of that: their position may stand below them.
    """
    counters = [cells for name, cells in columns.items() if parse(name).kind == "counter"]
    placed = [any(cell is not None for cell in row) for row in zip(*counters, strict=True)]
    first = placed.index(True) if True in placed else 0
    if not 0 < first < FEW_LINES or not all(placed[first:]) or len(placed) < 3 * FEW_LINES:
        return columns, ()
    values = [cells for name, cells in columns.items() if parse(name).kind != "counter"]
    held = [tuple(cell is not None for cell in row) for row in zip(*values, strict=True)]
    if set(held[:first]) & set(held[first:]):
        return columns, ()
    note = "what is said of a loss before any position is left out"
    return {name: cells[first:] for name, cells in columns.items()}, (note,)


def _has_decimal_commas(text: str) -> bool:
    """Whether numbers are written with commas: more of them, at the text's start, than points."""
    head = text[:LOOKED_AT]
    return len(_DECIMAL_COMMA.findall(head)) > len(_DECIMAL_POINT.findall(head))


def _rows(
    lines: Iterable[str],
    own: list[Pattern],
    programs: dict[str, str],
    seen: set[str],
    kinds: tuple[str, ...] = ("loss", "error"),
) -> Rows:
    """What each line says, beside the position that stood before it; whose lines were met.

    Lines count that hold one of the ``kinds``; what others name is of the kinds ``seen``.
    """
    rows = Rows()
    at: dict[str, str] = {}
    rate: dict[str, str] = {}
    last: dict[str, str] | None = None
    header: list[printed_tables.Word] = []
    said_at: list[str] = []
    side = ""
    trained: dict[str, str] = {}
    again, converged, headed, beside = False, False, 0, 0
    shown: tuple[str, str] | None = None
    drawn: dict[str, Any] = {}
    parted: dict[str, str] = {}
    for line in boxes.unboxed(lines):
        if again or (("iteration" in line.lower() or line[:6] == "Trial ") and _BEST.search(line)):
            again = not again
            continue
        if _SUMMARY.match(line):
            continue
        rank, line = processes.writer(line)
        record, program, about = one_line.record(line, own)
        if program:
            programs[program] = about
        roles = _roles(tuple(record), kinds)
        if (record.keys() <= {"step"} or (header and not roles.losses)) and (
            columns := printed_tables.columns(line, header)
        ) is not None:
            header, record = columns
            roles = _roles(tuple(record), kinds)
        if not record and (heading := _HEADING.fullmatch(line)):
            side = heading["part"] if parse(heading["part"]).part == "held out" else ""
        position = {name: record[name] for name in roles.position}
        values = {name: record[name] for name in roles.values}
        if position and _earlier(position, at):
            at = {}
        at |= position
        headed += "epoch" in position
        losses = roles.losses
        if roles.bare and (part := parts.said(line, roles.bare)):
            parted |= {parts.of_part(part, name): name for name in roles.bare}
            values = {parts.of_part(part, name): value for name, value in values.items()}
        if side and _goes_on(position, trained):
            side = ""
        if position and not losses and (behind := _HEADING_BEHIND.search(line)):
            side = behind["part"] if parse(behind["part"]).part == "held out" else ""
        if losses and side:
            values = {parts.of_part(side, name): value for name, value in values.items()}
        elif losses:
            trained = position
        if losses and not position and said_at and said_at[-1] and _warns(line, values):
            continue
        if losses or (own and program == "your pattern"):
            row: dict[str, Any] = at | rate | values | ({processes.RANKS: rank} if rank else {})
            if converged:
                row[CONVERGED], converged = True, False
            if "[" in line and (label := processes.label(line)):
                row[processes.LABELS] = label
            if "epoch" in at and not position and _FULL_BAR.match(line):
                row[repeated.BARS] = headed
            state = (at["epoch"], bar[1]) if "epoch" in at and (bar := _BAR.match(line)) else None
            if state and state == shown and _is_validated(row, drawn):
                rows.put(row)  # a bar that a message came behind is drawn to its end below it
                drawn, shown = row, None
                continue
            shown = None if position else state
            if {"epoch", "batch"} <= set(at):
                if row.items() <= drawn.items():
                    continue  # a bar that is drawn again when all is done
                # A bar shows the last epoch's losses until its own are known, and is then set back.
                ended = drawn.get("epoch") == at["epoch"] and at["batch"] in (
                    drawn.get("batch"),
                    "0",
                )
                if ended and drawn.keys() <= row.keys() and _BAR_AT.search(line):
                    drawn = row | {"batch": drawn.get("batch", at["batch"])}
                    rows.put(drawn)
                    continue
            drawn = row
            rows.add(row)
            rate, last = {}, dict(at)
            said_at.append(
                "" if not position else "epoch" if set(position) == {"epoch"} else "step"
            )
        else:
            seen.update(map(_kind, values))
            converged = converged or _CONVERGED.search(line) is not None
            rates = {name: value for name, value in values.items() if is_rate(parse(name).words)}
            # Said behind each row from the first on it is that row's, else of those that follow.
            if rates and last == at and rows.count - beside <= ROWS_TOLD:
                rates, beside = _beside(rows, rates), rows.count
            rate |= rates
        if not losses and "epoch" in position:
            at.pop("batch", None)
    if "" in said_at:
        rows, said_at = repeated.without_warnings(rows, said_at)
    return grains.of_lines(parts.told(rows, parted), said_at)


def _is_validated(row: dict[str, Any], before: dict[str, Any]) -> bool:
    """Whether a row has all names of the one before, and those of held-out points besides."""
    more = row.keys() - before.keys()
    held = any(parse(name).part == "held out" for name in more)
    return held and before.keys() <= row.keys()


def _warns(line: str, values: dict[str, str]) -> bool:
    """Whether a line warns of a loss that is finite: "WARNING: loss 9.5 is above 5"."""
    said = (value for name, value in values.items() if parse(name).kind in ("loss", "error"))
    return _WARNING.match(line) is not None and all(re.search(r"\d", value) for value in said)


def _goes_on(position: dict[str, str], before: dict[str, str]) -> bool:
    """Whether a position is of training again: of a new epoch, or behind the last one."""
    if "epoch" in position:
        return True
    return any(
        name in before and float(value.replace(",", "")) > float(before[name].replace(",", ""))
        for name, value in position.items()
    )


def _beside(rows: Rows, rates: dict[str, str]) -> dict[str, str]:
    """The rates that a line of their own says for the row before; those that it has are left."""
    return {name: value for name, value in rates.items() if not rows.fill(name, value)}


def _of_user(expression: str) -> Pattern:
    try:
        compiled = re.compile(expression)
    except re.error as error:
        raise checks.refuse("pattern", expression, f"a regular expression ({error})") from None
    if not compiled.groupindex:
        allowed = "one with named groups, such as (?P<loss>[0-9.]+)"
        raise checks.refuse("pattern", expression, allowed)
    return Pattern("your pattern", compiled)


def _earlier(position: dict[str, str], at: dict[str, str]) -> bool:
    """Whether a new epoch begins, whose steps count from the start again."""
    return any(
        name in at and at[name] != value for name, value in position.items() if name == "epoch"
    )
