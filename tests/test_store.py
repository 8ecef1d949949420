"""The stored table: what comes back, and what no fault may do to it."""

import ctypes
import errno
import hashlib
import itertools
import json
import os
import re
import resource
import secrets
import shutil
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.dataset
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simopt.ground import files
from simopt.sweeps import chunk_files, manifest
from simopt.sweeps.loading import load
from simopt.sweeps.manifest import MANIFEST
from simopt.sweeps.store import Store, discard
from tests.processes import PROCESSES, elsewhere, start

MADE = {
    "version": "0.1.0",
    "spec": {"optimizers": [{"name": "SGD", "eta": [0.1, 0.2]}], "epochs": 10, "box": None},
    "problem": "four points 0123456789abcdef",
    "dtype": "float64",
}
OPTIMIZERS = pd.CategoricalDtype(pd.Index(["SGD", "Momentum", "Adam"]))
STATUS = pd.CategoricalDtype(pd.Index(["ok", "diverged"]))

#: Rows of a chunk, chunks of a table: enough for a file of 200 kB, and for kills between files.
ROWS = 3_000
CHUNKS = 6


def never(counts):
    return pd.arrays.IntegerArray(counts, counts == 0)


def sweep_like(rows, seed=0):
    """A frame with the columns and dtypes of a sweep."""
    rng = np.random.default_rng(seed)
    optimizer = rng.integers(0, 3, rows)
    w = rng.normal(5, 2, rows)
    diverged = rng.random(rows) < 0.1
    w[diverged] = rng.choice([np.inf, -np.inf, 1e300], diverged.sum())
    codes = pd.Categorical.from_codes
    return pd.DataFrame(
        {
            "optimizer": codes(optimizer, dtype=OPTIMIZERS),
            "bias": codes(np.where(optimizer == 2, 0, -1), dtype=pd.CategoricalDtype(["True"])),
            "eta": rng.choice(np.geomspace(1e-4, 1, 20), rows),
            "beta": np.where(optimizer == 1, 0.9, np.nan),
            "seed": np.arange(rows),
            "status": codes(diverged.astype(np.int8), dtype=STATUS),
            "diverged_at": never(np.where(diverged, 7, 0)),
            "w": w,
            "distance": np.full(rows, np.nan),
            "steps_to_target": never(rng.integers(0, 40, rows)),
        }
    )


def chunk(number):
    """What a toy producer computes, in about the time that it takes to write."""
    return sweep_like(ROWS, number)


def places(chunks=CHUNKS):
    return [{"rows": [ROWS * k, ROWS * (k + 1)]} for k in range(chunks)]


def produce(folder, chunks=CHUNKS):
    """Compute what is missing: a sweep with the store as sweep will use it."""
    kept = Store.open(folder, MADE, places(chunks))
    for number in kept.missing(progress=False):
        kept.keep(number, chunk(number))
    kept.finish()


