"""The overview: the question, the answer in five sentences, one figure, where to go next."""

from __future__ import annotations

from typing import Any

from simopt.reporting.pages import Context


def page(context: Context) -> dict[str, Any]:
    """The values of the overview's template."""
    return {"answer": [], "figure": "", "computed": []}
