"""The frameworks' own optimizers, handed in: recognised as what they are, and left alone."""

import keras
import numpy as np
import optax
import pytest
import torch

import simopt

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
    "torch Adam": (lambda: T.Adam(parameters(), lr=0.01), {}, {"Adam torch", "Adam optax"}),
    "torch AdamW, the class": (lambda: T.AdamW, {}, {"AdamW torch", "AdamW optax"}),
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
    "keras Adam": (lambda: K.Adam(), {}, {"Adam keras", "Adam sklearn"}),
    "keras Nadam": (lambda: K.Nadam(), {}, {"NAdam keras"}),
    "keras AMSGrad": (lambda: K.Adam(amsgrad=True), {}, {"AMSGrad keras"}),
    "keras SGD": (
        lambda: K.SGD(0.1, momentum=0.9, nesterov=True), {},
        {"Nesterov keras", "Nesterov sklearn"},
    ),
    "keras AdamW": (lambda: K.AdamW(weight_decay=0.01), {}, {"Adam keras", "AdamW keras"}),
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
    table = simopt.conformance.check(optax.chain(optax.clip(0.5), optax.sgd(0.1)))
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
    with pytest.raises(ValueError, match="^optimizer: must take a step on six weights"):
        simopt.conformance.check(T.LBFGS(parameters()))
