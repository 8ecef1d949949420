"""Regular expressions that are compiled when they are first used."""

from __future__ import annotations

import re
from typing import Any, cast


class _Late:
    """A `re.Pattern` to be: asked for one of its methods, it has them all."""

    def __init__(self, expression: str, flags: int) -> None:
        self._expression, self._flags = expression, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(re.Pattern, name):
            raise AttributeError(f"a regular expression has no attribute {name!r}")
        compiled = re.compile(self._expression, self._flags)
        # As the object's own: Python then finds them without asking here.
        for each in dir(compiled):
            if not each.startswith("_"):
                vars(self)[each] = getattr(compiled, each)
        return vars(self)[name]

    def __repr__(self) -> str:
        return f"late({self._expression!r}, {self._flags!r})"


def late(expression: str, flags: int = 0) -> re.Pattern[str]:
    """``re.compile(expression, flags)``, at its first use.

    The module `re` takes a hundredth of a second for five long expressions, and a program that
    reads one log needs few of those for all the kinds of logs that there are.

    Parameters
    ----------
    expression : str
        As `re.compile` has it. An error in it shows at the first use.
    flags : int, default 0
        Of `re`.

    Returns
    -------
    re.Pattern
        An object with all its methods and attributes. Functions of `re` don't take it.

    Examples
    --------
    >>> words = late(r"[a-z]+")
    >>> words.findall("one, two")
    ['one', 'two']
    """
    return cast("re.Pattern[str]", _Late(expression, flags))
