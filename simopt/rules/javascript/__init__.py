"""The rules in JavaScript: functions of numbers translated by a walk through their syntax trees.

A Python function becomes a JavaScript function, statement by statement, with every operation in its
order: both compute in IEEE doubles, so the results have the same bits. A function that reads names
of the function around it becomes one that takes these names and returns it, so that each is written
once, however many rules are built of it. What the walk does not know is an error, never a guess.

Numbers, booleans and text that a function reads from outside are put in as they are now; functions
are translated as well. Whole numbers below 2^32 are combined as in `simopt.training.shuffling`:
``x & 0xFFFFFFFF`` keeps the low 32 bits.
"""

from simopt.rules.javascript.formula import Expression
from simopt.rules.javascript.script import EXACT, NEARLY, Script, translate
from simopt.rules.javascript.writer import Untranslatable

__all__ = ["EXACT", "NEARLY", "Expression", "Script", "Untranslatable", "translate"]
