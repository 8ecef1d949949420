"""A rule applied update by update, in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from simopt.ground import checks
from simopt.ground.calling import call, call_in_place
from simopt.ground.snapshot import plain, unchanged
from simopt.rules.matrices import Matrix, MatrixStep
from simopt.rules.rule import WEIGHT_DECAY, Optimizer


def check_optimizer(value: Any) -> Optimizer:
    """Check that the argument is an optimizer, not its class or name."""
    if not isinstance(value, Optimizer):
        raise checks.refuse("optimizer", value, "an optimizer such as simopt.Adam(eta=0.1)")
    return value


def check_single(value: Any) -> Optimizer:
    """Check for an optimizer without axes: one number per hyperparameter, one convention."""
    optimizer = check_optimizer(value)
    for name, setting in optimizer.settings.items():
        if isinstance(setting, tuple):
            raise checks.refuse(name, setting, "one number: run traces one trajectory, sweep many")
    if optimizer.several:
        conventions = tuple(each.convention for each in optimizer.several)
        raise checks.refuse("convention", conventions, "one: run traces one trajectory, sweep many")
    return optimizer


class Stepper:
    """Weights and optimizer state, advanced by one gradient at a time.

    Parameters
    ----------
    optimizer : Optimizer
        With a number for every hyperparameter.
    weights : sequence of float
        Where to start; its length is the number of weights.
    decays : sequence of float, optional
        For every weight what its ``weight_decay`` is multiplied by: 1, or 0 where it has none.
    matrix : (int, int), optional
        The first weights are a matrix of so many rows and columns, row by row; by default none are.

    Attributes
    ----------
    weights : list of float
        Where the weights are.
    state : list of list of float
        For every weight the rule's state, in the order of ``optimizer.rule.state``.
    clock : list of float
        The rule's clock values.

    Raises
    ------
    ValueError
        If a hyperparameter is an axis.

    Examples
    --------
    >>> import simopt
    >>> from simopt.training.stepper import Stepper
    >>> stepper = Stepper(simopt.Momentum(eta=0.1), [3.0])
    >>> for gradient in (-16.0, -0.8):
    ...     stepper.step([gradient])
    >>> stepper.weights, stepper.state
    ([6.12], [[-15.200000000000001]])
    """

    def __init__(
        self,
        optimizer: Optimizer,
        weights: Sequence[float],
        decays: Sequence[float] = (),
        matrix: tuple[int, int] = (0, 0),
    ) -> None:
        rule = check_single(optimizer).rule
        self.rule = rule
        self.eta, *self.hyper = (float(value) for value in optimizer.values)  # type: ignore[arg-type]
        self.weights = [float(w) for w in weights]
        self.hyper_of = [list(self.hyper) for _ in self.weights]
        for own, decay in zip(self.hyper_of, decays, strict=False):
            own[rule.hyperparameters.index(WEIGHT_DECAY) - 1] *= decay
        named = dict(zip(rule.hyperparameters, (self.eta, *self.hyper), strict=True))
        self.state = [rule.start(named, w) for w in self.weights]
        self.clock = rule.clock_start(named)
        self.ticked = rule.clock_hyperparameters
        rule.present()
        self.whose = f"rule {rule.name!r}"
        self.update = plain(rule.update, self.whose)
        self.tick = None if rule.clock is None else plain(rule.clock, self.whose)
        self.terms = None if rule.terms is None else plain(rule.terms, self.whose)
        self.summed = rule.terms_hyperparameters
        self.returned = ("w", *rule.state)
        self.asks_loss: bool = rule.asks_loss
        self.matrix = matrix
        self.inside = 0 if rule.matrix is None else matrix[0] * matrix[1]
        self.fresh = True

    @property
    def shown(self) -> list[float]:
        """The weights at which losses are evaluated: the iterate, or the rule's average of it."""
        if self.rule.average is None:
            return self.weights
        place = self.rule.state.index(self.rule.average)
        return [state[place] for state in self.state]

    def step(
        self, gradient: Sequence[float], eta: float | None = None, loss: float | None = None
    ) -> None:
        """One update of all weights; ``eta`` in place of the optimizer's rate.

        ``loss`` is that of the batch, which the clocks of some rules ask for.
        """
        if self.fresh:
            self.fresh = False
            with unchanged(self.whose, *self.rule.functions):
                self.step(gradient, eta, loss)
            return
        rate = self.eta if eta is None else float(eta)
        asked: tuple[float, ...] = ()
        if self.asks_loss:
            if loss is None:
                raise checks.refuse("loss", loss, f"the batch's: {self.whose} asks for it")
            asked = (float(loss),)
        if self.tick is not None:
            between = (
                ()
                if self.terms is None
                else (*self._totals(self.terms, gradient, rate), *asked, rate)
            )
            arguments = (*self.clock, *between, *self.hyper[: self.ticked])
            values = call(self.tick, arguments, self.rule.clock_values, self.whose, tuple)
            self.clock = list(values)
        stepped = 0
        if isinstance(self.rule.matrix, MatrixStep) and self.inside:
            stepped = self.inside
            self._step_matrix(self.rule.matrix, gradient, rate)
        elif isinstance(self.rule.matrix, Matrix) and self.inside:
            gradient = [*self._turned(self.rule.matrix, gradient), *gradient[self.inside :]]
        clock, returned, whose, update = self.clock, self.returned, self.whose, self.update
        weights, states, hyper_of = self.weights, self.state, self.hyper_of
        along, inside = update, 0
        if isinstance(self.rule.matrix, Matrix):
            along, inside = self.rule.matrix.update, self.inside
        for k, g in enumerate(gradient[stepped:], stepped):
            arguments = (weights[k], float(g), rate, *states[k], *clock, *hyper_of[k])
            rule = along if k < inside else update
            weights[k], *states[k] = call(rule, arguments, returned, whose, float)

    def _turned(self, matrix: Matrix, gradient: Sequence[float]) -> list[float]:
        """The matrix that the rule makes of the gradients of its weights; their state is new."""
        inside, (units, columns) = self.inside, self.matrix
        entries = [self.hyper[self.rule.hyperparameters.index(matrix.setting) - 1]]
        for k in range(inside):
            arguments = (*self.state[k], *self.clock, *self.hyper_of[k])
            entered, *self.state[k] = matrix.enters(float(gradient[k]), *arguments)
            entries.append(entered)
        entries += [0.0] * matrix.room(units, columns)
        # Python's own numbers, by row and lane, take half as long as an array's.
        rows: Any = {(row, 0): float(entry) for row, entry in enumerate(entries)}
        try:
            matrix.turn(rows, 0, 1, 1, units, columns, 0, 1 + inside)
        except ArithmeticError:  # where an array has inf or nan
            rows = np.array(entries)[:, None]
            with np.errstate(all="ignore"):
                matrix.turn(rows, 0, 1, 1, units, columns, 0, 1 + inside)
        return [float(rows[row, 0]) for row in range(1, 1 + inside)]

    def _step_matrix(self, matrix: MatrixStep, gradient: Sequence[float], rate: float) -> None:
        """One update of the weights that are a matrix, and their state."""
        inside, units, columns = self.inside, *self.matrix
        rows = zip(self.weights, gradient, *zip(*self.state, strict=True), strict=False)
        held = np.array([*rows][:inside]).T.reshape(-1, units, columns)
        w, g, *state = held
        scalars = (*self.clock, *self.hyper_of[0][: self.rule.matrix_hyperparameters])
        room = np.empty(matrix.shape_of_room(units, columns))
        more = () if matrix.room is None else (room,)
        finite = bool(np.isfinite(held).all())
        arguments = (w, g, rate, *state, *scalars, *more)
        if not (finite and call_in_place(plain(matrix.step, self.whose), arguments, self.whose)):
            w[:] = np.nan
        self.weights[:inside] = w.ravel().tolist()
        for k, own in enumerate(held[2:].reshape(len(state), inside).T.tolist()):
            self.state[k] = own

    def _totals(
        self, function: Callable[..., Any], gradient: Sequence[float], rate: float
    ) -> list[float]:
        """What the rule sums over all weights, added in their order."""
        totals = [0.0] * len(self.rule.summed)
        for k, g in enumerate(gradient):
            arguments = (*self.state[k], *self.clock, *self.hyper_of[k][: self.summed])
            arguments = (self.weights[k], float(g), rate, *arguments)
            terms = call(function, arguments, self.rule.summed, self.whose, tuple)
            totals = [total + term for total, term in zip(totals, terms, strict=True)]
        return totals
