"""The advice of the document's troubleshooting table, tried: what each fix does to the loss."""

from simopt.prescription.fixes import FIXES, REMEDIES
from simopt.prescription.prescribing import prescribe
from simopt.prescription.tables import framework, table
from simopt.prescription.trying import try_all

__all__ = ["FIXES", "REMEDIES", "framework", "prescribe", "table", "try_all"]
