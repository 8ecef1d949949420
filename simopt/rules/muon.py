"""Muon: momentum of a matrix, orthogonalised by Newton-Schulz iterations (Jordan et al. 2024)."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.adam import M_HAT, MEANS, V_HAT, bias_corrections, moments
from simopt.rules.corrected import CORRECTED_ROOTS
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.matrices import Matrix
from simopt.rules.nadam import ahead
from simopt.rules.rule import Optimizer, Rule, complement, remembered
from simopt.rules.spectral import SCALES, orthogonalise_by, room


def clock(bias, bias1, bias2, beta, beta1, beta2):
    """The bias corrections of the momentum, and Adam's."""
    return beta * bias + complement(beta), *bias_corrections(bias1, bias2, beta1, beta2)


def summed(nesterov):
    """What enters the matrix: a fading sum of gradients."""

    def enters(g, m, v, bias, bias1, bias2, beta, *rest):
        m = beta * m + g
        return (g + beta * m if nesterov else m), m, v

    return enters


def averaged(nesterov):
    """The same of a fading mean, its bias corrected; by Nesterov that of the update to come."""

    def enters(g, m, v, bias, bias1, bias2, beta, *rest):
        m = beta * m + complement(beta) * g
        return (ahead(m, g, beta, beta, bias) if nesterov else m / bias), m, v

    return enters


def along(
    w, x, eta, m, v, bias, bias1, bias2,
    beta, beta1, beta2, epsilon, epsilon2, weight_decay, adam_ratio,
):  # fmt: skip
    """One weight of a matrix, one step; x is the entry of the orthogonalised one."""
    return w - eta * weight_decay * w - eta * x, m, v


def adam_mean(m, g, beta1, bias1):
    """Adam's mean of the gradient."""
    return m / bias1


def nadam_mean(m, g, beta1, bias1):
    """NAdam's."""
    return ahead(m, g, beta1, beta1, bias1)


def alone(mean, root):
    """One weight that is in no matrix, one step."""

    def muon(
        w, g, eta, m, v, bias, bias1, bias2,
        beta=0.95, beta1=0.9, beta2=0.95, epsilon=1e-10, epsilon2=1e-7, weight_decay=0.0,
        adam_ratio=0.015,
    ):  # fmt: skip
        m, v = moments(g, m, v, beta1, beta2)
        step = mean(m, g, beta1, bias1) / root(v, bias2, epsilon)
        return w - eta * weight_decay * w - eta * adam_ratio * step, m, v

    return muon


#: What weights that are in no matrix go by.
OTHERS = {"AdamW": adam_mean, "NAdamW": nadam_mean}


@cache
def build(
    nesterov: bool, bias_correction: bool, scale: str, others: str, epsilon_place: str
) -> Rule:
    """The rule with its switches set."""
    made = rule(
        alone(OTHERS[others], CORRECTED_ROOTS[epsilon_place]),
        name="Muon",
        clock=clock,
        eta=0.02,
    )
    enters = (averaged if bias_correction else summed)(nesterov)
    matrix = Matrix(enters, orthogonalise_by(SCALES[scale]), along, room, "epsilon2")
    made = dataclasses.replace(made, matrix=matrix)
    return remembered(made, build, nesterov, bias_correction, scale, others, epsilon_place)


def formula(settings):
    """The formula of a weight that is in no matrix, with the switches set."""
    step = "w = w - eta * weight_decay * w - eta * adam_ratio * "
    mean, lines = "m_hat", [M_HAT]
    if settings["others"] == "NAdamW":
        mean = "m_bar"
        lines = ["m_bar = beta1 * m / (1 - beta1**(t + 1)) + (1 - beta1) * g / (1 - beta1**t)"]
    if settings["epsilon_place"] == "hat":
        return [*MEANS, *lines, f"{step}sqrt(1 - beta2**t) * {mean} / (sqrt(v) + epsilon)"]
    return [*MEANS, *lines, V_HAT, f"{step}{mean} / (sqrt(v_hat) + epsilon)"]


FAMILY = Family(
    "Muon",
    build,
    formula,
    switches={
        "nesterov": (True, False),
        "bias_correction": (False, True),
        "scale": tuple(SCALES),
        "others": tuple(OTHERS),
        "epsilon_place": ("outside", "hat"),
    },
    own_decay=True,
)


