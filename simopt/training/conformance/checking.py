"""The comparison of an optimizer with all rules: equality, first departure, explanation."""

from __future__ import annotations

from typing import Any

import pandas as pd

from simopt.ground import checks
from simopt.rules.family import Family
from simopt.rules.rule import Optimizer
from simopt.training.conformance import candidates, probing
from simopt.training.conformance.adapters import Handed, Unfit, handed

#: So many of the nearest rules are tried with two things changed; with one, all are.
TWO_CHANGES = 6


def check(optimizer: Any, *, tolerance: float = 1e-12, **settings: float | bool) -> pd.DataFrame:
    """Identify the rule and the framework convention that an optimizer implements.

    It is given 200 gradients of six weights, in float64, some of them as small as the usual
    epsilons; where its rate can be set, the rate drops to a tenth on the way. Every rule in every
    convention gets the same, with the same hyperparameters as far as it has them.

    Parameters
    ----------
    optimizer : object
        A PyTorch ``Optimizer`` (its parameters are left alone), its class, or a function of the
        parameters that makes one; an optax ``GradientTransformation``; a Keras optimizer; or a
        function ``step(w, g, state) -> (w, state)`` of arrays, with ``state`` None at first. If
        that function takes a fourth argument, it is a factor for its rate.
    tolerance : float, default 1e-12
        Up to here two weights are equal, relative to max(1, abs(w)).
    **settings : float or bool
        The hyperparameters that it is meant to have, by simopt's names: ``eta=0.1, beta1=0.9``.
        PyTorch and Keras say theirs themselves. A rate that nobody says is read off the first step.

    Returns
    -------
    DataFrame
        A row per rule and convention, the nearest (or soonest explained) first: optimizer,
        convention, settings (as text), equal, first_departure (the update, from 1, at which they
        part; NA if never), difference (there), greatest_difference (over all updates), explanation
        (what to change in that row's rule to make it equal: one thing, or two; "" where it is equal
        already, "none found" in the nearest rows if nothing does, NA elsewhere).
        ``attrs["verdict"]`` says it in a sentence, ``attrs["framework"]`` what was handed in.

    Raises
    ------
    ValueError
        If it is none of these, a setting is no rule's, or its step fails.

    Notes
    -----
    Conventions that are one formula give several equal rows. With a constant rate, which an optax
    transformation and a plain function of three arguments keep, a rate inside the buffer equals one
    outside.

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
    """
    bound = checks.number("tolerance", tolerance, checks.POSITIVE)
    for name in settings:
        checks.choice("setting", name, sorted(candidates.known()))
    given = handed(optimizer)
    probe = probing.probe(given.drops)
    theirs = _theirs(given, probe)
    known = {**given.settings, **settings}
    played: dict[Any, probing.Array] = {}
    rows = [_row(each, theirs, probe, bound, played) for each in _candidates(known, theirs, probe)]
    table = pd.DataFrame(rows).sort_values(
        ["equal", "unlike"], ascending=[False, True], kind="stable", ignore_index=True
    )
    if not table["equal"].any():
        _explain(table, theirs, probe, bound, "eta" in known)
        table["open"] = table["explanation"].isna() | (table["explanation"] == "none found")
        table = table.sort_values(["open", "unlike"], kind="stable", ignore_index=True)
    verdict = _verdict(table, bound)
    table = table.drop(columns=["unlike", "candidate", "open"], errors="ignore")
    table.attrs = {"verdict": verdict, "framework": given.framework, "tolerance": bound}
    return table


def _theirs(given: Handed, probe: probing.Probe) -> probing.Array:
    with given.context():
        try:
            return probe.play(given.start(probe.start))
        except Unfit:
            raise
        except Exception as error:
            raise ValueError(
                f"optimizer: must take a step on six weights in float64; it raised "
                f"{type(error).__name__}: {error}"
            ) from error


