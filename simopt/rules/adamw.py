"""AdamW: Adam with the weight decay taken out of the gradient (Loshchilov and Hutter 2019)."""

from __future__ import annotations

from simopt.rules.adam import adam, bias_correction, derived
from simopt.rules.rule import Optimizer, rule


def adamw(w, g, eta, m, v, bias1, bias2, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01):
    """One weight, one step: Adam's, and the weight shrunk by ``eta * weight_decay``."""
    stepped, m, v = adam(w, g, eta, m, v, bias1, bias2, beta1, beta2, epsilon)
    return stepped - eta * weight_decay * w, m, v


RULE = rule(adamw, name="AdamW", clock=bias_correction, derived=derived)


def AdamW(
    eta=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.01, *, convention="document"
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
    epsilon : float or sequence of float, default 1e-8
        Added to v_hat inside the root, >= 0.
    weight_decay : float or sequence of float, default 0.01
        Lambda, >= 0. The decay is multiplied by eta, and taken of the weight before the step.
    convention : {"document"}
        Whose formula.

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
    return RULE(
        eta=eta,
        beta1=beta1,
        beta2=beta2,
        epsilon=epsilon,
        weight_decay=weight_decay,
        convention=convention,
    )
