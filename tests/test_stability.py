"""Stability: epoch maps against plain loops and trajectories, closed forms, cycles, thresholds."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simopt
from simopt import problems, stability
from simopt.rules import OPTIMIZERS
from simopt.training.stepper import Stepper

FOUR = problems.four_points()
#: The same points with the optimum at 0, so that no rounding of w - optimum is left behind.
STILL = problems.least_squares(FOUR.x[:, 0], np.zeros(4), w0=1.0)
BETAS = st.floats(0.0, 0.97)


def make(name, eta, beta):
    return simopt.SGD(eta=eta) if name == "SGD" else OPTIMIZERS[name](eta=eta, beta=beta)


def plain_radius(problem, name, eta, beta, batch_size, order):
    """The formulas as the literature has them, basis vectors pushed through an epoch one by one."""
    d = problem.d
    columns = []
    for unit in np.eye(2 * d):
        e, v = unit[:d].copy(), unit[d:].copy()
        for first in range(0, problem.n, batch_size):
            x = problem.x[list(order[first : first + batch_size])]
            g = 2 * x.T @ (x @ e) / len(x) + problem.l2 * e
            v = g if name == "SGD" else beta * v + g
            e = e - eta * (g + beta * v if name == "Nesterov" else v)
        columns.append(np.concatenate([e, v]))
    return np.abs(np.linalg.eigvals(np.array(columns).T)).max()


# --- the epoch map ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SGD", "Momentum", "Nesterov"])
@given(
    seed=st.integers(0, 2**32 - 1),
    d=st.integers(1, 3),
    n=st.integers(3, 6),
    size=st.integers(1, 6),
    l2=st.sampled_from([0.0, 0.3]),
    eta=st.floats(0.01, 0.5),
    beta=BETAS,
)
@settings(max_examples=40, deadline=None)
def test_the_map_is_that_of_a_plain_loop(name, seed, d, n, size, l2, eta, beta):
    rng = np.random.default_rng(seed)
    problem = problems.least_squares(rng.normal(size=(n, d)), rng.normal(size=n), l2=l2)
    order = tuple(int(i) for i in rng.permutation(n))
    size = min(size, n)
    optimizer = make(name, eta, beta)
    table = stability.spectral_radius(problem, optimizer, batch_size=size, order=order)
    expected = plain_radius(problem, name, eta, beta, size, order)
    # Eigenvalues at a double root are known to the root of the rounding.
    assert table["radius"][0] == pytest.approx(expected, rel=1e-6)
    assert table["order"][0] == order
    assert table["updates"][0] == math.ceil(n / size)


@pytest.mark.parametrize("name", ["SGD", "Momentum", "Nesterov"])
@pytest.mark.parametrize("size", [1, 2, 4])
def test_trajectories_of_every_order_grow_as_the_map_says(name, size):
    eta, beta = [0.05, 0.2, 0.35], [0.3, 0.5, 0.9]
    optimizer = make(name, eta, beta)
    table = stability.spectral_radius(STILL, optimizer, batch_size=size, order="all")
    assert table["order"].nunique() == {1: 24, 2: 6, 4: 1}[size]
    for order, rows in table.groupby("order"):
        frame = simopt.sweep(
            stability.in_order(STILL, order), optimizer, batch_size=size, epochs=3,
            record="epochs", divergence=None,
        )  # fmt: skip
        for radius, w in zip(rows["radius"], frame["w"].to_numpy().reshape(-1, 3), strict=True):
            grown = stability.growth_per_epoch(np.append(1.0, w))
            assert grown == pytest.approx(radius, rel=1e-9)


def test_several_weights_grow_as_the_map_says():
    """Any weight of two that SGD moves obeys the recurrence of the 2 x 2 epoch map."""
    rng = np.random.default_rng(5)
    problem = problems.least_squares(rng.normal(size=(7, 2)), np.zeros(7), w0=[1.0, -2.0])
    for eta, size in ((0.1, 1), (0.3, 3), (0.9, 7)):
        frame = simopt.sweep(
            problem, simopt.SGD(eta=eta), batch_size=size, epochs=3, record="epochs",
            divergence=None,
        )  # fmt: skip
        radius = stability.spectral_radius(problem, simopt.SGD(eta=eta), batch_size=size)["radius"]
        errors = np.append(1.0, frame["w_0"])
        assert stability.growth_per_epoch(errors) == pytest.approx(radius[0], rel=1e-9)


def test_turning_or_reversing_an_order_changes_nothing():
    """Eigenvalues are those of any cyclic shift; so of 24 orders of four points three differ."""
    grid = simopt.Momentum(eta=np.geomspace(0.01, 1.0, 7), beta=[0.3, 0.7])
    table = stability.spectral_radius(FOUR, grid, order="all")
    wide = table.pivot_table(index="order", columns=["eta", "beta"], values="radius")
    by_order = {order: wide.loc[[order]].to_numpy()[0] for order in wide.index}
    for order, radius in by_order.items():
        turned = (*order[1:], order[0])
        np.testing.assert_allclose(by_order[turned], radius, rtol=1e-6)
        np.testing.assert_allclose(by_order[order[::-1]], radius, rtol=1e-6)
    kinds = {tuple(np.round(radius, 5)) for radius in by_order.values()}
    assert len(kinds) == 3


def test_the_rate_and_the_velocity_may_be_kept_otherwise():
    """Keras' and scikit-learn's momentum, a fading mean at (1 - beta) times the rate: one map."""

    def fading(w, g, eta, m, beta=0.9):
        m = beta * m + (1 - beta) * g
        return w - eta * m, m

    mean = simopt.rule(fading)
    beta, eta = 0.6, 0.08
    radius = stability.spectral_radius(FOUR, simopt.Momentum(eta=eta, beta=beta))["radius"][0]
    for other in (
        simopt.Momentum(eta=eta, beta=beta, convention="keras"),
        simopt.Momentum(eta=eta, beta=beta, rate_place="inside"),
        mean(eta=eta / (1 - beta), beta=beta),
    ):
        again = stability.spectral_radius(FOUR, other)["radius"][0]
        assert again == pytest.approx(radius, rel=1e-12)


def test_weight_decay_is_curvature():
    decayed = simopt.SGD(eta=[0.1, 0.4], weight_decay=0.7)
    ridge = problems.least_squares(FOUR.x[:, 0], FOUR.y, l2=0.7)
    for size in (1, 4):
        left = stability.spectral_radius(FOUR, decayed, batch_size=size)["radius"]
        right = stability.spectral_radius(ridge, simopt.SGD(eta=[0.1, 0.4]), batch_size=size)
        np.testing.assert_allclose(left, right["radius"], rtol=1e-12)


def test_directions_without_points_are_left_out():
    flat = problems.least_squares([[1.0, 1.0], [2.0, 2.0]], [1.0, 2.0])
    table = stability.spectral_radius(flat, simopt.SGD(eta=0.1), batch_size=["full", 1])
    # Along (1, 1) / sqrt 2 the points are sqrt 2 and sqrt 8.
    assert table["radius"].to_list() == pytest.approx([0.0, abs((1 - 0.4) * (1 - 1.6))], abs=1e-12)


def test_rows_are_those_of_a_sweep():
    grid = simopt.Momentum(eta=[0.1, 0.2], beta=[0.0, 0.5])
    table = stability.spectral_radius(FOUR, grid, batch_size=[1, 2])
    frame = simopt.sweep(FOUR, grid, batch_size=[1, 2])
    keys = ["eta", "beta", "batch_size"]
    assert table[keys].astype(float).equals(frame[keys].astype(float))


# --- thresholds ---------------------------------------------------------------------------------


def roots_of_one(size, pairs):
    """Where the product of 1 - eta h over batches is 1 or -1: the edges of SGD's intervals."""
    h = [2 * np.mean(FOUR.x[list(batch), 0] ** 2) for batch in pairs]
    product = np.poly1d([1.0])
    for each in h:
        product *= np.poly1d([-each, 1.0])
    found = np.concatenate([(product - 1).roots, (product + 1).roots])
    real = found[np.abs(found.imag) < 1e-9].real
    return sorted(real[real > 1e-9])


