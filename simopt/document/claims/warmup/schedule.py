"""Claims about warm-up: noise of Adam's first updates, where it helps, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt import problems, schedules
from simopt.document.claims import libraries
from simopt.document.claims.claim import Figure, Finding, Picture
from simopt.document.claims.common.floors import RATES, ROUNDING, Floats, best_rate, floors, moved
from simopt.document.claims.context import Trials
from simopt.ground.formatting import listing, number, percent
from simopt.problems.synthetic import BATCH_SIZE, POINTS, steep, suite
from simopt.rules import SGD, Adam, Momentum

#: Mean of the gradient over its standard deviation.
SIGNALS = (0.0, 0.3, 1.0, 3.0)


def first_updates_are_noisy(trials: Trials) -> Finding:
    """Step / eta of many runs on a gradient with constant mean: its spread, update by update."""
    updates, eta, seeds = 100, 1e-6, trials.seeds(2000, 250)
    spread = []
    largest = 0.0
    for signal in SIGNALS:
        problem = problems.noisy_quadratic([1.0], [1.0], w0=signal)
        frame = trials.sweep(
            problem, Adam(eta=eta), updates=updates, seed=seeds, record="steps", divergence=None
        )
        w = frame["w"].to_numpy().reshape(len(seeds), updates)
        step = np.diff(w, axis=1, prepend=signal) / -eta
        spread.append(step.std(axis=0))
        largest = max(largest, float(np.abs(step[:, :5]).max()))
    early = np.array([each[:5].mean() for each in spread])
    late = np.array([each[-20:].mean() for each in spread])
    ratio = early / late
    noisy = ratio >= 1.5
    verdict = "holds" if noisy.all() else "conditional" if noisy.any() else "contradicted"
    yes, no = (", ".join(f"{s:g}" for s in np.array(SIGNALS)[which]) for which in (noisy, ~noisy))
    return Finding(
        verdict,
        "The spread of step / eta over the first five updates is "
        + ", ".join(f"{r:.1f}" for r in ratio)
        + f" times that of updates {updates - 19} to {updates}, for gradients with mean over "
        "deviation "
        + ", ".join(f"{s:g}" for s in SIGNALS)
        + f". None of the first five steps exceeds {largest:.2f} eta.",
        {
            **{f"early over late, signal {s:g}": r for s, r in zip(SIGNALS, ratio, strict=True)},
            **{
                f"spread of update 1, signal {s:g}": each[0]
                for s, each in zip(SIGNALS, spread, strict=True)
            },
            "largest of the first five steps over eta": largest,
        },
        f"Where a gradient is mostly noise: at mean over deviation {yes}, not at {no}. And what is "
        f"unreliable is the direction: none of the first five steps exceeds {largest:.2f} eta."
        if verdict == "conditional"
        else "",
        Picture(
            "Spread of Adam's step over seeds",
            f"Update 1 is a sign, so its spread is {spread[0][0]:.2f} eta where there is no "
            f"signal; by update {updates} it is {spread[0][-1]:.2f} eta.",
            "update",
            "standard deviation of step / eta",
            {
                f"mean over deviation {s:g}": (np.arange(1, updates + 1), each)
                for s, each in zip(SIGNALS, spread, strict=True)
            },
        ),
    )


#: A best loss so much lower is a help, so much higher a harm.
MARGIN = 0.05

#: So much larger a largest usable rate is a help.
ROOM = 1.2

RULES = (SGD, Momentum, Adam)

#: Of the suite.
CHOSEN = ("ill-conditioned", "sparse", "logistic", "network")


def warm_up_helps(trials: Trials) -> Finding:
    """Best loss and largest usable rate, with and without."""
    four, others = on_the_four_points(trials), on_others(trials)
    table = pd.concat([four, others], ignore_index=True)
    lower, room = table["loss"] < 1 - MARGIN, table["usable"] > ROOM
    helps, harms, tight = lower | room, table["loss"] > 1 + MARGIN, table["usable"] < 2 - ROOM
    verdict = "contradicted" if not helps.any() else "conditional"
    if helps.mean() >= 0.75:
        verdict = "holds"
    by = helps.groupby(table["problem"], sort=False).mean()
    steepest = table["usable"][table["problem"] == "steep"].max()
    return Finding(
        verdict,
        f"In {helps.sum()} of {len(table)} comparisons warm-up helps: the best loss is more than "
        f"{percent(MARGIN)} lower in {lower.sum()}, the largest usable rate more than "
        f"{percent(ROOM - 1)} higher in {room.sum()}. In {harms.sum()} the best loss is more than "
        f"{percent(MARGIN)} higher, in {tight.sum()} the largest usable rate more than "
        f"{percent(ROOM - 1)} lower.",
        {
            "comparisons": len(table),
            "helps": int(helps.sum()),
            "lower best loss": int(lower.sum()),
            "larger usable rate": int(room.sum()),
            "higher best loss": int(harms.sum()),
            "smaller usable rate": int(tight.sum()),
            "largest gain in usable rate where the start is steep": steepest,
            **{f"share that it helps, {name}": part for name, part in by.items()},
        },
        "It helps in "
        + ", ".join(f"{percent(part)} ({name})" for name, part in by.items())
        + " of the comparisons. Where the loss is steepest at the start the usable rate grows up "
        f"to {number(steepest, 3)} times; in {harms.sum()} of all the best loss becomes more than "
        f"{percent(MARGIN)} higher."
        if verdict == "conditional"
        else "",
        Picture(
            "What warm-up does, by problem: share of comparisons",
            f"It gives room for larger rates in {room.sum()} of {len(table)} comparisons, a lower "
            f"best loss in {lower.sum()} and a higher one in {harms.sum()}.",
            "problem",
            "share",
            {
                name: (list(by.index), of.groupby(table["problem"], sort=False).mean().to_numpy())
                for name, of in {
                    "larger usable rate": room,
                    "lower best loss": lower,
                    "higher best loss": harms,
                }.items()
            },
            kind="bars",
        ),
    )


def on_the_four_points(trials: Trials) -> pd.DataFrame:
    """Warm-up from a tenth of eta: best floor and largest usable rate, over those without."""
    lengths, rows = [4, 8, 20, 40], []
    for rule in RULES:
        best, usable = [], []
        for way in ways(lengths):
            table = floors(trials, rule(eta=RATES), epoch=20, problem=moved(), schedule=way)
            best.append(max(float(best_rate(table)["worst"].iloc[0]), ROUNDING))
            usable.append(below_failure(RATES, table["floor"].to_numpy() < 2))
        rows += compared("four points", rule().name, lengths, best, usable)
    return pd.DataFrame(rows)


def on_others(trials: Trials) -> pd.DataFrame:
    """The same for a twentieth and a fifth of the updates, by the median loss over seeds."""
    rates = np.geomspace(1e-3, 10, trials.few(41, 21))
    drawn = suite(trials.seed)
    cases = [(name, drawn[name], rates) for name in CHOSEN]
    cases.append(("steep", steep(), np.geomspace(1e-11, 10, trials.few(241, 61))))
    rows = []
    for name, problem, among in cases:
        plan: dict[str, Any] = {}
        if problem.n:
            seeds = trials.seeds(16, 2)
            plan = {"batch_size": BATCH_SIZE, "shuffle": "epoch", "seed": seeds}
        updates = 20 * POINTS // BATCH_SIZE
        lengths = [updates // 20, updates // 5]
        for rule in RULES:
            best, usable = [], []
            for way in ways(lengths):
                frame = trials.sweep(
                    problem,
                    rule(eta=among),
                    updates=updates,
                    # A function's kernels serve nothing else, and the rate times 1 is the rate.
                    schedule=way if problem.n else way or schedules.constant(),
                    evaluate="epoch",
                    **plan,
                )
                loss = frame["loss"].where(frame["status"] == "ok", np.inf)
                median = loss.groupby(frame["eta"]).median().to_numpy()
                best.append(float(median.min()))
                usable.append(below_failure(among, median < problem.loss(problem.w0)))
            rows += compared(name, rule().name, lengths, best, usable)
    return pd.DataFrame(rows)


def ways(lengths: list[int]) -> list[schedules.Schedule | None]:
    """Without warm-up, then with one of each length."""
    return [None, *(schedules.linear_warmup(0.1, total=length) for length in lengths)]


def below_failure(rates: Floats, works: NDArray[np.bool_]) -> float:
    """The largest rate up to which, from the smallest that works on, all work."""
    works = works[int(works.argmax()) :]
    return float(rates[len(rates) - len(works) :][works.argmin() - 1 if not works.all() else -1])


def compared(
    problem: str, optimizer: str, lengths: list[int], best: list[float], usable: list[float]
) -> list[dict[str, Figure]]:
    """A row per length of warm-up: best loss and largest usable rate, over those without."""
    return [
        {
            "problem": problem,
            "optimizer": optimizer,
            "updates of warm-up": length,
            "loss": best[k] / best[0],
            "usable": usable[k] / usable[0],
        }
        for k, length in enumerate(lengths, start=1)
    ]


def torch_snippet() -> Mapping[str, Figure]:
    """The rates of the document's snippet, over 700 updates."""
    import torch
    from torch.optim.lr_scheduler import ConstantLR, LinearLR, SequentialLR

    optimizer = torch.optim.Adam([torch.zeros(1, requires_grad=True)], lr=0.001)
    warmup = LinearLR(optimizer, start_factor=0.1, total_iters=500)
    main = ConstantLR(optimizer, factor=1.0)
    scheduler = SequentialLR(optimizer, [warmup, main], milestones=[500])
    rates = []
    for _ in range(700):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return {
        "update 1": rates[0],
        "update 251": rates[250],
        "update 500": rates[499],
        "update 501": rates[500],
        "least of updates 501 to 700": min(rates[500:]),
        "largest of updates 501 to 700": max(rates[500:]),
        "largest second difference up to 501": float(np.abs(np.diff(rates[:501], n=2)).max()),
    }


