"""Numba's compiler without the passes that find nothing to do in loops over numbers.

They look for closures, comprehensions, ``with`` blocks, calls that are to be inlined as Numba's own
code, literals to unroll over, and expressions of whole arrays. Of these compiled code here has
none; users' functions may, and are compiled by all of Numba's passes. Each pass walks through all
of a function, and has what it may have changed analysed anew: an eighth of a kernel's time.
"""

from __future__ import annotations

from typing import Any

from numba.core import compiler

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


def shortened(pipelines: list[Any], function: Any) -> list[Any]:
    """The pipelines, without what is unneeded where the function is one of this package."""
    if function.__module__.startswith("simopt.") and not is_copy(function):
        for pipeline in pipelines:
            pipeline.passes = [each for each in pipeline.passes if each[0].name() not in UNNEEDED]
            pipeline.finalize()
    return pipelines


class Compiler(compiler.Compiler):
    """Numba's compiler, with fewer passes."""

    def define_pipelines(self) -> Any:
        """Numba's pipelines, shortened."""
        return shortened(super().define_pipelines(), self.state.func_id.func)
