"""Matplotlib's SVG made fit for a page: its ids, colours, fonts and digits, as text."""

from __future__ import annotations

import re
from collections.abc import Mapping


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
    text = re.sub(r"#[0-9a-f]{6}\b", lambda m: variables.get(m[0], m[0]), text)
    # Labels take the page's font, and a phone may enlarge them.
    text = re.sub(r"font-family: [^;\"]*;? ?", "", text)
    text = re.sub(r"font-size: ([\d.]+)px", r"font-size: calc(\1px * var(--figure-text, 1))", text)
    # Coordinates only, never a label.
    text = re.sub(r'\b(d|x|y|width|height|transform)="[^"]*"', lambda m: _shorter(m[0]), text)
    text = text.replace("; stroke-linecap: square", "")
    return re.sub(r"\n\s*", "\n", text).strip()


def _shorter(attribute: str) -> str:
    """Round coordinates to 0.1 px, small ones (markers) to 0.01, and compress paths."""
    text = re.sub(r"-?\d+\.\d+", lambda m: _digits(float(m[0])), attribute)
    if attribute.startswith("d="):
        text = re.sub(r"\s*([A-Za-z\"])\s*", r"\1", text[2:])
        # After one L, more points are more lines.
        text = "d=" + re.sub(r"(?<=L)([^A-Za-z\"]+(?:L[^A-Za-z\"]+)+)", _joined, text)
    return text


def _digits(x: float) -> str:
    short = f"{x:.1f}" if abs(x) >= 10 else f"{x:.2f}"
    short = short.rstrip("0").rstrip(".")
    return "0" if short in ("-0", "") else short


def _joined(match: re.Match[str]) -> str:
    return match[1].replace("L", " ")
