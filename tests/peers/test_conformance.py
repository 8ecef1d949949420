"""The frameworks' own optimizers, handed in: recognised as what they are, and left alone."""

import random
import types

import keras
import numpy as np
import optax
import pytest
import torch
from jax.example_libraries import optimizers as example_libraries
from sklearn.neural_network import MLPRegressor
from torch.optim.optimizer import register_optimizer_step_post_hook

import simopt
from simopt.training.conformance.adapters import kinds, replicas
from simopt.training.conformance.adapters.optax import compiled

#: Keras' own: its `get_config` reads a variable in a way that NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
)

LAYER = torch.nn.Linear(3, 1)
T, K = torch.optim, keras.optimizers


def parameters():
    return LAYER.parameters()


#: The frameworks whose rows are listed below; others that compute the same are equal too.
FIVE = ("document", "torch", "keras", "optax", "sklearn")

#: What is handed in, what is said of it besides, and every row of these that must be equal.
KNOWN = {
    # It says that its decay is 0, at which AdamW is Adam.
    "torch Adam": (
        lambda: T.Adam(parameters(), lr=0.01), {},
        {"Adam torch", "Adam optax", "AdamW torch", "AdamW optax"},
    ),
    "torch AdamW, the class": (
        lambda: T.AdamW, {}, {"Adam torch", "Adam optax", "AdamW torch", "AdamW optax"},
    ),
    "torch AMSGrad": (lambda: T.Adam(parameters(), amsgrad=True), {}, {"AMSGrad torch"}),
    "torch Adam, L2": (
        lambda: T.Adam(parameters(), weight_decay=0.1), {}, {"Adam torch", "Adam optax"},
    ),
    "torch RMSprop": (
        lambda: T.RMSprop(parameters(), lr=0.1, momentum=0.9, centered=True), {},
        {"RMSprop torch"},
    ),
    "torch Adagrad": (lambda: T.Adagrad(parameters(), lr_decay=0.1), {}, {"AdaGrad torch"}),
    "torch dampening": (
        lambda: T.SGD(parameters(), lr=0.1, momentum=0.9, dampening=0.1), {},
        {"Momentum document", "Momentum torch", "Momentum optax"},
    ),
    "torch RAdam, a function": (lambda: lambda p: T.RAdam(p, lr=0.01), {}, {"RAdam torch"}),
    "optax adam": (lambda: optax.adam(0.01), {}, {"Adam torch", "Adam optax"}),
    "optax adagrad": (lambda: optax.adagrad(0.1), {}, {"AdaGrad keras", "AdaGrad optax"}),
    "optax lion": (lambda: optax.lion(0.001), {}, {"Lion optax"}),
    "optax rmsprop": (
        lambda: optax.rmsprop(0.01, momentum=0.9), {"eta": 0.01, "momentum": 0.9},
        {"RMSprop document", "RMSprop optax"},
    ),
    "optax polyak_sgd": (lambda: optax.polyak_sgd(), {}, {"PolyakSGD optax"}),
    "optax polyak_sgd, scaled": (
        lambda: optax.polyak_sgd(0.5, 0.7, variant="sps+"),
        {"eta": 0.7, "gap": "positive", "largest": 0.5}, {"PolyakSGD optax"},
    ),
    "optax momo": (lambda: optax.contrib.momo(0.1), {"eta": 0.1}, {"MoMo document", "MoMo optax"}),
    "optax momo_adam": (
        lambda: optax.contrib.momo_adam(), {"eta": 0.01}, {"MoMoAdam document", "MoMoAdam optax"},
    ),
    "optax cocob": (lambda: optax.contrib.cocob(), {}, {"COCOB document", "COCOB optax"}),
    "optax optimistic_adam_v2": (
        lambda: optax.optimistic_adam_v2(0.01), {"eta": 0.01}, {"OptimisticAdam optax"},
    ),
    "keras Adam": (lambda: K.Adam(), {}, {"Adam keras", "Adam sklearn"}),
    "keras Nadam": (lambda: K.Nadam(), {}, {"NAdam keras"}),
    "keras AMSGrad": (lambda: K.Adam(amsgrad=True), {}, {"AMSGrad keras"}),
    "keras SGD": (
        lambda: K.SGD(0.1, momentum=0.9, nesterov=True), {},
        {"Nesterov keras", "Nesterov sklearn"},
    ),
    # Keras' Muon moves weights that are in no matrix so.
    "keras AdamW": (
        lambda: K.AdamW(weight_decay=0.01),
        {},
        {"Adam keras", "AdamW keras", "Muon keras"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_is_recognised(name):
    make, settings, expected = KNOWN[name]
    table = simopt.conformance.check(make(), **settings)
    equal = table[table["equal"] & table["convention"].isin(FIVE)]
    assert set(equal["optimizer"].str.cat(equal["convention"].astype(str), " ")) == expected
    assert table.attrs["framework"] == name.split()[0]


class Coarse(torch.optim.Adam):
    """Adam whose author sets epsilon somewhere else."""

    def step(self, closure=None):
        for group in self.param_groups:
            group["eps"] = 1e-3
        return super().step(closure)


def test_a_mistake_of_a_subclass_is_named():
    table = simopt.conformance.check(Coarse(parameters(), lr=0.1))
    assert not table["equal"].any()
    assert (table["optimizer"][0], table["explanation"][0]) == ("Adam", "epsilon=0.001")


def test_a_chain_that_is_no_rule():
    bent = optax.stateless(lambda g, w: g / (1 + g * g))
    table = simopt.conformance.check(optax.chain(bent, optax.sgd(0.1)))
    assert not table["equal"].any()
    assert table["explanation"][0] == "none found"


def test_the_users_optimizer_is_left_alone():
    before = LAYER.weight.detach().clone()
    mine = T.Adam(parameters(), lr=0.01)
    LAYER(torch.ones(3, dtype=LAYER.weight.dtype)).sum().backward()
    mine.step()
    moved, state = LAYER.weight.detach().clone(), mine.state_dict()["state"][0]["exp_avg"].clone()
    simopt.conformance.check(mine)
    assert not torch.equal(before, moved)
    assert torch.equal(LAYER.weight, moved)
    assert torch.equal(mine.state_dict()["state"][0]["exp_avg"], state)
    assert mine.param_groups[0]["lr"] == 0.01
    theirs = K.Adam(0.25)
    variable = keras.Variable(np.ones(2))
    theirs.build([variable])
    simopt.conformance.check(theirs)
    assert keras.ops.convert_to_numpy(theirs.iterations) == 0
    assert keras.ops.convert_to_numpy(theirs.learning_rate) == 0.25


def test_a_function_that_makes_no_optimizer_is_refused():
    with pytest.raises(ValueError, match="must make a PyTorch Optimizer .* AttributeError"):
        simopt.conformance.check(lambda parameters: parameters.lr)
    with pytest.raises(ValueError, match="^optimizer=<function"):
        simopt.conformance.check(lambda parameters: len(parameters))


def test_what_cannot_be_stepped_is_refused():
    with pytest.raises(ValueError, match="^optimizer: LBFGS's step asks for a closure"):
        simopt.conformance.check(T.LBFGS(parameters()))
    scheduler = T.lr_scheduler.StepLR(T.SGD(parameters(), lr=0.1), 3)
    for other in (LAYER, scheduler, torch.amp.GradScaler("cpu")):
        with pytest.raises(ValueError, match="^optimizer=.*: must be a rule or an optimizer"):
            simopt.conformance.check(other)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_one_that_averages_over_processes():
    """It keeps nothing of an optimizer but the one inside, and was refused."""
    from torch.distributed.optim import PostLocalSGDOptimizer

    spread = PostLocalSGDOptimizer(T.SGD(parameters(), lr=0.1), types.SimpleNamespace())
    table = simopt.conformance.check(spread, against=simopt.SGD(eta=0.1))
    assert table["equal"].all()
    assert table.attrs["notes"] == ("prepared by torch: what it wraps",)


def test_one_that_takes_sparse_gradients_alone():
    """It was refused; of all entries it is Adam with the epsilon of the paper."""
    table = simopt.conformance.check(T.SparseAdam(parameters(), lr=0.02))
    assert table["equal"][0]
    assert table["optimizer"][0] == "Adam"
    assert "epsilon_place='hat'" in table.attrs["verdict"]
    assert table.attrs["notes"][0].startswith("it takes sparse gradients alone")


@pytest.mark.parametrize(
    "how",
    [
        {"foreach": True}, {"fused": True}, {"capturable": True}, {"differentiable": True},
        {"lr": torch.tensor(0.5), "capturable": True, "foreach": True},
    ],
    ids=str,
)  # fmt: skip
def test_how_it_is_computed_changes_nothing(how):
    table = simopt.conformance.check(T.Adam(parameters(), **{"lr": 0.5} | how))
    said = "Equal to" if "lr" not in how else "Equal but for float32's rounding"
    assert table.attrs["verdict"].startswith(said)
    assert ": Adam (torch), " in table.attrs["verdict"]


def test_gradients_that_are_collected():
    """MultiSteps takes their mean, in single precision; apply_every their sum."""
    table = simopt.conformance.check(optax.MultiSteps(optax.adam(0.1), 4))
    assert table.attrs["verdict"].startswith("Equal but for float32's rounding")
    assert "): Adam (optax), Adam (torch), " in table.attrs["verdict"]
    assert "accumulate=4." in table.attrs["verdict"]
    table = simopt.conformance.check(optax.chain(optax.apply_every(4), optax.sgd(0.1)))
    assert (table["optimizer"][0], table["explanation"][0]) == ("SGD", "accumulate=4, eta=0.4")


# --- live optimizers ------------------------------------------------------------------------------


class Lookahead(T.Optimizer):
    """A wrapper as they are written: it shares the groups of the optimizer inside."""

    def __init__(self, base, steps=5, share=0.5):
        self.base, self.steps, self.share, self.count = base, steps, share, 0
        self.defaults, self.param_groups, self.state = base.defaults, base.param_groups, base.state
        self.slow = [[p.detach().clone() for p in g["params"]] for g in base.param_groups]
        self._optimizer_step_pre_hooks, self._optimizer_step_post_hooks = {}, {}

    def step(self, closure=None):
        self.base.step()
        self.count += 1
        if self.count % self.steps == 0:
            for group, slow in zip(self.param_groups, self.slow, strict=True):
                for fast, kept in zip(group["params"], slow, strict=True):
                    kept += self.share * (fast.data - kept)
                    fast.data.copy_(kept)


def scheduled(make):
    def build(parameter):
        optimizer = T.SGD([parameter], lr=0.1, momentum=0.9)
        optimizer.kept = make(optimizer)
        return optimizer

    return build


def hooked(parameter):
    optimizer = T.SGD([parameter], lr=0.1, momentum=0.9)

    def damage(*_):
        with torch.no_grad():
            parameter.add_(100.0)

    optimizer.register_step_pre_hook(damage)
    optimizer.register_step_post_hook(damage)
    return optimizer


def patched(parameter):
    """As libraries do that count steps: another function in place of the method."""
    optimizer = T.SGD([parameter], lr=0.1, momentum=0.9)
    original = optimizer.step
    optimizer.step = lambda *arguments: original(*arguments)
    return optimizer


S = T.lr_scheduler
LIVE = {
    "StepLR": scheduled(lambda o: S.StepLR(o, 10)),
    "LambdaLR": scheduled(lambda o: S.LambdaLR(o, lambda t: 1.0)),
    "CosineAnnealingLR": scheduled(lambda o: S.CosineAnnealingLR(o, 10)),
    "SequentialLR": scheduled(
        lambda o: S.SequentialLR(o, [S.ConstantLR(o, 1.0), S.StepLR(o, 3)], [4])
    ),
    "ReduceLROnPlateau": scheduled(S.ReduceLROnPlateau),
    "hooks": hooked,
    "a replaced step": patched,
    "lookahead": lambda p: Lookahead(T.SGD([p], lr=0.1, momentum=0.9)),
}


def photograph(optimizer, parameter):
    """Everything of a live optimizer, by value and by identity."""
    groups = [{k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups]
    state = {
        id(p): {k: v.clone() if torch.is_tensor(v) else v for k, v in held.items()}
        for p, held in optimizer.state.items()
    }
    identities = (
        {name: id(value) for name, value in vars(optimizer).items()},
        [[id(p) for p in g["params"]] for g in optimizer.param_groups],
        {id(p): {k: id(v) for k, v in held.items()} for p, held in optimizer.state.items()},
        id(parameter.grad),
        parameter._version,
    )
    values = repr((groups, state, parameter, parameter.grad, torch.get_default_dtype()))
    return values, identities


@pytest.mark.parametrize("name", LIVE)
def test_a_live_optimizer_is_left_alone(name):
    parameter = torch.nn.Parameter(torch.tensor([1.0, 2.0, 3.0]))
    optimizer = LIVE[name](parameter)
    parameter.grad = torch.tensor([0.5, -0.25, 0.125])
    optimizer.step()
    random = torch.get_rng_state()
    before = photograph(optimizer, parameter)
    table = simopt.conformance.check(optimizer)
    assert photograph(optimizer, parameter) == before
    assert torch.equal(torch.get_rng_state(), random)
    if name == "lookahead":
        explanation = "lookahead=5, lookahead_share=0.5"
        assert (table["optimizer"][0], table["explanation"][0]) == ("Momentum", explanation)
    else:
        assert "Momentum (torch)" in table.attrs["verdict"]
    assert ("replaced" in table.attrs["verdict"]) == (name == "a replaced step")


def test_hooks_of_all_optimizers_are_not_called():
    calls = []
    handle = register_optimizer_step_post_hook(lambda *_: calls.append(1))
    try:
        simopt.conformance.check(T.SGD(parameters(), lr=0.1))
        assert not calls
        T.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1).step()
        assert calls == [1]
    finally:
        handle.remove()


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_what_it_makes_is_where_its_weights_are(device):
    """Whatever the default is; of "meta" nothing has a value."""
    with torch.device(device):
        rule = simopt.Adam(eta=0.1, convention="torch")
        table = simopt.conformance.check(T.Adam(parameters(), lr=0.1), against=rule)
    assert table["equal"].all()


def test_parameter_groups():
    first, second = (torch.nn.Parameter(torch.zeros(2)) for _ in range(2))
    groups = [{"params": [first], "weight_decay": 0.1}, {"params": [second], "weight_decay": 0.0}]
    optimizer = T.AdamW(groups, lr=0.01)
    tables = [simopt.conformance.check(optimizer, group=k) for k in (0, 1)]
    for k, table in enumerate(tables):
        assert f"group {k} of 2, which differ in weight_decay" in table.attrs["verdict"]
    assert "weight_decay=0.1" in tables[0].attrs["verdict"]
    assert "Adam (torch)" in tables[1].attrs["verdict"]
    with pytest.raises(ValueError, match="^group=2: must be a whole number from 0 to 1"):
        simopt.conformance.check(optimizer, group=2)


def test_a_frozen_parameter_group():
    first, second = (torch.nn.Parameter(torch.zeros(2)) for _ in range(2))
    optimizer = T.SGD([{"params": [first], "lr": 0.0}, {"params": [second]}], lr=0.01)
    said = r"at a rate of 0, .* every rule does; group 0 of 2, .* lr \(group= choos"
    with pytest.raises(ValueError, match=said):
        simopt.conformance.check(optimizer)
    assert simopt.conformance.check(optimizer, group=1)["optimizer"][0] == "SGD"


class Kept(T.Optimizer):
    """Momentum whose buffers, and what it counts, are made with it; a setting of its own."""

    def __init__(self, parameters, lr=0.1, *, brake=0.5):
        super().__init__(parameters, {"lr": lr})
        self.brake, self.count = brake, 0
        self.buffers = [[torch.zeros_like(p) for p in g["params"]] for g in self.param_groups]
        for group in self.param_groups:
            group["seen"] = 0
            for parameter in group["params"]:
                self.state[parameter]["v"] = torch.zeros_like(parameter)

    @torch.no_grad()
    def step(self, closure=None):
        self.count += 1
        for group, buffers in zip(self.param_groups, self.buffers, strict=True):
            group["seen"] += 1
            assert group["seen"] == self.count
            for parameter, buffer in zip(group["params"], buffers, strict=True):
                buffer.mul_(0.9).add_(parameter.grad)
                self.state[parameter]["v"].copy_(buffer)
                fast = 1 if self.count > 1 else self.brake
                parameter -= fast * group["lr"] * self.state[parameter]["v"]


class Renamed(Kept):
    """An argument has another name than what is kept of it."""

    def __init__(self, parameters, rate=0.1):
        super().__init__(parameters, rate, brake=1.0)


class Required(Kept):
    """One that cannot be made anew without such an argument."""

    def __init__(self, parameters, rate):
        super().__init__(parameters, rate, brake=1.0)


class Distant(T.Optimizer):
    """As D-Adaptation's: steps change, and count in, what its groups have from the beginning.

    Of what it was made with it keeps neither the first distance nor the damping by their names.
    """

    def __init__(self, params, lr=0.1, d0=1e-6, damping=0.9, **_):
        super().__init__(params, {"lr": lr, "d": d0, "count": 0})
        self._first, self._kept = d0, damping

    @torch.no_grad()
    def step(self, closure=None):
        random.random()
        for group in self.param_groups:
            if "weighted" not in group and "size" not in group:
                group["weighted"], group["size"] = torch.tensor([0.0]), torch.tensor([0.0])
            group["size"].copy_(sum(p.grad.norm() for p in group["params"]))
            group["weighted"] += 1
            group["count"] += 1
            group["d"] += 1.0
            assert group["weighted"].tolist() == [group["count"]]
            assert group["d"] == pytest.approx(self._first + group["count"], rel=1e-12)
            for p in group["params"]:
                v = self.state[p].setdefault("v", torch.zeros_like(p))
                p.sub_(group["lr"] * v.mul_(self._kept).add_(p.grad))


@pytest.mark.parametrize("width", [1, 2])
def test_what_steps_have_changed_begins_anew(width):
    """A trained Prodigy or DAdaptAdam of pytorch_optimizer could not be stepped, or was no rule."""
    parameter = torch.nn.Parameter(torch.ones(width))
    mine = Distant([parameter], damping=0.8, d0=1e-3)
    for _ in range(60):
        parameter.grad = torch.ones(width)
        mine.step()
    mine.param_groups[0]["lr"] = 0.05
    before, state = photograph(mine, parameter), random.getstate()
    table = simopt.conformance.check(mine, against=simopt.Momentum(eta=0.05, beta=0.8))
    assert table["equal"].all()
    assert (photograph(mine, parameter), random.getstate()) == (before, state)
    assert table.attrs["notes"] == (
        "by default, where nothing that it keeps tells what it was made with: "
        "d0 (1e-06), damping (0.9)",
    )


def test_what_an_optimizer_keeps_begins_anew():
    parameter = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    optimizer = Kept([parameter], lr=0.2, brake=1.0)
    for _ in range(3):
        parameter.grad = torch.ones(2)
        optimizer.step()
    optimizer.param_groups[0]["lr"] = 0.05  # as a schedule leaves it
    buffer = optimizer.buffers[0][0]
    before = photograph(optimizer, parameter), optimizer.count, buffer.tolist()
    table = simopt.conformance.check(optimizer)
    assert (photograph(optimizer, parameter), optimizer.count, buffer.tolist()) == before
    assert (table["optimizer"][0], table["settings"][0]) == ("Momentum", "eta=0.05, beta=0.9")
    assert table["equal"][0]
    braked = simopt.conformance.check(Kept([parameter]), beta=0.9)
    assert braked["first_departure"].min() == 1
    renamed = Renamed([parameter], 0.2)
    renamed.step()
    table = simopt.conformance.check(renamed, against=simopt.Momentum(eta=0.2, beta=0.9))
    assert table["equal"][0]
    assert "rate (0.1)" in table.attrs["notes"][0]
    with pytest.raises(ValueError, match="it raised KeyError: 'v'"):
        simopt.conformance.check(Required([parameter], 0.2))


class Lasting(T.Optimizer):
    """Adam that counts its updates in its groups, and in itself, from the first step on."""

    def __init__(self, params, lr=0.1, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure=None):
        self.steps = getattr(self, "steps", 0) + 1
        for group in self.param_groups:
            group["step"] = group.get("step", 0) + 1
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state |= {"m": torch.zeros_like(p), "v": torch.zeros_like(p)}
                m = state["m"].mul_(beta1).add_(p.grad, alpha=1 - beta1)
                v = state["v"].mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
                below = (v / (1 - beta2 ** group["step"])).sqrt() + group["eps"]
                scale = group["lr"] * group.setdefault("scale", 1.0)
                p.sub_(scale * m / (1 - beta1**self.steps) / below)


def test_what_an_optimizer_counts_from_its_first_step_on_begins_anew():
    """A live one that had been trained was told to have a rate that changes."""
    parameter = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    mine = Lasting([{"params": [parameter], "scale": 0.5}])
    for _ in range(3):
        parameter.grad = torch.ones(2)
        mine.step()
    table = simopt.conformance.check(mine, eta=0.05)
    assert (table["optimizer"][0], table["convention"][0]) == ("Adam", "torch")
    assert table["equal"][0]
    assert (mine.steps, mine.param_groups[0]["step"]) == (3, 3)


class Adapting(T.Optimizer):
    """SGD whose steps lower the rate of its groups, which is not what the live one began with."""

    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            group["lr"] *= 0.99
            for p in group["params"]:
                p.sub_(group["lr"] * p.grad)


class Scaled(Lasting):
    """Its class keeps another rate than it is given."""

    def __init__(self, params, lr=0.1, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, lr / 3, betas, eps)


class Growing(T.Optimizer):
    """As DAdaptAdan of pytorch_optimizer: steps make a tensor of what begins as a number."""

    def __init__(self, params, lr=0.1, d0=1.0, **_):
        super().__init__(params, {"lr": lr, "d": d0})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p.sub_(group["lr"] * group["d"] * p.grad)
            group["d"] = torch.tensor([1.0]) + group["d"]


class Needing(T.Optimizer):
    """Its class needs what it does not keep, and so can't make another; it counts in its groups."""

    def __init__(self, params, length, lr=0.1):
        super().__init__(params, {"lr": lr})
        self.seen = 0

    @torch.no_grad()
    def step(self, closure=None):
        self.seen += 1
        for group in self.param_groups:
            group["step"] = group.get("step", 0) + 1
            for p in group["params"]:
                p.sub_(group["lr"] / group["step"] * p.grad)


@pytest.mark.parametrize(
    "make",
    [
        lambda p: Adapting(p, lr=0.2),
        lambda p: Scaled(p, lr=0.3),
        lambda p: Growing(p),
        lambda p: Needing(p, 7, lr=0.3),
    ],
    ids=["adapting", "scaled", "growing", "needing"],
)
def test_a_trained_one_is_what_a_fresh_one_is(make):
    parameter = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    fresh = simopt.conformance.check(make([parameter]), against=simopt.SGD(eta=0.1))
    trained = make([parameter])
    for _ in range(5):
        parameter.grad = torch.ones(2)
        trained.step()
    table = simopt.conformance.check(trained, against=simopt.SGD(eta=0.1))
    assert table["greatest_difference"].tolist() == fresh["greatest_difference"].tolist()
    counts = "its class can't make another: it goes on from what it counts, seen"
    assert (counts in table.attrs["notes"]) == isinstance(trained, Needing)


class Apart(T.Optimizer):
    """As those of optimi: it keeps each of its betas by itself."""

    def __init__(self, params, lr=0.1, betas=(0.9, 0.99), warmth=1.0):
        super().__init__(params, {"lr": lr, "beta1": betas[0], "beta2": betas[1]})


def test_betas_that_are_kept_apart_are_kept():
    live = Apart([torch.nn.Parameter(torch.ones(1))], betas=(0.8, 0.9))
    assert replicas.by_default(live, 0) == {"warmth": 1.0}


class Reminding(Lookahead):
    """A wrapper whose slow weights are those of its first update, and which counts in groups."""

    def __init__(self, base, k=5, share=0.5):
        super().__init__(base, k, share)
        self.k = k
        for group in self.param_groups:
            group["counter"] = 0

    @torch.no_grad()
    def step(self, closure=None):
        self.base.step()
        for group, slow in zip(self.param_groups, self.slow, strict=True):
            first = group["counter"] == 0 and not self.count
            if group["counter"] == 0:
                for fast, kept in zip(group["params"], slow, strict=True):
                    # Rounded otherwise than kept + share (fast - kept).
                    kept.copy_(fast if first else self.share * fast + (1 - self.share) * kept)
                    fast.copy_(kept)
            group["counter"] = (group["counter"] + 1) % self.k
        self.count = 1


def test_a_wrapper_begins_anew():
    """In the middle of its period, with the rounding of weights that have been large."""
    parameter = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    mine = Reminding(T.SGD([parameter], lr=0.1))
    for _ in range(3):
        parameter.grad = torch.ones(2)
        mine.step()
    table = simopt.conformance.check(mine)
    assert (table["optimizer"][0], table["convention"][0]) == ("SGD", "torch")
    assert table["explanation"][0] == "lookahead=5, lookahead_share=0.5, lookahead_from=1"
    assert mine.param_groups[0]["counter"] == 3


class Unusual(T.Optimizer):
    """SGD whose settings have other forms than PyTorch's own."""

    def __init__(self, parameters, **settings):
        super().__init__(parameters, settings)

    def step(self, closure=None):
        for group in self.param_groups:
            rate = group.get("lr", group.get("learning_rate", 0.1))
            for parameter in group["params"]:
                parameter.data -= rate * parameter.grad


@pytest.mark.parametrize(
    "settings",
    [
        {"lr": 0.1, "betas": 0.9},
        {"lr": 0.1, "betas": (0.9,)},
        {"lr": 0.1, "betas": (0.9, 0.99, 0.999)},
        {"lr": 0.1, "betas": (0.9, 0.99, 0.999, 0.9999)},
        {"lr": torch.tensor(0.1, dtype=torch.float64)},
        {"learning_rate": 0.1},
        {"size": 3},
    ],
    ids=str,
)
def test_settings_of_other_forms(settings):
    table = simopt.conformance.check(Unusual(parameters(), **settings))
    assert "SGD (torch)" in table.attrs["verdict"]
    four = str(settings.get("betas")).count(",") == 3
    assert ("4 betas" in table.attrs["verdict"]) == four


TOLD = {
    "torch maximize": (lambda: T.SGD(parameters(), lr=0.1, maximize=True), "maximize=True"),
    "torch decoupled": (
        lambda: T.Adam(parameters(), weight_decay=0.1, decoupled_weight_decay=True),
        "decay='decoupled'",
    ),
    "keras clipnorm": (lambda: K.SGD(0.1, clipnorm=1.0), "clip_norm=1.0"),
    "keras global_clipnorm": (lambda: K.SGD(0.1, global_clipnorm=1.0), "clip_norm=1.0"),
    "keras clipvalue": (lambda: K.SGD(0.1, clipvalue=0.5), "clip_value=0.5"),
    "keras use_ema": (
        lambda: K.SGD(0.1, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=7),
        "ema_momentum=0.9, ema_overwrite=7",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TOLD)
def test_a_frameworks_own_settings_are_read(name):
    if name.startswith("keras clip") and keras.config.backend() == "torch":
        pytest.skip("Keras' clipping is done in float32 there")
    make, settings = TOLD[name]
    table = simopt.conformance.check(make())
    assert table["equal"].any()
    assert settings in table["settings"][0]


class Configured(K.Optimizer):
    """Momentum whose author forgot what it takes in its configuration."""

    def __init__(self, learning_rate=0.1, beta=0.9, share=1.0, brake=1.0, **more):
        super().__init__(learning_rate=learning_rate, **more)
        self.beta, self._share, self.slowed = beta, share, brake

    def build(self, variables):
        if not self.built:
            super().build(variables)
            self.kept = [self.add_variable_from_reference(v, "kept") for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        kept = self.kept[self._get_variable_index(variable)]
        self.assign(kept, kept * self.beta + gradient)
        self.assign_sub(variable, learning_rate * self._share * self.slowed * kept)


def test_what_a_configuration_leaves_out():
    table = simopt.conformance.check(Configured(beta=0.5, share=0.5), eta=0.05, beta=0.5)
    assert table["equal"][0]
    assert (table["optimizer"][0], table["settings"][0]) == ("Momentum", "eta=0.05, beta=0.5")
    note = "its get_config() leaves out brake: as its class has it by default"
    assert table.attrs["notes"] == (note,)


def test_optax_lookahead_is_explained():
    """It has two weights, and is given gradients of the fast ones."""
    inner = optax.sgd(0.1, momentum=0.9)
    explanation = "lookahead=4, lookahead_share=0.3, eta=0.1"
    for optimizer, but in (
        (optax.lookahead(inner, 4, 0.3), ""),
        (
            optax.chain(optax.clip(1e9), optax.lookahead(inner, 4, 0.3)),  # only they are clipped
            " (not so where whole gradients are huge)",
        ),
    ):
        table = simopt.conformance.check(optimizer)
        assert table["optimizer"][0] == "Momentum"
        assert table["explanation"][0] == explanation + but


def test_optax_decay_and_clipping_are_explained():
    for made, explanation in (
        (optax.nadamw(1e-3), "weight_decay=0.0001, decay='decoupled'"),
        (optax.adamaxw(1e-3), "weight_decay=0.0001, decay='decoupled'"),
        (optax.chain(optax.clip_by_global_norm(1.0), optax.adam(1e-3)), "clip_norm=1.0"),
    ):
        said = simopt.conformance.check(made, eta=1e-3)["explanation"][0]
        assert said.startswith(explanation)
        assert "not so" not in said
    schedule = optax.warmup_cosine_decay_schedule(0.0, 0.01, 10, 150)
    made = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, weight_decay=0.1))
    assert simopt.conformance.check(made)["explanation"][0].startswith(
        "clip_norm=1.0, weight_decay=0.1, decay='decoupled' and a rate that changes (linear from 0"
    )


def test_a_rule_across_weights_is_told():
    muon = T.Muon([torch.nn.Parameter(torch.zeros(2, 3))], lr=0.1)
    table = simopt.conformance.check(muon)
    assert not table["equal"].any()
    assert table.attrs["verdict"].startswith("Equal but for bfloat16's rounding (")
    assert "): Muon (document). Settings: eta=0.1, " in table.attrs["verdict"]
    assert "it steps nothing but matrices" in table.attrs["verdict"]
    assert "depends on other weights" in table.attrs["verdict"]


def test_a_torch_class_and_a_rule_of_ones_own():
    def mine(w, g, eta):
        return w - eta * g

    table = simopt.conformance.check(Unusual(parameters(), lr=0.25), against=simopt.rule(mine))
    assert table.attrs["verdict"].startswith("Equal to 1e-12 over 200 updates: mine.")


def test_schedules_of_optax_and_keras_are_read_off_their_steps():
    schedule = optax.warmup_cosine_decay_schedule(0.0, 0.01, 10, 150)
    chain = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule))
    table = simopt.conformance.check(chain)
    assert (table["optimizer"][0], table["convention"][0]) == ("AdamW", "optax")
    assert table["explanation"][0] == (
        "clip_norm=1.0 and a rate that changes (linear from 0 to 0.01 at update 11, then cosine "
        "from 0.00999874 to 0 at update 151, then 0)"
    )
    table = simopt.conformance.check(K.Adam(K.schedules.ExponentialDecay(0.01, 100, 0.9)))
    assert (table["optimizer"][0], table["convention"][0]) == ("Adam", "keras")
    assert table["explanation"][0].startswith("a rate that changes (times 0.99894")


def test_the_first_name_is_the_optimizers_own():
    table = simopt.conformance.check(T.AdamW(parameters(), lr=0.003, weight_decay=0.1))
    assert (table["optimizer"][0], table["convention"][0]) == ("AdamW", "torch")


class Counting(T.Optimizer):
    """Adam whose count of updates goes on with every parameter."""

    def __init__(self, params, lr=0.1, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})
        self.t = 0

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state |= {"m": torch.zeros_like(p), "v": torch.zeros_like(p)}
                self.t += 1
                m = state["m"].mul_(beta1).add_(p.grad, alpha=1 - beta1)
                v = state["v"].mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
                below = (v / (1 - beta2**self.t)).sqrt() + group["eps"]
                p.sub_(self.rate(group) * (m / (1 - beta1**self.t)) / below)

    def rate(self, group):
        return group["lr"]