@pytest.mark.parametrize(
    ("size", "order"),
    [(1, (0, 1, 2, 3)), (2, (0, 1, 2, 3)), (2, (0, 2, 1, 3)), (2, (0, 3, 1, 2)), (4, (0, 1, 2, 3))],
)
def test_sgd_s_intervals_end_at_the_roots_of_a_polynomial(size, order):
    rates = simopt.SGD(eta=np.linspace(0.0005, 3.0, 6000))
    table = stability.thresholds(FOUR, rates, batch_size=size, order=order)
    edges = [*table["low"][~table["low_open"]], *table["high"]]
    pairs = [order[k : k + size] for k in range(0, 4, size)]
    np.testing.assert_allclose(sorted(edges), roots_of_one(size, pairs), rtol=1e-9)
    # Bisection between a stable and an unstable rate would have found one of them.
    assert len(table) == (3 if size == 1 else 2 if order == (0, 2, 1, 3) else 1)


@pytest.mark.parametrize("name", ["SGD", "Momentum", "Nesterov"])
@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_sweep_turns_where_the_map_does_to_its_grid_spacing(name, size):
    rates = np.geomspace(0.005, 2.5, 2000)
    table = stability.thresholds(FOUR, make(name, rates, 0.9), batch_size=size)
    assert len(table) >= 1
    for low, high, low_open in table[["low", "high", "low_open"]].itertuples(index=False):
        for edge, unstable_above in ((high, True), *(() if low_open else ((low, False),))):
            spacing = 1e-3 * edge
            grid = edge + spacing * (np.arange(-4, 4) + 0.5)
            frame = simopt.sweep(FOUR, make(name, grid, 0.9), batch_size=size, epochs=40_000)
            gone = (frame["status"] == "diverged").to_numpy()
            assert (gone == ((grid > edge) == unstable_above)).all(), (edge, gone)


