"""What to train a regression with, on one's own data.

``data`` (rows in three parts, standardised) -> ``tuning`` (an optimizer's best setting) ->
``judging`` (what it is worth on new orders, and which can be told apart) -> ``code`` (programs for
other frameworks) -> ``study`` -> ``result``, said in ``sentences``.
"""

from simopt.analysis.recommendation.result import Recommendation
from simopt.analysis.recommendation.study import RecommendationInterrupted, recommend

__all__ = ["Recommendation", "RecommendationInterrupted", "recommend"]
