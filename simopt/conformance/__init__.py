"""Which rule, in whose convention, is this optimizer? See `check`."""

from simopt.conformance.checking import check

__all__ = ["check"]
