"""`simopt.run`: one recorded trajectory, of a rule that is called as plain Python."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from numpy.typing import ArrayLike

from simopt import schedules
from simopt.ground import checks, memory, notebook
from simopt.ground.formatting import number
from simopt.problems import Problem
from simopt.problems.problem import check_problem
from simopt.rules.rule import Optimizer
from simopt.schedules import Schedule
from simopt.training import checkpoint, plan, shuffling, sparing
from simopt.training.checkpoint import Checkpoint
from simopt.training.reacting import ReactingRate
from simopt.training.stepper import Stepper, check_single
from simopt.training.steps import steps_of
from simopt.training.summary import summary_of

#: Updates that a notebook shows.
LAST = 5


@dataclass(frozen=True, eq=False)
class Run:
    """A recorded trajectory: ``steps`` has a row per update, ``summary`` is a sweep's row.

    ``checkpoint`` says where it stands at the end, for a run that goes on from there.
    """

    problem: Problem
    optimizer: Optimizer
    steps: pd.DataFrame
    summary: pd.Series
    checkpoint: Checkpoint

    @property
    def weights(self) -> pd.Series:
        """The summary's weights by feature, in the units of the table's columns.

        See Also
        --------
        simopt.problems.Problem.original_weights : The same of any weights, and of a sweep's rows.
        """
        weights: pd.Series = self.problem.original_weights(self.summary)
        return weights

    def __repr__(self) -> str:
        return f"<run of {self.optimizer} on {self.problem.name}: {len(self.steps)} updates>"

    def _repr_html_(self) -> str:
        rows = {name: self.summary[name] for name in ("batch_size", "epochs", "status")}
        start, end = (self.problem.loss(self.problem.w0), self.summary["loss"])
        rows |= {"updates": len(self.steps), "loss": f"{number(start)} → {number(end)}"}
        title = f"{self.optimizer.name} on {self.problem.name}"
        last = self.steps.tail(LAST).to_html(index=False)
        rest = "" if len(self.steps) <= LAST else f"<p>The last {LAST} updates:</p>"
        return notebook.card(title, rows, rest, last)


def run(
    problem: Problem,
    optimizer: Optimizer,
    *,
    batch_size: int | str = 1,
    epochs: int = 1,
    updates: int | None = None,
    shuffle: str = "never",
    seed: int = 0,
    order: ArrayLike | None = None,
    schedule: Schedule | str | None = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    box: tuple[float, float] | None = None,
    points_per_epoch: int | None = None,
    no_decay: Sequence[str | int] | None = None,
    no_clip: Sequence[str | int] | None = None,
    drop_last: bool = False,
    target: float | None = None,
    stop_at_target: bool = False,
    divergence: float | None = 1e6,
    evaluate: int | str | None = None,
    resume: Run | None = None,
) -> Run:
    """Run one trajectory and record every update.

    Parameters
    ----------
    problem : Problem
        What to minimise, and from where.
    optimizer : Optimizer
        With a number for every hyperparameter.
    batch_size : int or "full", default 1
        Points per update, from 1 to n. A batch's gradient is the mean over its points. Of a noisy
        quadratic any number: its noise has that much less variance.
    epochs : int, default 1
        Passes over the points. The optimizer's state carries over.
    updates : int, optional
        So many updates in place of epochs; the last epoch ends where they do.
    shuffle : {"never", "once", "epoch", "replacement"}
        File order; one random order; a new random order every epoch; every point drawn for itself
        from all n, so that in an epoch some come several times and others not at all.
    seed : int, default 0
        What the random orders depend on, and a noisy quadratic's noise.
    order : array_like of int [epochs, n], optional
        The orders themselves, in place of shuffle and seed; see `simopt.orders`. Each is a
        permutation, unless ``shuffle="replacement"`` says that points may come again, or not at
        all: then a row may have any number of points, and an epoch ends where its row does.
    schedule : Schedule or str, optional
        How the learning rate changes, from `simopt.schedules`; None keeps it constant.
    clip_norm : float, optional
        A batch's gradient g of larger Euclidean norm is multiplied by ``clip_norm / |g|`` (with the
        convention "torch" by ``clip_norm / (|g| + 1e-6)``). All weights count as one variable:
        Keras' ``clipnorm``, which clips each variable by itself, is then its ``global_clipnorm``.
    clip_value : float, optional
        Every component of a gradient is brought between -clip_value and clip_value.
    box : (float, float), optional
        The least and the largest that a weight may be: after each update every weight is moved to
        the nearest such number. The optimizer's state is left as it is.
    points_per_epoch : int, optional
        So many points an epoch, the first ones of its order, and not all n: with
        ``shuffle="epoch"`` others each time, drawn without replacement, as in PyTorch's
        ``RandomSampler(num_samples=)``.
    no_decay : sequence of str or int, optional
        Weights, by name (``problem.features``) or number, that the optimizer's ``weight_decay`` is
        not about: ``["intercept"]``, say. None is what the convention's framework does:
        scikit-learn leaves out intercepts and biases, the others nothing unless they are told to
        (parameter groups in PyTorch, ``exclude_from_weight_decay`` in Keras, ``mask`` in optax).
    no_clip : sequence of str or int, optional
        Weights whose gradient is not clipped, and has no part in the norm.
    drop_last : bool, default False
        Leave out the last batch of an epoch if it is short; else it divides by its own length.
    target : float, optional
        For ``summary["steps_to_target"]``.
    stop_at_target : bool, default False
        For the summary: the trajectory ends at the first look that finds its loss at the target or
        below. The steps are recorded regardless.
    divergence : float or None, default 1e6
        For the summary: the trajectory counts as diverged when its loss is above this many times
        the initial loss, or not finite. The steps are recorded regardless.
    evaluate : int, "epoch" or None
        For the summary: updates between two looks at the full loss; None as in `sweep`.
    resume : Run, optional
        Go on from this run: from its weights, the rule's state and clock, the update and the point
        of the order where it ended. ``epochs`` and ``updates`` count from the start, and steps and
        summary are those of a run that was never cut, to the bit. All that the updates already made
        depend on must be the same; a schedule must have had the same rates, so one as long as the
        run needs its length set (``cosine(total=200)``). A run can be pickled.

    Returns
    -------
    Run
        ``steps`` has the columns step, epoch, batch, eta (as scheduled), gradient, w, batch_loss
        (before the update), loss (over all points, after it; of squared errors over more than
        100,000 numbers from the Hessian, ``minimum_loss + |R (w - minimizer)|^2``), clipped (the
        gradient that the rule was given, where one is clipped), and the optimizer's own state under
        the names of the field; with d > 1 ``w_0``, ``w_1`` and so on. ``summary`` has the columns
        of a sweep's row.

    Raises
    ------
    ValueError
        If an argument is not allowed; the message names it, its value and what is.

    Examples
    --------
    >>> import simopt
    >>> adam = simopt.run(simopt.problems.four_points(), simopt.Adam(eta=0.1))
    >>> adam.steps[["step", "gradient", "m_hat", "w"]].round(3)
       step  gradient   m_hat      w
    0     1   -16.000 -16.000  3.100
    1     2    -3.800  -9.579  3.182
    2     3   -32.717 -18.117  3.268
    3     4    -0.866 -13.101  3.340

    Three epochs, and two more:

    >>> four, adam = simopt.problems.four_points(), simopt.Adam(eta=0.1)
    >>> begun = simopt.run(four, adam, epochs=3, shuffle="epoch")
    >>> longer = simopt.run(four, adam, epochs=5, shuffle="epoch", resume=begun)
    >>> longer.steps.equals(simopt.run(four, adam, epochs=5, shuffle="epoch").steps)
    True
    """
    check_problem(problem)
    settings = check_single(optimizer).settings
    clip = plan.clip_of(
        plan.check_clip("clip_norm", clip_norm),
        plan.check_clip("clip_value", clip_value),
        optimizer.convention,
    )
    rate = schedules.check(schedule)
    repeats = isinstance(shuffle, str) and shuffle == "replacement"
    how = plan.make(
        problem,
        batch_size,
        shuffle,
        epochs,
        drop_last,
        rate,
        clip,
        plan.check_box(box),
        plan.check_updates(updates, epochs),
        plan.check_stop(stop_at_target, target),
        spared=sparing.spared(
            problem,
            optimizer,
            sparing.check_weights("no_decay", no_decay, problem),
            sparing.check_weights("no_clip", no_clip, problem),
        ),
        points_per_epoch=points_per_epoch,
        row=shuffling.row_length(order, problem.n, repeats=repeats),
    )
    every = how.interval(plan.check_evaluate(evaluate, problem), problem.d)
    limit = plan.loss_limit(problem, divergence)
    goal = None if target is None else checks.number("target", target)
    shuffling.check_seed(seed)
    # A number of a step is a float of Python's in a list before it is one of the table.
    kept = 7 * how.updates * (8 + problem.d * (4 + len(optimizer.rule.state)))
    named = ("epochs", epochs) if updates is None else ("updates", updates)
    memory.check(*named, 2 * how.epochs * problem.n + kept, instead="sweep keeps no steps")
    if order is None:
        orders = shuffling.orders(shuffle, seed, how.epochs, problem.n)
    else:
        orders = shuffling.check_order(order, how.epochs, problem.n, repeats=repeats)
    given = None if order is None else orders
    if resume is not None:
        if not isinstance(resume, Run):
            raise checks.refuse("resume", resume, "what simopt.run returned, or None")
        how = checkpoint.check(resume, problem, optimizer, how, seed, given)
    plain = problem.plain()
    matrix = plain.hidden, plain.columns
    stepper = Stepper(optimizer, plain.w0.tolist(), how.decays, matrix)
    reacting = None if how.reaction is None else ReactingRate(how.reaction, stepper.eta)
    if resume is not None:
        resume.checkpoint.restore(stepper)
        reacting = copy.copy(resume.checkpoint.reacting)
    steps = steps_of(problem.settle(), optimizer, how, orders, seed, stepper, reacting)
    if resume is not None:
        steps = pd.concat([resume.steps[steps.columns], steps], ignore_index=True)
    end = checkpoint.checkpoint(problem, optimizer, how, seed, given, stepper, reacting)
    problem = plain
    key = {
        "optimizer": optimizer.name,
        "convention": optimizer.convention,
        **{name: str(value) for name, value in optimizer.switches},
        **settings,
        "batch_size": how.batch_size,
        "shuffle": shuffle if order is None else "given",
        "seed": seed,
        "epochs": how.epochs,
    }
    if rate is not None:
        key["schedule"] = str(rate)
    key |= {f"clip_{kind}": bound for kind, bound, _ in [clip] if kind}
    shown = optimizer.rule.average or "w"
    summary = key | summary_of(steps, problem, every, limit, goal, how.stop_at_target, shown)
    row = pd.Series(summary, dtype=object, name=optimizer.name)
    return Run(problem, optimizer, steps, row, end)
