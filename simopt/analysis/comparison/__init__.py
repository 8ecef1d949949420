"""Optimizers compared: tuned on equal budgets, judged on other seeds, ranked with intervals."""

from simopt.analysis.comparison.later_rules import benchmark
from simopt.analysis.comparison.ranks import ranking
from simopt.analysis.comparison.trials import (
    FLOOR,
    WORST,
    compare,
    judged,
    sensitivity,
)

__all__ = ["FLOOR", "WORST", "benchmark", "compare", "judged", "ranking", "sensitivity"]
