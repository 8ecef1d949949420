"""Tables: which columns are features, how files are written, texts, missing cells, scales."""

import bz2
import datetime
import decimal
import gzip
import lzma
import pickle
import warnings
import zipfile

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt import noise_scale, problems
from simopt.sweeps import naming

N = 200
RNG = np.random.default_rng(7)
A, B = RNG.normal(size=N), RNG.normal(size=N)
Y = 3 * A + RNG.normal(size=N)
PLAIN = pd.DataFrame({"a": A, "b": B, "y": Y})

#: Columns that predict nothing, by what they are.
NO_FEATURES = {
    "the row index": [
        ("Unnamed: 0", range(N)),
        ("Unnamed: 0.1", range(1, N + 1)),
        ("index", RNG.permutation(N)),
        ("level_0", [0, 1, 2, 3] * (N // 4)),
        ("__index_level_0__", range(N)),
        ("rownames", range(1, N + 1)),
        ("", range(N)),
        ("index", [f"row {k}" for k in range(N)]),
    ],
    "only counts the rows": [
        ("n", range(N)),
        ("t", range(1900, 1900 + N)),
        ("shuffled", RNG.permutation(N) + 5),
        ("after a filter", np.flatnonzero(RNG.random(2 * N) < 0.7)[:N]),
        ("float", np.arange(N, dtype=float)),
    ],
    "an identifier": [
        ("id", RNG.permutation(10**6)[:N]),
        ("customer_id", RNG.permutation(10**6)[:N]),
        ("PassengerId", RNG.permutation(10**6)[:N]),
        ("Order No", RNG.permutation(10**6)[:N]),
        ("name", [f"n{k}" for k in RNG.permutation(N)]),
    ],
    "dates or times": [
        ("when", pd.date_range("2020-01-01", periods=N)),
        ("zone", pd.date_range("2020-01-01", periods=N, tz="Europe/Rome")),
        ("month", pd.period_range("2020-01", periods=N, freq="M")),
        ("took", pd.to_timedelta(RNG.integers(1, 99, N), unit="s")),
        ("day", [datetime.date(2020, 1, 1 + k % 28) for k in range(N)]),
        ("iso", pd.date_range("2020-01-01", periods=N).astype(str)),
        ("stamp", pd.date_range("2020-01-01", periods=N, freq="37min").strftime("%FT%TZ")),
        ("german", pd.date_range("2020-01-01", periods=N).strftime("%d.%m.%Y")),
        ("us", pd.date_range("2020-01-01", periods=N).strftime("%m/%d/%Y")),
        ("words", pd.date_range("2020-01-01", periods=N).strftime("%d %b %Y")),
        ("clock", ["10:30", "11:45:10"] * (N // 2)),
        ("yyyymm", [202401 + 100 * (k % 3) + k % 12 for k in range(N)]),
    ],
    "one value everywhere": [("one", [1.0] * N), ("same", ["x"] * N), ("no", [0] * N)],
    "no values": [("empty", [np.nan] * N), ("none", [None] * N), ("blank", [" "] * N)],
    "a copy of the target": [("y.1", Y), ("copy", Y.astype(object))],
}
CASES = [(what, *case) for what, cases in NO_FEATURES.items() for case in cases]


def left_out(call):
    """What a call makes, and the one sentence on columns that it says."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        problem = call()
    assert [each.category for each in said] == [problems.ColumnWarning]
    assert said[0].filename == __file__
    return problem, str(said[0].message)


@pytest.mark.parametrize(("what", "name", "values"), CASES, ids=[f"{c[0]}, {c[1]}" for c in CASES])
def test_a_column_that_predicts_nothing_is_left_out_and_named(what, name, values):
    frame = PLAIN.copy()
    frame.insert(1, name, values)
    plain = problems.from_frame(PLAIN, "y")
    for call in (
        lambda: problems.from_frame(frame, "y"),
        lambda: problems.least_squares(frame.drop(columns="y"), frame["y"], intercept=True),
    ):
        problem, sentence = left_out(call)
        assert problem.features == ("a", "b", "intercept")
        assert problem.digest == plain.digest
        assert f"left out {name!r} ({what})" in sentence
        assert "features=" in sentence
        assert "\n" not in sentence


def test_the_index_that_pandas_writes_does_not_count(tmp_path):
    frame = pd.DataFrame({"a": A, "y": Y})
    frame.to_csv(tmp_path / "points.csv")
    read, sentence = left_out(lambda: problems.read_table(tmp_path / "points.csv", "y"))
    assert sentence.startswith("points: left out 'Unnamed: 0' (the row index): ")
    # tr(covariance of the points' gradients) / |gradient|^2 at w = 0, with an intercept.
    gradients = -2 * Y[:, None] * np.column_stack([A, np.ones(N)])
    mean = gradients.mean(axis=0)
    expected = np.square(gradients - mean).sum() / (N - 1) / (mean @ mean)
    b_simple = noise_scale.exact(read).b_simple
    assert b_simple == pytest.approx(expected, rel=0.02)
    assert 2 < b_simple < 4
    with_index = problems.read_table(
        tmp_path / "points.csv", "y", features=["Unnamed: 0", "a"], standardize=False
    )
    assert noise_scale.exact(with_index).b_simple > 10 * b_simple


DAYS = pd.date_range("2020", periods=3)


@pytest.mark.parametrize(
    ("labels", "target", "feature"),
    [
        ([0, 1, 2], 2, 0),
        ([0, 1, 2], "2", "0"),
        ([("p", "a"), ("p", "b"), ("q", "")], ("q", ""), ("p", "a")),
        ([" a", "b", "y "], "y ", " a"),
        (list(DAYS), DAYS[2], DAYS[0]),
    ],
    ids=str,
)
def test_columns_go_by_pandas_own_labels(labels, target, feature):
    frame = pd.DataFrame(PLAIN.to_numpy()[:, [0, 1, -1]])
    frame.columns = pd.Index(labels)
    expected = problems.least_squares(
        frame.iloc[:, [0]].to_numpy(), frame.iloc[:, 2], intercept=True
    )
    read = problems.from_frame(frame, target, features=[feature])
    assert read.optimum.tolist() == expected.optimum.tolist()
    with pytest.raises(ValueError, match="^target=7: must be a column: "):
        problems.from_frame(frame, 7)


def test_a_table_without_rows():
    with pytest.raises(ValueError, match="^frame: no rows"):
        problems.from_frame(PLAIN.iloc[:0], "y")


def test_what_is_kept():
    kept = {
        "valid": RNG.integers(0, 9, N),  # ends in id, but is no identifier's name
        "population": RNG.integers(10**6, 10**8, N),  # all different, and a quantity
        "year": RNG.integers(1990, 2020, N),
        "index": RNG.normal(size=N),  # of prices, say
        "flag": RNG.random(N) > 0.5,
        "Int64": pd.array(RNG.integers(0, 9, N), dtype="Int64"),
        "decimal": [decimal.Decimal(int(k)) / 7 for k in RNG.integers(0, 99, N)],
        "text": [str(k / 8) for k in RNG.integers(0, 99, N)],
        "arrow": pd.Series(A + 1).astype("float64[pyarrow]"),
        "sparse": pd.arrays.SparseArray(RNG.integers(0, 2, N)),
        "sold": RNG.integers(1900, 2100, N) * 100,  # at 190,000 to 210,000
        "yyyymm": 202600 + RNG.integers(1, 13, N),  # of one year, which a line may fit
    }
    frame = pd.DataFrame({**kept, "y": Y})
    read = problems.from_frame(frame, "y", standardize=False)
    assert read.features == (*kept, "intercept")
    np.testing.assert_array_equal(read.x[:, 0], kept["valid"])
    np.testing.assert_array_equal(read.x[:, 4], kept["flag"])
    np.testing.assert_array_equal(read.x[:, 7], [float(each) for each in kept["text"]])


def test_a_lone_column_that_counts_is_time():
    time = pd.DataFrame({"t": np.arange(20), "y": np.arange(20) ** 2.0})
    assert problems.from_frame(time, "y").features == ("t", "intercept")
    index = time.rename(columns={"t": "Unnamed: 0"})
    beside = r"no column is left to predict 'y' beside 'Unnamed: 0' \(the row index\): features="
    with pytest.raises(ValueError, match=beside):
        problems.from_frame(index, "y")
    assert problems.from_frame(index, "y", features=["Unnamed: 0"]).d == 2


def test_a_short_table_is_no_evidence():
    points = pd.DataFrame({"a": [1, 2, 3, 4], "b": [2, 1, 4, 3], "y": [1.0, 2.0, 4.0, 8.0]})
    assert problems.from_frame(points, "y").features == ("a", "b", "intercept")


def test_ones_are_a_feature_where_there_is_no_intercept():
    frame = PLAIN.assign(one=1.0)
    assert problems.from_frame(frame, "y", intercept=False).features == ("a", "b", "one")


def test_a_text_that_repeats_two_labels_is_a_copy_of_them():
    frame = PLAIN.assign(y=(Y > 0).astype(int), word=np.where(Y > 0, "up", "down"))
    read, sentence = left_out(lambda: problems.from_frame(frame, "y", kind="logistic"))
    assert read.features == ("a", "b", "intercept")
    assert "'word' (a copy of the target)" in sentence


def test_many_columns_are_counted():
    frame = pd.concat([PLAIN, pd.DataFrame(1.0, PLAIN.index, [f"c{k}" for k in range(40)])], axis=1)
    _, sentence = left_out(lambda: problems.from_frame(frame, "y"))
    assert "'c4' and 35 more (one value everywhere)" in sentence
    assert len(sentence) < 200


WRITTEN = {
    "comma.csv": {},
    "semicolon.csv": {"sep": ";"},
    "german.csv": {"sep": ";", "decimal": ","},
    "tab.tsv": {"sep": "\t"},
    "tab.txt": {"sep": "\t", "decimal": ","},
    "bar.csv": {"sep": "|"},
    "quoted.csv": {"quoting": 1},
    "quoted commas.csv": {"quoting": 1, "decimal": ","},
    "windows.csv": {"lineterminator": "\r\n"},
    "mark.csv": {"encoding": "utf-8-sig"},
    "mark semicolon.csv": {"encoding": "utf-8-sig", "sep": ";", "decimal": ","},
    "utf-16.csv": {"encoding": "utf-16", "sep": "\t"},
    "utf-16-le.csv": {"encoding": "utf-16-le"},
    "utf-16-be.csv": {"encoding": "utf-16-be", "sep": ";"},
    "utf-32.csv": {"encoding": "utf-32"},
}
TABLE = PLAIN.rename(columns={"b": "Größe, €"}).round(4)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_text_is_read_however_it_is_written(tmp_path, name):
    TABLE.to_csv(tmp_path / name, index=False, **WRITTEN[name])
    read = problems.read_table(tmp_path / name, "y")
    assert read.features == ("a", "Größe, €", "intercept")
    assert read.digest == problems.from_frame(TABLE, "y").digest


def test_texts_of_other_programs(tmp_path):
    expected = problems.from_frame(PLAIN.round(4), "y").digest
    text = PLAIN.round(4).to_csv(index=False, sep=";")
    heading, *rows = text.splitlines()
    numbered = [f"{k};{row}" for k, row in enumerate(rows)]
    for lines in (
        ["sep=;", heading, *rows],  # Excel
        [heading, *(row + ";" for row in rows)],  # a separator ends each row
        [heading, *numbered],  # R: no name for the rows' numbers
        [heading.replace(";", " ; "), *(row.replace(";", " ;\t") for row in rows)],
        [heading, "", *rows, "", ""],
    ):
        (tmp_path / "points.csv").write_text("\n".join(lines))
        assert problems.read_table(tmp_path / "points.csv", "y").digest == expected
    (tmp_path / "points.csv").write_text("\n".join([";" + heading, *numbered]))
    read, sentence = left_out(lambda: problems.read_table(tmp_path / "points.csv", "y"))
    assert read.digest == expected
    assert "Unnamed: 0" in sentence


@pytest.mark.parametrize(
    "above",
    [
        ["# measured by A. N."],
        ["# measured by A. N.", "#", ""],
        ["Rents in Bari", "", "of 2026"],
        ["sep=;", "# measured; twice"],
        ["", "# units: m, s", "Rents in Bari"],
    ],
)
def test_remarks_and_titles_above_the_heading(tmp_path, above):
    from simopt.problems.written import written

    path = tmp_path / "points.csv"
    path.write_text("\n".join([*above, PLAIN.to_csv(index=False, sep=";")]))
    assert problems.read_table(path, "y").digest == problems.from_frame(PLAIN, "y").digest
    read = pd.read_csv(path, **written(path).options)
    pd.testing.assert_frame_equal(read, PLAIN, check_exact=False)


def test_a_heading_that_is_commented_out(tmp_path):
    path = tmp_path / "points.txt"
    np.savetxt(path, PLAIN.to_numpy(), delimiter=",", header="\n".join(["mine", "a,b,y"]))
    assert problems.read_table(path, "y").digest == problems.from_frame(PLAIN, "y").digest


def test_a_heading_that_is_commented_out_above_texts(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("# rents\n#area,city,y\n50,Rome,9\n80,Bari,8\n65,Rome,11\n")
    read = problems.read_table(path, "y", features=["area"], standardize=False)
    assert read.x[:, 0].tolist() == [50, 80, 65]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ('a,y\n"1,234.5",5\n"12,000",10\n', [1234.5, 12000]),
        ('a,y\n"1,234,567",5\n7,10\n', [1234567, 7]),
        ("a;y\n1.234,5;5\n12.000;10\n", [1234.5, 12000]),
        ("a;y\n1.234;0,5\n12.000;1,25\n", [1234, 12000]),  # the other column's commas tell
        ('a,y\n"1,234",0.5\n"12,000",1.25\n', [1234, 12000]),
        ("a;y\n1'234.5;5\n12'000;10\n", [1234.5, 12000]),  # Switzerland's
        ("a;y\n1 234,5;5\n12 000;10\n", [1234.5, 12000]),
    ],
)
def test_thousands(tmp_path, text, first):
    path = tmp_path / "points.csv"
    path.write_text(text)
    assert problems.read_table(path, "y", standardize=False).x[:, 0].tolist() == first


def test_a_text_that_cannot_be_read_is_refused_by_name(tmp_path):
    path = tmp_path / "points.csv"
    TABLE.to_csv(path, index=False, encoding="cp1252")
    with pytest.raises(ValueError, match=r"path=.*must be text in utf-8 \(encoding='cp1252'"):
        problems.read_table(path, "y")
    read = problems.read_table(path, "y", encoding="cp1252")
    assert read.digest == problems.from_frame(TABLE, "y").digest
    for content, message in {
        b"": "must be a readable CSV file",
        b"a,y\n1,2\n3,4,5\n6,7\n": "must be a readable CSV file.*row 2 has 3 cells",
    }.items():
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            problems.read_table(path, "y")
    (tmp_path / "points.parquet").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match="must be a readable Parquet file"):
        problems.read_table(tmp_path / "points.parquet", "y")
    for name, value in {"sep": ", ", "decimal": 5, "encoding": "utf-99"}.items():
        with pytest.raises(ValueError, match=f"{name}="):
            problems.read_table(path, "y", **{name: value})


@pytest.mark.parametrize("first", ["1,234", '"1,234"'])
def test_commas_beside_semicolons_are_decimal_ones_and_that_is_said(tmp_path, first):
    path = tmp_path / "points.csv"
    path.write_text(f"a;y\n{first};5\n2,468;10\n")
    said = "points.csv: '1,234' is read as 1.234, for semicolons .*: decimal='.' takes its comma"
    with pytest.warns(problems.ColumnWarning, match=said):
        read = problems.read_table(path, "y", standardize=False)
    assert read.x[:, 0].tolist() == [1.234, 2.468]
    read = problems.read_table(path, "y", standardize=False, decimal=",")
    assert read.x[:, 0].tolist() == [1.234, 2.468]
    with pytest.warns(problems.ColumnWarning, match="read as numbers 'a'"):
        read = problems.read_table(path, "y", standardize=False, decimal=".")
    assert read.x[:, 0].tolist() == [1234, 2468]
    path.write_text(f"a;b;y\n{first};2.5 %;5\n2,468;3.5 %;10\n")  # other amounts tell
    with pytest.warns(problems.ColumnWarning, match="read as numbers 'b'"):
        read = problems.read_table(path, "y", standardize=False)
    assert read.x[:, 0].tolist() == [1234, 2468]
    # Which may group thousands as well.
    path.write_text(f"a;b;y\n{first};2.500 kg;5\n2,468;3.500 kg;10\n")
    with (
        pytest.warns(problems.ColumnWarning, match=said),
        pytest.warns(problems.ColumnWarning, match="read as numbers 'b'"),
    ):
        read = problems.read_table(path, "y", standardize=False)
    assert read.x[:, :2].tolist() == [[1.234, 2500], [2.468, 3500]]


def test_given_marks_are_obeyed(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("a:y\n1:5\n2:10\n")
    assert problems.read_table(path, "y", sep=":").n == 2


@pytest.mark.parametrize("parquet", [False, True])
def test_missing_cells_are_named_and_dropped_on_request(tmp_path, parquet):
    frame = PLAIN.copy()
    frame.loc[[2, 7], "b"] = np.nan
    frame.loc[9, "y"] = np.nan
    frame["unused"] = "x"
    path = tmp_path / ("points.parquet" if parquet else "points.csv")
    frame.to_parquet(path) if parquet else frame.to_csv(path, index=False)
    with pytest.raises(
        ValueError,
        match=r"column 'b', row 3: no value: must be a finite number \(3 of 200 rows lack a value: "
        r"missing='drop' leaves them out\)",
    ):
        problems.read_table(path, "y", features=["a", "b"])
    kept = PLAIN.drop(index=[2, 7, 9])
    read = problems.read_table(path, "y", features=["a", "b"], missing="drop")
    assert read.digest == problems.from_frame(kept, "y").digest
    # Of a column that is not used nothing is missing.
    assert problems.read_table(path, "y", features=["a"], missing="drop").n == N - 1
    with pytest.raises(ValueError, match="column 'y', row 10: no value"):
        problems.read_table(path, "y", features=["a"])


@pytest.mark.parametrize(
    "mark",
    [
        "",
        "NA",
        "NaN",
        "n/a",
        "null",
        "None",
        "?",
        " ",
        "-",
        "--",
        "\N{EN DASH}",
        ".",
        "n.a.",
        "nil",
    ],
)
def test_what_stands_for_no_value(tmp_path, mark):
    path = tmp_path / "points.csv"
    path.write_text(f"a,b,y\n1,2,3\n4,{mark},6\n7,8,10\n")
    with pytest.raises(ValueError, match="column 'b', row 2: no value"):
        problems.read_table(path, "y")
    assert problems.read_table(path, "y", missing="drop").n == 2


def test_no_row_is_whole():
    frame = pd.DataFrame({"a": [1.0, np.nan], "b": [np.nan, 1.0], "y": [1.0, 2.0]})
    with pytest.raises(ValueError, match="no row has a value in every column: must"):
        problems.from_frame(frame, "y", missing="drop")
    with pytest.raises(ValueError, match="every column, and none has one in 'y': must be one"):
        problems.from_frame(frame.assign(b=1.0, y=np.nan), "y", features=["b"], missing="drop")
    with pytest.raises(ValueError, match="column 'a', row 2: no value"):
        problems.least_squares(frame[["a", "b"]].fillna({"b": 0}), frame["y"])


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([1.0, "x"] * 100, "row 2: 'x'"),
        (["0.5", "oops", "1", "2"] * 50, "row 2: 'oops'"),
        (["1,200 €", "3,400 €"] * 100, "row 1: '1,200 €': may be 1200 or 1.200: must be clear"),
        (["€1.200", "€3.400"] * 100, "row 1: '€1.200': may be 1200 or 1.200: must be clear"),
        (["1,200", "3,400"] * 100, "row 1: '1,200': may be 1200 or 1.200: must be clear"),
        (["1,200.5 €", "1.200,5 €"] * 100, "row 2: '1.200,5 €': must group thousands"),
        (["12 %", "0.5"] * 100, r"row 2: '0.5': must be in %, as other cells"),
        (["$12", "£12", "$13", "$14"] * 50, r"row 2: '£12': must be in \$, as other cells"),
        (["$12", 13.0] * 100, r"row 2: 13.0: must be in \$, as other cells"),
        (["--12 €", "12 €"] * 100, "row 1: '--12 €': must have one sign"),
        ([f"({k}.5)" for k in range(N)], r"row 1: '\(0.5\)': may be below 0, or not"),
        ([f"{k}/7" for k in range(N)], "row 1: '0/7'.*, in digits alone"),
        ([f"0x{k:02x}" for k in range(N)], "row 1: '0x00'.*, in digits alone"),
        ([1.0, np.inf] * 100, "row 2: inf"),
        ([1j] * N, "complex numbers: must be real"),
        ([[1]] * N, r"row 1: \[1\]"),
        ([10**400] * N, "beyond float64"),
    ],
    ids=lambda each: "" if isinstance(each, list) else each,
)
def test_a_cell_that_is_no_number_is_named(cells, message):
    frame = PLAIN.assign(c=cells)
    for call in (
        lambda: problems.from_frame(frame, "y"),
        lambda: problems.least_squares(frame[["a", "c"]], frame["y"]),
        lambda: problems.from_frame(frame.drop(columns="y"), "c"),
    ):
        with pytest.raises(ValueError, match=f"column 'c'.*{message}"):
            call()


#: Columns of numbers as people write them, the numbers, their unit, and the mark that is shown.
AMOUNTS = {
    "dollars": (
        ["$1,234.50", "-$3.00", None, "($7.25)", "$ 12"],
        [1234.5, -3, None, -7.25, 12],
        "$",
    ),
    "euros": (["1.234,50 €", "7,00 €", "\N{MINUS SIGN}5 €"], [1234.5, 7, -5], "€"),
    "a sign on either side": (["5 €", "€6.5"], [5, 6.5], "€"),
    "thousands of dollars": (["$450,000", "$1,325,000"], [450000, 1325000], "$"),
    "thousands in English": (["£450,000", "£325,000"], [450000, 325000], "£"),
    "thousands beside hundreds": (["1,234 €", "345 €"], [1234, 345], "€"),
    "thousandths": (["1,234 m", "12345 m"], [1.234, 12345], "m"),
    "thousandths by a point": (["1.234 kg", "2.345 kg"], [1.234, 2.345], "kg"),
    "rupees": (["₹1,23,456.50", "₹99"], [123456.5, 99], "₹"),
    "rupees in letters": (["Rs.5", "Rs. 2,500"], [5, 2500], "Rs."),
    "reais": (["R$ 1.234,50", "R$ 3,00"], [1234.5, 3], "R$"),
    "kronor": (["1\N{NO-BREAK SPACE}234,50 kr", "12 kr"], [1234.5, 12], "kr"),
    "francs": (["CHF 1'234.50", "chf 900.-".replace(".-", "")], [1234.5, 900], "CHF"),
    "per cent": (["12 %", "7,5 %", "100%"], [12, 7.5, 100], "%"),
    "degrees": (["2,5 °C", "-3,0 °C"], [2.5, -3], "°C"),
    "a unit's exponents": (["1.5e-3 m", "2 m"], [0.0015, 2], "m"),
    "decimal commas": (["0,5", "1,25"], [0.5, 1.25], ""),
    "thousands": (["1,234.5", 5.0], [1234.5, 5], ""),
    "below zero behind": (["5.5-", "3"], [-5.5, 3], ""),
    "brackets": (["(0.5)", "1.5"], [-0.5, 1.5], ""),
    "Fortran's exponents": (["0.5D+01", "-1.5D+02"], [5, -150], ""),
}


@pytest.mark.parametrize("what", AMOUNTS)
def test_amounts_are_numbers_and_their_unit_is_said(what):
    cells, numbers, unit = AMOUNTS[what]
    options = {"missing": "drop", "standardize": False}
    numbers = [np.nan if each is None else each for each in numbers]
    rows = np.resize(np.arange(len(cells)), N)
    frame = PLAIN.assign(c=[cells[k] for k in rows])
    expected = PLAIN.assign(c=np.array(numbers, float)[rows]).dropna()
    read, sentence = left_out(lambda: problems.from_frame(frame, "y", **options))
    assert read.features == ("a", "b", "c", "intercept")
    np.testing.assert_array_equal(read.x[:, 2], expected["c"])
    assert sentence.startswith(f"table: read as numbers 'c'{f' in {unit}' if unit else ''} (")
    # as a target, and where it is a Series
    target, sentence = left_out(lambda: problems.from_frame(frame, "c", **options))
    np.testing.assert_array_equal(target.y, expected["c"])
    assert "read as numbers 'c'" in sentence
    if not expected["c"].isna().any() and len(expected) == N:
        given, _ = left_out(lambda: problems.least_squares(frame[["a"]], frame["c"]))
        np.testing.assert_array_equal(given.y, expected["c"])


def test_what_looks_like_amounts_and_is_none():
    for cells in (["12 a", "14 b"], ["ABC 12", "ABC 13"], ["1.2.3", "1.2.4"], ["no", "5 €"]):
        frame = PLAIN.assign(c=cells * (N // 2))
        with pytest.raises(ValueError, match="column 'c' holds texts"):
            problems.from_frame(frame, "y")


def test_further_rows_have_the_same_unit():
    frame = PLAIN.assign(c=[f"{k % 7} %" for k in range(N)], y=[f"${k}.5" for k in range(N)])
    with pytest.warns(problems.ColumnWarning) as said:
        problem = problems.from_frame(frame, "y", features=["a", "c"])
    assert [str(each.message) for each in said] == [
        "table: read as numbers 'y' in $ ('$0.5' as 0.5)",
        "table: read as numbers 'c' in % ('0 %' as 0)",
    ]
    further = frame.iloc[:9].assign(c="6 %")
    assert problems.held_out(further, problem).x[:, 1].tolist() == [6.0] * 9
    for name, cells, message in (
        ("c", 6.0, "column 'c': numbers without a unit: must be in %"),
        ("c", "6 €", "column 'c': numbers in €: must be in %"),
        ("y", "€5.5", r"column 'y': numbers in €: must be in \$"),
    ):
        with pytest.raises(ValueError, match=message):
            problems.held_out(further.assign(**{name: cells}), problem)


@pytest.mark.parametrize(
    ("text", "first", "options"),
    [
        # what other columns' marks say, and what is given, tells how amounts are written
        ('a;y\n"1.234 €";0,5\n"2.345 €";1,25\n', [1234, 2345], {}),
        ('a,y\n"1,234 €",0.5\n"2,345 €",1.25\n', [1234, 2345], {}),
        ('a,y\n"1,234 €",5\n"2,345 €",10\n', [1.234, 2.345], {"decimal": ","}),
        ('a,y\n"1,234",5\n"2,345",10\n', [1234, 2345], {"decimal": "."}),
        ('a,y\n"1,234",5\n"900",10\n', [1234, 900], {}),
        ("a;y\n1,234;5\n900;10\n", [1234, 900], {}),
        ('a,y\n"1,234",5\n"12345",10\n', [1.234, 12345], {}),
    ],
)
def test_the_decimal_mark_of_a_text_is_that_of_its_amounts(tmp_path, text, first, options):
    path = tmp_path / "points.csv"
    path.write_text(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", problems.ColumnWarning)
        read = problems.read_table(path, "y", standardize=False, **options)
    assert read.x[:, 0].tolist() == first


def test_commas_that_may_be_either_are_refused(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text('a,y\n"1,234",5\n"2,345",10\n')
    with pytest.raises(ValueError, match="column 'a', row 1: '1,234': may be 1234 or 1.234"):
        problems.read_table(path, "y")


def test_thousands_below_the_lines_that_are_looked_at(tmp_path):
    path = tmp_path / "points.csv"
    rows = [f"{k % 9}.5,{k}" for k in range(400)]
    path.write_text("\n".join(["a,y", *rows, '"1,234.5",7', ""]))
    with pytest.warns(problems.ColumnWarning, match="'a' .'1,234.5' as 1234.5."):
        assert problems.read_table(path, "y", standardize=False).x[-1, 0] == 1234.5


PACKED = {
    "points.csv.gz": gzip.compress,
    "points.csv.bz2": bz2.compress,
    "points.tsv.xz": lzma.compress,
    "points.csv": gzip.compress,  # what a browser saved
    "points.CSV.GZ": gzip.compress,
}


@pytest.mark.parametrize("name", [*PACKED, "points.csv.zip", "points.zip"])
def test_packed_texts(tmp_path, name):
    from simopt.problems.written import written

    path = tmp_path / name
    data = TABLE.to_csv(index=False, sep=";", decimal=",").encode()
    if name in PACKED:
        path.write_bytes(PACKED[name](data))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("in a folder/points.csv", data)
    read = problems.read_table(path, "y")
    assert read.digest == problems.from_frame(TABLE, "y").digest
    assert read.name == "points"
    pd.testing.assert_frame_equal(pd.read_csv(path, **written(path).options), TABLE)


def test_packed_texts_that_cannot_be_read(tmp_path):
    data = TABLE.to_csv(index=False).encode()
    several = tmp_path / "several.zip"
    with zipfile.ZipFile(several, "w") as archive:
        archive.writestr("a.csv", data)
        archive.writestr("b.csv", data)
    (tmp_path / "none.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(data)[:-30])
    (tmp_path / "cut.csv.xz").write_bytes(lzma.compress(data)[:-30])
    (tmp_path / "cut.csv.bz2").write_bytes(bz2.compress(data)[:-30])
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04" + data)
    (tmp_path / "other.json.gz").write_bytes(gzip.compress(b"{}"))
    for name, message in {
        "several.zip": "a zip of 2 files: must hold one",
        "none.zip": "must be a",
        "cut.csv.gz": "a readable CSV file",
        "cut.csv.xz": "a readable CSV file",
        "cut.csv.bz2": "a readable CSV file",
        "bad.zip": "a readable zip file",
        "other.json.gz": "a file that ends in .csv or .parquet",
    }.items():
        with pytest.raises(ValueError, match=f"^path=.*{message}"):
            problems.read_table(tmp_path / name, "y")
    with pytest.raises(FileNotFoundError):
        problems.read_table(tmp_path / "absent.csv.gz", "y")
    with pytest.raises(FileNotFoundError):
        problems.read_table(tmp_path / "absent.zip", "y")


CITY = RNG.choice(["Rome", "Bari", "Pisa"], N)


def test_categories_become_columns_on_request():
    frame = PLAIN.assign(city=CITY)
    with pytest.raises(ValueError, match="column 'city' holds texts, such as '.*', 3 in all: must"):
        problems.from_frame(frame, "y")
    read = problems.from_frame(frame, "y", categories="one-hot")
    expected = pd.get_dummies(frame.drop(columns="y"), dtype=float)
    assert read.features == (*expected.columns, "intercept")
    np.testing.assert_array_equal(read.x[:, :-1], expected)
    assert read.optimum is None  # the three columns add up to the intercept's
    dummy = problems.from_frame(frame, "y", categories="dummy")
    expected = pd.get_dummies(frame.drop(columns="y"), dtype=float, drop_first=True)
    assert dummy.features == (*expected.columns, "intercept")
    np.testing.assert_array_equal(dummy.x[:, :-1], expected)
    assert dummy.optimum is not None
    assert dummy.minimum_loss == pytest.approx(read.minimum_loss, rel=1e-12)


@pytest.mark.parametrize("categories", ["one-hot", "dummy"])
def test_texts_of_rows_that_are_left_out_have_no_weight(categories):
    town = ["Bari", "Oslo", "Rome", "York"] * 5
    frame = pd.DataFrame({"town": town, "a": np.arange(20.0) ** 2, "y": np.arange(20.0) ** 3})
    frame.loc[frame["town"].isin(["Bari", "York"]), "a"] = np.nan
    read = problems.from_frame(frame, "y", categories=categories, missing="drop", standardize=True)
    kept = problems.from_frame(frame.dropna(), "y", categories=categories, standardize=True)
    assert read.features == kept.features
    assert read.digest == kept.digest
    assert (read.features[0] == "town_Rome") == (categories == "dummy")
    with pytest.raises(ValueError, match="row 1: 'Bari': must be one of the 2 texts in the table"):
        problems.held_out(frame.fillna(1.0), read)
    assert problems.held_out(frame, read, missing="drop").digest == read.digest


def test_categories_of_other_kinds():
    grade = pd.Categorical(["low", "high", "low", None] * 50, ["low", "high", "never"])
    frame = PLAIN.assign(grade=grade, zip=pd.Categorical(RNG.integers(1, 4, N)))
    read = problems.from_frame(frame, "y", categories="one-hot", missing="drop")
    assert read.n == 150
    assert read.features == (
        "a", "b", "grade_low", "grade_high", "zip_1", "zip_2", "zip_3", "intercept"
    )  # fmt: skip
    clash = PLAIN.assign(city=CITY, city_Rome=B + 1)
    with pytest.raises(ValueError, match="two columns would be called 'city_Rome'"):
        problems.from_frame(clash, "y", categories="one-hot")


@pytest.mark.parametrize(
    ("no", "yes"),
    [("no", "yes"), ("N", "Y"), ("FALSE", "TRUE"), ("negative", "positive"), ("cat", "dog"),
     ("0", "1"), (False, True), (0, 1), (0.0, 1.0)],
)  # fmt: skip
def test_labels(tmp_path, no, yes):
    labels = (Y > 0).astype(float)
    frame = PLAIN.assign(y=pd.Series(np.where(Y > 0, yes, no)))
    frame.to_csv(tmp_path / "points.csv", index=False)
    words = isinstance(no, str) and no not in ("FALSE", "0")
    for read in (
        problems.from_frame(frame, "y", kind="logistic"),
        problems.logistic(frame[["a", "b"]], frame["y"]),
        problems.read_table(tmp_path / "points.csv", "y", kind="logistic"),
    ):
        assert read.y.tolist() == labels.tolist()
        assert read.target in ("y", f"y={yes}")
    assert read.target == (f"y={yes}" if words else "y")


def test_labels_in_the_other_order_of_the_alphabet():
    frame = PLAIN.assign(y=np.where(Y > 0, "ok", "pass"))
    read = problems.from_frame(frame, "y", kind="logistic")
    assert read.target == "y=pass"
    flipped = problems.from_frame(PLAIN.assign(y=np.where(Y > 0, "y", "z")), "y", kind="logistic")
    assert (flipped.target, flipped.y.mean()) == ("y=y", (Y > 0).mean())


def test_a_target_of_texts_elsewhere():
    two = PLAIN.assign(y=np.where(Y > 0, "up", "down"))
    with pytest.raises(ValueError, match="column 'y' holds texts.*kind='logistic' takes two"):
        problems.from_frame(two, "y")
    with pytest.raises(ValueError, match="3 in all: must be numbers, or two texts"):
        problems.from_frame(PLAIN.assign(y=CITY), "y", kind="logistic")
    with pytest.raises(ValueError, match="column 'y' holds dates or times"):
        problems.from_frame(PLAIN.assign(y=pd.date_range("2020", periods=N)), "y")


def test_scales_that_are_far_apart_are_said():
    frame = PLAIN.assign(income=4e4 * RNG.random(N), share=0.1 * RNG.random(N))
    with pytest.warns(problems.ScaleWarning) as said:
        problems.from_frame(frame, "y")
    (sentence,) = (str(each.message) for each in said)
    assert sentence.startswith("table: 'income' (about 2.")
    assert "and 'share' (about 0.0" in sentence
    assert "standardize=True" in sentence
    with pytest.warns(problems.ScaleWarning, match="standardize=True"):
        problems.least_squares(frame.drop(columns="y"), frame["y"])
    with pytest.warns(problems.ScaleWarning, match="'income' .* and the intercept's ones"):
        problems.from_frame(frame, "y", features=["income"])
    for quiet in (
        lambda: problems.from_frame(frame, "y", standardize=False),
        lambda: problems.from_frame(frame, "y", standardize=True),
        lambda: problems.from_frame(frame, "y", features=["income"], intercept=False),
        lambda: problems.least_squares(frame[["income", "share"]].to_numpy(), frame["y"]),
    ):
        quiet()


UNSCALED = pd.DataFrame(
    {"income": 4e4 * RNG.random(N), "share": 0.1 * RNG.random(N), "city": CITY, "y": Y}
)


@pytest.mark.parametrize("kind", problems.KINDS)
@pytest.mark.parametrize("intercept", [True, False])
def test_weights_come_back_in_the_tables_units(kind, intercept):
    frame = UNSCALED.assign(y=np.round(np.abs(Y)) if kind == "poisson" else Y)
    if kind == "logistic":
        frame["y"] = (RNG.normal(size=N) < Y).astype(int)
    given = {"kind": kind, "categories": "dummy", "intercept": intercept}
    scaled = problems.from_frame(frame, "y", standardize=True, **given)
    plain = problems.from_frame(frame, "y", standardize=False, **given)
    p = scaled.d - intercept
    np.testing.assert_allclose(np.square(scaled.x[:, :p]).mean(axis=0), 1, rtol=1e-12)
    if intercept:
        np.testing.assert_allclose(scaled.x[:, :p].mean(axis=0), 0, atol=1e-12)
    w = RNG.normal(size=(3, 2, scaled.d)) * 0.1
    own = scaled.original_weights(w)
    assert own.shape == w.shape
    for each, other in zip(w.reshape(6, -1), own.reshape(6, -1), strict=True):
        np.testing.assert_allclose(
            plain.predictions(other), scaled.predictions(each), rtol=1e-9, atol=1e-12
        )
        assert plain.loss(other) == pytest.approx(scaled.loss(each), rel=1e-9)
    np.testing.assert_array_equal(plain.original_weights(w), w)


def test_a_run_has_its_weights_in_the_tables_units():
    problem = problems.from_frame(UNSCALED, "y", standardize=True, categories="dummy")
    plain = problems.from_frame(UNSCALED, "y", standardize=False, categories="dummy")
    plan = {"batch_size": "full", "epochs": 300}
    run = simopt.run(problem, simopt.SGD(eta=0.4), **plan)
    assert run.weights.index.tolist() == list(problem.features)
    np.testing.assert_allclose(run.weights, plain.optimum, rtol=1e-6)
    frame = simopt.sweep(problem, simopt.SGD(eta=[0.1, 0.4]), **plan)
    rows = problem.original_weights(frame)
    assert rows.columns.tolist() == list(problem.features)
    np.testing.assert_allclose(rows.iloc[1], plain.optimum, rtol=1e-6)
    np.testing.assert_allclose(problem.original_weights(run.summary), run.weights)
    copy = pickle.loads(pickle.dumps(problem))
    np.testing.assert_array_equal(copy.original_weights(run.summary), run.weights)
    four = simopt.run(problems.four_points(), simopt.SGD(eta=0.05))
    assert four.weights.to_dict() == {"x": four.summary.w}
    for wrong in (w[:-1] for w in (problem.w0, run.summary[["loss", "eta"]])):
        with pytest.raises(ValueError, match="^w"):
            problem.original_weights(wrong)


def test_a_networks_weights_come_back_too(tmp_path):
    UNSCALED.drop(columns="city").to_csv(tmp_path / "points.csv", index=False)
    given = {"name": "network", "file": "points.csv", "target": "y", "hidden": 3}
    scaled = naming.problem({**given, "standardize": True}, tmp_path)
    plain = naming.problem({**given, "standardize": False}, tmp_path)
    np.testing.assert_allclose(scaled.x.mean(axis=0), 0, atol=1e-12)
    w = RNG.normal(size=(2, scaled.d))
    for each, other in zip(w, scaled.original_weights(w), strict=True):
        np.testing.assert_allclose(plain.predictions(other), scaled.predictions(each), rtol=1e-9)


def test_a_column_of_one_value_is_not_divided_by_zero():
    frame = PLAIN.assign(one=0.1)
    read = problems.from_frame(frame, "y", features=["a", "one"], standardize=True)
    assert np.isfinite(read.x).all()
    np.testing.assert_allclose(read.x[:, 1], 0, atol=1e-12)


def test_files_for_sweeps_name_the_same(tmp_path):
    UNSCALED.to_csv(tmp_path / "points.csv", index=False, sep=";", decimal=",")
    section = {"file": "points.csv", "target": "y", "categories": "dummy", "standardize": True}
    expected = problems.from_frame(UNSCALED, "y", categories="dummy", standardize=True)
    assert naming.problem(section, tmp_path).digest == expected.digest
    named = naming.problem({**section, "name": "least_squares", "intercept": True}, tmp_path)
    assert named.digest == expected.digest
    np.testing.assert_array_equal(named.scaling.shift, expected.scaling.shift)
    through = naming.problem({**section, "name": "least_squares"}, tmp_path)
    assert (through.scaling.shift == 0).all()
    kept = {"file": "points.csv", "target": "y", "name": "huber", "features": ["share"]}
    assert naming.problem({**kept, "delta": 0.5}, tmp_path).features == ("share",)


def test_arguments_are_checked():
    for name, value in {
        "standardize": "yes",
        "categories": "onehot",
        "missing": "ignore",
        "features": ["a", "a"],
        "intercept": 1,
        "name": 3,
        "target": 0,
        "frame": [1, 2],
    }.items():
        given = {"frame": PLAIN, "target": "y"} | {name: value}
        with pytest.raises(ValueError, match=f"^{name}="):
            problems.from_frame(**given)
    with pytest.raises(
        ValueError, match="target='Y': must be a column: 'a', 'b', 'y'.*perhaps 'y'"
    ):
        problems.from_frame(PLAIN, "Y")
    twice = pd.concat([PLAIN, PLAIN[["a"]]], axis=1)
    with pytest.raises(ValueError, match="frame: two columns are called 'a'"):
        problems.from_frame(twice, "y")
    wide = pd.DataFrame(np.ones((3, 500)), columns=[f"c{k}" for k in range(500)])
    with pytest.raises(ValueError, match="and 495 more") as error:
        problems.from_frame(wide, "y")
    assert len(str(error.value)) < 200


def test_rows_in_another_order_are_refused():
    frame = PLAIN.sample(frac=1, random_state=0)
    same = problems.least_squares(frame[["a", "b"]], frame["y"])
    assert same.minimum_loss == pytest.approx(
        problems.least_squares(PLAIN[["a", "b"]], PLAIN["y"]).minimum_loss
    )
    with pytest.raises(ValueError, match="x and y: one index in two orders"):
        problems.least_squares(frame[["a", "b"]], PLAIN["y"])
    with pytest.raises(ValueError, match="x and y: one index in two orders"):
        problems.least_squares(frame["a"], PLAIN["y"])
    assert problems.least_squares(frame[["a", "b"]], PLAIN["y"].to_numpy()).n == N
    # Two tables one below the other have every label twice; others mix texts with numbers.
    with pytest.raises(ValueError, match="x and y: one index in two orders"):
        problems.least_squares(pd.Series([1.0, 2.0, 3.0], [0, 0, 1]), pd.Series(1.0, [0, 1, 0]))
    with pytest.raises(ValueError, match="x and y: one index in two orders"):
        problems.least_squares(pd.Series([1.0, 2.0], [0, "a"]), pd.Series([1.0, 2.0], ["a", 0]))
    other = pd.Series([1.0, 2.0], ["a", "b"])
    assert problems.least_squares(pd.Series([1.0, 2.0], [0, "a"]), other).n == 2


def test_names_of_columns_are_texts():
    frame = PLAIN.set_axis([0, ("x", "mean"), " y "], axis=1)
    assert problems.from_frame(frame, "y").features == ("0", "x.mean", "intercept")


def test_tables_of_other_libraries():
    import pyarrow as pa

    table = pa.Table.from_pandas(PLAIN)
    assert problems.from_frame(table, "y").digest == problems.from_frame(PLAIN, "y").digest


@pytest.mark.parametrize("name", WRITTEN)
def test_pandas_reads_a_text_with_the_arguments_that_are_found(tmp_path, name):
    from simopt.problems.written import written

    TABLE.to_csv(tmp_path / name, index=False, **WRITTEN[name])
    options = written(tmp_path / name).options
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / name, **options), TABLE)
    assert (options == {}) == (name in ("comma.csv", "quoted.csv", "windows.csv"))


@pytest.mark.parametrize("categories", ["one-hot", "dummy"])
@pytest.mark.parametrize("standardize", [True, False])
def test_held_out_rows_are_read_as_the_others_were(tmp_path, categories, standardize):
    frame = UNSCALED.assign(y=np.where(Y > 0, "sold", "kept"))
    given = {"kind": "logistic", "categories": categories, "standardize": standardize}
    train = problems.from_frame(frame.iloc[:150], "y", **given)
    rest = frame.iloc[150:].assign(more="unread")[["y", "city", "more", "share", "income"]]
    rest = rest[rest["city"] != "Bari"]  # a text that is not there has its column all the same
    rest.to_csv(tmp_path / "rest.csv", index=False, sep=";")
    for table in (rest, tmp_path / "rest.csv"):
        test = problems.held_out(table, train, name="test")
        assert (test.features, test.target, test.name) == (train.features, "y=sold", "test")
        assert test.y.tolist() == (rest["y"] == "sold").astype(float).tolist()
        whole = problems.from_frame(frame, "y", **{**given, "standardize": False})
        w = RNG.normal(size=train.d)
        rows = np.flatnonzero((frame.index >= 150) & (frame["city"] != "Bari"))
        own = train.original_weights(w)
        np.testing.assert_allclose(test.predictions(w), whole.x[rows] @ own, rtol=1e-9)
    copy = pickle.loads(pickle.dumps(train))
    assert problems.held_out(rest, copy).digest == test.digest
    one = problems.held_out(rest[rest["y"] == "kept"], train)
    assert not one.y.any()


def test_held_out_rows_that_differ_are_refused():
    frame = UNSCALED.assign(y=np.where(Y > 0, "sold", "kept"))
    train = problems.from_frame(frame, "y", kind="logistic", categories="dummy", standardize=True)
    for rows, message in (
        (frame.drop(columns="share"), "table: has no column 'share'"),
        (frame.replace("Bari", "Oslo"), r"column 'city', row \d+: 'Oslo': must be one of the 3"),
        (frame.assign(city=1), "column 'city': must hold texts"),
        (frame.assign(share="much"), "column 'share' holds texts"),
        (frame.assign(y=CITY), "column 'y': must hold 'kept' and 'sold' alone"),
        (frame.assign(y=1), "column 'y': must hold 'kept' and 'sold' alone"),
        (frame.assign(income=np.nan), "column 'income', row 1: no value"),
        ([1, 2], "^table="),
    ):
        with pytest.raises(ValueError, match=message):
            problems.held_out(rows, train)
    with pytest.raises(ValueError, match="problem=.*read_table or from_frame made"):
        problems.held_out(frame, problems.four_points())


@pytest.mark.interpreted
def test_the_commands_say_it_in_one_line(tmp_path, monkeypatch, simopt_command):
    monkeypatch.chdir(tmp_path)
    table = UNSCALED.copy()
    table.loc[3, "share"] = np.nan
    table.to_csv("points.csv", sep=";", decimal=",")
    table.iloc[:50].to_csv("rest.csv", index=False)
    settings = [f"--set-problem={each}" for each in
                ("standardize=true", "categories=dummy", "missing=drop")]  # fmt: skip
    status, out, err = simopt_command(
        "walkthrough", "--data", "points.csv", "--target", "y", "--batch-size", "full",
        "--optimizer", "sgd", *settings,
    )  # fmt: skip
    assert status == 0
    assert err.startswith("simopt: points: left out 'Unnamed: 0' (the row index)")
    assert err.count("\n") == 1
    options = ("--standardize", "--categories", "dummy", "--missing", "drop", "--epochs", "2")
    call = ("prescribe", "points.csv", "y", "--eta", "2", "--batch-size", "50", "--seeds", "4")
    status, out, err = simopt_command(*call, *options, "--validation", "rest.csv")
    assert (status, err.count("\n")) == (0, 1)
    status, out, err = simopt_command(*call, *options, "--features", "income", "--apply")
    assert (status, err) == (0, "")
    assert "features=['income'], standardize=True, categories='dummy', missing='drop')" in out
    status, out, err = simopt_command(*call)
    assert status == 2
    assert "column 'city' holds texts" in err


@pytest.mark.parametrize("name", ["points.csv", "points.txt"])
def test_two_columns_of_one_name_are_refused(tmp_path, name):
    separator = "," if name.endswith("csv") else " "
    path = tmp_path / name
    path.write_text("a,a,y\n1,2,3\n4,5,7\n".replace(",", separator))
    with pytest.raises(ValueError, match="two columns are called 'a': must have different names"):
        problems.read_table(path, "y")


def test_white_space_between_cells(tmp_path):
    path = tmp_path / "points.txt"
    path.write_text("  a    b     y\n 1.5  2.0   3.0\n 4.0  5.5   7.0\n 7.0  8.0  11.5\n")
    read = problems.read_table(path, "y", standardize=False)
    assert read.features == ("a", "b", "intercept")
    assert read.x[:, :2].tolist() == [[1.5, 2], [4, 5.5], [7, 8]]
    path.write_text("y\n1\n2\n")
    with pytest.raises(ValueError, match="points: no column but 'y': must have one to predict it"):
        problems.read_table(path, "y")


def test_empty_rows_below_the_last_are_none(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("a,y\n1,2\n3,4\n5,7\n,\n,\n")
    assert problems.read_table(path, "y").n == 3
    path.write_text("a,y\n1,2\n,\n5,7\n")
    with pytest.raises(ValueError, match="column 'a', row 2: no value"):
        problems.read_table(path, "y")


def test_days_as_whole_numbers_are_dates():
    day = [20260101 + 100 * (k % 12) + k % 28 for k in range(N)]
    with pytest.warns(problems.ColumnWarning, match=r"'day' \(dates or times\)"):
        assert "day" not in problems.from_frame(PLAIN.assign(day=day), "y").features
    same = problems.from_frame(
        PLAIN.assign(amount=[20260101.0, 20261399.0] * (N // 2)), "y", standardize=False
    )
    assert "amount" in same.features


def test_spaces_around_a_text_are_no_part_of_it():
    frame = PLAIN.assign(city=["Rome", "Rome ", " Bari", "Bari"] * (N // 4))
    read = problems.from_frame(frame, "y", categories="one-hot")
    assert [name for name in read.features if "city" in name] == ["city_Bari", "city_Rome"]


def test_codes_with_zeros_in_front_are_texts(tmp_path):
    path = tmp_path / "points.csv"
    codes = ["01234", "90210", "01234", "90210", "10001", "10001"]
    path.write_text("zip,y\n" + "".join(f"{zip_},{k}\n" for k, zip_ in enumerate(codes)))
    for read in (
        lambda **how: problems.read_table(path, "y", **how),
        lambda **how: problems.from_frame(pd.DataFrame({"zip": codes, "y": range(6)}), "y", **how),
    ):
        with pytest.raises(ValueError, match="column 'zip' holds texts, such as '01234', 3 in all"):
            read()
        assert read(categories="dummy").features == ("zip_10001", "zip_90210", "intercept")
    # Months and hours are numbers, whatever stands in front of them.
    path.write_text("month,y\n" + "".join(f"{k % 12 + 1:02},{k * k}\n" for k in range(24)))
    assert problems.read_table(path, "y", standardize=False).x[:, 0].tolist()[:2] == [1, 2]


def test_addresses_and_versions_are_no_amounts():
    frame = PLAIN.assign(ip=[f"10.0.0.{k}" for k in range(N)])
    with pytest.warns(problems.ColumnWarning, match=r"'ip' \(an identifier\)"):
        problems.from_frame(frame, "y")


def test_any_mark_may_be_said_to_set_off_decimals(tmp_path):
    file = tmp_path / "times.csv"
    file.write_text("x,y\n1:5,2\n2:25,3\n3:125,5:5\n")
    problem = problems.read_table(file, "y", decimal=":")
    assert problem.x[:, 0].tolist() == [1.5, 2.25, 3.125]
    assert problem.y.tolist() == [2.0, 3.0, 5.5]
