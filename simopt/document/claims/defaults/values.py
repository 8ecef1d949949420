"""Claims about default values: whether they are standard, work, and when to change them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from simopt.document.claims import libraries
from simopt.document.claims.claim import Figure, Finding, Picture, share
from simopt.document.claims.common.curves import METHODS
from simopt.document.claims.common.floors import floors, moved
from simopt.document.claims.context import Trials
from simopt.ground.formatting import listing, percent
from simopt.problems.problem import known_minimum
from simopt.problems.synthetic import BATCH_SIZE, suite
from simopt.rules import AdaGrad, Adam, RMSprop

#: The document's list: the value of each method's setting.
LISTED = {
    "SGD eta": 0.001,
    "AdaGrad eta": 0.001,
    "RMSprop eta": 0.001,
    "Adam eta": 0.001,
    "Momentum beta": 0.9,
    "RMSprop rho": 0.9,
    "Adam beta1": 0.9,
    "Adam beta2": 0.999,
    "AdaGrad epsilon": 1e-8,
    "RMSprop epsilon": 1e-8,
    "Adam epsilon": 1e-8,
}


def defaults_work(trials: Trials) -> Finding:
    """An illustration: the suite with the default values."""
    worked: dict[tuple[str, str], bool] = {}
    lines = []
    for name, problem in suite(trials.seed).items():
        frame = trials.sweep(
            problem,
            [method(eta=0.001) for method in METHODS],
            batch_size=BATCH_SIZE,
            epochs=100,
            shuffle="epoch",
            seed=trials.seeds(4, 2),
            evaluate="epoch",
        )
        start = problem.loss(problem.w0) - known_minimum(problem)
        left = (frame["loss"] - known_minimum(problem)).groupby(frame["optimizer"]).median() / start
        worked |= {(name, str(rule)): bool(value <= 0.01) for rule, value in left.items()}
        lines.append({"problem": name} | left[[method.__name__ for method in METHODS]].to_dict())
    met = share(list(worked.values()))
    return Finding(
        "undecidable",
        "Which cases there are, and in which proportion, no simulation says: that takes a survey. "
        f"For illustration, eta = 0.001 and the other defaults bring the loss above the minimum "
        f"below 1 % of the start's within 100 epochs in {percent(met)} of {len(worked)} pairs of a "
        "small problem and a method.",
        {"pairs": len(worked), "share that works": met},
        picture=Picture(
            title="Part of the loss above the minimum that is left after 100 epochs at the "
            "default values",
            sees=f"0.01 or less in {percent(met)} of the cells.",
            table=pd.DataFrame(lines),
        ),
    )


def listed_are_standard(trials: Trials) -> Finding:
    """The default arguments of two libraries."""
    del trials
    rows, agree = [], dict[tuple[str, str], bool]()
    seen = {"PyTorch": libraries.seen(torch_defaults, "torch")}
    seen["Keras"] = libraries.seen(keras_defaults, "keras")
    for setting, listed in LISTED.items():
        taken = {library: float(each.figures[setting]) for library, each in seen.items()}
        agree |= {(library, setting): value == listed for library, value in taken.items()}
        rows.append({"setting": setting, "listed": listed} | taken)
    met = share(list(agree.values()))
    everywhere = [s for s in LISTED if all(agree[library, s] for library in seen)]
    nowhere = [s for s in LISTED if not any(agree[library, s] for library in seen)]
    verdict = "holds" if met == 1 else "conditional" if met >= 0.5 else "contradicted"
    return Finding(
        verdict,
        f"Of {len(agree)} default arguments {percent(met)} are the listed ones "
        f"({'; '.join(each.by for each in seen.values())})"
        + (f". In neither library: {listing(nowhere)}." if nowhere else "."),
        {"agree": met, "settings": len(LISTED)}
        | {
            f"{library} {s}": float(each.figures[s])
            for library, each in seen.items()
            for s in LISTED
        },
        condition=f"In both libraries for {listing(everywhere)}; of the others the default "
        "depends on the library and the method."
        if verdict == "conditional"
        else "",
        picture=Picture(
            title="Listed defaults beside two libraries'",
            sees=f"All three columns agree in {len(everywhere)} of {len(LISTED)} rows.",
            table=pd.DataFrame(rows),
        ),
    )


def torch_defaults() -> Mapping[str, Figure]:
    """Default arguments of PyTorch's optimizers."""
    import torch

    w = [torch.zeros(1, requires_grad=True)]

    def arguments(name: str) -> dict[str, Any]:
        taken: dict[str, Any] = getattr(torch.optim, name)(w).defaults
        return taken | dict(zip(("beta1", "beta2"), taken.get("betas", ()), strict=False))

    called = {"eta": "lr", "beta": "momentum", "rho": "alpha", "epsilon": "eps"}
    return looked_up(arguments, called)


