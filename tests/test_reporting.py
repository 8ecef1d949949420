"""The report: whole pages, offline, escaped, the same every time, in the dark and on paper."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import altair
import jinja2
import numpy as np
import pandas as pd
import pytest
import vl_convert
from markupsafe import Markup

import simopt
from simopt import problems, report
from simopt.display import (
    axis_ticks,
    charts,
    standalone,
    style,
    tables,
    templating,
    typesetting,
    vega,
)
from simopt.document.source import source
from simopt.ground import files
from simopt.ground.formatting import number
from simopt.report import building, errata, overview, pages, traces, walkthrough
from simopt.report.claims import section
from simopt.rules import ALL

EVIL = "<script>alert(1)</script>"
VOID = {"meta", "br", "wbr", "link", "img", "hr", "input", "col"}
OWN = ("overview", "walkthrough", "errata")


class Outline(HTMLParser):
    """The elements of a page, and whether they nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> without a start"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def ids(self) -> list[str]:
        return [attrs["id"] or "" for _, attrs in self.tags if "id" in attrs]

    def values(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.tags if name in attrs]


@pytest.fixture(scope="module")
def html(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def outlines(html: dict[str, str]) -> dict[str, Outline]:
    return {name: Outline(text) for name, text in html.items()}


def figures(text: str) -> list[str]:
    """The figures of a page; the chart library has pictures of its own inside its script."""
    still = re.sub(r"<script.*?</script>", "", text, flags=re.S)
    return re.findall(r"<svg.*?</svg>", still, flags=re.S)


def test_every_page_is_written_and_nothing_else(html: dict[str, str]) -> None:
    sections = {section.file(each.name) for each in source().sections}
    assert set(html) == {page.file for page in pages.PAGES} | sections


def test_pages_are_whole_and_small(html: dict[str, str], outlines: dict[str, Outline]) -> None:
    for name, text in html.items():
        assert text.startswith("<!DOCTYPE html>")
        assert text.rstrip().endswith("</html>")
        assert outlines[name].open == []
        # The chart library alone is 0.9 MB; a page opens in well under a second at this size.
        assert len(text.encode()) < 2_500_000, name


def test_nothing_is_loaded_from_anywhere(
    outlines: dict[str, Outline], html: dict[str, str]
) -> None:
    for name, outline in outlines.items():
        for attribute in ("src", "href", "xlink:href", "srcset", "data", "action", "poster"):
            for value in outline.values(attribute):
                assert not re.match(r"(?i)\s*(https?:|//|ftp:|file:|javascript:)", value), name
        links = [attrs for tag, attrs in outline.tags if tag == "link"]
        assert [each["rel"] for each in links] == ["icon"]
        assert (links[0]["href"] or "").startswith("data:image/svg+xml,")
        css = "".join(re.findall(r"<style>(.*?)</style>", html[name], flags=re.S))
        assert "@import" not in css
        assert not re.search(r"url\(\s*['\"]?(https?:|//)", css)


def test_internal_links_resolve(outlines: dict[str, Outline]) -> None:
    for name, outline in outlines.items():
        for href in outline.values("href"):
            if href.startswith("data:"):  # the icon
                continue
            file, _, fragment = href.partition("#")
            assert (file or name) in outlines, href
            if fragment:
                assert fragment in outlines[file or name].ids(), href


def test_ids_are_unique(outlines: dict[str, Outline]) -> None:
    for name, outline in outlines.items():
        ids = outline.ids()
        assert len(ids) == len(set(ids)), name


def test_the_navigation_marks_the_current_page(outlines: dict[str, Outline]) -> None:
    for name, outline in outlines.items():
        current = [attrs["href"] for tag, attrs in outline.tags if attrs.get("aria-current")]
        assert current == ["claims.html" if name.startswith("claims-") else name]


def test_every_picture_says_what_it_shows(
    html: dict[str, str], outlines: dict[str, Outline]
) -> None:
    for name, outline in outlines.items():
        for tag, attrs in outline.tags:
            if tag == "img":
                assert attrs.get("alt"), name
            if tag == "svg":
                assert attrs.get("role") == "img", name
                for each in (attrs["aria-labelledby"] or "").split():
                    assert each in outline.ids()
            if "chart" in (attrs.get("class") or "").split():
                assert attrs.get("role") == "figure"
                assert attrs.get("aria-label")
        for svg in figures(html[name]):
            assert re.search(r"<title[^>]*>[^<]{3,}</title>", svg)
            assert re.search(r"<desc[^>]*>[^<]{10,}</desc>", svg)
        for figure in re.findall(r"<figure>.*?</figure>", html[name], flags=re.S):
            caption = re.search(r"<figcaption><strong>(.*?)</strong> <span>(.*?)</span>", figure)
            assert caption is not None
            assert caption[2].rstrip().endswith("."), caption[2]


def test_styles_know_the_dark_paper_and_phones(html: dict[str, str]) -> None:
    for text in html.values():
        assert "@media (prefers-color-scheme: dark)" in text
        assert "@media print" in text
        assert "details::details-content" in text
        assert "@media (max-width" in text
        assert 'name="viewport"' in text


def test_figures_take_their_colours_from_the_style_sheet(html: dict[str, str]) -> None:
    known = set(re.findall(r"(--[a-z0-9-]+):", html["index.html"]))
    for text in html.values():
        for svg in figures(text):
            assert "#000000" not in svg
            assert "DejaVu" not in svg
            assert "<text" in svg
            assert set(re.findall(r"var\((--[a-z0-9-]+)", svg)) <= known


def test_the_chart_library_is_on_pages_with_charts_only(html: dict[str, str]) -> None:
    for text in html.values():
        assert ("vegaEmbed" in text or "vega-embed" in text.split("</style>")[1]) == (
            vega.CHART in text
        )


def test_no_number_is_missing(outlines: dict[str, Outline]) -> None:
    for name in ("index.html", "walkthrough.html", "errata.html"):
        visible = " ".join(outlines[name].text).split("(()=>{")[0]
        assert not re.search(r"\b(nan|None|NaT|<NA>|inf)\b", visible), name


def timeless(text: str) -> str:
    return re.sub(r'<span class="timing">[^<]*</span>', "", text)


@pytest.mark.parametrize("module", OWN)
def test_two_builds_of_a_page_are_the_same(module: str) -> None:
    page = next(each for each in pages.PAGES if each.module == module)
    first, second = (
        timeless(pages.render(page, pages.values(page, pages.Context(quick=True))))
        for _ in range(2)
    )
    assert first == second


def test_a_failure_while_writing_leaves_the_last_page(tmp_path: Path) -> None:
    files.write_texts(tmp_path, {"a.html": "old"})
    with pytest.raises(TypeError):
        files.write_texts(tmp_path, {"a.html": "new", "b.html": 7})  # type: ignore[dict-item]
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]
    assert (tmp_path / "a.html").read_text() == "old"


