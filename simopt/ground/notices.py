"""What a user should know though nothing failed: a warning, at the user's own line."""

from __future__ import annotations

import sys
import warnings

PACKAGE = __name__.partition(".")[0] + "."


def say(sentence: str, category: type[UserWarning] = UserWarning) -> None:
    """Warn at the line that called into this package, however deep the caller is."""
    depth, frame = 1, sys._getframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith(PACKAGE):
        depth, frame = depth + 1, frame.f_back  # type: ignore[assignment]
    warnings.warn(sentence, category, stacklevel=depth)
