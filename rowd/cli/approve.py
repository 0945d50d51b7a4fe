"""`rowd approve`: what waits for an approval, and its approval."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Annotated, Any

import typer

from actions.api import Value
from actions.telling import Mask
from engine.approval import Approval
from engine.asked import Wish
from engine.clock import SystemClock
from engine.ledger import Ledger
from engine.model import Occurrence
from engine.wording import LONGEST_RESULT
from rowd.bound import Site
from rowd.cli.asking import ask, tell
from rowd.cli.calling import command
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption, TableOption
from rowd.cli.output import Styled, clean, emit_json, fail, print_table, say
from rowd.cli.rows import run_json
from rowd.cli.site import ledger_site, ledger_tables, named, reading, site_at
from rowd.cli.which import row_of_run
from rowd.hiding import mask_of
from rowd.saying import distance, when
from rowd.view import RowView

LONGEST = 300
"""Characters of a value that are shown; `--json` has all."""

LENGTH = 8
"""Characters of the mark of a set of values, as the list shows it."""

CHANGED = "what waits is not what had this mark: look at it again with `rowd approve`"


@examples(
    "rowd approve",
    "rowd approve deploy",
    'rowd approve deploy --terms 3f9c01ab --reason "checked with Ann"',
    'rowd approve 0hq3k2m8 --decline --reason "not on a Friday"',
)
def approve(
    which: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|RUN", help="A task by its Name or ID, or the id of a run, or its first 8 characters. Without: a list."
        ),
    ] = None,
    decline: Annotated[bool, typer.Option("--decline", help="Don't: it is skipped.")] = False,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="For the record.")] = "",
    terms: Annotated[
        str, typer.Option("--terms", metavar="MARK", help="Only if that is still what it would do: the mark that the list shows.")
    ] = "",
    config: ConfigOption = None,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what waits for an approval; approve it, or decline it.

    Alone, it lists what waits, with what each would run. A task, or a run, that is named is approved as it stands now, or skipped
    with --decline. Where its row or its action is changed before it starts, the approval is void.
    """
    if which is None:
        if decline or reason or terms:
            fail("Say which run is meant: rowd approve NAME, or the id of the run", Exit.USAGE)
        _list(ledger_site(config), table, as_json=as_json)
        return
    said = " ".join(reason.split())
    if len(said) > LONGEST_RESULT:
        fail(f"--reason has {len(said):,} characters; {LONGEST_RESULT} are the most", Exit.USAGE)
    site, clock = site_at(config), SystemClock()
    with reading(site) as ledger:
        row = row_of_run(site, ledger, which) or named(site, ledger, which, table)
        run, approval = _meant(row, which, terms)
        _only_once(ledger, run)
        about = {"run": run.id, "terms": approval.terms, "remark": mask_of(site.config).text(said)}
        asked = ask(site, ledger, row, Wish.DECLINE if decline else Wish.APPROVE, clock, about=about)
    would = clean(_would(run, mask_of(site.config)))
    done = f"{'declined' if decline else 'approved'} (run {run.id}): {would}"
    if asked.taken is None and not as_json:
        say(f"{clean(row.name)}: asked to {'decline' if decline else 'approve'} (run {run.id}): {would}")
    raise typer.Exit(int(tell(asked, done, as_json=as_json)))


def _meant(row: RowView, which: str, terms: str) -> tuple[Occurrence, Approval]:
    """Of the runs of this row that wait the one that is meant. Ends the command where that can't be told."""
    name, waits = clean(row.name), [(o, o.approval) for o in row.active if o.unapproved and o.approval is not None]
    if not waits:
        given = next((o.approval for o in row.active if o.approval is not None), None)
        fail(f"{name}: {f'approved already, by {given.by}' if given else 'nothing of it waits for an approval'}", Exit.REFUSED)
    named_so = [(run, approval) for run, approval in waits if run.id.startswith(which.strip())] or waits
    fitting = [(run, approval) for run, approval in named_so if approval.terms.startswith(terms.strip().casefold())]
    if not fitting:
        fail(f"{name}: {CHANGED}. Nothing was asked.", Exit.REFUSED)
    if len(fitting) > 1:
        now = SystemClock().now()
        runs = ", ".join(f"{run.id} (due {when(run.due, row.zone, now)})" for run, _ in fitting)
        fail(f"{name}: several of its runs wait, {command('approve')} shows each; write the id of one: {runs}", Exit.USAGE)
    return fitting[0]


def _only_once(ledger: Ledger | None, run: Occurrence) -> None:
    """End the command where somebody has decided on it already, and no daemon has heard of that yet."""
    asked = next((one for one in ledger.requests() if one.about.get("run") == run.id), None) if ledger is not None else None
    if asked is not None:
        what = "approved" if asked.wish is Wish.APPROVE else "declined"
        fail(f"{clean(run.task)}: {what} already, by {asked.by}; it is done when a daemon starts. Nothing was asked.", Exit.REFUSED)


def _list(site: Site, table: str | None, *, as_json: bool) -> None:
    names, now, mask = ledger_tables(site, table), SystemClock().now(), mask_of(site.config)
    with reading(site) as ledger:
        waits = list(_waiting(ledger, names))
    if as_json:
        emit_json({"approvals": [_json(run, mask) for run, _ in waits]})
    elif not waits:
        say("Nothing waits for an approval.")
    else:
        zone = site.config.settings.defaults.time_zone
        lines = [_line(run, approval, now, zone, mask, many=len(names) > 1) for run, approval in waits]
        columns = ["Run", "Task", "Came due", "Waits since", "Terms", "Would run", "Note"]
        print_table(columns, lines, keep=(0, 3, 4), cut={1: 8}, spare=(2, 6))
        say()
        first = command(f"approve {waits[0][0].id}")
        say(f"To approve one: {first}; to leave it out, add --decline")


def _waiting(ledger: Ledger | None, names: list[str]) -> Iterator[tuple[Occurrence, Approval]]:
    """The longest first."""
    for run in ledger.active() if ledger is not None else ():
        if run.unapproved and run.approval is not None and run.table in names:
            yield run, run.approval


def _line(run: Occurrence, approval: Approval, now: datetime, zone: tzinfo, mask: Mask, *, many: bool) -> list[Styled]:
    notes = [approval.void, f"skipped {when(approval.until, zone, now)} unless approved" if approval.until is not None else ""]
    return [
        run.id,
        f"{run.table}/{run.task}" if many else run.task,
        when(run.due, zone, now),
        distance(approval.wanted_at, now),
        approval.terms[:LENGTH],
        _would(run, mask),
        "; ".join(filter(None, notes)),
    ]


def _would(run: Occurrence, mask: Mask) -> str:
    """What it would run: `deploy with branch = "main"`. Secrets are hidden."""
    given = ", ".join(f"{name} = {_value(mask.value(value))}" for name, value in run.parameters.items())
    return f"{run.action} with {given}" if given else run.action


def _value(value: Value) -> str:
    """Whole, if that is bearable: nobody approves what they can't see, so it is said where something is left out."""
    said = json.dumps(value, ensure_ascii=False)
    return said if len(said) <= LONGEST else f"{said[:LONGEST]}… ({len(said):,} characters, --json shows all)"


def _json(run: Occurrence, mask: Mask) -> dict[str, Any]:
    return {**run_json(run), "parameters": {name: mask.value(value) for name, value in run.parameters.items()}}
