"""Functions that are inlined into compiled loops and have no machine code of their own.

Numba compiles every function for itself before it links it into its callers: it optimises it, and
makes machine code that nobody calls once callers have taken all of it in. Of a part there is LLVM's
code alone, as it was lowered (`libraries`); it is optimised once, in whoever calls it.

A Numba that has none of the methods that are overridden to this end (`spares`) compiles parts as it
does any function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

from numba.core import codegen, compiler
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target
from numba.core.typing import templates
from numba.extending import overload

from simopt.ground import pipeline
from simopt.ground.libraries import CALLED, Code, Flat, Library, environments, has_methods

#: Of what compiled code alone calls Numba need not make the functions by which others would.
WITHOUT_WRAPPERS = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


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
    """Whether this version of Numba has every method that is overridden or called here."""
    pairs = (code, Code), (library, Flat), (compiling, Promised)
    return all(has_methods(*each) for each in pairs) and all(hasattr(code, each) for each in CALLED)


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


@contextmanager
def with_numbas() -> Iterator[None]:
    """Within, Numba's own functions that compiled code calls are parts, too.

    ``numpy.empty`` is one for each type and number of dimensions, and ``max`` another.
    """
    template: Any = templates._OverloadFunctionTemplate
    found: Any = getattr(template, "_get_jit_decorator", None)

    def decorator(self: Any) -> Any:
        jit = found(self)
        return lambda **options: jit(**(COMPILING | options))

    with pipeline.replaced(template, **({"_get_jit_decorator": decorator} if found else {})):
        yield


def connect() -> None:
    """Set in compiled kernels the environments that their parts read for prints and exceptions.

    In kernels loaded from disk Numba does so itself.
    """
    code = cpu_target.target_context.codegen()
    with global_compiler_lock:
        for name in list(environments):
            if code._engine.is_symbol_defined(name):
                code.set_env(name, environments.pop(name))
