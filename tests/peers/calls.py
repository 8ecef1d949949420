"""How each framework is called for each rule and convention.

`CASES` is the table: rule, convention, what is set besides, and the framework's call that gives the
same. "document" is nobody's default, but optax and PyTorch can be told to compute every formula of
it, and most of what the switches can be set to.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import keras
import optax
import torch
from optax._src import factorized
from sklearn.neural_network import _stochastic_optimizers as networks

from simopt.rules import ALL


@dataclass(frozen=True, eq=False)
class Case:
    """A rule in a convention, and the call of a framework that equals it.

    ``given`` are switches and fixed hyperparameters, ``extra`` optional hyperparameters to be drawn
    besides those that the rule always has. ``call(h)`` gives what the adapter of the framework
    takes; h are all hyperparameters by simopt's names.
    """

    rule: str
    convention: str
    framework: str
    call: Callable[[dict[str, float]], Callable[..., Any]]
    given: dict[str, Any] = field(default_factory=dict)
    extra: tuple[str, ...] = ()
    epsilons: tuple[str, ...] = ("default", "near 0.1")

    def optimizer(self, **settings):
        """simopt's, with hyperparameters set."""
        return ALL[self.rule](convention=self.convention, **self.given, **settings)

    def __str__(self):
        named = [f"{name}={value}" for name, value in self.given.items()]
        return " ".join([self.rule, self.convention, *named, *self.extra])


def translated(h, names):
    """Hyperparameters under a framework's names; of those without one, the two betas apart."""
    return {names[name]: value for name, value in h.items() if name in names}


def by_torch(cls, *, fixed=None, decoupled=False, **names):
    """A class of `torch.optim`; eta, the betas and weight decay have one name in all of them."""
    names = {"eta": "lr", "weight_decay": "weight_decay", **names}

    def call(h):
        settings = translated(h, names) | (fixed or {})
        if "beta1" in h:
            settings["betas"] = (h["beta1"], h["beta2"])
        if decoupled:
            settings["decoupled_weight_decay"] = True
        return lambda parameters: cls(parameters, **settings)

    return call


def by_keras(cls, *, fixed=None, **names):
    """A class of `keras.optimizers`."""
    names = {
        "eta": "learning_rate",
        "weight_decay": "weight_decay",
        "beta1": "beta_1",
        "beta2": "beta_2",
        "epsilon": "epsilon",
        "rho": "rho",
        **names,
    }

    def call(h):
        settings = translated(h, names) | (fixed or {})
        return lambda **options: cls(**settings, **options)

    return call


def by_optax(function, decay="coupled"):
    """``function(eta, h)`` makes a transformation; a coupled decay is put before it."""

    def call(h):
        def make(schedule):
            made = function(h["eta"] if schedule is None else schedule, h)
            if decay == "coupled" and "weight_decay" in h:
                return optax.chain(optax.add_decayed_weights(h["weight_decay"]), made)
            return made

        return make

    return call


def by_network(cls, *, fixed=None, **names):
    """An optimizer of scikit-learn's networks."""
    names = {"eta": "learning_rate_init", **names}

    def call(h):
        settings = translated(h, names) | (fixed or {})
        return lambda parameters: cls(parameters, **settings)

    return call


def by_sgd(h):
    """`SGDRegressor` or `SGDClassifier`: eta0 alpha is eta times our decay, on whatever loss."""

    def make(model, half):
        return model(
            loss="squared_error" if half == 2 else "log_loss",
            penalty="l2",
            alpha=h.get("weight_decay", 0.0) / half,
            learning_rate="constant",
            eta0=h["eta"] * half,
            fit_intercept=False,
            shuffle=False,
        )

    return make


def chained(core):
    """``core(h)``, then the rate: for what optax offers as parts alone."""
    return lambda eta, h: optax.chain(core(h), optax.scale_by_learning_rate(eta))


def rate_first(core):
    """The rate, then ``core(h)``: into the buffer with it."""
    return lambda eta, h: optax.chain(optax.scale_by_learning_rate(eta), core(h))


def b(h):
    """optax' names of the betas."""
    return {"b1": h["beta1"], "b2": h["beta2"]}


def divided(h, place, **more):
    """optax' names of the betas and of epsilon, which goes inside the root or outside."""
    inside, outside = (h["epsilon"], 0.0) if place == "inside" else (0.0, h["epsilon"])
    return {**b(h), "eps_root": inside, "eps": outside, **more}


def adam_like(function, place):
    """A function of optax that takes what Adam takes."""
    return by_optax(lambda eta, h: function(eta, **divided(h, place)))


def decoupled_adam(place):
    """AdamW."""
    return lambda eta, h: optax.adamw(eta, **divided(h, place), weight_decay=h["weight_decay"])


def scaled(h, centered=False, **more):
    """optax' scaling part of RMSprop."""
    part = optax.scale_by_stddev if centered else optax.scale_by_rms
    initial = h.get("initial_accumulator", 0.0)
    return part(decay=h["rho"], eps=h["epsilon"], initial_scale=initial, **more)


