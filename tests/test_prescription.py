"""Fixes tried as counterfactual runs: against gradient descent by hand, at equal cost, in pairs."""

import math
import tomllib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import simopt
from simopt import problems
from simopt.cli.main import main
from simopt.curves.prescription import FIXES, REMEDIES, comparing, fixes, rates, running
from simopt.curves.prescription import training as trainings
from simopt.curves.prescription.prescribing import BASELINE, ranked
from simopt.curves.prescription.training import Training
from simopt.schedules import constant, cosine, linear_warmup, sequential
from simopt.sweeps import toml

pytestmark = pytest.mark.interpreted

FOUR = problems.four_points()
#: Of the four points: the loss is CURVATURE / 2 (w - 5)^2.
CURVATURE = 2 * np.mean([4.0, 1.0, 9.0, 0.25])


def descent(eta, updates):
    """The loss of gradient descent on the four points, from w = 3, in closed form."""
    return CURVATURE / 2 * (2.0 * (1 - eta * CURVATURE) ** updates) ** 2


def by_fix(frame):
    return frame.set_index("fix")


def test_half_the_rate_mends_a_rate_beyond_the_edge():
    """2 / 7.125 = 0.2807: 0.3 runs away and 0.15 settles, by the closed form."""
    frame = simopt.prescribe(
        FOUR, simopt.SGD(eta=0.3), batch_size="full", fixes=["eta / 2", "eta x 2"], threads=1
    )
    rows = by_fix(frame)
    assert rows.loc[BASELINE, "loss"] == pytest.approx(descent(0.3, 10), rel=1e-12)
    assert rows.loc["eta / 2", "loss"] == pytest.approx(descent(0.15, 10), rel=1e-9)
    assert rows.loc["eta x 2", "loss"] == pytest.approx(descent(0.6, 10), rel=1e-12)
    assert rows.loc["eta / 2", "ratio"] == pytest.approx(descent(0.15, 10) / descent(0.3, 10))
    assert rows["improved"].tolist() == [0.0, 1.0, 0.0]
    assert rows["worse"].tolist() == [0.0, 0.0, 1.0]
    assert rows["diverged"].tolist() == [0.0, 0.0, 1.0]
    assert frame.attrs["best"] == "eta / 2"


def test_half_the_rate_mends_every_order_of_single_points():
    """At batch 1 a point multiplies the distance by |1 - 2 eta x^2|: all four shrink it at 0.1."""
    assert all(abs(1 - 2 * 0.1 * x * x) <= 1 for x in (2.0, 1.0, 3.0, 0.5))
    frame = simopt.prescribe(
        FOUR, simopt.SGD(eta=0.2), epochs=3, seeds=32, fixes="eta / 2", threads=1
    )
    # The distance is multiplied by the same four factors whatever the order.
    before, after = (
        CURVATURE / 2 * (2 * math.prod(1 - 2 * eta * x * x for x in (2, 1, 3, 0.5)) ** 3) ** 2
        for eta in (0.2, 0.1)
    )
    row = by_fix(frame).loc["eta / 2"]
    assert row["ratio"] == pytest.approx(after / before, rel=1e-6)
    assert row["improved"] == 1.0
    # Wilson's interval of 32 out of 32, by its formula.
    z = 1.959963984540054
    assert row["improved_low"] == pytest.approx(32 / (32 + z * z))
    assert row["improved_high"] == 1.0


def test_rows_are_sweeps_of_the_same_seeds():
    """The engine's own tables, joined by seed, give every number."""
    hubble = problems.hubble()
    plan = {"batch_size": 4, "epochs": 20, "shuffle": "epoch"}
    frame = by_fix(
        simopt.prescribe(
            hubble, simopt.Momentum(eta=0.05), **plan, seeds=24, threads=1,
            fixes=["eta / 5", "beta 0.8", "decaying rate", "clip at 1", "batch x 4"],
        )
    )  # fmt: skip

    def losses(optimizer, **how):
        swept = simopt.sweep(
            hubble, optimizer, **{**plan, **how}, seed=range(24), divergence=None, progress=False
        )
        return swept["loss"].to_numpy()

    before = losses(simopt.Momentum(eta=0.05))
    cases = {
        BASELINE: before,
        "eta / 5": losses(simopt.Momentum(eta=0.01)),
        "beta 0.8": losses(simopt.Momentum(eta=0.05, beta=0.8)),
        "decaying rate": losses(simopt.Momentum(eta=0.05), schedule="cosine"),
        "clip at 1": losses(simopt.Momentum(eta=0.05), clip_norm=1.0),
        "batch x 4": losses(simopt.Momentum(eta=0.05), batch_size=16),
    }
    least = hubble.minimum_loss
    for fix, after in cases.items():
        row = frame.loc[fix]
        assert row["loss"] == pytest.approx(np.median(after), rel=1e-9)
        ratios = (after - least) / (before - least)
        assert row["ratio"] == pytest.approx(np.median(ratios), rel=1e-6)
        assert row["improved"] == (ratios < 1).mean()
        assert row["worse"] == (ratios > 1).mean()


