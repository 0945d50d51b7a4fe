"""A row becomes a task, or a defect that says what to mend. Pure; whatever stands in a cell, nothing here raises."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, tzinfo
from functools import partial
from itertools import islice
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from actions.api import Definition
from connectors.api import BEYOND, PROVISIONAL, Cell, fold
from engine import metadata, notify, schedule
from engine.cells import LONGEST_NAME, BadCell, alike, brief, choice, guess, quoted, text
from engine.columns import OURS, Column
from engine.drafts import STANDARD, too_late
from engine.filling import blanks, stated
from engine.links import Openness
from engine.metadata import BadMetadata, Metadata
from engine.model import CatchUp, Defect, Overlap, RowState, Schedule, Status, Task, Type
from engine.outside import NOTHING_OUTSIDE, Outside
from engine.remit import EVERYTHING, Remit
from engine.settings import Settings, Wrong
from engine.watched import REACTS, Closed, Sources, Watched, counted, of_outcomes, reacting, said_by_events, watched
from engine.wording import moment

PERIODIC = frozenset({Type.DAILY, Type.WEEKLY, Type.MONTHLY})
"""Types whose Threshold means every N periods."""

_STATUS_WORDS = {
    **dict.fromkeys(("enabled", "enable", "on", "yes", "true", "running", "run", "start", "started", "ready"), Status.ACTIVE),
    **dict.fromkeys(("disabled", "disable", "off", "no", "false", "inactive", "stopped", "stop", "pause"), Status.PAUSED),
    **dict.fromkeys(("done", "finished", "complete"), Status.COMPLETED),
}
"""Words that people try. They are answered with the right one, not obeyed: Status has four words everywhere."""


Said = tuple[Cell, ...]
"""All that a row's meaning depends on, beside its table's rules, its key and its name."""

_UNMEANT = OURS | {Column.ID, Column.NAME, Column.DESCRIPTION, Column.DO}
_MEANT = (*(column for column in Column if column not in _UNMEANT), BEYOND)
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_TIMES = (Column.SCHEDULE, Column.DEPENDS_ON, Column.WATCH)
"""Columns that say when a row runs; where one of them does, Type may stay blank."""

_TEXTS = frozenset({str, type(None)})


class Rules(Struct, frozen=True):
    """How the rows of one table are understood.

    zone: of rows that name none.   daily_at: the time of day of daily, weekly and monthly rows that have none.
    actions: name → definition, only those that this table may use.   repeatable: action → whether its attempts may be repeated.
    remit: which of the rows are this daemon's.   sources: what there is to watch.
    says: source → the names of all values that its events have; None where they may be any.
    outside: what conditions may ask for of the world outside.   tables: the other tables of `rowd.toml`.
    closed: what there is to watch that these rows may not name.   channels: those that tell of this table.
    """

    table: str
    zone: tzinfo
    daily_at: time
    actions: Mapping[str, Definition]
    repeatable: Mapping[str, bool]
    remit: Remit = EVERYTHING
    sources: Sources = MappingProxyType({})
    says: Mapping[str, frozenset[str] | None] = MappingProxyType({})
    outside: Outside = NOTHING_OUTSIDE
    tables: Mapping[str, Openness] = MappingProxyType({})
    closed: Closed = MappingProxyType({})
    channels: frozenset[str] = frozenset()


def parse(state: RowState, rules: Rules) -> Task | Defect:
    """What the row wants; or the first thing in it that can't be understood, with the remedy. Raises nothing."""
    status = Status.ACTIVE
    if (why := rules.remit.elsewhere(metadata.setting(state.cells, Column.RUNS_ON))) is not None:
        return replace(_defect(state, Column.RUNS_ON, why), elsewhere=True)
    try:
        status = _status(state.cells.get(Column.STATUS))
        if (why := too_late(state, partial(moment, zone=rules.zone))) is not None:
            raise Wrong(Column.STATUS, why, draft=status is Status.DRAFT)
        task = _task(state, rules, status)
    except Wrong as wrong:
        defect = _defect(state, wrong.column, wrong.message, draft=wrong.draft)
        return _unfinished(defect) if status is Status.DRAFT else defect
    if status is Status.DRAFT:
        return _defect(state, Column.STATUS, STANDARD, draft=True)
    return task