def snippet_warms_up(trials: Trials) -> Finding:
    """PyTorch's rates, and our schedule's."""
    seen = libraries.seen(torch_snippet, "torch")
    f = {name: float(value) for name, value in seen.figures.items()}
    ours = schedules.linear_warmup(0.1, total=500)
    steps = trials.run(problems.four_points(), Adam(eta=0.001), updates=700, schedule=ours).steps
    same = max(abs(float(steps["eta"][k]) - f[f"update {k + 1}"]) for k in (0, 250, 499, 500))
    least, largest = f["least of updates 501 to 700"], f["largest of updates 501 to 700"]
    met = np.allclose([f["update 1"], f["update 501"], least, largest], [1e-4, 1e-3, 1e-3, 1e-3])
    straight = f["largest second difference up to 501"] < 1e-12
    return Finding(
        "holds" if met and straight else "contradicted",
        f"{seen.by}: {f['update 1']:g} at update 1, {f['update 251']:.3g} at 251, "
        f"{f['update 501']:g} at 501, "
        + (
            "and so to the end. "
            if least == largest
            else f"and from there {least:.4f} to {largest:.4f}. "
        )
        + f"Our own schedule has the same rates to {number(same, 1)}. The snippet leaves out that "
        "scheduler.step() has to be called after every update.",
        {**f, "largest difference to our schedule": same, "run here": seen.live},
    )


def where_to_warm_up(trials: Trials) -> Finding:
    """Published lengths, as far as they are known, beside the advice."""
    shares = {
        "Goyal et al. 2017, ResNet-50, batch 8192, share of epochs": 5 / 90,
        "Vaswani et al. 2017, transformer, share of updates": 4_000 / 100_000,
        "Devlin et al. 2019, BERT, share of updates": 10_000 / 1_000_000,
    }
    untuned = round(2 / (1 - 0.999))
    inside = sum(0.01 <= value <= 0.05 for value in shares.values())
    within = "within" if 500 <= untuned <= 2_000 else "outside"
    return Finding(
        "undecidable",
        "It speaks of transformers, deep networks and batches above 512, which problems of a few "
        f"weights don't stand for. Of {len(shares)} published lengths, "
        f"{listing(map(percent, shares.values()))} of the training, {inside} are within 1 to 5 %; "
        f"Ma and Yarats' {untuned:,} updates for Adam are {within} 500 to 2,000.",
        {
            **shares,
            "within 1 to 5 %": inside,
            "Ma and Yarats 2021, 2 / (1 - beta2) updates": untuned,
        },
    )
