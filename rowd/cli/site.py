"""From `--config` to everything a command works on: the site, its ledger as far as there is one, and a row by its name."""

from __future__ import annotations

import os
import pwd
import shlex
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from msgspec import Struct

from actions.api import Process
from config.load import Config, changed_since, load
from config.mistakes import ConfigError, Mistake
from engine.cells import alike, did_you_mean
from engine.clock import Clock, SystemClock
from engine.identity import id_of
from engine.ledger import DaemonMark, Ledger, LedgerMissing, blank, instead, lost
from engine.plan import bare
from engine.wording import conjoined
from rowd.auditing import me as me
from rowd.bound import Site
from rowd.cli.calling import TYPED, as_typed
from rowd.cli.exits import Exit
from rowd.cli.options import BEFORE
from rowd.cli.output import clean, fail, plural, warn
from rowd.cli.rows import end_of_unread
from rowd.heartbeat import heard, trouble_of
from rowd.lock import held_by
from rowd.note import last, left
from rowd.saying import distance
from rowd.service import runs
from rowd.view import RowView, TableView, living, look
from rowd.wiring import configured


def site_at(config: Path | None) -> Site:
    """The site of this rowd.toml, or of the one named before the command, or of the one that is found.

    Raises ConfigError with every mistake.
    """
    TYPED.set(config or BEFORE.get())
    return drafted(config)


def drafted(config: Path | None) -> Site:
    """The same of a file that nobody has named: a draft, to see whether it would do."""
    site, mistakes = _loaded(config)
    if mistakes or site is None:
        raise ConfigError(mistakes)
    return site


def ledger_site(config: Path | None) -> Site:
    """The same for commands that tell of the ledger alone: of a rowd.toml with mistakes, they take what is right, and say so.

    Raises ConfigError where that doesn't lead to a ledger.
    """
    site, mistakes = salvaged(config)
    if mistakes:
        mended = f"{site.config.file} has {plural(len(mistakes), 'mistake')} (`rowd check` tells them)"
        warn(f"{mended}; this is what {site.ledger} holds:")
    return site


def salvaged(config: Path | None) -> tuple[Site, list[Mistake]]:
    """The site of what is right in rowd.toml, and the mistakes in it.

    Raises ConfigError where there are some and what is right doesn't lead to a ledger.
    """
    TYPED.set(config or BEFORE.get())
    site, mistakes = _loaded(config)
    if site is None or (mistakes and not _there(site)):
        raise ConfigError(mistakes)
    return site, mistakes


def whatever_is_right(config: Path | None) -> tuple[Site | None, list[Mistake]]:
    """The site of what is right in rowd.toml, None where there is none at all; and the mistakes in it. Raises nothing."""
    TYPED.set(config or BEFORE.get())
    return _loaded(config)


def _loaded(config: Path | None) -> tuple[Site | None, list[Mistake]]:
    """The site of all that is right, None where no file is named and none is there; and every mistake, each once."""
    ready: list[Site] = []

    def check(loaded: Config) -> Iterable[Mistake]:
        site, mistakes = configured(loaded)
        ready.append(site)
        return mistakes

    try:
        load(config or BEFORE.get(), os.environ, Path.cwd(), check)
    except ConfigError as exc:
        return (ready[0] if ready else None), list({(m.key, m.message): m for m in exc.mistakes}.values())
    return ready[0], []


@contextmanager
def reading(site: Site, *, quiet: bool = False) -> Iterator[Ledger | None]:
    """The ledger, to be read from; None where no daemon has made one yet: then nothing has happened. Raises ledger errors.

    quiet: a ledger that is gone is not told here.
    """
    if (gone := ledger_gone(site)) is not None:
        if not quiet:
            warn(gone.message)
        yield None
        return
    if not _there(site):
        yield None
        return
    if blank(site.ledger):
        warn(f"The ledger {site.ledger} is empty: to rowd nothing has happened yet, and the next daemon begins it anew.")
        yield None
        return
    try:
        ledger = Ledger.open(site.ledger, migrate=False)
    except LedgerMissing:
        yield None
        return
    try:
        yield ledger
    finally:
        ledger.close()


