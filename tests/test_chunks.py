"""A sweep in chunks is the sweep: whatever its chunks, who does them, and when it was stopped."""

import itertools
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simopt
from simopt.engine import blocks, cpu, devices, tiers
from simopt.sweeps import (
    assembly,
    chunk_files,
    chunks,
    execution,
    memory,
    store,
    sweep,
    worker,
)
from tests.processes import start

HUBBLE = simopt.problems.hubble()
FOUR = simopt.problems.four_points()
OPTIMIZERS = [
    simopt.SGD(eta=np.geomspace(0.01, 3.0, 19).tolist()),
    simopt.Adam(eta=[1.0, 10.0, 100.0], beta1=[0.0, 0.9]),
]
AXES = {"shuffle": "epoch", "seed": range(23), "batch_size": [1, 5], "epochs": [1, 2]}
TARGET = 1e5
COLUMNS = ["loss", "best_loss", "steps_to_target", "updates", "distance", "overshoots", "w"]
KEYS = ["optimizer", "eta", "beta1", "batch_size", "seed", "epochs"]

#: Of chunks so small that everything is cut: rows, settings, updates.
SMALL = {"ROWS": 60, "SETTINGS": 8, "CHUNK_UPDATES": 4000, "REDUCED": 60, "WHOLE": 10**7}


@pytest.fixture
def small(monkeypatch):
    for name, value in SMALL.items():
        monkeypatch.setattr(chunks, name, value)
    monkeypatch.setattr(devices, "TASK_TRAJECTORIES", {"cpu": 256})


@pytest.fixture(scope="module")
def table():
    return simopt.sweep(HUBBLE, OPTIMIZERS, target=TARGET, **AXES)


def same(first, second):
    pd.testing.assert_frame_equal(first, second, check_exact=True)


# --- cutting ------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    etas=st.integers(1, 40),
    betas=st.integers(1, 5),
    seeds=st.integers(1, 50),
    batches=st.integers(1, 4),
    rows=st.integers(1, 3000),
    few=st.integers(1, 64),
    updates=st.integers(1, 10**6),
)
def test_chunks_hold_every_row_once(etas, betas, seeds, batches, rows, few, updates):
    """And no more of them than asked, in every shape of a sweep."""
    job = job_of(
        [simopt.Momentum(eta=range(etas), beta=np.linspace(0, 0.9, betas).tolist()), simopt.SGD()],
        seed=range(seeds),
        batch_size=list(range(1, batches + 1)),
    )
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("ROWS", rows), ("SETTINGS", few), ("CHUNK_UPDATES", updates)):
            patch.setattr(chunks, name, value)
        cut = chunks.Chunks(job)
        found = [chunk_files.rows_at(cut.rows(chunk)) for chunk in cut]
        assert [chunk.number for chunk in cut] == list(range(len(cut)))
    assert max(map(len, found)) <= rows
    assert sorted(itertools.chain(*found)) == list(range(sum(part.size for part in job.axes)))
    assert sum(chunks.rows_of(job, part) for part in job.axes) == sum(
        part.size for part in job.axes
    )


@settings(max_examples=60, deadline=None)
@given(
    etas=st.integers(1, 300),
    betas=st.integers(1, 5),
    seeds=st.integers(1, 50),
    over=st.sets(st.sampled_from(["seed", "eta", "beta", "batch_size"]), min_size=1),
    reduced=st.integers(1, 3000),
    whole=st.integers(1, 10**5),
)
def test_chunks_hold_every_group_once(etas, betas, seeds, over, reduced, whole):
    """And, cut further into pieces, every member of it."""
    optimizer = simopt.Momentum(eta=range(etas), beta=np.linspace(0, 0.9, betas).tolist())
    job = job_of(
        [optimizer], seed=range(seeds), batch_size=[1, 2], reduce=simopt.Reduce(sorted(over))
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "REDUCED", reduced)
        patch.setattr(chunks, "WHOLE", whole)
        cut = chunks.Chunks(job)
        groups = list(itertools.chain(*(chunk_files.rows_at(cut.rows(chunk)) for chunk in cut)))
        assert sorted(groups) == list(range(sum(chunks.rows_of(job, part) for part in job.axes)))
        (part,) = job.axes
        seen = np.zeros(part.lengths, int)
        for chunk in cut:
            for piece in cut.pieces(chunk) if cut.split(0) else [chunk]:
                seen[tuple(slice(*each) for each in piece.ranges)] += 1
                if cut.split(0):
                    kept = chunks.kept(job, part, piece.ranges)
                    assert kept == chunks.kept(job, part, chunk.ranges)
    assert (seen == 1).all()


