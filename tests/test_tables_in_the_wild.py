"""Tables as people keep them: with totals, units, groups of columns, and numbers for no value."""

from __future__ import annotations

import contextlib
import datetime
import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse

from simopt import problems
from simopt.analysis.recommendation import data
from simopt.curves.logs import read_log
from simopt.problems import amounts, files
from simopt.problems.features import ColumnWarning
from simopt.problems.texts import DATE
from simopt.problems.written import written

N = 30
RNG = np.random.default_rng(5)
A, B = RNG.normal(size=(2, N)).round(3)
Y = (2 * A - B).round(3)
ROWS = "".join(f"{a},{b},{y}\n" for a, b, y in zip(A, B, Y, strict=True))
FRAME = pd.DataFrame({"a": A, "b": B, "y": Y})


def read(folder, text, target="y", name="t.csv", **options):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return problems.read_table(path, target, **options)


def same(problem):
    np.testing.assert_array_equal(problem.x[:, :2], np.column_stack([A, B]))
    np.testing.assert_array_equal(problem.y, Y)


def totals(label):
    """A row that sums up the others, as a spreadsheet computes it: before they are rounded."""
    word, way = label
    return ",".join([word, *(f"{way(column) + 0.0004:.3f}" for column in (A, B, Y))])


@pytest.mark.parametrize("label", [("Total", np.sum), ("Grand total:", np.sum), ("Mean", np.mean)])
def test_a_row_of_totals_is_no_point(tmp_path, label):
    text = "shop,a,b,y\n" + "".join(f"s{k},{row}\n" for k, row in enumerate(ROWS.splitlines()))
    with pytest.raises(ValueError, match=rf"row 31, '{label[0]}', sums up the rows above it"):
        read(tmp_path, text + totals(label) + "\n")


def measured(seed, rows, places):
    rng = np.random.default_rng(seed)
    values = rng.normal((100, 50, 50), (10, 5, 5), (rows, 3)).round(places)
    return pd.DataFrame(values, columns=["a", "b", "y"])


@pytest.mark.parametrize("rows", [50, 100, 300])
@pytest.mark.parametrize("word", ["Average", "media", "Total"])
def test_an_ordinary_last_row_is_no_total_whatever_it_is_called(rows, word):
    for seed in range(40):
        frame = measured(seed, rows, 3).assign(shop=[f"s{k}" for k in range(rows - 1)] + [word])
        for features in (["a"], ["a", "b"]):
            problem = problems.from_frame(frame, "y", features=features, standardize=True)
            assert len(problem.y) == rows


@pytest.mark.parametrize("way", ["sum", "mean"])
@pytest.mark.parametrize(("places", "printed"), [(0, 0), (0, 2), (3, 1), (3, 3), (12, 12)])
def test_totals_are_known_by_the_digits_that_they_have(way, places, printed):
    frame = measured(0, 50, 12)
    last = frame.agg(way).round(printed)
    words = [*(f"s{k}" for k in range(50)), "Average"]
    frame = pd.concat([frame.round(places), last.to_frame().T]).assign(shop=words)
    with pytest.raises(ValueError, match="frame: row 51, 'Average', sums up the rows above"):
        problems.from_frame(frame, "y", standardize=True)
    frame.iloc[-1, 0] += 1e-4 + 2 * 10.0**-printed + 50 * 10.0**-places
    problem = problems.from_frame(frame, "y", features=["a", "b"], standardize=True)
    assert len(problem.y) == 51


def test_a_grade_that_recurs_is_no_name_of_a_total():
    frame = measured(0, 30, 0)
    frame = pd.concat([frame, frame.mean().to_frame().T]).assign(grade=["Good", *["Average"] * 30])
    problem = problems.from_frame(frame, "y", features=["a", "b"], standardize=True)
    assert len(problem.y) == 31


def test_totals_without_a_name():
    row = FRAME.sum().to_frame().T
    with pytest.raises(ValueError, match="frame: row 31 sums up the rows above it: must be left"):
        problems.from_frame(pd.concat([FRAME, row]), "y")
    problem = problems.from_frame(FRAME, "y")
    with pytest.raises(ValueError, match="table: row 31 sums up"):
        problems.held_out(pd.concat([FRAME, row]), problem)


