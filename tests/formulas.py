"""Every framework's update of one weight, written from its source as a textbook would print it.

The oracle of test_conventions: powers are powers, nothing is shared with simopt. A formula takes
the state so far (0 where it has not been set), the gradient, the number of the update and the
hyperparameters, changes the state, and returns what is taken of the weight.
"""

import math
from types import SimpleNamespace


class State(dict):
    """Names to numbers, as attributes; a name not yet set is 0."""

    def __getattr__(self, name):
        return self.get(name, 0.0)

    __setattr__ = dict.__setitem__


def loss_of(g):
    """The batch's loss beside a gradient, for rules that ask for it; of small ones below 0."""
    return 0.4 * g * g - 0.5 * abs(g)


def trajectory(formula, gradients, w, decay="none", start=None, **hyper):
    """The weight after every update, up to one of which rounding decides (``undecided``)."""
    h, s, seen = SimpleNamespace(**hyper), State(start or {}), []
    for t, g in enumerate(gradients, 1):
        s.loss = loss_of(g)
        if decay == "coupled":
            g = g + h.weight_decay * w
        kept = 1.0
        if decay in ("decoupled", "clipped"):
            kept = 1 - h.eta * h.weight_decay
        if decay == "clipped":
            kept = max(0.0, kept)
        if decay == "fixed":
            kept = 1 - h.weight_decay
        s.w = w
        w = kept * w - formula(s, g, t, h)
        if decay == "stepped":
            w = w - h.eta * h.weight_decay * w
        if s.undecided:
            break
        seen.append(w)
    return seen


# --- SGD, momentum --------------------------------------------------------------------------------


def sgd(s, g, t, h):
    return h.eta * g


def momentum(s, g, t, h):
    """torch/optim/sgd.py, optax trace."""
    s.v = h.beta * s.v + g
    return h.eta * s.v


def dampened(s, g, t, h):
    """torch/optim/sgd.py: the first gradient enters whole, and without momentum all do."""
    s.v = g if t == 1 or h.beta == 0 else h.beta * s.v + (1 - h.dampening) * g
    return h.eta * s.v


def momentum_inside(s, g, t, h):
    """keras/src/optimizers/sgd.py, sklearn/neural_network/_stochastic_optimizers.py."""
    s.v = h.beta * s.v - h.eta * g
    return -s.v


def dampened_inside(s, g, t, h):
    s.v = -h.eta * g if t == 1 or h.beta == 0 else h.beta * s.v - h.eta * (1 - h.dampening) * g
    return -s.v


def dampened_always(s, g, t, h):
    """mlx/optimizers/optimizers.py."""
    s.v = h.beta * s.v + (g if h.beta == 0 else (1 - h.dampening) * g)
    return h.eta * s.v


def dampened_always_inside(s, g, t, h):
    s.v = h.beta * s.v - h.eta * (g if h.beta == 0 else (1 - h.dampening) * g)
    return -s.v


def nesterov(s, g, t, h):
    s.v = h.beta * s.v + g
    return h.eta * (g + h.beta * s.v)


def nesterov_inside(s, g, t, h):
    s.v = h.beta * s.v - h.eta * g
    return -(h.beta * s.v - h.eta * g)


# --- divided by what has been seen ----------------------------------------------------------------


def adagrad_inside(s, g, t, h):
    """keras/src/optimizers/adagrad.py, optax scale_by_rss."""
    s.G = s.G + g**2
    return h.eta / math.sqrt(s.G + h.epsilon) * g


def adagrad_outside(s, g, t, h):
    """torch/optim/adagrad.py."""
    s.G = s.G + g**2
    return h.eta * g / (math.sqrt(s.G) + h.epsilon)


def adagrad_slowing(s, g, t, h):
    """torch/optim/adagrad.py with lr_decay."""
    s.G = s.G + g**2
    return h.eta / (1 + (t - 1) * h.lr_decay) * g / (math.sqrt(s.G) + h.epsilon)


def adagrad_past(s, g, t, h):
    """lightfm/_lightfm_fast.pyx.template."""
    step = h.eta * g / math.sqrt(s.G + h.epsilon)
    s.G = s.G + g**2
    return step


def adagrad_past_averaged(s, g, t, h):
    """The same with momentum, epsilon outside and a rate that decays."""
    step = g / ((math.sqrt(s.G) + h.epsilon) * (1 + (t - 1) * h.lr_decay))
    s.b = h.momentum * s.b + (1 - h.momentum) * step
    s.G = s.G + g**2
    return h.eta * s.b


def adagrad_averaged(s, g, t, h):
    """jax/example_libraries/optimizers.py."""
    s.G = s.G + g**2
    step = g / math.sqrt(s.G + h.epsilon) if s.G > 0 else 0.0
    s.b = h.momentum * s.b + (1 - h.momentum) * step
    return h.eta * s.b


def rmsprop(place="inside", centered=False, corrected=False, buffer=None):
    """keras/src/optimizers/rmsprop.py, torch/optim/rmsprop.py, optax scale_by_rms and _stddev."""

    def formula(s, g, t, h):
        s.E = h.rho * s.E + (1 - h.rho) * g**2
        s.a = h.rho * s.a + (1 - h.rho) * g
        bias = 1 - h.rho**t if corrected else 1.0
        square = s.E / bias - (s.a / bias) ** 2 if centered else s.E / bias
        if place == "inside":
            step = g / math.sqrt(square + h.epsilon)
        else:
            step = g / (math.sqrt(square) + h.epsilon)
        if buffer is None:
            return h.eta * step
        if buffer == "outside":
            s.b = h.momentum * s.b + step
            return h.eta * s.b
        s.b = h.momentum * s.b + h.eta * step
        return h.eta * step + h.momentum * s.b if buffer == "inside, nesterov" else s.b

    return formula


