"""A callback for each framework: where its loop says what the loss is."""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Callable, Mapping
from typing import Any

from simopt.curves.callbacks.watcher import Watcher
from simopt.ground import checks
from simopt.rules.rule import Optimizer


def base_of(module: str, name: str) -> Any:
    """The class that a framework's callbacks come of."""
    return getattr(importlib.import_module(module), name)


def keras(
    *,
    loss: str = "loss",
    validation: str = "val_loss",
    say: Callable[[str], Any] = print,
    optimizer: Optimizer | None = None,
) -> Any:
    """A Keras callback that says after every epoch what the loss curve shows.

    Parameters
    ----------
    loss, validation : str
        Their names in the logs.
    say : callable, default print
        Gets a line at the end of every epoch.
    optimizer : Optimizer, optional
        What trains, so that advice has its numbers.

    Returns
    -------
    keras.callbacks.Callback
        For ``model.fit(..., callbacks=[callback])``; its ``watcher`` is a `Watcher`, with the
        losses and the last diagnosis.

    Raises
    ------
    ImportError
        If Keras is not installed.
    ValueError
        If an argument is not allowed.

    Examples
    --------
    >>> from simopt import callbacks
    >>> callback = callbacks.keras()  # doctest: +SKIP
    >>> model.fit(x, y, epochs=20, callbacks=[callback])  # doctest: +SKIP
    simopt, epoch 1: too short to say
    """
    checks.text("loss", loss)
    checks.text("validation", validation)
    watcher = Watcher(say=say, optimizer=optimizer)
    base: Any = base_of("keras.callbacks", "Callback")

    class SimoptCallback(base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.watcher = watcher

        def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
            """Hand over the epoch's losses."""
            named = logs or {}
            watcher.epoch(named.get(loss, math.nan), named.get(validation))

    return SimoptCallback()


def lightning(
    *,
    validation: str = "val_loss",
    say: Callable[[str], Any] = print,
    optimizer: Optimizer | None = None,
) -> Any:
    """A Lightning callback that says after every epoch what the loss curve shows.

    The training loss is the mean of what ``training_step`` returned over the epoch, logged or not;
    it is added up where it lies, and fetched from the device once an epoch. The validation loss is
    that of the epochs in which validation ran.

    Parameters
    ----------
    validation : str
        What ``validation_step`` logs its loss as; read where there is one.
    say : callable, default print
        Gets a line at the end of every epoch.
    optimizer : Optimizer, optional
        What trains, so that advice has its numbers.

    Returns
    -------
    lightning.pytorch.Callback
        For ``Trainer(callbacks=[callback])``; its ``watcher`` is a `Watcher`. Where Lightning is
        installed as ``pytorch_lightning`` alone, that one's.

    Raises
    ------
    ImportError
        If Lightning is not installed.
    ValueError
        If an argument is not allowed.

    Examples
    --------
    >>> from simopt import callbacks
    >>> trainer = Trainer(callbacks=[callbacks.lightning()])  # doctest: +SKIP
    """
    checks.text("validation", validation)
    watcher = Watcher(say=say, optimizer=optimizer)
    try:
        base: Any = base_of("lightning.pytorch", "Callback")
    except ImportError:
        if importlib.util.find_spec("pytorch_lightning") is None:
            raise
        base = base_of("pytorch_lightning", "Callback")

    class SimoptCallback(base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.watcher = watcher
            self.total: Any = 0.0
            self.batches = 0
            self.validated = False

        def on_train_batch_end(
            self, trainer: Any, module: Any, outputs: Any, batch: Any, batch_idx: int
        ) -> None:
            """Add the batch's loss to the epoch's."""
            value = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
            if value is not None:
                # Where it accumulates gradients, it hands over the loss divided by their number.
                parts = trainer.accumulate_grad_batches if module.automatic_optimization else 1
                self.total = self.total + parts * value.detach()
                self.batches += 1

        def on_validation_end(self, trainer: Any, module: Any) -> None:
            """Note that the metric is this epoch's: it stays until validation runs again."""
            self.validated = not trainer.sanity_checking

        def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
            """Hand over the epoch's losses: validation has run by then."""
            mean = float(self.total) / self.batches if self.batches else math.nan
            held_out = trainer.callback_metrics.get(validation) if self.validated else None
            self.total, self.batches, self.validated = 0.0, 0, False
            watcher.epoch(mean, None if held_out is None else float(held_out))

    return SimoptCallback()


def transformers(*, say: Callable[[str], Any] = print, optimizer: Optimizer | None = None) -> Any:
    """A callback for Hugging Face's Trainer that says after every epoch what the loss shows.

    The training loss of an epoch is the mean of what the Trainer logged in it
    (``logging_strategy``, ``logging_steps``), the validation loss its ``eval_loss``. Both come
    after the epoch's end, so the line is said when the next epoch begins, or training ends.

    Parameters
    ----------
    say : callable, default print
        Gets a line at the end of every epoch.
    optimizer : Optimizer, optional
        What trains, so that advice has its numbers.

    Returns
    -------
    transformers.TrainerCallback
        For ``Trainer(callbacks=[callback])``; its ``watcher`` is a `Watcher`.

    Raises
    ------
    ImportError
        If transformers is not installed.
    ValueError
        If an argument is not allowed.

    Examples
    --------
    >>> from simopt import callbacks
    >>> trainer = Trainer(..., callbacks=[callbacks.transformers()])  # doctest: +SKIP
    """
    watcher = Watcher(say=say, optimizer=optimizer)
    base: Any = base_of("transformers", "TrainerCallback")

    class SimoptCallback(base):  # type: ignore[misc]
        def __init__(self) -> None:
            self.watcher = watcher
            self.losses: list[float] = []
            self.held_out: float | None = None
            self.ended = False

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            """Keep what was logged since the last epoch."""
            named = logs or {}
            if "loss" in named:
                self.losses.append(float(named["loss"]))
            if "eval_loss" in named:
                self.held_out = float(named["eval_loss"])

        def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            """Wait: the epoch's own log and its evaluation come after this call."""
            self.ended = True

        def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            """Hand over the losses of the epoch before."""
            self.hand_over()

        def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            """Hand over the losses of the last epoch."""
            self.hand_over()

        def hand_over(self) -> None:
            """The losses of an epoch that has ended, once."""
            if self.ended:
                mean = sum(self.losses) / len(self.losses) if self.losses else math.nan
                watcher.epoch(mean, self.held_out)
                self.losses, self.held_out, self.ended = [], None, False

    return SimoptCallback()
