"""Which of them am I using? From a framework's call to a convention, and its switches, here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from markupsafe import Markup

from simopt.display import tables
from simopt.display.tables import Column
from simopt.report.conventions import names
from simopt.rules import ALL
from simopt.rules.rule import Optimizer


@dataclass(frozen=True)
class Call:
    """A framework's call, and the optimizer that it is.

    Attributes
    ----------
    call : str
        As users write it; ``params`` and whatever else has to be given, and no more.
    rule, convention : str
        What it is here.
    given : dict
        What has to be set besides, because the call sets it or has it as a default of its own.
    note : str
        What else to know.
    """

    call: str
    rule: str
    convention: str
    given: dict[str, Any] = field(default_factory=dict)
    note: str = ""

    @property
    def optimizer(self) -> Optimizer:
        """Here."""
        return ALL[self.rule](**self.given, convention=self.convention)

    @property
    def here(self) -> str:
        """The code of it."""
        return names.code(self.rule, **self.given, convention=self.convention)


def _torch(call: str, rule: str, note: str = "", **given: Any) -> Call:
    return Call(f"torch.optim.{call}", rule, "torch", given, note)


def _keras(call: str, rule: str, note: str = "", **given: Any) -> Call:
    return Call(f"keras.optimizers.{call}", rule, "keras", given, note)


def _optax(call: str, rule: str, note: str = "", **given: Any) -> Call:
    return Call(f"optax.{call}", rule, "optax", given, note)


CALLS = (
    _torch("SGD(params)", "SGD"),
    _torch("SGD(params, momentum=0.9)", "Momentum"),
    _torch("SGD(params, momentum=0.9, dampening=0.9)", "Momentum", dampening=0.9),
    _torch("SGD(params, momentum=0.9, nesterov=True)", "Nesterov"),
    _torch("SGD(params, weight_decay=0.01)", "SGD", "added to the gradient", weight_decay=0.01),
    _torch("Adagrad(params)", "AdaGrad"),
    _torch("RMSprop(params)", "RMSprop"),
    _torch("RMSprop(params, momentum=0.9)", "RMSprop", momentum=0.9),
    _torch("RMSprop(params, centered=True)", "RMSprop", centered=True),
    _torch("Adam(params)", "Adam"),
    _torch(
        "Adam(params, weight_decay=0.01)", "Adam", "added to the gradient: not AdamW",
        weight_decay=0.01,
    ),
    _torch("Adam(params, amsgrad=True)", "AMSGrad"),
    _torch("AdamW(params)", "AdamW"),
    _torch("NAdam(params)", "NAdam"),
    _torch("RAdam(params)", "RAdam"),
    _torch("Adamax(params)", "Adamax"),
    _torch("Adadelta(params)", "Adadelta"),
    _keras("SGD()", "SGD"),
    _keras("SGD(momentum=0.9)", "Momentum"),
    _keras("SGD(momentum=0.9, nesterov=True)", "Nesterov"),
    _keras("Adagrad()", "AdaGrad"),
    _keras("RMSprop()", "RMSprop"),
    _keras("RMSprop(momentum=0.9)", "RMSprop", momentum=0.9),
    _keras("Adam()", "Adam"),
    _keras(
        "Adam(weight_decay=0.01)", "Adam", "decoupled: this is AdamW's", weight_decay=0.01
    ),
    _keras("Adam(amsgrad=True)", "AMSGrad"),
    _keras("AdamW()", "AdamW"),
    _keras("Nadam()", "NAdam"),
    _keras("Adamax()", "Adamax"),
    _keras("Adadelta()", "Adadelta"),
    _keras("Lion()", "Lion"),
    _optax("sgd(0.001)", "SGD"),
    _optax("sgd(0.001, momentum=0.9)", "Momentum"),
    _optax("sgd(0.001, momentum=0.9, nesterov=True)", "Nesterov"),
    _optax("adagrad(0.001)", "AdaGrad"),
    _optax("rmsprop(0.001)", "RMSprop"),
    _optax(
        "rmsprop(0.001, eps_in_sqrt=False)", "RMSprop", "PyTorch's place of ε",
        epsilon_place="outside",
    ),
    _optax("rmsprop(0.001, momentum=0.9)", "RMSprop", momentum=0.9),
    _optax("adam(0.001)", "Adam"),
    Call(
        "optax.adam(0.001, eps=0.0, eps_root=1e-8)", "Adam", "document", {},
        "the only one that has the document's formula",
    ),
    _optax("adamw(0.001)", "AdamW"),
    _optax("amsgrad(0.001)", "AMSGrad"),
    _optax("nadam(0.001)", "NAdam"),
    _optax("radam(0.001)", "RAdam"),
    _optax("adamax(0.001)", "Adamax"),
    _optax("adadelta(1.0)", "Adadelta"),
    _optax("lion(0.001)", "Lion"),
    _optax("sign_sgd(0.001)", "SignSGD"),
    Call(
        'SGDRegressor(penalty=None, learning_rate="constant", eta0=0.02)', "SGD", "sklearn", {},
        "half the squared error: eta0 is 2 η",
    ),
    Call(
        'MLPRegressor(solver="sgd", alpha=0, nesterovs_momentum=False)', "Momentum", "sklearn", {},
        "half the squared error here too",
    ),
    Call(
        'MLPRegressor(solver="sgd", alpha=0)', "Nesterov", "sklearn", {},
        "looks ahead unless told not to",
    ),
    Call(
        "MLPRegressor(alpha=0)", "Adam", "sklearn", {},
        "its alpha, 0.0001 if not set, is divided by the batch size and joins the gradient",
    ),
)  # fmt: skip

#: simopt's name of a setting, and each framework's; a dash where there is none.
TRANSLATED = (
    ("eta", "lr", "learning_rate", "learning_rate", "eta0, learning_rate_init"),
    ("beta", "momentum", "momentum", "momentum", "momentum"),
    ("beta1, beta2", "betas", "beta_1, beta_2", "b1, b2", "beta_1, beta_2"),
    ("rho", "alpha (RMSprop), rho", "rho", "decay (RMSprop), rho", "–"),
    ("epsilon", "eps", "epsilon", "eps", "epsilon"),
    ("epsilon_root", "–", "–", "eps_root", "–"),
    (
        "initial_accumulator", "initial_accumulator_value", "initial_accumulator_value",
        "initial_accumulator_value, initial_scale", "–",
    ),
    ("lr_decay", "lr_decay (Adagrad)", "–", "–", "–"),
    ("momentum_decay", "momentum_decay (NAdam)", "–", "–", "–"),
    ("weight_decay", "weight_decay", "weight_decay", "weight_decay, add_decayed_weights", "alpha"),
    (
        "clip_norm", "clip_grad_norm_", "global_clipnorm; clipnorm of each variable apart",
        "clip_by_global_norm", "–",
    ),
    ("clip_value", "clip_grad_value_", "clipvalue", "clip", "–"),
)  # fmt: skip


def code(text: object) -> Markup:
    """Set as code."""
    return Markup("<code>{}</code>").format(text)


def both(each: Call) -> Markup:
    """The framework's call, and below it simopt's."""
    text = Markup('{}<br><span class="here">{}</span>')
    return text.format(code(each.call), code(each.here))


def call_tables() -> list[dict[str, Any]]:
    """A table for each framework."""
    made = []
    for convention in [each for each in names.CONVENTIONS if each != "document"]:
        rows = [
            {
                "call": both(each),
                "defaults": ", ".join(text for _, _, text in names.defaults(each.optimizer)),
                "note": each.note,
            }
            for each in CALLS
            if of(each) == convention
        ]
        name = names.CONVENTIONS[convention]
        made.append(
            {
                "name": name,
                "table": tables.table(
                    pd.DataFrame(rows),
                    {
                        "call": Column("you call, and what it is here", Markup, short=True),
                        "defaults": Column("with", short=True),
                        "note": Column("note", short=True),
                    },
                    caption=f"{name}: what a call is here, with its defaults",
                ),
            }
        )
    return made


def of(call: Call) -> str:
    """Whose call it is."""
    return "optax" if call.call.startswith("optax.") else call.convention


def translation_table() -> Markup:
    """What a setting is called where."""
    columns = ["simopt", "PyTorch", "Keras", "optax", "scikit-learn"]
    return tables.table(
        pd.DataFrame(TRANSLATED, columns=columns),
        {name: Column(name, lambda cell: code(cell) if cell != "–" else "–") for name in columns},
        caption="The same setting by its several names",
    )
