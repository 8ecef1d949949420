"""Every public function and method of simopt, each with one valid and cheap call.

Functions are found by introspection of what ``dir(simopt)`` and its modules' ``__all__`` name;
`CALLS` has the arguments of each by its dotted name, `MADE` what only the package makes.
"""

import inspect
from functools import cache
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd

import simopt
from simopt import problems, schedules, stability
from simopt.rules import ALL

#: Where the work of a call of minutes begins.
EXPENSIVE = [
    ("simopt.curves.callbacks.frameworks", "base_of"),
    ("simopt.curves.prescription.runner", "run"),
    ("simopt.document.claims.evaluation", "Trials"),
    ("simopt.analysis.recommendation.study", "_Work"),
    ("simopt.analysis.comparison.later_rules", "compare"),
    ("simopt.report.recommendation.sentences", "task"),
]


class Began(Exception):
    """Raised in place of that work: the arguments were taken."""


SGD = simopt.SGD(eta=0.1)


def public():
    """Functions and classes by their dotted name; a class that can be called counts as one."""
    modules = {"simopt": simopt}
    for name in dir(simopt):
        value = getattr(simopt, name)
        if isinstance(value, ModuleType):
            modules[f"simopt.{name}"] = value
    functions, seen = {}, set()
    for path, module in modules.items():
        for name in module.__all__:
            value = getattr(module, name)
            if isinstance(value, ModuleType):
                value = getattr(value, "__call__", value)  # noqa: B004
            if isinstance(value, type) and issubclass(value, BaseException):
                continue
            if (inspect.isroutine(value) or isinstance(value, type)) and id(value) not in seen:
                seen.add(id(value))
                functions[f"{path}.{name}"] = value
    return functions


def methods():
    """Public methods with arguments, by ``module.Class.method``."""
    named = {}
    for path, value in public().items():
        if not isinstance(value, type) or issubclass(value, BaseException):
            continue
        for name in dir(value):
            member = inspect.getattr_static(value, name)
            if name.startswith("_") or not callable(member):
                continue
            if len(inspect.signature(member).parameters) > 1:
                named[f"{path}.{name}"] = member
    return named


def four():
    return problems.four_points()


@cache
def quadratic():
    return problems.noisy_quadratic([1.0, 0.5], [0.1, 0.1])


@cache
def trace():
    return simopt.run(four(), SGD)


@cache
def study():
    return simopt.batch_size(
        four(), simopt.SGD(eta=[0.01, 0.1]), target=1.0, batch_sizes=[1, 2], seeds=2, progress=False
    )


@cache
def goal():
    return simopt.scaling.goal(problems.hubble(), held_out=0.25)


@cache
def study_of_goal():
    aim = goal()
    return simopt.batch_size(
        aim.problem, simopt.SGD(), target=aim.target, batch_sizes=[1, 2], seeds=2, progress=False
    )


def outcomes():
    """A table as `prescription.try_all` makes it, of one run."""
    row = {
        "problem": "four_points", "optimizer": "SGD", "eta": 0.1, "batch_size": 1, "n": 4,
        "seed": 0, "symptom": "slow", "beyond": 0.1, "arrived": False, "fix": "eta * 3",
        "ratio": 0.1, "then": "healthy", "diverged": False, "worked": True, "worse": False,
    }  # fmt: skip
    return pd.DataFrame([row])


def recommendation():
    """As much of one as a page asks for before it is written."""
    made = object.__new__(simopt.recommendation.Recommendation)
    made.__dict__["parts"] = SimpleNamespace(table=SimpleNamespace(target="y"))
    return made


@cache
def compared():
    rules = [simopt.SGD(eta=[0.01, 0.1])]
    seeds = {"tuning_seeds": [0], "judging_seeds": [1, 2]}
    return simopt.comparison.compare({"four": four()}, rules, batch_size=1, epochs=1, **seeds)


@cache
def swept():
    frame = simopt.sweep(four(), simopt.SGD(eta=[0.01, 0.1, 0.2]), seed=[0, 1], shuffle="epoch")
    return simopt.measures.excess(frame, four()).to_frame("excess").join(frame)


