"""Workflows, by the rounds in which they have gone."""

from __future__ import annotations

import msgspec

from actions.api import Outcome
from engine.ledger.codec import instant, micros, packed, prose
from engine.ledger.statements import upsert, with_columns
from engine.ledger.store import Store
from engine.links import WorkflowRound

KEPT = 50
"""Rounds of each workflow; older ones are forgotten."""

_TAKEN = msgspec.json.Decoder(dict[str, str])


class Workflows(Store):
    """Rounds of workflows, by table and name."""

    def newest_rounds(self, table: str) -> list[WorkflowRound]:
        """The newest of each workflow of this table that was ever seen."""
        return [_round(row) for row in self._rows(_NEWEST, {"table": table})]

    def rounds(self, table: str, name: str, most: int) -> list[WorkflowRound]:
        """Of one workflow, those that have ended, newest first."""
        return [_round(row) for row in self._rows(_ROUNDS, {"table": table, "name": name, "most": most})]

    def mark_round(self, one: WorkflowRound) -> None:
        """Put it down, once: for the same round again, this changes nothing but what it says."""
        self._write(
            _MARK,
            {
                "table": one.table,
                "name": prose(one.name),
                "number": one.number,
                "since": micros(one.since),
                "began_at": micros(one.began_at),
                "ended_at": micros(one.ended_at),
                "outcome": one.outcome.value if one.outcome is not None else None,
                "reason": prose(one.reason),
                "taken": packed(one.taken),
            },
        )
        self._write(_FORGET, {"table": one.table, "name": prose(one.name), "until": one.number - KEPT})


def _round(row: tuple[object, ...]) -> WorkflowRound:
    table, name, number, since, began_at, ended_at, outcome, reason, taken = row
    return WorkflowRound(
        table=str(table),
        name=str(name),
        number=int(str(number)),
        since=instant(int(str(since))),
        began_at=instant(int(str(began_at))),
        ended_at=instant(int(str(ended_at))),
        outcome=Outcome(str(outcome)) if outcome is not None else None,
        reason=str(reason),
        taken=_TAKEN.decode(str(taken)),
    )


_COLUMNS = ("table", "name", "number", "since", "began_at", "ended_at", "outcome", "reason", "taken")
_NEWEST = with_columns(
    'SELECT {workflows} FROM workflows WHERE "table" = :table AND number = '
    '(SELECT max(number) FROM workflows newer WHERE newer."table" = workflows."table" AND newer.name = workflows.name)',
    workflows=_COLUMNS,
)
_ROUNDS = with_columns(
    'SELECT {workflows} FROM workflows WHERE "table" = :table AND name = :name AND number > 0 ORDER BY number DESC LIMIT :most',
    workflows=_COLUMNS,
)
_MARK = upsert("workflows", _COLUMNS, ("table", "name", "number"))
_FORGET = 'DELETE FROM workflows WHERE "table" = :table AND name = :name AND number <= :until'