def job_of(optimizers, reduce=None, **common):
    from simopt.sweeps import axes

    every = {"batch_size": 1, "shuffle": "epoch", "seed": 0, "epochs": 1, "schedule": None}
    every |= {"clip_norm": None, "clip_value": None}
    return chunks.Job(
        problem=FOUR,
        axes=tuple(axes.check(FOUR, optimizers, **(every | common))),
        every=1,
        limit=1e6,
        target=None,
        record="summary",
        dtype="float64",
        order=None,
        reduce=reduce,
        device="cpu",
    )


# --- the same, however ----------------------------------------------------------------------------


def test_chunks_make_the_same_table(small, table, tmp_path):
    stored = simopt.sweep(HUBBLE, OPTIMIZERS, target=TARGET, store=tmp_path / "a", **AXES)
    same(table, stored)
    same(table, simopt.load(tmp_path / "a"))
    assert len(list((tmp_path / "a").glob("*.parquet"))) > 20
    with ThreadPoolExecutor(3) as pool:
        same(table, simopt.sweep(HUBBLE, OPTIMIZERS, target=TARGET, client=pool, **AXES))


@pytest.mark.parametrize(("record", "rows"), [("epochs", 60), ("steps", 600)])
def test_long_tables_too(small, tmp_path, record, rows, monkeypatch):
    monkeypatch.setattr(chunks, "ROWS", rows)
    arguments = {**AXES, "seed": range(3), "record": record}
    whole = simopt.sweep(HUBBLE, OPTIMIZERS, **arguments)
    same(whole, simopt.sweep(HUBBLE, OPTIMIZERS, store=tmp_path / "a", **arguments))
    assert len(list((tmp_path / "a").glob("*.parquet"))) > 3


@pytest.mark.compiled
def test_every_kernel_is_compiled_before_it_is_needed(small, monkeypatch):
    """Else workers would compile, all at once, into one folder."""
    arguments = {**AXES, "shuffle": ["never", "epoch"]}
    ready = []
    prepare = worker.prepare

    def prepared(job, parts):
        prepare(job, parts)
        ready.append(cpu.apart.cache_info().misses)

    monkeypatch.setattr(worker, "prepare", prepared)
    monkeypatch.setattr(blocks, "whole", lambda key: False)
    cpu.apart.cache_clear()
    simopt.sweep(HUBBLE, OPTIMIZERS[:1], reduce="seed", **arguments)
    assert ready == [cpu.apart.cache_info().misses] == [2]


@pytest.mark.parametrize(("small_job", "prepared"), [(True, set()), (False, {True})])
def test_chunks_whose_seeds_share_an_order_are_compiled_as_the_job_is(
    small, small_job, prepared, monkeypatch
):
    """Not whole: of a chunk's few seeds the kernel is none of the job's."""
    made = []
    monkeypatch.setattr(blocks, "compiled", lambda problem, task, real: made.append(task))
    monkeypatch.setattr(blocks, "whole", lambda key: False)
    # Tests before this one may have compiled some.
    monkeypatch.setattr(blocks, "COMPILED", set())
    monkeypatch.setattr(tiers, "SMALL", math.inf if small_job else 0.0)
    worker.prepare_chunks(chunks.Chunks(job_of(OPTIMIZERS, **AXES | {"batch_size": [1, 2]})))
    assert {task.apart for task in made} == prepared
    assert small_job or "shared" in {task.points for task in made}


# --- summaries ------------------------------------------------------------------------------------


