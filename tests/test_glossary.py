"""The glossary: every term once, linked from its first use in prose and nowhere else."""

import re

from simopt.report import glossary, pages

LINK = re.compile(r'<a class="term" href="glossary.html#([^"]+)" title="[^"<>]+">([^<]+)</a>')


def links(html):
    return LINK.findall(glossary.linked(f"<header><p>A seed</p></header><main>{html}</main>"))


def test_terms_are_in_order_and_lead_to_pages():
    names = [each.name for each in glossary.terms()]
    assert names == sorted(set(names))
    assert {each.see for each in glossary.terms()} <= {each.file for each in pages.PAGES}
    for each in glossary.terms():
        assert re.match(r"[A-Z].*\.$", each.means), each.name
        said = f"{each.name} β, and state is what an epoch"
        assert re.search(rf"\b(?:{each.words})", said, re.IGNORECASE)


def test_the_first_use_in_prose_is_linked():
    assert links("<p>One epoch, then epochs.</p><p>An epoch</p>") == [("epoch", "epoch")]
    assert links("<ul><li>Epochs</li></ul>") == [("epoch", "Epochs")]
    found = links("<p>A critical batch size is a batch size.</p>")
    assert found == [("critical-batch-size", "critical batch size"), ("batch-size", "batch size")]


def test_titles_code_tables_and_links_are_left_alone():
    for element in ("h2", "code", "pre", "table", "svg", "summary", "script", "strong"):
        assert links(f"<{element}>An epoch</{element}>") == []
        assert links(f"<p><{element}>An epoch</{element}> of a seed</p>") == [("seed", "seed")]
    assert links('<p><a href="x">An epoch</a></p>') == []
    assert links('<p title="an epoch">nothing</p>') == []
    # Part of another word.
    assert links("<p>seedling, per-epoch, epochal</p>") == []


def test_a_page_without_main_stays():
    assert glossary.linked("<p>An epoch</p>") == "<p>An epoch</p>"


def test_the_glossary_itself_is_rendered_without_links():
    page = next(each for each in pages.PAGES if each.file == glossary.FILE)
    html = pages.render(page, glossary.page(pages.Context(quick=True)))
    assert not LINK.search(html)
    for each in glossary.terms():
        assert f'<dt id="{each.id}">{each.name}</dt>' in html