def adadelta(s, g, t, h):
    """torch/optim/adadelta.py, keras/src/optimizers/adadelta.py, optax scale_by_adadelta."""
    s.E = h.rho * s.E + (1 - h.rho) * g**2
    x = math.sqrt(s.D + h.epsilon) / math.sqrt(s.E + h.epsilon) * g
    s.D = h.rho * s.D + (1 - h.rho) * x**2
    return h.eta * x


# --- Adam and its relatives -----------------------------------------------------------------------


def moments(s, g, h):
    s.m = h.beta1 * s.m + (1 - h.beta1) * g
    s.v = h.beta2 * s.v + (1 - h.beta2) * g**2


def adam_inside(s, g, t, h):
    """The document's."""
    moments(s, g, h)
    m_hat, v_hat = s.m / (1 - h.beta1**t), s.v / (1 - h.beta2**t)
    return h.eta * m_hat / math.sqrt(v_hat + h.epsilon)


def adam_outside(s, g, t, h):
    """torch/optim/adam.py, optax scale_by_adam."""
    moments(s, g, h)
    m_hat, v_hat = s.m / (1 - h.beta1**t), s.v / (1 - h.beta2**t)
    return h.eta * m_hat / (math.sqrt(v_hat) + h.epsilon)


def adam_both(s, g, t, h):
    """optax scale_by_adam with eps_root."""
    moments(s, g, h)
    m_hat, v_hat = s.m / (1 - h.beta1**t), s.v / (1 - h.beta2**t)
    return h.eta * m_hat / (math.sqrt(v_hat + h.epsilon_root) + h.epsilon)


def adam_hat(s, g, t, h):
    """keras/src/optimizers/adam.py, sklearn/neural_network/_stochastic_optimizers.py."""
    moments(s, g, h)
    alpha = h.eta * math.sqrt(1 - h.beta2**t) / (1 - h.beta1**t)
    return alpha * s.m / (math.sqrt(s.v) + h.epsilon)


def adam_uncorrected(s, g, t, h):
    moments(s, g, h)
    return h.eta * s.m / math.sqrt(s.v + h.epsilon)


def adam_uncorrected_outside(s, g, t, h):
    moments(s, g, h)
    return h.eta * s.m / (math.sqrt(s.v) + h.epsilon)


def amsgrad(s, g, t, h):
    """Reddi, Kale and Kumar, algorithm 2, with epsilon."""
    moments(s, g, h)
    s.largest = max(s.largest, s.v)
    return h.eta * s.m / math.sqrt(s.largest + h.epsilon)


def amsgrad_uncorrected_outside(s, g, t, h):
    """optax scale_by_amsgrad with both corrections off."""
    moments(s, g, h)
    s.largest = max(s.largest, s.v)
    return h.eta * s.m / (math.sqrt(s.largest) + h.epsilon)


def amsgrad_torch(s, g, t, h):
    """torch/optim/adam.py with amsgrad."""
    moments(s, g, h)
    s.largest = max(s.largest, s.v)
    root = math.sqrt(s.largest) / math.sqrt(1 - h.beta2**t) + h.epsilon
    return h.eta / (1 - h.beta1**t) * s.m / root


def amsgrad_keras(s, g, t, h):
    """keras/src/optimizers/adam.py with amsgrad."""
    moments(s, g, h)
    s.largest = max(s.largest, s.v)
    alpha = h.eta * math.sqrt(1 - h.beta2**t) / (1 - h.beta1**t)
    return s.m * alpha / (math.sqrt(s.largest) + h.epsilon)


def amsgrad_optax(s, g, t, h):
    """optax scale_by_amsgrad."""
    moments(s, g, h)
    s.largest = max(s.largest, s.v / (1 - h.beta2**t))
    return h.eta * s.m / (1 - h.beta1**t) / (math.sqrt(s.largest) + h.epsilon)


def nadam_optax(s, g, t, h):
    """optax scale_by_adam with nesterov."""
    moments(s, g, h)
    m_hat = h.beta1 * s.m / (1 - h.beta1 ** (t + 1)) + (1 - h.beta1) * g / (1 - h.beta1**t)
    return h.eta * m_hat / (math.sqrt(s.v / (1 - h.beta2**t)) + h.epsilon)


def nadam_faded(s, g, t, h):
    """Optimisers.jl src/rules.jl; Dozat's workshop paper, algorithm 2."""
    moments(s, g, h)
    m_hat = h.beta1 * s.m / (1 - h.beta1 ** (t + 1)) + (1 - h.beta1) * g / (1 - h.beta1**t)
    return h.eta * m_hat / (math.sqrt(h.beta2 * s.v / (1 - h.beta2**t)) + h.epsilon)


def nadam_current(s, g, t, h):
    """timm/optim/nadamw.py, river/optim/nadam.py."""
    moments(s, g, h)
    m_hat = (h.beta1 * s.m + (1 - h.beta1) * g) / (1 - h.beta1**t)
    return h.eta * m_hat / (math.sqrt(s.v / (1 - h.beta2**t)) + h.epsilon)


