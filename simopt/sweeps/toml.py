"""A sweep written down: a TOML file read into a problem, optimizers, and arguments of `sweep`.

.. code-block:: toml

    [problem]
    name = "hubble"

    [[optimizers]]
    name = "Adam"
    eta = { from = 0.1, to = 1000, points = 40, scale = "log" }
    beta1 = [0.8, 0.9]

    [sweep]
    batch_size = [1, 8, "full"]
    epochs = 20
    shuffle = "epoch"
    seed = { from = 0, to = 99 }

    schedule = ["cosine", { name = "step", every = 100 }, "none"]
    clip_norm = [1.0, false]

A problem is one that simopt ships (``name``), a table (``file`` and ``target``), or the noisy
quadratic: ``{ name = "noisy_quadratic", curvature = [1.0, 0.1], noise = 0.5 }``. Any number of
an optimizer may be a list, or a table ``{ from, to, points, scale }``; any whole number of
``[sweep]`` a list, or a table ``{ from, to, step }`` whose ends both belong to it. ``convention``
may stand with an optimizer, or for all of them in ``[sweep]``; a list of them is an axis.

A schedule is the name of one, or a table of its name and settings; a sequence has the others in
it: ``{ name = "sequential", schedules = ["linear_warmup", "cosine"], milestones = [500] }``. A list
of schedules is an axis. ``clip_norm`` and ``clip_value`` are numbers or lists of numbers, ``box``
is the list of its two ends. What Python switches off with None is false here (a schedule, "none"
too): ``divergence``, ``schedule``, ``clip_norm``, ``clip_value``, ``box``.

``reduce`` is the name of an axis to summarise over ("seed"), a list of such names, or a table
``{ over = "seed", columns = ["loss", "steps_to_target"], quantiles = [0.05, 0.5, 0.95] }``.
"""

from __future__ import annotations

import difflib
import inspect
import os
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simopt import problems, schedules
from simopt.ground import checks
from simopt.problems import Problem
from simopt.rules import ALL, Optimizer
from simopt.schedules import Schedule

SHIPPED: dict[str, Callable[[], Problem]] = {
    "four_points": problems.four_points,
    "hubble": problems.hubble,
    "diabetes": problems.diabetes,
}
SECTIONS = ("problem", "optimizers", "sweep")
TABLE_KEYS = ("features", "kind", "w0", "intercept", "l2", "name")
SWEEP_KEYS = (
    "batch_size",
    "epochs",
    "updates",
    "shuffle",
    "seed",
    "convention",
    "schedule",
    "clip_norm",
    "clip_value",
    "box",
    "drop_last",
    "target",
    "stop_at_target",
    "divergence",
    "evaluate",
    "record",
    "diagnosis",
    "dtype",
    "device",
    "reduce",
)
WHOLE_NUMBERS = ("batch_size", "epochs", "seed")
NUMBERS = ("clip_norm", "clip_value")
OPTIONAL = ("divergence", "box", *NUMBERS)
SCALES = ("linear", "log")

#: No axis in use is longer, and a slip of three zeros should not fill the memory.
LONGEST_AXIS = 10_000_000


@dataclass(frozen=True)
class Spec:
    """What ``simopt.sweep(spec.problem, spec.optimizers, **spec.arguments)`` takes."""

    problem: Problem
    optimizers: list[Optimizer]
    arguments: dict[str, Any]


