"""The comparison of an optimizer with all rules: equality, first departure, explanation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from simopt.ground import checks
from simopt.rules import ALL
from simopt.rules.family import Family
from simopt.rules.frameworks import FRAMEWORKS
from simopt.rules.rule import WEIGHT_DECAY, Optimizer, Rule
from simopt.training.conformance import (
    candidates,
    conditions,
    explaining,
    halves,
    probing,
    subjects,
    treatments,
)
from simopt.training.conformance.adapters.kinds import handed
from simopt.training.conformance.adapters.record import Handed
from simopt.training.conformance.cases import Case, listed
from simopt.training.conformance.trials import Trials
from simopt.training.stepper import check_single

#: So many frameworks' conventions, the first, need no words on what is theirs.
WELL_KNOWN = 5


def check(
    optimizer: Any,
    *,
    against: Any = None,
    group: int = 0,
    tolerance: float = 1e-12,
    **settings: float | bool,
) -> pd.DataFrame:
    """Identify the rule and the framework convention that an optimizer implements.

    It is given 200 gradients of eight weights, in float64: some as small as the usual epsilons,
    some over twelve decades, zeros, and both signs. Where its rate can be set, the rate drops to a
    tenth on the way. To those that ask for the batch's loss one is given. Every rule in every
    convention gets the same, with the same hyperparameters as far as it has them. What is equal
    then, or would be with a change, is compared once more where an optimizer may step otherwise:
    over 2,000 updates (400 of Keras and optax); where whole gradients are zero, tiny or huge, or
    orthogonal to the weights; where weights are large; where the rate is raised.

    Parameters
    ----------
    optimizer : object
        A PyTorch ``Optimizer`` (it and its parameters are left alone: a replica without hooks and
        schedulers is stepped), its class, or a function of the parameters that makes one; an
        optax ``GradientTransformation``, or an object of flax that has one; a Keras optimizer; one
        of JAX' example libraries; a fitted network of scikit-learn's; a rule or an optimizer of
        simopt; or a function ``step(w, g, state) -> (w, state)`` of arrays, with ``state`` None at
        first. If that function takes a fourth argument, it is a factor for its rate; a fifth is the
        loss.
    against : Rule, Optimizer or a sequence of them, optional
        What to compare it with, in place of every rule that simopt has.
    group : int, default 0
        Whose settings to take, of a PyTorch optimizer with several parameter groups.
    tolerance : float, default 1e-12
        Up to here two weights are equal, relative to max(1, abs(w)).
    **settings : float or bool
        The hyperparameters that it is meant to have, by simopt's names: ``eta=0.1, beta1=0.9``.
        PyTorch and Keras say theirs themselves, with what they do to gradients besides (maximize;
        clipnorm, clipvalue, gradient accumulation, averages that overwrite the weights). A rate
        that nobody says is read off the first step.

    Returns
    -------
    DataFrame
        A row per rule and convention, the nearest (or soonest explained) first: optimizer,
        convention, settings (as text), equal, first_departure (the update, from 1, at which they
        part; NA if never), difference (there), greatest_difference (over all updates), explanation
        (what to change in that row's rule to make it equal: one thing, or two, a slip that
        authors make, or a rate that changes from update to update, with "(not so where ...)" if it
        is so over the 200 updates and not in every condition; "" where it is equal already,
        "none found" in the nearest rows if nothing does, where it parts if it is equal over the 200
        updates and not in every condition, NA elsewhere).
        ``attrs["verdict"]`` says it in a sentence, ``attrs["framework"]`` what was handed in, and
        ``attrs["notes"]`` what was left out or chosen; ``attrs["seen"]`` the conditions in which
        what is equal, or explains it, was compared too.

    Raises
    ------
    ValueError
        If it is none of these, a setting is no rule's, or its step fails.

    Notes
    -----
    Conventions that are one formula give several equal rows: the optimizer's own name first, then
    its framework's. A schedule inside an optimizer, as optax and Keras have them, is read off the
    steps: one rate an update has to explain eight weights, and is told by the laws that it follows
    (constant, linear, exponential, 1 / t, 1 / sqrt(t), cosine, up to 1e-6, one after another). With
    a constant rate, which an optax transformation and a plain function of three arguments keep, a
    rate inside the buffer equals one outside. All rules here move each weight by its own gradients;
    one that looks across weights (Muon, LAMB, a norm that clips) is told by its steps on a weight
    alone, and on a matrix (small, large, of four dimensions, of large weights, over many updates,
    with gradients orthogonal to it, which AdamP projects); one whose parameters share state by its
    steps on two. A gradient that is no number is given to equal ones, to note if they step over it.
    A decoupled decay that nobody says is read off a weight that gets no gradient, also beside a
    schedule. Matrices that are turned in bfloat16, as PyTorch's Muon does, are told by directions
    that are bfloat16 numbers, and up to 5 % of a step's length from the rule's.
    Slips of authors are those of Adam and of its parts (RMSprop, AdaGrad, momentum), also with
    another usual number for a setting that nobody says, and in any rule a rate that is squared or
    goes unheard, a decay without it, a gradient that comes late or makes two steps, and lost state.
    Where a scheduler of PyTorch has set the rate to 0, its initial_lr is taken: an optimizer that
    stands still is refused, for at a rate of 0 all are equal. Of optimizers with two changes 20,000
    are compared, those of the nearest rules first; where nothing explains the weights the verdict
    says what was tried.

    Examples
    --------
    Adam as its author remembered it:

    >>> import numpy as np, simopt
    >>> def my_adam(w, g, state):
    ...     t, m, v = state or (0, 0.0, 0.0)
    ...     t, m, v = t + 1, 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
    ...     m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.99**t)
    ...     return w - 0.01 * m_hat / (np.sqrt(v_hat) + 1e-8), (t, m, v)
    >>> table = simopt.conformance.check(my_adam, eta=0.01)
    >>> print(table.attrs["verdict"])
    No rule with these settings. Nearest: Adam in the convention torch, which parts from it at \
