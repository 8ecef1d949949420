"""What the published material got wrong, each with what shows it, computed where it can be."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simopt import schedules
from simopt.analysis import nqm, stability
from simopt.analysis.nqm.theorems import momentum_terms
from simopt.analysis.stability.rates import iterates
from simopt.ground.formatting import listing, number, percent
from simopt.rules import SGD, Adam, Momentum
from simopt.sweeps.sweep import sweep
from simopt.training.stepper import Stepper


@dataclass(frozen=True)
class Mistake:
    """A statement in print that does not hold.

    Attributes
    ----------
    where : str
        The publication and the place.
    printed, right : str
        What it says, and what holds.
    evidence : str
        What shows it, with numbers computed now; empty where nothing can be computed.
    """

    where: str
    printed: str
    right: str
    evidence: str


def mistakes() -> list[Mistake]:
    """All of them, in the order of the publications."""
    return [
        under_damped(),
        factor_half(),
        unrolled(),
        notebook(),
        step_bound(),
        theorem_bounds(),
        linear_schedule(),
        two_experiments(),
    ]


GOH = "G. Goh, Why momentum really works (2017)"


def under_damped() -> Mistake:
    """The rate between the two double roots."""
    beta, a = 0.81, 0.5
    w = iterates([1.0], [1.0], Momentum(eta=a, beta=beta), 40)[:, 0]
    seen = stability.growth_per_epoch(w)
    return Mistake(
        f"{GOH}, note on the rates",
        "|σ₁| = |σ₂| = 2√β where momentum oscillates",
        "√β: the half before the roots was dropped",
        f"At β = {number(beta)}, ηλ = {number(a)} a trajectory contracts by {number(seen, 8)} an "
        f"update; √β = {number(math.sqrt(beta), 8)}, and 2√β = {number(2 * math.sqrt(beta))} would "
        "diverge.",
    )


def factor_half() -> Mistake:
    """The loss of gradient descent."""
    curvature, start, eta, k = np.array([1.0, 10.0]), np.array([1.0, 0.5]), 0.15, 7
    w = iterates(curvature.tolist(), start.tolist(), SGD(eta=eta), k)[-1]
    loss = float((curvature * w * w).sum() / 2)
    printed = float(((1 - eta * curvature) ** (2 * k) * curvature * start**2).sum())
    return Mistake(
        f"{GOH}, decomposing the error",
        "f(wᵏ) − f* = Σ (1 − αλᵢ)²ᵏ λᵢ [xᵢ⁰]²",
        "half of that, with his f(w) = ½ wᵀAw − bᵀw",
        f"Two directions, {k} updates: the loss is {number(loss, 6)}, the sum "
        f"{number(printed, 6)}, {number(printed / loss, 6)} times as much.",
    )


def unrolled() -> Mistake:
    """Momentum as a sum of gradients."""
    eta, beta, k = 0.2, 0.7, 6
    w = iterates([1.0], [1.0], Momentum(eta=eta, beta=beta), k)[:, 0]
    gradients = w[:-1]
    weights = (1 - beta ** np.arange(k, 0, -1)) / (1 - beta)
    total = float(eta * (weights * gradients).sum())
    return Mistake(
        f"{GOH}, momentum unrolled, and its error under noise",
        "wᵏ⁺¹ = w⁰ + α Σ … ∇f(wⁱ); and under noise a first term without its square",
        "w⁰ − α Σ …; and the deterministic part is squared, as in any mean square",
        f"After {k} updates from 1 the weight is {number(float(w[-1]), 6)}; minus gives "
        f"{number(1 - total, 6)}, plus {number(1 + total, 6)}.",
    )


def notebook() -> Mistake:
    """The bins of the noisy quadratic model."""
    bins = float(nqm.problem(spectrum="authors").l2.sum())
    true = float(nqm.problem(spectrum="true").l2.sum())
    return Mistake(
        "G. Zhang et al., noisy quadratic model, notebook (2019)",
        "curvatures 1/i in 100 bins; 10⁻⁸ added to a denominator; steps to target",
        "the bins leave curvature out, and the steps are the last above the target, one less than "
        "the first below; at B = 4 momentum's best setting is at the edge of the grid",
        f"The curvatures add up to {number(bins, 4)} in the bins and to {number(true, 4)} without.",
    )


def step_bound() -> Mistake:
    """Kingma and Ba's bound on a step."""
    stepper, longest = Stepper(Adam(eta=1.0, epsilon=0.0, bias_correction=False), [0.0]), 0.0
    for k in range(40):
        before = stepper.weights[0]
        stepper.step([(0.999 / 0.9) ** k])
        longest = max(longest, abs(stepper.weights[0] - before))
    return Mistake(
        "D. P. Kingma, J. Ba, Adam (2015), section 2.1",
        "a step is at most η (1 − β₁) / √(1 − β₂), in the most severe case of sparsity",
        "that is the sparse case, not the most severe: gradients that grow by β₂/β₁ go further",
        f"{number(0.1 / math.sqrt(0.001), 5)} η by the paper, {number(longest, 5)} η in a run of "
        f"40 growing gradients, {number(stability.adam_step_bound(), 5)} η the supremum.",
    )


