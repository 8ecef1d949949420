"""Optimizers of other libraries, driven by given gradients. Frameworks are imported on demand."""

from __future__ import annotations

import inspect
import operator
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from simopt.ground import checks
from simopt.rules import ALL
from simopt.rules.frameworks import FRAMEWORKS
from simopt.rules.rule import Optimizer, Rule
from simopt.training.conformance import replicas
from simopt.training.conformance.probing import Array, Player
from simopt.training.conformance.treatments import NONE, Treatment
from simopt.training.stepper import Stepper, check_single

#: What a parameter group may call its rate.
RATES = ("lr", "learning_rate")

WANTED = (
    "a rule or an optimizer of simopt, a PyTorch Optimizer (or its class, or a function of the "
    "parameters that makes one), an optax GradientTransformation, a Keras optimizer, or a function "
    "step(w, g, state) -> (w, state)"
)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


class Unfit(ValueError):
    """A step function returned something else than a weight and a state."""


@dataclass(frozen=True)
class Handed:
    """The optimizer under test, by kind.

    Attributes
    ----------
    framework : str
        "torch", "optax", "keras" or "function".
    settings : mapping
        The hyperparameters that it says it has, by our names.
    drops : bool
        Whether its rate can be lowered on the way.
    start : callable
        ``start(w0) -> Player``: a fresh optimizer on its own weights.
    context : callable
        What is open while it plays.
    treatment : Treatment
        What it says it does to gradients and weights besides.
    notes : tuple of str
        What was left out or chosen on the way to it.
    name : str
        What its class is called.
    halves : callable, optional
        ``start``, with the weights in two parameters.
    """

    framework: str
    settings: Mapping[str, Any]
    drops: bool
    start: Callable[[Array], Player]
    context: Callable[[], Any] = _nothing
    treatment: Treatment = NONE
    notes: tuple[str, ...] = ()
    name: str = ""
    halves: Callable[[Array], Player] | None = None


def handed(optimizer: Any, group: int = 0) -> Handed:
    """The kind of an optimizer, from the package that defines its class."""
    if isinstance(optimizer, (Optimizer, Rule)) or any(optimizer is each for each in ALL.values()):
        return _simopt(optimizer)
    roots = _roots(optimizer)
    if "torch" in roots:
        return _torch(optimizer, group)
    if "keras" in roots:
        return _keras(optimizer)
    if callable(getattr(optimizer, "init", None)) and callable(getattr(optimizer, "update", None)):
        return _optax(optimizer)
    if inspect.isfunction(optimizer) or (callable(optimizer) and not isinstance(optimizer, type)):
        required = _required(optimizer)
        if required == 2 and _required(optimizer, optional=True) > 2:
            required = 3  # state=None
        # A function of the parameters alone: whoever has one has PyTorch.
        if required == 1 and "torch" in sys.modules:
            return _torch(optimizer, group)
        if required in (3, 4, 5):
            return _function(optimizer, required)
    raise checks.refuse("optimizer", optimizer, WANTED)


def _roots(value: Any) -> set[str]:
    """The packages that a class, or an object's class, and its parents come from."""
    kind = value if isinstance(value, type) else type(value)
    return {parent.__module__.partition(".")[0] for parent in kind.__mro__}


