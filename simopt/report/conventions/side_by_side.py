"""Every rule: its formula in each convention, its defaults, where it starts, what differs."""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from simopt.display import tables
from simopt.display.style import slug
from simopt.display.tables import Column
from simopt.ground.formatting import SMALL, listing, number, sentence
from simopt.report.conventions import measured, names
from simopt.report.conventions.mathml import stacked, typeset
from simopt.rules import ALL
from simopt.rules.family import Family
from simopt.rules.formulas import formula, identity, starts
from simopt.rules.frameworks import FRAMEWORKS
from simopt.rules.modifiers import DECAYS
from simopt.rules.rule import START, Optimizer

#: So many frameworks that lack a rule are listed.
FEW = 4

#: Cells that this page set itself.
MARKED = Markup


def variants(case: str) -> dict[str, Optimizer]:
    """A rule in each of its conventions, at their defaults; the document's first."""
    return {each: measured.family(case, each) for each in measured.conventions(case)}


def alike(optimizers: dict[str, Optimizer]) -> list[tuple[list[str], Optimizer]]:
    """Conventions with the same formula and the same numbers, together."""
    groups: dict[Any, tuple[list[str], Optimizer]] = {}
    for convention, each in optimizers.items():
        groups.setdefault(identity(each), ([], each))[0].append(convention)
    return list(groups.values())


def sections() -> list[dict[str, Any]]:
    """A rule each: title, what differs in a sentence, the lines that all share, the table."""
    rules = []
    for case in measured.CASES:
        optimizers = variants(case)
        groups = alike(optimizers)
        shared = common_lines([formula(optimizer) for _, optimizer in groups])
        apart = len(groups) > 1
        rules.append(
            {
                "name": case,
                "id": slug(f"rule {case}"),
                "sentence": verdict(case, optimizers, groups),
                "shared": stacked(tuple(shared)) if shared and apart else "",
                "table": rule_table(case, groups, shared if apart else []),
            }
        )
    return rules


def common_lines(written: list[tuple[str, ...]]) -> list[str]:
    """The lines with which all formulas begin.

    Examples
    --------
    >>> common_lines([("a = 1", "b = 2", "c = 3"), ("a = 1", "c = 3")])
    ['a = 1']
    """
    together = []
    for each in zip(*written, strict=False):
        if len(set(each)) > 1:
            break
        together.append(each[0])
    return together


def verdict(
    case: str, optimizers: dict[str, Optimizer], groups: list[tuple[list[str], Optimizer]]
) -> str:
    """Who agrees with whom."""
    formulas = len({formula(optimizer) for _, optimizer in groups})
    name = optimizers["document"].name
    missing = [each.name for key, each in FRAMEWORKS.items() if key not in optimizers]
    if len(groups) == 1:
        text = "All agree, in formula and defaults"
    elif formulas == 1:
        text = "One formula, and different defaults"
    else:
        same = [each for each in groups[0][0] if each != "document"]
        text = f"{sentence(SMALL[formulas])} formulas"
        if same:
            text += f"; {names.several(same)} {'has' if len(same) == 1 else 'have'} the document's"
    if len(missing) > FEW:
        have = len(optimizers) - 1
        whole = len(FRAMEWORKS) - 1
        text += f". {have} of {whole} frameworks {'has' if have == 1 else 'have'} {name}"
    elif missing:
        text += f". There is no {name} in {listing(missing, 'or')}"
    return text + "."


def rule_table(case: str, groups: list[tuple[list[str], Optimizer]], shared: list[str]) -> Markup:
    """A row for each convention that differs in formula or defaults."""
    reference = groups[0][1]
    rows = [
        {
            "whose": names.several(conventions),
            "formula": remaining(optimizer, shared),
            "defaults": default_cell(optimizer, reference),
            "starts": start(optimizer),
            "differs": listing(differences(optimizer, reference)) or "–",
        }
        for conventions, optimizer in groups
    ]
    return tables.table(
        pd.DataFrame(rows),
        {
            "whose": "whose",
            "formula": Column("formula", MARKED),
            "differs": Column("against the document", prose=True),
            "defaults": Column("defaults", MARKED, short=True),
            "starts": Column("starts at", short=True),
        },
        caption=f"{case} by convention; bold: other than the document's",
    )


def remaining(optimizer: Optimizer, shared: list[str]) -> Markup:
    """The lines of a formula that are not shared."""
    own = formula(optimizer)[len(shared) :]
    return stacked(own) if own else Markup("as above")


