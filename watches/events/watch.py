"""What was emitted at a source, taken up once."""

from __future__ import annotations

from watches.api import Inward, Look, Record


class Events(Inward):
    """`kind = "events"`. The state is the number of the newest that was taken up."""

    def __init__(self, name: str) -> None:
        self.name = name

    def look_into(self, record: Record, before: str | None) -> Look:
        """All that has yet to be taken up, also at first sight: it was emitted at this source, whatever rowd.toml said then."""
        last = int(before or 0)
        emitted = record.emitted(self.name, last)
        newest = emitted[-1].n if emitted else 0
        return Look(str(newest or last), tuple(one.happening for one in emitted), taken=newest)