def _required(function: Any, optional: bool = False) -> int:
    """The number of parameters without a default, or of all that may be given by position."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 0
    return sum(
        (optional or p.default is p.empty)
        and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        for p in parameters
    )


def named(framework: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """A framework's hyperparameters by simopt's names; without what no rule has, and what is off.

    Optimizers of third parties borrow other frameworks' names: those are understood too, unless
    simopt has the name itself.
    """
    known = {name for make in ALL.values() for name in inspect.signature(make).parameters}
    records = [*FRAMEWORKS.values(), FRAMEWORKS[framework]]
    names = {theirs: ours for record in records for theirs, ours in record.spellings()}
    chosen: dict[str, Any] = {}
    for name, value in settings.items():
        if name == "betas":
            betas = value if isinstance(value, (tuple, list)) else (value,)
            if len(betas) < 3 and all(map(_is_number, betas)):
                ours_of = ("beta1", "beta2") if len(betas) == 2 else ("beta1", "beta")
                chosen |= {each: float(betas[-1 if each == "beta2" else 0]) for each in ours_of}
            continue
        ours = name if name in known else names.get(name, name)
        if ours not in known or value is None:
            continue
        if isinstance(value, bool) or ours in ("centered", "nesterov"):
            if value:
                chosen[ours] = True
        elif _is_number(value):
            off = ours in ("weight_decay", "momentum", "dampening", "lr_decay") and value == 0
            if not off:
                chosen[ours] = float(value)
    return chosen


def _is_number(value: Any) -> bool:
    """A number, or a tensor of one."""
    if isinstance(value, (int, float, np.number)):
        return True
    return getattr(value, "ndim", None) == 0 and callable(getattr(value, "item", None))


def _torch(optimizer: Any, group: int) -> Handed:
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

    def start(w0: Array, pieces: int = 1) -> Player:
        parameters = [
            torch.nn.Parameter(torch.tensor(part, dtype=torch.float64))
            for part in np.split(w0, pieces)
        ]
        trained = on(parameters)
        key = _rate_key(trained.param_groups[0])
        rates = [each.get(key) for each in trained.param_groups]

        def player(gradient: Array, factor: float, loss: float) -> Array:
            for each, part in zip(parameters, np.split(gradient, pieces), strict=True):
                each.grad = torch.tensor(part, dtype=torch.float64)
            for each, rate in zip(trained.param_groups, rates, strict=True):
                if rate is not None and factor != 1.0:
                    each[key] = rate * factor
            trained.step()
            return np.concatenate([each.detach().numpy() for each in parameters])

        return player

    if live:
        count = len(inner.param_groups)
        if group >= count:
            raise checks.refuse("group", group, f"a whole number from 0 to {count - 1}")
        if differing := replicas.differing(inner):
            notes.append(
                f"group {group} of {count}, which differ in {', '.join(differing)} (group= chooses)"
            )
        notes += _scheduled(inner.param_groups[group])
    try:
        with replicas.untouched(inner if live else None):
            trial = on([torch.nn.Parameter(torch.zeros((1, 1), dtype=torch.float64))])
    except Exception as error:
        raise ValueError(
            f"optimizer: must make a PyTorch Optimizer of parameters alone; it raised "
            f"{checks.raised(error)}"
        ) from error
    if not isinstance(trial, torch.optim.Optimizer):
        raise checks.refuse("optimizer", optimizer, WANTED)
    step = inspect.signature(type(trial).step).parameters.get("closure")
    if step is not None and step.default is step.empty:
        raise ValueError(
            f"optimizer: {type(trial).__name__}'s step asks for a closure, which evaluates loss "
            "and gradient anew; must take steps of gradients that are given"
        )
    told = trial.param_groups[0]
    if isinstance(betas := told.get("betas"), (tuple, list)) and len(betas) > 2:
        notes.append(f"its {len(betas)} betas are no rule's here")
    settings = named("torch", told)
    if told.get("decoupled_weight_decay") and "weight_decay" in settings:
        settings["decay"] = "decoupled"
    return Handed(
        "torch",
        settings,
        any(_is_number(told.get(key)) for key in RATES),
        start,
        partial(replicas.untouched, inner if live else None),
        Treatment(maximize=bool(told.get("maximize"))),
        tuple(notes),
        type(trial).__name__,
        partial(start, pieces=2),
    )


def _rate_key(group: Mapping[str, Any]) -> str:
    """What a parameter group calls its rate."""
    return next((key for key in RATES if key in group), RATES[0])


def _stopped_at(group: Mapping[str, Any]) -> Any:
    """The rate that a scheduler goes by, where it has set the rate to 0; else None."""
    first, now = group.get("initial_lr"), group.get(_rate_key(group))
    stopped = _is_number(first) and _is_number(now) and now == 0 != first
    return first if stopped else None


def _scheduled(group: Mapping[str, Any]) -> list[str]:
    """A note that a scheduler of PyTorch has changed a parameter group's settings."""
    first, now = (named("torch", {"lr": group.get(key)}).get("eta") for key in ("initial_lr", "lr"))
    if first is None or first == now:
        return []
    if now == 0:
        return [
            "a scheduler has set its rate to 0, at which nothing moves; this is about its "
            f"initial_lr, {first:g}"
        ]
    what = "rate and momentum are" if "max_momentum" in group else "rate is"
    return [f"its {what} as a scheduler has set it; its initial_lr is {first:g}"]


