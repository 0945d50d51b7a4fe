"""What each row meant, from when to when, and what rowd can have known of it: told from the table, and from what was read of it.

A *span* is a stretch of time through which a row meant one and the same. What comes due in a span that rowd has surely taken
note of, and surely had the time to deal with, must have its record; what lies outside every span must have none.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from tests.simulation import dues
from tests.simulation.facts import CONDITIONS
from tests.simulation.machine import MICRO, Machine
from tests.simulation.operator import APPROVED
from tests.simulation.sheets import Grid, Sheet
from tests.simulation.stretches import Kept, Stretches

MEANS = ("Name", "Type", "Action", "Schedule", "Threshold", "Status", "Metadata", "Time Zone", "Catch Up", "Overlap", "Timeout")
EVENTFUL = ("Watch", "Counts", "Condition", "Deadline", "Depends On", "On Failure")
"""Columns that only tables have to which things happen."""

ALSO = ("Attempts", "Jitter", "Priority", "Current", *EVENTFUL)
"""Further cells that can make a row a defect."""

ZONES = ("", "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
DEADLINES: Mapping[str, int] = {"25s": 25, "70s": 70, "3 min": 180}
"""What stands in the cell → seconds after it comes due."""

SANE: Mapping[str, tuple[str, ...]] = {
    "Metadata": ("", "{}", '{"n": 1}', '{"n": 2}'),
    "Catch Up": ("", "skip", "once", "all"),
    "Overlap": ("", "skip", "queue", "parallel", "restart"),
    "Timeout": ("", "20s", "90s", "5 min"),
    "Attempts": ("", "1", "2", "3", "5"),
    "Jitter": ("", "10s", "2 min"),
    "Priority": ("", "low", "normal", "high", "5"),
    "Time Zone": ZONES,
    "Watch": ("", "inbox", "inbox, told", "told", "hook", "failures", "wins, failures", "remarks", "edits"),
    "Counts": ("", "", "inbox", "told, inbox", "edits"),
    "Condition": ("", *CONDITIONS),
    "Deadline": ("", *DEADLINES),
    "On Failure": ("", "", "skip", "run", "run", "block"),
}
"""Column → what a person types there in earnest; anything else is a defect."""

ON_OTHERS = 'tasks["{}"].outcome == "succeeded"'
"""A condition on a row that the row waits for."""

JITTERS = {"": 0, "10s": 10, "2 min": 120}
ACTIVE = ("", "active", "Active")

SETTLED = 5 * MICRO
"""Microseconds from what a person last wrote into a row: while one goes on to write, it goes on to settle. That it was read,
`Span.known` says.
"""

SLACK = timedelta(seconds=30)
"""How long after its due instant an occurrence is dealt with at the latest, where all is well."""


LOST = -1

NEVER, ANY_TIME = dues.NEVER, dues.Every(1)


@dataclass(frozen=True)
class Meaning:
    """What a row wants, as far as its cells tell.

    kind: time, counter, event, completion, manual, or none (a defect, a draft, paused, completed).

    dues: of a time; a number of seconds where they count from when the row is seen.   goal: of a counter.
    """

    kind: str
    dues: dues.Dues | int = NEVER
    jitter: int = 0
    catch_up: str = ""
    overlap: str = ""
    action: str = ""
    goal: float = 0
    text: str = ""
    status: str = ""
    anew: tuple[str, ...] = ()  # the cells in which any change begins the schedule anew
    attempts: str = ""
    timeout: str = ""
    priority: str = ""
    latent: dues.Dues | int = NEVER  # when it would come due, were it not for another cell: recorded once that is mended
    watches: tuple[str, ...] = ()  # what it reacts to, while it is in service
    counts: tuple[str, ...] = ()  # what counts it up, paused or not
    condition: str = ""
    deadline: str = ""
    after: tuple[str, ...] = ()  # the rows that it waits for, by their names, while it is in service
    on_failure: str = ""
    values: str = ""  # of an action that is to be approved: with what it is to run, as it stands there

    @property
    def understood(self) -> bool:
        """It is a task, be it a paused one."""
        return bool(self.anew)

    @property
    def one_off(self) -> bool:
        return isinstance(self.dues, int | dues.At)


@dataclass
class Span:
    """A stretch through which a row meant the same.

    sure: nothing about the row was ambiguous (id, name, columns).   begun, ended: moments; `ended` None while it lasts.
    low: nothing that comes due at or before it belongs here.   high: nor after it; None while that isn't known.
    known: what comes due later than this was surely known, since the moment `known_at`; None where rowd may never have read it.
    settled: what came due before it has surely been dealt with.
    before, after: how often rowd had read the table when it began, and when it ended: things may happen at one moment.
    """

    key: str
    meaning: Meaning
    sure: bool
    begun: int
    low: datetime
    ended: int | None = None
    high: datetime | None = None
    known: datetime | None = None
    settled: datetime | None = None
    known_at: int | None = None
    before: int = 0
    after: int = 0


@dataclass(frozen=True)
class Terms:
    """What of the operator's settings gives cells their meaning."""

    zone: tzinfo
    actions: frozenset[str]


