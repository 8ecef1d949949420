"""Update rules of packages that the tests can't run, transcribed from their sources.

Packages of other languages, and some that need a GPU or no longer build. Each rule stands as its
source has it, line by line, with the numbers that its constructor has, and is computed in decimals
of fifty digits: nothing is shared with simopt, neither code nor rounding. What these transcriptions
say is what was read; nobody has run the packages.

A rule takes its states (0 where they have not been set), weight, gradient, rate and the number of
the update from 1, changes the states, and returns the weight. One that is `Across` weights takes
and returns all of them, and a state for each.
"""

from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from typing import Any

D = Decimal


class State(dict):
    """Names to numbers, as attributes; a name not yet set is 0."""

    def __getattr__(self, name):
        return self.get(name, D(0))

    __setattr__ = dict.__setitem__


@dataclass(frozen=True)
class Across:
    """A rule of all weights together."""

    rule: Any

    def __call__(self, states, weights, gradients, rate, t):
        return self.rule(states, weights, gradients, rate, t)


def play(rule, start, gradients, rates):
    """The weights after every update: ``gradients`` [updates, weights], a rate for each update."""
    with localcontext(Context(prec=50)):
        states, w, seen = [State() for _ in start], [D(each) for each in start], []
        for t, (row, rate) in enumerate(zip(gradients, rates, strict=True), 1):
            row, rate = [D(g) for g in row], D(rate)
            if isinstance(rule, Across):
                w = rule(states, w, row, rate, t)
            else:
                w = [rule(*each, rate, t) for each in zip(states, w, row, strict=True)]
            seen.append([float(each) for each in w])
    return seen


def sign(x):
    return D(0) if x == 0 else D(1).copy_sign(x)


# --- Optimisers.jl 0.4.8, src/rules.jl ------------------------------------------------------------


def descent(s, x, dx, eta, t):
    return x - dx * eta


def chained_descent(s, x, dx, eta, t):
    """WeightDecay, then Descent."""
    dx = dx + D("0.01") * x
    return x - dx * eta


def jl_momentum(s, x, dx, eta, t):
    s.mvel = D("0.9") * s.mvel + eta * dx
    return x - s.mvel


def jl_nesterov(s, x, dx, eta, t):
    rho = D("0.9")
    newdx = -(rho**2) * s.vel + (1 + rho) * eta * dx
    s.vel = rho * s.vel - eta * dx
    return x - newdx


def jl_adagrad(s, x, dx, eta, t):
    epsilon = D("1e-8")
    if t == 1:
        s.acc = epsilon
    s.acc = s.acc + dx**2
    return x - dx * eta / (s.acc.sqrt() + epsilon)


def jl_rmsprop(centred):
    def rule(s, x, dx, eta, t):
        rho, epsilon = D("0.9"), D("1e-8")
        s.quad = rho * s.quad + (1 - rho) * dx**2
        if centred:
            s.lin = rho * s.lin + (1 - rho) * dx
        return x - dx * eta / ((s.quad - s.lin**2).sqrt() + epsilon)

    return rule


def jl_moments(s, dx):
    b1, b2 = D("0.9"), D("0.999")
    s.m = b1 * s.m + (1 - b1) * dx
    s.v = b2 * s.v + (1 - b2) * dx**2
    return b1, b2


def jl_adam(s, x, dx, eta, t):
    b1, b2 = jl_moments(s, dx)
    return x - s.m / (1 - b1**t) / ((s.v / (1 - b2**t)).sqrt() + D("1e-8")) * eta


def jl_adamw(decay, couple=True):
    def rule(s, x, dx, eta, t):
        b1, b2 = jl_moments(s, dx)
        dx1 = s.m / (1 - b1**t) / ((s.v / (1 - b2**t)).sqrt() + D("1e-8"))
        return x - (eta * (dx1 + D(decay) * x) if couple else eta * dx1 + D(decay) * x)

    return rule