def test_a_seed_is_compared_with_itself():
    """Unpaired, noise would hide a change that helps every seed by a little."""
    before = np.array([1.0, 10.0, 100.0, 1000.0])
    found = comparing.compared(before, before * 0.9)
    assert found["ratio"] == pytest.approx(0.9)
    assert found["improved"] == 1.0
    shuffled = comparing.compared(before, before[::-1] * 0.9)
    assert shuffled["improved"] == 0.5


@pytest.mark.parametrize("fix", FIXES)
def test_equal_cost(fix):
    """All fixes evaluate as many gradients of points, but the two that say so."""
    hubble = problems.hubble()
    schedule = cosine() if fix == "no schedule" else None
    now = Training(simopt.Adam(eta=1.0), 4, 20, schedule=schedule)
    if fix == "without outliers":
        x = np.append(hubble.x[:, 0], 1e4)
        hubble = problems.least_squares(x, np.append(hubble.y, 500.0))
    trial = FIXES[fix](hubble, now)
    if fix in ("Adam", "beta 0.8"):
        assert (trial is None) == (fix == "Adam")
    if trial is None:
        return
    problem, training = trial
    expected = {"keep training": 2.0, "without outliers": (hubble.n - 1) / hubble.n}
    assert training.cost(problem) == now.cost(hubble) * expected.get(fix, 1.0)
    # What the engine runs is that many points, too.
    (made,) = running.curves(problem, [training.with_(patience=None)], [0])
    assert made.cost.tolist() == [training.cost(problem)]


def test_without_points_a_batch_is_so_many_samples():
    noisy = problems.noisy_quadratic([1.0, 0.1], noise=0.5)
    frame = simopt.prescribe(
        noisy, simopt.SGD(eta=0.1), batch_size=2, epochs=40, seeds=8, fixes="batch x 4", threads=1
    )
    assert frame["cost"].tolist() == [80.0, 80.0]
    assert frame["epochs"].tolist() == [40.0, 10.0]


def test_what_still_runs_away_is_not_the_best():
    """2 / 7.125 = 0.2807: half of 2.5 multiplies the distance by 7.9, less than 2.5 by 16.8."""
    frame = simopt.prescribe(
        FOUR, simopt.SGD(eta=2.5), batch_size="full", epochs=20, fixes=["eta / 2", "eta / 5"],
        threads=1,
    )  # fmt: skip
    rows = by_fix(frame)
    assert rows.loc["eta / 2", "ratio"] == pytest.approx(descent(1.25, 20) / descent(2.5, 20))
    assert rows.loc["eta / 2", "diverged"] == 1.0
    assert frame.attrs["best"] == BASELINE
    assert frame.attrs["verdict"].endswith("none lowers the loss at equal cost without diverging.")


def test_early_stopping_keeps_the_lowest_and_costs_less():
    curve = [5.0, 4.0, 3.0, 3.5, 2.0, 2.5, 2.2, 2.1, 9.0, 0.0]
    ends, kept = running.stopped(np.array([curve, curve[::-1]]), 3)
    # The fifth value is the lowest for three more; in reverse 0 comes first and nothing is lower.
    assert ends.tolist() == [7, 3]
    assert kept.tolist() == [4, 0]
    never, last = running.stopped(np.array([[3.0, 2.0, np.nan, 1.0]]), 2)
    assert never.tolist() == last.tolist() == [3]


