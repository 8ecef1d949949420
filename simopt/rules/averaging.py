"""Averaging the iterates: the weight that is used is a fading average of those passed through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simopt.ground import checks
from simopt.rules.modifiers import with_average
from simopt.rules.rule import ALLOWED, MOST_HYPERPARAMETERS, MOST_STATE, Optimizer


def averaged(optimizer: Optimizer, gamma: Any = 0.999) -> Optimizer:
    r"""Another optimizer with an exponential moving average of its weights.

    .. math:: \bar w \leftarrow \gamma \bar w + (1 - \gamma) w, \qquad \bar w_0 = w_0

    The optimizer itself goes on as before, its gradients those at w. Losses, targets, divergence
    and the columns w of a sweep are those of the average. PyTorch has it as ``AveragedModel`` with
    ``get_ema_multi_avg_fn(gamma)``, whose first average is :math:`w_1` and not :math:`w_0`.

    Parameters
    ----------
    optimizer : Optimizer
        Whose weights to average; its hyperparameters may be axes.
    gamma : float or sequence of float, default 0.999
        Share of the average that an update keeps, in [0, 1). A sequence is an axis.

    Returns
    -------
    Optimizer
        With the hyperparameter gamma behind the others; ``replace`` changes either.

    Raises
    ------
    ValueError
        If gamma is out of range, the optimizer is an average already, or has no room for another
        state or hyperparameter.

    References
    ----------
    B. T. Polyak, A. B. Juditsky, Acceleration of stochastic approximation by averaging, SIAM J.
    Control Optim. 30 (1992) 838.

    Examples
    --------
    >>> import simopt
    >>> slow = simopt.averaged(simopt.SGD(eta=0.05), gamma=0.5)
    >>> run = simopt.run(simopt.problems.four_points(), slow)
    >>> run.steps[["w", "average", "loss"]].round(3).values.tolist()
    [[3.8, 3.4, 9.12], [3.92, 3.66, 6.397], [4.892, 4.276, 1.867], [4.895, 4.585, 0.613]]
    """
    if not isinstance(optimizer, Optimizer):
        raise checks.refuse("optimizer", optimizer, "an optimizer such as simopt.SGD(eta=0.1)")
    rule = optimizer.rule
    if rule.average is not None:
        raise checks.refuse("optimizer", optimizer, "one that is not averaged yet")
    if len(rule.state) >= MOST_STATE or len(rule.hyperparameters) > MOST_HYPERPARAMETERS:
        raise checks.refuse(
            "optimizer",
            optimizer,
            f"one with fewer than {MOST_STATE} states and {MOST_HYPERPARAMETERS} hyperparameters",
        )
    if checks.is_sequence(gamma):
        gamma = tuple(
            checks.number("gamma", each, ALLOWED["gamma"]) for each in checks.axis("gamma", gamma)
        )
    else:
        gamma = checks.number("gamma", gamma, ALLOWED["gamma"])
    return Optimizer(
        with_average(rule),
        (*optimizer.values, gamma),
        optimizer.convention,
        optimizer.switches,
        made_by=Averaged(optimizer),
        given={"gamma": gamma},
        several=tuple(averaged(each, gamma) for each in optimizer.several),
    )


@dataclass(frozen=True)
class Averaged:
    """Makes the averaged optimizer again, with other settings."""

    optimizer: Optimizer

    def __call__(self, gamma: Any, **settings: Any) -> Optimizer:
        """Of ``settings`` all are the optimizer's own."""
        return averaged(self.optimizer.replace(**settings) if settings else self.optimizer, gamma)
