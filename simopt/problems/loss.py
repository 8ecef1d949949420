"""The loss of a point: a record of plain functions of the model's prediction and the target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simopt.ground import checks

Floats = NDArray[np.float64]

#: A parameter's default, and what it may be.
Parameter = tuple[float, checks.Interval]


class Written(NamedTuple):
    """A step of the calculation from a prediction to the slope, as a walkthrough shows it."""

    label: str
    name: str  # of the result, in the steps that follow
    formula: str  # in symbols
    numbers: str  # the same, for `str.format` with the numbers so far
    result: Callable[[Mapping[str, float]], float]


#: The step that most losses share.
ERROR = Written(
    "Error", "error", "prediction - y", "{prediction} - {y}", lambda v: v["prediction"] - v["y"]
)


@dataclass(frozen=True, eq=False)
class Loss:
    """What one point with target y costs where the model says z.

    `value` and `slope` take plain numbers, and the engine compiles them into its loops: they keep
    to arithmetic and to `simopt.ground.elementary`. `values`, `slopes` and `curvatures` take
    arrays. All of them take the parameters behind z and y.

    Attributes
    ----------
    kind : str
        Its name, in `read_table`, in files and in tables.
    value : callable
        ``value(z, y, *parameters)``, the loss.
    slope : callable
        ``slope(z, y, *parameters)``: its derivative by z, divided by `factor`.
    values : callable
        The loss of points, arrays z and y [...].
    slopes, curvatures : callable
        Its first and second derivatives by z.
    solve : callable
        Of a `Regression`: a point of least loss [d], None if the loss falls without end; and the
        least loss, or what it falls to.
    factor : float
        What the engine multiplies sums of slopes by, once a batch.
    squared : bool
        Whether it is the squared error: then moments of the points determine the mean loss.
    bound : float
        The largest curvature; inf if there is none.
    binary : bool
        Whether targets are labels, 0 and 1.
    parameters : mapping of str to (float, Interval)
        Default and range of every further number.
    allows : callable, optional
        Which targets there may be, an array of bool; all finite numbers if None.
    targets : str
        The same in words.
    written : tuple of Written
        From the prediction to the slope, step by step.
    split : (callable, callable), optional
        ``rest(z, y, *parameters)`` and ``tail(z, y, *parameters)``, where the loss is
        ``rest + log(1 + tail)``, 0 <= tail <= 1: the engine then takes one logarithm for many
        points.
    costs : (str, str)
        The loss itself after these steps, in symbols and for `str.format`.
    """

    kind: str
    value: Callable[..., Any]
    slope: Callable[..., Any]
    values: Callable[..., Floats]
    slopes: Callable[..., Floats]
    curvatures: Callable[..., Floats]
    solve: Callable[[Any], tuple[Floats | None, float]]
    factor: float = 1.0
    squared: bool = False
    bound: float = np.inf
    binary: bool = False
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    allows: Callable[[Floats], NDArray[np.bool_]] | None = None
    targets: str = ""
    written: tuple[Written, ...] = (ERROR,)
    split: tuple[Callable[..., Any], Callable[..., Any]] | None = None
    costs: tuple[str, str] = ("error²", "{error}²")

    def check_targets(self, y: Floats) -> None:
        """Refuse targets that this loss has no value for."""
        if self.allows is not None and not self.allows(y).all():
            wrong = y[~self.allows(y)][0]
            raise checks.refuse("y", float(wrong), f"{self.targets}, for the {self.kind} loss")

    def check_parameters(self, given: Mapping[str, Any]) -> tuple[float, ...]:
        """The parameters as numbers, in order; defaults where none is given."""
        for name in given:
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "none"
                raise checks.refuse(name, given[name], f"left out: of {self.kind} there is {known}")
        return tuple(
            checks.number(name, given.get(name, default), allowed)
            for name, (default, allowed) in self.parameters.items()
        )