def test_a_scan_that_begins_or_ends_inside_says_so():
    table = stability.thresholds(FOUR, simopt.SGD(eta=[0.01, 0.1]))
    assert table[["low", "high"]].to_numpy().tolist() == [[0.01, 0.1]]
    assert table["low_open"][0]
    assert table["high_open"][0]
    none = stability.thresholds(FOUR, simopt.SGD(eta=[0.6, 0.7]))
    assert len(none) == 0
    assert list(none.columns) == list(table.columns)


# --- closed forms -------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["SGD", "Momentum", "Nesterov", "EMA momentum"])
@pytest.mark.parametrize("beta", [0.0, 0.3, 0.9, 0.99])
def test_limits_are_where_the_rate_passes_one(method, beta):
    low, high = 0.0, 500.0
    # Below its limit each is stable throughout: see the scan.
    scan = stability.rate(method, np.linspace(1e-6, 500.0, 200_001), beta) < 1
    assert scan[: scan.sum()].all()
    for _ in range(100):
        middle = (low + high) / 2
        stable = stability.rate(method, middle, beta) < 1
        low, high = (middle, high) if stable else (low, middle)
    assert low == pytest.approx(float(stability.limit(method, beta)), rel=1e-10)


@given(a=st.floats(1e-3, 5.0), beta=BETAS, name=st.sampled_from(["SGD", "Momentum", "Nesterov"]))
def test_the_rate_is_the_map_of_one_curvature(a, beta, name):
    bowl = stability.quadratic(1.0)
    radius = stability.spectral_radius(bowl, make(name, a, beta), batch_size="full")["radius"][0]
    assert float(stability.rate(name, a, beta)) == pytest.approx(radius, rel=1e-6, abs=1e-9)


