"""What to train a regression with: every optimizer tuned on the same budget, and judged afresh."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from simopt.analysis.recommendation import code, judging, sentences, tuning
from simopt.analysis.recommendation.data import Floats, Parts, Table, from_file, from_problem, split
from simopt.analysis.recommendation.judging import Judged
from simopt.analysis.recommendation.result import Recommendation
from simopt.ground import checks
from simopt.ground.threads import thread_count
from simopt.problems.problem import Problem
from simopt.rules import ALL, SGD, Optimizer
from simopt.training import plan, shuffling
from simopt.training.stepper import check_optimizer

#: The optimizers tuned by default: those that PyTorch, Keras and optax all have.
OPTIMIZERS = ("SGD", "Momentum", "Nesterov", "AdaGrad", "RMSprop", "Adam", "AdamW")

#: Batch sizes by default, as far as a quarter of the training rows.
BATCH_SIZES = (1, 8, 32, 128, 512)

#: Numbers (points times weights) that each optimizer may handle for a budget of 1.
WORK = 1e9

#: Epochs at least and at most, whatever the budget.
FEWEST_EPOCHS, MOST_EPOCHS = 3, 200

#: Orders that settings are judged on: far from those they are tuned on.
FRESH, FIRST_FRESH = 32, 100

#: What may be asked for; a million times the usual work takes weeks.
BUDGET = checks.Interval(low=0.0, high=1e6, low_open=True)


class RecommendationInterrupted(KeyboardInterrupt):
    """Ctrl-C while tuning. ``recommendation`` is among the optimizers that were done."""

    def __init__(self, recommendation: Recommendation) -> None:
        done = len(recommendation.ranking)
        super().__init__(
            f"interrupted after {done} optimizers; what they show is in .recommendation"
        )
        self.recommendation = recommendation


def recommend(
    problem: Problem | str | os.PathLike[str],
    target: str | None = None,
    *,
    kind: str | None = None,
    features: Sequence[str] | None = None,
    missing: str = "refuse",
    sep: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    optimizers: Sequence[str] | None = None,
    batch_sizes: Sequence[int] | None = None,
    budget: float = 1.0,
    seed: int = 0,
    progress: bool | None = None,
    threads: int | None = None,
) -> Recommendation:
    """Which optimizer, rate, batch size and number of epochs to train a regression with.

    Parameters
    ----------
    problem : Problem or path
        A regression without l2, or a CSV or Parquet file.
    target : str, optional
        Of a file, the column to predict.
    kind : {"least_squares", "logistic", "huber", "poisson"}, optional
        Of a file, the loss; if None, "logistic" for a target of two values and "least_squares" for
        any other. Huber's delta is one standard deviation of the target.
    features : sequence of str, optional
        Of a file, the columns to predict from; all that may predict if None. Texts become columns
        of 0 and 1, one for all but the first of them.
    missing : {"refuse", "drop"}, default "refuse"
        Of a file, what to do with rows that lack a value.
    sep, decimal, encoding : str, optional
        Of a file of text, how it is written, as in `simopt.problems.read_table`.
    optimizers : sequence of str, optional
        Names such as "Adam"; SGD, Momentum, Nesterov, AdaGrad, RMSprop, Adam and AdamW if None.
    batch_sizes : sequence of int, optional
        1, 8, 32, 128 and 512 if None, as far as a quarter of the training rows.
    budget : float, default 1.0
        How much to compute, about a minute's work of two cores each. It is an amount of work and no
        clock, so that results can be reproduced; kernels compiled for the first time come on top.
    seed : int, default 0
        What the split of the rows and all orders of the points follow from.
    progress : bool or None
        Show a progress bar with the time to go; None shows one on a terminal.
    threads : int or None
        As in `sweep`. The results do not depend on it.

    Returns
    -------
    Recommendation
        Print it; its tables and programs are described there.

    Raises
    ------
    ValueError
        If an argument is not allowed, or the table has too few rows or a target that does not vary.
    RecommendationInterrupted
        On Ctrl-C, a KeyboardInterrupt that carries what the optimizers that were done show.

    Notes
    -----
    *Rows.* A fifth of the rows is to choose settings by (validation), a fifth to judge them by
    (test), the rest to train on; of a table too large for the budget a part. Features, and the
    target of least squares and Huber's loss, are standardised with the training rows' means and
    standard deviations, and the weights start at 0.

    *Tuning.* For every optimizer 25 rates from 10^-6 to 100 at every batch size, on two orders of
    the points; then, at the two batch sizes that went lowest, nine rates closer around the best on
    eight other orders. A rate counts as the worst of itself and its two neighbours (a third less, a
    third more): one at the brink of divergence is none to recommend. Of the settings that lose less
    than 0.1 % of what the best explains beyond a constant, the one with the fewest epochs is taken,
    of several the largest batch. Other hyperparameters have PyTorch's defaults.

    *Judging.* Every optimizer trains with its setting on 32 orders that no setting was chosen on.
    Two are told apart if an interval of 95 % for the difference of their median losses leaves out
    0, from 1,000 draws of both the orders and the held-out rows (a paired bootstrap). Of those that
    can't be told from the best on the validation rows, the one is recommended that loses least
    within a factor of three of its rate. What is reported is the loss on the test rows.

    References
    ----------
    D. Choi, C. J. Shallue, Z. Nado, J. Lee, C. J. Maddison, G. E. Dahl, On empirical comparisons of
    optimizers for deep learning, arXiv:1910.05446 (2019).
    B. Efron, R. J. Tibshirani, An introduction to the bootstrap (1993).

    Examples
    --------
    >>> import simopt
    >>> diabetes = simopt.problems.diabetes()
    >>> made = simopt.recommend(diabetes, optimizers=["SGD", "Adam"], budget=0.1)
    >>> sorted(made.ranking["verdict"])
    ["can't tell", 'recommended']
    >>> 0.3 < made.score < 0.6, made.score_name
    (True, 'R2')
    >>> list(made.code)
    ['torch', 'keras', 'optax', 'sklearn']
    """
    chosen = check_optimizers(optimizers)
    share = checks.number("budget", budget, BUDGET)
    seed = shuffling.check_seed(seed)
    if seed > 2**50:
        raise checks.refuse("seed", seed, "at most 2^50")
    workers = thread_count(threads)
    progress = checks.optional_flag("progress", progress)
    how = {"sep": sep, "decimal": decimal, "encoding": encoding}
    table = read(problem, target, kind, features, missing, how)
    width = table.x.shape[1] + 1
    each = len(BATCH_SIZES) if batch_sizes is None else len(checks.axis("batch_sizes", batch_sizes))
    trajectories = tuning.runs(each) + judging.runs(FRESH)
    allowed = share * WORK / (trajectories * width)
    parts = split(table, seed, max(int(allowed / FEWEST_EPOCHS), 2 * max(BATCH_SIZES)))
    sizes = check_sizes(batch_sizes, parts)
    epochs = int(min(max(allowed / parts.train.n, FEWEST_EPOCHS), MOST_EPOCHS))

    began = time.perf_counter()
    work = _Work(parts, sizes, epochs, seed, workers)
    interrupted = False
    total = (len(chosen) + 1) * trajectories * epochs * parts.train.n * parts.train.d
    with tqdm(
        total=total,
        bar_format="{l_bar}{bar}| {elapsed}, {remaining} to go{postfix}",
        disable=None if progress is None else not progress,
    ) as bar:
        work.bar = bar
        try:
            for optimizer in chosen:
                work.add(optimizer)
        except KeyboardInterrupt:
            interrupted = True
            if not work.judged:
                # Not a sweep's own, whose rows are of the tuning and nothing that was asked for.
                raise KeyboardInterrupt(
                    "interrupted before an optimizer was judged; nothing is kept"
                ) from None
        made = work.result([one.name for one in chosen if one.name not in work.judged], began)
        bar.update(total - bar.n)
    if interrupted:
        raise RecommendationInterrupted(made)
    return made


def read(
    problem: Any, target: Any, kind: Any, features: Any, missing: Any, how: dict[str, Any]
) -> Table:
    """The points of a problem or of a file, which is written so."""
    if isinstance(problem, Problem):
        own = {"target": target, "kind": kind, "features": features, **how}
        for name, value in own.items():
            if value is not None:
                raise checks.refuse(name, value, "None with a problem, which has its own")
        return from_problem(problem)
    if not isinstance(problem, (str, os.PathLike)):
        allowed = "a problem or the path of a table (problems.from_frame makes one of a DataFrame)"
        raise checks.refuse("problem", problem, allowed)
    if target is None:
        raise checks.refuse("target", target, "the column to predict")
    return from_file(problem, target, kind, features, missing, **how)


def check_optimizers(names: Any) -> list[Optimizer]:
    """Check names of optimizers; they come in PyTorch's convention."""
    if names is None:
        names = OPTIMIZERS
    if isinstance(names, str) or not checks.is_sequence(names):
        raise checks.refuse("optimizers", names, "a list of names")
    known = {each.lower(): each for each in OPTIMIZERS}
    chosen = []
    for name in checks.axis("optimizers", names):
        if not isinstance(name, str) or name.lower() not in known:
            raise checks.refuse("optimizers", name, "one of " + ", ".join(OPTIMIZERS))
        chosen.append(known[name.lower()])
    return [check_optimizer(ALL[name](convention="torch")) for name in dict.fromkeys(chosen)]


