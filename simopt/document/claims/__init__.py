"""The document's claims, each one tried: what it says, what would decide it, what came out."""

from simopt.document.claims.trying import Tried, claims, try_all
from simopt.ground.packages import make_callable

__all__ = ["Tried", "claims", "try_all"]

make_callable(__name__, claims)
