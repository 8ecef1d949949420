"""What is typed in a shell, as values."""

from __future__ import annotations

from simopt.ground import checks


def setting(text: str) -> tuple[str, float | str | bool]:
    """A hyperparameter, a switch or the convention, with its value."""
    name, sign, value = (part.strip() for part in text.partition("="))
    if not sign:
        raise checks.refuse("--set", text, "NAME=VALUE, as in beta=0.8")
    try:
        return name, float(value)
    except ValueError:  # a switch's word: what it may be, the optimizer knows
        return name, {"true": True, "false": False}.get(value.lower(), value)


def number(name: str, text: str) -> float:
    """A number."""
    try:
        return float(text)
    except ValueError:
        raise checks.refuse(name, text, "a number") from None


def batch_size(text: str) -> int | str:
    """Points an update; what it may be else, the plan knows."""
    try:
        return int(text)
    except ValueError:
        return text
