"""AdamW: Adam with the weight decay taken out of the gradient (Loshchilov and Hutter 2019)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from simopt.rules import adam
from simopt.rules.family import Family, by_convention
from simopt.rules.rule import Optimizer

FAMILY = Family(
    "AdamW",
    partial(adam.build, name="AdamW"),
    adam.formula,
    switches=adam.SWITCHES,
    optional=("epsilon_root",),
)


@by_convention
def AdamW(
    eta: float | Collection[float] = 0.001,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.999,
    epsilon: float | Collection[float] = 1e-8,
    weight_decay: float | Collection[float] = 0.01,
    *,
    epsilon_root: float | Collection[float] | None = None,
    epsilon_place: str = "inside",
    bias_correction: bool = True,
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Adam with decoupled weight decay.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \hat m &= \frac{m}{1 - \beta_1^t} \\
        \hat v &= \frac{v}{1 - \beta_2^t} \\
        w &\leftarrow w - \frac{\eta \hat m}{\sqrt{\hat v + \epsilon}} - \eta \lambda w

    The means and their corrections are as in `Adam`, from the gradient of the loss alone.

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.999
        Decay of the two means, in [0, 1).
    epsilon : float or sequence of float, default 1e-8
        Added to v_hat inside the root, >= 0.
    weight_decay : float or sequence of float, default 0.01
        Lambda, >= 0. The decay is multiplied by eta, and taken of the weight before the step.
    epsilon_root : float or sequence of float, optional
        As in `Adam`.
    epsilon_place : {"inside", "outside", "hat"}, default "inside"
        As in `Adam`.
    bias_correction : bool, default True
        As in `Adam`.
    convention : str or sequence of str, default "document"
        Whose formula and defaults; a sequence is an axis of a sweep.

    Returns
    -------
    Optimizer
        A frozen value.

    Raises
    ------
    ValueError
        If a hyperparameter is out of range.

    Notes
    -----
    AdamW does not converge to the minimum of the loss: it decays towards 0 from there too.

    References
    ----------
    I. Loshchilov, F. Hutter, Decoupled weight decay regularization, ICLR 2019.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.AdamW(eta=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.097, 3.176, 3.259, 3.327]
    """
    return FAMILY(**locals())
