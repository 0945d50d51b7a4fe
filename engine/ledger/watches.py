"""Watched sources as they were seen last: what a change is told by, also one that came while no daemon ran."""

from __future__ import annotations

from engine.ledger.codec import instant, instant_or_none, micros, micros_or_none, prose
from engine.ledger.records import WatchMark
from engine.ledger.statements import upsert, with_columns
from engine.ledger.store import Store


class Watches(Store):
    """Marks of watched sources, by name."""

    def watch_marks(self) -> dict[str, WatchMark]:
        """Every source that was ever looked at, also one that `rowd.toml` doesn't have any more."""
        return {
            name: WatchMark(
                name=name,
                definition=definition,
                state=state,
                seen_at=instant_or_none(seen_at),
                changed_at=instant_or_none(changed_at),
                summary=summary,
                trouble=trouble,
                since=instant(since),
            )
            for name, definition, state, seen_at, changed_at, summary, trouble, since in self._rows(_MARKS)
        }

    def mark_watch(self, mark: WatchMark) -> None:
        """Put the mark in the place of the source's last one."""
        self._write(
            _MARK,
            {
                "name": mark.name,
                "definition": mark.definition,
                "state": mark.state,
                "seen_at": micros_or_none(mark.seen_at),
                "changed_at": micros_or_none(mark.changed_at),
                "summary": prose(mark.summary),
                "trouble": prose(mark.trouble),
                "since": micros(mark.since),
            },
        )


_COLUMNS = ("name", "definition", "state", "seen_at", "changed_at", "summary", "trouble", "since")
_MARKS = with_columns("SELECT {watches} FROM watches", watches=_COLUMNS)
_MARK = upsert("watches", _COLUMNS, ("name",))
