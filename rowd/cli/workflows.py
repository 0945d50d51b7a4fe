"""`rowd workflows`: how rows that belong together have ended, all of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from msgspec import Struct

from engine.cells import alike, did_you_mean
from engine.clock import SystemClock
from engine.ledger import Ledger
from engine.links import WorkflowRound
from engine.recent import lasted
from engine.wording import conjoined
from engine.workflows import Members, Workflows, members_of, taken_part, waited_for
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import ConfigOption, JsonOption, TableOption
from rowd.cli.output import Styled, clean, emit_json, fail, print_pairs, print_table, say
from rowd.cli.rows import end_of_unread, outcome_style, troubles
from rowd.cli.site import behind, reading, site_at, tables_of
from rowd.saying import distance, earlier, plural
from rowd.view import RowView, TableView, look

SHOWN = 10
"""Rounds of a workflow that is asked for by its name."""

MOST_NAMED = 4
"""Of rows that are waited for, on one line."""


class Workflow(Struct, frozen=True):
    """One of them.   name: as a row says it.   rounds: those that have ended, newest first.   last: None before a daemon saw it."""

    table: TableView
    name: str
    members: Members
    last: WorkflowRound | None
    rounds: Sequence[WorkflowRound]


@examples(
    "rowd workflows",
    "rowd workflows nightly",
    "rowd workflows nightly --json",
)
def workflows(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Only this one, by what its rows say under Workflow; its last rounds, too."),
    ] = None,
    config: ConfigOption = None,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how workflows have ended: rows that belong together.

    A workflow has the rows of a table that bear the same name under Workflow. It goes in rounds: one is complete once each of them
    has ended, once more, and has failed where a row did.
    """
    site = site_at(config)
    with reading(site) as ledger:
        clock = SystemClock()
        tables = look(site, ledger, clock, tables_of(site, table))
        now, old = clock.now(), behind(site, ledger)
        known = [one for view in tables for one in _workflows(view, ledger)]
    shown = [one for one in known if name is None or alike(name) in (alike(one.name), alike(f"{one.table.name}/{one.name}"))]
    if name is not None and not shown:
        hint = did_you_mean(name, [one.name for one in known]) or "; `rowd workflows` lists them"
        fail(f'No row says Workflow "{clean(name)}"{hint}', Exit.USAGE)
    if as_json:
        emit_json({"workflows": [_json(one) for one in shown]})
    else:
        troubles(tables, now, old)
        _print(shown, now, several=len(tables) > 1, whole=name is not None)
    end_of_unread(tables)


def _workflows(view: TableView, ledger: Ledger | None) -> list[Workflow]:
    rows = {row.key: row for row in view.rows}
    states, understood = ({k: r.state for k, r in rows.items()}, {k: r.understood for k, r in rows.items()})
    tallies, known = {k: r.tally for k, r in rows.items()}, Workflows()
    known.read(states, rows)
    known.recall(ledger.newest_rounds(view.name) if ledger is not None else ())
    found = []
    for name in sorted(known.names):
        members = members_of(view.name, known.rows_of(name), states, tallies, lambda key: bool(rows[key].active), understood)
        rounds = ledger.rounds(view.name, name, SHOWN) if ledger is not None else []
        found.append(Workflow(view, known.said(name), members, known.last(name), rounds))
    return found


def _print(shown: Sequence[Workflow], now: datetime, *, several: bool, whole: bool) -> None:
    if not shown:
        say("No row belongs to a workflow (Workflow).")
    elif not whole:
        print_table(
            ["Workflow", "Table", "Rows", "Last", "When", "Took", "Now"],
            [_line(one, now, several=several) for one in shown],
            keep=(2, 3),
            cut={0: 14, 1: 8, 4: 12},
            spare=(5, 4),
        )
    else:
        for one in shown:
            _print_one(one, now, several=several)


def _line(one: Workflow, now: datetime, *, several: bool) -> Sequence[Styled]:
    name, rows = (one.name, one.table.name if several else ""), str(len(one.members))
    if not one.rounds:
        return (*name, rows, ("never", "dim"), "", "", _now(one))
    last = one.rounds[0]
    said = (str(last.outcome), outcome_style(last.outcome))
    return (*name, rows, said, _when(one, last, now), lasted(last.ended_at - last.began_at), _now(one))


def _print_one(one: Workflow, now: datetime, *, several: bool) -> None:
    print_pairs(
        [
            ("Workflow", f"{one.table.name}/{one.name}" if several else one.name),
            ("Rows", conjoined([member.said for member in one.members], 20)),
            ("Now", _now(one)),
        ]
    )
    if one.rounds:
        say()
        print_table(
            ["Round", "Outcome", "Began", "Took", "Result"],
            [
                (
                    str(last.number),
                    (str(last.outcome), outcome_style(last.outcome)),
                    _when(one, last, now),
                    lasted(last.ended_at - last.began_at),
                    last.reason,
                )
                for last in one.rounds
            ],
        )


def _when(one: Workflow, last: WorkflowRound, now: datetime) -> str:
    return f"{earlier(last.began_at, one.table.bound.rules.rules.zone, now)} ({distance(last.began_at, now)})"


def _now(one: Workflow) -> str:
    """How far the round is that is under way."""
    if one.last is None:
        return "the daemon has not seen it yet"
    waits = waited_for(one.last, one.members)
    if not waits:
        return "" if any(not member.apart for member in one.members) else "none of its rows runs by itself"
    ended = len(taken_part(one.last, one.members))
    names = conjoined([member.row.name + (" (under way)" if member.row.busy else "") for member in waits], MOST_NAMED)
    return f"{plural(ended, 'row')} ended, waits for {names}" if ended else f"waits for {names}"


def _json(one: Workflow) -> dict[str, Any]:
    rows = {row.key: row for row in one.table.rows}
    under_way = None
    if one.last is not None:
        under_way = {
            "ended": [run.id for run in taken_part(one.last, one.members)],
            "waits_for": [member.row.key for member in waited_for(one.last, one.members)],
        }
    return {
        "table": one.table.name,
        "workflow": one.name,
        "rows": [_row_json(rows[member.row.key], member.apart) for member in one.members],
        "under_way": under_way,
        "rounds": [
            {
                "number": last.number,
                "outcome": last.outcome,
                "reason": last.reason,
                "began_at": last.began_at,
                "ended_at": last.ended_at,
                "runs": last.taken,
            }
            for last in one.rounds
        ],
    }


def _row_json(row: RowView, apart: str) -> dict[str, Any]:
    return {"id": row.key, "name": row.name, "apart": apart or None}
