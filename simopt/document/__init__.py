"""What the document prints, as data, and the checks of it."""

from simopt.document.auditing import audit
from simopt.document.correcting import errata
from simopt.document.shuffling import shuffles

__all__ = ["audit", "errata", "shuffles"]
