"""What vendors allow, counted the way they count it: per scope, whichever table asks. Pure: instants are arguments.

Instants are seconds of uptime: no vendor's minute gets shorter by our wall clock being set.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Literal

from msgspec import Struct

from connectors.api import Budget, Request, Window
from engine.recent import lasted

RESERVE = 10
"""One in so many of the requests that a window lets through, reads and writes together, is kept for telling tables."""


LONG = 60.0
"""Seconds. A vendor that wants so long a pause has a limit that it doesn't publish (Notion's of a workspace: VENDORS.md C1)."""

LESS, EASES, MORE = 0.7, 3600.0, 1.25
"""From then on a window lets through this part of what was spent of it just then; and after each so many seconds, so much more."""

LEAST = 0.05
"""But never less than this part of it: where little of ours was spent, others have spent too much."""


REMEMBERED = 3600.0
"""Seconds for which people are told that others use a quota, too."""

ARRIVES = 1.0
"""Seconds within which the vendor has counted what was sent, where no answer says so: who sent it may be dead by then."""


class Purpose(Enum):
    """What a call of a table is for. What it takes, be it reads, may use the reserve only where it tells something.

    RECORD: a history is told, which can wait longest: of a month it takes only what looks and tells leave.
    """

    LOOK = "look"
    TELL = "tell"
    RECORD = "record"


class Asked(Struct, frozen=True):
    """A request that wants to go out.

    table: whose.   windows, budgets: all that its table's vendor counts.   share: the part of each that is rowd's, over 0 and up
    to 1.
    """

    table: str
    kind: Request
    purpose: Purpose
    windows: tuple[Window, ...]
    share: float = 1.0
    budgets: tuple[Budget, ...] = ()

    @property
    def counted_by(self) -> Iterator[Window]:
        return (window for window in self.windows if window.kind in (self.kind, "any"))


class Crowded(Struct, frozen=True):
    """A request was refused as too many, though fewer of ours had gone out than the window lets through: others had spent the rest.

    at: when.   ours: how many of ours had, that one among them.
    """

    at: float
    ours: int


class Used(Struct, frozen=True):
    """How a window stands.   size: rowd's share of it.   spent: of that.   until: before this it is shut; None where it isn't.

    crowded: when that was found last; None where it wasn't, or long ago.
    """

    window: Window
    size: int
    spent: int
    until: float | None = None
    crowded: Crowded | None = None


class Allowance(Struct, frozen=True):
    """The same for people, of a window or of a month.

    span: None for a calendar month.   until: before this a window is shut, None where it isn't; when the month turns.
    low: see `engine.budget`.   crowded_at, ours: see `Crowded`.
    """

    scope: str
    kind: Literal["read", "write", "any"]
    span: timedelta | None
    size: int
    spent: int
    until: datetime | None = None
    low: bool = False
    crowded_at: datetime | None = None
    ours: int = 0

    @property
    def left(self) -> int:
        return max(self.size - self.spent, 0)


class Quota:
    """The windows of every scope. A request is admitted only where all windows that count it have room."""

    def __init__(self) -> None:
        self._spent: dict[tuple[str, str, float], deque[float]] = {}
        self._known: dict[tuple[str, str, float], tuple[Window, int]] = {}
        self._locked: dict[tuple[str, str], float] = {}
        self._learnt: dict[tuple[str, str, float], tuple[int, float]] = {}  # how many it really lets through, as of when
        self._crowded: dict[tuple[str, str, float], Crowded] = {}

    def free_at(self, asked: Asked, now: float) -> float:
        """The first instant, `now` or later, at which it is within every window, if nothing else goes out before."""
        at = max(now, self._locked_until(f"table {asked.table}", asked.kind))
        for window in asked.counted_by:
            spent, room = self._within(window, now), min(room_in(window, asked), self._really(window, now))
            at = max(at, self._locked_until(window.scope, asked.kind))
            if len(spent) >= room:
                at = max(at, spent[-room] + window.span.total_seconds())
            if spent and _key(window) in self._learnt:  # evenly, so that nobody has to wait for a whole window
                at = max(at, spent[-1] + window.span.total_seconds() / self._really(window, now))
        return at

    def bar(self, asked: Asked, now: float) -> tuple[str, bool]:
        """What keeps it back for longest, in a clause, and whether that is that too much was asked, by whomever."""
        bars = [(self._locked_until(f"table {asked.table}", asked.kind), "the store has asked for a pause", False)]
        for window in asked.counted_by:
            spent, room = self._within(window, now), min(room_in(window, asked), self._really(window, now))
            if len(spent) >= room:
                kind, span = "requests" if window.kind == "any" else f"{window.kind}s", lasted(window.span)
                clause = f"the {window.scope} has had as many {kind} as rowd may make in {span} ({room:,})"
                bars.append((spent[-room] + window.span.total_seconds(), clause, True))
            clause = f"the {window.scope} was asked too often, by whatever program, and wants a pause"
            bars.append((self._locked_until(window.scope, asked.kind), clause, True))
        _, clause, spent_ = max(bars)
        return clause, spent_

    def spend(self, asked: Asked, now: float) -> None:
        """Count one that goes out now: as late as it may arrive, until it has its answer."""
        for window in asked.counted_by:
            self._known[_key(window)] = window, part_of(window.size, asked.share)
            insort(self._within(window, now), now + ARRIVES)

    def ended(self, asked: Asked, sent: float, now: float) -> None:
        """The one that was spent at `sent` has its answer now. When the vendor has counted it, nobody knows: now at the latest."""
        for window in asked.counted_by:
            spent = self._within(window, now)
            if (arrives := sent + ARRIVES) in spent:
                spent.remove(arrives)
            insort(spent, now)

    def lock(self, scope: str, kind: Literal["read", "write", "any"], until: float) -> None:
        """Let nothing of this kind out before `until`: the vendor said so (Retry-After, a lock-out).

        scope: of windows, or `table NAME` where it holds for that table alone.
        """
        for one in ("read", "write") if kind == "any" else (kind,):
            self._locked[scope, one] = max(until, self._locked.get((scope, one), until))

    def learn(self, asked: Asked, pause: float, now: float) -> None:
        """It was refused as too many, and the vendor wants a pause of so many seconds."""
        for window in asked.counted_by:
            if pause >= LONG:
                spent = min(len(self._within(window, now)), self._really(window, now))
                self._learnt[_key(window)] = max(int(spent * LESS), int(window.size * LEAST), 1), now

    def refused(self, asked: Asked, scope: str, now: float) -> None:
        """It was refused as too many in this scope; where ours alone can't have been, that is remembered."""
        windows = {_key(window): window for window in asked.counted_by if window.scope == scope}
        ours = {key: len(self._within(window, now)) for key, window in windows.items()}
        if all(ours[key] < window.size for key, window in windows.items()):
            self._known |= {key: (window, part_of(window.size, asked.share)) for key, window in windows.items()}
            self._crowded |= {key: Crowded(now, number) for key, number in ours.items()}

    def _really(self, window: Window, now: float) -> int:
        """What it lets through, as far as that was learnt; all of it where nothing was."""
        size, since = self._learnt.get(_key(window), (window.size, now))
        return min(int(size * MORE ** max(0.0, (now - since) // EASES)), window.size)

    def used(self, now: float) -> list[Used]:
        """Each window of which something is spent, that is locked now, or that others use, too."""
        found = []
        for window, size in self._known.values():
            used = self._used(window, size, now)
            if used.spent or used.until is not None or used.crowded is not None:
                found.append(used)
        return found

    def _used(self, window: Window, size: int, now: float) -> Used:
        kinds: tuple[Request, ...] = ("read", "write")
        until = max(self._locked_until(window.scope, kind) for kind in kinds if window.kind in (kind, "any"))
        shut, crowded = until if until > now else None, self._crowded.get(_key(window))
        recent = crowded if crowded is not None and now - crowded.at < REMEMBERED else None
        return Used(window, min(size, self._really(window, now)), len(self._within(window, now)), shut, recent)

    def standing(self, now: datetime, uptime: float) -> list[Allowance]:
        """For people: the windows that are half spent, shut, or used by others.   now, uptime: the same instant on two clocks."""
        used = self.used(uptime)
        used = [one for one in used if one.until is not None or one.crowded is not None or 2 * one.spent >= one.size]
        return [_allowance(one, now, uptime) for one in used]

    def counted(self, asked: Asked, now: datetime, uptime: float) -> list[Allowance]:
        """The same of all the windows of one table, also those of which nothing is spent."""
        used = [self._used(window, part_of(window.size, asked.share), uptime) for window in asked.windows]
        return [_allowance(one, now, uptime) for one in used]

    def noted(self) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
        """All of it as JSON can carry it: windows, each with the size of our part and what was spent; locks; what was learnt; which
        windows others use.
        """
        windows = [
            [window.scope, window.kind, window.span.total_seconds(), window.size, size, list(self._spent[key])]
            for key, (window, size) in self._known.items()
            if self._spent.get(key)
        ]
        locks = [[scope, kind, until] for (scope, kind), until in self._locked.items()]
        learnt = [[*key, size, since] for key, (size, since) in self._learnt.items()]
        crowded = [[*key, self._known[key][0].size, self._known[key][1], one.at, one.ours] for key, one in self._crowded.items()]
        return windows, locks, learnt, crowded

    def take_up(
        self, windows: Sequence[Any], locks: Sequence[Any], learnt: Sequence[Any], crowded: Sequence[Any], uptime: float
    ) -> None:
        """Be what was `noted`, by whomever; only locks of our own stay beside. What lies further ahead of `uptime` than what is
        sent may take to arrive was never spent.

        Raises ValueError or TypeError, changing nothing, for what was not noted so.
        """
        spent: dict[tuple[str, str, float], deque[float]] = {}
        known = {}
        for scope, kind, span, whole, size, times in windows:
            window = Window(kind, int(whole), timedelta(seconds=span), str(scope))
            known[_key(window)] = window, int(size)
            spent[_key(window)] = deque(sorted(float(at) for at in times if float(at) <= uptime + ARRIVES))
        really = {(str(scope), str(kind), float(span)): (int(size), float(since)) for scope, kind, span, size, since in learnt}
        others: dict[tuple[str, str, float], Crowded] = {}
        for scope, kind, span, whole, size, at, ours in crowded:
            window = Window(kind, int(whole), timedelta(seconds=span), str(scope))
            known.setdefault(_key(window), (window, int(size)))
            others[_key(window)] = Crowded(float(at), int(ours))
        locked = {(str(scope), str(kind)): float(until) for scope, kind, until in locks if float(until) > uptime}
        self._spent, self._known = spent, self._known | known
        for key, (size, since) in really.items():
            if since <= uptime and since > self._learnt.get(key, (0, 0.0))[1]:
                self._learnt[key] = size, since
        for key, one in others.items():
            if one.at <= uptime and one.at > self._crowded.get(key, Crowded(-1.0, 0)).at:
                self._crowded[key] = one
        self._locked = {place: max(until, locked.get(place, until)) for place, until in (locked | self._locked).items()}

    def _locked_until(self, scope: str, kind: Request) -> float:
        return self._locked.get((scope, kind), 0.0)

    def _within(self, window: Window, now: float) -> deque[float]:
        spent = self._spent.setdefault(_key(window), deque())
        while spent and spent[0] + window.span.total_seconds() <= now:
            spent.popleft()
        return spent


def room_in(window: Window, asked: Asked) -> int:
    """How many of its requests this one may be at most. At least 1."""
    size = part_of(window.size, asked.share)
    keeps = asked.purpose is Purpose.RECORD or (window.kind == "any" and asked.purpose is Purpose.LOOK)
    return size - reserve_of(size) if keeps else size


def part_of(size: int, share: float) -> int:
    """A share of so many requests. At least 1."""
    return max(int(size * share), 1)


def reserve_of(size: int) -> int:
    """Of so many requests, reads and writes alike: how many are kept for telling tables. None of one or two, which a look needs."""
    return max(size // RESERVE, 1) if size > 2 else 0


def _allowance(used: Used, now: datetime, uptime: float) -> Allowance:
    """now, uptime: the same instant on two clocks."""
    return Allowance(
        scope=used.window.scope,
        kind=used.window.kind,
        span=used.window.span,
        size=used.size,
        spent=used.spent,
        until=now + timedelta(seconds=used.until - uptime) if used.until is not None else None,
        crowded_at=now - timedelta(seconds=uptime - used.crowded.at) if used.crowded is not None else None,
        ours=used.crowded.ours if used.crowded is not None else 0,
    )


def _key(window: Window) -> tuple[str, str, float]:
    return window.scope, window.kind, window.span.total_seconds()
