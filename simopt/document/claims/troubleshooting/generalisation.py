"""Claims about generalisation: batches, overfitting, adaptive rates."""

from __future__ import annotations

import numpy as np

from simopt.document.claims.claim import Finding, Picture
from simopt.document.claims.common import wilson
from simopt.document.claims.common.held_out import EPOCHS, at_end, chosen, runs, trained
from simopt.document.claims.context import Trials
from simopt.document.claims.verdict import decide
from simopt.ground.formatting import percent
from simopt.rules import SGD

#: A held-out loss is lower, or higher, from so many times on.
LOWER, HIGHER = 0.9, 1.1

#: Rates of SGD: batch 1 trains best at a tenth of the rate that is best for full batch.
ETAS = (0.003, 0.01, 0.03, 0.1, 0.3)


def small_batches(trials: Trials) -> Finding:
    """Held-out loss by batch size: same rate, best training, best stopping."""
    table = trained(trials, SGD(eta=ETAS), batch_sizes=(1, 8, 40))
    table = table.replace(np.inf, np.nan).dropna(subset=["train", "judge"])
    losses: dict[str, dict[int, float]] = {}
    trains: dict[int, float] = {}
    for size, part in table.groupby("batch_size"):
        last = at_end(part)
        trains[int(str(size))] = float(last.loc[last["eta"] == 0.01, "train"].median())
        for way, value in (
            ("at the same rate, 0.01", last.loc[last["eta"] == 0.01, "judge"].median()),
            ("at the rates that train best", chosen(last, "train")["judge"].median()),
            ("stopped at the best epoch", chosen(part, "choose")["judge"].median()),
        ):
            losses.setdefault(way, {})[int(str(size))] = float(value)
    verdict, condition = decide({way: v[1] <= 0.8 * v[40] for way, v in losses.items()})
    same, best, stopped = losses.values()
    return Finding(
        verdict,
        f"A small network on 40 noisy points, held-out loss after {EPOCHS} epochs: {same[1]:.2f}, "
        f"{same[8]:.2f}, {same[40]:.2f} at batch 1, 8, 40 and the same rate; {best[1]:.2f}, "
        f"{best[8]:.2f}, {best[40]:.2f} at the rates that train best; {stopped[1]:.2f}, "
        f"{stopped[8]:.2f}, {stopped[40]:.2f} if each stops at its best epoch.",
        {f"held out, {way}, batch {b}": x for way, v in losses.items() for b, x in v.items()}
        | {f"training loss at the same rate, batch {b}": x for b, x in trains.items()},
        condition,
        Picture(
            "Held-out loss of a small network, by batch size",
            f"At the same rate batch 1 comes to a training loss of {trains[1]:.2f}, full batch to "
            f"{trains[40]:.2f}: the held-out loss of batch 1 is the "
            f"{'higher' if same[1] > same[40] else 'lower'} one.",
            "batch size [points]",
            "median held-out loss",
            {way: ([1, 8, 40], list(values.values())) for way, values in losses.items()},
            log_x=True,
        ),
    )


def overfitting(trials: Trials) -> Finding:
    """Weight decay and early stopping, chosen on one half of the held-out points."""
    table = runs(trials)
    adam = table[(table["optimizer"] == "Adam") & (table["eta"] == 0.01)]
    plain = adam[adam["weight_decay"] == 0]
    end, stopped = at_end(plain), chosen(plain, "choose")
    judged = {
        "plain": float(end["judge"].median()),
        "weight decay": float(chosen(at_end(adam), "choose")["judge"].median()),
        "early stopping": float(stopped["judge"].median()),
    }
    by_epoch = plain.groupby("epoch")[["train", "judge"]].median()
    least, train = int(by_epoch["judge"].to_numpy().argmin()), by_epoch["train"].to_numpy()
    rises = float(judged["plain"] / by_epoch["judge"].min())
    met = {
        f"for {fix}": judged[fix] <= LOWER * judged["plain"]
        for fix in ("weight decay", "early stopping")
    }
    verdict, condition = decide(met)
    return Finding(
        verdict,
        f"After {EPOCHS} epochs of Adam the held-out loss is {judged['plain']:.2f}, {rises:.1f} "
        f"times its least. The best weight decay ends at {judged['weight decay']:.2f}, stopping "
        f"after {stopped['epoch'].median():.0f} epochs at {judged['early stopping']:.2f}. Dropout "
        "was not tried: the engine has none.",
        {f"held out, {way}": value for way, value in judged.items()}
        | {"rise from the least": rises, "epochs until stopped": float(stopped["epoch"].median())},
        condition,
        Picture(
            "Training and held-out loss of Adam on 40 points",
            f"The held-out loss is least after {by_epoch.index[least]} epochs, and "
            f"{rises:.1f} times as high at the end; the training loss goes from "
            f"{train[least]:.2g} to {train[-1]:.2g} meanwhile.",
            "epoch",
            "loss (median of the data sets)",
            {
                "training": (by_epoch.index, by_epoch["train"]),
                "held out": (by_epoch.index, by_epoch["judge"]),
            },
            log_y=True,
        ),
    )


