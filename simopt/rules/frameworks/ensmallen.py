"""ensmallen: read in its sources, ``include/ensmallen_bits``.

Its functions return a batch's gradient as a sum, and the rate is divided by the batch size: SGD
steps by the mean, but the rules that divide by the gradients seen step by the batch size less.
"""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise

OUTSIDE = {"epsilon_place": "outside"}
HAT = {"epsilon_place": "hat"}
BUFFERED = {"eta": 0.01, "beta": 0.5, "rate_place": "inside"}
BATCHED = "the rate is divided by the batch size (32 unless it is set), and gradients are sums"


def _batch(measure: Measures, ensmallen: Any) -> str:
    batch = 32
    first = measure.moves(ensmallen, 1.0)[0]
    return (
        f"Its rates are divided by the batch size, {batch} unless it is set, and a batch's "
        "gradient is a sum. SGD comes out even; Adam's step is as long whatever the gradient is: "
        f"its first is {number(first / batch, 2)} times the rate that was set. So a rate that was "
        f"tuned elsewhere is {batch} times too small, and a last short batch takes a longer step."
    )


def _momentum(measure: Measures, ensmallen: Any, torch: Any) -> str:
    here, there = (measure.moves(each, 1.0, 100)[-1] for each in (ensmallen, torch))
    return (
        f"β is {number(ensmallen.settings['beta'])} unless it is set: the hundredth step of a "
        f"constant gradient is {number(here, 2)} η long, with the usual 0.9 {number(there, 2)} η."
    )


FRAMEWORK = Framework(
    key="ensmallen",
    name="ensmallen",
    version="ensmallen 3.11.1 (f65354c0)",
    played=False,
    rules={
        "SGD": {"eta": 0.01},
        "Momentum": BUFFERED,
        "Nesterov": BUFFERED,
        "AdaGrad": {**OUTSIDE, "eta": 0.01},
        "RMSprop": {**OUTSIDE, "eta": 0.01, "rho": 0.99},
        "Adam": HAT,
        "AMSGrad": {**HAT, "bias_correction": True},
        "NAdam": {**HAT, "momentum_decay": 0.004},
        "Adamax": {**OUTSIDE, "eta": 0.001},
        "Adadelta": {},
        "AdaBelief": {"epsilon": 1e-12},
        "Yogi": {"eta": 0.001, "epsilon": 1e-8},
        "QHAdam": {"beta1": 0.9},
        "AdaBound": {},
        "OptimisticAdam": {"first_change": "whole"},
    },
    arguments={
        "eta": "stepSize",
        "beta": "momentum",
        "beta1": "beta1",
        "beta2": "beta2",
        "rho": {"RMSProp": "alpha", "": "rho"},
        "epsilon": {"Adam": "eps", "": "epsilon"},
        "momentum_decay": {"NadamUpdate": "scheduleDecay"},
        "clip_value": "GradientClipping",
    },
    calls=(
        Call("ens::StandardSGD()", "SGD", note=BATCHED),
        Call("ens::MomentumSGD()", "Momentum", note=BATCHED),
        Call("ens::NesterovMomentumSGD()", "Nesterov", note=BATCHED),
        Call("ens::AdaGrad()", "AdaGrad", note=BATCHED),
        Call("ens::RMSProp()", "RMSprop", note=BATCHED),
        Call("ens::Adam()", "Adam", note=BATCHED),
        Call("ens::AMSGrad()", "AMSGrad", note=BATCHED),
        Call("ens::Nadam()", "NAdam", note=BATCHED),
        Call("ens::AdaMax()", "Adamax", note=BATCHED),
        Call("ens::AdaDelta()", "Adadelta", note=BATCHED),
        Call("ens::AdaBelief()", "AdaBelief", note=BATCHED),
        Call("ens::Yogi()", "Yogi", note=BATCHED),
        Call("ens::QHAdam()", "QHAdam", note=BATCHED),
        Call("ens::AdaBound()", "AdaBound", note=BATCHED + "; the final rate is as it was set"),
        Call("ens::OptimisticAdam()", "OptimisticAdam", note=BATCHED),
    ),
    left_out={
        "ens::NadaMax": "Nadam's mean over AdaMax' maximum",
        "ens::Padam": "divides by a power, ε inside it",
        "ens::SMORMS3, FTML, Eve, AdaSqrt and WNGrad": "in few hands",
        "ens::DemonAdam and DemonSGD": "their momentum falls with the updates that are left",
        "ens::SWATS": "Adam that turns into SGD",
        "ens::SGDR and SnapshotSGDR": "SGD whose rate restarts: simopt.schedules.cosine_restarts",
        "ens::SVRG, SARAH, Katyusha and IQN": "take gradients at earlier weights",
        "ens::BigBatchSGD and SPALeRASGD": "set the batch or the rate by the noise that they see",
    },
    surprises=(
        Surprise(
            "ensmallen divides Adam's rate by the batch size",
            18,
            (("Adam", {"convention": "ensmallen"}),),
            _batch,
        ),
        Surprise(
            "ensmallen's momentum is 0.5",
            82,
            tuple(("Momentum", {"convention": each}) for each in ("ensmallen", "torch")),
            _momentum,
        ),
    ),
)
