"""The audit trail: deeds, in records that each hold the seal of the one before, so that none can be changed unnoticed. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec import Struct, field

Said = str | int | float | bool | None

_NOTHING: Mapping[str, Said] = {}

FORMAT = "rowd audit trail 1"

UNTOLD = "what came before it is gone, and no record says that it was pruned"


class Kind(StrEnum):
    """What was done. The first word is what it was done to."""

    ROW_ADDED = "row.added"
    ROW_EDITED = "row.edited"
    ROW_DELETED = "row.deleted"
    ROW_PUT = "row.put"
    ROW_ANNOUNCED = "row.announced"
    REQUEST_MADE = "request.made"
    REQUEST_ANSWERED = "request.answered"
    EVENT_EMITTED = "event.emitted"
    RUN_APPROVED = "run.approved"
    RUN_BEGUN = "run.begun"
    RUN_STOPPED = "run.stopped"
    RUN_ENDED = "run.ended"
    TABLE_PREPARED = "table.prepared"
    TABLE_MOVED = "table.moved"
    DAEMON_STARTED = "daemon.started"
    DAEMON_ENDED = "daemon.ended"
    CONFIG_TAKEN = "config.taken"
    LEDGER_RESTORED = "ledger.restored"
    TRAIL_PRUNED = "trail.pruned"


class Deed(Struct, frozen=True, array_like=True, gc=False):
    """What somebody, or rowd, did.

    kind: a `Kind`; text, since a newer rowd may know others.   row: its Name then.   by: who, as far as is known.
    run: the id of the run that it is about.   what: all else, by name.
    """

    at: datetime
    kind: str
    table: str = ""
    key: str = ""
    row: str = ""
    by: str = ""
    run: str = ""
    what: Mapping[str, Said] = _NOTHING


class Record(Struct, frozen=True):
    """The deeds of one commit, or of a part of it, as they are stored.

    n: the number of the last of its deeds, which are counted from 1 on.   at: of the newest of them, microseconds since 1970 UTC.
    deeds: JSON, one line.   before: the seal of the record before; of the first one, `root`.   seal: over all of these.
    """

    n: int
    at: int
    deeds: str
    before: str
    seal: str


def written(deeds: Sequence[Deed]) -> str:
    """As a record has them. Half a surrogate pair, as in an argument of an odd encoding, is spelled out."""
    try:
        return _OUT.encode(deeds).decode()
    except UnicodeEncodeError:
        return _OUT.encode([_spelled(deed) for deed in deeds]).decode()


def _spelled(deed: Deed) -> Deed:
    what = {_encodable(name): _encodable(said) if isinstance(said, str) else said for name, said in deed.what.items()}
    texts = {name: _encodable(getattr(deed, name)) for name in ("kind", "table", "key", "row", "by", "run")}
    return Deed(deed.at, **texts, what=what)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def deeds_of(record: Record) -> list[Deed]:
    """Its deeds, in their order. Raises ValueError for text that holds none."""
    return _IN.decode(record.deeds)


def root(ledger: str) -> str:
    """What the first record of a ledger's trail follows on.   ledger: its id."""
    return _digest(f"{FORMAT}\n{ledger}")


def seal(before: str, n: int, at: int, deeds: str) -> str:
    """SHA-256 of the four, a line each."""
    return _digest(f"{before}\n{n}\n{at}\n{deeds}")


class Head(Struct, frozen=True):
    """Where a trail has come to: with this kept elsewhere, it can be told later whether it is still the same."""

    n: int
    seal: str

    def __str__(self) -> str:
        return f"{self.n}:{self.seal}"


class Break(Struct, frozen=True):
    """Where a trail holds no more.   n: of the record, as it says; None where there is none any more.   why: a clause."""

    n: int | None
    at: int | None
    why: str


class Fork(Struct, frozen=True):
    """A copy that was put in the ledger's place.   n: of the deed.   deed: the ledger's restoring, as it was told."""

    n: int
    deed: Deed


