"""Rules that look across weights, of several: their papers' pseudocode, vector by vector.

`tests.formulas` has them of one weight, where a norm is a size and a share is all or nothing.
"""

import math
from types import SimpleNamespace

import numpy as np
import pytest

import simopt
from simopt.rules import ALL
from simopt.training.stepper import Stepper

D, UPDATES = 5, 40
RNG = np.random.default_rng(17)
START = RNG.normal(size=D) * [0.1, 1.0, 3.0, 0.3, 2.0]
#: Around a minimum elsewhere, with noise: signs change, distances grow.
CURVATURES, MINIMUM = np.geomspace(0.1, 3.0, D), RNG.normal(size=D) * 4
NOISE = RNG.normal(size=(UPDATES, D)) * 0.3


def gradient(w, t):
    return CURVATURES * (w - MINIMUM) + NOISE[t - 1]


def loss(w, t):
    """What that is the gradient of; below 0 near the minimum."""
    return sum(CURVATURES * (w - MINIMUM) ** 2) / 2 + NOISE[t - 1] @ w


def norm(x):
    return math.sqrt(sum(x * x))


def rms(x):
    return math.sqrt(sum(x * x) / len(x))


def lars(w, h):
    """You, Gitman and Ginsburg, algorithm 1."""
    v = 0.0
    for t in range(1, UPDATES + 1):
        g = gradient(w, t)
        local = h.trust * norm(w) / (norm(g) + h.weight_decay * norm(w))
        v = h.beta * v + h.eta * local * (g + h.weight_decay * w)
        w = w - v
        yield w


def lars_optax(w, h):
    """Its chain: decayed gradients, the ratio, the rate, a trace."""
    trace = 0.0
    for t in range(1, UPDATES + 1):
        g = gradient(w, t) + h.weight_decay * w
        trace = h.eta * h.trust * norm(w) / norm(g) * g + h.beta * trace
        w = w - trace
        yield w


def means(w, h):
    """Adam's, corrected, each time with what is sent back for the weights."""
    m = v = 0.0
    for t in range(1, UPDATES + 1):
        g = gradient(w, t)
        m = h.beta1 * m + (1 - h.beta1) * g
        v = h.beta2 * v + (1 - h.beta2) * g**2
        w = yield g, m / (1 - h.beta1**t) / (np.sqrt(v / (1 - h.beta2**t)) + h.epsilon)


def with_means(then):
    """A rule of Adam's direction."""

    def trajectory(w, h):
        steps = means(w, h)
        answer = next(steps)
        for t in range(1, UPDATES + 1):
            w = then(w, *answer, h)
            yield w
            if t < UPDATES:
                answer = steps.send(w)

    return trajectory


def lamb(w, g, r, h):
    """You et al., algorithm 2."""
    u = r + h.weight_decay * w
    return w - h.eta * norm(w) / norm(u) * u


def lamb_keras(w, g, r, h):
    """keras/src/optimizers/lamb.py, behind the decay of base_optimizer.py."""
    w = w - h.eta * h.weight_decay * w
    return w - h.eta * norm(w) / norm(r) * r


def lamb_bitsandbytes(w, h):
    """backends/cpu/ops.py: what is capped is the norm before bias correction."""
    m = v = 0.0
    for t in range(1, UPDATES + 1):
        g = gradient(w, t)
        m = h.beta1 * m + (1 - h.beta1) * g
        v = h.beta2 * v + (1 - h.beta2) * g**2
        root = math.sqrt(1 - h.beta2**t)
        u = m / (np.sqrt(v) + h.epsilon * root)
        step = h.eta * root / (1 - h.beta1**t) * min(1.0, norm(w) / norm(u))
        w = w * (1 - h.eta * h.weight_decay) - step * u
        yield w


def lamb_pytorch_optimizer(w, h):
    """pytorch_optimizer/optimizer/lamb.py, behind the decay of its base."""
    m = v = 0.0
    for t in range(1, UPDATES + 1):
        g = gradient(w, t)
        m = h.beta1 * m + (1 - h.beta1) * g
        v = h.beta2 * v + (1 - h.beta2) * g**2
        w = w * (1 - h.eta * h.weight_decay)
        u = m / (np.sqrt(v) + h.epsilon)
        ratio = min(norm(w), h.largest) / (norm(u) + h.epsilon)
        w = w - h.eta / (1 - h.beta1**t) * ratio * u
        yield w


def cautious_adamw(w, g, u, h):
    """Liang et al., algorithm 1, the share of what moves as in their code."""
    w = w * (1 - h.eta * h.weight_decay)
    mask = np.array([1.0 if each > 0 else 0.0 for each in u * g])
    return w - h.eta * u * mask / max(sum(mask) / len(mask), 1e-3)


