"""The time loop of one trajectory, for devices where a thread has one to itself.

On a CPU a block of trajectories shares the loop (`simopt.engine.loop`), on a GPU every thread runs
it alone, its numbers in registers. Gradients, losses and clipping are the same functions (`passes`)
on a block of one lane, rules and clocks the same too, and every sum has the same order: without
contraction of products and sums the bits are those of blocks. Here is nothing but plain Python:
`cuda` compiles it for devices, and any other compiler may.

The loop is `program`; its parts are named as those of blocks are: `beginning`, `one_weight`,
`several_weights`; `clocks` for rules that sum over weights, `ends` for what comes back.
"""

from simopt.engine.per_thread.ends import Ends, KeptEnds
from simopt.engine.per_thread.program import Program, program

__all__ = ["Ends", "KeptEnds", "Program", "program"]