def test_early_stopping_and_decay_by_validation():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(120, 12)), np.zeros(12)
    y = x @ w + rng.normal(size=120)
    train, held = (problems.least_squares(x[p], y[p]) for p in (slice(14), slice(14, None)))
    tried = simopt.prescribe(
        train, simopt.SGD(eta=0.02), batch_size=7, epochs=100, validation=held, seeds=6,
        fixes=["early stopping", "weight decay 1", "eta / 2"], threads=1,
    )  # fmt: skip
    frame = by_fix(tried)
    sweep = simopt.sweep(
        train, simopt.SGD(eta=0.02), batch_size=7, epochs=100, shuffle="epoch", seed=range(6),
        record="epochs", progress=False,
    )  # fmt: skip
    weights = sweep[[f"w_{k}" for k in range(12)]].to_numpy()
    losses = np.array([held.loss(each) for each in weights]).reshape(6, 100)
    assert frame.loc[BASELINE, "loss"] == pytest.approx(np.median(losses[:, -1]), rel=1e-9)
    # Noise alone was learnt: the start, w = 0, is the best there is, and patience is ten epochs.
    stopped = np.minimum(losses[:, :10].min(axis=1), held.loss(np.zeros(12)))
    assert frame.loc["early stopping", "loss"] <= np.median(losses[:, -1])
    assert frame.loc["early stopping", "cost"] < frame.loc[BASELINE, "cost"]
    assert frame.loc["early stopping", "loss"] == pytest.approx(np.median(stopped), rel=0.05)
    # What to do without validation points: as long as it took to the lowest, not to the stop.
    every = np.c_[np.full(6, held.loss(np.zeros(12))), losses]
    lowest = max(1, int(np.median(every[:, :11].argmin(axis=1))))
    assert f"epochs={lowest}," in tried.attrs["code"]["early stopping"]
    assert f"\nepochs = {lowest}\n" in tried.attrs["toml"]["early stopping"]
    assert frame.loc["weight decay 1", "ratio"] < 1
    assert (
        "early stopping"
        not in simopt.prescribe(
            train, simopt.SGD(eta=0.02), fixes=["early stopping"], seeds=1, threads=1
        )["fix"].tolist()
    )


def test_another_optimizer_goes_as_far():
    """By the sums: ten updates of SGD, of Momentum (v grows), of Adam, whose steps are eta."""
    g = 14.25
    assert rates.typical_gradient(FOUR) == pytest.approx(g)
    momentum = rates.like(simopt.Momentum(), simopt.SGD(eta=0.1), FOUR)
    far = sum(sum(0.9**i for i in range(k + 1)) for k in range(10))
    assert momentum.settings["eta"] == pytest.approx(0.1 * 10 / far, rel=5e-4)
    adam = rates.like(simopt.Adam(), simopt.SGD(eta=0.1), FOUR)
    assert adam.settings["eta"] == pytest.approx(0.1 * g, rel=5e-4)
    ada = rates.like(simopt.AdaGrad(), simopt.Adam(eta=1.0), FOUR)
    assert ada.settings["eta"] == pytest.approx(10 / sum(k**-0.5 for k in range(1, 11)), rel=5e-4)
    # Nothing to measure with: at the optimum the gradient is 0.
    there = FOUR.replace(w0=5.0)
    assert rates.like(simopt.Adam(), simopt.SGD(eta=0.1), there).settings["eta"] == 0.1


def test_outliers_are_left_out_and_both_judged_by_the_rest():
    x, y = np.arange(1.0, 9.0), 2 * np.arange(1.0, 9.0)
    bad = problems.least_squares(np.append(x, 1e4), np.append(y, -3.0))
    frame = simopt.prescribe(
        bad, simopt.SGD(eta=0.005), epochs=20, seeds=4, fixes="without outliers", threads=1
    )
    rows = by_fix(frame)
    assert frame.attrs["left_out"] == [8]
    assert rows.loc[BASELINE, "diverged"] == 1.0
    assert rows.loc["without outliers", "loss"] == pytest.approx(0.0, abs=1e-9)
    assert rows.loc["without outliers", "settings"] == "8 of 9 points"
    assert not fixes.outliers(problems.hubble()).any()


