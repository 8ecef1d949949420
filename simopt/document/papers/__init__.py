"""Claims of the papers that the later rules come from: what decides each, and the verdict."""

from simopt.document.papers.registry import CLAIMS, papers
from simopt.ground.packages import make_callable

__all__ = ["CLAIMS", "papers"]

make_callable(__name__, papers)
