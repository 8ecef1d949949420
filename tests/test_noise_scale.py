"""The noise scale: the published identities by enumerating every batch, and unbiased estimates."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simopt import measures, noise_scale, problems


def six_points():
    """Six points, two weights, labels with noise: every batch of up to three can be enumerated."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(6, 2))
    return problems.least_squares(x, x @ [1.0, -2.0] + rng.normal(size=6), w0=[0.5, 0.3])


def batches(problem, size, replacement):
    """The gradient [batches, d] of every batch, each equally likely."""
    choose = itertools.product if replacement else itertools.combinations
    rows = choose(range(problem.n), repeat=size) if replacement else choose(range(problem.n), size)
    return np.array([problem.gradient(problem.w0, list(each)) for each in rows])


def mean_decrease(problem, gradients, eta):
    """What a step at eta takes off the loss, averaged over the batches."""
    before = problem.loss(problem.w0)
    return np.mean([before - problem.loss(problem.w0 - eta * g) for g in gradients])


@pytest.mark.parametrize("replacement", [True, False])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_mean_decrease_of_a_step_by_enumeration(size, replacement):
    problem = six_points()
    scale = noise_scale.exact(problem, replacement=replacement)
    gradients = batches(problem, size, replacement)
    for eta in (0.01, 0.1, scale.eta_opt(size), scale.eta_max):
        assert scale.decrease(eta, size) == pytest.approx(
            mean_decrease(problem, gradients, eta), rel=1e-12, abs=1e-12
        )
    # A parabola in eta through three measured points has its top where the formulas say.
    a, b, c = np.polyfit(
        [0.0, 0.1, 0.2], [mean_decrease(problem, gradients, e / 10) for e in range(3)], 2
    )
    assert scale.eta_opt(size) == pytest.approx(-b / (2 * a), rel=1e-10)
    assert scale.decrease_opt(size) == pytest.approx(c - b**2 / (4 * a), rel=1e-10)


def test_the_published_forms_with_replacement():
    problem = six_points()
    scale = noise_scale.exact(problem, replacement=True)
    each = np.array([problem.gradient(problem.w0, [i]) for i in range(6)])
    mean, hessian = each.mean(axis=0), 2 * problem.x.T @ problem.x / 6
    covariance = np.cov(each.T, bias=True)
    bent = mean @ hessian @ mean
    assert scale.b_simple == pytest.approx(np.trace(covariance) / (mean @ mean), rel=1e-12)
    assert scale.b_noise == pytest.approx(np.trace(hessian @ covariance) / bent, rel=1e-12)
    assert scale.eta_max == pytest.approx(mean @ mean / bent, rel=1e-12)
    assert scale.decrease_max == pytest.approx((mean @ mean) ** 2 / (2 * bent), rel=1e-12)
    for size in (1, 2, 3, 1000):
        slowed = 1 + scale.b_noise / size
        assert scale.eta_opt(size) == pytest.approx(scale.eta_max / slowed, rel=1e-12)
        assert scale.decrease_opt(size) == pytest.approx(scale.decrease_max / slowed, rel=1e-12)


@pytest.mark.parametrize(("size", "factor"), [(1, 1.0), (2, 0.8), (3, 0.6)])
def test_the_finite_population_factor_by_enumeration(size, factor):
    """Of six points: without replacement .8 and .6 of the variance with, for a mean of 2 and 3."""
    problem = six_points()
    variance = {
        replacement: batches(problem, size, replacement).var(axis=0).sum()
        for replacement in (True, False)
    }
    assert variance[False] / variance[True] == pytest.approx(factor, abs=1e-12)
    assert measures.batch_variance(size, 6) * size == pytest.approx(factor, abs=1e-15)
    trace = noise_scale.exact(problem).trace
    assert measures.batch_variance(size, 6) * trace == pytest.approx(variance[False], rel=1e-12)
    assert measures.batch_variance(size) * trace == pytest.approx(variance[True], rel=1e-12)


@pytest.mark.parametrize("replacement", [True, False])
@pytest.mark.parametrize(("small", "big"), [(1, 2), (1, 3), (2, 3)])
def test_the_estimates_are_unbiased_by_enumeration(small, big, replacement):
    problem = six_points()
    norms = [np.linalg.norm(batches(problem, b, replacement), axis=1) for b in (small, big)]
    n = None if replacement else 6
    found = noise_scale.from_norms(*norms, small=small, big=big, n=n)
    true = noise_scale.exact(problem)
    assert found.squared_gradient == pytest.approx(true.squared_gradient, rel=1e-12)
    assert found.trace == pytest.approx(true.trace, rel=1e-12)
    assert found.b_simple == pytest.approx(true.b_simple, rel=1e-12)


