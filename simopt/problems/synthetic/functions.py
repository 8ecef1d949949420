"""Losses with saddles, minima and walls, and their derivatives: what the engine compiles."""

from __future__ import annotations

import math


def product(u: float, v: float, x: float) -> float:
    """A saddle at 0 between u v = 1 and its mirror image, and a valley that leads there."""
    return (u * v - 1.0) * (u * v - 1.0) + x * x


def product_slope(u: float, v: float, x: float) -> tuple[float, float, float]:
    """The derivatives of `product`."""
    return 2.0 * (u * v - 1.0) * v, 2.0 * (u * v - 1.0) * u, 2.0 * x


def chain(u: float, v: float, x: float) -> float:
    """The same of three factors: flatter at 0."""
    return (u * v * x - 1.0) * (u * v * x - 1.0)


def chain_slope(u: float, v: float, x: float) -> tuple[float, float, float]:
    """The derivatives of `chain`."""
    off = 2.0 * (u * v * x - 1.0)
    return off * v * x, off * u * x, off * u * v


def unit(a: float, b: float, x: float, y: float) -> float:
    """The squared error of a tanh(b x): a saddle at 0."""
    return (a * math.tanh(b * x) - y) * (a * math.tanh(b * x) - y)


def unit_slope(a: float, b: float, x: float, y: float) -> tuple[float, float]:
    """The derivatives of `unit`."""
    bent = math.tanh(b * x)
    off = 2.0 * (a * bent - y)
    return off * bent, off * a * (1.0 - bent * bent) * x


def ripples(u: float, v: float) -> float:
    """A bowl with minima all over; the lowest at 0."""
    return 0.1 * (u * u + v * v) + 1.0 - 0.5 * (math.cos(4.0 * u) + math.cos(4.0 * v))


def ripples_slope(u: float, v: float) -> tuple[float, float]:
    """The derivatives of `ripples`."""
    return 0.2 * u + 2.0 * math.sin(4.0 * u), 0.2 * v + 2.0 * math.sin(4.0 * v)


def cliff(u: float, v: float) -> float:
    """A fourth power across, a shallow parabola along: far from 0 the gradient is all wall."""
    wall, valley = v - u, u + v
    return 0.5 * wall * wall * wall * wall + 0.1 * valley * valley


def cliff_slope(u: float, v: float) -> tuple[float, float]:
    """The derivatives of `cliff`."""
    steep, shallow = 2.0 * (v - u) * (v - u) * (v - u), 0.2 * (u + v)
    return shallow - steep, shallow + steep


def quartic(u: float, v: float) -> float:
    """A fourth power and parabolas: convex, steeper far away."""
    return 0.25 * u * u * u * u + 0.5 * u * u + 2.0 * v * v


def quartic_slope(u: float, v: float) -> tuple[float, float]:
    """The derivatives of `quartic`."""
    return u * u * u + u, 4.0 * v


def rosenbrock(u: float, v: float) -> float:
    """A bent valley, with a factor of 5 in place of 100."""
    return (1.0 - u) * (1.0 - u) + 5.0 * (v - u * u) * (v - u * u)


def rosenbrock_slope(u: float, v: float) -> tuple[float, float]:
    """The derivatives of `rosenbrock`."""
    return 2.0 * (u - 1.0) - 20.0 * (v - u * u) * u, 10.0 * (v - u * u)