def holds(folder):
    """Every file of a folder, hidden ones too, and its bytes."""
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    """Waiting for the disk is most of the time here; processes that are killed do wait."""
    monkeypatch.setattr(os, "fsync", lambda file: None)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The files of a run that nothing happened to."""
    folder = tmp_path_factory.mktemp("undisturbed") / "store"
    produce(folder)
    return holds(folder)


@pytest.fixture(scope="module")
def _three(tmp_path_factory):
    folder = tmp_path_factory.mktemp("three") / "store"
    produce(folder, 3)
    return folder


@pytest.fixture
def stored(tmp_path, _three):
    """A folder of three chunks, ended."""
    return Path(shutil.copytree(_three, tmp_path / "store"))


class TestRoundTrip:
    def test_comes_back_as_it_was(self, stored):
        frame = load(stored)
        expected = pd.concat(map(chunk, range(3)), ignore_index=True)
        pd.testing.assert_frame_equal(frame, expected)
        assert frame.attrs == MADE
        assert frame["optimizer"].dtype == OPTIMIZERS
        assert frame["optimizer"].cat.categories.dtype == OPTIMIZERS.categories.dtype

    def test_to_the_bit(self, stored):
        expected = pd.concat(map(chunk, range(3)), ignore_index=True)
        assert (load(stored)["w"].to_numpy().view(int) == expected["w"].to_numpy().view(int)).all()

    @pytest.mark.parametrize("chunks", [1, 2])
    def test_may_be_written_to(self, tmp_path, chunks):
        produce(tmp_path / "store", chunks)
        frame = load(tmp_path / "store")
        for name in ("eta", "seed", "steps_to_target"):
            frame.loc[0, name] = 3
            assert frame.loc[0, name] == 3
        narrow = load(tmp_path / "store", columns=["eta"])
        narrow.loc[0, "eta"] = 3.0

    def test_categories_that_no_row_has(self, tmp_path):
        frame = sweep_like(50).assign(
            optimizer=pd.Categorical.from_codes(np.full(50, 1), dtype=OPTIMIZERS),
            bias=pd.Categorical.from_codes(np.full(50, -1), dtype=OPTIMIZERS),
        )
        kept = Store.open(tmp_path / "store", MADE, [{}, {}])
        kept.keep(0, frame)
        kept.keep(1, frame[:0])
        kept.finish()
        pd.testing.assert_frame_equal(load(tmp_path / "store"), frame)
        pd.testing.assert_frame_equal(
            load(tmp_path / "store", filters=[("seed", "<", 0)]), frame[:0]
        )

    def test_no_rows_at_all(self, tmp_path):
        frame = sweep_like(9)[:0]
        kept = Store.open(tmp_path, MADE, [{}])
        kept.keep(0, frame)
        kept.finish()
        pd.testing.assert_frame_equal(load(tmp_path), frame)

    def test_chunks_of_unknown_length_follow_each_other(self, tmp_path):
        parts = [sweep_like(rows, rows) for rows in (5, 0, 17)]
        kept = Store.open(tmp_path / "store", MADE, [{}] * 3)
        for number in (2, 0, 1):
            kept.keep(number, parts[number])
        kept.finish()
        pd.testing.assert_frame_equal(load(tmp_path / "store"), pd.concat(parts, ignore_index=True))
        assert json.loads((tmp_path / "store" / MANIFEST).read_bytes())["rows"] == 22
        Store.open(tmp_path / "store", MADE, [{}] * 3).finish()

    @settings(max_examples=15, deadline=None)
    @given(st.data())
    def test_boxes(self, tmp_path_factory, data):
        """Two optimizers' axes, each cut along every axis; the rows come back in their order."""
        folder = tmp_path_factory.mktemp("boxes")
        entries, offset = [], 0
        for _ in range(2):
            lengths = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
            cuts = [
                sorted({0, length, *data.draw(st.lists(st.integers(0, length), max_size=2))})
                for length in lengths
            ]
            entries += [
                {"offset": offset, "lengths": lengths, "box": [list(each) for each in box]}
                for box in itertools.product(*map(itertools.pairwise, cuts))
            ]
            offset += int(np.prod(lengths))
        table = sweep_like(offset)
        entries.append({"rows": [offset, offset]})
        kept = Store.open(folder, MADE, entries)
        for number in data.draw(st.permutations(kept.missing(progress=False))):
            entry = entries[number]
            rows = []
            if "box" in entry:
                indices = np.indices(entry["lengths"]).reshape(len(entry["lengths"]), -1)
                low, high = np.array(entry["box"]).T[:, :, None]
                inside = ((indices >= low) & (indices < high)).all(axis=0)
                rows = np.flatnonzero(inside) + entry["offset"]
            kept.keep(number, table.iloc[rows])
        kept.finish()
        pd.testing.assert_frame_equal(load(folder), table)
        some = load(folder, ["w", "seed"], [("eta", ">", 0.01)])
        expected = table.loc[table["eta"] > 0.01, ["w", "seed"]].reset_index(drop=True)
        pd.testing.assert_frame_equal(some, expected)

    def test_ranges_out_of_order(self, tmp_path):
        kept = Store.open(tmp_path, MADE, [{"rows": [2, 5]}, {"rows": [0, 2]}])
        table = sweep_like(5)
        kept.keep(0, table[2:])
        kept.keep(1, table[:2])
        kept.finish()
        pd.testing.assert_frame_equal(load(tmp_path), table)

    @pytest.mark.parametrize(
        ("filters", "query"),
        [
            ([("eta", ">", 0.01)], "eta > 0.01"),
            ([("optimizer", "==", "Adam"), ("seed", "<=", 100)], "optimizer == 'Adam' & seed<=100"),
            ([("optimizer", "in", ["SGD", "Adam"])], "optimizer in ['SGD', 'Adam']"),
            ([[("seed", "==", 3)], [("seed", "==", 5), ("eta", ">", 0)]], "seed == 3 | seed == 5"),
            ([("diverged_at", "<=", 7)], "diverged_at <= 7"),
            ([("steps_to_target", "!=", 7)], "steps_to_target.notna() & steps_to_target != 7"),
            ([("w", ">", 1e308)], "w > 1e308"),
            ([("beta", "<", 1)], "beta < 1"),
            ([("seed", "<", 0)], "seed < 0"),
        ],
    )
    def test_filters(self, stored, filters, query):
        whole = load(stored)
        expected = whole.query(query).reset_index(drop=True)
        pd.testing.assert_frame_equal(load(stored, filters=filters), expected)
        columns = ["w", "optimizer", "diverged_at"]
        pd.testing.assert_frame_equal(load(stored, columns, filters), expected[columns])

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"columns": ["v"]}, r"columns=\['v'\]: must be .* out of optimizer, bias, eta"),
            ({"columns": "w"}, "columns='w': must be a list of different columns"),
            ({"columns": []}, r"columns=\[\]: must be a list of different columns"),
            ({"columns": ["w", "w"]}, "columns=.*: must be a list of different columns"),
            ({"columns": [3]}, r"columns=\[3\]: must be a list of different columns"),
            ({"filters": [("v", ">", 1)]}, r"filters=\[\('v', '>', 1\)\]: must be on columns out"),
            ({"filters": [("w", "~", 1)]}, r"filters=.*: must be a list of \(column, operator"),
            ({"filters": [("w", ">")]}, r"filters=.*: must be a list of \(column, operator"),
            ({"filters": []}, r"filters=\[\]: must be a list of \(column, operator"),
            ({"filters": "w > 3"}, r"filters='w > 3': must be a list of \(column, operator"),
            ({"filters": 3}, r"filters=3: must be a list of \(column, operator"),
            ({"filters": [("w", "==", "x")]}, "filters=.*: must be of values that compare"),
            ({"filters": [("optimizer", "==", 3)]}, "filters=.*: must be of values that compare"),
        ],
    )
    def test_what_load_refuses(self, stored, arguments, message):
        with pytest.raises(ValueError, match=message):
            load(stored, **arguments)

    def test_attrs_and_index_of_a_chunk_do_not_reach_the_disk(self, tmp_path, undisturbed):
        kept = Store.open(tmp_path, MADE, places())
        for number in range(CHUNKS):
            frame = chunk(number).set_index(np.arange(ROWS) + 100 * number)
            frame.attrs = {"seconds": number, "threads": 2}
            kept.keep(number, frame)
        kept.finish()
        assert holds(tmp_path) == undisturbed

    def test_a_chunk_must_have_its_rows(self, tmp_path):
        kept = Store.open(tmp_path, MADE, places())
        with pytest.raises(ValueError, match="chunk 2 has 2999 rows: must be 3000"):
            kept.keep(2, chunk(2)[1:])

    def test_chunks_of_other_columns_are_not_joined(self, tmp_path):
        kept = Store.open(tmp_path, MADE, [{}, {}])
        kept.keep(0, sweep_like(5))
        kept.keep(1, sweep_like(5).astype({"seed": float}))
        kept.finish()
        with pytest.raises(ValueError, match="of the same columns, but chunk-000001.* is not"):
            load(tmp_path)

    def test_memory_holds_what_is_asked_for(self, stored):
        """Of the columns and rows that nobody asked for, nothing is kept."""
        import pyarrow as pa

        before = pa.total_allocated_bytes()
        frame = load(stored, ["w"], [("seed", "<", 10)])
        assert len(frame) == 30
        assert pa.total_allocated_bytes() - before <= 10 * frame.memory_usage().sum()


