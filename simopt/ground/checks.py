"""Bad input, refused in one sentence: the argument's name, its value, and what is allowed."""

from __future__ import annotations

import inspect
import math
import operator
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd


def refuse(name: str, value: object, allowed: str) -> ValueError:
    """The error for an argument: ``name=value: must be allowed``."""
    try:
        shown = " ".join(repr(value).split())
    except Exception:  # an integer of more than 4,300 digits, a class of the user's
        shown = f"a value of type {type(value).__name__}"
    if len(shown) > 80:
        shown = shown[:77] + "..."
    return ValueError(f"{name}={shown}: must be {allowed}")


def raised(error: Exception) -> str:
    """What someone's code raised, on one line: the error's type, and its text up to a length."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text if len(text) <= 300 else text[:297] + '...'}"


#: Compiled loops count in 64 bits.
LARGEST = 2**63 - 1

#: A longer sequence of Python objects is refused before it fills the memory: 40 bytes a number.
LONGEST = 10**8


@dataclass(frozen=True)
class Interval:
    """The numbers a hyperparameter may take, and how to say so."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.low_open else value >= self.low
        below = value < self.high if self.high_open else value <= self.high
        return math.isfinite(value) and above and below

    def __str__(self) -> str:
        if self.low == -math.inf and self.high == math.inf:
            return "a finite number"
        if self.high == math.inf:
            return f"a finite number {'>' if self.low_open else '>='} {self.low:g}"
        left, right = "(" if self.low_open else "[", ")" if self.high_open else "]"
        return f"a number in {left}{self.low:g}, {self.high:g}{right}"


ANY = Interval()
NOT_NEGATIVE = Interval(low=0.0)
POSITIVE = Interval(low=0.0, low_open=True)
FRACTION = Interval(low=0.0, high=1.0, high_open=True)


def is_sequence(value: object) -> bool:
    """Whether an argument is an axis: anything iterable but text and 0-d arrays."""
    return (
        isinstance(value, Iterable)
        and not isinstance(value, (str, bytes, dict))
        and getattr(value, "ndim", 1) > 0
    )


def number(name: str, value: Any, allowed: Interval = ANY) -> float:
    """A Python float inside ``allowed``."""
    if type(value) is float and value in allowed:  # most are: no words are needed
        return value
    result = real(name, value, str(allowed))
    if result not in allowed:
        raise refuse(name, value, str(allowed))
    return result


def real(name: str, value: Any, allowed: str = "a number") -> float:
    """A Python float, also one that is not finite."""
    # Of these float() would take the text, 1, the real part, the days, and NaN with a warning.
    other = (str, bytes, bool, np.bool_, np.complexfloating, np.datetime64, np.timedelta64)
    if isinstance(value, other) or value is None or (is_masked(value) and value is np.ma.masked):
        raise refuse(name, value, allowed)
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise refuse(name, value, allowed) from None


def whole(name: str, value: Any, low: int, high: int | None = None) -> int:
    """A Python int from ``low`` to ``high``."""
    allowed = f"a whole number >= {low}" if high is None else f"a whole number from {low} to {high}"
    if isinstance(value, (bool, np.bool_)) or not hasattr(value, "__index__"):
        raise refuse(name, value, allowed)
    try:
        result = operator.index(value)
    except TypeError:  # an array
        raise refuse(name, value, allowed) from None
    if high is None and result > LARGEST:
        raise refuse(name, value, f"{allowed}, and at most 2^63 - 1")
    if result < low or (high is not None and result > high):
        raise refuse(name, value, allowed)
    return result


def flag(name: str, value: Any) -> bool:
    """A Python bool; no other value counts as one."""
    if not isinstance(value, (bool, np.bool_)):
        raise refuse(name, value, "True or False")
    return bool(value)


def array(name: str, value: Any, allowed: str = "an array of numbers") -> NDArray[np.float64]:
    """A new float64 array; NaN where a number is missing.

    Refused is what NumPy would convert without a word: text, dates, complex numbers, and masked
    values, whose masks would be lost.
    """
    masked = count_masked(value)
    if masked:
        raise refuse(name, value, f"{allowed}, but {masked} of them masked: fill or drop these")
    if not isinstance(value, np.ndarray):
        check_length(name, value)
        value = without_gradient(value)
        if hasattr(value, "toarray") and not hasattr(value, "__array__"):
            raise refuse(name, value, f"{allowed}, dense as .toarray() makes it")
        if hasattr(value, "collect"):  # polars' lazy table
            raise refuse(name, value, f"{allowed}, as .collect() makes them")
        if type(getattr(value, "dtype", None)).__name__ == "CategoricalDtype":
            raise refuse(name, value, f"{allowed}, not categories")
    try:
        given = np.asarray(value)
        if given.dtype.kind == "O" and any(isinstance(each, (str, bytes)) for each in given.flat):
            raise refuse(name, value, allowed)
        if given.dtype.kind == "O":  # pandas has a missing value of its own
            plain = [math.nan if type(each).__name__ == "NAType" else each for each in given.flat]
            given = np.array(plain, dtype=np.float64).reshape(given.shape)
        if given.dtype.kind not in "biufO":
            raise refuse(name, value, allowed)
        if given.dtype == np.float64:
            return np.array(given)
        with np.errstate(over="ignore"):  # a long double may be beyond float64, then inf
            return np.array(given, dtype=np.float64)
    except MemoryError:
        raise refuse(name, value, f"{allowed} that fit in memory") from None
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise refuse(name, value, allowed) from None


