"""RMSprop: AdaGrad with a memory that fades (Hinton 2012)."""

from __future__ import annotations

import math

from simopt.rules.rule import Optimizer, complement, rule


def rmsprop(w, g, eta, Eg2, rho=0.9, epsilon=1e-8):
    """One weight, one step."""
    Eg2 = rho * Eg2 + complement(rho) * (g * g)
    return w - eta * g / math.sqrt(Eg2 + epsilon), Eg2


def derived(eta, Eg2, epsilon, **_):
    """The rate that the step used."""
    return {"effective_lr": eta / math.sqrt(Eg2 + epsilon) if Eg2 + epsilon > 0 else math.inf}


RULE = rule(rmsprop, name="RMSprop", derived=derived)


def RMSprop(eta=0.001, rho=0.9, epsilon=1e-8, *, convention="document") -> Optimizer:
    r"""RMSprop, with epsilon inside the root and no bias correction.

    .. math::
        E \leftarrow \rho E + (1 - \rho) g^2, \qquad
        w \leftarrow w - \frac{\eta}{\sqrt{E + \epsilon}} g

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    rho : float or sequence of float, default 0.9
        Decay of the mean of squared gradients, in [0, 1).
    epsilon : float or sequence of float, default 1e-8
        Added *inside* the root, >= 0.
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
    optax agrees by default; PyTorch adds epsilon outside the root and decays with 0.99.

    References
    ----------
    G. Hinton, Neural networks for machine learning, lecture 6e (2012).

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.RMSprop(eta=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.316, 3.385, 3.667, 3.674]
    """
    return RULE(eta=eta, rho=rho, epsilon=epsilon, convention=convention)
