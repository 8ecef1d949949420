"""What the document says of shuffling in PyTorch, scikit-learn and Keras, checked against them.

Verified with PyTorch 2.13.0, scikit-learn 1.9.1, and Keras 3.15.1 on TensorFlow 2.21.0, JAX 0.10.2
and PyTorch.
"""

from __future__ import annotations

import tomllib
from importlib import resources

import pandas as pd

from simopt.document.source import parts

VERDICTS = ("right", "right, with a condition", "wrong")

COLUMNS = (
    "library",
    "parameter",
    "default",
    "seeding",
    "scope",
    "place",
    "lines",
    "says",
    "verdict",
    "finding",
    "backend",
    "snippet",
)


def shuffles() -> pd.DataFrame:
    """The document's statements on shuffling in libraries, corrected, with code that shows each.

    Returns
    -------
    DataFrame
        A row per statement, in the document's order of libraries:

        - ``library``: "PyTorch", "scikit-learn", "Keras", or "all";
        - ``parameter``, ``default``, ``seeding``, ``scope``: what to write, what it is if left out,
          how to fix the order, and what then shares a generator; empty where there is none;
        - ``place``, ``lines``: the parts of the document that say it, and the lines of its text;
        - ``says``: what, in short;
        - ``verdict``: "right", "right, with a condition", or "wrong";
        - ``finding``: what the library does;
        - ``backend``: what Keras has to run on for the snippet ("tensorflow", "jax", "torch"), else
          empty;
        - ``snippet``: code that runs as it stands, and asserts the finding.

    See Also
    --------
    simopt.orders : The orders themselves.

    Examples
    --------
    >>> import simopt
    >>> table = simopt.document.shuffles()
    >>> table.groupby("library", sort=False)["verdict"].agg(list)["PyTorch"]
    ['right', 'right, with a condition', 'right, with a condition']
    >>> print(table["snippet"][0].splitlines()[0])
    from torch.utils.data import DataLoader
    """
    text = resources.files(__package__).joinpath("shuffles.toml").read_text(encoding="utf-8")
    table = pd.DataFrame(tomllib.loads(text)["statement"]).fillna("")
    table["place"] = table["lines"].map(parts)
    table["snippet"] = table["snippet"].str.strip() + "\n"
    return table[list(COLUMNS)]
