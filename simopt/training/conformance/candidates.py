"""Candidate explanations: every rule in every convention, with one or two settings changed."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from simopt.ground import checks
from simopt.rules import ALL
from simopt.rules.family import Family
from simopt.rules.frameworks import FRAMEWORKS
from simopt.rules.ranges import ALLOWED
from simopt.rules.rule import Optimizer
from simopt.training.conformance import treatments

#: Words in which a switch may differ; whether a rule has it, its function's signature says.
SWITCHES: dict[str, tuple[Any, ...]] = {
    "epsilon_place": ("inside", "outside", "hat"),
    "bias_correction": (True, False),
    "rate_place": ("outside", "inside"),
    "centered": (True, False),
    "nesterov": (True, False),
    "maximum": ("raw", "corrected"),
    "zero_guard": (True, False),
    "includes_gradient": (True, False),
    "relative_step": (True, False),
    "scale_parameter": (True, False),
    "gap": ("signed", "positive"),
    "norm_of": ("gradient", "scaled"),
}
#: Forms of a decay that nobody said it has, and of one that is known. "fixed" is one of the slips.
USUAL_DECAYS = ("coupled", "decoupled", "clipped")
DECAYS = (*USUAL_DECAYS, "stepped")

#: Numbers that a hyperparameter is often taken for, or mistaken for.
NUMBERS: dict[str, tuple[float, ...]] = {
    "epsilon": (0.0, 1e-10, 1e-8, 1e-7, 1e-6, 1e-3),
    "epsilon_root": (1e-8,),
    "initial_accumulator": (0.0, 0.1, 1.0),
    "beta": (0.0, 0.9, 0.99),
    "beta1": (0.0, 0.5, 0.9),
    "beta2": (0.9, 0.95, 0.98, 0.99, 0.999),
    "rho": (0.9, 0.95, 0.99),
    "momentum": (0.9,),
    "coefficient": (0.5, 1.0),
    "dampening": (0.0, 0.1, 0.5, 0.9),
    "lr_decay": (1e-3,),
    "momentum_decay": (4e-3, 1.0),
    "weight_decay": (0.0, 1e-4, 1e-3, 4e-3, 1e-2, 0.1),
}

#: Decays that a loss of lambda w^2, or of lambda w^2 / 2, was meant for.
DECAY_FACTORS = (0.5, 2.0)

#: What is off at 0: of these a rule may lack the setting, or have it on by default.
OFF = ("weight_decay", "momentum", "dampening", "lr_decay")

#: A rate that was meant for another convention of the loss, or typed a digit off.
RATE_FACTORS = (0.1, 0.5, 2.0, 10.0)


def known() -> set[str]:
    """The names of all settings of all rules."""
    return {name for make in ALL.values() for name in inspect.signature(make).parameters} - {
        "convention"
    }


def all_of(settings: Mapping[str, Any]) -> Iterator[Optimizer]:
    """Every rule in every convention that defines it, with the settings that it takes."""
    for name in ALL:
        for convention in FRAMEWORKS:
            candidate = build(name, convention, settings)
            if candidate is not None:
                yield candidate


def build(name: str, convention: str, settings: Mapping[str, Any]) -> Optimizer | None:
    """A rule with the settings that apply to it; None if the convention does not define it."""
    takes = inspect.signature(ALL[name]).parameters
    given = dict(settings)
    # SGD's momentum is called so everywhere, and beta here.
    if "beta" in takes and given.get("momentum"):
        given.setdefault("beta", given["momentum"])
    # Keras' and PyTorch's NAdam warm their momentum up: without that it is another rule's setting.
    if name == "NAdam" and "momentum_decay" not in FRAMEWORKS[convention].rules.get(name, {}):
        given.pop("momentum_decay", None)
    chosen = {key: value for key, value in given.items() if key in takes}
    try:
        own = ALL[name](convention=convention).settings if 0 in given.values() else {}
        for key in OFF:  # where the rule has it off by default it is not said
            if chosen.get(key) == 0 and not own.get(key):
                chosen.pop(key, None)
        return ALL[name](convention=convention, **chosen)
    except ValueError:
        return None


def changes(optimizer: Optimizer) -> Iterator[dict[str, Any]]:
    """Single changes: a switch, a number, two betas exchanged, another form of weight decay."""
    takes: Collection[str] = optimizer.rule.hyperparameters
    if is_shipped(optimizer):
        takes = inspect.signature(ALL[optimizer.name]).parameters
    now = {**optimizer.settings, **dict(optimizer.switches)}
    for name, words in SWITCHES.items():
        yield from ({name: word} for word in words if name in takes and now.get(name) != word)
    for name, numbers in NUMBERS.items():
        yield from ({name: value} for value in numbers if name in takes and now.get(name) != value)
    if "beta1" in now:
        yield {"beta1": now["beta2"], "beta2": now["beta1"]}
        yield {"beta1": now["beta2"]}
        yield {"beta2": now["beta1"]}
    if "decay" in takes:
        if "weight_decay" in now:
            yield from ({"decay": form} for form in DECAYS)
            yield from (
                {"weight_decay": float(f"{now['weight_decay'] * factor:.15g}")}
                for factor in DECAY_FACTORS
            )
        else:
            strengths = [value for value in NUMBERS["weight_decay"] if value]
            for value, form in itertools.product(strengths, USUAL_DECAYS):
                yield {"weight_decay": value, "decay": form}
    # As typed in, not as multiplied: 0.01, not 0.010000000000000002.
    yield from ({"eta": float(f"{now['eta'] * factor:.15g}")} for factor in RATE_FACTORS)


def with_numbers(optimizer: Optimizer, numbers: Mapping[str, float]) -> Optimizer:
    """What ``optimizer.replace(**numbers)`` is, of hyperparameters of its rule in their ranges.

    Nothing else is looked at: tens of thousands are compared, each at a rate of its own.
    """
    settings = zip(optimizer.rule.hyperparameters, optimizer.values, strict=True)
    values = tuple([numbers.get(name, value) for name, value in settings])
    given = optimizer.given if optimizer.given is None else {**optimizer.given, **numbers}
    # `dataclasses.replace` takes as long as all else.
    return Optimizer(
        optimizer.rule,
        values,
        optimizer.convention,
        optimizer.switches,
        made_by=optimizer.made_by,
        given=given,
        several=optimizer.several,
    )


def is_shipped(optimizer: Optimizer) -> bool:
    """Whether the rule is one of simopt's, with conventions and switches."""
    return isinstance(optimizer.made_by, Family)


