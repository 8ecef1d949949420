"""Exact steps to a target loss, with the rate tuned at every batch size."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm.auto import tqdm

from simopt.analysis.nqm import leaping, notebook, tuning
from simopt.analysis.nqm.spectra import Packed, checked, curvatures, directions, grouped, packed
from simopt.ground import checks
from simopt.ground.threads import thread_count

Counts = NDArray[np.int64]

#: Of the table: steps, rate, beta or gamma, edges.
Row = tuple[int | None, float, float, str]

#: What can be asked for, and what each calls its memory.
ALGORITHMS = {"sgd": None, "momentum": "beta", "ema": "gamma"}

#: No setting is followed for longer than so many updates.
LONGEST = 10**9

#: A model is first searched with so many of its directions alone and so many groups of the others,
#: if it has more than MANY; then what came within the share NEAR of the best there, with all.
SINGLE, GROUPS, MANY, NEAR = 64, 64, 1_000, 0.25

#: So many settings are handed to a thread at once: one by one, handing over took an eighth.
TOGETHER = 8

#: Settings whose exact count is within this share of the best are counted as the notebook does.
MARGIN = 1e-5


def steps_to_target(
    batch_sizes: Sequence[int] | int,
    *,
    power: float = 0.0,
    algorithm: str = "sgd",
    spectrum: str = "authors",
    target: float = 0.01,
    d: int = 10_000,
    tuned: bool = False,
    threads: int | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    r"""The fewest updates to an expected loss, tuned at every batch size.

    The model is that of `simopt.nqm.problem`; expectations are over noise and start, and exact.
    With :math:`g` the preconditioned gradient, the algorithms are

    .. math::
        \text{sgd:}\quad & \theta \leftarrow \theta - \eta g \\
        \text{momentum:}\quad & v \leftarrow \beta v + g, \quad \theta \leftarrow \theta - \eta v \\
        \text{ema:}\quad & \theta \leftarrow \theta - \eta g, \quad
        \bar\theta \leftarrow \gamma \bar\theta + (1 - \gamma) \theta, \quad
        \text{the loss taken at } \bar\theta

    and all settings of the paper's grid are tried: 100 rates from 10^-5 to 10^0.5 for SGD; 100
    rates from 10^-8 to 10 with 20 values of 1 - beta, or 1 - gamma, from 10^-5 to 1 for the others.
    With more than 1,000 directions and the true spectrum all settings are tried with the flat
    directions in groups, and those within a quarter of the best there with every direction.

    Parameters
    ----------
    batch_sizes : int or sequence of int
        B, each >= 1.
    power : float, default 0
        p of the preconditioner h^-p, from 0 to 1.
    algorithm : {"sgd", "momentum", "ema"}
        As above.
    spectrum : {"authors", "true"}
        "authors" counts as the notebook of the paper's authors does, integer for integer: 100 bins,
        1e-8 added to a denominator of SGD, the rounding of its eigenvalues, and a bisection that
        returns the last update with a loss not below the target, as if the loss could only fall.
        Rounding decides one of the 60 published integers, Momentum's for B = 4 and p = 0: published
        is 1,333,443, exactly it is 1,333,442, and here it is one within a few of these, by the
        processor's linear algebra. An update changes that loss by 5e-7 of it, and the rounding of
        the eigenvalues by up to 1e-6.
        "true" is the model as written: no bins, and the first update with a loss below the target.
        Momentum's loss goes up and down, so that the two differ in meaning too: no crossing is
        missed here, however short.
    target : float, default 0.01
        The expected loss to get below, > 0.
    d : int, default 10,000
        Number of weights, >= 2.
    tuned : bool, default False
        Tune SGD's rate continuously, not on the grid; for the true spectrum.
    threads : int, optional
        How many; as many as there are processors if None.
    progress : bool, optional
        Whether to show a bar. None: when it takes more than a second.

    Returns
    -------
    DataFrame
        A row for each batch size, in the order given: ``batch_size``, ``steps`` (NA where no
        setting gets there), ``eta``, ``beta`` or ``gamma`` (not for SGD), and ``edge``: the ends of
        the grid that the best setting lies at ("eta low", "beta high" and so on), beyond which a
        better one may lie; "" if none. beta = 0 is no such end. Of equal settings the first counts,
        in ascending order of the rate, then of 1 - beta.

    Raises
    ------
    ValueError
        If an argument is not as above.

    References
    ----------
    G. Zhang, L. Li, Z. Nado, J. Martens, S. Sachdeva, G. Dahl, C. Shallue, R. Grosse, Which
    algorithmic choices matter at which batch sizes? Insights from a noisy quadratic model,
    NeurIPS 32 (2019).

    Examples
    --------
    >>> from simopt import nqm
    >>> table = nqm.steps_to_target([4, 1024, 2**20], algorithm="momentum")
    >>> table[["batch_size", "steps", "beta"]][1:].round(5)
       batch_size  steps     beta
    1        1024   5203  0.99766
    2     1048576    178  0.95167
    >>> table["edge"].tolist()  # the best beta for B = 4 may lie beyond the grid
    ['beta high', '', '']
    >>> nqm.steps_to_target(2**20, spectrum="true")[["steps", "eta"]].round(3)
       steps    eta
    0   7039  1.896
    """
    sizes = [
        checks.whole("batch_sizes", size, 1) for size in checks.axis("batch_sizes", batch_sizes)
    ]
    checks.choice("algorithm", algorithm, ALGORITHMS)
    power, spectrum, d = checked(power, spectrum, d)
    target = checks.number("target", target, checks.POSITIVE)
    workers = thread_count(threads)
    progress = checks.optional_flag("progress", progress)
    if checks.flag("tuned", tuned) and (algorithm != "sgd" or spectrum != "true"):
        raise checks.refuse("tuned", tuned, 'False, but for algorithm="sgd" and spectrum="true"')
    descending = np.array(sorted(set(sizes), reverse=True), np.int64)
    of = directions(power, spectrum, d)
    model = packed(of)
    authors = spectrum == "authors"
    many = not authors and d > MANY
    few = packed(grouped(of, SINGLE, GROUPS)) if many else model
    if tuned:
        found = tuning.tuned(model, few, descending.tolist(), target, LONGEST, workers)
        return _table(sizes, None, [(*found[size], np.nan, "") for size in sizes])
    rates, memories = grid(algorithm)
    settings = [(float(eta), float(memory)) for eta in rates for memory in memories]
    chosen = np.arange(len(settings))
    if many:
        chosen = promising(algorithm, few, settings, descending, target, workers)
    counts = np.full((len(settings), len(descending)), leaping.NEVER, np.int64)
    counts[chosen] = search(
        algorithm, model, [settings[i] for i in chosen], descending, target, bisected=authors,
        guard=notebook.GUARD if authors and algorithm == "sgd" else 0.0,
        workers=workers, progress=progress,
    )  # fmt: skip
    if authors:
        _recount(counts, algorithm, settings, power, d, descending, target)
    place = {size: i for i, size in enumerate(descending.tolist())}
    name = ALGORITHMS[algorithm]
    rows: list[Row] = []
    for column in (counts[:, place[size]] for size in sizes):
        i = int(np.where(column == leaping.NEVER, LONGEST + 1, column).argmin())
        gone = column[i] == leaping.NEVER
        edges = "" if gone else _edges(i, len(rates), len(memories), name)
        rows.append((None, np.nan, np.nan, "") if gone else (int(column[i]), *settings[i], edges))
    return _table(sizes, name, rows)


def grid(algorithm: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The paper's rates, and its values of beta or gamma, in the order of its loops."""
    if algorithm == "sgd":
        return np.logspace(-5, 0.5, 100), np.zeros(1)
    return np.logspace(-8, 1, 100), 1 - np.logspace(-5, 0, 20)


