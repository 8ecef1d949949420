"""How a rule's formula is set: one walk through its syntax tree, one class per notation.

A formula is written as lines of Python, such as ``"w = w - eta * g / (sqrt(v) + epsilon)"``, so
that it can be run as well as read: `simopt.rules.formulas`. `TeX` sets it for docstrings, `Symbols`
and `Numbers` for worked steps; pages add MathML (`simopt.report.conventions.mathml`).
"""

from __future__ import annotations

import ast
import unicodedata
from dataclasses import dataclass
from functools import cache

from simopt.ground.formatting import SYMBOLS, plain
from simopt.rules.expressions import parse

#: How a name is printed; what is not here is printed as it is. An underscore begins a subscript.
SIGNS = {
    **SYMBOLS,
    "epsilon_root": "ε_root",
    "lr_decay": "κ",
    "momentum": "μ",
    "momentum_decay": "ψ",
    "dampening": "δ",
    "mu": "μ",
    "mu_next": "μ_next",
    "product": "Π",
    "m_bar": "m̄",
    "v_max": "vₘₐₓ",
    "initial_accumulator": "accumulator",
    "Ex2": "E[x²]",
    "Eg": "ḡ",
    "Eg2_hat": "Ê[g²]",
    "Eg_hat": "ĝ",
    "length": "ϱ",
    "longest": "ϱ_∞",
    "rectified": "r",
    "effective_lr": "rate",
    "beta3": "β₃",
    "nu1": "ν₁",
    "nu2": "ν₂",
    "alpha": "α",
    "s_hat": "ŝ",
    "d_hat": "d̂",
    "n_hat": "n̂",
    "trust": "τ",
    "reach": "α",
    "coefficient": "κ",
    "w0": "w₀",
    "d0": "d₀",
    "ratio": "ϕ",
    "lambd": "Λ",
    "t0": "t₀",
    "l1": "l₁",
    "l2": "l₂",
    "final_rate": "η_final",
    "narrowing": "γ",
    "epsilon2": "ε₂",
    "limit": "d",
    "exponent": "c",
    "loss": "f",
    "least": "f_min",
    "step": "γ",
    "adam_ratio": "ρ",
    "f_bar": "f̄",
    "dots": "p̄",
    "tau": "τ",
    "kept": "κ",
    **{f"s{k}": f"s{'₀₁₂₃₄₅₆₇₈₉'[k]}" for k in range(1, 10)},
}

#: How strongly an expression holds together: what is weaker needs brackets inside what is stronger.
SUM, PRODUCT, POWER, ATOM = range(4)

COMPARISONS = {ast.Gt: ">", ast.GtE: "≥", ast.Eq: "=", ast.LtE: "≤"}


@dataclass(frozen=True)
class Sign:
    """A printed name in its parts: ``"β₁"`` is β with 1 below, ``"Ê[g²]"`` Ê and [g²] behind."""

    letter: str
    accent: str = ""
    below: str = ""
    behind: str = ""


@cache
def sign(name: str) -> Sign:
    """A name's sign, in its parts.

    Examples
    --------
    >>> sign("beta1"), sign("v_max").below
    (Sign(letter='β', accent='', below='1', behind=''), 'max')
    """
    text = unicodedata.normalize("NFD", SIGNS.get(name, name))
    text, _, behind = text.partition("[")
    text, _, below = text.partition("_")
    accent = "".join(each for each in text if unicodedata.combining(each))
    letter = "".join(each for each in text if not unicodedata.combining(each))
    base = letter.rstrip("₀₁₂₃₄₅₆₇₈₉ₘₐₓ")
    below += unicodedata.normalize("NFKC", letter[len(base) :])
    return Sign(base, accent, below, behind and f"[{behind}")


