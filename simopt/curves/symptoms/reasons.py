"""Why the curve alone can't tell some symptoms apart."""

OFFSET = (
    "A curve says how much was lost, not how much there was to lose: a run at rest in the lowest "
    "minimum, in another one, or under a rate that has become nothing differs by an offset alone."
)
SCHEDULE = (
    "AdaGrad is SGD with the rate eta / sqrt(G) of each update; a schedule of the same rates gives "
    "the same curve, to rounding. That the rest takes eight times as long is not on the curve."
)
BATCHES = (
    "The loss of a batch goes up and down where the weights rest at the least loss, as the loss "
    "over all points does where they don't."
)
BEGINS = (
    "Where the first record comes after the fall, what was there to lose is not on the curve, and "
    "neither is how small the ups and downs are beside it."
)
