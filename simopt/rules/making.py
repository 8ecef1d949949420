"""How an update rule is made of plain functions.

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
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakValueDictionary

from simopt.ground import checks
from simopt.rules.matrices import matrix_step
from simopt.rules.ranges import ALLOWED
from simopt.rules.rule import (
    LOSS,
    MOST_HYPERPARAMETERS,
    MOST_STATE,
    MOST_TOTALS,
    START,
    Rule,
    default,
    remembered,
)


def rule(
    update: Callable[..., Any],
    *,
    clock: Callable[..., Any] | None = None,
    terms: Callable[..., Any] | None = None,
    derived: Callable[..., dict[str, float]] | None = None,
    name: str | None = None,
    eta: float | None = None,
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
    eta : float, optional
        The default learning rate; that of the function's own parameter otherwise, else 0.001.
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

    `run` calls the functions in Python and says what they do wrong, with the line. Compiled, whole
    numbers have 64 bits, and an index behind an array's end, or a variable that only a branch which
    was not taken sets, goes unnoticed: a rule with such code is best run once.

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
    if eta is not None:
        eta = checks.number("eta", eta, ALLOWED["eta"])
    rate = 0.001 if eta is None else eta
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
    if parameters[2].default is not inspect.Parameter.empty:
        if eta is not None:
            raise checks.refuse("eta", eta, "left out: update has a default of its own for it")
        rate = checks.number("update's default of eta", parameters[2].default, ALLOWED["eta"])
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
        defaults={"eta": rate, **{p.name: default(p.name, p.default) for p in hyper}},
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


#: The rules made of functions, by what they were made of.
_made: WeakValueDictionary[tuple[Any, ...], Rule] = WeakValueDictionary()


def _again(
    update: Callable[..., Any],
    clock: Callable[..., Any] | None,
    terms: Callable[..., Any] | None,
    derived: Callable[..., dict[str, float]] | None,
    name: str,
    eta: float | None,
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