class Deaf(Counting):
    """One that steps at the rate that it was made with, whatever a scheduler sets."""

    def rate(self, group):
        return self.defaults["lr"]


class Velocity(T.Optimizer):
    """Momentum with one velocity for all parameters of a shape."""

    def __init__(self, params, lr=0.1, momentum=0.9):
        super().__init__(params, {"lr": lr, "momentum": momentum})
        self.v = {}

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                v = self.v.setdefault(p.shape, torch.zeros_like(p))
                p.sub_(group["lr"] * v.mul_(group["momentum"]).add_(p.grad))


class TwiceCounted(K.SGD):
    """Keras' SGD at a rate that falls with every variable that it has moved."""

    moved = 0

    def update_step(self, gradient, variable, learning_rate):
        self.moved += 1
        super().update_step(gradient, variable, learning_rate / self.moved)


SHARED = "of two parameters it steps otherwise than of one with the same weights"


@pytest.mark.parametrize("kind", [Counting, Velocity, TwiceCounted], ids=lambda kind: kind.__name__)
def test_what_parameters_share_is_told(kind):
    """Of one parameter it is the rule that it is meant to be, or a schedule of it."""
    made = kind(0.1) if kind is TwiceCounted else kind(parameters())
    assert any(note.startswith(SHARED) for note in simopt.conformance.check(made).attrs["notes"])


