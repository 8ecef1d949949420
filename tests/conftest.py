"""What all tests share: no deadlines, and the values of the quick report's pages, computed once."""

from functools import cache

import pytest
from hypothesis import settings

# A deadline says how busy a machine is, and whether a kernel was compiled before.
settings.register_profile("no deadlines", deadline=None)
settings.load_profile("no deadlines")


def pytest_collection_modifyitems(config, items):
    """A file's tests go to one process, and all that look at the quick report to the same one."""
    if config.getoption("dist", "no") == "loadgroup":
        for item in items:
            quick = "quick" in getattr(item, "fixturenames", ())
            group = "the quick report" if quick else item.nodeid.split("::")[0]
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def quick():
    """The values of a page of the quick report, by its module's name."""
    from simopt.reporting import pages

    compute = pages.values

    @cache
    def values(module):
        page = next(each for each in pages.PAGES if each.module == module)
        return compute(page, pages.Context(quick=True))

    return values
