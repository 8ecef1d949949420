"""Which examples hypothesis draws: the same each time, or many more, drawn anew.

A change is judged by what it changed: a draw that nobody has seen before may find an old fault, and
that is what ``make test-draws`` is for. Each fault that it finds stays, as an ``@example``.
"""

import os

from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

#: How many times as many examples, drawn anew; 0: as many as a test says, the same each time.
TIMES = int(os.environ.get("DRAWS") or 0)

# A deadline says how busy a machine is, and whether a kernel was compiled before; so does the time
# that it takes to draw.
UNTIMED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}


def load():
    """What the tests imported from here on draw."""
    if TIMES:
        anew(TIMES)
    else:
        the_same()


def the_same():
    """Draws are a function of a test's own source."""
    settings.register_profile("the same", derandomize=True, **UNTIMED)
    settings.load_profile("the same")
    # hypothesis would also draw numbers that stand in modules imported so far: other ones after
    # other tests, and after any change to simopt.
    providers._get_local_constants = Constants


def anew(times):
    """Draws of chance, and as many more in tests with a number of their own."""
    # Said in full: where CI is set in the environment, hypothesis starts from a profile of its own,
    # which draws the same each time and remembers nothing.
    settings.register_profile(
        "anew", max_examples=times * 100, derandomize=False, print_blob=True, **UNTIMED
    )
    settings.load_profile("anew")
    usual = settings.__init__

    def more(self, parent=None, **given):
        if "max_examples" in given:
            given["max_examples"] *= times
        usual(self, parent, **given)

    settings.__init__ = more