class TestUnfinished:
    def test_load_says_how_to_go_on(self, tmp_path):
        kept = Store.open(tmp_path, MADE, places())
        kept.keep(1, chunk(1))
        with pytest.raises(ValueError, match="5 of its 6 chunks are missing: the same sweep"):
            load(tmp_path)
        with pytest.raises(ValueError, match="store=.*complete, but 5 of its 6 chunks"):
            kept.finish()

    def test_partial(self, tmp_path):
        kept = Store.open(tmp_path, MADE, places())
        with pytest.raises(ValueError, match="a sweep with at least one chunk"):
            load(tmp_path, partial=True)
        for number in (4, 1):
            kept.keep(number, chunk(number))
        expected = pd.concat([chunk(1), chunk(4)], ignore_index=True)
        pd.testing.assert_frame_equal(load(tmp_path, partial=True), expected)

    def test_goes_on(self, tmp_path, undisturbed):
        kept = Store.open(tmp_path, MADE, places())
        assert kept.missing() == list(range(CHUNKS))
        for number in (4, 1):
            kept.keep(number, chunk(number))
        assert Store.open(tmp_path, MADE, places()).missing() == [0, 2, 3, 5]
        produce(tmp_path)
        assert holds(tmp_path) == undisturbed
        produce(tmp_path)
        assert holds(tmp_path) == undisturbed

    def test_a_file_is_on_the_disk_before_it_has_its_name(self, tmp_path, monkeypatch):
        """So that a power cut leaves no half file of a good name."""
        kept = Store.open(tmp_path, MADE, places())
        flushed = []

        def fsync(file):
            assert not list(tmp_path.glob("chunk-*"))
            flushed.append(os.fstat(file).st_size)

        monkeypatch.setattr(os, "fsync", fsync)
        kept.keep(0, chunk(0))
        assert flushed == [path.stat().st_size for path in tmp_path.glob("chunk-*")]

    def test_what_is_there_is_not_written_again(self, stored):
        written = {path: path.stat().st_mtime_ns for path in stored.iterdir()}
        kept = Store.open(stored, MADE, places(3))
        kept.keep(1, chunk(1))
        kept.finish()
        assert {path: path.stat().st_mtime_ns for path in stored.iterdir()} == written