@pytest.mark.parametrize(
    "rows",
    [
        {"x": [0, 1, 0, 1], "z": [0, 0, 1, 1], "y": [0, 1, 1, 2]},  # the last is their sum
        {"x": np.zeros(N), "z": np.arange(N) ** 2, "y": np.arange(N)},
        {"part": ["a", "b", "c", "Total"], "x": [1.0, 2.0, 4.0, 3.0], "y": [1.0, 2.0, 3.0, 4.0]},
        {"x": [1.0, 1.0], "y": [2.0, 2.0]},
    ],
)
def test_rows_that_are_no_totals(rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        problem = problems.from_frame(pd.DataFrame(rows), "y", intercept=False)
    assert len(problem.y) == len(rows["y"])


UNITS = [
    "m,kg,s",
    "[m],[kg],-",
    "float64,float64,int",
    "(m),(kg/m2),°C",
    "km/h,kg m^-2,s-1",
    "W/(m2 K),µg/m³,%",
    "[a],[b],[c]",
    "years,Inches,USD",
    "10^3 t,million €,per day",
    ",cm,mmol/L",
]


@pytest.mark.parametrize("units", UNITS)
def test_a_line_of_units_is_no_row(tmp_path, units):
    with pytest.warns(ColumnWarning, match="the line '.* has units"):
        same(read(tmp_path, f"a,b,y\n{units}\n{ROWS}"))
    options = written(tmp_path / "t.csv").options
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "t.csv", **options), FRAME)


@pytest.mark.parametrize("first", ["NA,NA,1.5", "-,-,-", "n/a,,1"])
def test_a_row_without_values_is_no_line_of_units(tmp_path, first):
    problem = read(tmp_path, f"a,b,y\n{first}\n{ROWS}", missing="drop")
    same(problem)
    with pytest.raises(ValueError, match="row 1: no value"):
        read(tmp_path, f"a,b,y\n{first}\n{ROWS}")


@pytest.mark.parametrize("row", ["unknown,unknown,low", "x,y,z", "Rome,high,m", "none,m,see note"])
def test_a_row_of_words_is_no_line_of_units(tmp_path, row):
    with pytest.raises(ValueError, match="column '.', row 1: .*must be a finite number"):
        read(tmp_path, f"a,b,y\n{row}\n{ROWS}")


@pytest.mark.parametrize("first", ["r0,Bob,", "r0,Bob,NA", ",Bob,", "0,,"])
def test_a_first_row_below_an_index_without_a_name_is_a_row(tmp_path, first):
    rows = "".join(f"r{k},{'Ann' if k % 2 else 'Eve'},{k}.5\n" for k in range(1, N))
    problem = read(
        tmp_path, f",name,y\n{first}\n{rows}", features=["name"], categories="dummy", missing="drop"
    )
    np.testing.assert_array_equal(problem.y, np.arange(1, N) + 0.5)


@pytest.mark.parametrize("second", [",m,kg,s", ",[m],[kg],[s]"])
def test_units_below_an_index_without_a_name(tmp_path, second):
    rows = "".join(f"{k},{row}\n" for k, row in enumerate(ROWS.splitlines()))
    with pytest.warns(ColumnWarning, match="has units"):
        same(read(tmp_path, f",a,b,y\n{second}\n{rows}", features=["a", "b"]))


def test_a_wrong_cell_is_no_unit(tmp_path):
    with pytest.raises(ValueError, match="column 'a', row 1: 'x'"):
        read(tmp_path, f"a,b,y\nx,1.0,2.0\n{ROWS}")


@pytest.mark.parametrize("groups", ["in,in,out", "in,,out", ",,"])
def test_groups_above_the_names(tmp_path, groups):
    above = pytest.warns(ColumnWarning, match="groups") if groups != ",," else no_warning()
    with above:
        same(read(tmp_path, f"{groups}\na,b,y\n{ROWS}"))


@contextlib.contextmanager
def no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_columns_that_pandas_nests(tmp_path):
    for groups in ("xxt", "uvt"):
        nested = FRAME.set_axis(pd.MultiIndex.from_arrays([list(groups), list("aby")]), axis=1)
        nested.to_csv(tmp_path / "t.csv")
        with pytest.warns(ColumnWarning):
            same(problems.read_table(tmp_path / "t.csv", "y"))


@pytest.mark.parametrize(
    "title", ["Sales 2025,,\n", "Sales 2025,,\nby me,,\n", "Sales 2025,,\n,,\n"]
)
def test_titles_of_a_spreadsheet(tmp_path, title):
    with no_warning():
        same(read(tmp_path, f"{title}a,b,y\n{ROWS}"))