def promising(
    algorithm: str,
    few: Packed,
    settings: list[tuple[float, float]],
    sizes: Counts,
    target: float,
    workers: int,
) -> Counts:
    """Which settings may be best of a model, by what they need in one of fewer directions."""
    counts = search(
        algorithm, few, settings, sizes, target, bisected=False, workers=workers, near=NEAR
    )
    needed = np.where(counts == leaping.NEVER, np.inf, counts)
    return np.flatnonzero((needed <= needed.min(axis=0) * (1 + NEAR)).any(axis=1))


def search(
    algorithm: str,
    model: Packed,
    settings: list[tuple[float, float]],
    sizes: Counts,
    target: float,
    *,
    bisected: bool,
    guard: float = 0.0,
    workers: int = 1,
    progress: bool | None = False,
    near: float = 0.0,
) -> Counts:
    """Steps for every setting and size; NEVER where another setting is known to be better.

    By bisection or to the first crossing; ``guard`` is what SGD's denominator is increased by. A
    first crossing is counted where it is within the share ``near`` of the best known by then. The
    settings come in a scattered order, so that a good one is known soon. What is best so far is
    shared by the threads, which may overwrite it with something larger: then a little more is
    searched than need be, and the outcome is the same. ``sizes`` descend.
    """
    counts = np.full((len(settings), len(sizes)), leaping.NEVER, np.int64)
    high = notebook.HIGH[algorithm] if bisected else LONGEST
    best = np.full(len(sizes), high, np.int64)
    order = np.argsort(np.arange(len(settings)) * 0.6180339887498949 % 1.0).tolist()
    real = sizes.astype(float)

    def run(i: int) -> None:
        eta, memory = settings[i]
        c = model.c
        if guard:
            # As if the noise were that much less: the fixed point is what the guard makes of it.
            gap = 1 - (1 - eta * model.h) ** 2
            c = c * (gap / (gap + guard))
        given = (algorithm == "ema", eta, memory, model.h, c, model.decay, model.noise)
        if bisected:
            leaping.last_above(*given, target, real, high, MARGIN, best, counts[i])
        else:
            bounds = np.minimum(best * (1 + near), LONGEST).astype(np.int64)
            leaping.first_below(*given, target, real, bounds, counts[i])
            np.copyto(best, counts[i], where=(counts[i] != leaping.NEVER) & (counts[i] < best))

    def several(some: list[int]) -> int:
        for i in some:
            run(i)
        return len(some)

    bar = tqdm(
        total=len(order),
        unit=" settings",
        delay=1.0,
        disable=None if progress is None else not progress,
    )
    together = [order[k : k + TOGETHER] for k in range(0, len(order), TOGETHER)]
    with bar, ThreadPoolExecutor(workers) as pool:
        for done in pool.map(several, together):
            bar.update(done)
    return counts


