"""Where the values come from that a condition asks for: of which row, and which of its values. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from actions.api import Value
from connectors.api import fold
from engine.cells import did_you_mean
from engine.condition import Given, Reference, Unknown, dotted
from engine.links import ENV, EVENT, FACT, NOW, ROW, Place, Source
from engine.model import Occurrence, RowState, Stage, Task, Type
from engine.naming import Reader
from engine.outside import NOTHING_OUTSIDE, Known, Outside
from engine.rounds import UNREAD, Prerequisite
from engine.tally import Tally
from engine.wording import conjoined
from facts.api import Tree

TASK, TASKS, OUTPUTS, PARAMETERS = "task", "tasks", "outputs", "parameters"

OF_A_RUN = ("outcome", "summary", "started_at", "ended_at", "duration")
"""Of a row's newest run that has ended."""

OF_A_ROW = ("runs", "failures", "missed", "last_success", "running")

COUNT = "count"

OF_ITSELF = (COUNT,)

ALONE = ("last_success", "runs", "failures", "missed", COUNT)
"""What a row may say of itself without `task.` before it."""

_NO_COUNTER = "only a row of Type counter has a count, and this one is none; for how often it ran write runs"

NOWHERE: Place = ("", "")
"""Of a source that is none of one row's."""


class NoSource(ValueError):
    """A condition asks for what there can't be: a sentence with the remedy, without the condition."""


def source(
    reference: Reference,
    task: Task,
    reader: Reader,
    headers: Collection[str] = (),
    outside: Outside = NOTHING_OUTSIDE,
) -> Source | None:
    """What this name in the condition, or in a value, of this task stands for; None for the present instant.

    reader: of the rows that it may mean.   headers: of the table.   Raises NoSource.
    """
    if reference == NOW:
        return None
    if len(reference) == 1:
        return _alone(reference, task)
    first, *rest = reference
    if first == EVENT:
        return _of_event(reference, task)
    if first == FACT:
        return _of_fact(reference, outside)
    if first == ENV:
        return _of_environment(reference, outside)
    if first == TASK:
        if rest == [COUNT] and task.type is not Type.COUNTER:
            raise NoSource(_NO_COUNTER)
        return _of(reference, (task.table, task.key), rest, itself=True)
    if first == ROW:
        return _of_row(reference, task, headers)
    if first == TASKS:
        name, *rest = rest
        if (place := reader.find(name)) is None:
            raise NoSource(f"{dotted(reference)}: {reader.missing(name, task.name)}")
        return _of(reference, place, rest)
    if (place := reader.find(first)) is not None:
        return _of(reference, place, rest)
    raise NoSource(
        f'{dotted(reference)} is not known: no row of this table has the Name or ID "{first}"; write tasks["NAME"].outcome'
    )


def _alone(reference: Reference, task: Task) -> Source:
    (word,) = reference
    if word in ALONE and (word != COUNT or task.type is Type.COUNTER):
        return Source(reference, task.key, word, table=task.table)
    if task.depends_on:
        return Source(reference, "", OUTPUTS, word)
    if word == COUNT:
        raise NoSource(_NO_COUNTER)
    hint = did_you_mean(word, ("now", *ALONE))
    raise NoSource(
        f'{word} is not known{hint}; an output of another row is written tasks["NAME"].outputs.{word}, or {word} alone where '
        "that row stands under Depends On"
    )


def _of_row(reference: Reference, task: Task, headers: Collection[str]) -> Source:
    if len(reference) != 2:
        raise NoSource(f'{dotted(reference)} is not known; a cell of the row is written row.Description, or row["Due Date"]')
    wanted = next((header for header in headers if fold(header) == fold(reference[1])), None)
    if wanted is None:
        hint = did_you_mean(reference[1], headers)
        raise NoSource(f"{dotted(reference)}: the table has no column of this name{hint}")
    return Source(reference, task.key, ROW, wanted, task.table)


def _of_event(reference: Reference, task: Task) -> Source:
    if task.counts and not (task.watches or task.columns):
        raise NoSource(
            f"{dotted(reference)}: a counter runs for many things at once, so none of them says anything; ask for its count"
        )
    if not (task.watches or task.columns):
        raise NoSource(f"{dotted(reference)}: the row watches nothing, so no event makes it due; name a source under Watch")
    if len(reference) != 2:
        raise NoSource(f"{dotted(reference)} is not known; what an event says is written event.NAME, like event.summary")
    if task.says is not None and reference[1] not in task.says:
        there = conjoined(sorted(task.says), 12)
        hint = did_you_mean(reference[1], task.says)
        raise NoSource(f"{dotted(reference)} is not known{hint}; what makes this row run says {there}")
    return Source(reference, "", EVENT, reference[1])


def _of_fact(reference: Reference, outside: Outside) -> Source:
    name = reference[1]
    if name not in outside.facts:
        remedy = did_you_mean(name, outside.facts) or "; the operator declares facts in rowd.toml, as [fact.NAME]"
        raise NoSource(f"{dotted(reference[:2])} is not known: there is no fact of this name{remedy}")
    return Source(reference, "", FACT, name)


def _of_environment(reference: Reference, outside: Outside) -> Source:
    name = reference[1]
    if len(reference) != 2 or name not in outside.variables:
        remedy = did_you_mean(name, outside.variables) or "; the operator names them in rowd.toml, under conditions.env"
        raise NoSource(f"{dotted(reference)} is not known: conditions may read no such variable{remedy}")
    return Source(reference, "", ENV, name)


def _variable(name: str, outside: Outside) -> Given:
    value = outside.variables.get(name)
    return Unknown(f"the variable {name} has no value where rowd runs") if value is None else value