def read(path: str | os.PathLike[str]) -> Spec:
    """Read a TOML file.

    Parameters
    ----------
    path : path
        The file. Data files that it names are looked for beside it.

    Returns
    -------
    Spec

    Raises
    ------
    ValueError
        If it is not TOML, a section or key is unknown or missing, or a value is not allowed; the
        message names the file, the section and the key.
    FileNotFoundError
        If the file, or a data file that it names, is not there.
    """
    path = Path(path)
    try:
        return parse(tomllib.loads(path.read_text(encoding="utf-8")), path.parent)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def parse(document: Mapping[str, Any], folder: str | os.PathLike[str] = ".") -> Spec:
    """What a TOML document says.

    Parameters
    ----------
    document : mapping
        The document, as `tomllib` reads it.
    folder : path
        Where relative paths start.

    Returns
    -------
    Spec

    Raises
    ------
    ValueError
        As in `read`.

    Examples
    --------
    >>> from simopt.sweeps import toml as spec
    >>> adam = {"name": "adam", "eta": {"from": 0.01, "to": 1, "points": 3, "scale": "log"}}
    >>> made = spec.parse({"problem": {"name": "four_points"}, "optimizers": [adam]})
    >>> made.problem, made.optimizers[0].settings["eta"]
    (<problem four_points: least_squares, n = 4, d = 1>, (0.01, 0.1, 1.0))
    """
    _check_keys("the file", document, SECTIONS, required=("problem", "optimizers"))
    entries = document["optimizers"]
    if not isinstance(entries, list) or not entries:
        raise checks.refuse("optimizers", entries, "sections [[optimizers]], at least one")
    return Spec(
        _problem(_section("problem", document["problem"]), Path(folder)),
        [_optimizer(f"[[optimizers]] {i}", entry) for i, entry in enumerate(entries, start=1)],
        _arguments(_section("sweep", document.get("sweep", {}))),
    )


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
    >>> from simopt.sweeps import toml as spec
    >>> spec.optimizer("rmsprop", {"eta": 0.1})
    RMSprop(eta=0.1, rho=0.9, epsilon=1e-08)
    """
    names = {each.lower(): each for each in ALL}
    if not isinstance(name, str) or name.lower() not in names:
        raise _unknown("optimizer", name, ALL)
    make = ALL[names[name.lower()]]
    _check_keys(names[name.lower()], settings, tuple(inspect.signature(make).parameters))
    return make(**settings)


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
    >>> from simopt.sweeps import toml as spec
    >>> spec.schedule({"name": "step", "every": 30, "per": "epoch"})
    step(every=30, per='epoch')
    """
    if value is False or value == "none":
        return None
    section = {"name": value} if isinstance(value, str) else value
    _typed("schedule", section, dict, "a name, a table { name, ... }, or false for none")
    if "name" not in section:
        raise ValueError(f"schedule: must have a name, one of {', '.join(schedules.SCHEDULES)}")
    name = section["name"]
    if not isinstance(name, str) or name not in schedules.SCHEDULES:
        raise _unknown("schedule", name, (*schedules.SCHEDULES, "none"))
    make = schedules.SCHEDULES[name]
    allowed = ("name", *inspect.signature(make).parameters)
    _check_keys(f"schedule {name}", section, allowed, schedules.required(make))
    settings = {key: each for key, each in section.items() if key != "name"}
    try:
        if isinstance(settings.get("schedules"), list):
            settings["schedules"] = [schedule(part) for part in settings["schedules"]]
        return make(**settings)
    except ValueError as error:
        raise ValueError(f"schedule {name}: {error}") from None


def _problem(section: Mapping[str, Any], folder: Path) -> Problem:
    if "file" in section:
        _check_keys(
            "[problem]", section, ("file", "target", *TABLE_KEYS), required=("file", "target")
        )
        settings = {key: section[key] for key in TABLE_KEYS if key in section}
        file = _typed("[problem] file", section["file"], str, "text")
        _typed("[problem] name", section.get("name", ""), str, "text")
        _typed("[problem] features", section.get("features", []), list, "a list of columns")
        _typed("[problem] intercept", section.get("intercept", True), bool, "true or false")
        return problems.read_table(folder / file, section["target"], **settings)
    if "name" not in section:
        raise ValueError(
            f"[problem]: must have a name (one of {', '.join(SHIPPED)}, noisy_quadratic), or a "
            "file and a target"
        )
    name = section["name"]
    if name == "noisy_quadratic":
        needed = ("name", "curvature", "noise")
        _check_keys("[problem] noisy_quadratic", section, (*needed, "w0"), required=needed)
        numbers: dict[str, Any] = {
            key: _spaced(key, value) if isinstance(value, dict) else value
            for key, value in section.items()
            if key != "name"
        }
        return problems.noisy_quadratic(**numbers)
    if not isinstance(name, str) or name not in SHIPPED:
        raise _unknown("[problem] name", name, (*SHIPPED, "noisy_quadratic"))
    _check_keys(f"[problem] {name}", section, ("name", "w0"))
    shipped = SHIPPED[name]()
    return shipped.replace(w0=section["w0"]) if "w0" in section else shipped