def test_the_full_batch_in_parts_leaves_nothing_to_chance():
    problem = six_points()
    found = noise_scale.estimate(problem, small=1, big="full", draws=1, seed=3)
    true = noise_scale.exact(problem)
    assert found.squared_gradient == pytest.approx(true.squared_gradient, rel=1e-12)
    assert found.trace == pytest.approx(true.trace, rel=1e-12)


@pytest.mark.parametrize("replacement", [True, False])
def test_drawn_estimates_scatter_around_the_truth(replacement):
    problem = problems.diabetes()
    true = noise_scale.exact(problem)
    found = [
        noise_scale.estimate(problem, small=4, big=40, draws=10, seed=seed, replacement=replacement)
        for seed in range(200)
    ]
    for name in ("squared_gradient", "trace"):
        values = np.array([getattr(each, name) for each in found])
        error = values.std(ddof=1) / np.sqrt(len(values))
        assert abs(values.mean() - getattr(true, name)) < 4 * error
    assert found[0] == noise_scale.estimate(
        problem, small=4, big=40, draws=10, seed=0, replacement=replacement
    )


def test_without_label_noise_there_is_one_scale_everywhere():
    """On the four points every gradient is 2 x^2 (w - 5): the scales are moments of x^2 alone."""
    squares = np.array([2.0, 1.0, 3.0, 0.5]) ** 2
    expected = squares.var() / squares.mean() ** 2
    for w in (-1e3, 3.0, 4.999, 5.5, 1e6):
        scale = noise_scale.exact(problems.four_points(), w)
        assert scale.b_simple == pytest.approx(expected, rel=1e-12)
        assert scale.b_noise == pytest.approx(expected, rel=1e-12)
    at_optimum = noise_scale.exact(problems.four_points(), 5.0)
    assert np.isnan(at_optimum.b_simple)  # neither gradient nor noise
    assert at_optimum.decrease(0.1, 1) == 0


def test_at_an_optimum_with_noise_the_scale_is_infinite():
    # y = 1 and -1 at x = 1: the optimum 0 is exact, the gradients there are -2 and 2.
    problem = problems.least_squares([1.0, 1.0], [1.0, -1.0])
    scale = noise_scale.exact(problem, 0.0)
    assert scale.b_simple == scale.b_noise == np.inf
    assert scale.eta_opt(1) == 0
    assert scale.decrease_opt(1) == 0


def test_the_logistic_hessian_is_the_derivative_of_the_gradient():
    rng = np.random.default_rng(2)
    problem = problems.logistic(rng.normal(size=(30, 3)), rng.integers(0, 2, 30), l2=0.1)
    w, h = rng.normal(size=4), 1e-5
    numeric = np.array(
        [(problem.gradient(w + h * e) - problem.gradient(w - h * e)) / (2 * h) for e in np.eye(4)]
    )
    scale = noise_scale.exact(problem, w)
    assert np.allclose(scale.hessian, numeric, atol=1e-8)
    assert np.allclose(scale.gradient, problem.gradient(w), atol=1e-15)
    each = np.array([problem.gradient(w, [i]) for i in range(30)])
    assert np.allclose(scale.covariance, np.cov(each.T, bias=True), atol=1e-15)


def test_a_tiny_step_on_a_logistic_loss_falls_as_predicted():
    """To second order in eta: what is left over shrinks as its cube."""
    rng = np.random.default_rng(3)
    problem = problems.logistic(rng.normal(size=(6, 2)), [0, 1, 1, 0, 1, 0], w0=[0.3, -0.2, 0.1])
    scale = noise_scale.exact(problem)
    gradients = batches(problem, 2, replacement=False)
    left = [
        abs(scale.decrease(eta, 2) - mean_decrease(problem, gradients, eta)) for eta in (0.2, 0.1)
    ]
    assert left[0] / left[1] == pytest.approx(8, rel=0.2)


