"""What a training run prints: lines with names and numbers, by patterns that a user can add to."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, groupby
from typing import Any

from simopt.curves.logs import printed_tables
from simopt.curves.logs.cells import is_number
from simopt.curves.logs.json_logs import printed, trees
from simopt.curves.logs.names import is_rate, parse, plain
from simopt.curves.logs.patterns import NUMBER, PATTERNS, VALUE, Pattern
from simopt.curves.logs.table import Rows, Table, flat
from simopt.ground import checks

_PARTS = (
    r"(?:train(?:ing)?|val(?:id(?:at(?:ion|e|ing))?)?|eval(?:uat(?:ion|e|ing))?|test(?:ing)?|dev)"
)

#: What a line, or a part of it, is about: "[valid]", "| train_inner |", "Validation results - ",
#: "Epoch (valid): ", "DEV : ", "Test: [ 0/10]", "[3/10] train: loss=0.5 || valid: loss=0.6".
_PART = re.compile(
    r"\[(?P<bracket>train\w*|val\w*|eval\w*|test\w*)\]"
    rf"|\((?P<paren>{_PARTS})\)(?=\s*:\s+[A-Za-z])"
    r"|(?:^|\|)\s*(?P<field>(?:train|val|eval|test)\w*)\s*(?=\|)"
    rf"|^\s*(?P<head>{_PARTS})(?:\s+(?:results?|metrics|set|phase))?"
    r"(?:\s*[-:]\s+(?=[A-Za-z\[]|\d+%)|\s+(?=\(\d+/\d+\)|\[\d+/\d+\]))"
    rf"|(?<![\w/-])(?P<said>{_PARTS}):\s+(?=[A-Za-z_][\w ]{{0,20}}[=:]\s*[-+.\d])",
    re.IGNORECASE,
)
#: What is measured, before the parts of the data: "loss: train 0.5, val 0.6".
_HEADED = re.compile(
    rf"\b(?P<what>loss|cost|nll|mse|rmse|mae|ppl)\s*[-:=(\[]+\s*(?={_PARTS}\b)", re.IGNORECASE
)
#: A line that says what those below are about: "Eval begin...", "***** Running Evaluation *****".
_HEADING = re.compile(
    rf"[\W_]*(?:(?:running|start(?:ing)?|begin(?:ning)?)\s+)?(?P<part>{_PARTS})"
    r"(?:\s+(?:begin|start|set|phase|results?|metrics|mode|loop|model))?[\W_]*",
    re.IGNORECASE,
)
#: What a number behind it counts, and names no process: "Epoch-1 | ", "[it10]: ".
_COUNT = r"(?:epoch|ep|step|iteration|iter|it|batch|update|round|fold)s?"
_NO_RANK = rf"(?![\w.-]*(?<![a-z]){_COUNT}[-_]?\d+(?![\w.-]))"

#: Which of several processes wrote a line.
_RANK = re.compile(
    r"^\s*(?:\[\s*(?:local[_ ]?rank|rank|default|worker|node|gpu|process)[ :=]*(?P<name>\d+)\s*\]"
    rf"|\[{_NO_RANK}[a-z_]+(?P<role>\d+)\](?=:)"  # torchrun's roles
    r"|\[\d+,(?P<mpi>\d+)\]<std(?:out|err)>"
    r"|\((?:\w+ )?pid=(?P<ray>\d+)[^()]{0,60}\)"
    r"|(?:rank|worker|process|node)[-_ :=]*(?P<word>\d+)(?=\s*[:|-])"
    rf"|{_NO_RANK}[a-z][\w.-]*-(?P<service>\d+)(?=\s+\|\s)"  # of Docker's compose
    r"|(?P<task>\d+)(?=: .{0,200}\b(?:epoch|step|iter(?:ation)?)\b)"  # of Slurm's srun --label
    r")\s*[:|-]?\s*",
    re.IGNORECASE,
)
#: The same behind what a logger writes first.
_RANK_WITHIN = re.compile(
    r"(?<![\w-])rank[ :=]*(?P<within>\d+)(?![\d.])(?:[\])]|\s*[:|-])", re.IGNORECASE
)

_BOX = re.compile(rf"\|\s*(?P<name>[A-Za-z_]\w*)\s*\|\s*(?P<value>{VALUE})\s*\|\s*", re.IGNORECASE)
_EPOCH = re.compile(r"\bepoch(?:-|\s*[:#]?\s*)(\d+)", re.IGNORECASE)

_COUNTED = r"(?:epoch|step|iter(?:ation)?|global[ _]step|batch|update|round)"

#: "ms/batch 12.3" is how long one takes.
_NO_RATE = "".join(rf"(?<!\b{word}/)" for word in ("time", "s", "ms", "sec", "seconds", "tokens"))

#: Position of a line: what comes before a slash or in brackets, by what names it. A hyphen right
#: behind the name is no minus.
_POSITION = re.compile(
    rf"{_NO_RATE}\b(?P<name>{_COUNTED})s?(?:-(?=\d)|\s*[:#=]?\s*)"
    rf"[\[(]?\s*(?P<at>(?>{NUMBER}))(?!\s?%)(?:\s*(?:/|of)\s*\d[\d,]*)?",
    re.IGNORECASE,
)
#: XGBoost and LightGBM begin a line with the round, scikit-learn's boosting with that of how many.
_ROUND = re.compile(r"^\s*\[(?P<at>\d+)(?:/\d+)?\]\s+(?=\S)", re.MULTILINE)
#: The position on a line that does not name it: "  3 train loss: 0.5", and tqdm's "| 3/10 [".
_UNNAMED = re.compile(
    rf"^\s*(?P<first>\d+):?\s+(?=(?:{_PARTS}|loss|cost)\b)"
    r"|\|\s*(?P<bar>\d+)/(?:\d+ \[|\s*\d+ batches\b)",
    re.IGNORECASE,
)

#: How far a bar of tqdm's is, and the time it took.
_BAR_AT = re.compile(r"\d+/\d+ \[[\d:]+<")

#: A name and its number: "loss: 0.5", "loss = 0.5", "train loss 0.5", "valid_0's l2: 0.5".
_PAIR = re.compile(
    rf"(?<!\d)(?P<name>[A-Za-z_][\w'@/.%]{{0,80}}(?:[ -](?!-)[A-Za-z_][\w'@/.%]{{0,80}}){{0,4}}"
    rf"(?:\s*\([^()\d]{{1,24}}\))?)"
    rf"\s*(?:[:=]+|\bis\b|\bof\b|\s)\s*(?:tensor\()?[\[(\"']?(?P<value>{VALUE})(?![\w/]|[:-]\d|\.\d)",
    re.IGNORECASE,
)
#: The position between a name and its number: "Cost after iteration 100: 0.5", "Loss (for one
#: batch) at step 0: 0.5".
_BETWEEN = re.compile(
    rf"(?P<what>[A-Za-z][\w ]{{0,60}}?(?:\([^()\d]{{1,24}}\))?)\s+"
    rf"(?:after|at|for|in|on|of|during)\s+"
    rf"(?:(?:the\s+)?(?P<name>{_COUNTED})\s*[#:]?\s*(?P<at>\d+)(?:\s*(?:/|of)\s*\d+)?"
    rf"|(?P<count>\d+)\s+(?P<counted>{_COUNTED})s?)"
    rf"\s*(?:[:=]|\bis\b|\bwas\b|,)\s*(?={VALUE})",
    re.IGNORECASE,
)
#: A decimal comma: behind a name, and before neither more digits in groups nor more numbers.
_DECIMAL_COMMA = re.compile(r"(?<=[:= ])([-+]?(?:\d{1,3}(?:\.\d{3})+|\d+)),(\d+)(?![\d,.])")
_DECIMAL_POINT = re.compile(r"(?<=[:= ])[-+]?\d+(?:\.\d+)+(?![\d,])|,\d{3}(?!\d)")
#: Characters of a text that show its decimal mark.
LOOKED_AT = 20_000
#: The position behind a name, with a colon: "Validation loss 1000: 0.5".
_BEHIND = re.compile(
    rf"\b(?P<what>(?:\w{{1,20}} )?(?:loss|cost)) (?P<at>\d+): (?={VALUE})", re.IGNORECASE
)
_THOUSANDS = re.compile(r"(?<![\d.,\[(])\d{1,3}(?:,\d{3})+(?![\d,])")
#: A progress bar drawn over itself that leaves fewer lines than these was one for all epochs.
FEW_LINES = 3
#: Spaces that say no more than a few would. A line may be long: what patterns repeat is bounded.
_WIDE = re.compile(" {9,}")
#: Marks that say no more than plain ones: those of East Asia, and those around words.
_MARKS = str.maketrans("：，；（）", ":,;()", '"`')
_ARROW = re.compile(r"(?<=\w )[-=]>(?= )|\u2192")
#: Of what steps a mean was taken: "avg. loss [951-1000]: 0.5".
_RANGE = re.compile(r" ?\[\d+ ?- ?\d+\](?= ?[:=])")
#: A name and its number may be on either side of a tab.
_AFTER_NAME = re.compile(r"(?<=[:=])\s+(?=\S)")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x08+")
_PREFIX = re.compile(
    r"^\s*(?:[\[(]?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?[\])]?|"
    r"[\[(]?\d\d:\d\d:\d\d(?:[.,]\d+)?[\])]?|[IWE]\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ \S+\])\s*",
)
#: A bar below another, from which the cursor goes back up: tqdm's, Lightning's.
_BELOW = re.compile(r"\n\r([^\n\r]*)\x1b\[A")
#: What boosted trees print above a round that is said again.
_BEST = re.compile(r"best iteration(?: is)?:\s*$", re.IGNORECASE)
#: What is said of a run when it is over: "Best epoch: 40, loss: 0.5".
_SUMMARY = re.compile(
    r"\W*(?:best|final|lowest|minimum|optimal)\s+(?:epoch|step|iter(?:ation)?|round|model|checkpoint"
    r"|results?)\b",
    re.IGNORECASE,
)
#: What a line without would have no number.
_VALUES = re.compile(r"\d|nan|inf", re.IGNORECASE)
_BAR = re.compile(r"[━═╸╺▏▎▍▌▋▊▉█▇▆▅▄▃▂▁░▒▓─]+|\[=*>?\.*\]|\[[#=>. -]{4,}\]")


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
    text = plain_text(text)
    if _has_decimal_commas(text):
        text = _DECIMAL_COMMA.sub(lambda number: f"{number[1].replace('.', '')}.{number[2]}", text)
    whole = _whole(text)
    cut = ("the last line is cut off, and left out",) if len(whole) < len(text) else ()
    text = whole
    programs: dict[str, str] = {}
    rows = _rows(_lines(text), own, programs)
    if rows.count < FEW_LINES and text.count("\r") > text.count("\r\n"):
        # One bar for the whole training: its states are the curve.
        states = _rows(_lines(text.replace("\r", "\n")), own, programs)
        rows = _redrawn(states) if states.count > rows.count else rows
    if not rows.count:
        # Metrics that rise: whether one is to be read, who calls says.
        rows = _rows(_lines(text), own, programs, ("higher",))
    if not rows.count:
        return None
    columns, notes = _once(*_of_one_rank(rows.columns))
    columns = _without_best(columns)
    form = f"{next(iter(programs))} output" if len(programs) == 1 else "console output"
    about = next((text for text in programs.values() if text), "")
    if "[" in text and _ROUND.search(text):
        about = about or trees(columns)
    return Table(columns, form, source, about=about, notes=(*notes, *cut))


def _whole(text: str) -> str:
    """A text without a last line that is cut in its last number.

    It is shorter than those of lines like it, and they go on behind it; or it has fewer decimals
    than they, which are printed with as many each.
    """
    *before, last = text[-LOOKED_AT:].splitlines() or [""]
    if not before or text.endswith(("\n", "\r")) or not re.search(rf"{VALUE}\Z", last):
        return text
    shape, numbers = re.sub(NUMBER, "0", last), re.findall(NUMBER, last)
    alike = [line for line in before if re.sub(NUMBER, "0", line).startswith(shape)]
    places = [re.findall(NUMBER, line)[len(numbers) - 1] for line in alike if numbers]
    if len(places) < FEW_LINES:
        return text
    if all(len(re.sub(NUMBER, "0", line)) > len(shape) for line in alike):
        cut = len(numbers[-1]) < min(map(len, places))
    else:
        decimals = {len(_decimals(place)) for place in places}
        # Numbers that are printed as short as they can be end in no 0, unless it is their only one.
        fixed = len(decimals) == 1 and any(re.search(r"\.\d+0\Z|e", p, re.I) for p in places)
        cut = fixed and len(_decimals(numbers[-1])) < min(decimals)
    return text[: -len(last)] if cut else text


def _decimals(number: str) -> str:
    """What stands behind the point."""
    return number.partition(".")[2]


def _has_decimal_commas(text: str) -> bool:
    """Whether numbers are written with commas: more of them, at the text's start, than points."""
    head = text[:LOOKED_AT]
    return len(_DECIMAL_COMMA.findall(head)) > len(_DECIMAL_POINT.findall(head))


