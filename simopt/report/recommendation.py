"""One page with a recommendation for anyone's data: what to train with, and what that rests on."""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from simopt.analysis.recommendation import Recommendation, sentences
from simopt.display import axis_ticks, style, tables, templating
from simopt.display.tables import Column
from simopt.ground import checks, files
from simopt.ground.formatting import count, listing, number, plain
from simopt.rules.frameworks import FRAMEWORKS

#: Figures of losses end where so much of what is explained is lost: close by, and beyond all of it.
NEAR, FAR = 0.2, 1.15


def recommendation_page(path: str | os.PathLike[str], recommendation: Recommendation) -> Path:
    """Write one page, complete in itself, about a recommendation.

    Parameters
    ----------
    path : path
        Of the HTML file; its folder is made if need be.
    recommendation : Recommendation
        From `simopt.recommend`.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    ValueError
        If the file can't be written.

    Examples
    --------
    >>> import simopt
    >>> from simopt.report import recommendation_page
    >>> made = simopt.recommend("houses.csv", "price")  # doctest: +SKIP
    >>> recommendation_page("houses.html", made)  # doctest: +SKIP
    PosixPath('houses.html')
    """
    place, made = files.check_file("path", path), recommendation
    if not isinstance(made, Recommendation):
        raise checks.refuse("recommendation", made, "a Recommendation, from simopt.recommend")
    target = made.parts.table.target
    with matplotlib.rc_context(style.RC):
        values = {
            "task": sentences.task(made),
            "setting": sentences.setting(made),
            "rows": made.parts.said,
            "worth": sentences.worth(made),
            "notes": made.notes,
            "unfinished": listing(made.unfinished),
            "verdicts": sentences.verdicts(made),
            "ranking": ranking_table(made),
            "settings": settings_table(made),
            "near": near_figure(made),
            "far": far_figure(made),
            "frameworks": frameworks_table(made),
            "code": [(FRAMEWORKS[key].name, text) for key, text in made.code.items()],
            "account": account(made),
        }
    title, question = f"Training for {target}", "Which optimizer, which rate?"
    return templating.write_page(place, "recommendation", title, question, values, "simopt.report")


def account(made: Recommendation) -> str:
    """What was computed."""
    return (
        f"{count(made.trajectories, 'trajectory', 'trajectories')} in "
        f"{number(made.seconds, 2)} s; every optimizer had as many."
    )


def ranking_table(made: Recommendation) -> Markup:
    """What every optimizer comes to at its best."""
    columns: dict[str, Column | str] = {
        "optimizer": "optimizer",
        "verdict": Column("verdict", short=True),
        "loss": Column("loss", sentences.loss),
        "band": Column("nine of ten orders", short=True),
        "score": Column(
            sentences.SCORES[made.score_name], lambda value: number(value, 3, zeros=True)
        ),
        "nearby": Column("rises within 3 × η", lambda value: number(value, 2)),
    }
    return _by_optimizer(made, columns, "Held-out loss of every optimizer at its best")


def settings_table(made: Recommendation) -> Markup:
    """Every optimizer's best setting, beside PyTorch's default rate."""
    columns: dict[str, Column | str] = {
        "optimizer": "optimizer",
        "eta": Column("rate η", lambda value: number(value, 3)),
        "batch_size": "batch size",
        "epochs": "epochs",
        "default_eta": Column("PyTorch's default η", lambda value: number(value, 3)),
        "default_loss": Column("loss with that", sentences.loss),
    }
    return _by_optimizer(made, columns, "The best settings, and PyTorch's default rates in them")


def _by_optimizer(made: Recommendation, columns: dict[str, Column | str], caption: str) -> Markup:
    """A table of the ranking, the recommended optimizer marked."""
    return tables.table(
        _with_band(made.ranking),
        columns,
        caption=caption,
        mark=lambda row: "best" if row["verdict"] == "recommended" else "",
    )


def _with_band(frame: pd.DataFrame) -> pd.DataFrame:
    """The same with low and high in words."""
    ends = zip(frame["low"], frame["high"], strict=True)
    return frame.assign(band=[" to ".join(map(sentences.loss, both)) for both in ends])