def said_by(state: RowState) -> Said | None:
    """What the row says; None where that is not all: it holds typed cells, of which equal ones need not mean the same (1 and true,
    say), or is a draft that has expired.
    """
    if state.made is not None and state.made.expired_at is not None:
        return None
    said = tuple(map(state.cells.get, _MEANT))
    return (*said, state.since, state.anchor, state.marked) if _TEXTS.issuperset(map(type, said)) else None


def parse_like(known: Task, state: RowState) -> Task | Defect:
    """`parse` of a row that says what another one says, which was understood as `known`; a tenth of the work."""
    try:
        return replace(known, key=state.key, name=_name(state.cells.get(Column.NAME)))
    except Wrong as wrong:
        return _defect(state, wrong.column, wrong.message)


def name_taken(state: RowState, defect: Defect, rules: Rules) -> Defect:
    """What the row means whose name another row had first.   defect: of `doubled_names`."""
    if (why := rules.remit.elsewhere(metadata.setting(state.cells, Column.RUNS_ON))) is not None:
        return replace(_defect(state, Column.RUNS_ON, why), elsewhere=True)
    try:
        return _unfinished(defect) if _status(state.cells.get(Column.STATUS)) is Status.DRAFT else defect
    except Wrong:
        return defect


def _unfinished(defect: Defect) -> Defect:
    """What is wrong with a draft: it doesn't run anyway, so that is only what is left to do."""
    if defect.draft:
        return defect
    return replace(defect, message=f"Status is draft; before you set it to active, see to this: {defect.message}", draft=True)


def doubled_names(states: Iterable[RowState]) -> dict[str, Defect]:
    """The rows of one table whose name another row bears, by key, except the one that was seen first: it keeps the name.

    states: in the order of first sight, which is that of the table for those seen at once; keys unique. Names that look the same
    are the same; deleted rows don't count.
    """
    bearers: defaultdict[str, list[RowState]] = defaultdict(list)
    for state in states:
        if state.deleted_at is None and (name := text(state.cells.get(Column.NAME))) is not None:
            bearers[alike(name)].append(state)
    defects = {}
    for group in bearers.values():
        if len(group) == 1:
            continue
        first, *others = sorted(group, key=lambda s: s.first_seen)
        holder = "another row" if first.key.startswith(PROVISIONAL) else f"the row with the ID {quoted(first.key)}"
        for state in others:
            message = f"Name {quoted(state.cells.get(Column.NAME))}: {holder} has this name; give this row another"
            defects[state.key] = _defect(state, Column.NAME, message)
    return defects


def _defect(state: RowState, column: str, message: str, *, draft: bool = False) -> Defect:
    name = quoted(state.cells.get(Column.NAME))[1:-1]
    return Defect(table=state.table, key=state.key, name=name, column=str(column), message=message, draft=draft)