update 2; beta2=0.99 would make them equal.

    Whether it is a rule of one's own:

    >>> def mine(w, g, eta, v, beta=0.9):
    ...     v = beta * v + (1 - beta) * g
    ...     return w - eta * v, v
    >>> def theirs(w, g, state):
    ...     v = 0.9 * (0.0 if state is None else state) + 0.1 * g
    ...     return w - 0.01 * v, v
    >>> same = simopt.conformance.check(theirs, against=simopt.rule(mine)(eta=0.01))
    >>> print(same.attrs["verdict"])
    Equal to 1e-12 over 200 updates: mine. Settings: eta=0.01, beta=0.9. Not seen: more than 2,000 \
updates, matrices larger than 128 by 128, gradients that are sparse or missing.
    """
    bound = checks.number("tolerance", tolerance, checks.POSITIVE)
    group = checks.whole("group", group, 0)
    rivals = None if against is None else _rivals(against)
    allowed = candidates.known() | {n for each in rivals or () for n in each.hyperparameters}
    for name in settings:
        checks.choice("setting", name, sorted(allowed))
    with subjects.random_kept():
        given = handed(optimizer, group)
    subject = subjects.play(given)
    told = {**given.settings, **settings}
    compared = list(candidates.all_of(told) if rivals is None else _with(against, told))
    fits = rivals is None and "eta" not in told
    across = not subject.apart
    # What takes matrices alone, or steps by chance, has no conditions of vectors to be compared in.
    comparable = not any(subject.probe.matrix) and subjects.CHANCE not in subject.notes
    tried = Trials(given, comparable, max(bound, subjects.ROUNDING))
    case = Case(
        subject.theirs, subject.probe, bound, given.treatment, frozenset(told), across, tried
    )
    table = _compared(compared, case, given, fits)
    collects = treatments.collected(subject.theirs, subject.probe.start)
    if case.treatment.accumulate == 1 < collects and not table["equal"].any():
        # A sum that is rounded to single precision: no change makes it equal.
        gathers = replace(case, treatment=replace(case.treatment, accumulate=collects))
        gathered = _compared(compared, gathers, given, fits)
        if not gathered["equal"].any() and explaining.single(gathers, gathered):
            case, table = gathers, gathered
    checked = table
    explained = False
    if table["equal"].any():
        # One formula has several names: its own first, then the framework's, then the plainest.
        first = table[table["equal"]].sort_values(["other", "foreign", "place"], kind="stable")
        table = pd.concat([first, table[~table["equal"]]], ignore_index=True)
        checked = table[table["equal"]]
        part = tried.parts(checked, case.treatment)
        left = checked.drop(index=[*part])
        verdict = _equal(checked if left.empty else left, case)
        if left.empty:
            verdict = f"Not equal {part[0]}. {verdict.replace('Equal', 'Elsewhere equal', 1)}"
        for row, where in part.items():
            table.loc[row, "explanation"] = f"equal, but not {where}"
        table.loc[[*part], "equal"] = False
        table = table.sort_values("equal", ascending=False, kind="stable", ignore_index=True)
    elif verdict := explaining.single(case, table):
        checked = table[table["explanation"].notna()]
        part = tried.parts(checked, case.treatment)
        verdict += "".join(f" Not so {where}." for where in dict.fromkeys(part.values()))
    elif any(subject.probe.matrix) and (verdict := _in_halves(table, case)):
        pass
    else:
        explained, searched = True, explaining.explain(case, table)
        table["open"] = table["explanation"].isna() | (table["explanation"] == "none found")
        # Of rules that one change makes equal, the first that simopt has: Adam before QHAdam, which
        # is Adam where its weights are 1.
        same = table.groupby("explanation", dropna=False)["unlike"].transform("min")
        table["least"] = same.where(~table["open"], table["unlike"])
        table["place"] = table["place"].where(~table["open"], 0)
        table["foreign"] &= ~table["open"]
        table["rank"] = table["rank"].where(~table["open"], 0)
        order = ["open", "least", "place", "foreign", "rank", "unlike"]
        table = table.sort_values(order, kind="stable", ignore_index=True)
        verdict = _unequal(table, searched)
    notes = (*given.notes, *subject.notes, *_of_matrix(compared, case, subject, given))
    seen = [*tried.seen, *subject.seen] if tried.seen else []
    if seen and not explained:
        verdict += f" Not seen: {conditions.unseen(given.framework)}."
        if tried.passes_over(checked["candidate"].iloc[0], case.treatment):
            notes += ("where a gradient is not finite it steps over it, which a rule does not",)
    verdict += "".join(f" Note: {each}." for each in notes)
    helping = [
        "unlike",
        "rounded",
        "as_single",
        "candidate",
        "open",
        "least",
        "place",
        "other",
        "foreign",
        "rank",
    ]
    table = table.drop(columns=helping, errors="ignore")
    table.attrs = {
        "verdict": verdict,
        "framework": given.framework,
        "tolerance": bound,
        "notes": notes,
        "seen": tuple(seen),
    }
    return table


def _compared(optimizers: list[Optimizer], case: Case, given: Handed, fits: bool) -> pd.DataFrame:
    """A row per optimizer, at the rate of the first step if it ``fits``; equal ones first."""
    rows = [_row(case.at_their_rate(each) if fits else each, case) for each in optimizers]
    table = pd.DataFrame(rows)
    place = {name: number for number, name in enumerate(ALL)}
    table["place"] = table["optimizer"].map(place).fillna(0)
    table["other"] = table["optimizer"].str.lower() != given.name.lower()
    table["foreign"] = table["convention"] != given.framework
    # Of several the document's and the largest frameworks' first.
    rank = {name: number for number, name in enumerate(FRAMEWORKS)}
    table["rank"] = table["convention"].map(rank).fillna(0)
    order = ["equal", "unlike", "rank"]
    return table.sort_values(order, ascending=[False, True, True], kind="stable", ignore_index=True)


def _of_matrix(
    optimizers: list[Optimizer], case: Case, subject: subjects.Subject, given: Handed
) -> list[str]:
    """A note that names the rules about matrices whose step of one is the optimizer's."""
    if subject.on_matrix is None:
        return []
    about = [each for each in optimizers if each.rule.matrix is not None]
    probe = probing.of_matrix(given.drops, *subjects.MATRIX).first(len(subject.on_matrix))
    there = replace(case, theirs=subject.on_matrix, probe=probe)
    rows = pd.DataFrame([_row(each, there) for each in about])
    if rows.empty:
        return []
    precision, same = "single precision", rows[rows["as_single"]]
    if same.empty:
        precision, same = "bfloat16's rounding", _away(rows, there).dropna(subset="away")
    shape = " by ".join(map(str, subjects.MATRIX))
    names = ", ".join(map(_called, same.itertuples()))
    return [f"a matrix of {shape} it steps, to {precision}, as {names}"] if names else []


