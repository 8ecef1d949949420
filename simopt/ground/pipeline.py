"""Numba's compiler without the passes that find nothing to do in loops over numbers.

They look for closures, comprehensions, ``with`` blocks, calls that are to be inlined as Numba's own
code, literals to unroll over, and expressions of whole arrays. Of these compiled code here has
none; users' functions may, and are compiled by all of Numba's passes. Each pass walks through all
of a function, and has what it may have changed analysed anew: an eighth of a kernel's time.

Of what the other passes have analysed anew, which variables live where is needed once, before the
last of them, and by generators; Numba's flags are compared at every call that is typed. Both are
done here as seldom as need be: a twentieth of a kernel's time for CPUs, an eighth for GPUs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite.binding import create_new_function_pass_manager
from numba.core import codegen, compiler, postproc

from simopt.ground.snapshot import is_copy

#: Passes by their names, which those of Numba and of numba-cuda share. Code that needs one of them
#: isn't compiled without it, but for expressions of arrays: these make more arrays in between.
UNNEEDED = frozenset(
    {
        "with_lifting",
        "inline_closure_likes",
        "make_function_op_code_to_jit_function",
        "inline_inlinables",
        "find_literally",
        "literal_unroll",
        "LiteralPropagation",
        "nopython_rewrites",
    }
)


def is_ours(function: Any) -> bool:
    """Whether a function is one of this package; Numba's for an expression has no module."""
    return (function.__module__ or "").startswith("simopt.") and not is_copy(function)


def shortened(pipelines: list[Any], function: Any) -> list[Any]:
    """The pipelines, without what is unneeded where the function is one of this package."""
    if is_ours(function):
        for pipeline in pipelines:
            pipeline.passes = [each for each in pipeline.passes if each[0].name() not in UNNEEDED]
            pipeline.finalize()
    return pipelines


class Flags(compiler.Flags):
    """Numba's flags, which are equal at once where the same ones are set."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        same: bool = isinstance(other, compiler.Flags) and self._values == other._values
        return same or super().__eq__(other)

    def __hash__(self) -> int:
        return FLAGS_HASH


#: That of all flags: Numba takes it of the names of its options, which it sorts each time.
FLAGS_HASH = hash(compiler.Flags())


@contextmanager
def sparing(numbas: Any = postproc) -> Iterator[None]:
    """Within, passes analyse functions of this package no more than they need.

    ``numbas`` is the module that analyses them: Numba's, or that of numba-cuda, of the same names.
    """
    processor = numbas.PostProcessor
    run = processor.run

    def analyse(self: Any, emit_dels: bool = False, extend_lifetimes: bool = False) -> None:
        ir = self.func_ir
        if emit_dels or ir.is_generator or not is_ours(ir.func_id.func):
            run(self, emit_dels, extend_lifetimes)
            return
        ir.blocks = numbas.transforms.canonicalize_cfg(ir.blocks)
        # Which variables live where is computed once it is asked for.
        ir.variable_lifetime, ir.generator_info = numbas.VariableLifetime(ir.blocks), None

    processor.run = analyse
    try:
        yield
    finally:
        processor.run = run


class Simplified(codegen.JITCodeLibrary):
    """An LLVM module whose functions are not optimised before what they call is inlined.

    Numba has LLVM's passes over a function run here, all of them, and then over what functions have
    become. Behind what is done here, variables in registers and no empty blocks, the second time
    gives the same loops: a tenth of a kernel's time less.
    """

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout
        builder, passes = self._codegen._pass_builder(), create_new_function_pass_manager()
        passes.add_sroa_pass()
        passes.add_simplify_cfg_pass()
        for function in ll_module.functions:
            if not function.is_declaration:
                passes.run(function, builder)


class Compiler(compiler.Compiler):
    """Numba's compiler, with fewer passes."""

    def compile_extra(self, func: Any) -> Any:
        """Compile a function into a `Simplified` library, if no other is there."""
        state = self.state
        if state.library is None:
            state.library = Simplified(state.targetctx.codegen(), func.__qualname__)
        state.library.enable_object_caching()
        return super().compile_extra(func)

    def define_pipelines(self) -> Any:
        """Numba's pipelines, shortened."""
        return shortened(super().define_pipelines(), self.state.func_id.func)

    def _compile_core(self) -> Any:
        self.state.flags = Flags(self.state.flags)
        with sparing():
            return super()._compile_core()
