"""What a terminal shows of a text at last: without colours, bars drawn over themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from simopt.ground.patterns import late

#: Lines that are ended by a newline, of a text that is not one of returns alone.
FEW_LINES = 3

_EPOCH = late(r"(?<!eval )\bepoch(?:-|\s*[:#]?\s*)((?>\d+))(?![.\d]*\s?%)", re.IGNORECASE)
#: Colours, what moves the cursor, and titles and links, which end in a bell or a backslash.
_ANSI = late(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]{0,4000}(?:\x07|\x1b\\)|\x08+")
PREFIX = late(
    r"^\s*(?:[\[(]?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?[\])]?|"
    r"[\[(]?\d\d:\d\d:\d\d(?:[.,]\d+)?[\])]?|[IWE]\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ \S+\])\s*",
)
#: What erases lines and goes back up to draw them anew, as Rich does, and Julia's ProgressMeter.
_REDRAW = late(r"(?:\r*\x1b\[\d{0,4}[AFJK])+")
_UP = late(r"\x1b\[(\d{0,4})[AF]")
_ERASES = late(r"\x1b\[\d*[FJK]")
_FIRST_COLUMN = late(r"\x1b\[[01]?G")
#: A bar below another, from which the cursor goes back up: tqdm's, Lightning's.
_BELOW = late(r"\n\r([^\n\r]*)\x1b\[A")
_BAR = late(r"[━═╸╺▏▎▍▌▋▊▉█▇▆▅▄▃▂▁░▒▓─]+|\[=*>?\.*\]|\[[#=>. -]{4,}\]|\[ *\d+% *\]")


def plain_text(text: str) -> str:
    """A text without what colours it on a terminal, and without bars below others that say nothing.

    From a bar below, the cursor goes back up to where the line goes on.
    """
    if "\x1b" not in text:
        return text
    text = _once_drawn(_FIRST_COLUMN.sub("\r", text))
    if "\x1b[A" in text:
        text = _BELOW.sub(lambda bar: bar[0] if "=" in bar[1] or "loss" in bar[1] else "", text)
    return _ANSI.sub("", text)


def _once_drawn(text: str) -> str:
    r"""A text with lines that are drawn anew as they were last, in each of their epochs.

    Examples
    --------
    >>> _once_drawn("epoch 1\n2\r\x1b[K\x1b[1Aepoch 1\n3\x1b[1F\x1b[Jepoch 2\n4").split("\n")
    ['epoch 1', '3', 'epoch 2', '4']
    """
    drawn, erased, end = [""], [""], 0
    for codes in _REDRAW.finditer(text):
        up = sum(int(count or 1) for count in _UP.findall(codes[0]))
        if up and _ERASES.search(codes[0]):
            _draw(drawn, erased, text[end : codes.start()])
            erased, end = drawn[-up - 1 :], codes.end()
            drawn[-up - 1 :] = [""]
    if not end:
        return text
    _draw(drawn, erased, text[end:])
    return "\n".join(drawn)


def _draw(drawn: list[str], erased: list[str], text: str) -> None:
    """Go on with a text; what was erased for it stays where it is of other epochs, or of none."""
    epochs, now = (set(_EPOCH.findall(_ANSI.sub(" ", each))) for each in (" ".join(erased), text))
    if not epochs <= now or not now:
        drawn[-1:] = [*filter(str.strip, erased), drawn[-1]]
    first, *rest = text.split("\n")
    drawn[-1] += first
    drawn += rest


def last_drawn(text: str) -> str:
    r"""A text with of each line what was drawn last; as it is where lines end in returns alone.

    Examples
    --------
    >>> last_drawn("a loss\n 50%\r0 0.5\r\n 50%\r1 0.4\n"), last_drawn("a\r1\r2\r")
    ('a loss\n0 0.5\n1 0.4\n', 'a\r1\r2\r')
    """
    if text.count("\r") == text.count("\r\n") or text.count("\n") < FEW_LINES:
        return text
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


#: A state of Keras' bar on a line of its own, where returns became newlines.
_STATE = late(rf"[ \t]*(?P<at>\d+)/(?P<of>\d+)[ \t]+(?:{_BAR.pattern})")


def one_line_a_bar(text: str) -> str:
    r"""A text with the states of a bar on one line, as they were drawn.

    Examples
    --------
    >>> one_line_a_bar("Epoch 1\n1/2 [=>.] - loss: 2\n2/2 [===] - loss: 1\nEpoch 2\n")
    'Epoch 1\n1/2 [=>.] - loss: 2\r2/2 [===] - loss: 1\nEpoch 2\n'
    """
    if re.search(rf"^{_STATE.pattern}", text, re.MULTILINE) is None:
        return text
    whole: list[str] = []
    last: re.Match[str] | None = None
    for line in text.split("\n"):
        state = None if "\r" in line else _STATE.match(line)
        if state and last and state["of"] == last["of"] and int(state["at"]) > int(last["at"]):
            whole[-1] += "\r" + line
        elif last and not line.strip():
            continue  # between two states
        else:
            whole.append(line)
        last = state
    return "\n".join(whole)


#: How far a bar of tqdm's is.
_AT = late(r"\|\s*(\d+)/(\d+) \[")


def goes_on(text: str) -> bool:
    r"""Whether one bar is drawn for a whole text, with lines of other things between its states.

    Examples
    --------
    >>> goes_on("\r|1/4 [\r|2/4 [\nsaved\n\r|3/4 [\r|4/4 ["), goes_on("\r|1/2 [\r|2/2 [\n\r|1/2 [")
    (True, False)
    """
    drawn = [_AT.findall(line) for line in text.split("\n") if "\r" in line]
    states = [state for bar in drawn for state in bar]
    at = [int(done) for done, _ in states]
    alike = len({total for _, total in states}) == 1
    return alike and sum(map(bool, drawn)) > 1 and at == sorted(at) and at[0] < at[-1]


def lines(text: str) -> Iterator[str]:
    """Lines as a terminal shows them at last: a progress bar is drawn over itself.

    A bar that a message came between is drawn below it again, as far and as fast as it was.
    """
    before = ""
    for line in _each(text):
        if before and not (_state(line) and _state(line) == _state(before)):
            yield before
        before = line
    if before:
        yield before


def _state(line: str) -> str:
    """How far a bar of Rich's is and how fast, in front of its values; empty if it is none."""
    at, speed, values = line.partition("it/s")
    return at if speed and values.strip() and " \u2022 " in at else ""


def _each(text: str) -> Iterator[str]:
    for drawn in text.split("\n"):
        for line in _drawn(drawn.rstrip("\r")) if "\r" in drawn else [drawn]:
            if len(line) <= 20_000 and line.strip():
                if "\x1b" in line or "\b" in line:
                    line = _ANSI.sub("", line)
                line = PREFIX.sub("", line)
                yield _BAR.sub(" - ", line) if "[" in line or not line.isascii() else line


def _drawn(line: str) -> Iterable[str]:
    """What stays of a line that is drawn over itself: the last of it, or of each of its epochs."""
    last: dict[str, str] = {}
    for part in filter(str.strip, line.split("\r")):
        epoch = _EPOCH.search(part) if "epoch" in part.lower() else None
        last[epoch[1] if epoch else ""] = part
    # Without an epoch only what stands there in the end does.
    return [last[""]] if "" in last and list(last)[-1] == "" else last.values()