class Notation:
    """Sets an expression; a notation says how its parts look."""

    #: Whether a fraction is set as one above the other: then it needs no brackets.
    stacked = True
    #: Of a sum over all weights.
    sum_sign = "Σ "

    def set(self, node: ast.expr) -> tuple[str, int]:
        """An expression, and how strongly it holds together.

        Raises
        ------
        ValueError
            If it holds what formulas don't.
        """
        match node:
            case ast.Name(id=name):
                return self.name(name), ATOM
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return self.number(value), ATOM
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return self.negative(self.within(inner, PRODUCT)), PRODUCT
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self.fraction(left, right), PRODUCT
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return self.power(left, right), POWER
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return self.product(left, right), PRODUCT
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self.joined(self.set(left)[0], "+", self.within(right, PRODUCT)), SUM
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                return self.joined(self.set(left)[0], "-", self.within(right, PRODUCT)), SUM
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
                comparison = COMPARISONS[type(op)]
                return self.joined(self.set(left)[0], comparison, self.set(right)[0]), SUM
            case ast.Call(func=ast.Name(id="sqrt"), args=[inner]):
                return self.root(inner), ATOM
            case ast.Call(func=ast.Name(id="abs"), args=[inner]):
                return self.bars(inner), ATOM
            case ast.Call(func=ast.Name(id="norm"), args=[inner]):
                return self.norm(inner), ATOM
            case ast.Call(func=ast.Name(id="total"), args=[inner]):
                return f"{self.sum_sign}{self.within(inner, PRODUCT)}", PRODUCT
            case ast.Call(func=ast.Name(id=function), args=arguments):
                return self.call(function, arguments), ATOM
        raise ValueError(f"no formula: {ast.unparse(node)!r}")

    def within(self, node: ast.expr, strength: int) -> str:
        """In brackets where it holds together less than that."""
        text, own = self.set(node)
        free = self.stacked and is_division(node) and strength < ATOM
        return text if own >= strength or free else self.bracketed(text)

    def name(self, name: str) -> str:
        """A name."""
        raise NotImplementedError

    def number(self, value: float) -> str:
        """A number."""
        return plain(value)

    def negative(self, inner: str) -> str:
        """Something with a minus before it."""
        return f"-{inner}"

    def joined(self, left: str, operator: str, right: str) -> str:
        """A sum, a difference or a comparison."""
        return f"{left} {operator} {right}"

    def fraction(self, numerator: ast.expr, denominator: ast.expr) -> str:
        """A quotient."""
        raise NotImplementedError

    def power(self, base: ast.expr, exponent: ast.expr) -> str:
        """A power."""
        raise NotImplementedError

    def product(self, left: ast.expr, right: ast.expr) -> str:
        """A product."""
        return f"{self.within(left, PRODUCT)} {self.within(right, POWER)}"

    def root(self, inner: ast.expr) -> str:
        """A square root."""
        raise NotImplementedError

    def bars(self, inner: ast.expr) -> str:
        """An absolute value."""
        return f"|{self.set(inner)[0]}|"

    def norm(self, inner: ast.expr) -> str:
        """The Euclidean norm over all weights."""
        return f"‖{self.set(inner)[0]}‖"

    def call(self, function: str, arguments: list[ast.expr]) -> str:
        """A function by its name."""
        return f"{function}({', '.join(self.set(each)[0] for each in arguments)})"

    def bracketed(self, inside: str) -> str:
        """In brackets."""
        return f"({inside})"


#: TeX's names of letters, accents, functions and signs.
LETTERS = {
    "η": r"\eta", "β": r"\beta", "ρ": r"\rho", "ε": r"\epsilon", "λ": r"\lambda", "κ": r"\kappa",
    "μ": r"\mu", "ψ": r"\psi", "δ": r"\delta", "Π": r"\Pi", "ϱ": r"\varrho", "∞": r"\infty",
    "α": r"\alpha", "ν": r"\nu", "τ": r"\tau", "ϕ": r"\phi", "Λ": r"\Lambda", "γ": r"\gamma",
}  # fmt: skip
ACCENTS = {"\N{COMBINING CIRCUMFLEX ACCENT}": r"\hat", "\N{COMBINING MACRON}": r"\bar"}
FUNCTIONS = {"max": r"\max", "min": r"\min", "sign": r"\mathrm{sign}", "mean": r"\mathrm{mean}"}
OPERATORS = {"≥": r"\ge", "≤": r"\le"}


class TeX(Notation):
    """For docstrings."""

    sum_sign = r"\sum "

    def name(self, name: str) -> str:
        """A name."""
        each = sign(name)
        text = LETTERS.get(each.letter, each.letter)
        if len(each.letter) > 1:
            text = rf"\mathrm{{{each.letter}}}"
        if each.accent:
            text = f"{ACCENTS[each.accent]} {text}"
        if each.below:
            below = LETTERS.get(each.below, each.below)
            text += f"_{below}" if len(each.below) == 1 else rf"_{{\mathrm{{{below}}}}}"
        return text + each.behind.replace("²", "^2")

    def joined(self, left: str, operator: str, right: str) -> str:
        """A sum, a difference or a comparison."""
        return f"{left} {OPERATORS.get(operator, operator)} {right}"

    def fraction(self, numerator: ast.expr, denominator: ast.expr) -> str:
        """One above the other."""
        return rf"\frac{{{self.set(numerator)[0]}}}{{{self.set(denominator)[0]}}}"

    def power(self, base: ast.expr, exponent: ast.expr) -> str:
        """Raised."""
        above = self.set(exponent)[0]
        return f"{self.within(base, ATOM)}^{above if len(above) == 1 else f'{{{above}}}'}"

    def product(self, left: ast.expr, right: ast.expr) -> str:
        """Side by side."""
        between = r" \, " if parts(left, right) else " "
        return f"{self.within(left, PRODUCT)}{between}{self.within(right, POWER)}"

    def root(self, inner: ast.expr) -> str:
        """Under the sign."""
        return rf"\sqrt{{{self.set(inner)[0]}}}"

    def norm(self, inner: ast.expr) -> str:
        """Between double bars."""
        return rf"\lVert {self.set(inner)[0]} \rVert"

    def call(self, function: str, arguments: list[ast.expr]) -> str:
        """A function by its name."""
        inside = ", ".join(self.set(each)[0] for each in arguments)
        return FUNCTIONS[function] + self.bracketed(inside)

    def bracketed(self, inside: str) -> str:
        """As tall as what is inside."""
        tall = r"\frac" in inside or r"\sqrt" in inside
        return rf"\left({inside}\right)" if tall else f"({inside})"


