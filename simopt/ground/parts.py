"""Functions that are inlined into compiled loops and have no machine code of their own.

Numba compiles every function for itself before it links it into its callers: it optimises it, and
makes machine code that nobody calls once callers have taken all of it in. Of a part there is LLVM's
code alone, as it was lowered; it is optimised once, in whoever calls it.

What is overridden to this end is what Numba's libraries for code made ahead of time override. A
Numba that has none of it (`spares`) compiles parts as it does any function.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any
from weakref import WeakSet

from llvmlite.binding import create_new_module_pass_manager
from numba.core import codegen, compiler
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target
from numba.extending import overload

from simopt.ground import pipeline

#: Of what compiled code alone calls Numba need not make the functions by which others would.
WITHOUT_WRAPPERS = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

#: The environments of parts (constants that prints and exceptions read), by their symbols' names.
_environments: dict[str, Any] = {}


class Code(codegen.JITCPUCodegen):
    """The code generator of parts: a kernel's, but it adds nothing to LLVM's execution engine."""

    def __init__(self, of_kernels: Any) -> None:
        vars(self).update(vars(of_kernels))

    def _add_module(self, module: Any) -> None:
        """Hand no module to the engine."""

    def set_env(self, env_name: str, env: Any) -> None:
        """Leave it to `connect`: the symbol belongs to the caller that the part is inlined into."""
        _environments[env_name] = env


class Library(pipeline.Simplified):
    """The LLVM module of a part, which is neither optimised nor compiled by itself."""

    def _optimize_final_module(self) -> None:
        """Leave the module as it was lowered."""

    def _finalize_specific(self) -> None:
        """Ask the engine for no machine code."""

    def get_pointer_to_function(self, name: str) -> int:
        """Say that there is none: 0."""
        self._ensure_finalized()
        return 0


class Flat(Library):
    """The same with all parts that it calls inlined: a promise is not about what is called.

    Nor is it about addresses that an array's fields pass on: these are seen through.
    """

    def _optimize_final_module(self) -> None:
        """Inline, put values in the place of what passes them on, and no more."""
        passes = create_new_module_pass_manager()
        passes.add_always_inliner_pass()
        passes.add_instruction_combine_pass()
        passes.run(self._final_module, self._codegen._pass_builder())


class Part(pipeline.Compiler):
    """The compiler without the step to machine code."""

    library: type[Library] = Library

    def compile_extra(self, func: Callable[..., Any]) -> Any:
        """Compile a function into a `Library`."""
        code = Code(self.state.targetctx.codegen())
        self.state.library = self.library(code, func.__qualname__)
        return super().compile_extra(func)


class Promised(Part):
    """The same of functions in `promised`: what they write in one array they read in no other."""

    def compile_extra(self, func: Callable[..., Any]) -> Any:
        """Compile a function into a `Library`, with the promise."""
        self.state.flags.noalias = True
        return super().compile_extra(func)

    library = Flat


def spares(code: type, library: type, compiling: type) -> bool:
    """Whether this version of Numba has every method that is overridden here."""
    return all(
        callable(getattr(theirs, name, None))
        for theirs, ours in ((code, Code), (library, Library), (compiling, Part))
        for name, method in vars(ours).items()
        if isinstance(method, FunctionType) and name != "__init__"
    )


#: Functions of which LLVM is told that no two of their arrays share numbers, if one is written to.
#: They may be given one array several times, of which they write some rows and read others.
_promised: WeakSet[Callable[..., Any]] = WeakSet()


def promised(function: Callable[..., Any]) -> Callable[..., Any]:
    """Promise of a function that no row it writes to in one of its arrays is one of another's.

    Where rows are known at run time alone, LLVM tests before every loop whether they overlap.
    """
    _promised.add(function)
    return function


#: Functions of this package that make arrays.
_makers: WeakSet[Callable[..., Any]] = WeakSet()


def makes_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    """Say of a function of this package that it makes arrays, or returns what another made.

    Compiled code counts who refers to an array, wherever one is taken out of a tuple, so as to free
    it in time. What makes none need not count: whoever calls it keeps its arrays. In a loop that
    hands some from part to part these counts took a third of the time. Rows of arrays that it was
    given it may return to parts that don't count either: whoever counts would free them.
    """
    _makers.add(function)
    return function


#: Numba's options for a function that is inlined into others, on CPUs.
COMPILING: dict[str, Any] = (
    {"pipeline_class": Part}
    if spares(codegen.JITCPUCodegen, codegen.JITCodeLibrary, compiler.Compiler)
    else {}
)

PROMISING: dict[str, Any] = {"pipeline_class": Promised}


def part(function: Callable[..., Any], chosen: Callable[..., Any] | None = None) -> None:
    """Let compiled code call a plain function, and inline it.

    ``chosen`` returns, from the arguments' types, the function to compile in its place.
    """

    def itself(*arguments: Any, **named: Any) -> Callable[..., Any]:
        return function

    # Said of either: what isn't told counts as its caller does.
    counts = function in _makers or not pipeline.is_ours(function)
    options: Any = {"forceinline": True, "_nrt": counts, **WITHOUT_WRAPPERS}
    # On CPUs the first is found before the second: compilers for other targets know no COMPILING.
    compiling = COMPILING | PROMISING if function in _promised and COMPILING else COMPILING
    overload(function, compiling | options, strict=False, target="cpu")(chosen or itself)
    overload(function, options, strict=False)(chosen or itself)


def connect() -> None:
    """Set in compiled kernels the environments that their parts read for prints and exceptions.

    In kernels loaded from disk Numba does so itself.
    """
    code = cpu_target.target_context.codegen()
    with global_compiler_lock:
        for name in list(_environments):
            if code._engine.is_symbol_defined(name):
                code.set_env(name, _environments.pop(name))
