"""A recommendation in sentences: for a terminal, and piece by piece for a page."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from simopt.ground.formatting import count, listing, number, percent, plain, rough
from simopt.problems.losses import LOSSES
from simopt.rules.frameworks import FRAMEWORKS
from simopt.rules.rule import Optimizer

if TYPE_CHECKING:
    from simopt.analysis.recommendation.result import Recommendation

#: Characters of a line on a terminal.
WIDTH = 100

#: A kind's name in a sentence.
KINDS = {
    "least_squares": "least squares",
    "logistic": "logistic regression",
    "huber": "Huber's loss",
    "poisson": "Poisson regression",
}
SCORES = {"R2": "R²", "accuracy": "accuracy", "D2": "share of the deviance explained"}


def promise(value: float, low: float, high: float, seeds: int) -> str:
    """The loss that a program should print."""
    middle, low_end, high_end = (plain(each, 4) for each in (value, low, high))
    return f"{middle}; {low_end} to {high_end} in nine of ten of {seeds} orders"


def not_in_sklearn(optimizer: Optimizer, batch_size: int, kind: str) -> str:
    """Why scikit-learn's linear models can't train so; empty if they can."""
    if kind not in ("least_squares", "logistic", "huber"):
        return f"scikit-learn trains no {KINDS[kind]} by stochastic gradients."
    model = "SGDClassifier" if kind == "logistic" else "SGDRegressor"
    if optimizer.name == "SGD" and batch_size == 1:
        return ""
    what = "batches" if optimizer.name == "SGD" else optimizer.name
    also = (
        "; MLPRegressor and MLPClassifier have it, for networks"
        if optimizer.name in ("Momentum", "Nesterov", "Adam")
        else ""
    )
    return (
        f"No such optimizer in scikit-learn's linear models: {model} takes plain SGD steps of one "
        f"point and has no {what}{also}. Its lines have SGD at batch size 1, tuned for that."
    )


def loss(value: object) -> str:
    """A held-out loss, to as many digits as those that it is compared with."""
    return number(value, zeros=True)


def task(made: Recommendation) -> str:
    """What is predicted from what."""
    parts = made.parts
    kind = KINDS[parts.train.kind]
    return f"{parts.table.target} from {count(parts.train.d - 1, 'feature')}, {kind}"


def setting(made: Recommendation) -> str:
    """What to train with."""
    eta = made.optimizer.settings["eta"]
    return (
        f"{made.optimizer.name} with learning rate {plain(eta)}, "  # type: ignore[arg-type]
        f"batch size {made.batch_size}, {count(made.epochs, 'epoch')}"
    )


def worth(made: Recommendation) -> list[str]:
    """What comes of it, and what a rate or a default that is off would lose."""
    name = SCORES[made.score_name]
    said = [
        f"Held-out loss {loss(made.loss)}: {loss(made.low)} to {loss(made.high)} in nine of "
        f"ten of {made.seeds} orders of the points that nothing was tuned on; "
        f"{loss(made.constant_loss)} for a constant.",
        f"{name[0].upper() + name[1:]} {number(made.score, 3)} ({number(made.score_low, 3)} to "
        f"{number(made.score_high, 3)}){_beside(made)}.",
    ]
    if not made.explains:
        said.append(
            f"That is no better than a constant: these features say nothing about "
            f"{made.parts.table.target} that a linear model can use. No optimizer mends that."
        )
    own = made.ranking["verdict"] == "recommended"
    nearby = float(made.ranking.loc[own, "nearby"].iloc[0])
    if math.isinf(nearby):
        said.append("Within a factor of three of the rate, training diverges.")
    else:
        said.append(
            f"Within a factor of three of the rate the loss rises by {number(nearby, 2)} at most"
            f"{_share(made, nearby)}."
        )
    return said + _defaults(made)


def _beside(made: Recommendation) -> str:
    """The error in the target's unit, or what a constant gets."""
    if made.parts.train.kind == "least_squares":
        error = math.sqrt(made.loss) * made.parts.scale
        return f"; a typical error of {rough(error)} in {made.parts.table.target}"
    if made.score_name == "accuracy":
        return f"; {number(made.constant_score, 3)} for the commoner label"
    return ""


def _share(made: Recommendation, lost: float) -> str:
    """A rise of the loss by what is explained beyond a constant."""
    explained = made.constant_loss - made.loss
    if explained <= 0:
        return ""
    return f", {percent(max(lost, 0.0) / explained)} of what is explained"