def _keras(optimizer: Any) -> Handed:
    import keras

    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise checks.refuse("optimizer", optimizer, WANTED)
    notes: list[str] = []
    if (inner := getattr(optimizer, "inner_optimizer", None)) is not None:
        optimizer = inner
        notes.append("the optimizer inside its wrapper")
    try:
        config = optimizer.get_config()
        type(optimizer).from_config(config)
    except Exception as error:
        raise ValueError(
            "optimizer: must be made again from its get_config(), which raised "
            f"{checks.raised(error)}"
        ) from error

    held, lost = _left_out(optimizer, config)
    if lost:
        notes.append(
            f"its get_config() leaves out {', '.join(lost)}: as its class has it by default"
        )

    scale = config.get("loss_scale_factor") or 1.0
    if scale != 1.0:
        notes.append(
            f"it divides gradients by its loss_scale_factor: it was given {scale:g} times those"
        )

    def start(w0: Array, pieces: int = 1) -> Player:
        trained = type(optimizer).from_config(config)
        vars(trained).update(held)
        variables = [keras.Variable(part, dtype="float64") for part in np.split(w0, pieces)]
        trained.build(variables)
        rate = float(
            keras.ops.convert_to_numpy(trained.learning_rate)
        )  # a schedule has one too, but can't be set

        def player(gradient: Array, factor: float, loss: float) -> Array:
            if factor != 1.0:
                trained.learning_rate = rate * factor
            parts = np.split(gradient * scale, pieces)
            given = [keras.ops.convert_to_tensor(part, dtype="float64") for part in parts]
            trained.apply(given, variables)
            held_by = [keras.ops.convert_to_numpy(each.value) for each in variables]
            return np.concatenate(held_by, dtype=np.float64)

        return player

    @contextmanager
    def float64() -> Iterator[None]:
        before = keras.config.floatx()
        keras.config.set_floatx("float64")
        try:
            with _jax64() if keras.config.backend() == "jax" else _nothing():
                yield
        finally:
            keras.config.set_floatx(before)

    overwrite = config.get("ema_overwrite_frequency") if config.get("use_ema") else None
    if config.get("use_ema") and not overwrite:
        notes.append("use_ema keeps an average beside the weights, which are these")
    # Of one variable clipnorm and global_clipnorm are the same.
    treatment = Treatment(
        clip_norm=config.get("clipnorm") or config.get("global_clipnorm"),
        clip_value=config.get("clipvalue"),
        accumulate=config.get("gradient_accumulation_steps") or 1,
        ema_momentum=config.get("ema_momentum") or 0.99,
        ema_overwrite=overwrite or 0,
    )
    adjustable = isinstance(config["learning_rate"], float)
    return Handed(
        "keras", named("keras", config), adjustable, start, float64, treatment, tuple(notes),
        type(optimizer).__name__, partial(start, pieces=2),
    )  # fmt: skip


