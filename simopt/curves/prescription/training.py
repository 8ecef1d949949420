"""How a problem is trained on: a frozen value, and the call or the file that would do the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from simopt import schedules
from simopt.ground import checks
from simopt.problems import Problem
from simopt.rules.rule import Optimizer
from simopt.schedules import Schedule
from simopt.training import plan
from simopt.training.plan import Plan


@dataclass(frozen=True)
class Training:
    """Everything about a training run but its problem and its seed.

    Attributes
    ----------
    optimizer : Optimizer
        With one number for every hyperparameter.
    batch_size, epochs, shuffle, schedule, clip_norm, clip_value
        As in `simopt.run`, checked.
    patience : int, optional
        Early stopping: end after so many epochs without a lower validation loss, and keep the
        weights of the lowest.
    then : Optimizer, optional
        Takes over for the second half of the epochs, from a state of its own.
    """

    optimizer: Optimizer
    batch_size: int = 1
    epochs: int = 10
    shuffle: str = "epoch"
    schedule: Schedule | None = None
    clip_norm: float | None = None
    clip_value: float | None = None
    patience: int | None = None
    then: Optimizer | None = None

    def with_(self, **settings: Any) -> Training:
        """The same but for some attributes."""
        return replace(self, **settings)

    def setting(self, **settings: Any) -> Training:
        """The same but for some of the optimizer's settings."""
        return replace(self, optimizer=self.optimizer.replace(**settings))

    def plan(self, problem: Problem) -> Plan:
        """The engine's plan of it."""
        clip = plan.clip_of(self.clip_norm, self.clip_value, self.optimizer.convention)
        return plan.make(
            problem, self.batch_size, self.shuffle, self.epochs, False, self.schedule, clip
        )

    def cost(self, problem: Problem) -> int:
        """Gradients of points that it evaluates: points of an epoch times epochs.

        Without points a batch of B draws B samples of the noise.
        """
        return self.epochs * (problem.n or self.batch_size)


def check(
    problem: Problem,
    optimizer: Optimizer,
    *,
    batch_size: Any,
    epochs: Any,
    shuffle: Any,
    schedule: Any = None,
    clip_norm: Any = None,
    clip_value: Any = None,
) -> Training:
    """A training of checked values."""
    if not problem.n and shuffle == "epoch":
        shuffle = "never"  # there is nothing to shuffle
    made = Training(
        optimizer,
        plan.check_batch_size(batch_size, problem.n),
        checks.whole("epochs", epochs, 1),
        shuffle,
        schedules.check(schedule),
        plan.check_clip("clip_norm", clip_norm),
        plan.check_clip("clip_value", clip_value),
    )
    made.plan(problem)
    return made


def plain(training: Training) -> dict[str, Any]:
    """What differs from a plain run, by argument of `simopt.sweep`."""
    every = {
        "batch_size": training.batch_size,
        "epochs": training.epochs,
        "shuffle": training.shuffle,
        "schedule": training.schedule,
        "clip_norm": training.clip_norm,
        "clip_value": training.clip_value,
    }
    return {name: value for name, value in every.items() if value is not None}


def code(training: Training) -> str:
    """The call that trains so, as Python.

    Examples
    --------
    >>> import simopt
    >>> from simopt.prescription.training import Training, code
    >>> warm = simopt.schedules.linear_warmup(0.1, total=5)
    >>> print(code(Training(simopt.SGD(eta=0.1), 8, 20, schedule=warm)))
    from simopt.schedules import linear_warmup
    simopt.run(problem, simopt.SGD(eta=0.1), batch_size=8, epochs=20, shuffle='epoch', \
schedule=linear_warmup(start_factor=0.1, total=5))
    """
    how = [f"{name}={value!r}" for name, value in plain(training).items()]
    lines = []
    if training.schedule is not None:
        # Of the call and of what it holds: a sequence has others in it.
        used = sorted(set(re.findall(r"(\w+)\(", repr(training.schedule))))
        lines.append(f"from simopt.schedules import {', '.join(used)}")
    lines.append(f"simopt.run(problem, simopt.{training.optimizer!r}, {', '.join(how)})")
    if training.then is not None:
        lines.append(f"# half of the epochs so, then from its weights: simopt.{training.then!r}")
    if training.patience is not None:
        lines.append(
            f"# or stop after {training.patience} epochs without a lower validation loss, and keep "
            "the weights of the lowest"
        )
    return "\n".join(lines)


def toml(training: Training) -> str:
    """The sections ``[[optimizers]]`` and ``[sweep]`` of a file for ``simopt sweep``.

    Examples
    --------
    >>> import simopt
    >>> from simopt.prescription.training import Training, toml
    >>> print(toml(Training(simopt.Momentum(eta=0.1), 8, 20, clip_norm=1.0)))
    [[optimizers]]
    name = "Momentum"
    eta = 0.1
    beta = 0.9
    <BLANKLINE>
    [sweep]
    batch_size = 8
    epochs = 20
    shuffle = "epoch"
    clip_norm = 1.0
    """
    optimizer = training.optimizer
    own: dict[str, Any] = {"name": optimizer.name, **optimizer.settings, **dict(optimizer.switches)}
    if optimizer.convention != "document":
        own["convention"] = optimizer.convention
    how = plain(training)
    if training.schedule is not None:
        how["schedule"] = _table(training.schedule)
    return f"{section('[[optimizers]]', own)}\n\n{section('[sweep]', how)}"


def section(head: str, settings: Mapping[str, Any]) -> str:
    """A section of TOML."""
    return "\n".join([head, *(f"{name} = {_written(value)}" for name, value in settings.items())])


def _table(schedule: Schedule) -> dict[str, Any]:
    """A schedule as `simopt.sweeps.naming.schedule` reads it."""
    settings: dict[str, Any] = {
        name: value for name, value in schedule.settings if name in schedule.shown
    }
    if "schedules" in settings:
        settings["schedules"] = [_table(each) for each in settings["schedules"]]
    return {"name": schedule.name, **settings}


def _written(value: Any) -> str:
    """A value in TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # TOML's basic strings escape alike
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_written(each)}" for name, each in value.items()) + " }"
    if isinstance(value, Iterable):
        return "[" + ", ".join(map(_written, value)) + "]"
    return repr(value)