def _defaults(made: Recommendation) -> list[str]:
    """What the frameworks' default rates would lose."""
    own = made.frameworks[made.frameworks["optimizer"] == made.optimizer.name]
    said = []
    for eta in dict.fromkeys(own["default_eta"]):
        rows = own[own["default_eta"] == eta]
        whose = listing(FRAMEWORKS[key].name for key in rows["framework"])
        row = rows.iloc[0]
        outcome = f"the loss is {loss(row['default_loss'])}"
        lost = row["default_loss"] - row["loss"]
        if math.isinf(row["default_loss"]):
            outcome = "training diverges"
        elif 0 < lost <= row["high"] - row["loss"]:
            outcome += ", no further off than another order of the points"
        elif lost > 0 and _share(made, lost):
            outcome += f": it rises by {number(lost, 2)}{_share(made, lost)}"
        else:
            outcome += ", no worse"
        said.append(f"With the default rate of {whose}, {plain(eta)}, {outcome}.")
    return said


def verdicts(made: Recommendation) -> list[str]:
    """Which optimizers can be told from the recommended one."""
    rest = made.ranking[made.ranking["verdict"] != "recommended"]
    name, said = made.optimizer.name, []
    alike = rest.loc[rest["verdict"] == "can't tell", "optimizer"].tolist()
    if alike:
        said.append(
            f"Can't tell between {listing([name, *alike])}: other orders or other held-out rows "
            "could reverse their ranking."
        )
    for verdict in ("better", "worse"):
        for _, row in rest[rest["verdict"] == verdict].iterrows():
            if math.isinf(row["difference"]):
                said.append(f"{row['optimizer']} is worse than {name}: it diverges.")
                continue
            size, (low, high) = abs(row["difference"]), _ends(row)
            said.append(
                f"{row['optimizer']} is {verdict} than {name} by {number(size, 2)} "
                f"({number(low, 2)} to {number(high, 2)}){_share(made, size)}."
            )
    chosen = f"{name} was chosen on the validation rows"
    if (rest["verdict"] == "better").any():
        said.append(
            f"{chosen}; that the test rows would have chosen otherwise shows how much the rows "
            "decide."
        )
    elif (rest["loss"] < made.loss).any():
        lowest = rest.sort_values("loss").iloc[0]
        said.append(
            f"{chosen}; on the test rows {lowest['optimizer']} has the least loss, "
            f"{loss(lowest['loss'])}, by less than can be told."
        )
    return said


def _ends(row: object) -> tuple[float, float]:
    """The ends of an interval, as sizes."""
    ends = abs(row["difference_low"]), abs(row["difference_high"])  # type: ignore[index]
    return min(ends), max(ends)


def summary(made: Recommendation) -> str:
    """What to train with, what it is worth, and what that rests on."""
    lines = [f"{made.parts.table.name}: {task(made)}.", *made.parts.said, ""]
    lines += [f"Recommended: {setting(made)}.", *worth(made), *made.notes]
    if made.unfinished:
        lines.append(f"Interrupted before {listing(made.unfinished)}: not compared.")
    lines += verdicts(made)
    return "\n".join(map(_wrapped, lines))


def _wrapped(line: str) -> str:
    """The sentence on lines that fit; a percent sign stays with its number."""
    kept = line.replace(" %", "\u00a0%")
    return textwrap.fill(kept, WIDTH, break_long_words=False).replace("\u00a0%", " %")


def text(made: Recommendation) -> str:
    """All of it, for a terminal."""
    lines = [summary(made), "", "Every optimizer at its best, tuned on the same budget:"]
    lines += [_table(made), ""]
    shared = list(made.parts.lines)
    lines += ["Lines to paste, the data first:", "", *shared]
    for key, program in made.code.items():
        own = program.splitlines()[len(shared) :]
        lines += ["", f"# {FRAMEWORKS[key].name}", *own[1:]]
    return "\n".join(lines)


def _table(made: Recommendation) -> str:
    """The ranking, for a terminal."""
    shown = made.ranking[["optimizer", "eta", "batch_size", "epochs"]].copy()
    shown["eta"] = shown["eta"].map(plain)
    for column in ("loss", "low", "high", "score"):
        name = made.score_name if column == "score" else column
        shown[name] = made.ranking[column].map(loss)
    shown["verdict"] = made.ranking["verdict"]
    return shown.to_string(index=False)


assert set(KINDS) == set(LOSSES)