def rmsprop(eta, h, **more):
    """RMSprop as optax offers it as a whole."""
    return optax.rmsprop(
        eta,
        decay=h["rho"],
        eps=h["epsilon"],
        initial_scale=h.get("initial_accumulator", 0.0),
        momentum=h.get("momentum"),
        **more,
    )


def rmsprop_rate_outside(h, nesterov=False, **more):
    """RMSprop of its parts, so that the rate comes after the buffer."""
    return optax.chain(scaled(h, **more), optax.trace(h["momentum"], nesterov))


def adagrad(eta, h):
    """AdaGrad."""
    initial = h.get("initial_accumulator", 0.0)
    return optax.adagrad(eta, initial_accumulator_value=initial, eps=h["epsilon"])


def yogi(eta, h):
    """Yogi of its parts, for the whole has no start of its own."""
    made = optax.scale_by_yogi(
        **b(h), eps=h["epsilon"], initial_accumulator_value=h["initial_accumulator"]
    )
    return optax.chain(made, optax.scale_by_learning_rate(eta))


def rprop_torch(h):
    """Rprop."""
    return lambda parameters: torch.optim.Rprop(
        parameters,
        lr=h["eta"],
        etas=(h["shrink"], h["grow"]),
        step_sizes=(h["smallest"], h["largest"]),
    )


def rprop_optax(h):
    """Rprop, whose first step no schedule changes."""

    def make(schedule):
        made = optax.rprop(h["eta"], h["shrink"], h["grow"], h["smallest"], h["largest"])
        decayed = optax.add_decayed_weights(h.get("weight_decay", 0.0))
        return optax.chain(decayed, made)

    return make


def belief(eta, h):
    """AdaBelief."""
    return optax.adabelief(eta, **b(h), eps=h["epsilon"], eps_root=h["epsilon"])


def belief_decoupled(eta, h):
    """Its parts, with weights that decay besides."""
    return optax.chain(
        optax.scale_by_belief(**b(h), eps=h["epsilon"], eps_root=h["epsilon"]),
        optax.add_decayed_weights(h.get("weight_decay", 0.0)),
        optax.scale_by_learning_rate(eta),
    )


ADOPT_OPTAX = by_optax(lambda eta, h: optax.contrib.adopt(eta, **b(h), eps=h["epsilon"]))
MIX_OPTAX = by_optax(
    lambda eta, h: optax.contrib.ademamix(
        eta,
        **b(h),
        b3=h["beta3"],
        alpha=h["alpha"],
        eps=h["epsilon"],
        weight_decay=h.get("weight_decay", 0.0),
    ),
    "decoupled",
)
LAMB_OPTAX = by_optax(
    lambda eta, h: optax.lamb(eta, **b(h), eps=h["epsilon"], weight_decay=h["weight_decay"]),
    "inside",
)


NOVOGRAD_OPTAX = by_optax(
    lambda eta, h: optax.novograd(eta, **b(h), eps=h["epsilon"], weight_decay=h["weight_decay"]),
    "inside",
)
DOG_OPTAX = by_optax(
    lambda eta, h: optax.contrib.dog(eta, ("heuristic", h["reach"]), eps=h["epsilon"])
)
DOWG_OPTAX = by_optax(lambda eta, h: optax.contrib.dowg(eta, eps=h["epsilon"]))
POLYAK_NAMES = {"largest": "max_learning_rate", "least": "f_min", "epsilon": "eps"}


def polyak_optax(variant="sps"):
    return by_optax(
        lambda eta, h: optax.polyak_sgd(scaling=eta, variant=variant, **translated(h, POLYAK_NAMES))
    )


def polyak_document(eta, h):
    """The paper's c enters with the gradient, by its root, and the rate afterwards."""
    root = h["coefficient"] ** 0.5
    found = optax.scale_by_polyak(h["least"], max_learning_rate=h["largest"], eps=h["epsilon"])
    return optax.chain(
        optax.scale(root), found, optax.scale(1 / root), optax.scale_by_learning_rate(eta)
    )


def optimistic_adam(nesterov):
    """Optimistic Adam."""
    return by_optax(
        lambda eta, h: optax.optimistic_adam_v2(
            eta,
            alpha=h["alpha"],
            beta=h["optimism"],
            **b(h),
            eps=h["epsilon"],
            nesterov=nesterov,
        )
    )


SIMPLIFIED_OPTAX = by_optax(
    lambda eta, h: optax.contrib.simplified_ademamix(
        eta,
        **b(h),
        alpha=h["alpha"],
        eps=h["epsilon"],
        weight_decay=h.get("weight_decay", 0.0),
    ),
    "decoupled",
)
COCOB_OPTAX = by_optax(
    lambda eta, h: optax.contrib.cocob(
        eta, alpha=h["alpha"], eps=h["epsilon"], weight_decay=h["weight_decay"]
    ),
    "inside",
)


def momo(estimated=False):
    """MoMo."""
    return by_optax(
        lambda eta, h: optax.contrib.momo(
            eta, h["beta"], h["least"], h["weight_decay"], adapt_lower_bound=estimated
        ),
        "inside",
    )


