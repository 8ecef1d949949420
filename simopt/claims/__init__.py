"""The document's claims, each one tried: what it says, what would decide it, what came out."""

from simopt.claims.trying import Tried, claims, try_all

__all__ = ["Tried", "claims", "try_all"]
