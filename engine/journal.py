"""What a history beside a table says of each occurrence that has ended: its columns, and an occurrence as a line. Pure."""

from __future__ import annotations

from datetime import datetime

from actions.api import Outcome
from connectors.api import Cell, Entry
from connectors.preparing import Kind, Shape, Writer
from engine.columns import Column
from engine.model import Occurrence
from engine.plan import in_row
from engine.shapes import shape
from engine.wording import LONGEST_RESULT, cut

RUN = "Run"


def _column(header: str, kind: Kind, about: str, decimals: int = 0) -> Shape:
    return Shape(header, kind, Writer.ROWD, about, decimals=decimals)


COLUMNS = (
    _column(RUN, Kind.TEXT, "The run's id, as `rowd history` and `rowd logs` have it. Tells lines apart: leave it as it is."),
    _column("Ended", Kind.INSTANT, "When it ended."),
    _column("Task", Kind.TEXT, "The Name that the row had."),
    Shape(
        "Outcome",
        Kind.CHOICE,
        Writer.ROWD,
        "How it ended.",
        options=tuple(map(str, Outcome)),
        tones={word: tone for word, tone in shape(Column.LAST_STATUS, "").tones.items() if word in tuple(map(str, Outcome))},
    ),
    _column("Result", Kind.LONG_TEXT, "What it came to, or why it did not run."),
    _column("Duration", Kind.NUMBER, "Seconds that it took.", 2),
    _column("Due", Kind.INSTANT, "When it was due."),
    _column("Started", Kind.INSTANT, "When it started; blank where it never did."),
    _column("Attempts", Kind.NUMBER, "How often it was tried."),
    _column("Times", Kind.NUMBER, "How many occurrences the line stands for: equal ones that did not run share one."),
    _column("Action", Kind.TEXT, "What it did: an action of rowd.toml."),
    _column("Row", Kind.TEXT, "The row's ID, or its record id."),
    _column("Table", Kind.TEXT, "The table's name in rowd.toml."),
    _column("Link", Kind.TEXT, "Where its result is."),
)
"""In the order in which a new table has them; the first tells lines apart."""


def entry_of(occurrence: Occurrence) -> Entry:
    """An occurrence that has ended, as a line."""
    cells: dict[str, Cell] = {
        RUN: occurrence.id,
        "Ended": _second(occurrence.ended_at),
        "Task": occurrence.task,
        "Outcome": str(occurrence.outcome),
        "Result": cut(in_row(occurrence.reason), LONGEST_RESULT) or None,
        "Duration": round(occurrence.duration.total_seconds(), 3) if occurrence.duration is not None else None,
        "Due": _second(occurrence.last_due or occurrence.due),
        "Started": _second(occurrence.started_at),
        "Attempts": occurrence.attempt,
        "Times": occurrence.count,
        "Action": occurrence.action,
        "Row": occurrence.key,
        "Table": occurrence.table,
        "Link": occurrence.links[0] if occurrence.links else None,
    }
    return Entry(occurrence.id, cells)


def _second(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.replace(microsecond=0)