@given(a=st.floats(0.01, 3.9), beta=BETAS)
def test_critical_beta_is_best_on_one_curvature(a, beta):
    best = float(stability.critical_beta(a))
    rate = abs(1 - math.sqrt(a))
    # At a double root a rounding u moves the roots by sqrt(u).
    assert float(stability.rate("Momentum", a, best)) == pytest.approx(rate, abs=3e-8)
    assert float(stability.rate("Momentum", a, beta)) >= rate - 1e-12


def test_under_damped_momentum_contracts_by_the_root_of_beta():
    """Goh's footnote has 2 sqrt(beta)."""
    for beta in (0.25, 0.81):
        a = np.linspace((1 - math.sqrt(beta)) ** 2 + 1e-3, (1 + math.sqrt(beta)) ** 2 - 1e-3, 50)
        np.testing.assert_allclose(stability.rate("Momentum", a, beta), math.sqrt(beta), rtol=1e-12)


#: Rates as published, to ten digits.
OPTIMAL = {
    10.0: [0.8181818182, 0.5194938533, 0.6837722340, 0.6407893959],
    100.0: [0.9801980198, 0.8181818182, 0.9, 0.8847219165],
}


@pytest.mark.parametrize("kappa", OPTIMAL)
def test_optimal_rates_as_published_and_as_the_worst_of_both_ends(kappa):
    table = stability.optimal(1.0, kappa)
    np.testing.assert_allclose(table["rate"], OPTIMAL[kappa], rtol=1e-9)
    curvature = np.linspace(1.0, kappa, 2001)
    for row in table.itertuples():
        worst = stability.rate(row.optimizer, row.eta * curvature, row.beta).max()
        assert worst == pytest.approx(row.rate, abs=1e-7)
    # Units of the curvature change the rate of learning alone.
    scaled = stability.optimal(7.0, 7.0 * kappa)
    np.testing.assert_allclose(scaled["rate"], table["rate"], rtol=1e-12)
    np.testing.assert_allclose(scaled["eta"] * 7.0, table["eta"], rtol=1e-12)


@pytest.mark.parametrize("method", ["gradient descent", "heavy ball", "Nesterov, tuned"])
@given(kappa=st.floats(1.5, 500.0), eta=st.floats(0.01, 4.0), beta=BETAS)
def test_no_setting_of_the_family_is_better_on_quadratics(method, kappa, eta, beta):
    table = stability.optimal(1.0, kappa).set_index("method")
    best = table.loc[method]
    curvature = np.geomspace(1.0, kappa, 200)
    mine = 0.0 if method == "gradient descent" else beta
    worst = stability.rate(best["optimizer"], eta / kappa * curvature, mine).max()
    assert worst >= best["rate"] - 1e-9


def test_standard_nesterov_is_not_the_best_nesterov_on_quadratics():
    table = stability.optimal(1.0, 50.0).set_index("method")["rate"]
    assert table["heavy ball"] < table["Nesterov, tuned"] < table["Nesterov, standard"]


# --- measured from trajectories -----------------------------------------------------------------


@pytest.mark.parametrize("kappa", [4.0, 10.0, 100.0])
def test_trajectories_contract_at_the_optimal_rates(kappa):
    table = stability.measured(1.0, kappa).set_index("method")
    error = (table["measured"] / table["rate"] - 1).abs()
    # Gradient descent has simple roots; the others end at a double one.
    assert error["gradient descent"] < 1e-6
    assert error.max() < 1e-3
    assert error.max() < 30 / table["updates"].min()