def refuse_facts(names: Collection[Reference]) -> None:
    """Of a value that is filled in: it is also when a person runs the row, who waits for nothing. Raises NoSource."""
    if (fact := next((name for name in sorted(names) if name[0] == FACT), None)) is not None:
        raise NoSource(f"{dotted(fact)}: only a Condition asks for facts; have the action find out itself")


def told(one: Source, known: Known) -> Given:
    """What a name of a fact, or of a part of it, stands for."""
    if known.trouble:
        return Unknown(f"the fact {known.name} could not be asked: {known.trouble}")
    place: Tree = known.value
    for part in one.reference[2:]:
        match place:
            case dict() if part in place:
                place = place[part]
            case list() if part.isascii() and part.isdigit() and len(part) < 9 and int(part) < len(place):
                place = place[int(part)]
            case _:
                return Unknown(f"the fact {known.name} has no {part} there{_there(part, place)}")
    if isinstance(place, dict | list):
        some = next(iter(place), "NAME") if isinstance(place, dict) else "0"
        return Unknown(f"it has several values; name one of them, like {dotted((*one.reference, some))}")
    return place


def _there(part: str, place: Tree) -> str:
    match place:
        case dict():
            return did_you_mean(part, place) or f"; there are {conjoined(sorted(place), 5) or 'no values'}"
        case list():
            return f"; there are {len(place)} values, counted from 0"
    return "; it is a single value"


def _of(reference: Reference, place: Place, rest: Sequence[str], *, itself: bool = False) -> Source:
    table, key = place
    there = (*OF_A_RUN, *OF_A_ROW, *(OF_ITSELF if itself else ()))
    match rest:
        case [what] if what in there:
            return Source(reference, key, what, table=table)
        case ["outputs" | "output", name]:
            return Source(reference, key, OUTPUTS, name, table)
        case ["parameters", name] if itself:
            return Source(reference, key, PARAMETERS, name, table)
    said = dotted(reference)
    has = conjoined([*there, "outputs.NAME", *(["parameters.NAME"] if itself else [])])
    raise NoSource(f"{said} is not known{did_you_mean(rest[0] if rest else '', there)}; of a row there are {has}")


def values(
    task: Task,
    state: RowState,
    tally: Callable[[Place], Tally],
    active: Callable[[str, str], Sequence[Occurrence]],
    prerequisites: Sequence[Prerequisite],
    outside: Outside = NOTHING_OUTSIDE,
) -> dict[Reference, Given]:
    """What the names in the condition of this task stand for, but for the present instant, and facts.

    tally: of a row's past.   active: what of a row has not ended.
    """
    return {
        one.reference: _variable(one.name, outside) if one.what == ENV else _value(one, task, state, tally, active, prerequisites)
        for one in task.sources
        if one.what != FACT
    }


def _value(
    one: Source,
    task: Task,
    state: RowState,
    tally: Callable[[Place], Tally],
    active: Callable[[str, str], Sequence[Occurrence]],
    prerequisites: Sequence[Prerequisite],
) -> Given:
    if one.what == EVENT:
        return Unknown("no event made it due that says so")
    if one.place == NOWHERE:
        return _output_of_one(one.name, [(p.name, p.newest) for p in prerequisites])
    if len(one.reference) == 1 and (doubt := _either(one.what, prerequisites)) is not None:
        return doubt
    if not one.key:
        return Unknown(UNREAD.format(one.table))
    past = tally(one.place)
    match one.what:
        case "row":
            cell = state.cells.get(one.name, state.stood.get(one.name))
            return cell if cell is not None else Unknown("the cell is blank")
        case "count":
            return state.count
        case "parameters":
            return task.parameters.get(one.name, Unknown("the row gives its action no parameter of this name"))
        case "running":
            return any(o.stage is Stage.RUNNING for o in active(*one.place))
        case "runs" | "failures" | "missed":
            return int(getattr(past, one.what))
        case "last_success":
            return past.last_success or Unknown("it has not succeeded yet")
    return _of_run(one, past.last)


def _of_run(one: Source, run: Occurrence | None) -> Given:
    if run is None:
        return Unknown("it has not run yet")
    if one.what == OUTPUTS:
        return _output(one.name, run.outputs)
    found = {
        "outcome": str(run.outcome),
        "summary": run.reason,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "duration": run.duration,
    }
    return found[one.what]


def _either(word: str, prerequisites: Sequence[Prerequisite]) -> Unknown | None:
    """A word that says something of the row itself, where a row that it waits for gave back an output of that name."""
    gave = next((p for p in prerequisites if p.newest is not None and word in p.newest.outputs), None)
    if gave is None:
        return None
    return Unknown(f'it is this row\'s own, and an output of {gave.name}; write task.{word} or tasks["{gave.name}"].outputs.{word}')


def _output(name: str, outputs: Mapping[str, Value]) -> Given:
    if name in outputs:
        return outputs[name]
    return Unknown(f"its last run gave back {conjoined(sorted(outputs), 5) or 'no output'}{did_you_mean(name, outputs)}")


def _output_of_one(name: str, runs: Sequence[tuple[str, Occurrence | None]]) -> Given:
    """An output of that name of a row that is waited for: of the one that has it."""
    found = [(of, run.outputs[name]) for of, run in runs if run is not None and name in run.outputs]
    if len(found) == 1:
        return found[0][1]
    if found:
        several = conjoined([of for of, _ in found])
        return Unknown(f'{several} each gave back one; write tasks["{found[0][0]}"].outputs.{name}')
    there = [output for _, run in runs if run is not None for output in run.outputs]
    remedy = did_you_mean(name, there) or f'; write "{name}", in quotes, if it is text'
    return Unknown(f"{conjoined([of for of, _ in runs], 3)} gave back no output of this name{remedy}")