@pytest.mark.parametrize("kind", [T.Adam, T.Adafactor, T.NAdam, T.ASGD], ids=lambda k: k.__name__)
def test_nothing_is_shared_in_pytorchs(kind):
    notes = simopt.conformance.check(kind(parameters())).attrs["notes"]
    assert not any(note.startswith(SHARED) for note in notes)


def test_a_rate_that_schedules_do_not_reach_is_told():
    table = simopt.conformance.check(Deaf(parameters()))
    assert (table["optimizer"][0], table["convention"][0]) == ("Adam", "torch")
    assert table["explanation"][0].startswith("a slip: it goes on at its first rate")


def test_a_warm_up_that_begins_at_zero_hides_nothing():
    """At a rate of 0 every rule stands still, and all were equal."""
    mine = T.Adam(parameters(), lr=0.05)
    warm = T.lr_scheduler.LambdaLR(mine, lambda epoch: min(1.0, epoch / 10))
    assert mine.param_groups[0]["lr"] == 0.0
    table = simopt.conformance.check(mine)
    assert (table["optimizer"][0], table["convention"][0]) == ("Adam", "torch")
    assert set(table["optimizer"][table["equal"]]) == {"Adam", "AdamW", "LAMB", "QHAdam"}
    assert "eta=0.05" in table["settings"][0]
    assert "a scheduler has set its rate to 0" in table.attrs["notes"][0]
    assert mine.param_groups[0]["lr"] == 0.0
    mine.step()
    warm.step()
    assert "its rate is as a scheduler has set it" in str(simopt.conformance.check(mine).attrs)
    with pytest.raises(ValueError, match="^optimizer: must move its weights"):
        simopt.conformance.check(T.Adam(parameters(), lr=0.0))


