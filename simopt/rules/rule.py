"""What an update rule is, and an optimizer: a rule with its hyperparameters chosen.

A rule is one plain Python function of scalars. Its signature says everything::

    def momentum(w, g, eta, v, beta=0.9):
        v = beta * v + g
        return w - eta * v, v

``w, g, eta`` come first: weight, gradient, learning rate. A parameter without a default is the
rule's own *state* (one number per weight, 0 at the start), a parameter with one is a
*hyperparameter*. The function returns the new weight, then the new state in the same order; a
rule without state returns the weight alone. The engine inlines it into its loops, so it must keep
to what Numba compiles: arithmetic, `math`, conditional expressions, and other plain functions.

What changes once per update and not per weight (Adam's bias corrections) belongs in a *clock*: a
second function that takes the clock's values (0 at the start), then the hyperparameters, and
returns the new values. Clocks run in float64 even when the weights are float32.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from simopt import checks

CONVENTIONS = ("document",)

#: What the engine's readers and writers (`engine/layout.py`) provide for.
MOST_STATE = 4
MOST_HYPERPARAMETERS = 8

#: What each usual hyperparameter may be; another name may be any finite number.
ALLOWED = {
    "eta": checks.NOT_NEGATIVE,
    "beta": checks.FRACTION,
    "beta1": checks.FRACTION,
    "beta2": checks.FRACTION,
    "rho": checks.FRACTION,
    "epsilon": checks.NOT_NEGATIVE,
    "weight_decay": checks.NOT_NEGATIVE,
}


def complement(beta: float) -> float:
    """``1 - beta`` in beta's own precision (a literal 1 would turn float32 into float64)."""
    return type(beta)(1) - beta


@dataclass(frozen=True, eq=False)
class Rule:
    """An update rule: the scalar function and what its signature says.

    Attributes
    ----------
    name : str
        What tables and figures call it.
    update : callable
        ``update(w, g, eta, *state, *clock_values, *hyperparameters) -> (w, *state)``.
    clock : callable or None
        ``clock(*clock_values, *hyperparameters) -> clock_values``; it may leave out trailing
        hyperparameters.
    state, clock_values, hyperparameters : tuple of str
        Their names, in the order of the signature; ``eta`` is the first hyperparameter.
    defaults : mapping
        Hyperparameter to default.
    derived : callable or None
        Takes what ``update`` takes, after the step, by name; returns a dict of further quantities
        worth showing (``m_hat``, ``effective_lr``). For traces and worked steps only.
    """

    name: str
    update: Callable[..., Any]
    clock: Callable[..., Any] | None
    state: tuple[str, ...]
    clock_values: tuple[str, ...]
    hyperparameters: tuple[str, ...]
    defaults: Mapping[str, float]
    derived: Callable[..., dict[str, float]] | None = None

    def __call__(self, *, convention: str = "document", **settings: Any) -> Optimizer:
        """An optimizer with these hyperparameters; the rest at their defaults."""
        for name in settings:
            checks.choice(f"{self.name} hyperparameter", name, self.hyperparameters)
        checks.choice("convention", convention, CONVENTIONS)
        chosen: list[float | tuple[float, ...]] = []
        for name in self.hyperparameters:
            allowed = ALLOWED.get(name, checks.ANY)
            value = settings.get(name, self.defaults[name])
            if checks.is_sequence(value):
                chosen.append(
                    tuple(checks.number(name, each, allowed) for each in checks.axis(name, value))
                )
            else:
                chosen.append(checks.number(name, value, allowed))
        return Optimizer(self, tuple(chosen), convention)

    def __repr__(self) -> str:
        return f"<rule {self.name}>"


