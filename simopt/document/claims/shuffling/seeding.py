"""Claims about how libraries shuffle and what their seeds fix: looked at, or as recorded."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from itertools import permutations

import pandas as pd

from simopt.document.claims import libraries
from simopt.document.claims.claim import Figure, Finding, Picture
from simopt.document.claims.context import Trials
from simopt.document.claims.verdict import split
from simopt.ground.formatting import listing, percent


def torch_loaders() -> Mapping[str, Figure]:
    """Orders of a DataLoader: by default, shuffled, seeded, and with a look in between."""
    import torch
    from torch.utils.data import DataLoader

    def epochs(count: int, look: bool = False) -> list[list[int]]:
        generator = torch.Generator().manual_seed(42)
        loader = DataLoader(range(8), shuffle=True, generator=generator)
        if look:
            next(iter(loader))
        return [[int(i) for i in loader] for _ in range(count)]

    return {
        "default shuffles": [int(i) for i in DataLoader(range(8))] != list(range(8)),
        "orders in 8 epochs": len({tuple(order) for order in epochs(8)}),
        "two runs alike": epochs(3) == epochs(3),
        "two runs alike, one after a look at a batch": epochs(3) == epochs(3, look=True),
    }


def sklearn_orders() -> Mapping[str, Figure]:
    """The default of shuffle, and the orders of 8 epochs of SGDRegressor over four points.

    An epoch's order is the one of the 24 that leads from its weight before to that after.
    """
    import numpy as np
    from sklearn.linear_model import SGDClassifier, SGDRegressor

    x, y = np.array([2.0, 1.0, 3.0, 0.5]), np.array([11.0, 4.0, 16.0, 2.0])

    def walked(w: float, order: Sequence[int]) -> float:
        for i in order:
            w -= 0.1 * (w * x[i] - y[i]) * x[i]
        return w

    w, off, taken = 3.0, 0.0, []
    for epochs in range(1, 9):
        model = SGDRegressor(
            random_state=42,
            max_iter=epochs,
            tol=None,
            fit_intercept=False,
            learning_rate="constant",
            eta0=0.1,
            penalty=None,
        )
        end = float(model.fit(x[:, None], y, coef_init=[3.0]).coef_[0])
        apart = {order: abs(walked(w, order) - end) for order in permutations(range(4))}
        taken.append(min(apart, key=lambda order: apart[order]))
        w, off = end, max(off, apart[taken[-1]])
    return {
        "default, SGDClassifier": SGDClassifier().shuffle,
        "default, SGDRegressor": SGDRegressor().shuffle,
        "orders in 8 epochs": len(set(taken)),
        "its weights by those orders, to": off,
    }


def sklearn_repeats() -> Mapping[str, Figure]:
    """What two calls with random_state=42 have in common, and with 43 do not."""
    import numpy as np
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import SGDClassifier
    from sklearn.model_selection import train_test_split

    x = np.random.default_rng(0).normal(size=(60, 4))
    y = x[:, 0] + 0.5 * x[:, 1] > 0

    def linear(seed: int) -> list[float]:
        return list(SGDClassifier(random_state=seed, max_iter=5, tol=None).fit(x, y).coef_[0])

    def split(seed: int) -> list[int]:
        return list(train_test_split(range(60), test_size=0.2, random_state=seed)[0])

    def forest(seed: int) -> list[float]:
        trees = RandomForestClassifier(n_estimators=10, random_state=seed).fit(x, y).estimators_
        return [float(t) for tree in trees for t in tree.tree_.threshold]

    return {
        "SGDClassifier alike": linear(42) == linear(42),
        "train_test_split alike": split(42) == split(42),
        "RandomForestClassifier alike": forest(42) == forest(42),
        "another seed differs in all": all(f(42) != f(43) for f in (linear, split, forest)),
    }


def sklearn_estimators() -> Mapping[str, Figure]:
    """How many estimators there are, and how many take random_state."""
    from sklearn.utils import all_estimators

    signatures = [inspect.signature(estimator).parameters for _, estimator in all_estimators()]
    return {
        "estimators": len(signatures),
        "with random_state": sum("random_state" in each for each in signatures),
    }


def keras_orders() -> Mapping[str, Figure]:
    """Keras' default, and the orders of four epochs of fit with and without a seed.

    Point i moves weight i alone, by the rate of its update, which is 1, 1/2, 1/3, ...
    """
    import numpy as np

    keras = libraries.keras()

    def distinct() -> int:
        ends.clear()
        ends.append(np.zeros(8))
        dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
        model = keras.Sequential([keras.Input((8,)), dense])
        rate = keras.optimizers.schedules.InverseTimeDecay(1.0, 1, 1.0)
        model.compile(keras.optimizers.SGD(rate), lambda y, says: -says[:, 0])
        watch = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: ends.append(np.ravel(model.get_weights()[0]))
        )
        x = np.eye(8, dtype="float32")
        model.fit(x, np.zeros((8, 1)), epochs=4, batch_size=1, verbose=0, callbacks=[watch])
        places = [np.argsort(-moved) for moved in np.diff(ends, axis=0)]
        return len({tuple(order.tolist()) for order in places})

    ends: list[np.ndarray] = []
    unseeded = distinct()
    keras.utils.set_random_seed(42)
    return {
        "default": inspect.signature(keras.Model.fit).parameters["shuffle"].default,
        "orders in 4 epochs": unseeded,
        "orders in 4 epochs, seeded": distinct(),
    }


def keras_orders_on_jax() -> Mapping[str, Figure]:
    """`keras_orders`, on JAX."""
    return libraries.elsewhere(keras_orders, KERAS_BACKEND="jax")


def keras_orders_on_tensorflow() -> Mapping[str, Figure]:
    """`keras_orders`, on TensorFlow."""
    return libraries.elsewhere(keras_orders, KERAS_BACKEND="tensorflow")


def keras_fit() -> Mapping[str, Figure]:
    """The weights that a fit ends at: 8 points, batches of one, two epochs, by what seeds it."""
    import random

    import numpy as np
    import tensorflow

    keras = libraries.keras()
    x = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
    y = x.sum(axis=1, keepdims=True) + 1

    def end(start: str) -> str:
        dense = keras.layers.Dense(1, kernel_initializer=start)
        model = keras.Sequential([keras.Input((3,)), dense])
        model.compile("sgd", "mse")
        model.fit(x, y, epochs=2, batch_size=1, verbose=0)
        return str(model.get_weights()[0].ravel().tolist())

    figures: dict[str, Figure] = {}
    for start in ("glorot_uniform", "zeros"):
        random.seed()
        tensorflow.random.set_seed(42)
        figures[f"tf.random.set_seed, {start}"] = end(start)
    keras.utils.set_random_seed(42)
    figures["keras.utils.set_random_seed, glorot_uniform"] = end("glorot_uniform")
    return figures


def keras_repeats() -> Mapping[str, Figure]:
    """Whether `keras_fit` gives the same in two fresh processes."""
    first, second = (libraries.elsewhere(keras_fit, KERAS_BACKEND="tensorflow") for _ in range(2))
    return {f"alike: {name}": first[name] == second[name] for name in first}


def shuffles_every_epoch(trials: Trials) -> Finding:
    """The parameter, its default, and how many orders the epochs of a training have."""
    torch = libraries.seen(torch_loaders, "torch")
    sklearn = libraries.seen(sklearn_orders, "sklearn")
    jax = libraries.seen(keras_orders_on_jax, "keras", "jax")
    tensorflow = libraries.seen(keras_orders_on_tensorflow, "keras", "tensorflow")
    defaults = bool(
        not torch.figures["default shuffles"]
        and sklearn.figures["default, SGDClassifier"]
        and sklearn.figures["default, SGDRegressor"]
        and jax.figures["default"]
    )
    orders = {
        "DataLoader": (int(torch.figures["orders in 8 epochs"]), 8),
        "SGDRegressor on the four points": (int(sklearn.figures["orders in 8 epochs"]), 8),
        "Keras on JAX": (int(jax.figures["orders in 4 epochs, seeded"]), 4),
        "Keras on TensorFlow": (int(tensorflow.figures["orders in 4 epochs, seeded"]), 4),
    }
    every = {name: count == of for name, (count, of) in orders.items()}
    counted = ", ".join(f"{count} in {of} ({name})" for name, (count, of) in orders.items())
    new, repeated = split(every)
    unseeded = int(tensorflow.figures["orders in 4 epochs"])
    why = {
        "SGDRegressor on the four points": " (it applies one permutation again and again)",
        "Keras on TensorFlow": f" (without a seed it has {unseeded} in 4)",
    }
    return Finding(
        "contradicted" if not defaults else "conditional" if repeated else "holds",
        "The parameter is in all of them, "
        + (
            "and on by default but in DataLoader"
            if defaults
            else "but its defaults are not as said"
        )
        + f". Different orders in so many epochs, seeded: {counted}. {torch.by}; {sklearn.by}; "
        f"{jax.by}; {tensorflow.by}.",
        {
            "defaults as said": defaults,
            **{f"orders, {name}": count for name, (count, _) in orders.items()},
            "orders, Keras on TensorFlow, unseeded": unseeded,
            "SGDRegressor's weights by its orders, to": sklearn.figures[
                "its weights by those orders, to"
            ],
            "run here": all(each.live for each in (torch, sklearn, jax, tensorflow)),
        },
        f"With a seed set there is a new order every epoch in {listing(new)}; not in "
        f"{listing((name + why.get(name, '') for name in repeated), 'nor in')}."
        if defaults and repeated
        else "",
        Picture(
            "Different orders in so many epochs",
            f"{len(new)} of {len(every)} have a new one every epoch.",
            table=pd.DataFrame(
                [(name, of, count) for name, (count, of) in orders.items()],
                columns=["library", "epochs", "different orders"],
            ),
        ),
    )


def seeded_generator_repeats(trials: Trials) -> Finding:
    """Two runs of three epochs; then with a look at a batch in one of them."""
    seen = libraries.seen(torch_loaders, "torch")
    alike = bool(seen.figures["two runs alike"])
    looked = bool(seen.figures["two runs alike, one after a look at a batch"])
    return Finding(
        "contradicted" if not alike else "holds" if looked else "conditional",
        f"{seen.by}: two runs of three epochs with a generator seeded alike have "
        + ("the same orders" if alike else "other orders")
        + "; with a look at one batch before the first epoch of one of them "
        + ("they have too." if looked else "they have not."),
        {**seen.figures, "run here": seen.live},
        "If nothing else draws from the generator: a look at a batch, an epoch broken off after "
        "its first, changes the orders that follow."
        if alike and not looked
        else "",
    )


def random_state_repeats(trials: Trials) -> Finding:
    """The three calls of the document, twice each."""
    seen = libraries.seen(sklearn_repeats, "sklearn")
    alike = [name for name, value in seen.figures.items() if name.endswith("alike") and value]
    differs = bool(seen.figures["another seed differs in all"])
    return Finding(
        "holds" if len(alike) == 3 and differs else "contradicted",
        f"{seen.by}: of SGDClassifier's weights, train_test_split's rows and the forest's trees "
        f"{len(alike)} of 3 are the same in two calls with 42"
        + (", and all are others with 43." if differs else "; with 43 not all differ."),
        {**seen.figures, "run here": seen.live},
    )


def most_estimators_take_it(trials: Trials) -> Finding:
    """The share of estimators with the parameter."""
    seen = libraries.seen(sklearn_estimators, "sklearn")
    count, of = int(seen.figures["with random_state"]), int(seen.figures["estimators"])
    return Finding(
        "holds" if count > of / 2 else "contradicted",
        f"{seen.by}: {count} of {of} estimators take it, {percent(count / of)}. To the others it "
        "is an unknown argument.",
        {**seen.figures, "share": count / of, "run here": seen.live},
    )


def one_seed_fixes_all(trials: Trials) -> Finding:
    """Two fresh processes, seeded as the document says."""
    seen = libraries.seen(keras_repeats, "keras", "tensorflow")
    drawn = bool(seen.figures["alike: tf.random.set_seed, glorot_uniform"])
    zeros = bool(seen.figures["alike: tf.random.set_seed, zeros"])
    ours = bool(seen.figures["alike: keras.utils.set_random_seed, glorot_uniform"])
    return Finding(
        "holds" if drawn else "contradicted",
        f"{seen.by}: with tf.random.set_seed(42) two fresh processes end a fit at "
        + ("the same" if drawn else "different")
        + " weights, from a start of zeros at "
        + ("the same" if zeros else "different")
        + (
            ": it fixes the order, but not what Keras 3 draws the start from, Python's random."
            if zeros and not drawn
            else "."
        )
        + f" With keras.utils.set_random_seed(42) they are {'the same' if ours else 'different'}.",
        {**seen.figures, "run here": seen.live},
    )
