"""The records of the symptoms: complete, consistent, and the one source of every table."""

import pytest

from simopt.curves.prescription import FIXES, REMEDIES
from simopt.curves.prescription.advice import FRAMEWORK, TABLE
from simopt.curves.symptoms import BY_NAME, RECORDS, SYMPTOMS, check
from simopt.curves.symptoms.record import Symptom
from simopt.curves.validation.inseparable import INSEPARABLE, WHERE


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_a_record_refers_to_what_exists(record):
    assert set(record.unless) <= set(SYMPTOMS) - {record.name}
    assert set(record.fixes) <= set(FIXES)
    assert {alike.other for alike in record.alike} <= set(SYMPTOMS) - {record.name}
    assert {alike.where for alike in record.alike} <= set(WHERE)


def test_records_that_the_judge_could_not_work_with_are_refused():
    def record(name, rank, *unless):
        return Symptom(name=name, rank=rank, unless=unless)

    check([record("a", 0, "b"), record("b", 1, "c"), record("c", 2)])
    with pytest.raises(ValueError, match="circle: 'a' unless 'b' unless 'c' unless 'a'"):
        check([record("a", 0, "b"), record("b", 1, "c"), record("c", 2, "a")])
    with pytest.raises(ValueError, match="circle: 'a' unless 'a'"):
        check([record("a", 0, "a")])
    with pytest.raises(ValueError, match="unless of 'a'='x'"):
        check([record("a", 0, "x")])
    with pytest.raises(ValueError, match="name='a': must be the name of one symptom alone"):
        check([record("a", 0), record("a", 1)])
    with pytest.raises(ValueError, match="each once; they are 0 of 'a' and 2 of 'b'"):
        check([record("a", 0), record("b", 2)])


def test_ranks_are_the_places_of_symptoms():
    assert [record.rank for record in RECORDS] == list(range(len(RECORDS)))
    assert tuple(BY_NAME) == SYMPTOMS


def test_the_documents_tables_are_in_its_order():
    assert [line.symptom for line in TABLE] == [
        "Oscillates wildly", "Decreases, then explodes", "Decreases very slowly", "Plateaus early",
        "Plateaus, then drops", "Validation loss rises", "NaN or Inf", "AdaGrad stops learning",
        "Adam worse than SGD",
    ]  # fmt: skip
    assert [line.symptom for line in FRAMEWORK] == [
        "Loss unstable?", "Loss too slow?", "Loss plateau?", "Loss NaN?", "Adam underperforms?",
    ]  # fmt: skip
    assert FRAMEWORK[0].seen == ("oscillates wildly", "decreases then explodes")


def test_what_is_read_from_the_records():
    assert set(REMEDIES) == {record.name for record in RECORDS if record.fixes}
    assert {pair.symptom for pair in INSEPARABLE} == {r.name for r in RECORDS if r.alike}