@pytest.mark.parametrize("value", [-999, 99, 9999, -32768])
def test_numbers_that_stand_for_no_value_are_said(value):
    frame = FRAME.assign(a=np.where(np.arange(N) % 10, A, value))
    with pytest.warns(ColumnWarning, match=f"'a' is {value} in 3 rows, far from all others"):
        problems.from_frame(frame, "y", standardize=True)
    frame = FRAME.assign(y=np.where(np.arange(N) % 10, Y, value))
    with pytest.warns(ColumnWarning, match=f"'y' is {value} in 3 rows"):
        problems.from_frame(frame, "y", standardize=True)


@pytest.mark.parametrize(
    "values",
    [
        np.arange(N) % 10 * 111.0,  # 999 among its kind
        np.where(np.arange(N) % 2, 99.0, 0.0),  # two values
        np.where(np.arange(N) == 7, 99.0, A),  # once
        np.where(np.arange(N) % 10, A, 50.0),
    ],
)
def test_numbers_that_are_values(values):
    with no_warning():
        problems.from_frame(FRAME.assign(a=values), "y", standardize=True)


def grouped(k):
    return f"{100 * k:,}".replace(",", ".")


def test_points_that_group_thousands_beside_whole_numbers(tmp_path):
    rows = "".join(f"{grouped(k * k)},{k}\n" for k in range(1, N))
    with pytest.raises(
        ValueError, match=r"column 'a': '1.600' may group thousands or not: .*decim"
    ):
        read(tmp_path, "a,y\n" + rows, standardize=True)
    problem = read(tmp_path, "a,y\n" + rows, decimal=",", standardize=False)
    np.testing.assert_array_equal(problem.x[:, 0], 100.0 * np.arange(1, N) ** 2)
    frame = pd.DataFrame({"a": [grouped(k * k) for k in range(1, N)], "y": range(1, N)})
    remedy = r"by numbers in place of texts or decimal= of read_table; \.astype\(float\)"
    with pytest.raises(ValueError, match=r"'a': '1.600' may group thousands or not: .*" + remedy):
        problems.from_frame(frame, "y")


def test_what_is_advised_of_doubtful_texts_of_a_frame_helps():
    frame = FRAME.assign(a=np.where(A > 0, "1.250", "2"))
    with pytest.raises(ValueError, match=r"'1\.250' may group thousands or not"):
        problems.from_frame(frame, "y")
    problem = problems.from_frame(frame.assign(a=frame["a"].astype(float)), "y")
    np.testing.assert_array_equal(problem.x[:, 0], np.where(A > 0, 1.25, 2.0))


@pytest.mark.parametrize(
    ("cells", "doubtful"),
    [
        (["900", "1.000"], "1.000"),
        (["0", "900", "12.500", "1.234"], "12.500"),
        (["900", "1.125"], None),  # as Python prints it
        (["0.900", "1.000"], None),
        (["1500", "1.000"], None),
        (["900", "1.5", "1.000"], None),
        (["900", "1.000", "-"], None),
    ],
)
def test_which_points_may_group(cells, doubtful):
    assert amounts.may_group(cells) == doubtful


@pytest.mark.parametrize(
    "cell",
    [
        "{}±0.1",
        "{} ± 0.10",
        "{}+/-0.1",
        "~{}",
        "{}(12)",
        "{}***",
        "€{}M",
        "{}k",
        "1h {}m",
        "'{}",
        '="{}"',
    ],
)
@pytest.mark.parametrize("categories", [None, "dummy"])
def test_numbers_with_more_than_a_unit_are_refused(cell, categories):
    values = [k if "h" in cell else k + 0.5 for k in range(N)]
    frame = FRAME.assign(a=[cell.format(value) for value in values])
    with pytest.raises(ValueError, match="column 'a', row 1: .*must be a finite number, in digits"):
        problems.from_frame(frame, "y", categories=categories)


@pytest.mark.parametrize("unit", ["kg", "GHz", "km/h", "m²", "min", "EUR"])
def test_units_without_a_space(tmp_path, unit):
    frame = FRAME.assign(a=[f"{value}{unit}" for value in A])
    with pytest.warns(ColumnWarning, match=f"read as numbers 'a' in {unit}"):
        problem = problems.from_frame(frame, "y", features=["a"], standardize=False)
    np.testing.assert_array_equal(problem.x[:, 0], A)
    frame.to_csv(tmp_path / "t.csv", index=False)
    lines = data.from_file(tmp_path / "t.csv", "y").lines
    names = {"np": np}
    exec("\n".join(lines), names)  # noqa: S102: what a recommendation prints
    np.testing.assert_array_equal(names["x"][:, 0], A)


