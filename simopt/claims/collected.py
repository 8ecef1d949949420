"""All claims, in reading order."""

from simopt.claims import batches, family_tree, gradients, scoreboard, sgd, squares, walk
from simopt.claims.claim import Claim

PARTS = (
    batches,
    family_tree,
    sgd,
    walk,
    scoreboard,
    gradients,
    squares,
)

CLAIMS: tuple[Claim, ...] = tuple(
    sorted((claim for part in PARTS for claim in part.CLAIMS), key=lambda claim: claim.id)
)
