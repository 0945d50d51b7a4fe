"""The contract between the engine and a table: rows, cells, patches, and the few things a table must do.

A connector knows rows and cells, never tasks. It never sleeps, retries or reads the clock: one call is one request, and it says
truthfully how that ended. It is plain blocking code; the engine gives each table one worker thread.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from msgspec import Struct, field
from pydantic import BaseModel

from connectors.errors import TableError
from connectors.preparing import Check, Preparation, Shape, Wanted
from connectors.signing_in import SigningIn

Cell = str | int | float | bool | datetime | date | None
"""One cell. A blank cell is None, never "". A datetime is aware; a store that holds only text gives text."""

PROVISIONAL = "~"
"""First character of the key of a row that the store cannot tell by an id of its own; see `Row.key`."""


BEYOND = "(beyond the last column)"
"""In `Row.cells`: what stands in a row where the table has no column any more. Only there where something does: in a text file a
comma without quotes tears a cell in two, and all that follow it move on."""


def fold(text: str) -> str:
    """Fold a header, or a word in a cell, for matching: case, spaces, underscores and hyphens don't count."""
    return text.casefold().translate(_UNCOUNTED)


_UNCOUNTED = str.maketrans("", "", " _-\u00a0\t\r\n")


class Row(Struct, frozen=True):
    """One row as it stood at one moment.

    key: how `write` finds this row again, whatever is sorted meanwhile; unique within one complete read. Normally the row's own
        id. A row without an id, or with an id that another row bears too, has a key that begins with `~` and stands for the
        row's content: good until that content changes. The engine gives such a row an id.
    cells: header → value, blank cells included as None; BEYOND → text.
    handle: an invisible mark of the store that follows the row (Sheets: metadata id); None where there is none.
    """

    key: str
    cells: Mapping[str, Cell]
    handle: str | None = None


class Lease(Struct, frozen=True):
    """A daemon's word beside a table: it runs its rows.

    holder: which daemon, letters and digits; the same after a restart.   who: the same in one line, for people.
    until: it will have said so again by then (UTC, whole seconds), or is gone.
    labels: it runs the rows of these, in lower case, sorted.   primary: and those without a label.
    """

    holder: str
    who: str
    until: datetime
    labels: tuple[str, ...] = ()
    primary: bool = True


class Page(Struct, frozen=True):
    """One request's worth of rows, in the order a person sees them (see `Traits.ordered`).

    columns: the headers in the order of the table, the same on every page.
    next: the cursor of the next page; None on the last.
    id_column: the header of the column that holds the keys, where people can see and break them; None where keys are the
        store's own (record ids) or the table has no such column.
    leases: those that this request has met; see `Leased`.
    time_zone: whose wall clock people see in this very table, by the name that the store gives it; "" where it has none of its own.
    """

    rows: tuple[Row, ...]
    columns: tuple[str, ...]
    next: str | None = None
    id_column: str | None = None
    leases: tuple[Lease, ...] = ()
    time_zone: str = ""


class Patch(Struct, frozen=True):
    """Cells to put into one row. Cells not named stay as they are. Blank is None.

    expect: cells that must still hold these values, tested by the store in the same step; only where `traits.atomic_expect`.
    """

    key: str
    put: Mapping[str, Cell]
    expect: Mapping[str, Cell] = field(default_factory=dict)


class Effect(Enum):
    """What one patch did. All three are ordinary answers, so none is an exception."""

    APPLIED = "applied"
    CONFLICT = "conflict"
    MISSING = "missing"


class Written(Struct, frozen=True):
    """How one patch ended.

    row: the whole row as it stands now, under its key of now, where the store's answer shows it; None: the next read will tell.
    unfit: header → one sentence with the remedy, for each cell of the patch that its column can't hold (a select without that
        option, a column that the store works out itself): it was left as it stood, the others were put.
    """

    effect: Effect
    row: Row | None = None
    unfit: Mapping[str, str] = field(default_factory=dict)


class Entry(Struct, frozen=True):
    """One line of a journal.

    id: unlike any other line's. What is told under it again takes the place of what was told before.
    cells: header → value, under the headers of `Place.journal`; its id among them.
    """

    id: str
    cells: Mapping[str, Cell]


class Recorded(Struct, frozen=True):
    """How a `Journal.record` ended.

    written: of its patches, as `Table.write` answers.   trouble: why its entries were not taken, or may not have been; None: they
        were.
    lost: ids of lines that stood in the journal and were overwritten against its will: to be told again.
    """

    written: list[Written]
    trouble: TableError | None = None
    lost: tuple[str, ...] = ()


Request = Literal["read", "write"]
"""What vendors count."""

Gate = Callable[[Request], AbstractContextManager[None]]
"""Each request that counts is made inside of `with gate(kind):`, entered once every window has room for it. See `Place`."""


