"""Behaviour of other libraries: measured where they are installed, otherwise as recorded.

A look is a function without arguments that imports the library, and returns figures::

    def adam_defaults() -> dict[str, Figure]:
        import torch

        return dict(torch.optim.Adam([torch.zeros(1)]).defaults)

    seen = libraries.seen(adam_defaults, "torch")
    seen.figures["lr"], seen.by  # (0.001, "PyTorch 2.13.0, recorded")

What it returned is in ``libraries.toml``, under the folder's, module's and function's name, with
the versions. `record` gives an entry to be put there; the tests for peers look again at all of
them.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from simopt.document.claims.claim import Figure, plain

Look = Callable[[], Mapping[str, Figure]]

#: How a module's package is called in an index, where otherwise, and what people call it.
PACKAGES = {"sklearn": "scikit-learn"}
CALLED = {
    "torch": "PyTorch",
    "keras": "Keras",
    "sklearn": "scikit-learn",
    "tensorflow": "TensorFlow",
    "jax": "JAX",
    "optax": "optax",
}

#: What Keras can run on.
BACKENDS = ("tensorflow", "jax", "torch")


@dataclass(frozen=True)
class Seen:
    """Figures measured in libraries, with their versions.

    Attributes
    ----------
    figures : mapping of str to number, string or bool
    versions : mapping of str to str
        Of each library by the name of its module.
    live : bool
        Whether the library was looked at just now; else the figures are the recorded ones.
    """

    figures: Mapping[str, Figure]
    versions: Mapping[str, str]
    live: bool

    @property
    def by(self) -> str:
        """The libraries, their versions, and whether they ran or were recorded."""
        named = " and ".join(f"{CALLED.get(k, k)} {v}" for k, v in self.versions.items())
        return f"{named}, {'run here' if self.live else 'recorded'}"


def seen(look: Look, *libraries: str) -> Seen:
    """The figures of a look at these libraries; the recorded ones if one can't be used here."""
    versions = {name: installed(name) for name in libraries}
    usable = {name: version for name, version in versions.items() if version is not None}
    if len(usable) == len(libraries):
        try:
            return Seen({k: plain(v) for k, v in look().items()}, usable, live=True)
        except (ImportError, OSError, subprocess.CalledProcessError):
            pass  # there, but broken: as if it were missing
    entry = recorded()[named(look)]
    return Seen(entry["figures"], entry["versions"], live=False)


def installed(name: str) -> str | None:
    """The version of a library by its module's name; None if it can't be used, or is unknown."""
    if importlib.util.find_spec(name) is None:
        return None
    if name == "keras" and not any(importlib.util.find_spec(backend) for backend in BACKENDS):
        return None
    try:
        return importlib.metadata.version(PACKAGES.get(name, name)).partition("+")[0]
    except importlib.metadata.PackageNotFoundError:  # of another package, as tensorflow-cpu
        return None


def elsewhere(look: Look, **environment: str) -> Mapping[str, Figure]:
    """The figures of a look in a process of its own, with these in its environment."""
    code = (
        f"import json; from {look.__module__} import {look.__name__} as look; "
        "print(json.dumps(dict(look())))"
    )
    path = os.pathsep.join(each for each in sys.path if each)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": path} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    figures: Mapping[str, Figure] = json.loads(done.stdout.splitlines()[-1])
    return figures


def keras() -> Any:
    """Keras, on a backend that is installed, unless it or the environment has another already."""
    backend = next(each for each in BACKENDS if importlib.util.find_spec(each))
    os.environ.setdefault("KERAS_BACKEND", backend)
    return importlib.import_module("keras")


@cache
def recorded() -> dict[str, dict[str, Any]]:
    """Versions and figures of every look, by `named`."""
    text = resources.files(__package__).joinpath("libraries.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def named(look: Look) -> str:
    """The key of a look in libraries.toml: folder, module and function."""
    return "-".join([*look.__module__.split(".")[-2:], look.__name__])


def record(look: Look, *libraries: str) -> str:
    """An entry for libraries.toml: what the look gives here, now."""
    versions = {name: installed(name) for name in libraries}
    if missing := [name for name, version in versions.items() if version is None]:
        raise ValueError(f"libraries: {missing} can't be imported here")
    figures = {k: plain(v) for k, v in look().items()}
    lines = [f"[{named(look)}]", f"versions = {_inline(versions)}", "", f"[{named(look)}.figures]"]
    return "\n".join([*lines, *(f"{_key(k)} = {_value(v)}" for k, v in figures.items())]) + "\n"


def _inline(table: Mapping[str, Any]) -> str:
    return "{ " + ", ".join(f"{k} = {_value(v)}" for k, v in table.items()) + " }"


def _key(key: str) -> str:
    return f'"{key}"'


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)