def momo_adam(estimated=False):
    """MoMo-Adam."""
    return by_optax(
        lambda eta, h: optax.contrib.momo_adam(
            eta,
            **b(h),
            eps=h["epsilon"],
            lower_bound=h["least"],
            weight_decay=h["weight_decay"],
            adapt_lower_bound=estimated,
        ),
        "inside",
    )


PRODIGY_OPTAX = by_optax(
    lambda eta, h: optax.contrib.prodigy(
        eta,
        betas=(h["beta1"], h["beta2"]),
        eps=h["epsilon"],
        estim_lr0=h["d0"],
        estim_lr_coef=h["coefficient"],
        weight_decay=h["weight_decay"],
    ),
    "inside",
)

DADAPT_OPTAX = by_optax(
    lambda eta, h: optax.contrib.dadapt_adamw(
        eta,
        betas=(h["beta1"], h["beta2"]),
        eps=h["epsilon"],
        estim_lr0=h["d0"],
        weight_decay=h["weight_decay"],
    ),
    "inside",
)


def times(eta, factor):
    """A rate or a schedule of rates, multiplied."""
    return (lambda count: factor * eta(count)) if callable(eta) else factor * eta


#: Of weights in no matrix; for matrices see tests/peers/test_muon.py.
MUON_ADAMW = by_optax(
    lambda eta, h: optax.adamw(
        times(eta, h["adam_ratio"]),
        **b(h),
        eps=h["epsilon"],
        weight_decay=h["weight_decay"] / h["adam_ratio"],
    ),
    "inside",
)
MUON_OPTAX = by_optax(
    lambda eta, h: optax.contrib.muon(
        eta,
        adam_b1=h["beta1"],
        adam_b2=h["beta2"],
        eps=h["epsilon"],
        adam_weight_decay=h["weight_decay"] / h["adam_ratio"],
        adam_learning_rate=times(eta, h["adam_ratio"]),
    ),
    "inside",
)


def muon_keras(**fixed):
    """Keras' Muon."""
    return by_keras(
        keras.optimizers.Muon,
        beta="momentum",
        beta1="adam_beta_1",
        beta2="adam_beta_2",
        weight_decay="adam_weight_decay",
        adam_ratio="adam_lr_ratio",
        fixed=fixed,
    )


def adafactor_torch(h):
    """PyTorch's, with the epsilons in a pair and the exponent negative."""
    return lambda parameters: torch.optim.Adafactor(
        parameters,
        lr=h["eta"],
        beta2_decay=-h["exponent"],
        eps=(h["epsilon"], h["epsilon2"]),
        d=h["limit"],
        weight_decay=h["weight_decay"],
    )


class KerasAdafactor(keras.optimizers.Adafactor):
    """Keras', its means in float64; its own are taken in float32, 3e-8 away."""

    def _rms(self, x):
        return keras.ops.sqrt(keras.ops.sum(keras.ops.square(x)) / x.shape[0])


def adafactor_keras(cls):
    """Keras', the exponent negative."""

    def call(h):
        return lambda **options: cls(
            learning_rate=h["eta"],
            beta_2_decay=-h["exponent"],
            epsilon_1=h["epsilon"],
            epsilon_2=h["epsilon2"],
            clip_threshold=h["limit"],
            weight_decay=h["weight_decay"],
            **options,
        )

    return call


def adafactor_optax(h):
    """optax' in its parts, the decay in float64; its own is in float32, 2e-8 away."""

    def make(schedule):
        eta = h["eta"] if schedule is None else schedule
        found = factorized.scale_by_factored_rms(
            True, h["exponent"], epsilon=h["epsilon"], decay_rate_fn=decay_in_double
        )
        momentum = [optax.ema(h["momentum"], debias=False)] if "momentum" in h else []
        return optax.chain(
            found,
            optax.clip_by_block_rms(h["limit"]),
            optax.scale_by_learning_rate(eta, flip_sign=False),
            optax.scale_by_param_block_rms(h["epsilon2"]),
            *momentum,
            optax.add_decayed_weights(h["weight_decay"]),
            optax.scale(-1),
        )

    return make


def decay_in_double(count, exponent):
    """How fast Adafactor's mean of squares fades."""
    return 1.0 - (count + 1.0) ** -exponent


def madgrad_optax(eta, h):
    """MADGRAD, its count a number in float64: optax' root of a whole number is in float32."""
    rates = (lambda count: eta(count.astype(int))) if callable(eta) else eta
    return counted_in_double(optax.contrib.madgrad)(rates, h["momentum"], eps=h["epsilon"])


def counted_in_double(make):
    """A maker of chains whose counts begin as float64."""

    def made(*given, **more):
        chain = make(*given, **more)

        def start(params):
            count = jnp.zeros((), jnp.float64)
            return tuple(
                each._replace(count=count) if "count" in each._fields else each
                for each in chain.init(params)
            )

        return optax.GradientTransformation(start, chain.update)

    return made


