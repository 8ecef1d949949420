"""The three figures that a sweep asks for, in the report's style: each a matplotlib figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.analysis import measures
from simopt.ground import checks, extras
from simopt.ground.formatting import number, symbol
from simopt.problems import Problem
from simopt.training.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["heatmap", "loss", "sensitivity"]

#: Ratio of the largest to the smallest positive value from which on an axis is logarithmic.
WIDE = 30.0


def sensitivity(
    frame: pd.DataFrame,
    problem: Problem | None = None,
    *,
    by: str = "optimizer",
    rate: str = "eta",
) -> Figure:
    """The loss at the end against the learning rate, with its band.

    A line is the median over all that varies beside ``by`` and ``rate`` (seeds, say), the band goes
    from its 5 % to its 95 % quantile (`simopt.measures.bands`). A cross at the upper rim marks the
    smallest rate at which a trajectory diverged.

    Parameters
    ----------
    frame : DataFrame
        A row per trajectory, from `simopt.sweep`.
    problem : Problem, optional
        What was swept. With it the relative excess loss is drawn (`simopt.measures.excess`), else
        the loss itself.
    by : str, default "optimizer"
        The column with a line for each of its values.
    rate : str, default "eta"
        The column along the axis.

    Returns
    -------
    matplotlib.figure.Figure
        Of no window and no global state: ``figure.savefig("rates.svg")``.

    Raises
    ------
    ValueError
        If an argument is not allowed.
    ImportError
        If the extra ``report`` is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import simopt
    >>> four = simopt.problems.four_points()
    >>> rates = np.geomspace(0.001, 1, 16)
    >>> rules = [simopt.SGD(eta=rates), simopt.Adam(eta=rates)]
    >>> frame = simopt.sweep(four, rules, epochs=10, shuffle="epoch", seed=range(5))
    >>> figure = simopt.plot.sensitivity(frame, four)
    >>> figure.axes[0].get_xlabel()
    'learning rate η'
    """
    value, label = _values(frame, problem, {"by": by, "rate": rate})
    table = measures.bands(frame.assign(value=value), [by, rate], "value")
    checks.numbers(f"frame.{rate}", table[rate])

    def draw(style: Any) -> Any:
        from simopt.display import axis_ticks

        figure, axes = style.new()
        names = list(table[by].drop_duplicates())
        for name, rows in table.groupby(by, observed=True, sort=False):
            look = style.look(str(name), map(str, names))
            finite = rows[axis_ticks.drawable(rows["median"].to_numpy())]
            band = rows[axis_ticks.drawable(rows["high"].to_numpy())]
            axes.fill_between(
                band[rate], band["low"], band["high"], color=look.color, alpha=0.18, linewidth=0
            )
            marks = max(1, len(finite) // 8)
            kind = style.line(str(name), map(str, names), markevery=marks)
            axes.plot(finite[rate], finite["median"], **{**kind, "label": _label(by, name)})
        _scale(style, axes.yaxis, table[["low", "median"]].to_numpy())
        _scale(style, axes.xaxis, table[rate].to_numpy())
        first = measures.first_divergence(table, [by], rate=rate).dropna()
        for name, at in zip(first[by], first["diverges_from"], strict=True):
            color = style.look(str(name), map(str, names)).color
            axes.plot(
                at, 1.0, "x", color=color, transform=axes.get_xaxis_transform(), clip_on=False,
                markeredgewidth=1.8,
            )  # fmt: skip
        axes.set(xlabel=_named(rate), ylabel=label)
        _legend(style, figure, axes)
        return figure

    return _drawn(draw)


def heatmap(frame: pd.DataFrame, x: str, y: str, problem: Problem | None = None) -> Figure:
    """A map of the loss over two axes of a sweep, in five classes; divergence is hatched.

    A cell is the median over all that varies beside ``x`` and ``y``, and counts as diverged where
    more than half of its trajectories did. The classes hold equal shares of the cells.

    Parameters
    ----------
    frame : DataFrame
        A row per trajectory, from `simopt.sweep`, of one optimizer.
    x, y : str
        The columns along the axes, such as eta and beta, or eta and batch_size.
    problem : Problem, optional
        What was swept. With it the relative excess loss is drawn, else the loss itself.

    Returns
    -------
    matplotlib.figure.Figure
        Of no window and no global state.

    Raises
    ------
    ValueError
        If an argument is not allowed; if the frame has several optimizers.
    ImportError
        If the extra ``report`` is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import simopt
    >>> four = simopt.problems.four_points()
    >>> rule = simopt.Momentum(eta=np.geomspace(0.001, 1, 16), beta=np.linspace(0, 0.95, 12))
    >>> figure = simopt.plot.heatmap(simopt.sweep(four, rule, epochs=10), "eta", "beta", four)
    >>> figure.axes[0].get_ylabel()
    'β'
    """
    value, label = _values(frame, problem, {"x": x, "y": y})
    if x == y:
        raise checks.refuse("y", y, f"another column than x, {x!r}")
    optimizers = [] if "optimizer" not in frame else list(map(str, frame["optimizer"].unique()))
    if len(optimizers) > 1:
        allowed = "of one optimizer, such as frame[frame['optimizer'] == 'SGD']"
        raise checks.refuse("frame", optimizers, allowed)
    bands = measures.bands(frame.assign(value=value), [x, y], "value")
    for name in (x, y):
        checks.numbers(f"frame.{name}", bands[name])
    cells = bands.pivot_table(index=y, columns=x, values="median", dropna=False)
    values = cells.to_numpy(dtype=np.float64)
    finite = values[np.isfinite(values)]

    def draw(style: Any) -> Any:
        from matplotlib.patches import Patch, PathPatch

        from simopt.display.cells import edges, regions

        figure, axes = style.new(height=340)
        shares = np.linspace(0, 1, len(style.MAP) + 1)[1:-1]
        bounds = np.unique(np.quantile(finite, shares)) if finite.size else np.array([])
        classes = np.searchsorted(bounds, values, side="left")
        looks = [{"facecolor": color} for color in style.MAP[: len(bounds) + 1]]
        names = [f"≤ {number(bound, 2)}" for bound in bounds] + ["more"]
        gone = {"facecolor": "none", "edgecolor": style.VERMILLION, "hatch": "////", "linewidth": 0}
        along, up = (_borders(edges, each) for each in (cells.columns, cells.index))
        masks = [(classes == k) & np.isfinite(values) for k in range(len(looks))]
        for inside, look in zip([*masks, np.isposinf(values)], [*looks, gone], strict=True):
            path = regions(inside, along, up)
            if path is not None:
                edge = {"edgecolor": look["facecolor"], "linewidth": 0.4}
                axes.add_patch(PathPatch(path, **{**edge, **look}))
        axes.grid(visible=False)
        axes.set(xlabel=_named(x), ylabel=_named(y))
        for axis, borders in ((axes.xaxis, along), (axes.yaxis, up)):
            _scale(style, axis, borders)
        axes.set_xlim(along[0], along[-1])
        axes.set_ylim(up[0], up[-1])
        handles = [Patch(label=name, **look) for name, look in zip(names, looks, strict=True)]
        if np.isposinf(values).any():
            handles.append(Patch(label="diverged", **gone))
        figure.legend(handles=handles, loc="outside lower center", ncols=3, title=label)
        return figure

    return _drawn(draw)


def loss(
    runs: Run | Sequence[Run] | pd.DataFrame,
    problem: Problem | None = None,
    *,
    by: str = "optimizer",
) -> Figure:
    """The loss over all points against updates, or epochs.

    Parameters
    ----------
    runs : Run, sequence of Run, or DataFrame
        Trajectories from `simopt.run`, a line each; or a sweep's table with ``record="steps"`` or
        ``record="epochs"``: then a line is the median of each value of ``by``, with the band from
        5 to 95 %.
    problem : Problem, optional
        What was run. With it the relative excess loss is drawn, else the loss itself.
    by : str, default "optimizer"
        Of a table, the column with a line for each of its values.

    Returns
    -------
    matplotlib.figure.Figure
        Of no window and no global state.

    Raises
    ------
    ValueError
        If an argument is not allowed.
    ImportError
        If the extra ``report`` is not installed.

    Examples
    --------
    >>> import simopt
    >>> four = simopt.problems.four_points()
    >>> rules = (simopt.SGD(eta=0.01), simopt.Adam(eta=0.1))
    >>> figure = simopt.plot.loss([simopt.run(four, rule, epochs=20) for rule in rules], four)
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['SGD', 'Adam']
    """
    if isinstance(runs, pd.DataFrame):
        time = "step" if "step" in runs else "epoch"
        value, label = _values(runs, problem, {"by": by, "runs": time}, "runs")
        table = measures.bands(runs.assign(value=value), [by, time], "value")
    else:
        time, label, table = _joined(runs, problem)
        by = "run"

    def draw(style: Any) -> Any:
        from simopt.display import axis_ticks

        figure, axes = style.new()
        names = [str(name) for name in table[by].drop_duplicates()]
        plain = _rules(names)
        for name, rows in table.groupby(by, observed=True, sort=False):
            finite = rows[axis_ticks.drawable(rows["median"].to_numpy())]
            look = style.line(plain[str(name)], plain.values(), markevery=max(1, len(finite) // 8))
            shown = str(name) if by == "run" else _label(by, name)
            if (rows["high"] > rows["low"]).any():
                band = rows[axis_ticks.drawable(rows["high"].to_numpy())]
                axes.fill_between(
                    band[time], band["low"], band["high"], color=look["color"], alpha=0.18,
                    linewidth=0,
                )  # fmt: skip
            axes.plot(finite[time], finite["median"], **{**look, "label": shown})
        _scale(style, axes.yaxis, table[["low", "median"]].to_numpy())
        axis_ticks.linear_axis(axes.xaxis, whole=True)
        axes.set(xlabel="epoch" if time == "epoch" else "update", ylabel=label)
        _legend(style, figure, axes, 2 if max(map(len, names)) > 12 else 4)
        return figure

    return _drawn(draw)


def _drawn(draw: Callable[[Any], Any]) -> Figure:
    """A figure drawn under the report's settings, which are gone afterwards."""
    with extras.needs("report", "a figure"):
        import matplotlib

        from simopt.display import style

    with matplotlib.rc_context(style.RC):
        figure: Figure = draw(style)
    # The report's are transparent: a page has its own ground.
    figure.set_facecolor(style.PAPER)
    return figure