def jl_amsgrad(s, x, dx, eta, t):
    epsilon = D("1e-8")
    if t == 1:
        s.m = s.v = s.largest = epsilon
    jl_moments(s, dx)
    s.largest = max(s.largest, s.v)
    return x - eta * s.m / (s.largest.sqrt() + epsilon)


def jl_nadam(s, x, dx, eta, t):
    b1, b2 = jl_moments(s, dx)
    mean = b1 * s.m / (1 - b1 * b1**t) + (1 - b1) * dx / (1 - b1**t)
    return x - mean / ((s.v * b2 / (1 - b2**t)).sqrt() + D("1e-8")) * eta


def jl_radam(s, x, dx, eta, t):
    b1, b2 = jl_moments(s, dx)
    longest = 2 / (1 - b2) - 1
    rho = longest - 2 * t * b2**t / (1 - b2**t)
    if rho > 4:
        r = ((rho - 4) * (rho - 2) * longest / ((longest - 4) * (longest - 2) * rho)).sqrt()
        return x - s.m / (1 - b1**t) / ((s.v / (1 - b2**t)).sqrt() + D("1e-8")) * eta * r
    return x - s.m / (1 - b1**t) * eta


def jl_adamax(s, x, dx, eta, t):
    b1, b2 = D("0.9"), D("0.999")
    s.m = b1 * s.m + (1 - b1) * dx
    s.u = max(b2 * s.u, abs(dx))
    return x - (eta / (1 - b1**t)) * s.m / (s.u + D("1e-8"))


def jl_adadelta(s, x, dx, eta, t):
    rho, epsilon = D("0.9"), D("1e-8")
    s.acc = rho * s.acc + (1 - rho) * dx**2
    dx1 = dx * (s.delta + epsilon).sqrt() / (s.acc + epsilon).sqrt()
    s.delta = rho * s.delta + (1 - rho) * dx1**2
    return x - eta * dx1  # there is no rate: it is played


def jl_lion(s, x, dx, eta, t):
    b1, b2 = D("0.9"), D("0.999")
    s.state = b2 * dx + (1 - b2) * s.state
    return x - eta * sign((b2 - b1) * dx + b1 * s.state)


def jl_adabelief(s, x, dx, eta, t):
    b1, b2, epsilon = D("0.9"), D("0.999"), D("1e-16")
    s.m = b1 * s.m + (1 - b1) * dx
    s.s = b2 * s.s + (1 - b2) * (dx - s.m) ** 2 + epsilon
    return x - eta * s.m / (1 - b1**t) / ((s.s / (1 - b2**t)).sqrt() + epsilon)


OPTIMISERS_JL = {
    "Optimisers.Descent()": descent,
    "OptimiserChain(WeightDecay(0.01), Descent(0.1))": chained_descent,
    "Optimisers.Momentum()": jl_momentum,
    "Optimisers.Nesterov()": jl_nesterov,
    "Optimisers.AdaGrad()": jl_adagrad,
    "Optimisers.RMSProp()": jl_rmsprop(False),
    "Optimisers.RMSProp(centred = true)": jl_rmsprop(True),
    "Optimisers.Adam()": jl_adam,
    "Optimisers.AdamW()": jl_adamw("0"),
    "Optimisers.AdamW(lambda = 0.01)": jl_adamw("0.01"),
    "Optimisers.AdamW(lambda = 0.01, couple = false)": jl_adamw("0.01", couple=False),
    "Optimisers.AMSGrad()": jl_amsgrad,
    "Optimisers.NAdam()": jl_nadam,
    "Optimisers.RAdam()": jl_radam,
    "Optimisers.AdaMax()": jl_adamax,
    "Optimisers.AdaDelta()": jl_adadelta,
    "Optimisers.Lion()": jl_lion,
    "Optimisers.AdaBelief()": jl_adabelief,
}


# --- Burn 2c06be35, crates/burn-optim/src/optim ---------------------------------------------------


