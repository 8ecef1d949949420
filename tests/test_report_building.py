"""The report is written page by page: from processes, while others wait, and when it is stopped."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import pytest

import simopt
from simopt.ground.threads import thread_count
from simopt.report import building, pages
from simopt.report.building import Built


def page(module):
    return next(each for each in pages.PAGES if each.module == module)


@pytest.fixture
def made(monkeypatch):
    """Pages that take no time, in this process; their modules in the order in which they come."""
    order = []

    def built_page(page, context):
        order.append(page.module)
        text = f"<p>{page.title}, quick: {context.quick}</p>"
        return Built(page, {page.file: text}, {"findings": [page.title]}, 2.0, 1.5, 0.5)

    monkeypatch.setattr(building, "built_page", built_page)
    monkeypatch.setattr(building, "processes", lambda: 1)
    return order


def test_every_page_is_there_from_the_start_and_says_which_are_ready(made, tmp_path):
    seen = []

    def stage(title):
        texts = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
        assert set(texts) == {each.file for each in pages.PAGES}
        seen.append({each.file for each in pages.PAGES if "is being made" in texts[each.file]})
        if "index.html" in seen[-1]:
            assert texts["index.html"].count("Ready.") == len(seen)
            assert "location.reload()" in texts["index.html"]

    building.build(tmp_path, True, stage)
    assert [len(each) for each in seen] == list(range(len(pages.PAGES) - 1, -1, -1))
    assert all("index.html" in each for each in seen[:-1])
    assert made[-2:] == ["scale", "overview"]
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_overview_reads_what_the_others_found(made, monkeypatch, tmp_path):
    quick, given = building.built_page, {}

    def built_page(page, context):
        given[page.module] = dict(context.built)
        return quick(page, context)

    monkeypatch.setattr(building, "built_page", built_page)
    building.build(tmp_path, True)
    assert given["walkthrough"] == {}
    assert given["overview"] == {
        each.module: {"findings": [each.title]} for each in pages.PAGES if each.module != "overview"
    }


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_is_ready_stays_when_the_rest_is_stopped(made, monkeypatch, tmp_path, error):
    quick = building.built_page

    def built_page(page, context):
        if page.module == "batch_size":
            raise error("in the middle")
        return quick(page, context)

    monkeypatch.setattr(building, "built_page", built_page)
    (tmp_path / "errata.html").write_text("the last report's", encoding="utf-8")
    said = (
        f"2 of {len(pages.PAGES)} pages are made" if error is KeyboardInterrupt else "in the middle"
    )
    with pytest.raises(error, match=said):
        building.build(tmp_path, False)
    texts = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert texts.pop("walkthrough.html") == "<p>Walkthrough, quick: False</p>"
    assert texts.pop("playground.html") == "<p>Playground, quick: False</p>"
    assert texts.pop("errata.html") == "the last report's"
    assert len(texts) == len(pages.PAGES) - 3
    for text in texts.values():
        assert "was not made" in text
        assert "reload" not in text

    monkeypatch.setattr(building, "built_page", quick)
    shown = []
    index = tmp_path / "index.html"
    building.build(tmp_path, False, lambda _: shown.append(index.read_text(encoding="utf-8")))
    # What the stopped report had made, and the last one, is there from the start.
    assert shown[0].count("Ready.") == 3
    assert "is being made" in shown[0]
    assert "was not made" not in shown[0]


def test_processes_build_the_same_pages(monkeypatch, tmp_path):
    two = tuple(map(page, ("playground", "errata")))
    monkeypatch.setattr(building, "PAGES", two)
    said = []
    for count in (1, 2):
        monkeypatch.setattr(building, "processes", lambda count=count: count)
        building.build(tmp_path / str(count), True, said.append)
    assert sorted(said) == sorted(2 * [each.title for each in two])
    for each in two:
        one, other = ((tmp_path / n / each.file).read_text(encoding="utf-8") for n in "12")
        assert one == other


#: What a process runs before it serves: each page says in which process it was made, on how many
#: threads, what it may read of others, and on how many threads linear algebra runs.
TELLING = """
import os
from simopt.ground.threads import thread_count
from simopt.report import pages
def values(page, context):
    kept = {name: each["findings"] for name, each in context.built.items()}
    told = [os.getpid(), os.environ.get("NUMBA_NUM_THREADS"), thread_count(None), kept]
    told.append(os.environ.get("OMP_NUM_THREADS"))
    return {"findings": told}