def _recount(
    counts: Counts,
    algorithm: str,
    settings: list[tuple[float, float]],
    power: float,
    d: int,
    sizes: Counts,
    target: float,
) -> None:
    """Count the settings that may be the notebook's best as the notebook does."""
    h, number = curvatures("authors", d)
    bins = notebook.Bins(h, number, 1 / h**power)
    for b, size in enumerate(sizes.tolist()):
        column = counts[:, b]
        reached = column != leaping.NEVER
        if not reached.any():
            continue
        near = reached & (column <= column[reached].min() * (1 + MARGIN))
        column[~near] = leaping.NEVER
        for i in np.flatnonzero(near).tolist():
            column[i] = notebook.last_above(algorithm, bins, *settings[i], size, target)


def _edges(i: int, rates: int, memories: int, name: str | None) -> str:
    """The ends of the grid that setting i lies at."""
    rate, memory = divmod(i, memories)
    ends = {
        "eta low": rate == 0,
        "eta high": rate == rates - 1,
        f"{name} high": name is not None and memory == 0,
    }
    return ", ".join(end for end, there in ends.items() if there)


def _table(sizes: list[int], name: str | None, rows: list[Row]) -> pd.DataFrame:
    """The columns, in order, from (steps, eta, memory, edge) of each size."""
    steps, eta, memory, edges = zip(*rows, strict=True)
    columns: dict[str, Any] = {
        "batch_size": sizes,
        "steps": pd.array(list(steps), dtype="Int64"),
        "eta": eta,
    }
    if name is not None:
        columns[name] = memory
    return pd.DataFrame({**columns, "edge": edges})
