"""The page on scale: what it measures adds up, what it counts is the rules', what it shows runs."""

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html import unescape
from unittest import mock

import numba
import numpy as np
import pandas as pd
import pytest

import simopt
from simopt.engine import layout, tiers
from simopt.report import pages
from simopt.report.scale import (
    devices,
    limits,
    memory,
    parts,
    possible,
    rates,
    recorded,
    recording,
    standalone,
    ways,
)
from simopt.rules import ALL, OPTIMIZERS

PAGE = next(page for page in pages.PAGES if page.module == "scale")
GPU = {
    "device": "A card; simopt 1",
    "differs_from_cpu": [],
    "divisions_per_second": 1e11,
    "roots_per_second": 1e11,
    "rows": [
        {
            "name": name,
            "trajectories": count,
            "updates_each": 1000,
            "updates_per_second": {"call": 2e3 * count, "kernel": 4e3 * count, "JAX": 1e3 * count},
            "share": share,
        }
        for name, share in (("SGD", 0.0), ("Adam", 0.25), ("Adam, ten weights", 0.5))
        for count in (1_000, 100_000)
    ],
}


@pytest.fixture(scope="module", autouse=True)
def apart():
    """Kernels apart from the loop: each of those that the page times takes seconds to compile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiers, "compiling", lambda: mock.patch.object(tiers, "SMALL", 0.0))
        yield


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """A record as `make billion` makes it, of fewer trajectories."""
    folder = tmp_path_factory.mktemp("record")
    command = [
        sys.executable,
        "-W",
        "error",
        "-m",
        recording.__name__,
        "sgd",
        "Adam",
        "--scale",
        "0.0001",
    ]
    command += ["--scale", "0.0001", "--batch-size", "1", "4", "--record", "made/billion.csv"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "made" / "billion.csv", done.stdout


@pytest.fixture(scope="module")
def built(record, tmp_path_factory):
    """The quick page, its values and its HTML, with a record and with figures of a card."""
    card = tmp_path_factory.mktemp("card") / "cuda.json"
    card.write_text(json.dumps(GPU))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorded.read, "__defaults__", (record[0],))
        patch.setattr(devices.read, "__defaults__", (card,))
        values = pages.values(PAGE, pages.Context(quick=True))
    return values, pages.render(PAGE, values)


def visible(html):
    """The words of a page."""
    html = re.sub(r"<(script|style).*?</\1>", " ", html, flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


@pytest.mark.report
def test_the_script_runs_what_it_says(record):
    path, out = record
    table = recorded.read(path)
    assert table["rule"].tolist() == ["SGD", "Adam"]
    assert table["trajectories"].tolist() == [2 * 80_000] * 2  # two batch sizes, a seed each
    assert table["planned"].tolist() == [80_000 * (40 + 10)] * 2
    assert table["updates"].tolist() == table["planned"].tolist()
    # Seconds are kept to four decimals, the rate, of the seconds themselves, to whole numbers.
    within = table["rate"] * 0.00005 + table["seconds"]
    assert ((table["rate"] * table["seconds"] - table["updates"]).abs() <= within).all()
    assert (table["divider"] == np.inf).tolist() == [True, False]
    assert out.count("loss_q95") == 2
    assert "160,000 trajectories" in out
    assert f"{table['rate'][1] / table.loc[1, ['divider', 'cache']].min():.0%}." in out


def test_the_script_refuses_what_it_cannot_write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["billion.py", "--record", "billion.xlsx"])
    with pytest.raises(ValueError, match="--record='billion.xlsx'"):
        recording.main()


@pytest.mark.slow
def test_a_billion_is_a_billion():
    for name, optimizer in recording.RULES.items():
        settings = [len(each) for each in optimizer.values if isinstance(each, tuple)]
        assert np.prod(settings) * 12_500 == 10**9, name
        assert settings[-1] % layout.lanes(np.float64) == 0, name
        assert optimizer.name.lower() == name
        corners = optimizer.replace(
            **{
                key: (value[0], value[-1])
                for key, value in optimizer.settings.items()
                if isinstance(value, tuple)
            }
        )
        frame = simopt.sweep(
            simopt.problems.four_points(), corners, epochs=10, shuffle="epoch", seed=range(100)
        )
        assert (frame["status"] == "ok").mean() > 0.95, name


def test_no_sentence_shows_a_hole(built):
    values, html = built
    for hole in (r"\bnan\b", r"\binf\b", "Series", "dtype", r"np\.float", "<NA>", r"\{", "None"):
        assert not re.search(hole, visible(re.sub(r"<pre.*?</pre>", "", html, flags=re.S))), hole
    assert not re.search(r"\b(is|at|of|by|to) –", visible(html))
    assert all(finding.endswith(".") for finding in values["findings"])


def test_recorded_is_said_to_be_recorded(built, record):
    values, html = built
    date = recorded.read(record[0])["date"].iloc[0]
    assert f"recorded on {date}" in visible(html)
    assert "recorded" in values["rate"]
    assert "160,000 trajectories of each rule" in values["answer"][1]
    assert "Recorded, not measured now: A card" in visible(html)


def test_without_a_record_the_page_says_so(built, tmp_path):
    values, _ = built
    nothing = recorded.read(tmp_path / "none.csv")
    assert not len(nothing)
    gpu = devices.section(devices.read(tmp_path / "none.json"))
    html = pages.render(PAGE, {**values, "record": "", "gpu": gpu})
    assert "There is no recorded run of a billion trajectories here" in visible(html)
    assert "Nothing was measured on a GPU here" in visible(html)


def test_figures_without_a_record(built):
    rows = pd.DataFrame(
        [
            {"optimizer": name, "trajectories": 10**k, "epochs": epochs, "threads": threads,
             "updates": 10**k * 4 * epochs, "seconds": 1e-3 + 4e-9 * 10**k * epochs / threads}
            for name in OPTIMIZERS for k in (2, 4, 6) for epochs in (rates.SHORT, rates.LONG)
            for threads in (1, 4)
        ]
    )  # fmt: skip
    nothing = pd.DataFrame()
    see = visible(str(rates.rate_figure(rows, nothing)))
    assert "on four threads" in see
    assert "recorded" not in see
    assert re.search(r"3\.7 times \(SGD\) and 3\.7 times \(Adam\) as many as on one", see)
    assert "A call takes 1 ms at least" in see
    see = visible(str(rates.cost_figure(rows, nothing)))
    assert "costs 11 ns (SGD) to 11 ns" in see
    assert "from 1,000,000 trajectories up" in see
    one = visible(str(rates.rate_figure(rows[rows["threads"] == 1], nothing)))
    assert "on one thread." in one
    peaks = pd.DataFrame({"trajectories": [1, 10**4, 10**6], "memory": [100.0, 110.0, 120.0]})
    see = visible(str(memory.memory_figure(peaks, nothing, 2**20)))
    assert "take 120 MiB, a single one 100" in see
    assert "take 977 GiB" in see


def test_rates_are_those_of_calls(built):
    values, _ = built
    spent = {each.what: each for each in values["computed"]}
    assert spent["scale: rates"].trajectories > 10**6
    row = rates.timed("SGD", 10**3)
    assert row["updates"] == 10**3 * 4 * rates.SHORT
    assert 0 < row["seconds"] * row["repeats"] <= row["spent"]
    assert row["repeats"] <= rates.REPEATS
    for count, (settings, seeds) in rates.SHAPES.items():
        assert settings * seeds == count
        lanes = layout.lanes(np.float64)
        assert count < 10**3 or settings / (-(-settings // lanes) * lanes) > 0.97


def test_parts_add_up():
    row = parts.profiled("Adam", (128, 500))
    assert row["trajectories"] == 64_000
    inside = [row[part] for part in parts.PARTS if part != "rest"]
    assert min(inside) > 0
    # Of two runs, so that the parts may be more than the whole.
    assert sum(inside) + row["rest"] == pytest.approx(max(row["seconds"], sum(inside)))


def test_a_part_is_never_slower_than_the_whole(monkeypatch):
    """Parts and whole are of two runs, of which a busy machine can slow one."""
    half = dict.fromkeys(("kernel", "collect"), 0.5) | {"sums": 0.0, "sort": 0.0}
    calls, seconds = [], []

    def profiled(name, shape):
        calls.append(name)
        whole = seconds[min(len(calls), len(seconds)) - 1]
        rest = max(0.0, whole - 1.0)
        return {"optimizer": name, **half, "seconds": whole, "rest": rest, "profiled": 1.25,
                "spent": 1.0}  # fmt: skip

    before = []
    monkeypatch.setattr(parts, "swept", lambda name, shape, client: before.append(name))
    monkeypatch.setattr(parts, "profiled", profiled)
    monkeypatch.setattr(parts, "OPTIMIZERS", {"Adam": simopt.Adam})
    for times, tries, whole, rest in (
        ((1.5,), 1, 1.5, 0.5),
        ((0.5, 0.98), 2, 1.0, 0.0),  # within what two runs may differ
        ((0.5, 0.7), possible.TRIES, 1.25, 0.25),  # of the profiled run, which holds its parts
    ):
        calls.clear()
        before.clear()
        seconds[:] = times
        (row,) = parts.measured(quick=True).to_dict("records")
        assert len(calls) == tries
        assert before == ["Adam"]
        assert (row["seconds"], row["rest"], row["runs"]) == (whole, rest, 1 + 2 * tries)


def test_steps_slower_than_the_kernel_that_takes_them_are_not_shown(monkeypatch):
    shares = pd.DataFrame(
        [{"optimizer": "Adam", "trajectories": 1, "updates": 1e9, "seconds": 2.0, "kernel": 1.0}]
    )
    speeds = iter([0.5e9, 2e9])
    monkeypatch.setattr(limits, "steps_alone", lambda *_: next(speeds))
    (row,) = parts.limits_of(shares).to_dict("records")
    assert row["steps"] == 2e9
    monkeypatch.setattr(limits, "steps_alone", lambda *_: 0.5e9)
    table = parts.limits_of(shares)
    assert np.isnan(table["steps"]).all()
    assert parts.bound(shares, table) == "The kernel takes 50 % of all that time."


def test_threads_that_gain_more_than_they_are_were_disturbed(monkeypatch):
    pair = {"optimizer": "SGD", "trajectories": 10**4, "epochs": rates.SHORT, "updates": 10**5}
    told, alone = [], []

    def timed(name, trajectories, quick, threads):
        told.append(threads)
        seconds = 1.0 if threads == 2 else alone[0]
        return {"seconds": seconds, "repeats": 2, "spent": 2 * seconds}

    monkeypatch.setattr(rates, "timed", timed)
    for one, tries, left in ((1.9, 1, [1.0, 1.9]), (2.6, possible.TRIES, [1.0])):
        told.clear()
        alone[:] = [one]
        rows = [
            pair | {"threads": threads, "seconds": seconds, "repeats": 1, "spent": seconds}
            for threads, seconds in ((2, 1.0), (1, 2.7))
        ]
        table = pd.DataFrame(rates.without_impossible(rows, quick=True))
        assert told == [2, 1] * tries
        assert table["seconds"].tolist() == left
        assert table["repeats"].tolist() == [1 + 2 * tries] * len(left)
        adam = table.assign(optimizer="Adam")
        gain = rates._gain(pd.concat([table, adam], ignore_index=True), 2)
        assert gain == (
            ", 1.9 times (SGD) and 1.9 times (Adam) as many as on one" if left[1:] else ""
        )


def test_work_here_is_work_there():
    """What the profiler sees is the sweep that threads do."""
    shape = (100, 10)
    with ThreadPoolExecutor(2) as pool:
        there = rates.swept("Adam", shape, client=pool)
    pd.testing.assert_frame_equal(rates.swept("Adam", shape, client=parts.Here()), there)
    with pytest.raises(ZeroDivisionError):
        parts.Here().submit(lambda: 1 / 0).result()


@pytest.mark.parametrize("name", list(ALL))
def test_needs_are_counted_on_the_rule(name):
    rule = ALL[name]().rule
    needs = limits.needs(rule)
    assert needs.stores == 6 + len(rule.state) + len(rule.clock_values)
    assert needs.loads - needs.stores == 4 + len(rule.hyperparameters) - 1


def test_roots_and_quotients_are_the_formulas():
    found = {name: limits.needs(OPTIMIZERS[name]().rule) for name in OPTIMIZERS}
    for name, needs in found.items():
        expected = (0, 0) if name in ("SGD", "Momentum", "Nesterov") else (1, 1)
        assert (needs.roots, needs.quotients) == expected, name
    torch = limits.needs(simopt.Adam(convention="torch").rule)
    assert (torch.roots, torch.quotients) == (2, 1)  # the clock's root too


def test_limits_are_of_packed_code():
    kinds = (numba.float64[:, ::1], numba.int64, numba.int64, numba.int64)
    code = numba.njit(nogil=True, error_model="numpy")(limits.divide)
    code.compile(kinds)
    text = code.inspect_asm(code.signatures[0])
    if "%xmm" in text:  # x86
        assert re.search(r"v?sqrtpd\s", text)
        assert re.search(r"v?divpd\s", text)
    rows = np.full((3, 4), 2.0)
    limits.divide(rows, 1, 1, 2)
    assert rows[:, 0].tolist() == [np.sqrt(np.sqrt(3.7) + 1.7), 2.0, 2.0]
    rows = np.ones((5, 4))
    limits.move(rows, 5, 3, 1)
    assert rows[:, 0].tolist() == [2.0, 2.0, -1.0, 1.0, 1.0]


def test_limits_order_themselves():
    adam, sgd = OPTIMIZERS["Adam"]().rule, OPTIMIZERS["SGD"]().rule
    one = limits.limit(adam, 1)
    assert one.rate == min(one.divider, one.cache)
    assert limits.limit(sgd, 1).divider == np.inf


def test_steps_alone_are_the_rules_steps():
    for name in ("Adam", "Momentum"):
        rule = OPTIMIZERS[name]().rule
        count = 1 + len(rule.state) + len(rule.clock_values) + len(rule.hyperparameters)
        rows = np.zeros((count, layout.lanes(np.float64)))
        rows[0] = 3.0
        settings = {**rule.defaults, "eta": 0.01}
        rows[count - len(settings) :] = np.array(list(settings.values()))[:, None]
        limits._stepping(rule)(rows, 3)
        w, state, ticks = 3.0, [0.0] * len(rule.state), (0.0,) * len(rule.clock_values)
        others = list(settings.values())[1:]
        for target in (-2.0, 2.0, -2.0):
            if rule.clock is not None:
                ticks = rule.clock(*ticks, *others[: rule.clock_hyperparameters])
            w, *state = rule.update(w, (w * 0.5 - target) * 0.5, 0.01, *state, *ticks, *others)
        assert set(rows[0]) == {w}


def test_a_process_alone_is_small():
    """It loads nothing that draws, and does not count the process that starts it."""
    ballast = np.ones(2**25)  # 256 MiB
    here = standalone.peak_memory()
    peaks = memory.peaks([10**3, 10**4])
    assert here > 256 * ballast[-1]
    assert peaks["trajectories"].tolist() == [1, 10**3, 10**4]
    assert 30 < peaks["memory"].iloc[0] < peaks["memory"].iloc[-1] < here
    assert peaks["memory"].is_monotonic_increasing


def test_code_on_the_page_runs(built, tmp_path, monkeypatch):
    _, html = built
    monkeypatch.chdir(tmp_path)
    space = {}
    exec(ways.SETUP.replace("625", "5").replace("128", "4").replace("12_500", "3"), space)
    for way in ways.WAYS:
        compile(way.code, way.title, "exec")
        assert way.code in unescape(html)
        if way.runs:
            exec(way.code, space)
    assert len(space["frame"]) == 20
    assert list(space["losses"]) == ["eta", "beta1", "loss"]
    exec(ways.SETUP, space)
    axes = [len(each) for each in space["adam"].values if isinstance(each, tuple)]
    assert np.prod(axes) * len(space["many"]["seed"]) == 10**9


def test_words_follow_the_numbers(built):
    shares = pd.DataFrame(
        [{"optimizer": n, "trajectories": 10, "updates": 400, "seconds": 10e-8, "kernel": 8e-8,
          "collect": 1e-8, "sums": 0.5e-8, "sort": 0.25e-8, "rest": 0.25e-8} for n in OPTIMIZERS]
    )  # fmt: skip
    see = visible(str(parts.parts_figure(shares)))
    assert "The kernel takes 80 % " in see
    assert "take 0.75 ns a trajectory" in see
    assert "most of which is sums" in see
    table = parts.limits_of(shares).assign(kernel=1e9, whole=0.5e9, steps=2e9, divider=2.5e9)
    text = parts.bound(shares, table)
    assert "at 80 % of what the divider allows or faster" in text
    assert "takes 2 times as long" in text
    assert "fewer roots alone" in parts.bound(shares, table.assign(kernel=1.9e9))


def test_a_card_is_drawn(built):
    values, _ = built
    assert "Adam 2 × 10⁸ at 100,000 trajectories" in unescape(values["gpu"]["figure"])
    assert "25 %" in values["gpu"]["table"]
    assert "Adam, ten weights" in values["gpu"]["table"]
    rows = pd.DataFrame([{**row, **row["updates_per_second"]} for row in GPU["rows"]])
    wrong = devices.section({**GPU, "rows": rows, "differs_from_cpu": ["SGD"]})
    assert "not the CPU's bits everywhere" in wrong["sentence"]


def test_every_rule_of_a_record_has_its_mark(built, record):
    values, _ = built
    row = recorded.read(record[0]).iloc[0]
    assert recorded.told(row.to_dict()).startswith("SGD: 160,000 trajectories")
    assert "to itself" not in recorded.where(pd.DataFrame([row]).assign(cores=2.0, threads=2))
    assert "Cores it had" in values["record"]
    assert replace(limits.limit(OPTIMIZERS["SGD"]().rule, 1), cache=1.0).rate == 1.0
