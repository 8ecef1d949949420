"""AdaGrad: a rate per weight that shrinks with the squared gradients seen (Duchi et al. 2011)."""

from __future__ import annotations

import math

from simopt.rules.rule import Optimizer, rule


def adagrad(w, g, eta, G, epsilon=1e-8):
    """One weight, one step."""
    G = G + g * g
    return w - eta * g / math.sqrt(G + epsilon), G


def derived(eta, G, epsilon, **_):
    """The rate that the step used."""
    return {"effective_lr": eta / math.sqrt(G + epsilon) if G + epsilon > 0 else math.inf}


RULE = rule(adagrad, name="AdaGrad", derived=derived)


def AdaGrad(eta=0.001, epsilon=1e-8, *, convention="document") -> Optimizer:
    r"""AdaGrad, with epsilon inside the root.

    .. math:: G \leftarrow G + g^2, \qquad w \leftarrow w - \frac{\eta}{\sqrt{G + \epsilon}} g

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    epsilon : float or sequence of float, default 1e-8
        Added to G *inside* the root, >= 0.
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
    PyTorch adds epsilon outside the root (and defaults to 1e-10); Keras and optax add it inside but
    start G at 0.1.

    References
    ----------
    J. Duchi, E. Hazan, Y. Singer, Adaptive subgradient methods, JMLR 12 (2011) 2121.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.AdaGrad(eta=0.1)).steps
    >>> steps["G"].round(2).tolist()
    [256.0, 270.44, 1411.8, 1412.6]
    """
    return RULE(eta=eta, epsilon=epsilon, convention=convention)