@pytest.mark.parametrize("cell", ["{}M", "{}th", "{}GB", "{}a"])
def test_letters_that_are_no_one_unit(cell):
    texts = [cell.format(k) for k in (1, 2, 3)] + (["1TB"] if "GB" in cell else [])
    assert amounts.read(texts) is None


@pytest.mark.parametrize(
    "texts", [["1st", "2nd", "3rd"], ["<=50K", ">50K", "?50K"], ["4K", "8K", "2K"]]
)
def test_texts_with_numbers_in_them_stay_texts(texts):
    problem = problems.from_frame(FRAME.assign(a=texts * 10), "y", categories="dummy")
    assert len(problem.features) == 4


def test_cells_of_their_own_type():
    class Scalar:  # as a tensor is, whose dtype is none of NumPy's
        shape, dtype = (), "torch.float32"

        def __init__(self, value):
            self.item = lambda: value

        def __len__(self):
            raise TypeError("len() of a 0-d tensor")

    for kind in (np.array, Scalar):
        held = pd.Series([kind(value) for value in A.tolist()], dtype=object)
        same(problems.from_frame(FRAME.assign(a=held), "y"))
    for value in (
        datetime.time(12, 30),
        datetime.timedelta(hours=1),
        np.datetime64("2026-01-31", "ns"),
        np.timedelta64(90, "ns"),
        np.array(np.datetime64("2026-01-31", "ns")),
        pd.Timestamp("2026-01-31"),
        pd.Period("2026-01", "M"),
    ):
        frame = FRAME.assign(at=pd.Series([value] * N, dtype=object))
        with pytest.warns(ColumnWarning, match=r"left out 'at' \(dates or times\)"):
            same(problems.from_frame(frame, "y"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PAR1\x15\x04", "it holds Parquet, whatever its name says"),
        (b"ARROW1\0\0\xff", "it holds Arrow"),
        (b"\n<HTML><body>", "it holds a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git's pointer to a large file"),
        (b"a,b,y\n1,2,3\n" * 9 + b"\0\0", "it is no text: byte 109 is 0"),
    ],
)
def test_what_is_no_text_is_said(tmp_path, data, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, data)


@pytest.mark.parametrize("mark", ["par1", "PAR1", "arrow1", "ARROW1", "sqlite format 3", "html"])
def test_headings_that_begin_as_other_formats_do(tmp_path, mark):
    problem = read(tmp_path, f"{mark},b,y\n{ROWS}")
    same(problem)
    assert problem.features[0] == mark


def test_a_table_without_a_heading(tmp_path):
    with pytest.raises(ValueError, match=r"these are numbers: has the table no heading\?"):
        read(tmp_path, ROWS)


def test_other_formats_go_by_pandas(tmp_path):
    with pytest.raises(ValueError, match="pandas has readers, such as read_excel, and from_frame"):
        read(tmp_path, "", name="t.xlsx")


class Tensor:
    """What PyTorch's tensors do, as far as NumPy meets them."""

    def __init__(self, values, *, grad=False, device="cpu", dtype="torch.float32"):
        self.values, self.grad, self.device, self.dtype = values, grad, device, dtype

    def __len__(self):
        return len(self.values)

    def detach(self):
        return Tensor(self.values, device=self.device, dtype=self.dtype)

    def cpu(self):
        return Tensor(self.values, grad=self.grad, dtype=self.dtype)

    def float(self):
        return Tensor(self.values, grad=self.grad, device=self.device)

    def __array__(self, dtype=None, copy=None):
        if self.grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        if self.device != "cpu" or "bfloat16" in self.dtype:
            raise TypeError("can't convert")
        return np.asarray(self.values, dtype)


@pytest.mark.parametrize("how", [{"grad": True}, {"device": "cuda:0"}, {"dtype": "torch.bfloat16"}])
def test_tensors(how):
    points = Tensor(np.column_stack([A, B]), **how)
    same(problems.least_squares(points, Tensor(Y, **how)))


def test_a_file_in_place_of_numbers_is_left_as_it_was(tmp_path):
    (tmp_path / "t.csv").write_text("1\n2\n")
    with open(tmp_path / "t.csv") as file:
        with pytest.raises(ValueError, match=r"x=.*: must be"):
            problems.least_squares(file, Y)
        assert file.read() == "1\n2\n"