def _away(rows: pd.DataFrame, case: Case) -> pd.DataFrame:
    """The rows about matrices, with how far steps in bfloat16 are away; NaN where they aren't."""
    about = rows[[each.rule.matrix is not None for each in rows["candidate"]]]
    shares = [
        halves.away(
            each,
            case.theirs,
            probing.played(each, case.probe, case.treatment),
            case.probe,
            case.treatment,
        )
        for each in about["candidate"]
    ]
    return about.assign(away=np.array(shares, dtype=np.float64))


def _in_halves(table: pd.DataFrame, case: Case) -> str:
    """The sentence of a matrix that is turned in bfloat16; empty where it isn't."""
    same = _away(table, case).dropna(subset="away")
    if same.empty:
        return ""
    same = same.sort_values(["foreign", "place"], kind="stable")
    table.loc[same.index, "explanation"] = "bfloat16's rounding: a matrix is turned in it"
    return (
        f"Equal but for bfloat16's rounding (steps differ by {same['away'].max():.1g} of their "
        "length at most; they are bfloat16 numbers times the rate): "
        f"{', '.join(map(_called, same.itertuples()))}. Settings: {same['settings'].iloc[0]}."
    )


def _rivals(against: Any) -> list[Rule]:
    """The rules to compare with."""
    several = list(against) if isinstance(against, (list, tuple)) else [against]
    if not several or not all(isinstance(each, (Rule, Optimizer)) for each in several):
        raise checks.refuse("against", against, "a simopt.rule, an optimizer, or a list of them")
    return [each.rule if isinstance(each, Optimizer) else each for each in several]


