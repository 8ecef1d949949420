"""How fast an update can be on this machine: what its roots, quotients, loads and stores take.

Two kernels do nothing else, over rows of lanes in the first cache, as the engine's own do: one
keeps the divider busy, which serves roots and quotients alone, the other the ports to the cache.
How many of each an update needs is counted on the rule itself. A third does a rule's steps and
nothing else: what it takes less than the engine's kernel is what watching trajectories costs.
"""

from __future__ import annotations

import functools
import math
import platform
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simopt.engine import layout, scalars, watching
from simopt.engine.steps import no_clock
from simopt.ground.compiling import compiled
from simopt.ground.inline import inlined
from simopt.ground.snapshot import digest
from simopt.rules.rule import Rule

LANES = layout.lanes(np.float64)

#: Rows that a block's update of one weight reads besides the rule's own and the watch's: weight,
#: gradient, rate and whether it has diverged, then the weight again; and writes: the weight.
LOADS, STORES = 5, 1

#: Passes over the rows in one call, about half a millisecond, of which the fastest counts; and
#: seconds of such calls.
PASSES, SECONDS = 4_000, 0.05


@dataclass(frozen=True)
class Needs:
    """What one update of one weight takes.

    Attributes
    ----------
    roots, quotients : int
        Square roots and divisions.
    loads, stores : int
        Numbers read and written: the rows of a block do not fit into registers.
    """

    roots: int
    quotients: int
    loads: int
    stores: int


@dataclass(frozen=True)
class Limit:
    """Updates per second that a machine allows, all threads together.

    Attributes
    ----------
    divider, cache : float
        What each allows; the divider any number where an update has no use for it.
    """

    divider: float
    cache: float

    @property
    def rate(self) -> float:
        """The smaller of the two."""
        return min(self.divider, self.cache)


class _Rows:
    """Rows that count how often they are read and written."""

    def __init__(self) -> None:
        self.loads = self.stores = 0

    def __getitem__(self, _: object) -> float:
        self.loads += 1
        return 1.0

    def __setitem__(self, _: object, value: float) -> None:
        self.stores += 1


@functools.cache
def needs(rule: Rule) -> Needs:
    """What an update of a rule takes, counted by calling it; of a choice, one side.

    Examples
    --------
    >>> import simopt
    >>> needs(simopt.Adam().rule)
    Needs(roots=1, quotients=1, loads=17, stores=10)
    >>> needs(simopt.SGD().rule)
    Needs(roots=0, quotients=0, loads=10, stores=6)
    """
    counts: Counter[str] = Counter()

    class Counting:
        """A number that counts the divisions it enters and the roots taken of it."""

        def __init__(self, _: object = 1.0) -> None:
            pass

        def same(self, *_: object) -> Counting:
            return self

        def divided(self, _: object) -> Counting:
            counts["quotients"] += 1
            return self

        def __float__(self) -> float:
            # Only math.sqrt asks for it.
            counts["roots"] += 1
            return 1.0

        def __int__(self) -> int:
            # Only the power of two in an exponential.
            return 0

        def compared(self, _: object) -> bool:
            return True

        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = __abs__ = same
        __lt__ = __le__ = __gt__ = __ge__ = compared
        __truediv__ = __rtruediv__ = divided

    number = Counting()
    ticks = len(rule.clock_values)
    if rule.clock is not None:
        between = 0
        if rule.terms is not None:
            between = len(rule.totals) + 1
            rule.terms(*[number] * (3 + len(rule.state) + ticks + rule.terms_hyperparameters))
        rule.clock(*[number] * (ticks + between + rule.clock_hyperparameters))
    rule.update(*[number] * (2 + len(rule.hyperparameters) + len(rule.state) + ticks))
    rows: Any = _Rows()
    watching.watch(rows, 0, 0, 1.0, 1.0, 0.0, 1.0)
    watching.watch_loss(rows, 0, 0, 1.0, 1.0, 0.0)
    own = len(rule.state) + ticks
    return Needs(
        roots=counts["roots"],
        quotients=counts["quotients"],
        loads=rows.loads + LOADS + own + len(rule.hyperparameters) - 1,
        stores=rows.stores + STORES + own,
    )


def divide(rows: Any, roots: int, quotients: int, times: int) -> None:
    """So many roots and quotients in every lane, again and again, each of its last result."""
    for _ in range(times):
        for r in range(roots):
            for lane in range(rows.shape[1]):
                rows[r, lane] = math.sqrt(rows[r, lane] + 1.7)
        for r in range(roots, roots + quotients):
            for lane in range(rows.shape[1]):
                rows[r, lane] = 3.7 / rows[r, lane]


def move(rows: Any, loads: int, stores: int, times: int) -> None:
    """So many loads and stores in every lane, again and again."""
    for _ in range(times):
        for r in range(stores):
            if r < loads - stores:
                for lane in range(rows.shape[1]):
                    rows[r, lane] = rows[r, lane] + rows[stores + r, lane]
            else:
                for lane in range(rows.shape[1]):
                    rows[r, lane] = -rows[r, lane]