def test_what_is_set_beside_the_rule_is_read():
    scaled = simopt.conformance.check(K.Adam(0.25, loss_scale_factor=128.0))
    assert (scaled["optimizer"][0], scaled["convention"][0]) == ("Adam", "keras")
    assert scaled["equal"][0]
    injected = optax.inject_hyperparams(optax.adam)(learning_rate=0.25, b1=0.8)
    table = simopt.conformance.check(injected)
    assert (table["optimizer"][0], table["convention"][0]) == ("Adam", "optax")
    assert table["equal"][0]
    assert "eta=0.25, beta1=0.8" in table["settings"][0]


def test_hooks_that_are_left_out_are_told():
    """They may clip gradients: without them it is another optimizer."""
    clipped = T.Adam(parameters())
    clipped.register_step_pre_hook(lambda *_: torch.nn.utils.clip_grad_norm_(parameters(), 1.0))
    notes = simopt.conformance.check(clipped, against=simopt.Adam(convention="torch")).attrs[
        "notes"
    ]
    assert notes == ("its hooks, which may change gradients or weights, are left out",)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.complex64], ids=str)
def test_parameters_that_are_not_real_or_precise_are_told(kind):
    """Its step is tried in float64: in half precision an epsilon of 1e-8 is 0."""
    mine = T.Adam([torch.nn.Parameter(torch.zeros(3, dtype=kind))])
    notes = simopt.conformance.check(mine, against=simopt.Adam(convention="torch")).attrs["notes"]
    said = str(kind).removeprefix("torch.")
    assert notes == (f"its parameters are {said}; this is about its step in float64",)


