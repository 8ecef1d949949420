"""A run, or a sweep, that goes on from another comes out as the one that was never cut."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simopt
from simopt import schedules
from simopt.engine import keeping, layout, losses, packing, per_thread
from simopt.rules import ALL
from simopt.rules.frameworks import FRAMEWORKS
from simopt.training import plan, shuffling

pytestmark = pytest.mark.interpreted
RNG = np.random.default_rng(3)
POINTS, TARGETS = RNG.normal(size=(7, 3)), RNG.normal(size=7)
PROBLEMS = {
    "one weight": simopt.problems.least_squares(POINTS[:, 0], TARGETS, w0=[1.0]),
    "several weights": simopt.problems.least_squares(POINTS, TARGETS, l2=0.1, intercept=True),
    "labels": simopt.problems.logistic(POINTS, TARGETS > 0, intercept=True),
    "noise": simopt.problems.noisy_quadratic([1.0, 0.5, 0.1], [1.0, 0.3, 0.0]),
    "network": simopt.problems.network(POINTS, TARGETS, hidden=2),
}
#: Whose rates don't depend on how long the run is.
SCHEDULES = {
    "none": None,
    "cosine": schedules.cosine(total=9),
    "step": schedules.step(2, gamma=0.5, per="epoch"),
    "warm-up": schedules.linear_warmup(total=5),
}
REACTING = {
    "plateau": schedules.plateau(patience=1, factor=0.5),
    "adaptive": schedules.adaptive(1, tol=0.05),
}
RULES = [
    (name, convention)
    for convention, framework in FRAMEWORKS.items()
    for name in framework.rules
    if name in ALL
]


@st.composite
def plans(draw, problem):
    """Keywords of `run`, and how many updates or epochs come before the cut and in all."""
    kept = {"batch_size": draw(st.integers(1, problem.n or 9))}
    if problem.n:
        kept["shuffle"] = draw(st.sampled_from(shuffling.SHUFFLES))
        kept["drop_last"] = draw(st.booleans())
    kept["seed"] = draw(st.sampled_from([0, 5, 2**40]))
    kept["schedule"] = SCHEDULES[draw(st.sampled_from([*SCHEDULES]))]
    clip = draw(st.sampled_from(["", "clip_norm", "clip_value"]))
    kept |= {clip: 0.5} if clip else {}
    kept["box"] = draw(st.sampled_from([None, (-0.6, 0.7)]))
    unit = "updates" if not problem.n else draw(st.sampled_from(["epochs", "updates"]))
    first = draw(st.integers(1, 12 if unit == "updates" else 3))
    kept["evaluate"] = draw(st.sampled_from([None, "epoch", 1, 3, 5]))
    kept["target"] = draw(st.sampled_from([None, 0.3, 0.8]))
    kept["stop_at_target"] = kept["target"] is not None and draw(st.booleans())
    kept["divergence"] = draw(st.sampled_from([1e6, 2.0, None]))
    return kept, {unit: first}, {unit: first + draw(st.integers(1, 9))}


def optimizers(draw):
    name, convention = draw(st.sampled_from(RULES))
    made = ALL[name](eta=draw(st.sampled_from([0.01, 0.3, 2.0])), convention=convention)
    room = len(made.rule.state) < 4 and len(made.rule.clock_values) < 4
    room &= made.rule.average is None and made.rule.matrix is None
    if room and draw(st.booleans()):
        form = draw(st.sampled_from(["fading", "debiased", "warmed", "mean"]))
        gamma = {} if form == "mean" else {"gamma": 0.8}
        made = simopt.averaged(made, **gamma, form=form, start=draw(st.integers(0, 3)))
    return made


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_a_run_goes_on_as_if_it_had_never_been_cut(data):
    problem = PROBLEMS[data.draw(st.sampled_from([*PROBLEMS]))]
    optimizer = optimizers(data.draw)
    kept, cut, all_of_it = data.draw(plans(problem))
    if (name := data.draw(st.sampled_from(["none", *REACTING]))) in REACTING:
        kept["schedule"] = REACTING[name]
    begun = pickle.loads(pickle.dumps(simopt.run(problem, optimizer, **kept, **cut)))
    longer = simopt.run(problem, optimizer, **kept, **all_of_it, resume=begun)
    whole = simopt.run(problem, optimizer, **kept, **all_of_it)
    pd.testing.assert_frame_equal(longer.steps, whole.steps, check_exact=True)
    pd.testing.assert_series_equal(longer.summary, whole.summary, check_exact=True)
    assert len(begun.steps) < len(longer.steps)
    again = simopt.run(problem, optimizer, **kept, updates=len(whole.steps) + 2, resume=longer)
    assert len(again.steps) == len(whole.steps) + 2


def test_given_orders_go_on():
    four = simopt.problems.four_points()
    order = np.array([np.random.default_rng(k).permutation(4) for k in range(5)])
    sgd = simopt.SGD(eta=0.1)
    begun = simopt.run(four, sgd, epochs=2, order=order[:2])
    longer = simopt.run(four, sgd, epochs=5, order=order, resume=begun)
    assert longer.steps.equals(simopt.run(four, sgd, epochs=5, order=order).steps)
    with pytest.raises(ValueError, match="must be of the same order"):
        simopt.run(four, sgd, epochs=5, order=order[::-1], resume=begun)
    frame = simopt.sweep(four, sgd, epochs=2, order=order[:2], keep_state=True)
    longer = simopt.sweep(four, sgd, epochs=5, order=order, resume=frame)
    assert longer.equals(simopt.sweep(four, sgd, epochs=5, order=order))
    with pytest.raises(ValueError, match="must be of the same order"):
        simopt.sweep(four, sgd, epochs=5, order=order[::-1], resume=frame)


# --- sweeps -------------------------------------------------------------------------------------

#: A kernel or two each, and compiling takes seconds: problem, optimizers, and what makes kernels.
COMPILED = {
    "one weight": (
        "one weight",
        [simopt.averaged(simopt.Adam(eta=[0.01, 0.3, 9.0]), 0.7)],
        {"schedule": SCHEDULES["cosine"], "clip_norm": 0.9, "box": (-0.6, 0.7), "shuffle": "once"},
    ),
    "several weights": (
        "several weights",
        [simopt.AdaGrad(eta=[0.01, 0.3], initial_accumulator=0.1), simopt.SGD(eta=[0.1, 9.0])],
        {"target": 0.8, "stop_at_target": True, "shuffle": "epoch"},
    ),
    "single precision": (
        "several weights",
        [simopt.Adam(eta=[0.01, 0.3])],
        {"dtype": "float32", "shuffle": "never"},
    ),
    "noise": ("noise", [simopt.Momentum(eta=[0.01, 0.3])], {}),
    "network": ("network", [simopt.RMSprop(eta=[0.01, 0.3])], {"clip_value": 0.1}),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in ("noise", "network") else [])
        for name in COMPILED
    ],
)
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_a_sweep_goes_on_as_if_it_had_never_been_cut(name, data):
    which, swept, options = COMPILED[name]
    problem = PROBLEMS[which]
    kept, cut, all_of_it = data.draw(plans(problem))
    for each in ("schedule", "clip_norm", "clip_value", "box", "target", "stop_at_target"):
        kept.pop(each, None)
    kept |= {"keep_state": True} | options
    kept["seed"] = [kept["seed"], 1]
    begun = simopt.sweep(problem, swept, **kept, **cut)
    longer = simopt.sweep(problem, swept, **kept, **all_of_it, resume=begun)
    whole = simopt.sweep(problem, swept, **kept, **all_of_it)
    pd.testing.assert_frame_equal(longer, whole, check_exact=True)


@pytest.mark.parametrize("name", ["RMSprop", "Adam", "LAMB"])
@pytest.mark.parametrize("ends", [{"divergence": 2.0}, {"target": 0.9, "stop_at_target": True}])
def test_what_has_ended_stays_as_it_was(name, ends):
    """Its state and its clock, however long others of its block go on."""
    problem, rates = PROBLEMS["several weights"], [3.0, 1e-4, 0.5, 0.1]
    kept = {"epochs": 3, "keep_state": True, "evaluate": 1, **ends}
    together = simopt.sweep(problem, ALL[name](eta=rates), **kept)
    alone = [simopt.sweep(problem, ALL[name](eta=[eta]), **kept) for eta in rates]
    pd.testing.assert_frame_equal(together, pd.concat(alone, ignore_index=True), check_exact=True)
    ended = (together["status"] != "ok") | (together["updates"] < 3 * problem.n)
    assert 0 < ended.sum() < len(rates)


@pytest.mark.parametrize("kept_in", ["memory", "store", "parquet", "workers"])
def test_what_was_kept_may_come_from_anywhere(kept_in, tmp_path):
    problem, swept = PROBLEMS["one weight"], simopt.Adam(eta=np.geomspace(0.01, 9.0, 40).tolist())
    options = {"shuffle": "epoch", "seed": range(9), "batch_size": [1, 3]}
    store = {"store": tmp_path / "begun"} if kept_in == "store" else {}
    begun = simopt.sweep(problem, swept, **options, epochs=2, keep_state=True, **store)
    if kept_in == "store":
        begun = simopt.load(tmp_path / "begun")
        store = {"store": tmp_path / "longer"}
    if kept_in == "parquet":
        begun.to_parquet(tmp_path / "begun.parquet")
        begun = pd.read_parquet(tmp_path / "begun.parquet")
    whole = simopt.sweep(problem, swept, **options, epochs=[4, 3])
    with ThreadPoolExecutor(2) as pool:
        client = {"client": pool} if kept_in == "workers" else {}
        longer = simopt.sweep(
            problem, swept, **options, epochs=[4, 3], resume=begun, **store, **client
        )
    pd.testing.assert_frame_equal(longer, whole, check_exact=True)


# --- a thread alone -----------------------------------------------------------------------------


def by_thread(problem, optimizer, made, limit, target, every, seed, state=None):
    """`per_thread` in plain Python: where a trajectory ends, and where it stands."""
    passes, extras = losses.passes_of(problem), packing.extras_of(made)
    data = packing.pack(problem, np.float64, limit, target)
    program = per_thread.program(
        optimizer.rule, passes, False, np.float64, extras, problem.d, data.w0.size, problem.columns
    )
    how = packing.how_of(made, problem.d, np.float64, every, 0, limit is not None, False)
    rows = keeping.rows(optimizer.rule, problem.d)
    ends = per_thread.KeptEnds(
        np.empty((problem.d, 1)),
        *np.empty((3, 1)),
        np.empty((layout.COUNTED, 1), np.int64),
        np.zeros((rows, 1)) if state is None else state.copy(),
        made.begun,
    )
    work, ticks = np.zeros((program.rows, 1)), np.zeros((program.clocks, 1))
    hyper = np.array([optimizer.values], float).T
    orders = shuffling.orders(made.shuffle, seed, made.epochs, problem.n).ravel()
    if not problem.n:
        orders = np.array([seed])
    with np.errstate(all="ignore"):
        program.advance(data, how, hyper, orders, 0, 0, problem.n, work, ticks, ends, 0)
    return ends


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_a_thread_goes_on_as_if_it_had_never_been_cut(data):
    problem = PROBLEMS[data.draw(st.sampled_from([*PROBLEMS]))]
    optimizer = optimizers(data.draw)
    kept, cut, all_of_it = data.draw(plans(problem))
    limit = plan.loss_limit(problem, kept["divergence"])
    target, every = kept["target"], plan.check_evaluate(kept["evaluate"], problem)
    clip = plan.clip_of(kept.get("clip_norm"), kept.get("clip_value"), optimizer.convention)

    def made(length, begun=None):
        each = plan.make(
            problem,
            kept["batch_size"],
            kept.get("shuffle", "never"),
            length.get("epochs", 1),
            kept.get("drop_last", False),
            kept["schedule"],
            clip,
            kept["box"],
            length.get("updates"),
            kept["stop_at_target"],
            keep_state=True,
        )
        return each if begun is None else plan.check_begun(each, begun)

    def run(length, begun=None, state=None):
        return by_thread(
            problem, optimizer, made(length, begun), limit, target, every, kept["seed"], state
        )

    first = run(cut)
    longer, whole = run(all_of_it, made(cut), first.state), run(all_of_it)
    for ours, theirs in zip(longer[:-1], whole[:-1], strict=True):
        np.testing.assert_array_equal(ours, theirs)


# --- what does not fit ---------------------------------------------------------------------------

FOUR = simopt.problems.four_points()
BEGUN = {"epochs": 2, "shuffle": "epoch", "batch_size": 2, "seed": 1}
OTHER = {
    "problem": ({}, {"problem": FOUR.replace(w0=1.0)}),
    "optimizers?": ({}, {"optimizer": simopt.Adam(eta=0.2)}),
    "optimizers? ": ({}, {"optimizer": simopt.Adam(eta=0.1, convention="torch")}),
    "batch_size": ({"batch_size": 1}, {}),
    "seed": ({"seed": 2}, {}),
    "shuffle": ({"shuffle": "once"}, {}),
    "drop_last": ({"drop_last": True}, {}),
    "box": ({"box": (-9, 9)}, {}),
    "clip(_norm)?": ({"clip_norm": 1.0}, {}),
}


@pytest.mark.parametrize("what", OTHER)
def test_another_run_or_sweep_is_refused(what):
    options, who = OTHER[what]
    problem, optimizer = who.get("problem", FOUR), who.get("optimizer", simopt.Adam(eta=0.1))
    kept = BEGUN | {"epochs": 4} | options
    begun = simopt.run(FOUR, simopt.Adam(eta=0.1), **BEGUN)
    with pytest.raises(ValueError, match=rf"^resume=.*: must be of the same {what.strip()}: "):
        simopt.run(problem, optimizer, **kept, resume=begun)
    frame = simopt.sweep(FOUR, simopt.Adam(eta=0.1), **BEGUN, keep_state=True)
    with pytest.raises(ValueError, match=rf"^resume=.*: must be of the same {what.strip()}: "):
        simopt.sweep(problem, optimizer, **kept, resume=frame)


def decaying(w, g, eta, rate=0.1):
    return w - eta * g - rate * w


def faster(w, g, eta, rate=0.1):
    return w - 2 * eta * g - rate * w


def test_another_formula_is_refused():
    one, other = (simopt.rule(each, name="Mine")(eta=0.1) for each in (decaying, faster))
    begun = simopt.run(FOUR, one, epochs=2)
    with pytest.raises(ValueError, match="must be of the same optimizer: .*but the two differ"):
        simopt.run(FOUR, other, epochs=3, resume=begun)
    again = simopt.rule(decaying, name="Mine")(eta=0.1)
    assert len(simopt.run(FOUR, again, epochs=3, resume=begun).steps) == 12


def test_a_length_is_that_of_the_whole_run():
    begun = simopt.run(FOUR, simopt.SGD(eta=0.1), epochs=2)
    frame = simopt.sweep(FOUR, simopt.SGD(eta=0.1), epochs=2, keep_state=True)
    for name, length in (("epochs", 2), ("epochs", 1), ("updates", 8)):
        for go_on, before in ((simopt.run, begun), (simopt.sweep, frame)):
            with pytest.raises(ValueError, match=rf"^{name}={length}: .*resume has made 8"):
                go_on(FOUR, simopt.SGD(eta=0.1), **{name: length}, resume=before)


def test_rates_that_depend_on_the_length_are_refused():
    options = {"schedule": "cosine", "epochs": 2}
    begun = simopt.run(FOUR, simopt.SGD(eta=0.1), **options)
    frame = simopt.sweep(FOUR, simopt.SGD(eta=0.1), **options, keep_state=True)
    for go_on, before in ((simopt.run, begun), (simopt.sweep, frame)):
        with pytest.raises(ValueError, match=r"^schedule=cosine\(\): .* the first 8 updates"):
            go_on(FOUR, simopt.SGD(eta=0.1), schedule="cosine", epochs=3, resume=before)


def test_a_table_without_state_or_of_other_rows_is_refused():
    sgd = simopt.SGD(eta=[0.1, 0.2])
    kept = simopt.sweep(FOUR, sgd, epochs=2, keep_state=True)
    cases = {
        "keep_state=True": simopt.sweep(FOUR, sgd, epochs=2),
        "state_side": kept.drop(columns="state_side"),
        "all 2 rows": kept[::-1],
        "all 2 rows of": kept[:1],
        "of one number of epochs": simopt.sweep(FOUR, sgd, epochs=[2, 3], keep_state=True),
        "the same dtype": simopt.sweep(FOUR, sgd, epochs=2, dtype="float32", keep_state=True),
        "keep_state=True.": pd.DataFrame({"w": [1.0]}),
    }
    for text, frame in cases.items():
        with pytest.raises(ValueError, match=rf"^resume=a table of \d rows: must be .*{text}"):
            simopt.sweep(FOUR, sgd, epochs=5, resume=frame)
    for other in (3, "begun.parquet", [kept]):
        with pytest.raises(ValueError, match="^resume="):
            simopt.sweep(FOUR, sgd, epochs=5, resume=other)
        with pytest.raises(ValueError, match="^resume="):
            simopt.run(FOUR, simopt.SGD(eta=0.1), epochs=5, resume=other)
    with pytest.raises(ValueError, match=r"^keep_state=True: .*plateau\(.*it reacts$"):
        simopt.sweep(FOUR, sgd, keep_state=True, schedule=REACTING["plateau"])
    for option in ({"record": "epochs"}, {"reduce": "seed"}):
        with pytest.raises(ValueError, match="^keep_state=True"):
            simopt.sweep(FOUR, sgd, keep_state=True, **option)
        with pytest.raises(ValueError, match="^resume=a table"):
            simopt.sweep(FOUR, sgd, epochs=5, resume=kept, **option)
