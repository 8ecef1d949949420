"""Problems, optimizers and schedules by their names and settings, as files and shells give them."""

from __future__ import annotations

import difflib
import inspect
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from simopt import problems, schedules
from simopt.ground import checks
from simopt.problems import Problem
from simopt.problems.design import Design
from simopt.problems.losses import LOSSES
from simopt.rules import ALL, Optimizer
from simopt.schedules import Schedule

SCALES = ("linear", "log")

#: How a table is read, whatever problem its points are for.
READING = ("features", "standardize", "categories", "missing", "sep", "decimal", "encoding")

#: No axis in use is longer, and a slip of three zeros should not fill the memory.
LONGEST_AXIS = 10_000_000


def _from_numbers(make: Any) -> bool:
    """Whether a function makes a problem, and needs no function or path for it."""
    if not inspect.isfunction(make):
        return False
    signature = inspect.signature(make)
    numbers = all(
        "ArrayLike" in str(each.annotation)
        for each in signature.parameters.values()
        if each.default is each.empty and each.kind is not each.VAR_KEYWORD
    )
    return signature.return_annotation == "Problem" and numbers


#: Every function of `simopt.problems` that a file can call, by name.
PROBLEMS: dict[str, Callable[..., Problem]] = {
    name: getattr(problems, name)
    for name in problems.__all__
    if _from_numbers(getattr(problems, name))
}


def optimizer(name: Any, settings: Mapping[str, Any]) -> Optimizer:
    """An optimizer by its name, whatever the case of its letters.

    Parameters
    ----------
    name : str
        One of `simopt.rules.ALL`, such as ``"adam"``.
    settings : mapping
        What the optimizer's function takes: hyperparameter to number or numbers, switches,
        ``convention``.

    Returns
    -------
    Optimizer

    Raises
    ------
    ValueError
        If there is no such optimizer or hyperparameter, or a number is out of range.

    Examples
    --------
    >>> from simopt.sweeps import naming
    >>> naming.optimizer("rmsprop", {"eta": 0.1})
    RMSprop(eta=0.1, rho=0.9, epsilon=1e-08)
    """
    names = {each.lower(): each for each in ALL}
    if not isinstance(name, str) or name.lower() not in names:
        raise unknown("optimizer", name, ALL)
    make = ALL[names[name.lower()]]
    check_keys(names[name.lower()], settings, tuple(inspect.signature(make).parameters))
    return make(**settings)


def problem(section: Mapping[str, Any], folder: str | os.PathLike[str] = ".") -> Problem:
    """A problem by its name and arguments, or from a table.

    Parameters
    ----------
    section : mapping
        ``name``, a function of `simopt.problems`, and what it takes; or ``file``, ``target`` and
        what `simopt.problems.read_table` takes; or ``file``, ``target``, perhaps ``features``, the
        name of a function of points, and what else that takes. ``w0`` starts any problem elsewhere.
    folder : path
        Where relative paths start.

    Returns
    -------
    Problem

    Raises
    ------
    ValueError
        If there is no such problem or argument, one is missing, or a value is not allowed.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> from simopt.sweeps import naming
    >>> naming.problem({"name": "double_well", "tilt": 0.2, "w0": 1.5})
    <problem double well: function, n = 8, d = 1>
    """
    settings: dict[str, Any] = {
        key: spaced(key, value) if isinstance(value, dict) else value
        for key, value in section.items()
    }
    name = settings.get("name")
    if "file" in settings:
        if name in PROBLEMS and "x" in inspect.signature(PROBLEMS[name]).parameters:
            return _from_points(name, settings, Path(folder))
        allowed, _ = _arguments(problems.read_table, settings)
        check_keys("[problem]", settings, ("file", *allowed[1:]), required=("file", "target"))
        path = Path(folder) / typed("[problem] file", settings.pop("file"), str, "text")
        return problems.read_table(path, **settings)
    if "name" not in settings:
        raise ValueError(
            f"[problem]: must have a name (one of {', '.join(PROBLEMS)}), or a file and a target"
        )
    if not isinstance(name, str) or name not in PROBLEMS:
        raise unknown("[problem] name", name, PROBLEMS)
    return _made(name, {key: value for key, value in settings.items() if key != "name"})