class Gone(Struct, frozen=True):
    """A ledger that was taken away.   process: the daemon that works without it; None for none.   message: with the remedy."""

    process: Process | None
    message: str


def ledger_gone(site: Site) -> Gone | None:
    """That there was a ledger and is none; None where that isn't so.

    The daemon's lock tells that it runs, its note that it had begun its work: one that has just started may have yet to make the
    ledger. Where none runs, backups tell.
    """
    try:
        there, missing = not blank(site.ledger), lost(site.ledger)
    except PermissionError:  # told by whoever wants to read it
        return None
    if there:
        return None
    if held_by(site.state) is None:
        return Gone(None, missing) if missing is not None else None
    note = last(site.state)
    if note is None or not runs(note.process):
        return None
    return Gone(
        note.process,
        f"The ledger {site.ledger} is gone while the daemon works: it starts nothing more, and what it has recorded is lost when"
        " it ends."
        f" Stop it: kill {note.process.pid}. {instead(site.ledger)}",
    )


def _there(site: Site) -> bool:
    """Whether there is a ledger. Ends the command where its user may not look, or not read it."""
    try:
        if not site.ledger.exists():
            return False
        readable = os.access(site.ledger, os.R_OK, effective_ids=True)
    except PermissionError:
        readable = False
    if not readable:
        _unreadable(site)
    return True


def _unreadable(site: Site) -> NoReturn:
    myself = os.geteuid()
    try:
        owner = site.state.stat().st_uid
    except OSError:
        owner = myself
    again = "run it as the user that rowd runs as" if owner == myself else f"run it as its owner: {as_typed(_called_user(owner))}"
    fail(f"{site.ledger} can't be read by {_called_user(myself)}; {again}", Exit.OWNER)


def _called_user(uid: int) -> str:
    """As sudo(8) takes it: by number where it has no name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # in a container
        return f"#{uid}"


def runner(site: Site) -> str:
    """The user that rowd runs as, as far as that can be told from here."""
    try:
        return site.state.owner()
    except (OSError, KeyError):  # it has not run yet, or under a number that has no name
        return me()


def only_runner(site: Site, why: str) -> None:
    """End the command where it isn't run by the user that rowd runs as, as far as that can be told.   why: it must be."""
    try:
        owner = site.state.stat().st_uid
    except OSError:  # it has not run yet
        return
    if owner != os.geteuid():
        name = _called_user(owner)
        fail(f"rowd runs as {name}, {why}. Run this as {name}: {as_typed(name)}", Exit.OWNER)


def runs_as_us(site: Site) -> bool:
    """Whether rowd sees no more of this machine than we do: it runs as our user, or we are root."""
    try:
        return os.geteuid() in (0, site.state.stat().st_uid)
    except OSError:  # it has not run yet
        return True


def behind(site: Site, ledger: Ledger | None) -> str | None:
    """What keeps the running daemon from what rowd.toml says now: it hangs, it can't write, it has read another version.

    None for nothing, and where none runs.
    """
    daemon = living(ledger)
    if daemon is not None and (trouble := trouble_of(site.state, heard(site.state), SystemClock().now())) is not None:
        return f"the daemon {trouble}"
    note = left(site.state, daemon.process) if daemon is not None else None
    if daemon is None or note is None:
        return None
    if changed := changed_since(site.config.file, note.version):
        files, since = conjoined([str(one) for one in changed]), "was changed since the daemon read it"
        if len(changed) > 1:
            since = "were changed since the daemon read them"
        return f"{files} {since}; to let it read that: kill -HUP {daemon.process.pid}"
    if note.restart:
        which = f"{', '.join(note.restart)}: renamed, moved or with other columns for ID or Name in {site.config.file}"
        return f"{which}; restart the daemon to take that over"
    return None