def cautious_lion(w, h):
    """The same of Lion, Chen et al., algorithm 2."""
    m = np.zeros(D)
    for t in range(1, UPDATES + 1):
        g = gradient(w, t)
        u = np.sign(h.beta1 * m + (1 - h.beta1) * g)
        m = h.beta2 * m + (1 - h.beta2) * g
        mask = u * g > 0
        w = w - h.eta * (u * mask / max(np.mean(mask), 1e-3) + h.weight_decay * w)
        yield w


def novograd(w, h):
    """Ginsburg et al., algorithm 1, whose first step has no epsilon."""
    for t in range(1, UPDATES + 1):
        g = gradient(w, t)
        if t == 1:
            v, m = norm(g) ** 2, g / norm(g) + h.weight_decay * w
        else:
            v = h.beta2 * v + (1 - h.beta2) * norm(g) ** 2
            m = h.beta1 * m + (g / (math.sqrt(v) + h.epsilon) + h.weight_decay * w)
        w = w - h.eta * m
        yield w


def adafactor(w, h):
    """Shazeer and Stern, algorithms 4 and 6, for vectors; decay as PyTorch has it."""
    v = 0.0
    for t in range(1, UPDATES + 1):
        g = gradient(w, t)
        alpha = max(h.epsilon2, rms(w)) * min(h.eta, 1 / math.sqrt(t))
        faded = 1 - t**-h.exponent
        v = faded * v + (1 - faded) * (g**2 + h.epsilon)
        u = g / np.sqrt(v)
        w = w - h.eta * h.weight_decay * w - alpha * u / max(1.0, rms(u) / h.limit)
        yield w


def adafactor_transformers(w, h):
    """transformers/optimization.py, with a first moment."""
    v, m = 0.0, 0.0
    for t in range(1, UPDATES + 1):
        g = gradient(w, t)
        lr = max(h.epsilon2, rms(w)) * h.eta
        faded = 1 - t**-h.exponent
        v = faded * v + (1 - faded) * (g**2 + h.epsilon)
        u = g / np.sqrt(v)
        m = h.momentum * m + (1 - h.momentum) * lr * u / max(1.0, rms(u) / h.limit)
        w = w - lr * h.weight_decay * w - m
        yield w


def dog(w, h):
    """Ivgi, Hinder and Carmon, equations 1 and 2."""
    visited, gradients = [w], []
    for t in range(1, UPDATES + 1):
        gradients.append(gradient(w, t))
        far = max(norm(each - visited[0]) for each in visited)
        far = max(far, h.reach * (1 + norm(visited[0])))
        rate = far / math.sqrt(sum(norm(g) ** 2 for g in gradients) + h.epsilon)
        w = w - h.eta * rate * gradients[-1]
        visited.append(w)
        yield w


def dowg(w, h):
    """Khaled, Mishchenko and Jin, algorithm 1, with optax' epsilon under the step too."""
    first, square, weighted = w, h.epsilon, 0.0
    for t in range(1, UPDATES + 1):
        g = gradient(w, t)
        square = max(norm(w - first) ** 2, square)
        weighted += square * norm(g) ** 2
        w = w - h.eta * square / (math.sqrt(weighted) + h.epsilon) * g
        yield w


def polyak(w, h):
    """Loizou et al., equation 3: the bounded step."""
    for t in range(1, UPDATES + 1):
        g = gradient(w, t)
        ahead = (loss(w, t) - h.least) / (h.coefficient * norm(g) ** 2)
        w = w - min(ahead, h.largest) * g
        yield w


def polyak_optax(w, h):
    """Its chain: SGD's scaled updates, the positive gap over their squared norm, and epsilon."""
    for t in range(1, UPDATES + 1):
        u = -h.eta * gradient(w, t)
        gap = max(loss(w, t) - h.least, 0.0)
        w = w + min(gap / (norm(u) ** 2 + h.epsilon), h.largest) * u
        yield w


def mars(w, h):
    """Yuan et al., algorithm 2, of two gradients; decay as AdamW has it."""
    m, v, last = 0.0, 0.0, None
    for t in range(1, UPDATES + 1):
        g = gradient(w, t)
        before, last = g if t == 1 else last, g
        c = g + h.coefficient * h.beta1 / (1 - h.beta1) * (g - before)
        c = c / max(norm(c), 1.0)
        m, v = h.beta1 * m + (1 - h.beta1) * c, h.beta2 * v + (1 - h.beta2) * c**2
        u = m / (1 - h.beta1**t) / (np.sqrt(v / (1 - h.beta2**t)) + h.epsilon)
        w = w - h.eta * (u + h.weight_decay * w)
        yield w


