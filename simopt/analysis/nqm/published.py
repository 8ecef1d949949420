"""Steps to target that the paper's authors' notebook returns, for batch sizes 4, 16, ..., 4^10.

G. Zhang et al., Which algorithmic choices matter at which batch sizes? (NeurIPS 2019); its notebook
prints figures, these integers are what its functions return.
"""

from __future__ import annotations

#: Batch sizes of the table.
SIZES = tuple(4**k for k in range(1, 11))

#: Power of the preconditioner and algorithm to steps.
STEPS = {
    (0.0, "sgd"): (1507367, 379858, 95759, 25880, 10609, 8117, 7447, 7309, 7276, 7268),
    (0.0, "momentum"): (1333443, 326809, 83186, 20969, 5203, 1280, 349, 208, 183, 178),
    (0.0, "ema"): (227963, 59509, 14722, 9142, 7868, 7506, 7397, 7365, 7355, 7352),
    (0.5, "sgd"): (345591, 86273, 21587, 5421, 1366, 342, 106, 88, 85, 84),
    (0.5, "momentum"): (287137, 74456, 18406, 4572, 1140, 293, 74, 21, 17, 17),
    (0.5, "ema"): (208785, 50343, 12578, 3350, 793, 195, 102, 89, 86, 85),
}
