"""AdamW: Adam with the weight decay taken out of the gradient (Loshchilov and Hutter 2019)."""

from __future__ import annotations

from functools import partial

from simopt.rules import adam
from simopt.rules.family import Family
from simopt.rules.rule import Optimizer

FAMILY = Family(
    "AdamW",
    partial(adam.build, name="AdamW"),
    adam.formula,
    switches=adam.SWITCHES,
    optional=("epsilon_root",),
)


def AdamW(
    eta=None,
    beta1=None,
    beta2=None,
    epsilon=None,
    weight_decay=None,
    *,
    epsilon_root=None,
    epsilon_place=None,
    bias_correction=None,
    convention="document",
) -> Optimizer:
    r"""Adam with decoupled weight decay.

    .. math::
        w \leftarrow w - \eta \hat m / \sqrt{\hat v + \epsilon} - \eta \lambda w

    with m, v and their corrections as in `Adam`, from the gradient of the loss alone.

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.999
        Decay of the two means, in [0, 1).
    epsilon : float or sequence of float, default 1e-8 (keras: 1e-7)
        Added to v_hat inside the root, >= 0.
    weight_decay : float or sequence of float, default 0.01 (keras: 0.004; optax: 0.0001)
        Lambda, >= 0. The decay is multiplied by eta, and taken of the weight before the step.
    epsilon_root : float or sequence of float, optional
        As in `Adam`.
    epsilon_place : {"inside", "outside", "hat"}, optional
        As in `Adam`.
    bias_correction : bool, optional
        As in `Adam`.
    convention : {"document", "torch", "keras", "optax"} or a sequence of these
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
