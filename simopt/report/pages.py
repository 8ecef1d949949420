"""The pages: which there are, what each answers, and how one is put together.

How to add a page
-----------------
1. Write ``simopt/report/NAME.py``, or a folder with a file for each section where one file would
   grow long, with ``def page(context: Context) -> dict[str, object]``. It
   computes its tables, draws its figures from them (`style.new`, `style.svg`, `style.captioned`,
   `tables.table`, `charts.interactive`), forms its sentences from the numbers (`formatting`), and
   returns the values of its template. Three keys mean something to others:

   - ``"computed"``: list of `Computed`, what the page ran; the overview adds them up.
   - ``"findings"``: list of sentences for the overview, one or two, each true of the numbers at
     hand. Plain text.
   - ``"parts"``: mapping of `Page` to the values of its own template, for a page that would grow
     too long; each names the page that it is ``under``.

2. Write ``templates/NAME.html``: ``{% extends "base.html" %}`` and ``{% block main %}``. Values are
   escaped, and a name that the page forgot is an error; ``| safe`` has no place here.
3. List it in `PAGES`, where it stands in the navigation, with its group (`GROUPS`).

Styles are set while ``page`` runs, so figures need no set-up. Call ``context.say("...")`` before
something slow: the progress bar shows it. Nothing a page does depends on another page but the
overview, which is built last and reads `for_overview` of the others in ``context.built``: pages are
built in processes of their own, see `simopt.report.building`.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from simopt.display.templating import Page, html
from simopt.report.glossary.linking import FILE as GLOSSARY
from simopt.report.glossary.linking import linked

# What pages need is loaded by the processes that build them: the report's own starts those at once.
if TYPE_CHECKING:
    import pandas as pd

#: What pages are for, in the order of the overview.
GROUPS = {
    "learn": "Learn: what the rules do",
    "decide": "Decide: rate, batch size, rule",
    "trust": "Trust: whose formula, how fast, how right",
}

#: In the order of the navigation.
PAGES = (
    Page(
        "index.html",
        "Overview",
        "overview",
        "Which optimizer, at which rate and batch size, and why: first-order optimizers run by the "
        "thousand, on four points, on real data and on yours.",
    ),
    Page(
        "walkthrough.html",
        "Walkthrough",
        "walkthrough",
        "What does each rule do, number by number, on four points and then for a hundred epochs?",
        "learn",
    ),
    Page(
        "playground.html",
        "Playground",
        "playground",
        "What does every rule do with these points, at this rate? Live, to the last bit.",
        "learn",
    ),
    Page(
        "batch-size.html",
        "Batch size",
        "batch_size",
        "What changes when several points share one update?",
        "decide",
    ),
    Page(
        "critical-batch-size.html",
        "Critical batch size",
        "critical_batch",
        "From which size on does a larger batch save no steps, and does gradient noise predict it?",
        "decide",
    ),
    Page(
        "noisy-quadratic.html",
        "Noisy quadratic",
        "noisy_quadratic",
        "Which choices matter at which batch sizes, where every expectation can be computed?",
        "decide",
    ),
    Page(
        "learning-rate.html",
        "Learning rate and seeds",
        "learning_rate",
        "How far does the ranking depend on the learning rate, and on the order of the points?",
        "decide",
    ),
    Page(
        "stability.html",
        "Stability",
        "stability",
        "Which settings settle, which run away, and how well does theory know?",
        "learn",
    ),
    Page(
        "loss-curves.html",
        "Reading your loss curve",
        "loss_curves",
        "What does a loss curve say, and how often does the usual advice help?",
        "decide",
    ),
    Page(
        "new-optimizers.html",
        "New optimizers, tried",
        "new_optimizers",
        "Which of the later rules is better than Adam once all are tuned alike, and is it as their "
        "papers say?",
        "decide",
    ),
    Page(
        "which-formula.html",
        "Which formula?",
        "conventions",
        "One name, several formulas: what do PyTorch, Keras, optax and other frameworks compute?",
        "trust",
    ),
    Page(
        "shuffles.html",
        "Shuffles",
        "shuffles",
        "How do PyTorch, scikit-learn, Keras, TensorFlow, JAX, Hugging Face's libraries, fastai, "
        "spaCy and others shuffle, and does a seed fix the order?",
        "learn",
    ),
    Page(
        "scale.html",
        "Scale",
        "scale",
        "A billion trajectories: how fast, in how much memory, and what is the limit?",
        "trust",
    ),
    Page(
        "claims.html",
        "Claims",
        "claims",
        "Which of the document's claims hold, which under a condition, and which do not?",
        "trust",
    ),
    Page(
        "errata.html",
        "Errata",
        "errata",
        "Which of the document's printed results are wrong, and what follows from that?",
        "trust",
    ),
    Page(
        GLOSSARY,
        "Glossary",
        "glossary",
        "What do the words mean that these pages use as the field does?",
        "learn",
    ),
)


#: What the overview reads of every page's values, and of some pages' alone.
FOR_OVERVIEW = ("computed", "findings")
FOR_OVERVIEW_ALONE = {
    "batch_size": ("choice", "choices"),
    "claims": ("summary", "surprises", "lead"),
}


@dataclass(frozen=True)
class Computed:
    """What a page ran: for "how this was computed".

    Attributes
    ----------
    what : str
        In a few words.
    trajectories, updates : int
        How many, in all.
    seconds : float
        What running them took.
    """

    what: str
    trajectories: int
    updates: int
    seconds: float


def computed(what: str, frame: pd.DataFrame) -> Computed:
    """The account of a `simopt.sweep`, from the attributes that its table carries."""
    return Computed(
        what,
        int(frame.attrs.get("trajectories", len(frame))),
        int(frame.attrs["updates"]),
        float(frame.attrs["seconds"]),
    )


def _silent(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Context:
    """What a page is given.

    Attributes
    ----------
    quick : bool
        Smaller sweeps: fewer rates, fewer seeds; the same sections and figures.
    say : callable
        Tells the progress bar what is being done.
    built : mapping of str to dict
        Module name to `for_overview` of the pages built so far, and ``build_seconds``.
    """

    quick: bool = False
    say: Callable[[str], None] = _silent
    built: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def audit(self) -> pd.DataFrame:
        """`simopt.document.audit`, run once a report. Not to be changed."""
        return _document("audit")

    @property
    def errata(self) -> pd.DataFrame:
        """`simopt.document.errata`, run once a report. Not to be changed."""
        return _document("errata")


@functools.cache
def _document(what: str) -> pd.DataFrame:
    from simopt import document

    table: pd.DataFrame = getattr(document, what)()
    return table


def values(page: Page, context: Context) -> dict[str, Any]:
    """What the page's module makes of its context, run in the report's style."""
    import matplotlib
    import pandas as pd

    from simopt.display import style

    module = importlib.import_module(f"simopt.report.{page.module}")
    # Columns of names are short: of Python's texts they are made, compared and taken in half of the
    # time that Arrow's calls cost.
    texts = pd.option_context("mode.string_storage", "python")
    with matplotlib.rc_context(style.RC), texts:
        return dict(module.page(context))


def for_overview(page: Page, given: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a page's values that the overview reads."""
    names = (*FOR_OVERVIEW, *FOR_OVERVIEW_ALONE.get(page.module, ()))
    return {name: given[name] for name in names if name in given}


def render(page: Page, given: Mapping[str, Any]) -> str:
    """A page's HTML, from its template and the values of its module.

    Parameters
    ----------
    page : Page
        Which.
    given : mapping
        The template's values.
    """
    text = html(f"{page.module}.html", {**given, "page": page}, PAGES, package="simopt.report")
    return text if page.file == GLOSSARY else linked(text)
