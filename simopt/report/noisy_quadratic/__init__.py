"""The page on the noisy quadratic model: the paper's claims, tables and mistakes, exactly."""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from simopt.analysis import nqm
from simopt.analysis.nqm.published import SIZES, STEPS
from simopt.display import tables
from simopt.display.tables import Column
from simopt.ground.formatting import listing, number, out_of, percent
from simopt.report.noisy_quadratic import claims, data, errors, figures, sampling
from simopt.report.noisy_quadratic.data import NAMES, grid_model, powers, steps
from simopt.report.pages import Context


def page(context: Context) -> dict[str, Any]:
    """The values of the page's template."""
    frame, ran = data.tables(context.quick, context.say)
    context.say("Noisy quadratic: what the published table gets wrong")
    counts = errors.counted(frame)
    wrong = errors.mistakes(frame, counts)
    context.say("Noisy quadratic: trajectories")
    samples, sampled = sampling.sampled(context.quick)
    context.say("Noisy quadratic: figures")
    fits = [claims.critical(frame, power) for power in powers(frame)]
    ran += sampled
    return {
        "summary": summary(frame),
        "claims": claims.claims(frame),
        "algorithms": figures.algorithms_figure(frame),
        "powers": figures.powers_figure(frame),
        "rates": figures.rates_figure(frame),
        "gains": figures.gains_figure(frame),
        "knee": figures.knee_figure(fits),
        "fits": fits_table(fits),
        "agreement": agreement(frame),
        "tables": [power_section(frame, power) for power in powers(frame)],
        "samples": sampling.section(samples),
        "mistakes": wrong,
        "touched": touched(frame),
        "counts": [errors.counted_table(found, name) for name, found in counts.items()],
        "bounds": errors.bound_section(frame),
        "bound": float(nqm.lower_bound(1)),
        "quick": context.quick,
        "trajectories": sum(each.trajectories for each in ran),
        "updates": sum(each.updates for each in ran),
        "seconds": sum(each.seconds for each in ran),
        "computed": ran,
        "findings": findings(frame),
    }


def matching(frame: pd.DataFrame) -> tuple[int, int]:
    """How many of the published integers come out, and how many there are."""
    same = sum(
        int((steps(frame, "authors", algorithm, power)["steps"].to_numpy() == list(known)).sum())
        for (power, algorithm), known in STEPS.items()
    )
    return same, len(STEPS) * len(SIZES)


def summary(frame: pd.DataFrame) -> str:
    """What the page has found, in one paragraph."""
    verdicts = [str(each["verdict"]) for each in claims.claims(frame)]
    hold = sum("does not" not in each for each in verdicts)
    return (
        "Zhang et al. (2019) explain with a quadratic and Gaussian noise what larger batches do to "
        "training. Its expected loss can be computed exactly, and so can the fewest steps to a "
        f"target. Of the paper's five claims {out_of(hold, len(verdicts))} hold."
    )


def touched(frame: pd.DataFrame) -> str:
    """Whether the mistakes matter for what the paper says."""
    if grid_model(frame) != "true":
        return "How large each is:"
    hold = all("does not" not in str(each["verdict"]) for each in claims.claims(frame))
    return (
        "None of it touches the five claims, which hold without bins and bisection."
        if hold
        else "It matters: without bins and bisection not all claims hold."
    )


def agreement(frame: pd.DataFrame) -> str:
    """How the published integers fare."""
    same, known = matching(frame)
    return (
        f"{out_of(same, known)} published integers come out exactly".capitalize()
        + ", computed as the authors do."
    )


def findings(frame: pd.DataFrame) -> list[str]:
    """Sentences for the overview."""
    ball, mean = claims.gains(frame, "momentum"), claims.gains(frame, "ema")
    first, final = (claims.critical(frame, p)["ratio"] for p in (0.0, powers(frame)[-1]))
    return [
        "On the noisy quadratic, tuned at every batch size, Momentum needs "
        f"{number(float(ball.iloc[-1]), 2)} times fewer steps than SGD at the largest batch and "
        f"{number(float(ball.iloc[0]), 2)} times fewer at the smallest; averaging the weights, "
        f"{number(float(mean.iloc[-1]), 2)} and {number(float(mean.iloc[0]), 2)} times.",
        f"A preconditioner h^−{number(powers(frame)[-1])} raises SGD's critical batch size from "
        f"{number(first, 3)} to {number(final, 3)}.",
    ]


def fits_table(fits: list[dict[str, Any]]) -> Markup:
    """Floors, critical batch sizes and fits by power."""
    return tables.table(
        pd.DataFrame(fits),
        {
            "power": Column("p", number),
            "s_min": Column("Steps", number),
            "e_min": Column("Examples", number),
            "ratio": Column("E_min/S_min", lambda x: number(x, 3)),
            "critical": Column("B*", lambda x: number(x, 3)),
            "q": Column("q", lambda x: number(x, 3)),
            "rms": Column("Error", percent),
            "hyperbola": Column("B*, q = 1", lambda x: number(x, 3)),
            "hyperbola_rms": Column("Error, q = 1", percent),
        },
        caption="SGD tuned at every batch size: fewest steps and fewest examples of all, and "
        "S = S_min (1 + (B*/B)^q)^(1/q) fitted to the logarithms, with the root mean square error",
    )


def power_section(frame: pd.DataFrame, power: float) -> dict[str, Any]:
    """The tables of one power."""
    rows = pd.DataFrame({"batch_size": SIZES})
    columns: dict[str, Column | str] = {"batch_size": Column("B", number)}
    for algorithm, name in NAMES.items():
        rows[algorithm] = steps(frame, "authors", algorithm, power)["steps"].to_numpy()
        columns[algorithm] = Column(name, number)
        if (power, algorithm) in STEPS:
            rows[f"published {algorithm}"] = STEPS[power, algorithm]
            columns[f"published {algorithm}"] = Column("published", number)
    own = rows[["batch_size"]].copy()
    mine: dict[str, Column | str] = {"batch_size": Column("B", number)}
    for model, algorithm, name in (
        ("true", "sgd", "SGD"),
        ("tuned", "sgd", "tuned"),
        ("true", "momentum", "Momentum"),
        ("true", "ema", "averaged"),
    ):
        found = steps(frame, model, algorithm, power)
        if found.empty:
            continue
        key = f"{model} {algorithm}"
        own[key] = found["steps"].to_numpy()
        mine[key] = Column(name, number)
        own[f"{key} eta"] = found["eta"].to_numpy()
        mine[f"{key} eta"] = Column("η", lambda x: number(x, 3))
        if algorithm != "sgd":
            own[f"{key} rest"] = 1 - found["memory"].to_numpy()
            mine[f"{key} rest"] = Column(
                "1 − β" if algorithm == "momentum" else "1 − γ", lambda x: number(x, 2)
            )
    edges = [
        f"{NAMES[algorithm]} at B = {number(size)}"
        for algorithm in NAMES
        for size, edge in steps(frame, "authors", algorithm, power)["edge"].items()
        if edge
    ]
    known = "beside the published steps" if (power, "sgd") in STEPS else "not published as numbers"
    return {
        "power": number(power),
        "open": power == 0,
        "authors": tables.table(
            rows, columns, caption=f"p = {number(power)}, the authors' bins and bisection, {known}"
        ),
        "true": tables.table(
            own, mine, caption=f"p = {number(power)}, without bins, first update below the target"
        ),
        "edges": f"At the edge of the grid: {listing(edges)}." if edges else "",
    }


__all__ = ["findings", "page"]
