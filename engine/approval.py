"""What a run waits for that somebody has to approve, as values: the operator's rule, and where the run stands with it."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

SOMEONE = "someone with edit access"
"""Who has approved in a table: a sheet doesn't tell who typed."""


class ApprovalRule(Struct, frozen=True):
    """Of an action whose runs wait for an approval.

    definition: a mark of all that `rowd.toml` says of the action.   in_table: `approve` in Do will do.
    within: for how long a run waits; None for ever.
    """

    definition: str
    in_table: bool = False
    within: timedelta | None = None


class Approval(Struct, frozen=True, gc=False):
    """Of one run.

    wanted_at: since when what it would do waits.   in_table: `approve` in Do will do.   until: when it is skipped; None for never.
    definition, row: marks of what `rowd.toml` says of its action, and of what its row says, as of then.
    terms: a mark of all that it would do: who approves it approves this, and nothing else.
    by: who has approved it, "" for nobody yet; when; and what they said of it.
    void: why an approval that was given before holds no more, a clause; "" where none was.
    """

    wanted_at: datetime
    definition: str
    row: str
    terms: str
    in_table: bool = False
    until: datetime | None = None
    by: str = ""
    given_at: datetime | None = None
    remark: str = ""
    void: str = ""
