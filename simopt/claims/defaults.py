"""Claims about default values: whether they are standard, work, and when to change them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from simopt.claims import libraries
from simopt.claims.claim import Claim, Figure, Finding, Picture, share
from simopt.claims.floors import floors, least_loss, moved
from simopt.claims.suite import BATCH_SIZE, suite
from simopt.claims.trials import Trials
from simopt.rules import SGD, AdaGrad, Adam, Momentum, RMSprop

RULES = (SGD, Momentum, AdaGrad, RMSprop, Adam)

#: The document's list: of which setting, the value, and what PyTorch and Keras call it.
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
            [rule(eta=0.001) for rule in RULES],
            batch_size=BATCH_SIZE,
            epochs=100,
            shuffle="epoch",
            seed=trials.seeds(4, 2),
            evaluate="epoch",
        )
        start = problem.loss(problem.w0) - least_loss(problem)
        left = (frame["loss"] - least_loss(problem)).groupby(frame["optimizer"]).median() / start
        worked |= {(name, str(rule)): bool(value <= 0.01) for rule, value in left.items()}
        lines.append({"problem": name} | {r.__name__: f"{left[r.__name__]:.2g}" for r in RULES})
    met = share(list(worked.values()))
    return Finding(
        "undecidable",
        "Which cases there are, and in which proportion, no simulation says: that takes a survey. "
        f"For illustration, eta = 0.001 and the other defaults bring the loss above the minimum "
        f"below 1 % of the start's within 100 epochs in {met:.0%} of {len(worked)} pairs of a "
        "small problem and a method.",
        {"pairs": len(worked), "share that works": met},
        picture=Picture(
            title="Part of the loss above the minimum that is left after 100 epochs at the "
            "default values",
            sees=f"0.01 or less in {met:.0%} of the cells.",
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
        found = {library: float(each.figures[setting]) for library, each in seen.items()}
        agree |= {(library, setting): value == listed for library, value in found.items()}
        shown = {library: f"{value:g}" for library, value in found.items()}
        rows.append({"setting": setting, "listed": f"{listed:g}"} | shown)
    met = share(list(agree.values()))
    everywhere = [s for s in LISTED if all(agree[library, s] for library in seen)]
    nowhere = [s for s in LISTED if not any(agree[library, s] for library in seen)]
    verdict = "holds" if met == 1 else "conditional" if met >= 0.5 else "contradicted"
    return Finding(
        verdict,
        f"Of {len(agree)} default arguments {met:.0%} are the listed ones "
        f"({'; '.join(each.how for each in seen.values())}). In neither: {', '.join(nowhere)}.",
        {"agree": met, "settings": len(LISTED)}
        | {
            f"{library} {s}": float(each.figures[s])
            for library, each in seen.items()
            for s in LISTED
        },
        condition=f"In both libraries for {', '.join(everywhere)}; of the others the default "
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
    sgd, adagrad, rmsprop, adam = (
        getattr(torch.optim, name)(w).defaults for name in ("SGD", "Adagrad", "RMSprop", "Adam")
    )
    return {
        "SGD eta": float(sgd["lr"]),
        "AdaGrad eta": float(adagrad["lr"]),
        "RMSprop eta": float(rmsprop["lr"]),
        "Adam eta": float(adam["lr"]),
        "Momentum beta": float(sgd["momentum"]),
        "RMSprop rho": float(rmsprop["alpha"]),
        "Adam beta1": float(adam["betas"][0]),
        "Adam beta2": float(adam["betas"][1]),
        "AdaGrad epsilon": float(adagrad["eps"]),
        "RMSprop epsilon": float(rmsprop["eps"]),
        "Adam epsilon": float(adam["eps"]),
    }


def keras_defaults() -> Mapping[str, Figure]:
    """Default arguments of Keras' optimizers."""
    import inspect

    optimizers = libraries.keras().optimizers
    sgd, adagrad, rmsprop, adam = (
        {k: p.default for k, p in inspect.signature(getattr(optimizers, name)).parameters.items()}
        for name in ("SGD", "Adagrad", "RMSprop", "Adam")
    )
    return {
        "SGD eta": float(sgd["learning_rate"]),
        "AdaGrad eta": float(adagrad["learning_rate"]),
        "RMSprop eta": float(rmsprop["learning_rate"]),
        "Adam eta": float(adam["learning_rate"]),
        "Momentum beta": float(sgd["momentum"]),
        "RMSprop rho": float(rmsprop["rho"]),
        "Adam beta1": float(adam["beta_1"]),
        "Adam beta2": float(adam["beta_2"]),
        "AdaGrad epsilon": float(adagrad["epsilon"]),
        "RMSprop epsilon": float(rmsprop["epsilon"]),
        "Adam epsilon": float(adam["epsilon"]),
    }


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
            {"setting": name, "default": f"{usual:g}", "|w - 5| with it": f"{floor[usual]:.2g}"}
            | {"best": f"{best:g}, {floor[best]:.1g}", "worst": f"{worst:g}, {floor[worst]:.1g}"}
        )
    gains = {name: evidence[f"{name}, default"] / evidence[f"{name}, best"] for name in sets}
    matter = [name for name, gain in gains.items() if gain > 10]
    return Finding(
        "undecidable",
        "How often people change them is a matter of surveys, not of simulation. Whether it would "
        "matter is not: on the four points at eta = 0.1, after 100 epochs, another value brings w "
        f"more than ten times nearer for {', '.join(matter) or 'none of them'}.",
        evidence,
        picture=Picture(
            title="Largest distance in epochs 100 to 120 when one setting is changed",
            sees=f"{len(matter)} of {len(sets)} settings gain a factor of more than ten.",
            table=pd.DataFrame(rows),
        ),
    )


CLAIMS = (
    Claim(
        id="C033",
        lines="190",
        section="Defaults",
        optimizers=("SGD", "Momentum", "AdaGrad", "RMSprop", "Adam"),
        says="The default values work well in about 80 % of cases.",
        kind="practice",
        experiment="For illustration: the suite and five methods at eta = 0.001, 100 epochs, "
        "batch 8.",
        rule="Undecidable: the cases that the share is of are not defined. The illustration counts "
        "the pairs that lose 99 % of the loss above the minimum.",
        tried=defaults_work,
    ),
    Claim(
        id="C034",
        lines="192-199",
        section="Defaults",
        optimizers=("SGD", "Momentum", "AdaGrad", "RMSprop", "Adam"),
        says="The listed values are the standard defaults.",
        kind="library",
        experiment="Eleven default arguments of PyTorch's and of Keras' optimizers.",
        rule="Holds if all are the listed ones, conditional if at least half are, contradicted "
        "otherwise.",
        tried=listed_are_standard,
    ),
    Claim(
        id="C037",
        lines="196-199",
        section="Defaults",
        optimizers=("AdaGrad", "RMSprop", "Adam"),
        says="Rho, beta1 and beta2 are rarely changed, epsilon almost never.",
        kind="practice",
        experiment="What changing one of them does: the four points at eta = 0.1, the largest "
        "|w - 5| in epochs 100 to 120.",
        rule="Undecidable as to what people do; how much a change matters is computed.",
        tried=rarely_changed,
    ),
)
