"""How the libraries shuffle, what the document says of it, and how an order is replayed here."""

from __future__ import annotations

import inspect
import math
import textwrap
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from simopt import document, problems
from simopt.display import tables
from simopt.display.tables import Column, badge
from simopt.document.shuffling import VERDICTS
from simopt.document.source import line_numbers, source
from simopt.ground.formatting import count, fixed, listing, number, sentence
from simopt.report.conventions.names import value
from simopt.report.pages import Computed, Context
from simopt.rules import Momentum
from simopt.training import orders
from simopt.training.run import run

#: Verdict to the kind of its badge.
KINDS = dict(zip(VERDICTS, ("good", "fair", "bad"), strict=True))

SEED, EPOCHS = 42, 3

#: Over so many epochs it shows who comes round, that is, takes no more than so many orders.
LONG, FEW = 24, 4


@dataclass(frozen=True)
class Replay:
    """An order of a library, as `simopt.orders` draws it.

    Attributes
    ----------
    library, what : str
        Whose order it is.
    function : str
        Of `simopt.orders`.
    given : dict
        Its arguments behind n and epochs.
    """

    library: str
    what: str
    function: str
    given: dict[str, Any] = field(default_factory=dict)

    def order(self, epochs: int = EPOCHS) -> NDArray[np.int64]:
        """The order of the four points."""
        order = getattr(orders, self.function)(problems.four_points().n, epochs, **self.given)
        return np.asarray(order)

    @property
    def code(self) -> str:
        """What draws it and replays it."""
        inside = ", ".join(f"{name}={value(each)}" for name, each in self.given.items())
        n = problems.four_points().n
        return (
            f"order = simopt.orders.{self.function}({n}, {EPOCHS}, {inside})\n"
            f"simopt.run(problem, optimizer, epochs={EPOCHS}, order=order)"
        )

    @property
    def theirs(self) -> str:
        """The library's code, from the function's own description."""
        return example(getattr(orders, self.function))


REPLAYS = (
    Replay("PyTorch", "DataLoader, generator of its own", "torch_dataloader", {"seed": SEED}),
    Replay(
        "PyTorch", "DataLoader after torch.manual_seed", "torch_dataloader",
        {"seed": SEED, "generator": "global"},
    ),
    Replay("PyTorch", "torch.randperm", "torch_randperm", {"seed": SEED}),
    Replay("scikit-learn", "SGDRegressor", "sklearn_sgd", {"random_state": SEED}),
    Replay(
        "scikit-learn", "SGDClassifier", "sklearn_sgd",
        {"random_state": SEED, "estimator": "SGDClassifier"},
    ),
    Replay(
        "scikit-learn", "MLPRegressor", "sklearn_mlp", {"random_state": SEED, "layers": (1, 1)}
    ),
    Replay("transformers", "Trainer", "hf_trainer", {"seed": SEED}),
    Replay(
        "datasets", "a streamed dataset, buffer of 4", "datasets_stream",
        {"seed": SEED, "buffer_size": 4},
    ),
    Replay("TensorFlow", "tf.data, buffer of 4", "tf_data", {"seed": SEED, "buffer_size": 4}),
    Replay("JAX", "jax.random.permutation", "jax_permutation", {"seed": SEED}),
    Replay("torchdata", "StatefulDataLoader", "torch_stateful", {"seed": SEED}),
    Replay("fastai", "fastai's DataLoader", "fastai_dataloader", {"seed": SEED}),
    Replay("spaCy", "spacy train", "spacy_training", {"seed": SEED}),
    Replay(
        "WebDataset", "a stream's shuffle, buffer of 4", "webdataset_shuffle",
        {"seed": SEED, "bufsize": 4, "initial": 2},
    ),
    *(
        Replay("Keras", f"Model.fit on {name}", "keras_fit", {"seed": SEED, "backend": backend})
        for backend, name in (("tensorflow", "TensorFlow"), ("jax", "JAX"), ("torch", "PyTorch"))
    ),
)  # fmt: skip


def page(context: Context) -> dict[str, Any]:
    """The values of the template."""
    context.say("orders")
    statements = document.shuffles()
    named = {str(name): rows for name, rows in statements.groupby("library", sort=False)}
    # The document says nothing of some.
    for each in REPLAYS:
        named.setdefault(each.library, statements[:0])
    began = time.perf_counter()
    replayed = replay_table()
    updates = len(REPLAYS) * EPOCHS * problems.four_points().n
    spent = Computed("orders replayed", len(REPLAYS), updates, time.perf_counter() - began)
    return {
        "document": source().sentence,
        "answer": [tally(statements), come_round()],
        "reference": reference_table(statements),
        "libraries": [library(name, rows) for name, rows in named.items()],
        "replayed": replayed,
        "seed": SEED,
        "epochs": EPOCHS,
        "computed": [spent],
        "findings": [tally(statements)],
    }


