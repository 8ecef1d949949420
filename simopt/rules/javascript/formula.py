"""A line of a formula, as an expression of JavaScript."""

from __future__ import annotations

import ast

from simopt.rules.javascript.script import number
from simopt.rules.notation import POWER, PRODUCT, Notation

#: What formulas call by name; powers, as of a decay to the t, are the browser's to the last bit.
CALLED = {"sign": "Math.sign", "max": "Math.max", "min": "Math.min"}
COMPARED = {"=": "===", "≥": ">=", "≤": "<="}


class Expression(Notation):
    """A line of a formula (`simopt.rules.formulas`), its names those of an object ``v``.

    Examples
    --------
    >>> from simopt.rules.expressions import parse
    >>> Expression().set(parse("w = w - eta * g / (sqrt(v) + epsilon)").value)[0]
    'v.w - v.eta * v.g / (Math.sqrt(v.v) + v.epsilon)'
    """

    stacked = False

    def name(self, name: str) -> str:
        """A name."""
        return f"v.{name}"

    def number(self, value: float) -> str:
        """A number."""
        return number(value)

    def joined(self, left: str, operator: str, right: str) -> str:
        """A sum, a difference or a comparison."""
        return f"{left} {COMPARED.get(operator, operator)} {right}"

    def fraction(self, numerator: ast.expr, denominator: ast.expr) -> str:
        """A quotient."""
        return f"{self.within(numerator, PRODUCT)} / {self.within(denominator, POWER)}"

    def product(self, left: ast.expr, right: ast.expr) -> str:
        """A product."""
        return f"{self.within(left, PRODUCT)} * {self.within(right, POWER)}"

    def power(self, base: ast.expr, exponent: ast.expr) -> str:
        """A power."""
        return f"Math.pow({self.set(base)[0]}, {self.set(exponent)[0]})"

    def root(self, inner: ast.expr) -> str:
        """A square root."""
        return f"Math.sqrt({self.set(inner)[0]})"

    def bars(self, inner: ast.expr) -> str:
        """An absolute value."""
        return f"Math.abs({self.set(inner)[0]})"

    def call(self, function: str, arguments: list[ast.expr]) -> str:
        """A function by its name."""
        return f"{CALLED[function]}({', '.join(self.set(each)[0] for each in arguments)})"