@cache
def bands():
    return simopt.measures.bands(swept(), ["optimizer", "batch_size", "eta"])


def log_file(tmp):
    path = tmp / "log.csv"
    path.write_text("epoch,loss\n" + "".join(f"{k},{0.5**k}\n" for k in range(9)))
    return path


def table_file(tmp):
    path = tmp / "points.csv"
    POINTS.to_csv(path, index=False)
    return path


def store_folder(tmp):
    folder = tmp / "store"
    if not folder.exists():
        simopt.sweep(four(), SGD, seed=[0, 1], store=folder, progress=False)
    return folder


def an_update(w, g, eta):
    return w - eta * g


def a_step(w, g, eta, room):
    w -= eta * g


def a_room(units, columns):
    return 1


def a_loss(w, point):
    return 0.5 * (w - point) ** 2


def a_gradient(w, point):
    return w - point


LOSSES = [4.0, 2.0, 1.0, 0.5, 0.25, 0.125, 0.0625]
POINTS = pd.DataFrame(
    {"a": [0.5, -1.25, 1.5, -0.5], "b": [-1.5, 0.25, 1.0, 0.5], "y": [1.0, 3.0, 5.0, 8.0]}
)
X, Y = [1.0, 2.0, 3.0], [2.0, 1.0, 4.0]
RUN = {
    "batch_size": 1, "epochs": 1, "updates": None, "shuffle": "never", "seed": 0, "order": None,
    "schedule": None, "clip_norm": None, "clip_value": None, "box": None, "drop_last": False,
    "target": None, "stop_at_target": False, "divergence": 1e6, "evaluate": None, "resume": None,
    "points_per_epoch": None, "no_decay": None, "no_clip": None,
}  # fmt: skip
SWEEP = RUN | {
    "convention": None, "record": "summary", "diagnosis": False, "dtype": "float64",
    "device": "cpu", "client": None, "store": None, "reduce": None, "keep_state": False,
    "progress": False, "threads": 1,
}  # fmt: skip
WORKED = {
    key: RUN[key]
    for key in ("batch_size", "epochs", "shuffle", "seed", "order", "drop_last", "updates")
}
CYCLE = {"batch_size": 1, "order": None}
PLAIN = {"w0": 0.0, "intercept": False, "l2": 0.0, "name": None}