def nadam_current_faded(s, g, t, h):
    moments(s, g, h)
    m_hat = (h.beta1 * s.m + (1 - h.beta1) * g) / (1 - h.beta1**t)
    return h.eta * m_hat / (math.sqrt(h.beta2 * s.v / (1 - h.beta2**t)) + h.epsilon)


def nadam_torch(s, g, t, h):
    """torch/optim/nadam.py; with momentum_decay 1 keras/src/optimizers/nadam.py."""
    moments(s, g, h)
    mu = h.beta1 * (1 - 0.5 * 0.96 ** (t * h.momentum_decay))
    mu_next = h.beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * h.momentum_decay))
    s.product = (1.0 if t == 1 else s.product) * mu
    root = math.sqrt(s.v / (1 - h.beta2**t)) + h.epsilon
    new = h.eta * (1 - mu) / (1 - s.product) * g / root
    return new + h.eta * mu_next / (1 - s.product * mu_next) * s.m / root


def nadam_uncorrected(s, g, t, h):
    """Choi et al., without the divisors of m and v."""
    moments(s, g, h)
    return h.eta * (h.beta1 * s.m + (1 - h.beta1) * g) / (math.sqrt(s.v) + h.epsilon)


def nadam_warming_uncorrected(s, g, t, h):
    moments(s, g, h)
    mu = h.beta1 * (1 - 0.5 * 0.96 ** (t * h.momentum_decay))
    mu_next = h.beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * h.momentum_decay))
    return h.eta * (mu_next * s.m + (1 - mu) * g) / (math.sqrt(s.v) + h.epsilon)


def radam(passes, place, first=1):
    """torch/optim/radam.py (hat), optax scale_by_radam (outside), the paper with epsilon inside."""

    def formula(s, g, t, h):
        moments(s, g, h)
        t = t + first - 1
        m_hat = s.m / (1 - h.beta1**t)
        longest = 2 / (1 - h.beta2) - 1
        length = longest - 2 * t * h.beta2**t / (1 - h.beta2**t)
        if not passes(length, h.threshold):
            return h.eta * m_hat
        over = (length - 4) * (length - 2) * longest
        rect = math.sqrt(over / ((longest - 4) * (longest - 2) * length))
        v_hat = s.v / (1 - h.beta2**t)
        roots = {
            "inside": math.sqrt(v_hat + h.epsilon),
            "outside": math.sqrt(v_hat) + h.epsilon,
            "hat": (math.sqrt(s.v) + h.epsilon) / math.sqrt(1 - h.beta2**t),
        }
        return h.eta * m_hat * rect / roots[place]

    return formula


def adamax_inside(s, g, t, h):
    """torch/optim/adamax.py, optax scale_by_adamax."""
    s.m = h.beta1 * s.m + (1 - h.beta1) * g
    s.u = max(h.beta2 * s.u, abs(g) + h.epsilon)
    return h.eta / (1 - h.beta1**t) * s.m / s.u


def adamax_outside(s, g, t, h):
    """keras/src/optimizers/adamax.py."""
    s.m = h.beta1 * s.m + (1 - h.beta1) * g
    s.u = max(h.beta2 * s.u, abs(g))
    return h.eta * s.m / ((1 - h.beta1**t) * (s.u + h.epsilon))


def adamax_decayed(s, g, t, h):
    """paddle/phi/kernels/impl/adamax_kernel_impl.h."""
    s.m = h.beta1 * s.m + (1 - h.beta1) * g
    s.u = max(h.beta2 * s.u + h.epsilon, abs(g))
    return h.eta / (1 - h.beta1**t) * s.m / s.u


def adamax_uncorrected(s, g, t, h):
    """mlx/optimizers/optimizers.py."""
    s.m = h.beta1 * s.m + (1 - h.beta1) * g
    s.u = max(h.beta2 * s.u, abs(g))
    return h.eta * s.m / (s.u + h.epsilon)


# --- after Adam ---------------------------------------------------------------------------------


def adabelief(s, g, t, h):
    """optax scale_by_belief, both of whose epsilons are one by default."""
    s.m = h.beta1 * s.m + (1 - h.beta1) * g
    s.s = h.beta2 * s.s + (1 - h.beta2) * (g - s.m) ** 2 + h.epsilon
    m_hat, s_hat = s.m / (1 - h.beta1**t), s.s / (1 - h.beta2**t)
    return h.eta * m_hat / (math.sqrt(s_hat) + h.epsilon)


def yogi(s, g, t, h):
    """Zaheer et al., algorithm 2."""
    s.m = h.beta1 * s.m + (1 - h.beta1) * g
    s.v = s.v - (1 - h.beta2) * sign(s.v - g**2) * g**2
    return h.eta * s.m / (math.sqrt(s.v) + h.epsilon)


def yogi_corrected(s, g, t, h):
    """optax scale_by_yogi."""
    if t == 1:
        s.m = s.v = h.initial_accumulator
    s.m = h.beta1 * s.m + (1 - h.beta1) * g
    s.v = s.v - (1 - h.beta2) * sign(s.v - g**2) * g**2
    m_hat, v_hat = s.m / (1 - h.beta1**t), s.v / (1 - h.beta2**t)
    return h.eta * m_hat / (math.sqrt(v_hat) + h.epsilon)


