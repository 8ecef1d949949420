"""Claims on new points: losses, answers and decay against other ways to compute them."""

import math

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt import problems
from simopt.analysis.stability.counterexamples import wilson_dual
from simopt.document.claims.adamw import decay
from simopt.document.claims.common import held_out, wilson
from simopt.document.claims.context import Trials
from simopt.document.claims.libraries import Seen
from simopt.document.claims.troubleshooting import generalisation, instead_of_adam
from simopt.problems.synthetic import drawn_labels, few_points


def table(**judged):
    """Held-out rows of two data sets: per optimizer its loss by (eta, decay), at every look."""
    rows = [
        (name, eta, decayed, epoch, k, loss * eta, loss, loss)
        for name, by in judged.items()
        for (eta, decayed), loss in by.items()
        for k in range(2)
        for epoch in (20, held_out.EPOCHS)
    ]
    columns = ["optimizer", "eta", "weight_decay", "epoch", "set", "train", "choose", "judge"]
    return pd.DataFrame(rows, columns=columns)


def test_errors_are_the_networks():
    train, validation = few_points(1)
    how = {"batch_size": 8, "epochs": 4, "record": "epochs"}
    frame = simopt.sweep(train, simopt.Adam(eta=[0.01, 0.1]), **how)
    off = held_out.errors(frame, validation)
    names = [f"w_{k}" for k in range(train.d)]
    for row, w in zip(off, frame[names].to_numpy(), strict=True):
        assert (row**2).mean() == pytest.approx(validation.loss(w), rel=1e-12)


def test_looks_and_halves():
    trials = Trials(quick=True, seed=2)
    found = held_out.trained(trials, simopt.SGD(eta=0.01), batch_sizes=(40,))
    assert trials.trajectories == 2
    assert sorted(found["epoch"].unique()) == list(range(20, 601, 20))
    least = held_out.chosen(found, "choose")
    assert len(least) == 2
    for k, row in least.iterrows():
        assert row["choose"] == found.loc[found["set"] == k, "choose"].min()


def test_wilsons_answers():
    """A new point has its label first and two ones; its block's weights are still 0."""
    w = np.array([[1.0, 0.1, 0.1], [0.25, 0.25, 0.25], [-1.0, 0.2, 0.2]])
    rng = np.random.default_rng(0)
    labels = np.where(rng.random(100_000) < wilson.SHARE, 1.0, -1.0)
    points = np.column_stack([labels, np.ones_like(labels), np.ones_like(labels)])
    right = (np.sign(points @ w.T) == labels[:, None]).mean(axis=0)
    assert wilson.right_answers(w) == pytest.approx(right, abs=0.01)


def test_wilsons_ray_and_shortest_solution():
    """Adam stays where all weights are of one size, 1/4 in the end; SGD finds the dual's."""
    problem = drawn_labels(3, n=20)
    positive = int((problem.y > 0).sum())
    how = {"batch_size": "full", "epochs": 2000, "evaluate": "epoch"}
    frame = simopt.sweep(problem, [simopt.SGD(eta=0.1), wilson.ADAM], **how)
    plus, minus = wilson_dual(positive, 20 - positive)
    shortest = positive * plus - (20 - positive) * minus
    assert frame["w_0"].to_numpy() == pytest.approx([shortest, 0.25], abs=1e-3)
    first = frame[["w_0", "w_1", "w_2"]].to_numpy()
    assert wilson.right_answers(first).tolist() == [1.0, wilson.SHARE]


@pytest.mark.parametrize(
    ("adamw", "verdict"), [(0.5, "holds"), (0.85, "conditional"), (0.97, "contradicted")]
)
def test_how_much_better_decides(monkeypatch, adamw, verdict):
    rows = table(
        Adam={(0.01, 0.0): 1.2, (0.01, 0.1): 1.0, (0.01, 0.2): 1.1},
        AdamW={(0.01, 0.1): adamw, (0.01, 0.2): 1.5},
    )
    monkeypatch.setattr(generalisation, "runs", lambda trials: rows)
    assert generalisation.much_better(Trials()).verdict == verdict


@pytest.mark.parametrize(("decayed", "verdict"), [(0.5, "conditional"), (1.2, "contradicted")])
def test_overfitting_needs_a_fix_that_works(monkeypatch, decayed, verdict):
    """Without a better epoch to stop at, weight decay alone is left."""
    rows = table(Adam={(0.01, 0.0): 1.0, (0.01, 0.1): decayed})
    monkeypatch.setattr(generalisation, "runs", lambda trials: rows)
    assert generalisation.overfitting(Trials()).verdict == verdict


def test_batches_could_regularise(monkeypatch):
    def trained(trials, rule, batch_sizes):
        parts = [
            table(SGD={(0.01, np.nan): math.log(size + 1)}).assign(batch_size=size)
            for size in batch_sizes
        ]
        return pd.concat(parts, ignore_index=True)

    monkeypatch.setattr(generalisation, "trained", trained)
    assert generalisation.small_batches(Trials()).verdict == "holds"


def test_momentum_at_the_floor_of_noise():
    found = instead_of_adam.fine_tuned_at_the_floor(Trials(quick=True))
    assert found["Momentum"] < found["Adam"] / 10
    assert found["Adam, eta / 100"] < found["Adam"] / 10


@pytest.mark.interpreted
@pytest.mark.parametrize("which", [0, 1])
def test_decay_without_a_gradient(which):
    """AdamW shrinks by 1 - eta lambda; Adam's own first step is eta whatever the decay."""
    still = problems.noisy_quadratic(np.full(1, 1e-15), np.zeros(1), w0=1.0)
    rule = decay.both(eta=decay.ETA)[which]
    w = simopt.sweep(still, rule, updates=1)["w"][0]
    kept = 1 - decay.ETA * (1 if which == 0 else decay.LAMBDA)
    # of a gradient of 1e-15 beside an epsilon of 1e-8 in the root AdamW makes 1e-14
    assert w == pytest.approx(kept, abs=1e-9 if which else 1e-8)


def test_noise_leaves_adamw_its_decay():
    left = decay.noise_leaves(Trials(quick=True), 1)
    assert left == pytest.approx((1 - decay.ETA * decay.LAMBDA) ** decay.UPDATES, abs=0.02)


def test_fits_end_at_ridge_with_decay_in_the_gradient():
    found = decay.fixed_points(Trials(seed=4))
    assert found["Adam"] < 1e-3
    assert found["AdamW"] > 0.1


def test_a_step_of_adamw(monkeypatch):
    found = decay.decay_beside_the_step(Trials()).evidence
    first = 0.1 * 3 / (3 + 1e-8)  # eta g / (|g| + epsilon)
    assert found["w"] == pytest.approx(2 * 0.95 - first, rel=1e-12) == found["engine"]
    assert found["of the new"] == pytest.approx(1.9 * 0.95, rel=1e-12)
    coupled = {"w": 1.9, "m": 0.4, "v": 0.016}  # had the state seen 3 + 0.5 * 2
    monkeypatch.setattr(decay.libraries, "seen", lambda *_: Seen(coupled, {"torch": "9"}, True))
    assert decay.decay_beside_the_step(Trials()).verdict == "contradicted"
