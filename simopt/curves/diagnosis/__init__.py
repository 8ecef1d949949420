"""Reading loss curves: what a curve shows, why, and what to do about it."""

from simopt.curves import features
from simopt.curves.diagnosis.batch import diagnose_many
from simopt.curves.diagnosis.diagnosis import Diagnosis, diagnose, read_and_judge
from simopt.curves.symptoms import SYMPTOMS

__all__ = ["SYMPTOMS", "Diagnosis", "diagnose", "diagnose_many", "features", "read_and_judge"]