def _values(
    frame: pd.DataFrame, problem: Problem | None, columns: dict[str, str], argument: str = "frame"
) -> tuple[pd.Series, str]:
    """What is drawn of each row, infinite where it diverged, and what it is called."""
    checks.table(argument, frame, ["loss"])
    allowed = f"a column of {argument} ({', '.join(map(str, frame.columns))})"
    for name, column in columns.items():
        if checks.text(name, column, allowed) not in frame.columns:
            raise checks.refuse(name, column, allowed)
    if problem is not None:
        return measures.excess(frame, problem), "relative excess loss"
    values = checks.array(f"{argument}.loss", frame["loss"])
    gone = ~np.isfinite(values)
    if "status" in frame:
        gone |= (frame["status"] == "diverged").to_numpy()
    return pd.Series(np.where(gone, np.inf, values), index=frame.index), "loss"


def _joined(runs: Any, problem: Problem | None) -> tuple[str, str, pd.DataFrame]:
    """The losses of runs as a table like that of `measures.bands`, each from its start on."""
    allowed = "a Run, from simopt.run; a sequence of them; or a table of simopt.sweep"
    several = [runs] if isinstance(runs, Run) else runs
    if not isinstance(several, Sequence) or not several:
        raise checks.refuse("runs", runs, allowed)
    for each in several:
        if not isinstance(each, Run):
            raise checks.refuse("runs", each, allowed)
    names = [each.optimizer.name for each in several]
    if len({*names}) < len(names):
        names = [repr(each.optimizer) for each in several]
    tables = []
    for i, (each, name) in enumerate(zip(several, names, strict=True)):
        start = each.problem.loss(each.problem.w0)
        values = pd.DataFrame({"loss": [start, *each.steps["loss"]]})
        value, label = _values(values, problem, {}, "runs")
        shown = name if names.count(name) == 1 else f"{name} ({names[: i + 1].count(name)})"
        tables.append(
            pd.DataFrame(
                {"run": shown, "step": range(len(values)), "low": value, "median": value,
                 "high": value}
            )
        )  # fmt: skip
    return "step", label, pd.concat(tables, ignore_index=True)


