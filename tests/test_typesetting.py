"""Worked formulas as MathML: well formed, and nothing of the text lost."""

import re
from xml.etree import ElementTree

import pytest
from simopt.walkthrough import worked_steps

from simopt import problems
from simopt.display.typesetting import formula, numbers
from simopt.rules import ALL
from simopt.rules.notation import tex


def plain(mathml):
    """The characters of a formula, without brackets and signs that typesetting replaces."""
    text = "".join(ElementTree.fromstring(mathml.replace("&nbsp;", " ")).itertext())
    return (
        re.sub(r"[\s()√]", "", text)
        .replace("−", "-")
        .replace("ˆ", "\N{COMBINING CIRCUMFLEX ACCENT}")
    )


LOW = str.maketrans("₀₁₂₃₄₅₆₇₈₉²", "01234567892")


@pytest.mark.parametrize("name", ALL)
def test_every_worked_formula_is_set_whole(name):
    problem = problems.logistic([[1.0], [2.0]], [0.0, 1.0])
    for each in (problem, problems.four_points()):
        for step in worked_steps(each, ALL[name](), epochs=3):
            for line in [*step.lines, *(line for point in step.points for line in point.lines)]:
                if line.formula:
                    wanted = re.sub(r"[\s()√]", "", line.formula).translate(LOW)
                    assert plain(formula(line.formula)).translate(LOW) == wanted


def test_what_is_a_tag_in_a_formula_is_none():
    assert "<b>" not in formula("x < b > y")
    assert "&lt;" in formula("x < b > y")


def test_numbers_have_a_minus_and_powers_of_ten():
    assert numbers("-3 + 1e-08 × 2.5e+16") == "−3 + 1 × 10⁻⁸ × 2.5 × 10¹⁶"
    assert numbers("7e+00") == "7 × 10⁰"


def test_a_rule_of_ones_own_has_no_formula():
    assert formula("") == ""


def test_a_word_stands_apart_from_its_factors():
    lines = ("m = share * m + beta1 * g", "w = w - eta * share**2 * rate / (2 * optimism)")
    typeset = tex(lines).replace("\\,", "~")
    assert r"\mathrm{share} ~ m + \beta_1 g" in typeset
    assert r"\frac{\eta ~ \mathrm{share}^2 ~ \mathrm{rate}}{2 ~ \mathrm{optimism}}" in typeset
