"""From the jobs of a crontab to rows and action definitions. What runs as what, and what is there already. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, field

from connectors.api import Cell, fold
from engine.cells import LONGEST_NAME, BadCell, text
from engine.cells import zone as zone_named
from engine.columns import Column
from engine.model import Status, Type
from engine.schedule import Unreadable, parse
from engine.schedule.tokens import tidy
from rowd.crontab import PATH, Job, Refused
from rowd.naming import named

TIMEOUT = "1d"
"""cron lets a job run for as long as it takes. A day is as good as that, and still ends what hangs."""

FED = 'printf %s "$1" | exec "$2" -c "$3"'
"""For a job that reads what stands behind its first `%`. Input, shell and command are arguments, so nothing need be quoted."""

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)

Account = Callable[[str], tuple[str, bool] | None]
"""A user's name → (home folder, whether that is there); None for an unknown user."""


class Moved(Struct, frozen=True):
    """A job as a row. settings: of its action, None where the action is there already."""

    job: Job
    cells: Mapping[str, Cell]
    action: str
    settings: Mapping[str, Any] | None


class Known(Struct, frozen=True):
    """What stands in the table and in `rowd.toml` already.

    actions: name → raw settings.   rows: (action, Schedule, Time Zone) of every row, as text.   names: of rows.
    """

    actions: Mapping[str, Mapping[str, Any]]
    rows: Collection[tuple[str, str, str]]
    names: Collection[str]


class Migration(Struct):
    """What an import comes to.

    moved: to be written.   same: jobs that are in the table already.   again: jobs that an earlier line of the crontabs has.
    refused: with why.
    """

    moved: list[Moved] = field(default_factory=list)
    same: list[Job] = field(default_factory=list)
    again: list[Job] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def migrate(jobs: Iterable[Job], known: Known, me: str, account: Account) -> Migration:
    """Make rows of jobs.   me: the user that rowd runs as; only root can run a job as another."""
    found = Migration()
    actions = dict(known.actions)
    by_settings = {_told(settings): name for name, settings in reversed(actions.items())}
    rows = set(known.rows)
    names = {name.casefold() for name in known.names}
    for job in jobs:
        try:
            settings = _settings(job, me, account)
            zone = _zone(job)
            parse(job.schedule, type=Type.CRON, zone=UTC, since=_ANY_TIME)
        except ValueError as exc:
            found.refused.append(Refused(job.file, job.line, job.command, str(exc)))
            continue
        action = by_settings.get(_told(settings))
        new = action is None
        if action is None:
            action = named(job.command, {*actions, *names})
            actions[action] = settings
            by_settings[_told(settings)] = action
        if (row := (action, tidy(job.schedule), zone or "")) in rows:
            (found.same if row in known.rows else found.again).append(job)
            continue
        rows.add(row)
        name = job.name if 0 < len(job.name) <= LONGEST_NAME else action
        if name.casefold() in names:
            name = named(job.command, {*actions, *names})
        names.add(name.casefold())
        found.moved.append(Moved(job, _cells(job, name, action, zone), action, settings if new else None))
    return found


def rows_known(cells: Iterable[Mapping[str, Cell]]) -> set[tuple[str, str, str]]:
    """What `Known.rows` wants, from canonical cells."""
    return {(text(c.get(Column.ACTION)) or "", _tidy_or_as_is(text(c.get(Column.SCHEDULE)) or ""), _zone_in(c)) for c in cells}


def _zone_in(cells: Mapping[str, Cell]) -> str:
    """The row's own zone: in its column, else in Metadata; "" for none."""
    if (said := text(cells.get(Column.TIME_ZONE))) is not None:
        return said
    try:
        inner = json.loads(text(cells.get(Column.METADATA)) or "{}")
    except ValueError:
        return ""
    folded = fold(Column.TIME_ZONE)
    found = [value for key, value in inner.items() if fold(key) == folded] if isinstance(inner, dict) else []
    return str(found[0]) if found else ""


def _tidy_or_as_is(schedule: str) -> str:
    """A row whose Schedule nobody can read is no line of a crontab: it equals none."""
    try:
        return tidy(schedule)
    except Unreadable:
        return schedule


def _settings(job: Job, me: str, account: Account) -> dict[str, Any]:
    user = job.user or me
    known = account(user)
    if known is None:
        raise ValueError(f'there is no user "{user}" on this machine')
    if user != me and me != "root":
        raise ValueError(f"it runs as {user}, and rowd as {me}, who can't become another user; run rowd, and this import, as root")
    home, there = known
    home = job.environment.get("HOME", home)
    argv = [job.shell, "-c", job.command]
    if job.stdin is not None:
        argv = ["/bin/sh", "-c", FED, "sh", job.stdin, job.shell, job.command]
    return {
        "kind": "command",
        "argv": [_plain(element) for element in argv],
        **({"user": user} if user != me else {}),
        "cwd": home if there or "HOME" in job.environment else "/",
        "environment": {"PATH": PATH, "SHELL": job.shell, **job.environment},
        "timeout": TIMEOUT,
    }


def _plain(element: str) -> str:
    """For an argv of rowd.toml, where braces hold parameters."""
    return element.replace("{", "{{").replace("}", "}}")


def _zone(job: Job) -> str | None:
    if job.zone is None:
        return None
    try:
        return str(zone_named(job.zone))
    except BadCell as exc:
        raise ValueError(f'CRON_TZ "{job.zone}": {exc}') from None


def _cells(job: Job, name: str, action: str, zone: str | None) -> dict[str, Cell]:
    cells: dict[str, Cell] = {
        str(Column.NAME): name,
        str(Column.TYPE): str(Type.CRON),
        str(Column.DESCRIPTION): f"{job.command} ({job.place})",
        str(Column.ACTION): action,
        str(Column.SCHEDULE): job.schedule,
        str(Column.STATUS): str(Status.ACTIVE),
    }
    if zone is not None:
        cells[str(Column.TIME_ZONE)] = zone
    return cells


def _told(settings: Mapping[str, Any]) -> str:
    """What tells definitions apart: everything that makes a difference to what runs."""
    return repr([(key, _frozen(settings[key])) for key in ("kind", "argv", "user", "cwd", "environment") if settings.get(key)])


def _frozen(value: Any) -> object:
    if isinstance(value, Mapping):
        return sorted((str(k), str(v)) for k, v in value.items())
    return [str(v) for v in value] if isinstance(value, list | tuple) else str(value)
