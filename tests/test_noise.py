"""Gaussian noise by counter, and the noisy quadratic that it drives."""

import math
import platform
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import simopt
from simopt.training import noise, shuffling
from tests.test_engine import assembly

pytestmark = pytest.mark.interpreted
CURVATURE = 1 / np.arange(1, 8)
MODEL = simopt.problems.noisy_quadratic(CURVATURE, 2 * CURVATURE, w0=np.linspace(-1, 2, 7))
SEEDS = st.integers(0, 2**63 - 1)


@given(st.integers(0, 2**32 - 1))
def test_trailing_zeros(bits):
    binary = f"{bits:032b}"
    assert noise.trailing_zeros(bits) == 32 - len(binary.rstrip("0"))


@given(st.integers(0, 32), st.floats(1e-12, 1 - 1e-12))
def test_exponential_is_a_logarithm(zeros, fraction):
    expected = -math.log((1 + fraction) * 2.0 ** -(zeros + 1))
    assert noise.exponential(zeros, fraction) == pytest.approx(expected, rel=1e-13, abs=1e-15)


@given(SEEDS, st.integers(1, 2**40), st.integers(0, 10**6))
def test_a_pair_is_box_and_mullers(seed, update, pair):
    """The same numbers through the library's logarithm, sine and cosine."""
    first, second = shuffling.split_seed(seed, update)
    words = [noise.word(first, second, 3 * pair + j) for j in range(3)]
    zeros = 32 - len(f"{words[0]:032b}".rstrip("0"))
    u = (1 + (words[1] + 0.5) / 2**32) / 2 ** (zeros + 1)
    angle = 2 * math.pi * (words[2] + 0.5) / 2**32 - math.pi / 4
    radius = math.sqrt(-2 * math.log(u))
    expected = radius * math.cos(angle), radius * math.sin(angle)
    assert noise.normal_pair(first, second, pair) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_normals_are_standard_normal_and_independent():
    z = np.array([noise.normals(seed, 3, 10) for seed in range(10_000)])
    assert stats.kstest(z.ravel(), "norm").pvalue > 1e-3
    # Of 45 correlations of 10^4 pairs each, none beyond 4.5 deviations; of cosine and sine, of
    # neighbouring pairs, of their squares too.
    for values in (z, z**2):
        off = np.corrcoef(values.T)[np.triu_indices(10, 1)]
        assert np.abs(off).max() < 4.5 / np.sqrt(len(z))
    later = np.array([noise.normals(seed, 4, 10) for seed in range(10_000)])
    assert abs(np.corrcoef(z.ravel(), later.ravel())[0, 1]) < 4 / np.sqrt(z.size)


def expected_loss(model, eta, batch_size, updates):
    """Mean and standard deviation of the loss of SGD: every weight is Gaussian."""
    h, c = model.l2, model.noise / batch_size
    mean, variance = model.w0.copy(), np.zeros(model.d)
    for _ in range(updates):
        mean, variance = (1 - eta * h) * mean, (1 - eta * h) ** 2 * variance + eta**2 * c
    loss = (h * (mean**2 + variance)).sum() / 2
    return loss, np.sqrt((h**2 * (2 * variance**2 + 4 * mean**2 * variance)).sum() / 4)


@pytest.mark.compiled
def test_the_mean_loss_is_the_exact_one():
    seeds = 2**14
    frame = simopt.sweep(
        MODEL,
        simopt.SGD(eta=[0.05, 0.5]),
        batch_size=[2, 300],
        updates=100,
        seed=range(seeds),
        reduce="seed",
    )
    for row in frame.itertuples():
        exact, deviation = expected_loss(MODEL, row.eta, row.batch_size, 100)
        assert abs(row.loss_mean - exact) < 4 * deviation / math.sqrt(seeds)


