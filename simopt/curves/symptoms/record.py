"""What is known of a symptom, in one record: its test, evidence, causes, advice and examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simopt.rules.rule import Optimizer

if TYPE_CHECKING:
    from simopt.curves.validation.counterfactuals import Counterfactuals
    from simopt.problems import Problem
    from simopt.schedules import Schedule

Column = NDArray[np.float64]

#: The features of many curves, a column each.
Columns = Mapping[str, Column]

#: The features of one curve.
Features = Mapping[str, float]

#: The part of a curve on which a feature is seen: from and to, as shares of its length.
Span = Callable[[Features], tuple[float, float]]

#: Names of fixes (`simopt.prescription.FIXES`) that several symptoms share.
LESS = ("eta / 2", "eta / 5", "eta / 10")
MORE = ("eta x 2", "eta x 5")
FAR_MORE = ("eta x 10", "eta x 100")

#: Optimizers that the document's advice replaces by one another.
OTHERS = ("SGD", "Momentum", "RMSprop", "Adam", "AdamW")

#: What a log can be about that has no optimizer.
TREES = "boosted trees"

#: Hyperparameters that hold momentum.
MOMENTA = ("beta", "beta1")


@dataclass(frozen=True)
class Evidence:
    """A feature that supports a symptom.

    Attributes
    ----------
    feature : str
        Its column.
    span : callable
        Where on the curve it is seen.
    says : str
        The sentence, with the fields of `simopt.curves.symptoms.evidence.formatted`.
    when : callable
        Whether a curve shows it, of its features; by default every curve that has the feature.
    """

    feature: str
    span: Span
    says: str
    when: Callable[[Features], bool] = lambda features: True


@dataclass(frozen=True)
class AdviceLine:
    """A line of one of the document's two tables of advice.

    Attributes
    ----------
    symptom : str
        The document's name of it, in a few words.
    cause : str
        The document's explanation.
    advice : str
        What to do.
    fixes : tuple of str
        Names of fixes, each of them tried alone.
    seen : tuple of str
        The symptoms that it is for; the tables fill it in.
    optimizers : tuple of str
        Of the run as it is, if only those are meant; empty for all.
    in_place_of : tuple of str
        The same, for another optimizer in its place.
    """

    symptom: str
    cause: str
    advice: str
    fixes: tuple[str, ...]
    seen: tuple[str, ...] = ()
    optimizers: tuple[str, ...] = ()
    in_place_of: tuple[str, ...] = ()

    def meant(self, symptom: str, optimizer: str, fix: str) -> bool:
        """Whether it says to do that about a run of this optimizer that shows the symptom."""
        return symptom in self.seen and fix in self.fixes and self.limits(optimizer, fix)

    def limits(self, optimizer: str, fix: str) -> bool:
        """Whether the fix is meant for this optimizer's runs."""
        changes = fix in OTHERS and self.in_place_of
        return (not self.optimizers or optimizer in self.optimizers) and (
            not changes or optimizer in self.in_place_of
        )


@dataclass(frozen=True)
class Alike:
    """Another symptom whose curves can be the same.

    Attributes
    ----------
    other : str
        What may be read as well.
    where : str
        Which curves of the symptom: a key of `simopt.curves.validation.inseparable.WHERE`.
    reason : str
        Why no reader of the curve can tell.
    """

    other: str
    where: str
    reason: str


@dataclass(frozen=True, eq=False)
class Example:
    """A training whose curve shows the symptom.

    Attributes
    ----------
    problem : callable
        Returns the problem to train on, and the one to validate on or None.
    optimizer : Optimizer
    batch_size, epochs : int
    why : str
        What is wrong with it, in a few words.
    shuffle : str
        As in `simopt.run`.
    schedule : Schedule, optional
    """

    problem: Callable[[], tuple[Problem, Problem | None]]
    optimizer: Optimizer
    batch_size: int
    epochs: int
    why: str
    shuffle: str = "epoch"
    schedule: Schedule | None = None


@dataclass(frozen=True)
class Label:
    """How simulated runs get the symptom as their label.

    Attributes
    ----------
    cause : callable
        The cause of each of m runs, "" where the symptom is not theirs.
    order : int
        Labels of a higher order replace those of a lower one.
    """

    cause: Callable[[Counterfactuals], NDArray[np.str_]]
    order: int


