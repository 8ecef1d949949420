"""The batch size study: every optimizer tuned at every batch size."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from simopt.analysis.batch_size import tables
from simopt.analysis.batch_size.attempts import Setup, Stage, attempt, order_statistic
from simopt.analysis.batch_size.points import by_points
from simopt.analysis.batch_size.result import Scaling
from simopt.analysis.batch_size.searching import BEYOND, FIRST, ONE, PATIENCE, by_grid
from simopt.analysis.batch_size.tables import Searched
from simopt.analysis.batch_size.tuned import Tuned, tuned
from simopt.engine import blocks, grouping
from simopt.ground import checks
from simopt.ground.threads import thread_count
from simopt.problems import Problem
from simopt.problems.problem import check_problem
from simopt.rules.rule import Optimizer
from simopt.training import plan
from simopt.training.stepper import check_optimizer

#: By default a trajectory handles so many numbers at most (points times weights), but may have the
#: fewest and not more than the most updates.
WORK, FEWEST, MOST = 1_000_000_000, 1_000, 1_000_000

#: Half the batch, at most twice the steps; a little more, so that a search sees beyond.
MORE = 2.2


class StudyInterrupted(KeyboardInterrupt):
    """Ctrl-C during a study. ``scaling`` holds the completed batch sizes, or None."""

    def __init__(self, scaling: Scaling | None) -> None:
        done = 0 if scaling is None else len(scaling.steps)
        super().__init__(f"interrupted after {done} batch sizes; they are in .scaling")
        self.scaling = scaling


def batch_size(
    problem: Problem,
    optimizers: Optimizer | Sequence[Optimizer],
    *,
    target: float,
    batch_sizes: Sequence[int | str] | None = None,
    seeds: int | Sequence[int] = 8,
    budget: int | None = None,
    divergence: float | None = 1e6,
    progress: bool | None = None,
    threads: int | None = None,
) -> Scaling:
    r"""Steps to a target loss against batch size, tuned anew at every batch size.

    Twice the batch needs half the steps while batches are small, and as many where they are large.
    Where one turns into the other is the critical batch size. What is compared is each optimizer
    at its best: a rate that was tuned at one batch size and carried to another would show how well
    the rate travels instead.

    Parameters
    ----------
    problem : Problem
        What to minimise, and from where.
    optimizers : Optimizer or sequence of Optimizer
        eta is always tuned. Where it is a number, the grid is found; a sequence of rates is the
        first grid. Another hyperparameter is tuned if it is a sequence, from its values as first
        grid: beta, rho and the like in log(1 - beta), epsilon and weight_decay in their logarithm.
    target : float
        The training loss to reach, over all points: above the least loss, below that at the start.
    batch_sizes : sequence of int or "full", optional
        By default the powers of two below n, and n.
    seeds : int or sequence of int, default 8
        How many orders of the points, or which seeds they are made from. The points are shuffled
        every epoch; all settings of a batch size meet the same orders.
    budget : int, optional
        The updates of a trajectory at most. By default as many as handle 10^9 numbers (points
        times weights), at least 1,000 and at most 10^6.
    divergence : float or None, default 1e6
        As in `sweep`.
    progress : bool or None
        Show a progress bar over optimizers and batch sizes; None shows one on a terminal.
    threads : int or None
        As in `sweep`. The results do not depend on it.

    Returns
    -------
    Scaling
        Its tables ``steps``, ``fits``, ``rates`` and ``trials`` are described there.

    Raises
    ------
    ValueError
        If an argument is not allowed, or the target is out of reach or reached at the start.
    StudyInterrupted
        On Ctrl-C, a KeyboardInterrupt that carries the batch sizes that were done.

    Notes
    -----
    *Steps to target* are the first update after which the loss is seen at the target or below, the
    median over the seeds of it: a first crossing. The trajectory may leave again, and where there
    is one weight alone, or few, a large rate may cross by luck. Never reached counts as infinite.

    *The search.* With one or two tuned hyperparameters a grid: first rates over nine decades on
    few seeds, for ever more updates until one reaches the target; then closer around what is
    within 30 % of the least steps, until rates are 3 % apart or closer, with all seeds. A best at
    an edge moves the grid. With three or more, Sobol points in a box that does the same. The rate
    chosen is the geometric middle of those within 5 % of the least steps: of many settings that
    are equally good the luckiest is not the best. What is better in an interval narrower than the
    first grid's step of 26 % alone, as where one update leads into the target by luck, can be
    missed. Looking at the loss of a logistic problem costs
    as much as an epoch, so that it is done every fiftieth of the steps.

    *Regions*, from the fitted curve :math:`S_{\min} (1 + (B_*/B)^q)^{1/q}`: perfect scaling where
    it is within 20 % of :math:`E_{\min} / B`, maximal parallelism within 20 % of
    :math:`S_{\min}`, diminishing returns between.

    References
    ----------
    C. J. Shallue, J. Lee, J. Antognini, J. Sohl-Dickstein, R. Frostig, G. E. Dahl, Measuring the
    effects of data parallelism on neural network training, JMLR 20 (2019) 112.
    S. McCandlish, J. Kaplan, D. Amodei, An empirical model of large-batch training,
    arXiv:1812.06162 (2018).

    Examples
    --------
    >>> import simopt
    >>> diabetes = simopt.problems.diabetes()
    >>> study = simopt.batch_size(diabetes, simopt.SGD(), target=3000.0, batch_sizes=[1, 8, 64])
    >>> study.steps[["batch_size", "steps", "examples"]]
       batch_size  steps  examples
    0           1  174.0     174.0
    1           8   27.0     216.0
    2          64    8.0     512.0
    """
    check_problem(problem)
    chosen = [optimizers] if isinstance(optimizers, Optimizer) else optimizers
    if not isinstance(chosen, Sequence) or isinstance(chosen, str) or not chosen:
        raise checks.refuse("optimizers", optimizers, "an optimizer or a list of them")
    goal = check_target(problem, target)
    sizes = check_sizes(problem, batch_sizes)
    numbers = check_seeds(seeds)
    shown = checks.optional_flag("progress", progress)
    most = None if budget is None else checks.whole("budget", budget, 1)
    limit = plan.loss_limit(problem, divergence)
    workers = thread_count(threads)
    every = [one for each in chosen for one in check_optimizer(each).variants]
    if len(set(every)) < len(every):
        raise checks.refuse("optimizers", optimizers, "an optimizer or several different ones")
    spaces = [tuned(one, problem) for one in every]

    began, compiled = time.perf_counter(), 0.0
    searches: list[Searched] = []
    bar = tqdm(
        total=len(every) * len(sizes),
        unit=" batch sizes",
        delay=1.0,
        disable=None if shown is None else not shown,
    )
    stopped = False
    try:
        for optimizer, label, space in zip(every, labels(every), spaces, strict=True):
            hint, ready = FIRST, set()
            # From the largest, which takes the fewest steps.
            for size in reversed(sizes):
                bar.set_postfix_str(f"{label}, batch {size}")
                setup = Setup(
                    problem,
                    optimizer,
                    size,
                    goal,
                    limit,
                    numbers[:1] if size == problem.n else numbers,
                    most or default_budget(problem, size),
                    workers,
                )
                if (kind := setup.plan(1).shuffle) not in ready:
                    start = time.perf_counter()
                    prepare(setup)
                    compiled += time.perf_counter() - start
                    ready.add(kind)
                searches.append(search(setup, label, space, hint))
                steps = float(order_statistic(searches[-1].times, 0.5))
                hint = max(FIRST, math.ceil(MORE * steps)) if math.isfinite(steps) else hint
                bar.update()
    except KeyboardInterrupt:
        stopped = True
    finally:
        bar.close()
    seconds = time.perf_counter() - began - compiled
    made = None
    if searches:
        made = result(problem, goal, numbers, most, searches, seconds, compiled)
    if stopped:
        raise StudyInterrupted(made)
    assert made is not None
    return made


def check_target(problem: Problem, target: Any) -> float:
    """Check a target: above the minimum loss and below the initial loss."""
    goal = checks.number("target", target)
    first, least = problem.loss(problem.w0), problem.minimum_loss
    if not least < goal < first:
        raise checks.refuse(
            "target",
            target,
            f"above {least:.10g}, the least loss of {problem.name}, and below {first:.10g}, the "
            "first",
        )
    return goal


def check_sizes(problem: Problem, batch_sizes: Any) -> list[int]:
    """Check batch sizes: ascending, without duplicates."""
    if batch_sizes is None:
        if not problem.n:
            raise checks.refuse("batch_sizes", None, f"given: {problem.name} has no points")
        return [2**k for k in range(problem.n.bit_length()) if 2**k < problem.n] + [problem.n]
    given = checks.axis("batch_sizes", batch_sizes)
    return sorted({plan.check_batch_size(each, problem.n, "batch_sizes") for each in given})


def check_seeds(seeds: Any) -> NDArray[np.int64]:
    """Check seeds: a number of them, or distinct given ones."""
    if not checks.is_sequence(seeds):
        return np.arange(checks.whole("seeds", seeds, 1, 100_000))
    given = [checks.whole("seeds", each, 0, 2**63 - 1) for each in checks.axis("seeds", seeds)]
    return np.array(list(dict.fromkeys(given)), dtype=np.int64)


def default_budget(problem: Problem, size: int) -> int:
    """The default limit on the updates of a trajectory."""
    return min(MOST, max(FEWEST, WORK // (min(size, max(1, problem.n)) * problem.d)))


def labels(optimizers: Sequence[Optimizer]) -> list[str]:
    """The label of every optimizer; its full repr where name and convention coincide."""
    names = [(each.name, each.convention) for each in optimizers]
    return [
        each.name if names.count(name) == 1 else repr(each)
        for each, name in zip(optimizers, names, strict=True)
    ]


def prepare(setup: Setup) -> None:
    """Compile the kernel, or load it from disk."""
    settings = np.ones((len(setup.optimizer.values), ONE))
    task = grouping.tasks(
        grouping.Group(
            setup.optimizer.rule,
            setup.plan(1),
            settings,
            setup.seeds[:1],
            np.arange(ONE),
            np.zeros(1, int),
        ),
        setup.problem,
        np.float64,
        1,
        False,
    )[0]
    whole = blocks.whole(blocks.kernel_key(task.group, setup.problem, task.points, np.float64))
    blocks.compiled(setup.problem, replace(task, apart=not whole), np.float64)


def search(setup: Setup, label: str, space: tuple[Tuned, ...], hint: int) -> Searched:
    """The best setting at one batch size, and when each seed reached the target with it."""
    horizon = min(hint, setup.budget)
    found = by_grid(setup, space, horizon) if len(space) <= 2 else by_points(setup, space, horizon)
    last = found.stages[-1]
    if found.chosen is None:
        return Searched(label, setup, space, found, np.full(len(setup.seeds), math.inf))
    times = last.times[found.chosen.setting]
    longest = min(setup.budget, PATIENCE * last.horizon // int(BEYOND))
    if np.isinf(times).any() and longest > last.horizon:
        # Its slowest seeds get more time: a whole block of the one setting costs no more.
        setting = np.repeat(last.settings[:, [found.chosen.setting]], ONE, axis=1)
        longer = attempt(setup, setting, setup.seeds, longest, last.every)
        found.stages.insert(-1, _first_of(longer))
        times = longer.times[0]
    return Searched(label, setup, space, found, times)


def _first_of(stage: Stage) -> Stage:
    """The stage of one setting that was run in several copies."""
    return Stage(
        stage.settings[:, :1],
        stage.times[:1],
        stage.losses[:1],
        stage.horizon,
        stage.every,
        stage.updates,
    )


def result(
    problem: Problem,
    target: float,
    seeds: NDArray[np.int64],
    budget: int | None,
    searches: list[Searched],
    seconds: float,
    compiled: float,
) -> Scaling:
    """The result of all searches, in ascending order of batch size."""
    order = {each.label: place for place, each in enumerate(reversed(searches))}
    searches = sorted(searches, key=lambda each: (-order[each.label], each.setup.batch_size))
    steps = tables.steps_table(searches)
    fits, curves = tables.fits_table(searches)
    steps = tables.with_regions(steps, curves)
    return Scaling(
        problem=problem,
        target=target,
        seeds=tuple(seeds.tolist()),
        budget=budget,
        tuned=tuple(dict.fromkeys(one.name for each in searches for one in each.tuned)),
        steps=steps,
        fits=fits,
        curves=tuple(curves),
        rates=tables.rates_table(searches, steps),
        trials=tables.trials_table(searches),
        trajectories=int(steps["trajectories"].sum()),
        updates=int(steps["updates"].sum()),
        seconds=seconds,
        compile_seconds=compiled,
    )