@given(
    w=st.floats(-100, 100),
    stretch=st.floats(0.1, 10),
    unit=st.floats(0.1, 10),
    seed=st.integers(0, 50),
)
def test_the_scale_has_no_unit_and_what_follows_is_monotone(w, stretch, unit, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=9) + 0.5, rng.normal(size=9)
    scale = noise_scale.exact(problems.least_squares(x, y), w)
    other = noise_scale.exact(problems.least_squares(stretch * x, unit * y), w * unit / stretch)
    assert other.b_simple == pytest.approx(scale.b_simple, rel=1e-6)
    assert scale.b_noise == pytest.approx(scale.b_simple, rel=1e-9)  # d = 1: H cancels
    rates = [scale.eta_opt(b) for b in range(1, 10)]
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(scale.eta_max, rel=1e-12)  # no noise in the full batch
    for b in range(1, 10):
        best = scale.decrease_opt(b)
        assert best == pytest.approx(scale.decrease(scale.eta_opt(b), b), rel=1e-9)
        for factor in (0.9, 1.1):
            assert scale.decrease(factor * scale.eta_opt(b), b) < best


@given(scale=st.floats(0, 1e9), n=st.integers(2, 10**6))
def test_a_finite_population_bounds_the_scale(scale, n):
    size = noise_scale.finite_population(scale, n)
    assert 0 <= size <= n
    # That is where the noise of a batch without replacement equals the gradient.
    if size >= 1e-6:
        assert (n - size) / ((n - 1) * size) * scale == pytest.approx(1, rel=1e-3)
    assert size <= scale * n / (n - 1) * (1 + 1e-12)


def test_estimates_without_gradient_or_without_noise():
    drowned = noise_scale.from_norms([2.0, 2.0], [1.0], small=1, big=4)
    assert drowned.squared_gradient <= 0
    assert drowned.b_simple == np.inf
    quiet = noise_scale.from_norms(1.0, 1.1, small=1, big=4)
    assert quiet.trace < 0
    assert quiet.b_simple == 0


def test_a_noisy_quadratic_is_known_without_points():
    """Zhang et al.'s model: L = 1/2 sum h w^2, noise of variance c / B."""
    h, c, w = np.array([1.0, 0.5, 0.1]), np.array([1.0, 2.0, 4.0]), np.array([1.0, -1.0, 3.0])
    scale = noise_scale.exact(problems.noisy_quadratic(h, c), w)
    assert scale.b_simple == pytest.approx(c.sum() / ((h * w) ** 2).sum(), rel=1e-12)
    assert scale.b_noise == pytest.approx((h * c).sum() / (h**3 * w**2).sum(), rel=1e-12)
    for eta, size in ((0.1, 1), (0.7, 16)):
        after = ((1 - eta * h) ** 2 * w**2 + eta**2 * c / size) * h / 2
        assert scale.decrease(eta, size) == pytest.approx((h * w**2 / 2 - after).sum(), rel=1e-12)
    with pytest.raises(ValueError, match="problem="):
        noise_scale.estimate(problems.noisy_quadratic(h, c), small=1, big=2)


def test_bad_input_is_refused():
    four = problems.four_points()
    with pytest.raises(ValueError, match="^w="):
        noise_scale.exact(four, [1.0, 2.0])
    with pytest.raises(ValueError, match="must be a finite number"):
        noise_scale.exact(four, float("nan"))
    with pytest.raises(ValueError, match="batch_size=5"):
        noise_scale.exact(four).eta_opt(5)
    with pytest.raises(ValueError, match="batch_size='full'"):
        noise_scale.exact(four, replacement=True).eta_opt("full")
    with pytest.raises(ValueError, match="n=0"):
        noise_scale.finite_population(1.0, 0)
    for scale in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="scale="):
            noise_scale.finite_population(scale, 4)
    for norms in ([], [-1.0], [float("inf")]):
        with pytest.raises(ValueError, match="small_norms="):
            noise_scale.from_norms(norms, 1.0, small=1, big=2)
        with pytest.raises(ValueError, match="big_norms="):
            noise_scale.from_norms(1.0, norms, small=1, big=2)
    with pytest.raises(ValueError, match="larger than small=4"):
        noise_scale.from_norms(1.0, 1.0, small=4, big=4)
    with pytest.raises(ValueError, match="big=9"):
        noise_scale.from_norms(1.0, 1.0, small=4, big=9, n=8)
    with pytest.raises(ValueError, match="small=4"):
        noise_scale.estimate(four, small=4, big=4)
    with pytest.raises(ValueError, match="draws=0"):
        noise_scale.estimate(four, small=1, big=2, draws=0)
    with pytest.raises(ValueError, match="seed=-1"):
        noise_scale.estimate(four, small=1, big=2, seed=-1)


def test_where_no_hessian_is_computed_it_says_so():
    x = np.arange(6.0)[:, None]
    for problem in (problems.network(x, x[:, 0], hidden=2), problems.double_well()):
        with pytest.raises(ValueError, match=r"^problem='.*': must be a regression or a noisy"):
            noise_scale.exact(problem)
