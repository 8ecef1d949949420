"""JavaScript run where users run it: in Chromium without a window; in Node if there is none."""

import atexit
import json
import os
import shutil
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NODE = shutil.which("node")

#: A browser that asks nobody anything.
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-sync", "--disable-component-update", "--no-first-run",
)  # fmt: skip

#: Whatever a console shows.
MESSAGES = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")


class Tab:
    """A tab of a Chromium that is told what to do through two pipes, in Chromium's own protocol."""

    def __init__(self, path=None, address="", width=1280, height=900):
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        there, told = os.pipe()
        heard, here = os.pipe()
        # The protocol's pipes are 3 and 4.
        command = f'exec "$@" 3<&{there} 4>&{here}'
        arguments = [CHROMIUM, *FLAGS, f"--user-data-dir={self.folder.name}"]
        self.process = subprocess.Popen(
            ["bash", "-c", command, "bash", *arguments, "--remote-debugging-pipe"],
            pass_fds=(there, here), stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(there)
        os.close(here)
        self.told, self.heard = os.fdopen(told, "wb", 0), os.fdopen(heard, "rb")
        self.count, self.session, self.rest = 0, None, b""
        self.mistakes, self.requests = [], []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.resize(width, height)
        if path is not None:
            self.open(path, address)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.told.close()
        self.heard.close()
        self.folder.cleanup()

    def open(self, path, address=""):
        """Go to a file, and wait until it is there whole."""
        url = Path(path).as_uri()
        self.run("window.left = true")
        moved = self.send("Page.navigate", url=f"{url}{address}")
        # A page may write its state behind the #, and may be the one that is left.
        here = f"location.href.split('#')[0] === {json.dumps(url)}"
        if "loaderId" in moved:
            here += " && !window.left"
        self.until(f"{here} && document.readyState === 'complete'")

    def resize(self, width, height=900):
        """The size of the window in CSS pixels; under 600 a phone."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip

    def prefer(self, scheme="light", medium=""):
        """What the reader has set: "light" or "dark"; "print" shows a screen what paper has."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.send("Emulation.setEmulatedMedia", media=medium, features=features)

    def send(self, method, **parameters):
        """What Chromium answers."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.told.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads(self._next())
            if answer.get("method") in MESSAGES:
                self.mistakes.append(answer["params"])
            if answer.get("method") == "Network.requestWillBeSent":
                self.requests.append(answer["params"]["request"]["url"])
            if answer.get("id") == self.count:
                assert "error" not in answer, answer
                return answer["result"]

    def _next(self):
        while b"\0" not in self.rest:
            piece = self.heard.read1(65536)
            assert piece, "Chromium has ended"
            self.rest += piece
        message, _, self.rest = self.rest.partition(b"\0")
        return message

    def run(self, script):
        """The value of an expression in the page; of a promise, what it resolves to."""
        answer = self.send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def until(self, condition, seconds=300):
        """Wait until something holds in the page."""
        end = time.monotonic() + seconds
        while not self.run(f"Boolean({condition})"):
            assert time.monotonic() < end, condition
            time.sleep(0.05)


@cache
def blank():
    """A tab for whatever needs one page after the other: to start a browser takes a second."""
    tab = Tab()
    atexit.register(tab.__exit__)
    return tab


def evaluated(script, expression):
    """What an expression gives after a script, in a page of its own, by way of JSON."""
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
            f'<!doctype html><meta charset="utf-8"><script>{script}\n'
            f"window.answered = {said};</script>",
            encoding="utf-8",
        )
        blank().open(page)
        return json.loads(blank().run("window.answered"))
