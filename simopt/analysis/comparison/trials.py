"""The trials of a comparison, what tuning chooses of them, and how much the rate matters."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from simopt.analysis import measures
from simopt.ground import checks
from simopt.problems import Problem
from simopt.problems.problem import known_minimum
from simopt.rules.rule import Optimizer
from simopt.schedules import Schedule
from simopt.sweeps.sweep import sweep

#: A relative excess below this counts as this: who is nearer to an optimum already reached to
#: twelve digits is of no interest, and rounding would decide it.
FLOOR = 1e-12

#: One above this, or of a trajectory that diverged, counts as this: how badly a setting failed
#: must not outweigh the problems on which it works.
WORST = 10.0

#: The columns of `compare` that every table has.
KEYS = ("problem", "optimizer", "setting")

Problems = Mapping[str, Problem]


def compare(
    problems: Problems | Callable[[int], Problems],
    optimizers: Mapping[str, Optimizer] | Sequence[Optimizer],
    *,
    batch_size: int | str = 8,
    epochs: int = 30,
    tuning_seeds: Collection[int] = range(4),
    judging_seeds: Collection[int] = range(1000, 1012),
    schedule: Schedule | str | None = None,
    threads: int | None = None,
) -> pd.DataFrame:
    """Try every setting of every optimizer on every problem, on seeds to tune and seeds to judge.

    Every optimizer has as many settings as every other: the same budget of trials. A seed draws
    the order of the points, anew every epoch, the same for all optimizers; and the data too, where
    ``problems`` makes them from a seed.

    Parameters
    ----------
    problems : mapping of str to Problem, or callable
        The problems by name; or a function of a seed that gives them, then each seed has data of
        its own: ``simopt.problems.synthetic.suite``.
    optimizers : mapping of str to Optimizer, or sequence of Optimizer
        Each with its axes, the grid that it is tuned over; by the name of its row, or by its own.
    batch_size : int or "full", default 8
        Points per update.
    epochs : int, default 30
        Of every trial.
    tuning_seeds, judging_seeds : collection of int
        Seeds that choose a setting, and seeds that it is judged on; none may be in both.
    schedule : Schedule or str, optional
        As in `simopt.sweep`: of the rates of all trials.
    threads : int, optional
        As in `simopt.sweep`.

    Returns
    -------
    DataFrame
        A row per trial: problem, part ("tuning" or "judging"), seed, optimizer, setting (its number
        in the grid), the hyperparameters that are axes of any optimizer (NaN where one has none),
        and excess: the loss at the end above the minimum, relative to that at the start, from
        `FLOOR` to `WORST`. Where the minimum is unknown it counts as 0. ``attrs`` has the
        trajectories, updates and seconds of all.

    Raises
    ------
    ValueError
        If budgets differ, a seed is in both parts, a problem begins at its minimum, a loss is below
        0 where the minimum is unknown, or an argument is not allowed.

    Examples
    --------
    >>> import simopt
    >>> from simopt.problems.synthetic import suite
    >>> rates = [0.01, 0.1, 1.0]
    >>> rules = [simopt.SGD(eta=rates), simopt.Adam(eta=rates)]
    >>> trials = compare(suite, rules, epochs=2, tuning_seeds=[0], judging_seeds=[1, 2])
    >>> len(trials), trials.groupby("optimizer")["setting"].nunique().to_dict()
    (126, {'Adam': 3, 'SGD': 3})
    """
    rules = _named(optimizers)
    tuning = _seeds("tuning_seeds", tuning_seeds)
    judging = _seeds("judging_seeds", judging_seeds)
    if both := sorted({*tuning} & {*judging}):
        raise checks.refuse("judging_seeds", both, "other seeds than those of tuning_seeds")
    settings = {name: settings_of(each) for name, each in rules.items()}
    budgets = {name: len(grid) for name, grid in settings.items()}
    if len({*budgets.values()}) > 1:
        raise checks.refuse("optimizers", budgets, "of as many settings each: equal budgets")
    (budget,) = {*budgets.values()}
    for argument, value in (("batch_size", batch_size), ("epochs", epochs), ("schedule", schedule)):
        if checks.is_sequence(value):
            raise checks.refuse(argument, value, "one value, for all trials")
    grid = pd.concat(
        [
            pd.DataFrame(rows).assign(optimizer=name, setting=range(budget))
            for name, rows in settings.items()
        ],
        ignore_index=True,
    )
    axes = [each for each in grid.columns if each not in KEYS]
    draws = _draws(problems, [*tuning, *judging])
    account: dict[str, Any] = {"trajectories": 0, "updates": 0, "seconds": 0.0}
    excess = []
    for _, problem, seeds in draws:
        frame = sweep(
            problem,
            list(rules.values()),
            batch_size=batch_size,
            epochs=epochs,
            shuffle="epoch" if problem.n else "never",
            seed=seeds,
            schedule=schedule,
            evaluate="epoch",
            progress=False,
            threads=threads,
        )
        for each in account:
            account[each] += frame.attrs[each]
        frame.attrs = {}  # every column taken would copy them
        excess.append(_excess(frame, problem))
    # The sweeps' rows: by optimizer, by setting, by seed.
    rows = np.concatenate([np.repeat(np.arange(len(grid)), len(seeds)) for *_, seeds in draws])
    seed = np.concatenate([np.tile(seeds, len(grid)) for *_, seeds in draws])
    counts = [len(each) for each in excess]
    trials = grid.iloc[rows].assign(
        problem=np.repeat([name for name, *_ in draws], counts),
        part=np.where(np.isin(seed, tuning), "tuning", "judging"),
        seed=seed,
        excess=np.concatenate(excess),
    )
    columns = ["problem", "part", "seed", "optimizer", "setting", *axes, "excess"]
    trials = trials[columns].reset_index(drop=True)
    trials.attrs |= account
    return trials


def judged(trials: pd.DataFrame) -> pd.DataFrame:
    """The judging trials of the settings that tuning chose.

    On every problem an optimizer's setting is that of the least geometric mean of the excess over
    the tuning seeds; of equal ones the first. What was judged has no part in the choice.

    Parameters
    ----------
    trials : DataFrame
        From `compare`.

    Returns
    -------
    DataFrame
        The rows of ``trials`` that judge the settings chosen, one per problem, optimizer and seed.

    Examples
    --------
    >>> import pandas as pd
    >>> trials = pd.DataFrame(
    ...     {
    ...         "problem": "line", "optimizer": "SGD", "seed": [0, 0, 1, 1],
    ...         "part": ["tuning", "tuning", "judging", "judging"],
    ...         "setting": [0, 1, 0, 1], "excess": [0.1, 0.2, 0.5, 0.4],
    ...     }
    ... )
    >>> judged(trials)["excess"].tolist()
    [0.5]
    """
    checks.table("trials", trials, [*KEYS, "part", "seed", "excess"])
    tuning = trials[trials["part"] == "tuning"]
    held = {part: len(rows.groupby([*KEYS[:2]])) for part, rows in trials.groupby("part")}
    if not held.get("tuning") or held.get("judging", 0) > held["tuning"]:
        allowed = "trials that tune every optimizer on every problem"
        raise checks.refuse("trials", f"{len(tuning)} rows that tune", allowed)
    judging = trials[trials["part"] == "judging"]
    kept = pd.MultiIndex.from_frame(judging[[*KEYS]]).isin(chosen(tuning))
    result = judging[kept].reset_index(drop=True)
    result.attrs = trials.attrs
    return result


def chosen(tuning: pd.DataFrame) -> list[tuple[str, str, int]]:
    """Problem, optimizer and setting: those that `judged` takes, from the trials that tune."""
    scores = np.log(tuning["excess"]).groupby([tuning[each] for each in KEYS], sort=False).mean()
    return list(scores.groupby(level=["problem", "optimizer"], sort=False).idxmin())


def sensitivity(trials: pd.DataFrame, within: float = 2.0) -> pd.DataFrame:
    """How wide the range of good rates is, on every problem.

    Parameters
    ----------
    trials : DataFrame
        From `compare`, with the rate ``eta`` as an axis, evenly spaced in its logarithm. Of
        further axes every rate counts at its best.
    within : float, default 2
        A rate is good if its median excess over the judging seeds is at most this many times the
        least.

    Returns
    -------
    DataFrame
        problem, optimizer, eta (the best rate of the judging seeds), excess (its median), edge
        ("lower" or "upper" if that rate is the last of the grid) and decades: the good rates,
        times the grid's spacing.

    Examples
    --------
    >>> import simopt
    >>> four = {"four points": simopt.problems.four_points()}
    >>> rates = [0.001, 0.01, 0.1, 1.0]
    >>> trials = compare(four, [simopt.SGD(eta=rates)], batch_size=1)
    >>> sensitivity(trials)[["optimizer", "eta", "decades"]].values.tolist()
    [['SGD', 0.1, 1.0]]
    """
    checks.table("trials", trials, [*KEYS, "part", "eta", "excess"])
    judging = trials[trials["part"] == "judging"]
    by = ["problem", "optimizer"]
    table = judging.groupby([*by, "setting", "eta"], as_index=False, sort=False)["excess"].median()
    table = table.groupby([*by, "eta"], as_index=False, sort=False)["excess"].min()
    best = measures.best(table, by, value="excess")[[*by, "eta", "excess", "edge"]]
    return best.merge(measures.width(table, by, within=within, value="excess"), on=by, how="left")


def _named(optimizers: Mapping[str, Optimizer] | Sequence[Optimizer]) -> dict[str, Optimizer]:
    allowed = "at least one Optimizer, each of a name of its own; a mapping gives names"
    if isinstance(optimizers, Mapping):
        given = [(name, each) for name, each in optimizers.items()]
    else:
        given = [
            (getattr(each, "name", ""), each) for each in checks.axis("optimizers", optimizers)
        ]
    for _, each in given:
        if not isinstance(each, Optimizer) or each.several:
            raise checks.refuse("optimizers", each, "an Optimizer of one convention")
    given = [(checks.text("optimizers", name, allowed), each) for name, each in given]
    if not given or len({name for name, _ in given}) < len(given):
        raise checks.refuse("optimizers", optimizers, allowed)
    return dict(given)


def _seeds(name: str, seeds: Collection[int]) -> list[int]:
    each = [checks.whole(name, seed, 0) for seed in checks.axis(name, seeds)]
    if len({*each}) != len(each):
        raise checks.refuse(name, seeds, "at least one seed, each once")
    return each


def settings_of(optimizer: Optimizer) -> list[dict[str, float]]:
    """The settings of an optimizer in a sweep's order, as its axes alone."""
    axes = {name: each for name, each in optimizer.settings.items() if isinstance(each, tuple)}
    return [dict(zip(axes, each, strict=True)) for each in itertools.product(*axes.values())]