def meaning(cells: Mapping[str, str], terms: Terms) -> Meaning:
    """cells: under canonical headers; a column that isn't there is blank."""
    return _meaning(tuple(cells.get(c, "") for c in (*MEANS, *ALSO)), terms)


@lru_cache(50_000)
def _meaning(values: tuple[str, ...], terms: Terms) -> Meaning:
    cells = dict(zip((*MEANS, *ALSO), values, strict=True))
    status = cells["Status"]
    said = Meaning("none", status=status, text=cells["Schedule"], action=cells["Action"], latent=_latent(cells, terms))
    if status not in (*ACTIVE, "paused") or not cells["Name"] or cells["Action"] not in terms.actions:
        return said
    if any(cells[c] not in sane for c, sane in SANE.items() if not (c == "Condition" and on_others(cells[c], cells["Depends On"]))):
        return said
    kind = _kind(cells)
    if kind is None:
        return said
    when = _latent(cells, terms) if kind == "time" else NEVER
    if kind == "time" and when == NEVER and status != "paused":
        return said
    paused = status == "paused"
    return Meaning(
        "none" if paused else kind,
        dues.Never() if paused else when,
        JITTERS[cells["Jitter"]],
        cells["Catch Up"],
        cells["Overlap"],
        cells["Action"],
        float(cells["Threshold"]) if kind == "counter" else 0,
        cells["Schedule"],
        status,
        (*(cells[c] for c in ("Schedule", "Type", "Time Zone", "Threshold")), _clock(cells, terms)),
        cells["Attempts"],
        cells["Timeout"],
        cells["Priority"],
        when,
        () if paused else _names(cells["Watch"]),
        _names(cells["Counts"]),
        cells["Condition"],
        "" if paused else cells["Deadline"],
        () if paused else _names(cells["Depends On"]),
        cells["On Failure"] or "skip",
        cells["Metadata"] if cells["Action"] in APPROVED else "",
    )


def on_others(condition: str, after: str) -> bool:
    """Whether it is a condition on one of the rows that the row waits for."""
    return any(condition == ON_OTHERS.format(name) for name in _names(after))


def _names(said: str) -> tuple[str, ...]:
    return tuple(said.split(", ")) if said else ()


def _zone(said: str, terms: Terms) -> tzinfo | None:
    if said not in ZONES:
        return None
    return ZoneInfo(said) if said not in ("", "UTC") else UTC if said else terms.zone


def _clock(cells: Mapping[str, str], terms: Terms) -> str:
    """The table's zone, where a schedule goes by it: another one is another schedule."""
    return str(terms.zone) if cells["Schedule"] and not cells["Time Zone"] else ""


def _latent(cells: Mapping[str, str], terms: Terms) -> dues.Dues | int:
    zone = _zone(cells["Time Zone"], terms)
    if cells["Type"] or zone is None or cells["Status"] not in ACTIVE:
        return NEVER
    found = dues.read(cells["Schedule"], zone)
    return NEVER if found is None else found