def default_cell(optimizer: Optimizer, reference: Optimizer) -> Markup:
    """The defaults, a line each, what differs in bold."""
    there = reference.settings
    return Markup("<br>").join(
        Markup("<strong>{}</strong>" if there.get(name) != value else "{}").format(text)
        for name, value, text in names.defaults(optimizer)
        if name not in optimizer.rule.initial.values()
    )


def start(optimizer: Optimizer) -> str:
    """The state before the first update."""
    rule = optimizer.rule
    at = {None: "0", START: START}
    at |= {name: number(value) for name, value in optimizer.settings.items()}
    states = {
        names.sign(each): at[source] for each, source in zip(rule.state, rule.sources, strict=True)
    }
    for name, begins in starts(optimizer).items():
        states.setdefault(names.sign(name), number(begins))
    if not states:
        return "no state"
    values: dict[str, list[str]] = {}
    for name, value in states.items():
        values.setdefault(value, []).append(name)
    return "; ".join(f"{', '.join(each)} = {at}" for at, each in values.items())


def differences(optimizer: Optimizer, reference: Optimizer) -> list[str]:
    """What sets an optimizer apart from the document's, in words, switches first."""
    family = optimizer.made_by
    assert isinstance(family, Family)
    here, there = (family.preset(each.convention) for each in (optimizer, reference))
    # What a switch is about may not be there: a buffer of momentum, dampening.
    idle = set()
    if optimizer.name == "RMSprop" and "momentum" not in optimizer.settings:
        idle.add("rate_place")
    if "dampening" not in optimizer.settings:
        idle.add("damps_first")
    phrases = [
        names.worded(optimizer.name, switch, here[switch])
        for switch in family.switches
        if here[switch] != there[switch] and switch not in idle
    ]
    before, started = reference.settings, optimizer.rule.initial
    for name, value, _ in names.defaults(optimizer):
        known = before.get(name)
        if name in started.values():
            if value != (known or 0.0):
                what = [names.sign(each) for each, source in started.items() if source == name]
                begins = "starts" if len(what) == 1 else "start"
                phrases.append(f"{listing(what)} {begins} at {number(value)}")
        elif known is None:
            phrases.append(names.ADDED[name].format(number(value)))
        elif value != known:
            phrases.append(f"{names.sign(name)} {number(value)} in place of {number(known)}")
    return phrases


def decay_table() -> Markup:
    """The forms of weight decay, on Momentum, and whose each is."""
    usually = {key: each.decay for key, each in FRAMEWORKS.items()}
    whose = {form: [each for each, own in usually.items() if own == form] for form in DECAYS}
    special: dict[str, list[str]] = {form: [] for form in DECAYS}
    for rule in ALL:
        forms = {each: _decay(optimizer) for each, optimizer in variants(rule).items()}
        for form in DECAYS:
            own = [each for each, its in forms.items() if its == form != usually[each]]
            if own:
                special[form].append(f"{rule} in {names.several(own)}")
    rows = []
    for form in DECAYS:
        decayed = ALL["Momentum"](weight_decay=0.01, decay=form)
        usual = names.several(whose[form])
        rows.append(
            {
                "form": form,
                "formula": stacked(formula(decayed)),
                "whose": "; ".join(each for each in (usual, *special[form]) if each),
            }
        )
    return tables.table(
        pd.DataFrame(rows),
        {
            "form": Column("decay=", lambda form: Markup("<code>{}</code>").format(f'"{form}"')),
            "formula": Column("on Momentum", MARKED),
            "whose": Column("whose, where a weight decay is set", prose=True),
        },
        caption="The forms of weight decay",
    )


def _decay(optimizer: Optimizer) -> str | None:
    """The form that a convention has for one rule in particular."""
    return FRAMEWORKS[optimizer.convention].rules[optimizer.name].get("decay")


def clip_table() -> Markup:
    """Clipping by norm, with and without an addition to the norm."""
    groups: dict[float, list[str]] = {}
    for key, each in FRAMEWORKS.items():
        groups.setdefault(each.clip_slack, []).append(key)
    rows = [
        {
            "whose": names.several(groups[slack]),
            "formula": typeset(f"g = g * min(1, c / {f'(n + {slack:.6f})' if slack else 'n'})"),
        }
        for slack in sorted(groups, reverse=True)
    ]
    return tables.table(
        pd.DataFrame(rows),
        {"whose": "whose", "formula": Column("formula", MARKED)},
        caption="Clipping to the norm c, where n is the norm of g",
    )
