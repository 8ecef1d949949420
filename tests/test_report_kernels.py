"""What is compiled before the report is what its pages then find."""

import numpy as np
import pytest

from simopt.cli import warm
from simopt.engine import blocks, grouping, layout, packing
from simopt.engine.losses import passes_of
from simopt.report import pages
from simopt.rules import OPTIMIZERS
from tests.conftest import FEW_SHARE

Key = tuple[object, ...]


def key(rule, problem, points, dtype=np.float64, extras=layout.PLAIN):
    """What makes a kernel another."""
    return rule.name, passes_of(problem), points, dtype, extras


def needed(module: str, monkeypatch: pytest.MonkeyPatch) -> set[Key]:
    """The kernels that a page asks for; what it gets leaves numbers of no meaning."""
    seen: set[Key] = set()
    rng = np.random.default_rng(0)

    def kernel_of(task, problem, dtype):
        plan = task.group.plan
        seen.add(key(task.group.rule, problem, task.points, dtype, packing.extras_of(plan)))

        def run(starts, data, how, hyper, seeds, given, out, width):
            for each in (out.w, out.loss, out.best_loss, out.recorded_loss, out.recorded_w):
                each[...] = rng.uniform(1.0, 2.0, each.shape)
            out.peak[:], out.counts[:] = 2.0, 0

        return run

    with monkeypatch.context() as patch:
        patch.setattr(grouping, "LEAST_OWN", FEW_SHARE)
        patch.setattr(blocks, "kernel_of", kernel_of)
        pages.values(
            next(page for page in pages.PAGES if page.module == module), pages.Context(quick=False)
        )
    return seen


@pytest.mark.whole
@pytest.mark.filterwarnings("ignore")
@pytest.mark.report
def test_what_two_pages_share_is_compiled_before_them(monkeypatch):
    """The seven rules on least squares, but for what one page alone has."""
    both = needed("batch_size", monkeypatch) | needed("learning_rate", monkeypatch)
    squares = {each for each in both if each[1].kind == "least_squares"}
    first = {
        key(OPTIMIZERS[rule]().rule, warm.problem_of(problem), points)
        for problem, points, rule in warm.cases()
        if problem in ("diabetes", "four points")
    }
    assert squares == first
