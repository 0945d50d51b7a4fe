"""`rowd setup`: a table's checks, and then its columns, made and mended."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer
from msgspec import Struct, field

from connectors.api import Editable, Preparable, Table, fold
from connectors.errors import TableError
from connectors.preparing import Check
from engine.cells import did_you_mean
from engine.clock import Clock, SystemClock
from engine.columns import Column
from engine.layout import COLUMNS
from rowd.auditing import noted, prepared
from rowd.bound import Bound
from rowd.cli.checking import told_check
from rowd.cli.command import code_of, examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption
from rowd.cli.output import clean, emit_json, fail, say, warn
from rowd.cli.site import site_at, tables_of
from rowd.preparing import MENDED, Pace, blank, carried_out, chosen, examined, filled, hints, lacking, paced, wanting
from rowd.starter import first_rows


class Told(Struct):
    """What was said of one table, printed as it comes unless it is for a program.

    changes: made, or, in a dry run, to be made.   rows: names of those that an empty table got, or would get.
    """

    table: str
    quiet: bool
    dry_run: bool
    checks: list[Check] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)
    troubles: list[TableError] = field(default_factory=list)

    @property
    def code(self) -> Exit:
        found = [*self.troubles, *(check.trouble for check in self.checks if check.trouble is not None)]
        codes = [code_of(exc) or Exit.BAD for exc in found]
        return max([*codes, Exit.OWNER if self.by_hand else Exit.OK])

    def check(self, check: Check) -> None:
        """What there is nothing of yet is no trouble to a command that makes it; where it can't, it says so itself."""
        if isinstance(check.trouble, MENDED):
            check = Check(check.what, "there is nothing yet that could be read", open=True)
        self.checks.append(check)
        self._say(told_check(check), "red" if check.trouble is not None else None)

    def change(self, clause: str) -> None:
        self.changes.append(clause)
        self._say(f"+ {'would ' if self.dry_run else ''}{clause}", "green")

    def row(self, name: str) -> None:
        self.rows.append(name)
        self._say(f'+ {"would " if self.dry_run else ""}add the row "{name}", a draft', "green")

    def hand(self, sentence: str) -> None:
        if sentence and sentence not in self.by_hand:
            self.by_hand.append(sentence)
            self._say(f"! {sentence}", "yellow")

    def trouble(self, exc: TableError) -> None:
        if all(str(exc) != check.says for check in self.checks):
            self._say(f"✗ {exc}", "red")
        self.troubles.append(exc)

    def end(self) -> None:
        if self.code is not Exit.OK:
            self._say("Not ready yet: see the lines with ✗ and !, then repeat this.")
        elif not self.changes and not self.rows:
            self._say("Ready: there is nothing to change.")
        else:
            self._say("Nothing was changed: this was a dry run." if self.dry_run else "Ready.")

    def _say(self, line: str, style: str | None = None) -> None:
        if not self.quiet:
            say(f"  {clean(line)}", style)

    def document(self) -> dict[str, Any]:
        return {
            "table": self.table,
            "ready": self.code is Exit.OK and not (self.dry_run and (self.changes or self.rows)),
            "checks": [{"check": c.what, "good": c.good, "says": c.says} for c in self.checks],
            "changes": self.changes,
            "rows": self.rows,
            "by_hand": self.by_hand,
            "troubles": [str(exc) for exc in self.troubles],
        }


@examples(
    "rowd setup ops --dry-run",
    "rowd setup ops",
    'rowd setup ops --column "Time Zone" --column Priority',
    "rowd setup --all --json",
)
def setup(
    table: Annotated[str | None, typer.Argument(metavar="TABLE", help="By its name in rowd.toml. Default: all of them.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done. Nothing but reads is sent.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Every column that rowd knows, not only the usual ones.")] = False,
    columns: Annotated[
        list[str] | None, typer.Option("--column", metavar="COLUMN", help="This column besides the usual ones; may be repeated.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check what a table needs, then make and mend its columns.

    Checks one by one: credentials, connection, permissions, limits; what is wrong is said with the remedy. Then adds the columns
    that are missing, at the right end, and what the store has for them: types, drop-downs, date formats, colours, a frozen line of
    headers, a warning for whoever types into rowd's own columns. An empty table also gets two drafts to begin with, if it
    is served.

    It only adds. What people chose stays: columns and their order, formats, options, colours. A second run changes nothing, and
    says so. A daemon may run meanwhile.
    """
    more = list(Column) if every else [_column(word) for word in columns or ()]
    site = site_at(config)
    names = tables_of(site, table)
    clock = SystemClock()
    found = []
    for name in names:
        told = Told(name, as_json, dry_run)
        if not as_json:
            say(name)
        asyncio.run(_prepare(site.tables[name], told, more, clock))
        told.end()
        if told.changes and not dry_run and (why := noted(site.ledger, [prepared(name, told.changes, clock.now())])) is not None:
            warn(f"The audit trail doesn't tell of this: {why}")
        found.append(told)
    if as_json:
        emit_json({"dry_run": dry_run, "tables": [told.document() for told in found]})
    if code := max((told.code for told in found), default=Exit.OK):
        raise typer.Exit(int(code))


def _column(word: str) -> Column:
    found = COLUMNS.get(fold(word))
    if found is None:
        fail(f'rowd has no column "{clean(word)}"{did_you_mean(word, list(map(str, Column)))}', Exit.USAGE)
    return found


async def _prepare(bound: Bound, told: Told, more: list[Column], clock: Clock) -> None:
    async with paced(bound, clock) as (table, pace):
        try:
            async for check in examined(bound, table, pace):
                told.check(await pace(check.proof) if check.proof is not None and not told.dry_run else check)
            if any(check.trouble is not None and check.what != "limits" for check in told.checks):
                return
            if isinstance(table, Preparable):
                empty = await _columns(bound, table, told, more, pace)
            else:
                page = await pace(table.read)
                check, needed = lacking(bound, page.columns, chosen(more))
                told.check(check)
                for sentence in needed:
                    told.hand(sentence)
                empty = False
            if isinstance(table, Editable) and bound.served:  # what is moved to gets the rows that are moved
                await _first_rows(bound, table, told, pace, unmade=empty)
        except TableError as exc:
            told.trouble(exc)


async def _columns(bound: Bound, table: Preparable, told: Told, more: list[Column], pace: Pace) -> bool:
    """Make and mend them, or say what would be. Answers whether nothing is there yet, so that there is nothing to be read."""
    wanted = wanting(bound, chosen(more))
    preparation = await pace(lambda: table.prepare(wanted))
    for hint in hints(bound, preparation):
        told.hand(hint)
    if told.dry_run:
        for step in preparation.steps:
            for clause in step.says:
                told.change(clause)
        for sentence in preparation.by_hand:
            told.hand(sentence)
        return not preparation.headers
    async for done in carried_out(table, wanted, preparation, pace):
        if isinstance(done, str):
            told.hand(done)
        else:
            for clause in done.says:
                told.change(clause)
    return False


async def _first_rows(bound: Bound, table: Table, told: Told, pace: Pace, *, unmade: bool) -> None:
    """unmade: there is not even a header that could be read."""
    page = None if unmade else await blank(table, pace)
    if page is None and not unmade:
        return
    rows = first_rows(bound.rules.rules.actions)
    if page is not None and not told.dry_run and isinstance(table, Editable):
        await filled(bound, table, page, rows, pace, batch=table.traits.batch)
    for row in rows:
        told.row(str(row[Column.NAME]))
