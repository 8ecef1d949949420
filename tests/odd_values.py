"""Values that no careful caller passes, each made anew, by a name for it."""

import datetime
import decimal
import fractions
import math
import types
from pathlib import Path

import numpy as np
import pandas as pd

import simopt


class Unprintable:
    def __repr__(self):
        raise RuntimeError("no repr")


class Unequal:
    """Compares as arrays do."""

    def __eq__(self, other):
        return np.array([True, False])

    __hash__ = object.__hash__


def deep(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


def cyclic():
    value = []
    value.append(value)
    return value


def recursive_function(*values):
    return values


ODD = {
    "None": lambda: None,
    "True": lambda: True,
    "False": lambda: False,
    "numpy True": lambda: np.True_,
    "empty text": lambda: "",
    "text": lambda: "no",
    "text of a number": lambda: "1",
    "NUL": lambda: "a\0b",
    "two lines": lambda: "two\nlines",
    "long text": lambda: "x" * 100_000,
    "surrogate": lambda: "\udc80",
    "numpy text": lambda: np.str_("no"),
    "bytes": lambda: b"no",
    "-1": lambda: -1,
    "0": lambda: 0,
    "1": lambda: 1,
    "2": lambda: 2,
    "0.5": lambda: 0.5,
    "-0.5": lambda: -0.5,
    "1.5": lambda: 1.5,
    "10^12": lambda: 10**12,
    "2^63 - 1": lambda: 2**63 - 1,
    "2^63": lambda: 2**63,
    "10^400": lambda: 10**400,
    "-10^400": lambda: -(10**400),
    "10^5000": lambda: 10**5000,
    "nan": lambda: math.nan,
    "inf": lambda: math.inf,
    "-inf": lambda: -math.inf,
    "1e308": lambda: 1e308,
    "-1e308": lambda: -1e308,
    "5e-324": lambda: 5e-324,
    "1j": lambda: 1j,
    "Decimal": lambda: decimal.Decimal("0.5"),
    "signalling NaN": lambda: decimal.Decimal("sNaN"),
    "Fraction": lambda: fractions.Fraction(1, 2),
    "float32": lambda: np.float32(0.5),
    "int8": lambda: np.int8(1),
    "uint64": lambda: np.uint64(2**64 - 1),
    "longdouble": lambda: np.longdouble("1e4000"),
    "complex128": lambda: np.complex128(1),
    "datetime64": lambda: np.datetime64("2020-01-01"),
    "NaT64": lambda: np.datetime64("NaT"),
    "timedelta64": lambda: np.timedelta64(3, "D"),
    "masked": lambda: np.ma.masked,
    "NA": lambda: pd.NA,
    "NaT": lambda: pd.NaT,
    "Timestamp": lambda: pd.Timestamp("2020-01-01"),
    "date": lambda: datetime.date(2020, 1, 1),
    "empty list": list,
    "empty tuple": tuple,
    "lists in a list": lambda: [[1.0, 2.0], [3.0, 4.0]],
    "ragged": lambda: [[1.0], [1.0, 2.0]],
    "deep": lambda: deep(3000),
    "cyclic": cyclic,
    "list of None": lambda: [None],
    "list of texts": lambda: ["a", "b"],
    "list of a list": lambda: [[1]],
    "list of nan": lambda: [math.nan, 1.0],
    "list of inf": lambda: [1.0, math.inf],
    "list of 10^400": lambda: [10**400, 1],
    "list of True": lambda: [True, False],
    "list of 1j": lambda: [1j, 2.0],
    "list of large": lambda: [1e308, -1e308],
    "list of -1": lambda: [-1, 1],
    "list of halves": lambda: [0.5, 1.5],
    "list of ints": lambda: [1, 2],
    "list of dicts": lambda: [{}],
    "list of objects": lambda: [object(), object()],
    "0-d": lambda: np.array(0.5),
    "0-d int": lambda: np.array(1),
    "0-d text": lambda: np.array("no"),
    "0-d object": lambda: np.array(None, dtype=object),
    "empty array": lambda: np.array([]),
    "matrix": lambda: np.ones((2, 2)),
    "cube": lambda: np.ones((2, 2, 2)),
    "array of one": lambda: np.array([1]),
    "empty matrix": lambda: np.empty((0, 3)),
    "masked array": lambda: np.ma.array([1.0, -999.0], mask=[False, True]),
    "complex array": lambda: np.array([1j, 2.0]),
    "dates": lambda: np.array(["2020-01-01", "2021-01-01"], dtype="M8[D]"),
    "durations": lambda: np.array([1, 2], dtype="m8[s]"),
    "texts": lambda: np.array(["1", "2"]),
    "objects": lambda: np.array([1, "a", None], dtype=object),
    "records": lambda: np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
    "bools": lambda: np.array([True, False]),
    "10^12 numbers": lambda: np.broadcast_to(0.5, (10**12,)),
    "10^12 ints": lambda: range(10**12),
    "generator": lambda: (each for each in [1, 2]),
    "empty iterator": lambda: iter([]),
    "dict": dict,
    "dict of a": lambda: {"a": 1},
    "dict of 1": lambda: {1: "a"},
    "set": lambda: {1, 2},
    "empty frame": pd.DataFrame,
    "frame": lambda: pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}),
    "frame of one name": lambda: pd.DataFrame([[1.0, 2.0]], columns=["a", "a"]),
    "series of NA": lambda: pd.Series([1, pd.NA], dtype="Int64"),
    "series of texts": lambda: pd.Series(["a", "b"]),
    "categories": lambda: pd.Categorical(["a", "b"]),
    "index": lambda: pd.MultiIndex.from_product([[1, 2], ["a"]]),
    "function": lambda: recursive_function,
    "lambda": lambda: lambda: 1,
    "class": lambda: int,
    "module": lambda: math,
    "object": object,
    "Unprintable": Unprintable,
    "Unequal": Unequal,
    "Ellipsis": lambda: ...,
    "NotImplemented": lambda: NotImplemented,
    "slice": lambda: slice(None),
    "exception": lambda: ValueError("no"),
    "namespace": lambda: types.SimpleNamespace(n=1, d=1),
    "Path": lambda: Path("no"),
    "folder": lambda: Path("."),
    "problem": simopt.problems.four_points,
    "noisy problem": lambda: simopt.problems.noisy_quadratic([1.0], [1.0]),
    "problem's class": lambda: simopt.problems.Problem,
    "optimizer": lambda: simopt.SGD(eta=0.1),
    "optimizers": lambda: simopt.Adam(eta=[0.1, 0.2], convention=["torch", "keras"]),
    "optimizer's function": lambda: simopt.SGD,
    "schedule": simopt.schedules.cosine,
}