def by_pandas(table, over):
    """The same statistics from the full table."""
    keys = [name for name in KEYS if name not in over]
    groups = table.groupby(keys, sort=False, dropna=False, observed=True)
    of_row = groups.ngroup().to_numpy()
    columns = {name: groups.size().index.get_level_values(name) for name in keys}
    columns |= {
        "trajectories": groups.size(),
        "diverged": (table["status"] == "diverged").groupby(of_row).mean(),
        "reached": table["steps_to_target"].notna().groupby(of_row).mean(),
    }
    for name in COLUMNS:
        column = groups[name]
        if name not in ("loss", "updates"):
            columns[f"{name}_count"] = column.count()
        columns[f"{name}_mean"], columns[f"{name}_std"] = moments(table[name], of_row)
        columns[f"{name}_min"] = column.min()
        for quantile in (0.05, 0.5, 0.95):
            columns[f"{name}_q{100 * quantile:02.0f}"] = column.quantile(quantile)
        columns[f"{name}_max"] = column.max()
    return pd.DataFrame({name: np.asarray(column) for name, column in columns.items()})


def moments(column, of_row):
    """Mean and deviation of every group's values that are there, in extended precision.

    Of all groups at once: for each alone pandas asks for a function's value, thousands of times.
    """
    values = column.to_numpy(np.float64, na_value=np.nan).astype(np.longdouble)
    there = ~np.isnan(values)
    values, of_row, groups = values[there], of_row[there], of_row.max() + 1

    def summed(terms):
        sums = np.zeros(groups, np.longdouble)
        np.add.at(sums, of_row, terms)
        return sums

    with np.errstate(invalid="ignore", divide="ignore"):
        count = np.bincount(of_row, minlength=groups)
        mean = summed(values) / count
        return mean, np.sqrt(summed((values - mean[of_row]) ** 2) / np.maximum(count - 1, 0))


@pytest.fixture(scope="module")
def statistics(table):
    return {tuple(over): by_pandas(table, over) for over in OVER}


OVER = [["seed"], ["eta"], ["batch_size", "seed"], ["beta1"], ["eta", "beta1", "seed", "epochs"]]


@pytest.mark.parametrize("over", OVER, ids=", ".join)
@pytest.mark.parametrize("way", ["at once", "in small chunks", "held", "read again", "stored"])
def test_summaries_are_those_of_the_full_table(statistics, over, way, monkeypatch, tmp_path):
    if way != "at once":
        for name, value in SMALL.items():
            monkeypatch.setattr(chunks, name, value)
    if way == "held":
        monkeypatch.setattr(chunks, "PATIENCE", 0)
    if way == "read again":
        monkeypatch.setattr(chunks, "WHOLE", 10)
    reduced = simopt.sweep(
        HUBBLE,
        OPTIMIZERS,
        target=TARGET,
        reduce={"over": over, "columns": COLUMNS},
        store=tmp_path / "a" if way == "stored" else None,
        **AXES,
    )
    wanted = statistics[tuple(over)]
    assert len(reduced) == len(wanted)
    assert set(over).isdisjoint(reduced.columns)
    for name in wanted:
        found, expected = reduced[name], wanted[name]
        if name in KEYS and name == "optimizer":
            assert found.astype(str).tolist() == expected.astype(str).tolist()
        elif name.endswith(("_mean", "_std")):
            # In extended precision, for pandas errs by more; see reduction/asked.py.
            np.testing.assert_allclose(
                found.astype(float), expected.astype(float), rtol=2e-15, atol=0, err_msg=name
            )
        else:
            np.testing.assert_array_equal(found.astype(float), expected.astype(float), name)
    assert reduced.attrs["spec"]["reduce"]["over"] == over


def test_a_lost_loss_counts_as_infinite():
    """Where nothing stops a trajectory, one that left the numbers must not flatter its rate."""
    arguments = {"epochs": 600, "divergence": None, "seed": range(4), "shuffle": "epoch"}
    optimizer = simopt.SGD(eta=[0.05, 3.0])
    assert simopt.sweep(FOUR, optimizer, **arguments)["loss"].isna().sum() == 4
    reduced = simopt.sweep(FOUR, optimizer, reduce="seed", **arguments)
    assert reduced["loss_min"].tolist()[1] == np.inf
    assert np.isfinite(reduced["loss_max"][0])


