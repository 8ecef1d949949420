"""The noisy quadratic model of Zhang et al. (2019), exactly: a second engine, without sampling.

`problem` makes the model for `simopt.sweep`. Of any `simopt.problems.noisy_quadratic`,
`expected_loss`, `moments` and `standard_error` say what a sweep comes to on average, and by how
much a sample may differ. `steps_to_target` finds the fewest updates to a loss, with the setting
tuned at every batch size, and `lower_bound` what no method can do without.
"""

from simopt.analysis.nqm.expectation import expected_loss, lower_bound, moments, standard_error
from simopt.analysis.nqm.spectra import problem
from simopt.analysis.nqm.steps import steps_to_target

__all__ = [
    "expected_loss",
    "lower_bound",
    "moments",
    "problem",
    "standard_error",
    "steps_to_target",
]
