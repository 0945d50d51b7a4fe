"""What the ledger says of tables, as a look at them wants it: rows, what is under way, what is asked for, what a breaker holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from msgspec import Struct

from engine.brakes import HOUR, Brakes
from engine.breaker import Breaker
from engine.keeper import Keeper
from engine.ledger import Ledger, TableMark
from engine.model import Occurrence, Request
from rowd.bound import Bound, Site
from rowd.wiring import holder_of, keeper_of


class Known(Struct, frozen=True):
    """What the ledger says of one table.   holder: who the daemon of this ledger is beside a table; "" where there is no ledger."""

    keeper: Keeper
    mark: TableMark | None
    active: Mapping[str, Sequence[Occurrence]]
    requests: Mapping[str, Sequence[Request]]
    holder: str = ""


def known(site: Site, bounds: Iterable[Bound], ledger: Ledger | None, now: datetime, holder: str = "") -> dict[str, Known]:
    """By the table's name.

    ledger: None where there is none, or it isn't to count.   holder: ours then. Raises ledger errors.
    """
    if ledger is None:
        return {b.rules.rules.table: Known(Keeper(b.rules, (), {}, None), None, {}, {}, holder) for b in bounds}
    found = {}
    holder = holder_of(ledger.id)
    with ledger.snapshot():
        barred, brakes = tripped(site, ledger), braked(site, ledger, now)
        asked: defaultdict[tuple[str, str], list[Request]] = defaultdict(list)
        for request in ledger.requests():
            asked[request.table, request.key].append(request)
        for bound in bounds:
            name = bound.rules.rules.table
            active: defaultdict[str, list[Occurrence]] = defaultdict(list)
            for occurrence in ledger.active(name):
                active[occurrence.key].append(occurrence)
            mine = {key: wishes for (table, key), wishes in asked.items() if table == name}
            keeper = keeper_of(bound, ledger)
            keeper.active = partial(_active, active)
            keeper.shut = partial(shut, barred)
            keeper.full = brakes.full
            keeper.requests = {key: tuple(wishes) for key, wishes in mine.items()}
            found[name] = Known(keeper, ledger.table_mark(name), active, mine, holder)
    return found


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


def _active(active: Mapping[str, Sequence[Occurrence]], _table: str, key: str) -> tuple[Occurrence, ...]:
    return tuple(active.get(key, ()))
