"""Steps to a target against batch size, with the hyperparameters tuned at every batch size.

``tuned`` (what, on which grid) -> ``attempts`` (settings tried on seeds) -> ``searching`` or
``points`` (the best of one batch size) -> ``study`` (all of them) -> ``tables``, with ``fits`` and
``rates`` -> ``result`` -> ``advice``.
"""

from simopt.analysis.batch_size.advice import advise
from simopt.analysis.batch_size.fits import Curve, fit_curve
from simopt.analysis.batch_size.goals import Goal, explained_held_out, goal
from simopt.analysis.batch_size.rates import RateLaws, fit_rates
from simopt.analysis.batch_size.result import Scaling
from simopt.analysis.batch_size.study import StudyInterrupted, batch_size

__all__ = [
    "Curve",
    "Goal",
    "RateLaws",
    "Scaling",
    "StudyInterrupted",
    "advise",
    "batch_size",
    "explained_held_out",
    "fit_curve",
    "fit_rates",
    "goal",
]
