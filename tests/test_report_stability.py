"""The page on stability: its figures, its maps against `compare`, its sentences."""

import re

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt import problems, stability
from simopt.report import pages
from simopt.report import stability as report
from simopt.report.stability import intervals, literature, planes
from tests.test_stability import roots_of_one

FOUR = problems.four_points()


@pytest.fixture(scope="module")
def page(quick):
    """The page's values and its HTML, small."""
    values = quick("stability")
    where = next(each for each in pages.PAGES if each.module == "stability")
    return values, pages.render(where, values)


def test_the_page_is_whole(page):
    values, html = page
    figures = re.findall(r"<figure>.*?</figure>", html, flags=re.S)
    assert len(figures) >= 12
    for figure in figures:
        caption = re.search(r"<strong>(.+?)</strong> <span>(.+?)</span>", figure, flags=re.S)
        assert caption is not None
        assert caption[2].rstrip().endswith(".")
        assert re.search(r"<title[^>]*>[^<]+</title><desc[^>]*>[^<]{10,}</desc>", figure)
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert len(html.encode()) < 2_500_000
    text = re.sub(r"<(script|style|svg).*?</\1>", " ", html, flags=re.S)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))
    for hole in (" nan", "None ", "inf ", "Series", "dtype", "np.float", "{", "<NA>"):
        assert hole not in text
    assert not re.search(r"\b(is|at|of|by) –", text)
    assert all(finding.endswith(".") for finding in values["findings"])
    assert f"ran {values['trajectories']:,} trajectories" in text


def test_a_map_s_cells_are_compare_s():
    plane = planes.Plane("Four points", FOUR, (2,), "all", (0.02, 3.0), (30, 8))
    found, run = planes.mapped(plane, "Nesterov", 2)
    optimizer = simopt.Nesterov(eta=found.rates, beta=found.betas)
    cells = stability.compare(
        FOUR, optimizer, batch_size=2, order="all", epochs=planes.EPOCHS, growth=planes.GROWTH
    )
    for grid, column in ((found.diverged, "simulated"), (found.predicted, "predicted")):
        expected = cells.groupby(["beta", "eta"])[column].sum().to_numpy().reshape(8, 30)
        assert (grid == expected).all()
    assert found.off.sum() == found.counts["off"] == (~cells["agree"]).sum()
    assert run["trajectories"] == len(cells) == 6 * 240
    assert len(found.radii) == 3


def test_sentences_turn_with_the_counts():
    counts = pd.DataFrame(
        {"off": [3], "cells": [100], "stable": [0], "high": [1.02], "low": [1.001], "beside": [2]}
    )
    assert "none that should settle" in report.summary(counts)
    assert planes.near(counts).startswith("All grow")
    assert "2 of them lie right beside" in planes.near(counts)
    assert "0.1 % to 2 % an epoch" in planes.near(counts)
    counts["stable"] = 1
    assert "1 ran away though they should settle" in report.summary(counts)
    assert planes.near(counts).startswith("2 grow")


def test_what_the_literature_got_wrong_comes_with_evidence():
    found = literature.mistakes()
    assert len(found) == 8
    text = " ".join(each.evidence for each in found)
    # Published: the bins' and the true sum of curvatures, Adam's two bounds, PyTorch's targets.
    for number in ("9.405", "9.788", "3.1623", "7.2703", "0.0125", "0.03", "contracts by 0.9 "):
        assert number in text
    assert "2 times as much" in text


def test_the_page_s_scan_finds_every_interval_of_sgd():
    found = intervals.scanned(FOUR).set_index(["optimizer", "batch_size"])
    (row,) = found.loc[[("SGD", 1)]].to_dict("records")
    edges = np.ravel(row["intervals"])[1:]
    np.testing.assert_allclose(edges, roots_of_one(1, [[0], [1], [2], [3]]), rtol=1e-8)
    assert row["orders"] == 24
    assert found.loc[[("Momentum", 1)], "orders"].tolist() == [8, 8, 8]


def test_an_order_is_shown_where_it_makes_a_difference():
    row = {"order": (0, 2, 1, 3), "batch_size": 2, "orders": 2}
    assert intervals.shown(row) == ": 13|24"
    assert intervals.shown({**row, "batch_size": 1, "orders": 24}) == ""
    assert intervals.shown({**row, "batch_size": 4, "orders": 1}) == ""
