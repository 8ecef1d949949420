"""All claims, in reading order."""

from simopt.claims import (
    batches,
    costs,
    family_tree,
    gradients,
    parallel,
    scoreboard,
    second_epoch,
    sgd,
    squares,
    states,
    walk,
    warmup,
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
    costs,
)

CLAIMS: tuple[Claim, ...] = tuple(
    sorted((claim for part in PARTS for claim in part.CLAIMS), key=lambda claim: claim.id)
)
