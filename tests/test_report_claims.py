"""The page of claims: every verdict, rule, figure and picture there, escaped, small, filtered."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from html import unescape
from itertools import product
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest

from simopt.display import style
from simopt.document.claims import Outcome
from simopt.document.claims.claim import SECTIONS, VERDICTS, Claim, Finding, Picture
from simopt.document.claims.context import Trials
from simopt.document.claims.registry import CLAIMS
from simopt.document.source import source
from simopt.report import claims, overview, pages
from simopt.report.claims import drawing, pictures, section, surprises, verdicts
from simopt.report.glossary import linking
from simopt.report.glossary.terms import terms
from simopt.rules import OPTIMIZERS
from tests.test_reporting import EVIL, Outline, figures

PAGE = next(page for page in pages.PAGES if page.module == "claims")
OVERVIEW = next(page for page in pages.PAGES if page.module == "overview")
UPDATES = np.arange(1, 201)


def never(_: Trials) -> Finding:
    """What claims made up for the page are decided by."""
    raise AssertionError


def pictured(i: int) -> Picture | None:
    """Every kind of picture, large, in turn; none for the rest, which is half of all."""
    rng = np.random.default_rng(i)
    falling = {n: (UPDATES, np.exp(-UPDATES / 9) * rng.random(200)) for n in list(OPTIMIZERS)[:6]}
    kinds: list[dict[str, Any] | None] = [
        {"series": falling, "log_x": True, "log_y": True},
        {"series": {"ratio": (UPDATES, UPDATES**0.5)}},
        {
            "series": {n: (["1", "2"], rng.random(2)) for n in "abcdef"},
            "kind": "bars",
        },
        {"series": {"share": (list(OPTIMIZERS), rng.random(7))}, "kind": "bars"},
        {"series": {"draws": (rng.random(200), rng.random(200))}, "kind": "points"},
        {"table": pd.DataFrame({"library": ["torch"], "shuffles": [True], "runs": [12345]})},
        None,
    ]
    how = kinds[min(i % 13, 6)]
    return None if how is None else Picture(f"Picture {i % 3}", "It falls by 3.", "x", "y", **how)


def outcome(
    i: int, verdict: str = "holds", *, picture: Picture | None = None, **claim: Any
) -> Outcome:
    """A claim that was never judged."""
    given: dict[str, Any] = {
        "id": f"C{i:03}",
        "lines": "12-14, 20",
        "section": SECTIONS[i % len(SECTIONS)],
        "optimizers": (),
        "says": f"Claim {i} as we say it.",
        "kind": "simulation",
        "experiment": f"Experiment {i}.",
        "rule": f"Holds if {i}.",
        "decide": never,
    }
    finding = Finding(
        verdict,
        f"Evidence {i}.",
        {"a share": 0.123456, "cases": 12345, "settles": True, "who": "Adam"},
        f"Condition {i}." if verdict == "conditional" else "",
        picture,
    )
    return Outcome(Claim(**(given | claim)), finding, 10 * i, 100 * i, 0.25)


def made_up(n: int = 127) -> list[Outcome]:
    """So many claims with all verdicts, sections, optimizers and pictures among them."""
    names = list(OPTIMIZERS)
    return [
        outcome(
            i,
            VERDICTS[i % 4],
            picture=pictured(i),
            optimizers=tuple(names[: i % 3]) if i % 5 else (),
            scope="Elsewhere it may differ." if i % 3 else "",
        )
        for i in range(1, n + 1)
    ]


def rendered(given: list[Outcome], quick: bool = False) -> str:
    """The page of all claims, and those of their sections behind it."""
    with matplotlib.rc_context(style.RC):
        return whole(claims.values(given, quick=quick))


def whole(values: dict[str, Any]) -> str:
    return pages.render(PAGE, values) + "".join(in_parts(values).values())


def in_parts(values: dict[str, Any]) -> dict[str, str]:
    return {part.file: pages.render(part, given) for part, given in values["parts"].items()}


@pytest.fixture(scope="module")
def many() -> list[Outcome]:
    return made_up()


@pytest.fixture(scope="module")
def found(many: list[Outcome]) -> dict[str, Any]:
    with matplotlib.rc_context(style.RC):
        return claims.values(many, quick=False)


@pytest.fixture(scope="module")
def html(found: dict[str, Any]) -> str:
    return pages.render(PAGE, found)


@pytest.fixture(scope="module")
def parts(found: dict[str, Any]) -> dict[str, str]:
    return in_parts(found)


def element(html: str, tag: str, name: str) -> str:
    found = re.search(rf'<{tag} id="{name}".*?</{tag}>', html, flags=re.S)
    assert found is not None
    return found[0]


def text(html: str) -> str:
    # Links to the glossary stand within sentences.
    unlinked = re.sub(r"</?a\b[^>]*>", "", html)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", unlinked)))


def test_every_claim_is_there_with_all_it_has(parts: dict[str, str], many: list[Outcome]) -> None:
    assert sum(html.count("<article ") for html in parts.values()) == len(many) == 127
    for each in many:
        html = parts[section.file(each.claim.section)]
        shown = text(element(html, "article", each.claim.id))
        i = int(each.claim.id[1:])
        for part in (
            each.claim.id, "Setup; family tree (lines 12–14, 20)", each.claim.says,
            each.finding.verdict,
            each.finding.says, each.claim.rule, each.claim.experiment, each.claim.scope,
            each.finding.condition, "a share 0.1235", "cases 12,345", "settles yes", "who Adam",
        ):  # fmt: skip
            assert part in shown
        assert ("Condition. " in shown) == (each.finding.verdict == "conditional")
        assert ("Scope. " in shown) == bool(each.claim.scope)
        if each.finding.picture:
            assert f"Picture {i % 3} It falls by 3." in shown


def test_the_page_of_all_has_each_in_short(
    html: str, parts: dict[str, str], many: list[Outcome]
) -> None:
    for each in many:
        shown = element(html, "li", each.claim.id)
        file = section.file(each.claim.section)
        assert f'<a href="{file}#{each.claim.id}">{each.claim.says}</a>' in shown
        words = ("Setup; family tree (lines 12–14, 20)", each.finding.verdict)
        for part in (*words, each.finding.condition or each.finding.says):
            assert part in text(shown)
    for each_section in source().sections:
        told = section.setup(each_section.name)
        assert len(told) > 50
        assert told in text(html)
        assert told in text(parts[section.file(each_section.name)])


def test_every_page_says_what_the_document_is(html: str, parts: dict[str, str]) -> None:
    for page in (html, *parts.values()):
        assert text(page).count(source().sentence) == 1


TERMS = {term.id for term in terms()}


def test_the_pages_are_whole_small_and_their_ids_unique(html: str, parts: dict[str, str]) -> None:
    outlines = {"": Outline(html)} | {file: Outline(part) for file, part in parts.items()}
    files = {page.file for page in pages.PAGES}
    for own, outline in outlines.items():
        assert outline.open == []
        assert len(outline.ids()) == len(set(outline.ids()))
        for href in outline.values("href"):
            if href.startswith("data:"):
                continue
            file, _, name = href.partition("#")
            assert file in outlines or file in files
            if name:
                there = TERMS if file == linking.FILE else outlines[file or own].ids()
                assert name in there
    assert all(len(page.encode()) < 400_000 for page in (html, *parts.values()))
    assert figures(html) == []
    drawn = figures("".join(parts.values()))
    assert len(drawn) == sum(
        pictured(i) is not None and pictured(i).table is None  # type: ignore[union-attr]
        for i in range(1, 128)
    )
    for svg in drawn:
        assert "<title" in svg
        assert "It falls by 3.</desc>" in svg
        assert svg.count("<g ") + svg.count("<g>") == svg.count("</g>")
        used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
        assert used <= set(re.findall(r' id="([^"]+)"', svg))
        assert not re.search(r"#[0-9a-f]{6}\b", re.sub(r'(id|href)="[^"]*"|url\([^)]*\)', "", svg))


def test_nothing_needs_a_script_or_a_network(html: str) -> None:
    still = re.sub(r"<script.*?</script>", "", html, flags=re.S)
    assert not re.search(r"<li[^>]* hidden", still)
    assert re.search(r'<form id="filter"[^>]* hidden>', still)
    assert "http" not in re.sub(r"xmlns(:xlink)?=(\"[^\"]*\"|'[^']*')", "", still)
    assert ".claim[hidden] { display: grid; }" in still.partition("@media print {\n  @page")[2]


def test_what_a_filter_needs(html: str, many: list[Outcome]) -> None:
    outline = Outline(html)
    boxes = [a["value"] for tag, a in outline.tags if tag == "input" and a["type"] == "checkbox"]
    assert boxes == list(VERDICTS)
    data = [a for tag, a in outline.tags if tag == "li" and "data-verdict" in a]
    found = {a["id"]: (a["data-verdict"], a["data-section"], a["data-optimizers"]) for a in data}
    for each in many:
        named = " ".join(each.claim.optimizers) or "none"
        assert found[each.claim.id] == (each.finding.verdict, each.claim.section, named)
    options = re.findall(r"<option(?: value=\"([^\"]*)\")?>([^<]*)</option>", html)
    offered = {value or unescape(shown) for value, shown in options}
    assert offered == {"any", "none", "SGD", "Momentum", *SECTIONS}
    assert re.search(r'<p id="shown" role="status">', html)


def test_counts_are_those_of_the_claims(html: str, many: list[Outcome]) -> None:
    counts = {v: sum(each.finding.verdict == v for each in many) for v in VERDICTS}
    assert verdicts.tally(many) == counts
    for verdict, n in counts.items():
        assert f"{verdict} ({n})" in html
    total = re.search(r'<tr class="best">(.*?)</tr>', html, flags=re.S)
    assert total is not None
    assert [int(n) for n in re.findall(r">(\d+)<", total[1])] == [127, *counts.values()]
    assert claims.summary(many) == (
        f"Of 127 claims that the document makes, {counts['holds']} hold, {counts['conditional']} "
        f"hold under a condition, {counts['contradicted']} are contradicted and "
        f"{counts['undecidable']} can't be decided by simulation."
    )
    assert claims.summary([outcome(1)]) == "Of one claim that the document makes, 1 holds."


def test_a_quick_page_says_so(html: str) -> None:
    given = [outcome(1)]
    assert "fewer seeds" in rendered(given, quick=True)
    assert "fewer seeds" not in html


def test_what_was_run_is_accounted_for(many: list[Outcome]) -> None:
    ran = claims.computed(many)
    assert [each.what for each in ran] == list(SECTIONS)
    assert sum(each.trajectories for each in ran) == 10 * sum(range(128))
    assert sum(each.updates for each in ran) == 100 * sum(range(128))
    assert sum(each.seconds for each in ran) == pytest.approx(127 / 4)


def test_everything_is_escaped() -> None:
    picture = Picture(
        EVIL, EVIL + ".", EVIL, EVIL, {EVIL: ([EVIL], [1.0]), "b": (["b"], [2.0])}, "bars"
    )
    lookup = Picture(EVIL, EVIL + ".", table=pd.DataFrame({EVIL: [EVIL]}))
    given = []
    for i, each in enumerate((picture, lookup), start=1):
        finding = Finding("conditional", EVIL, {EVIL: EVIL}, EVIL, each)
        claim = Claim(f"C{i:03}", EVIL, EVIL, (EVIL,), EVIL, EVIL, EVIL, EVIL, never, EVIL)
        given.append(Outcome(claim, finding, 1, 1, 1.0))
    shown = rendered(given)
    assert shown.count("<script") == rendered([outcome(1)]).count("<script")
    assert EVIL not in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert all(Outline(page).open == [] for page in re.findall(r"<!DOC.*?</html>", shown, re.S))


@pytest.mark.parametrize(
    ("kind", "log_x", "log_y"), list(product(("lines", "points"), (False, True), (False, True)))
)
def test_pictures_keep_what_an_axis_can_hold(kind: Any, log_x: bool, log_y: bool) -> None:
    x, y = [0.0, 1.0, 2.0, 3.0, np.inf], [1.0, -2.0, np.nan, 4.0, 5.0]
    picture = Picture("P", "See.", "x", "y", {"a": (x, y)}, kind, log_x, log_y)
    series, left_out = drawing.drawable(picture)
    kept = [0.0] * (not log_x) + [1.0] * (not log_y) + [3.0]
    assert series["a"][0].tolist() == kept
    assert left_out
    assert "left out" in str(pictures.captioned(picture, "p"))
    whole = Picture(
        "P", "See.", series={"a": ([1, 2], [3, 4])}, kind=kind, log_x=log_x, log_y=log_y
    )
    assert "left out" not in str(pictures.captioned(whole, "p"))


def test_names_of_a_picture_can_be_read() -> None:
    words = {"one": (["a long name of a bar", "another"], [1, 2]), "two": (["another"], [3])}
    drawn, _ = drawing.chart(Picture("P", "See.", "which", "loss", words, "bars", log_y=True), "p")
    for each in ("a long name of a", "bar", "another", "one", "two", "which", "loss"):
        assert f">{each}</text>" in drawn
    numbers = {"a": ([1.0, 16.0], [1, 2]), "SGD": ([16.0, 256.0], [3, 4])}
    drawn, _ = drawing.chart(Picture("P", "See.", "B", "loss", numbers, "bars"), "p")
    assert [n for n in ("1", "16", "256") if f">{n}</text>" in drawn] == ["1", "16", "256"]


@pytest.mark.parametrize("names", ["ab", ["a long name of a bar", "another long name"]])
def test_bars_of_ratios_begin_at_one(names: Any) -> None:
    picture = Picture("P", "See.", "which", "ratio", {"a": (list(names), [0.1, 10.0])}, "bars")
    drawn, _ = drawing.chart(dataclasses.replace(picture, log_y=True), "p")
    bars = re.findall(r'<path d="M([^"z]*)z"[^>]*fill: var\(--blue\)', drawn)
    corners = [{float(n) for n in re.findall(r"-?[\d.]+", bar)} for bar in bars]
    assert len(corners) == 2
    assert len(corners[0] & corners[1]) == 1, "the one edge that both have"


def test_words_are_places_of_lines_and_points_too() -> None:
    series = {"a": (["x", "z"], [1, 2]), "b": (["x", "y"], [2, 2])}
    drawn, _ = drawing.chart(Picture("P", "See.", "which", "loss", series, "points"), "p")
    named = re.findall(r'x="([\d.]+)"[^>]*>([xyz])</text>', drawn)
    assert [name for _, name in sorted(named, key=lambda each: float(each[0]))] == ["x", "z", "y"]


def test_long_tables_are_folded() -> None:
    rows = [pd.DataFrame({"n": range(n)}) for n in (12, 13)]
    shown = [str(pictures.captioned(Picture("P", "See.", table=frame), "p")) for frame in rows]
    assert ["<summary>13 rows</summary>" in each for each in shown] == [False, True]


def test_series_differ_by_colour_and_line() -> None:
    names = ["Adam", "b", "SGD", "c", "d", "e"]
    looks = drawing.looks_of(names)
    assert len({look.color for look in looks}) == len(names)
    assert len({(look.marker, str(look.line)) for look in looks}) == len(names)
    assert looks[0] == style.LOOKS["Adam"]


def test_a_picture_drawn_twice_is_the_same() -> None:
    for i in range(1, 6):
        picture = pictured(i)
        assert picture is not None
        assert pictures.captioned(picture, "p") == pictures.captioned(picture, "p")


def test_the_hardest_part() -> None:
    given = [
        outcome(1, section="A"),
        outcome(2, "contradicted", section="B"),
        outcome(3, section="B"),
    ]
    assert "the part “B”: 1 of the two claims" in claims.hardest(given)
    assert "None" in claims.hardest(given[:1])


def test_surprises_are_contradicted_or_conditional() -> None:
    ids = [int(name[1:]) for name in surprises.TAUGHT]
    everywhere = [outcome(i, "contradicted") for i in ids]
    assert [e.claim.id for e in surprises.surprising(everywhere)] == list(surprises.TAUGHT)[:5]
    as_taught = [outcome(i, verdict) for i, verdict in zip(ids, VERDICTS * 4, strict=False)]
    named = surprises.surprising(reversed(as_taught))
    by_verdict = [
        [each.claim.id for each in as_taught if each.finding.verdict == verdict]
        for verdict in ("contradicted", "conditional")
    ]
    assert [each.claim.id for each in named] == [*by_verdict[0], *by_verdict[1]][: surprises.NAMED]
    assert "these five do not" in surprises.lead(as_taught)
    assert "this one does not" in surprises.lead(everywhere[:1])
    assert surprises.surprising([outcome(i) for i in ids]) == []


def test_the_overview_counts_and_names(many: list[Outcome], found: dict[str, Any]) -> None:
    context = pages.Context(quick=True, built={"claims": found})
    shown = pages.render(OVERVIEW, pages.values(OVERVIEW, context))
    assert claims.summary(many).replace("'", "&#39;") in shown
    introduced = text(shown).index(source().sentence)
    assert introduced < text(shown).index("results that the document prints")
    named = surprises.surprising(many)
    assert len(named) == surprises.NAMED
    for each in named:
        file = section.file(each.claim.section)
        assert f'<a href="{file}#{each.claim.id}">{each.claim.says}</a>' in shown
        assert (each.finding.condition or each.finding.says) in shown
    assert "Elsewhere it may differ." in shown
    assert overview.claimed(pages.Context()) is None


def test_the_claims_are_tried_once_a_report(quick: Any) -> None:
    found = quick("claims")
    told = [(each.claim.id, each.claim.decide) for each in found["outcomes"]]
    assert told == [(claim.id, claim.decide) for claim in CLAIMS]
    context = pages.Context(quick=True, built={"claims": found})
    shown = overview.claimed(context)
    assert shown is not None
    assert shown["surprises"] is found["surprises"]


def test_the_page_has_the_signs_of_the_report(quick: Any) -> None:
    """Hyperparameters, small numbers and what is below zero are not as programs have them."""
    shown = whole(quick("claims"))
    prose = " ".join(
        re.findall(r"<(?:p|h2|li|figcaption)[ >].*?</(?:p|h2|li|figcaption)>", shown, re.S)
    )
    prose = unescape(re.sub(r"<[^>]+>", " ", prose))
    assert len(prose) > 50_000
    assert re.findall(r"(?<![\w.'\"`])(?:eta|beta[12]?|rho|epsilon)(?![\w='\"`(])", prose) == []
    assert re.findall(r"(?<![\w.=])\d(?:\.\d+)?e[-+]?\d+\b", prose) == []
    assert re.findall(r"[ (]-\d[\d.]*", prose) == []


def test_the_document_s_claims_surprise(quick: Any) -> None:
    named = surprises.surprising(quick("claims")["outcomes"])
    assert set(surprises.TAUGHT) <= {claim.id for claim in CLAIMS}
    assert len(named) == surprises.NAMED
    assert {each.finding.verdict for each in named} <= {"contradicted", "conditional"}


def test_the_document_s_claims_make_a_page(quick: Any) -> None:
    values = quick("claims")
    for shown in (pages.render(PAGE, values), *in_parts(values).values()):
        outline = Outline(shown)
        assert outline.open == []
        assert len(outline.ids()) == len(set(outline.ids()))
        assert len(shown.encode()) < 400_000
        words = text(re.sub(r"<(script|style).*?</\1>", "", shown, flags=re.S))
        assert not re.search(r"\b(nan|NaT|<NA>)\b", words)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs a browser")
@pytest.mark.parametrize(
    ("address", "fits"),
    [
        ("", lambda each: True),
        ("verdict=contradicted", lambda each: each.finding.verdict == "contradicted"),
        (
            "verdict=holds&verdict=conditional&section=Warm-up",
            lambda each: (
                each.finding.verdict in ("holds", "conditional") and each.claim.section == "Warm-up"
            ),
        ),
        ("optimizer=Momentum", lambda each: "Momentum" in each.claim.optimizers),
        ("optimizer=none&text=DIFFER", lambda each: not each.claim.optimizers and each.claim.scope),
        ("section=nowhere", lambda each: True),
        ("text=no+such+words", lambda each: False),
        ("C007", lambda each: True),
    ],
)
def test_the_filter_in_a_browser(
    address: str, fits: Any, tmp_path: Path, html: str, many: list[Outcome]
) -> None:
    path = tmp_path / "claims.html"
    path.write_text(html, encoding="utf-8")
    shown = subprocess.run(
        [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", f"{path.as_uri()}#{address}",
        ],
        check=True, capture_output=True, text=True, timeout=300,
    ).stdout  # fmt: skip
    tags = Outline(shown).tags
    seen = [a["id"] for _, a in tags if "data-verdict" in a and "hidden" not in a]
    parts = [a for _, a in tags if a.get("class") == "part" and "hidden" not in a]
    folded = [a["id"] for a in parts if "open" not in a]
    assert bool(folded) == (len(seen) == 127)
    expected = [each.claim.id for each in many if fits(each)]
    assert sorted(map(str, seen)) == expected
    status = re.search(r'role="status">([^<]*)<', shown)
    assert status is not None
    words = "All 127 claims" if len(expected) == 127 else f"{len(expected)} of 127 claims"
    assert status[1] == f"{words} are listed."