@dataclass(frozen=True)
class Known:
    """What is known of a run beside its symptom.

    Attributes
    ----------
    features : mapping of str to float
        As measured on the curve.
    optimizer : Optimizer or None
        What trained.
    best : int or None
        Where the validation loss is lowest, from 0.
    classes : int or None
        Of how many classes the loss is at chance level, ln K.
    about : str
        What trained, where the log tells: "boosted trees", "a GAN", "reinforcement learning".
    fell : (float, float) or None
        The highest learning rate and the last one, where a log has rates that fall to a hundredth.
    cycle : float or None
        Of how many values a cycle of the learning rate is that the loss goes up and down with.
    x : ndarray [T] or None
        What the log counts its values by, and ``counted``, what it calls that ("epoch").
    read : ndarray of int or None
        Which values were measured: neither gaps nor what was set aside. All if left out.
    """

    features: Features
    optimizer: Optimizer | None = None
    best: int | None = None
    classes: int | None = None
    about: str = ""
    fell: tuple[float, float] | None = None
    cycle: float | None = None
    x: NDArray[np.float64] | None = None
    counted: str = ""
    read: NDArray[np.int64] | None = None

    def setting(self, name: str) -> float:
        """The value of a hyperparameter, 0 where there is none."""
        value = 0.0 if self.optimizer is None else self.optimizer.settings.get(name, 0.0)
        assert not isinstance(value, tuple)
        return value

    def index_at(self, feature: str) -> int:
        """The value, counted from 0, at which a feature says it is."""
        if self.read is None:
            return round(self.features[feature] * (self.features["values"] - 1))
        return int(self.read[round(self.features[feature] * (len(self.read) - 1))])

    def place(self, index: int) -> str:
        """A value by its number, from 1, and by the log's own count where that is another."""
        text = f"value {index + 1}"
        if self.x is None or not self.counted:
            return text
        own = float(self.x[index])
        differs = own.is_integer() and own != index + 1
        return f"{text}, {self.counted} {own:.0f}" if differs else text

    @property
    def name(self) -> str | None:
        """The optimizer's name."""
        return None if self.optimizer is None else self.optimizer.name

    @property
    def momentum(self) -> str | None:
        """The name of the hyperparameter that remembers past gradients, if it does so at all."""
        return next((name for name in MOMENTA if self.setting(name) > 0), None)

    def changed_eta(self, fix: str) -> str:
        """The rate that a fix as "eta / 10" leads to, as `` (eta 0.1 -> 0.01)``; "" if unknown."""
        if self.optimizer is None:
            return ""
        eta, (_, sign, factor) = self.setting("eta"), fix.split()
        after = eta / float(factor) if sign == "/" else eta * float(factor)
        return f" (eta {eta:g} -> {after:.4g})"

    @property
    def schedule(self) -> str:
        """A rate that fell to nearly nothing as a cause; "" where none is known."""
        if self.fell is None:
            return ""
        first, last = self.fell
        return f"its schedule: the log has the learning rate fall from {first:g} to {last:g}"

    @property
    def builds_up(self) -> str:
        """Momentum as a cause; "" where the optimizer has none."""
        return "momentum builds up" if self.optimizer is None or self.momentum else ""


def nothing(known: Known) -> tuple[str, ...]:
    """No causes."""
    return ()


def as_measured(known: Known, measured: tuple[str, ...]) -> tuple[str, ...]:
    """What was tried, and nothing besides."""
    return measured


@dataclass(frozen=True, kw_only=True)
class Symptom:
    """Everything about one symptom.

    Attributes
    ----------
    name : str
        As in the document's table where it has one.
    rank : int
        Its place in `SYMPTOMS`; stored sweeps keep it, so it never changes.
    test : callable or None
        How well its conditions hold on each curve, 0 to 1. None: the judge decides otherwise.
    unless : tuple of str
        Symptoms that rule it out.
    evidence : tuple of Evidence
    causes : callable
        Of what is known of a run: most likely cause first. Empty strings are left out.
    advice : callable
        Of that and the lines of `fixes`, ordered by how often they help: what to do, with what no
        simulation can try around it.
    fixes : tuple of str
        What is advised and can be tried: by `simopt.prescribe`, by default, and for the odds.
    line, question : AdviceLine, optional
        Of the document's troubleshooting table, and of its decision framework.
    alike : tuple of Alike
    example : Example, optional
    label : Label, optional
    trees : tuple of str
        What to do where boosted trees are trained.
    """

    name: str
    rank: int
    test: Callable[[Columns], Column] | None = None
    unless: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    causes: Callable[[Known], tuple[str, ...]] = nothing
    advice: Callable[[Known, tuple[str, ...]], tuple[str, ...]] = as_measured
    fixes: tuple[str, ...] = ()
    line: AdviceLine | None = None
    question: AdviceLine | None = None
    alike: tuple[Alike, ...] = ()
    example: Example | None = None
    label: Label | None = None
    trees: tuple[str, ...] = (
        "more rounds while the validation loss falls, fewer where it no longer does",
    )

    def explained(self, known: Known) -> tuple[str, ...]:
        """The causes; of boosted trees those that steps of weights have do not apply."""
        return () if known.about == TREES else self.causes(known)


def alone(make: Callable[[], Problem]) -> Callable[[], tuple[Any, None]]:
    """A problem without points to validate on."""
    return lambda: (make(), None)
