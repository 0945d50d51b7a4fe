"""Whether a task may run as things stand: a condition as people write it, and what it comes to for given values. Pure.

The way of a cell: `tidy` → `ambiguous` (both readings) → `grammar` (by lark) → `build` (the limits) → a tree of `tree`, looked
through by `sense`; where it can't be read, `meant` or `stopped` say the remedy; `spelling` says it back. `reading` holds
that together. The way of the values: `operands` → `arithmetic`, `matching` → `evaluating`, which gathers `grounds`.
"""

from engine.condition.evaluating import Given, Unknown, Values, Verdict, evaluate
from engine.condition.reading import Condition, parse
from engine.condition.spelling import dotted
from engine.condition.tree import Reference
from engine.condition.unreadable import Undecidable, Unreadable

__all__ = [
    "Condition",
    "Given",
    "Reference",
    "Undecidable",
    "Unknown",
    "Unreadable",
    "Values",
    "Verdict",
    "dotted",
    "evaluate",
    "parse",
]