#: The arguments of each: all of them, so that each can be replaced; given a temporary folder.
CALLS = {
    "simopt.document.audit": lambda _: {},
    "simopt.document.errata": lambda _: {},
    "simopt.document.shuffles": lambda _: {},
    "simopt.document.papers": lambda _: {"quick": True, "seed": 0, "only": "P01"},
    "simopt.document.claims": lambda _: {"quick": True, "seed": 0, "only": "C098"},
    "simopt.prescription.framework": lambda _: {
        "quick": True, "outcomes": outcomes(), "threads": 1,
    },
    "simopt.prescription.table": lambda _: {"quick": True, "outcomes": outcomes(), "threads": 1},
    "simopt.prescription.try_all": lambda _: {
        "quick": True, "threads": 1, "say": None, "advised": False, "cases": None,
    },
    "simopt.problems.diabetes": lambda _: {},
    "simopt.problems.four_points": lambda _: {},
    "simopt.problems.hubble": lambda _: {},
    "simopt.report": lambda tmp: {"folder": tmp / "report", "quick": True, "profile": True},
    **{f"simopt.{name}": lambda _, name=name: of_a_rule(ALL[name]) for name in ALL},
    "simopt.Reduce": lambda _: {"over": "seed", "columns": ("loss",), "quantiles": (0.5,)},
    "simopt.averaged": lambda _: defaults(simopt.averaged) | {"optimizer": SGD, "gamma": 0.9},
    "simopt.lookahead": lambda _: defaults(simopt.lookahead) | {"optimizer": SGD},
    "simopt.batch_size": lambda _: {
        "problem": four(), "optimizers": SGD, "target": 1.0, "batch_sizes": [1, 2], "seeds": 2,
        "budget": 10000, "divergence": 1e6, "progress": False, "threads": 1,
    },
    "simopt.diagnose": lambda _: {
        "loss": LOSSES, "validation": None, "optimizer": None, "column": None, "x": None,
        "patterns": (), "higher_is_better": False,
    },
    "simopt.load": lambda tmp: {
        "folder": store_folder(tmp), "columns": None, "filters": None, "partial": False,
    },
    "simopt.prescribe": lambda _: {
        "problem": four(), "optimizer": SGD, "batch_size": 1, "epochs": 1, "shuffle": "epoch",
        "seeds": 8, "schedule": None, "clip_norm": None, "clip_value": None, "validation": None,
        "fixes": "eta / 2", "threads": 1,
    },
    "simopt.read_log": lambda tmp: {
        "source": log_file(tmp), "column": None, "validation": None, "x": None, "patterns": (),
        "higher_is_better": False,
    },
    "simopt.rule": lambda _: {
        "update": an_update, "clock": None, "terms": None, "derived": None, "name": "plain",
        "eta": 0.001, "initial": None, "matrix": a_step, "room": a_room,
    },
    "simopt.run": lambda _: {"problem": four(), "optimizer": SGD, **RUN},
    "simopt.sweep": lambda _: {"problem": four(), "optimizers": SGD, **SWEEP},
    "simopt.callbacks.Watcher": lambda _: {"say": str, "optimizer": SGD},
    "simopt.callbacks.keras": lambda _: {
        "loss": "loss", "validation": "val_loss", "say": str, "optimizer": SGD,
    },
    "simopt.callbacks.lightning": lambda _: {
        "validation": "val_loss", "say": str, "optimizer": SGD,
    },
    "simopt.callbacks.transformers": lambda _: {"say": str, "optimizer": SGD},
    "simopt.conformance.check": lambda _: {
        "optimizer": plain_step, "against": SGD, "group": 0, "tolerance": 1e-12,
    },
    "simopt.diagnosis.diagnose_many": lambda _: {
        "losses": [LOSSES, LOSSES], "validation": None, "lengths": None, "threads": 1,
    },
    "simopt.diagnosis.diagnose_run": lambda tmp: {
        "run": simopt.read_log(log_file(tmp)).runs[0], "log": simopt.read_log(log_file(tmp)),
        "optimizer": None,
    },
    "simopt.plot.heatmap": lambda _: {
        "frame": swept(), "x": "eta", "y": "seed", "problem": four(),
    },
    "simopt.plot.loss": lambda _: {"runs": trace(), "problem": four(), "by": "optimizer"},
    "simopt.plot.sensitivity": lambda _: {
        "frame": swept(), "problem": four(), "by": "optimizer", "rate": "eta",
    },
    "simopt.comparison.benchmark": lambda _: {"quick": True, "seed": 0},
    "simopt.comparison.compare": lambda _: {
        "problems": {"four": four()}, "optimizers": [simopt.SGD(eta=[0.01, 0.1])], "batch_size": 1,
        "epochs": 1, "tuning_seeds": [0], "judging_seeds": [1, 2], "schedule": None, "threads": 1,
    },
    "simopt.comparison.judged": lambda _: {"trials": compared()},
    "simopt.comparison.ranking": lambda _: {
        "judged": simopt.comparison.judged(compared()), "level": 0.05, "seed": 0,
    },
    "simopt.comparison.sensitivity": lambda _: {"trials": compared(), "within": 2.0},
    "simopt.measures.bands": lambda _: {
        "frame": swept(), "by": ["optimizer", "eta"], "value": "excess",
    },
    "simopt.measures.batch_variance": lambda _: {"batch_size": 2, "n": 4},
    "simopt.measures.best": lambda _: {
        "table": bands(), "by": ["optimizer"], "rate": "eta", "value": "median",
    },
    "simopt.measures.common": lambda _: {
        "table": bands(), "by": ["optimizer"], "across": "batch_size", "rate": "eta",
        "value": "median",
    },
    "simopt.measures.excess": lambda _: {"frame": swept(), "problem": four(), "floor": 1e-15},
    "simopt.measures.first_divergence": lambda _: {
        "table": bands(), "by": ["optimizer"], "rate": "eta",
    },
    "simopt.measures.gradient_noise": lambda _: {"problem": four(), "batch_size": 2, "w": None},
    "simopt.measures.point_gradients": lambda _: {"problem": four(), "w": None},
    "simopt.measures.tuned": lambda _: {"table": bands(), "by": ["optimizer"], "window": 3},
    "simopt.measures.width": lambda _: {
        "table": bands(), "by": ["optimizer"], "within": 10.0, "rate": "eta", "value": "median",
    },
    "simopt.measures.worst_nearby": lambda _: {
        "table": bands(), "by": ["optimizer"], "rate": "eta", "value": "median", "window": 3,
    },
    "simopt.noise_scale.estimate": lambda _: {
        "problem": four(), "w": None, "small": 1, "big": 2, "draws": 10, "seed": 0,
        "replacement": False,
    },
    "simopt.noise_scale.exact": lambda _: {"problem": four(), "w": None, "replacement": False},
    "simopt.noise_scale.finite_population": lambda _: {"scale": 2.0, "n": 10},
    "simopt.noise_scale.from_norms": lambda _: {
        "small_norms": [4.0, 5.0], "big_norms": [3.0, 2.0], "small": 1, "big": 4, "n": 10,
    },
    "simopt.nqm.expected_loss": lambda _: {
        "problem": quadratic(), "updates": [1, 2], "eta": 0.1, "batch_size": 1, "beta": 0.0,
        "gamma": 0.0,
    },
    "simopt.nqm.lower_bound": lambda _: {"batch_sizes": [1, 2], "target": 0.01, "d": 10},
    "simopt.nqm.moments": lambda _: {
        "problem": quadratic(), "updates": 3, "eta": 0.1, "batch_size": 1, "beta": 0.0,
        "gamma": 0.0,
    },
    "simopt.nqm.problem": lambda _: {"power": 0.0, "spectrum": "true", "d": 10},
    "simopt.nqm.standard_error": lambda _: {
        "problem": quadratic(), "updates": 3, "trajectories": 5, "eta": 0.1, "batch_size": 1,
        "beta": 0.0, "gamma": 0.0,
    },
    "simopt.nqm.steps_to_target": lambda _: {
        "batch_sizes": [1], "power": 0.0, "algorithm": "sgd", "spectrum": "authors", "target": 0.5,
        "d": 10, "tuned": False, "threads": 1, "progress": False,
    },
    "simopt.orders.accelerate_batches": lambda _: {
        "n": 5, "epochs": 2, "seed": 0, "batch_size": 2, "world": 2, "rank": 1, "drop_last": True,
    },
    "simopt.orders.fastai_dataloader": lambda _: {
        "n": 4, "epochs": 2, "seed": 0, "made": 1, "passes": 1,
    },
    "simopt.orders.jax_permutation": lambda _: {
        "n": 4, "epochs": 2, "seed": 0, "keys": "fold_in",
    },
    "simopt.orders.mosaicml_streaming": lambda _: {
        "shards": [3, 4], "epochs": 2, "shuffle_seed": 0, "shuffle_algo": "py1s",
        "shuffle_block_size": 8,
    },
    "simopt.orders.sklearn_held_out": lambda _: {
        "n": 6, "random_state": 0, "validation_fraction": 0.5, "labels": [0, 1, 0, 1, 0, 1],
    },
    "simopt.orders.sklearn_partial_fit": lambda _: {
        "n": 4, "calls": 2, "random_state": 0, "estimator": "SGDClassifier",
    },
    "simopt.orders.spacy_training": lambda _: {"n": 4, "epochs": 2, "seed": 0},
    "simopt.orders.torch_random_split": lambda _: {
        "n": 4, "lengths": [0.5, 0.5], "seed": 0, "drawn": 2,
    },
    "simopt.orders.torch_stateful": lambda _: {
        "n": 4, "epochs": 2, "seed": 0, "generator": "global", "workers": True, "drawn": 2,
    },
    "simopt.orders.torch_weighted": lambda _: {
        "weights": [1.0, 2.0, 3.0], "epochs": 2, "seed": 0, "num_samples": 2,
        "replacement": False, "generator": "global", "drawn": 2, "between": 2,
    },
    "simopt.orders.webdataset_shuffle": lambda _: {
        "n": 4, "epochs": 2, "seed": 0, "bufsize": 3, "initial": 2, "deterministic": True,
    },
    "simopt.orders.datasets_stream": lambda _: {
        "n": 4, "epochs": 2, "seed": 0, "buffer_size": 3,
    },
    "simopt.orders.hf_trainer": lambda _: {"n": 4, "epochs": 2, "seed": 0, "data_seed": 1},
    "simopt.orders.keras_pydataset": lambda _: {
        "n": 4, "epochs": 2, "seed": 0, "batch_size": 2, "backend": "torch", "compiled": True,
    },
    "simopt.orders.keras_fit": lambda _: {
        "n": 4, "epochs": 2, "seed": 0, "backend": "torch", "compiled": True, "validated": False,
        "drawn": 0,
    },
    "simopt.orders.sklearn_mlp": lambda _: {
        "n": 4, "epochs": 2, "random_state": 0, "layers": [2, 3, 1], "validation_fraction": 0.5,
        "labels": [0, 1, 0, 1],
    },
    "simopt.orders.sklearn_sgd": lambda _: {
        "n": 4, "epochs": 2, "random_state": 0, "estimator": "SGDRegressor", "held_out": [1],
    },
    "simopt.orders.tf_data": lambda _: {
        "n": 4, "epochs": 2, "seed": 0, "buffer_size": 3, "global_seed": 0,
        "reshuffle_each_iteration": True, "operations": 0,
    },
    "simopt.orders.torch_distributed": lambda _: {
        "n": 4, "epochs": 2, "seed": 0, "world": 2, "rank": 1, "drop_last": False,
    },
    "simopt.orders.torch_dataloader": lambda _: {
        "n": 4, "epochs": 2, "seed": 0, "generator": "own", "persistent_workers": False,
        "drawn": 0, "between": 0,
    },
    "simopt.orders.torch_randperm": lambda _: {
        "n": 4, "epochs": 2, "seed": 0, "drawn": 0, "between": 0,
    },
    "simopt.orders.torch_sampler": lambda _: {
        "n": 4, "epochs": 2, "seed": 0, "generator": "own", "drawn": 0, "between": 0,
        "replacement": False, "num_samples": 4,
    },
    "simopt.problems.bumps": lambda _: {"w0": 6.0, "noise": None},
    "simopt.problems.double_well": lambda _: {"tilt": 0.1, "spread": 1.0, "terms": 8, "w0": None},
    "simopt.problems.from_frame": lambda _: {
        "frame": POINTS.copy(), "target": "y", "features": None, "kind": "least_squares",
        "standardize": None, "categories": None, "missing": "refuse", **PLAIN,
    },
    "simopt.problems.function": lambda _: {
        "loss": a_loss, "gradient": a_gradient, "w0": [0.0], "points": [1.0, 2.0], "noise": None,
        "optimum": None, "name": None, "check_gradient": True,
    },
    "simopt.problems.held_out": lambda _: {
        "table": POINTS.copy(), "problem": problems.from_frame(POINTS, "y"), "missing": "refuse",
        "sep": None, "decimal": None, "encoding": None, "name": None,
    },
    "simopt.problems.huber": lambda _: {"x": X, "y": Y, "delta": 1.0, **PLAIN},
    "simopt.problems.least_squares": lambda _: {"x": X, "y": Y, **PLAIN},
    "simopt.problems.logistic": lambda _: {"x": X, "y": [0, 1, 0], **PLAIN},
    "simopt.problems.network": lambda _: {
        "x": X, "y": Y, "hidden": 2, "kind": "least_squares", "activation": "linear", "w0": None,
        "seed": 0, "l2": 0.0, "name": None,
    },
    "simopt.problems.noisy_quadratic": lambda _: {
        "curvature": [1.0, 0.5], "noise": [0.1, 0.1], "w0": 1.0, "name": None,
    },
    "simopt.problems.poisson": lambda _: {"x": X, "y": [0, 1, 2], **PLAIN},
    "simopt.problems.read_table": lambda tmp: {
        "path": table_file(tmp), "target": "y", "sep": None, "decimal": None, "encoding": None,
        "features": None, "kind": "least_squares",
        "standardize": None, "categories": None, "missing": "refuse", **PLAIN,
    },
    "simopt.problems.saddle": lambda _: {"w0": (1.0, 1e-6), "noise": None},
    "simopt.report.batch_size_page": lambda tmp: {"path": tmp / "page.html", "study": study()},
    "simopt.recommend": lambda _: {
        "problem": simopt.problems.diabetes(), "target": None, "kind": None, "features": None,
        "missing": "refuse", "sep": None, "decimal": None, "encoding": None,
        "optimizers": ["SGD"], "batch_sizes": None, "budget": 0.05, "seed": 0,
        "progress": False, "threads": 1,
    },
    "simopt.lr_range_test": lambda _: (
        defaults(simopt.lr_range_test) | {"problem": four(), "optimizer": SGD, "updates": 20}
    ),
    "simopt.report.playground_page": lambda tmp: {"path": tmp / "page.html", "problem": four()},
    "simopt.schedules.plateau": lambda _: defaults(schedules.plateau),
    "simopt.schedules.adaptive": lambda _: defaults(schedules.adaptive),
    "simopt.report.recommendation_page": lambda tmp: {
        "path": tmp / "page.html", "recommendation": recommendation(),
    },
    "simopt.report.walkthrough_page": lambda tmp: {
        "path": tmp / "page.html", "problem": four(), "optimizer": SGD, **WORKED,
    },
    "simopt.scaling.advise": lambda _: {"study": study(), "noise_scale": None},
    "simopt.scaling.explained_held_out": lambda _: {"study": study_of_goal(), "aim": goal()},
    "simopt.scaling.goal": lambda _: defaults(simopt.scaling.goal) | {"problem": problems.hubble()},
    "simopt.scaling.fit_curve": lambda _: {
        "batch_size": [1, 2, 4, 8], "steps": [100, 60, 40, 30], "q": None, "start": None,
    },
    "simopt.scaling.fit_rates": lambda _: {"batch_size": [1, 2, 4], "eta": [0.1, 0.2, 0.3]},
    "simopt.schedules.chained": lambda _: {"schedules": [schedules.cosine()], "per": "update"},
    "simopt.schedules.cyclic": lambda _: defaults(schedules.cyclic) | {"up": 3},
    "simopt.schedules.warmup_stable_decay": lambda _: (
        defaults(schedules.warmup_stable_decay) | {"warmup": 2, "decay": 2}
    ),
    "simopt.schedules.check": lambda _: {"schedule": "cosine"},
    "simopt.schedules.factors": lambda _: {"values": [1.0, 0.5], "per": "update"},
    "simopt.schedules.cosine_restarts": lambda _: {
        "first": 2, "growth": 1, "gamma": 0.5, "floor": 0.0, "floor_factor": 0.0, "per": "update",
    },
    "simopt.schedules.exponential": lambda _: {
        "gamma": 0.9, "every": 1, "floor_factor": 0.0, "per": "update",
    },
    "simopt.schedules.multi_step": lambda _: {"milestones": [1, 2], "gamma": 0.1, "per": "update"},
    "simopt.schedules.sequential": lambda _: {
        "schedules": [schedules.constant(), schedules.cosine()], "milestones": [1],
        "per": "update",
    },
    "simopt.schedules.step": lambda _: {"every": 2, "gamma": 0.1, "per": "update"},
    **{
        f"simopt.schedules.{name}": lambda _, name=name: defaults(getattr(schedules, name))
        for name in (
            "constant", "cosine", "inverse_scaling", "inverse_time", "noam", "optimal",
            "slanted_triangular", "inverse_sqrt", "linear", "linear_warmup",
            "one_cycle", "polynomial",
        )
    },
    "simopt.stability.adam_critical_beta1": lambda _: {"beta2": 0.999},
    "simopt.stability.adam_cycle": lambda _: {"eta": 0.1, "beta1": 0.9},
    "simopt.stability.adam_multiplier": lambda _: {"beta1": 0.9, "beta2": 0.999},
    "simopt.stability.adam_step_bound": lambda _: {"beta1": 0.9, "beta2": 0.999},
    "simopt.stability.compare": lambda _: {
        "problem": four(), "optimizer": SGD, **CYCLE, "epochs": 10, "growth": 1e6, "threads": 1,
    },
    "simopt.stability.critical_beta": lambda _: {"a": 0.5},
    "simopt.stability.growth_per_epoch": lambda _: {"errors": np.array([1.0, 0.5, 0.25, 0.125])},
    "simopt.stability.in_order": lambda _: {
        "problem": four(), "order": stability.orders(4, 2)[0],
    },
    "simopt.stability.limit": lambda _: {"method": "Momentum", "beta": 0.5},
    "simopt.stability.measured": lambda _: {"mu": 0.1, "L": 1.0},
    "simopt.stability.milestones": lambda _: {
        "curvature": [1.0, 0.5], "w0": [1.0, 1.0], "optimizer": SGD, "target": 0.5, "updates": 20,
    },
    "simopt.stability.observed_rate": lambda _: {
        "distance": np.array([1.0, 0.5, 0.25, 0.125]), "double": False,
    },
    "simopt.stability.optimal": lambda _: {"mu": 0.1, "L": 1.0},
    "simopt.stability.orders": lambda _: {"n": 4, "batch_size": 2},
    "simopt.stability.quadratic": lambda _: {"curvature": [1.0, 0.5], "w0": 1.0},
    "simopt.stability.rate": lambda _: {"method": "Momentum", "a": 0.5, "beta": 0.5},
    "simopt.stability.rmsprop_cycle": lambda _: {
        "eta": 0.1, "curvature": 1.0, "epsilon": 0.0, "epsilon_place": "inside",
    },
    "simopt.stability.spectral_radius": lambda _: {"problem": four(), "optimizer": SGD, **CYCLE},
    "simopt.stability.thresholds": lambda _: {
        "problem": four(), "optimizer": simopt.SGD(eta=[0.1, 0.5]), **CYCLE,
    },
    "simopt.walkthrough.as_text": lambda _: {
        "trace": trace(), "steps": simopt.walkthrough.worked_steps(four(), SGD),
    },
    "simopt.walkthrough.header": lambda _: {"trace": trace()},
    "simopt.walkthrough.number": lambda _: {"value": 1.5},
    "simopt.walkthrough.outcome": lambda _: {"trace": trace()},
    **{
        f"simopt.walkthrough.{name}": lambda _: {
            "problem": four(), "optimizer": SGD, **WORKED, "max_points": 8,
        }
        for name in ("text", "worked", "worked_steps")
    },
    "simopt.walkthrough.vector": lambda _: {"values": [1.0, 2.0]},
}  # fmt: skip


#: What takes no arguments of a user's: results, and what `rule`, `problems` and `schedules` return.
MADE = {
    "simopt.complement",  # for the inside of a compiled rule
    "simopt.recommendation.Recommendation",
    "simopt.Optimizer", "simopt.Rule", "simopt.Run", "simopt.diagnosis.Diagnosis",
    "simopt.noise_scale.Estimate", "simopt.noise_scale.NoiseScale", "simopt.problems.Problem",
    "simopt.scaling.Curve", "simopt.scaling.Goal", "simopt.scaling.RateLaws",
    "simopt.scaling.Scaling",
    "simopt.schedules.Schedule", "simopt.walkthrough.Line",
    "simopt.walkthrough.Point", "simopt.walkthrough.Shown", "simopt.walkthrough.Step",
}  # fmt: skip


def plain_step(w, g, state):
    """What `conformance.check` takes."""
    return w - 0.1 * g, state


def defaults(function):
    """Every argument at its default."""
    return {name: each.default for name, each in inspect.signature(function).parameters.items()}


def of_a_rule(family):
    """Every argument at its default, and a decay: its form may be given with one alone."""
    takes = defaults(family)
    return takes | ({"weight_decay": 0.01} if "weight_decay" in takes else {})
