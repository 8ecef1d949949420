"""Rules of a user's that step along a matrix as a whole: held to arrays of NumPy, and to Muon."""

import functools
import math
import pickle
import re

import numba
import numpy as np
import pytest
from numba.core.runtime import _nrt_python, rtsys

import simopt
from simopt.engine import grouping, matrices
from simopt.ground.parts import part
from simopt.training.stepper import Stepper
from tests.test_muon import NETWORKS, PLANS, A, B, C, by_hand, columns
from tests.test_sums import ends


def momentum(w, g, eta, m, beta=0.9):
    m = beta * m + g
    return w - eta * m, m


def orthogonal(w, g, eta, m, beta):
    m[:] = beta * m + g
    u, _, v = np.linalg.svd(m, full_matrices=False)
    w[:] -= eta * (u @ v)


def adagrad(w, g, eta, s, epsilon=0.01):
    s = s + g * g
    return w - eta * g / math.sqrt(s + epsilon), s


def shampoo(w, g, eta, s, epsilon):
    """Of the shorter side: its matrix [side, side] lies in the state, which has room for it."""
    tall = w.shape[0] > w.shape[1]
    x = g.T.copy() if tall else g
    side = x.shape[0]
    flat = s.reshape(-1)
    gram = flat[: side * side].reshape(side, side)
    gram += x @ x.T
    values, vectors = np.linalg.eigh(gram + epsilon * np.eye(side))
    x = (vectors / np.sqrt(values)) @ vectors.T @ x
    w[:] -= eta * (x.T if tall else x)


def corrections(b, b1, b2, beta, beta1, beta2):
    return b, beta1 * b1 + (1 - beta1), beta2 * b2 + (1 - beta2)


def adamw(
    w, g, eta, m, v, b, b1, b2, beta=0.95, beta1=0.9, beta2=0.95, epsilon2=1e-7, weight_decay=0.0
):  # fmt: skip
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    step = m / b1 / (math.sqrt(v / b2) + 1e-10)
    return w - eta * weight_decay * w - eta * 0.015 * step, m, v


def multiply(a, b, to):
    """``a b^T`` of three arrays."""
    for i in range(to.shape[0]):
        for j in range(to.shape[1]):
            total = a[i, 0] * b[j, 0]
            for k in range(1, a.shape[1]):
                total += a[i, k] * b[j, k]
            to[i, j] = total


def newton_schulz(w, g, eta, m, v, b, b1, b2, beta, beta1, beta2, epsilon2, weight_decay, room):
    """Muon's step, entry by entry; g is written over."""
    units, count = w.shape
    gram, other, new = room[:, :units], room[:, units : 2 * units], room[:, 2 * units :]
    total = 0.0 * eta
    for i in range(units):
        for j in range(count):
            m[i, j] = beta * m[i, j] + g[i, j]
            g[i, j] += beta * m[i, j]
            total += g[i, j] * g[i, j]
    norm = math.sqrt(total) + epsilon2
    for i in range(units):
        for j in range(count):
            g[i, j] /= norm
    for _ in range(5):
        multiply(g, g, gram)
        multiply(gram, gram, other)
        for i in range(units):
            for j in range(count):
                new[i, j] = type(norm)(A) * g[i, j]
                for k in range(units):
                    poly = type(norm)(B) * gram[i, k] + type(norm)(C) * other[i, k]
                    new[i, j] += poly * g[k, j]
        for i in range(units):
            for j in range(count):
                g[i, j] = new[i, j]
    scale = type(norm)(math.sqrt(max(1.0, units / count)))
    for i in range(units):
        for j in range(count):
            w[i, j] -= eta * (weight_decay * w[i, j] + scale * g[i, j])


def room(units, columns):
    return units, 2 * units + columns


Orthogonal = simopt.rule(momentum, matrix=orthogonal, name="Orthogonal")
Shampoo = simopt.rule(adagrad, matrix=shampoo, name="Shampoo")
OwnMuon = simopt.rule(
    adamw, clock=corrections, matrix=newton_schulz, room=room, name="Own Muon", eta=0.02
)


def sgd(w, g, eta):
    return w - eta * g


def normalised(w, g, eta):
    total = 0.0 * eta
    for i in range(g.shape[0]):
        for j in range(g.shape[1]):
            total += g[i, j] * g[i, j]
    norm = math.sqrt(total)
    if norm > 0:
        for i in range(g.shape[0]):
            for j in range(g.shape[1]):
                w[i, j] -= eta * g[i, j] / norm