def open_gate(_kind: Request) -> AbstractContextManager[None]:
    """A gate where nothing is counted."""
    return nullcontext()


class Window(Struct, frozen=True):
    """One limit that a vendor counts: at most `size` requests of `kind` in any `span`, counted per `scope`.

    scope: whatever the vendor counts by, named so that tables that share it say the same, and no others: the vendor's name, then
        the user, base, connection or workspace. People read it.
    """

    kind: Literal["read", "write", "any"]
    size: int
    span: timedelta
    scope: str


class Budget(Struct, frozen=True):
    """What a vendor allows in a calendar month (UTC): at most `size` requests, reads and writes together, counted per `scope`,
    which is as in `Window`.
    """

    size: int
    scope: str


class Journaling(Struct, frozen=True):
    """How a journal is told.

    entries: of one `record`, at least 1.   together: they go out in the request that the patches take anyway. Else they take one
        of their own, and one `record` has either patches or entries.
    """

    entries: int
    together: bool


class Traits(Struct, frozen=True):
    """What a backend promises. The engine plans from it; the conformance suite checks it.

    atomic_expect: the store itself tests `Patch.expect` and writes, as one step.
    batch: patches per `write`, at least 1.
    windows: every limit the vendor counts; empty for a local file.
    cell_limit: characters that one cell holds.
    budgets: what it allows in a month; empty where months don't count.
    ordered: whether rows and columns come in the order in which people see them. Where a store tells no program how its views are
        sorted, they come in an order that stays.
    lag: for how long a read may show what stood there before a write, to whoever didn't make that write through the same object.
    journal: how its journal is told; None where the operator wants none, or the store has none.
    """

    atomic_expect: bool
    batch: int
    windows: tuple[Window, ...] = ()
    cell_limit: int = 32_767
    budgets: tuple[Budget, ...] = ()
    ordered: bool = True
    lag: timedelta = timedelta(0)
    journal: Journaling | None = None


class Table(Protocol):
    """A table of rows. Every backend has exactly this; rarer abilities are the one-method protocols below."""

    @property
    def traits(self) -> Traits: ...

    def read(self, cursor: str | None = None) -> Page:
        """One request's worth of rows. A complete read is every page from cursor None to `next` None.

        More than one request, where the store tells the columns, say, by another one.
        Raises: TryLater (Expired: begin again without a cursor), NeedsOwner, Bug.
        """

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        """Apply each patch; answer in the same order. At most `traits.batch` patches, keys distinct.

        One request, or more where one doesn't settle all; whatever the first of them may have done, the others don't unsay.
        Cells not named in `put` stay as they are, formulas included; a `put` on a header that the table doesn't have is dropped.
        Text never becomes a formula. Raises: TryLater (nothing written), OutcomeUnknown, NeedsOwner, Bug.
        """

    def close(self) -> None: ...


@runtime_checkable
class Watchable(Protocol):
    """A table that can tell by itself that it may have changed."""

    def watch(self) -> AsyncIterator[None]:
        """Yield each time something may have changed, until closed. A hint: it may be late, doubled or lost. Raises nothing."""


@runtime_checkable
class Probeable(Protocol):
    """A table that can be asked cheaply whether it may have changed."""

    def probe(self) -> str:
        """A marker that differs when anything may have changed since the last one, but for our own writes.

        Ours is a `write` through this very object whose answers, with what was read before, leave nothing to be read. One that
        met something else in the store than was read last is none. Raises: TryLater, NeedsOwner, Bug.
        """


@runtime_checkable
class Editable(Protocol):
    """A table whose rows can be made and removed by a program."""

    def create(self, rows: Sequence[Mapping[str, Cell]]) -> list[str]:
        """Append rows, at most `traits.batch`; answer their keys in the same order.


        Raises: TryLater, OutcomeUnknown, NeedsOwner, Bug. NeedsOwner also where a column can't hold a
        cell: nothing is appended then.
        """

    def delete(self, keys: Sequence[str]) -> list[Effect]:
        """Remove rows, at most `traits.batch`; answer in the same order. Raises: TryLater, OutcomeUnknown, NeedsOwner, Bug."""


@runtime_checkable
class Typed(Protocol):
    """A table whose columns don't hold everything."""

    def unfit(self, cells: Mapping[str, Cell]) -> Mapping[str, str]:
        """header → one sentence with the remedy, for each of these cells that its column can't hold: as `Written.unfit` says it.

        By the columns as they were read last, without a request. A header that the table doesn't have is none of its business.
        Raises Bug for an instant without a zone.
        """
        ...


