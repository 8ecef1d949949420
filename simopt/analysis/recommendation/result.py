"""A recommendation: what to train with, what it is worth, and what that rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from simopt.analysis.recommendation import sentences
from simopt.analysis.recommendation.data import Parts
from simopt.rules.rule import Optimizer


@dataclass(frozen=True, eq=False, repr=False)
class Recommendation:
    """What to train with; made by `simopt.recommend`. Printed, it says everything in sentences.

    All losses are those of the test rows, which nothing was chosen by, after training with orders
    of the points that nothing was tuned on. Standardised targets make them shares of the variance.

    Attributes
    ----------
    parts : Parts
        The rows: ``train``, ``validation`` and ``test`` are problems.
    optimizer : Optimizer
        With its rate, in PyTorch's convention.
    batch_size, epochs : int
        How long, and how many points an update.
    loss, low, high : float
        The median over the orders, and what nine of ten lie between.
    score_name : {"R2", "accuracy", "D2"}
        What ``score`` is: R², the share of right labels, or the share of the deviance explained.
    score, score_low, score_high : float
        The same of the score.
    constant_loss, constant_score : float
        Of the best constant prediction.
    ranking : DataFrame
        A row per optimizer at its own best: eta, batch_size, epochs; loss, low, high and score;
        difference (of its loss from the recommended one's), difference_low and difference_high (an
        interval of 95 %), verdict ("recommended", "can't tell", "worse", "better"); nearby, what
        its loss rises by at most within a factor of three of its rate; default_eta, default_loss
        and default_score, with PyTorch's default rate in place of its own.
    sensitivity : DataFrame
        A row per optimizer and rate around its best: eta, loss, low, high, diverged (a share).
    frameworks : DataFrame
        A row per framework: which optimizer, its eta as that framework has it, loss, low and high
        in its formula, and default_eta, default_loss and default_score with its defaults.
    code : mapping of str to str
        Framework (torch, keras, optax, sklearn) to a program that trains so.
    notes : tuple of str
        What to know besides.
    trials : DataFrame
        Every rate and batch size tried, with its median validation loss and best epoch.
    seeds : int
        How many orders the settings are judged on.
    unfinished : tuple of str
        Optimizers that an interrupt kept from being tuned.
    trajectories : int
        How many were computed.
    seconds : float
        What it took.
    """

    parts: Parts
    optimizer: Optimizer
    batch_size: int
    epochs: int
    loss: float
    low: float
    high: float
    score_name: str
    score: float
    score_low: float
    score_high: float
    constant_loss: float
    constant_score: float
    ranking: pd.DataFrame
    sensitivity: pd.DataFrame
    frameworks: pd.DataFrame
    code: Mapping[str, str]
    notes: tuple[str, ...]
    trials: pd.DataFrame
    seeds: int
    unfinished: tuple[str, ...]
    trajectories: int
    seconds: float

    @property
    def explains(self) -> bool:
        """Whether it predicts the test rows better than a constant."""
        return self.high < self.constant_loss

    @property
    def summary(self) -> str:
        """What is said above the tables and programs."""
        return sentences.summary(self)

    def __str__(self) -> str:
        return sentences.text(self)

    def __repr__(self) -> str:
        eta = self.optimizer.settings["eta"]
        return (
            f"<recommendation for {self.parts.table.name}: {self.optimizer.name}, eta={eta:.4g}, "
            f"batch_size={self.batch_size}, epochs={self.epochs}>"
        )