@pytest.mark.parametrize(
    ("name", "a", "beta"),
    [("SGD", 1.7, 0.0), ("Momentum", 0.5, 0.5), ("Momentum", 0.01, 0.5), ("Nesterov", 0.3, 0.9)],
)
def test_rates_away_from_double_roots(name, a, beta):
    bowl = stability.quadratic(1.0)
    frame = simopt.sweep(
        bowl, make(name, a, beta), batch_size="full", epochs=400, record="epochs", divergence=None
    )
    rate = float(stability.rate(name, a, beta))
    w = np.append(1.0, frame["w"])
    if name != "SGD":
        assert stability.growth_per_epoch(w[:204]) == pytest.approx(rate, rel=1e-6)
    if (name, a) in (("SGD", 1.7), ("Momentum", 0.01)):
        # Real roots: no oscillation besides a sign.
        assert stability.observed_rate(np.abs(w)) == pytest.approx(rate, rel=1e-6)


def exact_milestones(curvature, squares, eta, beta):
    """In rational arithmetic: a weight is linear in its start, so squares of starts suffice."""
    found = []
    for h, square in zip(curvature, squares, strict=True):
        w, v, last = Fraction(1), Fraction(0), -1
        for k in range(151):
            if h * w * w * square / 2 > Fraction(1, 100):
                last = k
            v = beta * v + h * w
            w -= eta * v
        found.append(last)
    return found


def test_goh_s_milestones_are_exact():
    curvature, w0 = [1, 10, 100], [1.0, 0.1**0.5, 0.1]
    squares = [Fraction(1), Fraction(1, 10), Fraction(1, 100)]
    assert exact_milestones(curvature, squares, Fraction(2, 101), 0) == [97, 8, 97]
    assert stability.milestones(curvature, w0, simopt.SGD(eta=2 / 101)) == [97, 8, 97]
    # Momentum tuned for 1 to 100: rate 4 / 11^2 and beta (9 / 11)^2.
    exact = exact_milestones(curvature, squares, Fraction(4, 121), Fraction(81, 121))
    heavy = stability.optimal(1.0, 100.0).iloc[1]
    momentum = simopt.Momentum(eta=heavy["eta"], beta=heavy["beta"])
    assert stability.milestones(curvature, w0, momentum) == exact


# --- simulation against prediction --------------------------------------------------------------


GRID = {"eta": np.geomspace(0.005, 3.0, 60), "beta": np.linspace(0.0, 0.96, 17)}
MAPS = {
    "four points": (FOUR, [1, 2, 4], "all"),
    "Hubble": (problems.hubble(), [4, "full"], None),
    "diabetes": (problems.diabetes(), [128, "full"], None),
}


@pytest.mark.parametrize("name", ["SGD", "Momentum", "Nesterov"])
@pytest.mark.parametrize("where", MAPS)
def test_cells_away_from_the_boundary_agree(name, where):
    problem, sizes, order = MAPS[where]
    optimizer = make(name, GRID["eta"], GRID["beta"])
    cells = stability.compare(problem, optimizer, batch_size=sizes, order=order, epochs=500)
    assert 0.1 < cells["simulated"].mean() < 0.95
    off = cells[~cells["agree"]]
    assert len(off) <= 0.02 * len(cells)
    # Only what grows too slowly: never a setting that should settle. An error may start 100 times
    # smaller in the direction that grows.
    assert off["predicted"].all()
    slow = math.log(100 * cells.attrs["growth"]) / cells.attrs["epochs"]
    assert (np.log(off["radius"]) <= slow).all()


def test_steps_to_the_boundary():
    cells = stability.compare(FOUR, simopt.SGD(eta=[0.4, 0.1, 0.6, 0.2, 0.5]), epochs=300)
    # Stable: 0.1, 0.2 and 0.5; sorted, the prediction turns behind 0.2, 0.4 and 0.5.
    assert cells["predicted"].tolist() == [True, False, True, False, False]
    assert cells["boundary"].tolist() == [1, 2, 1, 1, 1]
    alone = stability.compare(FOUR, simopt.SGD(eta=[0.1, 0.2]), epochs=3)
    assert alone["boundary"].isna().all()


