"""The studies that the page shows: targets, batch sizes and seeds of each problem."""

from __future__ import annotations

from dataclasses import dataclass

from simopt.analysis.batch_size import Scaling, batch_size
from simopt.problems import Problem
from simopt.report.pages import Context
from simopt.report.sweeps import Setting
from simopt.rules import SGD, Adam, Momentum
from simopt.rules.rule import Optimizer


@dataclass(frozen=True)
class Study:
    """What is asked of a problem.

    Attributes
    ----------
    share : float
        Of the loss that can be taken off the start's: how much of it is left at the target.
    sizes, seeds : dict of bool to tuple or int
        Batch sizes and seeds in the quick report (True) and in the full one.
    """

    share: float
    sizes: dict[bool, tuple[int | str, ...]]
    seeds: dict[bool, int]


#: A loss far below the start's takes diabetes, where the intercept alone removes most of it.
STUDIES = {
    "Hubble": Study(
        0.001,
        {False: (1, 2, 4, 8, 16, "full"), True: (1, 2, 4, 8, "full")},
        {False: 128, True: 16},
    ),
    "diabetes": Study(
        0.01,
        {False: (1, 2, 4, 8, 16, 32, 64, 128, 256, "full"), True: (1, 4, 16, 64, "full")},
        {False: 64, True: 8},
    ),
    "logistic": Study(
        0.05,
        {False: (4, 16, 64, 256, 1024, "full"), True: (4, 16, 64, "full")},
        {False: 5, True: 3},
    ),
}


def optimizers() -> list[Optimizer]:
    """The rules compared: eta of each is tuned, of Momentum beta too."""
    return [SGD(), Momentum(beta=[0.0, 0.5, 0.9]), Adam()]


def target(problem: Problem, share: float) -> float:
    """The loss that leaves a share of what can be taken off the start's."""
    least = problem.minimum_loss
    return least + share * (problem.loss(problem.w0) - least)


def studied(key: str, setting: Setting, context: Context) -> Scaling:
    """The study of a problem."""
    asked, problem = STUDIES[key], setting.problem
    context.say(f"Critical batch size: {setting.name}")
    return batch_size(
        problem,
        optimizers(),
        target=target(problem, asked.share),
        batch_sizes=asked.sizes[context.quick],
        seeds=asked.seeds[context.quick],
        progress=False,
    )
