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
WHITE = (
    "Noise that does not depend on the value before is what losses of batches have, on any run, "
    "and what the loss over all points has at a noise floor of which few records are kept."
)
SWING = "A swing that is longer than the curve is a rise: both mean a rate that is too high."
RARE = (
    "A rate at the edge of what is stable throws the loss far out once in a while; so does a batch "
    "with bad points. Whether it is always the same batch is not on the curve."
)
BEGINS = (
    "Where the first record comes after the fall, what was there to lose is not on the curve, and "
    "neither is how small the ups and downs are beside it."
)
