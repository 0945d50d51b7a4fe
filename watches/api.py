"""The contract between the engine and a watched source: what a look at it finds, and what has happened since the look before.

The operator's `rowd.toml` says what a source is (`[watch.NAME]`); a row only names it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Protocol, runtime_checkable

from msgspec import Struct, field
from pydantic import AfterValidator, BaseModel, Field

from config.fields import Span, spelled

Value = str | int | float | bool
"""What an event says of itself. Text, a number or a truth value; nothing nested."""

LONGEST_STATE = 4_000_000
"""Characters of a state, at the most: the ledger keeps it."""

LONGEST_VALUE = 2_000
"""Characters of one text among an event's values, and of its summary; what is longer is cut."""


THROUGH = "through"
"""Among an event's values: the sources of outcomes that have brought it about, one after the other, a line each."""


class Happening(Struct, frozen=True):
    """Something that has happened to a watched source since the look before.

    summary: what, in one line for people, without a full stop: `2 commits on main, the newest 1a2b3c4 "Mend the parser" by Ada`.
    values: what it was about, by names of letters, digits and `_`.   number: for how many things it stands, at least 1.

    What happens while a row can't run is one run of that row. Then whole numbers among the values are added, a value called
    `paths` has the lines of all, and of the others that of the newest counts.
    """

    summary: str
    values: Mapping[str, Value] = field(default_factory=dict)
    number: int = 1


class Look(Struct, frozen=True):
    """What a look found.

    state: opaque to everyone but its kind; kept durably, and given to the next look. At most LONGEST_STATE characters.
    happenings: what has happened since the state that the look was given, oldest first; none at first sight.
    sees: what stands there, for who asks `rowd doctor`: half a sentence on one line; "" where there is nothing to add.
    taken: of what was emitted, the number of the newest that is among these; 0 for none.
    untold: what would ask rows again for what this source has brought about itself; a line each, for the log.
    """

    state: str
    happenings: tuple[Happening, ...] = ()
    sees: str = ""
    taken: int = 0
    untold: tuple[str, ...] = ()


class Unseen(Exception):
    """The source can't be looked at now. The text says why, in one sentence with the remedy, without a full stop.

    wait: it is to be left alone for so long, where that is longer than its `every`.
    """

    def __init__(self, why: str, wait: timedelta = timedelta(0)) -> None:
        super().__init__(why)
        self.wait = wait


class Watch(Protocol):
    """A definition made ready to be looked at. Lives as long as the daemon goes by this definition."""

    def look(self, before: str | None) -> Look:
        """Look at the source. Blocks, in a thread of its own; one look at a time.

        before: the state that the last look found, maybe by another daemon long ago; None at first sight, which is no change.
        Raises Unseen; whatever else it raises is told as a fault of rowd's own, and it is looked at again later.
        """

    def stirs(self) -> AsyncIterator[None]:
        """Yield each time that the source may have changed, until closed; never where nothing can tell, so that it is polled.

        On the event loop: it must not block. Raises nothing.
        """


class Emitted(Struct, frozen=True):
    """What somebody has emitted at a source by its name.   n: rises; never used twice."""

    n: int
    happening: Happening


class End(Struct, frozen=True):
    """Occurrences that have ended alike, in the order in which that became durable.

    n: rises; never used twice.   row: its Name then.   outcome: in a word, as in `rowd history`.   reason: one line.
    number: how many of them, at least 1.   duration_s: of a run; None where it never started, or nobody knows.
    through: the sources of outcomes that have brought it about.
    """

    n: int
    table: str
    row: str
    outcome: str
    reason: str
    run: str
    number: int = 1
    duration_s: float | None = None
    through: tuple[str, ...] = ()


class Alteration(Struct, frozen=True):
    """What a person, or a program, has done to a row of a table; what rowd writes there itself is none.

    row: its Name, as it reads since; of a deleted one, as it read last.   id: by which rowd knows it.
    change: `added`, `edited` or `deleted`.   column, old, new: of an edit, the cell as text; "" for blank, and of all else.
    """

    table: str
    row: str
    id: str
    change: str
    column: str = ""
    old: str = ""
    new: str = ""


class Altered(Struct, frozen=True):
    """An alteration that is durable.   n: rises by one; never used twice."""

    n: int
    alteration: Alteration


class Record(Protocol):
    """What rowd itself knows, as far as a source can be about it."""

    def emitted(self, source: str, after: int) -> Sequence[Emitted]:
        """What was emitted at this source and has a higher number, oldest first."""

    def ends(self, after: int) -> Iterator[End]:
        """What has ended, with higher numbers, oldest first; what rowd has forgotten since is left out."""

    def last_end(self) -> int:
        """The highest number that an end has had; 0 before the first."""

    def altered(self, after: int) -> Iterator[Altered]:
        """What was done to rows of all tables, with higher numbers, oldest first; what rowd has forgotten since is left out."""

    def last_altered(self) -> int:
        """The highest number that an alteration has had; 0 before the first."""