@pytest.mark.parametrize(
    ("reduce", "message"),
    [
        ("sead", "reduce over='sead': must be an axis of this sweep"),
        ([], "reduce over"),
        ({"over": "seed", "columns": ["status"]}, "reduce columns='status': must be"),
        ({"over": "seed", "quantiles": [1.5]}, "reduce quantiles=1.5: must be"),
        ({"columns": ["loss"]}, "a mapping with the key 'over'"),
        (3, "reduce=3: must be"),
    ],
)
def test_reduce_refuses(reduce, message):
    with pytest.raises(ValueError, match=message):
        simopt.sweep(FOUR, simopt.SGD(), reduce=reduce)


def test_records_are_not_summarised():
    with pytest.raises(ValueError, match=r"^reduce='seed': must be None with record='steps'"):
        simopt.sweep(FOUR, simopt.SGD(), reduce="seed", record="steps")


# --- limits ---------------------------------------------------------------------------------------


def test_a_product_that_overflows_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"updates in all: must be at most 1,000,000,000,000,000"):
        simopt.sweep(
            FOUR,
            simopt.Adam(eta=np.linspace(0.1, 1, 1000), beta1=np.linspace(0, 0.9, 1000)),
            seed=range(2**62),
            epochs=10**6,
            reduce="seed",
        )
    with pytest.raises(ValueError, match=r"chunks: must be at most 1,000,000"):
        simopt.sweep(FOUR, simopt.SGD(), seed=range(10**14), store=tmp_path / "huge")
    assert not (tmp_path / "huge").exists()


def test_a_table_too_large_says_what_to_do():
    with pytest.raises(ValueError, match=r"reduce='seed' .* or store='a folder'"):
        simopt.sweep(FOUR, simopt.SGD(), seed=range(10**12))


def test_a_table_too_large_to_come_back_stays_in_its_folder(monkeypatch, tmp_path, table):
    def refuse(job):
        raise ValueError("too large")

    monkeypatch.setattr(memory, "check", refuse)
    frame = simopt.sweep(HUBBLE, OPTIMIZERS, target=TARGET, store=tmp_path / "a", **AXES)
    same(frame, table.iloc[:0])
    same(table, simopt.load(tmp_path / "a"))


def test_no_device():
    from simopt.engine import cuda

    missing = cuda.available()
    if missing is None:
        pytest.skip("there is a CUDA device")
    with pytest.raises(ValueError, match=r"^device='cuda': .*; device='cpu' runs everywhere"):
        simopt.sweep(FOUR, simopt.SGD(), device="cuda")
    with pytest.warns(devices.DeviceWarning, match="takes the processor") as noted:
        frame = simopt.sweep(FOUR, simopt.SGD(), device="auto")
    assert noted[0].filename == __file__
    assert frame.attrs["device"] == "cpu"
    with pytest.raises(ValueError, match=r"^device='gpu': must be one of"):
        simopt.sweep(FOUR, simopt.SGD(), device="gpu")


# --- stopped, and gone on with --------------------------------------------------------------------


def files_of(folder):
    return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def test_ctrl_c_says_how_to_go_on(small, table, tmp_path, monkeypatch):
    kept, calls = [], []
    keep = store.Store.keep

    def interrupted(store, number, frame):
        calls.append(number)
        if len(calls) in (4, 7):
            raise KeyboardInterrupt
        keep(store, number, frame)
        kept.append(number)

    monkeypatch.setattr(store.Store, "keep", interrupted)
    arguments = {"target": TARGET, "store": tmp_path / "a", **AXES}
    for done in (3, 5):
        with pytest.raises(sweep.Interrupted, match=f"after {done} of .* the same sweep goes"):
            simopt.sweep(HUBBLE, OPTIMIZERS, **arguments)
    frame = simopt.sweep(HUBBLE, OPTIMIZERS, **arguments)
    same(table, frame)
    assert len(kept) == len(set(kept))
    # Nothing is done twice.
    again = simopt.sweep(HUBBLE, OPTIMIZERS, **arguments)
    assert again.attrs["updates"] == 0
    same(table, again)


