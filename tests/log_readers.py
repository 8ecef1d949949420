"""Other packages that read loss curves, each behind one function, and what their findings mean.

A reader takes a training loss and a validation loss (or None), value by value, and answers with
findings. Every package is called through what it exports, with the curve as it takes it from memory
and with its own defaults. `MEANS` translates findings into simopt's symptoms, generously: a finding
counts for every symptom that its author may have had in mind.

pulseml is not among them: its licence forbids use that helps to build a competing product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

Losses = Sequence[float]


@dataclass(frozen=True)
class Finding:
    """What a package says of a curve.

    ``loud`` is a warning or more; a package may also note things for information alone.
    """

    code: str
    loud: bool = True


Reader = Callable[[Losses, Losses | None], list[Finding]]


def losslint(loss: Losses, validation: Losses | None) -> list[Finding]:
    """A table of named columns beside the steps."""
    from losslint.checks import run_all_checks
    from losslint.parsing import RunLog

    columns = {"loss": list(loss)} | ({} if validation is None else {"eval_loss": list(validation)})
    log = RunLog(steps=list(range(len(loss))), series=columns, source=Path("loss.csv"))
    return [Finding(each.check, each.severity != "info") for each in run_all_checks(log)]


def trainproof(loss: Losses, validation: Losses | None) -> list[Finding]:
    """A record per step."""
    from trainproof.epoch import check_records

    records = [{"step": step, "loss": value} for step, value in enumerate(loss)]
    for record, value in zip(records, validation or (), strict=False):
        record["eval_loss"] = value
    findings = check_records(records)["findings"]
    return [Finding(each["id"], each["level"] in ("FAIL", "WARN")) for each in findings]


def runmedic(loss: Losses, validation: Losses | None) -> list[Finding]:
    """A run of named series."""
    from runmedic.checks import run_checks
    from runmedic.model import Run
    from runmedic.roles import detect

    run = Run(name="run", source="memory", path="")
    for name, values in (("train_loss", loss), ("val_loss", validation or ())):
        for step, value in enumerate(values):
            run.get(name).add(step, value)
    run.finalize()
    return [Finding(each.check, each.severity != "info") for each in run_checks(run, detect(run))]


def trainspotter(loss: Losses, validation: Losses | None) -> list[Finding]:
    """A run of named series; a finding is named by what it says and of which loss."""
    from trainspotter import Run, run_all

    run = Run()
    for name, values in (("train/loss", loss), ("eval/loss", validation or ())):
        for step, value in enumerate(values):
            run.add_point(name, step, value)
    run.finalize()
    return [
        Finding(f"{each.title}, {each.metric}", each.severity != "info") for each in run_all(run)
    ]


def trainpulse(loss: Losses, validation: Losses | None) -> list[Finding]:
    """A monitor for each loss: one for both takes them for values of one curve."""
    from trainpulse import Monitor

    findings = []
    for name, values in (("loss", loss), ("val_loss", validation or ())):
        monitor = Monitor()
        for step, value in enumerate(values):
            monitor.log(name, step, value)
        findings += [
            Finding(f"{each.detector}, {name}", each.severity.value != "info")
            for each in monitor.report().alerts
        ]
    return findings


def training_doctor(loss: Losses, validation: Losses | None) -> list[Finding]:
    """Metrics by step; half of the checks ask for ``loss`` and the others for ``train_loss``."""
    from training_doctor import Doctor

    doctor = Doctor()
    for step, value in enumerate(loss):
        held = {} if validation is None else {"eval_loss": validation[step]}
        doctor.store.log(step, loss=value, train_loss=value, **held)
    found = doctor.analyze()
    return [Finding(each.detector_name, each.severity.value != "info") for each in found]


def finetune_doctor(loss: Losses, validation: Losses | None) -> list[Finding]:
    """The history that Hugging Face's Trainer keeps; a finding is named by its title too."""
    from finetune_doctor import diagnose
    from finetune_doctor.history import from_trainer_state

    rows = [{"step": step, "loss": value} for step, value in enumerate(loss, 1)]
    rows += [{"step": step, "eval_loss": value} for step, value in enumerate(validation or (), 1)]
    said = diagnose(from_trainer_state({"log_history": rows}))
    return [Finding(f"{each.check}: {each.title}", each.severity > 1) for each in said.findings]


