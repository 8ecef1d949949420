"""Numba's passes that compiled code here goes without, and users' functions don't."""

import numba
import numpy as np
import pytest
from numba.core import compiler, compiler_machinery

import simopt
from simopt.ground.compiling import compiled
from simopt.ground.pipeline import UNNEEDED
from simopt.sweeps.reduction import ranks


@pytest.fixture
def passes(monkeypatch, tmp_path):
    """By a function's name the passes that it went through; nothing is found on disk."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    met, run = {}, compiler_machinery.PassManager.run

    def noted(self, state):
        names = {each.name() for each, _ in self.passes}
        met.setdefault(state.func_id.func.__name__, set()).update(names)
        return run(self, state)

    monkeypatch.setattr(compiler_machinery.PassManager, "run", noted)
    return met


def test_what_is_unneeded_is_numbas():
    """Else a pass of another name would go unnoticed, and kernels would take long again."""

    def defined(self):
        (pipeline,) = compiler.Compiler.define_pipelines(self)
        names.update(each.name() for each, _ in pipeline.passes)
        return [pipeline]

    names = set()
    noting = type("Noting", (compiler.Compiler,), {"define_pipelines": defined})
    assert numba.njit(lambda x: x + 1, pipeline_class=noting)(2) == 3
    assert names >= UNNEEDED


def test_functions_of_the_package_go_without(passes):
    compiled(ranks.transpose)(np.eye(3), np.empty((3, 3)))
    assert "nopython_type_inference" in passes["transpose"]
    assert not passes["transpose"] & UNNEEDED


def loss(x, y):
    def square(value):
        return value * value

    return square(x) + sum([square(each) for each in (y, 1.0)])


@pytest.mark.whole
def test_users_functions_have_them_all(passes):
    problem = simopt.problems.function(loss, lambda x, y: (2 * x, 2 * y), w0=[1.0, -1.0])
    found = simopt.sweep(problem, simopt.SGD(eta=[0.1]), updates=3)
    w = np.array([1.0, -1.0])
    for _ in range(3):
        w -= 0.1 * (2 * w)
    assert found["loss"][0] == loss(*w)
    assert passes["loss"] >= UNNEEDED
    assert not any(met & UNNEEDED for name, met in passes.items() if name.startswith("whole_"))
