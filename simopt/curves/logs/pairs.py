"""Names on a line with the numbers behind them: "loss: 0.5", and the position that it says."""

from __future__ import annotations

import re

from simopt.curves.logs.names import parse, plain
from simopt.curves.logs.patterns import COUNTED, NUMBER, PARTS, VALUE, WORD
from simopt.ground.patterns import late

#: In small letters, what says that a line may count.
_COUNTS = late(rf"{COUNTED}|\bit\b|\bep\b|\bgen")
#: What a name and its number have a position between them with.
_PREPOSITION = late(r"\s(?:after|at|for|in|on|of|during)\s")

#: In small letters, what each word for a part of the data has in it.
MENTIONED = late("train|val|test|dev|cv")
#: What is measured, before the parts of the data: "loss: train 0.5, val 0.6".
_HEADED = late(
    rf"\b(?P<what>loss|cost|nll|mse|rmse|mae|ppl)\s*[-:=(\[]+\s*(?={PARTS}\b)", re.IGNORECASE
)

#: What positions are written in, where they are large.
UNITS = {"k": 1e3, "K": 1e3, "M": 1e6}

#: "ms/batch 12.3" is how long one takes.
_NO_RATE = "".join(rf"(?<!\b{word}/)" for word in ("time", "s", "ms", "sec", "seconds", "tokens"))

#: Position of a line: what comes before a slash or in brackets, by what names it. A hyphen right
#: behind the name is no minus. "12m" is a time.
_POSITION = late(
    rf"\b(?=[a-z]){_NO_RATE}(?<!loss/)(?P<name>(?:(?:n|nb|num|cur|current|total|train|global|optim(?:izer)?)_)?{COUNTED}"
    r"(?:_(?:num|no|number|idx|i|id))?|(?:ep|it|gen(?:eration)?|cycle)(?!\W*\d*\.\d))"
    r"s?(?:-(?=\d)|\s*#?[:=]?\s*)"
    rf"[\[(]?\s*(?P<at>(?>{NUMBER}))(?P<unit>(?-i:[kKM])(?!\w))?(?!\s?%|(?:[hms]|ms|min|sec)\b)"
    r"(?:\s*(?:/|of)\s*\d[\d,]*(?:\.\d+)?(?:(?-i:[kKM])(?!\w))?)?",
    re.IGNORECASE,
)

#: XGBoost and LightGBM begin a line with the round, scikit-learn's boosting with that of how many.
ROUND = late(r"^[^\S\n]*\[[^\S\n]*(?P<at>\d+)(?:/\d+)?\]\s+(?=\S)", re.MULTILINE)

#: The position on a line that does not name it: "  3 train loss: 0.5", "3/10, loss=0.5", and tqdm's
#: "| 3/10 [".
_UNNAMED = late(
    rf"^\s*(?P<first>\d+)(?:/\d+)?[:,]?\s+(?=(?:{PARTS}|loss|cost)(?:\b|_))"
    r"|\|\s*(?P<bar>\d+)/(?:\d+ \[|\s*\d+ batches\b)",
    re.IGNORECASE,
)

#: What a number may stand in, as PyTorch, TensorFlow, JAX and NumPy print theirs.
_WRAPPED = r"(?:tf\.)?tensor|(?:device)?array|(?:np\.)?float\d\d"

#: A name and its number: "loss: 0.5", "loss = 0.5", "train loss 0.5", "valid_0's l2: 0.5".
_PAIR = late(
    rf"(?<!\d)(?P<name>[A-Za-z_][\w'@/.%]{{0,80}}+(?:[ -](?!-)[A-Za-z_][\w'@/.%]{{0,80}}+){{0,4}}"
    rf"(?:\s*\([^()\d]{{1,24}}\)|\s?\[['\"]?{PARTS}['\"]?\])?)(?:\s?\[[^\[\]\d]{{1,12}}\])?"
    rf"\s*(?:[:=]+|\bis\b|\bof\b|\s)\s*(?:(?:{_WRAPPED})\()?[\[(\"']{{0,2}}(?P<value>{VALUE})"
    r"(?P<unit>(?-i:[kK]))?(?![\w/]|[:-]\d|\.\d)",
    re.IGNORECASE,
)