@dataclass(frozen=True)
class Optimizer:
    """A rule with its hyperparameters: a number each, or a tuple of numbers, an axis of a sweep."""

    rule: Rule
    values: tuple[float | tuple[float, ...], ...]
    convention: str = "document"

    @property
    def name(self) -> str:
        """The rule's name."""
        return self.rule.name

    @property
    def settings(self) -> dict[str, float | tuple[float, ...]]:
        """Hyperparameter name to value or axis, ``eta`` first."""
        return dict(zip(self.rule.hyperparameters, self.values, strict=True))

    def replace(self, **settings: Any) -> Optimizer:
        """The same optimizer with some hyperparameters changed."""
        return self.rule(convention=self.convention, **{**self.settings, **settings})

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
        return f"{self.name}({inside})"


def rule(
    update: Callable[..., Any],
    *,
    clock: Callable[..., Any] | None = None,
    derived: Callable[..., dict[str, float]] | None = None,
    name: str | None = None,
    eta: float = 0.001,
) -> Rule:
    """Make an update rule of a scalar function.

    Parameters
    ----------
    update : callable
        ``update(w, g, eta, *state, *clock_values, **hyperparameters)``; see the module's text.
    clock : callable, optional
        Runs once per update and trajectory, before the weights; see the module's text.
    derived : callable, optional
        Further quantities for traces, by name, after a step.
    name : str, optional
        What tables call it; the function's name otherwise.
    eta : float
        The default learning rate.

    Returns
    -------
    Rule
        Call it with hyperparameters to get an optimizer.

    Raises
    ------
    ValueError
        If it is no plain function, its signature does not start with ``w, g, eta``, or the clock's
        does not fit.

    Examples
    --------
    >>> import math, simopt
    >>> def sign_momentum(w, g, eta, v, beta=0.9):
    ...     v = beta * v + (1 - beta) * g
    ...     return w - eta * math.copysign(1.0, v), v
    >>> SignMomentum = simopt.rule(sign_momentum, name="SignMomentum")
    >>> SignMomentum(eta=0.1)
    SignMomentum(eta=0.1, beta=0.9)
    >>> simopt.run(simopt.problems.four_points(), SignMomentum(eta=0.5)).summary["w"]
    5.0
    """
    for what, function in (("update", update), ("clock", clock)):
        if function is not None and not isinstance(function, FunctionType):
            raise checks.refuse(what, function, "a plain Python function")
    parameters = list(inspect.signature(update).parameters.values())
    names = [parameter.name for parameter in parameters]
    if names[:3] != ["w", "g", "eta"]:
        raise checks.refuse("update", names, "a function whose first parameters are w, g, eta")
    own = [p for p in parameters[3:] if p.default is inspect.Parameter.empty]
    hyper = [p for p in parameters[3:] if p.default is not inspect.Parameter.empty]
    if parameters[3:] != own + hyper:
        raise checks.refuse("update", names, "a function with its hyperparameters last")
    clocked: list[str] = []
    if clock is not None:
        wanted = list(inspect.signature(clock).parameters)
        clocked = [name for name in wanted if name not in {p.name for p in hyper}]
        rest = wanted[len(clocked) :]
        if wanted[: len(clocked)] != clocked or rest != [p.name for p in hyper][: len(rest)]:
            raise checks.refuse(
                "clock",
                wanted,
                "a function of its own values, then the rule's hyperparameters in their order",
            )
        if [p.name for p in own][len(own) - len(clocked) :] != clocked:
            raise checks.refuse("update", names, f"a function that takes {clocked} after its state")
    states = len(own) - len(clocked)
    if max(states, len(clocked)) > MOST_STATE or len(hyper) > MOST_HYPERPARAMETERS:
        raise checks.refuse(
            "update",
            names,
            f"a function with at most {MOST_STATE} state and {MOST_STATE} clock values and "
            f"{MOST_HYPERPARAMETERS} hyperparameters behind eta",
        )
    return Rule(
        name=name or update.__name__,
        update=update,
        clock=clock,
        state=tuple(p.name for p in own[:states]),
        clock_values=tuple(clocked),
        hyperparameters=("eta", *(p.name for p in hyper)),
        defaults={"eta": eta, **{p.name: float(p.default) for p in hyper}},
        derived=derived,
    )
