"""What occurrences would do that wait, as that changes before they begin: put down anew, together with who has approved it."""

from __future__ import annotations

from collections.abc import Sequence

from engine import deeds
from engine.ledger.errors import IllegalMove
from engine.ledger.store import Store
from engine.ledger.values import values_of
from engine.model import Occurrence


class Revisions(Store):
    """Of claims that wait for an approval."""

    def revise(self, occurrences: Sequence[Occurrence]) -> None:
        """Put down what these would do, and how they stand with its approval. None of them has an attempt under way.

        Raises: IllegalMove; then the transaction must be given up.
        """
        steps = [{name: value for name, value in values_of(o).items() if name in _REVISED} for o in occurrences]
        if steps and self._write(_REVISE, steps) != len(steps):
            raise IllegalMove(f"one of these is under way, or over: {', '.join(o.id for o in occurrences)}")
        self.note(deed for o in occurrences if (deed := deeds.approved(o)) is not None)


_REVISED = ("id", "action", "parameters", "timeout", "attempts", "repeatable", "retry_wait", "priority", "approval")
_REVISE = """
    UPDATE occurrences
    SET action = :action,
        parameters = :parameters,
        timeout = :timeout,
        attempts = :attempts,
        repeatable = :repeatable,
        retry_wait = :retry_wait,
        priority = :priority,
        approval = :approval
    WHERE id = :id AND stage IN ('claimed', 'waiting')
"""
