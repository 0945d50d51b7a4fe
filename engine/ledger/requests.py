"""What people ask of tasks, by a button cell or by a command in another process: asked once, answered once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from actions.api import Value
from engine import deeds
from engine.asked import Request, Wish
from engine.ledger.codec import instant, micros, packed, prose, unpacked
from engine.ledger.errors import IllegalMove
from engine.ledger.store import Store
from engine.model import NO_EVENT


class Requests(Store):
    """Requests and their answers. Commands only insert and read here; the daemon answers."""

    def ask(
        self,
        table: str,
        key: str,
        wish: Wish,
        amount: float,
        by: str,
        at: datetime,
        event: Mapping[str, Value] = NO_EVENT,
        about: Mapping[str, Value] = NO_EVENT,
    ) -> int:
        """Put a request down; its id, which is never used again.   event, about: see `Request`."""
        rows = self._write_answering(
            _ASK,
            {
                "table": table,
                "key": key,
                "wish": Wish(wish).value,
                "amount": amount,
                "by": prose(by),
                "asked_at": micros(at),
                "event": packed(dict(event)) if event else "{}",
                "about": packed(dict(about)) if about else "{}",
            },
        )
        number = int(rows[0][0])
        self.note([deeds.asked(number, table, key, wish, amount, by, at, about)])
        return number

    def requests(self) -> list[Request]:
        """Those that have no answer yet, oldest first."""
        return [
            Request(r[0], r[1], r[2], Wish(r[3]), r[4], r[5], instant(r[6]), unpacked(r[7]), unpacked(r[8]))
            for r in self._rows(_OPEN)
        ]

    def answer(self, request: int, taken: bool, text: str, at: datetime) -> None:
        """Answer it, once. Raises: IllegalMove where it has an answer, or was never asked."""
        values = {"id": request, "taken": int(taken), "text": prose(text), "answered_at": micros(at)}
        found = self._write_answering(_ANSWER, values)
        if len(found) != 1:
            raise IllegalMove(f"request {request} has an answer already, or was never asked")
        table, key = found[0]
        self.note([deeds.answered(request, table, key, taken, text, at)])

    def answer_to(self, request: int) -> tuple[bool, str] | None:
        """Whether it was taken, and the text; None while there is no answer, and for a request that isn't there."""
        rows = self._rows(_ANSWER_TO, {"id": request})
        return (bool(rows[0][0]), rows[0][1]) if rows else None


_ASK = """
    INSERT INTO requests ("table", "key", wish, amount, "by", asked_at, text, event, about)
    VALUES (:table, :key, :wish, :amount, :by, :asked_at, '', :event, :about)
    RETURNING id
"""
_OPEN = """
    SELECT id, "table", "key", wish, amount, "by", asked_at, event, about
    FROM requests
    WHERE answered_at IS NULL
    ORDER BY id
"""
_ANSWER = """
    UPDATE requests
    SET taken = :taken, text = :text, answered_at = :answered_at
    WHERE id = :id AND answered_at IS NULL
    RETURNING "table", "key"
"""
_ANSWER_TO = "SELECT taken, text FROM requests WHERE id = :id AND answered_at IS NOT NULL"