def _task(state: RowState, rules: Rules, status: Status) -> Task:
    cells = state.cells
    _whole(cells)
    _begun(cells)
    name = _name(cells.get(Column.NAME))
    action, definition = _action(cells.get(Column.ACTION), rules.actions)
    inner = _metadata(cells.get(Column.METADATA), definition, action)
    row = Settings(cells, inner)
    notify.refuse_unknown(row, rules.channels)
    if (flaw := rules.remit.flaw(row.value(Column.RUNS_ON))) is not None:
        row.refuse(Column.RUNS_ON, flaw)
    depends_on, what = row.depends_on(), watched(row, rules.sources, rules.closed, cells.keys() | state.stood.keys())
    found: Schedule | None = None
    if depends_on:
        type_ = _follows(row, what)
    elif row.type() in REACTS or (what and row.type() is None and row.value(Column.SCHEDULE) is None):
        type_, what = reacting(row, what, rules.sources)
    else:
        found, type_ = _schedule(row, state, rules)
    if what and type_ is Type.MANUAL:
        row.refuse(Column.WATCH, f"a task of Type {type_} runs only when asked; clear Watch, or Type")
    if found is not None and (status is not Status.ACTIVE or state.marked):
        found = schedule.uncounted(found)
    repeatable = rules.repeatable.get(action, False)
    counts = counted(row, rules.sources, rules.closed, type_)
    return Task(
        table=state.table,
        key=state.key,
        name=name,
        type=type_,
        action=action,
        parameters=stated(inner, definition),
        blanks=blanks(inner, definition),
        status=status,
        schedule=found,
        zone=row.zone(rules.zone),
        threshold=row.goal() if type_ is Type.COUNTER else 1,
        catch_up=row.catch_up(CatchUp.ONCE if found is not None and found.one_off else CatchUp.SKIP),
        overlap=row.overlap(Overlap.QUEUE if type_ in REACTS else Overlap.SKIP),
        timeout=row.timeout(definition),
        attempts=row.attempts(definition, repeatable=repeatable),
        repeatable=repeatable,
        retry_wait=definition.retry_wait,
        priority=row.priority(),
        jitter=row.jitter(),
        every=definition.at_most_every,
        depends_on=depends_on,
        on_failure=row.on_failure(),
        condition=row.condition(),
        watches=what.sources,
        columns=what.columns,
        says=said_by_events(what, rules.says),
        counts=counts,
        counts_outcomes=of_outcomes(counts, rules.says),
        deadline=row.deadline(row.zone(rules.zone), state.since, type_, found),
    )


def _whole(cells: Mapping[str, Cell]) -> None:
    """Of a row that goes on where there is no column, nobody can tell which cell belongs under which header."""
    if (beyond := cells.get(BEYOND)) is not None:
        message = (
            f"the line has more cells than the table has columns: {quoted(beyond)} stands behind the last one. Put each cell that "
            "holds a separator in quotes, or give the column a header"
        )
        raise Wrong(BEYOND, message)


def _begun(cells: Mapping[str, Cell]) -> None:
    """A row without Type and Schedule is only not finished: say all that it lacks."""
    if any(text(cells.get(column)) is not None for column in (Column.TYPE, *_TIMES)):
        return
    if metadata.settings(cells.get(Column.METADATA)).keys() & set(_TIMES):
        return
    lacks = [str(c) for c in (Column.NAME, Column.ACTION) if text(cells.get(c)) is None]
    also = f"fill in {' and '.join(lacks)}, and " if lacks else ""
    waits = ", or under Depends On the rows that it waits for" if Column.DEPENDS_ON in cells else ""
    waits += ", or under Watch what it reacts to" if Column.WATCH in cells else ""
    type_ = "counter" if text(cells.get(Column.COUNTS)) is not None else "manual"
    message = f'Type and Schedule are blank; {also}write a Schedule such as "daily 07:00", or a Type such as "{type_}"{waits}'
    raise Wrong(Column.SCHEDULE, message, draft=True)


def _status(cell: Cell) -> Status:
    if text(cell) is None:
        return Status.ACTIVE
    try:
        return choice(cell, Status)
    except BadCell as exc:
        meant = _STATUS_WORDS.get(fold(brief(cell)))
        what = f'not one of {", ".join(Status)}; did you mean "{meant}"?' if meant else str(exc)
        raise Wrong(Column.STATUS, f"Status {quoted(cell)}: {what}") from None


def _name(cell: Cell) -> str:
    name = text(cell)
    if name is None:
        raise Wrong(Column.NAME, "Name is blank; give the task a name that no other row has")
    if len(name) > LONGEST_NAME:
        raise Wrong(Column.NAME, f"Name {quoted(cell)}: longer than {LONGEST_NAME} characters; put the rest into Description")
    if not alike(name):
        raise Wrong(Column.NAME, f"Name {quoted(cell)}: holds nothing that can be seen; give the task a name that no other row has")
    if not name.isprintable() and any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in name):
        raise Wrong(Column.NAME, f"Name {quoted(cell)}: holds a line break or another control character; type it again on one line")
    return name


