"""The oracle: every trajectory again in plain Python, with the formulas as a textbook prints them.

Obvious and slow on purpose. Nothing of simopt is used but the problem's numbers: rules, gradients,
losses, batches and summaries are written anew, powers are powers, and sums run in order.
"""

from __future__ import annotations

import math


def step(rule, w, g, t, state, s):
    """One update of one weight: the new weight; ``state`` is changed in place."""
    if rule == "SGD":
        return w - s["eta"] * g
    if rule == "Momentum":
        state["v"] = s["beta"] * state.get("v", 0.0) + g
        return w - s["eta"] * state["v"]
    if rule == "Nesterov":
        state["v"] = s["beta"] * state.get("v", 0.0) + g
        return w - s["eta"] * (g + s["beta"] * state["v"])
    if rule == "AdaGrad":
        state["G"] = state.get("G", 0.0) + g**2
        return w - s["eta"] / math.sqrt(state["G"] + s["epsilon"]) * g
    if rule == "RMSprop":
        state["E"] = s["rho"] * state.get("E", 0.0) + (1 - s["rho"]) * g**2
        return w - s["eta"] / math.sqrt(state["E"] + s["epsilon"]) * g
    state["m"] = s["beta1"] * state.get("m", 0.0) + (1 - s["beta1"]) * g
    state["v"] = s["beta2"] * state.get("v", 0.0) + (1 - s["beta2"]) * g**2
    m_hat = state["m"] / (1 - s["beta1"] ** t)
    v_hat = state["v"] / (1 - s["beta2"] ** t)
    decay = s["eta"] * s["weight_decay"] * w if rule == "AdamW" else 0.0
    return w - s["eta"] * m_hat / math.sqrt(v_hat + s["epsilon"]) - decay


def dot(a, b):
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


def point_loss(problem, z, y):
    """The loss of a prediction, as a textbook has it."""
    if problem.kind == "least_squares":
        return (z - y) * (z - y)  # inf where a power would raise
    if problem.kind == "huber":
        (delta,), error = problem.parameters, abs(z - y)
        return error**2 / 2 if error <= delta else delta * (error - delta / 2)
    if problem.kind == "poisson":
        return math.exp(z) - y * z
    return max(z, 0.0) + math.log1p(math.exp(-abs(z))) - y * z


def point_slope(problem, z, y):
    """Its derivative."""
    if problem.kind == "least_squares":
        return 2 * (z - y)
    if problem.kind == "huber":
        (delta,) = problem.parameters
        return z - y if abs(z - y) <= delta else math.copysign(delta, z - y)
    if problem.kind == "poisson":
        return math.exp(z) - y
    return 1 / (1 + math.exp(-z)) - y if z > -700 else -y


def loss(problem, w):
    """The mean loss over all points, with the penalty."""
    total = []
    for x, y in zip(problem.x.tolist(), problem.y.tolist(), strict=True):
        z = dot(x, w)
        total.append(point_loss(problem, z, y))
    penalty = sum(l2 / 2 * v**2 for l2, v in zip(problem.l2.tolist(), w, strict=True) if l2)
    return math.fsum(total) / len(total) + penalty


def gradient(problem, w, rows, rounded=0):
    """The mean gradient over a batch, with the penalty's.

    ``rounded`` (-1, 0 or 1): as far to a side as its rounding may take it. A sum of n products is
    within n units of its terms' sizes (Higham 2002, section 3.1). So is a prediction, and a slope
    moves by it at most twice, or by ``exp(z)`` times; that and the label are what a slope is of.
    """
    sums, sizes = [0.0] * len(w), [0.0] * len(w)
    for i in rows:
        x, y = problem.x[i].tolist(), float(problem.y[i])
        z = dot(x, w)
        slope = point_slope(problem, z, y)
        sums = [s + slope * v for s, v in zip(sums, x, strict=True)]
        if rounded:
            size = abs(slope) + abs(y)
            size += max(2.0, size) * dot(map(abs, x), map(abs, w))
            sizes = [s + size * abs(v) for s, v in zip(sizes, x, strict=True)]
    units = rounded * (len(rows) + len(w) + 2) * 2.0**-53 / len(rows)
    return [
        s / len(rows) + l2 * v + units * size
        for s, size, l2, v in zip(sums, sizes, problem.l2.tolist(), w, strict=True)
    ]


def clipped(g, norm=None, value=None, slack=0.0):
    """A gradient brought to a norm, or its components to a size."""
    if value is not None:
        return [max(-value, min(value, v)) for v in g]
    length = math.sqrt(dot(g, g)) + slack
    return [v * norm / length for v in g] if norm is not None and length > norm else g