def adaptive_rates_hurt(trials: Trials) -> Finding:
    """Wilson's data in full batches and in small ones; a network trained as far as it goes."""
    rules = [wilson.SGD, wilson.ADAM]
    right = {
        size: np.mean(
            [wilson.answers(trials, rules, p, size) for p in wilson.data_sets(trials)], axis=0
        )
        for size in ("full", 8)
    }
    table = runs(trials)
    plain = {n: table[table["optimizer"] == n] for n in ("SGD", "Adam")}
    plain["Adam"] = plain["Adam"][plain["Adam"]["weight_decay"] == 0]
    ends = {n: float(chosen(at_end(p), "train")["judge"].median()) for n, p in plain.items()}
    stop = {n: float(chosen(p, "choose")["judge"].median()) for n, p in plain.items()}
    met = {
        "on Wilson's least squares at full batch": right["full"][1] <= right["full"][0] - 0.1,
        "on Wilson's least squares at batch 8": right[8][1] <= right[8][0] - 0.1,
        "on a small network at the rates that train best": ends["Adam"] >= HIGHER * ends["SGD"],
        "on a small network with rate and epoch chosen by held-out points": stop["Adam"]
        >= HIGHER * stop["SGD"],
    }
    verdict, condition = decide(met)
    return Finding(
        verdict,
        f"On Wilson's data Adam answers {percent(right['full'][1])} of new points rightly at full "
        f"batch and {percent(right[8][1])} at batch 8, SGD {percent(right['full'][0])} and "
        f"{percent(right[8][0])}. A small network at the rates that train best has a held-out "
        f"loss of {ends['Adam']:.2f} with Adam and {ends['SGD']:.2f} with SGD; stopped at the "
        f"best epoch {stop['Adam']:.2f} and {stop['SGD']:.2f}.",
        {f"right, {name}, {size}": right[size][k] for k, name in enumerate(plain) for size in right}
        | {f"held out, {name}, best training": value for name, value in ends.items()}
        | {f"held out, {name}, stopped": value for name, value in stop.items()},
        condition,
        Picture(
            "New points that Wilson's least squares answers rightly",
            f"Adam answers {percent(right['full'][1])} at full batch and {percent(right[8][1])} "
            "at batch 8.",
            "batch",
            "share answered rightly",
            {
                name: (["full", "8"], [right["full"][k], right[8][k]])
                for k, name in enumerate(plain)
            },
            kind="bars",
        ),
    )


def much_better(trials: Trials) -> Finding:
    """Adam with decay in the gradient beside AdamW, each with its best rate and decay."""
    table = at_end(runs(trials))
    adam, adamw = (table[table["optimizer"] == name] for name in ("Adam", "AdamW"))
    plain = adam[adam["weight_decay"] == 0]
    lost = {
        name: float(chosen(part, "choose")["judge"].median())
        for name, part in (("Adam", plain), ("Adam with decay", adam), ("AdamW", adamw))
    }
    ratio = lost["AdamW"] / lost["Adam with decay"]
    verdict = "holds" if ratio <= 0.8 else "conditional" if ratio <= LOWER else "contradicted"
    ways = {"decay in the gradient (Adam)": adam, "decay beside it (AdamW)": adamw}
    best = {}
    for name, part in ways.items():
        by = part[part["weight_decay"] > 0].groupby(["weight_decay", "eta"])["judge"].median()
        best[name] = by.unstack().min(axis=1)
    low = {
        name: (float(each.min()), float(each.to_numpy().argmin())) for name, each in best.items()
    }
    (inside, first), (beside, second) = low.values()
    return Finding(
        verdict,
        f"The held-out loss of a small network, rate and decay chosen by other held-out points: "
        f"{lost['Adam']:.3f} with Adam, {lost['Adam with decay']:.3f} with decay in its gradient, "
        f"{lost['AdamW']:.3f} with AdamW: {percent(abs(1 - ratio))} "
        f"{'less' if ratio < 1 else 'more'} than with the former.",
        {f"held out, {name}": value for name, value in lost.items()} | {"ratio": ratio},
        "It is better, by less than a fifth." if verdict == "conditional" else "",
        Picture(
            "Held-out loss by weight decay, at the better of three rates",
            f"The least values are {inside:.2f} and {beside:.2f}"
            + (", AdamW's at the larger decay." if second > first else "."),
            "weight decay",
            "median held-out loss",
            {name: (each.index, each) for name, each in best.items()},
            log_x=True,
        ),
    )
