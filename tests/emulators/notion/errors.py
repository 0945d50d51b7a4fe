"""How Notion words a refusal. Sources: VENDORS.md C9 (status codes), recordings of real answers where a message is quoted."""

from __future__ import annotations

import json
from typing import Any

from tests.emulators.core.exchange import Answer, Json, Refused


def error(status: int, code: str, message: str, *, extra: Json = None, retry_after: str | None = None) -> Answer:
    """An error body; the emulator adds `request_id`.   extra: `additional_data`."""
    body: dict[str, Any] = {"object": "error", "status": status, "code": code, "message": message}
    if extra is not None:
        body["additional_data"] = extra
    return Answer.of(status, body) if retry_after is None else Answer.of(status, body, retry_after=retry_after)


def refusal(status: int, code: str, message: str, *, extra: Json = None) -> Refused:
    return Refused(error(status, code, message, extra=extra))


def invalid(message: str) -> Refused:
    """400 validation_error."""
    return refusal(400, "validation_error", message)


def bad(path: str, expected: str, found: object) -> Refused:
    """`body failed validation: body.page_size should be ≤ `100`, instead was `101`.`   path: begins with body, path or query."""
    return invalid(f"{path.split('.', 1)[0]} failed validation: {complaint(path, expected, found)}")


def none_of(complaints: list[str]) -> Refused:
    """What is said where one of several forms would have done."""
    root = complaints[0].split(".", 1)[0]
    return invalid(f"{root} failed validation. Fix one:\n" + "\n".join(complaints))


def complaint(path: str, expected: str, found: object) -> str:
    return f"{path} should be {expected}, instead was `{shown(found)}`."


class Undefined:
    """What JavaScript has for what isn't there."""


UNDEFINED = Undefined()


def shown(value: object) -> str:
    """As the messages show a value: JSON, cut after a hundred characters."""
    if isinstance(value, Undefined):
        return "undefined"
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= 100 else text[:100] + "..."


def not_found(kind: str, identifier: str, integration: str, bot: str) -> Refused:
    """Doesn't exist, or isn't shared: no difference is made.   kind: page, database, data_source, block, user, …"""
    return refusal(
        404,
        "object_not_found",
        f"Could not find {kind} with ID: {identifier}. Make sure the relevant pages and databases are shared with your "
        f'integration "{integration}".',
        extra={"integration_id": bot},
    )


def rate_limited(reason: str, seconds: int, *, header: bool = True) -> Answer:
    """429.   reason: `rate_limit_reason`, such as public_api_request_rate_limit; …_blocked must never be tried again."""
    return error(
        429,
        "rate_limited",
        "You have been rate limited. Please try again in a few minutes.",
        extra={"rate_limit_reason": reason, "retry_after": str(seconds)},
        retry_after=str(seconds) if header else None,
    )


def overloaded(seconds: int = 5) -> Answer:
    """529, which no client knows."""
    return error(529, "service_overload", "Notion is overloaded. Please try again later.", retry_after=str(seconds))


def unavailable() -> Answer:
    """503 where nothing was done (VENDORS.md C9, the data source query's)."""
    return error(
        503,
        "service_unavailable",
        "Public API data source query is temporarily unavailable due to backend datastore timeouts. Please retry.",
        extra={
            "endpoint_name": "public_queryDataSource",
            "notion_error_name": "PgPoolWaitConnectionTimeout",
            "retry_guidance": ["Use exponential backoff with jitter", "Reduce page_size", "Narrow query filters/sorts"],
        },
    )


def saved_but_unanswered(real: Answer) -> Answer:
    """503 to a write that was saved all the same (VENDORS.md C9).   real: what would have been answered."""
    made = real.json if isinstance(real.json, dict) else {}
    extra: dict[str, Any] = {
        "from": "public_api",
        "elapsed_ms": "55012",
        "deadline_ms": "55000",
        "retry_guidance": ["Read the object again to confirm the saved change.", "Do not repeat the write."],
    }
    if "id" in made:
        extra["committed_resource_id"] = made["id"]
    elif "results" in made:
        extra["committed_child_ids"] = [child["id"] for child in made["results"]]
    message = (
        "The change was saved, but the response could not be built in time. Read the object again instead of repeating the write."
    )
    return error(503, "service_unavailable", message, extra=extra)