def test_an_epsilon_of_the_precision_is_told():
    table = simopt.conformance.check(T.Adafactor(parameters()), against=simopt.SGD())
    assert "2.22e-16 in float64, 1.19e-07 in float32" in table.attrs["notes"][0]


class Evaluating(T.SGD):
    """One that steps in training mode alone, as those do that are free of schedules."""

    training = False

    def train(self):
        self.training = True

    def step(self, closure=None):
        assert self.training
        super().step()


def test_an_optimizer_that_steps_in_training_mode_alone():
    mine = Evaluating(parameters(), lr=0.1)
    table = simopt.conformance.check(mine, against=simopt.SGD(eta=0.1, convention="torch"))
    assert table["equal"].all()
    assert not mine.training


def test_a_decay_of_zero_is_the_rules_own():
    table = simopt.conformance.check(T.AdamW(parameters(), weight_decay=0.0))
    assert (table["optimizer"][0], table["convention"][0]) == ("AdamW", "torch")
    assert table["equal"][0]


@pytest.mark.parametrize(
    ("optimizer", "once"),
    [
        (optax.apply_if_finite(optax.adam(0.1), 3), True),
        (optax.MultiSteps(optax.adam(0.1), 4).gradient_transformation(), True),
        (optax.chain(optax.clip(1.0), optax.adamw(optax.cosine_decay_schedule(0.1, 9))), True),
        (optax.chain(optax.stateless(lambda g, w: g), optax.adam(0.1)), False),
        (optax.sgd(lambda t: 0.1 / (1 + t)), False),
    ],
)
def test_what_is_optax_alone_is_compiled_once(optimizer, once):
    assert hasattr(compiled(optimizer.update), "lower") is once


