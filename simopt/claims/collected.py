"""All claims, in reading order."""

from simopt.claims import (
    adagrad,
    adam,
    batches,
    correction,
    costs,
    defaults,
    family_tree,
    first_steps,
    gradients,
    look_ahead,
    momentum,
    parallel,
    plateaus,
    reshuffling,
    rmsprop,
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
    when_to_change,
)
from simopt.claims.claim import Claim

PARTS = (
    batches,
    family_tree,
    sgd,
    momentum,
    adagrad,
    rmsprop,
    adam,
    correction,
    defaults,
    when_to_change,
    first_steps,
    look_ahead,
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
    plateaus,
)

CLAIMS: tuple[Claim, ...] = tuple(
    sorted((claim for part in PARTS for claim in part.CLAIMS), key=lambda claim: claim.id)
)