def _rows(
    lines: Iterable[str],
    own: list[Pattern],
    programs: dict[str, str],
    kinds: Sequence[str] = ("loss", "error"),
) -> Rows:
    """What each line says, beside the position that stood before it; whose lines were met.

    Lines count that hold one of the ``kinds``.
    """
    rows = Rows()
    at: dict[str, str] = {}
    rate: dict[str, str] = {}
    last: dict[str, str] | None = None
    header: list[printed_tables.Word] = []
    grains: list[str] = []
    side = ""
    trained: dict[str, str] = {}
    again = False
    drawn: dict[str, Any] = {}
    for line in lines:
        if again or _BEST.search(line):
            again = not again
            continue
        if _SUMMARY.match(line):
            continue
        ranked = _RANK.match(line)
        if ranked:
            line = _PREFIX.sub("", line[ranked.end() :])
        else:
            ranked = _RANK_WITHIN.search(line)
        record, program, about = _record(line, (*own, *PATTERNS) if own else PATTERNS)
        if program:
            programs[program] = about
        if (
            not (set(record) - {"step"})
            and (columns := printed_tables.columns(line, header)) is not None
        ):
            header, record = columns
        if not record and (heading := _HEADING.fullmatch(line)):
            side = heading["part"] if parse(heading["part"]).part == "held out" else ""
        position = {name: value for name, value in record.items() if parse(name).kind == "counter"}
        values = {name: value for name, value in record.items() if name not in position}
        if position and _earlier(position, at):
            at = {}
        at |= position
        losses = any(parse(name).kind in kinds for name in values)
        if side and _goes_on(position, trained):
            side = ""
        if losses and side:
            values = {_of_part(side, name): value for name, value in values.items()}
        elif losses:
            trained = position
        if losses or (own and program == "your pattern"):
            mark = (ranked.lastgroup or "", int(ranked[ranked.lastgroup or 0])) if ranked else None
            row: dict[str, Any] = at | rate | values | ({_RANKS: mark} if mark else {})
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
            grains.append("" if not position else "epoch" if set(position) == {"epoch"} else "step")
        else:
            rates = {name: value for name, value in values.items() if is_rate(parse(name).words)}
            rate |= _beside(rows, rates) if last == at else rates
        if not losses and "epoch" in position:
            at.pop("batch", None)
    return _by_grain(rows, grains)