def test_a_state_kept_in_python_shows():
    updates = []

    def update(gradients, state, weights=None):
        updates.append(None)
        return gradients * (-0.1 if len(updates) % 150 else 0.1), state

    table = simopt.conformance.check(optax.GradientTransformation(lambda w: (), update))
    assert not table["equal"].any()


class Warming(T.SGD):
    """SGD that grows to its rate by itself, over updates that its groups name."""

    def __init__(self, params, lr=0.1, warmup_steps=7):
        super().__init__(params, lr=lr)
        self.count = 0
        for group in self.param_groups:
            group["warmup_steps"] = warmup_steps

    def step(self, closure=None):
        self.count += 1
        for group in self.param_groups:
            share = min(1.0, self.count / group["warmup_steps"])
            for parameter in group["params"]:
                parameter.data -= group["lr"] * share * parameter.grad


def test_a_warm_up_that_a_group_names_is_read():
    table = simopt.conformance.check(Warming(parameters()), against=simopt.SGD(eta=0.1))
    assert table["equal"].all()
    assert table["settings"][0] == "eta=0.1, warmup=7"


def test_a_cosine_that_ends_next_to_zero_hides_nothing():
    mine = T.Adam(parameters(), lr=0.05)
    mine.param_groups[0] |= {"initial_lr": 0.05, "lr": 1.3e-19}
    table = simopt.conformance.check(mine, against=simopt.Adam(convention="torch"))
    assert "set its rate to 1.3e-19" in table.attrs["notes"][0]
    assert "its initial_lr, 0.05" in table.attrs["notes"][0]


