"""What the operator says about one table, beside how its rows are understood."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from connectors.zones import zone_of
from engine.blackout import Blackout
from engine.cells import quoted
from engine.parse import Rules
from engine.schedule import zone_name


class TableRules(Struct, frozen=True):
    """renames: canonical header → the header it has in this table.   poll: between two looks at it.

    offline_limit: for so long its tasks run on from what was last read, while it can't be reached.
    quota_share: the part of what the vendor allows that is rowd's, over 0 and up to 1.
    max_stale: how old the copy of a table may be when a task of it starts, as far as looks can see to that; None: as it comes.
    zone_given: whether the operator has said the table's zone: then the store's own doesn't count.
    """

    rules: Rules
    renames: Mapping[str, str]
    poll: timedelta
    offline_limit: timedelta
    blackouts: tuple[Blackout, ...] = ()
    quota_share: float = 1.0
    max_stale: timedelta | None = None
    zone_given: bool = False

    def by_clock_of(self, store: str) -> TableRules:
        """As they are where the store names this zone as the table's own. One that nobody knows doesn't count."""
        zone = None if self.zone_given or not store else zone_of(store)
        return self if zone is None or zone == self.rules.zone else replace(self, rules=replace(self.rules, zone=zone))

    def beside(self, labels: frozenset[str] | None) -> TableRules:
        """As they are where other daemons run the rows of these labels; None while that isn't known."""
        rules = self.rules
        return replace(self, rules=replace(rules, remit=replace(rules.remit, beside=labels)))

    def zone_doubt(self, store: str) -> str | None:
        """What is to be said of a zone of the store's that nobody knows, but where the operator has said another."""
        if self.zone_given or not store or zone_of(store) is not None:
            return None
        return (
            f"its own time zone {quoted(store)} is unknown here, so its schedules run by {zone_name(self.rules.zone)}; choose"
            f" another there, or set tables.{self.rules.table}.time_zone in rowd.toml"
        )