def momo(w, h):
    """Schaipp et al., algorithm 1, with the weight decay and the estimated bound of their code."""
    bound = h.least
    for t in range(1, UPDATES + 1):
        g, f = gradient(w, t), loss(w, t)
        if t == 1:
            d, mean, gamma = g, f, g @ w
        d = h.beta * d + (1 - h.beta) * g
        mean, gamma = h.beta * mean + (1 - h.beta) * f, h.beta * gamma + (1 - h.beta) * g @ w
        w, bound = momo_step(w, d, d, mean, gamma, 1.0, bound, h)
        yield w


def momo_adam(w, h):
    """Schaipp et al., algorithm 2."""
    d, v, mean, gamma, bound = 0.0, 0.0, 0.0, 0.0, h.least
    for t in range(1, UPDATES + 1):
        g, f = gradient(w, t), loss(w, t)
        d, v = h.beta1 * d + (1 - h.beta1) * g, h.beta2 * v + (1 - h.beta2) * g**2
        mean, gamma = h.beta1 * mean + (1 - h.beta1) * f, h.beta1 * gamma + (1 - h.beta1) * g @ w
        u = d / (np.sqrt(v / (1 - h.beta2**t)) + h.epsilon)
        w, bound = momo_step(w, d, u, mean, gamma, 1 - h.beta1**t, bound, h)
        yield w


def momo_step(w, d, u, mean, gamma, rho, bound, h):
    """What the two share; of those that are compared here one estimates its bound."""
    grown, norm = 1 + h.eta * h.weight_decay, d @ u
    if h.estimates:
        cap = grown * (mean - gamma) + d @ w
        if cap < grown * rho * bound:
            bound = max(cap / (2 * grown * rho), h.least)
    gap = grown * (mean - rho * bound - gamma) + d @ w
    tau = min(h.eta / rho, max(gap, 0.0) / norm)
    if h.estimates:
        bound = max((mean + d @ w - gamma - tau * norm / 2) / rho, h.least)
    return (w - tau * u) / grown, bound


def estimating(formula):
    """With the bound estimated."""
    return lambda w, h: formula(w, SimpleNamespace(**vars(h), estimates=True))


def given(formula):
    """With the bound that is given."""
    return lambda w, h: formula(w, SimpleNamespace(**vars(h), estimates=False))


def prodigy(corrected):
    """Mishchenko and Defazio, algorithm 4: Prodigy for Adam."""

    def trajectory(w, h):
        first, d, r = w, h.d0, 0.0
        s = m = v = np.zeros(D)
        for t in range(1, UPDATES + 1):
            g, root = gradient(w, t), math.sqrt(h.beta2)
            gamma = h.eta * (
                math.sqrt(1 - h.beta2**t) / (1 - h.beta1**t) if corrected else 1.0
            )  # fmt: skip
            m = h.beta1 * m + (1 - h.beta1) * d * g
            v = h.beta2 * v + (1 - h.beta2) * d**2 * g**2
            r = root * r + (1 - root) * gamma * d**2 * (g @ (first - w))
            s = root * s + (1 - root) * gamma * d**2 * g
            grown = max(d, h.coefficient * r / sum(abs(s)))
            w = w - gamma * d * (m / (np.sqrt(v) + grown * h.epsilon) + h.weight_decay * w)
            d = grown
            yield w

    return trajectory


def dadapt(corrected):
    """Defazio and Mishchenko, algorithm 5: D-Adaptation for Adam, decayed as their code does."""

    def trajectory(w, h):
        d, r = h.d0, 0.0
        s = m = v = np.zeros(D)
        for t in range(1, UPDATES + 1):
            g, root = gradient(w, t), math.sqrt(h.beta2)
            rate = d * h.eta
            if corrected:
                rate *= math.sqrt(1 - h.beta2**t) / (1 - h.beta1**t)
            along = rate * (g @ (s / (np.sqrt(v) + h.epsilon)))
            m = h.beta1 * m + (1 - h.beta1) * rate * g
            v = h.beta2 * v + (1 - h.beta2) * g**2
            s = root * s + (1 - root) * rate * g
            r = root * r + (1 - root) * along
            w = w - rate * h.weight_decay * w - m / (np.sqrt(v) + h.epsilon)
            d = max(d, r / ((1 - root) * sum(abs(s))))
            yield w

    return trajectory