class TestOtherSweeps:
    @pytest.mark.parametrize(
        ("changed", "difference"),
        [
            ({"version": "0.2.0"}, "version is '0.1.0' there and '0.2.0' here"),
            ({"problem": "hubble 01"}, "problem is 'four points .*' there and 'hubble 01' here"),
            ({"dtype": "float32"}, "dtype is 'float64' there and 'float32' here"),
            ({"spec": MADE["spec"] | {"epochs": 20}}, "spec.epochs is 10 there and 20 here"),
            (
                {"spec": MADE["spec"] | {"optimizers": [{"name": "SGD", "eta": [0.1, 0.3]}]}},
                r"spec.optimizers\[0\].eta\[1\] is 0.2 there and 0.3 here",
            ),
            (
                {"spec": MADE["spec"] | {"optimizers": [{"name": "SGD", "eta": [0.1]}]}},
                r"spec.optimizers\[0\].eta is \[0.1, 0.2\] there and \[0.1\] here",
            ),
            ({"spec": MADE["spec"] | {"box": (-1.0, 1.0)}}, r"spec.box is None there and \[-1.0"),
            ({"reduce": "seed"}, "reduce is not set there and 'seed' here"),
        ],
    )
    @pytest.mark.parametrize("chunks", [0, 3])
    def test_refused(self, tmp_path, changed, difference, chunks):
        kept = Store.open(tmp_path, MADE, places())
        for number in range(chunks):
            kept.keep(number, chunk(number))
        before = holds(tmp_path)
        with pytest.raises(ValueError, match=f"store=.*of the same sweep, but {difference}"):
            Store.open(tmp_path, MADE | changed, places())
        assert holds(tmp_path) == before

    def test_a_key_less(self, stored):
        less = {key: value for key, value in MADE.items() if key != "dtype"}
        with pytest.raises(ValueError, match="dtype is 'float64' there and not set here"):
            Store.open(stored, less, places(3))

    def test_other_chunks(self, stored):
        with pytest.raises(ValueError, match="rows is 9000 there and 6000 here"):
            Store.open(stored, MADE, places(2))
        with pytest.raises(ValueError, match=r"chunks\[0\].rows\[1\] is 3000 there and 2000 here"):
            Store.open(
                stored,
                MADE,
                [{"rows": [0, 2_000]}, {"rows": [2_000, 9_000]}, {"rows": 2 * [9_000]}],
            )

    def test_zero_has_a_sign(self, tmp_path):
        Store.open(tmp_path, {"w0": 0.0}, places())
        with pytest.raises(ValueError, match="w0 is 0.0 there and -0.0 here"):
            Store.open(tmp_path, {"w0": -0.0}, places())

    def test_one_that_came_in_between(self, tmp_path):
        """The folder was emptied and taken by another sweep while this one ran."""
        kept = Store.open(tmp_path, MADE, places(1))
        kept.keep(0, chunk(0))
        (tmp_path / MANIFEST).unlink()
        (tmp_path / MANIFEST).write_bytes(manifest.encoded(kept.begun | {"version": "0.2.0"}))
        with pytest.raises(ValueError, match="version is '0.2.0' there and '0.1.0' here"):
            kept.finish()

    def test_another_format(self, stored):
        manifest = stored / MANIFEST
        manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 2'))
        for call in (lambda: load(stored), lambda: Store.open(stored, MADE, places(3))):
            with pytest.raises(ValueError, match="of format 1, but its _manifest.json says 2"):
                call()

    @pytest.mark.parametrize("name", manifest.OWN)
    def test_names_that_are_taken(self, tmp_path, name):
        with pytest.raises(ValueError, match=f"made='{name}'"):
            Store.open(tmp_path / "store", MADE | {name: 1}, places())
        assert not (tmp_path / "store").exists()

    def test_places_all_or_none(self, tmp_path):
        with pytest.raises(ValueError, match="with a place each, or none with one"):
            Store.open(tmp_path / "store", MADE, [{"rows": [0, 3]}, {}])


class TestFolders:
    @pytest.mark.parametrize("folder", [None, 3, ["store"]])
    def test_no_path(self, folder):
        with pytest.raises(ValueError, match="store=.*a folder's path"):
            Store.open(folder, MADE, places())
        with pytest.raises(ValueError, match="folder=.*a folder's path"):
            load(folder)

    @pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
    def test_impossible_names(self, tmp_path, name):
        with pytest.raises(ValueError, match="store=.*a usable path"):
            Store.open(tmp_path / name, MADE, places())
        with pytest.raises(ValueError, match="folder=.*a stored sweep"):
            load(tmp_path / name)

    def test_a_file(self, tmp_path):
        (tmp_path / "store").write_text("")
        with pytest.raises(ValueError, match="store=.*is a file"):
            Store.open(tmp_path / "store", MADE, places())
        with pytest.raises(ValueError, match="folder=.*a stored sweep"):
            load(tmp_path / "store")

    def test_nothing_there(self, tmp_path):
        with pytest.raises(ValueError, match="folder=.*a stored sweep, a folder with a _manifest"):
            load(tmp_path / "store")
        with pytest.raises(ValueError, match="folder=.*a stored sweep, a folder with a _manifest"):
            load(tmp_path)

    def test_a_folder_of_other_things(self, tmp_path):
        (tmp_path / "thesis.tex").write_text("")
        with pytest.raises(ValueError, match="in this one is 'thesis.tex'"):
            Store.open(tmp_path, MADE, places())
        assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]

    def test_hidden_files_are_none_of_its_business(self, tmp_path):
        (tmp_path / ".nfs01").write_text("")
        produce(tmp_path, 2)
        assert (tmp_path / ".nfs01").exists()

    def test_folders_on_the_way_are_made(self, tmp_path):
        produce(tmp_path / "a" / "b", 1)
        assert len(load(str(tmp_path / "a" / "b"))) == ROWS


def each_byte_flipped(path):
    """A file with one bit wrong, in a byte after the other; whole again in the end."""
    with open(path, "r+b", buffering=0) as file:
        for k, byte in enumerate(path.read_bytes()):
            os.pwrite(file.fileno(), bytes([byte ^ 1 << k % 7]), k)
            yield
            os.pwrite(file.fileno(), bytes([byte]), k)