def burn_sgd(dampening=None, nesterov=False):
    """sgd.rs, momentum.rs."""

    def rule(s, tensor, grad, lr, t):
        if dampening is None:
            return tensor - grad * lr
        if t == 1:
            s.velocity = grad
        else:
            s.velocity = grad * (1 - D(dampening)) + s.velocity * D("0.9")
        step = s.velocity * D("0.9") + grad if nesterov else s.velocity
        return tensor - step * lr

    return rule


def burn_adagrad(lr_decay="0"):
    """adagrad.rs."""

    def rule(s, tensor, grad, lr, t):
        s.sum = s.sum + grad**2
        return tensor - grad / (s.sum.sqrt() + D("1e-5")) * (lr / (1 + (t - 1) * D(lr_decay)))

    return rule


def burn_rmsprop(centered):
    """rmsprop.rs."""

    def rule(s, tensor, grad, lr, t):
        alpha = D("0.99")
        s.square = s.square * alpha + grad**2 * (1 - alpha)
        average = s.square
        if centered:
            s.grad = s.grad * alpha + grad * (1 - alpha)
            average = s.square - s.grad**2
        s.buf = s.buf * D("0.9") + grad / (average.sqrt() + D("1e-5"))
        return tensor - s.buf * lr

    return rule


def burn_adam(amsgrad=False, penalty="0", decay="0"):
    """adam.rs; adamw.rs, whose bias corrections are written out, has the same step."""

    def rule(s, tensor, grad, lr, t):
        grad = tensor * D(penalty) + grad
        b1, b2 = D("0.9"), D("0.999")
        s.m = s.m * b1 + grad * (1 - b1)
        s.v = s.v * b2 + grad**2 * (1 - b2)
        s.largest = max(s.largest, s.v)
        root = (1 - b2**t).sqrt()
        used = (s.largest if amsgrad else s.v).sqrt()
        delta = s.m * (root / (1 - b1**t)) / (used + D("1e-5") * root)
        return tensor * (1 - lr * D(decay)) - delta * lr

    return rule


def burn_adan(s, tensor, grad, lr, t):
    """adan.rs."""
    b1, b2, b3 = D("0.98"), D("0.92"), D("0.99")
    change = D(0) if t == 1 else grad - s.before
    s.m = s.m * b1 + grad * (1 - b1)
    s.diff = s.diff * b2 + change * (1 - b2)
    s.square = s.square * b3 + (change * b2 + grad) ** 2 * (1 - b3)
    s.before = grad
    denom = s.square.sqrt() / (1 - b3**t).sqrt() + D("1e-8")
    update = s.m / (1 - b1**t) / denom + s.diff * b2 / (1 - b2**t) / denom
    return tensor - update * lr


BURN = {
    "SgdConfig::new().init()": burn_sgd(),
    "SgdConfig::new().with_momentum(Some(MomentumConfig::new())).init()": burn_sgd("0.1"),
    "SgdConfig::new().with_momentum(Some(MomentumConfig::new().with_dampening(0.0)"
    ".with_nesterov(true))).init()": burn_sgd("0", nesterov=True),
    "AdaGradConfig::new().init()": burn_adagrad(),
    "AdaGradConfig::new().with_lr_decay(0.001).init()": burn_adagrad("0.001"),
    "RmsPropConfig::new().init()": burn_rmsprop(False),
    "RmsPropConfig::new().with_centered(true).init()": burn_rmsprop(True),
    "AdamConfig::new().init()": burn_adam(),
    "AdamConfig::new().with_amsgrad(true).init()": burn_adam(amsgrad=True),
    "AdamConfig::new().with_weight_decay(Some(WeightDecayConfig::new(0.01))).init()": burn_adam(
        penalty="0.01"
    ),
    "AdamWConfig::new().init()": burn_adam(decay="1e-4"),
    "AdanConfig::new().init()": burn_adan,
}


# --- candle 2a13b0f3, candle-nn/src/optim.rs ------------------------------------------------------


