"""The problems that claims are tried on: drawn by seed, and what they are said to be."""

import numpy as np
import pytest

import simopt
from simopt.problems import synthetic as problems
from simopt.problems.synthetic import suite

SUITE = suite()
NAMES = [
    "noiseless", "label noise", "ill-conditioned", "rotated", "sparse", "logistic", "network"
]  # fmt: skip


def everything(seed):
    train, validation = problems.few_points(seed)
    before, after = problems.time_series(seed)
    others = [problems.sorted_labels(seed), problems.noisy_line(seed), problems.many_points(seed)]
    return [
        *suite(seed).values(),
        train,
        validation,
        before,
        after,
        *others,
        problems.drawn_labels(seed),
    ]


def test_there_are_seven_by_name():
    assert list(SUITE) == NAMES
    assert all(problem.name == name for name, problem in SUITE.items())
    assert all(problem.n == 128 for problem in SUITE.values())


def test_a_seed_is_all_they_depend_on():
    first, again, other = ([problem.digest for problem in everything(seed)] for seed in (0, 0, 1))
    assert first == again
    assert not set(first) & set(other)
    assert len(set(first)) == len(first)


@pytest.mark.parametrize("seed", range(5))
def test_they_are_what_they_are_said_to_be(seed):
    found = suite(seed)
    assert found["noiseless"].minimum_loss < 1e-25
    # Noise of variance 0.25 leaves (n - d) / n of it: within five standard errors.
    left = 0.25 * 118 / 128
    assert abs(found["label noise"].minimum_loss - left) < 5 * left * np.sqrt(2 / 118)
    turned, plain = found["rotated"], found["ill-conditioned"]
    eigenvalues = np.linalg.eigvalsh(plain.hessian)
    np.testing.assert_allclose(np.linalg.eigvalsh(turned.hessian), eigenvalues, rtol=1e-9)
    assert turned.minimum_loss == pytest.approx(plain.minimum_loss, rel=1e-9)
    assert 300 < eigenvalues[-1] / eigenvalues[0] < 3000

    def off_axis(problem):
        return np.abs(np.corrcoef(problem.x.T) - np.eye(10)).max()

    assert off_axis(plain) < 0.5 < off_axis(turned)
    assert found["logistic"].optimum is not None
    assert set(found["logistic"].y) == {0.0, 1.0}
    sparse = found["sparse"].x
    assert set(np.unique(sparse)) == {0.0, 1.0}
    assert sparse.any(axis=0).all()
    assert sparse[:, 0].all()
    expected = 1 / np.arange(1, 31)
    error = np.sqrt(expected * (1 - expected) / 128)
    assert (np.abs(sparse.mean(axis=0) - expected) <= 5 * error + 1 / 128).all()


@pytest.mark.parametrize("name", NAMES)
def test_each_can_be_learned(name):
    problem = SUITE[name]
    frame = simopt.sweep(
        problem,
        simopt.Adam(eta=np.geomspace(1e-3, 1.0, 7)),
        batch_size=problems.BATCH_SIZE,
        epochs=100,
        shuffle="epoch",
        evaluate="epoch",
    )
    start = problem.loss(problem.w0)
    least = 0.01 if name == "network" else problem.minimum_loss  # its noise's variance
    assert frame["loss"].min() - least < 0.1 * (start - least)


def test_few_points_are_learned_by_heart():
    """On points that it has not seen the loss falls, then rises."""
    train, validation = problems.few_points()
    assert train.features == validation.features
    np.testing.assert_array_equal(train.w0, validation.w0)
    frame = simopt.sweep(
        train, simopt.Adam(eta=0.01), batch_size=8, epochs=600, shuffle="epoch", record="epochs"
    )
    weights = frame[[f"w_{k}" for k in range(train.d)]].to_numpy()
    losses = np.array([validation.loss(w) for w in weights[::20]])
    assert frame["loss"].iloc[-1] < 0.25 / 5
    assert losses.min() < 0.8 * min(losses[0], losses[-1])
    assert 0 < losses.argmin() < len(losses) - 1


def test_time_goes_on_from_one_part_to_the_other():
    train, validation = problems.time_series(length=50)
    assert (train.n, validation.n, train.d) == (35, 15, 6)
    for part in (train, validation):
        # A window moves on by one, its last value being the target before.
        np.testing.assert_array_equal(part.x[1:, :4], part.x[:-1, 1:5])
        np.testing.assert_array_equal(part.x[1:, 4], part.y[:-1])
    np.testing.assert_array_equal(validation.x[0, 4], train.y[-1])
    long, _ = problems.time_series(length=20_000)
    np.testing.assert_allclose(long.optimum, [0, 0, 0, 0, 0.9, 0], atol=0.05)
    assert np.var(long.y) == pytest.approx(1 / (1 - 0.81), rel=0.15)


def test_labels_are_sorted():
    problem = problems.sorted_labels()
    assert problem.n == 400
    assert (np.diff(problem.y) >= 0).all()
    assert 100 < problem.y.sum() < 300


def test_the_others():
    assert (problems.noisy_line().n, problems.noisy_line().d) == (64, 5)
    many = problems.many_points()
    assert (many.n, many.d) == (4096, 20)
    assert many.minimum_loss == pytest.approx(1.0, abs=0.12)
    steep = problems.steep()
    assert steep.loss(1.5) == pytest.approx((1.5**20 - 1) ** 2, rel=1e-13)
    assert steep.gradient(1.5)[0] == pytest.approx(40 * 1.5**19 * (1.5**20 - 1), rel=1e-13)
    assert steep.loss(steep.optimum) == steep.gradient(steep.optimum)[0] == 0
    labels = problems.drawn_labels().y
    assert len(labels) == 60
    assert labels.sum() > 0
    assert set(labels) == {-1.0, 1.0}