@runtime_checkable
class Journal(Protocol):
    """A table beside which it is put down what happened, in a table of its own; where `traits.journal` says so."""

    def record(self, patches: Sequence[Patch], entries: Sequence[Entry]) -> Recorded:
        """Carry out patches as `write` does, and put down entries, oldest first, their ids distinct; see `Journaling`.

        An entry stands there once, however often it is told. What keeps entries from being taken keeps no patch from being carried
        out: it is answered. Raises what `write` does, where patches can't be carried out; then entries may have been taken.
        """


@runtime_checkable
class Exclusive(Protocol):
    """A table that keeps a second daemon away."""

    def own(self, who: str) -> None:
        """Hold the table for `who` (one line for a person) until `close` or the end of this process, however it ends.

        Raises: Taken, naming the holder, where another daemon holds it; NeedsOwner.
        """


@runtime_checkable
class Leased(Protocol):
    """A table that can't keep a second daemon away, but can tell it of the first: a complete read meets every lease, as no row."""

    def lease(self, lease: Lease) -> None:
        """Leave it beside the table, in the place of the same holder's that was there before. One write.

        One that was there when the table was read, and isn't any more, is not made again: another daemon has taken it away.
        Raises TryLater, OutcomeUnknown, NeedsOwner, Bug.
        """

    def release(self, holder: str) -> None:
        """Take the leases of this holder away that the last read has met. One write, none where there is none. Raises the same."""


@runtime_checkable
class Examinable(Protocol):
    """A table that can say, piece by piece, whether everything that it needs is there."""

    def examine(self) -> Iterator[Check]:
        """Credentials, connection, permissions, limits: each as soon as it is known, by at most one request, which only reads.

        Ends with the first that is bad where the others depend on it. Raises nothing: what fails is a Check.
        """


@runtime_checkable
class Preparable(Protocol):
    """A table whose columns a program can make, and mend: their types, options and looks."""

    def prepare(self, wanted: Wanted) -> Preparation:
        """What is to be done so that the columns are as they are wanted. Reads only; the steps do it.

        Columns, options and looks are added, never taken away, moved, renamed or replaced: what a person chose stays. A table that
        is as it is wanted has no steps. Raises TryLater, NeedsOwner (NoHeader where its headers can't be told), Bug.
        """


@runtime_checkable
class Linked(Protocol):
    """A table that people open in a browser."""

    def link(self, key: str) -> str | None:
        """The address at which a person finds this row, as the table was last read; with "", the table. No request.

        None where that isn't known: before the first read, or of a row that the store can't name yet.
        """


@runtime_checkable
class Authorizable(Protocol):
    """A table that a person can sign in to, so that rowd may use what they may use."""

    def sign_in(self, back: str) -> SigningIn:
        """Begin a sign-in; no request yet. A daemon that has the table open goes on by itself once it has come to its end.

        back: an address of this machine, `http://127.0.0.1:PORT/`, to which the store's page leads the person's browser at last.
        Raises NeedsOwner: rowd.toml wants nobody to sign in, or what comes of it could not be kept.
        """


class Place(Struct, frozen=True):
    """Where a table is opened: what a backend is told beside its own settings.

    name: the table's name in `rowd.toml`, for messages.
    base: the folder that relative paths start from (where `rowd.toml` is).
    id_column, name_column: how the headers "ID" and "Name" are called in this table; matched with `fold`.
    zone: by which wall clock the store's dates are read, where it has them and nobody knows the zone that it names.
    secret: the value of a declared secret by its name. Raises KeyError.
    journal: the columns of a journal's table, in their order; the first holds the ids of its entries.
    gate: stands before every request that counts against `traits.windows`, whichever call makes it. It waits, counts, and hears how
        the request ended: a TryLater with a `wait` keeps others back, too. Entering it raises TryLater, nothing being sent, where
        there will be no room for long.
    """

    name: str
    base: Path
    id_column: str
    name_column: str
    secret: Callable[[str], str]
    gate: Gate = open_gate
    zone: tzinfo = UTC
    journal: tuple[Shape, ...] = ()


class Backend(Struct, frozen=True):
    """What a backend registers: its own settings model, and how to open a table with them.

    `open` must not touch the network or the file yet: the first `read` does, so that a store that is away is an ordinary TryLater.
    exclusive: its tables keep a second daemon away (`Exclusive`), so whoever runs one runs all of it.
    secrets: the names of the secrets that a table with these settings asks for.
    private: the files that a table's settings name and nobody but rowd should read, as they are written there.
    files: those of this machine that the table is kept in, as they are written there. Their folders have to be writable.
    """

    settings: type[BaseModel]
    open: Callable[[Any, Place], Table]
    exclusive: bool = False
    secrets: Callable[[Any], Iterable[str]] = lambda _: ()
    private: Callable[[Any], Iterable[Path]] = lambda _: ()
    files: Callable[[Any], Iterable[Path]] = lambda _: ()