def changed(
    optimizer: Optimizer,
    count: int,
    more: Sequence[dict[str, Any]] = (),
    numbers: Collection[str] | None = None,
) -> Iterator[tuple[dict[str, Any], Optimizer]]:
    """The optimizers with ``count`` simultaneous changes, and what these are.

    ``more`` are further changes; those of a `Treatment` change the optimizer in nothing. With
    ``numbers`` changes are of nothing but the numbers of these settings.
    """
    every = [*_singles(optimizer), *(_single(optimizer, each) for each in more)]
    if numbers is not None:
        every = [each for each in every if each.numeric and each.change.keys() <= set(numbers)]
    for several in itertools.combinations(every, count):
        change = {name: value for each in several for name, value in each.change.items()}
        if len(change) < sum(len(each.change) for each in several):
            continue
        candidate = _together(optimizer, several)
        if candidate is None:
            continue
        same = candidate.rule is optimizer.rule and candidate.values == optimizer.values
        if not same or not treatments.NAMES.isdisjoint(change):
            yield change, candidate


class _Single(NamedTuple):
    """A change, the optimizer's part of it, and the optimizer with it alone; None if there is none.

    It is ``numeric`` if it is of nothing but hyperparameters that the rule has as it is.
    """

    change: dict[str, Any]
    own: dict[str, Any]
    numeric: bool
    alone: Optimizer | None


def _singles(optimizer: Optimizer) -> tuple[_Single, ...]:
    """Every single change of an optimizer; of a rule that cannot change made once."""
    if not is_shipped(optimizer):
        return _made_singles(optimizer, ())
    return _remembered_singles(optimizer, tuple((optimizer.given or {}).items()))


def _made_singles(optimizer: Optimizer, given: tuple[Any, ...]) -> tuple[_Single, ...]:
    return tuple(_single(optimizer, each) for each in changes(optimizer))


#: By what makes an optimizer, and by what its user gave, by which another is made of it.
_remembered_singles = lru_cache(maxsize=512)(_made_singles)


def _single(optimizer: Optimizer, change: dict[str, Any]) -> _Single:
    own = {name: value for name, value in change.items() if name not in treatments.NAMES}
    numeric = own.keys() <= set(optimizer.rule.hyperparameters)
    alone = _with_allowed(optimizer, own) if numeric else replaced(optimizer, own)
    return _Single(change, own, numeric, alone)


def _together(optimizer: Optimizer, several: Sequence[_Single]) -> Optimizer | None:
    """The optimizer with several changes; None if there is none.

    A number is in its range or not whatever else changes, and excludes nothing: of several changes
    one that is not numeric stays as it is alone.
    """
    if any(each.numeric and each.alone is None for each in several):
        return None
    others = [each for each in several if not each.numeric]
    if len(others) > 1:
        return replaced(optimizer, {k: v for each in several for k, v in each.own.items()})
    base = others[0].alone if others else optimizer
    numbers = {k: v for each in several if each.numeric for k, v in each.own.items()}
    if base is None or not numbers.keys() <= set(base.rule.hyperparameters):
        return None
    return with_numbers(base, numbers) if numbers else base


def _with_allowed(optimizer: Optimizer, numbers: dict[str, float]) -> Optimizer | None:
    """What `replaced` makes of numbers: nothing but their ranges is to be looked at."""
    if not numbers:
        return optimizer
    own = optimizer.made_by.ranges if isinstance(optimizer.made_by, Family) else {}
    for name, value in numbers.items():
        if value not in own.get(name, ALLOWED.get(name, checks.ANY)):
            return None
    return with_numbers(optimizer, numbers)


def replaced(optimizer: Optimizer, settings: dict[str, Any]) -> Optimizer | None:
    """The optimizer with other settings; None where its rule has none such."""
    try:
        return optimizer.replace(**settings) if settings else optimizer
    except ValueError:
        return None  # switches that exclude each other
