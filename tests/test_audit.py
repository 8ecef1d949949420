"""The audit of the document: its verdicts by hand, and its exact values by another calculation."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from decimal import Decimal, getcontext

import pandas as pd
import pytest

import simopt
from simopt.document.audit import VERDICTS, judge
from simopt.document.errata.erratum import KINDS
from simopt.document.printed import rows
from simopt.document.source import part, source

COLUMNS = [
    "id", "section", "place", "method", "batch_size", "step", "quantity", "role", "line",
    "printed", "exact", "verdict", "cause",
]  # fmt: skip


@pytest.fixture(scope="module")
def audit() -> pd.DataFrame:
    return simopt.document.audit()


def test_every_result_is_judged(audit):
    assert list(audit.columns) == COLUMNS
    assert len(audit) == 460
    assert audit["id"].is_unique
    assert audit["line"].is_monotonic_increasing
    assert audit["role"].value_counts().to_dict() == {"computed": 301, "restated": 159}
    assert set(audit["verdict"]) == set(VERDICTS)
    assert audit["exact"].notna().all()
    assert (audit["cause"] == "").eq(audit["verdict"] == "exact").all()


def test_the_file_holds_all_that_is_printed():
    assert len(rows()) == 700
    assert [row.position for row in rows()] == list(range(700))
    labels = {row.quantity for row in rows() if row.batch_size != 4}
    assert not {label for label in labels if "batch point 3" in label}


def test_the_parts_of_the_document_cover_it():
    """Each line from the first heading on is in one part, and no two parts have one name."""
    parts = [each for section in source().sections for each in section.parts]
    assert sum(each.last - each.first + 1 for each in parts) == source().lines - 5
    assert len({each.name for each in parts}) == len(parts)
    assert {part(line).first for line in range(6, source().lines + 1)} == {
        each.first for each in parts
    }
    assert part(6).name == "setup"
    assert part(source().lines).name == "gradient clipping"


def test_it_compiles_nothing_and_judges_each_number_once():
    code = """
import sys
import simopt
from simopt.document import printed
from simopt.document.audit import judge
for _ in range(2):
    simopt.document.audit()