class Moody(T.SGD):
    """SGD at a rate that depends on the loss, as the EmoNavi of pytorch_optimizer."""

    def step(self, closure=None):
        loss = 0.0 if closure is None else float(closure())
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.data -= group["lr"] / (1 + loss) * parameter.grad


@pytest.mark.parametrize("kind", [Moody, T.SGD], ids=lambda kind: kind.__name__)
def test_a_step_that_depends_on_the_loss_is_told(kind):
    """It was equal to a rule, which its steps with a closure are not."""
    table = simopt.conformance.check(kind(parameters(), lr=0.1), against=simopt.SGD(eta=0.1))
    assert table["equal"].all()
    assert ("given a closure" in table.attrs["verdict"]) == (kind is Moody)


#: Whose optimizers have another form: what is handed in, the rule, and what is said.
OTHERS = {
    "JAX' example": (
        lambda: example_libraries.adam(0.01), simopt.Adam(eta=0.01, convention="jax"), (),
    ),
    "a training state of flax": (
        lambda: types.SimpleNamespace(tx=optax.adam(0.01)),
        simopt.Adam(eta=0.01, convention="optax"), ("the transformation inside, its tx",),
    ),
    "scikit-learn's momentum": (
        lambda: network(solver="sgd", learning_rate_init=0.01),
        simopt.Nesterov(eta=0.01, beta=0.9, convention="sklearn"), kinds.OF_NETWORK,
    ),
    "scikit-learn's Adam": (
        lambda: network(), simopt.Adam(eta=0.001, convention="sklearn"), kinds.OF_NETWORK,
    ),
}  # fmt: skip


