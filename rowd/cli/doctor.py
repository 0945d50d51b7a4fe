"""`rowd doctor`: everything that a running installation needs, looked at and not touched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import typer
from msgspec import Struct

from config.mistakes import Mistake
from config.readers import opened
from engine.asking import asked
from engine.clock import Clock, SystemClock
from engine.ledger import Ledger, LedgerError, LedgerMissing, LedgerTooOld, WatchMark
from engine.plan import bare
from engine.recent import lasted
from engine.watching import tried
from rowd.bound import Site
from rowd.cli.checking import MARKS, about_actions, about_channels, about_listeners, about_sources, about_state
from rowd.cli.command import examples
from rowd.cli.endpoint_list import standings, stands
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption, TableOption
from rowd.cli.output import clean, emit_json, plural, say
from rowd.cli.rows import run_by
from rowd.cli.site import behind, ledger_gone, tables_of, unattended, whatever_is_right
from rowd.cli.told import value
from rowd.preparing import examined, paced
from rowd.saying import counted
from rowd.view import TableView, look
from watches.api import Look


class Line(Struct, frozen=True):
    """One thing that was looked at.   table: "" for the installation itself.   good: None where that can't be told by looking."""

    table: str
    check: str
    good: bool | None
    says: str


@examples("rowd doctor", "rowd doctor --table ops", "rowd doctor --json | jq '.checks[] | select(.good == false)'")
def doctor(config: ConfigOption = None, table: TableOption = None, as_json: JsonOption = False) -> None:
    """Check the whole installation: files, ledger, actions, tables.

    rowd.toml, the state folder, the ledger, the daemon, whether actions could start on this machine; facts, asked once; then of
    each table what `rowd setup` checks, and whether its headers and rows are understood. Whatever is wrong is said with the remedy.
    Nothing is changed: stores are asked for nothing but reads. Ends with 1 where anything is wrong.
    """
    site, mistakes = whatever_is_right(config)
    lines: list[Line] = []

    def told(line: Line) -> None:
        if not as_json:
            if not lines or lines[-1].table != line.table:
                say(line.table or "installation")
            say(f"  {MARKS[line.good]} {line.check}: {clean(line.says)}", "red" if line.good is False else None)
        lines.append(line)

    for mistake in mistakes:
        told(Line("", "config", False, str(mistake)))
    if site is not None:
        for line in _installation(site, mended=not mistakes):
            told(line)
        if table is not None and (unread := _unread(site, table, mistakes)) is not None:
            told(unread)
        else:
            _tables(site, tables_of(site, table), told)
    wrong = sum(line.good is False for line in lines)
    if as_json:
        emit_json({"checks": lines, "wrong": wrong})
    else:
        say(f"{plural(wrong, 'thing')} to mend: see the lines with ✗." if wrong else "Nothing is wrong.")
    if wrong:
        raise typer.Exit(int(Exit.BAD))


def _unread(site: Site, table: str, mistakes: Sequence[Mistake]) -> Line | None:
    """That this very table can't be looked at because of mistakes in rowd.toml; None where it can, or where it isn't said there."""
    its_own = any(f"{mistake.key}.".startswith(f"tables.{table}.") for mistake in mistakes)
    if table in site.tables or not (its_own or (mistakes and not site.tables)):
        return None
    of_what = f"[tables.{table}] in rowd.toml" if its_own else "rowd.toml"
    return Line(table, "config", None, f"{of_what} has mistakes, which stand above: mend them, and it is looked at")


def _installation(site: Site, *, mended: bool) -> Iterator[Line]:
    """mended: whether rowd.toml has no mistakes."""
    for warning in site.warnings:
        yield Line("", "config", False, warning)
    if mended and not site.warnings:
        yield Line("", "config", True, f"{site.config.file} has no mistakes")
    unusable = [*about_state(site)]
    yield from (Line("", "state folder", False, one.message) for one in unusable)
    if (shared := opened(site.state)) is not None:
        yield Line("", "state folder", False, shared)
    elif not unusable:
        yield Line("", "state folder", True, f"{site.state} can be used")
    yield from _ledger(site)
    lacking = [*about_actions(site)]
    yield from (Line("", "actions", False, f"{one.name} {one.message}") for one in lacking)
    if not lacking:
        yield Line("", "actions", True, f"{plural(len(site.definitions), 'action')} could start")
    if site.channels:
        mute = [*about_channels(site)]
        yield from (Line("", "channels", False, f"{one.name}: {one.message}") for one in mute)
        if not mute:
            yield Line("", "channels", True, f"{plural(len(site.channels), 'channel')} could be told")
    yield from _endpoints(site)
    marks = _seen(site)
    for name, source in site.parts.sources.items():
        mark = marks.get(name)
        found = tried(source, mark.state if mark is not None and mark.definition == source.definition else None)
        yield Line("", "watch", isinstance(found, Look), site.parts.mask.text(_tried(name, found)))
    yield from _facts(site)
    yield from (Line("", one.what, one.good, one.says) for one in about_listeners(site))


def _tried(name: str, found: Look | str) -> str:
    if isinstance(found, str):
        return f"{name} can't be looked at: {found}"
    return f"{name} can be looked at{f': {found.sees}' if found.sees else ''}"


