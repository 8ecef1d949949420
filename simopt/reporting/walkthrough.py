"""The walkthrough: the problem, the rules, every update worked out, and a hundred epochs of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import altair
import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from simopt.document.quantities import ETA
from simopt.reporting import charts, style, tables, traces
from simopt.reporting.pages import Context
from simopt.reporting.tables import Column, badge
from simopt.reporting.words import count, fixed, listing, number, percent, spans, symbol
from simopt.rules import OPTIMIZERS
from simopt.rules.rule import ALLOWED
from simopt.trajectory import run
from simopt.walkthrough import Step, worked_steps

#: Parent, child, what the child adds. Read off the formulas: a child has its parent's terms.
TREE = (
    ("SGD", "Momentum", "velocity"),
    ("Momentum", "Nesterov", "steps one\nvelocity ahead"),
    ("SGD", "AdaGrad", "divides by the root\nof summed squares"),
    ("AdaGrad", "RMSprop", "the sum becomes\na fading mean"),
    ("Momentum", "Adam", "a fading mean\nof gradients"),
    ("RMSprop", "Adam", "the mean of squares,\nboth bias-corrected"),
    ("Adam", "AdamW", "weight decay outside the gradient"),
)

#: Where each stands in the figure, its size, and where the words of its branches stand [px].
PLACES = {
    "SGD": (230, 322),
    "Momentum": (130, 226),
    "AdaGrad": (330, 226),
    "Nesterov": (62, 126),
    "RMSprop": (330, 126),
    "Adam": (210, 30),
    "AdamW": (402, 30),
}
BOX = (88, 40)
WORDS = {
    ("SGD", "Momentum"): (163, 279, "right"),
    ("SGD", "AdaGrad"): (299, 279, "left"),
    ("Momentum", "Nesterov"): (80, 178, "right"),
    ("AdaGrad", "RMSprop"): (338, 177, "left"),
    ("Momentum", "Adam"): (166, 160, "left"),
    ("RMSprop", "Adam"): (292, 75, "left"),
    ("Adam", "AdamW"): (305, -8, "center"),
}

#: Epochs whose weights are drawn on a linear axis, and its range: beyond it is off the figure.
NEAR_EPOCHS, NEAR = 12, (2.5, 8.0)

#: What counts as there, in that figure.
CLOSE = 0.05


@dataclass(frozen=True)
class Parameter:
    """A row of the parameter table."""

    name: str
    kind: str
    of: tuple[str, ...]
    is_what: str
    when: str


HYPER = "hyperparameter"
STATE = "state"

PARAMETERS = (
    Parameter("eta", HYPER, (), "learning rate: the length of a step",
              "first and always: lower if the loss swings or grows, higher if it creeps"),
    Parameter("beta", HYPER, (), "momentum: the share of the velocity kept",
              "lower if the weight swings past the optimum or the loss grows"),
    Parameter("rho", HYPER, (), "decay of the mean square",
              "higher if the effective rate jumps about; seldom needed"),
    Parameter("beta1", HYPER, (), "decay of the mean gradient",
              "lower if gradients turn quickly; seldom needed"),
    Parameter("beta2", HYPER, (), "decay of the mean square",
              "lower for short runs or gradients whose size changes quickly"),
    Parameter("epsilon", HYPER, (), "keeps the root from 0",
              "only if gradients come near its root, and then it caps the step"),
    Parameter("weight_decay", HYPER, (), "pull of the weight towards 0",
              "higher against overfitting; 0 to reach the minimum of the loss"),
    Parameter("v", STATE, ("Momentum", "Nesterov"), "velocity: fading sum of gradients", ""),
    Parameter("G", STATE, ("AdaGrad",), "sum of squared gradients: only grows", ""),
    Parameter("Eg2", STATE, ("RMSprop",), "fading mean of squared gradients", ""),
    Parameter("m", STATE, ("Adam", "AdamW"), "fading mean of gradients", ""),
    Parameter("v", STATE, ("Adam", "AdamW"), "fading mean of squared gradients", ""),
    Parameter("t", STATE, ("Adam", "AdamW"), "updates so far, for the bias correction", ""),
)  # fmt: skip


def page(context: Context) -> dict[str, Any]:
    """The values of the walkthrough's template."""
    _, spent = traces.walk()
    distances = traces.by_epoch()
    changed = traces.changes(distances)
    board = scoreboard(context.audit)
    context.say("worked cells")
    points = cells(context.audit)
    context.say("figures")
    return {
        "problem": problem_table(),
        "eta": ETA,
        "start": float(traces.problem().w0[0]),
        "best": traces.target(),
        "parameters": parameter_table(),
        "tree": tree_figure(),
        "points": points,
        "verdicts": verdict_table(context.audit),
        "verdict_sentence": verdict_sentence(context.audit),
        "board": board_table(board),
        "by_update": update_figure(),
        "by_epoch": epoch_figure(),
        "ranks": rank_figure(distances, changed),
        "closer": closer_chart(distances),
        "changes": change_table(changed),
        "fates": fates(distances),
        "epochs": len(distances),
        "computed": [spent],
        "findings": findings(board, distances, changed),
    }


