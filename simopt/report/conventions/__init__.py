"""Which formula is this? The conventions side by side, and how far they lead apart."""

from __future__ import annotations

from typing import Any

from simopt.ground.formatting import count, listing, number, percent
from simopt.report.conventions import distances, lookup, measured, side_by_side, surprises
from simopt.report.conventions.measured import COMMON, DROPPED, DROPPED_AT, EPSILON, LOOKED, OWN
from simopt.report.pages import Context
from simopt.rules import ALL
from simopt.rules.formulas import formula
from simopt.rules.frameworks import FRAMEWORKS

#: Weights that differ by a smaller share are as good as the same.
ALIKE = 1e-3


def page(context: Context) -> dict[str, Any]:
    """The values of the template."""
    context.say("conventions")
    frame, spent = measured.measured(context.quick)
    context.say("figures")
    return {
        "answer": [how_many(), how_far(frame), after_drop(frame)],
        "papers": papers(),
        "calls": lookup.call_tables(context.quick),
        "names": list(ALL),
        "translation": lookup.translation_table(),
        "surprises": surprises.surprises(),
        "rules": side_by_side.sections(),
        "decay": side_by_side.decay_table(),
        "clip": side_by_side.clip_table(),
        "epsilon": EPSILON,
        "same": distances.same_sentence(frame),
        "problems": distances.page_sections(frame),
        "later": distances.later_figure(frame),
        "drop": distances.dropped(frame),
        "outside": distances.whose(False),
        "inside": distances.whose(True),
        "dropped_at": DROPPED_AT,
        "trajectories": spent.trajectories,
        "updates": spent.updates,
        "seconds": spent.seconds,
        "computed": [spent],
        "findings": [how_many(), after_drop(frame)],
    }


def how_many() -> str:
    """How many rules have one formula, one formula and several defaults, several formulas."""
    formulas: list[str] = []
    defaults: list[str] = []
    agreed: list[str] = []
    for name in ALL:
        groups = side_by_side.alike(side_by_side.variants(name))
        several = len({formula(optimizer) for _, optimizer in groups}) > 1
        (formulas if several else defaults if len(groups) > 1 else agreed).append(name)
    text = (
        f"Of {len(ALL)} rules that go by one name, {len(formulas)} have more than one formula "
        f"among the document and {count(len(FRAMEWORKS) - 1, 'framework')}"
    )
    if defaults:
        text += (
            f", and {listing(defaults)} {'has' if len(defaults) == 1 else 'have'} one formula but "
            "different defaults"
        )
    if agreed:
        text += (
            f"; only {listing(agreed)} {'is' if len(agreed) == 1 else 'are'} the same everywhere"
        )
    return text + "."


def how_far(frame: Any) -> str:
    """What matters and what does not."""
    adam = frame[(frame["case"] == "Adam") & (frame["setting"] == OWN)]
    farthest = adam.groupby("convention")["weights"].max()
    near, far = farthest[farthest < ALIKE], farthest[farthest >= ALIKE]
    others = listing([FRAMEWORKS[str(each)].possessive for each in far.index])
    but = f" (not {others}, whose defaults differ)" if len(far) else ""
    last = measured.looked(frame)[-1]
    large = frame[
        (frame["case"] == "Adam") & (frame["setting"] == COMMON) & frame["update"].isin(LOOKED)
    ]
    rms = frame[
        (frame["case"] == "RMSprop")
        & (frame["setting"] == OWN)
        & (frame["convention"] == "torch")
        & (frame["update"] == last)
    ].set_index("problem")["weights"]
    large = large[large["convention"].isin(near.index)]
    most = large.loc[large["weights"].idxmax()]
    return (
        "Where ε is small and everything else the same, that hardly shows: at their defaults the "
        f"Adam of {len(near)} frameworks of {len(farthest)} stays within {number(near.max(), 2)} "
        f"of the document's weights for {number(last)} updates{but}. It shows where ε is "
        f"large (at {number(EPSILON)} "
        f"{FRAMEWORKS[most['convention']].possessive} Adam is {percent(most['weights'])} of w away "
        f"on {distances.where_is(most['problem'])} after {number(most['update'])} updates), where "
        f"defaults differ (PyTorch's RMSprop ends {percent(rms['four points'])} of w away on the "
        "four points), and where the rate is scheduled."
    )


def after_drop(frame: Any) -> str:
    """What a drop of the rate does to Momentum."""
    rows = frame[
        (frame["setting"] == DROPPED)
        & (frame["case"] == "Momentum")
        & (frame["update"] == 2 * DROPPED_AT)
    ]
    inside = distances.placed("Momentum", True)
    values = rows[rows["convention"] == inside[0]].set_index("problem")["weights"]
    whose = listing(FRAMEWORKS[each].possessive for each in inside)
    shares = [f"{percent(each)} on {distances.where_is(key)}" for key, each in values.items()]
    return (
        "Momentum is the same in all of them while the rate is constant; "
        f"{number(DROPPED_AT)} updates after the rate drops to a tenth, {whose} weights are "
        f"{listing(shares)} away from the others'."
    )


def papers() -> str:
    """Who was caught by this."""
    return (
        "This has cost people results. optax issue 532 is of a replication of IMPALA whose "
        "RMSprop, with the same numbers in PyTorch and in optax, was not the same rule; PyTorch "
        "issue 23796 of TensorFlow models that would not train as well in PyTorch. "
        f"{surprises.papers()}"
    )


__all__ = ["how_far", "how_many", "page"]
