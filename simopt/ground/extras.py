"""Optional dependencies: pyproject.toml's extras, and the sentence that says one is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

#: The modules that an extra installs.
MODULES = {
    "cluster": ("distributed",),
    "cuda": ("numba_cuda",),
    "logs": ("tensorboard",),
    "report": ("altair", "jinja2", "markupsafe", "matplotlib", "vl_convert"),
}


class MissingExtra(ImportError):
    """A package is needed that simopt runs without, and it is not installed."""


def how_to_install(extra: str) -> str:
    """The command that installs an extra.

    Run in a checkout: on the package index the name simopt is another project's.

    Examples
    --------
    >>> how_to_install("cluster")
    "pip install '.[cluster]' in simopt's folder"
    """
    return f"pip install '.[{extra}]' in simopt's folder"


@contextmanager
def needs(extra: str, what: str) -> Iterator[None]:
    """Import inside this block what comes with an extra.

    Parameters
    ----------
    extra : str
        A key of `MODULES`.
    what : str
        What needs it, as the sentence's subject.

    Raises
    ------
    MissingExtra
        If a package of the extra is not installed.

    Examples
    --------
    >>> with needs("report", "a page"):
    ...     import not_installed
    Traceback (most recent call last):
        ...
    ModuleNotFoundError: No module named 'not_installed'
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in MODULES[extra]:
            raise
        raise MissingExtra(
            f"{what} needs {package}, which is not installed: {how_to_install(extra)}",
            name=package,
        ) from None


def check(extra: str, what: str) -> None:
    """Refuse as `needs` does unless all that an extra installs is there; nothing is loaded.

    Examples
    --------
    >>> check("report", "the report")
    """
    with needs(extra, what):
        for name in MODULES[extra]:
            if find_spec(name) is None:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