def problem_table() -> Markup:
    """The points, and what each demands at the start."""
    problem = traces.problem()
    frame = pd.DataFrame({"point": range(1, problem.n + 1), "x": problem.x[:, 0], "y": problem.y})
    frame["error"] = frame["x"] * problem.w0[0] - frame["y"]
    frame["gradient"] = [problem.gradient(problem.w0, [i])[0] for i in range(problem.n)]
    frame["curvature"] = 2 * frame["x"] ** 2
    labels = {
        "point": "point",
        "x": "x",
        "y": "y",
        "error": "error at the start",
        "gradient": "gradient at the start",
        "curvature": "curvature 2x²",
    }
    return tables.table(frame, labels, caption="The four points")


def parameter_table() -> Markup:
    """Symbol, type, whose, default, allowed, what it is, when to change it."""
    rules = [make().rule for make in OPTIMIZERS.values()]
    rows = []
    for each in PARAMETERS:
        of = each.of or tuple(r.name for r in rules if each.name in r.hyperparameters)
        default, allowed = "starts at 0", "–"
        if each.kind == HYPER:
            default = listing({number(r.defaults[each.name]) for r in rules if r.name in of}, "or")
            allowed = range_of(each.name)
        everyone = len(of) == len(rules)
        rows.append(
            {
                "symbol": symbol(each.name),
                "what": each.is_what,
                "type": each.kind,
                "of": "all" if everyone else listing(of),
                "default": default,
                "allowed": allowed,
                "when": each.when or "–",
            }
        )
    return tables.table(
        pd.DataFrame(rows),
        {
            "symbol": "symbol",
            "type": Column("type", short=True),
            "what": Column("what it is", prose=True),
            "of": "of",
            "default": Column("default", short=True),
            "allowed": Column("allowed", short=True),
            "when": Column("change it", prose=True),
        },
        caption="Parameters and state",
    )


def range_of(name: str) -> str:
    """What a hyperparameter may be, as mathematics writes it."""
    allowed = ALLOWED[name]
    if allowed.high == math.inf:
        return f"{'>' if allowed.low_open else '≥'} {number(allowed.low)}"
    left, right = "(" if allowed.low_open else "[", ")" if allowed.high_open else "]"
    return f"{left}{number(allowed.low)}, {number(allowed.high)}{right}"


def state_of(name: str) -> str:
    """The state that a rule keeps, in the field's symbols."""
    rule = OPTIMIZERS[name]().rule
    kept = [symbol(each) for each in rule.state] + (["t"] if rule.clock else [])
    return ", ".join(kept) or "no state"


