"""What facts of the world outside were told last, for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from engine.links import FACT
from engine.model import Task
from engine.outside import Known
from engine.plan import House
from engine.wording import cut
from facts.api import Tree
from rowd.cli.output import Styled
from rowd.saying import distance, when
from rowd.view import RowView

LONGEST = 200
"""Characters of a value that are shown."""


def value(tree: Tree) -> str:
    """On one line: text in quotes, as conditions have it."""
    return cut(json.dumps(tree, ensure_ascii=False), LONGEST)


def facts_of(row: RowView, task: Task, now: datetime, house: House) -> Iterator[tuple[str, Styled]]:
    """Each fact that its condition names."""
    for number, name in enumerate(_named(task)):
        known = house.facts[name].known if name in house.facts else None
        said = "not asked yet" if known is None else _said(known, row, now)
        yield "" if number else "Facts", f"{name} {said}"


def facts_json(task: Task, house: House) -> list[dict[str, Any]]:
    """The same."""
    known = ((name, house.facts[name].known if name in house.facts else None) for name in _named(task))
    return [
        {"fact": name, "value": one.value, "trouble": one.trouble or None, "asked_at": one.asked_at}
        if one is not None
        else {"fact": name, "value": None, "trouble": None, "asked_at": None}
        for name, one in known
    ]


def _named(task: Task) -> list[str]:
    return list(dict.fromkeys(one.name for one in task.sources if one.what == FACT))


def _said(known: Known, row: RowView, now: datetime) -> str:
    asked = f"(asked {when(known.asked_at, row.zone, now)}, {distance(known.asked_at, now)})"
    return f"could not be asked: {known.trouble} {asked}" if known.trouble else f"= {value(known.value)} {asked}"