def adan(share):
    """The authors' code; optax scale_by_adan has another share and another epsilon."""

    def formula(s, g, t, h):
        change = 0.0 if t == 1 else g - s.last
        s.last, part = g, share(h.beta2)
        s.m = h.beta1 * s.m + (1 - h.beta1) * g
        s.d = h.beta2 * s.d + (1 - h.beta2) * change
        s.n = h.beta3 * s.n + (1 - h.beta3) * (g + part * change) ** 2
        m_hat, d_hat = s.m / (1 - h.beta1**t), s.d / (1 - h.beta2**t)
        n_hat = s.n / (1 - h.beta3**t)
        root = math.sqrt(n_hat + getattr(h, "epsilon_root", 0.0)) + h.epsilon
        return h.eta * (m_hat + part * d_hat) / root

    return formula


def adopt(bound):
    """optax contrib.adopt."""

    def formula(s, g, t, h):
        if t == 1:
            s.v = g**2
            return 0.0
        scaled = g / max(math.sqrt(s.v), h.epsilon)
        scaled = min(max(scaled, -bound(t)), bound(t))
        s.m = h.beta1 * s.m + (1 - h.beta1) * scaled
        s.v = h.beta2 * s.v + (1 - h.beta2) * g**2
        return h.eta * s.m

    return formula


def ademamix(s, g, t, h):
    """optax contrib.ademamix."""
    moments(s, g, h)
    s.slow = h.beta3 * s.slow + (1 - h.beta3) * g
    m_hat, v_hat = s.m / (1 - h.beta1**t), s.v / (1 - h.beta2**t)
    return h.eta * (m_hat + h.alpha * s.slow) / (math.sqrt(v_hat) + h.epsilon)


def qhadam(s, g, t, h):
    """Ma and Yarats, section 4."""
    moments(s, g, h)
    m_hat, v_hat = s.m / (1 - h.beta1**t), s.v / (1 - h.beta2**t)
    mean, square = h.nu1 * m_hat + (1 - h.nu1) * g, h.nu2 * v_hat + (1 - h.nu2) * g**2
    return h.eta * mean / (math.sqrt(square) + h.epsilon)


def rprop(s, g, t, h):
    """torch/optim/rprop.py."""
    if t == 1:
        s.size = h.eta
    turned = g * s.last < 0
    factor = h.grow if g * s.last > 0 else h.shrink if turned else 1.0
    s.size = min(max(s.size * factor, h.smallest), h.largest)
    s.last = 0.0 if turned else g
    return s.size * sign(s.last)


def tiger(s, g, t, h):
    """pytorch_optimizer/optimizer/tiger.py."""
    s.m = h.beta * s.m + (1 - h.beta) * g
    return h.eta * sign(s.m)


# --- across weights: of one weight a norm is its size -------------------------------------------


def norm(x):
    """Of its square, as everybody has it: of a tiny number 0."""
    return math.sqrt(x * x)


def lars(s, g, t, h):
    """You, Gitman and Ginsburg, algorithm 1."""
    ratio = 1.0
    if norm(s.w) and norm(g):
        ratio = h.trust * norm(s.w) / (norm(g) + h.weight_decay * norm(s.w) + h.epsilon)
    s.v = h.beta * s.v + h.eta * ratio * (g + h.weight_decay * s.w)
    return s.v


def lars_optax(s, g, t, h):
    """optax lars: the ratio's denominator is the decayed gradient's norm."""
    g = g + h.weight_decay * s.w
    ratio = h.trust * norm(s.w) / (norm(g) + h.epsilon) if norm(s.w) and norm(g) else 1.0
    s.v = h.beta * s.v + h.eta * ratio * g
    return s.v


def lamb(s, g, t, h):
    """You et al., algorithm 2, with bias corrections."""
    moments(s, g, h)
    m_hat, v_hat = s.m / (1 - h.beta1**t), s.v / (1 - h.beta2**t)
    u = m_hat / (math.sqrt(v_hat) + h.epsilon) + h.weight_decay * s.w
    return h.eta * (norm(s.w) / norm(u) if norm(s.w) and norm(u) else 1.0) * u


def lamb_keras(s, g, t, h):
    """keras/src/optimizers/lamb.py: weights decay before they are looked at."""
    moments(s, g, h)
    w = s.w - h.eta * h.weight_decay * s.w
    m_hat, v_hat = s.m / (1 - h.beta1**t), s.v / (1 - h.beta2**t)
    u = m_hat / (math.sqrt(v_hat) + h.epsilon)
    return s.w - w + h.eta * (norm(w) / norm(u) if norm(w) and norm(u) else 1.0) * u


def novograd(s, g, t, h):
    """optax scale_by_novograd."""
    s.v = g * g if t == 1 else h.beta2 * s.v + (1 - h.beta2) * g * g
    s.m = h.beta1 * s.m + g / (math.sqrt(s.v) + h.epsilon) + h.weight_decay * s.w
    return h.eta * s.m


def dog(s, g, t, h):
    """optax contrib.dog, whose first distance is a share of 1 + norm(w0)."""
    if t == 1:
        s.w0 = s.w
        s.r = h.reach * (1 + norm(s.w0))
    s.r, s.G = max(s.r, norm(s.w - s.w0)), s.G + g**2
    return h.eta * s.r / math.sqrt(s.G + h.epsilon) * g


