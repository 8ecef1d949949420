"""What a deviation does to the conclusions, by the printed number from which it starts."""

from __future__ import annotations

from collections.abc import Callable

from simopt import problems
from simopt.document import formulas, quantities
from simopt.document.printed import Printed, printed_in, rows
from simopt.document.source import cited


def _final_weight(method: str, batch_size: int) -> Printed:
    """The weight that the document prints at the end of an epoch."""
    return [
        row
        for row in rows()
        if (row.method, row.batch_size, row.quantity) == (method, batch_size, formulas.NEW_W)
        and row.role == "computed"
    ][-1]


def _scoreboard_stays() -> str:
    """Whether the order of the scoreboard is that of the exact distances."""
    board = [r for r in rows() if r.quantity == "|w - 5|"]
    printed = [r.method for r in sorted(board, key=lambda r: r.number)]
    exact = [r.method for r in sorted(board, key=quantities.exact)]
    same = "stays" if printed == exact else f"should be {', '.join(exact)}"
    return f"the order of the scoreboard {same}"


def _carried_to_the_end(row: Printed) -> str:
    assert row.batch_size is not None
    final = _final_weight(row.method, row.batch_size)
    exact = quantities.exact(final)
    off = abs(final.number / exact - 1)
    weight = (
        f"{row.method}'s weight after the epoch, {final.printed}, still rounds rightly"
        if final.shows(exact)
        else f"{row.method}'s weight after the epoch is printed as {final.printed}, exactly "
        f"{exact:.6g} (off by {off:.2%}, with all that comes later)"
    )
    return f"{weight}; {_scoreboard_stays()}"


def _rmsprop_point_2(row: Printed) -> str:
    mean = float(printed_in("walk, point 2, RMSprop", "E[g^2]").printed)
    right = float(row.rounded(quantities.exact(row)))
    ends = [_rmsprop_from(w, mean, start=2) for w in (row.number, right)]
    return (
        f"continued without further rounding the slip moves RMSprop's last weight from "
        f"{ends[1]:.4f} to {ends[0]:.4f}; exactly it is "
        f"{quantities.of_cell('RMSprop', 1, 4, formulas.NEW_W):.4f}, printed "
        f"{_final_weight('RMSprop', 1).printed}; {_scoreboard_stays()}"
    )


def _rmsprop_from(w: float, mean: float, start: int) -> float:
    """RMSprop's weight at the end of the epoch, from a weight and state before point ``start``."""
    problem, method = problems.four_points(), quantities.optimizer("RMSprop")
    eta, *hyper = quantities.settings("RMSprop").values()
    for i in range(start, problem.n):
        w, mean = method.rule.update(w, float(problem.gradient(w, [i])[0]), eta, mean, *hyper)
    return w


def _adagrad_point_4(row: Printed) -> str:
    moved = quantities.of_cell("AdaGrad", 1, 4, formulas.CHANGE)
    remark = printed_in("walk, point 4, AdaGrad", formulas.CHANGE)
    distance = printed_in("scoreboard", "|w - 5|", "AdaGrad")
    return (
        f"AdaGrad's last step looks {remark.number / moved - 1:.0%} longer than it is (the remark "
        f"below says {remark.printed}, line {remark.line}; exactly {moved:.4g}); its distance from "
        f"5 becomes {distance.printed} in place of {quantities.exact(distance):.3f}; "
        f"{_scoreboard_stays()}"
    )


def _one_digit_corrections(row: Printed) -> str:
    used = [printed_in(f"walk, point {point}, Adam", "1-beta2^t") for point in (2, 3, 4)]
    used.append(printed_in("Adam at batch size 2", "1-beta2^t"))
    excesses = ", ".join(
        f"{each.number / quantities.exact(each) - 1:.2%} in {cited([(each.place, each.line)])}"
        for each in used
    )
    return (
        f"1 - beta2^t is rounded to one digit before it divides, every time: too large by "
        f"{excesses}, more with every t; with v rounded too, v_hat is off by "
        f"{row.number / quantities.exact(row) - 1:.2%} here, the weight by half of that share of a "
        f"step, and its printed digits stay; {_scoreboard_stays()}"
    )