def lars(nesterov=False):
    """LARS as optax has it."""
    return by_optax(
        lambda eta, h: optax.lars(
            eta,
            weight_decay=h["weight_decay"],
            trust_coefficient=h["trust"],
            eps=h["epsilon"],
            momentum=h["beta"],
            nesterov=nesterov,
        ),
        "inside",
    )


FREE_OPTAX = by_optax(
    lambda eta, h: optax.contrib.schedule_free(
        optax.chain(optax.add_decayed_weights(h["weight_decay"]), optax.sgd(eta)),
        eta,
        b1=h["beta"],
    ),
    "with the gradient",
)
FREE_ADAMW_OPTAX = by_optax(
    lambda eta, h: optax.contrib.schedule_free(
        optax.adamw(eta, 0.0, h["beta2"], h["epsilon"], weight_decay=h["weight_decay"]),
        eta,
        b1=h["beta1"],
    ),
    "with the step",
)
OPTIMISTIC_OPTAX = by_optax(
    lambda eta, h: optax.optimistic_gradient_descent(eta, h["alpha"], h["optimism"])
)
ACPROP_OPTAX = by_optax(
    lambda eta, h: optax.contrib.acprop(
        eta,
        **b(h),
        eps=h["epsilon"],
        eps_root=h["epsilon"],
        weight_decay=h.get("weight_decay", 0.0),
    ),
    "decoupled",
)


def asgd_torch(h):
    """ASGD."""
    return lambda parameters: torch.optim.ASGD(
        parameters, lr=h["eta"], lambd=h["lambd"], t0=h["t0"], weight_decay=h["weight_decay"]
    )


SGD_TORCH = by_torch(torch.optim.SGD)
MOMENTUM_TORCH = by_torch(torch.optim.SGD, beta="momentum", dampening="dampening")
NESTEROV_TORCH = by_torch(torch.optim.SGD, beta="momentum", fixed={"nesterov": True})
ADAGRAD_TORCH = by_torch(
    torch.optim.Adagrad,
    epsilon="eps",
    initial_accumulator="initial_accumulator_value",
    lr_decay="lr_decay",
)
RMSPROP_TORCH, RMSPROP_TORCH_CENTERED = (
    by_torch(
        torch.optim.RMSprop,
        rho="alpha",
        epsilon="eps",
        momentum="momentum",
        fixed={"centered": centered},
    )
    for centered in (False, True)
)
RMSPROP_KERAS, RMSPROP_KERAS_CENTERED = (
    by_keras(keras.optimizers.RMSprop, momentum="momentum", fixed={"centered": centered})
    for centered in (False, True)
)
ADAM_TORCH = by_torch(torch.optim.Adam, epsilon="eps")
ADAM_KERAS = by_keras(keras.optimizers.Adam)
ADAM_SKLEARN = by_network(networks.AdamOptimizer, beta1="beta_1", beta2="beta_2", epsilon="epsilon")
ADAMAX_TORCH = by_torch(torch.optim.Adamax, epsilon="eps")
ADADELTA_TORCH = by_torch(torch.optim.Adadelta, rho="rho", epsilon="eps")
AMSGRAD_KERAS = by_keras(keras.optimizers.Adam, fixed={"amsgrad": True})
LION_OPTAX = by_optax(
    lambda eta, h: optax.lion(eta, **b(h), weight_decay=h.get("weight_decay", 0.0)), "decoupled"
)
SIGN_OPTAX = by_optax(lambda eta, h: optax.sign_sgd(eta))
NADAM_OPTAX = adam_like(optax.nadam, "outside")
RADAM_TORCH = by_torch(torch.optim.RAdam, epsilon="eps")


def radam(place):
    """RAdam."""
    return lambda eta, h: optax.radam(eta, **divided(h, place), threshold=h["threshold"])


