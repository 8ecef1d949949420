"""Tables whose types, widths and labels say another thing than numbers in their columns."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from simopt import problems
from simopt.problems.features import ColumnWarning

N = 30
RNG = np.random.default_rng(11)
A, Y = RNG.normal(size=(2, N)).round(3)
TEXTS = ["u", None, "v"] * 10
STRINGS = ["string[python]", "string[pyarrow]", "str", "object", "category"]


def read(folder, text, target="y", name="t.csv", **options):
    path = folder / name
    path.write_text(text)
    return problems.read_table(path, target, **options)


@pytest.mark.parametrize("kind", [*STRINGS, pd.ArrowDtype(pa.string())])
def test_two_texts_of_any_type_with_cells_that_lack_them(kind):
    texts = pd.Series(TEXTS, dtype=kind)
    kept = texts.notna().to_numpy()
    frame = pd.DataFrame({"a": A, "text": texts, "y": Y})
    made = problems.from_frame(frame, "y", categories="dummy", missing="drop")
    assert made.features == ("a", "text_v", "intercept")
    np.testing.assert_array_equal(made.x[:, :2], np.column_stack([A, texts == "v"])[kept])
    labelled = problems.from_frame(frame, "text", kind="logistic", missing="drop")
    assert labelled.target == "text=v"
    np.testing.assert_array_equal(labelled.y, (texts == "v")[kept])


BIG = {
    "int64": pd.Series(2**60 + 7 * np.arange(N)),
    "uint64": pd.Series(np.uint64(2**64 - 1) - np.arange(N, dtype=np.uint64)),
    "Int64": pd.array([2**60 + 3 * k for k in range(N - 1)] + [None], dtype="Int64"),
    "object": pd.Series([2**70 + k for k in range(N)], dtype=object),
    "texts": pd.Series([str(2**70 + k) for k in range(N)]),
}


@pytest.mark.parametrize("kind", BIG)
@pytest.mark.parametrize("target", ["y", "big"])
def test_whole_numbers_that_rounding_makes_alike_are_said(kind, target):
    frame = pd.DataFrame({"a": A, "big": BIG[kind], "y": Y})
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", ColumnWarning)
        problems.from_frame(frame, target, missing="drop", standardize=False)
    (said,) = [str(each.message) for each in found if "2^53" in str(each.message)]
    least = min(int(cell) for cell in frame["big"].dropna())
    assert said.startswith("table: 'big' holds whole numbers beyond 2^53")
    assert said.endswith(f"at most: subtract {least} before")


@pytest.mark.parametrize("values", [1_600_000_000 * 10**9 + 10**12 * RNG.permutation(N), 2**53 * Y])
def test_rounding_that_changes_nothing_is_not_said(values):
    frame = pd.DataFrame({"a": A, "when": values, "y": Y})
    assert "when" in problems.from_frame(frame, "y", standardize=False).features


@pytest.mark.parametrize("digits", [400, 5000])
def test_whole_numbers_beyond_float64_are_refused_by_their_column(tmp_path, digits):
    body = "".join(f"{'1' * digits},{y}\n" for y in Y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ColumnWarning)  # texts are read as numbers
        with pytest.raises(ValueError, match="column 'k'"):
            read(tmp_path, "k,y\n" + body)


def rows(behind=""):
    return "".join(f"{k // 2},{a},{y}{behind}\n" for k, (a, y) in enumerate(zip(A, Y, strict=True)))


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("k,a,y\n" + rows(",5"), 1),  # a cell that nothing names
        ("k,a,y\n" + rows(",5,6"), 1),
        ("k,a,y\n1,2,3,4\n" + rows(), 1),
        ("k,a,y\n" + rows() + "1,2,3,4\n", 31),
        ("a,y\n" + rows(), 1),  # 0,126 for 0.126
        ("a,y\n" + "".join(f"{a},{a},{y}\n" for a, y in zip(A, Y, strict=True)), 1),
    ],
)
def test_more_cells_than_names_are_refused(tmp_path, text, row):
    with pytest.raises(ValueError, match=rf"row {row} has \d cells below \d names: must have as"):
        read(tmp_path, text)


@pytest.mark.parametrize("behind", [",", ",,"])
@pytest.mark.parametrize("every", [1, 2])
def test_rows_may_end_in_separators(tmp_path, behind, every):
    lines = [
        line + (behind if k % every == 0 else "") for k, line in enumerate(rows().splitlines())
    ]
    made = read(tmp_path, "k,a,y\n" + "\n".join(lines))
    np.testing.assert_array_equal(made.x[:, 1], A)
    np.testing.assert_array_equal(made.y, Y)


@pytest.mark.parametrize(("sep", "name"), [(" ", "t.txt"), ("\t", "t.tsv"), (",", "t.csv")])
def test_names_of_rows_are_said(tmp_path, sep, name):
    body = "".join(f'"Car {k}"{sep}{A[k]}{sep}{Y[k]}\n' for k in range(N))
    with pytest.warns(ColumnWarning, match=r"the first cell of a row \('Car.*'\) has no"):
        made = read(tmp_path, f'"a"{sep}"y"\n{body}', name=name)
    np.testing.assert_array_equal(made.x[:, 0], A)
    np.testing.assert_array_equal(made.y, Y)


@pytest.mark.parametrize("way", ["mean", "sum", "median"])
@pytest.mark.parametrize("cut", [N, N - 4])
def test_margins_of_a_pivot_table_are_no_row(way, cut):
    long = pd.DataFrame({"day": np.arange(N) % 6, "shop": list("ABCDE") * 6, "sold": A})[:cut]
    wide = long.pivot_table(
        index="day", columns="shop", values="sold", aggfunc=way, margins=True, fill_value=0
    )
    with pytest.raises(ValueError, match="row 7, 'All', sums up the rows above it"):
        problems.from_frame(wide, "A")
    problems.from_frame(wide[:-1], "A")


@pytest.mark.parametrize("labels", [(1, 2), (-1, 1), ("1", "2")])
def test_other_labels_than_zero_and_one_are_refused_by_their_column(labels):
    frame = pd.DataFrame({"a": A, "ill": np.where(Y > 0, *labels)})
    message = rf"column 'ill', row \d+: -?[12]: must be 0 or 1 .* loss; 'ill' == {labels[1]} is so"
    with pytest.raises(ValueError, match=message):
        problems.from_frame(frame, "ill", kind="logistic")
    problems.from_frame(frame.assign(ill=frame["ill"] == labels[1]), "ill", kind="logistic")


def test_a_target_below_zero_is_refused_by_its_row():
    with pytest.raises(
        ValueError, match=r"column 'n', row 2: -3: must be .* for the poisson loss$"
    ):
        problems.from_frame(pd.DataFrame({"a": A[:3], "n": [1, -3, 4]}), "n", kind="poisson")


def test_what_rows_have_in_common_is_no_name_of_theirs():
    frame = pd.DataFrame({"a": A, "firm": list("uvw") * 10, "year": np.arange(N) // 3, "y": Y})
    with pytest.warns(ColumnWarning, match="'firm', the index, is no feature: reset_index"):
        problems.from_frame(frame.set_index("firm"), "y", features=["a"])
    said = r"'firm', 'year', in the index, are no features: reset_index\(\) makes columns of them"
    with pytest.warns(ColumnWarning, match=said):
        problems.from_frame(frame.set_index(["firm", "year"]), "y")
    days = pd.date_range("2026-01-01", periods=N, name="day").floor("2D")
    problems.from_frame(frame[["a", "y"]].set_index(days), "y")
    problems.from_frame(frame[["a", "y"]].set_index(pd.Index(map(str, range(N)), name="who")), "y")


def test_a_table_that_pandas_has_no_type_for_is_refused():
    class Foreign:
        def to_pandas(self):
            raise pa.ArrowInvalid("unsupported format string:\n '_pli128'")

    with pytest.raises(ValueError, match=r"frame: can't be a DataFrame of pandas' \(unsupported f"):
        problems.from_frame(Foreign(), "y")