def test_ctrl_c_while_the_rows_are_read_back_says_where_they_are(
    small, table, tmp_path, monkeypatch, ctrl_c
):
    """All chunks are stored: a real signal then loses none, and nothing is done twice."""
    read = assembly.load

    def interrupted(folder):
        os.kill(os.getpid(), signal.SIGINT)
        return read(folder)

    arguments = {"target": TARGET, "store": tmp_path / "a", **AXES}
    monkeypatch.setattr(assembly, "load", interrupted)
    with pytest.raises(sweep.Interrupted, match=r"after (\d+) of \1 chunks, which are in .*'; the"):
        simopt.sweep(HUBBLE, OPTIMIZERS, **arguments)
    stored = files_of(tmp_path / "a")
    monkeypatch.setattr(assembly, "load", read)
    frame = simopt.sweep(HUBBLE, OPTIMIZERS, **arguments)
    assert frame.attrs["updates"] == 0
    same(table, frame)
    assert files_of(tmp_path / "a") == stored


def test_ctrl_c_without_a_folder_keeps_what_is_done(small, monkeypatch, ctrl_c):
    compute, calls = worker.compute, []

    def interrupted(job, chunk, stop):
        calls.append(chunk)
        if len(calls) == 5:
            os.kill(os.getpid(), signal.SIGINT)
            while not stop[0]:
                time.sleep(0.01)
        return compute(job, chunk, stop)

    monkeypatch.setattr(worker, "compute", interrupted)
    whole = {**AXES, "reduce": "epochs"}
    with pytest.raises(sweep.Interrupted) as caught:
        simopt.sweep(HUBBLE, OPTIMIZERS, threads=1, **whole)
    monkeypatch.undo()
    done = caught.value.frame
    everything = simopt.sweep(HUBBLE, OPTIMIZERS, **whole)
    assert 0 < len(done) < len(everything)
    assert len(done.merge(everything)) == len(done)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"epochs": [1, 3]}, r"spec.epochs\[1\] is 2 there and 3 here"),
        ({"target": 2.0}, "spec.target is"),
        ({"reduce": "seed"}, "spec.reduce is not set there"),
        ({"dtype": "float32"}, "spec.dtype is 'float64' there"),
        ({"seed": range(1, 24)}, "spec.seed.from is 0 there and 1 here"),
    ],
)
def test_another_sweep_is_refused(tmp_path, change, named):
    arguments = {"target": TARGET, "store": tmp_path / "a", **AXES}
    simopt.sweep(HUBBLE, OPTIMIZERS[1:], **arguments)
    with pytest.raises(ValueError, match=named):
        simopt.sweep(HUBBLE, OPTIMIZERS[1:], **(arguments | change))


def test_a_damaged_chunk_is_refused(tmp_path):
    """Not believed, and not silently made again."""
    arguments = {"store": tmp_path / "a", "seed": range(5), "shuffle": "epoch"}
    frame = simopt.sweep(FOUR, simopt.SGD(), **arguments)
    (chunk,) = (tmp_path / "a").glob("*.parquet")
    data = chunk.read_bytes()
    chunk.write_bytes(data[:100] + bytes([data[100] ^ 1]) + data[101:])
    for read in (
        lambda: simopt.sweep(FOUR, simopt.SGD(), **arguments),
        lambda: simopt.load(tmp_path / "a"),
    ):
        with pytest.raises(
            ValueError, match="is damaged .* remove it and run the same sweep again"
        ):
            read()
    chunk.unlink()
    same(frame, simopt.sweep(FOUR, simopt.SGD(), **arguments))
    assert chunk.read_bytes() == data


def test_another_problem_or_rule_is_refused(tmp_path):
    def step(w, g, eta):
        return w - eta * g

    def other(w, g, eta):
        return w - 2.0 * eta * g

    first, second = (simopt.rule(each, name="step")(eta=0.1) for each in (step, other))
    simopt.sweep(FOUR, first, store=tmp_path / "a")
    with pytest.raises(ValueError, match="problem is 'four_points "):
        simopt.sweep(FOUR.replace(w0=2.0), first, store=tmp_path / "a")
    with pytest.raises(ValueError, match=r"optimizers\[0\].rule is"):
        simopt.sweep(FOUR, second, store=tmp_path / "a")


