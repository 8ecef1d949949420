"""Numba's compiler without the passes that find nothing to do in loops over numbers.

They look for closures, comprehensions, ``with`` blocks, calls that are to be inlined as Numba's own
code, literals to unroll over, and expressions of whole arrays. Of these compiled code here has
none; users' functions may, and are compiled by all of Numba's passes. Each pass walks through all
of a function, and has what it may have changed analysed anew: an eighth of a kernel's time.

Of what the other passes have analysed anew, which variables live where is needed once, before the
last of them, and by generators; Numba's flags are compared at every call that is typed. Both are
done here as seldom as need be: a twentieth of a kernel's time for CPUs, an eighth for GPUs. For
CPUs what is the same for all functions of a kernel is asked for once (`settled`), and variables
that are assigned once need no place in memory.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import analysis, codegen, compiler, interpreter, ir, lowering, postproc
from numba.core.registry import cpu_target
from numba.core.untyped_passes import InlineClosureLikes

from simopt.ground.libraries import CALLED, Simplified, has_methods
from simopt.ground.powers import CheckPowers
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


def compared_fast(flags: type) -> Any:
    """A class of flags like it that looks at those alone that are set: Numba compares all, by name.

    ``flags`` is Numba's class, or that of numba-cuda.
    """
    # Numba takes the hash of the names of its options, which it sorts each time.
    of_all, defaults = hash(flags()), flags().values()

    class Flags(flags):  # type: ignore[misc]
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            return isinstance(other, flags) and all(
                getattr(self, name) == getattr(other, name)
                for name in {*self._values, *other._values}  # type: ignore[attr-defined]
            )

        def __hash__(self) -> int:
            return of_all

        def values(self) -> dict[str, Any]:
            return {**defaults, **self._values}

    # Names of compiled functions hold that of their flags' class.
    Flags.__name__ = Flags.__qualname__ = flags.__name__
    return Flags


Flags = compared_fast(compiler.Flags)


@contextmanager
def replaced(owner: Any, **values: Any) -> Iterator[None]:
    """Within, an object has other values of these attributes."""
    before = {name: vars(owner)[name] for name in values if name in vars(owner)}
    for name, value in values.items():
        setattr(owner, name, value)
    try:
        yield
    finally:
        for name in values:
            if name in before:
                setattr(owner, name, before[name])
            else:
                delattr(owner, name)


#: What is asked of Numba's context to that end.
ASKED = ("refresh", "get_abi_sizeof", "load_additional_registries", "_registries")


@contextmanager
def settled() -> Iterator[None]:
    """Within, Numba asks once for what is the same for all functions that a kernel calls.

    It imports all its registries whenever it compiles one, and has LLVM parse a module to learn how
    large a type is: a twentieth of a kernel's time. What is new in registries it still finds.
    """
    target, typing = cpu_target.target_context, cpu_target.typing_context
    if not all(hasattr(target, each) for each in ASKED):
        yield
        return
    _look_through_registries(target)
    sizes = functools.cache(type(target).get_abi_sizeof)
    size = functools.partial(sizes, target)
    with (
        replaced(target, get_abi_sizeof=size, load_additional_registries=_renew(target)),
        replaced(typing, load_additional_registries=_renew(typing)),
    ):
        yield


def _look_through_registries(target: Any) -> None:
    """Have Numba import its registries, without ``scipy.linalg``: half of what that takes.

    They import it to learn whether it is there, which it is: this package needs scipy. Whatever
    calls its functions imports it itself. That its whole numbers are as long as those that Numba
    was built for is looked at still, in 0.04 ms: code from the disk cache would not ask, and go on
    in memory that is not its own.
    """
    from numba.np import linalg

    length = getattr(linalg, "_check_lapack_int_width", lambda: None)
    told = {"ensure_blas": length} if hasattr(linalg, "ensure_blas") else {}
    with replaced(linalg, **told):
        target.refresh()


def _renew(context: Any) -> Callable[[], None]:
    """What has a context of Numba's look through the registries that it knows."""

    def renew() -> None:
        for registry in [*context._registries]:
            context.install_registry(registry)

    return renew


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

    with replaced(processor, run=analyse):
        yield


def _unneeded(peephole: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A step of Numba's that looks for what functions of this package don't have."""
    return lambda ir: ir if is_ours(ir.func_id.func) else peephole(ir)


#: These look at every instruction for ``with`` blocks, and for dictionaries that are put together.
PEEPHOLES = {
    name: _unneeded(getattr(interpreter, name))
    for name in ("peep_hole_delete_with_exit", "peep_hole_fuse_dict_add_updates")
    if hasattr(interpreter, name)
}


def finding_values(numbas: type) -> Any:
    """Numba's method that finds variables without a place in memory, if that is how it says so."""
    method = getattr(numbas, "_find_singly_assigned_variable", None)
    said = {"_singly_assigned_vars", "_blk_local_varmap"}
    return method if method and said <= {*method.__code__.co_names} else None


_find_values: Any = finding_values(lowering.Lower)

#: Whether this version of Numba makes code as a `Simplified` library does.
SIMPLIFIES = has_methods(codegen.JITCodeLibrary, Simplified) and all(
    hasattr(codegen.JITCPUCodegen, each) for each in CALLED
)


def _find_more_values(self: Any) -> None:
    """Find the variables that need no place in memory: those assigned once, before all their uses.

    Numba finds those that are used in one block alone. Of the others each use is a load, which of
    a tuple of arrays LLVM makes hundreds: of a kernel's instructions these were the most.
    """
    blocks, function = self.blocks, self.func_ir.func_id
    if self.context.enable_nrt or function.is_generator or not is_ours(function.func):
        # Of arrays that are counted, a place is emptied where one is given up; a generator keeps
        # its variables where it goes on from.
        _find_values(self)
        return
    assigned: dict[str, list[int]] = {}
    for offset, block in blocks.items():
        for each in block.find_insts(ir.Assign):
            assigned.setdefault(each.target.name, []).append(offset)
    values = {name for name, offsets in assigned.items() if len(offsets) == 1}
    dominators = analysis.compute_cfg_from_blocks(blocks).dominators()
    for offset, names in analysis.compute_use_defs(blocks).usemap.items():
        for name in values.intersection(names):
            (first,) = assigned[name]
            # Code is made of blocks in their order.
            if not (first < offset and first in dominators.get(offset, ())):
                values.remove(name)
    self._singly_assigned_vars, self._blk_local_varmap = values, {}


class Compiler(compiler.Compiler):
    """Numba's compiler, with fewer passes."""

    def compile_extra(self, func: Any) -> Any:
        """Compile a function into a `Simplified` library, if no other is there."""
        state = self.state
        if state.library is None and SIMPLIFIES:
            state.library = Simplified(state.targetctx.codegen(), func.__qualname__)
        if state.library is not None:
            state.library.enable_object_caching()
        return super().compile_extra(func)

    def define_pipelines(self) -> Any:
        """Numba's pipelines, shortened; for a user's function with a check of its powers."""
        function = self.state.func_id.func
        pipelines = shortened(super().define_pipelines(), function)
        if is_copy(function):
            for each in pipelines:
                each.add_pass_after(CheckPowers, InlineClosureLikes)
                each.finalize()
        return pipelines

    def _compile_core(self) -> Any:
        self.state.flags = Flags(self.state.flags)
        values = {"_find_singly_assigned_variable": _find_more_values} if _find_values else {}
        with sparing(), replaced(interpreter, **PEEPHOLES), replaced(lowering.Lower, **values):
            return super()._compile_core()
