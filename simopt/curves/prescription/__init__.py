"""The advice of the document's troubleshooting table, tried: what each fix does to the loss."""

from simopt.curves.prescription.advice import TABLE
from simopt.curves.prescription.fixes import FIXES, REMEDIES
from simopt.curves.prescription.prescribing import prescribe
from simopt.curves.prescription.runner import try_all
from simopt.curves.prescription.tables import framework, table

__all__ = ["FIXES", "REMEDIES", "TABLE", "framework", "prescribe", "table", "try_all"]
