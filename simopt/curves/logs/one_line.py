"""What one line of a program's output says: names and numbers, a position, a part of the data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from simopt.curves.logs import shapes
from simopt.curves.logs.cells import is_number
from simopt.curves.logs.json_logs import printed
from simopt.curves.logs.json_values import spread
from simopt.curves.logs.names import parse
from simopt.curves.logs.pairs import MENTIONED, has_values, in_digits, pairs
from simopt.curves.logs.parts import SAID, of_part
from simopt.curves.logs.patterns import PARTS, PATTERNS, Pattern
from simopt.curves.logs.table import flat
from simopt.ground.patterns import late

#: What a network of several is called.
_ROLES = ("net", "generator", "discriminator", "critic")
#: What a line, or a part of it, is about: "[valid]", "| train_inner |", "Validation results - ",
#: "Epoch (valid): ", "DEV : ", "Test: [ 0/10]", "[3/10] train: loss=0.5 || valid: loss=0.6".
_PART = late(
    r"(?<!\w)\[(?P<bracket>train\w*|val\w*|eval\w*|test\w*)\](?!\s*[:=]\s*[-+]?[.\d])"
    r"|(?<!\w)\[(?P<role>net_?[GD](?:_\w)?|generator|discriminator|critic)\]"
    rf"|\((?P<paren>{PARTS})\)(?=\s*:\s+[A-Za-z])"
    r"|(?:^|\|)\s*(?P<field>(?:train|val|eval|test)\w*)\s*(?=\|)"
    rf"|^\s*(?P<head>{PARTS})(?:\s+(?:results?|metrics|set|phase))?"
    r"(?:\s*[-:]\s+(?=[A-Za-z\[]|\d+%)|\s+(?=\(\d+/\d+\)|\[\d+/\d+\]))"
    rf"|(?<![\w/-])(?P<said>{PARTS}):\s+(?=[A-Za-z_][\w ]{{0,20}}[=:]\s*[-+.\d])",
    re.IGNORECASE,
)


#: A position in two pairs of brackets, or with the part of the data that it is of:
#: "Epoch [3][4/8]", "Epoch(train) [3][4/8]", "Iter(val) [4/4]".
_BRACKETED = late(
    rf"\b(?P<name>epoch|iter)(?:\((?P<part>{PARTS})\))?\s*\[\s*(?P<at>\d+)(?P<of>/\d+)?\]"
    r"(?:\[\s*(?P<batch>\d+)/\d+\])?(?=\s)",
    re.IGNORECASE,
)
#: Catalyst's position, behind the part of the data: "train (1/10) loss: 0.5 | loss/mean: 0.5".
_PART_AT = late(rf"^\s*(?P<part>{PARTS}) \((?P<at>\d+)/\d+\) (?=.*/mean: )", re.IGNORECASE)


#: What pix2pix and CycleGAN print before their losses, whose names in the code begin with loss_.
_NETWORKS = late(r"\(epoch: \d+, iters: \d+, time: [\d.]+(?:, data: [\d.]+)?\)")
_LETTERED = late(r"\b[A-Za-z]\w*(?=: )")
#: A name between angles: "train rmse <loss>=0.5".
_ANGLED = late(r"<([A-Za-z]\w*)>(?=\s*[=:])")


def record(line: str, own: Sequence[Pattern] = ()) -> shapes.Said:
    """What a line says by name; whose pattern it meets, and what that is about.

    A user's ``own`` patterns come first; they may ask for certain digits.
    """
    if own:
        return _read(line, (*own, *PATTERNS))
    # A dict's values are not as they are printed.
    return _read(line) if "{" in line else shapes.said(line, _read)


def _read(line: str, patterns: Iterable[Pattern] = PATTERNS) -> shapes.Said:
    if line.startswith("(epoch: ") and (networks := _NETWORKS.match(line)):
        line = networks[0] + _LETTERED.sub(r"loss_\g<0>", line[networks.end() :])
    small = line.lower()
    for pattern in patterns:
        if pattern.key in small and (match := pattern.expression.search(line)):
            found = {n: v for n, v in match.groupdict().items() if v is not None}
            return in_digits(found), pattern.program, pattern.about
    if not has_values(line):
        return {}, "", ""
    if (record := _literal(line)) is not None:
        return record, "", ""
    line = _ANGLED.sub(r"\1", line) if "<" in line else line
    line = _PART_AT.sub(r"epoch \g<at> | [\g<part>] ", line) if "/mean: " in line else line
    return _by_part(_BRACKETED.sub(_out_of_brackets, line) if "[" in line else line), "", ""


def _out_of_brackets(match: re.Match[str]) -> str:
    """A position by its names: "Epoch(train) [3][4/8]" is "epoch 3 | batch 4 | [train]".

    The batch of held-out points counts none of the training.
    """
    part, batch = match["part"], match["batch"]
    if not part and not batch:
        return match[0]
    held_out = parse(part or "").part == "held out"
    said = "" if held_out and match["of"] else f"{match['name']} {match['at']} | "
    said += f"batch {batch} | " if batch and not held_out else ""
    return f"{said}[{part}]" if part else said


def _by_part(line: str) -> dict[str, str]:
    """The pairs of a line, those behind a part's name as of that part of the data."""
    small = line.lower()
    marked = MENTIONED.search(small) or any(role in small for role in _ROLES)
    record = _behind(line, list(_PART.finditer(line)) if marked else [])
    losses = [parse(name) for name in record if parse(name).kind in ("loss", "error")]
    if losses and not any(name.part for name in losses):
        # "train (loss 0.5, acc 0.4) val (loss 0.6, acc 0.3)": a name of its own for each part.
        words = list(SAID.finditer(line))
        if {parse(word[0]).part for word in words} == {"train", "held out"}:
            parted = _behind(line, words)
            names = (parse(name) for name in parted)
            if {n.part for n in names if n.kind in ("loss", "error")} == {"train", "held out"}:
                return parted
    return record


def _behind(line: str, marks: Sequence[re.Match[str]]) -> dict[str, str]:
    """The pairs in front of all marks, and those behind each as of the part that it says."""
    record = pairs(f"{line[: marks[0].start()]}|" if marks else line)
    ends = [*(mark.start() for mark in marks[1:]), len(line)]
    for mark, end in zip(marks, ends[: len(marks)], strict=True):
        part = mark[mark.lastgroup or 0]
        for name, value in pairs(line[mark.end() : end]).items():
            record.setdefault(of_part(part, name), value)
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
    cells = flat(named)
    told = spread(cells) or {}  # MLPerf's {"key": "train_loss", "value": 0.5}
    if any(parse(name).kind in ("loss", "error", "higher") for name in told):
        cells = told
    kept = {name: str(v) for name, v in cells.items() if _may_be(name, v)}
    # Without a loss in it the dict is about something else that the line says.
    whole = not any(parse(name).kind in ("loss", "error") for name in kept)
    before = _by_part(line[:start]) if whole else pairs(line[:start])
    return kept | {n: v for n, v in before.items() if whole or parse(n).kind == "counter"}


def _may_be(name: str, value: object) -> bool:
    """Whether it is a cell: numbers and texts, but no text for a loss, as settings name it."""
    if isinstance(value, str) and parse(name).kind in ("loss", "error"):
        return is_number(value)
    return isinstance(value, (int, float, str))
