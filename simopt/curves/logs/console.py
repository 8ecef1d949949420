"""What a training run prints: lines with names and numbers, by patterns that a user can add to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from simopt.curves.logs.json_logs import printed, trees
from simopt.curves.logs.names import parse, plain
from simopt.curves.logs.table import Rows, Table, flat
from simopt.ground import checks

#: Julia's single precision and Fortran's double write their exponents with f and d: 2.5f0, 1.0D-05.
NUMBER = (
    r"[-+]?(?:(?:\d+\.\d*|\.\d+)[fFdD][-+]?\d+"
    r"|(?:\d+(?:,\d{3})+(?:\.\d+)?|\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
)
#: Atomic, so that of 2.5x no 2 is taken: a number is read whole or not at all.
VALUE = rf"(?>[-+]?1\.#\w+|{NUMBER}|[-+]?nan(?:\(ind\)|16|32)?|[-+]?inf(?:inity|16|32)?)"


@dataclass(frozen=True)
class Pattern:
    """Lines that a program prints.

    Attributes
    ----------
    program : str
        Whose they are.
    expression : re.Pattern
        Matched anywhere in a line; its named groups become columns.
    about : str
        What trains with it, where that is known.
    """

    program: str
    expression: re.Pattern[str]
    about: str = ""


def _pattern(program: str, expression: str, about: str = "") -> Pattern:
    expression = expression.replace("<>", f"({VALUE})")
    expression = re.sub(r"(?<!\?P)<(\w+)>", lambda m: f"(?P<{m[1]}>{VALUE})", expression)
    return Pattern(program, re.compile(expression, re.IGNORECASE), about)


#: Lines whose names don't stand right before their numbers; all others are read by `pairs`.
PATTERNS: tuple[Pattern, ...] = (
    _pattern(
        "CatBoost",
        r"^\s*<iteration>:\s+learn: <train_loss>(?:\s+test: <val_loss>)?",
        "boosted trees",
    ),
    _pattern("Megatron", r"validation loss at iteration <iteration> \| [\w ]+ value: <val_loss>"),
    _pattern("PyTorch tutorials", r"Accuracy: <>%, Avg loss: <val_loss>"),
    _pattern("timm", r"Train: <epoch> \[\s*(?P<batch>\d+)/\d+.*?Loss:\s*<>\s*\(\s*<train_loss>\)"),
    _pattern("Caffe", r"Train net output #\d+:"),  # the loss again
    _pattern("llm.c", r"^\s*s:<step>\s+tel:<val_loss>"),
    _pattern("llm.c", r"^\s*s:<step>\s+trl:<train_loss>"),
    _pattern("Caffe", r"solver\.cpp:\d+\] Iteration <iteration>(?: \([^)]*\))?, loss = <loss>"),
    _pattern("Caffe", r"Iteration <iteration>, Testing net"),
    _pattern("Caffe", r"Test net output #\d+: \w*loss\w* = <val_loss>"),
    _pattern("Darknet", r"^\s*<iteration>: <loss>, <avg_loss> avg(?: loss)?,"),
    _pattern(
        "PyTorch examples", r"Train Epoch: <epoch> \[\s*(?P<batch>\d+)/\d+[^\]]*\]\s*Loss: <loss>"
    ),
    _pattern("PyTorch examples", r"Test set: (?:Average|Avg\.?) loss: <val_loss>"),
    _pattern(
        "PyTorch ImageNet",
        r"Epoch: \[<epoch>\]\s*\[\s*(?P<batch>\d+)/\d+\].*?\bLoss\s+<loss>\s*\(\s*<>\)",
    ),
    _pattern(
        "PyTorch ImageNet", r"Test: \[\s*(?P<batch>\d+)/\d+\].*?\bLoss:?\s+<>\s*\(\s*<val_loss>\)"
    ),
    _pattern("word2vec.c and GloVe", r"iter: <iteration>, cost: <cost>"),
    _pattern("fastText", r"Progress:\s*<progress>%.*?loss:\s*<loss>"),
)

#: What a line, or a part of it, is about: "[valid]", "| train_inner |", "Validation results - ".
_PART = re.compile(
    r"\[(?P<bracket>train\w*|val\w*|eval\w*|test\w*)\]"
    r"|(?:^|\|)\s*(?P<field>(?:train|val|eval|test)\w*)\s*(?=\|)"
    r"|^\s*(?P<head>(?:train|val|eval|test)\w*)(?:\s+(?:results?|metrics|set|phase))?"
    r"\s*[-:]\s+(?=[A-Za-z])",
    re.IGNORECASE,
)

_BOX = re.compile(rf"\|\s*(?P<name>[A-Za-z_]\w*)\s*\|\s*(?P<value>{VALUE})\s*\|\s*", re.IGNORECASE)
_EPOCH = re.compile(r"\bepoch\s*[:#]?\s*(\d+)", re.IGNORECASE)

_COUNTED = r"(?:epoch|step|iter(?:ation)?|global[ _]step|batch|update|round)"

#: Position of a line: what comes before a slash or in brackets, by what names it.
_POSITION = re.compile(
    rf"\b(?P<name>{_COUNTED})s?\s*[:#=]?\s*"
    rf"[\[(]?\s*(?P<at>{NUMBER})(?:\s*(?:/|of)\s*\d[\d,]*)?",
    re.IGNORECASE,
)
#: XGBoost and LightGBM begin a line with the round.
_ROUND = re.compile(r"^\s*\[(?P<at>\d+)\]\s+(?=\S)", re.MULTILINE)

#: A name and its number: "loss: 0.5", "loss = 0.5", "train loss 0.5", "valid_0's l2: 0.5".
_PAIR = re.compile(
    rf"(?P<name>[A-Za-z_][\w'@/.%]{{0,80}}(?:[ -](?!-)[A-Za-z_][\w'@/.%]{{0,80}}){{0,4}}"
    rf"(?:\s*\([^()\d]{{1,24}}\))?)"
    rf"\s*(?:[:=]+|\bis\b|\bof\b|\s)\s*(?:tensor\()?[\[(\"']?(?P<value>{VALUE})(?![\w/:]|\.\d)",
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
_THOUSANDS = re.compile(r"(?<![\d.,\[(])\d{1,3}(?:,\d{3})+(?![\d,])")
#: A progress bar drawn over itself that leaves fewer lines than these was one for all epochs.
FEW_LINES = 3
#: Spaces that say no more than a few would. A line may be long: what patterns repeat is bounded.
_WIDE = re.compile(" {9,}")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x08+")
_PREFIX = re.compile(
    r"^\s*(?:[\[(]?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?[\])]?|"
    r"[\[(]?\d\d:\d\d:\d\d(?:[.,]\d+)?[\])]?|[IWE]\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ \S+\])\s*",
)
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
    programs: dict[str, str] = {}
    rows = _rows(_lines(text), own, programs)
    if rows.count < FEW_LINES and text.count("\r") > text.count("\r\n"):
        # One bar for the whole training: its states are the curve.
        states = _rows(_lines(text.replace("\r", "\n")), own, programs)
        rows = states if states.count > rows.count else rows
    if not rows.count:
        return None
    form = f"{next(iter(programs))} output" if len(programs) == 1 else "console output"
    about = next((text for text in programs.values() if text), "")
    if "[" in text and _ROUND.search(text):
        about = about or trees(rows.columns)
    return Table(dict(rows.columns), form, source, about=about)


def _rows(lines: Iterable[str], own: list[Pattern], programs: dict[str, str]) -> Rows:
    """What each line says, beside the position that stood before it; whose lines were met."""
    rows = Rows()
    at: dict[str, str] = {}
    header: list[str] = []
    for line in lines:
        record, program, about = _record(line, (*own, *PATTERNS) if own else PATTERNS)
        if program:
            programs[program] = about
        if not record and (columns := _columns(line, header)) is not None:
            header, record = columns
        position = {name: value for name, value in record.items() if parse(name).kind == "counter"}
        values = {name: value for name, value in record.items() if name not in position}
        if position and _earlier(position, at):
            at = {}
        at |= position
        losses = any(parse(name).kind in ("loss", "error") for name in values)
        if losses or (own and program == "your pattern"):
            rows.add(at | values)
        if not losses and "epoch" in position:
            at.pop("batch", None)
    return rows


def plain_text(text: str) -> str:
    """A text without what colours it on a terminal."""
    return _ANSI.sub("", text) if "\x1b" in text else text


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
    for pattern in patterns:
        if match := pattern.expression.search(line):
            found = {n: v for n, v in match.groupdict().items() if v is not None}
            return _numbers(found), pattern.program, pattern.about
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
    record = pairs(line[: marks[0].start()] if marks else line)
    ends = [*(mark.start() for mark in marks[1:]), len(line)]
    for mark, end in zip(marks, ends[: len(marks)], strict=True):
        part = mark["bracket"] or mark["field"] or mark["head"]
        for name, value in pairs(line[mark.end() : end]).items():
            parsed = parse(name)
            bare = not parsed.part and parsed.kind in ("loss", "error", "higher")
            record.setdefault(f"{part}/{name}" if bare else name, value)
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
    kept = {name: str(v) for name, v in flat(named).items() if isinstance(v, (int, float, str))}
    return kept | {n: v for n, v in pairs(line[:start]).items() if parse(n).kind == "counter"}


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
    trees = _ROUND.match(line)
    if trees:
        found["iteration"] = trees["at"]
        line = line[trees.end() :]
    line = _WIDE.sub(" " * 8, line)
    line = _BETWEEN.sub(_in_order, _THOUSANDS.sub(lambda m: m[0].replace(",", ""), line))
    for match in _POSITION.finditer(line):
        found.setdefault(plain(match["name"]), match["at"])
    line = _POSITION.sub(" | ", line)
    for part in re.split(r"[|;,\t]\s*|\s+-+\s+|\s{2,}(?=[A-Za-z])", line):
        for match in _PAIR.finditer(part):
            name = match["name"].replace("'s ", "-").strip(" -.'")
            # "elapsed time per iteration", "the loss of": of a long name the end says what it is.
            if parse(name).kind == "counter" and plain(name) in found:
                continue
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


def _columns(line: str, header: list[str]) -> tuple[list[str], dict[str, str]] | None:
    """A row of a table in the midst of a text, as spaCy's: the header, and the row's cells."""
    names = re.split(r"\s{2,}", line.strip())
    if (
        len(names) > 1
        and any(parse(n).kind == "loss" for n in names)
        and not re.search(r"[:=]", line)
    ):
        return names, {}
    words = line.split()
    # Names may hold single spaces ("LOSS NER"), or have no more than those between them.
    for known in (header, " ".join(header).split()):
        if known and len(words) == len(known) and sum(map(_numeric, words)) >= 0.6 * len(words):
            return header, {n: w for n, w in zip(known, words, strict=True) if _numeric(w)}
    return None


def _numeric(word: str) -> bool:
    return re.fullmatch(VALUE, word, re.IGNORECASE) is not None
