"""Which rule, in whose convention, is this optimizer? See `check`."""

from simopt.training.conformance.checking import check

__all__ = ["check"]
