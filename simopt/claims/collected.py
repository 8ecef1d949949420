"""All claims, in reading order."""

from simopt.claims import (
    batches,
    costs,
    family_tree,
    gradients,
    parallel,
    reshuffling,
    scoreboard,
    second_epoch,
    seeding,
    sgd,
    shuffling,
    squares,
    states,
    troubleshooting,
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
    reshuffling,
    shuffling,
    seeding,
    gradients,
    squares,
    parallel,
    states,
    costs,
    troubleshooting,
)

CLAIMS: tuple[Claim, ...] = tuple(
    sorted((claim for part in PARTS for claim in part.CLAIMS), key=lambda claim: claim.id)
)