@pytest.mark.parametrize("method", ["collect", "compute"])
def test_what_must_first_be_computed_is_said(method):
    """Frames of polars and Spark, and of Dask, which has pandas' attributes besides."""
    told = {"columns": ("a", "loss"), method: lambda: FRAME}
    lazy = SimpleNamespace(**told, **({"iloc": None} if method == "compute" else {}))
    said = rf"a DataFrame, as \.{method}\(\) makes it"
    with pytest.raises(ValueError, match=said):
        problems.from_frame(lazy, "y")
    with pytest.raises(ValueError, match=said):
        read_log(lazy)
    if method == "collect":  # NumPy computes an array of Dask's, as of any that is one
        with pytest.raises(ValueError, match=r"x=.*: must be .*, as \.collect\(\) makes them"):
            problems.least_squares(lazy, Y)


def test_sparse_arrays_are_refused_with_what_makes_them_dense():
    with pytest.raises(ValueError, match=r"x=.*: must be .*dense as \.toarray\(\) makes it"):
        problems.least_squares(scipy.sparse.csr_array(np.column_stack([A, B])), Y)


def test_a_table_of_one_column_is_no_target():
    with pytest.raises(ValueError, match=r"y='shape \(30, 1\)': must be an array \[n\]"):
        problems.least_squares(FRAME[["a", "b"]], FRAME[["y"]])


def test_most_rows_dropped_is_said():
    frame = FRAME.assign(a=np.where(np.arange(N) < 20, np.nan, A))
    with pytest.warns(
        ColumnWarning, match="20 of 30 rows lack a value and are left out; 'a' alone"
    ):
        assert len(problems.from_frame(frame, "y", missing="drop").y) == 10
    frame = FRAME.assign(a=np.where(np.arange(N) < 15, np.nan, A))
    with no_warning():
        problems.from_frame(frame, "y", missing="drop")
    frame = frame.assign(y=np.where(np.arange(N) > 8, np.nan, Y), a=A)
    with pytest.warns(ColumnWarning, match="21 of 30 rows .*; 'y' alone has none in 21"):
        assert len(problems.from_frame(frame, "y", missing="drop").y) == 9


def test_an_index_of_numbers_is_no_feature():
    with pytest.warns(ColumnWarning, match="'a', the index, is no feature: reset_index"):
        assert problems.from_frame(FRAME.set_index("a"), "y").features == ("b", "intercept")
    with no_warning():
        problems.from_frame(FRAME.rename_axis("row_id"), "y")
        problems.from_frame(FRAME.rename_axis("day"), "y")


@pytest.mark.parametrize(
    "text",
    [
        "Apr-1-1995", "1/Apr/1995", "1995-Apr-01", "April 1, 1995", "Apr. 1 1995", "1. April 1995",
        "1st of May 1995".replace(" of", ""), "01APR1995", "01APR1995:12:30:00", "1-Apr-95",
        "Apr 1995", "1995 April", "Sat, 1 Apr 1995 12:00:00 GMT", "2024-W05", "2024-W05-1",
        "1995Q1", "Q1 1995", "1995-04-01T12:00:00Z",
    ],
)  # fmt: skip
def test_dates_as_people_write_them(text):
    assert DATE.fullmatch(text)


@pytest.mark.parametrize(
    "text",
    ["Marker 1995", "Decision-12-95x", "Junior 5", "12", "1995", "May", "Q1", "2024-5", "1 Mar"],
)
def test_what_is_no_date(text):
    assert not DATE.fullmatch(text)


@pytest.mark.parametrize(
    "make",
    [
        pd.Categorical,
        lambda cells: pd.Series(cells, dtype="string"),
        lambda cells: pd.Series(cells, dtype=pd.ArrowDtype(pa.string())),
        lambda cells: pd.Series(pd.Categorical(cells)).astype(
            pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))
        ),
    ],
)
def test_white_space_around_texts_of_any_type_says_nothing(tmp_path, make):
    cells = [" Rome", "Rome ", "Bari"] * 10
    frame = FRAME.assign(city=make(cells))
    frame.to_parquet(tmp_path / "t.parquet")
    for problem in (
        problems.from_frame(frame, "y", categories="one-hot"),
        problems.read_table(tmp_path / "t.parquet", "y", categories="one-hot"),
    ):
        assert set(problem.features) == {"a", "b", "city_Bari", "city_Rome", "intercept"}
        rome = problem.x[:, problem.features.index("city_Rome")]
        np.testing.assert_array_equal(rome, [cell.strip() == "Rome" for cell in cells])


def test_a_category_of_white_space_is_no_value():
    frame = FRAME.assign(city=pd.Categorical(["Rome", "Bari", " "] * 10))
    with pytest.raises(ValueError, match="column 'city', row 3: no value"):
        problems.from_frame(frame, "y", categories="one-hot")