def test_a_folder_that_cannot_be_written_is_refused_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "build", lambda *_: pytest.fail("worked before it looked"))
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"^folder=.*in a folder"):
        simopt.report(tmp_path / "file" / "below")
    with pytest.raises(ValueError, match=r"^path=.*in a folder"):
        report.walkthrough_page(tmp_path / "file" / "x.html", problems.four_points(), simopt.SGD())
    with pytest.raises(ValueError, match=r"^path=.*not a folder"):
        report.walkthrough_page(tmp_path, problems.four_points(), simopt.SGD())


def test_names_from_data_are_escaped(tmp_path: Path) -> None:
    pd.DataFrame({EVIL: [1.0, 2.0], '" onload="x': [2.0, 1.0], "y": [3.0, 4.0]}).to_csv(
        tmp_path / "data.csv", index=False
    )
    table = problems.read_table(tmp_path / "data.csv", "y", name=EVIL)
    rule = simopt.rule(lambda w, g, eta: w - eta * g, name=EVIL)
    path = report.walkthrough_page(tmp_path / "page.html", table, rule(eta=0.1))
    text = path.read_text(encoding="utf-8")
    assert EVIL not in text
    assert "&lt;script&gt;alert(1)" in text
    outline = Outline(text)
    assert outline.open == []
    assert not outline.values("onload")
    assert [tag for tag, _ in outline.tags].count("script") == 1