def test_fine_tuning_takes_over_halfway():
    hubble = problems.hubble()
    training = Training(simopt.Adam(eta=20.0), 24, 10, "never", then=simopt.SGD(eta=0.1))
    (made,) = running.curves(hubble, [training], [0])
    w = hubble.w0
    first = simopt.run(hubble, simopt.Adam(eta=20.0), batch_size=24, epochs=5).steps["w"].iloc[-1]
    w = simopt.run(hubble.replace(w0=first), simopt.SGD(eta=0.1), batch_size=24, epochs=5)
    assert made.w[0, 0] == pytest.approx(w.steps["w"].iloc[-1], rel=1e-12)
    assert made.loss.shape == (1, 11)
    assert made.cost.tolist() == [240]


def test_curves_are_runs():
    diabetes = problems.diabetes()
    training = Training(simopt.Adam(eta=1.0), 64, 2, schedule=linear_warmup(), clip_norm=50.0)
    for by, column in (("epochs", 7), ("steps", 1)):
        (made,) = running.curves(diabetes, [training], [3, 5], by=by, validation=diabetes)
        run = simopt.run(
            diabetes, simopt.Adam(eta=1.0), batch_size=64, epochs=2, shuffle="epoch", seed=5,
            schedule=linear_warmup(), clip_norm=50.0,
        )  # fmt: skip
        seen = run.steps["loss"].to_numpy()[column - 1 :: column]
        assert made.loss[1, 1:] == pytest.approx(seen, rel=1e-9)
        assert made.loss[1, 0] == diabetes.loss(diabetes.w0)
        assert made.validation[1] == pytest.approx(made.loss[1], rel=1e-9)


@pytest.mark.compiled
def test_a_kernel_with_all_has_the_same_bits():
    """A rate times 1 and a bound that nothing reaches, for the plain run."""
    plain = Training(simopt.Momentum(eta=0.02), 8, 12)
    both = plain.with_(schedule=constant(), clip_norm=1e300)
    for problem in (problems.diabetes(), problems.hubble()):
        one, other = running.curves(problem, [plain, both], [0, 1])
        assert (one.loss == other.loss).all()
        swept = simopt.sweep(
            problem, simopt.Momentum(eta=0.02), batch_size=8, epochs=12, shuffle="epoch",
            seed=[0, 1], divergence=None, progress=False,
        )  # fmt: skip
        assert (one.loss[:, -1] == swept["loss"]).all()


@pytest.mark.parametrize("kind", ["least_squares", "logistic"])
def test_losses_at_many_weights(kind):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(30, 3)), (rng.random(30) < 0.5).astype(float)
    problem = getattr(problems, kind)(x, y, l2=0.3)
    w = rng.normal(size=(2, 700, problem.d))
    found = running.losses_at(problem, w)
    assert found.shape == (2, 700)
    assert found[1, 699] == pytest.approx(problem.loss(w[1, 699]), rel=1e-12)
    assert found[0, 0] == pytest.approx(problem.loss(w[0, 0]), rel=1e-12)


FINITE = st.floats(1e-6, 1e6)
LOSSES = arrays(float, 7, elements=st.one_of(FINITE, st.just(math.inf)))


@given(LOSSES, LOSSES)
def test_ratios_and_their_reverse(before, after):
    there, back = comparing.ratios(before, after), comparing.ratios(after, before)
    assert not np.isnan(there).any()
    assert ((there < 1) == (before > after)).all()
    both = (there > 0) & np.isfinite(there)
    assert there[both] * back[both] == pytest.approx(1.0)


def test_rounding_is_no_improvement():
    found = comparing.ratios(np.array([1e-16, 1e-3]), np.array([1e-20, 1e-20]), scale=1.0)
    assert found.tolist() == [1.0, 1e-12 / 1e-3]


@given(st.integers(0, 200), st.integers(1, 200))
def test_wilson_holds_the_share_and_solves_its_equation(hits, trials):
    hits = min(hits, trials)
    low, high = comparing.wilson(hits, trials)
    share = hits / trials
    assert 0 <= low <= share <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            deviations = abs(share - end) / math.sqrt(end * (1 - end) / trials)
            assert deviations == pytest.approx(comparing.QUANTILE, rel=1e-6)


def test_ranked_by_ratio_the_dear_ones_last():
    frame = pd.DataFrame(
        {
            "fix": [BASELINE, "a", "b", "c", "d"],
            "ratio": [1.0, 0.5, math.inf, 0.01, 0.5],
            "improved": [0.0, 0.6, 0.0, 1.0, 0.9],
            "loss": 1.0,
            "cost": [10.0, 10.0, 10.0, 20.0, 5.0],
        }
    )
    assert ranked(frame, 10.0)["fix"].tolist() == [BASELINE, "d", "a", "b", "c"]


