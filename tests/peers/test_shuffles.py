"""The table of shuffle parameters: every snippet runs, and asserts what its row says."""

import ast
import importlib.util
import os
import subprocess
import sys

import pytest

import simopt

TABLE = simopt.document.shuffles()
ROWS = [
    pytest.param(row, id=f"{row.place}-{row.lines}-{row.verdict}") for row in TABLE.itertuples()
]


@pytest.mark.parametrize("row", ROWS)
def test_snippet(row):
    if row.backend and importlib.util.find_spec(row.backend) is None:
        pytest.skip(f"{row.backend} is not installed")
    if not row.backend:
        exec(row.snippet, {})
        return
    done = subprocess.run(
        [sys.executable, "-c", row.snippet],
        env=os.environ | {"KERAS_BACKEND": row.backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("row", [row for row in ROWS if not row.values[0].backend])
def test_snippet_could_fail(row):
    """With each of its asserts turned round, it does (Keras' would take a process each)."""
    asserts = [node for node in ast.walk(ast.parse(row.snippet)) if isinstance(node, ast.Assert)]
    assert asserts
    for position in range(len(asserts)):
        tree = ast.parse(row.snippet)
        node = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)][position]
        node.test = ast.UnaryOp(ast.Not(), node.test)
        with pytest.raises(AssertionError):
            exec(compile(ast.fix_missing_locations(tree), "snippet", "exec"), {})