def _optimizer(where: str, entry: Any) -> Optimizer:
    section = _section(where, entry)
    if "name" not in section:
        raise ValueError(f"{where}: must have a name, one of {', '.join(ALL)}")
    try:
        settings = {
            key: _spaced(key, value) if isinstance(value, dict) else value
            for key, value in section.items()
            if key != "name"
        }
        return optimizer(section["name"], settings)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _arguments(section: Mapping[str, Any]) -> dict[str, Any]:
    _check_keys("[sweep]", section, SWEEP_KEYS)
    arguments = dict(section)
    for key in WHOLE_NUMBERS:
        if isinstance(arguments.get(key), dict):
            arguments[key] = _counted(key, arguments[key])
    for key in NUMBERS:
        if isinstance(arguments.get(key), dict):
            arguments[key] = _spaced(key, arguments[key])
    # TOML has no null: false switches off.
    for key in OPTIONAL:
        if key in arguments:
            arguments[key] = _each(arguments[key], lambda value: None if value is False else value)
    if "schedule" in arguments:
        arguments["schedule"] = _each(arguments["schedule"], schedule)
    return arguments


def _each(value: Any, function: Callable[[Any], Any]) -> Any:
    """A function of a value, or of each value of a list."""
    return [function(each) for each in value] if isinstance(value, list) else function(value)


def _spaced(key: str, table: Mapping[str, Any]) -> list[float]:
    """The numbers of ``{ from, to, points, scale }``, both ends among them."""
    _check_keys(key, table, ("from", "to", "points", "scale"), required=("from", "to", "points"))
    scale = checks.choice(f"{key}.scale", table.get("scale", "linear"), SCALES)
    allowed = checks.Interval(low=0.0, low_open=True) if scale == "log" else checks.ANY
    first = checks.number(f"{key}.from", table["from"], allowed)
    last = checks.number(f"{key}.to", table["to"], allowed)
    points = checks.whole(f"{key}.points", table["points"], 1, LONGEST_AXIS)
    space = np.geomspace if scale == "log" else np.linspace
    return [float(value) for value in space(first, last, points)]


def _counted(key: str, table: Mapping[str, Any]) -> range:
    """The whole numbers of ``{ from, to, step }``, both ends among them."""
    _check_keys(key, table, ("from", "to", "step"), required=("from", "to"))
    first = checks.whole(f"{key}.from", table["from"], 0)
    last = checks.whole(f"{key}.to", table["to"], first)
    values = range(first, last + 1, checks.whole(f"{key}.step", table.get("step", 1), 1))
    # Seeds stay a range, however many.
    if key != "seed" and len(values) > LONGEST_AXIS:
        raise ValueError(f"{key}: {len(values):,} values: must be at most {LONGEST_AXIS:,}")
    return values


def _section(name: str, value: Any) -> Mapping[str, Any]:
    section: Mapping[str, Any] = _typed(name, value, dict, "a section with keys")
    return section


def _typed(name: str, value: Any, kind: type, allowed: str) -> Any:
    """What TOML would let through but no Python signature."""
    if not isinstance(value, kind):
        raise checks.refuse(name, value, allowed)
    return value


def _check_keys(
    where: str,
    section: Mapping[str, Any],
    allowed: Collection[str],
    required: Collection[str] = (),
) -> None:
    """Refuse a key that nobody would read, and the lack of one that is needed."""
    for key in section:
        if key not in allowed:
            raise _unknown(f"{where}, key", key, allowed)
    for key in required:
        if key not in section:
            raise ValueError(f"{where}: must have the key {key!r}")


def _unknown(where: str, word: object, allowed: Collection[str]) -> ValueError:
    """The error for a word that is none of a few, with the near miss if there is one."""
    lower = {each.lower(): each for each in allowed}
    near = difflib.get_close_matches(str(word).lower(), lower, n=1)
    hint = f"; did you mean {lower[near[0]]!r}?" if near else ""
    return ValueError(f"{where} {word!r}: must be one of {', '.join(allowed)}{hint}")
