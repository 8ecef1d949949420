"""A user's function called as compiled code would run it, and its mistakes said in one sentence."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np

from simopt.ground.ieee import ieee

#: How Python's `math` says that an argument has no value: up to 3.13, and from 3.14 on.
DOMAIN = ("math domain error", "expected a ")


def call(
    function: Callable[..., Any],
    arguments: Sequence[float],
    names: Sequence[str],
    whose: str,
    form: type | None = None,
) -> tuple[float, ...]:
    """What the function returns, by IEEE arithmetic: overflow and 0 / 0 give inf and nan.

    Parameters
    ----------
    function : callable
        Of numbers; returns a number, or a tuple of them.
    arguments : sequence of float
        What it is given.
    names : sequence of str
        What it has to return, a name for each number.
    whose : str
        What errors call it: "rule 'Adam'".
    form : type, optional
        ``tuple`` where a tuple is wanted even of one number, ``float`` where one number alone is.

    Raises
    ------
    ValueError
        If it raises anything but an arithmetic error, or returns something else; the message has
        the function's name, file and line.
    """
    count = len(names)
    try:
        try:
            returned = function(*arguments)
        except (ZeroDivisionError, OverflowError):
            returned = _in_float64(function, arguments, count)
        except ValueError as error:
            if not str(error).startswith(DOMAIN):
                raise
            returned = _in_float64(function, arguments, count)
        # What nearly every call returns is seen at once.
        kind = type(returned)
        if kind is tuple:
            if len(returned) == count and (count > 1 or form is tuple):
                for each in returned:
                    if type(each) is not float:
                        break
                else:
                    return returned  # type: ignore[no-any-return]
        elif kind is float and count == 1 and form is not tuple:
            return (returned,)
        if _is_otherwise(returned):
            returned = _in_float64(function, arguments, count)
    except Exception as error:
        raise ValueError(f"{whose}: {_where(function, error)} {_what(error)}") from error
    values = returned if isinstance(returned, tuple) else (returned,)
    odd = [each for each in values if not isinstance(each, (numbers.Real, np.bool_))]
    single = len(names) == 1 and form is not tuple
    unlike = isinstance(returned, tuple) if form is float else not isinstance(returned, tuple)
    if odd or len(values) != len(names) or (form and len(names) == 1 and unlike):
        what = f"a tuple of {len(values)}" if isinstance(returned, tuple) else "one number"
        if odd:
            what = _shown(odd[0])
        listed = " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
        many = "one number" if single else f"a tuple of {len(names)}"
        raise ValueError(
            f"{whose}: {_where(function)} returns {what}: must return {many}, {listed}"
        )
    return tuple(map(float, values))


def call_in_place(function: Callable[..., Any], arguments: Sequence[Any], whose: str) -> bool:
    """Call a function that changes arrays; whether what it computes has values.

    Parameters
    ----------
    function : callable
        Of arrays and numbers; returns nothing.
    arguments : sequence
        What it is given; numbers as NumPy's, so that overflow and 0 / 0 give inf and nan.
    whose : str
        What errors call it.

    Returns
    -------
    bool
        False where `math` says that its argument has no value, and IEEE arithmetic has none either.

    Raises
    ------
    ValueError
        If it raises anything but that, or returns something; the message has the function's name,
        file and line.
    """
    ready = [np.float64(each) if isinstance(each, float) else each for each in arguments]
    before = [np.array(each) for each in ready]
    try:
        with np.errstate(all="ignore"):
            try:
                returned = function(*ready)
            except (OverflowError, ZeroDivisionError, ValueError) as error:  # of math, as above
                if isinstance(error, ValueError) and not str(error).startswith(DOMAIN):
                    raise
                for each, was in zip(ready, before, strict=True):
                    if isinstance(each, np.ndarray):
                        each[...] = was
                returned = ieee(function)(*ready)
    except OverflowError:
        return False
    except Exception as error:
        if isinstance(error, ValueError) and str(error).startswith(DOMAIN):
            return False
        raise ValueError(f"{whose}: {_where(function, error)} {_what(error)}") from error
    if returned is not None:
        raise ValueError(
            f"{whose}: {_where(function)} returns {_shown(returned)}: must return nothing, and "
            "change w, and the state, in place"
        )
    return True


def _in_float64(function: Callable[..., Any], arguments: Sequence[float], results: int) -> Any:
    """The same by NumPy's numbers, whose overflow and 0 / 0 give inf and nan."""
    doubles = [np.float64(each) for each in arguments]
    with np.errstate(all="ignore"):
        try:
            return function(*doubles)
        except (OverflowError, ZeroDivisionError):  # of math, which has no inf and nan
            pass
        except ValueError as error:
            if not str(error).startswith(DOMAIN):
                raise
        try:
            return ieee(function)(*doubles)
        except (OverflowError, ZeroDivisionError):
            pass
        except ValueError as error:  # of a function that it calls, as the root of a centred RMSprop
            if not str(error).startswith(DOMAIN):
                raise
    return math.nan if results == 1 else (math.nan,) * results


#: Results of Python's numbers where compiled code has a double: a power of a negative number, and
#: what met a number of less precision.
OTHERWISE = {complex, np.float16, np.float32}


def _is_otherwise(returned: Any) -> bool:
    several = isinstance(returned, tuple)
    return not OTHERWISE.isdisjoint(map(type, returned if several else (returned,)))


def _where(function: Callable[..., Any], error: BaseException | None = None) -> str:
    """The function, its file, and the line: of the error, or its first."""
    code = function.__code__
    file, line, name = code.co_filename, code.co_firstlineno, code.co_name
    trace = None if error is None else error.__traceback__
    while trace is not None:
        # The last one that is neither ours nor a library's: in the function's file.
        if trace.tb_frame.f_code.co_filename == code.co_filename:
            line, name = trace.tb_lineno, trace.tb_frame.f_code.co_name
        trace = trace.tb_next
    return f"{name} ({PurePath(file).name}, line {line})"


def _what(error: Exception) -> str:
    text = str(error).splitlines()
    return f"raises {type(error).__name__}: {text[0] if text else 'without a message'}"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    kind = type(value).__name__
    text = repr(value)
    article = "an" if kind[0].lower() in "aeiou" else "a"
    return f"{text if len(text) <= 40 else text[:37] + '...'}, {article} {kind}"