class Symbols(Notation):
    """In a line of plain text."""

    stacked = False

    def name(self, name: str) -> str:
        """A name."""
        return SIGNS.get(name, name)

    def fraction(self, numerator: ast.expr, denominator: ast.expr) -> str:
        """In one line."""
        return f"{self.within(numerator, PRODUCT)} / {self.within(denominator, POWER)}"

    def power(self, base: ast.expr, exponent: ast.expr) -> str:
        """Raised where there is a character for it."""
        above = self.set(exponent)[0]
        raised = {"2": "²", "t": "ᵗ"}.get(above) or f"^{self.within(exponent, ATOM)}"
        return f"{self.within(base, ATOM)}{raised}"

    def product(self, left: ast.expr, right: ast.expr) -> str:
        """Side by side; a word or a number needs a sign between."""
        factors = (self.within(left, PRODUCT), self.within(right, POWER))
        words = any(each.isalpha() and each.isascii() and len(each) > 1 for each in factors)
        return (" × " if words else " ").join(factors)

    def root(self, inner: ast.expr) -> str:
        """The sign before brackets."""
        return f"√({self.set(inner)[0]})"


class Numbers(Symbols):
    """Symbols' places for numbers: a name becomes ``{name}``, or ``{name_old}`` where it is old."""

    def __init__(self, old: set[str] | frozenset[str]) -> None:
        self.old = old

    def name(self, name: str) -> str:
        """A place."""
        return f"{{{name}_old}}" if name in self.old else f"{{{name}}}"

    def power(self, base: ast.expr, exponent: ast.expr) -> str:
        """Raised; only a square has a character for it."""
        above = self.set(exponent)[0]
        raised = "²" if above == "2" else f"^{self.within(exponent, ATOM)}"
        return f"{self.within(base, ATOM)}{raised}"

    def product(self, left: ast.expr, right: ast.expr) -> str:
        """With a sign between."""
        return f"{self.within(left, PRODUCT)} × {self.within(right, POWER)}"


def is_division(node: ast.expr) -> bool:
    """A fraction."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)


def parts(left: ast.expr, right: ast.expr) -> bool:
    """Whether two factors need a space between: fractions, words, before a function's name."""
    function = right.func if isinstance(right, ast.Call) else None
    named = isinstance(function, ast.Name) and function.id not in ("sqrt", "abs", "norm")
    fractions = _ends_in_fraction(left) and _ends_in_fraction(right)
    return named or fractions or _is_word(_last(left)) or _is_word(right)


def _last(factor: ast.expr) -> ast.expr:
    """The last factor of a product."""
    product = isinstance(factor, ast.BinOp) and isinstance(factor.op, ast.Mult)
    return factor.right if product else factor  # type: ignore[attr-defined]


def _is_word(factor: ast.expr) -> bool:
    """A name that is printed as several letters, or a power of it."""
    if isinstance(factor, ast.BinOp) and isinstance(factor.op, ast.Pow):
        return _is_word(factor.left)
    return isinstance(factor, ast.Name) and len(sign(factor.id).letter) > 1


def _ends_in_fraction(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return _ends_in_fraction(node.right)
    return is_division(node)


def tex(lines: tuple[str, ...]) -> str:
    r"""Lines of a formula as the rows of a ``.. math::`` block.

    Examples
    --------
    >>> print(tex(("v = beta * v + g", "w = w - eta * v")))
    v &\leftarrow \beta v + g \\
    w &\leftarrow w - \eta v
    """
    setter, rows = TeX(), []
    for line in map(parse, lines):
        left = setter.name(line.target) + (r" &\leftarrow " if line.updates else " &= ")
        if isinstance(line.value, ast.IfExp):
            test = setter.set(line.value.test)[0]
            rows.append(f"{left}{setter.set(line.value.body)[0]} && \\text{{if }} {test}")
            rows.append(f"{left}{setter.set(line.value.orelse)[0]} && \\text{{otherwise}}")
        else:
            rows.append(left + setter.set(line.value)[0])
    return " \\\\\n".join(rows)
