"""The page on critical batch sizes: steps to a target, re-tuned at every batch size, and noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simopt.analysis.batch_size import Scaling
from simopt.ground.formatting import count, listing, number, percent
from simopt.report.critical_batch import curves, data, laws, prediction
from simopt.report.critical_batch.measured import studied
from simopt.report.critical_batch.section import section
from simopt.report.pages import Computed, Context
from simopt.report.sweeps import Setting


def page(context: Context) -> dict[str, Any]:
    """The values of the page's template."""
    three = data.three(context.quick)
    studies = {key: studied(key, three[key], context) for key in three}
    context.say("Critical batch size: noise scale")
    sections = [section(three[key], studies[key]) for key in three]
    table = pd.concat([each["compared"] for each in sections], ignore_index=True)
    return {
        "sections": sections,
        "verdict": prediction.verdict(table),
        "missing": prediction.missing(table),
        "ratios": prediction.ratio_figure(table, "Predicted by measured critical batch size"),
        "points": data.POINTS[context.quick],
        "full_points": data.POINTS[False],
        "correlation": data.CORRELATION,
        "turned": percent(data.TURNED),
        "trajectories": sum(each.trajectories for each in studies.values()),
        "updates": sum(each.updates for each in studies.values()),
        "seconds": sum(each.seconds for each in studies.values()),
        "compile_seconds": sum(each.compile_seconds for each in studies.values()),
        "computed": [
            Computed(
                f"critical batch size: {three[key].name}",
                each.trajectories,
                each.updates,
                each.seconds,
            )
            for key, each in studies.items()
        ],
        "findings": [prediction.verdict(table), answer(three, studies)],
        "bends": bends(studies),
    }


def answer(three: dict[str, Setting], studies: dict[str, Scaling]) -> str:
    """From which batch size on a larger one saves few steps, on every problem that shows it."""
    told, cases = [], 0
    for key, study in studies.items():
        fits = [(name, fit) for name, _, fit, _ in curves.each(study)]
        sizes = [
            f"{curves.critical_size(fit)} for {name}"
            for name, fit in fits
            if np.isfinite(fit["critical"])
        ]
        cases += len(fits)
        if sizes:
            told.append(f"on {three[key].name} it is {listing(sizes)}")
    if not told:
        return "No critical batch size is in sight on these problems."
    shown = sum(int(np.isfinite(study.fits["critical"]).sum()) for study in studies.values())
    rest = "" if shown == cases else f" No other of the {count(cases, 'case')} shows one."
    return (
        "Beyond the critical batch size a larger batch saves ever fewer steps: "
        f"{'; '.join(told)}.{rest}"
    )


def bends(studies: dict[str, Scaling]) -> str:
    """The sharpness of all fits, and how far off the hyperbola is."""
    fits = pd.concat([study.fits for study in studies.values()])
    known = fits[np.isfinite(fits["q"])]
    off = np.nanmax([laws.hyperbola_off(study) for study in studies.values()])
    if known.empty:
        return "With every rate tuned at every batch size, no bend could be fitted."
    low, high = number(known["q"].min(), 2), number(known["q"].max(), 2)
    return (
        "With every rate tuned at every batch size, the steps to a target bend with q from "
        f"{low} to {high}; the hyperbola (q = 1) is off by up to {percent(off)} in steps."
    )


__all__ = ["page"]