def candle_sgd(s, var, grad, learning_rate, t):
    return var - grad * learning_rate


def candle_adamw(s, theta, g, lr, t):
    beta1, beta2 = D("0.9"), D("0.999")
    scale_m, scale_v = 1 / (1 - beta1**t), 1 / (1 - beta2**t)
    s.m = s.m * beta1 + g * (1 - beta1)
    s.v = s.v * beta2 + g**2 * (1 - beta2)
    adjusted = s.m * scale_m / ((s.v * scale_v).sqrt() + D("1e-8"))
    return theta * (1 - lr * D("0.01")) - adjusted * lr


CANDLE = {
    "candle_nn::SGD::new(vars, 0.001)": candle_sgd,
    "candle_nn::AdamW::new(vars, ParamsAdamW::default())": candle_adamw,
    "candle_nn::AdamW::new_lr(vars, 0.01)": candle_adamw,
}


# --- ensmallen f65354c0, include/ensmallen_bits ---------------------------------------------------


def ens_sgd(s, iterate, gradient, step, t):
    return iterate - step * gradient


def ens_momentum(s, iterate, gradient, step, t):
    s.velocity = D("0.5") * s.velocity - step * gradient
    return iterate + s.velocity


def ens_nesterov(s, iterate, gradient, step, t):
    s.velocity = D("0.5") * s.velocity - step * gradient
    return iterate + D("0.5") * s.velocity - step * gradient


def ens_adagrad(s, iterate, gradient, step, t):
    s.squared = s.squared + gradient**2
    return iterate - step * gradient / (s.squared.sqrt() + D("1e-8"))


def ens_rmsprop(s, iterate, gradient, step, t):
    s.mean = D("0.99") * s.mean + (1 - D("0.99")) * gradient**2
    return iterate - step * gradient / (s.mean.sqrt() + D("1e-8"))


def ens_moments(s, gradient, t):
    beta1, beta2 = D("0.9"), D("0.999")
    s.m = s.m * beta1 + (1 - beta1) * gradient
    s.v = s.v * beta2 + (1 - beta2) * gradient**2
    return 1 - beta1**t, 1 - beta2**t


def ens_adam(s, iterate, gradient, step, t):
    bias1, bias2 = ens_moments(s, gradient, t)
    return iterate - step * bias2.sqrt() / bias1 * s.m / (s.v.sqrt() + D("1e-8"))


def ens_amsgrad(s, iterate, gradient, step, t):
    bias1, bias2 = ens_moments(s, gradient, t)
    s.improved = max(s.improved, s.v)
    return iterate - step * bias2.sqrt() / bias1 * s.m / (s.improved.sqrt() + D("1e-8"))


def ens_nadam(s, iterate, gradient, step, t):
    """AdamType hands its own betas over: 0.999, not the policy's 0.99."""
    _, bias2 = ens_moments(s, gradient, t)
    now, following = (D("0.9") * (1 - D("0.5") * D("0.96") ** (k * D("4e-3"))) for k in (t, t + 1))
    s.product = (D(1) if t == 1 else s.product) * now
    mean = (1 - now) / (1 - s.product) * gradient + following / (1 - s.product * following) * s.m
    return iterate - step * mean * bias2.sqrt() / (s.v.sqrt() + D("1e-8"))


def ens_adamax(s, iterate, gradient, step, t):
    bias1, _ = ens_moments(s, gradient, t)
    s.u = max(s.u * D("0.999"), abs(gradient))
    return iterate - step / bias1 * s.m / (s.u + D("1e-8"))


def ens_adadelta(s, iterate, gradient, step, t):
    rho, epsilon = D("0.95"), D("1e-6")
    s.mean = rho * s.mean + (1 - rho) * gradient**2
    dx = ((s.steps + epsilon) / (s.mean + epsilon)).sqrt() * gradient
    s.steps = rho * s.steps + (1 - rho) * dx**2
    return iterate - step * dx