@by_convention
def Muon(
    eta: float | Collection[float] = 0.02,
    beta: float | Collection[float] = 0.95,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.95,
    epsilon: float | Collection[float] = 1e-10,
    epsilon2: float | Collection[float] = 1e-7,
    weight_decay: float | Collection[float] = 0.0,
    adam_ratio: float | Collection[float] = 0.015,
    *,
    nesterov: bool = True,
    bias_correction: bool = False,
    scale: str = "original",
    others: str = "AdamW",
    epsilon_place: str = "outside",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Muon: a matrix of weights steps along its momentum, orthogonalised.

    Of a matrix W [r, c] with the gradient G:

    .. math::
        M &\leftarrow \beta M + G \\
        X &= G + \beta M \\
        X &\leftarrow \frac{X}{\lVert X \rVert + \epsilon_2} \\
        X &\leftarrow a X + b (X X^T) X + c (X X^T)^2 X && \text{five times} \\
        W &\leftarrow W - \eta \lambda W - \eta \sqrt{\max\left(1, \tfrac{r}{c}\right)} X

    with :math:`(a, b, c) = (3.4445, -4.775, 2.0315)`. The iterations leave the singular vectors
    as they are, and bring singular values near 1. All other weights go by AdamW, at the rate
    :math:`\rho \eta`:

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \hat m &= \frac{m}{1 - \beta_1^t} \\
        \hat v &= \frac{v}{1 - \beta_2^t} \\
        w &\leftarrow w - \eta \lambda w - \frac{\eta \rho \hat m}{\sqrt{\hat v} + \epsilon}

    A network's hidden weights W are a matrix, a row per unit. Its biases and output weights are in
    none, and so are the weights of all other problems: there Muon is AdamW.

    Parameters
    ----------
    eta : float or sequence of float, default 0.02
        Learning rate, >= 0.
    beta : float or sequence of float, default 0.95
        Decay of the momentum of matrices, in [0, 1).
    beta1, beta2 : float or sequence of float, default 0.9 and 0.95
        Decay of the two means of other weights, in [0, 1).
    epsilon : float or sequence of float, default 1e-10
        Added to the root of v_hat, >= 0.
    epsilon2 : float or sequence of float, default 1e-7
        Added to the norm (Frobenius) of a matrix before it is divided by it, >= 0.
    weight_decay : float or sequence of float, default 0.0
        Lambda, >= 0 [1 / rate / update], of all weights.
    adam_ratio : float or sequence of float, default 0.015
        Rho, >= 0: the rate of weights in no matrix, as a multiple of eta.
    nesterov : bool, default True
        Whether X is as above, or M itself.
    bias_correction : bool, default False
        Whether M is a mean, its bias corrected: X is then
        :math:`\beta M / (1 - \beta^{t + 1}) + (1 - \beta) G / (1 - \beta^t)`.
    scale : {"original", "match_rms_adamw"}, default "original"
        What X is multiplied by: as above, or by :math:`0.2 \sqrt{\max(r, c)}`, which makes steps
        as large as AdamW's usually are (Liu et al.).
    others : {"AdamW", "NAdamW"}, default "AdamW"
        What weights in no matrix go by.
    epsilon_place : {"outside", "hat"}, default "outside"
        As in `Adam`, of these.
    convention : str or sequence of str, default "document"
        Whose formula and defaults ("document": its author's); a sequence is an axis of a sweep.

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
    Iterations are in the precision of the weights; those of its author's code, and of PyTorch's,
    are in bfloat16, whose three digits no convention here has. PyTorch's takes matrices alone.

    References
    ----------
    K. Jordan, Y. Jin, V. Boza, et al., Muon: an optimizer for hidden layers in neural networks,
    2024, kellerjordan.github.io/posts/muon.

    J. Liu, J. Su, X. Yao, et al., Muon is scalable for LLM training, arXiv:2502.16982, 2025.

    Examples
    --------
    >>> import numpy as np, simopt
    >>> x = np.random.default_rng(0).normal(size=(40, 3))
    >>> layers = simopt.problems.network(x, x @ [1.0, 2.0, 3.0], hidden=4)
    >>> run = simopt.run(layers, simopt.Muon(eta=1.0), batch_size="full")
    >>> step = run.steps[[f"w_{k}" for k in range(12)]].to_numpy()[0] - layers.w0[:12]
    >>> np.linalg.svd(step.reshape(4, 3))[1].round(2).tolist()
    [1.17, 0.91, 0.83]
    """
    return FAMILY(**locals())
