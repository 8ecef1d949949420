"""The batch-size and learning-rate pages: their numbers are simopt's, their sentences are there."""

import itertools
import math
import re

import matplotlib
import numpy as np
import pandas as pd
import pytest

import simopt
from simopt import document, measures, problems
from simopt.display import cells
from simopt.report import batch_size, learning_rate, pages, sweeps
from simopt.rules import OPTIMIZERS

PAGES = {page.module: page for page in pages.PAGES}


@pytest.fixture(scope="module")
def built(quick):
    """Both pages in quick mode: module to (values, HTML)."""
    found = {}
    for name in ("batch_size", "learning_rate"):
        values = quick(name)
        found[name] = values, pages.render(PAGES[name], values)
    return found


@pytest.fixture(scope="module")
def epoch():
    return batch_size.one_epoch(problems.four_points())


def visible(html):
    """The words of a page."""
    html = re.sub(r"<(script|style|svg).*?</\1>", " ", html, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.mark.parametrize("name", ["batch_size", "learning_rate"])
def test_every_figure_has_a_title_alternative_text_and_a_sentence(built, name):
    _, html = built[name]
    figures = re.findall(r"<figure>.*?</figure>", html, flags=re.S)
    assert len(figures) >= 8
    titles = re.findall(r'role="img"[^>]*><title[^>]*>([^<]+)</title><desc[^>]*>([^<]+)<', html)
    assert len({title for title, _ in titles}) == len(titles) >= 8
    for figure in figures:
        caption = re.search(r"<strong>(.+?)</strong> <span>(.+?)</span>", figure, flags=re.S)
        assert caption is not None
        assert caption[2].rstrip().endswith(".")


@pytest.mark.parametrize("name", ["batch_size", "learning_rate"])
def test_no_sentence_shows_a_hole(built, name):
    values, html = built[name]
    text = visible(html)
    for hole in ("nan", "None ", "inf ", "Series", "dtype", "np.float", "{", "<NA>"):
        assert hole not in text.replace("None of the", "")
    assert not re.search(r"\b(is|at|of|by) –", text)
    assert all(finding.endswith(".") for finding in values["findings"])
    assert 1 <= len(values["findings"]) <= 2


@pytest.mark.parametrize("name", ["batch_size", "learning_rate"])
def test_the_page_says_how_many_it_ran(built, name):
    values, html = built[name]
    assert values["trajectories"] > 10_000
    assert f"ran {values['trajectories']:,} trajectories" in visible(html)
    told = sum(each.trajectories for each in values["computed"])
    assert told >= values["trajectories"]


def test_ids_are_unique(built):
    for _, html in built.values():
        ids = re.findall(r' id="([^"]+)"', html)
        assert len(ids) == len(set(ids))


def test_batch_tables_are_run_s_numbers(epoch, built):
    assert len(epoch) == 21
    text = visible(built["batch_size"][1])
    for row in epoch.to_dict("records"):
        run = simopt.run(
            problems.four_points(),
            OPTIMIZERS[row["optimizer"]](eta=0.1),
            batch_size=row["batch_size"],
        )
        assert row["w"] == run.summary["w"]
        assert row["updates"] == 4 // row["batch_size"]
        assert f"{row['w']:.4f}".replace("-", "−") in text


def test_worked_state_names_what_the_rule_carries(epoch):
    state = epoch.set_index(["optimizer", "batch_size"])["state"].str.replace("\xa0", " ")
    assert state["SGD", 2] == "none"
    assert state["Momentum", 2] == "v = −18.25"
    assert state["AdaGrad", 4] == "G = 203.1"
    assert state["Adam", 2].endswith("t = 2")


def test_what_the_document_prints_is_marked_where_it_is_off(epoch):
    audit = document.audit()
    printed = batch_size.printed_weights(audit, epoch)
    shown = dict(zip(zip(epoch.optimizer, epoch.batch_size, strict=True), printed, strict=True))
    assert shown["SGD", 2] == "4.925"
    assert shown["SGD", 4] == "4.45 ✗"
    assert shown["RMSprop", 2] == ""


def test_averaging_comes_apart_into_terms_averaging_and_movement(epoch):
    squares = batch_size.averaging(problems.four_points(), epoch, epochs=5)
    assert squares["sum"] == 16**2 + 4**2 + 36**2 + 1**2
    assert squares["square"] == 14.25**2
    assert squares["terms"] * squares["averaging"] == pytest.approx(squares["ratio"])
    product = squares["terms"] * squares["averaging"] * squares["moving"]
    assert product == pytest.approx(squares["real"])
    # With the weight held, G over the orders averages to terms * (|g|^2 + tr Cov).
    gradients = measures.point_gradients(problems.four_points())[:, 0]
    pairs = [
        sum(np.mean(gradients[list(order[k : k + 2])]) ** 2 for k in (0, 2))
        for order in itertools.permutations(range(4))
    ]
    assert squares["table"].loc[2, "fixed"] == pytest.approx(np.mean(pairs))


def test_a_lucky_pair_is_named_only_where_there_is_one():
    four = problems.four_points()
    assert "points 2 and 3 steps" in batch_size.lucky(four, 0.1)
    assert batch_size.lucky(four, 0.11) == ""
    assert batch_size.lucky(problems.hubble(), 0.1) == ""


def test_rates_span_what_they_say():
    grid = sweeps.rates(1e-3, 1e3, sweeps.FINE)
    assert grid[0] == 1e-3
    assert 1e3 <= grid[-1] < 1e3 * sweeps.FINE
    assert np.allclose(grid[1:] / grid[:-1], sweeps.FINE)
    # Five neighbours span 5 % either way.
    assert grid[4] / grid[2] - 1 == pytest.approx(0.05, abs=0.001)


def test_together_adds_up():
    four = problems.four_points()
    both = [simopt.sweep(four, simopt.SGD(eta=0.1), batch_size=b, epochs=2) for b in (1, 4)]
    whole = sweeps.together(both)
    assert len(whole) == 2
    assert whole.attrs["updates"] == 8 + 2
    assert sweeps.account({"a": whole, "b": whole})[:2] == (4, 20)


@pytest.mark.parametrize("name", ["Momentum", "Nesterov"])
@pytest.mark.parametrize("size", [1, 2, 4])
def test_the_epoch_map_grows_as_trajectories_do(name, size):
    """An epoch is linear in (w, v): w'' = trace w' - determinant w. Solve for both."""
    # The optimum at 0 leaves no rounding of w - optimum behind.
    x = problems.four_points().x[:, 0]
    still = problems.least_squares(x, np.zeros(4), w0=1.0)
    for eta, beta in ((0.05, 0.9), (0.2, 0.5), (0.02, 0.3)):
        optimizer = OPTIMIZERS[name](eta=eta, beta=beta)
        frame = simopt.sweep(still, optimizer, batch_size=size, epochs=3, record="epochs")
        w0, w1, w2, w3 = 1.0, *frame["w"]
        trace, minus_determinant = np.linalg.solve([[w1, w0], [w2, w1]], [w2, w3])
        grown = np.abs(np.roots([1.0, -trace, -minus_determinant])).max()
        cells = pd.DataFrame(index=[beta], columns=[eta])
        radius = float(learning_rate.epoch_radii(still, name, size, cells)[0, 0])
        assert grown == pytest.approx(radius, rel=1e-9)


def test_map_regions_cover_each_marked_cell_once():
    marked = np.array([[True, True, False, True], [False, False, False, False]])
    path = cells.regions(marked, np.arange(5.0), np.arange(3.0))
    corners = path.vertices.reshape(-1, 5, 2)
    assert corners[:, [0, 2]].tolist() == [[[0, 0], [2, 1]], [[3, 0], [4, 1]]]
    assert cells.regions(marked[1:], np.arange(5.0), np.arange(2.0)) is None


@pytest.mark.parametrize(
    ("excess", "expected"), [(1e-15, 0), (1e-5, 2), (0.5, 4), (1.0, 5), (50.0, 5), (math.inf, 6)]
)
def test_map_classes(excess, expected):
    assert learning_rate.classify(np.array([excess]))[0] == expected


def test_sgd_does_not_mind_the_order_at_batch_1():
    four = problems.four_points()
    orders, frame = learning_rate.order_table(four, quick=True)
    sgd = orders[orders["optimizer"] == "SGD"].set_index("batch_size")
    assert sgd["distinct"].tolist() == [1, 3, 1]
    assert sgd.loc[1, "spread"] <= 1e-14
    assert sgd.loc[1, "least"] == pytest.approx(5.2432, abs=1e-12)
    assert orders[orders["optimizer"] == "Adam"]["distinct"].max() == 24
    assert frame.attrs["trajectories"] == 7 * 3 * 300
    assert "5.2432" in learning_rate.invariance(four, orders)["sentence"]


def test_weight_decay_is_blamed_only_where_the_optimum_lies_beyond_it():
    three = sweeps.settings()
    table = pd.DataFrame({"optimizer": ["AdamW"], "median": [0.5]})
    told = learning_rate.decay_sentence(three, dict.fromkeys(three, table))
    assert "Hubble" in told
    assert "Four points" not in told
    near = {"four points": three["four points"]}
    assert learning_rate.decay_sentence(near, {"four points": table}) == ""


def test_figures_leave_matplotlib_as_it_was(built):
    assert matplotlib.rcParams["svg.fonttype"] == matplotlib.rcParamsDefault["svg.fonttype"]
