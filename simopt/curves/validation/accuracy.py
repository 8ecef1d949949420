"""How often a diagnosis is right: on curves whose cause is known, of problems never tuned on.

``python -m simopt.curves.validation.accuracy`` prints it for the held-out part.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import pandas as pd

from simopt.curves.diagnosis.batch import diagnose_many
from simopt.curves.symptoms import SYMPTOMS
from simopt.curves.validation.inseparable import INSEPARABLE, Pair
from simopt.curves.validation.labelled import Labelled, labelled
from simopt.ground import checks
from simopt.problems.synthetic.testbeds import PARTS


@dataclass(frozen=True, eq=False)
class Accuracy:
    """What a diagnosis says of curves, beside what is so.

    Attributes
    ----------
    frame : DataFrame
        A row per curve: what it is (see `Labelled`), said (the diagnosed
        symptom), sure, right (as the label says), allowed (right, or a symptom that the curve alone
        can't tell from it).
    confusion : DataFrame
        How many curves of the row's symptom are said to have the column's.
    recall : DataFrame
        By symptom: curves; right and allowed (shares); separable (how many can be told from all
        others by the curve) and found (the share of those that is right); and precision (the share
        of curves said to have the symptom that have it, or can't be told from it).
    """

    frame: pd.DataFrame
    confusion: pd.DataFrame
    recall: pd.DataFrame

    @property
    def strict(self) -> float:
        """The mean over all symptoms of the share that is exactly right."""
        return float(self.recall["right"].mean())

    @property
    def allowed(self) -> float:
        """The mean over all symptoms of the share that is right as far as the curve can tell."""
        return float(self.recall["allowed"].mean())

    @property
    def separable(self) -> float:
        """The mean over symptoms of the share that is exactly right, of separable curves alone.

        A symptom of which no curve is separable does not count.
        """
        return float(self.recall["found"].mean())

    def by(self, name: str) -> pd.DataFrame:
        """The same by problem, optimizer, batch_size, record or cause.

        Parameters
        ----------
        name : str
            A column of ``frame``.

        Returns
        -------
        DataFrame
            Curves, and the shares right and allowed.

        Raises
        ------
        ValueError
            If there is no such column.
        """
        checks.choice("name", name, [str(column) for column in self.frame.columns])
        return _shares(self.frame, name)


def measure(
    part: str = "test", *, size: int = 5000, seed: int = 0, threads: int | None = None
) -> Accuracy:
    """Diagnose labelled curves and count how often that is right.

    Parameters
    ----------
    part : {"test", "tuning"}
        Problems that thresholds were never tuned on, or those that they were.
    size, seed, threads
        As in `simopt.curves.validation.labelled.labelled`.

    Returns
    -------
    Accuracy

    Raises
    ------
    ValueError
        If an argument is not allowed.

    Examples
    --------
    >>> from simopt.curves.validation.accuracy import measure
    >>> measure("tuning", size=200).confusion.loc["NaN or Inf", "healthy"].item()
    0
    """
    return judge(labelled(part, size=size, seed=seed, threads=threads), threads=threads)


def judge(curves: Labelled, *, threads: int | None = None) -> Accuracy:
    """The same for curves that are there already."""
    says = diagnose_many(curves.losses, curves.validation, lengths=curves.lengths, threads=threads)
    said = says["symptom"].astype(str).to_numpy()
    truth = curves.frame["symptom"].to_numpy()
    right = said == truth
    also = np.array(
        [word in others for word, others in zip(said, curves.frame["also"], strict=True)], bool
    )
    frame = curves.frame.assign(
        said=said, sure=says["sure"].to_numpy(), right=right, allowed=right | also
    )
    shown = [name for name in SYMPTOMS if name in truth or name in said]
    confusion = pd.crosstab(
        pd.Categorical(truth, shown), pd.Categorical(said, shown), dropna=False
    ).rename_axis(index="is", columns="said")
    recall = _shares(frame, "symptom")
    recall = recall.loc[[name for name in shown if name in recall.index]]
    alone = _shares(frame[frame["also"].map(len) == 0], "symptom").reindex(recall.index)
    recall["separable"] = alone["curves"].fillna(0).astype(int)
    recall["found"] = alone["right"]
    recall["precision"] = _shares(frame, "said")["allowed"].reindex(recall.index)
    return Accuracy(frame, confusion, recall)


def _shares(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    return frame.groupby(name).agg(
        curves=("right", "size"), right=("right", "mean"), allowed=("allowed", "mean")
    )


def text(measured: Accuracy, part: str) -> str:
    """What a terminal shows: the matrix, shares by symptom and by kind, and what limits them."""
    blocks = [
        f"{len(measured.frame):,} curves of {measured.frame['problem'].nunique()} problems, {part}",
        measured.confusion.rename(columns=_short, index=_short).to_string(),
        _percent(measured.recall),
        f"Mean over symptoms: {measured.separable:.1%} of the curves that are separable, "
        f"{measured.allowed:.1%} of all as far as the curve can tell, {measured.strict:.1%} of all "
        "exactly.",
        *(_percent(measured.by(name)) for name in ("cause", "problem", "optimizer", "batch_size")),
        "What the curve alone can't tell:",
        *(_reason(pair) for pair in INSEPARABLE),
    ]
    return "\n\n".join(blocks)


def _short(symptom: str) -> str:
    return symptom if len(symptom) <= 12 else symptom[:11] + "."


def _percent(table: pd.DataFrame) -> str:
    shares = [name for name in table.columns if name not in ("curves", "separable")]
    return table.to_string(formatters=dict.fromkeys(shares, "{:.1%}".format))


def _reason(pair: Pair) -> str:
    return f"{pair.symptom} ({pair.where}) or {pair.other}: {pair.reason}"


def main() -> None:
    """Print the accuracy on one part."""
    parser = argparse.ArgumentParser(description="How often a diagnosis is right.")
    parser.add_argument("part", nargs="?", default="test", choices=PARTS[::-1])
    parser.add_argument("--size", type=int, default=5000, help="curves (5000)")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(text(measure(given.part, size=given.size, seed=given.seed), given.part))


if __name__ == "__main__":
    main()
