"""How Sheets and Drive word a refusal. Sheets' envelope has a `status` and no `errors`, Drive's has `errors` and no `status`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
HELP = "type.googleapis.com/google.rpc.Help"
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


def sheets(code: int, message: str, details: list[Json] | None = None, **headers: str) -> Refused:
    """details: as google.rpc has them; None for none.   headers: `retry_after` is `Retry-After`."""
    error: dict[str, Json] = {"code": code, "message": message, "status": STATUS[code]}
    if details is not None:
        error["details"] = details
    return Refused(Answer.of(code, {"error": error}, **headers))


def drive(code: int, reason: str, message: str, domain: str = "global", **more: str) -> Refused:
    """more: `location` and `locationType` where it is a parameter's fault."""
    return Refused(Answer.of(code, {"error": {"code": code, "message": message, "errors": [_one(reason, message, domain, more)]}}))


def drive_stranger(token: bool) -> Refused:
    """Drive says it twice, at length and in short (measured by brekkylab/backlot).   token: whether there was one at all."""
    if not token:
        error = {"message": UNREGISTERED, "domain": "global", "reason": "forbidden"}
        return Refused(Answer.of(403, {"error": {"code": 403, "message": UNREGISTERED, "errors": [error], "status": STATUS[403]}}))
    where = {"location": "Authorization", "locationType": "header"}
    error = {"message": "Invalid Credentials", "domain": "global", "reason": "authError", **where}
    return Refused(Answer.of(401, {"error": {"code": 401, "message": UNAUTHENTICATED, "errors": [error], "status": STATUS[401]}}))


def no_spreadsheet() -> Refused:
    """The file is something else."""
    error = {"code": 400, "message": "This operation is not supported for this document", "status": "FAILED_PRECONDITION"}
    return Refused(Answer.of(400, {"error": error}))


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


def bad_fields(faults: Sequence[tuple[str, str]]) -> Refused:
    """Everything that is wrong with a body: (path, "" for the whole of it, and what to say), in the order of the body.

    The message repeats the violations, as recorded by gspread (WorksheetTest.test_add_validation); that all of them are told at
    once was measured by brekkylab/backlot (#340).
    """
    violations = [{"field": path, "description": text} if path else {"description": text} for path, text in faults]
    return sheets(400, "\n".join(text for _, text in faults), [{"@type": BAD_REQUEST, "fieldViolations": violations}])


def unknown_name(name: str, where: str = "") -> tuple[str, str]:
    """A field of the body that the method doesn't have."""
    at = f" at '{where}'" if where else ""
    return where, f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.'


def not_shared() -> Refused:
    return sheets(403, "The caller does not have permission")


def not_found() -> Refused:
    return sheets(404, "Requested entity was not found.")


def no_file(file_id: str) -> Refused:
    return drive(404, "notFound", f"File not found: {file_id}.", location="fileId", locationType="parameter")