def network(**settings):
    """A network of scikit-learn's in the middle of its training."""
    model = MLPRegressor(hidden_layer_sizes=(), **settings)
    return model.partial_fit(np.eye(3), np.arange(3.0))


@pytest.mark.parametrize("whose", OTHERS)
def test_other_forms_of_an_optimizer_are_taken(whose):
    """All were refused: an object of three functions, one around optax', one inside a network."""
    make, rule, notes = OTHERS[whose]
    mine = make()
    before = repr(vars(mine._optimizer)) if whose.startswith("scikit") else ""
    table = simopt.conformance.check(mine, against=rule)
    assert table["equal"].all()
    assert table.attrs["notes"] == notes
    assert not before or repr(vars(mine._optimizer)) == before


class Proximal(T.SGD):
    """SGD whose decayed weights are divided, as Adan's are in timm and in its authors' code."""

    def __init__(self, params, lr=0.1, weight_decay=0.1, no_prox=False):
        super().__init__(params, lr=lr, weight_decay=weight_decay)
        self.param_groups[0]["no_prox"] = no_prox

    def step(self, closure=None):
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.data -= group["lr"] * parameter.grad
                parameter.data /= 1 + group["lr"] * group["weight_decay"]


def test_a_proximal_decay_that_a_group_names_is_read():
    rule = simopt.SGD(eta=0.1, weight_decay=0.1, decay="decoupled")
    table = simopt.conformance.check(Proximal(parameters()), against=rule)
    assert table["equal"].all()
    assert "proximal_decay=True" in table["settings"][0]
