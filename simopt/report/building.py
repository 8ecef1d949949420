"""The report built page by page, in processes of their own; each page is written when it is ready.

Drawing is plain Python, so that only processes make use of several cores for it.
"""

from __future__ import annotations

import importlib
import os
import pickle
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from simopt.display.templating import Page, html
from simopt.display.timing import drawing
from simopt.ground import files
from simopt.ground.threads import thread_count
from simopt.report import pages, serving
from simopt.report.pages import PAGES, Context

#: More processes would wait for memory: each takes up to half a gigabyte.
MOST = 4

#: Those that take longest, the longest first: where there are several processes, none of these is
#: to be begun when the others end.
LONGEST = (
    "claims", "new_optimizers", "critical_batch", "loss_curves", "stability", "batch_size",
    "noisy_quadratic", "conventions", "learning_rate",
)  # fmt: skip

#: Built when nothing else runs, in this order: one measures times, one reads what others found.
ALONE = ("scale", "overview")

#: What marks a notice that stands for a page until it is ready, in its template.
NOTICE = '<section id="pages-ready">'

#: The environment variable that says how many threads a process' sweeps run on.
THREADS = "NUMBA_NUM_THREADS"

#: And the one that says it of linear algebra (OpenBLAS, MKL). Left alone it starts as many in every
#: process as there are cores, which wait for each other: small systems take many times as long.
ALGEBRA = "OMP_NUM_THREADS"

#: What a process is started with: it imports what this one would.
SERVE = (
    "import sys; sys.path[:] = {path!r}; from simopt.report.building import serve; serve({ends!r})"
)


#: What pages built so far kept for others, by module.
Kept = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Request:
    """What a process is asked for.

    Attributes
    ----------
    module : str
        Of the page.
    quick : bool
        With smaller sweeps.
    built : dict
        What the page may read of others.
    threads : str or None
        What the environment says of threads; None where it says nothing.
    """

    module: str
    quick: bool
    built: Kept
    threads: str | None


@dataclass(frozen=True)
class Built:
    """A page that is ready, and what it took.

    Attributes
    ----------
    page : Page
    texts : dict of str to str
        File name to HTML, of the page and its parts.
    kept : dict
        What the overview reads.
    seconds, cpu, drawn : float
        By the clock; of all cores; the part of these that went into figures, tables and HTML.
    """

    page: Page
    texts: dict[str, str]
    kept: dict[str, Any]
    seconds: float
    cpu: float
    drawn: float


def processes() -> int:
    """How many processes build pages."""
    return min(MOST, thread_count(None)) if sys.executable else 1


def build(
    folder: Path,
    quick: bool,
    stage: Callable[[str], None] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
) -> list[Built]:
    """Build every page, and write each as soon as it is ready.

    A page of which the folder has nothing yet says so, and opens when it is there. What was written
    stays when building fails or is interrupted.

    Parameters
    ----------
    folder : Path
    quick : bool
        Smaller sweeps.
    stage : callable
        Told the title of each page when it is written.
    say : callable
        Told what is being done meanwhile.

    Returns
    -------
    list of Built
        In the order in which they were ready.
    """
    count = processes()
    together = [page for page in PAGES if page.module not in ALONE]
    if count > 1:
        together.sort(key=_length)
    alone = sorted((page for page in PAGES if page not in together), key=_turn)
    waiting = {page for page in PAGES if not _is_there(folder / page.file)}
    done: list[Built] = []

    def write(built: Built) -> None:
        files.write_texts(folder, built.texts)
        done.append(built)
        waiting.discard(built.page)
        _write_waiting(folder, waiting)
        stage(built.page.title)

    _write_waiting(folder, waiting)

    def others() -> Kept:
        return {each.page.module: each.kept for each in done}

    try:
        ready = _from_processes if count > 1 else _in_turn
        with closing(ready(together, alone, others, quick, say, count)) as one_by_one:
            for built in one_by_one:
                write(built)
    except KeyboardInterrupt:
        made = f"{len(done)} of {len(PAGES)} pages are made, in {folder}"
        raise KeyboardInterrupt(f"interrupted; {made}") from None
    finally:
        _write_waiting(folder, waiting, stopped=True)
    return done


def _length(page: Page) -> int:
    return LONGEST.index(page.module) if page.module in LONGEST else len(LONGEST)


def _turn(page: Page) -> int:
    return ALONE.index(page.module)


def _is_there(path: Path) -> bool:
    """Whether a page is there, and no notice in its place that a stopped report has left."""
    return path.exists() and NOTICE not in path.read_text(encoding="utf-8", errors="replace")


def _write_waiting(folder: Path, waiting: set[Page], stopped: bool = False) -> None:
    """Write the pages that are not there yet: they say so, and which are."""
    ready = {page.file for page in PAGES if page not in waiting}
    given = {"ready": ready, "stopped": stopped}
    texts = {page.file: html("waiting.html", {**given, "page": page}, PAGES, "simopt.report")
             for page in waiting}  # fmt: skip
    files.write_texts(folder, texts)


