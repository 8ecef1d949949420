"""Packages that can be called, where a package and its main function bear one public name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


def make_callable(package: str, function: Callable[..., Any]) -> None:
    """Let ``package(...)`` call a function of its.

    Importing ``a.b`` binds the package to ``a``'s attribute ``b``, over whatever function was
    there: the public call would work or not, depending on what was imported before.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    function : callable
        Called in its place.
    """

    class Package(ModuleType):
        __doc__ = function.__doc__
        __call__ = staticmethod(function)

    sys.modules[package].__class__ = Package
