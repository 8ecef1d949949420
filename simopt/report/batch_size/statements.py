"""What holds: the document's statements on batch size, judged by the numbers of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from simopt.analysis import measures
from simopt.display import tables
from simopt.document.quantities import ETA
from simopt.ground.formatting import count, listing, number, out_of
from simopt.problems import Problem
from simopt.report.batch_size.grid import EPOCHS, plan_of
from simopt.report.batch_size.measured import SOLVED
from simopt.report.sweeps import KEY, records
from simopt.rules import OPTIMIZERS, Adam
from simopt.training.run import run

#: A verdict: its words, and the badge that they stand in.
Verdict = tuple[str, str]
HOLDS: Verdict = ("holds", "good")
PARTLY: Verdict = ("in part", "fair")
FAILS: Verdict = ("does not hold", "bad")


#: Times within a tenth are the same: a machine has other things to do.
FASTER = 1.1


@dataclass(frozen=True)
class Claim:
    """A statement of the document, whether it holds, and the numbers that say so."""

    statement: str
    verdict: Verdict
    why: str

    @property
    def badge(self) -> Markup:
        """The verdict, as the page shows it."""
        return tables.badge(*self.verdict)


def statements(
    four: Problem,
    epoch: pd.DataFrame,
    squares: dict[str, Any],
    costs: dict[str, pd.DataFrame],
    curves: dict[str, pd.DataFrame],
) -> list[Claim]:
    """What the document says of larger batches, and what the numbers of this page say."""
    tuned = {
        key: measures.best(table[table["budget"] == "epochs"], KEY).pivot_table(
            index="optimizer", columns="batch_size", values="median"
        )
        for key, table in curves.items()
    }
    return [
        less_noise(costs),
        slowest_per_epoch(epoch, tuned),
        slower_sum(squares),
        learning_longer(squares),
        steadier_moment(four),
        counting_batches(epoch),
        best_trade_off(tuned["diabetes"]),
        faster_epoch(costs),
    ]


def less_noise(costs: dict[str, pd.DataFrame]) -> Claim:
    """Whether the gradient's noise falls at every step up in batch size."""
    noise = costs["diabetes"]
    falls = all((np.diff(cost["noise"]) < 0).all() for cost in costs.values())
    return Claim(
        "Averaging lowers the noise of the gradient",
        HOLDS if falls else PARTLY,
        "tr Cov falls at every step up in batch size, on all three problems; on diabetes from "
        f"{number(noise['relative'].iloc[0], 2)} to {number(noise['relative'].iloc[-2], 2)} "
        f"times the squared gradient at batch {noise['batch_size'].iloc[-2]}, and to 0 at the "
        "full batch.",
    )


def slowest_per_epoch(epoch: pd.DataFrame, tuned: dict[str, pd.DataFrame]) -> Claim:
    """Whether the full batch ends above batch 1, at the document's rate and tuned."""
    distance = epoch.pivot_table(index="optimizer", columns="batch_size", values="distance")
    slower = int((distance[4] > distance[1]).sum())
    last = {
        key: int((table[table.columns.max()] > table[table.columns.min()]).sum())
        for key, table in tuned.items()
    }
    every = slower == len(distance) and all(last[k] == len(tuned[k]) for k in tuned)
    none = slower == 0 and not any(last.values())
    ends = listing(f"{out_of(last[key], len(tuned[key]))} on {key}" for key in tuned)
    one_step = tuned["Hubble"].loc["SGD"].iloc[-1] < SOLVED
    return Claim(
        "The full batch learns slowest per epoch",
        HOLDS if every else FAILS if none else PARTLY,
        f"On the four points at the document's rate for {out_of(slower, len(distance))} methods "
        f"after one epoch. With the rate tuned again the full batch ends above batch 1 for {ends}"
        + (
            ": with one weight, a tuned full batch steps straight to the optimum"
            if one_step
            else ""
        )
        + ".",
    )


def slower_sum(squares: dict[str, Any]) -> Claim:
    """Whether averaging is what slows AdaGrad's G."""
    return Claim(
        "G grows several times more slowly with the full batch, because of averaging",
        PARTLY if squares["ratio"] > 2 else FAILS,
        f"It grows {number(squares['ratio'], 3)} times more slowly per epoch at a fixed weight, "
        f"but {squares['terms']} of that is fewer updates; averaging accounts for "
        f"{number(squares['averaging'], 3)}.",
    )


