"""Reading loss curves: what a curve shows, why, and what to do about it."""

from simopt.curves import features
from simopt.curves.diagnosis.batch import diagnose_many
from simopt.curves.diagnosis.diagnosis import Diagnosis, diagnose, diagnose_run
from simopt.curves.logs import read_log
from simopt.curves.symptoms import SYMPTOMS

__all__ = [
    "SYMPTOMS",
    "Diagnosis",
    "diagnose",
    "diagnose_many",
    "diagnose_run",
    "features",
    "read_log",
]
