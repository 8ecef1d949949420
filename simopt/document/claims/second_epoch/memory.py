"""Claims about epoch 2: what carries over, what freezes or grows bolder, who is ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from simopt import problems
from simopt.document.claims import libraries
from simopt.document.claims.claim import Figure, Finding, Picture, share
from simopt.document.claims.common import floors
from simopt.document.claims.common.floors import RATES, ROUNDING, Floats, best_rate, moved
from simopt.document.claims.common.forgetting import ForgetfulAdaGrad
from simopt.document.claims.context import Trials
from simopt.ground.formatting import number, percent
from simopt.problems.synthetic import BATCH_SIZE, suite
from simopt.rules import SGD, AdaGrad, Adam, Momentum, RMSprop
from simopt.rules.rule import Optimizer

ETA = 0.1
FIVE = (SGD, Momentum, AdaGrad, RMSprop, Adam)

#: After how many epochs the five are compared on the four points.
EPOCHS = (2, 5, 10, 50, 100)


def accumulator_freezes(trials: Trials) -> Finding:
    """G, the rate and the way made, epoch by epoch."""
    epochs = 1000
    steps = trials.run(problems.four_points(), AdaGrad(eta=ETA), epochs=epochs).steps
    ends = steps.iloc[3::4]
    total, rate = ends["G"].to_numpy(), ends["effective_lr"].to_numpy()
    grows = bool((np.diff(total[:100]) > 0).all())
    far = np.abs(np.array([3.0, *ends["w"]]) - 5)
    made = 1 - far[1:] / far[:-1]  # of the way that remained before the epoch
    settled = rate[-1] / rate[0]
    frozen = made[99] < 0.01 and far[100] > 0.1
    verdict = "contradicted" if not grows else "holds" if frozen else "conditional"
    return Finding(
        verdict,
        f"G grows from {total[0]:,.0f} after epoch 1 to {total[1]:,.0f} after 2 and "
        f"{total[99]:,.0f} after 100, and the rate falls to {percent(rate[1] / rate[0])} and "
        f"{percent(rate[99] / rate[0])}. An epoch still makes {percent(made[1], 3)} of the "
        f"remaining way in epoch 2 and {percent(made[99], 3)} in epoch 100; after {epochs:,} w is "
        f"{number(far[-1], 2)} from 5, and the rate is {percent(settled)} of epoch 1's.",
        {
            "G after epoch 1": total[0],
            "G after epoch 2": total[1],
            "G after epoch 100": total[99],
            "rate after epoch 2 over epoch 1": rate[1] / rate[0],
            "rate after epoch 100 over epoch 1": rate[99] / rate[0],
            "share of the remaining way made in epoch 1": made[0],
            "share of the remaining way made in epoch 2": made[1],
            "share of the remaining way made in epoch 100": made[99],
            "distance after epoch 1000": far[-1],
        },
        "G grows in every epoch and the rate falls, but w does not freeze: with the gradients G's "
        f"growth dies down, and every epoch goes on making {percent(made[99], 3)} of the way that "
        "remains."
        if verdict == "conditional"
        else "",
        Picture(
            "AdaGrad on the four points, eta = 0.1",
            f"The distance falls from {number(far[0], 3)} to {number(far[-1], 2)} while the rate "
            f"levels off at {percent(settled)} of epoch 1's.",
            "epoch",
            "over its value at epoch 1",
            {
                "distance from 5": (np.arange(1, 301), far[1:301] / far[1]),
                "effective rate": (np.arange(1, 301), rate[:300] / rate[0]),
            },
            log_y=True,
        ),
    )


def torch_two_epochs() -> Mapping[str, Figure]:
    """PyTorch's Adam over the four points twice, with one optimizer and with a new one."""
    import torch

    points = [(2.0, 10.0), (1.0, 5.0), (3.0, 15.0), (0.5, 2.5)]
    figures: dict[str, Figure] = {}
    for kept in (True, False):
        w = torch.tensor([3.0], dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.Adam([w], lr=0.1)
        for epoch in range(2):
            if epoch and not kept:
                optimizer = torch.optim.Adam([w], lr=0.1)
            for x, y in points:
                optimizer.zero_grad()
                (w * x - y).square().sum().backward()
                optimizer.step()
        called = "kept" if kept else "new in epoch 2"
        figures[f"w, {called}"] = float(w.detach())
        figures[f"t, {called}"] = int(optimizer.state[w]["step"])
    return figures


def state_carries_over(trials: Trials) -> Finding:
    """Two epochs of one optimizer, here and in PyTorch."""
    seen = libraries.seen(torch_two_epochs, "torch")
    steps = trials.run(problems.four_points(), Adam(eta=ETA, convention="torch"), epochs=2).steps
    ours, theirs = float(steps["w"].iloc[-1]), float(seen.figures["w, kept"])
    anew = float(seen.figures["w, new in epoch 2"])
    clock = steps["t"].tolist() == list(range(1, 9)) and seen.figures["t, kept"] == 8
    same = abs(ours - theirs)
    return Finding(
        "holds" if clock and same < 1e-12 < abs(anew - theirs) else "contradicted",
        f"{seen.by}: after two epochs with one Adam t is {seen.figures['t, kept']} and w "
        f"{theirs:.6f}, ours to {number(same, 1)}; with a new Adam in epoch 2 t is "
        f"{seen.figures['t, new in epoch 2']} and w {anew:.6f}. The state belongs to the optimizer "
        "object: whoever makes a new one begins anew.",
        {**seen.figures, "our w": ours, "run here": seen.live},
    )


def kept_memory_slows(trials: Trials) -> Finding:
    """The way made in epoch 2 with G kept and with G cleared after every epoch."""
    frame = trials.sweep(
        problems.four_points(),
        ForgetfulAdaGrad(eta=ETA, cleared_every=[0.0, 4.0]),
        epochs=[1, 2, 10, 100],
    )
    far = frame["distance"].to_numpy().reshape(2, 4)  # [kept, cleared] x epochs
    moved = far[:, 0] - far[:, 1]
    ratio, later = moved[1] / moved[0], far[0, 2] / far[1, 2]
    verdict = "holds" if ratio >= 1.5 else "conditional" if ratio >= 1.1 else "contradicted"
    return Finding(
        verdict,
        f"In epoch 2 w moves {moved[0]:.3f} with G kept and {moved[1]:.3f} with G cleared, "
        f"{ratio:.2f} times as far; after ten epochs the distance is {far[0, 2]:.3f} against "
        f"{far[1, 2]:.3f}. Frozen it is not: kept, epoch 2 moves "
        f"{percent(moved[0] / (2 - far[0, 0]))} as far as epoch 1, and after a hundred epochs w is "
        f"{far[0, 3]:.3f} from 5 (cleared {far[1, 3]:.3f}).",
        {
            "moved in epoch 1": 2 - far[0, 0],
            "moved in epoch 2, G kept": moved[0],
            "moved in epoch 2, G cleared": moved[1],
            "cleared over kept": ratio,
            "distance after 10 epochs, kept over cleared": later,
            "distance after 100 epochs, kept": far[0, 3],
            "distance after 100 epochs, cleared": far[1, 3],
        },
        f"In part: with G cleared epoch 2 moves {ratio:.2f} times as far, no more."
        if verdict == "conditional"
        else "",
    )


def bolder_as_corrections_fade(trials: Trials) -> Finding:
    """|step| / eta by epoch, at three rates."""
    epochs, rates = 300, np.array([0.001, 0.01, 0.1])
    frame = trials.sweep(
        problems.four_points(), Adam(eta=rates), epochs=epochs, record="steps", divergence=None
    )
    w = frame["w"].to_numpy().reshape(len(rates), 4 * epochs)
    step = np.abs(np.diff(w, axis=1, prepend=3.0)) / rates[:, None]
    by_epoch = step.reshape(len(rates), epochs, 4).mean(axis=2)
    looks = [2, 5, 10, 100]
    bigger = np.array([[row[n - 1] > 1.05 * row[0] for n in looks] for row in by_epoch])
    verdict = "holds" if bigger.all() else "conditional" if bigger.any() else "contradicted"
    grown = by_epoch[:, [n - 1 for n in looks]] / by_epoch[:, :1]
    return Finding(
        verdict,
        "The mean |step| / eta of epoch 1 is "
        + ", ".join(
            f"{row[0]:.2f} at eta = {rate:g}" for row, rate in zip(by_epoch, rates, strict=True)
        )
        + f". In epochs {', '.join(map(str, looks))} it is {number(grown.min(), 2)} to "
        f"{grown.max():.2f} times that, and the first step of all, {step[:, 0].min():.3f} eta, is "
        "the longest of the first ten epochs at "
        f"{percent(share(step[:, :40].max(axis=1) <= step[:, 0] * (1 + 1e-9)))} of the rates.",
        {
            **{
                f"epoch {n} over epoch 1, eta {rate:g}": value
                for rate, row in zip(rates, grown, strict=True)
                for n, value in zip(looks, row, strict=True)
            },
            "first step over eta": step[:, 0].min(),
        },
        f"In {bigger.sum()} of {bigger.size} looks steps are more than 5 % longer than in epoch 1."
        if verdict == "conditional"
        else "",
        Picture(
            "Adam's mean |step| / eta, by epoch",
            f"Of {epochs} epochs none has longer steps than the first."
            if (by_epoch <= by_epoch[:, :1]).all()
            else f"Steps grow to {(by_epoch / by_epoch[:, :1]).max():.2f} times the first epoch's.",
            "epoch",
            "|step| / eta",
            {
                f"eta = {rate:g}": (np.arange(1, epochs + 1)[::2], row[::2])
                for rate, row in zip(rates, by_epoch, strict=True)
            },
            log_x=True,
        ),
    )


def adam_dominates(trials: Trials) -> Finding:
    """Who is nearest after N epochs: at eta = 0.1, at the best rate, and over the suite."""
    same = pd.DataFrame(on_the_four_points(trials, np.array([ETA]), EPOCHS))
    tuned = on_the_four_points(trials, RATES, EPOCHS)
    table = pd.DataFrame([*tuned, *on_the_suite(trials)])
    first = (table == 1).mean()
    won, near = float(first["Adam"]), float((table["Adam"] <= 1.05).mean())
    others = first.drop("Adam")
    leader, most = str(others.index[int(others.argmax())]), float(others.max())
    if won > 0.5:
        verdict = "holds"
    else:
        verdict = "contradicted" if won < 1 / 3 and most > won else "conditional"
    at_same = float((same["Adam"] == 1).mean())
    return Finding(
        verdict,
        f"Each at its best rate, Adam is first of five, alone or level, in {percent(won)} of "
        f"{len(table)} comparisons, {leader} in {percent(most)}; within 5 % of the first it is in "
        f"{percent(near)}. On the four points at eta = {ETA} Adam is first in {percent(at_same)} "
        f"of {len(same)}.",
        {
            "comparisons": len(table),
            "Adam is within 5 % of the first": near,
            "Adam is first on the four points at eta = 0.1": at_same,
            **{f"{name} is first": value for name, value in first.items()},
        },
        f"It is first in {percent(won)} of the comparisons, and {leader} in {percent(most)}."
        if verdict == "conditional"
        else "",
        Picture(
            "How often each of the five is first, at its best rate",
            f"{leader} is first in {percent(most)}, Adam in {percent(won)}.",
            "optimizer",
            "share of comparisons",
            {"first": (list(first.index), first.to_numpy())},
            kind="bars",
        ),
    )


def on_the_four_points(
    trials: Trials, rates: Floats, epochs: Sequence[int]
) -> list[dict[str, float]]:
    """Each one's distance at its best rate, over the least of all, after so many epochs each."""
    rules = [rule(eta=rates) for rule in FIVE]
    rows = []
    for table in floors.floors_after(trials, rules, epochs, problem=moved()):
        best = best_rate(table, ["optimizer"]).set_index("optimizer")["worst"].clip(ROUNDING)
        rows.append({str(name): value / best.min() for name, value in best.items()})
    return rows


def on_the_suite(trials: Trials) -> list[dict[str, float]]:
    """Each one's median loss at its best rate, over the least of all, by problem and epochs.

    Without noise losses come to 1e-30, where rounding would decide who is first.
    """
    rates = np.geomspace(1e-3, 10, trials.few(41, 17))
    optimizers: list[Optimizer] = [rule(eta=rates) for rule in FIVE]
    rows = []
    for problem in suite(trials.seed).values():
        for epochs in (5, 20, 50):
            frame = trials.sweep(
                problem,
                optimizers,
                batch_size=BATCH_SIZE,
                epochs=epochs,
                shuffle="epoch",
                seed=trials.seeds(8, 1),
                evaluate="epoch",
            )
            loss = frame["loss"].where(frame["status"] == "ok", np.inf)
            median = loss.groupby([frame["optimizer"], frame["eta"]]).median()
            best = median.groupby("optimizer").min().clip(ROUNDING**2)
            rows.append({str(name): value / best.min() for name, value in best.items()})
    return rows