def _endpoints(site: Site) -> Iterator[Line]:
    """How each stands; nothing where the ledger can't tell, which is said elsewhere."""
    try:
        found, now = list(standings(site)), SystemClock().now()
    except (LedgerError, OSError):
        return
    for one in found:
        yield Line("", "endpoint", not one.trouble, f"{one.endpoint} {stands(one, now)[0]}")


def _facts(site: Site) -> Iterator[Line]:
    """Each asked once."""
    for answer in asyncio.run(asked(site.parts.facts.values(), SystemClock())):
        one = answer.masked(site.parts.mask)
        told = f"= {value(one.value)}, told in {lasted(one.told_at - one.asked_at)}"
        yield Line("", "fact", not one.trouble, f"{one.name} {f'could not be asked: {one.trouble}' if one.trouble else told}")


def _seen(site: Site) -> Mapping[str, WatchMark]:
    """How the sources were last found; nothing where the ledger can't tell, which is said elsewhere."""
    try:
        ledger = Ledger.open(site.ledger, migrate=False)
    except (LedgerError, OSError):
        return {}
    try:
        return ledger.watch_marks()
    except LedgerError:
        return {}
    finally:
        ledger.close()


def _ledger(site: Site) -> Iterator[Line]:
    if (gone := ledger_gone(site)) is not None:
        yield Line("", "ledger", False, gone.message)
        return
    try:
        ledger = Ledger.open(site.ledger, migrate=False)
    except LedgerMissing:
        yield Line("", "ledger", True, "there is none yet, since nothing has run")
        yield Line("", "daemon", None, str(unattended(site, None)) + _maybe_elsewhere(site))
        return
    except LedgerTooOld as exc:
        yield Line("", "ledger", None, str(exc))
        return
    except (LedgerError, OSError) as exc:
        yield Line("", "ledger", False, str(exc))
        return
    try:
        ledger.verify()
        yield Line("", "ledger", True, f"{site.ledger} is sound")
        yield _daemon(site, ledger)
    except LedgerError as exc:
        yield Line("", "ledger", False, str(exc))
    finally:
        ledger.close()


def _maybe_elsewhere(site: Site) -> str:
    """What else may run tables that can't keep a second daemon away."""
    shared = [name for name, bound in site.served.items() if not bound.rules.rules.remit.alone]
    return f" It is refused where another machine's daemon runs {', '.join(shared)}: that is said below." if shared else ""


def _view(site: Site, name: str, clock: Clock) -> tuple[TableView, bool]:
    """A table as it is now, held against the ledger, as the daemon holds it; and whether that was possible (it was said why not).

    Without the ledger nobody knows whose leases are ours, nor which rows ought to be there.
    """

    def seen(ledger: Ledger | None) -> TableView:
        (view,) = look(site, ledger, clock, [name])
        return view

    try:
        ledger = Ledger.open(site.ledger, migrate=False)
    except LedgerMissing:
        return seen(None), True
    except (LedgerError, OSError):
        return seen(None), False
    try:
        return seen(ledger), True
    except LedgerError:
        return seen(None), False
    finally:
        ledger.close()


def _daemon(site: Site, ledger: Ledger) -> Line:
    if (nobody := unattended(site, ledger)) is not None:
        return Line("", "daemon", None, nobody + _maybe_elsewhere(site))
    old = behind(site, ledger)
    return Line("", "daemon", old is None, old or "it runs, and works by rowd.toml as it is now")


def _tables(site: Site, names: Iterable[str], told: Callable[[Line], None]) -> None:
    for name in names:
        if asyncio.run(_table(site, name, SystemClock(), told)):
            for line in _rows(site, name):
                told(line)


async def _table(site: Site, name: str, clock: Clock, told: Callable[[Line], None]) -> bool:
    """What it needs. Answers whether it can be read."""
    bound = site.tables[name]
    readable = True
    async with paced(bound, clock) as (table, pace):
        async for check in examined(bound, table, pace):
            what = "quota" if check.trouble is not None and check.trouble.spent else check.what
            told(Line(name, what, check.good, bare(name, check.says)))
            readable = readable and (check.trouble is None or check.what in ("permission", "limits"))
    return readable


def _rows(site: Site, name: str) -> Iterator[Line]:
    """Who else runs the table, and whether it is understood. A row to be mended says so itself: the installation is well."""
    clock = SystemClock()
    view, told = _view(site, name, clock)
    if told and (elsewhere := run_by(view, clock.now())) is not None:
        yield Line(name, "daemon", None, elsewhere)
    if view.trouble is not None:
        yield Line(name, "reading", False, str(view.trouble))
        return
    if view.held is not None:
        remedy = f" (`rowd setup {name}` makes what is missing)" if view.lacking else ""
        yield Line(name, "rows" if view.layout is not None else "headers", False, f"nothing of it starts: {view.held}{remedy}")
        return
    for hint in view.hints:
        yield Line(name, "headers", False, hint)
    if not view.hints:
        yield Line(name, "headers", True, f"{plural(len(view.columns), 'column')}, Name and Action among them")
    yield from (Line(name, "watch", False, f"{one.name} {one.message}") for one in about_sources(site, [view]))
    rows = counted(len(view.tasks), len(view.defects), len(view.drafts))
    if view.defects:
        yield Line(name, "rows", None, f"{rows}; `rowd check` tells what is to be mended in them")
    else:
        yield Line(name, "rows", True, rows)