def dowg(s, g, t, h):
    """optax contrib.dowg."""
    if t == 1:
        s.w0, s.D = s.w, h.epsilon
    s.D = max(s.D, (s.w - s.w0) ** 2)
    s.V = s.V + s.D * g**2
    return h.eta * s.D / (math.sqrt(s.V) + h.epsilon) * g


def polyak(gap=lambda loss, least: loss - least, scaled=False):
    """Loizou et al., equation 3; optax alias.polyak_sgd, whose gradient is scaled beforehand."""

    def formula(s, g, t, h):
        given = h.eta * g if scaled else g
        below = h.coefficient * given**2 + h.epsilon
        if below <= h.negligible:
            return 0.0
        return h.eta * min(gap(s.loss, h.least) / below, h.largest) * g

    return formula


def prodigy(corrected):
    """prodigyopt/prodigy.py; optax contrib.prodigy corrects."""

    def formula(s, g, t, h):
        if t == 1:
            s.w0, s.d = s.w, h.d0
        d, beta3 = s.d, math.sqrt(h.beta2)
        rate = d * h.eta
        if corrected:
            rate *= math.sqrt(1 - h.beta2**t) / (1 - h.beta1**t)
        s.r = beta3 * s.r + d / h.d0 * rate * g * (s.w0 - s.w)
        s.s = beta3 * s.s + d / h.d0 * rate * g
        s.m = h.beta1 * s.m + (1 - h.beta1) * d * g
        s.v = h.beta2 * s.v + (1 - h.beta2) * (d * g) ** 2
        if s.s != 0:
            s.d = max(d, h.coefficient * s.r / abs(s.s))
        return rate * h.weight_decay * s.w + rate * s.m / (math.sqrt(s.v) + s.d * h.epsilon)

    return formula


def dadapt(corrected):
    """dadaptation/dadapt_adam.py; optax contrib.dadapt_adamw corrects."""

    def formula(s, g, t, h):
        if t == 1:
            s.d = h.d0
        beta3, rate = math.sqrt(h.beta2), s.d * h.eta
        if corrected:
            rate *= math.sqrt(1 - h.beta2**t) / (1 - h.beta1**t)
        along = rate * g * s.s / (math.sqrt(s.v) + h.epsilon)
        s.m = h.beta1 * s.m + (1 - h.beta1) * rate * g
        s.v = h.beta2 * s.v + (1 - h.beta2) * g**2
        s.s = beta3 * s.s + (1 - beta3) * rate * g
        s.r = beta3 * s.r + (1 - beta3) * along
        if s.s != 0:
            s.d = max(s.d, s.r / ((1 - beta3) * abs(s.s)))
        return rate * h.weight_decay * s.w + s.m / (math.sqrt(s.v) + h.epsilon)

    return formula


def muon(mean, root):
    """Of weights in no matrix: AdamW at a rate of its own, the weight decay by eta."""

    def formula(s, g, t, h):
        moments(s, g, h)
        step = mean(s.m, g, t, h) / root(s.v, 1 - h.beta2**t, h.epsilon)
        return h.eta * h.weight_decay * s.w + h.eta * h.adam_ratio * step

    return formula


def adam_mean(m, g, t, h):
    """torch/optim/adamw.py, keras/src/optimizers/muon.py."""
    return m / (1 - h.beta1**t)


def nadam_mean(m, g, t, h):
    """optax scale_by_adam with nesterov, which optax.contrib.muon takes."""
    return h.beta1 * m / (1 - h.beta1 ** (t + 1)) + (1 - h.beta1) * g / (1 - h.beta1**t)


def adafactor(s, g, t, h):
    """Algorithms 5 and 6 of the paper, the decay as in torch/optim/_adafactor.py."""
    alpha = max(h.epsilon2, abs(s.w)) * min(h.eta, t**-0.5)
    beta2 = 1 - t**-h.exponent
    s.v = beta2 * s.v + (1 - beta2) * (g**2 + h.epsilon)
    u = g / math.sqrt(s.v)
    return h.eta * h.weight_decay * s.w + alpha * u / max(1.0, abs(u) / h.limit)


def rprop_optax(s, g, t, h):
    """optax scale_by_rprop, whose updates are those of the step before."""
    s.size = h.eta if t == 1 else s.size
    agreement = g * s.last
    if agreement:
        changed = s.size * (h.grow if agreement > 0 else h.shrink)
        s.size = min(max(changed, h.smallest), h.largest)
    moved = 0.0 if agreement < 0 else s.last
    s.last = 0.0 if agreement < 0 else s.size * ((g > 0) - (g < 0))
    return moved


def madgrad(s, g, t, h):
    """facebookresearch/madgrad; the weight where it began is w at first."""
    if t == 1:
        s.start = s.w
    rate = (h.eta + h.epsilon) * math.sqrt(t)
    s.sum += rate * g
    s.v += rate * g**2
    z = s.start - s.sum / (math.cbrt(s.v) + h.epsilon)
    return s.w - (h.momentum * s.w + (1 - h.momentum) * z)


def adagradrmsprop(s, g, t, h):
    """Kucukelbir et al., equations 10 and 11."""
    s.v = g**2 if t == 1 else h.rho * s.v + (1 - h.rho) * g**2
    return h.eta * t ** (-0.5 + 1e-16) / (h.smoothing + math.sqrt(s.v)) * g