def _left_out(optimizer: Any, config: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What a Keras optimizer was given and its configuration lacks.

    Numbers by the attributes that hold them, and the names of what is nowhere to be found.
    """
    held: dict[str, Any] = {}
    lost = []
    for each in inspect.signature(type(optimizer)).parameters.values():
        if each.name in config or each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD):
            continue
        known = [name for name in (each.name, f"_{each.name}") if name in vars(optimizer)]
        held |= {n: v for n in known if isinstance(v := vars(optimizer)[n], (bool, int, float))}
        if not known:
            lost.append(each.name)
    return held, lost


def _simopt(given: Optimizer | Rule | Callable[[], Optimizer]) -> Handed:
    optimizer = check_single(given if isinstance(given, Optimizer) else given())

    def start(w0: Array) -> Player:
        stepper = Stepper(optimizer, w0.ravel().tolist())

        def player(gradient: Array, factor: float, loss: float) -> Array:
            stepper.step(gradient.ravel().tolist(), stepper.eta * factor, loss)
            return np.array(stepper.weights).reshape(w0.shape)

        return player

    return Handed("simopt", optimizer.settings, True, start, name=optimizer.name)


def _optax(optimizer: Any) -> Handed:
    # One that takes further arguments takes those that it knows: Polyak's step the loss.
    takes = inspect.signature(optimizer.update).parameters.values()
    further = any(each.kind is each.VAR_KEYWORD or each.name == "value" for each in takes)

    def start(w0: Array) -> Player:
        import jax.numpy as jnp

        weights = jnp.asarray(w0)
        if optimizer.init.__module__.endswith(".lookahead"):
            weights = sys.modules["optax"].LookaheadParams.init_synced(weights)
        state = optimizer.init(weights)

        def player(gradient: Array, factor: float, loss: float) -> Array:
            nonlocal weights, state
            more = {"value": jnp.asarray(loss)} if further else {}
            given = jnp.asarray(gradient)
            try:
                updates, state = optimizer.update(given, state, weights, **more)
            except AttributeError as error:
                if error.name != "fast" or hasattr(weights, "fast"):
                    raise
                # A chain with optax.lookahead, which has two weights, and gradients of the fast.
                weights = sys.modules["optax"].LookaheadParams.init_synced(weights)
                state = optimizer.init(weights)
                updates, state = optimizer.update(given, state, weights, **more)
            weights = sys.modules["jax"].tree.map(operator.add, weights, updates)
            return np.array(getattr(weights, "fast", weights), dtype=np.float64)

        return player

    with _jax64():
        settings = named("optax", _injected(optimizer))
    return Handed("optax", settings, False, start, _jax64)


def _injected(optimizer: Any) -> dict[str, Any]:
    """What `optax.inject_hyperparams` keeps in the state, unless a schedule changes it.

    It keeps numbers in the weights' precision: of more digits than float32's none is lost.
    """
    import jax.numpy as jnp

    try:
        state = optimizer.init(jnp.zeros(2))
    except Exception:  # it takes no such weights, which whoever steps it says
        return {}
    told = getattr(state, "hyperparams", None)
    if not isinstance(told, Mapping):
        return {}
    scheduled = getattr(state, "hyperparams_states", None) or {}
    return {name: value for name, value in told.items() if name not in scheduled}


@contextmanager
def _jax64() -> Iterator[None]:
    """Enable float64 in JAX within a context."""
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)


def _function(step: Callable[..., Any], takes: int) -> Handed:
    """``step(w, g, state)``; a fourth argument is a factor of its rate, a fifth the loss."""

    def start(w0: Array) -> Player:
        weights, state = w0.copy(), None

        def player(gradient: Array, factor: float, loss: float) -> Array:
            nonlocal weights, state
            answer = step(weights.copy(), gradient, state, *(factor, loss)[: takes - 3])
            if not isinstance(answer, tuple) or len(answer) != 2:
                raise Unfit(
                    str(checks.refuse("optimizer", answer, "a function that returns (w, state)"))
                )
            weights, state = np.array(answer[0], dtype=np.float64), answer[1]
            if weights.shape != w0.shape:
                allowed = f"a function whose w keeps its shape {w0.shape}"
                raise Unfit(str(checks.refuse("optimizer", weights, allowed)))
            return weights.copy()

        return player

    return Handed("function", {}, takes > 3, start)
