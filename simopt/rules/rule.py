"""What an update rule is, and an optimizer: a rule with its hyperparameters chosen.

How a rule is made of functions, and what each of them takes, is said in `simopt.rules.making`.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from simopt.ground import checks, notebook
from simopt.ground.calling import call, call_in_place
from simopt.ground.snapshot import is_copy, received, sent, snapshot, unchanged
from simopt.rules.matrices import TRIED, Matrix, MatrixStep
from simopt.rules.ranges import ALLOWED

#: What the engine's readers and writers (`engine/layout.py`) provide for.
MOST_STATE = 9
MOST_TOTALS = 6
MOST_HYPERPARAMETERS = 8

#: What the clock calls the batch's loss.
LOSS = "loss"

#: What ``initial`` says of a state that starts where the trajectory does.
START = "w"

#: The hyperparameter of which weights may be left out.
WEIGHT_DECAY = "weight_decay"


def complement(beta: float) -> float:
    """``1 - beta`` in beta's own precision (a literal 1 would turn float32 into float64).

    Parameters
    ----------
    beta : float or numpy.floating
        A decay rate.

    Returns
    -------
    float or numpy.floating
        Of the type of ``beta``.

    Examples
    --------
    >>> import numpy as np
    >>> from simopt import complement
    >>> complement(np.float32(0.9)).dtype
    dtype('float32')
    """
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
        hyperparameters. Of a rule with terms it takes ``*totals, eta`` in between.
    state, clock_values, hyperparameters : tuple of str
        Their names, in the order of the signature; ``eta`` is the first hyperparameter.
    defaults : mapping
        Hyperparameter to default.
    derived : callable or None
        Takes what ``update`` takes, after the step, by name; returns a dict of further quantities
        worth showing (``m_hat``, ``effective_lr``). For traces and worked steps only.
    initial : mapping
        State to the hyperparameter that it starts at, or "w" for the weight; clock value to the
        hyperparameter; the rest starts at 0.
    average : str or None
        The state that losses, targets and tables are about, as an average of the weight: it starts
        where the weight does; the gradient stays that at the weight.
    terms : callable or None
        ``terms(w, g, eta, *state, *clock_values, *hyperparameters) -> (number, ...)``: what is
        summed over the weights before the clock ticks; it may leave out trailing hyperparameters.
    totals : tuple of str
        Names of the sums, in the order of the clock's signature; the last may be "loss", which is
        no sum but the batch's loss.
    clock_reads : tuple of str
        The hyperparameters that the clock depends on: of a clock around another one, which takes
        them all, what the two of them read.
    matrix : Matrix, MatrixStep or None
        What it does with weights that are a matrix, in place of ``update``.
    recipe : callable or None
        What ``remembered`` made it with; a pickle holds this in place of the functions.
    """

    name: str
    update: Callable[..., Any]
    clock: Callable[..., Any] | None
    state: tuple[str, ...]
    clock_values: tuple[str, ...]
    hyperparameters: tuple[str, ...]
    defaults: Mapping[str, float]
    derived: Callable[..., dict[str, float]] | None = None
    initial: Mapping[str, str] = field(default_factory=dict)
    average: str | None = None
    terms: Callable[..., Any] | None = None
    totals: tuple[str, ...] = ()
    clock_reads: tuple[str, ...] = ()
    matrix: Matrix | MatrixStep | None = None
    #: Not for __init__: a changed copy (``dataclasses.replace``) is not what the recipe makes.
    recipe: Callable[[], Rule] | None = field(default=None, init=False)

    @property
    def clock_hyperparameters(self) -> int:
        """How many hyperparameters behind eta the clock takes; all if it takes any number."""
        between = 0 if self.terms is None else len(self.totals) + 1
        return self._hyperparameters_of(self.clock, len(self.clock_values) + between)

    @property
    def asks_loss(self) -> bool:
        """Whether the clock takes the batch's loss."""
        return self.totals[-1:] == (LOSS,)

    @property
    def summed(self) -> tuple[str, ...]:
        """Names of what the terms are summed to."""
        return self.totals[:-1] if self.asks_loss else self.totals

    @property
    def terms_hyperparameters(self) -> int:
        """How many hyperparameters behind eta the terms take; all if they take any number."""
        return self._hyperparameters_of(self.terms, 3 + len(self.state) + len(self.clock_values))

    @property
    def matrix_hyperparameters(self) -> int:
        """How many hyperparameters behind eta a ``MatrixStep`` takes."""
        if not isinstance(self.matrix, MatrixStep):
            return 0
        room = 0 if self.matrix.room is None else 1
        before = 3 + len(self.state) + len(self.clock_values) + room
        return self._hyperparameters_of(self.matrix.step, before)

    def _hyperparameters_of(self, function: Callable[..., Any] | None, before: int) -> int:
        if function is None:
            return 0
        if function.__code__.co_flags & inspect.CO_VARARGS:
            return len(self.hyperparameters) - 1
        return function.__code__.co_argcount - before

    @property
    def functions(self) -> tuple[Callable[..., Any] | None, ...]:
        """What its numbers come of: update and clock, and whatever else there is."""
        more = () if self.terms is None else (self.terms,)
        return self.update, self.clock, *more, *(self.matrix.functions if self.matrix else ())

    @cached_property
    def sources(self) -> tuple[str | None, ...]:
        """What each state starts at: a hyperparameter, "w", or None for 0."""
        averages = {} if self.average is None else {self.average: START}
        initial = {**self.initial, **averages}
        return tuple(initial.get(name) for name in self.state)

    def start(self, settings: Mapping[str, Any], w: float) -> list[float]:
        """The state of a weight that starts at w."""
        known = {**settings, START: w}
        return [0.0 if source is None else known[source] for source in self.sources]

    @property
    def clock_sources(self) -> tuple[str | None, ...]:
        """What each clock value starts at: a hyperparameter, or None for 0."""
        return tuple(self.initial.get(name) for name in self.clock_values)

    def clock_start(self, settings: Mapping[str, Any]) -> list[float]:
        """The clock's values before the first update."""
        return [0.0 if source is None else settings[source] for source in self.clock_sources]

    def __call__(self, **settings: Any) -> Optimizer:
        """An optimizer with these hyperparameters; the rest at their defaults."""
        for name in settings:
            checks.choice(f"{self.name} hyperparameter", name, self.hyperparameters)
        return Optimizer(self, self.check({**self.present(), **settings}), made_by=self)

    @property
    def of_functions(self) -> bool:
        """Whether `simopt.rule` made it: then its recipe begins with the function."""
        made_of = getattr(self.recipe, "args", ())[:1]
        return any(each is self.update for each in made_of)

    def present(self) -> dict[str, float]:
        """The defaults of the function as it is now: a notebook may have reloaded its code.

        Raises
        ------
        ValueError
            If its parameters are no longer those of which the rule was made.
        """
        if not self.of_functions:
            return dict(self.defaults)
        code = self.update.__code__
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        own = (*self.state, *self.clock_values, *self.hyperparameters[1:])
        defaults = self.update.__defaults__ or ()
        count = len(self.hyperparameters) - 1
        # Without state before it the rate may have a default too.
        most = count + (len(own) == count)
        if names != ("w", "g", "eta", *own) or not count <= len(defaults) <= most:
            raise checks.refuse(
                f"rule {self.name!r}: {code.co_name}",
                str(inspect.signature(self.update, follow_wrapped=False)),
                f"({', '.join(('w', 'g', 'eta', *own))}), the last {count} "
                "with defaults, as when the rule was made; after a change call simopt.rule again",
            )
        named = zip(reversed(self.hyperparameters), reversed(defaults), strict=False)
        return {**self.defaults, **{name: default(name, value) for name, value in named}}

    def snapshot(self) -> Rule:
        """The rule with its functions as they are now; itself where they are simopt's.

        The same object as long as the code, and all that it reads, is the same: what was compiled
        for it can't go stale. Its pickle takes the code along.

        Raises
        ------
        ValueError
            If a function reads what can't be followed, or makes a mistake; the message names the
            rule, the function, and the line.
        """
        if is_copy(self.update):
            return self
        self.present()
        whose = f"rule {self.name!r}"
        functions = tuple(each and snapshot(each, whose) for each in self.functions)
        if all(map(operator.is_, functions, self.functions)):
            return self
        made = _frozen(functions, *(_plain(getattr(self, name)) for name in FROZEN))
        # The functions themselves, whose whole numbers of few bits aren't widened as a copy's are.
        with unchanged(whose, *self.functions), np.errstate(over="ignore"):
            self._try()
        return made

    def _try(self) -> None:
        """One step from its start, whose mistakes are said in one sentence."""
        whose, defaults = f"rule {self.name!r}", self.present()
        settings = [defaults[name] for name in self.hyperparameters[1:]]
        state, ticks = self.start(defaults, 1.0), self.clock_start(defaults)
        between: tuple[float, ...] = ()
        if self.terms is not None:
            arguments = (1.0, 0.5, defaults["eta"], *state, *ticks)
            arguments += (*settings[: self.terms_hyperparameters],)
            summed = call(self.terms, arguments, self.summed, whose, tuple)
            between = (*summed, *([1.0] if self.asks_loss else ()), defaults["eta"])
        if self.clock is not None:
            arguments = (*ticks, *between, *settings[: self.clock_hyperparameters])
            ticks = list(call(self.clock, arguments, self.clock_values, whose, tuple))
        for slope in (0.5, -0.25):  # of either branch
            arguments = (1.0, slope, defaults["eta"], *state, *ticks, *settings)
            call(self.update, arguments, ("w", *self.state), whose, float)
        if isinstance(self.matrix, MatrixStep):
            scalars = (*ticks, *settings[: self.matrix_hyperparameters])
            for shape in TRIED:
                weights = np.ones(shape)
                gradient = np.linspace(0.5, 1.0, weights.size).reshape(shape)
                held = [np.full(shape, each) for each in state]
                room = np.empty(self.matrix.shape_of_room(*shape))
                more = () if self.matrix.room is None else (room,)
                call_in_place(
                    self.matrix.step, (weights, gradient, defaults["eta"], *held, *scalars, *more),
                    whose,
                )  # fmt: skip

    def check(
        self, settings: Mapping[str, Any], ranges: Mapping[str, checks.Interval] | None = None
    ) -> tuple[float | tuple[float, ...], ...]:
        """A value, or a tuple of values, for every hyperparameter, each inside its range.

        ``ranges`` has those that are not as usual for a name.
        """
        own = ranges or {}
        chosen: list[float | tuple[float, ...]] = []
        for name in self.hyperparameters:
            value, allowed = settings[name], own.get(name) or ALLOWED.get(name, checks.ANY)
            if type(value) is not float and checks.is_sequence(value):
                chosen.append(
                    tuple(checks.number(name, each, allowed) for each in checks.axis(name, value))
                )
            else:
                chosen.append(checks.number(name, value, allowed))
        return tuple(chosen)

    def __reduce_ex__(self, protocol: Any) -> Any:
        if is_copy(self.update):
            functions = tuple(each and sent(each) for each in self.functions)
            return _arrived, (functions, *(_plain(getattr(self, name)) for name in FROZEN))
        return super().__reduce_ex__(protocol) if self.recipe is None else (self.recipe, ())

    def __repr__(self) -> str:
        return f"<rule {self.name}>"