#: Distribution: how it is called.
READERS: dict[str, Reader] = {
    "losslint": losslint,
    "trainproof": trainproof,
    "runmedic": runmedic,
    "trainspotter": trainspotter,
    "trainpulse": trainpulse,
    "training-doctor": training_doctor,
    "finetune-doctor": finetune_doctor,
}

_BROKEN = ("NaN or Inf",)
# Where a log goes on with another run, or in another unit, the loss jumps.
_JUMPS = ("resumed or several runs", "oscillates wildly", "decreases then explodes")
_WORSE = ("rises", *_JUMPS)
_SPIKES = ("spikes and recovers", *_JUMPS)
_STUCK = ("does not move", "decreases very slowly", "plateaus early")
_STALLED = (*_STUCK, "noise floor", "stopped learning mid-training", "plateaus, then drops")
_OVERFITS = ("validation rises", "validation does not fall")
_SWINGS = ("validation swings", "validation does not fall")

#: By distribution: the symptoms that a finding may mean. What is missing here says nothing of the
#: curve's shape (there is no validation, the log is cut short) and counts neither for nor against.
MEANS: dict[str, dict[str, tuple[str, ...]]] = {
    "losslint": {
        "nan_inf": _BROKEN,
        "divergence": _WORSE,
        "loss_spike": _SPIKES,
        "stagnation": _STALLED,
        "overfit_onset": _OVERFITS,
        "step_backtrack": ("resumed or several runs",),
    },
    "trainproof": {
        "TP-NAN": _BROKEN,
        "TP-ZERO-LOSS": _BROKEN,
        "TP-ZERO-LOSS-ONSET": (*_BROKEN, "stopped learning mid-training"),
        "TP-DIVERGE": _WORSE,
        "TP-FLAT": _STALLED,
        "TP-DEAD-RUN": (*_STUCK, "rises", "decreases then explodes"),
        "TP-OVERFIT": _OVERFITS,
    },
    "runmedic": {
        "non_finite": _BROKEN,
        "divergence": _WORSE,
        "no_learning": (*_STUCK, "rises", "decreases then explodes"),
        "loss_spikes": _SPIKES,
        "constant_lr_plateau": _STALLED,
        "overfitting": _OVERFITS,
    },
    "trainspotter": {
        "Diverged (non-finite values), train/loss": _BROKEN,
        "Diverged (non-finite values), eval/loss": _BROKEN,
        "Diverged (sustained growth), train/loss": _WORSE,
        "Diverged (sustained growth), eval/loss": _OVERFITS,
        "Loss spike, train/loss": _SPIKES,
        "Loss spike, eval/loss": _SWINGS,
        "Plateau, train/loss": _STALLED,
        "Overfitting onset, eval/loss": _OVERFITS,
        "Eval metric too noisy to rank checkpoints, eval/loss": _SWINGS,
    },
    "trainpulse": {
        "nan_detector, loss": _BROKEN,
        "nan_detector, val_loss": _BROKEN,
        "loss_spike, loss": _SPIKES,
        "loss_spike, val_loss": _SWINGS,
        "plateau, loss": (*_STALLED, *_WORSE),
        "plateau, val_loss": _OVERFITS,
    },
    "training-doctor": {
        "lr_too_high": (*_BROKEN, *_WORSE, *_SPIKES, "noise floor"),
        "lr_too_low": _STALLED,
        "plateau": _STALLED,
        "overfitting": _OVERFITS,
    },
    "finetune-doctor": {
        "loss_degenerate: NaN loss": _BROKEN,
        "loss_degenerate: Loss is exactly zero": _BROKEN,
        "not_learning: Not learning": _STUCK,
        "not_learning: Training loss went up": _WORSE,
        "loss_spikes: Loss spikes": _SPIKES,
        "loss_spikes: Periodic loss spikes": ("periodic", *_SPIKES),
        "loss_spikes: Loss jumps at every epoch boundary": ("periodic", *_SPIKES),
        "overfitting: Overfitting": _OVERFITS,
        "overfitting: Final checkpoint slightly worse": _OVERFITS,
        "stopped_improving: Stopped improving early": (*_STALLED, "validation does not fall"),
    },
}


def symptoms(distribution: str, findings: list[Finding], *, loud: bool = False) -> set[str]:
    """All symptoms that a package's findings may mean, or those of its warnings alone."""
    means = MEANS[distribution]
    chosen = [each for each in findings if each.loud or not loud]
    return {symptom for each in chosen for symptom in means.get(each.code, ())}