def keras_defaults() -> Mapping[str, Figure]:
    """Default arguments of Keras' optimizers."""
    optimizers = libraries.keras().optimizers

    def arguments(name: str) -> dict[str, Any]:
        parameters = inspect.signature(getattr(optimizers, name)).parameters
        return {key: parameter.default for key, parameter in parameters.items()}

    called = {"eta": "learning_rate", "beta": "momentum", "beta1": "beta_1", "beta2": "beta_2"}
    return looked_up(arguments, called)


def looked_up(
    arguments: Callable[[str], Mapping[str, Any]], called: Mapping[str, str]
) -> dict[str, Figure]:
    """The listed settings of a library: an optimizer's arguments, and what they are called."""
    classes = {"Momentum": "SGD", "AdaGrad": "Adagrad"}
    taken: dict[str, Figure] = {}
    for setting in LISTED:
        method, name = setting.split()
        value = arguments(classes.get(method, method))[called.get(name, name)]
        taken[setting] = float(value)
    return taken


def rarely_changed(trials: Trials) -> Finding:
    """What changing one of them does on the four points, all else at the document's values."""
    ladder = [1e-12, 1e-8, 1e-4, 1e-2, 1.0]
    sets = {
        "RMSprop rho": (RMSprop(eta=0.1, rho=[0.5, 0.9, 0.95, 0.99]), "rho", 0.9),
        "RMSprop epsilon": (RMSprop(eta=0.1, epsilon=ladder), "epsilon", 1e-8),
        "Adam beta1": (Adam(eta=0.1, beta1=[0.0, 0.5, 0.9, 0.95, 0.99]), "beta1", 0.9),
        "Adam beta2": (Adam(eta=0.1, beta2=[0.9, 0.99, 0.999, 0.9999]), "beta2", 0.999),
        "Adam epsilon": (Adam(eta=0.1, epsilon=ladder), "epsilon", 1e-8),
        "AdaGrad epsilon": (AdaGrad(eta=0.1, epsilon=ladder), "epsilon", 1e-8),
    }
    rows, evidence = [], dict[str, float]()
    for name, (optimizer, axis, usual) in sets.items():
        table = floors(trials, optimizer, problem=moved())
        # Below this all are as good as there.
        floor = dict(zip(table[axis], table["floor"].clip(1e-16), strict=True))
        best, worst = min(floor, key=floor.__getitem__), max(floor, key=floor.__getitem__)
        evidence |= {f"{name}, default": floor[usual], f"{name}, best": floor[best]}
        rows.append(
            {"setting": name}
            | {"default": usual, "|w - 5| with it": floor[usual]}
            | {"best": best, "|w - 5| with the best": floor[best]}
            | {"worst": worst, "|w - 5| with the worst": floor[worst]}
        )
    gains = {name: evidence[f"{name}, default"] / evidence[f"{name}, best"] for name in sets}
    matter = [name for name, gain in gains.items() if gain > 10]
    return Finding(
        "undecidable",
        "How often people change them is a matter of surveys, not of simulation. Whether it would "
        "matter is not: on the four points at eta = 0.1, after 100 epochs, another value brings w "
        f"more than ten times nearer for {listing(matter) or 'none of them'}.",
        evidence,
        picture=Picture(
            title="Largest distance in epochs 100 to 120 when one setting is changed",
            sees=f"{len(matter)} of {len(sets)} settings gain a factor of more than ten; below "
            "1e-16 all count as that.",
            table=pd.DataFrame(rows),
        ),
    )
