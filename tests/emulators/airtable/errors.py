"""How Airtable words what goes wrong: status and body of each refusal.

Sources: VENDORS.md B9 and B2; the wording of those marked [recorded] is from grouparoo/grouparoo@a453a40b16, fixtures of its
Airtable plugin, recorded 2022-01-08.
"""

from __future__ import annotations

from tests.emulators.core.exchange import Answer, Refused

WRONG_MODEL = (
    "Invalid permissions, or the requested model was not found. Check that both your user and your token have the required"
    " permissions, and that the model names and/or ids are correct."
)
RATE_LIMIT = "Rate limit exceeded. Please try again later"
BILLING = "API billing plan limit exceeded. You've reached the maximum number of requests allowed for this month."


def refusal(status: int, kind: str, message: str | None = None) -> Refused:
    """The usual envelope; some errors have no message."""
    return Refused(Answer.of(status, {"error": {"type": kind} if message is None else {"type": kind, "message": message}}))


def unauthorized() -> Refused:
    """[recorded] Absent, unknown and expired tokens are told nothing else."""
    return refusal(401, "AUTHENTICATION_REQUIRED", "Authentication required")


def forbidden() -> Refused:
    """No scope, no grant, or no such base, table or record: deliberately the same."""
    return refusal(403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND", WRONG_MODEL)


def not_permitted(name: str, field_id: str) -> Refused:
    return refusal(403, "INVALID_PERMISSIONS", f"You are not permitted to write cell values in field {name} ({field_id})")


def not_allowed() -> Refused:
    """The token may, but its user has too low a level on the base."""
    return refusal(403, "INVALID_PERMISSIONS", "You are not permitted to perform this operation")


def not_found() -> Refused:
    """[recorded] A path that can't be: the bare string."""
    return Refused(Answer.of(404, {"error": "NOT_FOUND"}))


def not_found_object() -> Refused:
    """[recorded] What an API key without access to the Meta API is told of a base's tables."""
    return refusal(404, "NOT_FOUND")


def no_table(table: str, base_id: str) -> Refused:
    """[recorded] What an API key is told; a personal access token is told `forbidden`."""
    return refusal(404, "TABLE_NOT_FOUND", f"Could not find table {table} in application {base_id}")


def no_record() -> Refused:
    """[recorded]"""
    return refusal(404, "MODEL_ID_NOT_FOUND", "Record not found")


def no_row(record_id: str) -> Refused:
    return refusal(422, "ROW_DOES_NOT_EXIST", f"Record ID {record_id} does not exist in this table")


def unknown_field(name: str, older: bool = False) -> Refused:
    text = f"Could not find a field named {name}" if older else f'Unknown field name: "{name}"'
    return refusal(422, "UNKNOWN_FIELD_NAME", text)


def computed(name: str) -> Refused:
    """[recorded]"""
    return refusal(422, "INVALID_VALUE_FOR_COLUMN", f'Field "{name}" cannot accept a value because the field is computed')


def bad_date(name: str, value: str) -> Refused:
    return refusal(422, "INVALID_VALUE_FOR_COLUMN", f'Cannot parse date value "{value}" for field {name}')


def bad_value(name: str) -> Refused:
    return refusal(422, "INVALID_VALUE_FOR_COLUMN", f'Field "{name}" cannot accept the provided value')


def no_choice(choice: str, older: bool = False) -> Refused:
    """older: the name quoted twice, as many logs have it."""
    quoted = f'""{choice}""' if older else f'"{choice}"'
    return refusal(422, "INVALID_MULTIPLE_CHOICE_OPTIONS", f"Insufficient permissions to create new select option {quoted}")


def too_many_created(count: int) -> Refused:
    text = f"A maximum of 10 records can be created per request but you have provided {count}."
    return refusal(422, "INVALID_RECORDS", text)


def bad_records() -> Refused:
    text = 'You must provide an array of up to 10 record objects, each with an "id" ID field and a "fields" object for cell values.'
    return refusal(422, "INVALID_RECORDS", text)


def same_record() -> Refused:
    """[quoted by several public repositories that drop duplicates because of it]"""
    return refusal(422, "INVALID_RECORDS", "You cannot update the same record multiple times in a single request.")


def too_many_webhooks() -> Refused:
    """The type is quoted in public code; status and message are a guess."""
    return refusal(422, "TOO_MANY_WEBHOOKS_IN_BASE", "This base has as many webhooks as it may have")


def missing(field: str) -> Refused:
    return refusal(422, "INVALID_REQUEST_MISSING_FIELDS", f'Could not find field "{field}" in the request body')


def bad_request() -> Refused:
    return refusal(422, "INVALID_REQUEST_UNKNOWN", "Invalid request: parameter validation failed. Check your request data.")


def bad_formula(why: str) -> Refused:
    return refusal(422, "INVALID_FILTER_BY_FORMULA", f"The formula for filtering records is invalid: {why}")


def no_view(view: str) -> Refused:
    return refusal(422, "VIEW_NAME_NOT_FOUND", f"View {view} not found")


def no_iterator() -> Refused:
    """The cursor has expired, or never was: begin again with the first page."""
    return refusal(422, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE", "The list records iterator is no longer available")


def bad_offset(offset: str) -> Refused:
    """[Airtable/airtable.js#317]"""
    return refusal(422, "INVALID_OFFSET_VALUE", f"The value of offset {offset} is invalid")


def many_matches() -> Refused:
    text = "Cannot update more than one record when performing an upsert: several records match the fields to merge on"
    return refusal(422, "INVALID_REQUEST_UNKNOWN", text)


def rate_limited(kind: str, message: str, *, plural: bool, retry_after: int | None) -> Refused:
    """plural: the form seen on the wire, `errors`; else the documented one."""
    body = {"errors": [{"error": kind, "message": message}]} if plural else {"error": {"type": kind, "message": message}}
    return Refused(Answer.of(429, body) if retry_after is None else Answer.of(429, body, retry_after=str(retry_after)))
