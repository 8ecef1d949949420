"""How often the reader of curves is right: on labelled curves of problems it was not tuned on."""

from __future__ import annotations

from typing import Any


def section(quick: bool) -> dict[str, Any]:
    """Sentence and confusion matrix."""
    return {"sentence": "", "table": ""}
