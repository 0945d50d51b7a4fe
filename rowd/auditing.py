"""Deeds for the audit trail that are about the program: which configuration was taken up, and what commands did."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from config.environment import is_override
from engine.ledger import DaemonMark, Ledger, LedgerError, blank
from engine.trail import Deed, Kind, Said
from engine.wording import cut
from rowd.bound import Site

MARK = 16
"""Hexadecimal digits of the mark of a definition."""

_UNDONE: Mapping[str, int] = {}

LONGEST = 2_000
"""Characters of what a command did, put together."""


def me() -> str:
    """Who runs this program; the number where that has no name, as in a container."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


def daemon_started(site: Site, mark: DaemonMark) -> Deed:
    """By whom, where, and by which configuration."""
    of_it: dict[str, Said] = {"version": mark.version, "host": mark.host, "pid": mark.process.pid}
    return Deed(mark.since, Kind.DAEMON_STARTED, by=me(), what={**of_it, **_configuration(site)})


def daemon_ended(mark: DaemonMark, now: datetime) -> Deed:
    """In order. One that was killed leaves none."""
    return Deed(now, Kind.DAEMON_ENDED, by="rowd", what={"pid": mark.process.pid})


def config_taken(site: Site, now: datetime) -> Deed:
    """That the daemon goes by what rowd.toml says now."""
    return Deed(now, Kind.CONFIG_TAKEN, by="rowd", what=_configuration(site))


def by_command() -> str:
    """Who calls a command, as requests have it."""
    return f"cli:{me()}"


def prepared(table: str, changes: Iterable[str], now: datetime) -> Deed:
    """What `rowd setup` did to a table."""
    return Deed(now, Kind.TABLE_PREPARED, table, by=by_command(), what={"changes": cut("; ".join(changes), LONGEST)})


def moved(command: str, one: str, other: str, now: datetime, counts: Mapping[str, int] = _UNDONE) -> Deed:
    """That rows are moved between tables: once before, without `counts`, and once when it is done."""
    what: dict[str, Said] = {"command": command, "with": one, "stage": "done" if counts else "begins"}
    return Deed(now, Kind.TABLE_MOVED, other, by=by_command(), what={**what, **counts})


def put(table: str, key: str, row: str, change: str, columns: Iterable[str], now: datetime) -> Deed:
    """What a command did to a row of a table. What the cells say, the daemon tells once it has read them."""
    what: dict[str, Said] = {"change": change}
    if said := ", ".join(columns):
        what["columns"] = cut(said, LONGEST)
    return Deed(now, Kind.ROW_PUT, table, key, row, by_command(), os.environ.get("ROWD_RUN_ID", ""), what)


def emitted(source: str, event: int, number: int, now: datetime) -> Deed:
    """That something was said to have happened; not what, since whoever says it may say anything."""
    what: dict[str, Said] = {"watch": source, "event": event, "count": number}
    return Deed(now, Kind.EVENT_EMITTED, by=by_command(), run=os.environ.get("ROWD_RUN_ID", ""), what=what)


def noted(path: Path, deeds: Iterable[Deed]) -> str | None:
    """Put down what a command did, where there is a ledger at `path`. Answers why that couldn't be done; None where it could, or
    need not: whoever may use a table, but not the ledger, is known to the table alone.
    """
    try:
        if blank(path):
            return None
        ledger = Ledger.open(path, migrate=False)
        try:
            with ledger.transaction():
                ledger.note(deeds)
        finally:
            ledger.close()
    except (LedgerError, PermissionError) as exc:
        return str(exc)
    return None


def _configuration(site: Site) -> dict[str, Said]:
    """The SHA-256 of rowd.toml, marks of what it defines, and the names of variables that override it. No secret goes into any."""
    settings = site.config.settings
    what: dict[str, Said] = {"rowd.toml": site.config.digest}
    for section, definitions in (("actions", settings.actions), ("fact", settings.facts), ("watch", settings.watches)):
        what |= {f"{section}.{name}": _mark(one) for name, one in definitions.items()}
    if over := [name for name in sorted(site.config.variables) if is_override(name)]:
        what["overrides"] = ", ".join(over)
    return what


def _mark(definition: Mapping[str, Any]) -> str:
    said = json.dumps(definition, sort_keys=True, default=str)
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:MARK]