def test_the_same_call_gives_the_same_table():
    def prescribe(threads):
        frame = simopt.prescribe(
            problems.hubble(), simopt.Adam(eta=300.0), batch_size=4, epochs=8, seeds=16,
            threads=threads,
        )  # fmt: skip
        return frame

    one, two = prescribe(1), prescribe(2)
    pd.testing.assert_frame_equal(one, two)
    changing = ("seconds", "threads")
    assert {k: v for k, v in one.attrs.items() if k not in changing} == {
        k: v for k, v in two.attrs.items() if k not in changing
    }


def test_all_fixes_and_those_of_the_symptom():
    every = simopt.prescribe(
        problems.hubble(), simopt.Momentum(eta=0.05), batch_size=4, epochs=6, seeds=4, fixes="all",
        threads=1,
    )  # fmt: skip
    left = {"Momentum", "no schedule", "without outliers", "early stopping", "standardise"}
    assert set(every["fix"]) == {BASELINE, *FIXES} - left - {"fine-tune with Momentum"}
    assert every["fix"].iloc[-1] == "keep training"
    exploded = simopt.prescribe(FOUR, simopt.SGD(eta=2.5), epochs=80, seeds=4, threads=1)
    assert exploded.attrs["symptom"] == "NaN or Inf"
    assert set(exploded["fix"]) <= {BASELINE, *REMEDIES["NaN or Inf"], *fixes.ALWAYS}
    assert {fix for names in REMEDIES.values() for fix in names} <= set(FIXES)


def test_runs_that_draw_nothing_run_once():
    for how in ({"batch_size": "full"}, {"batch_size": 2, "shuffle": "never"}):
        frame = simopt.prescribe(FOUR, simopt.SGD(eta=0.1), **how, fixes="eta / 2", threads=1)
        assert frame.attrs["seeds"] == 1
        row = frame.iloc[1]
        assert row["improved_low"] == row["improved"] == row["improved_high"]
    saddle = simopt.prescribe(
        problems.saddle(w0=(1.0, 1e-3)), simopt.SGD(eta=0.1), epochs=60, fixes="eta x 2", threads=1
    )
    assert saddle.attrs["seeds"] == 1


NOW = Training(simopt.Momentum(eta=0.05), 4, 6)

#: Fixes that change nothing of it: it is so already, or there is no reason to.
NO_CHANGE = (
    *("Momentum", "fine-tune with Momentum", "no schedule"),
    *("without outliers", "standardise"),
)

#: One for each thing that can be written down, beside the fixes.
TRAININGS = {
    "now": NOW,
    "once": Training(simopt.RMSprop(eta=1.0, convention="keras"), 2, 3, "once", clip_value=2.0),
    "never": Training(
        simopt.AdamW(eta=1.0, weight_decay=0.1), 8, 4, "never",
        sequential([linear_warmup(0.1), cosine()], milestones=[5]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("fix", NO_CHANGE)
def test_what_is_so_already_is_no_fix(fix):
    assert FIXES[fix](problems.hubble(), NOW) is None


@pytest.mark.parametrize("name", [*TRAININGS, *(fix for fix in FIXES if fix not in NO_CHANGE)])
def test_written_settings_train_alike(name):
    """Both the call and the file of --apply, run, end where the training ends."""
    hubble = problems.hubble()
    # A fix is made here, not where tests are collected: some have the best rate looked for.
    training = TRAININGS[name] if name in TRAININGS else FIXES[name](hubble, NOW)[1]
    (made,) = running.curves(hubble, [training.with_(patience=None, then=None)], [0])
    names = {"simopt": simopt, "problem": hubble}
    *lines, call = [
        line for line in trainings.code(training).splitlines() if not line.startswith("#")
    ]
    exec("\n".join(lines), names)
    run = eval(call, names)
    # All of it, where the fix makes it diverge.
    end = run.steps["loss"].iloc[-1]
    assert end == pytest.approx(made.loss[0, -1], rel=1e-9, nan_ok=True)
    text = '[problem]\nname = "hubble"\n\n' + trainings.toml(training)
    read = toml.parse(tomllib.loads(text))
    plan = {**read.arguments, "divergence": None}
    frame = simopt.sweep(read.problem, read.optimizers, **plan, progress=False)
    assert frame["loss"].iloc[0] == pytest.approx(made.loss[0, -1], rel=1e-9)


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"problem": [1, 2]}, "problem"),
        ({"optimizer": simopt.SGD}, "optimizer"),
        ({"optimizer": simopt.SGD(eta=[0.1, 0.2])}, "eta"),
        ({"batch_size": 5}, "batch_size"),
        ({"epochs": 0}, "epochs"),
        ({"shuffle": "always"}, "shuffle"),
        ({"seeds": 0}, "seeds"),
        ({"seeds": range(3)}, "seeds"),
        ({"schedule": "sine"}, "schedule"),
        ({"clip_norm": -1.0}, "clip_norm"),
        ({"clip_norm": 1.0, "clip_value": 1.0}, "clip_value"),
        ({"validation": 3}, "validation"),
        ({"validation": problems.diabetes()}, "validation"),
        ({"validation": problems.saddle()}, "validation"),
        ({"fixes": "pray"}, "fixes"),
        ({"fixes": []}, "fixes"),
        ({"threads": 0}, "threads"),
    ],
)
def test_bad_input_is_refused(changed, name):
    arguments = {"problem": FOUR, "optimizer": simopt.SGD(eta=0.1), **changed}
    with pytest.raises(ValueError, match=rf"^{name}="):
        simopt.prescribe(arguments.pop("problem"), arguments.pop("optimizer"), **arguments)