def built_page(page: Page, context: Context) -> Built:
    """Build a page in this process."""
    start, cpu, drawn = time.perf_counter(), _cpu(), drawing.seconds
    values = pages.values(page, context)
    texts = {page.file: pages.render(page, values)}
    for part, given in values.get("parts", {}).items():
        texts[part.file] = pages.render(part, given)
    seconds = time.perf_counter() - start
    kept = pages.for_overview(page, values) | {"build_seconds": seconds}
    return Built(page, texts, kept, seconds, _cpu() - cpu, drawing.seconds - drawn)


def _cpu() -> float:
    """CPU seconds of this process, and of the processes that it has waited for."""
    return sum(os.times()[:4])


def _in_turn(
    together: Sequence[Page],
    alone: Sequence[Page],
    others: Callable[[], Kept],
    quick: bool,
    say: Callable[[str], None],
    count: int = 1,
) -> Generator[Built]:
    """Pages built in this process, one after another."""
    for page in (*together, *alone):
        say(page.title)
        built = others() if page in alone else {}
        yield built_page(page, Context(quick, say, MappingProxyType(built)))


def _from_processes(
    together: Sequence[Page],
    alone: Sequence[Page],
    others: Callable[[], Kept],
    quick: bool,
    say: Callable[[str], None],
    count: int,
) -> Generator[Built]:
    """Pages as they are ready: a thread for each process hands it the next one and listens.

    Those that are built alone have a process to themselves and this one's number of threads: this
    one need not import what they do.
    """
    todo: queue.SimpleQueue[Request] = queue.SimpleQueue()
    events: queue.SimpleQueue[Any] = queue.SimpleQueue()
    own = os.environ.get(THREADS)
    shared = str(max(1, thread_count(None) // count))
    count = min(count, len(together))
    for page in together:
        todo.put(Request(page.module, quick, {}, shared))

    def command(ends: Sequence[serving.Ends]) -> str:
        return SERVE.format(path=sys.path, ends=[*ends])

    def next_one() -> Built:
        while isinstance(event := events.get(), str):
            say(event)
        if isinstance(event, BaseException):
            raise event
        assert isinstance(event, Built)
        return event

    with ExitStack() as stack:
        # One more costs nothing where it divides; elsewhere one that is done serves.
        more = int(serving.DIVIDES and bool(alone))
        threads = {ALGEBRA: os.environ.get(ALGEBRA, shared), THREADS: shared}
        processes, pipes = serving.started(stack, count + more, command, threads)
        waited_for = stack.enter_context(ExitStack())

        def listen(each: serving.Pipes) -> None:
            listener = threading.Thread(target=_attend, args=(each, todo, events))
            listener.start()
            waited_for.callback(listener.join)

        # The first to be called: then answers end, and the listeners with them.
        for process in processes:
            stack.callback(process.terminate)
        for each in pipes[:count]:
            listen(each)
        for _ in together:
            yield next_one()
        for page in alone:
            todo.put(Request(page.module, quick, others(), own))
            listen(pipes[-1])
            yield next_one()


def _attend(
    pipes: serving.Pipes,
    todo: queue.SimpleQueue[Request],
    events: queue.SimpleQueue[Any],
) -> None:
    """Hand a process one page after another, and pass on what it says."""
    requests, answers = pipes
    try:
        while True:
            try:
                request = todo.get_nowait()
            except queue.Empty:
                return
            pickle.dump(request, requests)
            event = None
            while not isinstance(event, (Built, BaseException)):
                event = pickle.load(answers)
                events.put(event)
    except (EOFError, BrokenPipeError):
        events.put(RuntimeError("a process that builds pages ended before it was done"))
    except Exception as error:
        events.put(error)


def serve(ends: Sequence[serving.Ends]) -> None:
    """Build the pages that another process asks for, until it closes the pipes that it asks by."""
    serving.serve(_answer, ends, _import_pages)


def _import_pages() -> None:
    for page in PAGES:
        importlib.import_module(f"simopt.report.{page.module}")


def _answer(request: Request, send: Callable[[object], None]) -> None:
    """Build the page that a request names, and send it, or the error in its place."""
    by_module = {page.module: page for page in PAGES}
    os.environ.pop(THREADS, None)
    if request.threads is not None:
        os.environ[THREADS] = request.threads
    try:
        page = by_module[request.module]
        send(page.title)
        context = Context(request.quick, send, MappingProxyType(dict(request.built)))
        send(built_page(page, context))
    except Exception as error:
        error.add_note(f"In the process that built {request.module}:\n{traceback.format_exc()}")
        send(error)


def costs(done: Sequence[Built]) -> str:
    """A table of what each page took, the dearest first."""
    head = f"{'page':28}{'CPU s':>9}{'drawing':>9}{'clock s':>9}"
    rows = [
        f"{each.page.title:28}{each.cpu:9.1f}{each.drawn:9.1f}{each.seconds:9.1f}"
        for each in sorted(done, key=lambda each: -each.cpu)
    ]
    cpu, drawn = sum(each.cpu for each in done), sum(each.drawn for each in done)
    return "\n".join([head, *rows, f"{'all pages':28}{cpu:9.1f}{drawn:9.1f}"])
