"""The document's convention; of rules that it lacks, their papers'."""

from simopt.rules.framework import Framework

FRAMEWORK = Framework(
    key="document",
    name="document",
    position=0,
    rules={
        "SGD": {},
        "Momentum": {},
        "Nesterov": {},
        "AdaGrad": {},
        "RMSprop": {},
        "Adam": {},
        "AdamW": {"decay": "decoupled", "weight_decay": 0.01},
        "AMSGrad": {},
        "NAdam": {},
        "RAdam": {},
        "Adamax": {},
        "Adadelta": {},
        "Lion": {"decay": "decoupled"},
        "SignSGD": {},
        "AdaBelief": {"decay": "decoupled"},
        "Yogi": {},
        "Adan": {"decay": "decoupled"},
        "ADOPT": {},
        "AdEMAMix": {"decay": "decoupled"},
        "QHAdam": {},
        "Rprop": {},
        "Tiger": {"decay": "decoupled", "weight_decay": 0.01},
        "LARS": {},
        "LAMB": {},
    },
)
