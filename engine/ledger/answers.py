"""Facts of the world outside, as they were told last: an answer holds for as long as `rowd.toml` says, also over a restart."""

from __future__ import annotations

import json

from engine.ledger.codec import instant, micros, prose
from engine.ledger.statements import upsert, with_columns
from engine.ledger.store import Store
from engine.outside import Known


class Answers(Store):
    """What came of asking for them, by name."""

    def facts(self) -> dict[str, Known]:
        """Every fact that was ever asked, also one that `rowd.toml` doesn't have any more."""
        return {
            name: Known(name, definition, json.loads(value), trouble, instant(asked_at), instant(told_at), instant(since))
            for name, definition, value, trouble, asked_at, told_at, since in self._rows(_FACTS)
        }

    def mark_fact(self, known: Known) -> None:
        """Put it in the place of what was known."""
        self._write(
            _FACT,
            {
                "name": known.name,
                "definition": known.definition,
                "value": json.dumps(known.value),
                "trouble": prose(known.trouble),
                "asked_at": micros(known.asked_at),
                "told_at": micros(known.told_at),
                "since": micros(known.since),
            },
        )


_COLUMNS = ("name", "definition", "value", "trouble", "asked_at", "told_at", "since")
_FACTS = with_columns("SELECT {facts} FROM facts", facts=_COLUMNS)
_FACT = upsert("facts", _COLUMNS, ("name",))
