"""Claims in the page's signs: η where a table, whose words may be typed again, has eta."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from simopt.document.claims import Outcome
from simopt.document.claims.claim import Picture
from simopt.ground.formatting import MINUS, number, symbol

#: A hyperparameter's name in a sentence; in code, before its value or in quotes, it stays.
NAMES = re.compile(r"""(?<![\w.'"`])(eta|beta1|beta2|beta|rho|epsilon)(?![\w='"`(])""")

#: Numbers as programs have them.
POWER = re.compile(r"(?<![\w.=])\d(\.\d+)?e-?\d+\b")
NEGATIVE = re.compile(r"(?<=[ (])-(?=\d)")

#: What a claim and its picture have in words.
OF_A_CLAIM = ("says", "experiment", "rule", "revised", "scope")
OF_A_PICTURE = ("title", "sees", "x_label", "y_label")


def signs(text: str) -> str:
    """A sentence with signs in place of names, and numbers as the report has them.

    Examples
    --------
    >>> signs("At eta = 1e-12 and beta1 of 0.5 a gradient of -16; SGD(eta=0.1)")
    'At η = 10⁻¹² and β₁ of 0.5 a gradient of −16; SGD(eta=0.1)'
    """
    text = NAMES.sub(lambda name: symbol(name[0]), text)
    text = POWER.sub(lambda power: number(float(power[0])), text)
    return NEGATIVE.sub(MINUS, text)


def signed(outcome: Outcome) -> Outcome:
    """A claim and what came out, every sentence of both."""
    finding = outcome.finding
    said: dict[str, Any] = {name: signs(getattr(outcome.claim, name)) for name in OF_A_CLAIM}
    return replace(
        outcome,
        claim=replace(outcome.claim, **said),
        finding=replace(
            finding,
            says=signs(finding.says),
            condition=signs(finding.condition),
            evidence={signs(name): _word(figure) for name, figure in finding.evidence.items()},
            picture=finding.picture and _picture(finding.picture),
        ),
    )


def _picture(picture: Picture) -> Picture:
    table = picture.table
    said: dict[str, Any] = {name: signs(getattr(picture, name)) for name in OF_A_PICTURE}
    return replace(
        picture,
        **said,
        series={
            signs(name): (_words(x) if picture.kind == "bars" else x, y)
            for name, (x, y) in picture.series.items()
        },
        table=None if table is None else table.rename(columns=_word).map(_word),
    )


def _words(values: Any) -> list[Any]:
    return [_word(value) for value in values]


def _word(value: Any) -> Any:
    return signs(value) if isinstance(value, str) else value
