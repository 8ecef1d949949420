"""One real curve for every symptom, with what was seen on it marked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from simopt import problems
from simopt.curves.diagnosis import Diagnosis, diagnose, diagnose_many
from simopt.curves.diagnosis import page as drawing
from simopt.curves.diagnosis.causes import as_float32
from simopt.curves.prescription import cases
from simopt.curves.prescription.running import Curves, curves
from simopt.curves.prescription.training import Training
from simopt.display import style
from simopt.ground.formatting import number, sentence
from simopt.problems import Problem, synthetic
from simopt.rules import SGD, AdaGrad, Adam, Momentum
from simopt.schedules import exponential

#: Of so many orders of the points the one is shown whose curve shows the symptom most surely.
SEEDS = 8

#: Of a figure in a card [px].
WIDTH, HEIGHT = 340, 230


@dataclass(frozen=True, eq=False)
class Recipe:
    """How a symptom is brought about.

    Attributes
    ----------
    symptom : str
        Which.
    make : callable
        The problem to train on, and the one to watch, if any.
    training : Training
        How.
    why : str
        What is wrong with it, in a few words.
    """

    symptom: str
    make: Callable[[], tuple[Problem, Problem | None]]
    training: Training
    why: str


def alone(make: Callable[[], Problem]) -> Callable[[], tuple[Problem, Problem | None]]:
    """A problem without points to watch."""
    return lambda: (make(), None)


#: In the order of the document's table, the two that it lacks at the ends.
RECIPES = (
    Recipe(
        "healthy",
        alone(problems.diabetes),
        Training(Adam(eta=3.0), 64, 60),
        "a rate that fits",
    ),
    Recipe(
        "oscillates wildly",
        alone(problems.hubble),
        Training(Momentum(eta=0.4), 8, 40),
        "the rate is too high",
    ),
    Recipe(
        "decreases then explodes",
        alone(lambda: synthetic.suite()["label noise"]),
        Training(Momentum(eta=0.1), 8, 40),
        "the rate is just beyond what momentum bears",
    ),
    Recipe(
        "decreases very slowly",
        alone(problems.diabetes),
        Training(SGD(eta=1e-3), 64, 40),
        "the rate is far too low",
    ),
    Recipe(
        "plateaus early",
        alone(lambda: synthetic.suite()["label noise"]),
        Training(SGD(eta=0.01), 8, 60, schedule=exponential(gamma=0.5, per="epoch")),
        "the rate decays too fast",
    ),
    Recipe(
        "plateaus, then drops",
        alone(lambda: problems.saddle(w0=(0.5, 1e-6))),
        Training(SGD(eta=0.1), 1, 250, "never"),
        "the start is hardly off the ridge",
    ),
    Recipe(
        "validation rises",
        lambda: cases.wide(0)[:2],
        Training(Adam(eta=0.02), 4, 150),
        "hardly more points than weights",
    ),
    Recipe(
        "NaN or Inf",
        alone(lambda: cases.bad_point(synthetic.suite()["label noise"], 30.0)),
        Training(SGD(eta=0.02), 8, 40),
        "a point has its features in another unit",
    ),
    Recipe(
        "stopped learning mid-training",
        alone(problems.diabetes),
        Training(AdaGrad(eta=1.0), 8, 60),
        "G has grown too large",
    ),
    Recipe(
        "noise floor",
        alone(lambda: synthetic.suite()["label noise"]),
        Training(SGD(eta=0.08), 1, 60),
        "single points at a constant rate",
    ),
)


@dataclass(frozen=True, eq=False)
class Shown:
    """A recipe's curve, and what was read from it."""

    recipe: Recipe
    diagnosis: Diagnosis
    problem: Problem

    @property
    def found(self) -> bool:
        """Whether the symptom is what was asked for."""
        return self.diagnosis.symptom == self.recipe.symptom


def gallery() -> list[Shown]:
    """Every recipe's curve."""
    return [show(recipe) for recipe in RECIPES]


def show(recipe: Recipe) -> Shown:
    """The curve of the seed that shows the symptom most surely, read."""
    problem, watched = recipe.make()
    (made,) = curves(problem, [recipe.training], range(SEEDS), validation=watched)
    made = replace(made, loss=as_float32(made.loss))
    seed = surest(made, recipe.symptom)
    held = None if made.validation is None else made.validation[seed]
    found = diagnose(made.loss[seed], held, optimizer=recipe.training.optimizer)
    return Shown(recipe, found, problem)


def surest(made: Curves, symptom: str) -> int:
    """The row whose curve shows a symptom most surely; the first, if none does."""
    table = diagnose_many(made.loss, made.validation)
    sure = np.where(table["symptom"].astype(str) == symptom, table["sure"], -1.0)
    return int(np.argmax(sure))


def drawn(shown: Shown) -> Markup:
    """The figure, its title and what to see."""
    diagnosis, recipe = shown.diagnosis, shown.recipe
    figure = drawing.figure(diagnosis)
    (axes,) = figure.axes[:1]
    points = f", {shown.problem.name}" if shown.problem.n else f", a {shown.problem.name}"
    # Small, as it stands in a card: text keeps its size.
    figure.set_size_inches(WIDTH / 72, HEIGHT / 72)
    axes.set_title("")
    axes.set_xlabel("epoch" if shown.problem.n else "update")
    # The reader counts values from 1, and the first is the start's.
    last = len(diagnosis.loss) - 1
    epochs = [k for k in MaxNLocator(6, integer=True).tick_values(0, last) if 0 <= k <= last]
    axes.xaxis.set_major_locator(FixedLocator([k + 1 for k in epochs]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: number(x - 1)))
    title = sentence(recipe.symptom)
    seen = sentence("; ".join(diagnosis.evidence["says"]))
    see = f"{described(recipe.training, shown.problem)}{points}: {recipe.why}. {seen}."
    if not shown.found:
        see += f" The reader takes it for “{diagnosis.symptom}”."
    name = f"curve-{style.slug(recipe.symptom)}"
    image = style.svg(figure, title=f"Loss: {recipe.symptom}", alt=see, name=name)
    return style.captioned(image, title=title, see=see)


def described(training: Training, problem: Problem) -> str:
    """The optimizer, its rate and its batches in a few words."""
    text = f"{training.optimizer.name}, η = {number(training.optimizer.settings['eta'])}"
    return f"{text}, batches of {training.batch_size}" if problem.n else text


def signs(text: str) -> str:
    """Advice, or a reason, with the signs that the field prints.

    Examples
    --------
    >>> signs("decrease eta: eta 0.1 -> 0.03, beta stays")
    'decrease η: η 0.1 → 0.03, β stays'
    """
    for word, sign in ((r"\bbeta1\b", "β₁"), (r"\bbeta\b", "β"), (r"\beta\b", "η"), ("->", "→")):
        text = re.sub(word, sign, text)
    return text


def cards(shown: list[Shown]) -> list[dict[str, Any]]:
    """What the template shows of each."""
    return [
        {
            "figure": drawn(each),
            "advice": sentence("; ".join(map(signs, each.diagnosis.advice))),
        }
        for each in shown
    ]