CASES = {
    "LARS": (simopt.LARS(trust=0.1, weight_decay=0.2), lars),
    "LARS, optax": (
        simopt.LARS(eta=0.5, trust=0.1, weight_decay=0.2, convention="optax"), lars_optax,
    ),
    "LAMB": (simopt.LAMB(eta=0.05, weight_decay=0.2), with_means(lamb)),
    "LAMB, keras": (
        simopt.LAMB(eta=0.05, weight_decay=0.2, convention="keras"), with_means(lamb_keras),
    ),
    "LAMB, bitsandbytes": (
        simopt.LAMB(eta=0.05, weight_decay=0.2, convention="bitsandbytes"), lamb_bitsandbytes,
    ),
    "LAMB, pytorch_optimizer": (
        simopt.LAMB(eta=0.01, weight_decay=0.2, largest=1.0, convention="pytorch_optimizer"),
        lamb_pytorch_optimizer,
    ),
    "CautiousAdamW": (
        simopt.CautiousAdamW(eta=0.2, weight_decay=0.1), with_means(cautious_adamw),
    ),
    "CautiousLion": (simopt.CautiousLion(eta=0.1, weight_decay=0.1), cautious_lion),
    "NovoGrad": (simopt.NovoGrad(eta=0.05, epsilon=0.0, weight_decay=0.1), novograd),
    "Adafactor": (simopt.Adafactor(eta=0.3, weight_decay=0.1), adafactor),
    "Adafactor, transformers": (
        simopt.Adafactor(
            eta=0.3, weight_decay=0.1, momentum=0.5, relative_step=False, convention="transformers"
        ),
        adafactor_transformers,
    ),
    "DoG": (simopt.DoG(reach=1e-3), dog),
    "DoWG": (simopt.DoWG(), dowg),
    "PolyakSGD": (simopt.PolyakSGD(least=-0.5, largest=0.6), polyak),
    "PolyakSGD, optax": (
        simopt.PolyakSGD(
            eta=0.8, least=0.5, largest=0.4, epsilon=0.1, gap="positive", convention="optax"
        ),
        polyak_optax,
    ),
    "MARS": (simopt.MARS(eta=0.1, coefficient=0.2, weight_decay=0.1), mars),
    "MoMo": (simopt.MoMo(least=-20.0, weight_decay=0.1), given(momo)),
    "MoMo, estimating": (
        simopt.MoMo(eta=0.4, least=-20.0, bound="estimated"), estimating(momo),
    ),
    "MoMoAdam": (simopt.MoMoAdam(eta=0.5, least=-1.0, weight_decay=0.1), given(momo_adam)),
    "MoMoAdam, estimating": (
        simopt.MoMoAdam(eta=0.5, least=-20.0, bound="estimated"), estimating(momo_adam),
    ),
    "Prodigy": (simopt.Prodigy(d0=0.01, weight_decay=0.05), prodigy(False)),
    "Prodigy, optax": (
        simopt.Prodigy(d0=0.01, weight_decay=0.05, convention="optax"), prodigy(True),
    ),
    "DAdaptAdamW": (simopt.DAdaptAdamW(d0=0.01, weight_decay=0.05), dadapt(False)),
    "DAdaptAdamW, optax": (
        simopt.DAdaptAdamW(d0=0.01, weight_decay=0.05, convention="optax"), dadapt(True),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_it_is_the_papers_pseudocode(name):
    optimizer, formula = CASES[name]
    settings = {**optimizer.settings}
    theirs = np.array([*formula(START.copy(), SimpleNamespace(**settings))])
    stepper, ours = Stepper(optimizer, START.tolist()), []
    for t in range(1, UPDATES + 1):
        w = np.array(stepper.weights)
        stepper.step(gradient(w, t).tolist(), loss=loss(w, t))
        ours.append(list(stepper.weights))
    np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-13)
    assert np.ptp(theirs, axis=0).min() > 0.01, "every weight moves"


@pytest.mark.parametrize("name", CASES)
def test_weights_meet(name):
    """Of these rules a weight among others does not do what it does alone."""
    optimizer, _ = CASES[name]
    together = Stepper(optimizer, START.tolist())
    alone = Stepper(optimizer, START[:1].tolist())
    for t in range(1, UPDATES + 1):
        w = np.array(together.weights)
        together.step(gradient(w, t).tolist(), loss=loss(w, t))
        only = np.array([*alone.weights, *START[1:]])
        alone.step(gradient(only, t)[:1].tolist(), loss=loss(only, t))
    assert abs(together.weights[0] - alone.weights[0]) > 1e-4


@pytest.mark.parametrize("w", [30.0, 0.5, 0.0])
def test_lamb_caps_what_is_longer_than_the_weights(w):
    """A first step of length 1, before its bias correction 0.1 / sqrt(0.001)."""
    stepper = Stepper(simopt.LAMB(epsilon=0.0, convention="bitsandbytes"), [w])
    stepper.step([-2.0])
    ratio = min(1.0, w / 10**0.5)
    assert stepper.clock[0] == pytest.approx(ratio, rel=1e-9)
    assert stepper.weights[0] == pytest.approx(w + 0.001 * ratio, rel=1e-9)


def test_every_rule_with_sums_is_here():
    across = {name for name in ALL if ALL[name]().rule.terms}
    assert {name.split(",")[0] for name in CASES} == across
