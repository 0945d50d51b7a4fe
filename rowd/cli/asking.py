"""A request put to the daemon, through the ledger: asked, answered, and, where wanted, seen through to the run's end.

There is no other way to a daemon. A request is durable once it is asked: it is done even if the one who asked is gone by then.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from actions.api import Outcome, Value
from connectors.api import PROVISIONAL, Lease
from engine.asked import Wish
from engine.clock import Clock
from engine.ledger import Ledger
from engine.model import Occurrence, Stage
from engine.recent import lasted
from rowd.bound import Site
from rowd.cli.calling import command
from rowd.cli.exits import Exit
from rowd.cli.output import clean, emit_json, fail, say, warn
from rowd.cli.site import ledger_gone, me
from rowd.note import left
from rowd.saying import holder
from rowd.view import RowView, living

ANSWERS_WITHIN = timedelta(seconds=5)
"""A daemon that is not busy answers within milliseconds."""

STARTS_WITHIN = timedelta(milliseconds=500)
"""What takes longer to start waits for something."""

LOOK_EVERY = timedelta(milliseconds=50)

KEPT = "the request is kept, and done when"
NOBODY = "rowd has not run here yet, so there is nobody to ask: start it with `rowd run`, or make one pass with `rowd once`"


class Asked(Struct, frozen=True):
    """A request, and what became of it so far.

    taken: None where there is no answer yet.   text: the reason where it was refused.   daemon: one was running.
    run: what it made.   about: see `Request`.
    """

    request: int
    row: RowView
    wish: Wish
    daemon: bool
    taken: bool | None = None
    text: str = ""
    run: Occurrence | None = None
    about: Mapping[str, Value] = MappingProxyType({})


def ask(
    site: Site,
    ledger: Ledger | None,
    row: RowView,
    wish: Wish,
    clock: Clock,
    *,
    amount: float = 0,
    wait: bool = False,
    behind: Sequence[RowView] = (),
    about: Mapping[str, Value] = MappingProxyType({}),
) -> Asked:
    """Ask for something, and wait a little for the answer; with `wait`, for the end of the run that it makes.

    behind: rows that are to make up for their last round once this one has run.   about: see `Request`.
    Ends the command where nobody could ever answer, or where there is nothing to wait for. Raises ledger errors.
    """
    if row.lease is not None and not (wish is Wish.CANCEL and row.active):  # what runs goes on where it began
        fail(_elsewhere(site, row, row.lease, wish, clock.now()), Exit.REFUSED)
    if ledger is None:
        if ledger_gone(site) is not None:  # it was said what to do
            fail("Nothing was asked.", Exit.OWNER)
        fail(NOBODY, Exit.LATER)
    if row.table not in site.served:
        fail(f"Nothing of {row.table} runs: it says serve = false in rowd.toml. Nothing was asked.", Exit.REFUSED)
    if row.key.startswith(PROVISIONAL):
        fail(
            f"{clean(row.name)} has no ID yet, so it can't be asked for; the daemon gives it one when it reads the table",
            Exit.LATER,
        )
    daemon = living(ledger)
    note = left(site.state, daemon.process) if daemon is not None else None
    if daemon is not None and note is not None and row.table not in note.tables:
        fail(
            f"The daemon doesn't know the table {row.table}: it read rowd.toml before that was in it. Nothing was asked."
            f" To let it read that anew: kill -HUP {daemon.process.pid}",
            Exit.REFUSED,
        )
    if wait and daemon is None:
        fail("No daemon is running, so there is nothing to wait for: start one with `rowd run`. Nothing was asked.", Exit.LATER)
    with ledger.transaction():
        for one in behind:
            ledger.ask(one.table, one.key, Wish.MAKE_UP, 0, f"cli:{me()}", clock.now())
        request = ledger.ask(row.table, row.key, wish, amount, f"cli:{me()}", clock.now(), about=about)
    with suppress(OSError):  # a daemon that isn't woken looks when it next does something
        site.wake.touch(mode=0o600)
    return asyncio.run(_followed(ledger, Asked(request, row, wish, daemon is not None, about=about), clock, wait=wait))


def _elsewhere(site: Site, row: RowView, lease: Lease, wish: Wish, now: datetime) -> str:
    """That another machine's daemon runs the row, and how that one is asked."""
    name = clean(row.name)
    pressed = f"{row.table}/{name}" if len(site.tables) > 1 else name
    word = Wish.CANCEL if wish is Wish.DECLINE else wish
    button = f"`rowd edit {shlex.quote(pressed)} --set {shlex.quote(f'Do={word}')}`"
    press = "raise Current in the table" if wish is Wish.TICK else f"press the button in the table: {button}"
    dead = " Where that one is dead: `rowd run --take-over`." if site.tables[row.table].rules.rules.remit.meets(lease) else ""
    return (
        f"{name} is run by {holder(lease, now, row.zone)}. Requests from here are answered by a daemon of this machine alone, so"
        f" nothing was asked. Run this command where that daemon runs, or {press}.{dead}"
    )


