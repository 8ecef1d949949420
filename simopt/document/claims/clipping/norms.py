"""Claims about losses that are no numbers any more, and about clipping."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from simopt import problems
from simopt.document.claims import libraries
from simopt.document.claims.claim import Figure, Finding, Picture, share
from simopt.document.claims.common.floors import floors, over_rates
from simopt.document.claims.context import Trials
from simopt.document.claims.verdict import decide
from simopt.ground.formatting import number, percent
from simopt.problems.synthetic import steep
from simopt.rules import SGD, Momentum

Floats = NDArray[np.float64]

#: A loss below this counts as trained: on the flat stretch left of the steep loss' minimum it is 1.
TRAINED = 0.01


def no_number(trials: Trials) -> Finding:
    """A steep loss, and a point that no rate can take: what mends which."""
    per_decade = trials.few(10, 5)
    etas = np.geomspace(1e-14, 1e-1, 13 * per_decade + 1)
    options = {"updates": 4000, "divergence": None, "evaluate": 4000}
    ends = {
        clip: trials.sweep(steep(), SGD(eta=etas), clip_norm=clip, **options)["loss"].to_numpy()
        for clip in (None, 1.0)
    }
    lost = ~np.isfinite(ends[None])
    worst = {
        clip: over_rates(np.where(np.isnan(loss), np.inf, loss)) for clip, loss in ends.items()
    }
    broken = {
        fix: bad_point(trials, etas, fix == "clipping") for fix in ("a lower rate", "clipping")
    }
    without = float(line(trials, [1.0, 2.0, 3.0], etas).min())
    met = {
        "a lower rate keeps the numbers finite": bool(np.isfinite(ends[None]).any()),
        "clipping keeps them finite at every rate and trains": bool(
            np.isfinite(ends[1.0]).all() and worst[1.0].min() < TRAINED
        ),
        "leaving out a bad point helps": without < TRAINED and not any(broken.values()),
        "a lower rate alone trains as well": bool(worst[None].min() < TRAINED),
    }
    verdict, condition = decide({f"that {way}": value for way, value in met.items()})
    first = float(etas[lost].min())
    return Finding(
        verdict,
        f"On (w^20 - 1)^2 from 1.5 SGD loses its numbers from eta = {number(first, 1)} on. Below "
        f"it the loss, {number(steep().loss(1.5), 2)} at first, is {number(worst[None].min(), 1)} "
        "after 4,000 updates at the best rate (worst of five neighbours; left of the minimum it is "
        f"flat at 1); with gradients clipped to 1 it is {number(worst[1.0].min(), 1)}. With a "
        f"point of 1e200 {'some rate trains' if any(broken.values()) else 'no rate trains'}, "
        f"clipped or not; without it the best one comes to {number(without, 1)}.",
        {
            "first rate that is lost": first,
            "best loss by rate alone": float(worst[None].min()),
            "best loss clipped": float(worst[1.0].min()),
            "finite at every rate clipped": bool(np.isfinite(ends[1.0]).all()),
            "bad point mended by rate": broken["a lower rate"],
            "bad point mended by clipping": broken["clipping"],
            "loss without the bad point": without,
        },
        condition,
        Picture(
            "(w^20 − 1)² after 4,000 updates of SGD",
            "Unclipped no rate is both small enough for the first steps and large enough for the "
            "rest; clipped there is one."
            if worst[1.0].min() < TRAINED <= worst[None].min()
            else "Both curves come down.",
            "learning rate eta",
            "loss (where finite)",
            {
                name: (etas[np.isfinite(loss)], np.maximum(loss[np.isfinite(loss)], 1e-12))
                for name, loss in (("plain", ends[None]), ("clipped to 1", ends[1.0]))
            },
            log_x=True,
            log_y=True,
        ),
    )


def line(trials: Trials, x: list[float], etas: Floats, **options: float) -> Floats:
    """The loss of ``y = 5 x`` on these points after 50 epochs, by rate; inf for no number."""
    points = [[each, 5 * min(each, 10.0)] for each in x]
    problem = problems.function(
        _squared, _slope, w0=3.0, points=points, name="line", check_gradient=False
    )
    plan = {"epochs": 50, "divergence": None}
    loss = trials.sweep(problem, SGD(eta=etas), **plan, **options)["loss"].to_numpy(np.float64)
    return np.where(np.isnan(loss), np.inf, loss)


def bad_point(trials: Trials, etas: Floats, clipped: bool) -> bool:
    """Whether some rate trains with a point of 1e200 among the others."""
    options = {"clip_norm": 1.0} if clipped else {}
    return bool((line(trials, [1.0, 2.0, 3.0, 1e200], etas, **options) < TRAINED).any())


def _squared(w: float, x: float, y: float) -> float:
    return (w * x - y) * (w * x - y)


def _slope(w: float, x: float, y: float) -> float:
    return 2.0 * (w * x - y) * x


def clipped_alike(trials: Trials) -> Finding:
    """PyTorch's and Keras' line on two variables, and on one."""
    torch = libraries.seen(torch_clipping, "torch")
    keras = libraries.seen(keras_clipping, "keras")
    ours = {
        name: trials.run(
            problems.least_squares([[1.0, 0.0], [0.0, 1.0]], [-3.0, -4.0]),
            SGD(eta=1.0, convention=name),
            batch_size=2,
            clip_norm=1.0,
        ).steps
        for name in ("torch", "keras")
    }
    two = {
        name: float(seen.figures["norm, two"])
        for name, seen in (("torch", torch), ("keras", keras))
    }
    one = [float(seen.figures["norm, one"]) for seen in (torch, keras)]
    met = {
        "that the norm is at most 1 with one variable": max(one) <= 1 + 1e-6,
        "that the norm is at most 1 with several": max(two.values()) <= 1 + 1e-6,
        "that both lines do the same with one variable": abs(one[0] - one[1]) < 1e-5,
        "that both lines do the same with several": abs(two["torch"] - two["keras"]) < 1e-5,
    }
    verdict, condition = decide(met)
    norms = [math.hypot(s["clipped_0"].iloc[0], s["clipped_1"].iloc[0]) for s in ours.values()]
    return Finding(
        verdict,
        f"Gradients (3, 0) and (0, 4) of two variables, limit 1: the whole gradient has norm "
        f"{two['torch']:.3f} in {torch.by}, which clips all together, and {two['keras']:.3f} in "
        f"{keras.by}, whose clipnorm clips each variable by itself (global_clipnorm does not). Of "
        f"one variable (3, 4) both make norm {one[0]:.3f}. TensorFlow was not looked at.",
        {f"norm, two variables, {name}": value for name, value in two.items()}
        | {"norm, one variable, torch": one[0], "norm, one variable, keras": one[1]}
        | {"norm here, torch": norms[0], "norm here, keras": norms[1]}
        | {"torch seen in": torch.by, "keras seen in": keras.by},
        condition,
    )


def torch_clipping() -> Mapping[str, Figure]:
    """What clip_grad_norm_ leaves of gradients (3, 0) and (0, 4), and of one (3, 4)."""
    import torch

    def clipped(*gradients: list[float]) -> float:
        weights = [torch.nn.Parameter(torch.zeros(2, dtype=torch.float64)) for _ in gradients]
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = torch.tensor(gradient, dtype=torch.float64)
        torch.nn.utils.clip_grad_norm_(weights, max_norm=1.0)
        return float(torch.cat([weight.grad for weight in weights]).norm())

    return {"norm, two": clipped([3.0, 0.0], [0.0, 4.0]), "norm, one": clipped([3.0, 4.0])}


def keras_clipping() -> Mapping[str, Figure]:
    """What clipnorm=1 leaves of the same gradients, read off a step of SGD at rate 1."""
    keras = libraries.keras()

    def clipped(*gradients: list[float]) -> float:
        weights = [keras.Variable([0.0, 0.0]) for _ in gradients]
        rule = keras.optimizers.SGD(learning_rate=1.0, clipnorm=1.0)
        rule.apply([keras.ops.convert_to_tensor(g) for g in gradients], weights)
        moved = [float(x) for w in weights for x in keras.ops.convert_to_numpy(w)]
        return math.hypot(*moved)

    return {"norm, two": clipped([3.0, 0.0], [0.0, 4.0]), "norm, one": clipped([3.0, 4.0])}


def emergency_brake(trials: Trials) -> Finding:
    """Every rate that explodes on the four points, clipped to 1 and to 5."""
    etas = np.geomspace(0.03, 30.0, trials.few(61, 31)).tolist()
    rules, sizes = [SGD(eta=etas), Momentum(eta=etas)], [1, 2, 4]
    plain = trials.sweep(problems.four_points(), rules, batch_size=sizes, epochs=300)
    clipped = floors(trials, rules, epoch=280, batch_size=sizes, clip_norm=[1.0, 5.0])
    keys = ["optimizer", "eta", "batch_size"]
    exploding = plain.loc[plain["status"] == "diverged", keys]
    ends = exploding.merge(clipped, on=keys)
    far = {c: ends.loc[ends["clip_norm"] == c, "floor"].to_numpy(np.float64) for c in (1.0, 5.0)}
    braked = {clip: share(np.isfinite(each)) for clip, each in far.items()}
    near = {clip: share(each < 0.1) for clip, each in far.items()}
    met = {
        "that clipping stops every explosion": min(braked.values()) == 1,
        "that training then arrives": min(near.values()) >= 0.9,
    }
    verdict, condition = decide(met)
    drawn = clipped[(clipped["optimizer"] == "SGD") & (clipped["batch_size"] == 4)]
    limit = 2 / float(problems.four_points().hessian[0, 0])
    return Finding(
        verdict,
        f"Of {len(exploding)} settings of SGD and Momentum that explode {percent(braked[1.0])} "
        f"stay finite with gradients clipped to 1 and {percent(braked[5.0])} clipped to 5. In "
        f"epochs 280 to 300 {percent(near[1.0])} and {percent(near[5.0])} of them stay within 0.1 "
        "of the optimum: steps of up to eta times the limit go back and forth over it.",
        {"settings that explode": len(exploding)}
        | {f"finite, limit {clip:g}": value for clip, value in braked.items()}
        | {f"within 0.1, limit {clip:g}": value for clip, value in near.items()},
        condition,
        Picture(
            "Where clipped SGD stays, full batch",
            f"Beyond eta = {limit:.2f}, where it explodes unclipped, it keeps jumping over 5, the "
            "farther, the larger eta and the limit."
            if min(near.values()) < 0.9
            else "It comes to 5 at every rate.",
            "learning rate eta",
            "largest |w − 5| in epochs 280 to 300",
            {
                f"limit {clip:g}": (part["eta"], part["floor"].clip(1e-12))
                for clip, part in drawn.groupby("clip_norm")
            },
            log_x=True,
            log_y=True,
        ),
    )