def adagrad_window(s, g, t, h):
    """pymc/variational/updates.py: a ring of ten squares."""
    if t == 1:
        s.ring = [0.0] * 10
    s.ring[t % 10] = g**2
    return h.eta * g / math.sqrt(sum(s.ring) + h.epsilon)


def adafactor_optax(s, g, t, h):
    """optax/_src/alias.py: a chain, the decay of weights its last link but the sign."""
    beta2 = 1 - t**-h.exponent
    s.v = beta2 * s.v + (1 - beta2) * (g**2 + h.epsilon)
    u = g / math.sqrt(s.v)
    u = u / max(1.0, abs(u) / h.limit) * h.eta * max(h.epsilon2, abs(s.w))
    if hasattr(h, "momentum"):
        u = s.m = h.momentum * s.m + (1 - h.momentum) * u
    return u + h.weight_decay * s.w


def adafactor_transformers(relative=True, scaled=True):
    """transformers/optimization.py: lr is the scaled one, and weights decay by it."""

    def formula(s, g, t, h):
        lr = min(h.eta, 1 / math.sqrt(t)) if relative else h.eta
        lr = lr * max(h.epsilon2, abs(s.w)) if scaled else lr
        beta2 = 1 - t**-h.exponent
        s.v = beta2 * s.v + (1 - beta2) * (g**2 + h.epsilon)
        u = g / math.sqrt(s.v)
        u = u / max(1.0, abs(u) / h.limit) * lr
        if hasattr(h, "momentum"):
            u = s.m = h.momentum * s.m + (1 - h.momentum) * u
        return lr * h.weight_decay * s.w + u

    return formula


def adafactor_torch(s, g, t, h):
    """torch/optim/_adafactor.py."""
    alpha = max(h.epsilon2, abs(s.w)) * min(h.eta, 1 / t**0.5)
    s.v += (g**2 - s.v) * t**-h.exponent
    u = g / math.sqrt(max(s.v, h.epsilon**2))
    return h.eta * h.weight_decay * s.w + alpha / max(1.0, abs(u) / h.limit) * u


def adafactor_keras(s, g, t, h):
    """keras/src/optimizers/adafactor.py, weights decayed before they are looked at."""
    w = s.w - h.eta * h.weight_decay * s.w
    beta2 = 1 - t**-h.exponent
    s.v = beta2 * s.v + (1 - beta2) * (g**2 + h.epsilon)
    u = g / math.sqrt(s.v)
    u = u / max(1.0, abs(u) / h.limit)
    return s.w - w + max(h.epsilon2, abs(w)) * min(h.eta, 1 / math.sqrt(t)) * u


def cautious_adamw(s, g, t, h):
    """timm/optim/adamw.py with caution: of one weight a step is taken whole or not at all."""
    moments(s, g, h)
    m_hat, v_hat = s.m / (1 - h.beta1**t), s.v / (1 - h.beta2**t)
    u = m_hat / (math.sqrt(v_hat) + h.epsilon)
    return h.eta * u if u * g > 0 else 0.0


def cautious_lion(s, g, t, h):
    """timm/optim/lion.py with caution."""
    u = sign(h.beta1 * s.m + (1 - h.beta1) * g)
    s.m = h.beta2 * s.m + (1 - h.beta2) * g
    return h.eta * u if u * g > 0 else 0.0


# --- schedule-free --------------------------------------------------------------------------------


def mean_of(s, step, c, t, beta):
    """What y loses: z takes the step, x is the mean of all z, y lies between the two."""
    if t == 1:
        s.z = s.x = s.w
    s.z = s.z - step
    s.x = (1 - c) * s.x + c * s.z
    return s.w - ((1 - beta) * s.z + beta * s.x)


def squared_rate(s, h):
    """schedulefree/sgd_schedulefree.py: the rate's square, by the sum of all; never less."""
    s.largest = max(s.largest, h.eta)
    s.sum = s.sum + s.largest**2
    return s.largest**2 / s.sum if s.sum else 0.0


def schedule_free_sgd(s, g, t, h):
    """schedulefree/sgd_schedulefree.py."""
    step = h.eta * (g + h.weight_decay * s.w)
    return mean_of(s, step, squared_rate(s, h), t, h.beta)


def schedule_free_sgd_plain(s, g, t, h):
    """Defazio et al., equation 3."""
    return mean_of(s, h.eta * (g + h.weight_decay * s.w), 1 / t, t, h.beta)


def squares_alone(s, g, t, h):
    """Adam's step without a mean of gradients."""
    s.v = h.beta2 * s.v + (1 - h.beta2) * g**2
    return g / (math.sqrt(s.v / (1 - h.beta2**t)) + h.epsilon)


def schedule_free_adamw(s, g, t, h):
    """schedulefree/adamw_schedulefree.py."""
    step = h.eta * (squares_alone(s, g, t, h) + h.weight_decay * s.w)
    return mean_of(s, step, squared_rate(s, h), t, h.beta1)


def schedule_free_adamw_plain(s, g, t, h):
    """The same with Keras' mean."""
    step = h.eta * (squares_alone(s, g, t, h) + h.weight_decay * s.w)
    return mean_of(s, step, 1 / t, t, h.beta1)