#: Every rule in every convention, as its users have it.
CONVENTIONS = (
    Case("SGD", "document", "torch", SGD_TORCH),
    Case("SGD", "torch", "torch", SGD_TORCH),
    Case("SGD", "keras", "keras", by_keras(keras.optimizers.SGD)),
    Case("SGD", "optax", "optax", by_optax(lambda eta, h: optax.sgd(eta))),
    Case("SGD", "sklearn", "sklearn SGD", by_sgd),
    Case("Momentum", "document", "torch", MOMENTUM_TORCH),
    Case("Momentum", "torch", "torch", MOMENTUM_TORCH),
    Case("Momentum", "keras", "keras", by_keras(keras.optimizers.SGD, beta="momentum")),
    Case("Momentum", "optax", "optax", by_optax(lambda eta, h: optax.sgd(eta, h["beta"]))),
    Case(
        "Momentum",
        "sklearn",
        "sklearn",
        by_network(networks.SGDOptimizer, beta="momentum", fixed={"nesterov": False}),
    ),
    Case("Nesterov", "document", "torch", NESTEROV_TORCH),
    Case("Nesterov", "torch", "torch", NESTEROV_TORCH),
    Case(
        "Nesterov",
        "keras",
        "keras",
        by_keras(keras.optimizers.SGD, beta="momentum", fixed={"nesterov": True}),
    ),
    Case("Nesterov", "optax", "optax", by_optax(lambda eta, h: optax.sgd(eta, h["beta"], True))),
    Case("Nesterov", "sklearn", "sklearn", by_network(networks.SGDOptimizer, beta="momentum")),
    Case("AdaGrad", "document", "optax", by_optax(adagrad)),
    Case("AdaGrad", "torch", "torch", ADAGRAD_TORCH),
    Case(
        "AdaGrad",
        "keras",
        "keras",
        by_keras(keras.optimizers.Adagrad, initial_accumulator="initial_accumulator_value"),
    ),
    Case("AdaGrad", "optax", "optax", by_optax(adagrad)),
    Case("RMSprop", "document", "optax", by_optax(rmsprop)),
    Case("RMSprop", "torch", "torch", RMSPROP_TORCH),
    Case("RMSprop", "keras", "keras", RMSPROP_KERAS),
    Case("RMSprop", "optax", "optax", by_optax(rmsprop)),
    Case(
        "Adam",
        "document",
        "optax",
        by_optax(lambda eta, h: optax.adam(eta, **divided(h, "inside"))),
    ),
    Case("Adam", "torch", "torch", ADAM_TORCH),
    Case("Adam", "keras", "keras", ADAM_KERAS),
    Case(
        "Adam", "optax", "optax", by_optax(lambda eta, h: optax.adam(eta, **divided(h, "outside")))
    ),
    Case("Adam", "sklearn", "sklearn", ADAM_SKLEARN),
    Case("AdamW", "document", "optax", by_optax(decoupled_adam("inside"), "decoupled")),
    Case("AdamW", "torch", "torch", by_torch(torch.optim.AdamW, epsilon="eps")),
    Case("AdamW", "keras", "keras", by_keras(keras.optimizers.AdamW)),
    Case("AdamW", "optax", "optax", by_optax(decoupled_adam("outside"), "decoupled")),
    Case(
        "AMSGrad",
        "document",
        "optax",
        by_optax(
            chained(
                lambda h: optax.scale_by_amsgrad(
                    **divided(h, "inside"), bias_correction_mu=False, bias_correction_nu=False
                )
            )
        ),
    ),
    Case(
        "AMSGrad",
        "torch",
        "torch",
        by_torch(torch.optim.Adam, epsilon="eps", fixed={"amsgrad": True}),
    ),
    Case("AMSGrad", "keras", "keras", AMSGRAD_KERAS),
    Case(
        "AMSGrad",
        "optax",
        "optax",
        by_optax(lambda eta, h: optax.amsgrad(eta, **divided(h, "outside"))),
    ),
    Case("NAdam", "document", "optax", NADAM_OPTAX),
    Case(
        "NAdam",
        "torch",
        "torch",
        by_torch(torch.optim.NAdam, epsilon="eps", momentum_decay="momentum_decay"),
    ),
    Case("NAdam", "keras", "keras", by_keras(keras.optimizers.Nadam), {"momentum_decay": 1.0}),
    Case("NAdam", "optax", "optax", NADAM_OPTAX),
    Case("RAdam", "document", "optax", by_optax(radam("inside"))),
    Case("RAdam", "torch", "torch", RADAM_TORCH, {"threshold": 5.0}),
    Case("RAdam", "optax", "optax", by_optax(radam("outside"))),
    Case("Adamax", "document", "torch", ADAMAX_TORCH),
    Case("Adamax", "torch", "torch", ADAMAX_TORCH),
    Case("Adamax", "keras", "keras", by_keras(keras.optimizers.Adamax)),
    Case(
        "Adamax",
        "optax",
        "optax",
        by_optax(lambda eta, h: optax.adamax(eta, **b(h), eps=h["epsilon"])),
    ),
    Case("Adadelta", "document", "torch", ADADELTA_TORCH),
    Case("Adadelta", "torch", "torch", ADADELTA_TORCH),
    Case("Adadelta", "keras", "keras", by_keras(keras.optimizers.Adadelta)),
    Case(
        "Adadelta",
        "optax",
        "optax",
        by_optax(lambda eta, h: optax.adadelta(eta, rho=h["rho"], eps=h["epsilon"])),
    ),
    Case("Lion", "document", "optax", LION_OPTAX),
    Case("Lion", "keras", "keras", by_keras(keras.optimizers.Lion)),
    Case("Lion", "optax", "optax", LION_OPTAX),
    Case("SignSGD", "document", "optax", SIGN_OPTAX),
    Case("SignSGD", "optax", "optax", SIGN_OPTAX),
    Case("AdaBelief", "document", "optax", by_optax(belief_decoupled, "decoupled")),
    Case("AdaBelief", "optax", "optax", by_optax(belief)),
    Case("Yogi", "optax", "optax", by_optax(yogi)),
    Case(
        "Adan",
        "optax",
        "optax",
        by_optax(
            lambda eta, h: optax.adan(
                eta,
                **b(h),
                b3=h["beta3"],
                eps=h["epsilon"],
                eps_root=h["epsilon_root"],
                weight_decay=h.get("weight_decay", 0.0),
            ),
            "decoupled",
        ),
    ),
    Case("ADOPT", "document", "optax", ADOPT_OPTAX),
    Case("ADOPT", "optax", "optax", ADOPT_OPTAX),
    Case("AdEMAMix", "document", "optax", MIX_OPTAX),
    Case("AdEMAMix", "optax", "optax", MIX_OPTAX),
    Case("Rprop", "document", "torch", rprop_torch),
    Case("Rprop", "torch", "torch", rprop_torch),
    Case("LARS", "optax", "optax", lars()),
    Case("LAMB", "document", "optax", LAMB_OPTAX),
    Case("NovoGrad", "document", "optax", NOVOGRAD_OPTAX),
    Case("NovoGrad", "optax", "optax", NOVOGRAD_OPTAX),
    Case("DoG", "document", "optax", DOG_OPTAX),
    Case("DoG", "optax", "optax", DOG_OPTAX),
    Case("DoWG", "document", "optax", DOWG_OPTAX),
    Case("DoWG", "optax", "optax", DOWG_OPTAX),
    Case("PolyakSGD", "document", "optax", by_optax(polyak_document)),
    Case("PolyakSGD", "optax", "optax", polyak_optax(), {"coefficient": 1.0}),
    Case("Prodigy", "optax", "optax", PRODIGY_OPTAX),
    Case("DAdaptAdamW", "optax", "optax", DADAPT_OPTAX),
    Case("LAMB", "optax", "optax", LAMB_OPTAX),
    Case("LAMB", "keras", "keras", by_keras(keras.optimizers.Lamb)),
    # The paper has no decay; Keras' comes first.
    Case("Muon", "document", "optax", MUON_ADAMW),
    Case("Muon", "optax", "optax", MUON_OPTAX),
    Case("Muon", "keras", "keras", muon_keras()),
    Case("Adafactor", "document", "keras", adafactor_keras(KerasAdafactor), {"weight_decay": 0.0}),
    Case("Adafactor", "torch", "torch", adafactor_torch),
    Case("Adafactor", "keras", "keras", adafactor_keras(KerasAdafactor)),
    Case("Adafactor", "optax", "optax", adafactor_optax),
    Case("MADGRAD", "document", "optax", by_optax(madgrad_optax)),
    Case("MADGRAD", "optax", "optax", by_optax(madgrad_optax)),
    Case("Rprop", "optax", "optax", rprop_optax),
    Case("ASGD", "torch", "torch", asgd_torch),
    Case(
        "FTRL",
        "keras",
        "keras",
        by_keras(
            keras.optimizers.Ftrl,
            initial_accumulator="initial_accumulator_value",
            smoothing="beta",
            l1="l1_regularization_strength",
            l2="l2_regularization_strength",
        ),
    ),
    Case("OptimisticAdam", "document", "optax", optimistic_adam(nesterov=False)),
    Case("OptimisticAdam", "optax", "optax", optimistic_adam(nesterov=True)),
    Case("SimplifiedAdEMAMix", "document", "optax", SIMPLIFIED_OPTAX),
    Case("SimplifiedAdEMAMix", "optax", "optax", SIMPLIFIED_OPTAX),
    Case("COCOB", "document", "optax", COCOB_OPTAX),
    Case("COCOB", "optax", "optax", COCOB_OPTAX),
    Case("MoMo", "document", "optax", momo(), {"weight_decay": 0.0}),
    Case("MoMo", "optax", "optax", momo()),
    Case("MoMoAdam", "document", "optax", momo_adam(), {"weight_decay": 0.0}),
    Case("MoMoAdam", "optax", "optax", momo_adam()),
    Case("OptimisticGradient", "document", "optax", OPTIMISTIC_OPTAX),
    Case("OptimisticGradient", "optax", "optax", OPTIMISTIC_OPTAX),
    Case("ACProp", "optax", "optax", ACPROP_OPTAX),
    Case("ScheduleFreeSGD", "document", "optax", FREE_OPTAX),
    Case("ScheduleFreeSGD", "optax", "optax", FREE_OPTAX),
    Case("ScheduleFreeAdamW", "document", "optax", FREE_ADAMW_OPTAX),
    Case("ScheduleFreeAdamW", "optax", "optax", FREE_ADAMW_OPTAX),
    Case("ScheduleFreeAdamW", "keras", "keras", by_keras(keras.optimizers.ScheduleFreeAdamW)),
)