Normalised = simopt.rule(sgd, matrix=normalised, name="Of norm 1")


# --- what it computes -----------------------------------------------------------------------------


def by_arrays(problem, step, other, batches, eta):
    """A rule of one state on arrays: ``step`` of the matrix, ``other`` of all else."""
    shape = problem.hidden, problem.columns
    inside = shape[0] * shape[1]
    w, rows, held = problem.w0.copy(), [], None
    rest = np.zeros(problem.d - inside)
    for points in batches:
        g = problem.gradient(w, points)
        turned, held = step(g[:inside].reshape(shape), held)
        moved, rest = other(g[inside:], rest)
        w = w - eta * np.concatenate([turned.ravel(), moved])
        rows.append(w)
    return np.array(rows)


def polar(gradient, held):
    """Momentum, its polar factor by an eigendecomposition."""
    held = gradient if held is None else 0.9 * held + gradient
    u, _, v = np.linalg.svd(held, full_matrices=False)
    return u @ v, held


def one_sided(gradient, held):
    """The inverse root of a sum of squares, from the shorter side."""
    tall = gradient.shape[0] > gradient.shape[1]
    x = gradient.T if tall else gradient
    held = x @ x.T + (0 if held is None else held)
    values, vectors = np.linalg.eigh(held + 0.01 * np.eye(len(held)))
    x = vectors @ np.diag(values**-0.5) @ vectors.T @ x
    return (x.T if tall else x), held


def over_its_norm(gradient, held):
    """The gradient's direction."""
    return gradient / np.linalg.norm(gradient), None


ORACLES = {
    Normalised: (over_its_norm, lambda g, rest: (g, rest)),
    Orthogonal: (polar, lambda g, m: (0.9 * m + g,) * 2),
    Shampoo: (one_sided, lambda g, s: (g / np.sqrt(s + g * g + 0.01), s + g * g)),
}
BATCHES = [np.arange(s, min(s + 5, 12)) for _ in range(4) for s in range(0, 12, 5)]


#: A gradient of linear units has rank 1, and then no one polar factor.
COMPARED = [
    pytest.param(rule, name, id=f"{rule.name}, {name}")
    for rule in ORACLES
    for name, problem in NETWORKS.items()
    if rule is not Orthogonal or problem.activation == "tanh"
]