def tree_figure() -> Markup:
    """The family tree, its branches as the formulas have them."""
    figure, axes = style.new(height=363)
    axes.set(xlim=(0, style.WIDTH), ylim=(-18, 345))
    axes.axis("off")
    for parent, child, adds in TREE:
        _branch(axes, parent, child, adds)
    for name, (x, y) in PLACES.items():
        width, height = BOX
        corner = (x - width / 2, y - height / 2)
        shape = FancyBboxPatch(
            corner, width, height, boxstyle="round,pad=0,rounding_size=5",
            facecolor=style.PAPER, edgecolor=style.look(name).color, linewidth=1.8,
        )  # fmt: skip
        axes.add_patch(shape)
        axes.text(x, y + 8, name, ha="center", va="center", fontweight="bold")
        axes.text(x, y - 9, state_of(name), ha="center", va="center", fontsize=9, color=style.MUTED)
    alt = "; ".join(f"{child} from {parent}: {adds}" for parent, child, adds in TREE)
    return style.captioned(
        style.svg(figure, title="Family tree of the rules", alt=alt.replace("\n", " ") + "."),
        title="Who descends from whom, and the state each keeps",
        see=tree_sentence(),
    )


def _branch(axes: Axes, parent: str, child: str, adds: str) -> None:
    start, end = (_rim(PLACES[a], PLACES[b]) for a, b in ((parent, child), (child, parent)))
    arrow = {"arrowstyle": "-|>", "color": style.MUTED, "shrinkA": 0, "shrinkB": 1}
    axes.annotate("", xy=end, xytext=start, arrowprops=arrow)
    x, y, side = WORDS[parent, child]
    axes.text(x, y, adds, ha=side, va="center", fontsize=9.5)


