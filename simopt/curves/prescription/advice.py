"""The document's troubleshooting table and decision framework, as what can be tried."""

from __future__ import annotations

from dataclasses import replace

from simopt.curves.symptoms import BY_NAME, RECORDS
from simopt.curves.symptoms.broken import ALL_THREE as ALL_THREE
from simopt.curves.symptoms.record import AdviceLine

#: Not a symptom of one curve: Adam ends higher than SGD, each at its best rate.
UNDERPERFORMS = "Adam ends above SGD"

#: The document's last line in both tables.
LAGS = ("AdamW", "fine-tune with Momentum")

#: The document's troubleshooting table (lines 1133 to 1141).
TABLE = (
    *(replace(each.line, seen=(each.name,)) for each in RECORDS if each.line is not None),
    AdviceLine(
        "Adam worse than SGD",
        "adaptive rates hurt generalisation",
        "AdamW, or Momentum for fine-tuning",
        LAGS,
        (UNDERPERFORMS,),
        ("Adam",),
    ),
)


def _questions() -> tuple[AdviceLine, ...]:
    """The questions of the records, each once, with all symptoms that it is asked of."""
    asked_of: dict[AdviceLine, tuple[str, ...]] = {}
    for each in RECORDS:
        if each.question is not None:
            asked_of[each.question] = (*asked_of.get(each.question, ()), each.name)
    return tuple(replace(line, seen=names) for line, names in asked_of.items())


#: The document's decision framework (lines 1150 to 1154).
FRAMEWORK = (
    *_questions(),
    AdviceLine(
        "Adam underperforms?",
        "",
        "AdamW, or Momentum for fine-tuning",
        LAGS,
        (UNDERPERFORMS,),
        ("Adam",),
    ),
)

#: Not in the document: what its "normal, keep training" comes to while no drop has been seen.
ON_A_PLATEAU = AdviceLine(
    "On a plateau, no drop yet", "", "keep training", ("keep training",), ("plateaus early",)
)


def fixes_for(symptom: str, optimizer: str, advised: bool = False) -> tuple[str, ...]:
    """Every fix that a line of advice has for a symptom that an optimizer's run shows.

    With ``advised`` those as well that `simopt.diagnose` advises and the document does not.
    """
    lines = (*TABLE, *FRAMEWORK, ON_A_PLATEAU)
    every = dict.fromkeys(fix for line in lines for fix in line.fixes)
    given = [fix for fix in every if any(line.meant(symptom, optimizer, fix) for line in lines)]
    if advised and symptom in BY_NAME:
        given += BY_NAME[symptom].fixes
    return tuple(dict.fromkeys(given))