def test_the_order_of_categories_stays_without_white_space():
    order = pd.CategoricalDtype([" low", "high "], ordered=True)
    frame = FRAME.assign(level=pd.Series([" low", "high "] * 15, dtype=order))
    assert problems.from_frame(frame, "y", categories="dummy").features[2] == "level_high"


def test_one_text_has_no_dummy_column():
    frame = FRAME.assign(city=["Rome"] * (N - 1) + ["Bari"])
    frame.loc[N - 1, "a"] = np.nan
    with pytest.warns(ColumnWarning, match="left out 'city' .*one text has no dummy column"):
        problem = problems.from_frame(frame, "y", categories="dummy", missing="drop")
    assert problem.features == ("a", "b", "intercept")
    alone = frame.assign(y=frame["a"])[["city", "y"]]
    with pytest.raises(ValueError, match="'city', which has one text alone in the rows that are"):
        problems.from_frame(alone, "y", categories="dummy", missing="drop")


def test_an_answer_of_no_is_no_number():
    counts = {
        "smoker_yes_ill_yes": [60, 32, 11], "smoker_yes_ill_no": [40, 7, 13],
        "smoker_no_ill_no": [41, 4, 12], "serial_no": [301, 405, 777], "y": [1.0, 2.0, 3.0],
    }  # fmt: skip
    with pytest.warns(ColumnWarning, match=r"left out 'serial_no' \(an identifier\)"):
        problem = problems.from_frame(pd.DataFrame(counts).drop(columns="smoker_yes_ill_yes"), "y")
    assert problem.features == ("smoker_yes_ill_no", "smoker_no_ill_no", "intercept")


@pytest.mark.parametrize("heading", ["% a b y", "%% made by hand\n% a b y", "# a b y"])
def test_a_heading_behind_a_mark_of_remarks(tmp_path, heading):
    same(read(tmp_path, f"{heading}\n{ROWS.replace(',', ' ')}", name="t.txt"))


def test_a_name_that_begins_with_a_share(tmp_path):
    assert read(tmp_path, "% fat,b,y\n" + ROWS).features == ("% fat", "b", "intercept")


def test_what_stands_for_no_value_in_mysql(tmp_path):
    text = "a,b,y\n" + ROWS + "\\N,1.5,2.5\n"
    same(read(tmp_path, text, missing="drop"))


@pytest.mark.parametrize(
    "footer", ["Source: World Bank", "* estimated", "Last Updated: 2026-05-01"]
)
@pytest.mark.parametrize("ending", ["\n", ",,\n"])
def test_remarks_below_a_table_are_no_rows(tmp_path, footer, ending):
    with pytest.warns(ColumnWarning, match="the last line '.*' is a remark, and no row"):
        same(read(tmp_path, "a,b,y\n" + ROWS + "\n" + footer + ending))


def test_a_last_row_of_one_cell_is_refused(tmp_path):
    with pytest.raises(ValueError, match="row 31: 'Oslo'"):
        read(tmp_path, "a,b,y\n" + ROWS + "Oslo,,\n")


@pytest.mark.parametrize("above", ["", "\n\n", "# remark\n", "A title\n\n"])
@pytest.mark.parametrize("late", [1, 300])
def test_separators_that_some_rows_end_in_hold_nothing(tmp_path, above, late):
    """Spreadsheets write them behind cells that were used; pandas refuses some and cuts others."""
    path = tmp_path / "points.csv"
    rows = [f"{k % 13},{(k * 7) % 11},{2 * (k % 13) + (k * 7) % 11}.5" for k in range(400)]
    ragged = [row + "," * (k % 3 if k >= late else 0) for k, row in enumerate(rows)]
    path.write_text(above + "a,b,y\n" + "\n".join(ragged) + "\n")
    problem = problems.read_table(path, "y", features=["a", "b"])
    np.testing.assert_allclose(problem.optimum, [2.0, 1.0, 0.5], atol=1e-9)
    for first in ("", ","):  # a value behind them, also where all rows end so
        path.write_text(
            "a,b,y\n" + "".join(f"{r}{',7' if k == 299 else first}\n" for k, r in enumerate(rows))
        )
        with pytest.raises(
            ValueError, match="row 300 has 4 cells below 3 names: must have as many"
        ):
            problems.read_table(path, "y")