def is_tensor(value: Any) -> bool:
    """Whether a value can be detached from its gradients; an open file from its buffer is not."""
    return hasattr(value, "detach") and hasattr(value, "dtype")


def without_gradient(value: Any) -> Any:
    """A tensor that NumPy can read: detached, off its device, in a precision that NumPy has."""
    for method in ("detach", "cpu"):
        if is_tensor(value) and callable(getattr(value, method, None)):
            value = getattr(value, method)()
    if "bfloat16" in str(getattr(value, "dtype", "")) and callable(getattr(value, "float", None)):
        return value.float()
    return value


def computes(value: Any) -> str:
    """The method that makes numbers of what only says how to compute them; empty if it has none.

    Of polars' and Spark's frames, and of Dask's.
    """
    methods = (name for name in ("collect", "compute") if callable(getattr(value, name, None)))
    return next(methods, "")


def count_masked(value: Any) -> int:
    """How many values of an array, or of those in a list, are masked."""
    if is_masked(value):
        return int(np.ma.getmaskarray(value).sum())
    if isinstance(value, (list, tuple)):
        return sum(count_masked(each) for each in value if is_masked(each))
    return 0


def is_masked(value: Any) -> TypeGuard[np.ma.MaskedArray[Any, Any]]:
    """Whether it is a masked array: then its maker has imported numpy.ma, which this does not."""
    return "numpy.ma" in sys.modules and isinstance(value, np.ma.MaskedArray)


def numbers(name: str, value: Any, each: Interval = ANY, least: int = 0) -> NDArray[np.float64]:
    """A new float64 array of any shape, at least so many numbers, ``each`` of them allowed."""
    allowed = f"numbers, each of them {each}" + (f", at least {least}" if least else "")
    values = array(name, value, allowed)
    low = values > each.low if each.low_open else values >= each.low
    high = values < each.high if each.high_open else values <= each.high
    if values.size < least or not (np.isfinite(values) & low & high).all():
        raise refuse(name, value, allowed)
    return values


def check_length(name: str, value: Any) -> None:
    """Refuse a sequence of more than `LONGEST` values."""
    try:
        count = value.size if isinstance(value, np.ndarray) else len(value)
    except (TypeError, OverflowError):  # a number; an iterator; a range beyond 2^63
        count = LONGEST + 1 if isinstance(value, range) else 0
    if count > LONGEST:
        raise refuse(name, f"{count:,} values", f"at most {LONGEST:,}")


def choice(name: str, value: Any, allowed: Iterable[str]) -> str:
    """One of a few words."""
    allowed = tuple(allowed)
    if not isinstance(value, str) or value not in allowed:
        raise refuse(name, value, "one of " + ", ".join(repr(word) for word in allowed))
    return value


def axis(name: str, value: Any) -> tuple[Any, ...]:
    """The values of an axis: a sequence as a tuple, a single value as a tuple of one."""
    if value is None or not is_sequence(value):
        return (value,)
    check_length(name, value)
    values = tuple(value)
    if not values:
        raise refuse(name, value, "a value or a sequence with at least one value")
    return values


def path(name: str, value: Any) -> Path:
    """A path, of a file or folder that may not be there."""
    if isinstance(value, (str, os.PathLike)):
        with suppress(TypeError):  # of bytes
            return Path(value)
    raise refuse(name, value, "a path")


def optional_flag(name: str, value: Any) -> bool | None:
    """A Python bool, or None."""
    return None if value is None else flag(name, value)


def optional_text(name: str, value: Any) -> str | None:
    """A Python str, or None."""
    return None if value is None else text(name, value)


def text(name: str, value: Any, allowed: str = "a text") -> str:
    """A Python str."""
    if not isinstance(value, str):
        raise refuse(name, value, allowed)
    return str(value)


def texts(name: str, value: Any) -> tuple[str, ...]:
    """Texts in a tuple; a single one counts as a sequence of one."""
    allowed = "a sequence of texts"
    given = (value,) if isinstance(value, str) else value
    if not is_sequence(given):
        raise refuse(name, value, allowed)
    check_length(name, given)
    return tuple(text(name, each, allowed) for each in given)


def function(name: str, value: Any, allowed: str = "a function") -> Callable[..., Any]:
    """What can be called."""
    if not callable(value):
        raise refuse(name, value, allowed)
    return value  # type: ignore[no-any-return]


def plain_function(name: str, value: Any) -> list[inspect.Parameter]:
    """The parameters of a function that compiled code can call, each of them by its position.

    They are those of the function itself, not of one that it wraps.
    """
    if not isinstance(value, FunctionType):
        made = " (its py_func, of what Numba compiled)" if hasattr(value, "py_func") else ""
        raise refuse(name, value, f"a plain Python function{made}")
    parameters = list(inspect.signature(value, follow_wrapped=False).parameters.values())
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if odd := [str(each) for each in parameters if each.kind not in by_position]:
        allowed = f"a function without *, ** and what only a keyword gives: not {odd[0]}"
        raise refuse(name, list(map(str, parameters)), allowed)
    return parameters


def table(name: str, value: Any, columns: Iterable[str] = ()) -> pd.DataFrame:
    """A DataFrame that has each of these columns once."""
    import pandas as pd

    if not isinstance(value, pd.DataFrame):
        raise refuse(name, value, "a DataFrame")
    for each in columns:
        count = int((value.columns == each).sum())
        if count != 1:
            raise refuse(
                name,
                f"a table with the columns {', '.join(map(str, value.columns))}",
                f"one with the column {each!r} once",
            )
    return value
