"""Weights that are left out of weight decay, or of clipping.

PyTorch has parameter groups for it, Keras ``exclude_from_weight_decay``, optax a ``mask``;
scikit-learn never decays an intercept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from simopt.ground import checks
from simopt.problems import Problem
from simopt.rules.frameworks import FRAMEWORKS
from simopt.rules.matrices import MatrixStep
from simopt.rules.rule import WEIGHT_DECAY, Optimizer


class Spared(NamedTuple):
    """For every weight whether decay, and clipping, are about it, 1 or 0; empty: all."""

    decays: tuple[float, ...] = ()
    clips: tuple[float, ...] = ()


NOTHING_SPARED = Spared()


def check_weights(name: str, value: Any, problem: Problem) -> tuple[int, ...] | None:
    """Check weights that are left out: their names or numbers, in any order; None is the default.

    Raises
    ------
    ValueError
        If there is no such weight.
    """
    if value is None:
        return None
    checks.check_length(name, value)
    listed = [value] if isinstance(value, str) or not checks.is_sequence(value) else list(value)
    allowed = f"None, or names or numbers of weights: {', '.join(problem.features)}"
    numbers = set()
    for each in listed:
        if isinstance(each, str):
            if each not in problem.features:
                raise checks.refuse(name, value, allowed)
            numbers.add(problem.features.index(each))
        else:
            try:
                numbers.add(checks.whole(name, each, 0, problem.d - 1))
            except ValueError:
                raise checks.refuse(name, value, allowed) from None
    return tuple(sorted(numbers))


def spared(
    problem: Problem,
    optimizer: Optimizer,
    no_decay: Sequence[int] | None,
    no_clip: Sequence[int] | None,
) -> Spared:
    """What an optimizer leaves out; of no_decay None, what its framework does."""
    if no_decay is None:
        framework = FRAMEWORKS.get(optimizer.convention)
        keeps = framework is not None and not framework.decays_intercepts
        no_decay = problem.intercepts if keeps else ()
    rule = optimizer.rule
    if WEIGHT_DECAY not in rule.hyperparameters:
        no_decay = ()
    elif no_decay and WEIGHT_DECAY in rule.clock_reads:
        raise checks.refuse(
            "no_decay", tuple(no_decay), f"None: the clock of rule {rule.name!r} reads weight_decay"
        )
    inside = {*range(problem.hidden * problem.columns)}
    if isinstance(rule.matrix, MatrixStep) and 0 < len(inside & {*no_decay}) < len(inside):
        raise checks.refuse(
            "no_decay", tuple(no_decay), f"all weights of the matrix or none: rule {rule.name!r} "
            "steps them as a whole",
        )  # fmt: skip
    return Spared(_mask(problem.d, no_decay), _mask(problem.d, no_clip or ()))


def _mask(d: int, without: Sequence[int]) -> tuple[float, ...]:
    return tuple(float(k not in without) for k in range(d)) if without else ()
