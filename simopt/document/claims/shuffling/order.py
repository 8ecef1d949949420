"""Claims about when to shuffle, and when not to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simopt import problems
from simopt.document.claims import libraries
from simopt.document.claims.claim import Figure, Finding, Picture
from simopt.document.claims.context import Trials
from simopt.ground.formatting import percent
from simopt.problems.synthetic import noisy_line, sorted_labels, time_series
from simopt.rules import SGD, Adam


def shuffling_prevents_patterns(trials: Trials) -> Finding:
    """Accuracy on points sorted by label, in file order and reshuffled, over rates."""
    rates = np.geomspace(0.001, 1, 10)
    sets = trials.few(10, 4)
    means = []
    for data in trials.seeds(sets, sets):
        problem = sorted_labels(data)
        frame = trials.sweep(
            problem,
            SGD(eta=rates),
            epochs=20,
            shuffle=["never", "epoch"],
            seed=data,
            evaluate="epoch",
        )
        w = frame[[f"w_{k}" for k in range(problem.d)]].to_numpy()
        right = (problem.x @ w.T > 0) == (problem.y[:, None] > 0.5)
        means.append(right.mean(axis=0).reshape(len(rates), 2))
    fixed, again = np.mean(means, axis=0).T
    ahead = again - fixed >= 0.05
    learns = again >= again.max() - 0.02
    if not ahead.any():
        verdict = "contradicted"
    else:
        verdict = "holds" if ahead[learns].all() else "conditional"
    good = learns & ~ahead
    return Finding(
        verdict,
        f"On points sorted by label the accuracy in file order is {percent(fixed[0], 3)} at eta = "
        f"{rates[0]:g} and {percent(fixed[-1], 3)} at {rates[-1]:g}; reshuffled it is "
        f"{percent(again[0], 3)} and {percent(again[-1], 3)}. It is 5 points or more ahead at "
        f"{ahead.sum()} of {len(rates)} rates, up to {percent((again - fixed).max())}.",
        {
            "rates": len(rates),
            "rates 5 points ahead": int(ahead.sum()),
            "largest lead": (again - fixed).max(),
            "least rate with a lead": rates[ahead].min() if ahead.any() else 0.0,
            "best accuracy in file order": fixed.max(),
            "best accuracy reshuffled": again.max(),
        },
        f"At rates from {rates[ahead].min():.2g} on, where an epoch is long enough to forget the "
        f"label that came first. At {rates[good].min():.2g} to {rates[good].max():.2g} the file's "
        f"order loses less than 5 points, and its best accuracy, {percent(fixed.max(), 3)}, is "
        f"within {percent(abs(again.max() - fixed.max()))} of the best reshuffled."
        if verdict == "conditional"
        else "",
        Picture(
            "Accuracy after 20 epochs, 400 points sorted by label",
            f"The two part from eta = {rates[ahead].min():.2g} on."
            if ahead.any()
            else "The two stay together.",
            "learning rate eta",
            "share classified right",
            {"reshuffled": (rates, again), "file order": (rates, fixed)},
            log_x=True,
        ),
    )


def time_series_in_order(trials: Trials) -> Finding:
    """Validation loss on later windows, trained on earlier ones in order and shuffled."""
    rates = np.geomspace(1e-4, 3e-3, 9)
    means = []
    for data in trials.seeds(15, 6):
        train, later = time_series(data)
        frame = trials.sweep(
            train,
            [SGD(eta=rates), Adam(eta=rates)],
            epochs=30,
            shuffle=["never", "epoch"],
            seed=data,
        )
        w = frame[[f"w_{k}" for k in range(train.d)]].to_numpy()
        means.append(np.array([later.loss(each) for each in w]).reshape(2, len(rates), 2))
    losses = np.mean(means, axis=0)  # [optimizer, rate, in order or shuffled]
    ordered, mixed = losses[..., 0], losses[..., 1]
    ratio, at_best = mixed / ordered, mixed.min(axis=1) / ordered.min(axis=1)
    if (at_best > 1.05).all():
        verdict = "holds"
    else:
        verdict = "contradicted" if (at_best < 1.05).all() else "conditional"
    return Finding(
        verdict,
        "Trained on the earlier 70 % of AR(1) windows and judged on the later ones, the loss with "
        f"shuffling is {at_best[0]:.3f} times (SGD) and {at_best[1]:.3f} times (Adam) "
        "that without, each at its best rate, and "
        f"{ratio.min():.2f} to {ratio.max():.2f} times over all rates."
        + (
            " Windows are points like others: what must keep to time is what is inside of one."
            if verdict == "contradicted"
            else ""
        ),
        {
            "best rate, SGD, shuffled over in order": at_best[0],
            "best rate, Adam, shuffled over in order": at_best[1],
            "least ratio over rates": ratio.min(),
            "greatest ratio over rates": ratio.max(),
        },
        "With one of SGD and Adam." if verdict == "conditional" else "",
        Picture(
            "Mean loss on later windows, SGD",
            f"Shuffled it is {ratio[0].min():.2f} to {ratio[0].max():.2f} times that in order.",
            "learning rate eta",
            "validation loss",
            {
                "in order of time": (rates, ordered[0]),
                "shuffled": (rates, mixed[0]),
            },
            log_x=True,
        ),
    )


def torch_rows() -> Mapping[str, Figure]:
    """What a shuffling DataLoader does to sequences, and two runs of it with one seed."""
    import torch
    from torch.utils.data import DataLoader

    sequences = torch.arange(400).reshape(80, 5)

    def epochs() -> list[list[list[int]]]:
        generator = torch.Generator().manual_seed(42)
        loader = DataLoader(sequences, batch_size=8, shuffle=True, generator=generator)
        return [torch.cat(list(loader)).tolist() for _ in range(3)]

    first, second = epochs(), epochs()
    rows = sequences.tolist()
    return {
        "rows as they were": all(row in rows for row in first[0]),
        "each row once": sorted(first[0]) == rows,
        "order as it was": first[0] == rows,
        "two runs alike": first == second,
        "two epochs alike": first[0] == first[1],
    }


def sequences_keep_their_inside(trials: Trials) -> Finding:
    """Rows before and after a shuffle; and what a shuffle of their inside would do."""
    seen = libraries.seen(torch_rows, "torch")
    train, _ = time_series(trials.seed)
    scrambled = trials.rng().permuted(train.x[:, :-1], axis=1)
    inside = problems.least_squares(scrambled, train.y, intercept=True)
    harm = float(inside.minimum_loss or 0) / float(train.minimum_loss or 1)
    whole = bool(seen.figures["rows as they were"] and seen.figures["each row once"])
    mixed = not seen.figures["order as it was"]
    return Finding(
        "contradicted" if whole and mixed else "holds",
        f"{seen.by}: a shuffling DataLoader over 80 sequences "
        + ("changes which comes when" if mixed else "changes nothing")
        + (" and leaves each as it was" if whole else " and changes what is in them")
        + ". The inside does matter: with each AR(1) window's values permuted the least loss is "
        f"{harm:.1f} times as large. But that is not what the switch does.",
        {**seen.figures, "least loss, insides permuted over whole": harm, "run here": seen.live},
    )


def debugging_needs_no_order(trials: Trials) -> Finding:
    """Two runs with one seed and the shuffle on, compared bit by bit."""
    seen = libraries.seen(torch_rows, "torch")
    problem, plan = noisy_line(trials.seed), {"batch_size": 4, "epochs": 5, "record": "steps"}
    seeds = trials.seeds(50, 10)
    first, second = (
        trials.sweep(problem, Adam(eta=0.01), shuffle="epoch", seed=seeds, **plan)["loss"]
        for _ in range(2)
    )
    fixed = trials.sweep(problem, Adam(eta=0.01), shuffle="never", seed=seeds, **plan)["loss"]
    same = bool((first == second).all()) and bool(seen.figures["two runs alike"])
    other = float((first != fixed).mean())
    return Finding(
        "contradicted" if same else "holds",
        f"Two runs of {len(seeds)} seeds with the shuffle on "
        + ("agree to the last bit" if (first == second).all() else "differ")
        + f" over {len(first):,} losses, and so "
        + ("do" if seen.figures["two runs alike"] else "don't")
        + f" a seeded DataLoader's orders ({seen.by}). Turning it off changes {percent(other)} of "
        "the losses: another training is debugged.",
        {
            "seeds": len(seeds),
            "losses": len(first),
            "runs agree to the last bit": bool((first == second).all()),
            "losses changed by turning it off": other,
            "PyTorch's orders agree": bool(seen.figures["two runs alike"]),
            "run here": seen.live,
        },
    )


#: After how many epochs a fixed random order is compared.
LENGTHS = [2, 10, 100]


def shuffled_before(trials: Trials) -> Finding:
    """One random order for all epochs against a new one every epoch, each at its best rate."""
    rates = np.geomspace(3e-4, 0.1, 26)
    above: dict[str, list[np.ndarray]] = {"once": [], "epoch": []}
    least = []
    for data in trials.seeds(4, 2):
        problem = noisy_line(data)
        least.append(float(problem.minimum_loss or 0))
        frame = trials.sweep(
            problem,
            SGD(eta=rates),
            epochs=LENGTHS,
            shuffle=list(above),
            seed=trials.seeds(40, 5),
            evaluate="epoch",
            reduce={"over": "seed", "columns": ["loss"], "quantiles": [0.5]},
        )
        frame = frame.sort_values(["epochs", "eta"])
        for shuffle, means in above.items():
            mean = frame.loc[frame["shuffle"] == shuffle, "loss_mean"].to_numpy() - least[-1]
            means.append(mean.reshape(len(LENGTHS), len(rates)))
    once, again = (np.mean(means, axis=0).min(axis=1) for means in above.values())
    ratios = (once / again).tolist()
    whole = ((once + np.mean(least)) / (again + np.mean(least))).tolist()
    worse = [ratio > 1.05 for ratio in ratios]
    verdict = "holds" if not any(worse) else "conditional" if max(whole) < 1.05 else "contradicted"
    return Finding(
        verdict,
        "On noisy least squares, each at its best rate, the mean excess loss in one fixed random "
        "order is "
        + ", ".join(f"{r:.2f} times ({n} epochs)" for r, n in zip(ratios, LENGTHS, strict=True))
        + f" that of reshuffling. The whole loss is up to {percent(max(whole) - 1)} higher.",
        {
            **{f"excess loss, {n} epochs": r for n, r in zip(LENGTHS, ratios, strict=True)},
            **{f"whole loss, {n} epochs": r for n, r in zip(LENGTHS, whole, strict=True)},
        },
        f"For the loss as a whole, which becomes up to {percent(max(whole) - 1)} higher by it. "
        f"Not for the last of it: what remains above the least loss is {ratios[-1]:.2g} times as "
        f"large after {LENGTHS[-1]} epochs."
        if verdict == "conditional"
        else "",
        Picture(
            "One fixed random order over reshuffling: mean excess loss at the best rate",
            f"From {ratios[0]:.2f} after {LENGTHS[0]} epochs to {ratios[-1]:.2f} after "
            f"{LENGTHS[-1]}.",
            "epochs",
            "fixed over reshuffled",
            {"ratio": ([str(n) for n in LENGTHS], ratios)},
            kind="bars",
            log_y=True,
        ),
    )
