"""``.. public:: simopt.nqm``: a page of the reference, from what a module names in ``__all__``."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from numpydoc.validate import validate
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

import simopt

#: Kinds of names in the order in which a page has them.
KINDS = {"function": "Functions", "class": "Classes", "data": "Data"}


#: What a docstring must have, by numpydoc's codes: a first line with a period, every parameter and
#: no other, what is returned, an example.
REQUIRED = {
    "function": {"GL08", "SS03", "PR01", "PR02", "RT01", "EX01"},
    "class": {"GL08", "SS03"},
}

logger = logging.getLogger(__name__)


def modules() -> list[str]:
    """The public modules, as users import them."""
    names = (name for name in simopt.__all__ if is_module(getattr(simopt, name)))
    return [f"simopt.{name}" for name in sorted(names)]


def is_module(value: Any) -> bool:
    """A module; also one that can be called, as `simopt.report`."""
    return isinstance(value, ModuleType)


def kind(value: Any) -> str:
    """What a name stands for: a key of `KINDS`."""
    if inspect.isclass(value):
        return "class"
    return "function" if inspect.isroutine(value) or is_module(value) else "data"


def names(module: str) -> list[str]:
    """The names that a module's page documents, in the order of its `__all__`.

    What `simopt` itself names is documented there: ``simopt.diagnose`` is not repeated on the page
    of `simopt.diagnosis`.
    """
    loaded = importlib.import_module(module)
    if module == "simopt":
        return [name for name in loaded.__all__ if not is_module(getattr(loaded, name))]
    # A package that can be called, such as `simopt.document.claims`, stands for its function.
    public = [
        name
        for name in loaded.__all__
        if not is_module(getattr(loaded, name)) or callable(getattr(loaded, name))
    ]
    return [name for name in public if getattr(loaded, name) is not getattr(simopt, name, None)]


def aliases() -> dict[str, str]:
    """Classes by their bare name, so that a type in Parameters or Returns becomes a link."""
    found = {}
    for module in [*modules(), "simopt"]:
        for name in names(module):
            if kind(getattr(importlib.import_module(module), name)) == "class":
                found[name] = f"{module}.{name}"
    return found


def comment(module: str, name: str) -> list[str]:
    """The ``#:`` comment of a name, from the file that assigns it."""
    while True:
        loaded = sys.modules[module]
        assert loaded.__file__ is not None
        tree = ast.parse(Path(loaded.__file__).read_text(encoding="utf-8"))
        source = next(
            (
                (node.module, alias.name)
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom) and node.module
                for alias in node.names
                if (alias.asname or alias.name) == name
            ),
            None,
        )
        if source is None:
            comments = ModuleAnalyzer.for_module(loaded.__name__).find_attr_docs()
            return comments.get(("", name), [])
        module, name = source


class Public(SphinxDirective):
    """A summary table, then every public name of a module in full.

    The options ``only`` and ``without`` name a room of simopt: its names, or all others.
    """

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {
        "only": directives.unchanged,
        "without": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        """The nodes of what would otherwise be typed."""
        module = self.arguments[0]
        loaded = importlib.import_module(module)
        public = [name for name in names(module) if self.wanted(getattr(loaded, name))]
        lines = [f".. py:currentmodule:: {module}", ""]
        if "only" not in self.options:
            lines = [f".. automodule:: {module}", "", *lines]
        for each, heading in KINDS.items():
            of_kind = [name for name in public if kind(getattr(loaded, name)) == each]
            if each != "data" and of_kind:
                lines += [f".. rubric:: {heading}", "", ".. autosummary::", "   :nosignatures:", ""]
                lines += [f"   {name}" for name in of_kind] + [""]
        for each in KINDS:
            for name in public:
                if kind(getattr(loaded, name)) == each:
                    lines += self.described(module, each, name)
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)

    def function(self, path: str, name: str, function: Any) -> list[str]:
        """A function under another path than its own."""
        lines = (inspect.getdoc(function) or "").splitlines()
        self.env.events.emit("autodoc-process-docstring", "function", path, function, None, lines)
        signature = inspect.signature(function)
        bare = [
            each.replace(annotation=inspect.Parameter.empty)
            for each in signature.parameters.values()
        ]
        text = str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))
        return [f".. py:function:: {name}{text}", "", *(f"   {line}" for line in lines), ""]

    def check(self, name: str, what: str) -> None:
        """Warn of a section that a docstring lacks; make docs makes an error of a warning."""
        for code, message in validate(name)["errors"]:
            if code in REQUIRED[what]:
                logger.warning("%s: %s", name, message, location=self.get_location())

    def wanted(self, value: Any) -> bool:
        """Whether the options let a name in, by the room that defines it."""
        room = getattr(value, "__module__", "").partition("simopt.")[2].partition(".")[0]
        return room == self.options.get("only", room) and room != self.options.get("without")

    def described(self, module: str, what: str, name: str) -> list[str]:
        """One name in full."""
        if what == "data":
            text = comment(module, name)
            if not text:
                where = f"{module}.{name}"
                raise self.error(f"{where}: a public constant needs a comment that starts with #:")
            return [f".. py:data:: {name}", "", *(f"   {line}" for line in text), ""]
        value = getattr(importlib.import_module(module), name)
        if is_module(value):
            self.check(f"{module}.{name}.{name}", what)
            return self.function(f"{module}.{name}", name, value.__call__)
        self.check(f"{module}.{name}", what)
        members = ["   :members:"] if what == "class" else []
        return [f".. auto{what}:: {name}", *members, ""]


def keep_initials(
    _: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]
) -> None:
    """An author's initial at the start of a line is not the number of a list: ``H. Robbins``."""
    lines[:] = [re.sub(r"^(\s*[A-Z])\. (?=[A-Z])", r"\1\. ", line) for line in lines]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("public", Public)
    app.connect("autodoc-process-docstring", keep_initials)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