def learning_longer(squares: dict[str, Any]) -> Claim:
    """Whether AdaGrad's larger rate at larger batches takes it nearer."""
    ends = squares["longer"].groupby("batch_size").last()
    larger = ends["effective_lr"].is_monotonic_increasing
    nearer = ends["distance"].is_monotonic_decreasing
    return Claim(
        "AdaGrad keeps learning longer with larger batches",
        FAILS if not larger else HOLDS if nearer else PARTLY,
        f"Its effective rate after {squares['epochs']} epochs is "
        + listing(
            f"{number(rate, 2)} at batch {size}" for size, rate in ends["effective_lr"].items()
        )
        + ", but its distance from the optimum "
        + listing(number(gap, 3) for gap in ends["distance"])
        + ".",
    )


def steadier_moment(four: Problem) -> Claim:
    """Whether Adam's second moment swings less at larger batches."""
    swing = adam_swing(four)
    return Claim(
        "Adam's second moment is steadier with larger batches",
        HOLDS if swing.is_monotonic_decreasing else FAILS,
        f"Over the first {four.n} updates the largest corrected second moment is "
        + listing(f"{number(s, 3)} times the least at batch {b}" for b, s in swing.items())
        + ".",
    )


def adam_swing(problem: Problem) -> pd.Series:
    """Largest over least corrected second moment in as many updates as points, per batch size."""
    found = {}
    for size in (1, 2, problem.n):
        epochs = -(-problem.n // plan_of(problem, size).batches)
        steps = run(problem, Adam(eta=ETA), batch_size=size, epochs=epochs).steps
        moment = steps["v_hat"].iloc[: problem.n]
        found[size] = float(moment.max() / moment.min())
    return pd.Series(found)


def counting_batches(epoch: pd.DataFrame) -> Claim:
    """Whether Adam's t is the number of updates."""
    adam = epoch[epoch["optimizer"] == "Adam"]
    counted = [int(cell["steps"]["t"].iloc[-1]) for cell in records(adam)]
    ends = zip(adam["batch_size"], counted, strict=True)
    return Claim(
        "Adam's t counts batches, not points",
        HOLDS if counted == adam["updates"].tolist() else FAILS,
        f"After one epoch t is {listing(f'{t} at batch {b}' for b, t in ends)}.",
    )


def best_trade_off(tuned: pd.DataFrame) -> Claim:
    """Whether the best batch size on diabetes lies in the usual range."""
    diabetes = tuned.drop(index="AdamW")
    usual = [32 <= int(size) <= 256 for size in diabetes.columns.to_list()]
    typical = diabetes.T[usual].T.min(axis="columns")
    winners, loses = diabetes.idxmin(axis="columns"), typical / diabetes.min(axis="columns")
    inside, close = int(winners.between(32, 256).sum()), int((loses <= 1.1).sum())
    return Claim(
        "Batches of 32 to 256 are the best trade-off",
        HOLDS if inside == len(winners) else PARTLY if close else FAILS,
        f"On diabetes, tuned, after {EPOCHS['diabetes']} epochs, the best batch size is "
        + listing(f"{winners[n]} for {n}" for n in OPTIMIZERS if n in winners)
        + f"; the best in that range ends within a tenth of it for {out_of(close, len(winners))} "
        f"methods, and costs them up to {number(loses.max(), 2)} times the excess. AdamW, "
        "whose weight decay keeps it from the optimum, is left out.",
    )


def faster_epoch(costs: dict[str, pd.DataFrame]) -> Claim:
    """Whether an epoch takes less time with larger batches, on this machine."""
    times = {key: c["nanoseconds"].iloc[0] / c["nanoseconds"].iloc[-1] for key, c in costs.items()}
    faster = [time > FASTER for time in times.values()]
    return Claim(
        "Larger batches make an epoch faster",
        HOLDS if all(faster) else PARTLY if any(faster) else FAILS,
        "Here, SGD on one core with many trajectories side by side, points in a new order every "
        "epoch and each of them visited, a full-batch epoch is "
        + listing(f"{number(t, 2)} times as fast on {key}" for key, t in times.items())
        + " as one at batch 1; other machines differ.",
    )


def claims_sentence(claims: list[Claim]) -> str:
    """How many statements hold."""
    holds, partly, fails = (
        sum(1 for claim in claims if claim.verdict == verdict) for verdict in (HOLDS, PARTLY, FAILS)
    )
    return (
        f"Of {count(len(claims), 'statement')} that the document makes on batch size, "
        f"{number(holds)} {'holds' if holds == 1 else 'hold'} as measured here and "
        f"{number(partly)} in part"
        + (f"; {number(fails)} {'does' if fails == 1 else 'do'} not." if fails else ".")
    )