def test_the_same_cells_on_one_thread_and_two():
    grid = simopt.Nesterov(eta=GRID["eta"], beta=[0.5, 0.9])
    one, two = (stability.compare(FOUR, grid, threads=k, epochs=50) for k in (1, 2))
    pd.testing.assert_frame_equal(one, two, check_like=False)


# --- adaptive methods ---------------------------------------------------------------------------


@pytest.mark.parametrize("beta1", [0.0, 0.5, 0.9, 0.95])
def test_adam_with_a_frozen_divisor_turns_at_its_threshold(beta1):
    """Weights so small that epsilon is all the divisor: sqrt(v + 1) = 1 to the last bit."""
    edge = float(stability.limit("EMA momentum", beta1))
    assert edge == pytest.approx((2 + 2 * beta1) / (1 - beta1), rel=1e-15)
    start = 1e-100
    frame = simopt.sweep(
        stability.quadratic(1.0, w0=start),
        simopt.Adam(eta=[0.999 * edge, 1.001 * edge], beta1=beta1, epsilon=1.0),
        batch_size="full",
        epochs=60_000,
        divergence=None,
    )
    below, above = np.abs(frame["w"])
    assert below < 1e-50 * start
    assert above > 1e50 * start


PLACES = ("inside", "outside")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("curvature", [0.3, 1.0, 7.0])
def test_rmsprop_jumps_between_two_weights(place, curvature):
    eta, epsilon = 0.1, {"inside": 1e-4, "outside": 1e-3}[place]
    rules = [
        simopt.RMSprop(eta=eta, rho=[0.5, 0.9, 0.99], epsilon=e, epsilon_place=place)
        for e in (0.0, epsilon)
    ]
    bowl = stability.quadratic(curvature)
    frame = simopt.sweep(bowl, rules, batch_size="full", epochs=[20_000, 20_001])
    for e, rows in frame.groupby("epsilon"):
        size = stability.rmsprop_cycle(eta, curvature, epsilon=e, epsilon_place=place)
        if e == 0:
            assert size == eta / 2
        elif place == "outside":
            assert size == pytest.approx(eta / 2 - e / curvature, rel=1e-14)
        else:
            assert size**2 == pytest.approx(eta**2 / 4 - e / curvature**2, rel=1e-14)
        np.testing.assert_allclose(np.abs(rows["w"]), size, rtol=1e-13)
        even, odd = (rows.loc[rows["epochs"] == k, "w"].to_numpy() for k in (20_000, 20_001))
        assert (even * odd < 0).all()
    # Sharpness: eta over the divisor is 2 / curvature on the cycle without epsilon.
    stepper = Stepper(rules[0].replace(rho=0.5), [eta / 2])
    for _ in range(500):
        stepper.step([curvature * stepper.weights[0]])
    assert eta * curvature / math.sqrt(stepper.state[0][0]) == pytest.approx(2.0, rel=1e-15)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("curvature", [0.5, 3.0])
def test_rmsprop_converges_below_a_rate_that_epsilon_sets(place, curvature):
    epsilon = 0.01
    edge = (2 * epsilon if place == "outside" else 2 * math.sqrt(epsilon)) / curvature
    rule = simopt.RMSprop(
        eta=[0.98 * edge, 1.02 * edge], rho=0.9, epsilon=epsilon, epsilon_place=place
    )
    frame = simopt.sweep(stability.quadratic(curvature), rule, batch_size="full", epochs=20_000)
    below, above = np.abs(frame["w"])
    assert below < 1e-100
    size = stability.rmsprop_cycle(1.02 * edge, curvature, epsilon=epsilon, epsilon_place=place)
    assert above == pytest.approx(size, rel=1e-9)
    assert (
        stability.rmsprop_cycle(0.98 * edge, curvature, epsilon=epsilon, epsilon_place=place) == 0
    )


def adam_step(beta1, beta2):
    """Adam's own function on w^2 / 2 at rate 1: (w, m, v) to (w, m, v)."""
    optimizer = simopt.Adam(eta=1.0, beta1=beta1, beta2=beta2, epsilon=0.0, bias_correction=False)
    return lambda w, m, v: np.array(optimizer.rule.update(w, w, 1.0, m, v, beta1, beta2, 0.0))