def example(function: Any) -> str:
    """The code in a function's description: what follows the first line that ends in ``::``.

    Examples
    --------
    >>> print(example(orders.torch_randperm).splitlines()[0])
    own = torch.Generator().manual_seed(seed)
    """
    _, _, rest = (inspect.getdoc(function) or "").partition("::\n\n")
    lines = []
    for line in rest.splitlines():
        if line and not line.startswith("    "):
            break
        lines.append(line)
    return textwrap.dedent("\n".join(lines)).strip()


def counted(n: int) -> str:
    """A number alone, in words up to ten.

    Examples
    --------
    >>> counted(4), counted(15)
    ('four', '15')
    """
    return count(n, "thing").split()[0]


def tally(statements: pd.DataFrame) -> str:
    """How many of the statements hold."""
    verdicts = statements["verdict"].value_counts()
    counts = {verdict: int(verdicts.get(verdict, 0)) for verdict in VERDICTS}
    parts = [
        f"{counted(n)} {'is' if n == 1 else 'are'} {verdict.replace(',', '')}"
        for verdict, n in counts.items()
    ]
    return (
        f"Of the {len(statements)} statements that the document makes about shuffling in "
        f"libraries, {listing(parts)}."
    )


def come_round() -> str:
    """How many different orders each library takes with a seed."""
    different = {each.what: len(np.unique(each.order(LONG), axis=0)) for each in REPLAYS}
    few = {what: n for what, n in different.items() if n <= FEW}
    rest = [n for n in different.values() if n > FEW]
    parts = [f"{counted(n)} in {what}" for what, n in sorted(few.items(), key=lambda each: each[1])]
    n = problems.four_points().n
    return (
        "A seed makes a run repeat itself; it does not promise a new order every epoch. Of the "
        f"{math.factorial(n)} orders of {count(n, 'point')}, {LONG} epochs with seed {SEED} take "
        f"{', '.join(parts)}, and {min(rest)} to {max(rest)} in the others."
    )


def reference_table(statements: pd.DataFrame) -> Markup:
    """The document's quick reference, corrected: what to write, the default, seed and scope."""
    rows = statements[statements["default"] != ""]
    rows = rows.drop_duplicates(["library", "parameter", "seeding"])
    return tables.table(
        rows,
        {
            "library": "library",
            "parameter": Column("parameter", code_lines),
            "seeding": Column("fixed by", code, short=True),
            "scope": Column("fixed for each", short=True),
            "default": Column("default", short=True),
        },
        caption="Shuffling and its seeds, corrected",
    )


def code(text: object) -> Markup:
    """Set as code."""
    return Markup("<code>{}</code>").format(text)


def code_lines(text: object) -> Markup:
    """Several parameters, a line each."""
    return Markup("<br>").join(code(each) for each in str(text).split(", "))


def library(name: str, rows: pd.DataFrame) -> dict[str, Any]:
    """The statements about a library, and how its orders are replayed."""
    replays = [each for each in REPLAYS if each.library == name]
    theirs = dict.fromkeys(each.theirs for each in replays)
    return {
        "name": "Whatever the library" if name == "all" else name,
        "statements": [
            {
                "says": f"{sentence(row['says'])}.",
                "where": f"{sentence(row['place'])} ({line_numbers(row['lines'])})",
                "parameter": row["parameter"],
                "verdict": badge(row["verdict"], KINDS[row["verdict"]]),
                "finding": row["finding"],
                "backend": row["backend"],
                "snippet": row["snippet"].strip(),
            }
            for row in rows.to_dict("records")
        ],
        "replays": [
            {
                "theirs": text,
                "ours": "\n\n".join(
                    f"# {each.what}\n{each.code}" for each in replays if each.theirs == text
                ),
            }
            for text in theirs
        ],
    }


def replay_table() -> Markup:
    """The orders of three epochs, and where Momentum ends with each."""
    points = problems.four_points()
    rows = []
    for each in REPLAYS:
        order = each.order()
        # Not SGD, which does not mind the order of these points.
        end = run(points, Momentum(eta=0.01), epochs=EPOCHS, order=order).summary["w"]
        rows.append(
            {
                "library": each.library,
                "what": each.what,
                **{f"epoch {k + 1}": " ".join(map(str, row)) for k, row in enumerate(order + 1)},
                "w": end,
            }
        )
    return tables.table(
        pd.DataFrame(rows),
        {
            "library": "library",
            "what": Column("what", short=True),
            **{f"epoch {k + 1}": Column(f"epoch {k + 1}", short=True) for k in range(EPOCHS)},
            "w": Column("w", lambda w: fixed(w, 4)),
        },
        caption=f"The order of four points with seed {number(SEED)}, and the weight at which "
        f"Momentum with η = 0.01 ends {count(EPOCHS, 'epoch')} of it",
        head=2,
    )