async def _followed(ledger: Ledger, asked: Asked, clock: Clock, *, wait: bool) -> Asked:
    if not asked.daemon:
        return asked
    until = clock.monotonic() + ANSWERS_WITHIN.total_seconds()
    while (answer := ledger.answer_to(asked.request)) is None:
        if clock.monotonic() >= until:
            return asked
        await clock.sleep(LOOK_EVERY)
    taken, text = answer
    run = _run_of(ledger, asked) if taken else None
    starts_by = clock.monotonic() + STARTS_WITHIN.total_seconds()
    while run is not None and run.stage is Stage.CLAIMED and clock.monotonic() < starts_by:
        await clock.sleep(LOOK_EVERY)
        run = ledger.occurrence(run.id)
    if wait and run is not None and run.stage is Stage.CLAIMED:  # told now: it may take long, and what waits looks as if it hung
        warn(_waits(clean(asked.row.name), run))
    while wait and run is not None and run.stage is not Stage.ENDED:
        if living(ledger) is None:
            fail(
                f"The daemon ended while {run.id} was under way. The next one goes on with it; `rowd history` tells how.",
                Exit.LATER,
            )
        await clock.sleep(LOOK_EVERY)
        run = ledger.occurrence(run.id)
    return replace(asked, taken=taken, text=text, run=run)


def _run_of(ledger: Ledger, asked: Asked) -> Occurrence | None:
    """The occurrence that a request made; None for a wish that makes none."""
    trigger = f"request:{asked.request}"
    return next((o for o in ledger.history(table=asked.row.table, key=asked.row.key, limit=100) if o.trigger == trigger), None)


def tell(asked: Asked, done: str, *, as_json: bool, wait: bool = False) -> Exit:
    """Say what became of it; answer the exit status.   done: what was done where it was taken, like "runs now"."""
    name, run = clean(asked.row.name), asked.run
    if as_json:
        emit_json(
            {
                "request": asked.request,
                "table": asked.row.table,
                "id": asked.row.key,
                "name": asked.row.name,
                "wish": asked.wish,
                "about": dict(asked.about),
                "daemon_running": asked.daemon,
                "taken": asked.taken,
                "reason": asked.text if asked.taken is False else None,
                "run": run.id if run is not None else None,
                "outcome": run.outcome if run is not None else None,
                "summary": run.reason if run is not None and run.outcome is not None else None,
            }
        )
    if asked.taken is False:
        fail(f"{name}: refused: {clean(asked.text)}", Exit.REFUSED)
    if asked.taken is None:
        return _unanswered(asked, name, as_json=as_json)
    if run is not None and run.stage is Stage.CLAIMED:
        if not as_json:
            say(_waits(name, run))
        return Exit.OK
    if run is None or run.stage is not Stage.ENDED:
        if not as_json:
            say(f"{name}: {done}{f' (run {run.id})' if run is not None else ''}")
        return Exit.OK
    if not as_json:
        took = f" in {lasted(run.duration)}" if run.duration is not None else ""
        say(f"{name}: {run.outcome}{took} (run {run.id}){f': {clean(run.reason)}' if run.reason else ''}")
    return Exit.BAD if wait and run.outcome is not Outcome.SUCCEEDED else Exit.OK


def _waits(name: str, run: Occurrence) -> str:
    if run.unapproved:
        return f"{name}: taken, and waits for approval (run {run.id}): {command(f'approve {run.id}')}"
    return f"{name}: taken, and waits to start (run {run.id}); `rowd show {shlex.quote(name)}` says for what"


def _unanswered(asked: Asked, name: str, *, as_json: bool) -> Exit:
    if asked.daemon:
        fail(
            f"{name}: the daemon hasn't answered within {lasted(ANSWERS_WITHIN)}; {KEPT} it does",
            Exit.LATER,
        )
    if not as_json:
        say(f"{name}: no daemon is running; {KEPT} one starts (`rowd run`, `rowd once`)")
    return Exit.OK
