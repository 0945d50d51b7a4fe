"""A table in memory, with a person who works on it by a second road."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import Any, NoReturn, TypeVar

from msgspec.structs import replace

from connectors.api import PROVISIONAL, Cell, Effect, Lease, Page, Patch, Row, Traits, Written
from connectors.errors import TableError

T = TypeVar("T")


class MemoryTable:
    """Rows as dicts of text, as in a file. `fail` is raised by the next calls, one error each; `batch` is small on purpose."""

    def __init__(self, rows: Sequence[Mapping[str, str]], columns: Sequence[str] | None = None) -> None:
        self.columns = list(columns or (rows[0] if rows else ("ID", "Name", "Action")))
        self.rows: list[dict[str, str]] = [{c: r.get(c, "") for c in self.columns} for r in rows]
        self.fail: list[TableError] = []
        self.hook: Callable[[], None] | None = None
        self.reads = self.writes = 0
        self.closed = False
        self.time_zone = ""

    traits = Traits(atomic_expect=True, batch=50)

    # --- the daemon's road

    def read(self, cursor: str | None = None) -> Page:
        self._trouble()
        self.reads += 1
        rows = tuple(self._row(i) for i in range(len(self.rows)))
        return Page(rows, tuple(self.columns), None, self._id_column(), time_zone=self.time_zone)

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        if self.hook is not None:
            self.hook()
        self._trouble()
        self.writes += 1
        return [self._patch(patch) for patch in patches]

    def close(self) -> None:
        self.closed = True

    # --- the person's road

    def person(self, name: str) -> dict[str, str]:
        """The row of that name, to be looked at or changed."""
        return next(r for r in self.rows if r["Name"] == name)

    def copy(self) -> list[dict[str, str]]:
        """The table as a program that has it open would save it again."""
        return [dict(r) for r in self.rows]

    # --- inside

    def _trouble(self) -> None:
        if self.fail:
            raise self.fail.pop(0)

    def _id_column(self) -> str | None:
        return "ID" if "ID" in self.columns else None

    def _key(self, index: int) -> str:
        wanted = self.rows[index].get("ID", "")
        if wanted and sum(r.get("ID") == wanted for r in self.rows) == 1:
            return wanted
        content = "|".join(self.rows[index].values())
        nth = sum("|".join(r.values()) == content for r in self.rows[:index])
        return f"{PROVISIONAL}{hash(content) & 0xFFFFFFFF:x}-{nth}"

    def _row(self, index: int) -> Row:
        return Row(self._key(index), {c: v or None for c, v in self.rows[index].items()})

    def _patch(self, patch: Patch) -> Written:
        for index in range(len(self.rows)):
            if self._key(index) != patch.key:
                continue
            if any(_whole(self._read(index, c)) != v for c, v in patch.expect.items()):
                return Written(Effect.CONFLICT, self._row(index))
            for column, value in patch.put.items():
                if column in self.columns:
                    self.rows[index][column] = self._text(value)
            return Written(Effect.APPLIED, self._row(index))
        return Written(Effect.MISSING)

    def _read(self, index: int, column: str) -> Cell:
        return self.rows[index].get(column) or None

    @staticmethod
    def _text(value: Cell) -> str:
        if value is None:
            return ""
        if isinstance(value, datetime):
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return str(value)


class ProbedTable(MemoryTable):
    """A store that says cheaply whether it changed, as the local one does: an unchanged table gives the daemon nothing to do."""

    def probe(self) -> str:
        return repr((self.columns, self.rows))


class LeasedTable(MemoryTable):
    """A store in the cloud: it keeps no second daemon away, but shows the leases of all."""

    def __init__(self, rows: Sequence[Mapping[str, str]], columns: Sequence[str] | None = None) -> None:
        super().__init__(rows, columns)
        self.leases: dict[str, Lease] = {}

    def read(self, cursor: str | None = None) -> Page:
        return replace(super().read(cursor), leases=tuple(self.leases.values()))

    def lease(self, lease: Lease) -> None:
        self._trouble()
        self.leases[lease.holder] = lease

    def release(self, holder: str) -> None:
        self._trouble()
        self.leases.pop(holder, None)


class InlineWorker:
    """Runs a table's blocking calls at once: they don't block, and virtual time has no threads."""

    async def __call__(self, call: Callable[[], T]) -> T:
        return call()

    def wait(self, what: Coroutine[Any, Any, None]) -> None:
        at_once(what)

    def close(self) -> None:
        pass


def at_once(what: Coroutine[Any, Any, None]) -> None:
    """See something through that never has to wait."""
    try:
        what.send(None)
    except StopIteration:
        return
    what.close()
    raise AssertionError("a call has to wait, and this worker can't: take a SteppedWorker")


class SteppedWorker:
    """Runs a table's blocking calls in threads, none of them beside the event loop: while a call works, virtual time stands
    still; while it waits, time goes on.
    """

    def __init__(self) -> None:
        self._said: SimpleQueue[Callable[[], Any] | Coroutine[Any, Any, None]] = SimpleQueue()
        self._heard: SimpleQueue[BaseException | None] = SimpleQueue()

    async def __call__(self, call: Callable[[], T]) -> T:
        threading.Thread(target=self._run, args=(call,), daemon=True).start()
        while not callable(said := self._said.get()):
            try:
                await said
            except BaseException as exc:  # whatever it is, the call that waits is to hear it
                self._heard.put(exc)
            else:
                self._heard.put(None)
        result: T = said()
        return result

    def wait(self, what: Coroutine[Any, Any, None]) -> None:
        self._said.put(what)
        if (error := self._heard.get()) is not None:
            raise error

    def close(self) -> None:
        pass

    def _run(self, call: Callable[[], Any]) -> None:
        try:
            result = call()
        except BaseException as exc:  # whatever it is, whoever made the call is to hear it
            error = exc
            self._said.put(lambda: _raised(error))
        else:
            self._said.put(lambda: result)


def _raised(error: BaseException) -> NoReturn:
    raise error


async def never() -> AsyncIterator[None]:
    """A watch that never tells anything."""
    return
    yield


def _whole(cell: Cell) -> Cell:
    """As the daemon reads it: without halves of characters."""
    return cell.encode("utf-8", "replace").decode() if isinstance(cell, str) else cell