def _draws(
    problems: Problems | Callable[[int], Problems], seeds: list[int]
) -> list[tuple[str, Problem, list[int]]]:
    """Every problem with the seeds that it is run on: all, or the one that drew its data."""
    draws: list[tuple[Any, list[int]]] = [(problems, seeds)]
    if callable(problems):
        if not _takes_a_seed(problems):
            raise checks.refuse("problems", problems, "problems by name, or a function of a seed")
        draws = [(problems(seed), [seed]) for seed in seeds]
    names: list[str] | None = None
    for drawn, _ in draws:
        if not isinstance(drawn, Mapping) or not drawn or names not in (None, [*drawn]):
            raise checks.refuse("problems", drawn, "a mapping of the same names for every seed")
        names = [checks.text("problems", name, "named by texts") for name in drawn]
        for problem in drawn.values():
            if not isinstance(problem, Problem):
                allowed = "problems such as those of simopt.problems"
                raise checks.refuse("problems", problem, allowed)
            if not problem.loss(problem.w0) > known_minimum(problem):
                allowed = "such that the loss at the start is above the minimum"
                raise checks.refuse("problems", problem, allowed)
    return [(name, each, own) for drawn, own in draws for name, each in drawn.items()]


def _takes_a_seed(function: Callable[..., Any]) -> bool:
    """Whether it can be called with one number, as far as its signature says."""
    try:
        inspect.signature(function).bind(0)
    except TypeError:
        return False
    except ValueError:  # of something built in that has none
        return True
    return True


def _excess(frame: pd.DataFrame, problem: Problem) -> Any:
    least = known_minimum(problem)
    loss = frame["loss"].to_numpy(np.float64)
    if np.isnan(problem.minimum_loss) and (loss < 0).any():
        lowest = f"a loss of {np.nanmin(loss)}"
        raise checks.refuse("problems", lowest, "above 0 where the minimum is unknown")
    failed = (frame["status"] == "diverged").to_numpy() | ~np.isfinite(loss)
    with np.errstate(invalid="ignore"):
        relative = (loss - least) / (problem.loss(problem.w0) - least)
    return np.where(failed, WORST, np.clip(relative, FLOOR, WORST))
