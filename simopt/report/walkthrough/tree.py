"""The family tree of the rules, and the check of its branches."""

from __future__ import annotations

import math

import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from simopt.display import states, style
from simopt.document.quantities import ETA
from simopt.ground.formatting import listing, number, symbol
from simopt.report import traces
from simopt.rules import OPTIMIZERS
from simopt.training.run import run

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

#: Where the middle of each box stands in the figure [px].
PLACES = {
    "SGD": (230, 322),
    "Momentum": (130, 226),
    "AdaGrad": (322, 226),
    "Nesterov": (66, 126),
    "RMSprop": (322, 126),
    "Adam": (210, 30),
    "AdamW": (398, 30),
}

#: Width and height of a box [px].
BOX = (100, 42)

#: Where the words of each branch stand [px], and which side of them is there.
WORDS = {
    ("SGD", "Momentum"): (163, 279, "right"),
    ("SGD", "AdaGrad"): (288, 279, "left"),
    ("Momentum", "Nesterov"): (84, 178, "right"),
    ("AdaGrad", "RMSprop"): (330, 177, "left"),
    ("Momentum", "Adam"): (166, 160, "left"),
    ("RMSprop", "Adam"): (284, 75, "left"),
    ("Adam", "AdamW"): (305, -8, "center"),
}


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
        axes.text(
            x, y - 9, state_of(name), ha="center", va="center", fontsize=11.5, color=style.MUTED
        )
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
    axes.text(x, y, adds, ha=side, va="center", fontsize=11.5)


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


def state_of(name: str) -> str:
    """The state that a rule keeps, in the field's symbols."""
    return ", ".join(symbol(each) for each in states.carried(name)) or "no state"


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
