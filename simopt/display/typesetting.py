"""Formulas, which are plain text in sentences and on a terminal, as pages set them."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from simopt.ground.formatting import MINUS, SUPERSCRIPT

HAT = "\N{COMBINING CIRCUMFLEX ACCENT}"
SUBSCRIPT = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
POWER = {"²": "2", "³": "3"}

_TOKEN = re.compile(
    r"\s+|(?P<number>\d+(?:\.\d+)?)|"
    rf"(?P<word>[^\W\d_²³₀-₉]+{HAT}?)(?P<below>[₀-₉]*)|(?P<sign>.)"
)
_WORD = re.compile(r"^<mi>\w\w+</mi>$")
_CONDITION = re.compile(r", (as|unless) ")
_SCIENTIFIC = re.compile(r"(\d)e([+-]?)0*(\d+)")

#: Texts between tags; what stays as it is, and pictures, whose texts take no tags.
_TEXTS = re.compile(
    r"<(pre|code|script|style|title|option|textarea)\b.*?</\1>|<(svg)\b.*?</svg>|(?<=>)[^<>]+",
    re.DOTALL,
)
_BETWEEN = re.compile(r"(?<=>)[^<>]+")
_PERCENT = re.compile(r"(?<=\d) %")
#: What a formula in plain text has that a sentence hasn't.
_PLAIN = (" - ", "%", "_", "^", "sqrt(", "Eg2", "&lt;=", "&gt;=")
_SETTING = (
    (re.compile(r"(?<=\d) ?%"), "\u00a0%"),  # stays with its number
    (re.compile(r"\b([mv])_hat\b"), rf"\1{HAT}"),
    (re.compile(r"\bEg2\b"), "E[g²]"),
    (re.compile(r"\b([A-Z])_([a-z]+)\b"), r"\1<sub>\2</sub>"),
    (re.compile(r"\^\(([^()]*)\)|\^([-−]?\w+(?:\.\d+)?)"), r"<sup>\1\2</sup>"),
    (re.compile(r"\bsqrt\((\w+)\)"), r"√\1"),
    (re.compile(r"\bsqrt\("), "√("),
    (re.compile("&lt;="), "≤"),
    (re.compile("&gt;="), "≥"),
)


def unbroken(html: str) -> str:
    r"""A page in which a percent sign stays with its number; code and pictures stay as they are.

    Examples
    --------
    >>> unbroken("<p>5 % of X_train</p>")
    '<p>5\xa0% of X_train</p>'
    """
    return _TEXTS.sub(
        lambda text: text[0] if text[1] or text[2] else _PERCENT.sub("\u00a0%", text[0]), html
    )


def page(html: str) -> str:
    r"""A page whose texts have signs where a formula in them had letters; code stays as it is.

    For pages whose every word is ours: of a user's names, such as ``a^2`` or ``X_train``, none is a
    formula.

    Examples
    --------
    >>> page("<p>S_min is (w - 5)^2 / sqrt(v), 5 % of it.</p><code>x - y</code>")
    '<p>S<sub>min</sub> is (w − 5)<sup>2</sup> / √v, 5\xa0% of it.</p><code>x - y</code>'
    """

    def picture(match: re.Match[str]) -> str:
        return match[0].replace(" - ", f" {MINUS} ")

    def text(match: re.Match[str]) -> str:
        whole: str = match[0]
        if match[1] or not any(sign in whole for sign in _PLAIN):
            return whole
        if match[2]:
            return _BETWEEN.sub(picture, whole)
        for pattern, signs in _SETTING:
            whole = pattern.sub(signs, whole)
        return whole.replace(" - ", f" {MINUS} ")

    return _TEXTS.sub(text, html)


def numbers(text: str) -> str:
    """Numbers with a minus sign, and powers of ten as pages write them.

    Examples
    --------
    >>> numbers("3 - 0.1 × (-16) / √(256 + 1e-08)")
    '3 − 0.1 × (−16) / √(256 + 1 × 10⁻⁸)'
    """

    def power(match: re.Match[str]) -> str:
        sign = "-" if match[2] == "-" else ""
        return f"{match[1]} × 10{(sign + match[3]).translate(SUPERSCRIPT)}"

    return _SCIENTIFIC.sub(power, text).replace("-", MINUS)


def formula(text: str) -> Markup:
    """A formula of a worked line as MathML.

    Parameters
    ----------
    text : str
        As `Line.formula` has it; empty where there is none.

    Returns
    -------
    Markup
        ``<math>``, or nothing.

    Examples
    --------
    >>> print(formula("√v + β₁"))
    <math><mrow><msqrt><mi>v</mi></msqrt><mo>+</mo><msub><mi>β</mi><mn>1</mn></msub></mrow></math>
    """
    if not text:
        return Markup("")
    before, word, condition = [*_CONDITION.split(text, maxsplit=1), "", ""][:3]
    inside = _row(before)
    if word:
        inside += f"<mtext>, {word}&nbsp;</mtext>{_row(condition)}"
    return Markup(f"<math><mrow>{inside}</mrow></math>")


def _row(text: str) -> str:
    """The elements of a formula, brackets and roots matched."""
    rows: list[list[str]] = [[]]
    roots: list[bool] = []
    root = False
    for token in _TOKEN.finditer(text):
        sign = token["sign"]
        if token["number"]:
            node = f"<mn>{token['number']}</mn>"
        elif token["word"]:
            node = _name(token["word"], token["below"])
        elif sign == "√":
            root = True
            continue
        elif sign in ("(", "["):
            rows.append([])
            roots.append(root)
            root = False
            continue
        elif sign in (")", "]") and roots:
            inner = "".join(rows.pop())
            opening = "(" if sign == ")" else "["
            rooted = roots.pop()
            node = f"<mrow><mo>{opening}</mo>{inner}<mo>{sign}</mo></mrow>"
            # An argument stands by its function's name, or by the mean's E.
            called = sign == "]" or bool(rows[-1] and _WORD.search(rows[-1][-1]))
            _append(rows[-1], f"<msqrt>{inner}</msqrt>" if rooted else node, apart=not called)
            continue
        elif sign in POWER and rows[-1]:
            rows[-1][-1] = f"<msup>{rows[-1][-1]}<mn>{POWER[sign]}</mn></msup>"
            continue
        elif sign:
            rows[-1].append(f"<mo>{MINUS if sign == '-' else escape(sign)}</mo>")
            continue
        else:
            continue
        if root:
            node, root = f"<msqrt>{node}</msqrt>", False
        _append(rows[-1], node, apart=True)
    while roots:
        roots.pop()
        rows[-2].extend(["<mo>(</mo>", *rows.pop()])
    return "".join(rows[0])


def _append(row: list[str], node: str, *, apart: bool) -> None:
    """Put an operand beside the last: a thin space says times, a wider one parts words."""
    if apart and row and not row[-1].endswith("</mo>"):
        long = _WORD.search(row[-1]) or _WORD.search(node)
        row.append(f'<mspace width="{0.35 if long else 0.17}em"></mspace>')
    row.append(node)


def _name(word: str, below: str) -> str:
    """A letter with its accent and number, or a word."""
    letter = word.removesuffix(HAT)
    node = f"<mi>{escape(letter)}</mi>"
    if letter != word:
        node = f'<mover accent="true">{node}<mo stretchy="false">ˆ</mo></mover>'
    return f"<msub>{node}<mn>{below.translate(SUBSCRIPT)}</mn></msub>" if below else node