def _rim(box: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """Where the line from a box's middle to another's leaves the box."""
    dx, dy = other[0] - box[0], other[1] - box[1]
    along = min(BOX[0] / 2 / abs(dx) if dx else math.inf, BOX[1] / 2 / abs(dy) if dy else math.inf)
    return box[0] + along * dx, box[1] + along * dy


def reductions() -> pd.DataFrame:
    """Children with what they add switched off, against their parents: greatest difference in w."""
    cases = (
        ("Momentum", {"beta": 0.0}, "SGD"),
        ("Nesterov", {"beta": 0.0}, "SGD"),
        ("AdamW", {"weight_decay": 0.0}, "Adam"),
    )
    rows = []
    for child, off, parent in cases:
        a = run(traces.problem(), OPTIMIZERS[child](eta=ETA, **off), epochs=10).steps["w"]
        b = run(traces.problem(), OPTIMIZERS[parent](eta=ETA), epochs=10).steps["w"]
        (name,) = off
        rows.append(
            {"child": child, "off": f"{symbol(name)} = 0", "parent": parent,
             "difference": float((a - b).abs().max())}
        )  # fmt: skip
    return pd.DataFrame(rows)


def tree_sentence() -> str:
    """What the tree shows, with the check of its branches."""
    checked = reductions()
    same = [f"{r.child} with {r.off} is {r.parent}" for r in checked.itertuples()]
    worst = checked["difference"].max()
    how = "to the last bit" if worst == 0 else f"to {number(worst, 1)}"
    without = [name for name in ("AdaGrad", "RMSprop") if "v" not in OPTIMIZERS[name]().rule.state]
    branch = f"{listing(without)} keep no velocity, so they descend from SGD, not from Momentum; "
    return (branch if without else "") + (
        f"only Adam and its kin keep both kinds of state. Over ten epochs, {listing(same)}, {how}."
    )


def cells(audit: pd.DataFrame) -> list[dict[str, Any]]:
    """Point by point, every rule's update worked out, with what the document printed of it."""
    written = {
        name: worked_steps(traces.problem(), make(eta=ETA)) for name, make in OPTIMIZERS.items()
    }
    judged = audit[(audit["section"] == "walkthrough") & (audit["batch_size"] == 1)]
    result = []
    for i in range(traces.problem().n):
        first = next(iter(written.values()))[i].points[0]
        methods = []
        for name, steps in written.items():
            mine = judged[(judged["method"] == name) & (judged["step"] == i + 1)]
            methods.append(cell(name, steps[i], mine))
        result.append({"number": i + 1, "x": first.x, "y": first.y, "methods": methods})
    return result


def cell(name: str, step: Step, judged: pd.DataFrame) -> dict[str, Any]:
    """One worked cell: its calculations, its weight, and the verdicts on what is printed of it."""
    lines = [line for point in step.points for line in point.lines] + list(step.lines)
    tally = judged["verdict"].value_counts()
    worst = next((kind for kind in ("wrong", "rounding", "exact") if kind in tally), None)
    bad = judged[judged["verdict"] != "exact"]
    return {
        "name": name,
        "lines": lines,
        "w": lines[-1].result,
        "worst": worst,
        "badge": verdict_badge(tally, worst),
        "printed": len(judged),
        "exact": int(tally.get("exact", 0)),
        "bad": bad.assign(exact=bad["exact"].map(lambda x: number(x, 6))).to_dict("records"),
    }


def verdict_badge(tally: pd.Series, worst: str | None) -> Markup:
    """The worst verdict on a cell, with how often."""
    if worst is None:
        return badge("not in the document", "none")
    if worst == "exact":
        return badge("all exact", "exact")
    return badge(f"{tally[worst]} {worst}", worst)


def verdict_table(audit: pd.DataFrame) -> Markup:
    """How many printed results of the walk are exact, by method."""
    judged = audit[(audit["section"] == "walkthrough") & (audit["batch_size"] == 1)]
    counts = pd.crosstab(judged["method"], judged["verdict"])
    counts = counts.reindex([name for name in OPTIMIZERS if name in counts.index])
    counts = counts.reindex(columns=["exact", "rounding", "wrong"], fill_value=0)
    counts.insert(0, "printed", counts.sum(axis=1))
    frame = counts.reset_index()
    labels: dict[str, Column | str] = {
        "method": "method",
        "printed": "printed results",
        "exact": "exact",
        "rounding": "carry rounding",
        "wrong": "wrong",
    }
    return tables.table(frame, labels, caption="Printed results of the worked cells, by verdict")


def verdict_sentence(audit: pd.DataFrame) -> str:
    """Which methods the rounding hit, in words."""
    judged = audit[(audit["section"] == "walkthrough") & (audit["batch_size"] == 1)]
    share = judged.groupby("method")["verdict"].apply(lambda v: float((v != "exact").mean()))
    clean = [name for name in OPTIMIZERS if name in share and share[name] == 0]
    worst = str(share.idxmax())
    text = f"Of {count(len(judged), 'printed result')} in the worked cells "
    text += f"{percent(float((judged['verdict'] == 'exact').mean()))} are exact"
    if clean:
        text += f"; {listing(clean)} {'has' if len(clean) == 1 else 'have'} no other"
    if share[worst] > 0:
        text += f"; {worst} has the most that are not, {percent(share[worst])}"
    return text + "."


def behaviour(steps: pd.DataFrame, start: float, best: float) -> str:
    """What a rule did in its first epoch, in words drawn from its weights.

    Examples
    --------
    >>> import pandas as pd
    >>> behaviour(pd.DataFrame({"w": [3.1, 3.2]}), start=3.0, best=5.0)
    'comes from below, 10 % of the way'
    """
    w = [float(value) for value in steps["w"]]
    crossed = traces.crossings(w, start, best)
    side = "below" if w[-1] < best else "above"
    if not crossed:
        covered = 1 - abs(w[-1] - best) / abs(start - best)
        return f"comes from {side}, {percent(covered)} of the way"
    peak = max(w, key=lambda value: (value - best) * math.copysign(1, best - start))
    text = f"passes {number(best)} at {'update' if len(crossed) == 1 else 'updates'} "
    text += f"{listing(crossed)}, as far as {number(peak)}; ends {side}"
    if "v" in steps and "m" not in steps.dropna(axis=1, how="all"):
        v = steps["v"].dropna()
        if len(v) and (w[-1] - best) * float(v.iloc[-1]) < 0:
            return text + ", its velocity carrying it further away"
        if len(v):
            return text + ", its velocity carrying it back"
    return text


def scoreboard(audit: pd.DataFrame) -> pd.DataFrame:
    """Where each rule stands after one epoch: weight, distance, rank, state, behaviour, printed."""
    start, best = float(traces.problem().w0[0]), traces.target()
    rows = []
    for name in OPTIMIZERS:
        steps = traces.first_epoch(name).dropna(axis=1, how="all")
        last = steps.iloc[-1]
        rule = OPTIMIZERS[name]().rule
        kept = [*rule.state, *(["t"] if rule.clock else [])]
        told = audit[
            (audit["section"] == "scoreboard")
            & (audit["method"] == name)
            & (audit["quantity"] == "weight after the step")
        ]
        rows.append(
            {
                "optimizer": name,
                "w": float(last["w"]),
                "distance": float(last["distance"]),
                "printed": told["printed"].iloc[0] if len(told) else "–",
                "verdict": told["verdict"].iloc[0] if len(told) else "",
                "state": ", ".join(f"{symbol(k)} = {number(last[k])}" for k in kept) or "none",
                "behaviour": behaviour(steps, start, best),
            }
        )
    frame = pd.DataFrame(rows)
    frame.insert(0, "rank", frame["distance"].rank(method="min").astype(int))
    return frame.sort_values("rank", kind="stable").reset_index(drop=True)


def by_line(items: object) -> Markup:
    """A cell with a line for each item of a list."""
    return Markup("<br>").join(str(items).split(", "))


def board_table(board: pd.DataFrame) -> Markup:
    """The scoreboard as a table."""
    return tables.table(
        board,
        {
            "rank": "rank",
            "optimizer": "rule",
            "w": Column("w", fixed),
            "distance": Column("distance from 5", fixed),
            "printed": Column("printed w", short=True),
            "verdict": Column("verdict", lambda v: badge(str(v)) if v else "–"),
            "state": Column("state", by_line, short=True),
            "behaviour": Column("what it did", prose=True),
        },
        caption="After one epoch, nearest first",
        head=2,
    )


def update_figure() -> Markup:
    """The weight after each update of the first epoch."""
    figure, axes = style.new()
    start, best = float(traces.problem().w0[0]), traces.target()
    axes.axhline(best, color=style.MUTED, linewidth=1)
    low = high = start
    for name in OPTIMIZERS:
        w = [start, *traces.first_epoch(name)["w"]]
        axes.plot(range(len(w)), w, **style.line(name))
        low, high = min(low, *w), max(high, *w)
    style.ticks(axes.xaxis, range(traces.problem().n + 1))
    axes.set(xlabel="update", ylabel="weight w")
    axes.annotate("optimum", (traces.problem().n, best), xytext=(0, 3), ha="right", va="bottom",
                  textcoords="offset points", color=style.MUTED, fontsize=9.5)  # fmt: skip
    style.legend(figure, axes)
    ends = {name: float(traces.first_epoch(name)["w"].iloc[-1]) for name in OPTIMIZERS}
    crossed = [
        name
        for name in OPTIMIZERS
        if traces.crossings(list(traces.first_epoch(name)["w"]), start, best)
    ]
    first = {name: abs(float(traces.first_epoch(name)["w"].iloc[0]) - start) for name in OPTIMIZERS}
    small = [name for name, step in first.items() if step <= 1.05 * ETA]
    see = (
        f"{listing(crossed)} {'passes' if len(crossed) == 1 else 'pass'} the optimum"
        if crossed
        else ("No rule passes the optimum")
    )
    if len(small) > 1:
        see += (
            f"; {listing(small)} set out with steps of about η = {number(ETA)}, whatever the "
            "gradient, and four such steps can't cover the way"
        )
    alt = "After the first epoch: " + ", ".join(f"{n} at {fixed(w)}" for n, w in ends.items()) + "."
    return style.captioned(
        style.svg(figure, title="Weight by update, first epoch", alt=alt),
        title="The weight, update by update",
        see=see + ".",
    )


def epoch_figure() -> Markup:
    """The weight at the end of the first epochs, near the optimum."""
    weights = traces.by_epoch("w").head(NEAR_EPOCHS)
    figure, axes = style.new()
    axes.axhline(traces.target(), color=style.MUTED, linewidth=1)
    outside = (weights < NEAR[0]) | (weights > NEAR[1])
    gone = {
        name: 1 + int(outside[name].to_numpy().argmax())
        for name in map(str, weights)
        if outside[name].any()
    }
    for name in weights:
        w = weights[name].loc[: gone.get(str(name), NEAR_EPOCHS)]
        axes.plot(w.index, w, **style.line(str(name)))
    axes.set(xlabel="epoch", ylabel="weight w at its end", ylim=NEAR)
    style.ticks(axes.xaxis, range(1, NEAR_EPOCHS + 1))
    style.legend(figure, axes)
    wider = [n for n in gone if outside[n].iloc[-1]]
    close = [str(n) for n in weights if abs(weights[n].iloc[-1] - traces.target()) < CLOSE]
    parts = [f"{name} leaves the frame at epoch {epoch}" for name, epoch in gone.items()]
    see = f"After {NEAR_EPOCHS} epochs {listing(close) or 'no rule'} "
    see += f"{'stands' if len(close) < 2 else 'stand'} within {number(CLOSE)} of the optimum"
    if parts:
        see += f"; {listing(parts)}"
    if wider:
        see += (
            f", and {listing(wider)} {'is' if len(wider) == 1 else 'are'} still outside at the end"
        )
    return style.captioned(
        style.svg(figure, title="Weight by epoch", alt=see + "."),
        title="The weight, epoch by epoch",
        see=see + ".",
    )


def rank_figure(distances: pd.DataFrame, changed: pd.DataFrame) -> Markup:
    """Places by epoch: a bump chart, its epochs on a log axis, because most changes are early."""
    places = distances.rank(axis=1, method="first").astype(int)
    figure, axes = style.new(height=300)
    marked = sorted({1, *changed["epoch"], len(places)})
    for name in places:
        axes.plot(
            places.index, places[name],
            **style.line(str(name), markevery=[epoch - 1 for epoch in marked], drawstyle="default"),
        )  # fmt: skip
        axes.annotate(str(name), (len(places), places[name].iloc[-1]), xytext=(8, 0), va="center",
                      textcoords="offset points", fontsize=10)  # fmt: skip
    style.log_axis(axes.xaxis)
    style.ticks(axes.xaxis, [1, 2, 3, 5, 10, 20, 30, 50, len(places)])
    style.ticks(axes.yaxis, range(1, places.shape[1] + 1))
    axes.set(xlabel="epoch", ylabel="place, 1 = nearest to 5", xlim=(0.95, len(places) * 1.9))
    axes.invert_yaxis()
    axes.grid(axis="x", visible=False)
    ordered = traces.orders(distances)
    first, last = ordered.iloc[0], ordered.iloc[-1]
    fallen = max(first, key=lambda name: last.index(name) - first.index(name))
    see = (
        f"The order changes at epochs {spans(list(changed['epoch']))}; {fallen}, place "
        f"{first.index(fallen) + 1} after one epoch, ends at place {last.index(fallen) + 1}"
        if len(changed)
        else "The order never changes"
    )
    return style.captioned(
        style.svg(figure, title="Place of each rule by epoch", alt=see + "."),
        title="Who is nearest, epoch by epoch",
        see=see + ".",
    )


def closer_chart(distances: pd.DataFrame) -> Markup:
    """Distances by epoch to be looked at closely: point at an epoch, click a name."""
    names = [str(name) for name in distances]
    long = [
        {"epoch": epoch, "optimizer": name, "distance": float(f"{max(d, traces.FLOOR):.4g}")}
        for name in names
        for epoch, d in enumerate(distances[name].tolist(), start=1)
    ]
    wide = [
        {"epoch": epoch, **{name: float(distances[name].iloc[epoch - 1]) for name in names}}
        for epoch in range(1, len(distances) + 1)
    ]
    epoch = altair.X(
        "epoch:Q", title="epoch", scale=altair.Scale(domain=[1, len(distances)], nice=False)
    )
    picked = altair.selection_point(fields=["optimizer"], bind="legend")
    hovered = altair.selection_point(
        fields=["epoch"], nearest=True, on="pointerover", clear="pointerout", empty=False
    )
    lines = (
        altair.Chart(altair.InlineData(values=long))
        .mark_line(strokeWidth=2)
        .encode(
            x=epoch,
            y=altair.Y(
                "distance:Q",
                title="distance |w − 5|",
                scale=altair.Scale(type="log"),
                axis=altair.Axis(format=".0e", tickCount=8),
            ),
            opacity=altair.condition(picked, altair.value(1), altair.value(0.12)),
            **charts.by_optimizer(names),
        )
        .add_params(picked)
    )
    rule = (
        altair.Chart(altair.InlineData(values=wide))
        .mark_rule(strokeWidth=1)
        .encode(
            x=epoch,
            opacity=altair.condition(hovered, altair.value(0.8), altair.value(0)),
            tooltip=[altair.Tooltip("epoch:Q", title="epoch")]
            + [altair.Tooltip(f"{name}:Q", title=name, format=".3~g") for name in names],
        )
        .add_params(hovered)
    )
    see = closer_sentence(distances)
    return style.captioned(
        charts.interactive(
            altair.layer(lines, rule), title="Distance by epoch, closer", alt=see + "."
        ),
        title="How near, and at which epoch",
        see=see + " Point at an epoch for all distances; click a name to see it alone.",
    )


def closer_sentence(distances: pd.DataFrame) -> str:
    """Who is nearest in the end, and who has run away."""
    first, last = distances.iloc[0], distances.iloc[-1]
    nearest = str(last.idxmin())
    text = f"After {len(distances)} epochs {nearest} is nearest"
    if last[nearest] < 1e-12:
        text += ", as near as float64 can tell"
    away = [name for name in map(str, distances) if last[name] > first[name]]
    if away:
        text += f"; {listing(away)} {'has' if len(away) == 1 else 'have'} run away"
    return text + "."


def fates(distances: pd.DataFrame) -> list[dict[str, str]]:
    """What becomes of each rule: arrived, thrown back, creeping on, or running away; and why."""
    told = []
    for name in map(str, distances):
        d = distances[name]
        last, best, at = d.iloc[-1], d.min(), 1 + int(d.argmin())
        if last > d.iloc[0]:
            text = (
                f"an epoch multiplies its distance by {number(last / d.iloc[-2], 3)}: with one "
                f"point at a time, η = {number(ETA)} is too large for this much momentum."
            )
        elif last < 1e-12:
            text = (
                f"arrives, as near as float64 can tell, at epoch {1 + int((d < 1e-12).argmax())}."
            )
        elif best < 1e-3 * last:
            text = (
                f"comes within {number(best, 1)} at epoch {at} and is thrown back, to "
                f"{number(last, 2)}: it divides by the size of its own fading gradients, so its "
                "steps don't fade with them."
            )
        elif last > 0.5 * d.iloc[-21]:
            text = f"is {number(last, 2)} away"
            text += " and hardly comes nearer" if last > 0.8 * d.iloc[-21] else " and creeps on"
            decay = OPTIMIZERS[name]().rule.defaults.get("weight_decay", 0)
            text += ": its weight decay pulls towards 0." if decay else "."
        else:
            text = f"is {number(last, 2)} away and comes nearer, swinging less and less."
        told.append({"name": name, "text": text})
    return told


def change_table(changed: pd.DataFrame) -> Markup:
    """Every change of the order."""
    shown = changed.assign(order=changed["order"].map(" · ".join))
    return tables.table(
        shown,
        {
            "epoch": "epoch",
            "what": Column("what happens", prose=True),
            "order": Column("from nearest to farthest", prose=True),
        },
        caption="Epochs at which the order changes",
    )


def findings(board: pd.DataFrame, distances: pd.DataFrame, changed: pd.DataFrame) -> list[str]:
    """For the overview."""
    after = traces.orders(distances)
    return [
        f"{board['optimizer'].iloc[0]} leads after one epoch, {after.iloc[-1][0]} after "
        f"{len(distances)}; the order changes {count(len(changed), 'time')} in between."
    ]
