"""Asks a PostgreSQL server a question: within a transaction that may only read, within limits of time and size, over a connection
that is closed again. The only module that imports psycopg, and only once something is asked.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from actions.databases.api import (
    LOCKED_S,
    LONGEST_CELL,
    LONGEST_RESULT,
    STOPPED,
    TOO_LARGE,
    TOO_MUCH,
    Answer,
    Cell,
    Row,
    Snapshot,
    Unanswered,
    said,
    weight,
)

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    Asked = Callable[[AsyncConnection[Row]], Awaitable[Answer]]

_TOLD_S = 1.0
"""So long it may take to tell a server that nobody waits any more."""

_ENDS_S = 2.0
"""So long a question has to end whose connection was cut."""

_BYTES = 17
_PLAIN = frozenset({16, 20, 21, 23, 700, 701})
"""Types that are no text: bool, int8, int2, int4, float4, float8 (pg_type.dat; these numbers never change)."""

_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_LIMITS = (
    "SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true), "
    "set_config('idle_in_transaction_session_timeout', $1, true), "
    "set_config('datestyle', 'ISO', true), set_config('intervalstyle', 'iso_8601', true), set_config('bytea_output', 'hex', true)"
)
"""For this transaction alone, so that it holds behind a pooler, too."""

_SNAPSHOT = "SELECT pg_snapshot_xmin(s)::text, pg_snapshot_xmax(s)::text FROM pg_current_snapshot() AS s"


class _Column(Struct, frozen=True):
    """A column of a query.   type: by its number.   place: how it is called in the questions made here: c1, c2, …"""

    name: str
    type: int
    place: str


class PostgreSQL:
    """One server. See `Database`."""

    def __init__(self, dsn: str, password: str | None, patience: float) -> None:
        """dsn: without a password.   patience: seconds that a question may take, with the connection that it needs."""
        self._dsn = dsn
        self._password = password
        self._patience = patience
        self._lock = threading.Lock()
        self._end: Callable[[], object] = lambda: None
        self._stopped = False
        self._connection: AsyncConnection[Row] | None = None

    def rows(self, query: str, most: int) -> Answer:
        """See `Database`."""

        async def asked(connection: AsyncConnection[Row]) -> Answer:
            columns = await _columns(connection, query)
            return await _answer(connection, query, columns, "LIMIT $1", [most])

        return self._awaited(asked)

    def newest(self, query: str, column: str) -> Answer:
        """See `Database`."""

        async def asked(connection: AsyncConnection[Row]) -> Answer:
            columns = await _columns(connection, query)
            return await _answer(connection, query, columns, f"ORDER BY {_place(columns, column)} DESC NULLS LAST LIMIT $1", [1])

        return self._awaited(asked)

    def newer(self, query: str, column: str, last: int, most: int) -> Answer:
        """See `Database`. Writers of PostgreSQL come side by side: a smaller number may be seen later than a larger one."""

        async def asked(connection: AsyncConnection[Row]) -> Answer:
            columns = await _columns(connection, query)
            at = _place(columns, column)
            ((oldest, following),) = await (await connection.execute(_SNAPSHOT)).fetchall()
            seen = Snapshot(int(str(oldest)), int(str(following)))
            return await _answer(connection, query, columns, f"WHERE {at} > $2::bigint ORDER BY {at} LIMIT $1", [most, last], seen)

        return self._awaited(asked)

    def stop(self) -> None:
        """See `Database`."""
        with self._lock:
            self._stopped = True
            self._end()

    def _awaited(self, asked: Asked) -> Answer:
        """In a loop of this thread's own. A look-up of a name that takes too long goes on by itself: nobody waits for it."""
        try:
            import_module("psycopg")  # it takes a while the first time, which is no time of the server's
        except ImportError as exc:
            raise Unanswered(f"psycopg can't be used ({said(exc)}); run: pip install 'rowd[postgresql]'") from None
        loop = asyncio.new_event_loop()
        try:
            return loop.run_until_complete(self._within(asked))
        finally:
            with self._lock:
                self._end = lambda: None
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    async def _within(self, asked: Asked) -> Answer:
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        with self._lock:
            if self._stopped:
                raise Unanswered(STOPPED)
            self._end = lambda: loop.call_soon_threadsafe(over.set)
        asking, ending = asyncio.create_task(self._asked(asked)), asyncio.create_task(over.wait())
        await asyncio.wait({asking, ending}, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if asking.done():
            return asking.result()
        connected = self._connection is not None
        await self._cut(asking)
        await asyncio.wait({asking}, timeout=_ENDS_S)
        with suppress(asyncio.CancelledError, asyncio.InvalidStateError):
            asking.exception()  # of what was cut: it is told below
        raise Unanswered(STOPPED if over.is_set() else self._slow(connected=connected))

    async def _cut(self, asking: asyncio.Task[Answer]) -> None:
        """Whatever the server does: it is told to end the query, and has its own time-out where it isn't reached."""
        if (connection := self._connection) is None:
            asking.cancel()
            return
        with suppress(Exception):  # whyever it can't be told: the time-out there holds
            await connection.cancel_safe(timeout=_TOLD_S)
        with suppress(Exception), socket.socket(fileno=os.dup(connection.pgconn.socket)) as line:  # it may have ended by now
            line.shutdown(socket.SHUT_RDWR)

    async def _asked(self, asked: Asked) -> Answer:
        psycopg = import_module("psycopg")
        given: dict[str, Any] = {} if self._password is None else {"password": self._password}
        given |= {"client_encoding": "UTF8", "fallback_application_name": "rowd"}
        try:
            connection: AsyncConnection[Row] = await psycopg.AsyncConnection.connect(
                self._dsn, autocommit=True, prepare_threshold=None, cursor_factory=psycopg.AsyncRawCursor, **given
            )
        except (psycopg.Error, OSError, ValueError) as exc:  # what can't be a host's name is a ValueError
            raise Unanswered(self._unreached(exc)) from None
        self._connection = connection
        try:
            await connection.execute(_BEGIN)
            patience = f"{max(1, round(self._patience * 1000))}"
            await connection.execute(_LIMITS, [patience, f"{round(min(self._patience, LOCKED_S) * 1000)}"])
            return await asked(connection)
        except psycopg.Error as exc:
            raise Unanswered(self._why(exc)) from None
        except UnicodeDecodeError:
            raise Unanswered("a text of its query is not UTF-8; leave it out, or convert it in the query") from None
        finally:
            self._connection = None
            await connection.close()

    def _unreached(self, exc: Any) -> str:
        """Why there is no connection. What the server itself says begins with FATAL."""
        why = said(exc).removeprefix("connection failed: ")
        if self._password is None and getattr(getattr(exc, "pgconn", None), "needs_password", False):
            return f"its server wants a password ({why}); put it into .env, and say under `password` by which name"
        if "FATAL" in str(exc):
            return f"its server refuses the connection ({why}); correct `dsn`, or the password, or what the server allows"
        if isinstance(exc, import_module("psycopg").ProgrammingError):
            return f"its dsn can't be used ({why}); correct `dsn`"
        return f"its server can't be reached ({why}); see whether it runs, or correct `dsn`"

    def _why(self, exc: Any) -> str:
        why = said(exc.diag.message_primary or exc)
        match exc.sqlstate:
            case "57014":
                return self._slow(connected=True)
            case "55P03":
                return f"what it asks for is locked by who writes it ({why}); let them end their transaction"
            case "25006":
                return f"its query does more than read ({why}); write a SELECT that changes nothing"
            case "42501":
                return f"its role may not ask that ({why}); have it granted, or name another user in `dsn`"
            case None | "57P01" | "57P02" | "57P03" | "25P03":
                return f"its server broke off the connection ({why}); see whether it runs, and what it logs"
        return f"its query fails ({why}); correct `query`"

    def _slow(self, *, connected: bool) -> str:
        if connected:
            return f"its query took longer than {self._patience:g}s; give it an index, or raise `timeout`"
        return f"its server has not answered within {self._patience:g}s; see whether it runs, or correct `dsn`"


async def _columns(connection: AsyncConnection[Row], query: str) -> list[_Column]:
    """What the query gives; nothing of it is computed for that. With a parameter it is one statement at the most (PQexecParams)."""
    cursor = await connection.execute(f"SELECT * FROM (\n{query}\n) AS asked LIMIT $1", [0])  # noqa: S608 (the query is the operator's)
    found = [_Column(about.name, about.type_code, f"c{n}") for n, about in enumerate(cursor.description or (), 1)]
    if not found:
        raise Unanswered("its query gives no columns; have it SELECT some")
    return found


async def _answer(
    connection: AsyncConnection[Row],
    query: str,
    columns: Sequence[_Column],
    which: str,
    values: list[int],
    seen: Snapshot | None = None,
) -> Answer:
    """Row by row. The server cuts what is too long, so that no value of somebody's is taken into memory before it is measured."""
    longest = min(LONGEST_CELL, LONGEST_RESULT // len(columns))
    places = ", ".join(column.place for column in columns)
    question = f"SELECT {', '.join(_taken(c, longest) for c in columns)} FROM (\n{query}\n) AS asked({places}) {which}"  # noqa: S608 (the query is the operator's)
    taken: list[Row] = []
    size = 0
    async for row in connection.cursor().stream(question, values):
        told = tuple(_told(column, cell, longest) for column, cell in zip(columns, row, strict=True))
        size += weight(told)
        if size > LONGEST_RESULT:
            raise Unanswered(TOO_MUCH)
        taken.append(told)
    return Answer(tuple(column.name for column in columns), tuple(taken), seen)


def _taken(column: _Column, longest: int) -> str:
    if column.type in _PLAIN:
        return column.place
    return f"left({column.place}::text, {2 * longest + 3 if column.type == _BYTES else longest + 1})"


def _told(column: _Column, cell: Cell, longest: int) -> Cell:
    """Raises Unanswered."""
    if not isinstance(cell, str):
        return cell
    if len(cell) > (2 * longest + 2 if column.type == _BYTES else longest):
        raise Unanswered(TOO_LARGE if longest == LONGEST_CELL else TOO_MUCH)
    return bytes.fromhex(cell[2:]) if column.type == _BYTES else cell


def _place(columns: Sequence[_Column], name: str) -> str:
    """Raises Unanswered."""
    for column in columns:
        if column.name.lower() == name.lower():
            return column.place
    raise Unanswered(f"its query has no column {name}; correct `new_rows`, or `query`")
