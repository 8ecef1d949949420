"""All claims, in reading order."""

from simopt.claims import second_epoch, warmup
    batches,
    family_tree,
    gradients,
    parallel,
    scoreboard,
    sgd,
    squares,
    states,
    walk,
)
from simopt.claims.claim import Claim

PARTS = (
    batches,
    family_tree,
    sgd,
    walk,
    scoreboard,
    warmup,
    second_epoch,
    gradients,
    squares,
    parallel,
    states,
)

CLAIMS: tuple[Claim, ...] = tuple(
    sorted((claim for part in PARTS for claim in part.CLAIMS), key=lambda claim: claim.id)
)