#: The position between a name and its number: "Cost after iteration 100: 0.5", "Loss (for one
#: batch) at step 0: 0.5".
_BETWEEN = late(
    rf"(?P<what>[A-Za-z][\w ]{{0,60}}?(?:\([^()\d]{{1,24}}\))?)\s+"
    rf"(?:after|at|for|in|on|of|during)\s+"
    rf"(?:(?:the\s+)?(?P<name>{COUNTED})\s*[#:]?\s*(?P<at>\d+)(?:\s*(?:/|of)\s*\d+)?"
    rf"|(?P<count>\d+)\s+(?P<counted>{COUNTED})s?)"
    rf"\s*(?:[:=]|\bis\b|\bwas\b|,)\s*(?={VALUE})",
    re.IGNORECASE,
)

#: The position behind a slash: "loss/epoch 3: 0.5", "loss/epoch 3/9: train 0.5, val 0.6". A loss of
#: an epoch has its number there alone.
_OVER = late(
    rf"(?P<what>[A-Za-z][\w ./-]{{0,60}}?(?<=loss))/(?P<name>{COUNTED})\s+#?(?P<at>\d+)"
    rf"(?:\s*(?:/|\bof\b)\s*\d+)?(?:(?:\s*[:=,]\s*|\s+)(?={VALUE})|\s*:\s*(?={PARTS}\b))",
    re.IGNORECASE,
)

#: The position behind a name, with a colon: "Validation loss 1000: 0.5".
_BEHIND = late(
    rf"\b(?P<what>(?:\w{{1,20}} )?(?:loss|cost)) (?P<at>\d+): (?={VALUE})", re.IGNORECASE
)

_THOUSANDS = late(r"(?<![\d.,\[(])\d{1,3}(?:,\d{3})+(?![\d,])|(?<![\w.])\d{1,3}(?:_\d{3})+(?!\w)")

#: Spaces that say no more than a few would. A line may be long: what patterns repeat is bounded.
_WIDE = late(r"[^\S\t]{9,}")

#: Marks that say no more than plain ones: those of East Asia, and those around words.
_MARKS = str.maketrans("：，；（）", ":,;()", '"`')

_ARROW = late(r"(?<=\w )[-=]>(?= )|(?<=\w)=>|\u2192")

#: What it was, and what it is: "loss 0.6 -> 0.5".
_FROM_TO = late(rf"(?<=[\s=:]){VALUE}\s*(?:[-=]>|\u2192)\s*(?={VALUE})", re.IGNORECASE)

#: A bar or a hyphen between a name and its number, which is all there is up to the next mark:
#: "train CrossEntropyLoss |  0.5", "dice_loss - 0.5, iou_score - 0.6".
_APART = late(rf"(?<=[A-Za-z)]) +[|-] +(?={VALUE}\s*(?:[|,;\])]|\s-\s|\Z))", re.IGNORECASE)

#: A number before its name, and nothing beside them: "0.5 loss, 0.0001 LR".
_BEFORE = late(
    rf"(?:\A|[|,;\t]|\s{{2,}})\s*(?P<value>{VALUE})\s+(?P<name>(?:{PARTS}[ _])?(?:loss|cost|error))"
    r"\s*(?=[|,;\t)\]]|\Z)",
    re.IGNORECASE,
)

#: Names in brackets, and their numbers: "(epoch, loss) = (3, 0.5)", as Julia's ``@show`` prints.
_TUPLES = late(
    rf"\((?P<names>[A-Za-z_][\w ./]{{0,40}}(?:, [A-Za-z_][\w ./]{{0,40}}){{1,9}})\)\s*=\s*"
    rf"\((?P<values>{VALUE}(?:, {VALUE}){{1,9}})\)",
    re.IGNORECASE,
)

#: A value that is written as a word, between a name and what follows: "loss nan val_loss nan".
_WORD_VALUE = late(
    rf"(?P<name>[A-Za-z_][\w./]{{0,80}}) (?P<value>{WORD})(?= +[\w(\[])", re.IGNORECASE
)

#: What leads from a name to its number: "loss is 0.5".
_VERB = late(r"(?<=\w)(?:\s+(?:is|was|now|of|at|to|equals))+\Z", re.IGNORECASE)

#: Of what steps a mean was taken: "avg. loss [951-1000]: 0.5".
_RANGE = late(r" ?\[\d+ ?- ?\d+\](?= ?[:=])")

#: How fast it goes, as bars say it in front of a name: "58.22it/s loss: 0.5". Where a number
#: follows, "loss 0.5 it/s 58", the unit is the name of that one.
_SPEED = late(
    r"(?<![\w.])\d+(?:\.\d+)?\s?[a-z]{1,8}/s(?:ec|tep)?(?![\w/]|\s*[:=]?\s*[-+]?\.?\d)",
    re.IGNORECASE,
)

