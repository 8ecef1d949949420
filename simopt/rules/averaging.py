"""Averaging the iterates: the weight that is used is an average of those passed through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simopt.ground import checks
from simopt.rules.averages import FORMS, with_average
from simopt.rules.ranges import ALLOWED
from simopt.rules.rule import MOST_HYPERPARAMETERS, MOST_STATE, Optimizer


def averaged(
    optimizer: Optimizer, gamma: Any = None, *, form: str = "fading", start: int = 0
) -> Optimizer:
    r"""Another optimizer with an average of its weights, by default an exponential moving one.

    .. math:: \bar w_n = \gamma_n \bar w_{n-1} + (1 - \gamma_n) w_n,
              \qquad \bar w_0 = w_0, \qquad n = t - \text{start}

    The optimizer itself goes on as before, its gradients those at w. Losses, targets, divergence
    and the columns w of a sweep are those of the average.

    ============  ==================================================  ============================
    form          :math:`\gamma_n`                                    whose
    ============  ==================================================  ============================
    "fading"      :math:`\gamma`                                      TensorFlow's
    "first"       0 at n = 1, then :math:`\gamma`                     PyTorch's and Keras'
    "debiased"    :math:`\gamma (1-\gamma^{n-1}) / (1-\gamma^n)`      optax'
    "warmed"      :math:`\min(\gamma, (1 + n) / (10 + n))`            TensorFlow's with num_updates
    "mean"        :math:`(n - 1) / n`                                 SWA, scikit-learn's
    ============  ==================================================  ============================

    Parameters
    ----------
    optimizer : Optimizer
        Whose weights to average; its hyperparameters may be axes.
    gamma : float or sequence of float, default 0.999
        Share of the average that an update keeps, in [0, 1). A sequence is an axis. "mean" has
        none.
    form : {"fading", "first", "debiased", "warmed", "mean"}
        How the average begins.
    start : int, default 0
        So many updates are not averaged: until then the average is w itself.

    Returns
    -------
    Optimizer
        With the hyperparameter gamma behind the others; ``replace`` changes either.

    Raises
    ------
    ValueError
        If an argument is out of range, the optimizer is an average already, or has no room for
        another state, clock value or hyperparameter.

    References
    ----------
    B. T. Polyak, A. B. Juditsky, Acceleration of stochastic approximation by averaging, SIAM J.
    Control Optim. 30 (1992) 838; P. Izmailov et al., Averaging weights leads to wider optima and
    better generalization, UAI 2018. ``torch.optim.swa_utils.AveragedModel`` (with
    ``get_ema_multi_avg_fn(gamma)`` "first", without it "mean"), ``optax.ema``, the ``use_ema`` of
    Keras' optimizers, ``tf.train.ExponentialMovingAverage``, the ``average`` of ``SGDRegressor``.

    Examples
    --------
    >>> import simopt
    >>> slow = simopt.averaged(simopt.SGD(eta=0.05), gamma=0.5)
    >>> run = simopt.run(simopt.problems.four_points(), slow)
    >>> run.steps[["w", "average", "loss"]].round(3).values.tolist()
    [[3.8, 3.4, 9.12], [3.92, 3.66, 6.397], [4.892, 4.276, 1.867], [4.895, 4.585, 0.613]]
    >>> mean = simopt.averaged(simopt.SGD(eta=0.05), form="mean", start=2)
    >>> run = simopt.run(simopt.problems.four_points(), mean)
    >>> run.steps[["w", "average"]].round(3).values.tolist()
    [[3.8, 3.8], [3.92, 3.92], [4.892, 4.892], [4.895, 4.893]]
    """
    if not isinstance(optimizer, Optimizer):
        raise checks.refuse("optimizer", optimizer, "an optimizer such as simopt.SGD(eta=0.1)")
    rule = optimizer.rule
    if rule.average is not None:
        raise checks.refuse("optimizer", optimizer, "one that is not averaged yet")
    if rule.matrix is not None:
        raise checks.refuse("optimizer", optimizer, "one that does not step along matrices")
    checks.choice("form", form, FORMS)
    start = checks.whole("start", start, 0, 2**53)
    counts = form != "fading" or start > 0
    if (
        len(rule.state) >= MOST_STATE
        or len(rule.hyperparameters) > MOST_HYPERPARAMETERS
        or (counts and len(rule.clock_values) >= MOST_STATE)
    ):
        raise checks.refuse(
            "optimizer",
            optimizer,
            f"one with fewer than {MOST_STATE} states, {MOST_STATE} clock values and "
            f"{MOST_HYPERPARAMETERS} hyperparameters",
        )
    if form == "mean":
        if gamma is not None:
            raise checks.refuse("gamma", gamma, "None with form='mean', which keeps all alike")
    elif gamma is None:
        gamma = 0.999
    elif checks.is_sequence(gamma):
        gamma = tuple(
            checks.number("gamma", each, ALLOWED["gamma"]) for each in checks.axis("gamma", gamma)
        )
    else:
        gamma = checks.number("gamma", gamma, ALLOWED["gamma"])
    several = tuple(averaged(each, gamma, form=form, start=start) for each in optimizer.several)
    return Optimizer(
        with_average(rule, form, start),
        optimizer.values if gamma is None else (*optimizer.values, gamma),
        optimizer.convention,
        optimizer.switches,
        made_by=Averaged(optimizer),
        given={"gamma": gamma, "form": form, "start": start},
        several=several,
    )


@dataclass(frozen=True)
class Averaged:
    """Makes the averaged optimizer again, with other settings."""

    optimizer: Optimizer

    def __call__(self, gamma: Any, form: str, start: int, **settings: Any) -> Optimizer:
        """Of ``settings`` all are the optimizer's own."""
        optimizer = self.optimizer.replace(**settings) if settings else self.optimizer
        return averaged(optimizer, gamma, form=form, start=start)