@settings(max_examples=12)
@given(st.sampled_from(["SGD", "Momentum", "Adam"]), st.integers(1, 10**9), SEEDS)
def test_a_sweep_is_a_run(name, batch_size, seed):
    optimizer = getattr(simopt, name)(eta=0.05)
    how = {"batch_size": batch_size, "updates": 30, "seed": seed}
    row = simopt.sweep(MODEL, optimizer, **how).iloc[0]
    summary = simopt.run(MODEL, optimizer, **how).summary
    for column in ("loss", "best_loss", "w_0", "w_6", "distance", "peak_distance"):
        assert row[column] == pytest.approx(summary[column], rel=1e-12)


@pytest.mark.compiled
def test_a_seed_has_its_noise_in_any_company():
    """Alone every lane draws; beside many rates a block draws once: the same bits."""
    how = {"batch_size": 4, "updates": 25}
    alone = simopt.sweep(MODEL, simopt.SGD(eta=0.1), seed=range(40), **how)
    rates = [0.1, *np.geomspace(0.01, 1, 90)]
    beside = simopt.sweep(MODEL, simopt.SGD(eta=rates), seed=range(40), **how)
    beside = beside[beside["eta"] == 0.1]
    assert alone["loss"].tolist() == beside["loss"].tolist()
    assert alone["loss"].nunique() == 40


def test_a_step_is_the_gradient_and_the_noise_of_its_batch():
    frame = simopt.run(MODEL, simopt.SGD(eta=0.1), batch_size=4, updates=3, seed=11).steps
    w = MODEL.w0
    for t in (1, 2, 3):
        g = CURVATURE * w + np.sqrt(2 * CURVATURE / 4) * noise.normals(11, t, 7)
        w = w - 0.1 * g
        shown = frame.loc[t - 1, [f"w_{k}" for k in range(7)]].to_numpy(float)
        np.testing.assert_allclose(shown, w, rtol=1e-14)
    assert frame["epoch"].tolist() == [1, 2, 3]


def test_what_a_noisy_quadratic_knows():
    assert MODEL.optimum.tolist() == [0.0] * 7
    assert MODEL.minimum_loss == 0
    assert MODEL.loss(1.0) == pytest.approx(CURVATURE.sum() / 2)
    assert MODEL.hessian.tolist() == np.diag(CURVATURE).tolist()
    assert MODEL.replace(w0=2.0).noise.tolist() == MODEL.noise.tolist()
    assert MODEL.replace(w0=2.0).digest != MODEL.digest
    assert simopt.problems.noisy_quadratic([1.0, 0.0], 1.0).optimum is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, -1.0], 1.0), "curvature=-1.0: must be >= 0 everywhere"),
        (([1.0, 2.0], [1.0, 2.0, 3.0]), r"noise='shape \(3,\)': must be a number, or 2"),
        (([], 1.0), "curvature='shape (0,)': must be an array"),
        (([1.0], math.nan), "noise"),
        (("many", 1.0), "curvature='many': must be an array of numbers"),
    ],
)
def test_bad_models_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message.replace("(0,)", r"\(0,\)")):
        simopt.problems.noisy_quadratic(*arguments)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"shuffle": "epoch"}, "shuffle='epoch': must be 'never': noisy_quadratic has no points"),
        ({"batch_size": "full"}, "batch_size='full': must be a whole number"),
        ({"order": [[0]]}, "order"),
    ],
)
def test_what_needs_points_is_refused(how, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        simopt.sweep(MODEL, simopt.SGD(), **how)


@pytest.mark.slow
@pytest.mark.compiled
@pytest.mark.skipif(platform.machine() != "x86_64", reason="counts x86 instructions")
def test_noise_is_drawn_by_packed_instructions():
    """Multiplication of whole numbers, conversion and root, of several lanes at once."""
    code = assembly(MODEL, simopt.SGD(), "own")
    loops = [text for text in re.split(r"\n\.LBB\S+:", code) if "sqrtpd" in text]
    assert any("pmul" in text and "imul" not in text for text in loops)
