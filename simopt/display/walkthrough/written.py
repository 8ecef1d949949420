"""The table of formulas: how each rule's calculations are written, in symbols and with numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Written:
    """How a rule's calculation is written: the column it gives, and its formula."""

    column: str
    label: str
    formula: str
    numbers: str


_RATE = "{eta} / √({%s} + {epsilon})"

_MOMENTS = (
    Written("t", "Update count", "t + 1", "{t_old} + 1"),
    Written("m", "First moment", "β₁ m + (1 - β₁) g", "{beta1} × {m_old} + (1 - {beta1}) × {g}"),
    Written("v", "Second moment", "β₂ v + (1 - β₂) g²", "{beta2} × {v_old} + (1 - {beta2}) × {g}²"),
    Written("m_hat", "Corrected m", "m̂ = m / (1 - β₁ᵗ)", "{m} / (1 - {beta1}^{t})"),
    Written("v_hat", "Corrected v", "v̂ = v / (1 - β₂ᵗ)", "{v} / (1 - {beta2}^{t})"),
)

_ADAM = "{w_old} - {eta} × {m_hat} / √({v_hat} + {epsilon})"

#: Rule to its calculations after the gradient. ``_old`` marks what was there before the update.
WRITTEN: Mapping[str, tuple[Written, ...]] = {
    "SGD": (Written("w", "Update", "w - η g", "{w_old} - {eta} × {g}"),),
    "Momentum": (
        Written("v", "Velocity", "β v + g", "{beta} × {v_old} + {g}"),
        Written("w", "Update", "w - η v", "{w_old} - {eta} × {v}"),
    ),
    "Nesterov": (
        Written("v", "Velocity", "β v + g", "{beta} × {v_old} + {g}"),
        Written("w", "Update", "w - η (g + β v)", "{w_old} - {eta} × ({g} + {beta} × {v})"),
    ),
    "AdaGrad": (
        Written("G", "Sum of squares", "G + g²", "{G_old} + {g}²"),
        Written("effective_lr", "Effective rate", "η / √(G + ε)", _RATE % "G"),
        Written("w", "Update", "w - rate × g", "{w_old} - {effective_lr} × {g}"),
    ),
    "RMSprop": (
        Written(
            "Eg2",
            "Mean of squares",
            "ρ E[g²] + (1 - ρ) g²",
            "{rho} × {Eg2_old} + (1 - {rho}) × {g}²",
        ),
        Written("effective_lr", "Effective rate", "η / √(E[g²] + ε)", _RATE % "Eg2"),
        Written("w", "Update", "w - rate × g", "{w_old} - {effective_lr} × {g}"),
    ),
    "Adam": (*_MOMENTS, Written("w", "Update", "w - η m̂ / √(v̂ + ε)", _ADAM)),
    "AdamW": (
        *_MOMENTS,
        Written(
            "w",
            "Update",
            "w - η m̂ / √(v̂ + ε) - η λ w",
            _ADAM + " - {eta} × {weight_decay} × {w_old}",
        ),
    ),
}
