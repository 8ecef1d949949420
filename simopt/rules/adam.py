"""Adam: fading means of the gradient and of its square, bias-corrected (Kingma and Ba 2015)."""

from __future__ import annotations

import math

from simopt.rules.rule import Optimizer, complement, rule


def bias_correction(bias1, bias2, beta1, beta2):
    """``1 - beta1^t`` and ``1 - beta2^t``.

    1 - beta^t is the fading mean of a constant 1: carried like that, it needs no power, and it does
    not lose the digits that the subtraction costs at small t.
    """
    return beta1 * bias1 + complement(beta1), beta2 * bias2 + complement(beta2)


def adam(w, g, eta, m, v, bias1, bias2, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """One weight, one step.

    ``eta m_hat / sqrt(v_hat + epsilon)``, with m_hat = m / bias1 and v_hat = v / bias2, brought to
    one division in place of three.
    """
    m = beta1 * m + complement(beta1) * g
    v = beta2 * v + complement(beta2) * (g * g)
    root = math.sqrt((v + epsilon * bias2) * bias2)
    return w - eta * m * bias2 / (bias1 * root), m, v


def derived(m, v, bias1, bias2, **_):
    """The corrected moments."""
    return {"m_hat": m / bias1, "v_hat": v / bias2}


RULE = rule(adam, name="Adam", clock=bias_correction, derived=derived)


def Adam(eta=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, *, convention="document") -> Optimizer:
    r"""Adam, with epsilon inside the root.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g, &
        \hat m &= m / (1 - \beta_1^t) \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2, &
        \hat v &= v / (1 - \beta_2^t) \\
        w &\leftarrow w - \eta \hat m / \sqrt{\hat v + \epsilon}

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0: about the size of a step, in units of the weight.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.999
        Decay of the two means, in [0, 1).
    epsilon : float or sequence of float, default 1e-8
        Added to v_hat *inside* the root, >= 0.
    convention : {"document"}
        Whose formula.

    Returns
    -------
    Optimizer
        A frozen value. ``t`` counts updates, that is, batches.

    Raises
    ------
    ValueError
        If a hyperparameter is out of range.

    Notes
    -----
    The paper's algorithm 1 and PyTorch add epsilon outside the root; Keras adds it to the
    uncorrected root. ``optax.adam(eta, eps=0, eps_root=1e-8)`` is this one.

    References
    ----------
    D. P. Kingma, J. Ba, Adam: a method for stochastic optimization, ICLR 2015.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.Adam(eta=0.1)).steps
    >>> steps[["m_hat", "v_hat", "w"]].round(3).head(2)
        m_hat   v_hat      w
    0 -16.000  256.00  3.100
    1  -9.579  135.16  3.182
    """
    return RULE(eta=eta, beta1=beta1, beta2=beta2, epsilon=epsilon, convention=convention)
