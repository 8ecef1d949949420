"""What the document prints, as data, and the checks of it."""

from simopt.document.auditing import audit
from simopt.document.correcting import errata

__all__ = ["audit", "errata"]
