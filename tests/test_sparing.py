"""Weights that are left out of weight decay, or of clipping."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simopt
from simopt.training import sparing

pytestmark = pytest.mark.interpreted
RNG = np.random.default_rng(5)
X = RNG.normal(size=(9, 3))
TARGETS = X @ [1.0, -2.0, 3.0] + 2
SEVERAL = simopt.problems.least_squares(X, TARGETS, intercept=True, w0=[1, 2, 3, 4])
ONE = simopt.problems.least_squares(X[:, 0], X.sum(axis=1), w0=[1.0])
NAMES = ["w_0", "w_1", "w_2", "w_3"]


def by_hand(problem, eta, decay, updates, undecayed=(), unclipped=(), norm=None, value=None):
    """SGD with coupled decay over all points, in plain Python."""
    w = [float(each) for each in problem.w0]
    for _ in range(updates):
        gradient = [0.0] * problem.d
        for point, target in zip(problem.x, problem.y, strict=True):
            error = sum(a * b for a, b in zip(w, point, strict=True)) - target
            gradient = [g + 2 * error * a for g, a in zip(gradient, point, strict=True)]
        gradient = [g / problem.n for g in gradient]
        counts = [k for k in range(problem.d) if k not in unclipped]
        if norm is not None:
            size = sum(gradient[k] ** 2 for k in counts) ** 0.5
            for k in counts if size > norm else ():
                gradient[k] *= norm / size
        if value is not None:
            for k in counts:
                gradient[k] = min(max(gradient[k], -value), value)
        for k in range(problem.d):
            g = gradient[k] + (0.0 if k in undecayed else decay * w[k])
            w[k] -= eta * g
    return w


@pytest.mark.parametrize("clip", [{}, {"clip_norm": 0.8}, {"clip_value": 0.5}])
@settings(deadline=None, max_examples=12)
@given(
    undecayed=st.sets(st.integers(0, 3)),
    unclipped=st.sets(st.integers(0, 3), max_size=3),
    eta=st.sampled_from([0.01, 0.1]),
)
def test_run_and_sweep_do_what_is_done_by_hand(clip, undecayed, unclipped, eta):
    sgd = simopt.SGD(eta=eta, weight_decay=0.3)
    left_out = {"no_decay": sorted(undecayed), "no_clip": sorted(unclipped)} if clip else {}
    left_out = left_out or {"no_decay": sorted(undecayed)}
    options = {"batch_size": "full", "updates": 5} | clip | left_out
    hand = by_hand(
        SEVERAL, eta, 0.3, 5, undecayed, unclipped, clip.get("clip_norm"), clip.get("clip_value")
    )
    run, row = simopt.run(SEVERAL, sgd, **options), simopt.sweep(SEVERAL, sgd, **options).iloc[0]
    np.testing.assert_allclose(run.summary[NAMES].astype(float), hand, rtol=1e-12)
    np.testing.assert_allclose(row[NAMES].astype(float), hand, rtol=1e-12)


def test_one_weight_may_be_left_out():
    options = {"epochs": 2, "clip_norm": 0.3}
    adam = simopt.AdamW(eta=0.1, weight_decay=0.3)
    plain = simopt.AdamW(eta=0.1, weight_decay=0.0)
    for go in (simopt.run, simopt.sweep):
        left_out = go(ONE, adam, no_decay=[0], no_clip=[0], **options)
        bare = go(ONE, plain, epochs=2)
        w = [(x.summary if go is simopt.run else x.iloc[0])["w"] for x in (left_out, bare)]
        assert w[0] == w[1]


def test_gradients_beyond_float64_are_clipped_too():
    """The squares overflow; a weight that is left out has no part in that."""
    far = simopt.problems.least_squares(X * 1e120, X.sum(axis=1), w0=[1.0, 2.0, 3.0])
    for no_clip in ([1], [0]):
        options = {"clip_norm": 1.0, "no_clip": no_clip, "updates": 1, "batch_size": "full"}
        sgd = simopt.SGD(eta=0.1)
        start = far.gradient(far.w0)
        counts = np.delete(start, no_clip)
        scaled = counts / np.abs(counts).max()
        expected = start.copy()
        expected[np.delete(np.arange(3), no_clip)] = scaled / np.sqrt((scaled**2).sum())
        used = simopt.run(far, sgd, **options).steps[["clipped_0", "clipped_1", "clipped_2"]]
        np.testing.assert_allclose(used.to_numpy()[0], expected, rtol=1e-12)
        row = simopt.sweep(far, sgd, divergence=None, **options).iloc[0]
        np.testing.assert_allclose(row[NAMES[:3]].astype(float), far.w0 - 0.1 * expected, 1e-12)


def test_the_default_is_the_frameworks():
    def decayed(convention, problem=SEVERAL):
        optimizer = simopt.SGD(eta=0.1, weight_decay=0.1, convention=convention)
        return sparing.spared(problem, optimizer, None, None).decays

    assert decayed("sklearn") == (1.0, 1.0, 1.0, 0.0)
    for convention in ("document", "torch", "keras", "optax"):
        assert decayed(convention) == ()
    network = simopt.problems.network(X, X[:, 0], hidden=2)
    mask = decayed("sklearn", network)
    names = [name for name, keeps in zip(network.features, mask, strict=True) if not keeps]
    assert len(names) == 3
    assert all(name.startswith(("b", "c")) for name in names)
    # Nothing to leave out where there is no decay, or no intercept.
    assert sparing.spared(SEVERAL, simopt.SGD(eta=0.1), (1,), None).decays == ()
    assert decayed("sklearn", ONE) == ()


def test_names_and_numbers_are_the_same_and_provenance_has_them():
    sgd = simopt.SGD(eta=0.1, weight_decay=0.3)
    frames = [
        simopt.sweep(SEVERAL, sgd, no_decay=each, epochs=2)
        for each in ("intercept", ["intercept"], [3], np.array([3]))
    ]
    for frame in frames[1:]:
        pd.testing.assert_frame_equal(frame, frames[0], check_exact=True)
    assert frames[0].attrs["spec"]["optimizers"][0]["no_decay"] == [3]
    bare = simopt.sweep(SEVERAL, sgd, no_decay=(), epochs=2)
    assert "no_decay" not in bare.attrs["spec"]["optimizers"][0]
    assert bare["w_3"][0] != frames[0]["w_3"][0]


@pytest.mark.parametrize("name", ["no_decay", "no_clip"])
@pytest.mark.parametrize("value", [["slope"], [4], [-1], [0.5], True, "x", [None]])
def test_weights_that_are_not_there_are_refused(name, value):
    for go in (simopt.run, simopt.sweep):
        with pytest.raises(ValueError, match=rf"^{name}=.*: must be None, or names or numbers of"):
            go(SEVERAL, simopt.SGD(eta=0.1), **{name: value})