def test_names_in_tables_figures_and_charts_are_escaped() -> None:
    frame = pd.DataFrame({EVIL: [EVIL], "n": [1.0]})
    shown = tables.table(frame, caption=EVIL)
    shown += tables.badge(EVIL, '"><script>')
    shown += style.captioned(Markup(""), title=EVIL, see=EVIL)
    figure, axes = style.new()
    axes.plot([1, 2], **style.line(EVIL))
    style.legend(figure, axes)
    shown += style.svg(figure, title=EVIL, alt=EVIL)
    assert "<script" not in shown
    data = altair.InlineData(values=[{"name": "</script><script>alert(1)</script>", "x": 1}])
    chart = altair.Chart(data).mark_point().encode(x="x:Q", tooltip="name:N")
    html = str(charts.interactive(chart, title="Chart </script>", alt=EVIL))
    assert html.count("</script>") == 1
    payload = re.search(r"<script[^>]*>(.*)</script>", html, flags=re.S)
    assert payload is not None
    assert "</script><script>alert(1)" in json.dumps(json.loads(payload[1]))


def test_tooltips_find_their_text() -> None:
    chart = (
        altair.Chart(altair.InlineData(values=[{"x": 1, "name": "a"}]))
        .mark_point()
        .encode(x="x:Q", tooltip="name:N")
        .add_params(altair.selection_point(nearest=True, on="pointerover"))
    )
    drawn = vl_convert.vegalite_to_vega(chart.to_dict(), vl_version=vega.VEGA_LITE)
    marks = {mark["name"]: json.dumps(mark) for mark in drawn["marks"]}
    (cells,) = (text for name, text in marks.items() if "voronoi" in name)
    assert 'datum.datum[\\"name\\"]' in cells
    assert 'datum[\\"name\\"]' not in cells.replace("datum.datum", "")


def test_a_value_that_the_page_forgot_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        pages.render(pages.PAGES[0], {})


def test_a_percent_sign_stays_with_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = "<pre><code>5 % 2</code></pre><svg><text>5 %</text></svg><script>5 % 2</script>"
    made = jinja2.Environment(loader=jinja2.DictLoader({"x": f"<p>5 % % 7%</p>{kept}6 %"}))
    monkeypatch.setattr(templating, "environment", lambda package: made)
    assert templating.html("x", {}) == f"<p>5\u00a0% % 7%</p>{kept}6\u00a0%"
    listed = (templating.Page("x.html", "X", "x", "?"),)
    assert templating.html("x", {}, listed) == f"<p>5\u00a0% % 7\u00a0%</p>{kept}6\u00a0%"


def test_formulas_in_sentences_have_signs_and_code_keeps_its_letters() -> None:
    kept = "<code>x - y &lt;= sqrt(2)^2</code><title>S_min</title><option>w^2</option>"
    text = "<p>m_hat - v_hat &lt;= 1 - β₁^t; E_min, B^(1/q), sqrt(t), sqrt(1 - ρ)</p>"
    assert typesetting.page(kept + text) == (
        f"{kept}<p>m̂ − v̂ ≤ 1 − β₁<sup>t</sup>; E<sub>min</sub>, B<sup>1/q</sup>, √t, √(1 − ρ)</p>"
    )
    drawn = '<svg title="a - b"><text>|w - 5|^2</text></svg>'
    assert typesetting.page(drawn) == drawn.replace("w - 5", "w − 5")


def test_names_on_a_page_of_ones_own_are_no_formulas(tmp_path):
    names = ["T_max", "a^2", "My - table", "Eg2"]
    points = pd.DataFrame([[1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 1.0, 0.0, 1.0, 3.0]] * 2)
    points.columns = [*names, "y"]
    problem = simopt.problems.from_frame(points, target="y")
    page = report.walkthrough_page(tmp_path / "w.html", problem, simopt.SGD(eta=0.01)).read_text(
        "utf-8"
    )
    assert all(name in page for name in names)
    assert "<sup>2</sup>" not in page
    assert "<sub>max</sub>" not in page


def test_ticks_are_written_as_numbers_in_sentences_are() -> None:
    figure, axes = style.new()
    axes.plot([-2000, 3000], [0.0, 1.0])
    drawn = str(style.svg(figure, title="A line", alt="It rises."))
    labels = re.findall(r"<text[^>]*>([^<]*)</text>", drawn)
    assert {"−2,000", "3,000", "0", "1"} <= set(labels)
    assert not {"3000", "1.0"} & set(labels)


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        (7.0, 70.0, ["10", "20", "50"]),
        (70.0, 7.0, ["10", "20", "50"]),
        (2.1, 8.0, list("345678")),
        (0.7, 20.0, ["1", "10"]),
    ],
)
def test_a_logarithmic_axis_has_more_than_one_number(low: float, high: float, shown: list) -> None:
    _, axes = style.new()
    axis_ticks.log_axis(axes.yaxis)
    axes.set_ylim(low, high)
    ends = sorted((low, high))
    ticks = [tick for tick in axes.yaxis.get_majorticklocs() if ends[0] <= tick <= ends[1]]
    assert [axis_ticks.power_of_ten(tick) for tick in ticks] == shown


