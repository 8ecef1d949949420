"""Numbers and lists as a reader has them; sentences are built from these, never typed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

MINUS = "\N{MINUS SIGN}"
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

#: The optimizers' own names, as the field prints them: column of a trace to symbol.
SYMBOLS = {
    "eta": "η",
    "beta": "β",
    "beta1": "β₁",
    "beta2": "β₂",
    "rho": "ρ",
    "epsilon": "ε",
    "weight_decay": "λ",
    "Eg2": "E[g²]",
    "m_hat": "m̂",
    "v_hat": "v̂",
    "effective_lr": "effective rate",
}


def symbol(name: str) -> str:
    """The sign the field prints for a column (``beta1`` is β₁), or the name itself."""
    return SYMBOLS.get(name, name)


def number(value: object, digits: int = 4, *, zeros: bool = False) -> str:
    """A number to so many significant digits, without trailing noise; an en dash for none.

    Parameters
    ----------
    value : number, None, NaN or NA
        What to show.
    digits : int
        Significant digits. A whole number keeps all of its digits.
    zeros : bool
        Keep zeros behind the decimal point, as measured numbers that are compared have them.

    Returns
    -------
    str

    Examples
    --------
    >>> number(0.62401), number(0.62401, zeros=True)
    ('0.624', '0.6240')
    >>> number(3.14159), number(-0.5), number(12345.678), number(2e-9), number(None)
    ('3.142', '−0.5', '12,346', '2 × 10⁻⁹', '–')
    """
    if value is None:
        return "–"
    try:
        x = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return "–"
    if math.isnan(x):
        return "–"
    if math.isinf(x):
        return "∞" if x > 0 else MINUS + "∞"
    if x == 0:
        return "0"
    mantissa, power = f"{x:.{digits - 1}e}".split("e")
    exponent = int(power)
    if exponent >= 7 or exponent <= -5:
        shown = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        power_of_ten = f"10{str(exponent).translate(SUPERSCRIPT)}"
        sign = "-" if x < 0 else ""
        text = sign + power_of_ten if shown.lstrip("-") == "1" else f"{shown} × {power_of_ten}"
    else:
        text = f"{x:,.{max(0, digits - 1 - exponent)}f}"
        if "." in text and not zeros:
            text = text.rstrip("0").rstrip(".")
    return text.replace("-", MINUS)


def rough(value: Any, digits: int = 3) -> str:
    """A measured number to so many significant digits, zeros for those of it that say nothing.

    Examples
    --------
    >>> rough(649439.2), rough(12.345), rough(-0.00123456)
    ('649,000', '12.3', '−0.00123')
    """
    return number(float(f"{value:.{digits - 1}e}"), digits)


def fixed(value: object, decimals: int = 3) -> str:
    """A number to so many decimals, so that a column of them lines up.

    Examples
    --------
    >>> fixed(-0.25), fixed(1234.5, 1), fixed(float("nan"))
    ('−0.250', '1,234.5', '–')
    """
    text = number(value)
    if text in ("–", "∞", MINUS + "∞"):
        return text
    return f"{float(value):,.{decimals}f}".replace("-", MINUS)  # type: ignore[arg-type]


def plain(value: float, digits: int = 5) -> str:
    """A number as program text, to so many significant digits, or to the unit below 10⁹.

    Examples
    --------
    >>> plain(-0.5), plain(1 / 3), plain(123456.7), plain(1e-8), plain(float("nan"))
    ('-0.5', '0.33333', '123457', '1e-08', 'nan')
    """
    value = float(value)
    return f"{value:.0f}" if 10**digits <= abs(value) < 1e9 else f"{value:.{digits}g}"


def percent(share: Any, digits: int = 2, least: float = 0.0) -> str:
    """A share as a percentage; an en dash for none.

    Parameters
    ----------
    share : number, None, NaN or NA
        What to show.
    digits : int
        Significant digits. A whole number keeps all of its digits.
    least : float
        A smaller share, of either sign, is said to be smaller.

    Returns
    -------
    str

    Examples
    --------
    >>> percent(0.123), percent(0.00012, least=0.001), percent(float("nan"))
    ('12 %', 'less than 0.1 %', '–')
    """
    shown = number(share)
    if shown == "–":
        return shown
    if 0 < abs(share) < least:
        return f"less than {percent(least)}"
    return f"{number(100 * share, digits)} %"


def listing(items: Iterable[object], last: str = "and") -> str:
    """Items as English lists them.

    Examples
    --------
    >>> listing(["SGD"]), listing(["SGD", "Adam"]), listing("abc", "or")
    ('SGD', 'SGD and Adam', 'a, b or c')
    """
    words = [str(item) for item in items]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def count(how_many: int, noun: str, plural: str | None = None) -> str:
    """So many of something, in words up to ten.

    Examples
    --------
    >>> count(1, "slip"), count(0, "slip"), count(2048, "trajectory", "trajectories")
    ('one slip', 'no slips', '2,048 trajectories')
    """
    shown = SMALL[how_many] if 0 <= how_many < len(SMALL) else f"{how_many:,}"
    return f"{shown} {noun if how_many == 1 else plural or noun + 's'}"


def out_of(part: int, whole: int) -> str:
    """So many of so many.

    Examples
    --------
    >>> out_of(7, 7), out_of(5, 7), out_of(0, 12)
    ('all seven', '5 of the seven', 'none of the 12')
    """
    shown = SMALL[whole] if whole < len(SMALL) else str(whole)
    if part == whole:
        return f"all {shown}"
    return f"{'none' if part == 0 else number(part)} of the {shown}"


def spans(values: Sequence[int]) -> str:
    """Whole numbers with runs drawn together.

    Examples
    --------
    >>> spans([2, 3, 4, 7, 9, 10])
    '2–4, 7, 9–10'
    """
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][1] + 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in runs)


def sentence(text: str) -> str:
    """The text, capitalised."""
    return text[:1].upper() + text[1:]