def frameworks_table(made: Recommendation) -> Markup:
    """What each framework's lines come to, and what its default rate would."""
    frame = _with_band(made.frameworks).assign(
        name=[FRAMEWORKS[key].name for key in made.frameworks["framework"]]
    )
    columns: dict[str, Column | str] = {
        "name": "framework",
        "optimizer": "optimizer",
        "loss": Column("loss", sentences.loss),
        "band": Column("nine of ten orders", short=True),
        "default_eta": Column("its default η", lambda value: number(value, 3)),
        "default_loss": Column("loss with that", sentences.loss),
    }
    return tables.table(frame, columns, caption="Held-out loss in each framework's formula")


def near_figure(made: Recommendation) -> Markup:
    """The held-out loss against the rate, around each optimizer's best."""
    figure, axes = style.new()
    names = made.ranking["optimizer"].tolist()
    best, top = made.optimizer.name, _top(made.loss, made.constant_loss, NEAR)
    for name in names:
        rows = made.sensitivity[made.sensitivity["optimizer"] == name]
        drawn = style.line(name, names)
        axes.plot(rows["eta"], _clipped(rows["loss"], top), **drawn)
        if name == best:
            low, high = (_clipped(rows[each], top) for each in ("low", "high"))
            axes.fill_between(rows["eta"], low, high, color=drawn["color"], alpha=0.2, linewidth=0)
    eta = float(made.optimizer.settings["eta"])  # type: ignore[arg-type]
    axes.axvspan(eta / 3, 3 * eta, color=style.GRID, alpha=0.4, linewidth=0)
    see = (
        f"The band holds nine of ten of {made.seeds} new orders with {best}; grey is a factor of "
        f"three around its rate of {plain(eta)}. The picture ends where a fifth of what is "
        "explained is lost."
    )
    return _captioned(figure, axes, "Loss against rate, near each best", see, "held-out loss")


def far_figure(made: Recommendation) -> Markup:
    """The loss on the validation rows over all rates tried, at each optimizer's best batch size."""
    figure, axes = style.new()
    names = made.ranking["optimizer"].tolist()
    constant = made.parts.validation.loss(made.parts.constant)
    top = _top(float(made.trials["loss"].min()), constant, FAR)
    first = made.trials[made.trials["look"] == "first"]
    for name in names:
        rows = first[first["optimizer"] == name]
        size = rows.loc[rows["loss"].idxmin(), "batch_size"]
        rows = rows[rows["batch_size"] == size]
        axes.plot(rows["eta"], _clipped(rows["loss"], top), **style.line(name, names))
    see = (
        "Each rate at its best number of epochs, by the rows that settings were chosen by. Where a "
        "line is missing, training diverged or stayed above the picture. Dashes: the best "
        f"constant, {sentences.loss(constant)} on these rows."
    )
    axes.axhline(constant, color=style.MUTED, linestyle=(0, (4, 3)), linewidth=1)
    return _captioned(figure, axes, "Loss against rate, all rates tried", see, "validation loss")


def _clipped(losses: pd.Series, top: float) -> NDArray[np.float64]:
    """Losses for a figure: none beyond its upper edge."""
    values = losses.to_numpy(np.float64)
    return np.where(values <= top, values, np.nan)


def _top(least: float, constant: float, share: float) -> float:
    """The upper edge of a figure: the least loss and a share of what is explained beyond it."""
    explained = constant - least
    return least + share * (explained if explained > 0 else abs(least))


def _captioned(figure: Figure, axes: Axes, title: str, see: str, losses: str) -> Markup:
    """The figure with its axes, its legend and what to see."""
    axis_ticks.log_axis(axes.xaxis)
    axis_ticks.linear_axis(axes.yaxis)
    axes.set(xlabel="learning rate η", ylabel=losses)
    style.legend(figure, axes)
    image = style.svg(figure, title=title, alt=see)
    return style.captioned(image, title=title, see=see)
