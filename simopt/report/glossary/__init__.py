"""The glossary: what the pages' words mean, each linked from its first use on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simopt.report.glossary.linking import FILE, linked
from simopt.report.glossary.terms import Term, terms

if TYPE_CHECKING:
    from simopt.report.pages import Context


def page(context: Context) -> dict[str, Any]:
    """The values of the glossary's template."""
    return {"terms": terms(), "computed": [], "findings": []}


__all__ = ["FILE", "Term", "linked", "page", "terms"]