def schedule(value: Any) -> Schedule | None:
    """A schedule by its name, or by a table of its name and settings.

    Parameters
    ----------
    value : str, mapping or False
        A name of `simopt.schedules`; a mapping with the key ``name`` and what that function takes,
        where each of ``schedules`` is again such a value; "none" or False for none.

    Returns
    -------
    Schedule or None

    Raises
    ------
    ValueError
        If there is no such schedule or setting, one is missing, or out of range.

    Examples
    --------
    >>> from simopt.sweeps import naming
    >>> naming.schedule({"name": "step", "every": 30, "per": "epoch"})
    step(every=30, per='epoch')
    """
    if value is False or value == "none":
        return None
    section = {"name": value} if isinstance(value, str) else value
    typed("schedule", section, dict, "a name, a table { name, ... }, or false for none")
    if "name" not in section:
        raise ValueError(f"schedule: must have a name, one of {', '.join(schedules.SCHEDULES)}")
    name = section["name"]
    if not isinstance(name, str) or name not in schedules.SCHEDULES:
        raise unknown("schedule", name, (*schedules.SCHEDULES, "none"))
    make = schedules.SCHEDULES[name]
    allowed = ("name", *inspect.signature(make).parameters)
    check_keys(f"schedule {name}", section, allowed, schedules.required(make))
    settings = {key: each for key, each in section.items() if key != "name"}
    try:
        if isinstance(settings.get("schedules"), list):
            settings["schedules"] = [schedule(part) for part in settings["schedules"]]
        return make(**settings)
    except ValueError as error:
        raise ValueError(f"schedule {name}: {error}") from None


def _from_points(name: str, settings: dict[str, Any], folder: Path) -> Problem:
    """A problem whose points are a table's."""
    import pandas as pd

    where = f"[problem] {name}"
    for key in ("file", "target"):
        if key not in settings:
            raise ValueError(f"{where}: must have the key {key!r}")
    path = folder / typed(f"{where} file", settings.pop("file"), str, "text")
    given = {key: settings.pop(key) for key in READING if key in settings}
    given["kind"] = settings.get("kind", name if name in LOSSES else "least_squares")
    # A network's biases take up what is subtracted from columns, as an intercept does.
    own = inspect.signature(PROBLEMS[name]).parameters.get("intercept")
    given["intercept"] = True if own is None else settings.get("intercept", own.default)
    table = problems.read_table(path, settings.pop("target"), **given)
    d = table.d - table.intercept
    design = Design(table.x[:, :d], list(table.features[:d]), table.y, table.scaling)
    points = {"x": design, "y": pd.Series(table.y, name=table.target)}
    if clash := points.keys() & settings:
        raise ValueError(f"{where}: has a file and the key {min(clash)!r}: must have one of them")
    return _made(name, {**settings, **points, "name": table.name})


def _made(name: str, settings: dict[str, Any]) -> Problem:
    """What a function of `simopt.problems` makes of these arguments."""
    parameters, required = _arguments(PROBLEMS[name], settings)
    check_keys(f"[problem] {name}", settings, ("name", "w0", *parameters), required)
    start = {} if "w0" in parameters or "w0" not in settings else {"w0": settings.pop("w0")}
    made = PROBLEMS[name](**settings)
    return made.replace(**start) if start else made


def _arguments(
    make: Callable[..., Problem], settings: Mapping[str, Any]
) -> tuple[list[str], list[str]]:
    """The arguments that a function takes, those of the loss it is given too; the required ones."""
    allowed: list[str] = []
    required: list[str] = []
    for key, each in inspect.signature(make).parameters.items():
        if each.kind is each.VAR_KEYWORD:
            kind = settings.get("kind")
            allowed += LOSSES[kind].parameters if isinstance(kind, str) and kind in LOSSES else ()
            continue
        allowed.append(key)
        if each.default is each.empty:
            required.append(key)
    return allowed, required


def spaced(key: str, table: Mapping[str, Any]) -> list[float]:
    """The numbers of ``{ from, to, points, scale }``, both ends among them."""
    check_keys(key, table, ("from", "to", "points", "scale"), required=("from", "to", "points"))
    scale = checks.choice(f"{key}.scale", table.get("scale", "linear"), SCALES)
    allowed = checks.Interval(low=0.0, low_open=True) if scale == "log" else checks.ANY
    first = checks.number(f"{key}.from", table["from"], allowed)
    last = checks.number(f"{key}.to", table["to"], allowed)
    points = checks.whole(f"{key}.points", table["points"], 1, LONGEST_AXIS)
    space = np.geomspace if scale == "log" else np.linspace
    return [float(value) for value in space(first, last, points)]


def typed(name: str, value: Any, kind: type, allowed: str) -> Any:
    """What TOML would let through but no Python signature."""
    if not isinstance(value, kind):
        raise checks.refuse(name, value, allowed)
    return value


def check_keys(
    where: str,
    section: Mapping[str, Any],
    allowed: Collection[str],
    required: Collection[str] = (),
) -> None:
    """Refuse a key that nobody would read, and the lack of one that is needed."""
    for key in section:
        if key not in allowed:
            raise unknown(f"{where}, key", key, allowed)
    for key in required:
        if key not in section:
            raise ValueError(f"{where}: must have the key {key!r}")


def unknown(where: str, word: object, allowed: Collection[str]) -> ValueError:
    """The error for a word that is none of a few, with the near miss if there is one."""
    lower = {each.lower(): each for each in allowed}
    near = difflib.get_close_matches(str(word).lower(), lower, n=1)
    hint = f"; did you mean {lower[near[0]]!r}?" if near else ""
    return ValueError(f"{where} {word!r}: must be one of {', '.join(allowed)}{hint}")
