"""Stability of optimizers: exact epoch maps, closed forms, and simulation.

`simopt.stability.counterexamples` has small problems of the literature on which a method fails.
"""

from simopt.analysis.stability import counterexamples
from simopt.analysis.stability.cycles import (
    adam_critical_beta1,
    adam_cycle,
    adam_multiplier,
    adam_step_bound,
    rmsprop_cycle,
)
from simopt.analysis.stability.epochs import orders, spectral_radius
from simopt.analysis.stability.limits import thresholds
from simopt.analysis.stability.rates import measured, milestones, observed_rate
from simopt.analysis.stability.regions import critical_beta, limit, optimal, rate
from simopt.analysis.stability.simulated import compare, growth_per_epoch, in_order, quadratic

__all__ = [
    "adam_critical_beta1", "adam_cycle", "adam_multiplier", "adam_step_bound", "compare",
    "counterexamples", "critical_beta", "growth_per_epoch", "in_order", "limit", "measured",
    "milestones", "observed_rate", "optimal", "orders", "quadratic", "rate", "rmsprop_cycle",
    "spectral_radius", "thresholds",
]  # fmt: skip