pages.values, pages.render = values, lambda page, given: "<p>made</p>"
"""


@pytest.mark.parametrize("threads", [None, "3"])
def test_a_page_built_alone_has_a_new_process_its_threads_and_what_others_found(
    monkeypatch, tmp_path, threads
):
    wanted = [page(name) for name in ("playground", "errata", "glossary", "scale", "overview")]
    monkeypatch.setattr(building, "PAGES", wanted)
    monkeypatch.setattr(building, "processes", lambda: 2)
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if threads is not None:
        monkeypatch.setenv("NUMBA_NUM_THREADS", threads)
    before, after = building.SERVE.split("serve(")
    ours = f"exec({TELLING!r}); ".replace("{", "{{").replace("}", "}}")
    monkeypatch.setattr(building, "SERVE", f"{before}{ours}serve({after}")
    told = {each.page.module: each.kept["findings"] for each in building.build(tmp_path, True)}
    shared = str(max(1, thread_count(None) // 2))
    for name in ("playground", "errata", "glossary"):
        assert told[name][1:] == [shared, int(shared), {}, shared]
    for name in building.ALONE:
        assert told[name][1:3] == [threads, thread_count(None)]
        assert told[name][0] == told["scale"][0]
        assert told[name][0] not in {
            os.getpid(),
            *(told[each][0] for each in ("playground", "errata")),
        }
        assert told[name][3] == {each: told[each] for each in told if each in told[name][3]}
    assert set(told["overview"][3]) == set(told) - {"overview"}
    assert os.environ.get("NUMBA_NUM_THREADS") == threads


@pytest.mark.parametrize("module", ["batch_size", "claims"])
def test_what_the_overview_reads_comes_from_another_process(quick, module):
    kept = pages.for_overview(page(module), quick(module))
    assert len(kept) > 2
    sent = pickle.dumps(kept)
    assert b"pandas" not in sent  # else the report's own process would load it
    again = pickle.loads(sent)
    assert again.keys() == kept.keys()
    assert again["findings"] == kept["findings"]
    assert again["computed"] == kept["computed"]


def test_what_pages_need_is_loaded_by_the_processes_that_build_them():
    code = "import sys; from simopt.cli import main; from simopt.report import building; "
    shown = subprocess.run(
        [sys.executable, "-c", code + "print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert "simopt.report.building" in shown
    assert not {"altair", "matplotlib", "numba", "pandas", "scipy"} & {*shown}


def test_what_few_pages_need_is_loaded_by_these():
    """All processes that build pages wait until the first has loaded what they share."""
    code = "import sys; from simopt.report import building; building._import_pages(); "
    shown = subprocess.run(
        [sys.executable, "-c", code + "print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert {"matplotlib", "numba", "pandas", "simopt.report.claims"} <= {*shown}
    assert not {"altair", "scipy.optimize", "scipy.stats"} & {*shown}


def test_the_longest_pages_begin_first(monkeypatch, tmp_path):
    begun = []

    def ready(together, alone, others, quick, say, count):
        begun.extend(each.module for each in together)
        assert [each.module for each in alone] == list(building.ALONE)
        begun.extend(building.ALONE)
        yield from ()

    monkeypatch.setattr(building, "processes", lambda: 2)
    monkeypatch.setattr(building, "_from_processes", ready)
    building.build(tmp_path, True)
    assert begun[: len(building.LONGEST)] == list(building.LONGEST)
    assert sorted(begun) == sorted(each.module for each in pages.PAGES)


def test_an_error_in_a_process_is_raised_here(monkeypatch, tmp_path):
    unknown = pages.Page("x.html", "X", "unknown", "?")
    monkeypatch.setattr(building, "PAGES", (unknown, page("playground")))
    monkeypatch.setattr(building, "processes", lambda: 2)
    with pytest.raises(KeyError, match="unknown") as caught:
        building.build(tmp_path, True)
    assert "In the process that built unknown" in "".join(caught.value.__notes__)
    assert "was not made" in (tmp_path / "x.html").read_text(encoding="utf-8")


def test_a_process_that_dies_is_noticed(monkeypatch, tmp_path):
    monkeypatch.setattr(building, "PAGES", (page("playground"), page("errata")))
    monkeypatch.setattr(building, "processes", lambda: 2)
    monkeypatch.setattr(building, "SERVE", "import sys; {path!r}; sys.exit(3)")
    with pytest.raises(RuntimeError, match="ended before it was done"):
        building.build(tmp_path, True)


def test_costs_name_the_dearest_page_first(made, capsys, tmp_path):
    simopt.report(tmp_path, quick=True, profile=True)
    head, *rows, total = capsys.readouterr().out.splitlines()
    assert head.split() == ["page", "CPU", "s", "drawing", "clock", "s"]
    assert len(rows) == len(pages.PAGES)
    assert total.split()[-2:] == [f"{len(pages.PAGES) * each}" for each in (1.5, 0.5)]

    few = [Built(page(name), {}, {}, 9.0, cpu, 0.0) for name, cpu in (("errata", 1), ("scale", 2))]
    assert [line.split()[0] for line in building.costs(few).splitlines()[1:3]] == [
        "Scale", "Errata"
    ]  # fmt: skip


def test_drawing_is_counted_apart():
    from simopt.display import style
    from simopt.display.timing import drawing

    before = drawing.seconds
    figure, axes = style.new()
    axes.plot(range(10))
    style.svg(figure, title="a line", alt="it rises")
    assert drawing.seconds > before
