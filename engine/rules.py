"""What the operator says about one table, beside how its rows are understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from engine.blackout import Blackout
from engine.parse import Rules


@dataclass(frozen=True, slots=True)
class TableRules:
    """renames: canonical header → the header it has in this table.   poll: between two looks at it.

    offline_limit: for so long its tasks run on from what was last read, while it can't be reached.
    quota_share: the part of what the vendor allows that is rowd's, over 0 and up to 1.
    max_stale: how old the copy of a table may be when a task of it starts, as far as looks can see to that; None: as it comes.
    """

    rules: Rules
    renames: Mapping[str, str]
    poll: timedelta
    offline_limit: timedelta
    blackouts: tuple[Blackout, ...] = ()
    quota_share: float = 1.0
    max_stale: timedelta | None = None
