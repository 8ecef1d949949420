"""Where the document goes wrong, and what that does to the conclusions it draws.

Two sources: the audit knows the numbers from which a deviation starts, and what follows from each;
errors of method, where every number may be right and the comparison is not, are listed here, each
with the calculation that shows it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache

import numpy as np
import pandas as pd

from simopt import problems
from simopt.document import formulas, quantities
from simopt.document.auditing import judge
from simopt.document.printed import Printed, rows
from simopt.rules import OPTIMIZERS, complement, rule
from simopt.rules.adam import bias_correction
from simopt.trajectory import run

KINDS = ("arithmetic slip", "premature rounding", "method error", "wrong reason")


@dataclass(frozen=True)
class Finding:
    """One error: where, what is printed, what is right, why, and what it does.

    Attributes
    ----------
    line : int
        Where it starts.
    lines : str
        All lines where it is made.
    section : str
        The part of the document.
    kind : str
        One of ``KINDS``: a *wrong reason* is an explanation that the numbers contradict.
    printed, right : str
        What the document has, and what it should have.
    why : str
        What was done.
    consequence : str
        What it does to the conclusion drawn from it.
    results : int
        How many printed results deviate because of it.
    """

    line: int
    lines: str
    section: str
    kind: str
    printed: str
    right: str
    why: str
    consequence: str
    results: int


def errata() -> pd.DataFrame:
    """The errors of the document at their roots, by line.

    Returns
    -------
    DataFrame
        A row per error: ``line``, ``lines``, ``section``, ``kind`` ("arithmetic slip", "premature
        rounding", "method error", "wrong reason"), ``printed``, ``right``, ``why``,
        ``consequence``, and ``results``: how many printed results deviate because of it (0 where
        the numbers are right and what is made of them is not). Every number in the sentences is
        computed.

    See Also
    --------
    simopt.document.audit : Every printed result with its verdict.

    Examples
    --------
    >>> import simopt
    >>> errata = simopt.document.errata()
    >>> slips = errata[errata["kind"] == "arithmetic slip"]
    >>> slips[["line", "printed", "right", "results"]].to_numpy().tolist()
    [[424, '3.386', '3.385', 25], [620, '3.216', '3.215', 7], [913, '-2', '-1', 12]]
    """
    found = [_of_root(row) for row in roots()] + [make() for make in METHOD_ERRORS]
    found.sort(key=lambda finding: finding.line)
    return pd.DataFrame([asdict(finding) for finding in found])


@cache
def roots() -> tuple[Printed, ...]:
    """The printed results from which a deviation starts."""
    return tuple(row for row in rows() if row.role != "operand" and judge(row).roots == (row,))


def _of_root(row: Printed) -> Finding:
    judgement = judge(row)
    consequence = CONSEQUENCES.get(row.id, _carried_to_the_end)
    return Finding(
        line=row.line,
        lines=str(row.line),
        section=row.section,
        kind=judgement.kind,
        printed=row.printed,
        right=_rounded_like(row, quantities.exact(row)),
        why=judgement.cause,
        consequence=consequence(row),
        results=sum(row in judge(other).roots for other in rows() if other.role != "operand"),
    )


def _rounded_like(row: Printed, value: float) -> str:
    """A value with the decimals of a printed number, one more where it is a tie."""
    places = len(row.printed.partition(".")[2])
    tie = abs(abs(value) * 10**places % 1 - 0.5) < 1e-9
    return f"{value:.{places + tie}f}"


# ---- What a deviation does, by the number from which it starts -----------------------------------


@cache
def _printed(line: int, quantity: str) -> Printed:
    """The last place on a line where a quantity is printed as a result."""
    return [r for r in rows() if r.line == line and r.quantity == quantity and r.role != "operand"][
        -1
    ]


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


def _rmsprop_424(row: Printed) -> str:
    mean = float(_printed(427, "E[g^2]").printed)
    right = float(_rounded_like(row, quantities.exact(row)))
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


def _adagrad_620(row: Printed) -> str:
    moved = quantities.of_cell("AdaGrad", 1, 4, formulas.CHANGE)
    told = _printed(625, formulas.CHANGE)
    return (
        f"AdaGrad's last step looks {float(told.printed) / moved - 1:.0%} longer than it is (line "
        f"{told.line} says {told.printed}, exactly {moved:.4g}); its distance from 5 becomes "
        f"{_printed(682, '|w - 5|').printed} in place of "
        f"{quantities.exact(_printed(682, '|w - 5|')):.3f}; {_scoreboard_stays()}"
    )


def _one_digit_corrections(row: Printed) -> str:
    parts = []
    for line, size, step in ((451, 1, 2), (559, 1, 3), (667, 1, 4), (1083, 2, 2)):
        used = _printed(line, "1-beta2^t")
        parts.append((line, used.number / quantities.of_cell("Adam", size, step, "1-beta2^t") - 1))
    told = ", ".join(f"{off:.2%} on line {line}" for line, off in parts)
    return (
        f"1 - beta2^t is rounded to one digit before it divides, every time: too large by {told}, "
        f"more with every t; with v rounded too, v_hat is off by "
        f"{row.number / quantities.exact(row) - 1:.2%} here, the weight by half of that share of a "
        f"step, and its printed digits stay; {_scoreboard_stays()}"
    )


def _full_batch_913(row: Printed) -> str:
    cell = ("SGD", 4, 1)
    mean, new = (quantities.of_cell(*cell, name) for name in (formulas.GRADIENT, formulas.NEW_W))
    total, squared, ratio = (
        _printed(line, name)
        for line, name in (
            (997, "sum of the 4 squared gradients at w=3"),
            (1000, "squared mean of the 4 gradients at w=3"),
            (1003, "sumsq4/sqmean4"),
        )
    )
    sizes = (1, 2, 4)
    printed = sorted(sizes, key=lambda size: abs(_final_weight("SGD", size).number - 5))
    exact = sorted(sizes, key=lambda size: abs(quantities.exact(_final_weight("SGD", size)) - 5))
    return (
        f"the full-batch gradient is {mean:g}, not {_printed(914, formulas.GRADIENT).printed}, and "
        f"w = {new:g}, not {_printed(915, formulas.NEW_W).printed}; the sum of squares "
        f"{quantities.exact(total):g}, not {total.printed}, the squared mean "
        f"{quantities.exact(squared):.7g}, not {squared.printed}, their ratio "
        f"{quantities.exact(ratio):.1f}, not {ratio.printed}; the order of the batch sizes after "
        f"an epoch {'stays' if printed == exact else 'changes'}"
    )


def _adagrad_1054(row: Printed) -> str:
    cell = ("AdaGrad", 2, 2)
    one, two = (quantities.of_cell(*c, "G") for c in (("AdaGrad", 1, 4), cell))
    printed_one, printed_two = _printed(616, "G"), _printed(1055, "G")
    return (
        f"G is {two:.1f}, not {printed_two.printed}, the rate "
        f"{quantities.of_cell(*cell, formulas.RATE):.4f}, not "
        f"{_printed(1056, formulas.RATE).printed}, and w = "
        f"{quantities.of_cell(*cell, formulas.NEW_W):.3f}, not "
        f"{_printed(1057, formulas.NEW_W).printed}; that G stays smaller than at batch size 1 "
        f"holds, but by a factor of {one / two:.1f}, not "
        f"{printed_one.number / printed_two.number:.1f}"
    )


def _adam_1079(row: Printed) -> str:
    cell = ("Adam", 2, 2)
    told = ", ".join(
        f"{name} {quantities.of_cell(*cell, name):.4g} (printed {_printed(line, name).printed})"
        for line, name in ((1080, "m"), (1081, "v"), (1082, "m_hat"), (1083, "v_hat"))
    )
    return (
        f"all four moments are wrong: {told}; the step is "
        f"{quantities.of_cell(*cell, formulas.CHANGE):.4f} and w = "
        f"{quantities.of_cell(*cell, formulas.NEW_W):.4f}, so the printed "
        f"{_printed(1084, formulas.NEW_W).printed} is right to its one decimal all the same: the "
        f"ratio of the moments hardly feels the size of a gradient"
    )


CONSEQUENCES: dict[str, Callable[[Printed], str]] = {
    "n0180": _rmsprop_424,
    "n0336": _one_digit_corrections,
    "n0400": _adagrad_620,
    "n0547": _full_batch_913,
    "n0628": _adagrad_1054,
    "n0660": _adam_1079,
}


# ---- Errors of method ----------------------------------------------------------------------------


def _distance(method: str, batch_size: int, updates: int) -> float:
    """From the optimum, after so many updates."""
    problem = problems.four_points()
    epochs = math.ceil(updates * batch_size / problem.n)
    w = quantities.steps(method, batch_size, epochs)["w"].iloc[updates - 1]
    return abs(float(w) - quantities.optimum())


def _family_tree() -> Finding:
    states = {
        name: ", ".join(OPTIMIZERS[name]().rule.state)
        for name in ("Momentum", "AdaGrad", "RMSprop", "Adam")
    }
    return Finding(
        line=23,
        lines="23-44",
        section="family tree",
        kind="method error",
        printed="AdaGrad and RMSprop below Momentum; Adam's momentum from the AdaGrad branch",
        right="SGD to Momentum; SGD to AdaGrad to RMSprop; Momentum and RMSprop to Adam",
        why=(
            f"by the formulas AdaGrad keeps {states['AdaGrad']} and RMSprop {states['RMSprop']}, "
            f"neither the velocity {states['Momentum']} of Momentum; only Adam, with "
            f"{states['Adam']}, has both a mean of gradients and one of squares"
        ),
        consequence=(
            "contradicts the table below it (lines 51-55), which has it right; no number depends "
            "on it"
        ),
        results=0,
    )


def _smaller_because_large() -> Finding:
    problem = problems.four_points()
    method = quantities.optimizer("AdaGrad")
    scales = (0.1, 1.0, 10.0)
    pairs = []
    for scale in scales:
        scaled = problems.least_squares(scale * problem.x, scale * problem.y, w0=problem.w0)
        first = run(scaled, method).steps.iloc[0]
        pairs.append((float(first["gradient"]), float(first["w"] - problem.w0[0])))
    told = ", ".join(f"{gradient:g} moves it by {step:.4g}" for gradient, step in pairs)
    return Finding(
        line=273,
        lines="273",
        section="walkthrough",
        kind="wrong reason",
        printed="the first step is small because the gradient is large",
        right="the first step is eta, whatever the gradient",
        why="with G = 0 before it, the first step is eta g / sqrt(g^2)",
        consequence=f"a first gradient of {told}: the size of the gradient cancels",
        results=0,
    )


def _nesterov() -> Finding:
    problem = problems.four_points()
    ends = {
        name: run(problem, OPTIMIZERS[name](eta=quantities.ETA)).summary
        for name in ("Momentum", "Nesterov")
    }
    peaks = {
        name: run(problem, OPTIMIZERS[name](eta=quantities.ETA)).steps["w"].iloc[:2].max()
        for name in ends
    }
    return Finding(
        line=376,
        lines="376-378",
        section="walkthrough",
        kind="wrong reason",
        printed="looking ahead brakes the overshoot seen here",
        right=f"here it overshoots further: to w = {peaks['Nesterov']:g}",
        why=(
            "the one-flag form takes the gradient where the weight is and steps by eta (g + beta "
            "v), more than Momentum's eta v as long as the gradients agree in sign"
        ),
        consequence=(
            f"with the document's settings Nesterov reaches {peaks['Nesterov']:g} after two "
            f"points (Momentum {peaks['Momentum']:g}) and ends the epoch "
            f"{ends['Nesterov']['distance']:.3f} from 5 "
            f"(Momentum {ends['Momentum']['distance']:.3f})"
        ),
        results=0,
    )


def _rate_per_gradient() -> Finding:
    problem = problems.four_points()
    method, scale = quantities.optimizer("AdaGrad"), 10.0
    scaled = problems.least_squares(scale * problem.x, scale * problem.y, w0=problem.w0)
    here, there = run(problem, method).steps, run(scaled, method).steps
    share = [float(frame["effective_lr"].iloc[2]) / quantities.ETA for frame in (here, there)]
    apart = float((here["w"] - there["w"]).abs().max())
    first = quantities.of_cell("AdaGrad", 1, 1, formulas.RATE) / quantities.ETA
    return Finding(
        line=403,
        lines="403, 518",
        section="walkthrough",
        kind="method error",
        printed="the rate is dying: 0.00608, then 2.7 % of the original 0.1",
        right="eta / sqrt(G) has another unit than eta: their ratio says nothing of freezing",
        why=(
            f"dividing by the gradients' size alone takes the rate to {first:.2%} at the first "
            f"update, before anything has accumulated"
        ),
        consequence=(
            f"with x and y {scale:g} times larger the same ratio is {share[1]:.3%} in place of "
            f"{share[0]:.1%}, and the weights stay the same (to {apart:.0e})"
        ),
        results=0,
    )


def _frozen() -> Finding:
    third, fourth = (
        {
            name: abs(quantities.of_cell("AdaGrad", 1, step, name))
            for name in (formulas.CHANGE, formulas.GRADIENT, formulas.RATE)
        }
        for step in (3, 4)
    )
    shrunk = {name: third[name] / fourth[name] for name in third}
    epochs = 100
    return Finding(
        line=625,
        lines="518, 625",
        section="walkthrough",
        kind="method error",
        printed="the last step is tiny: completely frozen",
        right="the last step is tiny because point 4 has a small gradient",
        why=(
            f"from point 3 to point 4 the step shrinks {shrunk[formulas.CHANGE]:.1f}-fold: the "
            f"gradient {shrunk[formulas.GRADIENT]:.1f}-fold, the rate "
            f"{shrunk[formulas.RATE]:.4f}-fold"
        ),
        consequence=(
            f"AdaGrad is slow, not frozen: its distance from 5 falls from "
            f"{_distance('AdaGrad', 1, 4):.3f} to {_distance('AdaGrad', 1, 4 * epochs):.3f} in "
            f"{epochs} epochs"
        ),
        results=0,
    )


def _first_gradient_blamed() -> Finding:
    squares = quantities.steps("AdaGrad", 1)["gradient"].to_numpy() ** 2
    shares = squares / squares.sum()
    without = math.sqrt(squares.sum() / squares[1:].sum()) - 1
    return Finding(
        line=682,
        lines="682, 694",
        section="scoreboard",
        kind="wrong reason",
        printed="the first gradient, -16, broke AdaGrad for good",
        right=f"point 3 makes {shares[2]:.0%} of G, point 1 {shares[0]:.0%}",
        why=f"the squared gradients are {', '.join(f'{s:.4g}' for s in squares)}",
        consequence=(
            f"without point 1 in it, G would give a rate only {without:.0%} higher at the end of "
            f"the epoch; and the growth by point 3 is told on line 509"
        ),
        results=0,
    )


def _uncorrected_adam() -> Finding:
    def uncorrected(w, g, eta, m, v, beta1=0.9, beta2=0.999, epsilon=1e-8):  # type: ignore[no-untyped-def]
        m = beta1 * m + complement(beta1) * g
        v = beta2 * v + complement(beta2) * (g * g)
        return w - eta * m / math.sqrt(v + epsilon), m, v

    plain = rule(uncorrected, name="Adam without correction")(eta=quantities.ETA)
    frame = run(problems.four_points(), plain).steps
    adam = quantities.steps("Adam", 1)
    start = float(problems.four_points().w0[0])
    first = (float(frame["w"].iloc[0]) - start) / (float(adam["w"].iloc[0]) - start)
    ends = [abs(float(f["w"].iloc[-1]) - 5) for f in (frame, adam)]
    return Finding(
        line=698,
        lines="167, 698",
        section="key insights",
        kind="wrong reason",
        printed="without bias correction m and v are too small and the updates wrong",
        right="without it the updates are too large",
        why="m and v are both too small, but the root of v more so than m, and it divides",
        consequence=(
            f"without the correction the first step is {first:.2f} times as long, and Adam ends "
            f"the epoch {ends[0]:.3f} from 5 in place of {ends[1]:.3f}"
        ),
        results=0,
    )


def _fading_correction() -> Finding:
    adam = quantities.settings("Adam")
    beta1, beta2 = adam["beta1"], adam["beta2"]
    clock: tuple[float, float, float] = (0.0, 0.0, 0.0)
    factors = []
    for _ in range(8):
        clock = bias_correction(*clock, beta1, beta2)
        factors.append(math.sqrt(clock[1]) / clock[0])
    epochs = 100
    w = np.concatenate([problems.four_points().w0, quantities.steps("Adam", 1, epochs)["w"]])
    sizes = np.abs(np.diff(w)).reshape(epochs, -1).mean(axis=1) / quantities.ETA
    leaders = {
        after: min(
            ("SGD", "Momentum", "AdaGrad", "RMSprop", "Adam"),
            key=lambda name: _distance(name, 1, 4 * after),
        )
        for after in (2, 5, 10, 100)
    }
    told = ", ".join(f"{name} after {after}" for after, name in leaders.items())
    return Finding(
        line=741,
        lines="741",
        section="epoch 2",
        kind="wrong reason",
        printed="as the correction fades Adam takes bigger steps, and then dominates",
        right="its steps get shorter from epoch to epoch",
        why=(
            f"corrected moments have the gradient's own size at every t; taken together the "
            f"corrections multiply a step by {factors[0]:.3f} at t = 1 and {factors[-1]:.3f} at "
            f"t = 8"
        ),
        consequence=(
            f"the mean step, in units of eta, goes {sizes[0]:.2f}, {sizes[1]:.2f}, {sizes[2]:.2f} "
            f"over epochs 1 to 3; nearest to 5 at batch size 1 and eta = {quantities.ETA:g}: "
            f"{told} epochs"
        ),
        results=0,
    )


def _operations() -> Finding:
    n = problems.four_points().n
    one, full = len(quantities.steps("SGD", 1)), len(quantities.steps("SGD", n))
    return Finding(
        line=971,
        lines="957, 971",
        section="mini-batch: parallelism boxes",
        kind="method error",
        printed=f"{_printed(957, 'updates per epoch, batch 1').printed} operations against "
        f"{_printed(971, 'operations of the full-batch box').printed}",
        right=f"{2 * one} against {2 * full}, or {one} against {full}",
        why=(
            "a gradient and its update count as one operation at batch size 1, as two in the full "
            "batch"
        ),
        consequence=(
            f"the parallel depth differs by a factor of {one / full:g}, not "
            f"{one / (2 * full):g}: the advantage is understated"
        ),
        results=0,
    )


def _sum_against_mean() -> Finding:
    n = problems.four_points().n
    ratio = quantities.of_cell("AdaGrad", n, 1, f"sumsq{n}/sqmean{n}")
    one = float(quantities.steps("AdaGrad", 1)["G"].iloc[n - 1])
    full = quantities.steps("AdaGrad", n, epochs=n)["G"]
    two = float(quantities.steps("AdaGrad", 1)["G"].iloc[1])
    return Finding(
        line=1003,
        lines="997-1003, 1107-1111",
        section="averaging before squaring",
        kind="method error",
        printed=f"G grows {_printed(1003, 'sumsq4/sqmean4').printed} times slower with full batch",
        right=f"{one / float(full.iloc[n - 1]):.2f} times slower per update",
        why=(
            f"{n} updates are set against one, and all gradients are taken at w = 3, where "
            f"one-by-one updates stand only once: of the ratio at w = 3, {ratio:.2f}, the number "
            f"of updates makes {n} and averaging before squaring {ratio / n:.2f}"
        ),
        consequence=(
            f"along the real walks G is {one:.1f} after {n} updates of one point (and {two:.2f} "
            f"after two, not {_printed(1107, 'sum of squares, points 1 and 2 at w=3').printed}), "
            f"{float(full.iloc[0]):.1f} after one full-batch update and {float(full.iloc[-1]):.1f} "
            f"after {n}; that averaging slows G down holds, by far less"
        ),
        results=0,
    )


def _share_of_a_mean() -> Finding:
    problem = problems.four_points()
    gradients = np.array([problem.gradient(problem.w0, [i])[0] for i in range(problem.n)])
    largest = int(np.argmax(np.abs(gradients)))
    squared_mean = float(gradients.mean()) ** 2
    rest = float(np.delete(gradients, largest).sum() / problem.n) ** 2
    return Finding(
        line=1006,
        lines="1006",
        section="averaging before squaring",
        kind="method error",
        printed=f"{gradients[largest]:g} contributes "
        f"{_printed(1006, 'squared mean of the 4 gradients at w=3').printed} when averaged",
        right=f"it contributes {squared_mean - rest:.1f}",
        why=(
            f"{squared_mean:.2f} is the squared mean of all four; with {gradients[largest]:g} "
            f"left out it would be {rest:.2f}"
        ),
        consequence=(
            f"one gradient of {gradients[largest]:g} still makes {1 - rest / squared_mean:.0%} of "
            f"the squared mean: averaging does not tame an outlier, it divides it by n"
        ),
        results=0,
    )


def _listed(values: dict[int, float]) -> str:
    return ", ".join(f"{value:.3f}" for value in values.values())


def _unequal_updates() -> Finding:
    n = problems.four_points().n
    after_epoch = {size: _distance("AdaGrad", size, n // size) for size in (1, 2, 4)}
    same = {size: _distance("AdaGrad", size, n) for size in (1, 2, 4)}
    growth = {
        size: float(quantities.steps("AdaGrad", size, epochs=size)["G"].iloc[n - 1])
        for size in (1, 2, 4)
    }
    return Finding(
        line=1062,
        lines="1009, 1062-1065, 1111",
        section="state variables: AdaGrad batch 2",
        kind="method error",
        printed="G after an epoch: frozen at batch size 1, healthy at 2",
        right=(
            f"after {n} updates each, G is "
            + ", ".join(f"{value:.0f} at batch size {size}" for size, value in growth.items())
        ),
        why="an epoch is four updates at batch size 1, two at 2: G has had half the time to grow",
        consequence=(
            f"the healthier G is no advantage after an epoch: the distances from 5 are "
            f"{_listed(after_epoch)} at batch sizes 1, 2, 4; after {n} updates each they are "
            f"{_listed(same)}"
        ),
        results=0,
    )


def _velocity_differs() -> Finding:
    one, two = (quantities.steps("Momentum", size, epochs=size) for size in (1, 2))
    start = float(problems.four_points().w0[0])
    crossed = int(np.argmax(one["w"].to_numpy() > 5)) + 1
    there = [start, *two["w"]][1]
    return Finding(
        line=1042,
        lines="1042",
        section="state variables: Momentum batch 2",
        kind="wrong reason",
        printed="the velocity differs because averaged gradients come less often",
        right="it differs because the weight is on the other side of 5",
        why=(
            f"one by one, the weight passes 5 at update {crossed} and the next gradient is "
            f"{one['gradient'].iloc[crossed]:+g}; at batch size 2 the last gradient is taken at "
            f"w = {there:g} and is {two['gradient'].iloc[1]:+g}"
        ),
        consequence=(
            f"an epoch at batch size 2 ends at w = {two['w'].iloc[1]:g} with v = "
            f"{two['v'].iloc[1]:g}, that is, on its way further out; after as many updates as at "
            f"batch size 1 it has v = {two['v'].iloc[3]:.2f} (there {one['v'].iloc[3]:.2f})"
        ),
        results=0,
    )


def _slower_correction() -> Finding:
    two = {size: quantities.of_cell("Adam", size, 2, "1-beta1^t") for size in (1, 2)}
    return Finding(
        line=1087,
        lines="1087",
        section="state variables: Adam batch 2",
        kind="method error",
        printed="the bias correction evolves more slowly with larger batches",
        right="it is the same at every update; an epoch has fewer of them",
        why="t counts updates: per epoch and per update are mixed up",
        consequence=(
            f"at t = 2 the correction of m is {two[1]:.2f} at batch size 1 and {two[2]:.2f} at 2; "
            f"nothing about Adam depends on it"
        ),
        results=0,
    )


def _variance_of_a_mean() -> Finding:
    problem = problems.four_points()
    gradients = np.array([problem.gradient(problem.w0, [i])[0] for i in range(problem.n)])
    mean_square, square_mean = float((gradients**2).mean()), float(gradients.mean()) ** 2
    return Finding(
        line=1113,
        lines="1113",
        section="why batch size affects AdaGrad",
        kind="method error",
        printed="Var(mean) < mean(Var)",
        right="(mean g)^2 <= mean(g^2), equal where all gradients agree (as on line 1007)",
        why=(
            "AdaGrad adds up squares, not variances; a mean of gradients that are all the same has "
            "no less variance than each of them, so the inequality is not strict either"
        ),
        consequence=(
            f"at w = 3 the mean square is {mean_square:.2f}, the squared mean {square_mean:.2f}; "
            f"the variance between points, {mean_square - square_mean:.2f}, explains a factor of "
            f"{mean_square / square_mean:.2f}; the rest of the ratio on line 1003 counts updates"
        ),
        results=0,
    )


METHOD_ERRORS: tuple[Callable[[], Finding], ...] = (
    _family_tree,
    _smaller_because_large,
    _nesterov,
    _rate_per_gradient,
    _frozen,
    _first_gradient_blamed,
    _uncorrected_adam,
    _fading_correction,
    _operations,
    _sum_against_mean,
    _share_of_a_mean,
    _velocity_differs,
    _unequal_updates,
    _slower_correction,
    _variance_of_a_mean,
)
