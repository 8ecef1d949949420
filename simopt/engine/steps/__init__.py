"""What a rule does to a block of lanes, their gradients being there: clocks, sums, updates.

The loop over time has it compiled in, which is fastest, or calls it where it was compiled apart:
then a rule takes a tenth of the time to compile, for the loop serves all rules. The source is the
same, and so are the bits.

`shape` is what a loop knows of a rule; `making` makes its `Steps`, of one weight (`one_weight`) or
of several (`several_weights`), `clocks` what comes before either; `apart` calls them by an address.
"""

from simopt.engine.steps.apart import call, signature
from simopt.engine.steps.making import SOURCE, Steps, steps_of
from simopt.engine.steps.shape import Shape, extras_of, no_clock, shape_of

__all__ = [
    "SOURCE",
    "Shape",
    "Steps",
    "call",
    "extras_of",
    "no_clock",
    "shape_of",
    "signature",
    "steps_of",
]
