"""The errata: what is printed and not exact, why, and what follows from it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from simopt.display import axis_ticks, style, tables
from simopt.display.tables import Column, badge
from simopt.document.audit import VERDICTS
from simopt.document.source import line_numbers, source
from simopt.ground.formatting import MINUS, count, listing, number, percent, sentence
from simopt.report.claims.section import setup
from simopt.report.claims.signs import signs
from simopt.report.pages import Context

#: What each kind of root is called, the gravest first; a kind not listed comes after these.
KINDS = {
    "method error": "Errors of method",
    "wrong reason": "Right numbers, wrong reasons",
    "arithmetic slip": "Slips of arithmetic",
    "premature rounding": "Rounding too early",
}

#: What a column that counts a verdict is called.
COLUMNS = {
    "exact": "exact",
    "rounding": "carry rounding",
    "carried": "carry an error",
    "wrong": "wrong",
}

#: How each verdict is drawn.
MARKS = {
    "exact": (style.GREEN, "o"),
    "rounding": (style.ORANGE, "^"),
    "carried": (style.PURPLE, "s"),
    "wrong": (style.VERMILLION, "X"),
}

#: Deviations below this share of half a unit are drawn here: exact to the last digit of float64.
LEAST = 1e-3


def page(context: Context) -> dict[str, Any]:
    """The values of the errata's template."""
    audit, errata = context.audit, context.errata
    return {
        "counts": count_table(audit),
        "document": source().sentence,
        "summary": summary(audit, errata),
        "definitions": definitions(audit),
        "groups": groups(errata),
        "deviations": deviation_figure(audit),
        "sections": by_section(audit),
        "listed": int((audit["verdict"] != "exact").sum()),
        "findings": findings(audit, errata),
    }


def summary(audit: pd.DataFrame, errata: pd.DataFrame) -> str:
    """How much is right, and how much of what is not comes from how few roots."""
    bad = audit[audit["verdict"] != "exact"]
    text = (
        f"The document prints {len(audit)} results. {len(audit) - len(bad)} of them "
        f"({percent(1 - len(bad) / len(audit))}) are exact in every digit shown"
    )
    tally = bad["verdict"].value_counts()
    roots = int((errata["results"] > 0).sum())
    text += (
        f"; {tally.get('rounding', 0)} carry rounding along, {tally.get('carried', 0)} follow "
        f"rightly from a wrong one, and {tally.get('wrong', 0)} are wrong. "
    )
    text += f"All {len(bad)} go back to {count(roots, 'root')}; "
    rest = len(errata) - roots
    return (
        text
        + f"{count(rest, 'more statement')} {'is' if rest == 1 else 'are'} mistaken "
        + ("without a wrong number.")
    )


def definitions(audit: pd.DataFrame) -> list[dict[str, object]]:
    """The verdicts, explained, with how often each was given."""
    meaning = {
        "exact": "the exact value rounds to what is printed; a tie may go either way.",
        "rounding": "not exact, but the right formula gives it from the document's own numbers, "
        "which are rounded, or wrong in the last of their digits.",
        "carried": "right arithmetic on a number of the document's that is wrong in more than "
        "that.",
        "wrong": "neither: a slip, or the wrong numbers put in.",
    }
    tally = audit["verdict"].value_counts()
    return [
        {"badge": badge(verdict), "text": text, "count": int(tally.get(verdict, 0))}
        for verdict, text in meaning.items()
    ]


def count_table(audit: pd.DataFrame) -> Markup:
    """Verdicts by section of the document, in its order."""
    counts = pd.crosstab(audit["section"], audit["verdict"])
    counts = counts.reindex(columns=list(VERDICTS), fill_value=0)
    counts = counts.loc[list(dict.fromkeys(audit.sort_values("line")["section"]))]
    counts.insert(0, "printed", counts.sum(axis=1))
    counts.loc["all"] = counts.sum()
    return tables.table(
        counts.reset_index(),
        {
            "section": Column("section", prose=True),
            "printed": "printed results",
            **COLUMNS,
        },
        caption="Printed results by section and verdict",
        mark=lambda row: "best" if row["section"] == "all" else "",
    )


def groups(errata: pd.DataFrame) -> list[dict[str, Any]]:
    """The roots by kind, the gravest kind first, in the order of the document."""
    kinds = [*KINDS, *sorted(set(errata["kind"]) - set(KINDS))]
    result = []
    for kind in kinds:
        mine = errata[errata["kind"] == kind].sort_values("line")
        if len(mine):
            roots = mine.to_dict("records")
            for root in roots:
                for each in ("printed", "right", "why", "consequence"):
                    root[each] = typeset(str(root[each]))
                root["consequence"] = sentence(root["consequence"])
                root["where"] = f"{sentence(root['place'])} ({line_numbers(root['lines'])})"
                root["spread"] = spread(int(root["results"]))
            result.append({"kind": kind, "title": KINDS.get(kind, sentence(kind)), "roots": roots})
    return result


