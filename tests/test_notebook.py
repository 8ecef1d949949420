"""What notebooks show: escaped, and nothing of the data lost; what made a table stays with it."""

from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt import measures, problems
from simopt.rules import ALL

EVIL = '<img src=x onerror="alert(1)">'


def text(html):
    """The text of a fragment, whose elements must nest."""
    said, open_elements = [], []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            assert tag != "img"
            open_elements.append(tag)

        def handle_endtag(self, tag):
            assert open_elements.pop() == tag

        def handle_data(self, data):
            said.append(data)

    reader = Reader()
    reader.feed(html)
    reader.close()
    assert not open_elements
    return " ".join(" ".join(said).split())


def test_a_problem():
    table = pd.DataFrame({EVIL: [1.0, 3.0, 2.0], "b": [2.0, 4.0, 1.0], "y": [1.0, 2.0, 0.0]})
    problem = problems.from_frame(table, "y", name=EVIL, w0=[0.5, -2, 0])
    said = text(problem._repr_html_())
    assert said.startswith(EVIL)
    assert f"weights 3: {EVIL}, b, " in said
    assert "start 0.5, −2, 0" in said
    assert "points 3" in said
    many = problems.least_squares(np.eye(9), np.ones(9))
    said = text(many._repr_html_())
    assert f"9: {', '.join(many.features[:6])}, … start" in said


@pytest.mark.parametrize("name", ALL)
def test_every_optimizer(name):
    said = text(ALL[name]()._repr_html_())
    assert said.startswith(f"{name} convention ")
    assert "η" in said


def test_axes_and_switches_of_an_optimizer():
    optimizer = simopt.Adam(eta=np.geomspace(1e-4, 1, 9), beta1=[0.8, 0.9], convention="torch")
    said = text(optimizer._repr_html_())
    assert "convention torch" in said
    assert "η 9 values from 0.0001 to 1" in said
    assert "β₁ 0.8, 0.9" in said
    several = simopt.Adam(eta=0.1, convention=["document", "keras"])
    assert "convention document, keras" in text(several._repr_html_())


def test_a_rule_of_ones_own_cannot_write_html():
    made = simopt.rule(lambda w, g, eta: w - eta * g, name=EVIL)(eta=0.1)
    assert text(made._repr_html_()).startswith(EVIL)


def test_a_run():
    trace = simopt.run(problems.four_points(), simopt.SGD(eta=0.01), epochs=5)
    html = trace._repr_html_()
    said = text(html)
    assert said.startswith("SGD on ")
    assert "updates 20" in said
    assert "The last 5 updates:" in said
    assert html.count("<tr>") + html.count("<tr ") >= 5 + 5
    short = simopt.run(problems.four_points(), simopt.SGD(eta=0.01))
    assert "The last" not in text(short._repr_html_())


def test_what_made_a_sweep_stays_with_it(tmp_path):
    problem = problems.four_points()
    frame = simopt.sweep(problem, simopt.SGD(eta=[0.01, 0.1]), seed=[0, 1], shuffle="epoch")
    made = frame.attrs
    assert made["spec"]["optimizers"][0]["name"] == "SGD"
    file = tmp_path / "sweep.parquet"
    frame.to_parquet(file)
    kept = [
        frame.copy(), frame[frame["eta"] > 0.05], frame.query("eta > 0.05"), frame.head(1),
        frame.sort_values("loss"), frame.assign(one=1), frame.set_index("eta").reset_index(),
        pd.concat([frame, frame]), pd.read_parquet(file),
        frame.assign(excess=measures.excess(frame, problem)),
    ]  # fmt: skip
    assert all(each.attrs == made for each in kept)
    bands = measures.bands(kept[-1], ["eta"])
    assert bands.attrs == made
    for table in (
        measures.best(bands, []), measures.width(bands, []), measures.first_divergence(bands, []),
        measures.tuned(bands.assign(name="SGD"), ["name"], window=1),
        measures.common(bands.assign(batch_size=1), [], "batch_size"),
    ):  # fmt: skip
        assert table.attrs == made
    # Of two sweeps a table has no one origin, so that pandas drops both.
    other = simopt.sweep(problem, simopt.Adam(eta=[0.01, 0.1]))
    assert pd.concat([frame, other]).attrs == {}
    assert frame.attrs == made
