"""An optimizer of PyTorch, stepped as a replica on parameters of ours."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from simopt.ground import checks
from simopt.training.conformance.adapters import replicas
from simopt.training.conformance.adapters.record import WANTED, Handed
from simopt.training.conformance.adapters.settings import MOST_BETAS, is_number, named
from simopt.training.conformance.probing import Array, Player
from simopt.training.conformance.treatments import Treatment

#: What a parameter group may call its rate.
RATES = ("lr", "learning_rate")

#: Of the rate at first: less is 0, as a cosine ends, by rounding.
ROUNDED = 1e-9


def adapted(optimizer: Any, group: int) -> Handed:
    """An optimizer, with the settings of one of its groups, its class or what makes one."""
    import torch

    live = isinstance(optimizer, torch.optim.Optimizer)
    if not live and (not callable(optimizer) or isinstance(optimizer, torch.nn.Module)):
        raise checks.refuse("optimizer", optimizer, WANTED)
    notes: list[str] = []
    inner = replicas.prepared(optimizer) if live else optimizer
    if inner is not optimizer:
        notes.append(f"prepared by {type(optimizer).__module__.partition('.')[0]}: what it wraps")
    if live and replicas.replaced_step(inner):
        notes.append("its step was replaced on the object, which is left out")
    if live and replicas.hooked(inner):
        notes.append("its hooks, which may change gradients or weights, are left out")

    def on(parameters: list[Any]) -> Any:
        """A fresh optimizer on our parameters; the user's own is left alone."""
        if not live:
            return inner(parameters)
        new = replicas.replica(inner, parameters, group)
        key = _rate_key(new.param_groups[0])
        for each in new.param_groups:
            if (first := _stopped_at(each)) is not None:
                each[key] = first
        return new

    def start(w0: Array, pieces: int = 1, closed: bool = False, sparse: bool = False) -> Player:
        parameters = [
            torch.nn.Parameter(torch.tensor(part, dtype=torch.float64))
            for part in np.split(w0, pieces)
        ]
        trained = on(parameters)
        if callable(train := getattr(trained, "train", None)):
            train()  # a schedule-free optimizer steps in training mode alone
        key = _rate_key(trained.param_groups[0])
        rates = [each.get(key) for each in trained.param_groups]

        def player(gradient: Array, factor: float, loss: float) -> Array:
            parts = np.split(gradient, pieces) if pieces > 1 else [gradient]
            for each, part in zip(parameters, parts, strict=True):
                dense = torch.from_numpy(np.array(part, dtype=np.float64))
                each.grad = _of_every_entry(dense) if sparse else dense
            for each, rate in zip(trained.param_groups, rates, strict=True):
                if rate is not None and factor != 1.0:
                    each[key] = rate * factor
            if closed:
                trained.step(lambda: torch.tensor(loss))
            else:
                trained.step()
            moved = [each.detach().numpy() for each in parameters]
            return np.concatenate(moved) if pieces > 1 else moved[0].copy()

        return player

    if live:
        count = len(inner.param_groups)
        if group >= count:
            raise checks.refuse("group", group, f"a whole number from 0 to {count - 1}")
        if differing := replicas.differing(inner):
            notes.append(
                f"group {group} of {count}, which differ in {', '.join(differing)} (group= chooses)"
            )
        notes += _by_default(inner, group)
        notes += _scheduled(inner.param_groups[group])
        notes += _of_precision(inner.param_groups[group])
    try:
        with replicas.untouched(inner if live else None):
            ours = [torch.nn.Parameter(torch.zeros((1, 1), dtype=torch.float64))]
            counts = replicas.goes_on(inner, ours, group) if live else []
            trial = on(ours)
    except Exception as error:
        raise ValueError(
            f"optimizer: must make a PyTorch Optimizer of parameters alone; it raised "
            f"{checks.raised(error)}"
        ) from error
    if not isinstance(trial, torch.optim.Optimizer):
        raise checks.refuse("optimizer", optimizer, WANTED)
    if counts:
        said = ", ".join(counts)
        notes.append(f"its class can't make another: it goes on from what it counts, {said}")
    step = inspect.signature(type(trial).step).parameters.get("closure")
    if step is not None and step.default is step.empty:
        raise ValueError(
            f"optimizer: {type(trial).__name__}'s step asks for a closure, which evaluates loss "
            "and gradient anew; must take steps of gradients that are given"
        )
    with replicas.untouched(inner if live else None):
        sparse = _sparse_alone(start)
    if sparse:
        notes.append(
            "it takes sparse gradients alone: those that it was given leave no entry out, and what "
            "it does where one is left out is not seen"
        )
    told = trial.param_groups[0]
    if isinstance(betas := told.get("betas"), (tuple, list)) and len(betas) > MOST_BETAS:
        notes.append(f"its {len(betas)} betas are no rule's here")
    settings = named("torch", told)
    if told.get("decoupled_weight_decay") and settings.get("weight_decay"):
        settings["decay"] = "decoupled"
    return Handed(
        "torch",
        settings,
        any(is_number(told.get(key)) for key in RATES),
        partial(start, sparse=sparse),
        partial(replicas.untouched, inner if live else None),
        Treatment(
            maximize=bool(told.get("maximize")),
            warmup=_warmup(told),
            # timm's Adan divides decayed weights, unless it is told not to.
            proximal_decay=told.get("no_prox") is False and bool(told.get("weight_decay")),
        ),
        tuple(notes),
        type(trial).__name__,
        partial(start, pieces=2, sparse=sparse),
        None if step is None else partial(start, closed=True, sparse=sparse),
    )