def _redrawn(rows: Rows) -> Rows:
    """The states of one bar without those that are drawn again.

    What a step leaves is drawn when it is told to the bar, and once more when the bar counts.
    """
    at = next((c for c in ("step", "batch") if None not in rows.columns.get(c, [None])), "")
    if not at:
        return rows
    position = [float(cell) for cell in rows.columns[at]]
    kinds = ("loss", "error", "higher")
    values = [cells for name, cells in rows.columns.items() if parse(name).kind in kinds]
    alike = groupby(range(rows.count), key=lambda row: [cells[row] for cells in values])
    blocks = [list(block) for _, block in alike]
    places = [{position[row] for row in block} for block in blocks]
    keep: list[int] = []
    for block, before, here, after in zip(
        blocks, [set(), *places[:-1]], places, [*places[1:], set()], strict=True
    ):
        # A position that is drawn with two values: what a step leaves is drawn twice.
        again = here & (before | after)
        counted = [row for row in block if again and position[row] > position[block[0]]]
        last = {position[row]: row for row in counted or block}
        keep += last.values()
    kept = Rows()
    for row in keep:
        kept.add({n: cells[row] for n, cells in rows.columns.items() if cells[row] is not None})
    return kept


def _goes_on(position: dict[str, str], before: dict[str, str]) -> bool:
    """Whether a position is of training again: of a new epoch, or behind the last one."""
    if "epoch" in position:
        return True
    return any(
        name in before and float(value.replace(",", "")) > float(before[name].replace(",", ""))
        for name, value in position.items()
    )