def test_counted_rows_without_a_point_may_be_cut_at_a_decimal_comma(tmp_path):
    """0,1,0 is row 0 with 1 and 0, or 0 and 1,0: so it is said."""
    path = tmp_path / "points.csv"
    path.write_text("a,y\n" + "".join(f"{k},{k % 3 + 1},{k * 5 % 7}\n" for k in range(12)))
    with pytest.warns(problems.ColumnWarning, match="has no name in the heading: it is the row's"):
        problems.read_table(path, "y")


@pytest.mark.parametrize(("mark", "point"), [(".", ","), (",", "."), ("'", ".")])
def test_what_groups_thousands_stands_in_dates_and_versions_too(tmp_path, mark, point):
    """Of 01.03.2024 pandas makes 1032024 where points group thousands, and a feature of that."""

    def grouped(value):
        return f"{value:,.2f}".translate(str.maketrans({",": mark, ".": point}))

    k = np.arange(30)
    area, rate = 1000 + 2500.5 * ((7 * k) % 30), (k * 11) % 7 + 0.25
    rows = zip(k, area, rate, 2 * area + rate, strict=True)
    path = tmp_path / "points.csv"
    path.write_text(
        "area;rate;sold;version;new;y\n"
        + "".join(
            f"{grouped(a)};{grouped(b)};{1 + i % 28:02}{mark}03{mark}2024;{i}{mark}2{mark}{i};"
            f"{['TRUE', 'FALSE'][i % 2]};{grouped(y)}\n"
            for i, a, b, y in rows
        )
    )
    frame = files.read_file(path)
    np.testing.assert_array_equal(frame["area"], area)
    np.testing.assert_array_equal(frame["y"], 2 * area + rate)
    assert frame["version"].iloc[3] == f"3{mark}2{mark}3"
    assert frame["sold"].iloc[0] == f"01{mark}03{mark}2024"
    assert frame["new"].tolist() == [i % 2 == 0 for i in k]


@pytest.mark.parametrize("below", ["(30 rows)", "Generated by Excel on 1 March", "Exported,,"])
def test_remarks_of_programs_below_a_table(tmp_path, below):
    with pytest.warns(ColumnWarning, match="is a remark, and no row"):
        problem = read(tmp_path, f"a,b,y\n{ROWS}{below}\nSource: here\n")
    assert len(problem.y) == N


@pytest.mark.parametrize("cell", ["#DIV/0!", "#VALUE!", "#NUM!", "..", ":"])
def test_what_excel_and_statisticians_write_for_no_value(tmp_path, cell):
    text = f"a,b,y\n{ROWS}0.5,{cell},1.5\n"
    with pytest.raises(ValueError, match="column 'b', row 31: no value"):
        read(tmp_path, text)
    assert len(read(tmp_path, text, missing="drop").y) == N


def test_a_first_column_without_a_name_that_rises_evenly_is_an_index(tmp_path):
    text = FRAME.set_index(pd.Index(np.arange(N) * 0.25)).to_csv()
    with pytest.warns(ColumnWarning, match="'Unnamed: 0' \\(the row index\\)"):
        assert read(tmp_path, text).features == ("a", "b", "intercept")
    uneven = FRAME.set_index(pd.Index(A**2)).to_csv()
    assert read(tmp_path, uneven).features[0] == "Unnamed: 0"


STATISTICS = {
    "Min": np.min,
    "Max": np.max,
    "Mean": np.mean,
    "Median": np.median,
    "Std": np.std,
    "SD": lambda column: np.std(column, ddof=1),
    "Std. dev.": np.std,
    "Count": len,
    "Total": np.sum,
}


@pytest.mark.parametrize(
    "words", [["Mean", "Std"], ["Min", "Max", "Mean"], ["Count"], ["Total", "SD"]]
)
@pytest.mark.parametrize("places", [3, 9])
def test_rows_of_statistics_are_no_points(tmp_path, words, places):
    """Each tells of the points alone, not of the rows above it."""
    text = "shop,a,b,y\n" + "".join(f"s{k},{row}\n" for k, row in enumerate(ROWS.splitlines()))
    for word in words:
        cells = (f"{STATISTICS[word](column):.{places}f}" for column in (A, B, Y))
        text += ",".join([word, *cells]) + "\n"
    with pytest.raises(ValueError, match=rf"row 31, '{words[0]}', sums up the rows above it"):
        read(tmp_path, text)