def _with(against: Any, told: dict[str, Any]) -> list[Optimizer]:
    """The optimizers as they are; rules with those of the settings that they have."""
    several = list(against) if isinstance(against, (list, tuple)) else [against]
    rivals = []
    for each in several:
        if isinstance(each, Rule):
            own = {name: value for name, value in told.items() if name in each.hyperparameters}
            rivals.append(each(**own))
        else:
            rivals.append(check_single(each))
    return rivals


def _row(candidate: Optimizer, case: Case) -> dict[str, Any]:
    shipped = candidates.is_shipped(candidate)
    mine = probing.played(candidate, case.probe, case.treatment)
    apart = probing.distance(case.theirs, mine, case.bound)
    shown = {**candidate.settings, **dict(candidate.switches), **case.treatment.told}
    return {
        "optimizer": candidate.name,
        "convention": candidate.convention if shipped else "",
        "settings": listed(shown),
        "equal": apart.first is None,
        "first_departure": pd.NA if apart.first is None else apart.first,
        "difference": apart.there,
        "greatest_difference": apart.greatest,
        "explanation": "" if apart.first is None else pd.NA,
        "unlike": probing.unlike(case.theirs, mine, case.probe.start),
        "rounded": probing.rounded(case.theirs, mine),
        "as_single": probing.as_single(case.theirs, mine, case.probe.start),
        "candidate": candidate,
    }


def _called(row: Any) -> str:
    return f"{row.optimizer} ({row.convention})" if row.convention else str(row.optimizer)


def _switches(optimizer: Optimizer) -> dict[str, Any]:
    """The switches in which an optimizer's formula is not the document's."""
    family = optimizer.made_by
    assert isinstance(family, Family)
    here = {**family.preset(optimizer.convention), **dict(optimizer.switches)}
    document = family.preset("document")
    decays = ["decay"] if "decay" in here and WEIGHT_DECAY in optimizer.settings else []
    names = [*family.switches, *decays]
    return {name: here[name] for name in names if here[name] != document[name]}


def _equal(same: pd.DataFrame, case: Case) -> str:
    """One sentence that names the rows that it is equal to."""
    text = (
        f"Equal to {case.bound:g} over {probing.UPDATES} updates: "
        f"{', '.join(map(_called, same.itertuples()))}. Settings: {same['settings'].iloc[0]}."
    )
    if candidates.is_shipped(same["candidate"].iloc[0]):
        apart = _switches(same["candidate"].iloc[0])
        if apart and "document" not in set(same["convention"]):
            text += f" Unlike the document's {same['optimizer'].iloc[0]}: {listed(apart)}."
    return text


def _unequal(table: pd.DataFrame, tried: str) -> str:
    """One sentence that names the nearest rule, and what would make it equal, or what was tried."""
    row = table.iloc[0]
    where = f" in the convention {row['convention']}" if row["convention"] else ""
    if row["convention"] in list(FRAMEWORKS)[WELL_KNOWN:] and (own := _switches(row["candidate"])):
        where += f" ({listed(own)})"
    text = (
        f"No rule with these settings. Nearest: {row['optimizer']}{where}, which parts from it at "
        f"update {row['first_departure']}"
    )
    if row["open"]:
        return f"{text} by {row['difference']:.2g}; none of the changes tried explains it: {tried}."
    if row["explanation"].startswith("a slip: "):
        return f"{text}; it has {row['explanation']}."
    return f"{text}; {row['explanation']} would make them equal."
