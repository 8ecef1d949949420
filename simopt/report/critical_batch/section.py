"""Everything about one problem: the study, the figures, the noise scale beside it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from simopt.analysis.batch_size import Scaling
from simopt.display.style import slug
from simopt.ground.formatting import count, number, percent
from simopt.report.critical_batch import curves, laws, noise, noise_figure, prediction
from simopt.report.sweeps import Setting


def section(setting: Setting, study: Scaling) -> dict[str, Any]:
    """The figures, tables and sentences of one study.

    Parameters
    ----------
    setting : Setting
        The problem, and its name in figures.
    study : Scaling
        From `simopt.batch_size`.

    Returns
    -------
    dict
        What `templates/scaling.html` shows, and ``compared``, the table of predictions.
    """
    name, problem = setting.name, study.problem
    way = noise.along(problem, study.target)
    estimates = noise.estimated(problem, way)
    table = prediction.compared(name, problem, way, study.fits)
    critical = study.fits.assign(low=study.fits["critical_low"], high=study.fits["critical_high"])
    return {
        "name": name,
        "id": slug(name),
        "target": target_sentence(study),
        "steps": curves.steps_figure(study, name),
        "regions": curves.regions_sentence(study),
        "steps_table": curves.steps_table(study, name),
        "fits": laws.fits_table(study, name),
        "fits_sentence": laws.fits_sentence(study),
        "rates": laws.rates_figure(study, name),
        "noise": noise_figure.noise_figure(setting, way, estimates, critical),
        "unfinished": unfinished(way, study),
        "predictions": prediction.predictions_table(
            table, f"{name}: what the noise scale predicts, for endless data and for these points"
        ),
        "compared": table,
    }


def target_sentence(study: Scaling) -> str:
    """What was to be reached, and what was tried for it."""
    problem = study.problem
    first, least = problem.loss(problem.w0), problem.minimum_loss
    share = (study.target - least) / (first - least)
    edges = int((study.steps["edge"] != "").sum())
    inside = (
        "every best setting lies inside of what was tried"
        if not edges
        else f"{count(edges, 'best setting')} of {len(study.steps)} "
        f"{'lies' if edges == 1 else 'lie'} at an edge of what was tried"
    )
    return (
        f"{number(problem.n)} points, {count(problem.d, 'weight')}. The target is a loss of "
        f"{number(study.target)}: {percent(share)} of what can be taken off the start's "
        f"{number(first)} is then left. {number(study.trajectories)} trajectories on "
        f"{count(len(study.seeds), 'order')} of the points; {inside}."
    )


def unfinished(way: pd.DataFrame, study: Scaling) -> str:
    """That the small steps of the noise scale's way did not arrive, if so."""
    problem = study.problem
    last = problem.loss(way["w"].iloc[-1])
    if last <= study.target:
        return ""
    return (
        f"The way is left after {number(noise.LONGEST)} small steps, at a loss of {number(last)}, "
        "before the target."
    )