class TestDamage:
    """A file that is not what was written is refused by name, and made again once removed."""

    def flipped(path):
        data = bytearray(path.read_bytes())
        data[len(data) // 3] ^= 4
        path.write_bytes(data)

    def cut(path):
        path.write_bytes(path.read_bytes()[:-1])

    def halved(path):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    def emptied(path):
        path.write_bytes(b"")

    def grown(path):
        path.write_bytes(path.read_bytes() + b"\0")

    @pytest.mark.parametrize("damage", [flipped, cut, halved, emptied, grown])
    def test_a_chunk(self, stored, damage):
        before = holds(stored)
        victim = sorted(stored.glob("chunk-000001-*"))[0]
        damage(victim)
        bad = victim.read_bytes()
        with pytest.raises(ValueError, match=f"whole, but {victim.name} is damaged.*: remove it"):
            load(stored, ["w"])
        kept = Store.open(stored, MADE, places(3))
        with pytest.raises(ValueError, match=f"whole, but {victim.name} is damaged.*: remove it"):
            kept.missing(progress=False)
        assert victim.read_bytes() == bad
        victim.unlink()
        produce(stored, 3)
        assert holds(stored) == before

    def test_any_byte_of_a_chunk(self, tmp_path):
        kept = Store.open(tmp_path, MADE, [{}])
        kept.keep(0, sweep_like(3)[["w"]])
        kept.finish()
        (path,) = tmp_path.glob("chunk-*")
        for _ in each_byte_flipped(path):
            with pytest.raises(ValueError, match="is damaged"):
                kept.missing(progress=False)
        assert kept.missing(progress=False) == []

    def test_a_missing_chunk(self, stored):
        before = holds(stored)
        victim = sorted(stored.glob("chunk-000001-*"))[0]
        victim.unlink()
        with pytest.raises(ValueError, match=f"{victim.name} is missing: run the same sweep again"):
            load(stored)
        assert len(load(stored, partial=True)) == 2 * ROWS
        assert Store.open(stored, MADE, places(3)).missing() == [1]
        produce(stored, 3)
        assert holds(stored) == before

    @pytest.mark.parametrize(
        "name",
        ["chunk-000001.parquet", "chunk-000001-0123456789abcdef (copy).parquet", "chunk-x.parquet"],
    )
    def test_a_foreign_chunk(self, stored, name):
        frame = load(stored)
        (stored / name).write_bytes(b"")
        with pytest.raises(ValueError, match=rf"alone, but {re.escape(name)} is not: remove it"):
            Store.open(stored, MADE, places(3)).missing(progress=False)
        pd.testing.assert_frame_equal(load(stored), frame)

    def test_a_chunk_too_many(self, stored):
        victim = sorted(stored.glob("chunk-000001-*"))[0]
        too_many = stored / victim.name.replace("000001", "000003")
        too_many.write_bytes(victim.read_bytes())
        with pytest.raises(ValueError, match=f"alone, but {too_many.name} is not: remove it"):
            Store.open(stored, MADE, places(3)).missing(progress=False)

    def test_two_of_one_chunk(self, stored):
        kept = Store.open(stored, MADE, places(3))
        kept.keep(1, chunk(5))
        with pytest.raises(ValueError, match="one file a chunk, but there are chunk-000001-"):
            kept.missing(progress=False)
        with pytest.raises(ValueError, match="one file a chunk, but there are chunk-000001-"):
            kept.finish()

    @pytest.mark.parametrize("ended", [True, False])
    def test_a_copy_of_another_chunk(self, tmp_path, ended):
        """Under the name of the chunk that it replaces, with its own digest."""
        kept = Store.open(tmp_path, MADE, places(3))
        for number in range(3):
            kept.keep(number, chunk(number))
        if ended:
            kept.finish()
        first, second = (next(tmp_path.glob(f"chunk-00000{k}-*")) for k in (1, 2))
        copy = tmp_path / second.name.replace("000002", "000001")
        copy.write_bytes(second.read_bytes())
        first.unlink()
        before = holds(tmp_path)
        with pytest.raises(ValueError, match=f"{copy.name}.*: remove it"):
            Store.open(tmp_path, MADE, places(3)).missing()
        with pytest.raises(ValueError, match="folder=.*missing" if ended else "holds the rows of"):
            load(tmp_path, partial=not ended)
        assert holds(tmp_path) == before
        copy.unlink()
        produce(tmp_path, 3)
        assert first.exists()

    def test_a_chunk_of_another_sweep(self, tmp_path):
        """Of the same number, and the same size."""
        Store.open(tmp_path / "a", MADE | {"version": "0.2.0"}, places(3)).keep(1, chunk(1))
        (foreign,) = (tmp_path / "a").glob("chunk-*")
        kept = Store.open(tmp_path / "b", MADE, places(3))
        (tmp_path / "b" / foreign.name).write_bytes(foreign.read_bytes())
        with pytest.raises(ValueError, match=f"{foreign.name} holds the rows of another chunk: re"):
            kept.missing()

    def test_a_folder_in_a_files_place(self, stored):
        victim = sorted(stored.glob("chunk-000001-*"))[0]
        victim.unlink()
        victim.mkdir()
        for argument, call in (
            ("folder", lambda: load(stored)),
            ("store", lambda: Store.open(stored, MADE, places(3)).missing()),
        ):
            with pytest.raises(ValueError, match=f"^{argument}=.*{victim.name} is a folder: rem"):
                call()
        shutil.rmtree(stored)
        stored.mkdir()
        (stored / MANIFEST).mkdir()
        for call in (lambda: load(stored), lambda: Store.open(stored, MADE, places(3))):
            with pytest.raises(ValueError, match="whole, but its _manifest.json is damaged"):
                call()

    @pytest.mark.parametrize("data", [b"garbage", b"", b"PAR1" * 100])
    def test_garbage_under_a_right_digest(self, stored, data):
        kept = Store.open(stored, MADE, places(3))
        (stored / MANIFEST).write_bytes(manifest.encoded(kept.begun))
        sorted(stored.glob("chunk-000001-*"))[0].unlink()
        name = chunk_files.name_of(1, data)
        (stored / name).write_bytes(data)
        with pytest.raises(ValueError, match=rf"^store=.*{name} is damaged \(.*\): remove it"):
            kept.missing()
        with pytest.raises(ValueError, match=rf"^folder=.*{name} is damaged \(.*\): remove it"):
            load(stored, partial=True)

    @pytest.mark.parametrize(
        "change",
        [{"rows": float("nan")}, {"files": ["../../thesis.tex"] * 3}, {"files": [None] * 3},
         {"chunks": 3}, {"files": []}],
    )  # fmt: skip
    def test_a_manifest_that_says_what_none_can(self, stored, change):
        """With a right digest of its own."""
        content = {**json.loads((stored / MANIFEST).read_bytes()), **change}
        content.pop("digest")
        text = json.dumps(content, indent=1)
        digest = hashlib.sha256(text.encode()).hexdigest()
        (stored / MANIFEST).write_text(json.dumps({**content, "digest": digest}, indent=1) + "\n")
        for call in (load, discard):
            with pytest.raises(ValueError, match="whole, but its _manifest.json is damaged"):
                call(stored)

    def test_files_of_others_stay(self, stored):
        (stored / "notes.txt").write_text("mine")
        produce(stored, 3)
        assert (stored / "notes.txt").read_text() == "mine"
        assert len(load(stored)) == 3 * ROWS

    @pytest.mark.parametrize("text", ["", "{", "[]", "null", "\xff", "3" * 5_000, '{"format": 1}'])
    def test_the_manifest(self, stored, text):
        (stored / MANIFEST).write_bytes(text.encode("latin-1"))
        for call in (lambda: load(stored), lambda: Store.open(stored, MADE, places(3))):
            with pytest.raises(ValueError, match="whole, but its _manifest.json is damaged"):
                call()

    def test_no_manifest(self, stored):
        (stored / MANIFEST).unlink()
        with pytest.raises(ValueError, match="folder=.*with a _manifest.json"):
            load(stored)
        with pytest.raises(ValueError, match="store=.*in this one is 'chunk-000000-"):
            Store.open(stored, MADE, places(3))

    def test_any_byte_of_the_manifest(self, stored):
        for _ in each_byte_flipped(stored / MANIFEST):
            with pytest.raises(ValueError, match="folder=.*(whole|of format 1), but its _manifest"):
                manifest.read("folder", stored)


# What happens to a process: a call at its k-th operation on the folder, before that is done.


def _at_operation(k, folder, call):
    """Call once, when this process is about to do its k-th operation on files of the folder."""
    count = itertools.count()
    flush = os.fsync

    def reached():
        if next(count) == k:
            call()

    def hook(event, arguments):
        watched = event in ("open", "os.mkdir", "os.link", "os.rename", "os.remove")
        if watched and str(arguments[0]).startswith(str(folder)):
            reached()

    def fsync(file):
        reached()
        flush(file)

    os.fsync = fsync
    sys.addaudithook(hook)


def _signalled(folder, k, number):
    # Where the tests run in a shell's background, Ctrl-C is ignored from the start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _at_operation(k, folder, lambda: os.kill(os.getpid(), number))
    try:
        produce(folder, 2)
    except KeyboardInterrupt:
        sys.exit(130)


def _until_killed(folder):
    produce(folder)
    time.sleep(60)


def _timed(folder):
    began = time.monotonic()
    produce(folder)
    return time.monotonic() - began


def _together(folder, barrier):
    barrier.wait()
    produce(folder)


def check_between(folder):
    """What must hold of a folder at any moment: every file is whole or hidden."""
    if not folder.is_dir():
        return
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    if names:
        assert MANIFEST in names
        kept = Store(folder, manifest.read("store", folder))
        missing = kept.missing(progress=False)
        assert len(names) == len(kept.begun["chunks"]) - len(missing) + 1


class TestKilled:
    def test_at_ten_random_moments(self, tmp_path, undisturbed):
        """SIGKILL while chunks are computed and written; what is there stays, the rest follows."""
        lasts = elsewhere(_timed, tmp_path / "timed")
        moments = lasts * np.random.default_rng(2).uniform(0, 1, 10)
        for k, moment in enumerate(moments):
            folder = tmp_path / f"killed {k}"
            process = start(_until_killed, folder)
            deadline = time.monotonic() + 30
            while not folder.is_dir() and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(moment)
            process.kill()
            process.join()
            assert process.exitcode == -signal.SIGKILL
            check_between(folder)
            produce(folder)
            assert holds(folder) == undisturbed

    def test_ten_times_on_one_folder(self, tmp_path, undisturbed):
        rng = np.random.default_rng(3)
        for _ in range(10):
            process = start(_until_killed, tmp_path / "store")
            time.sleep(rng.uniform(0, 0.06))
            process.kill()
            process.join()
            check_between(tmp_path / "store")
        produce(tmp_path / "store")
        assert holds(tmp_path / "store") == undisturbed

    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
    def test_at_every_operation(self, tmp_path, number):
        produce(tmp_path / "undisturbed", 2)
        expected = holds(tmp_path / "undisturbed")
        code = -9 if number == signal.SIGKILL else 130
        for k in itertools.count():
            folder = tmp_path / f"at {k}"
            process = start(_signalled, folder, k, number)
            process.join()
            check_between(folder)
            if process.exitcode == 0:
                break
            assert process.exitcode == code
            if number == signal.SIGINT and folder.is_dir():
                assert not list(folder.glob(".chunk*"))
            produce(folder, 2)
            assert holds(folder) == expected
        # A file takes an open, a flush and a rename; there are two chunks and two manifests.
        assert k >= 12
        assert holds(folder) == expected


class TestTwoWriters:
    @pytest.mark.parametrize("attempt", range(3))
    def test_at_once(self, tmp_path, undisturbed, attempt):
        barrier = PROCESSES.Barrier(3)
        writers = [start(_together, tmp_path / "store", barrier) for _ in range(3)]
        for writer in writers:
            writer.join()
        assert [writer.exitcode for writer in writers] == [0, 0, 0]
        assert holds(tmp_path / "store") == undisturbed

    @pytest.mark.parametrize("k", range(4))
    def test_the_second_is_quicker(self, tmp_path, monkeypatch, k):
        """Just before the first gives its k-th file its name, the second does everything."""
        produce(tmp_path / "undisturbed", 2)
        flush, count = os.fsync, itertools.count()

        def fsync(file):
            flush(file)
            if next(count) == k:
                produce(tmp_path / "store", 2)
                assert not list((tmp_path / "store").glob(".*"))

        monkeypatch.setattr(os, "fsync", fsync)
        produce(tmp_path / "store", 2)
        assert next(count) > k
        assert holds(tmp_path / "store") == holds(tmp_path / "undisturbed")

    def test_the_second_began_in_between(self, tmp_path, monkeypatch, undisturbed):
        """It had a manifest and chunks there just after the first saw none."""
        check, count = files.check_folder, itertools.count()

        def check_folder(name, folder):
            if next(count) == 0:
                produce(folder)
            return check(name, folder)

        monkeypatch.setattr(files, "check_folder", check_folder)
        produce(tmp_path / "store")
        assert holds(tmp_path / "store") == undisturbed

    def test_what_a_living_writer_writes_is_left_alone(self, tmp_path):
        """Another's unfinished file of a chunk that is not there yet, and of one that is."""
        kept = Store.open(tmp_path, MADE, places(2))
        kept.keep(0, chunk(0))
        useless, living = (
            tmp_path / f".chunk-00000{k}.{secrets.token_hex(8)}.aside" for k in (0, 1)
        )
        useless.write_bytes(b"half")
        living.write_bytes(b"half")
        assert Store.open(tmp_path, MADE, places(2)).missing() == [1]
        assert living.exists()
        assert not useless.exists()
        kept.keep(1, chunk(1))
        kept.finish()
        assert not living.exists()

    def test_no_hard_links(self, tmp_path, monkeypatch, undisturbed):
        def link(aside, path):
            raise PermissionError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", link)
        produce(tmp_path / "store")
        assert holds(tmp_path / "store") == undisturbed

    def test_of_two_sweeps_the_first_stays(self, tmp_path, monkeypatch):
        """Another sweep takes the folder between this one's look and its first file."""
        flush, count = os.fsync, itertools.count()

        def fsync(file):
            flush(file)
            if next(count) == 0:
                Store.open(tmp_path, MADE | {"version": "0.2.0"}, places())

        monkeypatch.setattr(os, "fsync", fsync)
        with pytest.raises(ValueError, match="version is '0.2.0' there and '0.1.0' here"):
            Store.open(tmp_path, MADE, places())


# Disks: each in a process of its own, that limits itself and tells what it met.

KIB = 1024


def _small_disk(folder, kib):
    """Mount a disk of this size that only this process sees, and return what enlarges it.

    None where that is denied.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    mount_namespace, user_namespace, private, remount = 0x20000, 0x10000000, 0x44000, 0x20
    user, group = os.getuid(), os.getgid()
    if user == 0:
        apart = libc.unshare(mount_namespace) == 0
    else:
        try:
            apart = libc.unshare(mount_namespace | user_namespace) == 0
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"0 {user} 1")
            Path("/proc/self/gid_map").write_text(f"0 {group} 1")
        except OSError:
            apart = False

    def mount(flags, size):
        where, options = os.fsencode(folder), f"size={size}k".encode()
        return libc.mount(b"small", where, b"tmpfs", flags, options) == 0

    if apart and libc.mount(b"none", b"/", None, private, None) == 0 and mount(0, kib):
        return lambda: mount(remount, 64 * KIB)
    return None


def _file_limit(kib):
    """No file may be larger than this, for this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(kib * KIB), hard))

    def lift():
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        return True

    return lift


