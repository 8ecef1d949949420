"""What conventions, settings and switches are called on the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simopt.ground.formatting import listing, number
from simopt.rules import ALL
from simopt.rules.frameworks import FRAMEWORKS
from simopt.rules.notation import SIGNS
from simopt.rules.rule import Optimizer


def sign(name: str) -> str:
    """What a hyperparameter or a state is called in a cell."""
    return SIGNS.get(name, name)


def several(conventions: list[str]) -> str:
    """Conventions as a reader has them.

    Examples
    --------
    >>> several(["torch", "optax"])
    'PyTorch and optax'
    """
    return listing(FRAMEWORKS[each].name for each in conventions)


def value(what: object) -> str:
    """A setting as code has it.

    Examples
    --------
    >>> value(1e-07), value("inside"), value(0.9)
    ('1e-7', '"inside"', '0.9')
    """
    if isinstance(what, bool) or not isinstance(what, float):
        return f'"{what}"' if isinstance(what, str) else str(what)
    return f"{what:g}".replace("e-0", "e-")


def code(name: str, **given: object) -> str:
    """How simopt is called.

    Examples
    --------
    >>> code("Adam", epsilon=1e-7, convention="torch")
    'simopt.Adam(epsilon=1e-7, convention="torch")'
    """
    ALL[name](**given)
    inside = ", ".join(f"{key}={value(each)}" for key, each in given.items())
    return f"simopt.{name}({inside})"


#: A switch and its value in a few words, for what differs from the document.
WORDS: Mapping[tuple[str, Any], str] = {
    ("epsilon_place", "inside"): "ε inside the root",
    ("epsilon_place", "outside"): "ε outside the root",
    ("epsilon_place", "hat"): "ε added to the root before its bias is corrected (ε-hat)",
    ("epsilon_place", "squares"): "ε added to the squared gradients",
    ("epsilon_place", "least"): "the root is at least ε",
    ("rate_place", "inside"): "the rate goes into the buffer",
    ("rate_place", "outside"): "the rate multiplies the buffer",
    ("bias_correction", True): "bias-corrected",
    ("bias_correction", False): "not bias-corrected",
    ("bias_correction", "rate"): "the scaled step is bias-corrected by β₁ alone",
    ("maximum", "raw"): "the largest v, corrected when used",
    ("maximum", "corrected"): "the largest corrected v",
    ("threshold_included", True): "adaptive as soon as ϱ reaches the threshold",
    ("threshold_included", False): "adaptive once ϱ has passed the threshold",
    ("zero_guard", True): "no step while G is 0",
    ("zero_guard", False): "0 / 0 while G and ε are 0",
    ("centered", True): "centered",
    ("centered", False): "not centered",
    ("damps_first", True): "the first gradient is damped too",
    ("damps_first", False): "the first gradient enters whole",
    ("corrected_for", "next"): "the share of m is corrected for the next update",
    ("corrected_for", "current"): "both shares are corrected for this update",
    ("fades_square", True): "v̂ is shrunk by β₂",
    ("fades_square", False): "v̂ is not shrunk",
    ("includes_gradient", True): "G includes this gradient",
    ("includes_gradient", False): "G is that of the gradients before",
    ("ahead", "beta2"): "changes of the gradient count β₂",
    ("ahead", "complement"): "changes of the gradient count 1 - β₂",
    ("clipping", "past"): "bounded by the fourth root of t - 1",
    ("clipping", "all"): "bounded by the fourth root of t",
    ("clipping", "none"): "not bounded",
    ("counts_from", 1): "the first update counts as the first",
    ("counts_from", 2): "the first update counts as the second",
    ("step_of", "update"): "an update makes its own step",
    ("step_of", "previous"): "an update makes the step of the gradient before",
    ("rate_of", "update"): "an update has its own rate of a schedule",
    ("rate_of", "previous"): "an update has the rate of the one before",
    ("mean_of", "update"): "gradients are compared with a mean that they have entered",
    ("mean_of", "previous"): "gradients are compared with the mean of those before",
    ("solved", "after"): "the weight is made after the gradient is taken",
    ("solved", "before"): "the weight is made before, one gradient late",
    ("l2_counts", "once"): "the penalty is l₂ / 2 times the square",
    ("l2_counts", "twice"): "the penalty is l₂ times the square",
    ("follows", "schedule"): "the final rate follows the schedule",
    ("follows", "compounding"): "the final rate falls with every update of a schedule",
    ("counts", "rate"): "a step counts as the square of the largest rate so far",
    ("counts", "equal"): "all steps count the same",
    ("decay_place", "inside"): "the weight decay is scaled with the step",
    ("decay_place", "outside"): "weights decay beforehand, unscaled",
    ("denominator", "sum of norms"): "the ratio's denominator is the sum of two norms",
    ("denominator", "norm of sum"): "the ratio's denominator is the norm of the decayed gradient",
    ("adapts", "always"): "always scaled",
    ("adapts", "decayed"): "scaled only where weights decay",
    ("adapts", "capped"): "scaled only where a step is longer than the weights",
    ("decay_place", "step"): "weights decay with the step",
    ("decay_place", "scaled"): "weights decay by the scaled rate",
    ("decay_place", "fixed"): "weights decay by a fixed share",
    ("relative_step", True): "the rate is at most the inverse root of t",
    ("relative_step", False): "the rate does not fall by itself",
    ("scale_parameter", True): "steps are scaled to the weights",
    ("scale_parameter", False): "steps are not scaled to the weights",
    ("decay_place", "mean"): "weights decay with the mean",
    ("gap", "signed"): "a loss below its least value makes a step up the gradient",
    ("gap", "positive"): "a loss below its least value makes no step",
    ("first_change", "none"): "the first direction counts as unchanged",
    ("first_change", "whole"): "the first direction counts as changed from 0",
    ("waits", True): "no step until the mean of squares is long enough",
    ("waits", False): "SGD's steps until the mean of squares is long enough",
    ("bound", "given"): "the least loss is as it is given",
    ("bound", "estimated"): "the least loss is estimated",
    ("decay_place", "after"): "the stepped weight is divided by 1 + η λ",
    ("decay_place", "before"): "the weight is divided by 1 + η λ before its step",
    ("norm_of", "gradient"): "the norm is the gradient's",
    ("norm_of", "scaled"): "the norm is that of η times the gradient",
    ("scale", "original"): "a tall matrix' step is scaled by its shape",
    ("scale", "match_rms_adamw"): "a matrix' step is scaled to be as large as AdamW's",
    ("others", "AdamW"): "weights in no matrix go by AdamW",
    ("others", "NAdamW"): "weights in no matrix go by NAdamW",
    ("nesterov", True): "looks ahead",
    ("nesterov", False): "does not look ahead",
}
#: A hyperparameter that the document's convention has not.
ADDED = {
    "dampening": "{} of every gradient is left out",
    "momentum": "the step is by a fading mean of steps, μ {}",
    "epsilon_root": "another ε of {} inside the root",
    "momentum_decay": "the momentum warms up, by ψ = {}",
    "weight_decay": "weights decay unasked, by λ = {}",
    "largest": "the weights count as no longer than {}",
}
ADAMAX = {
    "inside": "ε inside the maximum",
    "outside": "ε added to the maximum",
    "decayed": "ε inside the maximum, with what is left of it",
}


def worded(rule: str, switch: str, chosen: Any) -> str:
    """A switch and its value in a few words."""
    if rule == "Adamax" and switch == "epsilon_place":
        return ADAMAX[chosen]
    return WORDS[switch, chosen]


def defaults(optimizer: Optimizer) -> list[tuple[str, float, str]]:
    """Name, value and both as text, of every hyperparameter."""
    return [
        (name, float(each), f"{sign(name)} {number(each)}")  # type: ignore[arg-type]
        for name, each in optimizer.settings.items()
    ]