@pytest.mark.parametrize(("rule", "name"), COMPARED)
def test_a_run_is_what_numpy_computes(rule, name):
    problem = NETWORKS[name]
    steps = simopt.run(problem, rule(eta=0.02), batch_size=5, epochs=4).steps
    expected = by_arrays(problem, *ORACLES[rule], BATCHES, 0.02)
    np.testing.assert_allclose(steps[columns(problem)], expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", NETWORKS)
def test_ones_own_muon_is_muon(name):
    problem, settings = NETWORKS[name], {"eta": 0.05, "weight_decay": 0.1}
    steps = simopt.run(problem, OwnMuon(**settings), batch_size=5, epochs=4).steps
    muon = simopt.run(problem, simopt.Muon(**settings), batch_size=5, epochs=4).steps
    expected = by_hand(problem, simopt.Muon(**settings), BATCHES)
    for found in (steps, muon):
        np.testing.assert_allclose(found[columns(problem)], expected, rtol=0, atol=1e-11)


MORE = {**PLANS, "spared": {"no_decay": ["c"]}}


@pytest.mark.interpreted
@pytest.mark.parametrize(
    ("plan", "points"), [*((plan, "shared") for plan in MORE), ("shuffled", "own")]
)
def test_the_engine_computes_what_run_does(plan, points, monkeypatch):
    if points == "own":
        monkeypatch.setattr(grouping, "WORTH_SHARING", 1e9)
        monkeypatch.setattr(grouping, "LEAST_OWN", 0)
    problem, options = NETWORKS["tall"], {"epochs": 4, "batch_size": 5, **MORE[plan]}
    rule = functools.partial(OwnMuon, weight_decay=0.1)
    frame = simopt.sweep(problem, rule(eta=[0.02, 0.2]), **options)
    for (_, row), swept in zip(frame.iterrows(), ends(frame), strict=True):
        one = {**options, **({"seed": row["seed"]} if "seed" in options else {})}
        traced = simopt.run(problem, rule(eta=row["eta"]), **one)
        found = ends(traced.summary.to_frame().T)[0]
        np.testing.assert_allclose(swept, found, rtol=0, atol=1e-11)


@pytest.mark.slow
def test_linear_algebra_is_compiled_too():
    problem = NETWORKS["wide"]
    for rule in (Orthogonal, Shampoo):
        frame = simopt.sweep(problem, rule(eta=[0.02, 0.2]), batch_size=5, epochs=4)
        traced = simopt.run(problem, rule(eta=0.2), batch_size=5, epochs=4)
        found = ends(traced.summary.to_frame().T)[0]
        np.testing.assert_allclose(ends(frame)[1], found, rtol=0, atol=1e-11)


@pytest.mark.slow
def test_single_precision():
    problem = NETWORKS["tall"]
    frame = simopt.sweep(problem, OwnMuon(), batch_size=5, epochs=4, dtype="float32")
    traced = simopt.run(problem, OwnMuon(), batch_size=5, epochs=4)
    found = ends(traced.summary.to_frame().T)[0]
    np.testing.assert_allclose(ends(frame)[0], found, rtol=0, atol=1e-4)


@pytest.mark.interpreted
def test_a_cut_trajectory_goes_on():
    problem, muon = NETWORKS["wide"], OwnMuon()
    short, longer = simopt.run(problem, muon, epochs=2), simopt.run(problem, muon, epochs=5)
    assert simopt.run(problem, muon, epochs=5, resume=short).summary.equals(longer.summary)
    kept = simopt.sweep(problem, muon, epochs=2, keep_state=True)
    went_on = simopt.sweep(problem, muon, epochs=5, resume=kept)
    np.testing.assert_array_equal(ends(went_on), ends(simopt.sweep(problem, muon, epochs=5)))


@pytest.mark.interpreted
def test_what_overflows_is_lost_and_no_error():
    """A decomposition would refuse what is not finite; the other weights and settings go on."""
    problem = NETWORKS["tall"]
    frame = simopt.sweep(problem, Orthogonal(eta=[0.02, 1e200]), epochs=3)
    assert frame["status"].tolist() == ["ok", "diverged"]
    stepper = Stepper(Orthogonal(), problem.w0.tolist(), matrix=(5, 3))
    stepper.step([math.inf] + [1.0] * (problem.d - 1))
    assert np.isnan(stepper.weights).tolist() == [True] * 15 + [False] * (problem.d - 15)


def test_without_a_matrix_it_is_the_rule_alone():
    points = simopt.problems.four_points()
    own, plain = Orthogonal(eta=0.01), simopt.Momentum(eta=0.01, beta=0.9)
    ours, theirs = (simopt.run(points, each).steps["w"] for each in (own, plain))
    np.testing.assert_allclose(ours, theirs, rtol=1e-14)
    swept = simopt.sweep(points, own)
    assert swept["w"].tolist() == [ours.iloc[-1]]


def test_it_is_pickled_and_known_again():
    assert pickle.loads(pickle.dumps(OwnMuon)) is OwnMuon
    frozen = OwnMuon.snapshot()
    assert OwnMuon.snapshot() is frozen
    assert pickle.loads(pickle.dumps(frozen)) is frozen
    assert frozen.matrix.step is not newton_schulz
    assert frozen.matrix.room(2, 3) == (2, 7)
    assert frozen.terms is None


@pytest.mark.slow
def test_what_a_step_reads_is_its_value_at_the_call():
    factor = [1.0]

    def sgd(w, g, eta):
        return w - eta * g

    def scaled(w, g, eta):
        for i in range(w.shape[0]):
            for j in range(w.shape[1]):
                w[i, j] -= factor[0] * eta * g[i, j]

    rule, problem, found = simopt.rule(sgd, matrix=scaled), NETWORKS["wide"], []
    for factor[0] in (1.0, 0.0):
        frame = simopt.sweep(problem, rule(eta=0.1), batch_size="full", epochs=1)
        found.append(frame[columns(problem)].to_numpy()[0])
    gradient = problem.gradient(problem.w0)
    np.testing.assert_allclose(found[0], problem.w0 - 0.1 * gradient, rtol=1e-12)
    np.testing.assert_array_equal(found[1][:6], problem.w0[:6])
    np.testing.assert_array_equal(found[1][6:], found[0][6:])


# --- what is refused ------------------------------------------------------------------------------


def no_state(w, g, eta, beta):
    """Leaves out the state."""


def no_room(w, g, eta, m, beta):
    """Asks for no room."""


def returns(w, g, eta, m, beta):
    return w - eta * g


def misshapen(w, g, eta, m, beta):
    w[:] -= eta * (g @ g)


def unknown(w, g, eta, m, beta):
    w[:] -= eta * np.einsum("ij->ij", g)


REFUSED = {
    "no function": ({"matrix": 3}, r"matrix=3: must be a plain Python function"),
    "no state": ({"matrix": no_state}, r"matrix=\[.*\]: must be a function of \['w', 'g', 'eta'"),
    "room alone": ({"room": room}, r"room=.*: must be given together with matrix"),
    "room not taken": ({"matrix": no_room, "room": room}, r"matrix=.*and at the end room"),
    "room not given": ({"matrix": newton_schulz}, r"matrix=\["),
    "room of one": (
        {"matrix": lambda w, g, eta, m, beta, room: None, "room": lambda units: units},
        r"room=.*: must be a function of units and columns",
    ),
    "room of halves": (
        {"matrix": lambda w, g, eta, m, beta, room: None, "room": lambda r, c: r / 2},
        r"room\(3, 2\)=\(1.5,\): must be a whole number >= 0",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused(case):
    settings, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        simopt.rule(momentum, **settings)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (returns, r"returns \(file, line \d+\) returns array[^$]*must return nothing"),
        (misshapen, r"misshapen \(file, line \d+\) raises ValueError: matmul"),
    ],
)
def test_a_mistake_is_said_in_one_sentence(function, said):
    optimizer, problem = simopt.rule(momentum, matrix=function, name="Mine")(), NETWORKS["wide"]
    said = "^rule 'Mine': " + said.replace("file", re.escape("test_matrix_rules.py"))
    for call in (simopt.run, simopt.sweep):
        with pytest.raises(ValueError, match=said):
            call(problem, optimizer)


def test_what_numba_does_not_know_is_refused_by_name():
    optimizer = simopt.rule(momentum, matrix=unknown, name="Mine")()
    simopt.run(NETWORKS["wide"], optimizer)
    with pytest.raises(ValueError, match=r"rule 'Mine': unknown \(test_matrix_rules.py, line \d+"):
        simopt.sweep(NETWORKS["wide"], optimizer)


@pytest.mark.slow
def test_what_a_step_returns_all_the_same_is_freed():
    """Of matrices other than those on which a rule is tried nobody says that it returns some."""

    def copied(w, g, eta, m, beta):
        w[:] -= eta * g
        if w.shape[0] > 3:
            return w.copy()

    def loop(work, held, room):
        for lane in range(work.shape[1]):
            step(work, lane, 8, 4, 2, 0.5, (0.9,), held, room)

    step = matrices.step_of(simopt.rule(momentum, matrix=copied).snapshot(), np.float64)
    # Compiled as the package's own, which count no references.
    loop.__module__, loop.__name__ = "simopt.tests", "loop_of_steps"
    part(loop)
    work = np.ones((24, 5))
    _nrt_python.memsys_enable_stats()
    before = rtsys.get_allocation_stats()
    numba.njit(lambda *arrays: loop(*arrays))(work, np.empty((3, 1, 4, 2)), np.empty(0))
    after = rtsys.get_allocation_stats()
    assert work[8].tolist() == [0.5] * 5
    assert after.alloc - before.alloc >= 5
    assert after.alloc - before.alloc == after.free - before.free


def test_a_part_of_the_matrix_can_not_be_left_out():
    for no_decay in ([0], [0, "c"]):
        for call in (simopt.run, simopt.sweep):
            with pytest.raises(ValueError, match="no_decay=.*all weights of the matrix or none"):
                call(NETWORKS["wide"], OwnMuon(weight_decay=0.1), no_decay=no_decay)


@pytest.mark.parametrize("around", [simopt.averaged, simopt.lookahead])
def test_what_goes_around_single_weights_is_refused(around):
    with pytest.raises(ValueError, match="must be one that does not"):
        around(Orthogonal())