@pytest.fixture
def points(tmp_path):
    path = tmp_path / "points.csv"
    pd.DataFrame({"x": [2.0, 1.0, 3.0, 0.5], "y": [10.0, 5.0, 15.0, 2.5]}).to_csv(path, index=False)
    return str(path)


def call(*arguments):
    with pytest.raises(SystemExit) as end:
        main(["prescribe", *arguments])
    return end.value.code


def test_the_command_prints_the_table(points, capsys):
    plan = ("--optimizer", "momentum", "--eta", "0.5", "--seeds", "8", "--epochs", "12")
    assert call(points, "y", *plan) == 0
    out = capsys.readouterr().out
    assert out.startswith("Momentum(eta=0.5, beta=0.9) on points: ")
    lines = out.splitlines()
    assert lines[2].split()[0] == "fix"
    assert lines[3].startswith(BASELINE)
    assert "trajectories" in lines[-1]
    assert call(points, "y", *plan, "--all") == 0
    assert "keep training" in capsys.readouterr().out


def test_what_apply_prints_runs(points, tmp_path, capsys):
    plan = ("--no-intercept", "--eta", "0.3", "--batch-size", "full", "--epochs", "30")
    assert call(points, "y", *plan, "--apply") == 0
    python, file = capsys.readouterr().out.split("# or, for simopt sweep:\n")
    names = {"simopt": simopt}
    *lines, last = [line for line in python.splitlines() if line and not line.startswith("#")]
    exec("\n".join(lines), names)
    run = eval(last, names)
    assert run.summary["loss"] < problems.four_points().loss(0.0)
    path = tmp_path / "applied.toml"
    path.write_text(file)
    read = toml.read(path)
    plan = {**read.arguments, "divergence": None}
    frame = simopt.sweep(read.problem, read.optimizers, **plan, progress=False)
    assert frame["loss"].iloc[0] == pytest.approx(run.summary["loss"])


def test_the_command_takes_validation_points(points, capsys):
    plan = ("--eta", "0.01", "--epochs", "6", "--seeds", "2", "--all")
    assert call(points, "y", *plan, "--validation", points) == 0
    assert "early stopping" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("missing.csv", "y"), "missing.csv"),
        (("POINTS", "z"), "target='z'"),
        (("POINTS", "y", "--optimizer", "momentu"), "did you mean 'Momentum'"),
        (("POINTS", "y", "--batch-size", "9"), "batch_size=9"),
        (("POINTS", "y", "--kind", "hinge"), "kind='hinge'"),
        (("POINTS", "y", "--seeds", "0"), "seeds=0"),
    ],
)
def test_the_command_refuses_bad_input(points, capsys, arguments, says):
    assert call(*(points if each == "POINTS" else each for each in arguments)) == 2
    error = capsys.readouterr().err
    assert error.startswith("simopt: ")
    assert error.count("\n") == 1
    assert says in error
