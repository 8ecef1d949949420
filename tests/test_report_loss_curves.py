"""The page on loss curves: every symptom shown, tables that say what the outcomes say."""

import math
import re

import numpy as np
import pandas as pd
import pytest

from simopt.curves.diagnosis import SYMPTOMS, diagnose
from simopt.curves.diagnosis import page as drawing
from simopt.curves.prescription import framework, table
from simopt.curves.prescription.advice import FRAMEWORK, TABLE, fixes_for
from simopt.curves.validation.accuracy import Accuracy
from simopt.curves.validation.inseparable import INSEPARABLE
from simopt.report.loss_curves import alike, confusion, gallery, tested
from simopt.rules import OPTIMIZERS
from tests.test_prescription_tables import rows


@pytest.fixture(scope="module")
def shown():
    return gallery.gallery()


@pytest.mark.report
def test_there_is_a_curve_for_every_symptom(shown):
    # Those that the document has, healthy and the noise floor: a training of the simulator each.
    assert [each.name for each in gallery.EXAMPLES] == list(SYMPTOMS[:10])
    assert [each.diagnosis.symptom for each in shown] == [each.name for each in gallery.EXAMPLES]


@pytest.mark.report
def test_the_figures_say_what_was_read(shown):
    for each in shown:
        figure = gallery.drawn(each)
        assert f">{each.symptom.name[0].upper()}{each.symptom.name[1:]}<" in figure
        for says in each.diagnosis.evidence["says"]:
            assert says[1:].replace("'", "&#39;") in figure
        assert "The reader takes it for" not in figure


@pytest.mark.report
def test_a_function_has_no_batches_and_large_losses_have_commas(shown):
    drawn = {each.symptom.name: gallery.drawn(each) for each in shown}
    assert "SGD, η = 0.1, a saddle: " in drawn["plateaus, then drops"]
    assert "SGD, η = 0.001, batches of 64, diabetes: " in drawn["decreases very slowly"]
    assert ">20,000<" in drawn["decreases very slowly"]
    assert not any(re.search(r">(\d{5}|1e\d)", figure) for figure in drawn.values())


@pytest.mark.report
def test_a_curve_that_is_taken_for_another_is_told(shown):
    wrong = gallery.Card(gallery.EXAMPLES[1], shown[0].diagnosis, shown[0].problem)
    assert "The reader takes it for “healthy”" in gallery.drawn(wrong)


def test_a_loss_near_the_end_of_float64_is_drawn_as_far_as_it_can_be():
    """A logarithmic axis up to 1e300 would overflow."""
    found = diagnose([4.0, 2.0, 30.0, 9e3, 1e9, 1e30, 1e90, 1e300, np.inf])
    (axes,) = drawing.figure(found).axes
    low, high = axes.get_ylim()
    assert 0 < low < 2
    assert 1e90 < high < 1e200


@pytest.mark.report
def test_axes_count_epochs_from_the_start(shown):
    """The reader's value 1 is the start's: epoch 0, below the first value drawn."""
    slow = next(each for each in shown if each.symptom.name == "decreases very slowly")
    assert len(slow.diagnosis.loss) == slow.example.epochs + 1
    assert slow.diagnosis.loss[0] == slow.problem.loss(slow.problem.w0)


def outcomes(shares):
    """Fifty runs for every line and fix of both tables, of which so many work, by fix."""
    parts = []
    for line in (*TABLE, *FRAMEWORK):
        for fix in line.fixes:
            hits = round(50 * shares.get(fix, 0.5))
            parts.append(
                rows(
                    symptom=line.seen[0],
                    fix=fix,
                    optimizer=(line.optimizers or line.in_place_of or ("SGD",))[0],
                    seed=np.arange(50),
                    worked=np.arange(50) < hits,
                    worse=np.arange(50) >= max(hits, 40),
                )
            )
    every = pd.concat(parts).drop_duplicates(["symptom", "optimizer", "fix", "seed"])
    every.attrs = {
        "looked_at": 5000,
        "pairs": 200,
        "trajectories": 9000,
        "updates": 1,
        "seconds": 1.0,
    }
    return every


