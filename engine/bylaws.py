"""By which rules one table is understood: the operator's, in the light of what the table itself says. Pure."""

from __future__ import annotations

from datetime import datetime

from engine.findings import Reading
from engine.rules import TableRules


class Bylaws:
    """One table's.

    rules: as they hold now.   clock: the table's own time zone, as its store named it last; "" for none.
    """

    def __init__(self, given: TableRules, clock: str) -> None:
        """given: as the operator has them."""
        self.clock = clock
        self._given = given
        self._beside: frozenset[str] | None = None
        self.rules = given.by_clock_of(clock)

    def replace(self, given: TableRules) -> None:
        """Go on with other rules of the operator's."""
        self._given = given
        self.rules = given.by_clock_of(self.clock).beside(self._beside)

    def turned(self, reading: Reading) -> bool:
        """Go by the zone that the store names now. True where that is another than counted until now."""
        if reading.headless is not None or reading.time_zone == self.clock:
            return False
        self.clock, zone = reading.time_zone, self.rules.rules.zone
        self.replace(self._given)
        return self.rules.rules.zone != zone

    def joined(self, reading: Reading, now: datetime) -> bool:
        """Know who runs the rows that aren't ours. True where that is news."""
        if reading.headless is not None:
            return False
        beside = frozenset(label for lease in reading.leases if now < lease.until for label in lease.labels)
        if beside == self._beside:
            return False
        self._beside = beside
        self.replace(self._given)
        return True

    @property
    def zone_doubt(self) -> tuple[str, ...]:
        """A sentence on the table's own time zone, where that is unknown."""
        doubt = self._given.zone_doubt(self.clock)
        return () if doubt is None else (doubt,)
