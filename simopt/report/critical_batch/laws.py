"""The best rate against batch size, with the law that fits it; the curve's shape in numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from simopt.analysis.batch_size import Scaling
from simopt.display import axis_ticks, style, tables
from simopt.display.tables import Column
from simopt.ground.formatting import number, percent
from simopt.problems import Floats
from simopt.report.critical_batch.curves import each, label, size_axis
from simopt.report.sweeps import records

#: Exponents of the laws that are powers; that of "power" is fitted.
EXPONENTS = {"constant": 0.0, "square root": 0.5, "linear": 1.0}

#: From this Akaike weight on a law stands alone among the five.
CLEAR = 0.9


def law(rate: pd.Series, sizes: Floats, etas: Floats, at: Floats) -> Floats:
    """The preferred law of a row of ``Scaling.rates``, at some batch sizes."""
    if rate["law"] == "saturated":
        return np.asarray(rate["eta_max"] / (1 + rate["b_0"] / at) ** rate["alpha"])
    k = EXPONENTS.get(str(rate["law"]), float(rate["exponent"]))
    level = np.exp(np.mean(np.log(etas) - k * np.log(sizes)))
    return np.asarray(level * at**k)


def rates_figure(study: Scaling, name: str) -> Markup:
    """The best rate of every optimizer, what is as good, and its law."""
    figure, axes = style.new(height=340)
    names = [one for one, *_ in each(study)]
    sizes = sorted(int(size) for size in study.steps["batch_size"].unique())
    for (one, own, *_), (_, rate) in zip(each(study), study.rates.iterrows(), strict=True):
        if own.empty:
            continue
        look = style.line(one, names)
        bars = [own["eta"] - own["eta_low"], own["eta_high"] - own["eta"]]
        axes.errorbar(
            own["batch_size"], own["eta"], bars, linewidth=0, elinewidth=0.9, capsize=2,
            **{key: value for key, value in look.items() if key != "linestyle"},
        )  # fmt: skip
        if rate["law"]:
            x, y = own["batch_size"].to_numpy(float), own["eta"].to_numpy(float)
            fine = np.geomspace(x[0], x[-1], 100)
            axes.plot(fine, law(rate, x, y, fine), color=look["color"], linewidth=1.2)
    axis_ticks.log_axis(axes.yaxis)
    size_axis(axes, sizes)
    axes.set(xlabel="batch size [points]", ylabel="best learning rate η")
    style.legend(figure, axes)
    see = rates_sentence(study)
    title = f"{name}: the best rate"
    return style.captioned(style.svg(figure, title=title, alt=see), title=title, see=see)


def rates_sentence(study: Scaling) -> str:
    """Which law fits each optimizer, and how surely."""
    told = []
    for _, rate in study.rates.iterrows():
        name = label(rate)
        if not rate["law"]:
            told.append(f"{name}: {rate['reason'] or 'too few rates for a law'}")
            continue
        low, high = number(rate["exponent_low"], 2), number(rate["exponent_high"], 2)
        power = f"as a power B to the {number(rate['exponent'], 2)}, {low} to {high}"
        text = f"{name}: {rate['law']}"
        if rate["law"] == "saturated":
            text += f", {number(rate['eta_max'], 2)} at most"
        misses = f"off by at most {percent(rate['worst'] - 1)}"
        told.append(f"{text} ({misses}, {_apart(rate['weight'])}; {power})")
    return f"Of five laws the nearest to the best rates is, for {'; for '.join(told)}."


def _apart(weight: float) -> str:
    """Whether the other laws are as good, by the Akaike weight of the nearest."""
    return "the others are clearly worse" if weight >= CLEAR else "others are nearly as good"


def fits_table(study: Scaling, name: str) -> Markup:
    """The fit with its sharpness beside the hyperbola."""
    rows = []
    for row in records(study.fits):
        interval = "–"
        if np.isfinite(row["critical_low"]):
            interval = f"{number(row['critical_low'], 2)}–{number(row['critical_high'], 2)}"
        rows.append(row | {"name": label(row), "interval": interval})
    return tables.table(
        pd.DataFrame(rows),
        {
            "name": "Optimizer",
            "s_min": Column(Markup("S<sub>min</sub>"), lambda v: number(v, 3)),
            "e_min": Column(Markup("E<sub>min</sub>"), lambda v: number(v, 3)),
            "critical": Column("B*", lambda v: number(v, 3)),
            "interval": Column("5–95 %", short=True),
            "q": Column("q", lambda v: number(v, 2)),
            "rms": Column("Off by, rms", _off),
            "worst": Column("at most", _off),
            "hyperbola_critical": Column("B*, q = 1", lambda v: number(v, 3)),
            "hyperbola_rms": Column("Off by, rms", _off),
            "hyperbola_worst": Column("at most", _off),
        },
        caption=f"{name}: the fitted curves, and the hyperbolas with q = 1",
    )


def _off(error: object) -> str:
    """An error of the logarithm, as a percentage of the steps."""
    value = float(str(error))
    return percent(float(np.expm1(value))) if np.isfinite(value) else "–"


def fits_sentence(study: Scaling) -> str:
    """How sharp the bends are, and how far off the hyperbola is."""
    told: list[str] = []
    for row in records(study.fits):
        if not np.isfinite(row["q"]):
            told.append(f"{label(row)}: {row['reason']}")
            continue
        shape = _shape(row["q"])
        told.append(
            f"{label(row)}: q = {number(row['q'], 2)}, {shape}"
            + (f" ({row['reason']})" if row["reason"] else "")
            + f", steps off by at most {_off(row['worst'])}, and by {_off(row['hyperbola_worst'])} "
            "with q = 1"
        )
    return "; ".join(told) + "."


def _shape(q: float) -> str:
    """The knee compared with the hyperbola's."""
    if 0.9 <= q <= 1.1:
        return "close to the hyperbola"
    return "sharper than the hyperbola" if q > 1 else "rounder than the hyperbola"


def hyperbola_off(study: Scaling) -> float:
    """The most that the hyperbola is off in steps where a curve fits; nan without one."""
    known = np.isfinite(study.fits["q"])
    worst: Any = study.fits.loc[known, "hyperbola_worst"].max()
    return float(np.expm1(worst))
