"""How fast the playground is: frames a second with seven rules, and updates a second in its worker.

``python -m tests.bench_playground`` prints both, and the time that a frame takes its script.
"""

import tempfile
from pathlib import Path

from simopt.report import playground_page
from simopt.rules import OPTIMIZERS
from tests import browser

#: For so many seconds.
SECONDS = 5

PLAYED = """
new Promise(done => {
  const before = playground.frames, start = performance.now(), own = requestAnimationFrame;
  let spent = 0;
  window.requestAnimationFrame = draw => own(now => {
    const begun = performance.now();
    draw(now);
    spent += performance.now() - begun;
  });
  document.querySelector("[data-play]").click();
  setTimeout(() => {
    const frames = playground.frames - before;
    window.requestAnimationFrame = own;
    done([frames / (performance.now() - start) * 1000, spent / frames]);
  }, SECONDS * 1000);
})
"""

DRAGGED = """
new Promise(done => {
  const field = document.querySelector(".rule .setting input[type=range]");
  const start = performance.now(), spent = [];
  const drag = () => {
    field.value = String(100 + 3 * spent.length % 200);
    const begun = performance.now();
    field.dispatchEvent(new Event("input"));
    requestAnimationFrame(() => {
      spent.push(performance.now() - begun);
      if (performance.now() - start < SECONDS * 1000) drag();
      else done(spent.length / (performance.now() - start) * 1000);
    });
  };
  drag();
})
"""


def main() -> None:
    """Print the figures."""
    rules = "&".join(f"rule={name}:document,eta=0.05" for name in OPTIMIZERS)
    with tempfile.TemporaryDirectory() as folder:
        file = playground_page(Path(folder, "playground.html"))
        with browser.Tab(file, f"#{rules}&epochs=500") as tab:
            tab.until("playground.model.all.length && playground.model.all.every(e => e.losses)")
            updates, milliseconds = tab.run(
                "[playground.rate.updates, playground.rate.milliseconds]"
            )
            print(f"worker: {updates / milliseconds / 1000:.2f} M updates/s ({updates:,} updates)")
            tab.run('document.querySelector("[data-pace]").selectedIndex = 3')
            tab.run('document.querySelector("[data-pace]").dispatchEvent(new Event("change"))')
            frames, script = tab.run(PLAYED.replace("SECONDS", str(SECONDS)))
            print(f"playing {len(OPTIMIZERS)} rules: {frames:.1f} frames/s, {script:.2f} ms each")
            print(
                f"dragging eta: {tab.run(DRAGGED.replace('SECONDS', str(SECONDS))):.1f} changes/s"
            )


if __name__ == "__main__":
    main()
