"""The advice of the document's troubleshooting table, tried: what each fix does to the loss."""

from simopt.prescription.fixes import FIXES, REMEDIES
from simopt.prescription.prescribing import prescribe

__all__ = ["FIXES", "REMEDIES", "prescribe"]