def _on_a_full_disk(folder, kib, whole_disk):
    """Run until the disk is full; make room and go on."""
    enlarge = (whole_disk and _small_disk(folder, kib)) or _file_limit(min(kib, 20))
    try:
        produce(folder / "store")
    except OSError as full:
        error = full
    left = sorted(path.name for path in (folder / "store").iterdir())
    check_between(folder / "store")
    assert enlarge()
    produce(folder / "store")
    return error.errno, str(error), error.filename, left, holds(folder / "store")


class TestDisks:
    @pytest.mark.parametrize("whole_disk", [True, False])
    @pytest.mark.parametrize("kib", [150, 0.1])
    def test_full(self, tmp_path, undisturbed, whole_disk, kib):
        """A file system that fills up (where one may mount), and a limit on a file's size.

        With the smaller size not even the manifest fits.
        """
        size = max(kib, 4) if whole_disk else kib
        code, message, name, left, after = elsewhere(_on_a_full_disk, tmp_path, size, whole_disk)
        assert code in (errno.ENOSPC, errno.EFBIG)
        assert ("No space left on device" in message) == (code == errno.ENOSPC)
        assert "what was written before is whole, and the same sweep goes on from there" in message
        assert Path(name).parent == tmp_path / "store"
        assert name.endswith((".parquet", ".json"))
        assert not [each for each in left if each.endswith("aside")]
        assert after == undisturbed

    def test_closed(self, tmp_path):
        """To a user who may not write there, which root is not."""
        folder = tmp_path / "closed"
        folder.mkdir()
        folder.chmod(0o555)
        try:
            message = elsewhere(_as_somebody, folder, _refused, "store")
        finally:
            folder.chmod(0o755)
        assert message.startswith("ValueError: store='store': must be where one may write")
        assert not list(folder.iterdir())

    def test_closed_before_its_end(self, tmp_path):
        tmp_path.chmod(0o755)
        folder = tmp_path / "store"
        Store.open(folder, MADE, places()).keep(1, chunk(1))
        before = holds(folder)
        folder.chmod(0o555)
        try:
            message = elsewhere(_as_somebody, tmp_path, _refused, "store")
        finally:
            folder.chmod(0o755)
        assert message.startswith("ValueError: store='store': must be where one may write")
        assert holds(folder) == before

    def test_closed_after_its_end(self, stored):
        before = holds(stored)
        stored.parent.chmod(0o755)
        stored.chmod(0o555)
        try:
            frame = elsewhere(_as_somebody, stored.parent, _run_again, "store")
        finally:
            stored.chmod(0o755)
        pd.testing.assert_frame_equal(frame, load(stored))
        assert holds(stored) == before

    def test_closed_while_running(self, tmp_path, undisturbed):
        tmp_path.chmod(0o777)
        message = elsewhere(_as_somebody, tmp_path, _closed_meanwhile, "store")
        assert message.startswith("PermissionError: [Errno 13] Permission denied (what was written")
        assert message.endswith(".parquet'")
        check_between(tmp_path / "store")
        (tmp_path / "store").chmod(0o755)
        produce(tmp_path / "store")
        assert holds(tmp_path / "store") == undisturbed

    def test_gone_while_running(self, tmp_path):
        kept = Store.open(tmp_path / "store", MADE, places())
        (tmp_path / "store" / MANIFEST).unlink()
        (tmp_path / "store").rmdir()
        with pytest.raises(FileNotFoundError, match="the folder was removed while the sweep"):
            kept.keep(0, chunk(0))
        with pytest.raises(ValueError, match="store="):
            Store.finish(kept)


