"""Translated functions together, each once and after what it calls."""

from __future__ import annotations

import builtins
import json
import math
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

import numpy as np

from simopt.rules.javascript.writer import Untranslatable, Writer, identifier

#: Functions of a number that are the same bits in both languages.
EXACT: dict[Any, str] = {
    math.sqrt: "Math.sqrt",
    np.sqrt: "Math.sqrt",
    math.floor: "Math.floor",
    builtins.abs: "Math.abs",
    np.abs: "Math.abs",
}

#: Functions whose last bit is the library's; no rule has one, schedules do.
NEARLY: dict[Any, str] = {np.sin: "Math.sin", np.power: "Math.pow"}

HELPERS = {
    "larger": "function larger(a, b) { return b > a ? b : a; }",
    "smaller": "function smaller(a, b) { return b < a ? b : a; }",
}


def number(value: float) -> str:
    """A number as both languages read it, to the last bit.

    Examples
    --------
    >>> number(1e-8), number(2), number(math.inf)
    ('1e-08', '2', 'Infinity')
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


class Script:
    """Translated functions, in an order in which each comes after what it calls.

    Examples
    --------
    >>> from simopt.rules.momentum import momentum
    >>> script = Script()
    >>> script.refer(momentum)
    'momentum_momentum'
    >>> print(script.text)
    function momentum_momentum(w, g, eta, v, beta) {
      v = beta * v + g;
      return [w - eta * v, v];
    }
    """

    def __init__(self, known: Mapping[Any, str] = EXACT) -> None:
        self.known = dict(known)
        self.parts: dict[str, str] = {}
        self._built: dict[tuple[Any, tuple[str, ...]], str] = {}

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.parts.values())

    def refer(self, value: Any) -> str:
        """The expression for a value: a number, text, or a function, which is translated."""
        if isinstance(value, (bool, np.bool_)):
            return "true" if value else "false"
        if isinstance(value, (int, float)):
            return number(value)
        if isinstance(value, str):
            return json.dumps(value)
        if isinstance(value, FunctionType):
            return self._function(value)
        raise Untranslatable(f"{value!r} has no translation")

    def helper(self, name: str) -> str:
        """A function of our own."""
        self.parts.setdefault(name, HELPERS[name])
        return name

    def _function(self, function: FunctionType) -> str:
        code = function.__code__
        cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
        free = {name: self.refer(cell.cell_contents) for name, cell in cells.items()}
        key = code, tuple(free.values())
        if key in self._built:
            return self._built[key]
        path = [function.__module__.rpartition(".")[2], function.__qualname__]
        name = "_".join(path).replace(".<locals>.", "_").replace(".", "_")
        if name not in self.parts:
            written = Writer(self, function, name).text()
            if free:
                inside = "\n".join(f"  {line}" for line in written.splitlines())
                parameters = ", ".join(map(identifier, free))
                written = f"function {name}({parameters}) {{\n  return {inside.lstrip()};\n}}"
            self.parts[name] = written
        made = name
        if free:
            made = f"{name}_{sum(each.startswith(f'{name}_') for each in self.parts)}"
            self.parts[made] = f"const {made} = {name}({', '.join(free.values())});"
        self._built[key] = made
        return made


def translate(*functions: Callable[..., Any]) -> str:
    """Functions of numbers, and all that they call, in JavaScript.

    Parameters
    ----------
    *functions : function
        Plain functions of a module.

    Returns
    -------
    str
        Their text, in which each is called by its module's name and its own.

    Raises
    ------
    Untranslatable
        A ValueError, if one of them does what has no translation; the message names the line.

    Examples
    --------
    >>> from simopt.training.semantics import shrink
    >>> print(translate(shrink))
    function semantics_shrink(norm, clip, slack) {
      let over;
      over = norm + slack > clip;
      return over ? clip / (norm + slack) : clip / clip;
    }
    """
    script = Script()
    for each in functions:
        script.refer(each)
    return script.text