def theorem_bounds() -> Mistake:
    """Bounds that are reached in the limit alone."""
    model = nqm.problem(d=50)
    eta, beta, size = 0.05, 0.9, 8
    shares = []
    for updates in (10, 100_000):
        left, level = momentum_terms(model, updates, eta, beta, size)
        exact = float(nqm.expected_loss(model, updates, eta=eta, beta=beta, batch_size=size))
        shares.append((exact - left) / level)
    return Mistake(
        "G. Zhang et al., noisy quadratic model (2019), theorems",
        "closed forms of the expected loss with momentum and with averages",
        "upper bounds: the first term is exact, the noise's is its limit, reached as t → ∞",
        f"50 directions, momentum {number(beta)}: of the noise's term {percent(shares[0])} "
        f"is there after 10 updates, {percent(shares[1], 6)} after 100,000.",
    )


def linear_schedule() -> Mistake:
    """The comment of a test of PyTorch's."""
    base, start, end = 0.05, 1 / 4, 3 / 5
    rates = schedules.linear_warmup(start, total=4, end_factor=end).rates(base, 5)
    return Mistake(
        "PyTorch, test/optim/test_lrscheduler.py, test_get_last_lr_linearlr",
        "a comment with the rates 0.025, 0.03125, …",
        "what the test itself computes from start_factor = 1/4 and end_factor = 3/5",
        f"From {number(base)} in four steps that is {listing(number(float(r), 6) for r in rates)}.",
    )


def two_experiments() -> Mistake:
    """Two constants of one paper."""
    ends = []
    for gradients, beta1, beta2 in (
        ([3.0, -1.0, -1.0], 0.0, 0.1),
        ([1010.0] + [-10.0] * 100, 0.9, 0.99),
    ):
        frame = sweep(
            stability.counterexamples.constant_gradients(gradients, w0=0.0),
            Adam(eta=0.5, beta1=beta1, beta2=beta2, epsilon=0.0, bias_correction=False),
            epochs=1000,
            schedule=schedules.inverse_sqrt(),
            box=(-1.0, 1.0),
            divergence=None,
            evaluate="epoch",
            progress=False,
        )
        ends.append(float(frame["w"].iloc[0]))
    return Mistake(
        "Summaries of S. J. Reddi, S. Kale, S. Kumar (2018)",
        "“C = 3 / 1010”",
        "two experiments: theorem 1 is for any C > 2, gradients C, −1, −1; the figure has 1010 "
        "once in 101 and −10 otherwise",
        f"After a thousand rounds of each Adam is at {number(ends[0])} and {number(ends[1])}, "
        "where −1 is best in both.",
    )