def test_words_follow_the_shares():
    frame = table(outcomes=outcomes({"eta / 2": 0.2, "eta / 5": 0.5, "eta / 10": 0.9}))
    oscillates = frame[frame["symptom"] == "Oscillates wildly"]
    assert [tested.word(row) for _, row in oscillates.iterrows()] == ["seldom", "often", "mostly"]
    shown = tested.advice_table(frame, "Tried")
    assert '<span class="badge bad">seldom</span> 20 % of 50, worse in 20 %' in shown
    assert '<span class="badge good">mostly</span> 90 % of 50, worse in 10 %' in shown
    assert shown.count("<tr>") == 1 + len(TABLE)
    figures = tested.figures_table(frame, "All")
    assert figures.count("<tr>") == 1 + sum(len(line.fixes) for line in TABLE)
    few = oscillates.iloc[0].copy()
    few["runs"] = 3
    assert tested.word(few) == "few runs"
    assert tested.interval(few) == "20 %"
    few["runs"] = 0
    assert tested.interval(few) == "–"
    assert tested.word(few) == "not seen"
    assert "not seen" in tested.told(few)


def test_the_summary_names_the_lines():
    low = {fix: 0.1 for line in TABLE for fix in line.fixes}
    frame = table(outcomes=outcomes({**low, "eta / 10": 0.9, "RMSprop": 0.4}))
    text = tested.summary(frame)
    assert text.startswith("5,000 runs were read by their curves, and 9,000 run in all.")
    most, often, seldom = text.split("; ")
    assert "“Oscillates wildly”" in most
    assert "“NaN or Inf”" in most
    assert often.startswith("for “AdaGrad stops learning”")
    assert "“Plateaus early”" in seldom
    assert tested.unseen(frame) == ""
    none = frame.assign(runs=0)
    assert "“Oscillates wildly”" in tested.unseen(none)


def test_the_lag_of_adam_is_counted():
    frame = table(outcomes=outcomes({}))
    assert tested.lag(frame).endswith("Adam ended so far above SGD in 50 of 200 pairs of runs.")


def test_harm_is_named_or_denied():
    frame = table(outcomes=outcomes({"beta 0.8": 0.0}))
    harmless = frame.assign(worse=0.0)
    assert "None of it" in tested.harm(harmless)
    harmful = frame.assign(worse=np.where(frame["fix"] == "beta 0.8", 0.7, 0.0))
    assert "“β to 0.8” for “Decreases, then explodes”" in tested.harm(harmful)
    assert "70 % of 50 runs" in tested.harm(harmful)


def test_the_framework_sentence_follows_the_shares():
    good = {"eta / 10, clip at 1, without outliers": 1.0, "SGD": 0.0}
    frame = framework(outcomes=outcomes(good))
    text = tested.framework_sentence(frame)
    assert "“Loss NaN?” is answered best" in text
    assert "100 % of 50 runs" in text
    assert "SGD on “Loss plateau?”: 0 % of 50" in text
    assert "Too few" in tested.framework_sentence(frame.assign(runs=1))


def test_conditions_are_told():
    worse = np.r_[np.ones(25, bool), np.zeros(25, bool)]
    tried = rows(beyond=np.r_[np.ones(25), np.full(25, 50.0)], worse=worse, worked=~worse)
    tried.attrs = {"looked_at": 50}
    frame = table(outcomes=tried)
    oscillates = frame[frame["symptom"] == "Oscillates wildly"]
    text = tested.depends(oscillates)
    assert "η / 2 works at more than 10 times the best rate: 100 %, else 0 %." in text
    assert "η / 2 is worse within a factor 10 of the best rate: 100 %, else 0 %." in text
    assert text in tested.advice_table(frame, "Tried")
    assert tested.depends(oscillates.assign(works_where="", worse_where="")) == ""


def test_statements_follow_the_runs():
    def said(**columns):
        return {each["title"]: each["text"] for each in alike.statements(rows(**columns))}

    seeds = np.arange(100)
    slower = {"fix": "eta x 2"}
    flat = said(**slower, symptom="plateaus early", seed=seeds, arrived=seeds < 30)
    assert list(flat) == ["A plateau may be the end"]
    assert "Of 100 runs that count as “plateaus early”, 30 % had arrived" in flat.popitem()[1]
    assert list(said(**slower, symptom="plateaus early", seed=seeds, arrived=True)) == [
        "A plateau is the end"
    ]
    assert said(**slower, symptom="plateaus early", seed=seeds, arrived=False) == {}
    assert said(**slower, symptom="plateaus early", seed=seeds[:5], arrived=True) == {}
    # Starts of one landscape are runs of their own; what else a run is given makes none.
    starts = said(**slower, symptom="plateaus early", seed=0 * seeds, arrived=True)
    assert "Of 100 runs" in starts["A plateau is the end"]
    assert said(fix="keep training", symptom="plateaus early", seed=seeds, arrived=True) == {}
    slow = said(
        **slower, symptom="decreases very slowly", seed=seeds,
        beyond=np.where(seeds < 95, 0.1, 1.0),
    )  # fmt: skip
    assert slow["A slow one means a low rate"].endswith(
        "95 % had a rate more than a factor 3 below the best of those tried."
    )
    nan = said(
        fix="eta / 10", symptom="NaN or Inf", seed=seeds, problem="one, a bad point", beyond=9.0
    )
    assert list(nan) == ["NaN comes from the data"]


