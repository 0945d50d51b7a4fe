"""The values of a task's parameters as it comes due: those that stand in its row, and those that are filled in. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from actions.api import Definition, Value
from actions.parameters import BadParameter, bind
from engine.cells import quoted
from engine.columns import Column
from engine.links import DATE, DUE, NOW, TIME, TIMESTAMP
from engine.metadata import Metadata
from engine.model import Blank, Task
from engine.settings import Wrong

if TYPE_CHECKING:
    from engine.condition import Given, Reference

INSTANTS = frozenset({NOW, DUE, DATE, TIME, TIMESTAMP})
"""Names that every value with braces knows."""


class Unfilled(ValueError):
    """A parameter that can't be filled in now: which, and why, in one clause."""


def stated(inner: Metadata, definition: Definition) -> Mapping[str, Value]:
    """The parameters that are not to be filled in. Raises Wrong."""
    given = {name: value for name, value in inner.parameters.items() if not _has_braces(value)}
    declared = {n: p for n, p in definition.parameters.items() if n in given or n not in inner.parameters}
    try:
        return bind(declared, given)
    except BadParameter as exc:
        raise Wrong(Column.METADATA, f"Metadata, parameter {quoted(exc.name)}: {exc.message}") from None


def blanks(inner: Metadata, definition: Definition) -> Mapping[str, Blank]:
    """Those that are filled in when the task comes due. Raises Wrong."""
    texts = {name: value for name, value in inner.parameters.items() if isinstance(value, str) and _has_braces(value)}
    if not texts:
        return {}
    from engine import template

    found = {}
    for name, value in texts.items():
        try:
            found[name] = Blank(template.read(value), definition.parameters[name])
        except template.Unreadable as exc:
            raise Wrong(Column.METADATA, f"Metadata, parameter {quoted(name)}: {quoted(value)} {exc}") from None
    return found


def _has_braces(value: object) -> bool:
    """Whether something in a parameter's value is to be filled in."""
    return isinstance(value, str) and "{{" in value


def instants(due: datetime, now: datetime, zone: tzinfo) -> dict[Reference, Given]:
    """What these names stand for."""
    local = due.astimezone(zone)
    return {NOW: now, DUE: due, DATE: local.date(), TIME: f"{local:%H:%M}", TIMESTAMP: due}


def parameters(task: Task, given: Mapping[Reference, Given]) -> Mapping[str, Value]:
    """All of the task's.   given: what the names in their braces stand for.   Raises Unfilled."""
    if not task.blanks:
        return task.parameters
    from engine import template

    found = dict(task.parameters)
    for name, blank in task.blanks.items():
        try:
            text = template.filled(blank.template, given, task.zone)
            found |= bind({name: blank.declared}, {name: text})
        except template.Unfilled as exc:
            raise Unfilled(f"parameter {name}: {exc}") from None
        except BadParameter as exc:
            raise Unfilled(f"parameter {name}, filled in: {exc.message}") from None
    return found