print("numba" in sys.modules, judge.cache_info().misses <= len(printed.rows()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


#: Line, quantity, verdict: checked with pencil and paper against the document.
BY_HAND = [
    (137, "100*rho^10", "exact"),
    (293, "weight change", "rounding"),  # 0.0198 x 16 = 0.3168; the rate is 0.01976
    (293, "weight after the step", "rounding"),
    (372, "weight after the step", "exact"),
    (393, "squared gradient", "exact"),
    (396, "square root in the denominator", "exact"),  # 16.44506
    (419, "(1-decay)*g^2", "rounding"),
    (419, "E[g^2]", "rounding"),
    (424, "weight change", "exact"),
    (424, "weight after the step", "wrong"),  # 3.317 + 0.068
    (427, "weight after the step", "wrong"),
    (427, "E[g^2]", "rounding"),
    (429, "E[g^2]", "exact"),  # 24.17 is right, 24.173 is not
    (447, "v", "exact"),
    (450, "m_hat", "exact"),
    (451, "1-beta2^t", "exact"),  # 0.001999 to three places
    (451, "v_hat", "exact"),
    (453, "weight change", "rounding"),  # 0.958 / 11.6
    (453, "weight after the step", "rounding"),
    (506, "gradient (batch mean)", "rounding"),
    (508, "squared gradient", "rounding"),
    (508, "G", "rounding"),
    (511, "square root in the denominator", "rounding"),
    (511, "effective learning rate", "exact"),
    (513, "weight after the step", "exact"),
    (518, "effective LR as % of eta", "exact"),
    (525, "weight before the step", "wrong"),
    (527, "prediction", "rounding"),  # 3.386 x 3, right from the wrong weight
    (535, "weight after the step", "rounding"),
    (554, "m", "exact"),
    (555, "squared gradient", "rounding"),
    (559, "v_hat", "rounding"),  # 1.34 / 0.003
    (561, "weight after the step", "exact"),
    (564, "weight after the step", "exact"),
    (612, "prediction", "exact"),  # 1.60651; 3.213 / 2 is a tie
    (616, "G", "rounding"),
    (620, "weight after the step", "wrong"),  # 3.213 + 0.0024
    (625, "weight change", "rounding"),  # 3.216 - 3.213
    (638, "E[g^2]", "rounding"),
    (643, "weight after the step", "rounding"),
    (662, "m", "exact"),
    (666, "m_hat", "rounding"),  # -4.51 / 0.344
    (667, "v_hat", "exact"),
    (672, "weight after the step", "exact"),
    (680, "|w - 5|", "exact"),
    (681, "|w - 5|", "exact"),
    (682, "|w - 5|", "rounding"),
    (683, "|w - 5|", "rounding"),
    (684, "|w - 5|", "exact"),
    (913, "gradient of batch point 4", "wrong"),  # 2 x (-1) x 0.5 = -1
    (914, "gradient (batch mean)", "carried"),
    (915, "weight after the step", "carried"),
    (967, "gradient of batch point 4", "wrong"),
    (1000, "squared mean of the 4 gradients at w=3", "carried"),
    (1003, "sumsq4/sqmean4", "carried"),
    (1033, "v", "exact"),
    (1054, "gradient (batch mean)", "wrong"),  # at w = 3.1 it is -17.575
    (1055, "G", "carried"),
    (1057, "weight after the step", "carried"),
    (1079, "gradient (batch mean)", "wrong"),
    (1082, "m_hat", "carried"),
    (1083, "v_hat", "carried"),
    (1084, "weight change", "exact"),
    (1084, "weight after the step", "exact"),  # 3.1978 to one place, by luck
    (1107, "sum of squares, points 1 and 2 at w=3", "exact"),
]


@pytest.mark.parametrize(("line", "quantity", "verdict"), BY_HAND)
def test_by_hand(audit, line, quantity, verdict):
    found = audit[(audit["line"] == line) & (audit["quantity"] == quantity)]
    assert set(found["verdict"]) == {verdict}


def test_sgd_and_momentum_are_right_up_to_the_full_batch(audit):
    plain = audit[audit["method"].isin(["SGD", "Momentum"]) & (audit["batch_size"] < 4)]
    assert len(plain) > 100
    assert set(plain["verdict"]) == {"exact"}


def test_the_first_point_is_right_but_for_rmsprops_weight(audit):
    first = audit[(audit["step"] == 1) & (audit["batch_size"] == 1)]
    assert set(first.loc[first["verdict"] != "exact", "line"]) == {293, 296}


def test_causes_name_the_numbers_and_where_they_come_from(audit):
    cause = audit.set_index("id")["cause"]
    assert "effective learning rate 0.0198 (here, line 293; exactly 0.01976424)" in cause["n0060"]
    assert "3.317 + 0.068 = 3.385, not 3.386" in cause["n0180"]
    slip = "walk, point 2, RMSprop (line 424), which is wrong"
    assert f"repeats 3.386 in {slip};" in cause["n0284"]
    assert f"goes back to {slip} in its last digit" in cause["n0295"]
    gradient = "AdaGrad at batch size 2, update 2 (line 1054), which is wrong;"
    assert f"goes back to {gradient}" in cause["n0641"]
    assert "1-beta2^t 0.003 (here, line 559; exactly 0.002997001)" in cause["n0336"]
    assert "factor x of batch point 4 = 0.5 is left out" in cause["n0547"]
    assert "w = 4, where SGD and Momentum stand" in cause["n0628"]
    assert cause["n0362"] == ""


def test_what_follows_from_a_wrong_number_is_carried(audit):
    """Unless it is wrong in its last digit alone, which is what rounding does."""
    assert audit["verdict"].value_counts().to_dict() == {
        "exact": 369, "rounding": 58, "carried": 20, "wrong": 13,
    }  # fmt: skip
    roots: dict[str, set[str]] = {}
    for row in rows():
        judgement = judge(row)
        if row.role != "operand" and judgement.verdict in ("rounding", "carried"):
            wrong = {root.printed for root in judgement.roots if judge(root).verdict == "wrong"}
            roots.setdefault(judgement.verdict, set()).update(wrong)
    assert roots == {"rounding": {"3.386", "3.216"}, "carried": {"-2", "-9.25"}}
    last = next(row for row in rows() if row.id == "n0180")  # 3.386 for 3.385
    assert judge(last).verdict == "wrong"


def test_a_number_is_named_by_its_place(audit):
    assert (audit["place"] != "").all()
    for row in audit.itertuples():
        assert row.method in row.place
        assert row.section == part(row.line).section
        if pd.notna(row.step):
            assert f"point {row.step}" in row.place or row.place.endswith(f"update {row.step}")


def test_magnitudes_do_not_hide_a_wrong_sign():
    down = next(row for row in rows() if row.id == "n0360")  # 5.256 - 0.0128
    assert judge(down).verdict == "exact"
    up = dataclasses.replace(down, sign="+")
    assert judge(up).verdict == "wrong"


def test_a_number_off_by_three_units_is_never_exact():
    for row in rows():
        if row.role == "operand" or judge(row).verdict != "exact":
            continue
        number = Decimal(row.printed)
        unit = Decimal(1).scaleb(number.as_tuple().exponent)
        for off in (-3 * unit, 3 * unit):
            if row.sign == "<" and off > 0:
                continue  # a looser bound still holds
            changed = dataclasses.replace(row, printed=f"{number + off:f}")
            assert judge(changed).verdict != "exact", (row, changed.printed)


# ---- The exact values once more, in plain decimal arithmetic -------------------------------------

getcontext().prec = 50
D = Decimal
POINTS = [(D(2), D(10)), (D(1), D(5)), (D(3), D(15)), (D("0.5"), D("2.5"))]
ETA, EPSILON = D("0.1"), D("1e-8")
BETA, RHO, BETA1, BETA2 = D("0.9"), D("0.9"), D("0.9"), D("0.999")


def cells(method: str, size: int) -> list[dict[str, Decimal]]:
    """Every quantity of every update of an epoch, under the document's names."""
    w, old = D(3), {"v": D(0), "G": D(0), "E[g^2]": D(0), "m": D(0)}
    result = []
    for t, start in enumerate(range(0, 4, size), start=1):
        cell = {"weight before the step": w, "t before the step": D(t - 1), "t": D(t)}
        cell |= {f"{name} before the step": value for name, value in old.items()}
        gradients = []
        for j, (x, y) in enumerate(POINTS[start : start + size], start=1):
            of = "" if size == 1 else f" of batch point {j}"
            prediction = w * x
            gradients.append(2 * (prediction - y) * x)
            cell |= {"prediction" + of: prediction, "error" + of: prediction - y}
            cell |= {"gradient" + of: gradients[-1]}
            cell |= {f"squared gradient of point {j} at w=3": gradients[-1] ** 2}
        g = sum(gradients) / size
        cell |= {"gradient (batch mean)": g, "squared gradient": g * g}
        squares = sum(each**2 for each in gradients)
        cell |= {"sum of squares, points 1 and 2 at w=3": squares}
        cell |= {"sum of the 4 squared gradients at w=3": squares}
        cell |= {"squared mean, points 1 and 2 at w=3": g * g}
        cell |= {"squared mean of the 4 gradients at w=3": g * g, "sumsq4/sqmean4": squares / g**2}
        if method == "SGD":
            change = -ETA * g
        elif method == "Momentum":
            v = BETA * old["v"] + g
            cell |= {"v": v, "beta*v_old": BETA * old["v"], "100*beta*v_old/v_old": 100 * BETA}
            change = -ETA * v
        elif method == "Adam":
            m, v = BETA1 * old["m"] + (1 - BETA1) * g, BETA2 * old["v"] + (1 - BETA2) * g * g
            m_hat, v_hat = m / (1 - BETA1**t), v / (1 - BETA2**t)
            root = (v_hat + EPSILON).sqrt()
            change = -ETA * m_hat / root
            cell |= {
                "m": m, "v": v, "m_hat": m_hat, "v_hat": v_hat,
                "beta1*m_old": BETA1 * old["m"], "(1-beta1)*g": (1 - BETA1) * g,
                "beta2*v_old": BETA2 * old["v"], "(1-decay)*g^2": (1 - BETA2) * g * g,
                "beta1^t": BETA1**t, "1-beta1^t": 1 - BETA1**t,
                "beta2^t": BETA2**t, "1-beta2^t": 1 - BETA2**t,
                "eta*|m_hat|": abs(ETA * m_hat), "square root in the denominator": root,
            }  # fmt: skip
        else:
            if method == "AdaGrad":
                total = old["G"] + g * g
                cell |= {"G": total}
            else:
                total = RHO * old["E[g^2]"] + (1 - RHO) * g * g
                cell |= {"E[g^2]": total, "rho*E_old": RHO * old["E[g^2]"]}
                cell |= {"(1-decay)*g^2": (1 - RHO) * g * g}
            root = (total + EPSILON).sqrt()
            change = -ETA / root * g
            cell |= {
                "square root in the denominator": root,
                "effective learning rate": ETA / root,
                "effective LR as % of eta": 100 / root,
            }
        w += change
        cell |= {"weight change": change, "weight after the step": w, "|w - 5|": abs(w - 5)}
        old = {name: cell.get(name, value) for name, value in old.items()}
        result.append(cell)
    return result


ELSEWHERE = {
    "100*beta": 100 * BETA,
    "100*rho": 100 * RHO,
    "100*(1-rho)": 100 * (1 - RHO),
    "effective window 1/(1-rho)": 1 / (1 - RHO),
    "100*rho^10": 100 * RHO**10,
    "1-beta1": 1 - BETA1,
    "1-beta1^1": 1 - BETA1,
    "limit of 1-beta1^t": D(1),
    "100*E1/G1": 100 * (1 - RHO),
    "LinearLR start rate": D("0.0001"),
    "LinearLR end rate": D("0.001"),
    "operations of the full-batch box": D(2),
    **{f"updates per epoch, batch {size}": D(4 // size) for size in (1, 2, 4)},
    **{f"Adam's t in epoch 2 (step {t})": D(t) for t in (5, 6, 7, 8)},
}
#: Printed as magnitudes behind a minus sign, or in words.
TURNED = {"-": -1, "||": -1}


def test_exact_values_by_another_calculation(audit):
    sign = {row.id: row.sign for row in rows()}
    known: dict[tuple[str, int], list[dict[str, Decimal]]] = {}
    for row in audit.itertuples():
        if row.quantity in ELSEWHERE:
            expected = ELSEWHERE[row.quantity]
        else:
            key = (row.method, int(row.batch_size))
            known.setdefault(key, cells(*key))
            expected = known[key][int(row.step) - 1][row.quantity]
        if row.quantity in ("weight change", "(1-beta1)*g"):
            expected *= TURNED.get(sign[row.id], 1)
            if sign[row.id] == "||":
                expected = abs(expected)
        assert row.exact == pytest.approx(float(expected), rel=1e-12, abs=1e-13), row


# ---- Errata --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def errata() -> pd.DataFrame:
    return simopt.document.errata()


def test_errata_have_a_cause_and_a_consequence(errata):
    assert errata["line"].is_monotonic_increasing
    assert set(errata["kind"]) == set(KINDS)
    for column in ("printed", "right", "why", "consequence"):
        assert (errata[column].str.len() > 0).all()
    assert not errata["consequence"].str.contains("nan|inf", regex=True).any()


def test_every_deviation_goes_back_to_an_erratum(audit, errata):
    slips = errata[errata["results"] > 0]
    assert set(slips["line"]) == {293, 424, 453, 506, 559, 620, 658, 666, 913, 1054, 1079}
    deviating = [row for row in rows() if row.role != "operand" and judge(row).verdict != "exact"]
    assert len(deviating) == (audit["verdict"] != "exact").sum()
    for row in deviating:
        assert {root.line for root in judge(row).roots} <= set(slips["line"])
        assert judge(row).roots


def test_wrong_results_are_slips_or_errors_of_method(errata):
    kinds = errata.set_index("line")["kind"]
    assert kinds[[424, 620, 913]].eq("arithmetic slip").all()
    assert kinds[[1054, 1079]].eq("method error").all()


@pytest.mark.parametrize(
    ("line", "sayings"),
    [
        (424, ["the order of the scoreboard stays"]),
        (620, ["26% longer", "1.785"]),
        (913, ["-14.25", "4.425", "203.0625", "7.7, not 7.5"]),
        (1003, ["716.6", "270.44"]),
        (1006, ["86%"]),
        (1054, ["408.9", "3.187", "factor of 3.5, not 7.6"]),
        (1062, ["1.785, 1.813, 1.900"]),
        (1079, ["3.1978"]),
    ],
)
def test_consequences_say_how_much(errata, line, sayings):
    told = errata.set_index("line").loc[line, "consequence"]
    for saying in sayings:
        assert saying in told
