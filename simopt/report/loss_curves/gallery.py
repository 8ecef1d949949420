"""One simulated curve for every symptom that has an example, with what was seen on it marked."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from simopt.curves.diagnosis import Diagnosis, diagnose, diagnose_many
from simopt.curves.diagnosis import page as drawing
from simopt.curves.diagnosis.batch import as_float32
from simopt.curves.prescription.running import TrainedCurves, curves
from simopt.curves.prescription.training import Training
from simopt.curves.symptoms import RECORDS
from simopt.curves.symptoms.record import Example, Symptom
from simopt.display import style
from simopt.ground.formatting import listing, number, sentence
from simopt.problems import Problem

#: Of so many orders of the points the one is shown whose curve shows the symptom most surely.
SEEDS = 8

#: Of a figure in a card [px].
WIDTH, HEIGHT = 340, 230


@dataclass(frozen=True, eq=False)
class Card:
    """A symptom's example curve, and its diagnosis."""

    symptom: Symptom
    diagnosis: Diagnosis
    problem: Problem

    @property
    def example(self) -> Example:
        """The training."""
        assert self.symptom.example is not None
        return self.symptom.example

    @property
    def recognised(self) -> bool:
        """Whether the diagnosis is the symptom."""
        return self.diagnosis.symptom == self.symptom.name


#: The symptoms that have an example.
EXAMPLES = tuple(record for record in RECORDS if record.example is not None)


def without() -> str:
    """Which symptoms have no curve here."""
    names = [r.name for r in RECORDS if r.example is None and r.test is not None]
    return f"Without a curve here, since they are known from logs alone: {listing(names)}."


def gallery() -> list[Card]:
    """Every symptom's example."""
    return [card(record) for record in EXAMPLES]


def card(symptom: Symptom) -> Card:
    """The curve of the seed that shows the symptom most surely, and its diagnosis."""
    example = symptom.example
    assert example is not None
    problem, held_out = example.problem()
    training = Training(
        example.optimizer, example.batch_size, example.epochs, example.shuffle, example.schedule
    )
    (runs,) = curves(problem, [training], range(SEEDS), validation=held_out)
    runs = replace(runs, loss=as_float32(runs.loss))
    seed = surest(runs, symptom.name)
    validation = None if runs.validation is None else runs.validation[seed]
    diagnosis = diagnose(runs.loss[seed], validation, optimizer=example.optimizer)
    return Card(symptom, diagnosis, problem)


def surest(runs: TrainedCurves, symptom: str) -> int:
    """The row whose curve shows a symptom most surely; the first, if none does."""
    table = diagnose_many(runs.loss, runs.validation)
    sure = np.where(table["symptom"].astype(str) == symptom, table["sure"], -1.0)
    return int(np.argmax(sure))


def drawn(card: Card) -> Markup:
    """The figure, its title and what to see."""
    diagnosis, example, symptom = card.diagnosis, card.example, card.symptom.name
    figure = drawing.figure(diagnosis)
    (axes,) = figure.axes[:1]
    points = f", {card.problem.name}" if card.problem.n else f", a {card.problem.name}"
    # Small, as it stands in a card: text keeps its size.
    figure.set_size_inches(WIDTH / 72, HEIGHT / 72)
    axes.set_title("")
    axes.set_xlabel("epoch" if card.problem.n else "update")
    # The reader counts values from 1, and the first is the start's.
    last = len(diagnosis.loss) - 1
    epochs = [k for k in MaxNLocator(6, integer=True).tick_values(0, last) if 0 <= k <= last]
    axes.xaxis.set_major_locator(FixedLocator([k + 1 for k in epochs]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: number(x - 1)))
    title = sentence(symptom)
    seen = sentence("; ".join(each.says for each in diagnosis.seen))
    see = f"{described(example, card.problem)}{points}: {example.why}. {seen}."
    if not card.recognised:
        see += f" The reader takes it for “{diagnosis.symptom}”."
    name = f"curve-{style.slug(symptom)}"
    image = style.svg(figure, title=f"Loss: {symptom}", alt=see, name=name)
    return style.captioned(image, title=title, see=see)


def described(example: Example, problem: Problem) -> str:
    """The optimizer, its rate and its batches in a few words."""
    text = f"{example.optimizer.name}, η = {number(example.optimizer.settings['eta'])}"
    return f"{text}, batches of {example.batch_size}" if problem.n else text


def signs(text: str) -> str:
    """Advice, or a reason, with the signs that the field prints.

    Examples
    --------
    >>> signs("decrease eta: eta 0.1 -> 0.03, beta stays")
    'decrease η: η 0.1 → 0.03, β stays'
    """
    for word, sign in (
        (r"\bbeta1\b", "β₁"),
        (r"\bbeta\b", "β"),
        (r"\beta\b", "η"),
        ("->", "→"),
        (" x ", " × "),
    ):
        text = re.sub(word, sign, text)
    return text


#: Lines of advice in a card: the best ones.
SHOWN = 3


def cards(shown: list[Card]) -> list[dict[str, Any]]:
    """What the template shows of each."""
    return [
        {
            "figure": drawn(each),
            "advice": [signs(line) for line in each.diagnosis.advice[:SHOWN]],
        }
        for each in shown
    ]