def check_sizes(batch_sizes: Any, parts: Parts) -> list[int]:
    """Check batch sizes, ascending."""
    if batch_sizes is None:
        return [size for size in BATCH_SIZES if size == 1 or size <= parts.train.n // 4]
    given = checks.axis("batch_sizes", batch_sizes)
    return sorted({plan.check_batch_size(size, parts.train.n, "batch_sizes") for size in given})


@dataclass
class _Work:
    """What is the same for all optimizers, and what is known of each."""

    parts: Parts
    sizes: list[int]
    epochs: int
    seed: int
    threads: int
    bar: Any = None
    trajectories: int = 0
    tuned: dict[str, tuning.Tuned] = field(default_factory=dict)
    judged: dict[str, Judged] = field(default_factory=dict)
    fresh: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.fresh = [1000 * self.seed + FIRST_FRESH + each for each in range(FRESH)]

    def tick(self, what: str, numbers: float) -> None:
        """Count work, and show it."""
        self.bar.set_postfix_str(what, refresh=False)
        self.bar.update(min(numbers, self.bar.total - self.bar.n))

    def tune(self, optimizer: Optimizer, sizes: list[int]) -> tuning.Tuned:
        """The best setting."""
        self.trajectories += tuning.runs(len(sizes))
        return tuning.tune(
            optimizer, self.parts, sizes, self.epochs, self.seed, self.tick, self.threads
        )

    def judge(self, optimizer: Optimizer, batch_size: int, epochs: int) -> Judged:
        """What a setting is worth on fresh orders."""
        runs = judging.runs(FRESH)
        self.trajectories += runs
        judged = judging.judge(optimizer, batch_size, epochs, self.parts, self.fresh, self.threads)
        self.tick(optimizer.name, float(runs * epochs * self.parts.train.n * self.parts.train.d))
        return judged

    def add(self, optimizer: Optimizer) -> None:
        """Tune an optimizer and judge it."""
        tuned = self.tune(optimizer, self.sizes)
        judged = self.judge(tuned.optimizer, tuned.batch_size, tuned.epochs)
        self.tuned[optimizer.name], self.judged[optimizer.name] = tuned, judged

    def worth(self, judged: Judged) -> dict[str, Any]:
        """The columns of a setting and of what it is worth."""
        loss, low, high = judging.band(judged.losses)
        return {
            "eta": judged.eta,
            "batch_size": judged.batch_size,
            "epochs": judged.epochs,
            "loss": loss,
            "low": low,
            "high": high,
            "score": self.scores(judged.predictions)[0],
            "default_eta": judged.default_eta,
            "default_loss": judging.band(judged.default_losses)[0],
            "default_score": self.scores(judged.default_predictions)[0],
        }

    def scores(self, z: Floats) -> tuple[float, float, float]:
        """The median score over the orders, and what nine of ten lie between."""
        found = judging.score(self.parts.test, z, self.parts.constant)
        return judging.band(np.where(np.isfinite(found), found, -np.inf))

    def result(self, unfinished: list[str], began: float) -> Recommendation:
        """Compare, and write down."""
        parts = self.parts
        own = self.judged[judging.choose(self.judged, self.seed)]
        loss, low, high = judging.band(own.losses)
        score, score_low, score_high = self.scores(own.predictions)
        frameworks, programs, notes = self.frameworks(own)
        constant = parts.test.x @ parts.constant
        edge = [name for name, each in self.tuned.items() if each.edge]
        if edge:
            notes.append(f"The best rate is at the end of those tried: {', '.join(edge)}.")
        if own.epochs == self.epochs:
            notes.append(
                f"{self.epochs} epochs are the most that were tried: more may be better yet."
            )
        trials = [each.trials for each in self.tuned.values()]
        return Recommendation(
            parts=parts,
            optimizer=own.optimizer,
            batch_size=own.batch_size,
            epochs=own.epochs,
            loss=loss,
            low=low,
            high=high,
            score_name=judging.score_name(parts.train.kind),
            score=score,
            score_low=score_low,
            score_high=score_high,
            constant_loss=parts.test.loss(parts.constant),
            constant_score=float(judging.score(parts.test, constant, parts.constant)),
            ranking=self.ranking(own),
            sensitivity=_sensitivity(self.judged),
            frameworks=frameworks,
            code=programs,
            notes=tuple(notes),
            trials=pd.concat(trials, ignore_index=True),
            seeds=FRESH,
            unfinished=tuple(unfinished),
            trajectories=self.trajectories,
            seconds=time.perf_counter() - began,
        )

    def ranking(self, own: Judged) -> pd.DataFrame:
        """A row per optimizer, the lowest loss first."""
        rows = []
        for name, each in self.judged.items():
            apart, verdict = (0.0, 0.0, 0.0), "recommended"
            if each is not own:
                apart = judging.difference(each.points, own.points, self.seed)
                verdict = _verdict(*apart[1:])
            rows.append(
                {
                    "optimizer": name,
                    **self.worth(each),
                    "nearby": each.lost_nearby(each.test),
                    "difference": apart[0],
                    "difference_low": apart[1],
                    "difference_high": apart[2],
                    "verdict": verdict,
                }
            )
        return pd.DataFrame(rows).sort_values("loss", kind="stable", ignore_index=True)

    def frameworks(self, own: Judged) -> tuple[pd.DataFrame, dict[str, str], list[str]]:
        """A row and a program for each framework, and what to say about those that lack it."""
        rows, programs, notes = [], {}, []
        kind = self.parts.train.kind
        for key in code.TARGETS:
            optimizer, size, epochs = own.optimizer, own.batch_size, own.epochs
            if key == "sklearn":
                lacking = sentences.not_in_sklearn(optimizer, size, kind)
                if lacking:
                    notes.append(lacking)
                if kind not in code.MODELS:
                    continue
                if lacking:
                    # What it does have, at its own best.
                    nearest = self.tune(SGD(convention="torch"), [1])
                    optimizer, size, epochs = nearest.optimizer, 1, nearest.epochs
            judged = self.judge(code.in_framework(optimizer, key), size, epochs)
            row = {"framework": key, "optimizer": optimizer.name, **self.worth(judged)}
            promise = sentences.promise(row["loss"], row["low"], row["high"], FRESH)
            programs[key] = code.program(self.parts, judged.optimizer, size, epochs, promise)
            rows.append(row)
        return pd.DataFrame(rows), programs, notes


def _verdict(low: float, high: float) -> str:
    """Whether an interval of a difference of losses leaves out 0, and on which side."""
    return "worse" if low > 0 else "better" if high < 0 else "can't tell"


def _sensitivity(judged: dict[str, Judged]) -> pd.DataFrame:
    """A row per optimizer and rate: the test loss over the fresh orders."""
    rows = []
    for name, each in judged.items():
        for eta, losses in zip(each.rates, each.test, strict=True):
            loss, low, high = judging.band(losses)
            diverged = float(np.isinf(losses).mean())
            rows.append([name, float(eta), loss, low, high, diverged])
    columns = ["optimizer", "eta", "loss", "low", "high", "diverged"]
    return pd.DataFrame(rows, columns=columns)


__all__ = ["RecommendationInterrupted", "recommend"]