class Verdict(Struct):
    """What became of looking at a trail.

    holds: how many records hold, from the first on.   number: of deeds in them.   first: the number of the first deed that is kept.
    head: of the last record that holds, None without any.   broken: the first break, None for none.
    behind: how many records follow on the break.   apart: further breaks among these.   forks: oldest first.
    known: of the head that was asked about, whether it stands in the trail; None where that can't be told, since it was pruned.
    """

    holds: int = 0
    number: int = 0
    first: int = 1
    head: Head | None = None
    broken: Break | None = None
    behind: int = 0
    apart: int = 0
    forks: list[Fork] = field(default_factory=list)
    known: bool | None = False


def examined(records: Iterable[Record], ledger: str, counted: int, against: Head | None = None) -> Verdict:
    """Whether a trail is as it was written.

    records: all, in the order of their numbers.   ledger: its id.   counted: how many deeds were ever put down, as it says.
    against: a head that was kept elsewhere; its number is 0 where only the seal is known.
    """
    looked = _Examination(Head(0, root(ledger)), against)
    for record in records:
        looked.look_at(record)
    return looked.verdict(counted)


class _Examination:
    """Of records, one after the other."""

    def __init__(self, root: Head, against: Head | None) -> None:
        self._root, self._against = root, against
        self._found = Verdict()
        self._last = self._begins = root
        self._oldest: Record | None = None
        self._total = 0
        self._breaks: list[Break] = []
        self._pruned: set[Head] = set()

    def look_at(self, record: Record) -> None:
        """The next one."""
        deeds = _read(record)
        first = record.n - len(deeds) + 1
        self._total += 1
        if self._oldest is None:
            self._oldest, self._found.first = record, first
            self._begins = self._last = Head(first - 1, record.before)
        if (why := _wrong(record, deeds, self._last)) is not None:
            self._breaks.append(Break(record.n, record.at, why))
        for number, deed in enumerate(deeds, first):
            self._heed(number, deed)
        self._last = Head(record.n, record.seal)
        if not self._breaks:
            found = self._found
            found.holds, found.number, found.head = self._total, found.number + len(deeds), self._last
            found.known = found.known or self._against in (self._last, Head(0, record.seal))

    def _heed(self, number: int, deed: Deed) -> None:
        if deed.kind == Kind.LEDGER_RESTORED:
            self._found.forks.append(Fork(number, deed))
        elif deed.kind == Kind.TRAIL_PRUNED:
            until = deed.what.get("until")
            self._pruned.add(Head(until if isinstance(until, int) else 0, str(deed.what.get("seal"))))

    def verdict(self, counted: int) -> Verdict:
        """Once there are no more."""
        found, breaks, oldest = self._found, self._breaks, self._oldest
        rooted = self._begins in {self._root, *self._pruned}
        if oldest is not None and not rooted and not (breaks and breaks[0].n == oldest.n):
            breaks.insert(0, Break(oldest.n, oldest.at, UNTOLD))
            found.holds, found.number, found.head, found.known = 0, 0, None, False
        if not breaks and self._last.n != counted:
            told = f"the last deed that is there is number {self._last.n:,}, and {counted:,} were put down"
            breaks.append(Break(None, None, f"the newest deeds are gone: {told}"))
        if breaks:
            found.broken, found.apart = breaks[0], len(breaks) - 1
            found.behind = max(self._total - found.holds - 1, 0)
        elif self._against is not None and 0 < self._against.n < found.first:
            found.known = True if self._against == self._begins else None
        return found


def _wrong(record: Record, deeds: Sequence[Deed], before: Head) -> str | None:
    """Why a record doesn't stand where it stands; None where it does."""
    if seal(record.before, record.n, record.at, record.deeds) != record.seal:
        return "it was changed: its seal is not that of what it says"
    if not deeds:
        return "it holds no deeds that could be read"
    first = record.n - len(deeds) + 1
    if first > before.n + 1:
        return f"deeds {before.n + 1:,} to {first - 1:,} are gone: what stood before it was removed"
    if record.before != before.seal or first <= before.n:
        return "it doesn't follow on the one before it: one of the two was put in, replaced or moved"
    return None


def _read(record: Record) -> Sequence[Deed]:
    """Its deeds; none where they can't be read."""
    try:
        return deeds_of(record)
    except (ValueError, UnicodeError):
        return ()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


_OUT = msgspec.json.Encoder()
_IN = msgspec.json.Decoder(list[Deed])