def _of_every_entry(dense: Any) -> Any:
    """A gradient as a sparse one that leaves no entry out, not even zeros."""
    import torch

    places = torch.ones_like(dense).nonzero().T
    return torch.sparse_coo_tensor(places, dense.flatten(), dense.shape, check_invariants=True)


def _sparse_alone(start: Any) -> bool:
    """Whether it refuses a gradient, and takes it as a sparse one."""
    weights = np.ones(2)
    try:
        start(weights)(weights, 1.0, 1.0)
    except Exception:  # whatever it is, it is said where the probe is played
        try:
            start(weights, sparse=True)(weights, 1.0, 1.0)
        except Exception:
            return False
        return True
    return False


def _by_default(optimizer: Any, group: int) -> list[str]:
    """A note on arguments that are nowhere to be found, as d0 where steps have changed d."""
    if not (lost := replicas.by_default(optimizer, group)):
        return []
    said = ", ".join(f"{name} ({value!r})" for name, value in lost.items())
    return [f"by default, where nothing that it keeps tells what it was made with: {said}"]


def _of_precision(group: Mapping[str, Any]) -> list[str]:
    """Notes on what is otherwise in float64, in which it is stepped, than with its parameters."""
    import torch

    notes = []
    kinds = {each.dtype for each in group["params"]} - {torch.float32, torch.float64}
    if kinds:
        said = ", ".join(sorted(str(each).removeprefix("torch.") for each in kinds))
        notes.append(f"its parameters are {said}; this is about its step in float64")
    epsilon = group.get("eps")
    if isinstance(epsilon, (tuple, list)) and None in epsilon:
        bits = {each: torch.finfo(vars(torch)[each]).eps for each in ("float64", "float32")}
        said = ", ".join(f"{value:.3g} in {each}" for each, value in bits.items())
        notes.append(f"it takes an epsilon from the precision: {said}")
    return notes


def _warmup(group: Mapping[str, Any]) -> int:
    """Over how many updates its rate grows, as schedulefree's do; 0 if it doesn't say."""
    steps = group.get("warmup_steps")
    return steps if isinstance(steps, int) and not isinstance(steps, bool) and steps > 0 else 0


def _rate_key(group: Mapping[str, Any]) -> str:
    """What a parameter group calls its rate."""
    return next((key for key in RATES if key in group), RATES[0])


def _stopped_at(group: Mapping[str, Any]) -> Any:
    """The rate that a scheduler goes by, where it has set the rate to 0 or its rounding."""
    first: Any = group.get("initial_lr")
    now: Any = group.get(_rate_key(group))
    stopped = is_number(first) and is_number(now) and abs(now) < ROUNDED * abs(first)
    return first if stopped else None


def _scheduled(group: Mapping[str, Any]) -> list[str]:
    """A note that a scheduler of PyTorch has changed a parameter group's settings."""
    first, now = (named("torch", {"lr": group.get(key)}).get("eta") for key in ("initial_lr", "lr"))
    if first is None or first == now:
        return []
    if _stopped_at(group) is not None:
        return [
            f"a scheduler has set its rate to {now:g}, at which nothing moves; this is about its "
            f"initial_lr, {first:g}"
        ]
    what, them = ("rate and momentum are", "them") if "max_momentum" in group else ("rate is", "it")
    return [f"its {what} as a scheduler has set {them}; its initial_lr is {first:g}"]
