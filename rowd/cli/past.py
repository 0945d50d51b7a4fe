"""What commands that look back are asked about: since when, and which rows, deleted ones included."""

from __future__ import annotations

from datetime import datetime

from config.fields import span
from engine.cells import BadCell, alike, did_you_mean, instant
from engine.columns import Column
from engine.identity import id_of
from engine.ledger import Ledger
from rowd.bound import Site
from rowd.cli.exits import Exit
from rowd.cli.output import clean, fail


def beginning(text: str, now: datetime, site: Site) -> datetime:
    """The instant that `--since` means. Ends the command where it means none."""
    try:
        return now - span(text)
    except ValueError:
        pass
    try:
        return instant(text, site.config.settings.defaults.time_zone)
    except BadCell as exc:
        fail(f'--since "{clean(text)}": neither a span like 2d nor a date: {exc}', Exit.USAGE)


def rows_meant(ledger: Ledger, name: str | None, names: list[str], *, every: bool) -> list[tuple[str | None, str | None]]:
    """(table, key) of the rows meant, deleted ones included; None for any.   every: of all tables, also unknown ones.

    Ends the command for a name that the ledger doesn't know.
    """
    if name is None:
        return [(None, None)] if every else [(within, None) for within in names]
    known = {(within, s.key): str(s.cells.get(Column.NAME) or "") for within in names for s in ledger.rows(within, deleted=True)}
    found = _called(known, name)
    if not found and "/" in name:
        within, _, rest = name.partition("/")
        found = _called({place: called for place, called in known.items() if place[0] == within}, rest)
    if not found:
        hint = did_you_mean(name, known.values()) or "; `rowd history` shows what has happened"
        fail(f'The ledger knows no task "{clean(name)}"{hint}', Exit.USAGE)
    return list(found)


def _called(known: dict[tuple[str, str], str], name: str) -> list[tuple[str, str]]:
    wanted, by_id = alike(name), id_of(name)
    return [p for p, called in known.items() if alike(called) == wanted] or [p for p in known if p[1] == by_id]
