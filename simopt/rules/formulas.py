"""The formula of every rule in every convention, as lines that can be set and run.

Which lines follows from the switches, and the switches from `simopt.rules`: nothing here says what
a framework does, only how that is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simopt.ground.formatting import number
from simopt.rules.family import Family
from simopt.rules.rule import Optimizer

Settings = Mapping[str, Any]
Lines = list[str]

#: What the formulas call a state, where the rule has another name for it.
STATE = {"Eg2": "E", "Eg": "g_mean"}
ADADELTA = {"Eg2": "E_g", "Ex2": "E_x"}

#: What a formula carries that its rule, which reckons it otherwise, does not; and its start.
STARTS = {"product": 1.0}


def state(name: str, of: str) -> str:
    """A rule's state as the rule's formula calls it."""
    return (ADADELTA if of == "Adadelta" else STATE).get(name, name)


def settings(optimizer: Optimizer) -> dict[str, Any]:
    """Switches and hyperparameters together, by name."""
    family = optimizer.made_by
    assert isinstance(family, Family)
    preset = family.preset(optimizer.convention)
    if "weight_decay" not in optimizer.settings:
        del preset["decay"]
    return {**preset, **dict(optimizer.switches), **optimizer.settings}


def lines(optimizer: Optimizer) -> tuple[str, ...]:
    """The formula of an optimizer, a line each.

    Examples
    --------
    >>> import simopt
    >>> lines(simopt.AdaGrad(convention="torch"))
    ('G = G + g**2', 'w = w - eta * g / (sqrt(G) + epsilon)')
    """
    s = settings(optimizer)
    written = FORMULAS[optimizer.name](s)
    decay = s.get("decay")
    if decay == "coupled":
        written = ["g = g + weight_decay * w", *written]
    elif decay == "decoupled":
        (step,) = (i for i, line in enumerate(written) if line.startswith("w = w "))
        if " if " in written[step]:
            # No step depends on the weight itself, so it may be shrunk beforehand.
            written.insert(step, "w = w - eta * weight_decay * w")
        else:
            written[step] += " - eta * weight_decay * w"
    elif decay == "clipped":
        written = ["w = max(0, 1 - eta * weight_decay) * w", *written]
    return tuple(written)


def identity(optimizer: Optimizer) -> tuple[Any, ...]:
    """What two optimizers share if, and only if, they have one formula and the same numbers."""
    return lines(optimizer), tuple(optimizer.settings.items())


def _divisor(square: str, place: str) -> str:
    return f"sqrt({square} + epsilon)" if place == "inside" else f"(sqrt({square}) + epsilon)"


def _sgd(_: Settings) -> Lines:
    return ["w = w - eta * g"]


def _velocity(s: Settings) -> str:
    gradient = "eta * g" if s["rate_place"] == "inside" else "g"
    sign = "-" if s["rate_place"] == "inside" else "+"
    if "dampening" not in s:
        return f"v = beta * v {sign} {gradient}"
    first = f"-{gradient}" if sign == "-" else gradient
    return f"v = {first} if t == 1 else beta * v {sign} (1 - dampening) * {gradient}"


def _momentum(s: Settings) -> Lines:
    return [_velocity(s), "w = w + v" if s["rate_place"] == "inside" else "w = w - eta * v"]


def _nesterov(s: Settings) -> Lines:
    inside = s["rate_place"] == "inside"
    return [
        _velocity(s),
        "w = w + beta * v - eta * g" if inside else "w = w - eta * (g + beta * v)",
    ]


def _adagrad(s: Settings) -> Lines:
    rate = "eta / (1 + (t - 1) * lr_decay)" if "lr_decay" in s else "eta"
    return ["G = G + g**2", f"w = w - {rate} * g / {_divisor('G', s['epsilon_place'])}"]


def _rmsprop(s: Settings) -> Lines:
    written = ["E = rho * E + (1 - rho) * g**2"]
    square, mean = "E", "g_mean"
    if s["centered"]:
        written.append("g_mean = rho * g_mean + (1 - rho) * g")
    if s["bias_correction"]:
        written.append("E_hat = E / (1 - rho**t)")
        square = "E_hat"
        if s["centered"]:
            written.append("g_hat = g_mean / (1 - rho**t)")
            mean = "g_hat"
    divisor = _divisor(f"{square} - {mean}**2" if s["centered"] else square, s["epsilon_place"])
    if "momentum" not in s:
        return [*written, f"w = w - eta * g / {divisor}"]
    inside = s["rate_place"] == "inside"
    step = f"{'eta * ' if inside else ''}g / {divisor}"
    if s["nesterov"]:
        entering = [f"x = {step}", "b = momentum * b + x"]
        return [
            *written,
            *entering,
            f"w = w - {'' if inside else 'eta * '}(x + momentum * b)",
        ]
    return [*written, f"b = momentum * b + {step}", "w = w - b" if inside else "w = w - eta * b"]


def _moments() -> Lines:
    return ["m = beta1 * m + (1 - beta1) * g", "v = beta2 * v + (1 - beta2) * g**2"]


M_HAT, V_HAT = "m_hat = m / (1 - beta1**t)", "v_hat = v / (1 - beta2**t)"


def _adam(s: Settings) -> Lines:
    place = s["epsilon_place"]
    if not s["bias_correction"]:
        return [*_moments(), f"w = w - eta * m / {_divisor('v', place)}"]
    if place == "hat":
        step = "eta * (sqrt(1 - beta2**t) / (1 - beta1**t)) * (m / (sqrt(v) + epsilon))"
        return [*_moments(), f"w = w - {step}"]
    divisor = _divisor("v_hat", place)
    if "epsilon_root" in s:
        divisor = "(sqrt(v_hat + epsilon_root) + epsilon)"
    return [*_moments(), M_HAT, V_HAT, f"w = w - eta * m_hat / {divisor}"]


def _amsgrad(s: Settings) -> Lines:
    place = s["epsilon_place"]
    if not s["bias_correction"]:
        return [
            *_moments(),
            "v_max = max(v_max, v)",
            f"w = w - eta * m / {_divisor('v_max', place)}",
        ]
    if s["maximum"] == "corrected":
        largest = [V_HAT, "v_max = max(v_max, v_hat)"]
        if place == "hat":
            divisor = "(sqrt(v_max) + epsilon / sqrt(1 - beta2**t))"
        else:
            divisor = _divisor("v_max", place)
        return [*_moments(), M_HAT, *largest, f"w = w - eta * m_hat / {divisor}"]
    if place == "hat":
        step = "eta * (sqrt(1 - beta2**t) / (1 - beta1**t)) * (m / (sqrt(v_max) + epsilon))"
        return [*_moments(), "v_max = max(v_max, v)", f"w = w - {step}"]
    corrected = "v_hat = v_max / (1 - beta2**t)"
    step = f"eta * m_hat / {_divisor('v_hat', place)}"
    return [*_moments(), "v_max = max(v_max, v)", M_HAT, corrected, f"w = w - {step}"]


def _nadam(s: Settings) -> Lines:
    written, place = _moments(), s["epsilon_place"]
    warming = "momentum_decay" in s
    if warming:
        psi = number(s["momentum_decay"])
        times = "" if psi == "1" else f"{psi} * "
        written += [
            f"mu = beta1 * (1 - 0.96**({times}t) / 2)",
            f"mu_next = beta1 * (1 - 0.96**({times}(t + 1)) / 2)",
        ]
    if not s["bias_correction"]:
        ahead = "mu_next * m + (1 - mu) * g" if warming else "beta1 * m + (1 - beta1) * g"
        return [*written, f"m_bar = {ahead}", f"w = w - eta * m_bar / {_divisor('v', place)}"]
    if warming:
        written.append("product = product * mu")
        ahead = "mu_next * m / (1 - product * mu_next) + (1 - mu) * g / (1 - product)"
    else:
        ahead = "beta1 * m / (1 - beta1**(t + 1)) + (1 - beta1) * g / (1 - beta1**t)"
    written.append(f"m_bar = {ahead}")
    return [*written, *_corrected_step("m_bar", place)]


def _corrected_step(mean: str, place: str) -> Lines:
    """The step by a mean, over the root of v corrected."""
    if place == "hat":
        return [f"w = w - eta * sqrt(1 - beta2**t) * {mean} / (sqrt(v) + epsilon)"]
    return [V_HAT, f"w = w - eta * {mean} / {_divisor('v_hat', place)}"]


def _radam(s: Settings) -> Lines:
    sign = ">=" if s["threshold_included"] else ">"
    condition = f"length {sign} {number(s['threshold'])}"
    *corrected, step = _corrected_step("rectified * m_hat", s["epsilon_place"])
    return [
        *_moments(),
        M_HAT,
        "longest = 2 / (1 - beta2) - 1",
        "length = longest - 2 * t * beta2**t / (1 - beta2**t)",
        "rectified = sqrt((length - 4) * (length - 2) * longest"
        " / ((longest - 4) * (longest - 2) * length))",
        *corrected,
        f"{step} if {condition} else w - eta * m_hat",
    ]


def _adamax(s: Settings) -> Lines:
    inside = s["epsilon_place"] == "inside"
    return [
        _moments()[0],
        M_HAT,
        f"u = max(beta2 * u, abs(g){' + epsilon' if inside else ''})",
        f"w = w - eta * m_hat / {'u' if inside else '(u + epsilon)'}",
    ]


def _adadelta(_: Settings) -> Lines:
    return [
        "E_g = rho * E_g + (1 - rho) * g**2",
        "x = sqrt((E_x + epsilon) / (E_g + epsilon)) * g",
        "w = w - eta * x",
        "E_x = rho * E_x + (1 - rho) * x**2",
    ]


def _lion(_: Settings) -> Lines:
    return [
        "w = w - eta * sign(beta1 * m + (1 - beta1) * g)",
        "m = beta2 * m + (1 - beta2) * g",
    ]


def _signsgd(_: Settings) -> Lines:
    return ["w = w - eta * sign(g)"]


#: By the rule's name.
FORMULAS: dict[str, Callable[[Settings], Lines]] = {
    "SGD": _sgd,
    "Momentum": _momentum,
    "Nesterov": _nesterov,
    "AdaGrad": _adagrad,
    "RMSprop": _rmsprop,
    "Adam": _adam,
    "AdamW": _adam,
    "AMSGrad": _amsgrad,
    "NAdam": _nadam,
    "RAdam": _radam,
    "Adamax": _adamax,
    "Adadelta": _adadelta,
    "Lion": _lion,
    "SignSGD": _signsgd,
}
