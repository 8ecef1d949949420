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


#: Weights that don't meet: what one does is its own. And rules whose clock is around another's.
APART = simopt.problems.least_squares(
    np.diag([1.0, 2.0, 3.0]), [1.0, -2.0, 3.0], w0=[4.0, 2.0, -3.0]
)
AROUND = {
    "lookahead": lambda **decay: simopt.lookahead(simopt.SGD(eta=0.1, **decay), every=2),
    "lookahead of a clock": lambda **decay: simopt.lookahead(simopt.AdamW(eta=0.1, **decay)),
    "mean": lambda **decay: simopt.averaged(simopt.AdamW(eta=0.1, **decay), form="mean"),
    "debiased": lambda **decay: simopt.averaged(simopt.SGD(eta=0.1, **decay), 0.9, form="debiased"),
    "both": lambda **decay: simopt.lookahead(
        simopt.averaged(simopt.Adam(eta=0.1, **decay), form="mean", start=1), every=3
    ),
}


@pytest.mark.parametrize("name", AROUND)
def test_a_clock_around_another_leaves_weights_out(name):
    """Of weights that don't meet those left out do what they do without decay, to the bit."""
    options = {"epochs": 7, "batch_size": "full", "shuffle": "never"}
    decayed, bare = AROUND[name](weight_decay=0.3), AROUND[name](weight_decay=0.0)
    for go in (simopt.run, simopt.sweep):
        ends = [
            (each.summary if go is simopt.run else each.iloc[0])[NAMES[:3]].astype(float).to_numpy()
            for each in (
                go(APART, decayed, no_decay=[0, 2], **options),
                go(APART, decayed, **options),
                go(APART, bare, **options),
            )
        ]
        assert ends[0].tolist() == [ends[2][0], ends[1][1], ends[2][2]]
        assert (ends[1] != ends[2]).all()


CAUTIOUS = {
    "CautiousAdamW": simopt.CautiousAdamW(eta=0.1, weight_decay=0.3),
    "CautiousLion": simopt.CautiousLion(eta=0.1, weight_decay=0.3),
    "coupled": simopt.CautiousAdamW(eta=0.1, weight_decay=0.3, decay="coupled"),
}


@pytest.mark.parametrize("name", CAUTIOUS)
@pytest.mark.parametrize("problem", [SEVERAL, ONE], ids=["several", "one"])
def test_a_cautious_rule_leaves_weights_out(name, problem):
    """A step's share is of all weights; the decay is not about those left out."""
    options = {"epochs": 3, "shuffle": "never", "batch_size": 2}
    names = NAMES if problem is SEVERAL else ["w"]
    every = tuple(range(problem.d))
    for left_out in ([0], [0, problem.d - 1], every):
        run = simopt.run(problem, CAUTIOUS[name], no_decay=left_out, **options)
        row = simopt.sweep(problem, CAUTIOUS[name], no_decay=left_out, **options).iloc[0]
        ends = (each[names].astype(float) for each in (run.summary, row))
        np.testing.assert_allclose(*ends, rtol=1e-11)
    bare = simopt.run(problem, CAUTIOUS[name].replace(weight_decay=0.0), **options)
    assert run.summary[names].tolist() == bare.summary[names].tolist()


def norm(x):
    return float(np.sqrt((x * x).sum()))


def lars_by_hand(w, gradient, updates, decay, trust=0.1, eta=1.0, beta=0.9, together=False):
    """Whose decay is a number for each weight; of none the ratio of "decayed" would be 1."""
    v = np.zeros_like(w)
    for _ in range(updates):
        g = gradient(w)
        below = norm(g + decay * w) if together else norm(g) + norm(decay * w)
        v = beta * v + eta * trust * norm(w) / below * (g + decay * w)
        w = w - v
    return w


def lamb_by_hand(w, gradient, updates, decay, eta=0.1, before=False):
    m = v = np.zeros_like(w)
    for t in range(1, updates + 1):
        g = gradient(w)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        u = m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-6)
        if before:
            w = (1 - eta * decay) * w
        else:
            u = u + decay * w
        w = w - eta * norm(w) / norm(u) * u
    return w


