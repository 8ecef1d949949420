"""The state of a rule, in the field's notation."""

from __future__ import annotations

import pandas as pd

from simopt.ground.formatting import number, symbol
from simopt.rules import OPTIMIZERS


def carried(name: str) -> list[str]:
    """The columns of a trace that hold a rule's state, with its update count last.

    Examples
    --------
    >>> carried("Adam"), carried("SGD")
    (['m', 'v', 't'], [])
    """
    rule = OPTIMIZERS[name]().rule
    return [*rule.state, *(["t"] if rule.clock is not None else [])]


def after(name: str, step: pd.Series) -> str:
    r"""The state after a step, symbols and numbers; "none" for a rule that carries none.

    Examples
    --------
    >>> after("Adam", pd.Series({"m": -1.6, "v": 0.256, "t": 1.0})).replace("\xa0", " ")
    'm = −1.6, v = 0.256, t = 1'
    """
    shown = [f"{symbol(column)} = {number(step[column])}" for column in carried(name)]
    return ", ".join(each.replace(" ", "\N{NO-BREAK SPACE}") for each in shown) or "none"
