"""The document's claims: what each says, what decides it, and the verdict.

A folder for each section, with its claims as data (``claims.toml``) and their experiments; what
several sections share is in ``common``.
"""

from simopt.document.claims.evaluation import Outcome, claims, evaluate
from simopt.ground.packages import make_callable

__all__ = ["Outcome", "claims", "evaluate"]

make_callable(__name__, claims)
