"""Boxes of names and numbers, as Stable-Baselines3 draws them in a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from simopt.curves.logs.names import parse
from simopt.curves.logs.parts import of_part
from simopt.curves.logs.patterns import VALUE
from simopt.ground.patterns import late

_BOX = late(rf"\|\s*(?P<name>[A-Za-z_]\w*)\s*\|\s*(?P<value>{VALUE})\s*\|\s*", re.IGNORECASE)
#: A heading within a box: "| train/ |     |".
_SECTION = late(r"\|\s*+(?P<name>\w[\w ]*+)/\s*\|\s*\|\s*")


def unboxed(lines: Iterable[str]) -> Iterator[str]:
    """Lines, with those of a box, as Stable-Baselines3 draws them, as one: a dict.

    Examples
    --------
    >>> box = ["| train/ |     |", "|  loss  | 0.5 |", "|  n_updates | 9 |", "-----"]
    >>> list(unboxed(box))
    ['{"loss": "0.5", "n_updates": "9"}', '-----']
    """
    held: dict[str, str] = {}
    section = ""
    for line in lines:
        heading = _SECTION.fullmatch(line) if "|" in line else None
        box = _BOX.fullmatch(line) if "|" in line and not heading else None
        name = box["name"] if box else ""
        if parse(section).part == "held out":
            name = of_part(section, name)
        if held and (name in held if box else not heading):
            yield json.dumps(held)
            held = {}
        if heading:
            section = heading["name"]
        elif box:
            held[name] = box["value"]
        else:
            section = ""
            yield line
    if held:
        yield json.dumps(held)
