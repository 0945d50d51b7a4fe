"""How a table can fail, said as what to do next. A bad cell is no error: see `engine.parse`."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal


class TableError(Exception):
    """Base of everything that `Table.read` and `Table.write` may raise. The text is written for a person.

    spent: nothing is broken; more was asked than the store allows, by whomever.
    """

    spent = False


class TryLater(TableError):
    """Nothing was written; the same call may succeed later.

    `wait`: how long the store asked us to wait; None where it didn't say.   soon: it may succeed before the next poll.
    """

    soon = True

    def __init__(self, message: str, *, wait: timedelta | None = None) -> None:
        super().__init__(message)
        self.wait = wait

    def after(self, usual: timedelta) -> timedelta:
        """How long to wait before the same call is made again.   usual: where nobody says."""
        return (self.wait or usual) if self.soon else timedelta.max


class Limited(TryLater):
    """The vendor lets nothing of this kind through before `wait` is over, whoever asks in this scope: a limit was broken.

    scope: as `Window` names it.   kind: "any" where reads and writes are shut out alike.
    """

    spent = True
    wait: timedelta

    def __init__(self, message: str, *, wait: timedelta, scope: str, kind: Literal["read", "write", "any"] = "any") -> None:
        super().__init__(message, wait=wait)
        self.scope, self.kind = scope, kind


class NoRoom(TryLater):
    """The store is full. The same call succeeds by itself once a person has made room; the text says where."""


class NoHeader(TryLater):
    """The table is there, but nothing that could be its headers: it may just be being saved. Where it stays so, it is held."""


class GivenUp(TryLater):
    """An answer came too slowly, or was too large, and was left. It would be so again if it were asked for at once."""

    soon = False


class Expired(TryLater):
    """The cursor of a read is no longer good, or what it led through has changed too much: begin again with the first page."""


class OutcomeUnknown(TableError):
    """The write may have landed; read before writing again."""


class NeedsOwner(TableError):
    """A person must act: restore the file, share the sheet, renew the token. The text names the remedy."""


class NotThere(NeedsOwner):
    """Nothing stands where the table is to be, and nothing has. A `Preparable` may be able to make it."""


class MonthSpent(NeedsOwner):
    """The vendor lets nothing through before the month turns, unless its owner takes a larger plan. The text says so."""

    spent = True


class Taken(NeedsOwner):
    """Another daemon holds the table; of stores, only `Exclusive.own` raises it. The text names the holder."""


class Bug(TableError):
    """The store says that our request is wrong; trying again cannot help."""
