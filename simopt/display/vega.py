"""The library that draws charts: Vega, whole, once a page, so that none needs a network."""

from __future__ import annotations

import functools
import re
from importlib.metadata import version

from markupsafe import Markup

from simopt.ground.kept_texts import kept_text

#: Not 6.4: there, text in a tooltip is "undefined" wherever a selection has nearest=True.
#: `test_tooltips_find_their_text` fails with a version that has the mistake.
VEGA_LITE = "6.1"

#: The attribute of a chart's data; a page that holds it needs the library.
CHART = "data-chart="


@functools.cache
def library() -> Markup:
    """The script element that draws every chart of a page: Vega, whole, and a few lines."""
    made_of = f"vl-convert {version('vl-convert-python')}, Vega-Lite {VEGA_LITE}: {DRAW}"
    # Bundling takes a second.
    code = kept_text(_bundle, made_of)
    return Markup("<script>(()=>{{{}}})();</script>").format(
        Markup(re.sub(r"</(script)", r"<\\/\1", code, flags=re.I))
    )


def _bundle() -> str:
    import vl_convert

    code: str = vl_convert.javascript_bundle(DRAW, vl_version=VEGA_LITE)
    return code


#: What draws the charts of a page, and makes them work without a mouse.
DRAW = """
// Vega hears the mouse alone: every name of a legend that can be picked becomes a button, and marks
// that only catch the pointer are hidden from those who have none. Done again after each of Vega's
// own changes, which may undo it.
function reachable(place) {
  for (const each of place.querySelectorAll(".mark-path:not([aria-hidden])")) {
    each.setAttribute("aria-hidden", "true");
  }
  const entries = [...place.querySelectorAll("g[class*=_legend_entries] > g")];
  const opacities = entries.map(each => each.querySelector("text").getAttribute("opacity"));
  const faded = opacities.some(each => each !== "1");
  entries.forEach((each, i) => {
    const legend = each.closest(".role-legend");
    if (legend.getAttribute("role") !== "group") legend.setAttribute("role", "group");
    each.setAttribute("aria-pressed", String(faded && opacities[i] === "1"));
    if (each.hasAttribute("tabindex")) return;
    each.setAttribute("tabindex", "0");
    each.setAttribute("role", "button");
    each.setAttribute("aria-label", `${each.querySelector("text").textContent} alone`);
    each.addEventListener("keydown", event => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      const click = {bubbles: true, shiftKey: event.shiftKey};
      each.querySelector("path").dispatchEvent(new MouseEvent("click", click));
    });
  });
}
function watched(place) {
  reachable(place);
  const attributeFilter = ["role", "opacity"];
  new MutationObserver(() => reachable(place))
    .observe(place, {childList: true, subtree: true, attributeFilter});
}
for (const data of document.querySelectorAll("script[data-chart]")) {
  const place = document.getElementById(data.dataset.chart);
  const spec = JSON.parse(data.textContent);
  if (place.clientWidth < 520) spec.config.legend.columns = 2;
  const how = {actions: false, renderer: "svg", mode: "vega-lite"};
  vegaEmbed(place, spec, how).then(() => watched(place))
    .catch(error => { place.textContent = "The chart could not be drawn: " + error.message; });
}
"""