def _candidates(
    known: dict[str, Any], theirs: probing.Array, probe: probing.Probe
) -> list[Optimizer]:
    """Every rule in every convention, at the rate given or inferred from the first step."""
    every = candidates.all_of(known)
    return list(every) if "eta" in known else [_rated(each, theirs, probe) for each in every]


def _rated(candidate: Optimizer, theirs: probing.Array, probe: probing.Probe) -> Optimizer:
    """The optimizer at the rate inferred from the first step."""
    unit = probing.ours(candidate.replace(eta=1.0), probe.first(1))
    rate = probing.rate_of(theirs[0], unit[0])
    return candidate if rate is None else candidate.replace(eta=rate)


def _row(
    candidate: Optimizer,
    theirs: probing.Array,
    probe: probing.Probe,
    bound: float,
    played: dict[Any, probing.Array],
) -> dict[str, Any]:
    # Many conventions are the same rule with the same numbers.
    same = candidate.rule, candidate.values
    if same not in played:
        played[same] = probing.ours(candidate, probe)
    mine = played[same]
    apart = probing.distance(theirs, mine, bound)
    shown = {**candidate.settings, **dict(candidate.switches)}
    return {
        "optimizer": candidate.name,
        "convention": candidate.convention,
        "settings": _text(shown),
        "equal": apart.first is None,
        "first_departure": pd.NA if apart.first is None else apart.first,
        "difference": apart.there,
        "greatest_difference": apart.greatest,
        "explanation": "" if apart.first is None else pd.NA,
        "unlike": probing.unlike(theirs, mine, probe.start),
        "candidate": candidate,
    }


def _explain(
    table: pd.DataFrame, theirs: probing.Array, probe: probing.Probe, bound: float, rated: bool
) -> None:
    """Fill in the explanations: the one or two changes that make a row equal."""
    nearest = table.drop_duplicates("optimizer").index[:TWO_CHANGES]
    unequal = set()
    for count, rows in ((1, table.index), (2, nearest)):
        for row in rows:
            for change, candidate in candidates.changed(table["candidate"][row], count):
                # With the rate unknown, a change changes what rate the first step has.
                same_rate = rated or "eta" in change
                fitted = candidate if same_rate else _rated(candidate, theirs, probe)
                same = fitted.rule, fitted.values
                if same in unequal:
                    continue
                if probing.agrees(fitted, theirs, probe, bound):
                    shown = change if same_rate else {**change, "eta": fitted.settings["eta"]}
                    table.loc[row, "explanation"] = _text(shown)
                    break
                unequal.add(same)
        if (table["explanation"].notna()).any():
            return
    table.loc[nearest, "explanation"] = "none found"


def _text(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in settings.items())


def _switches(optimizer: Optimizer) -> dict[str, Any]:
    """The switches in which an optimizer's formula is not the document's."""
    family = optimizer.made_by
    assert isinstance(family, Family)
    here = {**family.preset(optimizer.convention), **dict(optimizer.switches)}
    document = family.preset("document")
    return {name: here[name] for name in family.switches if here[name] != document[name]}


def _verdict(table: pd.DataFrame, bound: float) -> str:
    """One sentence that summarises the table."""
    same = table[table["equal"]]
    if len(same):
        names = [f"{row.optimizer} ({row.convention})" for row in same.itertuples()]
        text = (
            f"Equal to {bound:g} over {probing.UPDATES} updates: {', '.join(names)}. "
            f"Settings: {same['settings'].iloc[0]}."
        )
        apart = _switches(same["candidate"].iloc[0])
        if apart and "document" not in set(same["convention"]):
            text += f" Unlike the document's {same['optimizer'].iloc[0]}: {_text(apart)}."
        return text
    row = table.iloc[0]
    text = (
        f"No rule with these settings. Nearest: {row['optimizer']} in the convention "
        f"{row['convention']}, which parts from it at update {row['first_departure']}"
    )
    if not row["open"]:
        return f"{text}; {row['explanation']} would make them equal."
    return f"{text} by {row['difference']:.2g}; no single change or pair of changes explains it."
