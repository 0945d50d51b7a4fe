"""What must hold when nobody has done anything for a while, with the daemon still there to be looked into."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from engine.columns import OURS
from engine.display import differing
from engine.loop import Daemon
from engine.model import Task
from engine.reckoning import reckoned
from tests.simulation.book import Book
from tests.simulation.presses import APPROVE, BUTTONS
from tests.simulation.sheets import canonical
from tests.simulation.spans import rows_of
from tests.simulation.store_sheets import StoreSheet
from tests.simulation.world import World

BUSIEST = 4000
"""Steps of the event loop in a quiet minute, polls included."""


def the_daemon_is_idle(world: World, steps: int) -> Iterator[str]:
    """A daemon with nothing to do does next to nothing."""
    if steps > BUSIEST * len(world.benches):
        yield f"{steps} steps of the event loop in a quiet minute"


def nothing_is_left_to_tell(world: World, daemon: Daemon) -> Iterator[str]:
    """Every table was told everything."""
    for name, keeper in daemon.keepers.items():
        if keeper.access.trouble is not None or keeper.access.held is not None:
            yield f"{name} is not well: {keeper.access.trouble} {keeper.access.held}"
        stands = rows_of(next(bench for bench in world.benches if bench.name == name).sheet.look())
        for key, state in keeper.states.items():
            if key in keeper.sight.doubtful and key not in stands:
                continue  # it may be the row that lost its id, and there is none to tell
            wanted = keeper.wanted(key, world.machine.wall())
            if wanted is not None and state.absent_since is None and (left := differing(wanted, state)):
                yield f"{name}/{key} has yet to be told: {left}"


def memory_is_the_ledger(world: World, daemon: Daemon) -> Iterator[str]:
    """What the daemon knows is what it would know after a restart."""
    desk = world.desk
    assert desk is not None
    for name, keeper in daemon.keepers.items():
        stored = {state.key: state for state in desk.rows(name, deleted=True)}
        for key in stored.keys() | keeper.states.keys():
            here, there = keeper.states.get(key), stored.get(key)
            if here is None or there is None or _replaced(here) != _replaced(there):
                yield f"{name}/{key}: in memory and in the ledger {_differing(here, there)}"
        tallies = desk.tallies(name, recent=keeper.recent)
        for key in tallies.keys() | keeper.tallies.keys():
            if keeper.tallies.get(key) != tallies.get(key):
                yield f"{name}/{key}: tally in memory and in the ledger {_differing(keeper.tallies.get(key), tallies.get(key))}"
    if under_way := sorted(o.id for o in daemon.under_way):
        yield f"still under way: {under_way}"
    if active := sorted(o.id for o in desk.active()):
        yield f"still active in the ledger: {active}"


def _differing(here: Any, there: Any) -> str:
    """The fields in which two values differ."""
    if here is None or there is None:
        return f"{here} / {there}"
    names = here.__struct_fields__
    return "; ".join(f"{n}: {getattr(here, n)!r} / {getattr(there, n)!r}" for n in names if getattr(here, n) != getattr(there, n))


def _replaced(state: Any) -> Any:
    """A note is shown until the next edit or run, and needn't outlive a restart."""
    return replace(state, note=None)


def what_people_wrote_is_known(world: World, daemon: Daemon) -> Iterator[str]:
    """The ledger has every cell of a person's as it stands in the table: no edit was overlooked, none was overwritten."""
    book = Book(world.ledger_path)
    for bench in world.benches:
        grid = bench.sheet.look()
        for key, row in rows_of(grid).items():
            known = book.rows.get((bench.name, key))
            if known is None:
                yield f"{bench.name}/{key} stands in the table, and the ledger doesn't know it"
                continue
            cells = json.loads(known.cells)
            for header, text in row.items():
                column = canonical(header)
                if column in OURS or column in ("ID", "Current") or header not in grid.columns:
                    continue
                if _text(cells.get(column)) != text.strip() and column != "Do":
                    yield f"{bench.name}/{key}: {header} says {text!r}, the ledger has {cells.get(column)!r}"
        unknown = [k for (t, k), r in book.rows.items() if t == bench.name and r.deleted_at is None and k not in rows_of(grid)]
        doubtful = daemon.keepers[bench.name].sight.doubtful
        yield from (f"{bench.name}/{key} is gone, and the ledger still has it" for key in unknown if key not in doubtful)


