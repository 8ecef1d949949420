"""The walkthrough page's own numbers: defaults in its table, and when a rule arrives."""

import re

import numpy as np

import simopt
from simopt.report import traces
from simopt.report.walkthrough import epochs, parameters


def test_defaults_are_those_that_a_call_has():
    table = str(parameters.parameter_table())
    row = next(row for row in table.split("<tr>") if ">λ<" in row)
    assert re.search(r">0\.01<", row)
    assert simopt.AdamW().settings["weight_decay"] == 0.01


def test_a_rule_arrives_where_no_float_is_nearer():
    """SGD is within 1e-12 at epoch 14 already, but goes on to the very float beside 5."""
    distances = traces.by_epoch()
    told = {each["name"]: each["text"] for each in epochs.fates(distances)}
    arrived = int(re.search(r"at epoch (\d+)\.", told["SGD"])[1])
    assert arrived == 17
    assert (
        distances["SGD"].iloc[arrived - 1] <= np.spacing(5.0) < distances["SGD"].iloc[arrived - 2]
    )
    assert [name for name, text in told.items() if text.startswith("arrives")] == ["SGD"]
