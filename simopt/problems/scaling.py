"""Columns brought to one scale, and weights brought back to the columns' own units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.ground import notices

Floats = NDArray[np.float64]

#: A ratio of scales from which on one learning rate fits badly: curvatures go by its square.
APART = 100.0


class ScaleWarning(UserWarning):
    """Columns differ so much in scale that no single learning rate fits them all."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """What was subtracted from each column, and what it was divided by then.

    Attributes
    ----------
    shift : ndarray [p]
        The columns' means; 0 where there is no intercept to take them up.
    scale : ndarray [p]
        Their standard deviations (divisor n), or root mean squares where nothing was subtracted;
        1 for a column that would else be divided by 0.
    """

    shift: Floats
    scale: Floats

    @classmethod
    def of(cls, x: Floats, centre: bool) -> Scaling:
        """The scaling that gives the columns of x [n, p] mean 0, if wanted, and mean square 1."""
        shift = x.mean(axis=0) if centre else np.zeros(x.shape[1])
        scale = np.sqrt(np.square(x - shift).mean(axis=0))
        # Rounding leaves a constant column some 1e-16 of its value.
        flat = scale <= 1e-12 * np.abs(shift)
        return cls(shift, np.where(flat | (scale == 0), 1.0, scale))

    def apply(self, x: Floats) -> Floats:
        """The columns x [n, p] scaled."""
        return np.asarray((x - self.shift) / self.scale)

    def undo(self, slopes: Floats, intercept: Floats) -> tuple[Floats, Floats]:
        """Slopes [..., p] and intercepts [...] of scaled columns, as they are of unscaled ones."""
        own = slopes / self.scale
        return own, np.asarray(intercept - own @ self.shift)


def say_if_apart(source: str, x: Floats, names: Any, intercept: bool, remedy: str) -> None:
    """Say so where the root mean squares of columns x [n, p] are far apart."""
    sizes = np.sqrt(np.square(x).mean(axis=0))
    sized = [*zip(sizes.tolist(), (f"{name!r}" for name in names), strict=True)]
    if intercept:
        sized.append((1.0, "the intercept's ones"))
    sized = [each for each in sized if each[0] > 0]
    if not sized:
        return
    (small, least), (large, most) = min(sized), max(sized)
    if large < APART * small:
        return
    notices.say(
        f"{source}: {most} (about {large:.2g}) and {least} (about {small:.2g}) differ in scale by "
        f"a factor of {large / small:.2g}, the curvatures of the loss by its square, "
        f"{(large / small) ** 2:.1g}: no single learning rate fits both; {remedy}",
        ScaleWarning,
    )
