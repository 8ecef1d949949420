"""JavaScript run where users run it: in Chromium without a window; in Node if there is none."""

import html
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NODE = shutil.which("node")

#: A browser that asks nobody anything.
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-sync", "--disable-component-update", "--no-first-run",
)  # fmt: skip


def chromium(*arguments, timeout=300):
    """What Chromium prints, started with a profile of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        return subprocess.run(
            [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", *arguments],
            check=True, capture_output=True, text=True, timeout=timeout,
        ).stdout  # fmt: skip


def dom(path, address="", *flags):
    """The document that a page has become, once its scripts have run."""
    return chromium(*flags, "--dump-dom", f"{Path(path).as_uri()}{address}")


def evaluated(script, expression):
    """What an expression gives after a script, by way of JSON."""
    with tempfile.TemporaryDirectory() as folder:
        said = f"JSON.stringify({expression})"
        if CHROMIUM is None:
            file = Path(folder, "script.js")
            file.write_text(f"{script}\nprocess.stdout.write({said});", encoding="utf-8")
            text = subprocess.run(
                [NODE, file], check=True, capture_output=True, text=True, timeout=300
            ).stdout
            return json.loads(text)
        page = Path(folder, "page.html")
        page.write_text(
            '<!doctype html><meta charset="utf-8"><pre id="answer"></pre>'
            f'<script>{script}\ndocument.getElementById("answer").textContent = {said};</script>',
            encoding="utf-8",
        )
        answer = re.search(r'<pre id="answer">(.*?)</pre>', dom(page), re.DOTALL)
        assert answer is not None
        return json.loads(html.unescape(answer[1]))
