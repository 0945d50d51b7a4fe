"""`rowd delete --gone`: rows that have vanished from a table were meant to go, so nothing is held for their sake any longer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from engine.asked import Wish
from engine.clock import Clock
from engine.columns import Column
from engine.ledger import Ledger
from engine.model import RowState
from rowd.bound import Site
from rowd.cli.asking import ANSWERS_WITHIN, KEPT, LOOK_EVERY, NOBODY
from rowd.cli.exits import Exit
from rowd.cli.output import clean, emit_json, fail, plural, say
from rowd.cli.site import ledger_gone, me, served_of
from rowd.view import living

NAMED = 10
"""So many of them are named; the rest is counted."""


def missing(site: Site, ledger: Ledger | None, table: str | None) -> tuple[str, list[RowState]]:
    """The table that lacks rows, as its daemon has last read it, and those. Ends the command where it is none, or more than one."""
    if ledger is None:
        fail("Nothing was asked." if ledger_gone(site) is not None else NOBODY, Exit.LATER)
    found = {
        name: [state for state in ledger.rows(name) if state.absent_since is not None and state.deleted_at is None]
        for name in served_of(site, table)
    }
    lacking = [name for name, states in found.items() if states]
    if len(lacking) > 1:
        fail(f"Rows are gone from several tables: {', '.join(lacking)}. Say which with --table.", Exit.USAGE)
    if not lacking:
        where = f"from {table}" if table is not None else "from any table"
        fail(f"Nothing is gone {where}, as far as the daemon has read: there is nothing to confirm.", Exit.REFUSED)
    return lacking[0], found[lacking[0]]


def called(states: Sequence[RowState]) -> str:
    """Their names, in one line."""
    names = [clean(str(state.cells.get(Column.NAME) or state.key)) for state in states[:NAMED]]
    more = len(states) - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more else "")


def let_go(site: Site, ledger: Ledger, table: str, states: Sequence[RowState], clock: Clock, *, as_json: bool) -> Exit:
    """Ask the daemon to let go of them, and say what became of that; answer the exit status. Raises ledger errors."""
    daemon = living(ledger) is not None
    with ledger.transaction():
        asked = [ledger.ask(table, state.key, Wish.LET_GO, 0, f"cli:{me()}", clock.now()) for state in states]
    with suppress(OSError):  # a daemon that isn't woken looks when it next does something
        site.wake.touch(mode=0o600)
    answers = asyncio.run(_answers(ledger, asked, clock)) if daemon else [None] * len(asked)
    refused = [state for state, answer in zip(states, answers, strict=True) if answer is not None and not answer[0]]
    if as_json:
        rows = [
            {"id": state.key, "name": state.cells.get(Column.NAME), "taken": answer[0] if answer is not None else None}
            for state, answer in zip(states, answers, strict=True)
        ]
        emit_json({"table": table, "daemon_running": daemon, "rows": rows})
    if daemon and None in answers:
        fail(f"{table}: the daemon hasn't answered yet; {KEPT} it does", Exit.LATER)
    if refused:
        fail(f"{table}: {called(refused)}: in the table again by now, and left as it is; look again", Exit.REFUSED)
    if not as_json:
        rest = "deleted with the next look at the table" if daemon else f"no daemon is running; {KEPT} one starts"
        say(f"{table}: {plural(len(states), 'row')} let go ({called(states)}): {rest}")
    return Exit.OK


async def _answers(ledger: Ledger, asked: Sequence[int], clock: Clock) -> list[tuple[bool, str] | None]:
    """In the order of what was asked; None for what has no answer in time."""
    until = clock.monotonic() + ANSWERS_WITHIN.total_seconds()
    while None in (answers := [ledger.answer_to(request) for request in asked]) and clock.monotonic() < until:
        await clock.sleep(LOOK_EVERY)
    return answers
