"""Formulas as MathML: set by the browser itself, in the page's colours, offline."""

from __future__ import annotations

import ast
from functools import cache

from markupsafe import Markup, escape

from simopt.ground.formatting import number
from simopt.rules.expressions import parse
from simopt.rules.notation import Notation, parts, sign

THIN = '<mspace width="0.17em"></mspace>'
ACCENTS = {"\N{COMBINING CIRCUMFLEX ACCENT}": "ˆ", "\N{COMBINING MACRON}": "¯"}
OPERATORS = {"-": "−", ">": "&gt;"}


class MathML(Notation):
    """For pages."""

    def name(self, name: str) -> str:
        """A name."""
        each = sign(name)
        text = f"<mi>{escape(each.letter)}</mi>"
        if each.accent:
            accent = f'<mo stretchy="false">{ACCENTS[each.accent]}</mo>'
            text = f'<mover accent="true">{text}{accent}</mover>'
        if each.below:
            text = f"<msub>{text}{_below(each.below)}</msub>"
        if each.behind:
            inside = f"<msup><mi>{escape(each.behind[1])}</mi><mn>2</mn></msup>"
            text = (
                f'<mrow>{text}<mo stretchy="false">[</mo>{inside}<mo stretchy="false">]</mo></mrow>'
            )
        return text

    def number(self, value: float) -> str:
        """A number."""
        return f"<mn>{number(value)}</mn>"

    sum_sign = "<mo>∑</mo>"

    def negative(self, inner: str) -> str:
        """Something with a minus before it."""
        return f"<mrow><mo>−</mo>{inner}</mrow>"

    def joined(self, left: str, operator: str, right: str) -> str:
        """A sum, a difference or a comparison."""
        return f"<mrow>{left}<mo>{OPERATORS.get(operator, operator)}</mo>{right}</mrow>"

    def fraction(self, numerator: ast.expr, denominator: ast.expr) -> str:
        """One above the other."""
        return f"<mfrac>{self.row(numerator)}{self.row(denominator)}</mfrac>"

    def power(self, base: ast.expr, exponent: ast.expr) -> str:
        """Raised."""
        if isinstance(base, ast.Name) and sign(base.id).below:
            # One element for both: else the exponent hangs behind the subscript.
            both = self.name(base.id).removesuffix("</msub>").replace("<msub>", "<msubsup>", 1)
            return f"{both}{self.row(exponent)}</msubsup>"
        return f"<msup>{self.within(base, 3)}{self.row(exponent)}</msup>"

    def product(self, left: ast.expr, right: ast.expr) -> str:
        """Side by side."""
        between = THIN if parts(left, right) else ""
        return f"<mrow>{self.within(left, 1)}{between}{self.within(right, 2)}</mrow>"

    def root(self, inner: ast.expr) -> str:
        """Under the sign."""
        return f"<msqrt>{self.set(inner)[0]}</msqrt>"

    def bars(self, inner: ast.expr) -> str:
        """An absolute value."""
        bar = '<mo stretchy="false">|</mo>'
        return f"<mrow>{bar}{self.set(inner)[0]}{bar}</mrow>"

    def norm(self, inner: ast.expr) -> str:
        """The Euclidean norm over all weights."""
        bar = '<mo stretchy="false">‖</mo>'
        return f"<mrow>{bar}{self.set(inner)[0]}{bar}</mrow>"

    def call(self, function: str, arguments: list[ast.expr]) -> str:
        """A function by its name."""
        inside = "<mo>,</mo>".join(self.set(each)[0] for each in arguments)
        return f"<mrow><mi>{escape(function)}</mi>{self.bracketed(inside)}</mrow>"

    def bracketed(self, inside: str) -> str:
        """As tall as what is inside."""
        tall = "" if "<mfrac>" in inside or "<msqrt>" in inside else ' stretchy="false"'
        return f"<mrow><mo{tall}>(</mo>{inside}<mo{tall}>)</mo></mrow>"

    def row(self, node: ast.expr) -> str:
        """A numerator, a denominator, an exponent: never in brackets, and one element."""
        return f"<mrow>{self.set(node)[0]}</mrow>"


@cache
def typeset(line: str) -> Markup:
    """A line of Python as MathML.

    Parameters
    ----------
    line : str
        ``name = expression``. A name that the expression needs too is moved on ("becomes"), any
        other is defined ("="). An expression ``a if x > y else b`` takes two lines.

    Returns
    -------
    Markup
        ``<math>``, or two of them.

    Raises
    ------
    ValueError
        If the line holds what formulas don't.

    Examples
    --------
    >>> print(typeset("x = 1"))
    <math displaystyle="true"><mrow><mi>x</mi><mo>=</mo><mn>1</mn></mrow></math>
    """
    setter, parsed = MathML(), parse(line)
    value = parsed.value
    left = f"<mrow>{setter.name(parsed.target)}<mo>{'←' if parsed.updates else '='}</mo>"
    if not isinstance(value, ast.IfExp):
        return Markup(_math(f"{left}{setter.set(value)[0]}</mrow>"))
    condition = f"<mspace width='1em'></mspace><mtext>if&nbsp;</mtext>{setter.set(value.test)[0]}"
    first = _math(f"{left}{setter.set(value.body)[0]}{condition}</mrow>")
    otherwise = "<mspace width='1em'></mspace><mtext>otherwise</mtext>"
    return Markup(first + "<br>" + _math(f"{left}{setter.set(value.orelse)[0]}{otherwise}</mrow>"))


def stacked(lines: tuple[str, ...]) -> Markup:
    """Formulas one below the other."""
    rows = Markup("").join(Markup("<div>{}</div>").format(typeset(line)) for line in lines)
    return Markup('<div class="formulas">{}</div>').format(rows)


def _math(inside: str) -> str:
    return f'<math displaystyle="true">{inside}</math>'


def _below(below: str) -> str:
    kind = "mn" if below.isdigit() else "mi" if len(below) == 1 else "mtext"
    return f"<{kind}>{escape(below)}</{kind}>"