def default(name: str, value: Any) -> float:
    """A hyperparameter's default as a number: of a flag 1 or 0."""
    flag = isinstance(value, (bool, np.bool_))
    return float(value) if flag else checks.number(f"update's default of {name}", value)


def remembered(made: Rule, make: Callable[..., Rule], *arguments: Any, **settings: Any) -> Rule:
    """The rule, which from now on pickles as ``make(*arguments, **settings)``.

    A rule's functions may be closures, which no pickle holds, and its kernels are compiled for this
    one object. So ``make`` must be found by its name and must return the same rule for the same
    arguments: then a rule that comes back is the one that left, or in another process one and the
    same every time. Of several recipes the last holds, made of the names furthest out.
    """
    object.__setattr__(made, "recipe", partial(make, *arguments, **settings))
    return made


@dataclass(frozen=True)
class Optimizer:
    """A rule with its hyperparameters: a number each, or a tuple of numbers, an axis of a sweep.

    Attributes
    ----------
    rule : Rule
        The formula, every switch of its convention set.
    values : tuple
        A value or an axis for each of the rule's hyperparameters.
    convention : str
        Whose formula and defaults.
    switches : tuple of (str, str or bool)
        The switches set otherwise than the convention has them.
    variants : tuple of Optimizer
        With several conventions, the optimizer in each; else itself alone.
    """

    rule: Rule
    values: tuple[float | tuple[float, ...], ...]
    convention: str = "document"
    switches: tuple[tuple[str, Any], ...] = ()
    #: What makes another like it, and the settings that its user gave.
    made_by: Callable[..., Optimizer] | None = field(default=None, compare=False)
    given: Mapping[str, Any] | None = field(default=None, compare=False)
    several: tuple[Optimizer, ...] = ()

    @property
    def name(self) -> str:
        """The rule's name."""
        return self.rule.name

    @property
    def settings(self) -> dict[str, float | tuple[float, ...]]:
        """Hyperparameter name to value or axis, ``eta`` first."""
        return dict(zip(self.rule.hyperparameters, self.values, strict=True))

    @property
    def variants(self) -> tuple[Optimizer, ...]:
        """The optimizer in each of its conventions; itself alone where it has one."""
        return self.several or (self,)

    def snapshot(self) -> Optimizer:
        """The optimizer with its rule's functions as they are now; see `Rule.snapshot`."""
        rule = self.rule.snapshot()
        several = tuple(each.snapshot() for each in self.several)
        if rule is self.rule and all(map(operator.is_, several, self.several)):
            return self
        return replace(self, rule=rule, several=several, made_by=None, given=None)

    def replace(self, **settings: Any) -> Optimizer:
        """The same optimizer with some hyperparameters, switches or the convention changed.

        With another convention, what its user did not set takes that convention's defaults.
        """
        make = self.made_by or self.rule
        return make(**{**(self.settings if self.given is None else self.given), **settings})

    def __repr__(self) -> str:
        inside = [f"{name}={value!r}" for name, value in (*self.settings.items(), *self.switches)]
        if self.several:
            inside = [f"{name}={value!r}" for name, value in (self.given or {}).items()]
            inside = [each for each in inside if not each.startswith("convention=")]
            inside.append(f"convention={[each.convention for each in self.several]!r}")
        elif self.convention != "document":
            inside.append(f"convention={self.convention!r}")
        return f"{self.name}({', '.join(inside)})"

    def _repr_html_(self) -> str:
        conventions = ", ".join(each.convention for each in self.variants)
        rows = notebook.settings((*self.settings.items(), *self.switches))
        return notebook.card(self.name, {"convention": conventions, **rows})


#: What a snapshot has besides its functions.
FROZEN = (
    "name",
    "state",
    "clock_values",
    "hyperparameters",
    "defaults",
    "initial",
    "average",
    "totals",
    "clock_reads",
)

_snapshots: WeakValueDictionary[tuple[Any, ...], Rule] = WeakValueDictionary()


def _plain(value: Any) -> Any:
    return tuple(value.items()) if isinstance(value, Mapping) else value


def _frozen(functions: tuple[Any, ...], *rest: Any) -> Rule:
    """The one rule of these."""
    key = functions, *rest
    made = _snapshots.get(key)
    if made is None:
        fields = dict(zip(FROZEN, rest, strict=True))
        fields |= {name: dict(fields[name]) for name in ("defaults", "initial")}
        update, clock, *more = functions
        fields |= {"update": update, "clock": clock}
        if fields["totals"]:
            fields["terms"] = more.pop(0)
        if more:
            fields["matrix"] = MatrixStep(*more)
        made = _snapshots[key] = Rule(**fields)
    return made


def _arrived(functions: tuple[Any, ...], *rest: Any) -> Rule:
    return _frozen(tuple(each and received(*each) for each in functions), *rest)
