"""The document's troubleshooting table and decision framework, as what can be tried."""

from __future__ import annotations

from dataclasses import dataclass

from simopt.curves.prescription.fixes import LESS, MORE

#: Not a symptom of one curve: Adam ends higher than SGD, each at its best rate.
UNDERPERFORMS = "Adam ends above SGD"

#: What the curve, or the run, shows where the loss is unstable.
UNSTABLE = ("oscillates wildly", "decreases then explodes")

#: Three things done at once, where the framework says "and".
ALL_THREE = "eta / 10, clip at 1, without outliers"

ADAPTIVE = ("Adam", "AdamW")


@dataclass(frozen=True)
class Advice:
    """A line of advice.

    Attributes
    ----------
    symptom : str
        As the document has it, in a few words.
    cause : str
        What it is put down to.
    advice : str
        What to do.
    seen : tuple of str
        The symptoms of `simopt.diagnosis.SYMPTOMS` (or UNDERPERFORMS) that it is for.
    fixes : tuple of str
        Names of fixes, each of them tried alone.
    optimizers : tuple of str
        Of the run as it is, if only those are meant; empty for all.
    in_place_of : tuple of str
        The same, for another optimizer in its place.
    """

    symptom: str
    cause: str
    advice: str
    seen: tuple[str, ...]
    fixes: tuple[str, ...]
    optimizers: tuple[str, ...] = ()
    in_place_of: tuple[str, ...] = ()

    def meant(self, symptom: str, optimizer: str, fix: str) -> bool:
        """Whether it says to do that about a run of this optimizer that shows the symptom."""
        return symptom in self.seen and fix in self.fixes and self.limits(optimizer, fix)

    def limits(self, optimizer: str, fix: str) -> bool:
        """Whether the fix is meant for this optimizer's runs."""
        changes = fix in OTHERS and self.in_place_of
        return (not self.optimizers or optimizer in self.optimizers) and (
            not changes or optimizer in self.in_place_of
        )


OTHERS = ("SGD", "Momentum", "RMSprop", "Adam", "AdamW")

#: The troubleshooting table: lines 1133 to 1141 of the document.
TABLE = (
    Advice(
        "Oscillates wildly", "rate too high", "η 2 to 10 times lower", ("oscillates wildly",), LESS
    ),
    Advice(
        "Decreases, then explodes",
        "rate too high, momentum builds up",
        "lower η, or β to 0.8",
        ("decreases then explodes",),
        (*LESS, "beta 0.8"),
    ),
    Advice(
        "Decreases very slowly",
        "rate too low",
        "η 2 to 5 times higher",
        ("decreases very slowly",),
        MORE,
    ),
    Advice(
        "Plateaus early",
        "local minimum, or the rate decayed too fast",
        "Momentum in place of Adam, or higher η",
        ("plateaus early",),
        ("Momentum", *MORE),
        in_place_of=ADAPTIVE,
    ),
    Advice(
        "Plateaus, then drops",
        "a saddle was escaped: normal",
        "keep training",
        ("plateaus, then drops",),
        ("keep training",),
    ),
    Advice(
        "Validation loss rises",
        "overfitting",
        "regularisation, dropout, early stopping",
        ("validation rises",),
        ("weight decay 0.01", "weight decay 0.1", "weight decay 1", "early stopping"),
    ),
    Advice(
        "NaN or Inf",
        "numerical instability",
        "η drastically lower, clipping, a look at the data",
        ("NaN or Inf",),
        ("eta / 10", "eta / 100", "clip at 1", "without outliers"),
    ),
    Advice(
        "AdaGrad stops learning",
        "G has grown too large",
        "RMSprop or Adam",
        ("stopped learning mid-training",),
        ("RMSprop", "Adam"),
        ("AdaGrad",),
    ),
    Advice(
        "Adam worse than SGD",
        "adaptive rates hurt generalisation",
        "AdamW, or Momentum for fine-tuning",
        (UNDERPERFORMS,),
        ("AdamW", "fine-tune with Momentum"),
        ("Adam",),
    ),
)

#: The quick decision framework: lines 1150 to 1154.
FRAMEWORK = (
    Advice("Loss unstable?", "", "decrease η or β", UNSTABLE, (*LESS, "beta 0.8")),
    Advice("Loss too slow?", "", "increase η", ("decreases very slowly",), MORE),
    Advice(
        "Loss plateau?",
        "",
        "another optimizer, or a schedule",
        ("plateaus early",),
        ("SGD", "Momentum", "RMSprop", "Adam", "decaying rate"),
    ),
    Advice(
        "Loss NaN?",
        "",
        "clipping, a look at the data, and lower η",
        ("NaN or Inf",),
        (ALL_THREE,),
    ),
    Advice(
        "Adam underperforms?",
        "",
        "AdamW, or Momentum for fine-tuning",
        (UNDERPERFORMS,),
        ("AdamW", "fine-tune with Momentum"),
        ("Adam",),
    ),
)


#: Not in the document: what its "normal, keep training" comes to while no drop has been seen.
ON_A_PLATEAU = Advice(
    "On a plateau, no drop yet", "", "keep training", ("plateaus early",), ("keep training",)
)


def fixes_for(symptom: str, optimizer: str) -> tuple[str, ...]:
    """Every fix that a line of advice has for a symptom that an optimizer's run shows."""
    lines = (*TABLE, *FRAMEWORK, ON_A_PLATEAU)
    every = dict.fromkeys(fix for line in lines for fix in line.fixes)
    return tuple(fix for fix in every if any(line.meant(symptom, optimizer, fix) for line in lines))