def trajectory(
    problem,
    rule,
    settings,
    batch_size,
    orders,
    drop_last=False,
    rates=None,
    clip=None,
    box=None,
    gamma=None,
    rounded=0,
):
    """After every update the weights, or their average, and the loss there: [(epoch, w, loss)]."""
    w = seen = problem.w0.tolist()
    states = [{} for _ in w]
    steps = []
    for epoch, order in enumerate(orders, start=1):
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            if drop_last and len(rows) < batch_size:
                continue
            g = clipped(gradient(problem, w, rows, rounded), **(clip or {}))
            t = len(steps) + 1
            s = settings | ({} if rates is None else {"eta": rates[t - 1]})
            w = [step(rule, *args, t, state, s) for *args, state in zip(w, g, states, strict=True)]
            if box is not None:
                w = [max(box[0], min(box[1], v)) for v in w]
            seen = w if gamma is None else average(seen, w, gamma)
            steps.append((epoch, seen, loss(problem, seen)))
    return steps


def moved(*arguments, **options):
    """How far rounding of the gradients may move the weights and the loss, after every update.

    Twice the most, up to an update, that they move where each gradient is rounded to one side. A
    rule that divides by the root of its own squared gradients amplifies that without bound where it
    has arrived: once the root is small, its step changes by eta h / root per unit of weight.
    """
    still, *others = (
        [[*w, loss] for _, w, loss in trajectory(*arguments, **options, rounded=side)]
        for side in (0, 1, -1)
    )
    most, so_far = [], [0.0, 0.0]
    for at, *sides in zip(still, *others, strict=True):
        gaps = [[2 * abs(a - b) for a, b in zip(at, side, strict=True)] for side in sides]
        so_far = [
            max(so_far[0], *(max(gap[:-1]) for gap in gaps)),
            max(so_far[1], *(gap[-1] for gap in gaps)),
        ]
        most.append(so_far)
    return most


def average(before, w, gamma):
    """The exponential average of the weights, which starts at the start."""
    return [gamma * a + (1 - gamma) * v for a, v in zip(before, w, strict=True)]


def summary(problem, steps, every=1, limit=None, target=None, stop_at_target=False):
    """What a sweep's row says of a trajectory; ``every`` is a number or "epoch"."""
    looks = []
    for t, (epoch, _, _) in enumerate(steps, start=1):
        over = t == len(steps) or steps[t][0] != epoch if every == "epoch" else t % every == 0
        looks += [t] if over or t == len(steps) else []
    value = {t: steps[t - 1][2] for t in looks}
    bad = [t for t in looks if limit is not None and (math.isnan(value[t]) or value[t] > limit)]
    there = [t for t in looks if target is not None and value[t] <= target]
    last = min([len(steps), *bad[:1], *(there[:1] if stop_at_target else [])])
    looks = [t for t in looks if t <= last]
    numbers = [value[t] for t in looks if not math.isnan(value[t]) and value[t] < math.inf]
    gaps = [[v - o for v, o in zip(w, problem.optimum, strict=True)] for _, w, _ in steps[:last]]
    sides = [problem.w0[0] - problem.optimum[0], *(gap[0] for gap in gaps)]
    sides = [math.copysign(1, side) for side in sides if side != 0 and not math.isnan(side)]
    sizes = [math.hypot(*gap) for gap in gaps if not any(map(math.isnan, gap))]
    best = min(numbers, default=math.nan)
    return {
        "status": "diverged" if last in bad else "ok",
        "updates": last,
        "diverged_at": last if last in bad else 0,
        "steps_to_target": there[0] if there and there[0] <= last else 0,
        "best_at": next((t for t in looks if value[t] == best), 0),
        "overshoots": sum(a != b for a, b in zip(sides[1:], sides, strict=False)),
        "w": steps[last - 1][1],
        "loss": steps[last - 1][2],
        "best_loss": best,
        "peak_distance": max(sizes, default=math.nan),
    }


def numbers(seed, epoch):
    """The generator of a seed and an epoch, lowbias32 in counter mode: f(i, m) is in 0 .. m - 1."""

    def mix(b):
        b = ((b ^ (b >> 16)) * 0x7FEB352D) % 2**32
        b = ((b ^ (b >> 15)) * 0x846CA68B) % 2**32
        return b ^ (b >> 16)

    low, high = seed % 2**32, seed // 2**32
    first = mix((mix((mix(low ^ 0x9E3779B9) + high) % 2**32) + epoch) % 2**32)
    second = mix(mix(mix(low ^ 0x85EBCA6B) ^ high) ^ mix((epoch + 0xC2B2AE35) % 2**32))
    return lambda i, m: mix(mix((first + i) % 2**32) ^ second) * m // 2**32


def shuffled(seed, epoch, n):
    """A permutation from (seed, epoch, n): Fisher-Yates from the end."""
    number = numbers(seed, epoch)
    order = list(range(n))
    for i in range(n - 1, 0, -1):
        j = number(i, i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def orders(mode, seed, epochs, n):
    """The order of the points in every epoch."""
    if mode == "never":
        return [list(range(n))] * epochs
    if mode == "replacement":
        draws = [numbers(seed, epoch) for epoch in range(epochs)]
        return [[number(i, n) for i in range(n)] for number in draws]
    return [shuffled(seed, epoch if mode == "epoch" else 0, n) for epoch in range(epochs)]