#: In their papers' form they are in no framework that is installed here: `tests/test_frameworks.py`
#: holds them to recordings, and `tests/test_conventions.py` to their formulas.
ELSEWHERE = {
    ("AdagradRMSProp", "document"),
    ("ScheduleFreeRAdam", "document"),
    ("MARS", "document"),
    ("AdaGradDA", "document"),
    ("AdaGradWindow", "document"),
    ("Yogi", "document"),
    ("Adan", "document"),
    ("QHAdam", "document"),
    ("Tiger", "document"),
    ("LARS", "document"),
    ("ASGD", "document"),
    ("FTRL", "document"),
    ("AdaBound", "document"),
    ("LaProp", "document"),
    ("ACProp", "document"),
    ("Prodigy", "document"),
    ("DAdaptAdamW", "document"),
    ("CautiousAdamW", "document"),
    ("CautiousLion", "document"),
}

OUTSIDE, INSIDE, HAT = ({"epsilon_place": place} for place in ("outside", "inside", "hat"))
RATE_OUTSIDE, RATE_INSIDE = ({"rate_place": place} for place in ("outside", "inside"))
CENTERED, CORRECTED, AHEAD = ({each: True} for each in ("centered", "bias_correction", "nesterov"))
DECOUPLED = {"decay": "decoupled"}
START, DECAY = "initial_accumulator", "weight_decay"