def _as_somebody(folder, function, *arguments):
    """Call without root's rights, from inside the folder (the way to it may be closed)."""
    os.chdir(folder)
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    return function(*arguments)


def _refused(folder):
    try:
        produce(folder)
    except (ValueError, OSError) as error:
        return f"{type(error).__name__}: {error}"


def _run_again(folder):
    produce(folder, 3)
    return load(folder)


def _closed_meanwhile(folder):
    kept = Store.open(folder, MADE, places())
    kept.keep(0, chunk(0))
    os.chmod(folder, 0o555)
    try:
        kept.keep(1, chunk(1))
    except OSError as error:
        return f"{type(error).__name__}: {error}"


class TestClock:
    def test_no_file_depends_on_it(self, tmp_path, monkeypatch, undisturbed):
        """A clock that jumps years to and fro, between files of all ages."""
        rng = np.random.default_rng(4)
        for name in ("time", "monotonic", "perf_counter"):
            monkeypatch.setattr(time, name, lambda: float(rng.uniform(0, 4e9)))
            monkeypatch.setattr(time, f"{name}_ns", lambda: int(rng.uniform(0, 4e18)))
        for number in rng.permutation(CHUNKS)[:-1]:
            kept = Store.open(tmp_path, MADE, places())
            aside = tmp_path / f".chunk-{number:06d}.0123456789abcdef.aside"
            aside.write_bytes(b"of a dead writer")
            for path in tmp_path.iterdir():
                os.utime(path, ns=(int(rng.uniform(0, 4e18)),) * 2)
            assert number in kept.missing()
            assert aside.exists()
            kept.keep(int(number), chunk(number))
            assert number not in kept.missing()
            assert not aside.exists()
        produce(tmp_path)
        assert holds(tmp_path) == undisturbed


