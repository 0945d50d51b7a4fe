"""How a table stands with us: whether it can be read, trusted and written, since when, and what that means for its starts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from msgspec import Struct

from connectors.errors import NeedsOwner, TableError, Taken
from engine.ledger import Reach, TableMark
from engine.plan import Hold, Released, bare, cause, public
from engine.wording import moment

NO_ACCESS_AFTER = timedelta(minutes=15)
"""A table that needs its owner holds its starts after this long; until then it runs on from the ledger's copy."""

UNSERVED = "the table is no longer in rowd.toml"
"""Why nothing of it starts any more, and what waited has ended."""

HAD_ELSEWHERE = "another daemon had the table"
"""Why what came due meanwhile, and that one has not run, was not claimed in time. A clause for a record."""


class Trouble(Struct, frozen=True):
    """What keeps a table from being read, or from being written, and since when."""

    since: datetime
    error: TableError


def reach_of(error: TableError) -> Reach:
    """In what state a table is that can't be read for this."""
    if error.spent:
        return Reach.SPENT
    return Reach.NO_ACCESS if isinstance(error, NeedsOwner) else Reach.UNREACHABLE


class Access:
    """One table's.

    zone: the table's, in which people are told its times.
    trouble: it can't be read.   unwritable: it can be read, but results wait.   held: it can be read, but not be trusted: why.
    elsewhere: which other daemon has it, in one sentence, until it is ours again, also over a restart; None while it is ours.
    unrecorded: why no history is kept beside it, with the remedy, where one is wanted; none or one sentence.
    released: the last hold that is over.   served: False once the operator has taken the table out of rowd.toml.
    first_read: None until it was read and its headers understood.   last_read: of complete reads.
    known_at: when what is known of it was last sure to be what it says: it was read then, or had not changed.
    """

    def __init__(self, offline_limit: timedelta, mark: TableMark | None, zone: tzinfo = UTC, table: str = "") -> None:
        """mark: what the ledger says of the table; None where it was never read.   table: its name."""
        self.table = table
        self.offline_limit = offline_limit
        self.zone = zone
        self.trouble: Trouble | None = None
        self.unwritable: Trouble | None = None
        self.unrecorded: tuple[str, ...] = ()
        self.held = mark.message if mark is not None and mark.state is Reach.HELD else None
        self.elsewhere = mark.message if mark is not None and mark.state is Reach.ELSEWHERE else None
        self.released: Released | None = None
        self.served = True
        self.first_read = mark.first_read if mark is not None else None
        self.last_read = self.known_at = mark.last_read if mark is not None else None
        self._since: datetime | None = None  # since when it can be read, and is held or not
        self._lapsed = False

    def failed(self, error: TableError, since: datetime) -> bool:
        """It can't be read.   since: counts where it could be read until now.   True where that is news."""
        before = self.trouble
        self.trouble = Trouble(before.since if before is not None else since, error)
        if isinstance(error, Taken):
            self.elsewhere = bare(self.table, str(error))
        return before is None or (type(error), str(error)) != (type(before.error), str(before.error))

    def delayed(self, error: TableError, since: datetime) -> bool:
        """It can't be written; otherwise as `failed`."""
        before = self.unwritable
        self.unwritable = Trouble(before.since if before is not None else since, error)
        return before is None or str(error) != str(before.error)

    def was_read(self, held: str | None, now: datetime) -> bool:
        """It was read completely.   held: why nothing of it may start all the same.   True where other starts are allowed now."""
        starts = self.held != held or self._lapsed or self.elsewhere is not None
        if starts or self.trouble is not None or self._since is None:
            self._since = now
        if self.held is not None and held is None:
            self.released = Released(now, f"the table was held: {public(cause(self.held))}")
        if self.elsewhere is not None:
            self.released = Released(now, HAD_ELSEWHERE)
        self.trouble, self.held, self.elsewhere, self.last_read, self._lapsed = None, held, None, now, False
        self.known_at = now
        return starts

    def hold(self, now: datetime) -> Hold | None:
        """Why nothing of the table may start; None where its rows may."""
        if self.elsewhere is not None:
            return Hold(public(self.elsewhere))
        if self.trouble is not None and now >= self._runs_on_until(self.trouble):
            state = reach_of(self.trouble.error)
            why = "offline too long" if state is Reach.UNREACHABLE else str(state)
            return Hold(f"{why}: {public(self._said(self.trouble))}", record=True)
        if not self.served:
            return Hold(UNSERVED)
        return Hold(public(self.held)) if self.held is not None else None

    def changes_at(self) -> datetime | None:
        """When time alone changes what `hold` says."""
        if self.trouble is None or self._lapsed or self.elsewhere is not None:
            return None
        return self._runs_on_until(self.trouble)

    def lapses(self, now: datetime) -> bool:
        """True once, when the table has been away for so long that its starts are held from now on."""
        at = self.changes_at()
        if at is None or now < at:
            return False
        self._lapsed = True
        return True

    def _runs_on_until(self, trouble: Trouble) -> datetime:
        return trouble.since + (NO_ACCESS_AFTER if isinstance(trouble.error, NeedsOwner) else self.offline_limit)

    def reach(self, now: datetime) -> tuple[Reach, datetime, str]:
        """In what state it is, since when, and why in one sentence; "" where all is well."""
        if self.elsewhere is not None:
            return Reach.ELSEWHERE, self.trouble.since if self.trouble is not None else self._since or now, self.elsewhere
        if self.trouble is not None and self.held is not None and self.last_read is not None:
            held, error = self.held.rstrip("."), self._said(self.trouble).rstrip(".")
            return Reach.HELD, self.trouble.since, held if error in held else f"{error}; and before that: {held}"
        if self.trouble is not None:
            told = f"{self._said(self.trouble).rstrip('.')}; {self._meanwhile(self.trouble, now)}"
            return reach_of(self.trouble.error), self.trouble.since, told
        if self.held is not None:
            return Reach.HELD, self._since or now, self.held
        if self.unwritable is not None:
            return Reach.UNWRITABLE, self.unwritable.since, self._said(self.unwritable)
        return Reach.OK, self._since or now, ""

    def _said(self, trouble: Trouble) -> str:
        """Why, for whoever sees which table it is of."""
        return bare(self.table, str(trouble.error))

    def _meanwhile(self, trouble: Trouble, now: datetime) -> str:
        """What becomes of its tasks while it can't be read."""
        if self.last_read is None:
            return "none of its rows is known yet"
        until = self._runs_on_until(trouble)
        return "nothing of it starts" if now >= until else f"its tasks run on as last read until {moment(until, self.zone)}"