def trace(nesterov=False):
    """optax' buffer."""
    return lambda h: optax.trace(h["beta"], nesterov)


def rms(**more):
    """`rmsprop` with options set."""
    return by_optax(lambda eta, h: rmsprop(eta, h, **more))


def rms_parts(**more):
    """`rmsprop_rate_outside` with options set."""
    return by_optax(chained(lambda h: rmsprop_rate_outside(h, **more)))


#: What can be switched, wherever a framework has it.
SWITCHES = (
    Case("Muon", "keras", "keras", muon_keras(nesterov=False), {"nesterov": False}),
    Case("Momentum", "document", "optax", by_optax(rate_first(trace())), RATE_INSIDE),
    Case("Momentum", "keras", "optax", by_optax(chained(trace())), RATE_OUTSIDE),
    Case("Momentum", "torch", "torch", MOMENTUM_TORCH, {}, ("dampening",)),
    Case("Momentum", "torch", "torch", MOMENTUM_TORCH, {}, ("dampening", DECAY)),
    Case("Nesterov", "document", "optax", by_optax(rate_first(trace(True))), RATE_INSIDE),
    Case("Nesterov", "sklearn", "optax", by_optax(chained(trace(True))), RATE_OUTSIDE),
    Case("AdaGrad", "document", "torch", ADAGRAD_TORCH, OUTSIDE),
    Case("AdaGrad", "document", "torch", ADAGRAD_TORCH, OUTSIDE, (START, "lr_decay")),
    Case("AdaGrad", "document", "optax", by_optax(adagrad), {}, (START,)),
    Case("AdaGrad", "torch", "torch", ADAGRAD_TORCH, {}, (START,)),
    Case("AdaGrad", "torch", "torch", ADAGRAD_TORCH, {}, ("lr_decay",)),
    Case("AdaGrad", "torch", "torch", ADAGRAD_TORCH, {}, (START, "lr_decay", DECAY)),
    Case("AdaGrad", "keras", "torch", ADAGRAD_TORCH, OUTSIDE),
    Case("RMSprop", "document", "torch", RMSPROP_TORCH, OUTSIDE),
    Case("RMSprop", "document", "torch", RMSPROP_TORCH, OUTSIDE, ("momentum",)),
    Case("RMSprop", "document", "optax", rms(), {}, (START,)),
    Case("RMSprop", "document", "optax", rms(centered=True), CENTERED),
    Case("RMSprop", "document", "optax", rms(bias_correction=True), CORRECTED),
    Case("RMSprop", "document", "optax", rms_parts(), {}, ("momentum",)),
    Case(
        "RMSprop", "document", "optax", rms_parts(nesterov=True), {"nesterov": True}, ("momentum",)
    ),
    Case("RMSprop", "document", "optax", rms(), RATE_INSIDE, ("momentum",)),
    Case("RMSprop", "torch", "torch", RMSPROP_TORCH, {}, ("momentum",)),
    Case("RMSprop", "torch", "torch", RMSPROP_TORCH, {}, ("momentum", DECAY)),
    Case("RMSprop", "torch", "torch", RMSPROP_TORCH_CENTERED, CENTERED),
    Case("RMSprop", "torch", "torch", RMSPROP_TORCH_CENTERED, CENTERED, ("momentum",)),
    Case("RMSprop", "torch", "optax", rms(eps_in_sqrt=False), RATE_INSIDE, ("momentum",)),
    Case("RMSprop", "keras", "keras", RMSPROP_KERAS, {}, ("momentum",)),
    Case("RMSprop", "keras", "keras", RMSPROP_KERAS, {}, ("momentum", DECAY)),
    Case("RMSprop", "keras", "keras", RMSPROP_KERAS_CENTERED, CENTERED),
    Case("RMSprop", "keras", "keras", RMSPROP_KERAS_CENTERED, CENTERED, ("momentum",)),
    Case("RMSprop", "optax", "optax", rms(), {}, (START, "momentum")),
    Case("RMSprop", "optax", "optax", rms(nesterov=True), AHEAD, ("momentum",)),
    Case("RMSprop", "optax", "optax", rms(eps_in_sqrt=False), OUTSIDE),
    Case("RMSprop", "optax", "optax", rms(centered=True), CENTERED, ("momentum",)),
    Case(
        "RMSprop",
        "optax",
        "optax",
        rms(centered=True, bias_correction=True),
        {**CENTERED, **CORRECTED},
        # The variance of the first gradient is 0 but for rounding, of either sign, and the first
        # step is divided by the root of that and epsilon: only a large one inside hides it.
        epsilons=("near 0.1",),
    ),
    Case("RMSprop", "optax", "optax", rms(bias_correction=True), CORRECTED, ("momentum", DECAY)),
    Case(
        "RMSprop",
        "optax",
        "optax",
        rms(bias_correction=True, eps_in_sqrt=False),
        {**OUTSIDE, **CORRECTED},
    ),
    Case("Adam", "document", "torch", ADAM_TORCH, OUTSIDE),
    Case("Adam", "document", "keras", ADAM_KERAS, HAT),
    Case("Adam", "torch", "sklearn", ADAM_SKLEARN, HAT),
    Case(
        "Adam",
        "torch",
        "torch",
        by_torch(torch.optim.Adam, epsilon="eps", decoupled=True),
        DECOUPLED,
        (DECAY,),
    ),
    Case("Adam", "keras", "torch", ADAM_TORCH, {**OUTSIDE, "decay": "coupled"}, (DECAY,)),
    Case(
        "Adam",
        "optax",
        "optax",
        by_optax(
            lambda eta, h: optax.adam(eta, **b(h), eps=h["epsilon"], eps_root=h["epsilon_root"])
        ),
        {},
        ("epsilon_root",),
    ),
    Case("AdamW", "document", "torch", by_torch(torch.optim.AdamW, epsilon="eps"), OUTSIDE),
    Case("AdamW", "torch", "keras", by_keras(keras.optimizers.AdamW), HAT),
    Case("AdamW", "optax", "optax", by_optax(decoupled_adam("inside"), "decoupled"), INSIDE),
    Case(
        "AdamW",
        "optax",
        "optax",
        by_optax(
            lambda eta, h: optax.adamw(
                eta,
                **b(h),
                eps=h["epsilon"],
                eps_root=h["epsilon_root"],
                weight_decay=h["weight_decay"],
            ),
            "decoupled",
        ),
        {},
        ("epsilon_root",),
    ),
    Case("AMSGrad", "document", "keras", AMSGRAD_KERAS, {**HAT, **CORRECTED}),
    Case(
        "AMSGrad",
        "optax",
        "optax",
        adam_like(optax.amsgrad, "inside"),
        INSIDE,
    ),
    Case(
        "AMSGrad",
        "optax",
        "optax",
        by_optax(
            chained(
                lambda h: optax.scale_by_amsgrad(
                    **divided(h, "outside"), bias_correction_mu=False, bias_correction_nu=False
                )
            )
        ),
        {"bias_correction": False},
    ),
    Case(
        "NAdam",
        "optax",
        "optax",
        adam_like(optax.nadam, "inside"),
        INSIDE,
    ),
    Case("NAdam", "optax", "keras", by_keras(keras.optimizers.Nadam), {"momentum_decay": 1.0}),
    Case(
        "NAdam",
        "torch",
        "torch",
        by_torch(torch.optim.NAdam, epsilon="eps", momentum_decay="momentum_decay", decoupled=True),
        DECOUPLED,
        (DECAY,),
    ),
    Case("RAdam", "document", "optax", by_optax(radam("outside")), OUTSIDE),
    Case(
        "RAdam",
        "torch",
        "torch",
        by_torch(torch.optim.RAdam, epsilon="eps", decoupled=True),
        {"threshold": 5.0, **DECOUPLED},
        (DECAY,),
    ),
    Case(
        "RAdam",
        "optax",
        "torch",
        by_torch(torch.optim.RAdam, epsilon="eps"),
        {"threshold": 5.0, **HAT},
    ),
    Case("Adamax", "document", "keras", by_keras(keras.optimizers.Adamax), OUTSIDE),
    Case("Adamax", "keras", "torch", ADAMAX_TORCH, INSIDE),
    Case("Lion", "document", "optax", LION_OPTAX, {}, (DECAY,)),
    Case("LARS", "optax", "optax", lars(nesterov=True), AHEAD),
    Case("Adafactor", "optax", "optax", adafactor_optax, {}, ("momentum",)),
    Case("MoMo", "optax", "optax", momo(estimated=True), {"bound": "estimated"}),
    Case("MoMoAdam", "optax", "optax", momo_adam(estimated=True), {"bound": "estimated"}),
    Case(
        "PolyakSGD", "optax", "optax", polyak_optax("sps+"), {"coefficient": 1.0, "gap": "positive"}
    ),
)

#: Switches that no framework has: tests/test_rules.py alone sees to them.
NOBODYS = {
    ("NAdam", "bias_correction", False),
    ("ADOPT", "clipping", "none"),
    ("ScheduleFreeSGD", "counts", "equal"),
    ("LaProp", "epsilon_place", "inside"),
    ("ASGD", "rate_of", "update"),
    ("ACProp", "mean_of", "update"),
    ("DAdaptAdamW", "bias_correction", False),
}