class TestOthersRead:
    """Programs that know nothing of simopt; more of them in tests/peers."""

    def test_pandas(self, stored):
        parts = map(pd.read_parquet, sorted(stored.glob("chunk-*.parquet")))
        frame = pd.concat(parts, ignore_index=True)
        pd.testing.assert_frame_equal(frame, load(stored))

    def test_the_folder_is_a_data_set(self, stored):
        """Of pandas, of Arrow, and of a glob."""
        frame = load(stored)
        words = frame.select_dtypes("category").columns
        expected = frame.astype(dict.fromkeys(words, object))
        for read in (
            pd.read_parquet(stored),
            pyarrow.dataset.dataset(stored, format="parquet").to_table().to_pandas(),
            pyarrow.parquet.read_table(stored).to_pandas(),
        ):
            pd.testing.assert_frame_equal(read.astype(dict.fromkeys(words, object)), expected)
        seeds = pd.read_parquet(stored, columns=["seed"], filters=[("seed", "<", 5)])
        assert len(seeds) == 15
        visible = [name for name in holds(stored) if not name.startswith(("_", "."))]
        assert all(name.endswith(".parquet") for name in visible)

    def test_a_folder_of_an_older_version(self, stored, undisturbed):
        """With its manifest under the old name, and files that don't say which chunk they are."""
        (stored / MANIFEST).rename(stored / manifest.OLD)
        frame = load(stored)
        before = holds(stored)
        assert Store.open(stored, MADE, places(3)).missing() == []
        assert manifest.OLD not in holds(stored)
        assert holds(stored) == {MANIFEST if k == manifest.OLD else k: v for k, v in before.items()}
        pd.testing.assert_frame_equal(load(stored), frame)