def typeset(text: str) -> str:
    """A sentence of the errata with signs, minus signs and spaced percent signs.

    Examples
    --------
    >>> typeset("-0.5 at eta = 0.1, 7% of (-3), sqrt(v^2)"), typeset("-14.5")
    ('−0.5 at η = 0.1, 7 % of (−3), √(v²)', '−14.5')
    """
    text = (
        re.sub(r"^-(?=\d)", MINUS, signs(text))
        .replace("sqrt(", "√(")
        .replace("<=", "≤")
        .replace("^2", "²")
    )
    return re.sub(r"(?<=\d)%", " %", text)


def spread(results: int) -> str:
    """How many printed results go back to a root."""
    if results == 0:
        return ""
    verb = "goes" if results == 1 else "go"
    return f"{sentence(count(results, 'printed result'))} {verb} back to it."


def deviations(audit: pd.DataFrame) -> pd.DataFrame:
    """Each printed result's distance from the exact one, in half units of its last digit."""
    frame = audit.assign(
        printed_number=pd.to_numeric(audit["printed"], errors="coerce"),
        decimals=audit["printed"].str.partition(".")[2].str.len(),
    ).dropna(subset=["printed_number", "exact"])
    half = 0.5 * 10.0 ** -frame["decimals"]
    frame["half_units"] = (frame["printed_number"] - frame["exact"]).abs() / half
    return frame


def deviation_figure(audit: pd.DataFrame) -> Markup:
    """How far off each printed result is, by method: a strip of marks on a log axis."""
    frame = deviations(audit)
    frame["row"] = frame["method"].where(
        frame["method"].notna() & (frame["method"] != ""), "no method"
    )
    rows = [
        m for m in ("SGD", "Momentum", "AdaGrad", "RMSprop", "Adam") if (frame["row"] == m).any()
    ]
    rows += sorted(set(frame["row"]) - set(rows))
    figure, axes = style.new(height=300)
    axes.axvline(1, color=style.MUTED, linewidth=1)
    for verdict, (color, marker) in MARKS.items():
        mine = frame[frame["verdict"] == verdict]
        # Marks are spread over the height of their row in a fixed pattern, so that few hide others.
        jitter = ((np.arange(len(mine)) * 0.618034) % 1 - 0.5) * 0.62
        axes.scatter(
            mine["half_units"].clip(lower=LEAST),
            mine["row"].map(rows.index) + jitter,
            s=26 if verdict == "wrong" else 15,
            color=color,
            marker=marker,
            edgecolor=style.PAPER,
            linewidth=0.4,
            label=f"{verdict} ({len(mine)})",
            zorder=3 if verdict == "wrong" else 2,
        )
    axis_ticks.log_axis(axes.xaxis)
    axes.set_yticks(range(len(rows)), rows)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set(
        xlabel="|printed − exact|\n[half units of the last digit printed]",
        ylabel="method",
    )
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    far = frame.sort_values("half_units").iloc[-1]
    clean = [m for m in rows if (frame.loc[frame["row"] == m, "verdict"] == "exact").all()]
    see = (
        f"Left of the line a result is exact; the farthest to the right is of {far['place']} (line "
        f"{far['line']}), {number(far['half_units'], 3)} half units off. At the left edge stand "
        f"{count(int((frame['half_units'] <= LEAST).sum()), 'result')} that are off by nothing"
    )
    methods = [m for m in clean if m != "no method"]
    if methods:
        see += f"; {listing(methods)} {'has' if len(methods) == 1 else 'have'} nothing right of it"
    return style.captioned(
        style.svg(figure, title="Deviation of each printed result", alt=see + "."),
        title="How far off each printed result is",
        see=see + ".",
    )


def by_section(audit: pd.DataFrame) -> list[dict[str, Any]]:
    """Every printed result that is not exact, by section and line."""
    bad = audit[audit["verdict"] != "exact"].sort_values("line", kind="stable")
    result = []
    for name in dict.fromkeys(bad["section"]):
        mine = bad[bad["section"] == name]
        wrong = int((mine["verdict"] == "wrong").sum())
        rows = [
            {
                "line": int(row["line"]),
                "place": sentence(str(row["place"])),
                "quantity": typeset(str(row["quantity"])),
                "printed": typeset(str(row["printed"])),
                "exact": number(row["exact"], 7),
                "badge": badge(str(row["verdict"])),
                "cause": sentence(typeset(str(row["cause"]))),
            }
            for _, row in mine.iterrows()
        ]
        result.append(
            {
                "name": str(name),
                "setup": setup(str(name)),
                "count": len(mine),
                "wrong": wrong,
                "rows": rows,
            }
        )
    return result


def findings(audit: pd.DataFrame, errata: pd.DataFrame) -> list[str]:
    """For the overview."""
    method = int((errata["kind"] == "method error").sum())
    slips = int((errata["kind"] == "arithmetic slip").sum())
    wrong = int((audit["verdict"] == "wrong").sum())
    return [
        f"{sentence(count(wrong, 'printed result'))} {'is' if wrong == 1 else 'are'} wrong; behind "
        f"them and the text stand {count(slips, 'slip')} of arithmetic and "
        f"{count(method, 'error')} of method."
    ]