def schedule_free_adamw_keras(s, g, t, h):
    """keras/src/optimizers/schedule_free_adamw.py: y decays first, and x is made of y and z.

    What y loses x loses over beta1; made of y itself, x would lose its digits where beta1 is small.
    """
    if t == 1:
        s.z = s.x = s.w
    if h.beta1:
        s.x = s.x - h.eta * h.weight_decay * s.w / h.beta1
    s.z = s.z - h.eta * squares_alone(s, g, t, h)
    s.x = (1 - 1 / t) * s.x + s.z / t
    return s.w - ((1 - h.beta1) * s.z + h.beta1 * s.x)


# --- rates that fall by themselves, and penalties ------------------------------------------------


def asgd(s, g, t, h):
    """torch/optim/asgd.py at a constant rate."""
    rate = h.eta / (1 + h.lambd * h.eta * (t - 1)) ** 0.75
    return rate * (g + h.weight_decay * s.w) + h.lambd * rate * s.w


def ftrl(twice):
    """McMahan et al., algorithm 1; keras/src/optimizers/ftrl.py."""

    def formula(s, g, t, h):
        if t == 1:
            s.n = getattr(h, "initial_accumulator", 0.0)
        s.z = s.z + g - ((s.n + g**2) ** 0.5 - s.n**0.5) / h.eta * s.w
        s.n = s.n + g**2
        bend = (h.smoothing + s.n**0.5) / h.eta + (2 if twice else 1) * h.l2
        if bend == 0:  # the paper's weight of small sums
            return s.w
        return s.w - (min(max(s.z, -h.l1), h.l1) - s.z) / bend

    return formula


def ftrl_river(s, g, t, h):
    """river/optim/ftrl.py."""
    w = s.w
    if abs(s.z) > h.l1:
        w = -(s.z - sign(s.z) * h.l1) / ((h.smoothing + s.n**0.5) / h.eta + h.l2)
    s.z = s.z + g - ((s.n + g**2) ** 0.5 - s.n**0.5) / h.eta * w
    s.n = s.n + g**2
    return s.w - w


def optimistic(s, g, t, h):
    """optax scale_by_optimistic_gradient."""
    last, s.last = g if t == 1 else s.last, g
    return h.eta * ((h.alpha + h.optimism) * g - h.optimism * last)


