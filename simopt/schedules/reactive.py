"""Rates that react to the loss: nobody knows them before the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from simopt.ground import checks
from simopt.rules.frameworks import FRAMEWORKS
from simopt.schedules.schedule import Schedule, make


class Reaction(NamedTuple):
    """What a rate does after each epoch, as numbers; `simopt.training.semantics.reacted` reads it.

    A loss is an improvement below ``kept best - margin``. After ``due`` epochs without one the rate
    becomes ``factor rate / divisor``, but no less than ``floor + floor_factor eta``.
    """

    due: float
    kept: float
    margin: float
    factor: float = 1.0
    divisor: float = 1.0
    #: Epochs after a drop that do not count.
    cooldown: float = 0.0
    floor: float = 0.0
    floor_factor: float = 0.0
    #: A drop by no more than this is not made.
    least_change: float = 0.0
    #: 1: the best loss is the lowest, improvement or not, and a loss at the bound is one.
    lowest: float = 0.0
    #: At a rate of at most this the next drop is to 0.
    ends: float = -1.0


@dataclass(frozen=True, repr=False)
class Reactive(Schedule):
    """A schedule that depends on what the trajectory does: it has no table."""

    @property
    def monitor(self) -> str:
        """The loss that it reacts to."""
        return str(dict(self.settings)["monitor"])

    @property
    def reaction(self) -> Reaction:
        """The schedule as numbers."""
        settings = dict(self.settings)
        return (_adaptive if self.name == "adaptive" else _plateau)(**settings)

    def rows(self, updates: int, batches: int, whole: int) -> NoReturn:
        """Refused: `simopt.run` says in ``steps["eta"]`` what the rates came to be."""
        raise checks.refuse(
            "schedule", self, "one that is known beforehand: this one reacts to the loss"
        )


def plateau(
    factor: float = 0.1,
    patience: int = 10,
    *,
    threshold: float = 1e-4,
    threshold_mode: str | None = None,
    cooldown: int = 0,
    floor: float = 0.0,
    floor_factor: float = 0.0,
    least_change: float | None = None,
    monitor: str = "loss",
    convention: str = "torch",
) -> Schedule:
    r"""Drops where the loss no longer falls.

    After each epoch e its loss :math:`\ell_e` is looked at. It is an improvement where

    .. math:: \ell_e < (1 - h)\, \ell_{best} \quad\text{("relative") or}\quad
              \ell_e < \ell_{best} - h \quad\text{("absolute")},

    and is then the best. Behind the last of too many epochs in a row without one,
    :math:`\eta \leftarrow \max(f \eta, \text{floor} + \text{floor\_factor} \cdot \eta_0)`.

    Parameters
    ----------
    factor : float, default 0.1
        f, in [0, 1). ``factor`` in all three.
    patience : int, default 10
        P. PyTorch drops after P + 1 epochs without improvement, Keras and optax after P: where
        the loss stands still from the start, after epoch P + 2 or P + 1. With "optax" >= 1.
    threshold : float, default 1e-4
        h, >= 0. ``ReduceLROnPlateau``'s ``threshold``, Keras' ``min_delta``, optax' ``rtol`` or
        ``atol``.
    threshold_mode : {"relative", "absolute"}, optional
        Of what h is a part; "absolute" by default with "keras", which has no other, "relative" with
        the others. ``threshold_mode``, there "rel" and "abs".
    cooldown : int, default 0
        C: so many epochs after a drop do not count as without improvement; in Keras one fewer.
    floor : float, default 0
        The least rate, >= 0 [a rate]. ``min_lr``.
    floor_factor : float, default 0
        The same as a share of the base rate, >= 0 [eta]. optax' ``min_scale``.
    least_change : float, optional
        A drop by no more than this is not made, >= 0 [a rate]; 1e-8 by default with "torch", whose
        ``eps`` it is, and 0 with the others, which have none.
    monitor : {"loss", "batch_loss"}
        The loss over all points after the epoch, or the mean of those that the epoch's batches had
        before their updates, as Keras' ``"loss"`` is. A sweep takes the first alone.
    convention : str, default "torch"
        Whose: when the drop comes, and the defaults above.

    Returns
    -------
    Schedule
        A frozen value. It has no table, and is no part of another schedule.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Notes
    -----
    A loss that is nan is no improvement. With `simopt.averaged` the loss is that of the average.
    Of a best loss below 0 the relative bound lies above it, as in PyTorch: a loss that stands still
    is progress then, and the rate never drops. "absolute" is right for losses of either sign.

    References
    ----------
    ``torch.optim.lr_scheduler.ReduceLROnPlateau``; ``keras.callbacks.ReduceLROnPlateau``;
    ``optax.contrib.reduce_on_plateau``.

    Examples
    --------
    >>> import simopt
    >>> from simopt.schedules import plateau
    >>> apart = simopt.problems.least_squares([1.0, 1.0], [-1.0, 1.0], w0=1.0)
    >>> drops = plateau(0.5, patience=2, threshold=0.1)
    >>> run = simopt.run(apart, simopt.SGD(eta=0.25), epochs=8, schedule=drops)
    >>> run.steps.groupby("epoch")["eta"].first().tolist()
    [0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.125, 0.125]
    """
    made = make(plateau, None, locals(), Reactive)
    if factor >= 1.0:
        raise checks.refuse("factor", factor, "less than 1")
    if convention == "optax" and patience < 1:
        raise checks.refuse(
            "patience", patience, "at least 1 with optax, which at 0 drops at improvements alone"
        )
    return made


def _plateau(
    factor: float,
    patience: int,
    threshold: float,
    threshold_mode: str | None,
    cooldown: int,
    floor: float,
    floor_factor: float,
    least_change: float | None,
    monitor: str,
    convention: str,
) -> Reaction:
    form = FRAMEWORKS[convention].schedules["plateau"]
    keras = form == "by min_delta"
    relative = not keras if threshold_mode is None else threshold_mode == "relative"
    later = form == "one epoch later"
    return Reaction(
        due=patience + 1 if later else max(patience, 1),
        kept=1.0 - threshold if relative else 1.0,
        margin=0.0 if relative else threshold,
        factor=factor,
        cooldown=max(cooldown - 1, 0) if keras else cooldown,
        floor=floor,
        floor_factor=floor_factor,
        least_change=(1e-8 if later else 0.0) if least_change is None else least_change,
    )


def adaptive(
    patience: int = 5,
    tol: float = 1e-3,
    *,
    estimator: str = "SGD",
    monitor: str = "batch_loss",
) -> Schedule:
    r"""scikit-learn's "adaptive": a fifth of the rate where the training loss no longer falls.

    .. math:: \eta \leftarrow \eta / 5 \quad\text{after too many epochs in a row with}\quad
              \ell_e > \min_{i < e} \ell_i - h

    Parameters
    ----------
    patience : int, default 5
        P, >= 1. ``n_iter_no_change``, 10 by default in ``MLPRegressor``.
    tol : float, default 1e-3
        h, >= 0 [a loss]; 1e-4 by default in ``MLPRegressor``. scikit-learn's squared error is half
        of simopt's: its ``tol`` is h / 2.
    estimator : {"SGD", "MLP"}
        Whose: ``SGDRegressor`` and ``SGDClassifier`` drop after P such epochs, ``MLPRegressor`` and
        ``MLPClassifier`` after P + 1.
    monitor : {"batch_loss", "loss"}
        The mean of the losses that the epoch's batches had before their updates, as in
        scikit-learn; or the loss over all points after the epoch. A sweep takes the second alone.

    Returns
    -------
    Schedule
        A frozen value. It has no table, and is no part of another schedule.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Notes
    -----
    Where scikit-learn ends the training, as a drop is due at a rate of at most 1e-6, the rate is 0
    from there on.

    References
    ----------
    ``learning_rate="adaptive"`` of scikit-learn's ``SGDRegressor`` and ``MLPRegressor``.

    Examples
    --------
    >>> import simopt
    >>> from simopt.schedules import adaptive
    >>> apart = simopt.problems.least_squares([1.0, 1.0], [-1.0, 1.0], w0=1.0)
    >>> run = simopt.run(apart, simopt.SGD(eta=0.25), epochs=8, schedule=adaptive(2, tol=0.1))
    >>> run.steps.groupby("epoch")["eta"].first().round(4).tolist()
    [0.25, 0.25, 0.25, 0.25, 0.05, 0.05, 0.05, 0.01]
    """
    made = make(adaptive, None, locals(), Reactive)
    if patience < 1:
        raise checks.refuse("patience", patience, "at least 1")
    return made


def _adaptive(patience: int, tol: float, estimator: str, monitor: str) -> Reaction:
    due = patience + 1 if estimator == "MLP" else patience
    return Reaction(due=due, kept=1.0, margin=tol, divisor=5.0, lowest=1.0, ends=1e-6)