def sweep_in_chunks(folder, reduce=None, settings=chunks.SETTINGS):
    """A sweep of many chunks, in a process of its own."""
    chunks.ROWS, chunks.REDUCED, chunks.SETTINGS = 400, 700, settings
    etas = np.geomspace(0.01, 3.0, 64).tolist()
    simopt.sweep(
        HUBBLE, [simopt.SGD(eta=etas), simopt.Momentum(eta=etas)], seed=range(100),
        shuffle="epoch", epochs=5, reduce=reduce, store=folder, progress=False,
    )  # fmt: skip


def finished(*arguments):
    process = start(sweep_in_chunks, *arguments)
    process.join(300)
    assert process.exitcode == 0


@pytest.mark.slow
@pytest.mark.parametrize("reduce", [None, "seed"])
def test_killed_at_ten_random_moments(tmp_path, reduce):
    """Killed without a chance to clean up, and started again: the same bytes in the end."""
    finished(tmp_path / "compiled", reduce)
    began = time.monotonic()
    finished(tmp_path / "calm", reduce)
    whole = time.monotonic() - began
    rng = np.random.default_rng(11)
    killed = 0
    for moment in rng.uniform(0.3 * whole, whole, 10):
        process = start(sweep_in_chunks, tmp_path / "harried", reduce)
        process.join(moment)
        process.kill()
        process.join()
        killed += process.exitcode != 0
    finished(tmp_path / "harried", reduce)
    assert killed >= 1
    assert files_of(tmp_path / "calm") == files_of(tmp_path / "harried")


@pytest.mark.slow
def test_two_sweeps_in_one_folder(tmp_path):
    finished(tmp_path / "alone", None, 16)
    both = [start(sweep_in_chunks, tmp_path / "shared", None, 16) for _ in range(2)]
    for process in both:
        process.join(300)
    assert [process.exitcode for process in both] == [0, 0]
    assert files_of(tmp_path / "alone") == files_of(tmp_path / "shared")


MEMORY = """
import sys
import numpy as np
import simopt
from simopt.report.scale.standalone import peak_memory
frame = simopt.sweep(
    simopt.problems.four_points(), simopt.SGD(eta=np.geomspace(0.001, 0.1, 128).tolist()),
    seed=range(int(sys.argv[1])), shuffle="epoch", reduce=eval(sys.argv[2]), progress=False,
)
assert frame["trajectories"].sum() == 128 * int(sys.argv[1])
print(peak_memory())
"""


@pytest.mark.slow
@pytest.mark.parametrize("over", ["'seed'", "['seed', 'eta']"])
def test_memory_is_flat(over):
    """Of a hundred times as many trajectories, in one group or in many: under 1 GiB."""
    used = [
        float(subprocess.check_output([sys.executable, "-c", MEMORY, str(seeds), over]))
        for seeds in (10_000, 1_000_000)
    ]
    assert used[1] < 1024
    # Which is less than the losses alone would take: 977 MiB.
    assert used[1] - used[0] < 600


def test_a_full_disk_is_said_and_costs_no_more_than_a_chunk(small, table, tmp_path):
    """On a file system of a few hundred kB: the message, and the same sweep goes on elsewhere."""
    mount = tmp_path / "tiny"
    mount.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(mount)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("may not mount; tests/test_store.py has a full disk without")
    arguments = {"target": TARGET, **AXES}
    try:
        with pytest.raises(OSError, match="No space left on device .*the same sweep goes on"):
            simopt.sweep(HUBBLE, OPTIMIZERS, store=mount / "a", **arguments)
        done = list((mount / "a").glob("chunk-*.parquet"))
        assert len(done) > 3
        shutil.copytree(mount / "a", tmp_path / "a")
    finally:
        subprocess.run(["umount", str(mount)], check=True)
    same(table, simopt.sweep(HUBBLE, OPTIMIZERS, store=tmp_path / "a", **arguments))


def test_running_knows_no_clock():
    """What a chunk is and holds depends on the job alone (a jump of the clock can't matter)."""
    for module in (chunks, execution, worker):
        text = Path(module.__file__).read_text()
        assert "import time" not in text
        assert "datetime" not in text