@runtime_checkable
class Inward(Protocol):
    """A definition of a source that is about rowd itself. It is looked at each time that something may be new there."""

    def look_into(self, record: Record, before: str | None) -> Look:
        """As `Watch.look`, in the ledger's own thread: so it takes no longer than there is news."""


class Delivery(Struct, frozen=True):
    """Something that was brought over HTTP, by one who may.

    id: the sender's own name for it, the same when it is sent again; "" where it has none: then it is always a new one.
    """

    id: str
    happening: Happening


class Reply(Struct, frozen=True):
    """What a sender is told where there is nothing to take.

    status: of HTTP.   text: one line, as a rule.   wait_s: after so many seconds it may be sent again; None where that is not said.
    why: of what is refused, for the operator.   token: a secret that the sender gave, for the operator's eyes alone.
    allow: the methods that there are, where another was tried.   media: what the text is, as HTTP says it.
    """

    status: int
    text: str
    wait_s: int | None = None
    why: str = ""
    token: str = ""
    allow: str = ""
    media: str = "text/plain; charset=utf-8"


class Door(Protocol):
    """Decides what becomes of that which is brought to a source. Touches neither file nor network."""

    @property
    def guarded(self) -> bool:
        """Whether it lets in only those who prove who they are."""

    @property
    def max_bytes(self) -> int:
        """A body is no longer than this."""

    def judge(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Delivery | Reply:
        """headers: by names in small letters.   body: as it came, to the byte.   Raises nothing."""


@runtime_checkable
class Endable(Protocol):
    """A watch that can be told that nobody looks any more."""

    def shut(self) -> None:
        """On the event loop. A look that is under way ends at once, whatever it answers: it counts for nothing."""


@runtime_checkable
class Box(Endable, Protocol):
    """A watch to which deliveries are brought: its look, on the event loop, finds those that have come since the look before."""

    def put(self, delivery: Delivery) -> Awaitable[bool]:
        """On the event loop. Answers once it is durable; False: it isn't known to be, so it is to be sent again."""

    def settled(self, *, durable: bool) -> None:
        """On the event loop: whether what the last look found is durable."""


@runtime_checkable
class Overhearing(Box, Protocol):
    """A box into which rowd itself puts what it tells."""

    def heeds(self, event: str, table: str) -> bool:
        """Whether it is to be told of such an event.   event: its name, like `quota.low`.   table: "" where it is of none."""


class About(Struct, frozen=True):
    """What a source tells of a table of `rowd.toml`.   columns: the only ones whose cells it tells; none for all of people's."""

    table: str
    columns: tuple[str, ...] = ()


Lend = Callable[[str], str]
"""The value of a secret by its name. Raises KeyError where it has none."""


def _a_second_at_least(length: timedelta) -> timedelta:
    if length < timedelta(seconds=1):
        raise ValueError(f"{spelled(length)} is too short; write 1s or more")
    return length


class Definition(BaseModel, extra="forbid", frozen=True):
    """What the operator may say of every watched source, whatever its kind. Each kind's own settings model extends this."""

    kind: str
    description: str = Field(default="", description="What it is, for people.")
    every: Annotated[Span, AfterValidator(_a_second_at_least)] = Field(
        default=timedelta(minutes=1), description="How often it is looked at when nothing tells of a change sooner."
    )
    debounce: Span = Field(
        default=timedelta(seconds=2), description="How long it must have been at rest before a change is taken up."
    )


class Kind(Struct, frozen=True):
    """What a kind of watched source registers: its settings model (a `Definition`), and how to make a watch from it.

    `make` raises ValueError, with a sentence for the operator, for what the model alone cannot refuse.
    `limits` are settings that don't say what is watched: what was seen holds on where another value is given.
    `says` are the names of all values that its events have; None where they may be any.
    `secrets` are the names of those that a definition asks for; `make` gets their values.
    `apart`: each thing that happens to such a definition is a run of its own.
    `commits` says that what happens to it are commits: rows of the type on_commit can name it.
    `tables` are settings that name tables of rowd.toml.
    `about`: of which table such a definition tells what stands in it; None for none. Only rows that may read that can name it.
    `door`, of a kind to which things are brought over HTTP: makes the door from its settings, and its watch is a `Box`. Rows of the
    type webhook can name it. Raises ValueError, and KeyError for a secret without a value.
    """

    settings: type[Definition]
    make: Callable[[str, Any, Path, Mapping[str, str]], Watch | Inward]
    """Given the source's name, its settings, the folder that relative paths start from, and secrets: name → value."""
    commits: bool = False
    limits: frozenset[str] = frozenset()
    says: frozenset[str] | None = None
    secrets: Callable[[Any], tuple[str, ...]] = lambda _: ()
    apart: Callable[[Any], bool] = lambda _: False
    tables: frozenset[str] = frozenset()
    about: Callable[[Any], About | None] = lambda _: None
    door: Callable[[Any, Lend], Door] | None = None
