"""How Sheets and Drive word a refusal. Sheets' envelope has a `status` and no `errors`, Drive's has `errors` and no `status`."""

from __future__ import annotations

from collections.abc import Mapping

from tests.emulators.core.exchange import Answer, Json, Refused

STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
DRIVE = "/drive/"
UNAUTHENTICATED = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication "
    "credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)
UNREGISTERED = (
    "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API "
    "consumer identity to call this API."
)


class Missing(Exception):
    """What was asked for is something that the real service does, and this one doesn't: 501."""


def sheets(code: int, message: str, details: list[Json] | None = None, **headers: str) -> Refused:
    """details: as google.rpc has them; None for none.   headers: `retry_after` is `Retry-After`."""
    error: dict[str, Json] = {"code": code, "message": message, "status": STATUS[code]}
    if details is not None:
        error["details"] = details
    return Refused(Answer.of(code, {"error": error}, **headers))


def drive(code: int, reason: str, message: str, domain: str = "global", **more: str) -> Refused:
    """more: `location` and `locationType` where it is a parameter's fault."""
    return Refused(Answer.of(code, {"error": {"code": code, "message": message, "errors": [_one(reason, message, domain, more)]}}))


def _one(reason: str, message: str, domain: str, more: Mapping[str, str]) -> Json:
    return {"message": message, "domain": domain, "reason": reason, **more}


def invalid(message: str) -> Refused:
    """400 of Sheets: retrying can't help."""
    return sheets(400, message)


def unread_range(text: str) -> Refused:
    return invalid(f"Unable to parse range: {text}")


def beyond_grid(where: str, rows: int, columns: int) -> Refused:
    """Seen in home-assistant/core#104198 and airbytehq/airbyte#1740."""
    return invalid(f"Range ({where}) exceeds grid limits. Max rows: {rows}, max columns: {columns}")


def bad_field(field: str, description: str) -> Refused:
    """The message repeats the one violation, as recorded by gspread (WorksheetTest.test_add_validation)."""
    violation = {"field": field, "description": description}
    return sheets(400, description, [{"@type": BAD_REQUEST, "fieldViolations": [violation]}])


def unknown_name(name: str, where: str = "") -> Refused:
    """A field of the body that the method doesn't have."""
    at = f" at '{where}'" if where else ""
    text = f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.'
    violation = {"field": where, "description": text} if where else {"description": text}
    return sheets(400, text, [{"@type": BAD_REQUEST, "fieldViolations": [violation]}])


def not_shared() -> Refused:
    return sheets(403, "The caller does not have permission")


def not_found() -> Refused:
    return sheets(404, "Requested entity was not found.")


def no_file(file_id: str) -> Refused:
    return drive(404, "notFound", f"File not found: {file_id}.", location="fileId", locationType="parameter")