@pytest.mark.parametrize("word", list(STATISTICS))
@pytest.mark.parametrize("rows", [5, 50])
def test_an_ordinary_last_row_is_no_statistic_whatever_it_is_called(rows, word):
    for seed in range(40):
        frame = measured(seed, rows, 3).assign(shop=[f"s{k}" for k in range(rows - 1)] + [word])
        assert len(problems.from_frame(frame, "y", features=["a", "b"], standardize=True).y) == rows


@pytest.mark.parametrize(
    "cells", [("{} kg", "{} g"), ("{}GB", "{}TB"), ("{} km/h", "{} mph", "{} m/s")]
)
@pytest.mark.parametrize("categories", [None, "dummy"])
def test_numbers_in_several_units_are_refused(cells, categories):
    """All of them different, they were taken for names of the rows, and left out."""
    column = [cells[k % len(cells)].format(k + 0.5) for k in range(N)]
    with pytest.raises(
        ValueError, match="column 'a', row 1: .*must be a finite number in one unit"
    ):
        problems.from_frame(FRAME.assign(a=column), "y", categories=categories)


@pytest.mark.parametrize("word", ["Max", "Min", "Median"])
@pytest.mark.parametrize("levels", [2, 5])
def test_ratings_that_recur_are_no_statistics(word, levels):
    """Max has the highest ratings, as many others have: it was refused."""
    values = np.random.default_rng(0).integers(0, levels, (13, 3))
    values[-1] = {"Max": values.max(0), "Min": values.min(0)}.get(word, np.median(values, axis=0))
    frame = pd.DataFrame(values, columns=["a", "b", "y"]).assign(dog=[*"abcdefghijkl", word])
    assert len(problems.from_frame(frame, "y", features=["a", "b"], standardize=True).y) == 13


@pytest.mark.parametrize("units", [("week", "weeks"), ("hr", "hrs"), ("lb", "lbs")])
def test_one_thing_and_several_are_one_unit(units):
    cells = [f"{2 * k + 1} {units[k > 0]}" for k in range(N)]
    rows = RNG.permutation(N)
    frame = FRAME.assign(c=np.array(cells)[rows])
    with pytest.warns(ColumnWarning, match=f"read as numbers 'c' in {units[1]}"):
        problem = problems.from_frame(frame, "y")
    np.testing.assert_array_equal(problem.x[:, 2], 2 * rows + 1)


@pytest.mark.parametrize(
    "cells",
    [
        ("{} A", "{} B"),
        ("{} a", "{} b"),
        ("{}th", "{}st"),
        ("{} Elm", "{} Oak"),
        ("{} am", "{} pm"),
        ("{} PA", "{} MA"),
    ],
)
def test_letters_behind_numbers_are_names(cells):
    column = [cells[k % len(cells)].format(k) for k in range(N)]
    with pytest.warns(ColumnWarning, match=r"left out 'c' \(an identifier\)"):
        same(problems.from_frame(FRAME.assign(c=column), "y"))


def test_a_median_of_small_numbers_is_told_of():
    """Chance may have made it, so that it is no error; it was taken for a point without a word."""
    frame = pd.DataFrame({"a": range(1, 11), "y": [3, 1, 4, 1, 5, 9, 2, 6, 5, 3]}).astype(float)
    frame = frame.set_axis(list("abcdefghij"))
    frame.loc["Median"] = frame.median()
    with pytest.warns(UserWarning, match="row 11, 'Median', may sum up the rows above it"):
        assert len(problems.from_frame(frame, "y").y) == 11
    frame.loc["Median"] += 1
    assert len(problems.from_frame(frame, "y").y) == 11


@pytest.mark.parametrize("word", ["missing", "unknown", "n.d.", "N/D", "(null)", "TBD", "#DIV/0!"])
def test_words_for_no_value_among_numbers(word):
    column = FRAME["a"].astype(object).where(FRAME.index % 5 != 2, word)
    dropped = problems.from_frame(FRAME.assign(a=column), "y", missing="drop")
    np.testing.assert_array_equal(dropped.x[:, 0], FRAME["a"][FRAME.index % 5 != 2])
    with pytest.raises(ValueError, match="column 'a', row 3: no value"):
        problems.from_frame(FRAME.assign(a=column), "y")


@pytest.mark.parametrize(
    "form", ["2026\u5e741\u6708{}\u65e5", "2026\ub144 1\uc6d4 {}\uc77c", "KW {} 2026"]
)
def test_dates_of_more_countries(form):
    column = [form.format(k % 28 + 1) for k in range(N)]
    with pytest.warns(ColumnWarning, match=r"left out 'd' \(dates or times\)"):
        same(problems.from_frame(FRAME.assign(d=column), "y"))