def unattended(site: Site, ledger: Ledger | None, tables: Collection[TableView] = ()) -> str | None:
    """That no daemon runs, and how the last one ended where it didn't say; None where one does.

    tables: those that were looked at; of such as another machine's daemon runs, nothing is to be said.
    """
    if living(ledger) is not None:
        return None
    left = [view.name for view in tables if view.served and view.taken is None]
    if any(view.leases for view in tables):
        return (
            f"No daemon is running here, so nothing of {', '.join(left)} starts from here. `rowd run` starts one." if left else None
        )
    stale = ledger.daemon() if ledger is not None else None
    ended = f": {ended_silently(stale, SystemClock().now(), site.state)}" if stale is not None else ""
    return f"No daemon is running, so nothing starts{ended}. `rowd run` starts one."


def ended_silently(stale: DaemonMark, now: datetime, state: Path) -> str:
    """What is known of a daemon that left its mark and lives no more: being stopped twice it leaves that it was being stopped."""
    note = left(state, stale.process)
    how = "ended without a word"
    if note is not None and note.stopping_at is not None:
        how = f"was told to stop {distance(note.stopping_at, now)}, and ended before all that ran had"
    return f"process {stale.process.pid} on {stale.host}, started {distance(stale.since, now)}, {how}"


def tables_of(site: Site, table: str | None) -> list[str]:
    """The names of the tables meant by `--table`: all of them without. Ends the command for a name that isn't there."""
    return _meant(list(site.tables), table, site)


def served_of(site: Site, table: str | None) -> list[str]:
    """The same, but without `--table` only those that the daemon runs: a mirror's rows are not meant besides."""
    return list(site.served) if table is None else tables_of(site, table)


def ledger_tables(site: Site, table: str | None = None) -> list[str]:
    """The same for what the ledger tells, which knows of the tables that the last daemon served, too."""
    note = last(site.state)
    return _meant(list(dict.fromkeys([*site.tables, *(note.tables if note is not None else ())])), table, site)


def _meant(names: list[str], table: str | None, site: Site) -> list[str]:
    if table is None:
        return names
    if table not in names:
        hint = did_you_mean(table, names) or (f"; there are {', '.join(names)}" if names else "")
        fail(f'There is no table "{clean(table)}" in {site.config.file}{hint}', Exit.USAGE)
    return [table]


def named(site: Site, ledger: Ledger | None, name: str, table: str | None = None, clock: Clock | None = None) -> RowView:
    """The row of this Name or ID, over all tables. `ops/backup` and `--table ops` say which table is meant.

    Ends the command where there is none (saying what was probably meant), or more than one (naming them).
    """
    return pick(look(site, ledger, clock or SystemClock(), tables_of(site, table)), name)


def pick(tables: Sequence[TableView], name: str) -> RowView:
    """As `named`, among tables that were looked at already."""
    rows = [row for table in tables for row in (*table.rows, *table.doubted)]
    found = _called(rows, name)
    if not found and "/" in name:
        within, _, rest = name.partition("/")
        found = _called([row for row in rows if row.table == within], rest)
    if len(found) > 1:
        served = {table.name for table in tables if table.served}
        found = [row for row in found if row.table in served] or found  # its double in a mirror is meant only by TABLE/NAME
    if len(found) == 1:
        return found[0]
    said = clean(name)
    if found:
        choices = ", ".join(shlex.quote(f"{row.table}/{clean(row.place)}") for row in found)
        fail(f'"{said}" could be several rows: {choices}; write one of these', Exit.USAGE)
    for table in tables:
        if table.trouble is not None:
            warn(f"{table.name} can't be read now: {bare(table.name, str(table.trouble))}")
    end_of_unread(tables)
    hint = did_you_mean(name, [row.name for row in rows]) or "; `rowd list` shows all tasks"
    return fail(f'There is no task "{said}"{hint}', Exit.USAGE)


def _called(rows: Sequence[RowView], name: str) -> list[RowView]:
    """By Name, else by ID, or by its place where it has none.

    A row whose doubled name is its defect is meant only where no other row bears the name.
    """
    wanted, by_id = alike(name), id_of(name)
    bearers = [row for row in rows if alike(row.name) == wanted]
    tasks = [row for row in bearers if row.task is not None]
    return tasks or bearers or [row for row in rows if row.key == by_id or alike(row.place) == wanted]
