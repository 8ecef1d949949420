"""LLVM's code of compiled functions: of kernels machine code, of parts the text alone.

Numba links what a function calls into its module, and that into the modules of its callers, each
time a copy, which it checks and optimises. A kernel parses the text of each of its parts once.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import FunctionType
from typing import Any

from llvmlite.binding import (
    Linkage,
    create_new_function_pass_manager,
    create_new_module_pass_manager,
    parse_assembly,
)
from numba.core import cgutils, codegen

#: The environments of parts (constants that prints and exceptions read), by their symbols' names.
environments: dict[str, Any] = {}


#: Methods of Numba's code generator that are called here.
CALLED = ("_create_empty_module", "_pass_builder")


def has_methods(theirs: type, ours: type) -> bool:
    """Whether a class of Numba's has every method that a class of this package overrides."""
    return all(
        callable(getattr(theirs, name, None))
        for each in ours.__mro__
        if each.__module__.startswith("simopt.")
        for name, method in vars(each).items()
        if isinstance(method, FunctionType) and name not in ("__init__", "whole")
    )


class Code(codegen.JITCPUCodegen):
    """The code generator of parts: a kernel's, but it sets no environments."""

    def __init__(self, of_kernels: Any) -> None:
        vars(self).update(vars(of_kernels))

    def set_env(self, env_name: str, env: Any) -> None:
        """Leave it to `parts.connect`: the symbol belongs to whoever the part is inlined into."""
        environments[env_name] = env


def link(module: Any, libraries: Iterable[Any]) -> None:
    """Link libraries into an LLVM module, and parts that these call, each once."""
    seen: set[Any] = set()
    waiting = [*libraries]
    while waiting:
        library = waiting.pop()
        if library in seen:
            continue
        seen.add(library)
        if isinstance(library, Library):
            waiting += library._linking_libraries
            for text in library._texts:
                module.link_in(shared(parse_assembly(text)))
        else:
            module.link_in(library._get_module_for_linking(), preserve=True)


def shared(module: Any) -> Any:
    """A module whose functions others may have a copy of: one is kept, if any calls it."""
    for function in module.functions:
        if not function.is_declaration and function.linkage == Linkage.external:
            function.linkage = Linkage.linkonce_odr
    return module


class Simplified(codegen.JITCodeLibrary):
    """An LLVM module whose functions are not optimised before what they call is inlined.

    Numba has LLVM's passes over a function run before, all of them, and then over what functions
    have become. Behind what is done here, variables in registers and no empty blocks, the second
    time gives the same loops: a tenth of a kernel's time less.
    """

    def add_linking_library(self, library: Any) -> None:
        """Add what is called, and what that has done first wherever it is read from disk."""
        super().add_linking_library(library)  # type: ignore[no-untyped-call]
        self._reload_init.update(library._reload_init)

    def add_llvm_module(self, ll_module: Any) -> None:
        """Add a module as it is."""
        self._final_module.link_in(ll_module)

    def finalize(self) -> None:
        """Link all that is called, and make machine code."""
        link(self._final_module, self._linking_libraries)
        self._linking_libraries = []
        self._optimize_functions(self._final_module)
        super().finalize()  # type: ignore[no-untyped-call]

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout
        builder: Any = self._codegen._pass_builder()  # type: ignore[no-untyped-call]
        passes = create_new_function_pass_manager()
        passes.add_sroa_pass()
        passes.add_simplify_cfg_pass()
        for function in ll_module.functions:
            if not function.is_declaration:
                passes.run(function, builder)


class Library(Simplified):
    """A part, of which there is text alone, neither optimised nor compiled by itself."""

    def __init__(self, of_parts: Code, name: str) -> None:
        codegen.CodeLibrary.__init__(self, of_parts, name)
        self._linking_libraries: list[Any] = []
        self._texts: list[str] = []

    def add_ir_module(self, ir_module: Any) -> None:
        """Keep the text of a module."""
        self._texts.append(cgutils.normalize_ir_text(str(ir_module)))  # type: ignore[no-untyped-call]

    def finalize(self) -> None:
        """Leave it as it was lowered."""
        self._finalized = True

    def whole(self) -> Any:
        """The module of all of it, and of what it calls."""
        empty = self._codegen._create_empty_module(self.name)  # type: ignore[no-untyped-call]
        module = parse_assembly(str(empty))
        for text in self._texts:
            module.link_in(parse_assembly(text))
        link(module, self._linking_libraries)
        return module

    def _get_module_for_linking(self) -> Any:
        """The same with its functions optimised, for callers that link in Numba's own way."""
        module = self.whole()
        self._optimize_functions(module)
        return shared(module)

    def get_pointer_to_function(self, name: str) -> int:
        """Say that there is none: 0."""
        return 0


class Flat(Library):
    """The same with all parts that it calls inlined: a promise is not about what is called.

    Nor is it about addresses that an array's fields pass on: these are seen through.
    """

    def finalize(self) -> None:
        """Inline, put values in the place of what passes them on, and no more."""
        super().finalize()
        module, passes = self.whole(), create_new_module_pass_manager()
        self._optimize_functions(module)
        passes.add_always_inliner_pass()
        passes.add_instruction_combine_pass()
        passes.run(module, self._codegen._pass_builder())  # type: ignore[no-untyped-call]
        self._texts, self._linking_libraries = [str(module)], []
