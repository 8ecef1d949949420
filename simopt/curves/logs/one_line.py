"""What one line of a program's output says: names and numbers, a position, a part of the data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from simopt.curves.logs import shapes
from simopt.curves.logs.cells import is_number
from simopt.curves.logs.json_logs import printed, spread
from simopt.curves.logs.names import PARTS as SETTINGS
from simopt.curves.logs.names import parse, plain
from simopt.curves.logs.patterns import NUMBER, PATTERNS, VALUE, WORD, Pattern
from simopt.curves.logs.table import flat

PARTS = (
    r"(?:train(?:ing)?|val(?:id(?:at(?:ion|e|ing))?)?|eval(?:uat(?:ion|e|ing))?|test(?:ing)?|dev"
    r"|cv(?=\s+batch\b))"
)
_COUNTED = r"(?:epoch|step|iter(?:ation)?|global[ _]step|batch|update|round)"
_COUNTS = re.compile(rf"{_COUNTED}|\bit\b|\bep\b|\bgen", re.IGNORECASE)
#: What a line, or a part of it, is about: "[valid]", "| train_inner |", "Validation results - ",
#: "Epoch (valid): ", "DEV : ", "Test: [ 0/10]", "[3/10] train: loss=0.5 || valid: loss=0.6".
_PART = re.compile(
    r"(?<!\w)\[(?P<bracket>train\w*|val\w*|eval\w*|test\w*)\](?!\s*[:=]\s*[-+]?[.\d])"
    r"|(?<!\w)\[(?P<role>net_?[GD](?:_\w)?|generator|discriminator|critic)\]"
    rf"|\((?P<paren>{PARTS})\)(?=\s*:\s+[A-Za-z])"
    r"|(?:^|\|)\s*(?P<field>(?:train|val|eval|test)\w*)\s*(?=\|)"
    rf"|^\s*(?P<head>{PARTS})(?:\s+(?:results?|metrics|set|phase))?"
    r"(?:\s*[-:]\s+(?=[A-Za-z\[]|\d+%)|\s+(?=\(\d+/\d+\)|\[\d+/\d+\]))"
    rf"|(?<![\w/-])(?P<said>{PARTS}):\s+(?=[A-Za-z_][\w ]{{0,20}}[=:]\s*[-+.\d])",
    re.IGNORECASE,
)
#: A word that says which part of the data is meant, wherever it stands.
_SAID = re.compile(rf"(?<![\w./])(?<!\w-){PARTS}(?![\w/]|[.-]\w)", re.IGNORECASE)
#: The same where it is what the line is about: it stands at the start, behind a mark, a number or
#: the name of a setting ("mode: val"); behind it stands a mark, a position or nothing more.
_SUBJECT = re.compile(
    r"(?:^[\W_]*|[\[(<{|,;*>/\])-]\s*|\d(?:\s*+:\s*+|\s++)|\b(?:"
    + "|".join(SETTINGS)
    + r")\s*[:=]\s*"
    rf"|(?<!\s):(?=\S)|:\s+(?={PARTS}\s+{_COUNTED}\b)|^\W*(?!skip)[a-z]+(?:ing|ed)\s+|\b(?:DEBUG|INFO|WARN(?:ING)?)[:\s]\s*)"
    rf"(?P<part>{PARTS})(?:\s+(?:results?|metrics|set|phase|stats|data))?"
    r"(?:\s*(?:[\])>{|;,*]|--?|\Z)"
    rf"|\s*:\s*(?:\Z|[\"'\[({{]|\d+%|{_COUNTED}\b)"
    r"|(?:\s+(?:after|at|for|in|on|of|during))?(?:\s+the)?"
    rf"\s+(?:{_COUNTED}\b|[\[(]?\d+\s*/\s*\d))"
    rf"|(?<!best )\bo[nf]\s+(?:the\s+)?(?P<on>{PARTS})(?:\s+(?:set|data))?:\s*\Z",
    re.IGNORECASE,
)
#: The same as a line's first word, but for how much there is of it: "Test 10000 images, ".
_FIRST = re.compile(rf"[\W_]*(?P<part>{PARTS})(?![\w/.])(?!\s+\d[\d,]*\s+[a-z])", re.IGNORECASE)
#: An aside in which a part of the data is only mentioned: "(new best on val)", "(next: eval)".
_ASIDE = re.compile(rf"\((?!\s*{PARTS}\s*\))[^()]*\)", re.IGNORECASE)
#: What is measured, before the parts of the data: "loss: train 0.5, val 0.6".
_HEADED = re.compile(
    rf"\b(?P<what>loss|cost|nll|mse|rmse|mae|ppl)\s*[-:=(\[]+\s*(?={PARTS}\b)", re.IGNORECASE
)
#: What positions are written in, where they are large.
UNITS = {"k": 1e3, "K": 1e3, "M": 1e6}
#: "ms/batch 12.3" is how long one takes.
_NO_RATE = "".join(
    rf"(?<!\b{word}/)" for word in ("time", "s", "ms", "sec", "seconds", "tokens", "loss")
)
#: Position of a line: what comes before a slash or in brackets, by what names it. A hyphen right
#: behind the name is no minus. "12m" is a time.
_POSITION = re.compile(
    rf"{_NO_RATE}\b(?P<name>(?:(?:n|nb|num|cur|current|total|train|global|optim(?:izer)?)_)?{_COUNTED}"
    r"(?:_(?:num|no|number|idx|i|id))?|(?:ep|it|gen(?:eration)?|cycle)(?!\W*\d*\.\d))"
    r"s?(?:-(?=\d)|\s*#?[:=]?\s*)"
    rf"[\[(]?\s*(?P<at>(?>{NUMBER}))(?P<unit>(?-i:[kKM])(?!\w))?(?!\s?%|(?:[hms]|ms|min|sec)\b)"
    r"(?:\s*(?:/|of)\s*\d[\d,]*(?:\.\d+)?(?:(?-i:[kKM])(?!\w))?)?",
    re.IGNORECASE,
)
#: A position in two pairs of brackets, or with the part of the data that it is of:
#: "Epoch [3][4/8]", "Epoch(train) [3][4/8]", "Iter(val) [4/4]".
_BRACKETED = re.compile(
    rf"\b(?P<name>epoch|iter)(?:\((?P<part>{PARTS})\))?\s*\[\s*(?P<at>\d+)(?P<of>/\d+)?\]"
    r"(?:\[\s*(?P<batch>\d+)/\d+\])?(?=\s)",
    re.IGNORECASE,
)
#: Catalyst's position, behind the part of the data: "train (1/10) loss: 0.5 | loss/mean: 0.5".
_PART_AT = re.compile(rf"^\s*(?P<part>{PARTS}) \((?P<at>\d+)/\d+\) (?=.*/mean: )", re.IGNORECASE)
#: XGBoost and LightGBM begin a line with the round, scikit-learn's boosting with that of how many.
ROUND = re.compile(r"^[^\S\n]*\[[^\S\n]*(?P<at>\d+)(?:/\d+)?\]\s+(?=\S)", re.MULTILINE)
#: The position on a line that does not name it: "  3 train loss: 0.5", "3/10, loss=0.5", and tqdm's
#: "| 3/10 [".
_UNNAMED = re.compile(
    rf"^\s*(?P<first>\d+)(?:/\d+)?[:,]?\s+(?=(?:{PARTS}|loss|cost)(?:\b|_))"
    r"|\|\s*(?P<bar>\d+)/(?:\d+ \[|\s*\d+ batches\b)",
    re.IGNORECASE,
)
#: What a number may stand in, as PyTorch, TensorFlow, JAX and NumPy print theirs.
_WRAPPED = r"(?:tf\.)?tensor|(?:device)?array|(?:np\.)?float\d\d"
#: A name and its number: "loss: 0.5", "loss = 0.5", "train loss 0.5", "valid_0's l2: 0.5".
_PAIR = re.compile(
    rf"(?<!\d)(?P<name>[A-Za-z_][\w'@/.%]{{0,80}}+(?:[ -](?!-)[A-Za-z_][\w'@/.%]{{0,80}}+){{0,4}}"
    rf"(?:\s*\([^()\d]{{1,24}}\)|\s?\[['\"]?{PARTS}['\"]?\])?)(?:\s?\[[^\[\]\d]{{1,12}}\])?"
    rf"\s*(?:[:=]+|\bis\b|\bof\b|\s)\s*(?:(?:{_WRAPPED})\()?[\[(\"']{{0,2}}(?P<value>{VALUE})"
    r"(?P<unit>(?-i:[kK]))?(?![\w/]|[:-]\d|\.\d)",
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
#: The position behind a name, with a colon: "Validation loss 1000: 0.5".
_BEHIND = re.compile(
    rf"\b(?P<what>(?:\w{{1,20}} )?(?:loss|cost)) (?P<at>\d+): (?={VALUE})", re.IGNORECASE
)
_THOUSANDS = re.compile(
    r"(?<![\d.,\[(])\d{1,3}(?:,\d{3})+(?![\d,])|(?<![\w.])\d{1,3}(?:_\d{3})+(?!\w)"
)
#: Spaces that say no more than a few would. A line may be long: what patterns repeat is bounded.
_WIDE = re.compile(r"[^\S\t]{9,}")
#: Marks that say no more than plain ones: those of East Asia, and those around words.
_MARKS = str.maketrans("：，；（）", ":,;()", '"`')
_ARROW = re.compile(r"(?<=\w )[-=]>(?= )|(?<=\w)=>|\u2192")
#: What it was, and what it is: "loss 0.6 -> 0.5".
_FROM_TO = re.compile(rf"(?<=[\s=:]){VALUE}\s*(?:[-=]>|\u2192)\s*(?={VALUE})", re.IGNORECASE)
#: A bar or a hyphen between a name and its number, which is all there is up to the next mark:
#: "train CrossEntropyLoss |  0.5", "dice_loss - 0.5, iou_score - 0.6".
_APART = re.compile(rf"(?<=[A-Za-z)]) +[|-] +(?={VALUE}\s*(?:[|,;\])]|\s-\s|\Z))", re.IGNORECASE)
#: A number before its name, and nothing beside them: "0.5 loss, 0.0001 LR".
_BEFORE = re.compile(
    rf"(?:\A|[|,;\t]|\s{{2,}})\s*(?P<value>{VALUE})\s+(?P<name>(?:{PARTS}[ _])?(?:loss|cost|error))"
    r"\s*(?=[|,;\t)\]]|\Z)",
    re.IGNORECASE,
)
#: Names in brackets, and their numbers: "(epoch, loss) = (3, 0.5)", as Julia's ``@show`` prints.
_TUPLES = re.compile(
    rf"\((?P<names>[A-Za-z_][\w ./]{{0,40}}(?:, [A-Za-z_][\w ./]{{0,40}}){{1,9}})\)\s*=\s*"
    rf"\((?P<values>{VALUE}(?:, {VALUE}){{1,9}})\)",
    re.IGNORECASE,
)
#: A value that is written as a word, between a name and what follows: "loss nan val_loss nan".
_WORD_VALUE = re.compile(
    rf"(?P<name>[A-Za-z_][\w./]{{0,80}}) (?P<value>{WORD})(?= +[\w(\[])", re.IGNORECASE
)
#: What pix2pix and CycleGAN print before their losses, whose names in the code begin with loss_.
_NETWORKS = re.compile(r"\(epoch: \d+, iters: \d+, time: [\d.]+(?:, data: [\d.]+)?\)")
_LETTERED = re.compile(r"\b[A-Za-z]\w*(?=: )")
#: A name between angles: "train rmse <loss>=0.5".
_ANGLED = re.compile(r"<([A-Za-z]\w*)>(?=\s*[=:])")
#: What leads from a name to its number: "loss is 0.5".
_VERB = re.compile(r"(?<=\w)(?:\s+(?:is|was|now|of|at|to|equals))+\Z", re.IGNORECASE)
#: Of what steps a mean was taken: "avg. loss [951-1000]: 0.5".
_RANGE = re.compile(r" ?\[\d+ ?- ?\d+\](?= ?[:=])")
#: How fast it goes, as bars say it in front of a name: "58.22it/s loss: 0.5". Where a number
#: follows, "loss 0.5 it/s 58", the unit is the name of that one.
_SPEED = re.compile(
    r"(?<![\w.])\d+(?:\.\d+)?\s?[a-z]{1,8}/s(?:ec|tep)?(?![\w/]|\s*[:=]?\s*[-+]?\.?\d)",
    re.IGNORECASE,
)
#: A name and its number may be on either side of a tab.
_AFTER_NAME = re.compile(r"(?<=[:=])\s+(?=\S)")
#: The number before what it counts: "1epoch results: ", "the 3rd epoch".
_ORDINAL = re.compile(
    r"(?<![\w./:])(\d+)(?:st|nd|rd|th)?[ -]?epoch(?!s|\w|\s*[:=#\[(/-]?\s*\d)", re.IGNORECASE
)
#: A batch's loss and the mean so far, as MindSpore prints them: "loss:[0.5/0.6]".
_NOW_AND_MEAN = re.compile(rf"(?<=loss)\s*[:=]\s*\[({VALUE})/{VALUE}\]", re.IGNORECASE)
#: What stands before a name that comes again: "image: loss 0.5 text: loss 0.6".
_LABEL = re.compile(r"(?<![\w/])\[?([A-Za-z]\w*)(?:\]:?|:)\s*\Z")
#: Labels of one loss that is said in several ways: the first is read, and no sum is made.
_VERSIONS = frozenset(
    (
        "old", "new", "before", "after", "last", "prev", "previous", "current", "cur", "now",
        "best", "mean", "avg", "average", "batch", "epoch", "running", "smooth", "raw", "ema",
        "student", "teacher", "info", "debug", "warning", "source", "target",
    )
)  # fmt: skip
#: What a line without would have no number.
_VALUES = re.compile(r"\d|nan|inf|\u221e", re.IGNORECASE)


def of_part(part: str, name: str) -> str:
    """The name of a loss or a metric with the part of the data that it is about, if it has none."""
    parsed = parse(name)
    bare = not parsed.part and parsed.kind in ("loss", "error", "higher")
    return f"{part}/{name}" if bare else name


def said(line: str, names: Iterable[str]) -> str:
    """The part of the data that a line is about, by what stands before the first of some names.

    Examples
    --------
    >>> said("Valid Epoch 3/9, loss=0.5, best train", ["loss"]), said("loss 0.5 test", ["loss"])
    ('Valid', '')
    >>> said("epoch 3 best val acc 0.9 loss 0.5", ["loss"]), said("(next: eval) loss 1", ["loss"])
    ('', '')
    """
    ends = [end for end in map(line.find, names) if end >= 0]
    before = line[: min(ends)] if ends else ""
    if _SAID.search(before) is None:
        return ""
    words = list(_SUBJECT.finditer(_ASIDE.sub(" ", before)))
    if words:
        return words[-1]["part"] or words[-1]["on"]
    first = _FIRST.match(before)
    return first["part"] if first else ""


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
            return _numbers(found), pattern.program, pattern.about
    if _VALUES.search(line) is None:
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
    record = _behind(line, list(_PART.finditer(line)))
    losses = [parse(name) for name in record if parse(name).kind in ("loss", "error")]
    if losses and not any(name.part for name in losses):
        # "train (loss 0.5, acc 0.4) val (loss 0.6, acc 0.3)": a name of its own for each part.
        words = list(_SAID.finditer(line))
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
    if _VALUES.search(line) is None:
        return found
    line = line.translate(_MARKS).replace("**", "")
    line = _ARROW.sub("=", _FROM_TO.sub("", line) if ">" in line or "\u2192" in line else line)
    line = _TUPLES.sub(_each_named, line) if ") =" in line else line
    line = _WORD_VALUE.sub(_set_apart, _APART.sub(" = ", line))
    trees = ROUND.match(line)
    if trees:
        found["iteration"] = trees["at"]
        line = line[trees.end() :]
    line = _SPEED.sub(" | ", line) if "/s" in line else line
    line = _NOW_AND_MEAN.sub(r": \1", line) if "/" in line and "[" in line else line
    line = _RANGE.sub("", _AFTER_NAME.sub(" ", _WIDE.sub(" " * 8, line)))
    line = _THOUSANDS.sub(lambda m: m[0].replace(",", "").replace("_", ""), line)
    counted = _COUNTS.search(line) is not None
    line = _ORDINAL.sub(r"epoch \1 | ", line) if counted else line
    line = _BETWEEN.sub(_in_order, line) if counted else line
    line, behind = _BEHIND.subn(r"step \g<at> | \g<what>: ", line)
    for match in _POSITION.finditer(line) if counted or behind else ():
        found.setdefault(plain(match["name"]), _in_full(match["at"], match["unit"]))
    if found.keys() <= {"epoch"} and (unnamed := _UNNAMED.search(line)):
        found["batch" if found else "step"] = unnamed["first"] or unnamed["bar"]
    line = _POSITION.sub(" | ", line) if counted or behind else line
    headed = _HEADED.search(line)
    what = headed["what"] if headed else ""
    labels: dict[str, str] = {}
    for part in re.split(r"[|;,\t]\s*|\s+-+\s+|\s{2,}(?=[A-Za-z])", line):
        for match in _PAIR.finditer(part):
            name = _VERB.sub("", match["name"].replace("'s ", "-").strip(" -.'"))
            # "elapsed time per iteration", "the loss of": of a long name the end says what it is.
            parsed = parse(name)
            share = part[match.end() :].lstrip()[:1] == "%"
            if parsed.kind == "counter" and (share or parsed.plain in found):
                continue
            if parsed.words[-1] == "every":  # how often, and no value of it
                continue
            if parsed.part and not parsed.stem and what:  # "loss train: 0.5, val: 0.6"
                name = f"{name}/{what}"
                if any(plain(other) == plain(name) for other in found):
                    continue  # "train loss: 0.5, steps without progress: train=0"
            elif parsed.part and parsed.kind in ("loss", "error"):
                what = "_".join(parsed.stem)
            if (
                parsed.kind in ("loss", "error")
                and (before := _LABEL.search(part, 0, match.start()))
                and before[1].lower() not in _VERSIONS
            ):
                if name in labels and labels[name] != before[1] and name in found:
                    found[f"{labels[name]}/{name}"] = found.pop(name)
                    name = f"{before[1]}/{name}"
                labels.setdefault(name, before[1])
            found.setdefault(name, _in_full(match["value"], match["unit"]))
    if not any(parse(name).kind in ("loss", "error") for name in found):
        for match in _BEFORE.finditer(line):
            found.setdefault(match["name"], match["value"])
    return _numbers(found)


def _in_full(number: str, unit: str | None) -> str:
    """A number without its unit: 1.5k is 1500."""
    return f"{float(number) * UNITS[unit]:.15g}" if unit else number


def _set_apart(match: re.Match[str]) -> str:
    """A word that is a name's value, with a mark behind it; not that of "number of nan values"."""
    known = parse(match["name"]).kind in ("loss", "error", "higher", "other")
    return f"{match[0]} |" if known else match[0]


def _each_named(match: re.Match[str]) -> str:
    """A name and its number for each of those in brackets."""
    names, values = match["names"].split(", "), match["values"].split(", ")
    if len(names) != len(values):
        return match[0]
    return "| " + " | ".join(f"{name}={value}" for name, value in zip(names, values, strict=True))


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
