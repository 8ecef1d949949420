"""thinc, spaCy's optimizers, in single precision: each array's gradient is clipped unasked.

Its `RAdam` counts updates from 2, and takes no notice of ``lr_scale``.
"""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise

CLIPPED = {"clip_norm": 1.0}
PER_ARRAY = "each array's gradient is clipped to the norm 1 by itself"


def _clipped(measure: Measures, thinc: Any) -> str:
    free, bound = measure.four(thinc, 20), measure.clipped(thinc, 1.0, 5)
    return (
        "grad_clip is 1 unless it is set, in SGD too: at η = 0.01, twenty updates on the four "
        f"points end at w = {number(bound, 3)} in place of {number(free, 3)}."
    )


FRAMEWORK = Framework(
    key="thinc",
    name="thinc",
    version="thinc 9.1.1",
    decay="stepped",
    rules={
        "SGD": {},
        "Adam": {"epsilon_place": "hat"},
        "RAdam": {
            "epsilon_place": "hat",
            "threshold": 5.0,
            "threshold_included": True,
            "counts_from": 2,
        },
    },
    arguments={
        "eta": "learn_rate",
        "beta1": "beta1",
        "beta2": "beta2",
        "epsilon": "eps",
        "weight_decay": "L2",
        "clip_norm": "grad_clip",
    },
    spelled=("spacy",),
    calls=(
        Call("thinc.api.SGD(0.001)", "SGD", note=PER_ARRAY, clip=CLIPPED),
        Call("thinc.api.Adam()", "Adam", note=PER_ARRAY, clip=CLIPPED),
        Call("thinc.api.Adam(grad_clip=0.0)", "Adam"),
        Call("thinc.api.RAdam()", "RAdam", note=PER_ARRAY, clip=CLIPPED),
        Call("thinc.api.RAdam(grad_clip=0.0)", "RAdam", note="t is 2 at the first update"),
        Call(
            "thinc.api.Adam(grad_clip=0.0, L2=0.01)",
            "Adam",
            {"weight_decay": 0.01},
            "of the weight after its step",
        ),
        Call(
            "thinc.api.Adam(grad_clip=0.0, L2=0.01, L2_is_weight_decay=False)",
            "Adam",
            {"weight_decay": 0.01, "decay": "coupled"},
            "added to the gradient, before it is clipped",
        ),
    ),
    surprises=(
        Surprise(
            "spaCy's optimizers clip every gradient",
            25,
            (("SGD", {"eta": 0.01, "convention": "thinc"}),),
            _clipped,
        ),
    ),
)