def ens_adabelief(s, iterate, gradient, step, t):
    bias1, bias2 = ens_moments(s, gradient, t)
    s.s = s.s * D("0.999") + (1 - D("0.999")) * (gradient - s.m) ** 2 + D("1e-12")
    return iterate - s.m / bias1 * step / ((s.s / bias2).sqrt() + D("1e-12"))


def ens_yogi(s, iterate, gradient, step, t):
    s.m = s.m * D("0.9") + (1 - D("0.9")) * gradient
    s.v = s.v - (1 - D("0.999")) * sign(s.v - gradient**2) * gradient**2
    return iterate - step * s.m / (s.v.sqrt() + D("1e-8"))


def ens_qhadam(s, iterate, gradient, step, t):
    bias1, bias2 = ens_moments(s, gradient, t)
    v1, v2 = D("0.7"), D(1)
    mean = (1 - v1) * gradient + v1 * s.m / bias1
    return iterate - step * mean / (((1 - v2) * gradient**2 + v2 * s.v / bias2).sqrt() + D("1e-8"))


def ens_optimistic(s, iterate, gradient, step, t):
    bias1, bias2 = ens_moments(s, gradient, t)
    update = s.m / bias1 / ((s.v / bias2).sqrt() + D("1e-8"))
    iterate = iterate - (2 * step * update - step * s.g)
    s.g = update
    return iterate


def ens_adabound(s, iterate, gradient, step, t):
    bias1, bias2 = ens_moments(s, gradient, t)
    if t == 1:
        s.initial = step
    gamma = D("1e-3")
    fl = D("0.1") * step / s.initial
    lower, upper = fl * (1 - 1 / (gamma * t + 1)), fl * (1 + 1 / (gamma * t))
    rate = step * bias2.sqrt() / bias1 / (s.v.sqrt() + D("1e-8"))
    return iterate - min(max(rate, lower), upper) * s.m


ENSMALLEN = {
    "ens::StandardSGD()": ens_sgd,
    "ens::MomentumSGD()": ens_momentum,
    "ens::NesterovMomentumSGD()": ens_nesterov,
    "ens::AdaGrad()": ens_adagrad,
    "ens::RMSProp()": ens_rmsprop,
    "ens::Adam()": ens_adam,
    "ens::AMSGrad()": ens_amsgrad,
    "ens::Nadam()": ens_nadam,
    "ens::AdaMax()": ens_adamax,
    "ens::AdaDelta()": ens_adadelta,
    "ens::AdaBelief()": ens_adabelief,
    "ens::Yogi()": ens_yogi,
    "ens::QHAdam()": ens_qhadam,
    "ens::AdaBound()": ens_adabound,
    "ens::OptimisticAdam()": ens_optimistic,
}


# --- LightFM 1.17, lightfm/_lightfm_fast.pyx.template ---------------------------------------------


def lightfm_adagrad(s, bias, gradient, learning_rate, t):
    if t == 1:
        s.gradients = D(1)
    bias = bias - learning_rate / s.gradients.sqrt() * gradient
    s.gradients = s.gradients + gradient**2
    return bias


def lightfm_adadelta(s, bias, gradient, learning_rate, t):
    rho, eps = D("0.95"), D("1e-6")
    s.gradients = rho * s.gradients + (1 - rho) * gradient**2
    update = (s.momentum + eps).sqrt() / (s.gradients + eps).sqrt() * gradient
    s.momentum = rho * s.momentum + (1 - rho) * update**2
    return bias - learning_rate * update  # there is no rate: it is played


LIGHTFM = {
    "lightfm.LightFM()": lightfm_adagrad,
    'lightfm.LightFM(learning_schedule="adadelta")': lightfm_adadelta,
}


# --- Spark 0cfc65d1, mllib/optimization/Updater.scala ---------------------------------------------


def spark(penalty):
    def rule(s, weights, gradient, step, t):
        # ``step`` is stepSize / sqrt(iter) already.
        return weights * (1 - step * D(penalty)) - step * gradient

    return rule