def _of_part(part: str, name: str) -> str:
    """The name of a loss or a metric with the part of the data that it is about, if it has none."""
    parsed = parse(name)
    bare = not parsed.part and parsed.kind in ("loss", "error", "higher")
    return f"{part}/{name}" if bare else name


def _beside(rows: Rows, rates: dict[str, str]) -> dict[str, str]:
    """The rates that a line of their own says for the row before; those that it has are left."""
    left = {}
    for name, value in rates.items():
        cells = rows.columns.setdefault(name, [None] * rows.count)
        if cells[-1] is None:
            cells[-1] = value
        else:
            left[name] = value
    return left


def _by_grain(rows: Rows, grains: list[str]) -> Rows:
    """A loss of that name at steps and of whole epochs, as two columns."""
    for name in [n for n in rows.columns if parse(n).kind in ("loss", "error")]:
        cells = rows.columns[name]
        held = [grain for grain, cell in zip(grains, cells, strict=True) if cell is not None]
        if min(held.count("step"), held.count("epoch")) < FEW_LINES:
            continue
        if _has_fractions(rows.columns.get("epoch", ()), cells):
            continue  # epochs that count on within themselves, as Hugging Face's do
        del rows.columns[name]
        for grain in ("step", "epoch"):
            rows.columns[f"{name} ({grain})"] = [
                cell if g == grain or (not g and grain == "step") else None
                for g, cell in zip(grains, cells, strict=True)
            ]
    return rows