def schedule_free_radam(waits):
    """schedulefree/radam_schedulefree.py, whose y is the weight."""

    def formula(s, g, t, h):
        if t == 1:
            s.z = s.w
        s.v = h.beta2 * s.v + (1 - h.beta2) * g**2
        bias = 1 - h.beta2**t
        longest = 2 / (1 - h.beta2) - 1
        length = longest - 2 * t * h.beta2**t / bias
        scale = 0.0 if waits else 1.0
        if length > 4:
            scale = math.sqrt(
                (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
            )
            g = g / (math.sqrt(s.v / bias) + h.epsilon)
        lr = h.eta * scale
        s.lr_max = max(s.lr_max, lr)
        s.weight_sum += s.lr_max**2
        share = s.lr_max**2 / s.weight_sum if s.weight_sum else 0.0
        g = g + h.weight_decay * s.w
        y = s.w + share * (s.z - s.w) + g * lr * (h.beta1 * (1 - share) - 1)
        s.z = s.z - lr * g
        return s.w - y

    return formula


def mars(s, g, t, h):
    """Yuan et al., algorithm 2, of two gradients."""
    last, s.last = s.last if t > 1 else g, g
    c = g + h.coefficient * h.beta1 / (1 - h.beta1) * (g - last)
    c = c / max(1.0, abs(c))
    s.m = h.beta1 * s.m + (1 - h.beta1) * c
    s.v = h.beta2 * s.v + (1 - h.beta2) * c**2
    return h.eta * s.m / (1 - h.beta1**t) / (math.sqrt(s.v / (1 - h.beta2**t)) + h.epsilon)


def adagrad_da(s, g, t, h):
    """Duchi et al., equation 3 and section 5.1; tensorflow/core/kernels/training_ops.cc."""
    s.s += g
    s.E += g**2
    size = max(abs(s.s) - h.l1 * t, 0.0)
    if s.E == 0:  # the pseudo-inverse of section 1.1: no gradient so far
        return s.w
    return s.w + math.copysign(h.eta * size, s.s) / (h.l2 * t * h.eta + math.sqrt(s.E))


def optimistic_adam(mean):
    """Daskalakis et al., algorithm 1; optax' alias.optimistic_adam_v2."""

    def formula(s, g, t, h):
        s.m = h.beta1 * s.m + (1 - h.beta1) * g
        s.v = h.beta2 * s.v + (1 - h.beta2) * g**2
        u = mean(s.m, g, t, h) / (math.sqrt(s.v / (1 - h.beta2**t)) + h.epsilon)
        before, s.u = s.u if t > 1 else u, u
        return h.eta * ((h.alpha + h.optimism) * u - h.optimism * before)

    return formula


def simplified_ademamix(s, g, t, h):
    """Morwani et al.; optax/contrib/_ademamix.py."""
    s.m = h.beta1 * s.m + g
    s.v = h.beta2 * s.v + (1 - h.beta2) * g**2
    return h.eta * (s.m + h.alpha * g) / (math.sqrt(s.v / (1 - h.beta2**t)) + h.epsilon)


def cocob(s, g, t, h):
    """Orabona and Tommasi, algorithm 2, whose g is the negative gradient."""
    if t == 1:
        s.start, s.L = s.w, h.epsilon
    g = -h.eta * (g + h.weight_decay * s.w)
    s.L = max(s.L, abs(g))
    s.G += abs(g)
    s.reward = max(s.reward + (s.w - s.start) * g, 0.0)
    s.theta += g
    bet = s.theta / (s.L * max(s.G + s.L, h.alpha * s.L)) * (s.L + s.reward)
    return s.w - (s.start + bet)


def momo(estimated=False, before=False):
    """The authors' momo/momo.py, without bias correction; optax' decay before the step."""

    def formula(s, g, t, h):
        if t == 1:
            s.loss_avg, s.d, s.gamma, s.lb = s.loss, g, g * s.w, h.least
        s.loss_avg = h.beta * s.loss_avg + (1 - h.beta) * s.loss
        s.d = h.beta * s.d + (1 - h.beta) * g
        s.gamma = h.beta * s.gamma + (1 - h.beta) * g * s.w
        return momo_step(s, s.d**2, s.d, 1.0, h, estimated, before)

    return formula


def momo_adam(estimated=False, before=False):
    """The authors' momo/momo_adam.py."""

    def formula(s, g, t, h):
        if t == 1:
            s.lb = h.least
        s.d = h.beta1 * s.d + (1 - h.beta1) * g
        s.v = h.beta2 * s.v + (1 - h.beta2) * g**2
        s.gamma = h.beta1 * s.gamma + (1 - h.beta1) * g * s.w
        s.loss_avg = h.beta1 * s.loss_avg + (1 - h.beta1) * s.loss
        u = s.d / (math.sqrt(s.v / (1 - h.beta2**t)) + h.epsilon)
        return momo_step(s, s.d * u, u, 1 - h.beta1**t, h, estimated, before)

    return formula


def momo_step(s, norm, u, rho, h, estimated, before):
    """What the two share, from the bound of the loss on."""
    grown, dot = 1 + h.eta * h.weight_decay, s.d * s.w
    cap = grown * s.loss_avg + dot - grown * s.gamma
    # At equal gradients the bound halves its distance from the model, until that is rounding.
    size = grown * abs(s.loss_avg) + abs(dot) + grown * abs(s.gamma)
    s.undecided = estimated and 0 < abs(cap - grown * rho * s.lb) < 1e-12 * size
    if estimated and cap < grown * rho * s.lb:
        s.lb = max(cap / (2 * grown * rho), h.least)
    nom = grown * (s.loss_avg - rho * s.lb) + dot - grown * s.gamma
    tau = 0.0 if norm <= h.negligible else min(h.eta / rho, max(nom, 0.0) / norm)
    if estimated:
        s.lb = max((s.loss_avg + dot - s.gamma - tau * norm / 2) / rho, h.least)
    return s.w - (s.w / grown - tau * u if before else (s.w - tau * u) / grown)


def adabound(s, g, t, h):
    """pytorch_optimizer/optimizer/adabound.py at a constant rate."""
    moments(s, g, h)
    size = h.eta * math.sqrt(1 - h.beta2**t) / (1 - h.beta1**t) / (math.sqrt(s.v) + h.epsilon)
    low = h.final_rate * (1 - 1 / (h.narrowing * t + 1))
    high = h.final_rate * (1 + 1 / (h.narrowing * t))
    return min(max(size, low), high) * s.m


def laprop(root):
    """timm/optim/laprop.py at a constant rate."""

    def formula(s, g, t, h):
        s.v = h.beta2 * s.v + (1 - h.beta2) * g**2
        divided = g / root(s.v, 1 - h.beta2**t, h.epsilon) if g else 0.0
        s.m = h.beta1 * s.m + (1 - h.beta1) * divided
        return h.eta * s.m / (1 - h.beta1**t)

    return formula


def acprop(s, g, t, h):
    """ACProp.py of the authors, without rectification, but for epsilon in the first step."""
    s.m = h.beta1 * s.m + (1 - h.beta1) * g
    denominator = 1.0 + h.epsilon
    if t > 1:
        s.s = s.s + h.epsilon
        denominator = math.sqrt(s.s) / math.sqrt(1 - h.beta2 ** (t - 1)) + h.epsilon
    s.s = h.beta2 * s.s + (1 - h.beta2) * (g - s.m) ** 2
    return h.eta * g / denominator


def acprop_optax(s, g, t, h):
    """optax contrib.acprop, whose mean is the one before."""
    root = math.sqrt(s.s / (1 - h.beta2 ** (t - 1))) if t > 1 else 1.0
    s.s = h.beta2 * s.s + (1 - h.beta2) * (g - s.m) ** 2 + h.epsilon
    s.m = h.beta1 * s.m + (1 - h.beta1) * g
    return h.eta * g / (root + h.epsilon)


# --- signs ----------------------------------------------------------------------------------------


def sign(value):
    return (value > 0) - (value < 0)


def signsgd(s, g, t, h):
    return h.eta * sign(g)


def lion(s, g, t, h):
    """keras/src/optimizers/lion.py, optax scale_by_lion."""
    direction = sign(h.beta1 * s.m + (1 - h.beta1) * g)
    s.m = h.beta2 * s.m + (1 - h.beta2) * g
    return h.eta * direction