SPARK = {
    "GradientDescent.setUpdater(new SimpleUpdater)": spark("0"),
    "GradientDescent.setUpdater(new SquaredL2Updater).setRegParam(0.01)": spark("0.01"),
}


# --- DeepSpeed 0.19.8, csrc/adam, csrc/adagrad ----------------------------------------------------


def fused_adam(decay="0", adam_w_mode=True, bias_correction=True):
    """multi_tensor_adam.cu."""

    def rule(s, p, g, lr, t):
        beta1, beta2 = D("0.9"), D("0.999")
        if not adam_w_mode:
            g = g + D(decay) * p
        s.m = beta1 * s.m + (1 - beta1) * g
        s.v = beta2 * s.v + (1 - beta2) * g * g
        bias1, bias2 = (1 - beta1**t, 1 - beta2**t) if bias_correction else (D(1), D(1))
        update = s.m / bias1 / ((s.v / bias2).sqrt() + D("1e-8"))
        if adam_w_mode:
            update = update + D(decay) * p
        return p - lr * update

    return rule


def cpu_adam(s, param, grad, lr, t):
    """cpu_adam_impl.cpp, with weight_decay=0.01."""
    beta1, beta2 = D("0.9"), D("0.999")
    s.momentum = s.momentum * beta1 + grad * (1 - beta1)
    s.variance = s.variance * beta2 + grad * grad * (1 - beta2)
    denominator = s.variance.sqrt() * (1 / (1 - beta2**t).sqrt()) + D("1e-8")
    param = param - lr * D("0.01") * param
    return s.momentum / denominator * (-lr / (1 - beta1**t)) + param


def cpu_adagrad(s, param, grad, lr, t):
    """cpu_adagrad.cpp."""
    s.variance = s.variance + grad * grad
    return grad / (s.variance.sqrt() + D("1e-10")) * -lr + param


ADAM = "deepspeed.ops.adam"
DEEPSPEED = {
    f"{ADAM}.FusedAdam(params)": fused_adam(),
    f"{ADAM}.FusedAdam(params, weight_decay=0.01)": fused_adam("0.01"),
    f"{ADAM}.FusedAdam(params, adam_w_mode=False, weight_decay=0.01)": fused_adam("0.01", False),
    f"{ADAM}.FusedAdam(params, bias_correction=False)": fused_adam(bias_correction=False),
    f"{ADAM}.DeepSpeedCPUAdam(params, weight_decay=0.01)": cpu_adam,
    "deepspeed.ops.adagrad.DeepSpeedCPUAdagrad(params)": cpu_adagrad,
}


# --- Apex 6424da3b, csrc/multi_tensor_*.cu --------------------------------------------------------


def apex_sgd(momentum="0", dampening="0", wd="0", nesterov=False):
    """multi_tensor_sgd_kernel.cu."""
    momentum, dampening, wd = D(momentum), D(dampening), D(wd)

    def rule(s, weight, grad, lr, t):
        grad = grad + wd * weight
        if momentum != 0:
            s.mom = grad if t == 1 else s.mom * momentum + (1 - dampening) * grad
            grad = grad + momentum * s.mom if nesterov else s.mom
        return weight + -lr * grad

    return rule


def apex_adagrad(decay="0", w_mode=False):
    """multi_tensor_adagrad.cu."""
    decay, epsilon = D(decay), D("1e-10")

    def rule(s, p, g, lr, t):
        if w_mode:
            s.h = s.h + g * g
            return p - lr * (g / (s.h.sqrt() + epsilon) + decay * p)
        g = g + decay * p
        s.h = s.h + g * g
        return p - lr * (g / (s.h.sqrt() + epsilon))

    return rule


