"""Formulas as MathML: set by the browser itself, in the page's colours, offline.

A formula is written as a line of Python, such as ``"w = w - eta * g / (sqrt(v) + epsilon)"``: so it
can be run as well as set, and the tests run it against the rule that it stands for.
"""

from __future__ import annotations

import ast
from functools import cache

from markupsafe import Markup, escape

from simopt.ground.formatting import number

#: How a name is set: letter, subscript, accent.
NAMES = {
    "eta": ("η", "", ""),
    "beta": ("β", "", ""),
    "beta1": ("β", "1", ""),
    "beta2": ("β", "2", ""),
    "rho": ("ρ", "", ""),
    "epsilon": ("ε", "", ""),
    "epsilon_root": ("ε", "root", ""),
    "weight_decay": ("λ", "", ""),
    "lr_decay": ("κ", "", ""),
    "momentum": ("μ", "", ""),
    "dampening": ("δ", "", ""),
    "psi": ("ψ", "", ""),
    "mu": ("μ", "", ""),
    "mu_next": ("μ", "next", ""),
    "product": ("Π", "", ""),
    "m_hat": ("m", "", "ˆ"),
    "m_bar": ("m", "", "¯"),
    "v_hat": ("v", "", "ˆ"),
    "v_max": ("v", "max", ""),
    "E_hat": ("E", "", "ˆ"),
    "E_g": ("E", "g", ""),
    "E_x": ("E", "x", ""),
    "g_mean": ("g", "", "¯"),
    "g_hat": ("g", "", "ˆ"),
    "length": ("ϱ", "", ""),
    "longest": ("ϱ", "∞", ""),
    "rectified": ("r", "", ""),
}

#: How strongly an expression holds together: what is weaker needs brackets inside what is stronger.
SUM, PRODUCT, POWER, ATOM = range(4)

#: Functions that are set as marks, not by name; what stands before a name.
MARKS = ("sqrt", "abs")
THIN = '<mspace width="0.17em"></mspace>'


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
    (statement,) = ast.parse(line).body
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        raise ValueError(f"no formula: {line!r}")
    target, value = statement.targets[0].id, statement.value
    names = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
    sign = "←" if target in names or target == "w" else "="
    left = f"<mrow>{_name(target)}<mo>{sign}</mo>"
    if not isinstance(value, ast.IfExp):
        return Markup(_math(f"{left}{_set(value)[0]}</mrow>"))
    condition = f"<mspace width='1em'></mspace><mtext>if&nbsp;</mtext>{_set(value.test)[0]}"
    first = _math(f"{left}{_set(value.body)[0]}{condition}</mrow>")
    otherwise = "<mspace width='1em'></mspace><mtext>otherwise</mtext>"
    return Markup(first + "<br>" + _math(f"{left}{_set(value.orelse)[0]}{otherwise}</mrow>"))


def stacked(lines: tuple[str, ...]) -> Markup:
    """Formulas one below the other."""
    rows = Markup("").join(Markup("<div>{}</div>").format(typeset(line)) for line in lines)
    return Markup('<div class="formulas">{}</div>').format(rows)


def _math(inside: str) -> str:
    return f'<math displaystyle="true">{inside}</math>'


def _name(name: str) -> str:
    letter, below, accent = NAMES.get(name, (name, "", ""))
    text = f"<mi>{escape(letter)}</mi>"
    if accent:
        text = f'<mover accent="true">{text}<mo stretchy="false">{accent}</mo></mover>'
    if below:
        kind = "mn" if below.isdigit() else "mi" if len(below) == 1 else "mtext"
        text = f"<msub>{text}<{kind}>{escape(below)}</{kind}></msub>"
    return text


def _set(node: ast.expr) -> tuple[str, int]:
    """An expression, and how strongly it holds together."""
    match node:
        case ast.Name(id=name):
            return _name(name), ATOM
        case ast.Constant(value=int() | float() as value):
            return f"<mn>{number(value)}</mn>", ATOM
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return f"<mrow><mo>−</mo>{_within(inner, PRODUCT)}</mrow>", PRODUCT
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return f"<mfrac>{_row(left)}{_row(right)}</mfrac>", PRODUCT
        case ast.BinOp(left=ast.Name(id=name), op=ast.Pow(), right=right) if _below(name):
            # One element for both: else the exponent hangs behind the subscript.
            return _name(name)[:-7].replace(
                "<msub>", "<msubsup>", 1
            ) + f"{_row(right)}</msubsup>", POWER
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return f"<msup>{_within(left, ATOM)}{_row(right)}</msup>", POWER
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            between = THIN if _named(right) or (_fraction(left) and _fraction(right)) else ""
            return f"<mrow>{_within(left, PRODUCT)}{between}{_within(right, POWER)}</mrow>", PRODUCT
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return f"<mrow>{_set(left)[0]}<mo>+</mo>{_within(right, PRODUCT)}</mrow>", SUM
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return f"<mrow>{_set(left)[0]}<mo>−</mo>{_within(right, PRODUCT)}</mrow>", SUM
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            sign = {ast.Gt: "&gt;", ast.GtE: "≥", ast.Eq: "=", ast.LtE: "≤"}[type(op)]
            return f"<mrow>{_set(left)[0]}<mo>{sign}</mo>{_set(right)[0]}</mrow>", SUM
        case ast.Call(func=ast.Name(id="sqrt"), args=[inner]):
            return f"<msqrt>{_set(inner)[0]}</msqrt>", ATOM
        case ast.Call(func=ast.Name(id="abs"), args=[inner]):
            bar = '<mo stretchy="false">|</mo>'
            return f"<mrow>{bar}{_set(inner)[0]}{bar}</mrow>", ATOM
        case ast.Call(func=ast.Name(id=function), args=arguments):
            inside = "<mo>,</mo>".join(_set(each)[0] for each in arguments)
            return f"<mrow><mi>{escape(function)}</mi>{_bracketed(inside)}</mrow>", ATOM
    raise ValueError(f"no formula: {ast.unparse(node)!r}")


def _below(name: str) -> str:
    return NAMES.get(name, ("", "", ""))[1]


def _named(node: ast.expr) -> bool:
    """A call that is set by its name."""
    function = node.func if isinstance(node, ast.Call) else None
    return isinstance(function, ast.Name) and function.id not in MARKS


def _fraction(node: ast.expr) -> bool:
    """A fraction, or a product that ends in one."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return _fraction(node.right)
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)


def _row(node: ast.expr) -> str:
    """A numerator, a denominator, an exponent: never in brackets, and one element."""
    return f"<mrow>{_set(node)[0]}</mrow>"


def _within(node: ast.expr, strength: int) -> str:
    """In brackets where it holds together less than that; a fraction beside a factor never is."""
    text, own = _set(node)
    divided = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
    return text if own >= strength or (divided and strength < ATOM) else _bracketed(text)


def _bracketed(inside: str) -> str:
    tall = "" if "<mfrac>" in inside or "<msqrt>" in inside else ' stretchy="false"'
    return f"<mrow><mo{tall}>(</mo>{inside}<mo{tall}>)</mo></mrow>"