#: A name and its number may be on either side of a tab.
_AFTER_NAME = late(r"(?<=[:=])\s+(?=\S)")

#: The number before what it counts: "1epoch results: ", "the 3rd epoch".
_ORDINAL = late(
    r"(?<![\w./:])(\d+)(?:st|nd|rd|th)?[ -]?epoch(?!s|\w|\s*[:=#\[(/-]?\s*\d)", re.IGNORECASE
)

#: A batch's loss and the mean so far, as MindSpore prints them: "loss:[0.5/0.6]".
_NOW_AND_MEAN = late(rf"(?<=loss)\s*[:=]\s*\[({VALUE})/{VALUE}\]", re.IGNORECASE)

#: What stands before a name that comes again: "image: loss 0.5 text: loss 0.6".
_LABEL = late(r"(?<![\w/])\[?([A-Za-z]\w*)(?:\]:?|:)\s*\Z")

#: Labels of one loss that is said in several ways: the first is read, and no sum is made.
_VERSIONS = frozenset(
    (
        "old", "new", "before", "after", "last", "prev", "previous", "current", "cur", "now",
        "best", "mean", "avg", "average", "batch", "epoch", "running", "smooth", "raw", "ema",
        "student", "teacher", "info", "debug", "warning", "source", "target",
    )
)  # fmt: skip

#: What a line without would have no number.
_LOSS = late("loss|cost|error")
_DIGIT, _WORDS = late(r"\d"), late(WORD, re.IGNORECASE)


def has_values(line: str) -> bool:
    """Whether a line has a digit, or NaN or infinity as a word."""
    return _DIGIT.search(line) is not None or _WORDS.search(line) is not None


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
    if not has_values(line):
        return found
    line = line.translate(_MARKS).replace("**", "")
    line = _ARROW.sub("=", _FROM_TO.sub("", line) if ">" in line or "\u2192" in line else line)
    line = _TUPLES.sub(_each_named, line) if ") =" in line else line
    line = _APART.sub(" = ", line)
    small = line.lower()
    if "nan" in small or "inf" in small or "\u221e" in line:
        line = _WORD_VALUE.sub(_set_apart, line)
    trees = ROUND.match(line)
    if trees:
        found["iteration"] = trees["at"]
        line = line[trees.end() :]
    line = _SPEED.sub(" | ", line) if "/s" in line else line
    line = _NOW_AND_MEAN.sub(r": \1", line) if "/" in line and "[" in line else line
    line = _RANGE.sub("", _AFTER_NAME.sub(" ", _WIDE.sub(" " * 8, line)))
    if "," in line or "_" in line:
        line = _THOUSANDS.sub(lambda m: m[0].replace(",", "").replace("_", ""), line)
    small = line.lower()
    counted = _COUNTS.search(small) is not None
    line = _ORDINAL.sub(r"epoch \1 | ", line) if counted else line
    line = _BETWEEN.sub(_in_order, line) if counted and _PREPOSITION.search(small) else line
    line = _OVER.sub(r"\g<name> \g<at> | \g<what>: ", line) if "loss/" in small else line
    behind = 0
    if "loss" in small or "cost" in small:
        line, behind = _BEHIND.subn(r"step \g<at> | \g<what>: ", line)
    positions = list(_POSITION.finditer(line)) if counted or behind else []
    for match in positions:
        found.setdefault(plain(match["name"]), _in_full(match["at"], match["unit"]))
    if found.keys() <= {"epoch"} and (unnamed := _UNNAMED.search(line)):
        found["batch" if found else "step"] = unnamed["first"] or unnamed["bar"]
    line = _without(positions, line)
    headed = _HEADED.search(line) if MENTIONED.search(small) else None
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
    # Without a loss the line is looked at once more, if it can name one.
    if not any(parse(name).kind in ("loss", "error") for name in found) and _LOSS.search(small):
        for match in _BEFORE.finditer(line):
            found.setdefault(match["name"], match["value"])
    return in_digits(found)


def _without(matches: list[re.Match[str]], line: str) -> str:
    """A line with a bar in place of each match."""
    ends = [0, *(match.end() for match in matches)]
    starts = [*(match.start() for match in matches), len(line)]
    return " | ".join(line[end:start] for end, start in zip(ends, starts, strict=True))


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


def in_digits(found: dict[str, str]) -> dict[str, str]:
    """Thousands' commas away."""
    return {
        name: value.replace(",", "")
        if re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?", value)
        else value
        for name, value in found.items()
    }