def _text(cell: Any) -> str:
    """A cell of the ledger's, as people see it: an instant of a store that knows instants is kept as such."""
    if isinstance(cell, list):
        return str(cell[1]).replace("+00:00", "Z")
    return "" if cell is None else str(cell)


def people_s_own_cells_stand(world: World, daemon: Daemon) -> Iterator[str]:
    """Nobody but people has changed what is theirs alone. (Each of their hands on a store's table is preceded by this, too.)"""
    for bench in world.benches:
        if isinstance(bench.sheet, StoreSheet):
            yield from bench.sheet.trampled()


def rows_show_what_happened(world: World, daemon: Daemon) -> Iterator[str]:
    """rowd's own cells of a row add up to the records of the row."""
    book = Book(world.ledger_path)
    for bench in world.benches:
        grid = bench.sheet.look()
        for key, row in rows_of(grid).items():
            if key in bench.sheet.misread:
                continue
            records = book.by_row.get((bench.name, key), [])
            ran = [r for r in records if r.started_at is not None and r.stage == "ended"]
            last = max(ran, key=lambda r: r.seq, default=None)
            failed = ("failed", "timed out", "lost")
            wanted = {
                "Runs": str(len(ran)),
                "Failures": str(sum(r.outcome in failed for r in records)),
                "Missed": str(sum(r.count for r in records if r.outcome == "missed")),
                "Last Status": str(last.outcome) if last is not None else "",
                "Current": None,
            }
            for column, value in wanted.items():
                header = grid.header(column)
                if header is not None and value is not None and row.get(header, "") != value:
                    yield f"{bench.name}/{key}: {column} says {row.get(header, '')!r}, the ledger {value!r}"
            if (header := grid.header("Current")) is not None and grid.get(row, "Type") == "counter" and key in bench.spans.by_key:
                known = book.rows.get((bench.name, key))
                span = bench.spans.by_key[key][-1]
                if (
                    known is not None
                    and span.sure
                    and span.meaning.status == "paused"
                    and span.meaning.goal
                    and float(row[header] or 0) != known.count
                ):
                    yield f"{bench.name}/{key}: Current says {row[header]!r}, the ledger {known.count!r}"


def what_is_reckoned_up_is_right(world: World, daemon: Daemon) -> Iterator[str]:
    """What schedules asked for since a row was last edited is what there is of it, as `rowd reconcile` would say."""
    desk = world.desk
    assert desk is not None
    for name, keeper in () if world.jumpy else daemon.keepers.items():
        slots = defaultdict(list)
        for key, slot in desk.slots(name, world.machine.start):
            slots[key].append(slot)
        for key, task in keeper.understood.items():
            its = (
                reckoned(task, keeper.states[key], slots[key], world.machine.start, sys.maxsize) if isinstance(task, Task) else None
            )
            if its is not None and its.lacking:
                yield f"{name}/{key}: of {its.expected} that came due from {its.since} to {its.until}, {its.lacking} lack a record"


def buttons_are_cleared(world: World, daemon: Daemon) -> Iterator[str]:
    """No button stays pressed in a row where rowd had seen the cell blank."""
    for bench in world.benches:
        ready = {press.key for press in bench.person.presses.all if press.ready}
        grid, doubtful = bench.sheet.look(), daemon.keepers[bench.name].sight.doubtful
        for key, row in rows_of(grid).items():
            if (text := grid.get(row, "Do")) in (*BUTTONS, APPROVE) and key in ready and key not in doubtful:
                yield f"{bench.name}/{key}: Do still says {text!r}"


LAWS = (
    nothing_is_left_to_tell,
    memory_is_the_ledger,
    what_people_wrote_is_known,
    people_s_own_cells_stand,
    rows_show_what_happened,
    what_is_reckoned_up_is_right,
    buttons_are_cleared,
)
