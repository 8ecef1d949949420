"""The playground: every rule live in the page, on points of one's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from markupsafe import Markup

from simopt.display import templating
from simopt.ground import checks, files
from simopt.problems import Problem, four_points, hubble, least_squares
from simopt.problems.problem import check_problem
from simopt.report.pages import PAGES, Context
from simopt.report.playground import catalogue
from simopt.rules.notation import SIGNS

#: What a page should hold, and what it can draw.
MOST_POINTS, MOST_WEIGHTS = 5000, 2


def page(context: Context) -> dict[str, Any]:
    """The values of the playground's template."""
    return values()


def values(own: Problem | None = None) -> dict[str, Any]:
    """The template's values; the points of a problem of one's own come first."""
    examples = [example(each) for each in (four_points(), sloped(), hubble())]
    return {
        "examples": ([example(own)] if own is not None else []) + examples,
        "signs": SIGNS,
        "catalogue": Markup(catalogue.script()),
        "computed": [],
        "findings": [],
    }


def playground_page(path: str | os.PathLike[str], problem: Problem | None = None) -> Path:
    """Write the playground as a page of its own, which needs no network.

    Parameters
    ----------
    path : path
        Of the HTML file; its folder is made if need be.
    problem : Problem, optional
        Points to begin with: least squares of one or two weights, 5,000 points at most. The four
        points if None.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    ValueError
        If the problem is another, or the file can't be written.

    Examples
    --------
    >>> import simopt
    >>> from simopt.report import playground_page
    >>> playground_page("playground.html", simopt.problems.hubble())  # doctest: +SKIP
    PosixPath('playground.html')
    """
    file = files.check_file("path", path, files.HTML)
    if problem is not None:
        check(problem)
    (listed,) = (each for each in PAGES if each.module == "playground")
    return templating.write_page(
        file, listed.module, listed.title, listed.question, values(problem), "simopt.report"
    )


def check(problem: Problem) -> None:
    """Refuse what the page has no view of."""
    check_problem(problem)
    plain = problem.squared and problem.linear and not problem.l2.any()
    if not plain or problem.d > MOST_WEIGHTS or problem.n > MOST_POINTS:
        allowed = (
            f"least squares of one or two weights without penalty, at most {MOST_POINTS} points"
        )
        raise checks.refuse("problem", problem, allowed)


def sloped() -> Problem:
    """Hubble's nebulae with an intercept: two weights, of unlike curvature."""
    points = hubble()
    return least_squares(
        points.x[:, 0], points.y / 1000, w0=[1.0, 0.5], intercept=True, name="hubble, two weights"
    )


def example(problem: Problem) -> dict[str, Any]:
    """A problem's points as a reader would type them, and its start."""
    features = problem.x[:, :-1] if problem.intercept else problem.x
    rows = [[*x, y] for x, y in zip(features.tolist(), problem.y.tolist(), strict=True)]
    lines = [" ".join(repr(each).removesuffix(".0") for each in row) for row in rows]
    return {
        "name": problem.name,
        "points": "\n".join(lines),
        "intercept": problem.intercept,
        "w0": problem.w0.tolist(),
    }
