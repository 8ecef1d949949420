"""From the features of curves to a symptom each, and how sure."""

from __future__ import annotations

#: What a loss curve can show, in the words of the document's table where it has one.
SYMPTOMS = (
    "healthy",
    "oscillates wildly",
    "decreases then explodes",
    "decreases very slowly",
    "plateaus early",
    "plateaus, then drops",
    "validation rises",
    "NaN or Inf",
    "stopped learning mid-training",
    "noise floor",
    "can't tell",
)
