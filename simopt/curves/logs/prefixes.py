"""What a logger, a container or a scheduler writes in front of every line of a table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from simopt.ground.patterns import late

#: How much of a line tells whether others begin like it, and how many must.
HEAD, FEW = 3, 4

_DIGIT = late(r"\d")
_LAST_WORD = late(r"[\w.]+\Z")


def removed(text: str) -> str:
    r"""The lines of a text that begin as most do, without what they begin with; "" if most don't.

    Digits count as alike, for times in front differ in nothing else. What is left ends where a word
    does.

    Examples
    --------
    >>> print(removed("I 1:01 epoch loss\nI 1:02     0  0.5\nI 1:03     1  0.4\nI 1:04     2  0.3"))
    epoch loss
        0  0.5
        1  0.4
        2  0.3
    >>> removed("1 2\n3 4\n5 6\n7 8")
    ''
    """
    lines = [line for line in text.splitlines() if line.strip()]
    shapes = [_DIGIT.sub("0", line) for line in lines]
    heads = Counter(shape[:HEAD] for shape in shapes)
    head, count = heads.most_common(1)[0] if heads else ("", 0)
    if count < FEW or 2 * count < len(lines):
        return ""
    like = [k for k, shape in enumerate(shapes) if shape.startswith(head)]
    common = _common(shapes[k] for k in like)
    if any(shapes[k][len(common) : len(common) + 1].isalnum() for k in like):
        common = _LAST_WORD.sub("", common)
    if not re.search(r"[^\W\d]|[^\w\s.,|-]", common):
        return ""  # a table's own margin, or its numbers
    return "\n".join(lines[k][len(common) :] for k in like)


def _common(texts: Iterable[str]) -> str:
    """How all texts begin: as much of it as the first and the last by order have in common."""
    held = list(texts)
    first, last = min(held), max(held)
    at = next((k for k, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), None)
    return first[:at]