def test_svg_is_the_same_every_time_and_clean() -> None:
    def draw() -> str:
        figure, axes = style.new()
        axes.plot([1, 2, 3], [1e-3, 1.0, 1e3], **style.line("Adam"))
        axis_ticks.log_axis(axes.yaxis)
        axes.set(xlabel="update", ylabel="loss")
        style.legend(figure, axes)
        return str(style.svg(figure, title="A figure", alt="It rises."))

    first = draw()
    assert first == draw()
    assert "0.001" in first, "labels keep their digits"
    assert "currentColor" in first
    assert "var(--purple)" in first
    for unwanted in ("<metadata", "<style", "#000000", "Matplotlib"):
        assert unwanted not in first
    assert "width=" not in first[: first.index(">")]


@pytest.mark.parametrize("hidden", [False, True])
def test_minor_ticks_are_where_matplotlib_has_them(hidden: bool) -> None:
    def marks(own: bool) -> list[str]:
        figure, panels = style.new(2, 1, sharex=True)
        for axes in panels:
            axes.plot([3e-3, 50.0], [1e-4, 1.0])
        for axis in (panels[1].xaxis, panels[0].yaxis):
            axis_ticks.log_axis(axis)
        for axes in panels:
            axes.set_xlim(1e-3, 100.0)
            axes.tick_params(which="both", left=not hidden)
            if own:
                continue
            for held in [each for each in axes.artists if isinstance(each, axis_ticks.MinorTicks)]:
                del held.axis.get_minor_ticks  # type: ignore[method-assign]
                held.remove()
        drawn = str(style.svg(figure, title="two panels", alt="their ticks"))
        return sorted(re.findall(r'<use [^>]*?(x="[^"]*" y="[^"]*")', drawn))

    assert marks(own=True) == marks(own=False)
    assert len(marks(own=True)) > (50 if hidden else 80)


def test_every_rule_has_a_look_of_its_own() -> None:
    looks = [(each.color, each.marker) for each in style.LOOKS.values()]
    assert len(set(looks)) == len(looks) == len({marker for _, marker in looks})
    assert len({color for color, _ in looks}) == len(looks)
    mine = [style.look(name, ["Mine", "Yours"]) for name in ("Mine", "Yours")]
    assert mine[0] != mine[1]


def test_no_two_rules_share_a_look() -> None:
    """Not in colour and line, of which a curve without markers has no more; nor a user's own."""
    assert len(ALL) <= len(style.LOOKS) + len(style.OTHERS)
    looks = {name: style.look(name, ALL) for name in ALL}
    assert len({(each.color, each.line) for each in looks.values()}) == len(ALL)
    assert len({(each.color, each.marker) for each in looks.values()}) == len(ALL)
    assert all(style.look(name) == each for name, each in looks.items()), "in every figure"
    names = ["Mine", "Yours", *ALL]
    drawn = {(each.color, each.line) for each in (style.look(name, names) for name in names)}
    assert len(drawn) == len(names)
    assert style.look("Mine", ["Mine"]) == style.OTHERS[0]
    own = [f"own {k}" for k in range(len(style.OTHERS))]
    assert len({style.look(name, own) for name in own}) == len(own)


def test_the_tree_follows_the_formulas() -> None:
    parents = {}
    for parent, child, _ in walkthrough.TREE:
        parents.setdefault(child, set()).add(parent)
    assert parents == {
        "Momentum": {"SGD"},
        "Nesterov": {"Momentum"},
        "AdaGrad": {"SGD"},
        "RMSprop": {"AdaGrad"},
        "Adam": {"Momentum", "RMSprop"},
        "AdamW": {"Adam"},
    }
    assert walkthrough.reductions()["difference"].max() == 0.0


