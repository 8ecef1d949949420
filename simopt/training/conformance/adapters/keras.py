"""An optimizer of Keras, made again from its configuration."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import numpy as np

from simopt.ground import checks
from simopt.training.conformance.adapters.precision import jax64
from simopt.training.conformance.adapters.record import WANTED, Handed
from simopt.training.conformance.adapters.settings import named
from simopt.training.conformance.probing import Array, Player
from simopt.training.conformance.treatments import Treatment


def adapted(optimizer: Any) -> Handed:
    """A Keras optimizer: made anew, it steps variables of ours in float64."""
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
            with jax64() if keras.config.backend() == "jax" else nullcontext():
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