def _full_batch(row: Printed) -> str:
    cell = ("SGD", 4, 1)
    mean, new = (quantities.of_cell(*cell, name) for name in (formulas.GRADIENT, formulas.NEW_W))
    total, squared, ratio = (
        printed_in("averaging before squaring", name)
        for name in (
            "sum of the 4 squared gradients at w=3",
            "squared mean of the 4 gradients at w=3",
            "sumsq4/sqmean4",
        )
    )
    sizes = (1, 2, 4)
    printed = sorted(sizes, key=lambda size: abs(_final_weight("SGD", size).number - 5))
    exact = sorted(sizes, key=lambda size: abs(quantities.exact(_final_weight("SGD", size)) - 5))
    return (
        f"the full-batch gradient is {mean:g}, not "
        f"{printed_in('full batch', formulas.GRADIENT).printed}, and w = {new:g}, not "
        f"{printed_in('full batch', formulas.NEW_W).printed}; the sum of squares "
        f"{quantities.exact(total):g}, not {total.printed}, the squared mean "
        f"{quantities.exact(squared):.7g}, not {squared.printed}, their ratio "
        f"{quantities.exact(ratio):.1f}, not {ratio.printed}; the order of the batch sizes after "
        f"an epoch {'stays' if printed == exact else 'changes'}"
    )


def _adagrad_in_batches(row: Printed) -> str:
    cell = ("AdaGrad", 2, 2)
    one, two = (quantities.of_cell(*c, "G") for c in (("AdaGrad", 1, 4), cell))
    part = "AdaGrad at batch size 2"
    printed_one, printed_two = printed_in("walk, point 4, AdaGrad", "G"), printed_in(part, "G")
    return (
        f"G is {two:.1f}, not {printed_two.printed}, the rate "
        f"{quantities.of_cell(*cell, formulas.RATE):.4f}, not "
        f"{printed_in(part, formulas.RATE).printed}, and w = "
        f"{quantities.of_cell(*cell, formulas.NEW_W):.3f}, not "
        f"{printed_in(part, formulas.NEW_W).printed}; that G stays smaller than at batch size 1 "
        f"holds, but by a factor of {one / two:.1f}, not "
        f"{printed_one.number / printed_two.number:.1f}"
    )


def _adam_in_batches(row: Printed) -> str:
    cell, part = ("Adam", 2, 2), "Adam at batch size 2"
    moments = ", ".join(
        f"{name} {quantities.of_cell(*cell, name):.4g} (printed {printed_in(part, name).printed})"
        for name in ("m", "v", "m_hat", "v_hat")
    )
    return (
        f"all four moments are wrong: {moments}; the step is "
        f"{quantities.of_cell(*cell, formulas.CHANGE):.4f} and w = "
        f"{quantities.of_cell(*cell, formulas.NEW_W):.4f}, so the printed "
        f"{printed_in(part, formulas.NEW_W).printed} is right to its one decimal all the same: the "
        f"ratio of the moments hardly feels the size of a gradient"
    )


#: By the ``id`` of the root; any other is followed to the end of its epoch.
CONSEQUENCES: dict[str, Callable[[Printed], str]] = {
    "n0180": _rmsprop_point_2,
    "n0336": _one_digit_corrections,
    "n0400": _adagrad_point_4,
    "n0547": _full_batch,
    "n0628": _adagrad_in_batches,
    "n0660": _adam_in_batches,
}


def consequence(root: Printed) -> str:
    """What the deviation that starts from a printed number does to the conclusions."""
    return CONSEQUENCES.get(root.id, _carried_to_the_end)(root)