def test_orders_and_their_changes() -> None:
    distances = pd.DataFrame({"A": [1.0, 3.0, 3.0], "B": [2.0, 2.0, 2.0]}, index=[1, 2, 3])
    assert traces.orders(distances).tolist() == [("A", "B"), ("B", "A"), ("B", "A")]
    changed = traces.changes(distances)
    assert changed["epoch"].tolist() == [2]
    assert changed["what"].tolist() == ["B passes A"]
    assert traces.overtakings("abc", "cab") == "c passes a and b"
    assert traces.crossings([5.0, 6.0, 6.0, 4.0], start=3.0, best=5.0) == [2, 4]
    assert traces.crossings([4.0, 4.5], start=3.0, best=5.0) == []


def test_the_first_change_is_momentum_falling_back() -> None:
    changed = traces.changes(traces.by_epoch())
    assert changed["epoch"].iloc[0] == 2
    assert str(changed["what"].iloc[0]).startswith("Momentum falls behind SGD")


def test_sentences_turn_with_the_numbers() -> None:
    steady = pd.DataFrame({"A": [1.0, 0.5, 0.1], "B": [2.0, 1.9, 1.8]}, index=[1, 2, 3])
    assert "order lasts" in overview.after_many(steady)
    assert "run" not in walkthrough.closer_sentence(steady)
    running = steady.assign(B=[2.0, 4.0, 8.0])
    assert "B has run away" in walkthrough.closer_sentence(running)
    clean = pd.DataFrame(
        {"section": ["The walk over four points"] * 2, "batch_size": [1, 1],
         "method": ["SGD", "Adam"], "verdict": ["exact", "exact"]}
    )  # fmt: skip
    assert "most that are not" not in walkthrough.verdict_sentence(clean)


def test_own_best_rates_are_not_worse_than_the_common_one() -> None:
    rates = overview.at_rates(True)
    best = overview.best_rates(rates).set_index("optimizer")["distance"]
    common = traces.by_epoch().loc[overview.HORIZON]
    assert len(best) == len(common)
    assert (best <= common[best.index] * (1 + 1e-12)).sum() >= len(best) - 1


def test_errata_count_what_the_audit_says() -> None:
    audit = pages.Context().audit
    bad = int((audit["verdict"] != "exact").sum())
    sections = errata.by_section(audit)
    assert sum(each["count"] for each in sections) == bad
    assert sum(len(each["rows"]) for each in sections) == bad
    roots = errata.groups(pages.Context().errata)
    assert sum(len(group["roots"]) for group in roots) == len(pages.Context().errata)
    off = errata.deviations(audit)
    slack = 1 + 1e-9
    assert (off.loc[off["verdict"] == "exact", "half_units"] <= slack).all()
    assert (off.loc[off["verdict"] != "exact", "half_units"] > 1 / slack).all()


def test_every_worked_cell_is_there(html: dict[str, str]) -> None:
    text = html["walkthrough.html"]
    assert text.count("<summary>") == 7 * 4
    for name in style.LOOKS:
        assert text.count(f"<summary>{name}:") == 4


def test_a_page_for_anyones_data(tmp_path: Path) -> None:
    path = report.walkthrough_page(
        tmp_path / "new" / "steps.html",
        problems.four_points(),
        simopt.Adam(eta=0.1),
        batch_size=3,
        epochs=2,
        shuffle="epoch",
        updates=3,
    )
    text = path.read_text(encoding="utf-8")
    assert text.count("<summary>") == 3
    assert "And one more update." in text
    assert "a new random order every epoch, seed 0" in text
    assert [each.name for each in path.parent.iterdir()] == ["steps.html"]


def test_a_diverging_run_has_a_page_too(tmp_path: Path) -> None:
    path = report.walkthrough_page(
        tmp_path / "steps.html", problems.four_points(), simopt.SGD(eta=1e30), epochs=20
    )
    assert "diverges" in path.read_text(encoding="utf-8")


def test_many_weights_have_a_page_too() -> None:
    page = standalone.points_table(
        problems.least_squares(np.ones((3, 2)), [1.0, 2.0, 3.0], intercept=True)
    )
    assert page.count("<tr>") == 4


def test_tables_line_up_numbers_and_mark_rows() -> None:
    frame = pd.DataFrame({"name": ["a", "b"], "w": [1.5, np.nan]})
    html = tables.table(frame, caption="Two", mark=lambda row: "best" if row["name"] == "a" else "")
    assert '<tr class="best">' in html
    assert '<td class="number">–</td>' in html
    assert number(float("nan")) == "–"
