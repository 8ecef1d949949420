"""All claims, in reading order."""

from simopt.claims import batches
from simopt.claims.claim import Claim

CLAIMS: tuple[Claim, ...] = tuple(sorted(batches.CLAIMS, key=lambda claim: claim.id))
