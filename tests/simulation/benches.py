"""A table with everything around it: the sheet, the people, the weather; and what is known of its rows from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.api import Place, Table
from connectors.local import LocalSettings, LocalTable
from connectors.local.exchange import exchange
from tests.simulation import people, rows
from tests.simulation.copies import Copies
from tests.simulation.link import Guard, Link, Owned, Probed, Watched, Weather
from tests.simulation.machine import source
from tests.simulation.sheets import FileSheet, Grid, MemorySheet, MemoryTable, Sheet
from tests.simulation.spans import EVENTFUL, Spans
from tests.simulation.store_link import StoreLink
from tests.simulation.stores import ROWS, STORES, Store

if TYPE_CHECKING:
    from tests.simulation.world import World

NEEDED = (
    *("ID", "Name", "Action", "Type", "Schedule", "Status", "Threshold", "Time Zone", "Jitter", "Catch Up", "Overlap", "Metadata"),
    *EVENTFUL,
)
"""Columns without which no row can be told for sure, in a table that has them."""

COUNTERS = 0.3
"""Share of rows that count, in a vendor's table: what both sides write, and an answer that never came leaves in doubt."""


@dataclass
class Bench:
    """One table with everything around it.   kind: memory or file."""

    name: str
    sheet: Sheet
    weather: Weather
    spans: Spans
    guard: Guard
    person: people.Person
    open: Callable[[], Table]
    link: type[Link]
    kind: str
    poll: timedelta
    store: Store | None = None
    links: list[Link] = field(default_factory=list)
    well: list[tuple[int, int]] = field(default_factory=list)  # of each life: first look, and end or order to stop


def bench_of(world: World, number: int, fast: float) -> Bench:
    """The n-th table of a seed, as that draws it.   fast: share of its rows that come due every few seconds."""
    chance, name = world.chance, "ops" if number == 0 else "second"
    columns = rows.columns(chance, rare=0.1 if world.dense else 0.6, eventful=world.eventful)
    kind = world.vendor or ("file" if not world.dense and chance.random() < 0.2 else "memory")
    grid = Grid(list(columns), [])
    sheet: Sheet
    store = None
    if world.vendor is not None:
        if world.vendor != "google_sheets":
            columns = [c for c in columns if c != "ID"]
        store = STORES[world.vendor](world.machine, chance, columns, str(world.operator.zone))
        sheet = store.sheet
        world.tell(f"a table of {store.name}: {', '.join(f'{k}={v}' for k, v in store.emulator.switches.items())}")
        sheet.zone, store.sheet.moment = store.zone, lambda: world.machine.moment
        store.wire.meanwhile = lambda: world.meddle(sheet) if world.meddle is not None else None
        store.sheet.tell_broken = lambda what: world.broke("trampled", what)
    elif kind == "file":
        sheet = FileSheet(name, world.folder / f"{name}.csv", grid, in_place=chance.random() < 0.5)
    else:
        sheet = MemorySheet(name, grid)
    weather = Weather(
        source(chance.random()),
        failing=0 if store else chance.choice((0, 0, 0.01, 0.1)),
        slow=0 if world.dense or store else chance.choice((0, 0.02, 0.3)),
        longest=chance.choice((0.5, 3)),
    )
    needed = tuple(c for c in NEEDED if c in columns)
    terms = lambda: world.terms(sheet)  # noqa: E731 (a name would say no more)
    spans = Spans(sheet, world.machine, terms, needed)
    sheet.changed.append(spans.observe)
    doubted: set[str] = set()
    writer = rows.Writer(
        source(chance.random()),
        fast,
        nights=world.nights,
        counters=COUNTERS if store else 0.08,
        reacting=0.25 if world.eventful else 0,
    )
    writer.linking = 0.3 if world.eventful else 0
    person = people.Person(
        sheet,
        spans,
        world.machine,
        source(chance.random()),
        writer,
        lambda text: world.tell(f"person @{name}: {text}"),
        daring=0.3 if world.bold else 0,
        copies=Copies(sheet, lambda: doubted),
    )
    person.snoozed = world.snoozed.add
    person.eventful = world.eventful
    person.rows_only, person.most = store is not None, person.most if store is None else ROWS
    if world.zoned and kind == "memory":
        person.zoning = source(world.seed + 0.5 + number)
    guard = Guard(sheet, world.broke, lambda link: world.well(link), lambda link: world.noted(link), lambda: person.typed, doubted)
    opened, link = _opened(world, kind, sheet, guard) if store is None else (_by_its_store, StoreLink)
    people.start(person, min(18 if world.dense else chance.choice((5, 10, 20, 35)), person.most), columns)
    person.edits = 0
    bench = Bench(
        name, sheet, weather, spans, guard, person, opened, link, kind, timedelta(seconds=chance.choice((10, 10, 30))), store
    )
    sheet.changed.append(lambda: [link.changed() for link in bench.links[-1:]])
    return bench


def join(bench: Bench, other: Bench) -> None:
    """Rows of the one table may speak of those of the other."""
    bench.person.writer.elsewhere = other.name
    bench.person.elsewhere = lambda: [
        f"{other.name}/{name}" for row in other.sheet.look().rows if (name := other.sheet.look().get(row, "Name"))
    ]


def _opened(world: World, kind: str, sheet: Sheet, guard: Guard) -> tuple[Callable[[], Table], type[Link]]:
    chance = world.chance
    if isinstance(sheet, FileSheet):
        place = Place(name=sheet.name, base=sheet.path.parent, id_column="ID", name_column="Name", secret={}.__getitem__)
        meddling, random = chance.choice((0, 0.1)), source(chance.random())

        def between(one: Path, other: Path) -> None:
            """A person may save at the worst moment: after rowd has read, before the files change places.

            Not twice in one write: a program that reads between an exchange and its comparison misses an edit by itworld.
            """
            if guard.watching and random.random() < meddling and world.meddle is not None:
                guard.interrupted()
                world.meddle(sheet)
            exchange(one, other)

        return lambda: LocalTable(LocalSettings(path=Path(sheet.path.name)), place, exchange=between), Owned
    assert isinstance(sheet, MemorySheet)
    made = MemoryTable(
        sheet,
        atomic=chance.random() < 0.5,
        batch=chance.choice((3, 20, 50)),
        answers=chance.choice((2, 2, 1, 0)),
        typed=chance.random() < 0.25,
    )
    return lambda: made, chance.choice((Link, Link, Probed, Watched))


def _by_its_store() -> Table:
    raise RuntimeError("a vendor's table is opened with a gate, by its store")