def _rules(names: list[str]) -> dict[str, str]:
    """Under which name each is drawn: the rule's own, while no other line has that."""
    rules = [name.partition("(")[0].strip() for name in names]
    return {
        name: rule if rules.count(rule) == 1 else name
        for name, rule in zip(names, rules, strict=True)
    }


def _scale(style: Any, axis: Any, values: NDArray[np.float64]) -> None:
    """A logarithmic axis where values are positive and far apart."""
    from simopt.display import axis_ticks

    finite = values[axis_ticks.drawable(values)]
    if finite.size and finite.min() > 0 and finite.max() > WIDE * finite.min():
        axis_ticks.log_axis(axis)
    else:
        axis_ticks.linear_axis(axis)


def _borders(edges: Any, axis: pd.Index) -> NDArray[np.float64]:
    """Borders of cells; half-way by ratio where the centres are spread by ratio."""
    centres = axis.to_numpy(np.float64)
    if centres[0] > 0 and centres[-1] > WIDE * centres[0]:
        borders: NDArray[np.float64] = 10 ** edges(np.log10(centres))
    else:
        borders = edges(centres)
    return borders


def _named(column: str) -> str:
    """A column as an axis is called."""
    known = {"eta": "learning rate η", "batch_size": "batch size"}
    return known.get(column, symbol(column))


def _label(by: str, value: object) -> str:
    """A value of ``by`` in the legend."""
    return str(value) if isinstance(value, str) else f"{symbol(by)} = {number(value)}"


def _legend(style: Any, figure: Figure, axes: Any, columns: int = 4) -> None:
    """A legend, unless there is one line alone."""
    if len(axes.get_legend_handles_labels()[0]) > 1:
        style.legend(figure, axes, columns=columns)
