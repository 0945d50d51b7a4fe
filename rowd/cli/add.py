"""`rowd add`: a new row, from the shell."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated

import typer

from connectors.api import Cell, fold
from engine.clock import SystemClock
from engine.columns import Column
from engine.identity import id_of
from engine.model import Defect, Status, Task, Type
from engine.watched import REACTS, reacts_to
from engine.wording import conjoined
from rowd.cli.assigning import SetOption, assignments, given, one_table, warn_of_past
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption, TableOption
from rowd.cli.output import clean, emit_json, fail, say
from rowd.cli.rows import schedule_in_words
from rowd.cli.site import site_at
from rowd.hand import Hand, Unfit, hand
from rowd.making import activated_by


@examples(
    'rowd add greeting --action greet --schedule "weekdays 09:00"',
    """rowd add report --action report --schedule "1st monday 08:00" --set 'Metadata={"team": "ops"}'""",
    'rowd add deploy --action deploy --depends-on "run_tests, build_assets"',
    "rowd add take --action take --watch inbox",
    "rowd add each_seventh --action report --counts app --set Threshold=7",
    "rowd add idea --action greet --draft",
)
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new task's Name.")],
    action: Annotated[str | None, typer.Option("--action", metavar="ACTION", help="An action that rowd.toml defines.")] = None,
    schedule: Annotated[str | None, typer.Option("--schedule", metavar="WORDS", help="When, in words or as cron.")] = None,
    type_: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Its Type; where it isn't told by the schedule: counter, manual.")
    ] = None,
    depends_on: Annotated[
        str | None, typer.Option("--depends-on", metavar="NAMES", help="The rows that it waits for, with commas between them.")
    ] = None,
    watch: Annotated[
        str | None, typer.Option("--watch", metavar="NAMES", help="What makes it run: watched sources, or columns of the table.")
    ] = None,
    counts: Annotated[
        str | None, typer.Option("--counts", metavar="NAMES", help="The watched sources that count it up: it is a counter then.")
    ] = None,
    sets: SetOption = None,
    draft: Annotated[bool, typer.Option("--draft", help="Add it as a draft, whatever is still missing.")] = False,
    config: ConfigOption = None,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a row to a table.

    A row that would not be understood is refused, with the sentence that its Health would show. One whose time is past is added,
    with a warning. Called in a run, it makes a draft, which a person activates.
    """
    site = site_at(config)
    bound = one_table(site, table)
    type_ = str(Type.COUNTER) if type_ is None and counts is not None else type_
    said = given(name=name, action=action, schedule=schedule, type=type_, depends_on=depends_on, watch=watch, counts=counts)
    _no_type(schedule)
    with hand(bound) as held:
        try:
            cells = held.put_by_hand(held.assigned({}, said), assignments(sets or ()))
            cells = held.assigned(cells, {str(Column.STATUS): str(Status.DRAFT)}) if draft else cells
        except Unfit as exc:
            fail(str(exc), Exit.USAGE)
        if action is None and Column.ACTION not in cells and not draft:
            there = ", ".join(sorted(bound.rules.rules.actions)) or "none yet, its operator has to define one"
            fail(f"Which action is to run? Say it with --action. The table {held.name} may use: {there}", Exit.USAGE)
        if Column.STATUS not in cells and any(fold(header) == fold(Column.STATUS) for header in held.layout.headers):
            cells[Column.STATUS] = str(Status.ACTIVE)
        understood = _fit(held, name, cells)
        created = held.create([cells])
    made = created.made
    warn_of_past(understood, SystemClock().now())
    if as_json:
        task = understood if isinstance(understood, Task) else None
        emit_json(
            {
                "table": held.name,
                "id": created.keys[0],
                "name": name,
                "draft": draft or made is not None,
                "made_by_run": made.run if made is not None else None,
                "expires": made.until if made is not None else None,
                "schedule": task.schedule.text if task is not None and task.schedule is not None else None,
            }
        )
        return
    meaning = f": {clean(activated_by(name, made, held.rules.zone))}" if made is not None else _meaning(understood)
    say(f"added {clean(name)} to {held.name} as row {clean(created.keys[0])}{meaning}")


def _fit(held: Hand, name: str, cells: dict[str, Cell]) -> Task | Defect:
    """What the row means. Ends the command where it isn't understood, or bears a name or an id that another row has."""
    if (bearer := held.bearer(name)) is not None:
        fail(
            f'{held.name} has a row of the name "{clean(name)}" already ({clean(held.place(bearer))}); choose another name',
            Exit.REFUSED,
        )
    if (id_ := id_of(cells.get(Column.ID))) is not None and id_ in {id_of(c.get(Column.ID)) for _, c in held.rows}:
        fail(f'{held.name} has a row with the ID "{clean(id_)}" already; leave it out to get a new one', Exit.REFUSED)
    understood = held.understood(cells, SystemClock().now())
    wanted = str(cells.get(Column.STATUS) or "").strip().casefold() == Status.DRAFT
    if isinstance(understood, Defect) and (understood.wrong or (understood.draft and not wanted)):
        defects = dict.fromkeys([understood.message, *_besides(held, cells)])
        fail(f"not added: {'; '.join(map(clean, defects))} (--draft adds it as it is, as a draft.)", Exit.BAD)
    return understood


def _besides(held: Hand, cells: dict[str, Cell]) -> Iterator[str]:
    """What else is wrong with the row than the first defect: its time and its action, each with the other one put right."""
    timeless = {**cells, Column.TYPE: str(Type.MANUAL), Column.SCHEDULE: None, Column.DEPENDS_ON: None, Column.WATCH: None}
    if isinstance(defect := held.understood(timeless, SystemClock().now()), Defect):
        yield defect.message
    for action in islice(held.bound.rules.rules.actions, 1):
        other = held.understood({**cells, Column.ACTION: action}, SystemClock().now())
        if isinstance(other, Defect) and other.column in (Column.SCHEDULE, Column.TYPE):
            yield other.message


def _no_type(schedule: str | None) -> None:
    said = (schedule or "").strip().casefold()
    if said in (Type.MANUAL, Type.COUNTER):
        fail(f'"{said}" is no time but a Type: write --type {said}, and no --schedule', Exit.USAGE)


def _meaning(understood: Task | Defect) -> str:
    if isinstance(understood, Defect):
        return ": a draft, which doesn't run"
    if understood.depends_on:
        return f": after {conjoined([d.name for d in understood.depends_on])}"
    if understood.type in REACTS:
        return f": when {reacts_to(understood)}"
    if understood.schedule is not None:
        return f": {schedule_in_words(understood)}"
    return f": {understood.type}" + (f", counted up by {conjoined(understood.counts)}" if understood.counts else "")