def test_every_run_is_given_the_fix_that_runs_are_counted_by():
    for symptom, fix in (
        ("plateaus early", "eta x 2"), ("oscillates wildly", "eta / 2"),
        ("decreases then explodes", "eta / 2"), ("decreases very slowly", "eta x 2"),
        ("NaN or Inf", "eta / 10"),
    ):  # fmt: skip
        assert all(fix in fixes_for(symptom, optimizer) for optimizer in OPTIMIZERS)


def test_three_flat_curves_hide_different_things():
    table = alike.flat_curves()
    ends = table.groupby("run", sort=False).tail(1).set_index("run")
    assert (ends["shape"].abs() < 0.02).all()
    assert ends.loc["arrived", "left"] < 0.01
    assert (ends["left"].drop("arrived") > 0.3).all()
    figure = alike.flat_figure(table)
    assert "less than 0.1 % (arrived)" in figure


def test_names_are_printed_with_signs():
    assert tested.fix_name("eta x 5") == "η × 5"
    assert gallery.signs("eta 0.1 -> 0.03, beta 0.9, beta1") == "η 0.1 → 0.03, β 0.9, β₁"


def test_the_page(quick):
    values = quick("loss_curves")
    assert len(values["cards"]) == len(gallery.EXAMPLES)
    assert values["looked_at"] > 100
    assert values["trajectories"] > values["looked_at"]
    assert all(values["findings"])
    for each in ("table", "framework", "figures", "framework_figures"):
        assert values[each].startswith('<div class="table"')
    assert math.isfinite(values["seconds"])


def read(right, labels=("healthy", "NaN or Inf"), curves=50):
    """An accuracy of so many right curves of each label; the wrong ones are called noise."""
    truth = np.repeat(labels, curves)
    said = np.where(np.tile(np.arange(curves) < right, len(labels)), truth, "noise floor")
    frame = pd.DataFrame({"problem": "one", "symptom": truth, "said": said, "right": truth == said})
    frame["allowed"] = frame["right"]
    frame["sure"] = 0.95
    confusion = pd.crosstab(truth, said).rename_axis(index="is", columns="said")
    recall = frame.groupby("symptom")[["right", "allowed"]].mean()
    recall = recall.assign(curves=curves, separable=curves, found=recall["right"])
    return Accuracy(frame, confusion, recall)


def test_accuracy_is_told_as_measured():
    section = confusion.of(read(45))
    assert section["sentence"].startswith("On 100 curves of one problem that no threshold")
    assert section["sentence"].count("90 %") == 3
    assert section["weakest"] == (
        "Most missed is “NaN or Inf”: 10 % of 50 curves are read as what the curve rules out."
    )
    assert '<th scope="row">1. NaN or Inf</th><td class="number">50</td>' in section["table"]
    assert section["table"].count('<td class="number">10</td>') == 2
    assert confusion.of(read(50))["weakest"] == "No symptom is missed."


def test_every_pair_that_no_reader_tells_apart_is_named():
    text = " ".join(each["title"] for each in confusion.reasons())
    for pair in INSEPARABLE:
        assert pair.symptom in text.lower().replace("nan", "NaN")
        assert f"as “{pair.other}”" in text


def test_sources_stand_side_by_side():
    by_source = {"simulated": read(45), "real": read(50)}
    table = confusion.beside(by_source)
    assert "Simulated (100)" in table
    assert "Real (100)" in table
    assert '<td class="number">90</td><td class="number">100</td>' in table
    text = confusion.in_reality(by_source)
    assert text.startswith("Of 100 real training runs")
    # Wilson's interval of a hundred of a hundred ends at 100 / (100 + 1.96^2).
    assert "100 % (96 to 100 %) as what they are" in text
    assert confusion.share_or_dash(float("nan")) == "–"