TRUSTING = {
    "LARS": (simopt.LARS(trust=0.1, weight_decay=0.3), lars_by_hand, {}),
    "LARS of a sum": (
        simopt.LARS(trust=0.1, weight_decay=0.3, denominator="norm of sum"),
        lars_by_hand,
        {"together": True},
    ),
    "LAMB": (simopt.LAMB(eta=0.1, weight_decay=0.3), lamb_by_hand, {}),
    "LAMB, decayed first": (
        simopt.LAMB(eta=0.1, weight_decay=0.3, decay_place="outside"),
        lamb_by_hand,
        {"before": True},
    ),
}


@pytest.mark.parametrize("adapts", ["always", "decayed"])
@pytest.mark.parametrize("left_out", [[0], [1, 3], []], ids=str)
@pytest.mark.parametrize("name", TRUSTING)
def test_a_trust_ratio_is_of_the_decays_that_there_are(name, left_out, adapts):
    """As a mask in optax: no decay in what is summed either; the weights' norm is of all."""
    optimizer, by_hand_too, further = TRUSTING[name]
    optimizer = optimizer.replace(adapts=adapts)
    decay = np.array([0.0 if k in left_out else 0.3 for k in range(4)])
    expected = by_hand_too(SEVERAL.w0.astype(float), SEVERAL.gradient, 6, decay, **further)
    options = {"updates": 6, "batch_size": "full", "no_decay": left_out}
    run, row = (
        simopt.run(SEVERAL, optimizer, **options),
        simopt.sweep(SEVERAL, optimizer, **options),
    )
    np.testing.assert_allclose(run.summary[NAMES].astype(float), expected, rtol=1e-10)
    np.testing.assert_allclose(row.iloc[0][NAMES].astype(float), expected, rtol=1e-10)


@pytest.mark.parametrize("adapts", ["always", "decayed"])
@pytest.mark.parametrize("make", [simopt.LARS, simopt.LAMB])
@pytest.mark.parametrize("problem", [SEVERAL, ONE], ids=["several", "one"])
def test_where_no_weight_decays_there_is_no_decay(problem, make, adapts):
    """A rule that adapts only what decays is then the one without decay: its ratio is 1."""
    names = NAMES if problem is SEVERAL else ["w"]
    options = {"updates": 5, "batch_size": "full"}
    every = {**options, "no_decay": range(problem.d)}
    decayed, bare = (make(eta=0.01, weight_decay=each, adapts=adapts) for each in (0.3, 0.0))
    for go in (simopt.run, simopt.sweep):
        ends = [go(problem, decayed, **every), go(problem, bare, **options)]
        ends = [(each.summary if go is simopt.run else each.iloc[0])[names] for each in ends]
        assert ends[0].tolist() == ends[1].tolist()


def test_a_wrapped_rule_has_its_frameworks_default():
    """Of AdamW in transformers, and of SGD in scikit-learn, intercepts do not decay."""
    for optimizer in (
        simopt.AdamW(eta=0.1, weight_decay=0.1, convention="transformers"),
        simopt.SGD(eta=0.1, weight_decay=0.1, convention="sklearn"),
    ):
        for wrapped in (simopt.lookahead(optimizer), simopt.averaged(optimizer, form="mean")):
            assert sparing.spared(SEVERAL, wrapped, None, None).decays == (1.0, 1.0, 1.0, 0.0)
            run = simopt.run(SEVERAL, wrapped, epochs=2)
            row = simopt.sweep(SEVERAL, wrapped, epochs=2).iloc[0]
            ends = (each[NAMES].astype(float) for each in (run.summary, row))
            np.testing.assert_allclose(*ends, rtol=1e-11)


def test_a_clock_that_reads_the_decay_is_refused():
    """It is about no one weight: what it would read depends on which weight came last."""

    def clock(ticks, weight_decay):
        return (ticks + weight_decay,)

    def shrunk(w, g, eta, ticks, weight_decay=0.1):
        return w - eta * g - weight_decay * w

    reading = simopt.rule(shrunk, clock=clock, name="Reading")
    assert reading.clock_reads == ("weight_decay",)
    for optimizer in (reading(), simopt.lookahead(reading()), simopt.averaged(reading(), 0.9)):
        with pytest.raises(ValueError, match=r"^no_decay=.*: must be None: the clock of rule '.*'"):
            simopt.run(SEVERAL, optimizer, no_decay=[0])


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