_divide: Any = compiled(divide)
_move: Any = compiled(move)


@functools.cache
def limit(rule: Rule, threads: int) -> Limit:
    """What this machine allows a rule, measured.

    Parameters
    ----------
    rule : Rule
        Of one weight, float64.
    threads : int
        That work side by side.
    """
    asked = needs(rule)
    return Limit(_dividing(asked.roots, asked.quotients, threads), _moving(asked, threads))


@functools.cache
def _dividing(roots: int, quotients: int, threads: int) -> float:
    if not roots + quotients:
        return math.inf
    return _rate(lambda rows: _divide(rows, roots, quotients, PASSES), roots + quotients, threads)


@functools.cache
def _moving(asked: Needs, threads: int) -> float:
    loads, stores = asked.loads, asked.stores
    return _rate(lambda rows: _move(rows, loads, stores, PASSES), max(loads, 2 * stores), threads)


def steps_alone(rule: Rule, threads: int) -> float:
    """Updates per second of a rule's own steps on one weight, nobody watching, all threads."""
    kernel = _stepping(rule)
    rows = 1 + len(rule.hyperparameters) + len(rule.state) + len(rule.clock_values)

    def work(mine: Any) -> None:
        mine[0], mine[1 : -len(rule.hyperparameters)] = 3.0, 0.0
        for row, name in enumerate(rule.hyperparameters, rows - len(rule.hyperparameters)):
            mine[row] = 0.01 if name == "eta" else rule.defaults[name]
        kernel(mine, PASSES)

    return _rate(work, rows, threads)


@functools.cache
def _stepping(rule: Rule) -> Any:
    """A kernel of steps: rows of weight, state, clock values and hyperparameters, eta first."""
    update: Any = inlined(rule.update)
    clock: Any = no_clock if rule.clock is None else inlined(rule.clock)
    states, clocked = len(rule.state), len(rule.clock_values)
    ticked, hypers = rule.clock_hyperparameters, len(rule.hyperparameters) - 1
    first_clock = 1 + states
    eta = first_clock + clocked
    read: Any = scalars.READ
    write: Any = scalars.WRITE
    read_state, write_state = read[states], write[states]
    read_clock, write_clock = read[clocked], write[clocked]
    read_hyper, read_ticked = read[hypers], read[ticked]
    weight: Any = scalars.weight_first if states else scalars.weight_alone
    state: Any = scalars.state_rest if states else scalars.state_none
    source = digest(rule.update, rule.clock)

    def steps(rows: Any, times: int) -> None:
        source  # noqa: B018
        low, high = np.uint64(0), np.uint64(LANES)
        target = 2.0
        for _ in range(times):
            target = -target  # so that nothing comes to rest
            for lane in range(low, high):
                tick = read_clock(rows, first_clock, 1, lane)
                tick = clock(*(tick + read_ticked(rows, eta + 1, 1, lane)))
                write_clock(rows, first_clock, 1, lane, tick)
                old = rows[0, lane]
                new = update(
                    old,
                    (old * 0.5 - target) * 0.5,
                    rows[eta, lane],
                    *(read_state(rows, 1, 1, lane) + tick + read_hyper(rows, eta + 1, 1, lane)),
                )
                write_state(rows, 1, 1, lane, state(new))
                rows[0, lane] = weight(new)

    # A name of its own: see the end of lanes.kernel.
    steps.__name__ = steps.__qualname__ = f"steps_{rule.name}_{source}"
    return compiled(steps)


def _rate(work: Callable[[Any], None], rows: int, threads: int) -> float:
    """Lanes per second of all threads, each with rows of its own, aligned as the engine's are.

    In the processor's time of each thread, so that what else the machine does counts little.
    """
    room = [_aligned(rows) for _ in range(threads)]
    work(room[0])  # compile, or load

    def best(mine: Any) -> float:
        until = time.perf_counter() + SECONDS
        least = math.inf
        while time.perf_counter() < until:
            began = time.thread_time()
            work(mine)
            least = min(least, time.thread_time() - began)
        return LANES * PASSES / least

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(best, room))


def _aligned(rows: int) -> Any:
    """Rows of lanes that begin at a multiple of 64 bytes, about 1 and all different."""
    flat = np.linspace(1.0, 2.0, rows * LANES + 8)
    first = -flat.ctypes.data % 64 // 8
    return flat[first : first + rows * LANES].reshape(rows, LANES)


def processor() -> str:
    """The machine's processor and system, as it calls them."""
    name = platform.processor() or platform.machine()
    with_name = Path("/proc/cpuinfo")
    if with_name.exists():
        lines = with_name.read_text(encoding="utf-8").splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        name = names[0] if names else name
    return f"{name} ({platform.system()} {platform.machine()})"
