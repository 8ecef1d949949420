"""Claims about replacing Adam where it does worse than SGD: AdamW, or Momentum at the end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt import problems
from simopt.document.claims.claim import Finding
from simopt.document.claims.common import wilson
from simopt.document.claims.common.floors import floors
from simopt.document.claims.common.held_out import EPOCHS, at_end, chosen, errors, runs
from simopt.document.claims.context import Trials
from simopt.document.claims.verdict import decide
from simopt.ground.formatting import number, percent
from simopt.problems import Problem
from simopt.problems.synthetic import BATCH_SIZE, few_points, suite
from simopt.rules import SGD, Adam, AdamW, Momentum

Floats = NDArray[np.float64]

#: A rate and two neighbours within 5 % on either side.
WINDOW = 1.025 ** np.arange(-2, 3)


def adamw_instead(trials: Trials) -> Finding:
    """Three problems on which Adam does worse than SGD."""
    table = at_end(runs(trials))
    far = {
        name: max(float(floors(trials, rule, batch_size=b)["floor"].max()) for b in (1, 2, 4))
        for name, rule in (
            ("SGD", SGD(eta=0.1 * WINDOW)),
            ("Adam", Adam(eta=0.1 * WINDOW)),
            ("AdamW", AdamW(eta=0.1 * WINDOW)),
        )
    }
    rules = [wilson.SGD, wilson.ADAM]
    rules += [AdamW(eta=0.01, weight_decay=[0.01, 0.1, 1.0])]
    right = np.mean(
        [wilson.answers(trials, rules, p, "full") for p in wilson.data_sets(trials)], axis=0
    )
    part = {name: table[table["optimizer"] == name] for name in ("SGD", "Adam", "AdamW")}
    part["Adam"] = part["Adam"][part["Adam"]["weight_decay"] == 0]
    lost = {n: float(chosen(part[n], "train")["judge"].median()) for n in ("SGD", "Adam")}
    default = part["AdamW"][np.isclose(part["AdamW"]["weight_decay"], 0.01)]
    lost["AdamW, decay 0.01"] = float(chosen(default, "train")["judge"].median())
    lost["AdamW"] = float(chosen(part["AdamW"], "choose")["judge"].median())
    met = {
        "on the four points": far["AdamW"] <= far["Adam"] / 2,
        "on Wilson's least squares": right[2:].max() >= (right[0] + right[1]) / 2,
        "on a small network at the usual decay of 0.01": lost["AdamW, decay 0.01"]
        <= (lost["SGD"] + lost["Adam"]) / 2,
        "on a small network if the decay is chosen by held-out points": lost["AdamW"]
        <= (lost["SGD"] + lost["Adam"]) / 2,
    }
    verdict, condition = decide(met)
    return Finding(
        verdict,
        f"On the four points AdamW ends {number(far['AdamW'], 2)} from 5, Adam "
        f"{number(far['Adam'], 2)}, SGD {number(far['SGD'], 1)}. On Wilson's data SGD answers "
        f"{percent(right[0])} rightly, Adam {percent(right[1])}, AdamW {percent(right[2:].max())} "
        f"at its best decay. On a small network the held-out loss is {lost['SGD']:.2f} with SGD, "
        f"{lost['Adam']:.2f} with Adam, {lost['AdamW, decay 0.01']:.2f} with AdamW at 0.01 and "
        f"{lost['AdamW']:.2f} at its best decay.",
        {f"distance, {name}": value for name, value in far.items()}
        | {"right, SGD": right[0], "right, Adam": right[1], "right, AdamW": right[2:].max()}
        | {f"held out, {name}": value for name, value in lost.items()},
        condition,
    )


def momentum_at_the_end(trials: Trials) -> Finding:
    """Adam first, then Momentum from where it got to."""
    four, gains = problems.four_points(), {}
    for size in (1, 2, 4):
        part = trials.sweep(four, Adam(eta=0.1), batch_size=size, epochs=10)
        on = problems.least_squares(four.x, four.y, w0=part["w"].iloc[0])
        plan: dict[str, Any] = {"batch_size": size}
        stayed = floors(trials, Adam(eta=0.1 * WINDOW), epoch=100, **plan)["floor"].max()
        momentum = Momentum(eta=0.01 * WINDOW)
        switched = floors(trials, momentum, epoch=90, problem=on, **plan)["floor"].max()
        gains[size] = float(stayed / switched)
    right = np.array([fine_tuned_wilson(trials, problem) for problem in wilson.data_sets(trials)])
    noisy = fine_tuned_at_the_floor(trials)
    lost = np.median([fine_tuned_network(trials, k) for k in range(trials.few(8, 3))], axis=0)
    met = {
        "at the noise floor of least squares": noisy["Momentum"] <= noisy["Adam"] / 2,
        "on the four points": min(gains.values()) >= 2,
        "on Wilson's least squares": bool(right[:, 1].mean() >= right[:, 0].mean() + 0.1),
        "on the held-out points of a small network": bool(lost[1] <= 0.8 * lost[0]),
    }
    verdict, condition = decide(met)
    return Finding(
        verdict,
        "At the noise floor the excess loss with Momentum in the second half is "
        f"{number(noisy['Momentum'] / noisy['Adam'], 2)} of Adam's (with Adam at a hundredth of "
        f"its rate {number(noisy['Adam, eta / 100'] / noisy['Adam'], 2)}). After 10 epochs of "
        f"Adam on the four points Momentum gets {min(gains.values()):.1f} to "
        f"{max(gains.values()):.1f} times as near to 5 as Adam itself. On Wilson's data Adam's "
        f"answers are right in {percent(right[:, 0].mean())} before and "
        f"{percent(right[:, 1].mean())} after"
        + (
            ": no error is left that would move a weight"
            if np.ptp(right, axis=1).max() == 0
            else ""
        )
        + f". A small network's held-out loss is {lost[1]:.2f} with Momentum in the second half, "
        f"{lost[0]:.2f} with Adam to the end.",
        {f"times as near, batch {b}": value for b, value in gains.items()}
        | {f"excess at the floor, {name}": value for name, value in noisy.items()}
        | {"right, Adam": right[:, 0].mean(), "right, then Momentum": right[:, 1].mean()}
        | {"held out, Adam": lost[0], "held out, then Momentum": lost[1]},
        condition,
    )


def fine_tuned_at_the_floor(trials: Trials) -> dict[str, float]:
    """Excess losses on noisy least squares: twenty epochs of Adam at 0.1, then twenty others."""
    problem = suite(trials.seed)["label noise"]
    names = [f"w_{k}" for k in range(problem.d)]
    plan: dict[str, Any] = {"batch_size": BATCH_SIZE, "shuffle": "epoch", "epochs": 20}
    ends: dict[str, list[float]] = {"Adam": [], "Momentum": [], "Adam, eta / 100": []}
    rules = (Adam(eta=0.1), Momentum(eta=0.001), Adam(eta=0.001))
    for seed in trials.seeds(16, 5):
        first = trials.sweep(problem, rules[0], seed=seed, **plan)
        on = problems.least_squares(problem.x, problem.y, w0=first[names].to_numpy(np.float64)[0])
        for name, rule in zip(ends, rules, strict=True):
            loss = trials.sweep(on, rule, seed=seed + 1, **plan)["loss"].iloc[0]
            ends[name].append(float(loss - problem.minimum_loss))
    return {name: float(np.median(losses)) for name, losses in ends.items()}


def fine_tuned_wilson(trials: Trials, problem: Problem) -> tuple[float, float]:
    """Right answers after Adam at full batch, and after Momentum from there."""
    plan: dict[str, Any] = {"batch_size": "full", "epochs": wilson.EPOCHS, "evaluate": "epoch"}
    first = trials.sweep(problem, wilson.ADAM, **plan)
    names = [f"w_{k}" for k in range(problem.d)]
    on = replace(problem, w0=first[names].to_numpy(np.float64)[0])
    then = trials.sweep(on, Momentum(eta=0.002), **plan)
    ends = [frame[names[:3]].to_numpy(np.float64) for frame in (first, then)]
    return float(wilson.right_answers(ends[0])[0]), float(wilson.right_answers(ends[1])[0])


def fine_tuned_network(trials: Trials, k: int) -> tuple[float, float]:
    """Held-out losses: Adam for all epochs, and Momentum for the second half."""
    seed = trials.seed * 1000 + k
    train, held_out = few_points(seed)
    names = [f"w_{each}" for each in range(train.d)]
    plan: dict[str, Any] = {"batch_size": BATCH_SIZE, "shuffle": "epoch", "seed": seed}
    both = trials.sweep(train, Adam(eta=0.01), epochs=[EPOCHS // 2, EPOCHS], **plan)
    half = both[names].to_numpy(np.float64)[0]
    on = problems.network(train.x, train.y, hidden=10, w0=half)
    then = trials.sweep(on, Momentum(eta=0.01), epochs=EPOCHS // 2, **plan)
    losses = [(errors(frame, held_out) ** 2).mean(axis=1) for frame in (both, then)]
    return float(losses[0][1]), float(losses[1][0])