def _has_fractions(epochs: Iterable[Any], cells: Iterable[Any]) -> bool:
    """Whether an epoch of a row that holds a cell is no whole number."""
    held = (at for at, cell in zip(epochs, cells, strict=False) if None not in (at, cell))
    return any(float(at.replace(",", "")) % 1 for at in held)


#: The column of ranks, each with the kind of its mark, until the rows of one are chosen.
_RANKS = "\0rank"

#: Marks that only processes of one training write; others may be any number in front of a line.
_CERTAIN = frozenset(("name", "mpi", "within"))


def _without_best(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Rows without a last one that says one of its run again: the best round of boosted trees."""
    counter = next((c for name, c in columns.items() if parse(name).kind == "counter"), [None])
    last = [cells[-1] for cells in columns.values()]
    if counter[-1] is None or len(counter) <= FEW_LINES:
        return columns
    before = math.inf
    for row in range(len(counter) - 2, -1, -1):
        at = math.nan if counter[row] is None else float(counter[row] or 0)
        if not at < before:
            break  # where another run ends
        if counter[row] == counter[-1] and [cells[row] for cells in columns.values()] == last:
            return {name: cells[:-1] for name, cells in columns.items()}
        before = at
    return columns


def _of_one_rank(columns: dict[str, list[Any]]) -> tuple[dict[str, list[Any]], tuple[str, ...]]:
    """The rows that the first of several processes wrote, and those that none claims."""
    ranks = columns.pop(_RANKS, None)
    if ranks is None:
        return columns, ()
    held = {rank[1] for rank in ranks if rank is not None}
    first = min(held)
    if not _alike(columns, ranks, first):
        return columns, ()
    keep = [rank is None or rank[1] == first for rank in ranks]
    one = {name: list(compress(cells, keep)) for name, cells in columns.items()}
    return one, (f"lines of {len(held)} processes: those of rank {first} are read",)


def _alike(columns: dict[str, list[Any]], ranks: list[Any], first: int) -> bool:
    """Whether the first rank and another write of the same positions, as processes do.

    Of two positions or more, and in turns, unless the marks can be nothing but ranks. Where no
    position is logged, it is how many rows the rank has written.
    """
    counters = [cells for name, cells in columns.items() if parse(name).kind == "counter"]
    wrote: dict[int, set[tuple[Any, ...]]] = {}
    in_turns = all(rank[0] in _CERTAIN for rank in ranks if rank is not None)
    last = first
    for mark, *cells in zip(ranks, *counters, strict=True):
        if mark is None:
            continue
        rank = mark[1]
        positions = wrote.setdefault(rank, set())
        position = tuple(cells) if any(cell is not None for cell in cells) else (len(positions),)
        if rank == first != last and positions and position not in positions:
            in_turns = True  # it comes back behind another, and goes on
        positions.add(position)
        last = rank
    shared = max(
        (len(wrote[first] & held) for rank, held in wrote.items() if rank != first), default=0
    )
    return in_turns and shared > 1


def _once(
    columns: dict[str, list[Any]], notes: tuple[str, ...]
) -> tuple[dict[str, list[Any]], tuple[str, ...]]:
    """Rows that all were written twice, by two loggers, once."""
    counters = [cells for name, cells in columns.items() if parse(name).kind == "counter"]
    if not counters:
        return columns, notes
    rows = list(zip(*columns.values(), strict=True))
    keep: list[bool] = []
    for _, block in groupby(range(len(rows)), key=lambda row: [cells[row] for cells in counters]):
        at = list(block)
        half, odd = divmod(len(at), 2)
        if odd or [rows[k] for k in at[:half]] != [rows[k] for k in at[half:]]:
            return columns, notes
        keep += [True] * half + [False] * half
    if len(rows) < 2 * FEW_LINES:
        return columns, notes
    once = {name: list(compress(cells, keep)) for name, cells in columns.items()}
    return once, (*notes, "every line is there twice, and read once")


def plain_text(text: str) -> str:
    """A text without what colours it on a terminal, and without bars below others that say nothing.

    From a bar below, the cursor goes back up to where the line goes on.
    """
    if "\x1b" not in text:
        return text
    if "\x1b[A" in text:
        text = _BELOW.sub(lambda bar: bar[0] if "=" in bar[1] or "loss" in bar[1] else "", text)
    return _ANSI.sub("", text)


def _of_user(expression: str) -> Pattern:
    try:
        compiled = re.compile(expression)
    except re.error as error:
        raise checks.refuse("pattern", expression, f"a regular expression ({error})") from None
    if not compiled.groupindex:
        allowed = "one with named groups, such as (?P<loss>[0-9.]+)"
        raise checks.refuse("pattern", expression, allowed)
    return Pattern("your pattern", compiled)


def _lines(text: str) -> Iterator[str]:
    """Lines as a terminal shows them at last: a progress bar is drawn over itself."""
    for drawn in text.split("\n"):
        for line in _drawn(drawn.rstrip("\r")) if "\r" in drawn else [drawn]:
            if len(line) <= 20_000 and line.strip():
                yield _BAR.sub(" - ", _PREFIX.sub("", _ANSI.sub("", line)))


def _drawn(line: str) -> Iterable[str]:
    """What stays of a line that is drawn over itself: the last of it, or of each of its epochs."""
    last: dict[str, str] = {}
    for part in filter(str.strip, line.split("\r")):
        epoch = _EPOCH.search(part)
        last[epoch[1] if epoch else ""] = part
    # Without an epoch only what stands there in the end does.
    return [last[""]] if "" in last and list(last)[-1] == "" else last.values()


def _record(line: str, patterns: Iterable[Pattern]) -> tuple[dict[str, str], str, str]:
    small = line.lower()
    for pattern in patterns:
        if pattern.key in small and (match := pattern.expression.search(line)):
            found = {n: v for n, v in match.groupdict().items() if v is not None}
            return _numbers(found), pattern.program, pattern.about
    if _VALUES.search(line) is None:
        return {}, "", ""
    if (record := _literal(line)) is not None:
        return record, "", ""
    return _boxed(line) or _by_part(line), "", ""


def _boxed(line: str) -> dict[str, str]:
    """A line of a box, as Stable-Baselines3 draws them: ``|    loss    | 0.5    |``."""
    box = _BOX.fullmatch(line)
    return {} if box is None else {box["name"]: box["value"]}


def _by_part(line: str) -> dict[str, str]:
    """The pairs of a line, those behind a part's name as of that part of the data."""
    marks = list(_PART.finditer(line))
    record = pairs(f"{line[: marks[0].start()]}|" if marks else line)
    ends = [*(mark.start() for mark in marks[1:]), len(line)]
    for mark, end in zip(marks, ends[: len(marks)], strict=True):
        part = mark[mark.lastgroup or 0]
        for name, value in pairs(line[mark.end() : end]).items():
            record.setdefault(_of_part(part, name), value)
    return record


def _literal(line: str) -> dict[str, str] | None:
    """A dict as Python or JSON prints it, in the midst of a line: Hugging Face, fairseq."""
    start, end = line.find("{"), line.rfind("}")
    if start < 0 or end <= start:
        return None
    value = printed(line[start : end + 1])
    if not isinstance(value, dict):
        return None
    named = {str(name): v for name, v in value.items()}
    kept = {name: str(v) for name, v in flat(named).items() if _may_be(name, v)}
    # Without a loss in it the dict is about something else that the line says.
    whole = not any(parse(name).kind in ("loss", "error") for name in kept)
    before = _by_part(line[:start]) if whole else pairs(line[:start])
    return kept | {n: v for n, v in before.items() if whole or parse(n).kind == "counter"}


def _may_be(name: str, value: object) -> bool:
    """Whether it is a cell: numbers and texts, but no text for a loss, as settings name it."""
    if isinstance(value, str) and parse(name).kind in ("loss", "error"):
        return is_number(value)
    return isinstance(value, (int, float, str))


def pairs(line: str) -> dict[str, str]:
    """Every name on a line that has a number behind it.

    Examples
    --------
    >>> pairs("Epoch 3/10 - loss: 0.5 - val_loss: 0.75 - lr: 1e-3")
    {'epoch': '3', 'loss': '0.5', 'val_loss': '0.75', 'lr': '1e-3'}
    >>> pairs("step 250: train loss 2.5, val loss 2.75")
    {'step': '250', 'train loss': '2.5', 'val loss': '2.75'}
    >>> pairs("Cost after iteration 100: 0.5")
    {'iteration': '100', 'Cost': '0.5'}
    """
    found: dict[str, str] = {}
    line = _ARROW.sub("=", line.translate(_MARKS).replace("**", ""))
    trees = _ROUND.match(line)
    if trees:
        found["iteration"] = trees["at"]
        line = line[trees.end() :]
    line = _RANGE.sub("", _AFTER_NAME.sub(" ", _WIDE.sub(" " * 8, line)))
    line = _BETWEEN.sub(_in_order, _THOUSANDS.sub(lambda m: m[0].replace(",", ""), line))
    line = _BEHIND.sub(r"step \g<at> | \g<what>: ", line)
    for match in _POSITION.finditer(line):
        found.setdefault(plain(match["name"]), match["at"])
    if found.keys() <= {"epoch"} and (unnamed := _UNNAMED.search(line)):
        found["batch" if found else "step"] = unnamed["first"] or unnamed["bar"]
    line = _POSITION.sub(" | ", line)
    headed = _HEADED.search(line)
    what = headed["what"] if headed else ""
    for part in re.split(r"[|;,\t]\s*|\s+-+\s+|\s{2,}(?=[A-Za-z])", line):
        for match in _PAIR.finditer(part):
            name = match["name"].replace("'s ", "-").strip(" -.'")
            # "elapsed time per iteration", "the loss of": of a long name the end says what it is.
            parsed = parse(name)
            if parsed.kind == "counter" and parsed.plain in found:
                continue
            if parsed.words[-1] == "every":  # how often, and no value of it
                continue
            if parsed.part and not parsed.stem and what:  # "loss train: 0.5, val: 0.6"
                name = f"{name}/{what}"
            elif parsed.part and parsed.kind in ("loss", "error"):
                what = "_".join(parsed.stem)
            found.setdefault(name, match["value"])
    return _numbers(found)


def _in_order(match: re.Match[str]) -> str:
    """The position before the name: "Cost after iteration 100: " as "iteration 100 | Cost: "."""
    name, at = match["name"] or match["counted"], match["at"] or match["count"]
    return f"{name} {at} | {match['what']}: "


def _numbers(found: dict[str, str]) -> dict[str, str]:
    """Thousands' commas away."""
    return {
        name: value.replace(",", "")
        if re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?", value)
        else value
        for name, value in found.items()
    }


def _earlier(position: dict[str, str], at: dict[str, str]) -> bool:
    """Whether a new epoch begins, whose steps count from the start again."""
    return any(
        name in at and at[name] != value for name, value in position.items() if name == "epoch"
    )
