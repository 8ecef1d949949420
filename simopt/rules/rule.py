"""What an update rule is, and an optimizer: a rule with its hyperparameters chosen.

A rule is one plain Python function of scalars. Its signature says everything::

    def momentum(w, g, eta, v, beta=0.9):
        v = beta * v + g
        return w - eta * v, v

``w, g, eta`` come first: weight, gradient, learning rate. A parameter without a default is the
rule's own *state* (one number per weight; at the start 0, or what ``initial`` names: a
hyperparameter, or "w", the weight at the start), a parameter with one is a *hyperparameter*. The
function returns the new weight, then the new state in the same order; a rule without state returns
the weight alone. The engine inlines it into its loops, so it must keep to what Numba compiles:
arithmetic, ``math``, conditional expressions, and other plain functions.

What changes once per update and not per weight (Adam's bias corrections) belongs in a *clock*: a
second function that takes the clock's values (0 at the start), then the hyperparameters, and
returns the new values. Clocks run in float64 even when the weights are float32.

What depends on all the weights of a trajectory (LARS' trust ratio) takes sums. A third function,
``terms``, takes what the rule takes, the clock's values being those of the update before, and
returns a number or several for each weight. They are summed over the weights, in their order and in
float64, before the clock ticks; the clock then takes its values, the sums, ``eta`` and the
hyperparameters::

    def squares(w, g, eta, ratio):
        return w * w, g * g

    def trust(ratio, weights, gradients, eta):
        return (math.sqrt(weights / gradients) if gradients > 0 else 1.0,)

    def scaled(w, g, eta, ratio):
        return w - eta * ratio * g

    Scaled = simopt.rule(scaled, clock=trust, terms=squares)

A clock that has ``loss`` behind the sums is given the batch's loss there, at the weights before the
step and with the penalty: what the gradient is of::

    def squares(w, g, eta, step):
        return (g * g,)

    def polyak(step, gradients, loss, eta):
        return (min(eta, loss / gradients) if gradients > 0 else 0.0,)

What steps along a matrix of weights as a whole (a network's hidden layer, a row per unit) is a
function ``matrix``. It takes what the rule takes, but ``w``, ``g`` and the state as arrays of two
axes, which it changes in place; it returns nothing. Weights that are in no matrix go by the rule::

    def sgd(w, g, eta):
        return w - eta * g

    def normalised(w, g, eta):
        total = 0.0
        for i in range(g.shape[0]):
            for j in range(g.shape[1]):
                total += g[i, j] * g[i, j]
        if total > 0.0:
            for i in range(g.shape[0]):
                for j in range(g.shape[1]):
                    w[i, j] -= eta * g[i, j] / math.sqrt(total)

    Normalised = simopt.rule(sgd, matrix=normalised)
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from simopt.ground import checks, notebook
from simopt.ground.calling import call, call_in_place
from simopt.ground.snapshot import is_copy, received, sent, snapshot
from simopt.rules.matrices import TRIED, Matrix, MatrixStep, matrix_step

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

#: What each usual hyperparameter may be; another name may be any finite number.
ALLOWED = {
    "eta": checks.NOT_NEGATIVE,
    "beta": checks.FRACTION,
    "beta1": checks.FRACTION,
    "beta2": checks.FRACTION,
    "beta3": checks.FRACTION,
    "alpha": checks.NOT_NEGATIVE,
    "nu1": checks.Interval(low=0.0, high=1.0),
    "nu2": checks.Interval(low=0.0, high=1.0),
    "shrink": checks.Interval(low=0.0, high=1.0),
    "grow": checks.Interval(low=1.0),
    "smallest": checks.NOT_NEGATIVE,
    "largest": checks.NOT_NEGATIVE,
    "rho": checks.FRACTION,
    "epsilon": checks.NOT_NEGATIVE,
    "weight_decay": checks.NOT_NEGATIVE,
    "epsilon_root": checks.NOT_NEGATIVE,
    "initial_accumulator": checks.NOT_NEGATIVE,
    "lr_decay": checks.NOT_NEGATIVE,
    "momentum": checks.FRACTION,
    "dampening": checks.Interval(low=0.0, high=1.0),
    "momentum_decay": checks.NOT_NEGATIVE,
    "gamma": checks.FRACTION,
    "threshold": checks.Interval(low=4.0),
    "trust": checks.NOT_NEGATIVE,
    "lambd": checks.NOT_NEGATIVE,
    "t0": checks.NOT_NEGATIVE,
    "smoothing": checks.NOT_NEGATIVE,
    "l1": checks.NOT_NEGATIVE,
    "l2": checks.NOT_NEGATIVE,
    "optimism": checks.NOT_NEGATIVE,
    "final_rate": checks.NOT_NEGATIVE,
    "narrowing": checks.POSITIVE,
    "slow_step": checks.Interval(low=0.0, high=1.0),
    "every": checks.Interval(low=1.0),
    "reach": checks.POSITIVE,
    "d0": checks.POSITIVE,
    "coefficient": checks.NOT_NEGATIVE,
    "epsilon2": checks.NOT_NEGATIVE,
    "limit": checks.POSITIVE,
    "exponent": checks.NOT_NEGATIVE,
    "adam_ratio": checks.NOT_NEGATIVE,
}


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

    @property
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

    def present(self) -> dict[str, float]:
        """The defaults of the function as it is now: a notebook may have reloaded its code.

        Raises
        ------
        ValueError
            If its parameters are no longer those of which the rule was made.
        """
        if self.recipe is None or getattr(self.recipe, "func", None) is not _again:
            return dict(self.defaults)
        code = self.update.__code__
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        own = (*self.state, *self.clock_values, *self.hyperparameters[1:])
        defaults = self.update.__defaults__ or ()
        if names != ("w", "g", "eta", *own) or len(defaults) != len(self.hyperparameters) - 1:
            raise checks.refuse(
                f"rule {self.name!r}: {code.co_name}",
                str(inspect.signature(self.update, follow_wrapped=False)),
                f"({', '.join(('w', 'g', 'eta', *own))}), the last {len(self.hyperparameters) - 1} "
                "with defaults, as when the rule was made; after a change call simopt.rule again",
            )
        named = zip(self.hyperparameters[1:], defaults, strict=True)
        return {**self.defaults, **{name: _default(name, value) for name, value in named}}

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
        arguments = (1.0, 0.5, defaults["eta"], *state, *ticks, *settings)
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
        usual = {**ALLOWED, **(ranges or {})}
        chosen: list[float | tuple[float, ...]] = []
        for name in self.hyperparameters:
            allowed, value = usual.get(name, checks.ANY), settings[name]
            if checks.is_sequence(value):
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


def rule(
    update: Callable[..., Any],
    *,
    clock: Callable[..., Any] | None = None,
    terms: Callable[..., Any] | None = None,
    derived: Callable[..., dict[str, float]] | None = None,
    name: str | None = None,
    eta: float = 0.001,
    initial: Mapping[str, str] | None = None,
    matrix: Callable[..., None] | None = None,
    room: Callable[[int, int], int | tuple[int, ...]] | None = None,
) -> Rule:
    """Make an update rule of a scalar function.

    Parameters
    ----------
    update : callable
        ``update(w, g, eta, *state, *clock_values, **hyperparameters)``; see the module's text.
    clock : callable, optional
        Runs once per update and trajectory, before the weights:
        ``clock(*clock_values, *hyperparameters)``, or with terms
        ``clock(*clock_values, *totals, eta, *hyperparameters)``; with ``loss`` as the last of the
        totals, the batch's loss. It returns a tuple of the new
        values and may leave out trailing hyperparameters.
    terms : callable, optional
        ``terms(w, g, eta, *state, *clock_values, *hyperparameters)``: a tuple of what is summed
        over the trajectory's weights before the clock ticks.
    derived : callable, optional
        Further quantities for traces, by name, after a step.
    name : str, optional
        What tables call it; the function's name otherwise.
    eta : float
        The default learning rate.
    initial : mapping of str to str, optional
        State to what it starts at in place of 0: a hyperparameter, or "w", where the weight starts.
        A clock value may start at a hyperparameter too.
    matrix : callable, optional
        ``matrix(w, g, eta, *state, *clock_values, *hyperparameters)``: the step of weights that are
        a matrix, in place of ``update``. Weights, gradient and state are arrays [units, columns],
        which it changes in place; it returns nothing, and may leave out trailing hyperparameters.
        It is not called where one of their entries is not finite: then w becomes NaN.
    room : callable, optional
        ``room(units, columns)``: the shape of an array to work in, a whole number or a tuple of
        them. ``matrix`` gets it as its last parameter, named ``room``, with whatever it last held.

    Returns
    -------
    Rule
        Call it with hyperparameters to get an optimizer.

    Raises
    ------
    ValueError
        If it is no plain function, its signature does not start with ``w, g, eta``, or that of the
        clock, of the terms or of the matrix' step does not fit.

    Notes
    -----
    A sweep takes the functions, and all that they read from outside (numbers, arrays, other
    functions, attributes of modules and objects), as they are when it is called; so does a store's
    name for it, and what is sent to the workers of ``client=``. What has no value to compare, as an
    object of one's own, is refused.

    On the CPU a matrix' step may use what Numba knows of NumPy's arrays and of ``numpy.linalg``; on
    a GPU loops over its entries, and ``room``. Results of ``numpy.linalg`` differ by rounding from
    machine to machine.

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

    The gradient divided by its length, of all weights together:

    >>> def squares(w, g, eta, length):
    ...     return (g * g,)
    >>> def root(length, total, eta):
    ...     return (math.sqrt(total),)
    >>> def normalised(w, g, eta, length):
    ...     return w - eta * (g / length if length > 0.0 else g)
    >>> Normalised = simopt.rule(normalised, clock=root, terms=squares)
    >>> simopt.run(simopt.problems.four_points(), Normalised(eta=0.5)).summary["w"]
    5.0

    Polyak's step, the batch's loss over the squared gradient, and eta at most:

    >>> def squares(w, g, eta, rate):
    ...     return (g * g,)
    >>> def polyak(rate, total, loss, eta):
    ...     return (min(eta, loss / total) if total > 0.0 else 0.0,)
    >>> def step(w, g, eta, rate):
    ...     return w - rate * g
    >>> Polyak = simopt.rule(step, clock=polyak, terms=squares)
    >>> simopt.run(simopt.problems.four_points(), Polyak(eta=1.0)).steps["w"].tolist()
    [4.0, 4.5, 4.75, 4.875]

    Momentum of a matrix, its singular values made 1; other weights go by the momentum itself:

    >>> import numpy as np
    >>> def momentum(w, g, eta, m, beta=0.9):
    ...     m = beta * m + g
    ...     return w - eta * m, m
    >>> def orthogonal(w, g, eta, m, beta):
    ...     m[:] = beta * m + g
    ...     u, _, v = np.linalg.svd(m, full_matrices=False)
    ...     w[:] -= eta * (u @ v)
    >>> Orthogonal = simopt.rule(momentum, matrix=orthogonal, name="Orthogonal")
    >>> x = np.random.default_rng(0).normal(size=(40, 3))
    >>> layers = simopt.problems.network(x, x @ [1.0, 2.0, 3.0], hidden=4)
    >>> run = simopt.run(layers, Orthogonal(eta=0.1), batch_size="full")
    >>> step = run.steps[[f"w_{k}" for k in range(12)]].to_numpy()[0] - layers.w0[:12]
    >>> np.linalg.svd(step.reshape(4, 3))[1].round(6).tolist()
    [0.1, 0.1, 0.1]
    """
    eta = checks.number("eta", eta, ALLOWED["eta"])
    name = checks.optional_text("name", name)
    if derived is not None:
        checks.function("derived", derived)
    given = {"clock": clock, "terms": terms, "matrix": matrix, "room": room}
    for what, function in given.items():
        if function is not None:
            checks.plain_function(what, function)
    parameters = checks.plain_function("update", update)
    names = [parameter.name for parameter in parameters]
    if names[:3] != ["w", "g", "eta"]:
        raise checks.refuse("update", names, "a function whose first parameters are w, g, eta")
    own = [p for p in parameters[3:] if p.default is inspect.Parameter.empty]
    hyper = [p for p in parameters[3:] if p.default is not inspect.Parameter.empty]
    if parameters[3:] != own + hyper:
        raise checks.refuse("update", names, "a function with its hyperparameters last")
    clocked, totals = _clock_names(clock, terms, [p.name for p in own], [p.name for p in hyper])
    if [p.name for p in own][len(own) - len(clocked) :] != clocked:
        raise checks.refuse("update", names, f"a function that takes {clocked} after its state")
    states = len(own) - len(clocked)
    if states > MOST_STATE or len(clocked) > MOST_STATE or len(hyper) > MOST_HYPERPARAMETERS:
        raise checks.refuse(
            "update",
            names,
            f"a function with at most {MOST_STATE} state and {MOST_STATE} clock values and "
            f"{MOST_HYPERPARAMETERS} hyperparameters behind eta",
        )
    if terms is not None:
        wanted = list(inspect.signature(terms).parameters)
        if wanted != names[: len(wanted)] or len(wanted) < 3 + len(own):
            raise checks.refuse("terms", wanted, f"a function of {names}, the last of them at will")
    stepped = matrix_step(matrix, room, names, len(own))
    hyperparameters = ("eta", *(p.name for p in hyper))
    if initial is not None and not isinstance(initial, Mapping):
        raise checks.refuse("initial", initial, "a mapping of state to hyperparameter or 'w'")
    initial = dict(initial or {})
    for what, source in initial.items():
        checks.choice("initial", what, [p.name for p in own])
        starts = hyperparameters if what in clocked else (START, *hyperparameters)
        checks.choice(f"initial of {what}", source, starts)
    between = 0 if terms is None else len(totals) + 1
    ticked = 0 if clock is None else clock.__code__.co_argcount - len(clocked) - between
    made = Rule(
        name=name or update.__name__,
        update=update,
        clock=clock,
        state=tuple(p.name for p in own[:states]),
        clock_values=tuple(clocked),
        hyperparameters=hyperparameters,
        defaults={"eta": eta, **{p.name: _default(p.name, p.default) for p in hyper}},
        derived=derived,
        initial=initial,
        terms=terms,
        totals=tuple(totals),
        clock_reads=tuple(p.name for p in hyper[:ticked]),
        matrix=stepped,
    )
    key = update, clock, terms, derived, made.name, eta, tuple(initial.items()), matrix, room
    _made[key] = made
    return remembered(made, _again, *key)


def _default(name: str, value: Any) -> float:
    """A hyperparameter's default as a number: of a flag 1 or 0."""
    flag = isinstance(value, (bool, np.bool_))
    return float(value) if flag else checks.number(f"update's default of {name}", value)


