"""The learning-rate page: loss against rate for seven rules, and what the order of points adds."""

from __future__ import annotations

from typing import Any

import pandas as pd

from simopt.analysis import measures
from simopt.report.learning_rate.curves import by_rate, rate_section
from simopt.report.learning_rate.maps import classify, epoch_radii, map_section, mapped
from simopt.report.learning_rate.orders import invariance, order_table
from simopt.report.learning_rate.ranking import decay_sentence, findings, winners
from simopt.report.learning_rate.shuffles import shuffle_section, shuffled
from simopt.report.pages import Context, computed
from simopt.report.sweeps import FINE, KEY, account, named, rates, settings


def page(context: Context) -> dict[str, Any]:
    """The values of the page's template."""
    # Loaded here: altair comes with it, for which all processes that make pages would wait.
    from simopt.report.learning_rate.interactive import chart, epoch_by_epoch, slider

    three = settings()
    ran: dict[str, pd.DataFrame] = {}
    bands: dict[str, pd.DataFrame] = {}
    tuned: dict[str, pd.DataFrame] = {}
    for key, setting in three.items():
        context.say(f"Learning rate: {setting.name}")
        bands[key], ran[key] = by_rate(key, setting.problem, context.quick)
        tuned[key] = named(measures.tuned(bands[key], KEY))
    context.say("Learning rate: maps")
    maps = []
    for key in ("four points", "Hubble", "diabetes"):
        cells, ran[f"{key}, maps"] = mapped(key, three[key].problem, context.quick)
        maps.append(map_section(three[key], key, cells))
    context.say("Learning rate: shuffling")
    shuffles = []
    for key, setting in three.items():
        spread, ran[f"{key}, shuffling"] = shuffled(key, setting.problem, tuned[key], context.quick)
        shuffles.append(shuffle_section(setting, key, spread))
    orders, ran["orders"] = order_table(three["four points"].problem, context.quick)
    traced, ran["four points, epoch by epoch"] = epoch_by_epoch(three["four points"].problem)

    context.say("Learning rate: figures")
    trajectories, updates, seconds, compiling = account(ran)
    return {
        "chart": chart(three, bands, tuned),
        "sections": [rate_section(three[key], key, bands[key], tuned[key]) for key in three],
        "ranking": winners(three, tuned),
        "decay": decay_sentence(three, tuned),
        "slider": slider(traced),
        "maps": maps,
        "shuffles": shuffles,
        "invariance": invariance(three["four points"].problem, orders),
        "trajectories": trajectories,
        "updates": updates,
        "seconds": seconds,
        "compile_seconds": compiling,
        "seeds": int(bands["Hubble"]["trajectories"].max()),
        "rates": len(rates(1.0, 1e6, FINE)),
        "computed": [computed(f"learning rate: {name}", frame) for name, frame in ran.items()],
        "findings": findings(three, tuned),
    }


__all__ = [
    "classify", "decay_sentence", "epoch_radii", "invariance", "order_table", "page",
]  # fmt: skip
