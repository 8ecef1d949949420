"""The share of new points that the least squares of Wilson et al. classify correctly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt import rules
from simopt.document.claims.context import Trials
from simopt.problems import Problem, synthetic
from simopt.rules.rule import Optimizer

Floats = NDArray[np.float64]

#: The share of label 1 among the points.
SHARE = 0.6

#: Rates at which they are fitted.
SGD, ADAM = rules.SGD(eta=0.02), rules.Adam(eta=0.01)

EPOCHS = 300


def data_sets(trials: Trials) -> list[Problem]:
    """Data sets of Wilson et al."""
    return [
        synthetic.drawn_labels(trials.seed * 1000 + k, n=40, share=SHARE)
        for k in range(trials.few(4, 2))
    ]


def answers(trials: Trials, rules: Sequence[Optimizer], problem: Problem, size: Any) -> Floats:
    """The share of new points that Wilson's least squares classifies correctly, by trajectory."""
    options = {"batch_size": size, "epochs": EPOCHS, "evaluate": "epoch", "divergence": None}
    plan = {"shuffle": "never" if size == "full" else "epoch", "seed": trials.seed}
    frame = trials.sweep(problem, rules, **options, **plan)
    return right_answers(frame[["w_0", "w_1", "w_2"]].to_numpy(np.float64))


def right_answers(w: Floats) -> Floats:
    """The share of new points that three weights [m, 3] classify correctly."""
    both = w[:, 1] + w[:, 2]
    return SHARE * (both + w[:, 0] > 0) + (1 - SHARE) * (both - w[:, 0] < 0)
