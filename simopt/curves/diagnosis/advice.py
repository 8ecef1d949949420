"""Likely causes of a symptom, and what to do, in order; concrete where the optimizer is known."""

from __future__ import annotations

import math
from collections.abc import Mapping

from simopt.curves.diagnosis.symptoms import FEWEST
from simopt.ground import checks
from simopt.rules.rule import Optimizer

#: The geometric middle of "2 to 10 times" and of "2 to 5 times" is close to half a power of ten.
HALF_DECADE = math.sqrt(10.0)

#: A loss that grew before it broke was driven there by its steps; one that did not, by its data.
GREW = 2.0

#: What rules call their memory of past steps, and what the document lowers it to.
MOMENTA = ("beta", "beta1")
CALMER = 0.8


def check(optimizer: object) -> Optimizer | None:
    """The optimizer, if it is one and each of its hyperparameters has one value; None for None."""
    if optimizer is None:
        return None
    if not isinstance(optimizer, Optimizer):
        raise checks.refuse("optimizer", optimizer, "None or an optimizer, as simopt.Adam(eta=0.1)")
    if len(optimizer.variants) > 1 or any(
        isinstance(value, tuple) for value in optimizer.settings.values()
    ):
        raise checks.refuse("optimizer", optimizer, "one, with one value of each hyperparameter")
    return optimizer


def causes(
    symptom: str, features: Mapping[str, float], optimizer: Optimizer | None
) -> tuple[str, ...]:
    """What most likely brings the symptom about, most likely first."""
    name = None if optimizer is None else optimizer.name
    momentum = "momentum builds up" if optimizer is None or _momentum(optimizer) else ""
    grew = features.get("growth", math.nan) > GREW
    data = "a value in the data that is missing, infinite or far out, or a logarithm of 0"
    unstable = "the learning rate is too high: steps overshoot further and further"
    likely: dict[str, tuple[str, ...]] = {
        "healthy": (),
        "oscillates wildly": (
            "the learning rate is too high: steps cross the valley and come back",
            momentum,
            "batches are too small for this rate: their gradients differ too much",
        ),
        "decreases then explodes": ("the learning rate is too high", momentum, data),
        "decreases very slowly": (
            "the learning rate is too low",
            "AdaGrad's G makes its steps shorter and shorter" if name == "AdaGrad" else "",
            "the problem is ill-conditioned: some directions are much flatter than others",
        ),
        "plateaus early": (
            "stuck in a local minimum",
            "the learning rate has decayed too fast",
            "or there is nothing left to learn: the curve alone can't tell",
        ),
        "plateaus, then drops": ("it has escaped from a saddle point: normal",),
        "validation rises": ("overfitting: the model learns the training data's noise",),
        "NaN or Inf": (unstable, data) if grew else (data, unstable),
        "stopped learning mid-training": (
            "AdaGrad's G has accumulated: its steps have become too short"
            if name in (None, "AdaGrad")
            else "the learning rate has become too small: look at its schedule",
            "or there is nothing left to learn: the curve alone can't tell",
        ),
        "noise floor": (
            "the noise of the batches: at a constant rate the loss stays where noise adds as much "
            "as a step takes away",
            "the learning rate is too high for the end of the training",
        ),
        "can't tell": (),
    }
    return tuple(cause for cause in likely[symptom] if cause)


def advice(
    symptom: str,
    features: Mapping[str, float],
    optimizer: Optimizer | None,
    best: int | None = None,
) -> tuple[str, ...]:
    """What to do, first things first.

    Parameters
    ----------
    symptom : str
        One of SYMPTOMS.
    features : mapping of str to float
        As measured.
    optimizer : Optimizer or None
        What trained, if known.
    best : int, optional
        Where the validation loss is lowest, from 0.
    """
    lower = "decrease eta 2 to 10 times" + _times(optimizer, 1 / HALF_DECADE)
    much_lower = "decrease eta drastically, 10 times or more" + _times(optimizer, 0.1)
    higher = "increase eta 2 to 5 times" + _times(optimizer, HALF_DECADE)
    look = "look for missing, infinite and extreme values in the data"
    clip = "clip the gradients: clip_norm=1.0"
    mend: tuple[str, ...] = (much_lower, clip, look)
    if symptom == "NaN or Inf" and not features.get("growth", math.nan) > GREW:
        mend = (look, much_lower, clip)
    told: dict[str, tuple[str, ...]] = {
        "healthy": ("nothing to mend",),
        "oscillates wildly": (lower, _calmer(optimizer), "or use larger batches"),
        "decreases then explodes": (lower, _calmer(optimizer), clip),
        "decreases very slowly": (higher, "or train for longer"),
        "plateaus early": (_other(optimizer), "or " + higher, "let the rate fall later or less"),
        "plateaus, then drops": ("keep training",),
        "validation rises": (
            "stop earlier" + ("" if best is None else f": at value {best + 1}, where it is lowest"),
            "add regularization: " + _decay(optimizer),
            "or dropout, or more data",
        ),
        "NaN or Inf": mend,
        "stopped learning mid-training": (
            "switch to RMSprop or Adam, which forget old gradients"
            if optimizer is None or optimizer.name == "AdaGrad"
            else "let the learning rate fall later or less",
            "or " + higher,
        ),
        "noise floor": (
            "let the learning rate fall towards the end: schedule='cosine'",
            "or " + lower,
            "or use larger batches: 4 times as large halves the noise of a step",
            "or average the weights: simopt.averaged",
        ),
        "can't tell": (_more(features),),
    }
    return tuple(line for line in told[symptom] if line)


def _more(features: Mapping[str, float]) -> str:
    if features["values"] < FEWEST:
        return "write down more values: one an epoch, or one every few updates"
    return "the loss is the same all the time: look whether the weights change at all"


def _times(optimizer: Optimizer | None, factor: float) -> str:
    """``: eta 0.1 -> 0.03``, if eta is known."""
    if optimizer is None:
        return ""
    eta = optimizer.settings["eta"]
    assert not isinstance(eta, tuple)
    # One digit, and no exponent because of it.
    return f": eta {eta:g} -> {float(f'{eta * factor:.1g}'):g}"


def _momentum(optimizer: Optimizer) -> str | None:
    """The name of the hyperparameter that remembers past gradients, if it does so at all."""
    return next((name for name in MOMENTA if _value(optimizer, name) > 0), None)


def _value(optimizer: Optimizer, name: str) -> float:
    value = optimizer.settings.get(name, 0.0)
    assert not isinstance(value, tuple)
    return value


def _calmer(optimizer: Optimizer | None) -> str:
    if optimizer is None:
        return f"or decrease beta to {CALMER:g}, if there is momentum"
    name = _momentum(optimizer)
    if name is None or _value(optimizer, name) <= CALMER:
        return ""
    return f"or decrease {name}: {name} {_value(optimizer, name):g} -> {CALMER:g}"


def _other(optimizer: Optimizer | None) -> str:
    if optimizer is None:
        return "try SGD with momentum instead of Adam"
    if optimizer.name in ("Momentum", "Nesterov"):
        return f"try another start, or more momentum than beta {_value(optimizer, 'beta'):g}"
    return f"try Momentum (beta 0.9) instead of {optimizer.name}"


def _decay(optimizer: Optimizer | None) -> str:
    if optimizer is not None and optimizer.name == "Adam":
        return "AdamW with weight_decay=0.01 instead of Adam"
    return "weight_decay=0.01 (with Adam: AdamW)"
