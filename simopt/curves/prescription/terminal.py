"""A prescription in the terminal: the table, or the settings to use."""

from __future__ import annotations

from typing import Any

import pandas as pd

from simopt.curves.prescription import judging
from simopt.curves.prescription.judging import STANDARDISE
from simopt.curves.prescription.prescribing import BASELINE, WITHOUT
from simopt.curves.prescription.training import section
from simopt.ground.formatting import percent

COLUMNS = {
    "fix": "fix",
    "settings": "settings",
    "loss": "loss",
    "explained": "explained",
    "ratio": "ratio",
    "improved": "improved",
    "worse": "worse",
    "diverged": "diverged",
    "symptom": "then it shows",
    "cost": "cost",
}


def table(frame: pd.DataFrame) -> str:
    """What was seen, the table, and what is best."""
    made = frame.attrs
    shown = frame[list(COLUMNS)].rename(columns=COLUMNS)
    shown["explained"] = [judging.said(share) for share in shown["explained"]]
    for name in ("improved", "worse", "diverged"):
        shown[name] = [percent(share) for share in shown[name]]
    for name in ("loss", "ratio"):
        shown[name] = [f"{value:.4g}" for value in shown[name]]
    shown["cost"] = [f"{value:,.0f}" for value in shown["cost"]]
    # Nothing is compared with itself.
    shown.loc[0, ["settings", "ratio", "improved", "worse"]] = ["", "", "", ""]
    left = ["fix", "settings", "then it shows"]
    lines = shown.to_string(
        index=False,
        formatters={name: f"{{:<{max(map(len, [*shown[name], name]))}}}".format for name in left},
    )
    apply = "" if made["best"] == BASELINE else " --apply prints the settings."
    said = f"{seen(frame)} {made['state']}"
    return f"{said}\n\n{_stripped(lines)}\n\n{made['verdict']}{apply}\n{_account(made)}"


def seen(frame: pd.DataFrame) -> str:
    """The symptom, and where the fixes come from."""
    made = frame.attrs
    of = f" ({percent(made['agree'])} of {made['seeds']} orders)" if made["seeds"] > 1 else ""
    name = made["problem"].rsplit(" ", 1)[0]
    return f"{made['optimizer']} on {name}: the curve reads “{made['symptom']}”{of}."


def applied(frame: pd.DataFrame, source: dict[str, Any]) -> str:
    """The settings of the best fix: lines of Python, and a file for ``simopt sweep``.

    ``source`` is what `simopt.problems.read_table` was called with: path, target and the rest.
    """
    made, best = frame.attrs, frame.attrs["best"]
    head = f"# {seen(frame)}\n# {made['state']}\n# {made['verdict']}"
    if best == STANDARDISE:
        source = {**source, "standardize": True}
    if best == WITHOUT:
        rows = ", ".join(str(row + 1) for row in made["left_out"])
        head += f"\n# Leave out the rows {rows} (counted from 1, below the heading)."
    given = ", ".join(f"{name}={value!r}" for name, value in source.items())
    problem = {"file": source["path"], **{k: v for k, v in source.items() if k != "path"}}
    return "\n".join(
        [
            head,
            f"problem = simopt.problems.read_table({given})",
            made["code"][best],
            "\n# or, for simopt sweep:",
            section("[problem]", problem),
            f"\n{made['toml'][best]}",
        ]
    )


def _account(made: dict[Any, Any]) -> str:
    return (
        f"{made['trajectories']:,} trajectories, {made['updates']:,} updates in "
        f"{made['seconds']:.2f} s"
    )


def _stripped(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines())
