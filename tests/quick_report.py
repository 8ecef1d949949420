"""The quick report for the tests that look at it: its pages, and the values that they show.

``python -m tests.quick_report FOLDER`` is ``simopt report --quick --folder FOLDER/pages``; the
values of each page are kept in ``FOLDER/values`` by whatever process makes them.
"""

import pickle
import shutil
import sys
from pathlib import Path

from simopt.cli.main import main
from simopt.report import building, pages


def keep(folder):
    """From here on this process, and those that build pages for it, keep the values of each."""
    make = pages.values

    def kept(page, context):
        made = make(page, context)
        Path(folder, page.module).write_bytes(pickle.dumps(made))
        return made

    pages.values = kept
    # What the command does before it serves; braces would be read as places for text.
    ours = f"from tests.quick_report import keep; keep({folder!r}); "
    before, after = building.SERVE.split("serve(")
    building.SERVE = f"{before}{ours.replace('{', '{{').replace('}', '}}')}serve({after}"


def values(folder, module):
    """The values of a page that were kept."""
    return pickle.loads(Path(folder, "values", module).read_bytes())


if __name__ == "__main__":
    where = Path(sys.argv[1])
    shutil.rmtree(where, ignore_errors=True)
    (where / "values").mkdir(parents=True)
    keep(str(where / "values"))
    main(["report", "--quick", "--folder", str(where / "pages")])