def _action(cell: Cell, actions: Mapping[str, Definition]) -> tuple[str, Definition]:
    said = text(cell)
    if said is None:
        raise Wrong(Column.ACTION, f"Action is blank; write the name of an action{_some(actions)}")
    if (exact := actions.get(said)) is not None:
        return said, exact
    near = guess(said, actions)
    hint = f'did you mean "{near}"?' if near else f"write the name of an action{_some(actions)}"
    raise Wrong(Column.ACTION, f"Action {quoted(cell)}: no action of this name may be used here; {hint}")


def _some(actions: Mapping[str, Definition]) -> str:
    if not actions:
        return "; its operator has yet to define one for this table in rowd.toml"
    listed = ", ".join(islice(sorted(actions), 5))
    return f", such as {listed}" if len(actions) > 5 else f": {listed}"


def _metadata(cell: Cell, definition: Definition, action: str) -> Metadata:
    try:
        return metadata.read(cell, definition.parameters, action)
    except BadMetadata as exc:
        raise Wrong(Column.METADATA, f"Metadata {quoted(cell)}: {exc}") from None


def _follows(row: Settings, what: Watched) -> Type:
    """The Type of a row that waits for others: nothing else makes it run."""
    type_ = row.type()
    if what:
        row.refuse(Column.WATCH, "a row that waits for others runs when they have ended; clear Watch, or Depends On")
    if row.value(Column.SCHEDULE) is not None:
        row.refuse(Column.SCHEDULE, "a row that waits for others runs when they have ended; clear Schedule, or Depends On")
    if type_ not in (None, Type.ON_COMPLETION):
        row.refuse(Column.TYPE, f"a row that waits for others is of Type {Type.ON_COMPLETION}; write that, or clear Depends On")
    return Type.ON_COMPLETION


def _schedule(row: Settings, state: RowState, rules: Rules) -> tuple[Schedule | None, Type]:
    zone, type_ = row.zone(rules.zone), row.type()
    said = text(row.value(Column.SCHEDULE), zone)
    if type_ is Type.ON_COMPLETION:
        row.tell(
            Column.DEPENDS_ON, "Depends On is blank; write the Names of the rows that this one waits for, with commas between them"
        )
    if type_ is Type.COUNTER or type_ is Type.MANUAL:
        if said is not None:
            when = "when Current reaches Threshold" if type_ is Type.COUNTER else "only when asked"
            row.refuse(Column.SCHEDULE, f"a task of Type {type_} runs {when}; clear Schedule, or change Type")
        return None, type_

    def read(type_: Type | None, threshold: int) -> schedule.Parsed:
        try:
            return schedule.parse(
                said,
                type=type_,
                zone=zone,
                since=state.since,
                threshold=threshold,
                anchor=state.anchor,
                daily_at=rules.daily_at,
            )
        except schedule.Unreadable as exc:
            row.tell(Column.SCHEDULE, _a_type(said) or str(exc))

    parsed = read(type_, row.periods() if type_ in PERIODIC else 1)
    if type_ is None and parsed.type in PERIODIC and (threshold := row.periods()) != 1:
        parsed = read(parsed.type, threshold)
    if said is not None and (whole := _torn(said, row.value(Column.CURRENT))) is not None:
        row.refuse(Column.CURRENT, f"reads like the end of Schedule; write {quoted(whole)} there, in quotes, or clear Current")
    return parsed.schedule, parsed.type


def _torn(said: str, current: Cell) -> str | None:
    """What Schedule and Current say together, where a comma without quotes has torn it apart in a CSV; else None."""
    rest = text(current)
    if rest is None or (not any(map(str.isalpha, rest)) and ":" not in rest):
        return None
    whole = f"{said}, {rest}"
    try:
        schedule.parse(whole, type=None, zone=UTC, since=_ANY_TIME)
    except schedule.Unreadable:
        return None
    return whole


def _a_type(said: str | None) -> str | None:
    """What to tell of a Schedule that is the name of a Type; None where it is none."""
    if said is None or said.strip().lower().replace(" ", "_") not in set(Type):
        return None
    return f"Schedule {quoted(said)}: that is a Type; write it under Type, and clear Schedule or write there when the task runs"