def _kind(cells: Mapping[str, str]) -> str | None:
    if cells["Counts"] and cells["Type"] != "counter":
        return None
    if cells["Depends On"]:
        return None if cells["Type"] or cells["Schedule"] or cells["Watch"] else "completion"
    match cells["Type"]:
        case "":
            return "time" if cells["Schedule"] else "event" if cells["Watch"] else None
        case "counter":
            sane = not cells["Schedule"] and cells["Threshold"].isdigit() and int(cells["Threshold"]) >= 1
            return "counter" if sane and _number(cells["Current"]) else None
        case "manual":
            return None if cells["Schedule"] or cells["Watch"] or cells["Deadline"] else "manual"
    return None


def _number(text: str) -> bool:
    return not text or text.lstrip("-").replace(".", "", 1).isdigit()


@lru_cache(10_000)
def _folded(name: str) -> str:
    return name.strip().casefold()


class Spans:
    """The spans of one table's rows, kept up from outside: after each change, each read, each reading that is surely durable."""

    def __init__(self, sheet: Sheet, machine: Machine, terms: Callable[[], Terms], needed: tuple[str, ...]) -> None:
        """needed: canonical columns without which no row can be told for sure."""
        self.by_key: dict[str, list[Span]] = {}
        self.touches: dict[str, list[int]] = {}  # key → when people changed cells of it
        self.astray: set[str] = set()  # keys that were taken from their rows: these go on until they are back
        self.doubled: set[str] = set()  # keys that stood in several rows at some time: which of them rowd went by, nobody knows
        self.expiring: set[str] = set()  # keys of rows that may be activated for some time only
        self.pasted: set[str] = set()  # keys whose Status came back with an old copy: rowd goes by what was typed since
        self.kept = Stretches(machine)
        self.names: list[
            tuple[int, Mapping[str, str]]
        ] = []  # (moment, folded name → key from then on; "" of a name that several bear)
        self._said: dict[str, dict[str, str]] = {}
        self._fresh: dict[str, dict[str, int]] = {}  # key → column → how often rowd had read the table when that was said
        self._under: tuple[tuple[str, ...], Terms] | None = None  # columns and settings by which what follows was found
        self._meant: dict[tuple[str, bool], tuple[dict[str, str], Meaning]] = {}  # (key, pasted) → its row as it was seen last
        self._sheet, self._machine, self._terms, self._needed = sheet, machine, terms, needed
        self.observe()

    @property
    def all(self) -> list[Span]:
        return [span for spans in self.by_key.values() for span in spans]

    def current(self, key: str) -> Span | None:
        spans = self.by_key.get(key)
        return spans[-1] if spans and spans[-1].ended is None else None

    def touch(self, key: str) -> None:
        """A person has changed a cell of this row."""
        self.touches.setdefault(key, []).append(self._machine.moment)

    def observe(self) -> None:
        """The table, or what its cells mean, may have changed: close and open spans."""
        grid, moment, terms = self._sheet.look(), self._machine.moment, self._terms()
        whole = all(grid.header(c) for c in self._needed)  # else what was typed last may never have been read
        name_ = grid.header("Name") or ""
        names = [_folded(row.get(name_, "")) for row in grid.rows]
        bearers = Counter(names)
        self._called(dict(zip(names, grid.keys(), strict=True)) | {name: "" for name, number in bearers.items() if number > 1})
        found: dict[str, tuple[Meaning, bool]] = {}
        if (under := (tuple(grid.columns), terms)) != self._under:
            self._under = under
            self._meant.clear()
        for key, row, name in zip(grid.keys(), grid.rows, names, strict=True):
            if key:
                pasted = key in self.pasted
                meant = self._meant.get((key, pasted))
                if meant is None or meant[0] != row:
                    meant = self._meant[key, pasted] = dict(row), self._means(grid, key, row, terms)
                found[key] = (meant[1], whole and bearers[name] == 1 and not pasted and key not in self.expiring)
        header = grid.header("ID") or name_
        borne = [row.get(header, "").strip() for row in grid.rows]
        if len(set(borne)) < len(borne):
            doubled = {key for key, number in Counter(borne).items() if number > 1 and key in self.by_key}
            self.astray |= doubled
            self.doubled |= doubled
        for key in self.by_key.keys() | found.keys():
            now, span = found.get(key), self.current(key)
            if span is not None and now == (span.meaning, span.sure):
                continue
            if span is not None:
                span.ended, span.after = moment, self._sheet.reads
            if now is not None:
                low = self._machine.wall() - timedelta(seconds=1)
                self.by_key.setdefault(key, []).append(Span(key, *now, moment, low, before=self._sheet.reads))

    def _called(self, found: dict[str, str]) -> None:
        if not self.names or self.names[-1][1] != found:
            self.names.append((self._machine.moment, found))

    def called(self, name: str, since: int, until: int) -> str | None:
        """The key of the one row that bore this name all the time between those two moments; None where there was no such."""
        first = max(0, bisect_right(self.names, since, key=lambda one: one[0]) - 1)
        last = bisect_right(self.names, until, key=lambda one: one[0])
        found = {names.get(_folded(name)) for _, names in self.names[first:last]}
        return found.pop() or None if len(found) == 1 else None

    def _means(self, grid: Grid, key: str, row: Mapping[str, str], terms: Terms) -> Meaning:
        there = {c: row.get(h, "").strip() for c in (*MEANS, *ALSO) if (h := grid.header(c)) is not None}
        said = self._said.setdefault(key, {})
        fresh = self._fresh.setdefault(key, {})
        fresh |= {c: self._sheet.reads for c, text in there.items() if said.get(c) != text}
        said |= there
        # of what is gone, the last word holds on
        cells = {c: v for c, v in said.items() if c in there or c not in ("Status", "Current")}
        if key in self.pasted:  # it may be in service, whatever stands there
            cells["Status"] = ""
        means = meaning(cells, terms)
        torn = [c for c, since in fresh.items() if c not in there and since in (self._sheet.reads, LOST)]
        for column in torn:  # rowd may never have read its last word
            fresh[column] = LOST
            said.pop(column, None)
        return replace(means, latent=ANY_TIME) if torn else means

    def rewritten(self, keys: Iterable[str]) -> None:
        """rowd has written these rows, their Status among them."""
        self.pasted.difference_update(keys)
        self.observe()

    def taken_note(self, read: int) -> None:
        """What stood in the table at rowd's n-th read of it is durable with rowd now."""
        for key, spans in self.by_key.items():
            if key not in self.astray and self.current(key) is not None:  # a row that is gone is told as such by `vanished`
                self._close(spans, read)
            span = spans[-1]
            if span.ended is None and span.before < read:
                self.astray.discard(key)
                if span.known is None:
                    span.low = min(span.low, self._machine.lowest(span.begun) - timedelta(seconds=1))
                    span.known, span.known_at = self._machine.highest(0), self._machine.moment

    def missing(self, read: int) -> None:
        """rowd knows which rows were not there at its n-th read."""
        for key, spans in self.by_key.items():
            if spans[-1].ended is not None and spans[-1].after < read and key not in self.astray:
                self.kept.begin(Kept.MISSING, key)

    def vanished(self, key: str) -> None:
        """rowd has found that this row was deleted."""
        self._close(self.by_key.get(key, []), self._sheet.reads + 1)

    def _close(self, spans: list[Span], read: int) -> None:
        for span in spans[-6:]:
            if span.ended is not None and span.after < read and span.high is None:
                span.high = self._machine.highest(span.begun) + SLACK

    def all_is_well(self, held: Mapping[str, object]) -> None:
        """rowd has had the time to deal with all that came due until now, in rows untouched.   held: keys it waits with."""
        moment, wall = self._machine.moment, self._machine.wall()
        for key, spans in self.by_key.items():
            span = spans[-1]
            untouched = moment - self.touches.get(key, [-SETTLED])[-1] >= SETTLED
            if untouched and span.ended is None and span.known is not None and span.known < wall and key not in held:
                span.settled = max(span.settled or wall, wall)


def rows_of(grid: Grid) -> dict[str, dict[str, str]]:
    """Key → row, of those that have one."""
    return {key: row for key, row in zip(grid.keys(), grid.rows, strict=True) if key}
