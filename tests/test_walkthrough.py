"""Worked steps: the numbers are those of a run, and the document's own cells come out."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

import simopt
from simopt import problems
from simopt.display.walkthrough import number, text, vector, worked, worked_steps
from simopt.display.walkthrough.calculations import label
from simopt.display.walkthrough.terminal import places
from simopt.document.printed import rows
from simopt.rules import ALL, OPTIMIZERS
from simopt.rules.formulas import steps as steps_of
from simopt.training.steps import names_per_weight

LINE = problems.least_squares([0.0, 1.0, 2.0, 4.0], [1.0, 3.0, 5.5, 8.0], intercept=True, l2=0.1)
LABELS = problems.logistic([[1.0, 2.0], [0.0, -1.0], [3.0, 1.0], [-2.0, 0.5]], [1, 0, 1, 0], l2=0.2)


def lines_of(step):
    """Label to line, of a batch of one point as well as of the batch."""
    return {line.label: line for point in step.points for line in point.lines} | {
        line.label: line for line in step.lines
    }


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("problem", [problems.four_points(), LINE, LABELS])
@pytest.mark.parametrize("batch_size", [1, 2, 3, "full"])
def test_the_numbers_are_those_of_a_run(name, problem, batch_size):
    optimizer = OPTIMIZERS[name](eta=0.05)
    how = {"batch_size": batch_size, "epochs": 2, "shuffle": "epoch", "seed": 3}
    frame = simopt.run(problem, optimizer, **how).steps
    steps = worked_steps(problem, optimizer, **how)
    assert [step.update for step in steps] == frame["step"].tolist()
    assert [step.epoch for step in steps] == frame["epoch"].tolist()
    assert [step.batch for step in steps] == frame["batch"].tolist()
    for step, (_, row) in zip(steps, frame.iterrows(), strict=True):
        targets = [line.partition(" = ")[0] for line in ("t = t + 1", *steps_of(optimizer))]
        columns = {label(target, optimizer): target for target in targets}
        for line in step.lines:
            column = columns.get(line.label, "gradient")
            names = [column] if column == "t" else names_per_weight(column, problem.d)
            assert line.value == tuple(row[names])
        gradients = [point.lines[-1].value for point in step.points]
        mean = np.mean(gradients, axis=0)
        if not problem.l2.any():
            expected = row[names_per_weight("gradient", problem.d)].to_numpy(dtype=float)
            np.testing.assert_allclose(mean, expected, rtol=1e-12, atol=1e-12)


def test_the_points_are_those_of_the_order():
    order = [[2, 0, 3, 1], [1, 3, 0, 2]]
    steps = worked_steps(
        problems.four_points(), simopt.SGD(eta=0.1), batch_size=3, epochs=2, order=order
    )
    assert [[p.number for p in step.points] for step in steps] == [[3, 1, 4], [2], [2, 4, 1], [3]]
    assert steps[1].title == "Update 2 (epoch 1, batch 2): point 2"
    kept = worked_steps(
        problems.four_points(), simopt.SGD(eta=0.1), batch_size=3, epochs=2, drop_last=True
    )
    assert [[p.number for p in step.points] for step in kept] == [[1, 2, 3], [1, 2, 3]]


#: Where the worked steps put what the document prints.
PLACES = {
    "prediction": "Prediction",
    "error": "Error",
    "gradient (batch mean)": "Gradient",
    "G": "Sum of squares",
    "E[g^2]": "Mean of squares",
    "effective learning rate": "Effective rate",
    "m": "First moment",
    "m_hat": "Corrected m",
    "v_hat": "Corrected v",
    "weight after the step": "Update",
}


def test_the_documents_cells_come_out():
    audit = simopt.document.audit().set_index("id")
    seen = 0
    steps = {
        method: worked_steps(problems.four_points(), OPTIMIZERS[method](eta=0.1))
        for method in ("SGD", "Momentum", "AdaGrad", "RMSprop", "Adam")
    }
    for row in rows():
        if row.role != "computed" or row.batch_size != 1 or row.method not in steps:
            continue
        label = PLACES.get(row.quantity)
        if row.quantity == "v":
            label = "Velocity" if row.method == "Momentum" else "Second moment"
        if label is None or row.step is None:
            continue
        line = lines_of(steps[row.method][row.step - 1])[label]
        assert line.value[0] == pytest.approx(audit.loc[row.id, "exact"], rel=1e-14)
        if audit.loc[row.id, "verdict"] == "exact":
            assert row.shows(line.value[0])
        seen += 1
    assert seen > 100


def test_momentum_at_point_2_reads_like_the_documents():
    step = worked_steps(problems.four_points(), simopt.Momentum(eta=0.1))[1]
    shown = [(line.numbers, line.relation, line.result) for line in lines_of(step).values()]
    assert shown == [
        ("4.6 × 1", "=", "4.6"),
        ("4.6 - 5", "=", "-0.4"),
        ("2 × (-0.4) × 1", "=", "-0.8"),
        ("0.9 × (-16) + (-0.8)", "=", "-15.2"),
        ("4.6 - 0.1 × (-15.2)", "=", "6.12"),
    ]


def test_adam_at_batch_2_takes_the_gradient_at_its_own_weight():
    shown = lines_of(worked_steps(problems.four_points(), simopt.Adam(eta=0.1), batch_size=2)[1])
    assert shown["Gradient"].numbers == "(-34.2 + (-0.95)) / 2"
    assert shown["Gradient"].result == "-17.575"
    assert shown["Corrected m"].numbers == "-2.6575 / (1 - 0.9^2)"
    assert shown["Update"].relation == "≈"
    assert shown["Update"].result == "3.1978"


NUMBER = re.compile(r"\d+\.?\d*(?:e[+-]\d+)?")


def evaluated(numbers: str) -> float:
    """A formula with numbers, as arithmetic."""
    code = numbers.replace("×", "*").replace("²", "**2").replace("^", "**").replace("√", "sqrt")
    return eval(code, {"sqrt": math.sqrt, "exp": math.exp})


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_is_written_gives_what_is_shown(name):
    settings = {"eta": 0.05} | ({"epsilon": 0.3} if "A" in name or name == "RMSprop" else {})
    penalised = problems.least_squares([1.0, 2.0, 3.0], [2.0, 3.0, 7.0], l2=0.5, w0=-1.0)
    seen = 0
    for problem in (problems.four_points(), problems.hubble(), penalised):
        for step in worked_steps(problem, OPTIMIZERS[name](**settings), batch_size=2, epochs=2):
            for line in (*(line for point in step.points for line in point.lines), *step.lines):
                # A difference is as good as the numbers in it, the rest as good as itself.
                alone = line.label in ("Prediction", "Effective rate", "Corrected m", "Corrected v")
                sizes = [] if alone else [float(n) for n in NUMBER.findall(line.numbers)]
                loss = (1e-8 if line.relation == "=" else 2e-4) * max(abs(line.value[0]), *sizes, 0)
                assert evaluated(line.numbers) == pytest.approx(line.value[0], abs=loss)
                seen += 1
    assert seen > 100


def test_several_weights_are_vectors():
    step = worked_steps(LINE, simopt.Momentum(eta=0.1))[1]
    prediction, _, gradient = step.points[0].lines
    assert prediction.numbers == "[0, 0.2] · [1, 1]"
    assert prediction.formula == "w · x"
    assert gradient.numbers == "2 × (-2.8) × [1, 1]"
    assert gradient.result == "[-5.6, -5.6]"
    assert step.lines[0].formula == "g + λ w"


def test_a_logistic_problem_has_a_score_and_a_probability():
    score, prediction, error, gradient = (
        worked_steps(LABELS, simopt.SGD(eta=0.1))[1].points[0].lines
    )
    assert score.label == "Score"
    assert prediction.value[0] == pytest.approx(1 / (1 + math.exp(-score.value[0])))
    assert error.numbers.endswith("- 0")
    assert gradient.formula == "error × x"


#: Labels of the updates of the document's Adam, as its walk writes them.
ADAM = [
    ("Update count", "t + 1", "0 + 1"),
    ("First moment", "β₁ m + (1 - β₁) g", "0.9 × 0 + (1 - 0.9) × (-16)"),
    ("Second moment", "β₂ v + (1 - β₂) g²", "0.999 × 0 + (1 - 0.999) × (-16)²"),
    ("Corrected m", "m̂ = m / (1 - β₁ᵗ)", "-1.6 / (1 - 0.9^1)"),
    ("Corrected v", "v̂ = v / (1 - β₂ᵗ)", "0.256 / (1 - 0.999^1)"),
    ("Update", "w - η m̂ / √(v̂ + ε)", "3 - 0.1 × (-16) / √(256 + 1e-08)"),
]


def test_adam_is_written_as_the_document_writes_it():
    (step, *_) = worked_steps(problems.four_points(), simopt.Adam(eta=0.1))
    assert [(line.label, line.formula, line.numbers) for line in step.lines] == ADAM


@pytest.mark.parametrize("name", ALL)
def test_every_rule_is_written_out_in_every_convention(name):
    """Each line has a formula and numbers; what the formulas give is what the run did."""
    for convention in ALL[name]().made_by.conventions:
        # FTRL has penalties in place of a weight decay.
        for more in ({}, {"l1" if name in ("FTRL", "AdaGradDA") else "weight_decay": 0.1}):
            optimizer = ALL[name](eta=0.05, convention=convention, **more)
            trace, steps = worked(LINE, optimizer, batch_size=2, epochs=5)
            for step, w in zip(steps, trace.steps[["w_0", "w_1"]].to_numpy(), strict=True):
                moved = [line for line in step.lines if line.label == "Update"]
                assert moved[-1].value == tuple(w)
                for line in step.lines:
                    assert line.formula
                    assert line.numbers
                    assert "{" not in line.numbers


def test_what_no_run_records_is_computed_from_the_formula():
    """A rectified Adam: the branch that holds, and the rectification once there is one."""
    problem, optimizer = problems.four_points(), simopt.RAdam(eta=0.01)
    trace, steps = worked(problem, optimizer, epochs=3)
    early, late = lines_of(steps[0]), lines_of(steps[-1])
    assert early["Update"].formula == "w - η m̂, unless ϱ > threshold"
    assert "r" not in early
    assert late["Update"].formula == "w - η r m̂ / √(v̂ + ε), as ϱ > threshold"
    assert late["r"].value[0] == pytest.approx(trace.steps["r"].iloc[-1], rel=1e-9)
    warm = worked_steps(problem, simopt.NAdam(convention="torch"), epochs=1)
    momenta = [lines_of(step)["μ"].value[0] for step in warm]
    assert lines_of(warm[-1])["Π"].value[0] == pytest.approx(math.prod(momenta), rel=1e-14)


def test_a_rule_of_ones_own_shows_its_state_without_formulas():
    def fading(w, g, eta, v, beta=0.5):
        v = beta * v + (1 - beta) * g
        return w - eta * v, v

    # Even under the name of a known rule, whose formulas it does not follow.
    own = simopt.rule(fading, name="Momentum")(eta=0.1)
    steps = worked_steps(problems.four_points(), own)
    assert [(line.label, line.numbers, line.result) for line in steps[0].lines] == [
        ("New v", "", "-8"),
        ("New w", "", "3.8"),
    ]


def test_many_points_and_updates_are_counted_not_shown():
    problem = problems.diabetes()
    trace, steps = worked(problem, simopt.Adam(eta=0.1), batch_size=64, updates=2, max_points=3)
    assert len(steps) == 2
    assert len(trace.steps) == 7
    assert steps[0].more_points == 61
    assert "points 1, 2, 3 and 61 more" in steps[0].title
    assert steps[0].lines[0].numbers.endswith("+ …) / 64")
    assert steps[0].lines[0].relation == "≈"
    shown = text(problem, simopt.Adam(eta=0.1), batch_size=64, updates=2, max_points=3)
    assert "... and 61 more points" in shown
    assert "... and 5 more updates" in shown
    assert "weights: age, sex, bmi, bp, s1, s2, s3, s4, s5, s6, intercept" in shown


def test_text_tells_where_it_starts_and_ends():
    shown = text(problems.four_points(), simopt.SGD(eta=0.1)).splitlines()
    assert shown[0] == (
        "SGD(eta=0.1) on four_points: 4 points, batch size 1, 4 updates an epoch, from w = 3"
    )
    assert shown[-1].startswith("After 4 updates: w = 5.2432, loss ≈ ")
    assert "Update 4 (epoch 1, batch 4): point 4" in shown


def test_columns_stay_in_line_with_hats():
    shown = text(problems.four_points(), simopt.Adam(eta=0.1), updates=1).splitlines()
    block = [line for line in shown if " = " in line or " ≈ " in line][2:-1]
    columns = {places(line[: max(line.rfind(" = "), line.rfind(" ≈ "))]) for line in block}
    assert len(columns) == 1


def test_divergence_is_shown_not_raised():
    shown = text(problems.four_points(), simopt.SGD(eta=1e3), epochs=120, updates=1)
    assert shown.endswith("w = nan, loss = nan, distance from the optimum = nan")
    worked_steps(problems.four_points(), simopt.Adam(eta=1e300), epochs=3)


@pytest.mark.parametrize(
    ("value", "shown", "rounded"),
    [
        (4.6, "4.6", False),
        (0.1 + 0.2, "0.3", False),
        (3.123107, "3.1231", True),
        (1e-8, "1e-08", False),
        (-0.0, "0", False),
        (123456.0, "123456", False),
        (1234567.4, "1234567", True),
        (1.23456e12, "1.2346e+12", True),
        (math.inf, "inf", False),
    ],
)
def test_numbers_say_whether_they_are_rounded(value, shown, rounded):
    assert (number(value).text, number(value).rounded) == (shown, rounded)


def test_long_vectors_lose_their_middle():
    assert vector([1.0, 2.0, 3.0, 4.0]).text == "[1, 2, 3, 4]"
    assert vector(range(9)).text == "[0, 1, …, 8]"


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"batch_size": 0}, "batch_size=0"),
        ({"updates": 0}, "updates=0"),
        ({"max_points": 0}, "max_points=0"),
        ({"epochs": 0}, "epochs=0"),
    ],
)
def test_bad_input_is_named(wrong, named):
    with pytest.raises(ValueError, match=named):
        text(problems.four_points(), simopt.SGD(eta=0.1), **wrong)


def test_a_state_starts_where_the_convention_starts_it():
    """Keras' AdaGrad: G from 0.1, so that the first step divides by sqrt(256.1 + 1e-7)."""
    first = worked_steps(problems.four_points(), simopt.AdaGrad(eta=0.1, convention="keras"))[0]
    lines = {line.label: line for line in first.lines}
    assert lines["Sum of squares"].value == (256.1,)
    assert lines["Update"].value[0] == pytest.approx(3 + 0.1 * 16 / math.sqrt(256.1 + 1e-7))


def test_a_formula_is_shown_in_every_convention_that_has_it():
    torch = worked_steps(problems.four_points(), simopt.SGD(eta=0.1, convention="torch"))
    assert torch == worked_steps(problems.four_points(), simopt.SGD(eta=0.1))


def test_without_points_there_is_nothing_to_write_out():
    model = simopt.problems.noisy_quadratic([1.0], 0.1)
    with pytest.raises(ValueError, match="problem=<problem noisy_quadratic.*a regression"):
        worked_steps(model, simopt.SGD())
