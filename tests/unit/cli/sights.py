"""Rows as a command would see them, made from cells alone; the moment is always NOON."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from actions.api import Definition, Outcome
from engine.merge import first_sight
from engine.model import Cause, Occurrence, Stage
from engine.parse import Rules, parse
from engine.plan import House
from engine.tally import Tally
from rowd.view import RowView

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday, 13:00 in Berlin
BERLIN = ZoneInfo("Europe/Berlin")
LONG_AGO = NOON - timedelta(days=30)
HOUSE = House(awake_since=NOON - timedelta(hours=1), free=8)


def seen(
    schedule: str | None = None,
    *,
    name: str = "backup",
    key: str = "1",
    zone: ZoneInfo = BERLIN,
    definition: dict[str, Any] | None = None,
    **cells: str,
) -> RowView:
    """A row that has stood for a month and is settled up to NOON. cells: with underscores for the blanks of headers."""
    given = {header.replace("_", " "): value for header, value in cells.items()}
    row = {"ID": key, "Name": name, "Action": "work", "Schedule": schedule, **given}
    rules = Rules("ops", zone, time(9), {"work": Definition(kind="command", **(definition or {}))}, {"work": False})
    state = first_sight("ops", key, row, LONG_AGO, new_ledger=False, anchor=None).state
    understood = parse(state, rules)
    return RowView("ops", key, understood, replace(state, settled_until=NOON), Tally(), zone)


def with_state(row: RowView, **fields: Any) -> RowView:
    return replace(row, state=replace(row.state, **fields))


def with_last(row: RowView, ago: timedelta, outcome: Outcome = Outcome.SUCCEEDED) -> RowView:
    last = replace(claimed(row), stage=Stage.ENDED, outcome=outcome, started_at=NOON - ago, ended_at=NOON - ago)
    return replace(row, tally=Tally(runs=1, last=last, record=last))


def claimed(row: RowView, **fields: Any) -> Occurrence:
    one = Occurrence("run1", "ops", row.key, row.name, "at:x", Cause.SCHEDULE, NOON, NOON, Stage.CLAIMED, "work")
    return replace(one, **fields)