def _clock_names(
    clock: Callable[..., Any] | None,
    terms: Callable[..., Any] | None,
    own: list[str],
    hyper: list[str],
) -> tuple[list[str], list[str]]:
    """The clock's own values, and the sums that it takes, by its signature."""
    if clock is None:
        if terms is not None:
            raise checks.refuse("terms", terms, "given together with a clock, which takes the sums")
        return [], []
    wanted = list(inspect.signature(clock).parameters)
    if terms is None:
        clocked = [name for name in wanted if name not in hyper]
        totals, between = [], []
        form = "a function of its own values, then the rule's hyperparameters in their order"
    else:
        clocked = [name for name in wanted if name in own]
        totals = [name for name in wanted if name not in {*own, "eta", *hyper}]
        between = [*totals, "eta"]
        form = (
            "a function of its own values, the sums, loss at will, eta, then the rule's "
            "hyperparameters"
        )
    rest = wanted[len(clocked) + len(between) :]
    if wanted != [*clocked, *between, *hyper[: len(rest)]] or (
        terms is not None and (not totals or LOSS in totals[:-1] or totals == [LOSS])
    ):
        raise checks.refuse("clock", wanted, form)
    if len(totals) > MOST_TOTALS:
        raise checks.refuse("clock", wanted, f"a function of at most {MOST_TOTALS} sums")
    return clocked, totals


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


#: The rules made of functions, by what they were made of.
_made: WeakValueDictionary[tuple[Any, ...], Rule] = WeakValueDictionary()


def _again(
    update: Callable[..., Any],
    clock: Callable[..., Any] | None,
    terms: Callable[..., Any] | None,
    derived: Callable[..., dict[str, float]] | None,
    name: str,
    eta: float,
    initial: tuple[tuple[str, str], ...],
    matrix: Callable[..., None] | None = None,
    room: Callable[[int, int], int | tuple[int, ...]] | None = None,
) -> Rule:
    """The last rule that was made of these, or one that is made now."""
    made = _made.get((update, clock, terms, derived, name, eta, initial, matrix, room))
    if made is None:
        made = rule(
            update,
            clock=clock,
            terms=terms,
            derived=derived,
            name=name,
            eta=eta,
            initial=dict(initial),
            matrix=matrix,
            room=room,
        )
    return made