def apex_update(s, p, g, t, decay, epsilon, bias_correction=True):
    """The update of the decoupled mode, in multi_tensor_adam.cu and multi_tensor_lamb.cu alike."""
    beta1, beta2 = D("0.9"), D("0.999")
    s.m = beta1 * s.m + (1 - beta1) * g
    s.v = beta2 * s.v + (1 - beta2) * g * g
    corrections = (1 - beta1**t, 1 - beta2**t) if bias_correction else (D(1), D(1))
    return (s.m / corrections[0]) / ((s.v / corrections[1]).sqrt() + epsilon) + decay * p


def apex_adam(decay="0", w_mode=True, bias_correction=True):
    """multi_tensor_adam.cu."""
    decay, epsilon = D(decay), D("1e-8")

    def rule(s, p, g, lr, t):
        if w_mode:
            return p - lr * apex_update(s, p, g, t, decay, epsilon, bias_correction)
        return p - lr * apex_update(s, p, g + decay * p, t, D(0), epsilon, bias_correction)

    return rule


def norm(values):
    return sum(each * each for each in values).sqrt()


def apex_lamb(decay="0.01", nvlamb=False):
    """multi_tensor_lamb.cu, and the norm of all gradients from fused_lamb.py."""
    decay, epsilon, most = D(decay), D("1e-6"), D(1)

    def rule(states, p, g, lr, t):
        clipped = norm(g) / most if norm(g) > most else D(1)
        update = [
            apex_update(s, w, each / clipped, t, decay, epsilon)
            for s, w, each in zip(states, p, g, strict=True)
        ]
        ratio = lr
        if (nvlamb or decay != 0) and norm(update) != 0 and norm(p) != 0:
            ratio = lr * (norm(p) / norm(update))
        return [w - ratio * u for w, u in zip(p, update, strict=True)]

    return Across(rule)


FUSED = "apex.optimizers.Fused"
APEX = {
    f"{FUSED}SGD(params, lr=0.001)": apex_sgd(),
    f"{FUSED}SGD(params, lr=0.001, momentum=0.9, weight_decay=0.01)": apex_sgd("0.9", wd="0.01"),
    f"{FUSED}SGD(params, lr=0.001, momentum=0.9, dampening=0.5)": apex_sgd("0.9", "0.5"),
    f"{FUSED}SGD(params, lr=0.001, momentum=0.9, nesterov=True)": apex_sgd("0.9", nesterov=True),
    f"{FUSED}Adagrad(params)": apex_adagrad(),
    f"{FUSED}Adagrad(params, weight_decay=0.01, adagrad_w_mode=True)": apex_adagrad("0.01", True),
    f"{FUSED}Adam(params)": apex_adam(),
    f"{FUSED}Adam(params, weight_decay=0.01)": apex_adam("0.01"),
    f"{FUSED}Adam(params, weight_decay=0.01, adam_w_mode=False)": apex_adam("0.01", False),
    f"{FUSED}Adam(params, bias_correction=False)": apex_adam(bias_correction=False),
    f"{FUSED}LAMB(params)": apex_lamb(),
    f"{FUSED}LAMB(params, weight_decay=0.0, use_nvlamb=True)": apex_lamb("0", True),
}


# --- gensim 4.4.0, gensim/models ------------------------------------------------------------------


def word2vec(s, syn, gradient, alpha, t):
    """word2vec_inner.pyx adds g = (label - f) * alpha; of -log sigma the gradient is f - label."""
    return alpha * -gradient + syn


def next_alpha(start_alpha, end_alpha, progress):
    """word2vec.py, _get_next_alpha."""
    return max(end_alpha, start_alpha - (start_alpha - end_alpha) * progress)


GENSIM = {"gensim.models.Word2Vec(sentences)": word2vec}

#: Framework to its calls and their rules.
SOURCES = {
    "optimisers_jl": OPTIMISERS_JL,
    "burn": BURN,
    "candle": CANDLE,
    "ensmallen": ENSMALLEN,
    "lightfm": LIGHTFM,
    "spark": SPARK,
    "deepspeed": DEEPSPEED,
    "apex": APEX,
    "gensim": GENSIM,
}
