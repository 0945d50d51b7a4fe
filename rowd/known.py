"""What the ledger says of tables, as a look at them wants it: rows, what is under way, what is asked for, what a breaker holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from msgspec import Struct

from engine.asked import Request
from engine.brakes import HOUR, Brakes
from engine.breaker import Breaker
from engine.keeper import Keeper
from engine.ledger import Ledger, TableMark
from engine.links import Openness
from engine.made import Announced
from engine.model import Occurrence
from engine.naming import Extent
from engine.neighbours import Neighbours
from rowd.bound import Bound, Site
from rowd.wiring import holder_of, keeper_of


class Known(Struct, frozen=True):
    """What the ledger says of one table.   holder: who the daemon of this ledger is beside a table; "" where there is no ledger.

    before: keys of the rows that it knows.   announced: rows that runs are about to make, or that its daemon has yet to see.
    """

    keeper: Keeper
    mark: TableMark | None
    active: Mapping[str, Sequence[Occurrence]]
    requests: Mapping[str, Sequence[Request]]
    holder: str = ""
    before: frozenset[str] = frozenset()
    announced: Sequence[Announced] = ()


def known(site: Site, bounds: Iterable[Bound], ledger: Ledger | None, now: datetime, holder: str = "") -> dict[str, Known]:
    """By the table's name.

    ledger: None where there is none, or it isn't to count.   holder: ours then. Raises ledger errors.
    """
    bounds = list(bounds)
    if ledger is None:
        unknown = {b.rules.rules.table: Known(Keeper(b.rules, (), {}, None), None, {}, {}, holder) for b in bounds}
        _acquaint(unknown)
        return unknown
    found: dict[str, Known] = {}
    holder = holder_of(ledger.id)
    with ledger.snapshot():
        barred, brakes = tripped(site, ledger), braked(site, ledger, now)
        asked: defaultdict[tuple[str, str], list[Request]] = defaultdict(list)
        for request in ledger.requests():
            asked[request.table, request.key].append(request)
        for bound in [*bounds, *_spoken_of(site, bounds)]:
            name = bound.rules.rules.table
            active: defaultdict[str, list[Occurrence]] = defaultdict(list)
            for occurrence in ledger.active(name):
                active[occurrence.key].append(occurrence)
            mine = {key: wishes for (table, key), wishes in asked.items() if table == name}
            keeper = keeper_of(bound, ledger)
            keeper.shut = partial(shut, barred)
            keeper.full = brakes.full
            there = (key for key, state in keeper.states.items() if state.deleted_at is None)
            keeper.requests = {key: tuple(wishes) for key, wishes in mine.items()}
            found[name] = Known(keeper, ledger.table_mark(name), active, mine, holder, frozenset(there), ledger.announced(name))
    _acquaint(found)
    return {bound.rules.rules.table: found[bound.rules.rules.table] for bound in bounds}


def _spoken_of(site: Site, bounds: Sequence[Bound]) -> list[Bound]:
    """The tables besides of whose rows these can speak, over any number of steps."""
    asked = dict.fromkeys(bound.rules.rules.table for bound in bounds)
    reached = dict(asked)
    ahead = list(asked)
    while ahead:
        opens = site.tables[ahead.pop()].rules.rules.tables
        ahead += (new := [table for table, openness in opens.items() if openness is Openness.OPEN and table not in reached])
        reached |= dict.fromkeys(new)
    return [site.tables[table] for table in reached if table not in asked and table in site.tables]


def _acquaint(tables: Mapping[str, Known]) -> None:
    """Let them know each other. What the daemon has read of one counts, until it is read now."""
    neighbours = Neighbours()
    keepers = {name: one.keeper for name, one in tables.items()}
    for one in tables.values():
        if one.mark is not None and one.mark.last_read is not None:
            one.keeper.reach(Extent.WHOLE)
        one.keeper.others = keepers.get
        one.keeper.meanings.join(neighbours)
    for keeper in keepers.values():
        keeper.active = partial(_anywhere, {name: one.active for name, one in tables.items()})
    neighbours.meet()


def braked(site: Site, ledger: Ledger | None, now: datetime) -> Brakes:
    """What tables may start now, as far as the ledger knows what has begun."""
    brakes = Brakes(site.parts.brakes)
    if ledger is not None:
        for table in site.parts.brakes:
            brakes.take_up(table, ledger.begun(table, now - HOUR))
    return brakes


def tripped(site: Site, ledger: Ledger | None) -> dict[str, datetime]:
    """Action → until when its breaker lets nothing start, or did."""
    if ledger is None:
        return {}
    found = {action: Breaker(*ledger.streak(action)).shut_until(site.parts.breaker) for action in site.definitions}
    return {action: until for action, until in found.items() if until is not None}


def shut(tripped: Mapping[str, datetime], now: datetime) -> dict[str, datetime]:
    """Those of them that let nothing start now."""
    return {action: until for action, until in tripped.items() if until > now}


def _anywhere(active: Mapping[str, Mapping[str, Sequence[Occurrence]]], table: str, key: str) -> tuple[Occurrence, ...]:
    return tuple(active.get(table, {}).get(key, ()))
