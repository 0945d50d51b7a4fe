"""What can be read out of recorded sessions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import unquote

from tests.emulators.core.exchange import Json

MAKES = re.compile(r".*(create|append|\.post)$")
"""Operations that make things."""


def integrations(sessions: list[Json]) -> Iterator[tuple[str, str]]:
    """A bot's id, and the name that messages have for its connection."""
    for session in sessions:
        for step in session["steps"]:
            answer = step.get("response")
            if isinstance(answer, dict) and isinstance(answer.get("additional_data"), dict):
                named = re.search(r'your integration "(.*)"\.$', str(answer.get("message")))
                if named and "integration_id" in answer["additional_data"]:
                    yield answer["additional_data"]["integration_id"], named[1]


def objects(answer: Json) -> Iterator[Json]:
    """Everything in an answer that has an id and says what it is."""
    if isinstance(answer, dict):
        if answer.get("object") in ("page", "database", "data_source", "block", "user") and isinstance(answer.get("id"), str):
            yield answer
        for value in answer.values():
            yield from objects(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from objects(value)


def made(steps: list[Json]) -> Iterator[str]:
    """Ids of what the requests made."""
    for step in steps:
        if step["status"] < 400 and MAKES.match(step["op"]):
            yield from (shown["id"] for shown in objects(step.get("response")) if shown["object"] != "user")


def parents(steps: list[Json]) -> Iterator[str]:
    """Pages that things were put into."""
    for step in steps:
        given = step.get("json")
        parent = given.get("parent") if isinstance(given, dict) else None
        if step["status"] < 400 and isinstance(parent, dict) and isinstance(parent.get("page_id"), str):
            yield parent["page_id"]


def partners(steps: Json, seen: set[str]) -> Iterator[str]:
    """Ids of columns that came of themselves with a relation. They are drawn at random, so they are drawn again as they were."""
    if isinstance(steps, dict):
        if isinstance(steps.get("id"), str):
            seen.add(steps["id"])
        synced = steps.get("synced_property_id")
        if isinstance(synced, str) and synced not in seen:
            seen.add(synced)
            yield unquote(synced)
        steps = list(steps.values())
    if isinstance(steps, list):
        for value in steps:
            yield from partners(value, seen)


def misses(step: Json) -> bool:
    answer = step.get("response")
    return (
        isinstance(answer, dict)
        and isinstance(answer.get("additional_data"), dict)
        and "integration_id" in answer["additional_data"]
    )


def uses(step: Json, identifier: str) -> bool:
    text = f"{step['path']} {step.get('query')} {step.get('json')}"
    return identifier in text or identifier.replace("-", "") in text


def in_path(step: Json, identifier: str) -> bool:
    return identifier in step["path"] or identifier.replace("-", "") in step["path"]


def moment(text: Json) -> datetime:
    return datetime.fromisoformat(text) if isinstance(text, str) else datetime(2026, 1, 1, tzinfo=UTC)
