"""What `rowd copy` and `rowd sync` share: which two tables are meant, that not both run, and how far a long one is."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from connectors.errors import TryLater
from engine.cells import did_you_mean
from engine.wording import cut
from rowd.bound import Site
from rowd.cli.exits import Exit
from rowd.cli.output import clean, fail, warn
from rowd.cli.site import reading
from rowd.making import drafted
from rowd.moving import Moved, Progress
from rowd.note import left
from rowd.view import living

NAMED = 5
"""So many rows are named in a sentence."""

TOLD = 40
"""So many lines of one kind are printed; --json has them all."""


def two_tables(site: Site, one: str, other: str) -> tuple[str, str]:
    """Both names. Ends the command where one isn't there, both are the same, or both run."""
    for name in (one, other):
        if name not in site.tables:
            hint = did_you_mean(name, site.tables) or f"; there are {', '.join(site.tables)}"
            fail(f'There is no table "{clean(name)}" in {site.config.file}{hint}', Exit.USAGE)
    if one == other:
        fail(f"{one} is one table; name two", Exit.USAGE)
    if {one, other} <= site.served.keys():
        fail(
            f"{one} and {other} are both served, so every task would run twice. Say serve = false in rowd.toml, under the one of"
            f" [tables.{one}] and [tables.{other}] that is not to run.",
            Exit.REFUSED,
        )
    with reading(site, quiet=True) as ledger:
        daemon = living(ledger)
    note = left(site.state, daemon.process) if daemon is not None else None
    if daemon is not None and note is not None and {one, other} <= {*site.served, *note.tables}:
        fail(
            f"The daemon still runs {one} and {other}: it read rowd.toml before serve = false was in it. To let it read that anew:"
            f" kill -HUP {daemon.process.pid}",
            Exit.REFUSED,
        )
    return one, other


@contextmanager
def resumable() -> Iterator[None]:
    """What can't go on now, or is broken off, ends the command, and it is said that a later call goes on from there."""
    try:
        yield
    except KeyboardInterrupt:
        warn("Broken off. What is done stays; repeat the command, and it goes on from where it is.")
        raise
    except TryLater as exc:
        fail(f"{str(exc).rstrip('.')}. Repeat the command later: it goes on from where it is.", Exit.LATER)


def some(names: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    shown = ", ".join(map(clean, names[:NAMED]))
    return f"{shown} and {len(names) - NAMED} more" if len(names) > NAMED else shown


def shown(cell: object) -> str:
    """A cell in a line."""
    return f'"{clean(cut(str(cell), 60))}"' if cell is not None else "nothing"


def lines(found: Iterable[str]) -> Iterator[str]:
    """The first of these lines, and how many more there are."""
    for number, line in enumerate(found := list(found)):
        if number == TOLD:
            yield f"… and {len(found) - TOLD} more (--json tells all)"
            return
        yield line


def told_drafted(tables: Iterable[Moved]) -> None:
    """Say of each of these where rows became drafts, since this was called in a run."""
    for table in tables:
        if table.drafted:
            warn(drafted(table.name, table.drafted))


@contextmanager
def progress() -> Iterator[Progress]:
    """How far it is, on one line of a terminal that is written over again and again, and is gone at the end."""
    drawn = False

    def draw(what: str, done: int, total: int) -> None:
        nonlocal drawn
        sys.stderr.write(f"\r{clean(what)}: {done:,} of {total:,}\x1b[K")
        sys.stderr.flush()
        drawn = True

    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda *_: None
        return
    try:
        yield draw
    finally:
        if drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
