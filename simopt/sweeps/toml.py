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

A problem is a function of `simopt.problems` by its name, with its arguments:
``{ name = "double_well", tilt = 0.2 }``; or a table, ``file`` and ``target``, with those of
`simopt.problems.read_table`; or both, where the function takes points:
``{ name = "network", file = "my.csv", target = "y", hidden = 4 }``. ``w0`` may stand with any.

Any number of an optimizer may be a list, or a table ``{ from, to, points, scale }``; any whole
number of ``[sweep]`` a list, or a table ``{ from, to, step }`` whose ends both belong to it.
``convention`` may stand with an optimizer, or for all of them in ``[sweep]``; a list of them is an
axis.

A schedule is the name of one, or a table of its name and settings; a sequence has the others in
it: ``{ name = "sequential", schedules = ["linear_warmup", "cosine"], milestones = [500] }``. A list
of schedules is an axis. ``clip_norm`` and ``clip_value`` are numbers or lists of numbers, ``box``
is the list of its two ends. What Python switches off with None is false here (a schedule, "none"
too): ``divergence``, ``schedule``, ``clip_norm``, ``clip_value``, ``box``.

``no_decay`` and ``no_clip`` are lists of weights, by name or number, ``points_per_epoch`` is a
whole number, and ``keep_state = true`` keeps what another sweep needs to go on.

``reduce`` is the name of an axis to summarise over ("seed"), a list of such names, or a table
``{ over = "seed", columns = ["loss", "steps_to_target"], quantiles = [0.05, 0.5, 0.95] }``.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simopt.ground import checks
from simopt.problems import Problem
from simopt.rules import ALL, Optimizer
from simopt.sweeps import naming

SECTIONS = ("problem", "optimizers", "sweep")
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
    "keep_state",
    "points_per_epoch",
    "no_decay",
    "no_clip",
)
WHOLE_NUMBERS = ("batch_size", "epochs", "seed")
NUMBERS = ("clip_norm", "clip_value")
OPTIONAL = ("divergence", "box", *NUMBERS)


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
    except RecursionError:
        raise ValueError(f"{path}: must not be nested that deep") from None
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
    naming.check_keys("the file", document, SECTIONS, required=("problem", "optimizers"))
    entries = document["optimizers"]
    if not isinstance(entries, list) or not entries:
        raise checks.refuse("optimizers", entries, "sections [[optimizers]], at least one")
    return Spec(
        naming.problem(_section("problem", document["problem"]), folder),
        [_optimizer(f"[[optimizers]] {i}", entry) for i, entry in enumerate(entries, start=1)],
        _arguments(_section("sweep", document.get("sweep", {}))),
    )


def _optimizer(where: str, entry: Any) -> Optimizer:
    section = _section(where, entry)
    if "name" not in section:
        raise ValueError(f"{where}: must have a name, one of {', '.join(ALL)}")
    try:
        settings = {
            key: naming.spaced(key, value) if isinstance(value, dict) else value
            for key, value in section.items()
            if key != "name"
        }
        return naming.optimizer(section["name"], settings)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _arguments(section: Mapping[str, Any]) -> dict[str, Any]:
    naming.check_keys("[sweep]", section, SWEEP_KEYS)
    arguments = dict(section)
    for key in WHOLE_NUMBERS:
        if isinstance(arguments.get(key), dict):
            arguments[key] = _counted(key, arguments[key])
    for key in NUMBERS:
        if isinstance(arguments.get(key), dict):
            arguments[key] = naming.spaced(key, arguments[key])
    # TOML has no null: false switches off.
    for key in OPTIONAL:
        if key in arguments:
            arguments[key] = _each(arguments[key], lambda value: None if value is False else value)
    if "schedule" in arguments:
        arguments["schedule"] = _each(arguments["schedule"], naming.schedule)
    return arguments


def _each(value: Any, function: Callable[[Any], Any]) -> Any:
    """A function of a value, or of each value of a list."""
    return [function(each) for each in value] if isinstance(value, list) else function(value)


def _counted(key: str, table: Mapping[str, Any]) -> range:
    """The whole numbers of ``{ from, to, step }``, both ends among them."""
    naming.check_keys(key, table, ("from", "to", "step"), required=("from", "to"))
    first = checks.whole(f"{key}.from", table["from"], 0)
    last = checks.whole(f"{key}.to", table["to"], first)
    values = range(first, last + 1, checks.whole(f"{key}.step", table.get("step", 1), 1))
    # Seeds stay a range, however many.
    if key != "seed" and len(values) > naming.LONGEST_AXIS:
        raise ValueError(f"{key}: {len(values):,} values: must be at most {naming.LONGEST_AXIS:,}")
    return values


def _section(name: str, value: Any) -> Mapping[str, Any]:
    section: Mapping[str, Any] = naming.typed(name, value, dict, "a section with keys")
    return section