@pytest.mark.parametrize("beta1", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("beta2", [0.5, 0.9, 0.999])
def test_adam_s_cycle_and_what_a_deviation_does(beta1, beta2):
    step, a = adam_step(beta1, beta2), stability.adam_cycle(1.0, beta1)
    cycle = np.array([a, -2 * a * a, a * a])
    flip = np.array([-1.0, -1.0, 1.0])
    np.testing.assert_allclose(step(*cycle), flip * cycle, rtol=1e-12, atol=1e-14)
    # At the limit of a frozen divisor.
    assert 1 / a == pytest.approx(float(stability.limit("EMA momentum", beta1)), rel=1e-12)
    h = 1e-6
    columns = [
        (step(*(cycle + h * cycle[k] * unit)) - step(*(cycle - h * cycle[k] * unit)))
        / (2 * h * cycle[k])
        for k, unit in enumerate(np.eye(3))
    ]
    grown = np.abs(np.linalg.eigvals(flip[:, None] * np.array(columns).T)).max()
    assert stability.adam_multiplier(beta1, beta2) == pytest.approx(grown, rel=1e-6)


def test_adam_s_cycle_turns_unstable_where_published():
    for beta2, published in {0.5: 0.2280, 0.9: 0.1806, 0.99: 0.1724, 0.999: 0.17166}.items():
        digits = 5 if beta2 == 0.999 else 4
        assert round(stability.adam_critical_beta1(beta2), digits) == published
    assert stability.adam_critical_beta1(1 - 1e-9) == pytest.approx(3 - 2 * math.sqrt(2), abs=1e-6)
    assert round(stability.adam_multiplier(0.9, 0.999), 4) == 1.0494


def test_adam_bursts_around_the_edge():
    """Statistical: eta times sharpness over the divisor averages to something below 38."""
    stepper = Stepper(simopt.Adam(eta=1.0, epsilon=0.0), [1.0])
    sharp, far = [], []
    for _ in range(100_000):
        stepper.step([stepper.weights[0]])
        sharp.append(1 / math.sqrt(stepper.state[0][1]))
        far.append(abs(stepper.weights[0]))
    assert 30 <= np.mean(sharp) <= 40
    # It does not settle: bursts reach far beyond the cycle.
    assert max(far[50_000:]) > 3 * stability.adam_cycle(1.0)


@given(
    st.lists(st.floats(-1e6, 1e6).filter(lambda g: abs(g) > 1e-6), min_size=1, max_size=60),
    st.sampled_from([(0.9, 0.999), (0.5, 0.9), (0.0, 0.5)]),
)
def test_no_gradients_move_adam_further_than_its_bound(gradients, betas):
    beta1, beta2 = betas
    bound = stability.adam_step_bound(beta1, beta2)
    stepper = Stepper(simopt.Adam(eta=1.0, beta1=beta1, beta2=beta2, epsilon=0.0), [0.0])
    for t, g in enumerate(gradients, 1):
        before = stepper.weights[0]
        stepper.step([g])
        factor = math.sqrt(1 - beta2**t) / (1 - beta1**t)
        assert abs(stepper.weights[0] - before) <= bound * factor * (1 + 1e-9)


def test_growing_gradients_come_near_adam_s_bound():
    assert stability.adam_step_bound() == pytest.approx(7.2703, abs=5e-5)
    paper = 0.1 / math.sqrt(0.001)
    assert paper == pytest.approx(3.1623, abs=5e-5)
    adam = simopt.Adam(eta=1.0, epsilon=0.0, bias_correction=False)
    # A single gradient after zeros: the paper's bound, exactly.
    sparse = Stepper(adam, [0.0])
    for _ in range(10):
        sparse.step([1e-100])
    before = sparse.weights[0]
    sparse.step([1.0])
    assert before - sparse.weights[0] == pytest.approx(paper, rel=1e-12)
    growing, longest = Stepper(adam, [0.0]), 0.0
    ratio, count = 0.999 / 0.9, 30
    for k in range(count):
        before = growing.weights[0]
        growing.step([ratio**k])
        longest = max(longest, before - growing.weights[0])
    q = 0.81 / 0.999
    reached = stability.adam_step_bound() * math.sqrt(1 - q**count)
    assert longest == pytest.approx(reached, rel=1e-12)
    assert longest > 2.2 * paper


# --- bad input ----------------------------------------------------------------------------------

ADAM = simopt.Adam(eta=0.1)
REFUSED = {
    "problem='logistic'": lambda: stability.spectral_radius(
        problems.logistic([0.0, 1.0], [0, 1]), simopt.SGD()
    ),
    "optimizer='Adam'": lambda: stability.spectral_radius(FOUR, ADAM),
    "optimizer='AdaGrad'": lambda: stability.spectral_radius(FOUR, simopt.AdaGrad(eta=0.1)),
    "optimizer='SGD'": lambda: stability.spectral_radius(FOUR, "SGD"),
    "optimizer=Momentum": lambda: stability.spectral_radius(
        FOUR, simopt.Momentum(convention=["torch", "keras"])
    ),
    "batch_size=5": lambda: stability.spectral_radius(FOUR, simopt.SGD(), batch_size=5),
    "order='random'": lambda: stability.spectral_radius(FOUR, simopt.SGD(), order="random"),
    "order=[[0, 0, 1, 2]]": lambda: stability.compare(FOUR, simopt.SGD(), order=[0, 0, 1, 2]),
    "order=[]": lambda: stability.spectral_radius(FOUR, simopt.SGD(), order=[]),
    "order='all'": lambda: stability.thresholds(
        problems.hubble(), simopt.SGD(eta=[0.1, 0.2]), order="all"
    ),
    "eta=0.001": lambda: stability.thresholds(FOUR, simopt.SGD()),
    "epochs=0": lambda: stability.compare(FOUR, simopt.SGD(), epochs=0),
    "growth=1": lambda: stability.compare(FOUR, simopt.SGD(), growth=1),
    "problem=": lambda: stability.spectral_radius(stability.quadratic([0.0]), simopt.SGD()),
    "curvature=-1.0": lambda: stability.quadratic(-1.0),
    "method='Adam'": lambda: stability.limit("Adam"),
    "beta=1.0": lambda: stability.limit("Momentum", 1.0),
    "a=[-1.0]": lambda: stability.rate("SGD", [-1.0]),
    "a=4.0": lambda: stability.critical_beta(4.0),
    "mu=0": lambda: stability.optimal(0, 1),
    "L=1": lambda: stability.optimal(2, 1),
    "distance=": lambda: stability.observed_rate(np.ones(2)),
    "distance=(1.0, 0.0)": lambda: stability.observed_rate(np.array([1.0, 1.0, 0.0])),
    "eta=0": lambda: stability.rmsprop_cycle(0),
    "epsilon_place='hat'": lambda: stability.rmsprop_cycle(0.1, epsilon_place="hat"),
    "beta1=0.99": lambda: stability.adam_step_bound(0.99, 0.9),
    "beta2=1": lambda: stability.adam_critical_beta1(1),
}


@pytest.mark.parametrize("message", REFUSED)
def test_bad_arguments_are_named(message):
    with pytest.raises(ValueError, match="must be") as caught:
        REFUSED[message]()
    assert str(caught.value).startswith(message)


def test_orders_of_few_points():
    assert len(stability.orders(4, 2)) == 6
    pairings = {frozenset((order[:2], order[2:])) for order in stability.orders(4, 2)}
    assert len(pairings) == 3
    assert len(stability.orders(5, 3)) == math.comb(5, 3)
    assert set(stability.orders(3, 1)) == set(itertools.permutations(range(3)))
