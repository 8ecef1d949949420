"""Matplotlib's SVG made fit for a page: its ids, colours, fonts and digits, as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

#: A coordinate; an attribute that is one, and one that holds several. Never a label.
NUMBER = re.compile(r"-?\d+\.\d+")
COORDINATES = re.compile(r'\b(?:(x|y|width|height)="(-?\d+\.\d+)"|(?:d|transform)="[^"]*")')


def cleaned(text: str, name: str, variables: Mapping[str, str]) -> str:
    """The text inside Matplotlib's ``<svg>``, ready for a page.

    Parameters
    ----------
    text : str
        The text.
    name : str
        What its ids begin with; unique on the page.
    variables : mapping of str to str
        CSS variable by colour.
    """
    text = re.sub(r"<style.*?</style>|<metadata.*?</metadata>|<!--.*?-->", "", text, flags=re.S)
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', text))

    def identify(match: re.Match[str]) -> str:
        return f' id="{name}-{match[1]}"' if match[1] in used else ""

    text = re.sub(r' id="([^"]*)"', identify, text)
    text = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", text)
    for color, variable in variables.items():
        text = text.replace(color, variable)
    # Labels take the page's font, and a phone may enlarge them.
    text = re.sub(r"font-family: [^;\"]*;? ?", "", text)
    text = re.sub(r"font-size: ([\d.]+)px", r"font-size: calc(\1px * var(--figure-text, 1))", text)
    text = COORDINATES.sub(_shorter, text)
    text = text.replace("; stroke-linecap: square", "")
    return re.sub(r"\n\s*", "\n", text).strip()


def _shorter(attribute: re.Match[str]) -> str:
    """Round coordinates to 0.1 px, small ones (markers) to 0.01, and compress paths."""
    if attribute[1]:
        return f'{attribute[1]}="{_digits(attribute[2])}"'
    text = NUMBER.sub(lambda m: _digits(m[0]), attribute[0])
    if text.startswith("d="):
        text = re.sub(r"\s*([A-Za-z\"])\s*", r"\1", text[2:])
        # After one L, more points are more lines.
        text = "d=" + re.sub(r"(?<=L)([^A-Za-z\"]+(?:L[^A-Za-z\"]+)+)", _joined, text)
    return text


@lru_cache(maxsize=4096)
def _digits(written: str) -> str:
    """A number rounded: of the same places there are several marks and lines."""
    x = float(written)
    short = f"{x:.1f}" if abs(x) >= 10 else f"{x:.2f}"
    short = short.rstrip("0").rstrip(".")
    return "0" if short in ("-0", "") else short


def _joined(match: re.Match[str]) -> str:
    return match[1].replace("L", " ")
