"""Every answer of every switch."""

from __future__ import annotations

from urllib.parse import urlencode

from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Answer, Request
from tests.emulators.core.server import Server
from tests.emulators.google_sheets import OWNER, ROBOT, SWITCHES, GoogleSheets
from tests.emulators.google_sheets.calls import Calls
from tests.emulators.google_sheets.person import Person, person
from tests.emulators.google_sheets.test_batch import area
from tests.emulators.google_sheets.test_consent import CLIENT, code, exchanged
from tests.emulators.google_sheets.test_metadata import by_id, by_value, marked, rows
from tests.emulators.google_sheets.test_person import at_three_tasks, names
from tests.emulators.switching import Switched

switched = Switched(SWITCHES)
CLIENT_FORM = {"client_id": CLIENT, "client_secret": "GOCSPX-emulated"}
KIND = "application/vnd.google-apps.spreadsheet"


def read(calls: Calls) -> Answer:
    return calls.ask("GET", f"/v4/spreadsheets/{calls.id}/values/A1")


def over_the_limit(calls: Calls) -> Answer:
    assert {read(calls).status for _ in range(60)} == {200}
    return read(calls)


@switched("quota_window", 200, 429)
def test_quota_window(calls: Calls, clock: SetClock, expected: int) -> None:
    assert over_the_limit(calls).status == 429  # at second 10
    clock.advance(seconds=50)
    assert read(calls).status == expected
    clock.advance(seconds=10)
    assert read(calls).status == 200


@switched("retry_after", None, "50")
def test_retry_after(calls: Calls, expected: str | None) -> None:
    assert over_the_limit(calls).headers.get("Retry-After") == expected


@switched("quota_details", ("ErrorInfo", "reason"), ("Help", "links"))
def test_quota_details(calls: Calls, expected: tuple[str, str]) -> None:
    details = over_the_limit(calls).json["error"]["details"]
    assert [(one["@type"].rsplit(".", 1)[1], expected[1] in one) for one in details] == [(expected[0], True)]


@switched("drive_over_limit", 403, 429)
def test_drive_over_limit(calls: Calls, expected: int) -> None:
    assert {calls.drive("GET", pageSize=1).status for _ in range(3250)} == {200}  # 100 of 325,000 units each
    full = calls.drive("GET", f"/{calls.id}")
    assert (full.status, full.json["error"]["errors"][0]["domain"]) == (expected, "usageLimits")


@switched("drive_lag", 0, 30, 120)
def test_drive_lag(service: GoogleSheets, calls: Calls, clock: SetClock, expected: int) -> None:
    def told() -> tuple[int, str]:
        found = calls.drive("GET", f"/{calls.id}", fields="version,modifiedTime").json
        return int(found["version"]), found["modifiedTime"]

    clock.advance(hours=1)
    version, _ = first = told()
    calls.put("A1", [["a"]])
    person(service, "Ops", "Sheet1").type("A2", "b")
    calls.drive("PATCH", f"/{calls.id}", {"name": "Ops"})
    assert (told() == first) == (expected > 0)
    clock.advance(seconds=expected)
    assert told() == (version + 3, "2026-03-02T13:00:10.000Z")
    calls.get("A1")
    assert calls.refused("PUT", "/values/Nowhere!A1", {"values": [["x"]]}, valueInputOption="RAW")[0] == 400
    assert told()[0] == version + 3


@switched("formulas_bump", 0, 3)
def test_formulas_bump(calls: Calls, clock: SetClock, expected: int) -> None:
    calls.typed("A1", "=NOW()")
    first = int(calls.drive("GET", f"/{calls.id}", fields="version").json["version"])
    clock.advance(minutes=3)
    assert int(calls.drive("GET", f"/{calls.id}", fields="version").json["version"]) == first + expected


@switched("publishing", (False, None), (True, None), (True, 604_799))
def test_publishing(service: GoogleSheets, server: Server, clock: SetClock, expected: tuple[bool, int | None]) -> None:
    service.accounts.account(OWNER)
    found = exchanged(service, code(server)).json
    clock.advance(days=7)
    form = {"grant_type": "refresh_token", "refresh_token": found["refresh_token"], **CLIENT_FORM}
    refused = service.answer(Request("POST", "/token", body=urlencode(form).encode())).status == 400
    assert (refused, found.get("refresh_token_expires_in")) == expected


@switched("robots_create", 403, 200)
def test_robots_create(service: GoogleSheets, expected: int) -> None:
    robot = Calls(service, token=service.accounts.token(ROBOT, robot=True))
    assert robot.drive("POST", "", {"name": "Mine", "mimeType": KIND}).status == expected
    assert robot.ask("POST", "/v4/spreadsheets", {"properties": {"title": "Mine"}}).status == expected


@switched("unmatched_filter", 200, 400)
def test_unmatched_filter(calls: Calls, expected: int) -> None:
    marked(calls, "a")
    data = [{"dataFilter": by_id(101), "values": [["new"]]}, {"dataFilter": by_value("gone"), "values": [["x"]]}]
    body = {"valueInputOption": "RAW", "data": data}
    assert calls.ask("POST", f"/v4/spreadsheets/{calls.id}/values:batchUpdateByDataFilter", body).status == expected
    assert calls.get("A1") == [["new" if expected == 200 else "a"]]
    reading = {"dataFilters": [by_value("gone")]}
    for method in ("/values:batchGetByDataFilter", ":getByDataFilter"):
        assert calls.ask("POST", f"/v4/spreadsheets/{calls.id}{method}", reading).status == expected
    gone = {"deleteDeveloperMetadata": {"dataFilter": by_value("gone")}}
    assert calls.ask("POST", f"/v4/spreadsheets/{calls.id}:batchUpdate", {"requests": [gone]}).status == expected


@switched("partial_sort", {"a": 1, "b": 2}, {"b": 1, "a": 2})
def test_partial_sort(calls: Calls, expected: dict[str, int]) -> None:
    marked(calls, "a", "b")
    spec = [{"dimensionIndex": 0, "sortOrder": "DESCENDING"}]
    calls.batch({"sortRange": {"range": area(0, 2, 0, 1), "sortSpecs": spec}})
    assert (rows(calls), calls.get("A1:B2")) == (expected, [["b", "0"], ["a", "1"]])
    Person(calls.service, calls.id, "Sheet1").sort("A", cells="A1:A2")
    assert (rows(calls), calls.get("A1:A2")) == ({"a": 1, "b": 2}, [["a"], ["b"]])


@switched("cut_paste", {"a": 1, "b": 2}, {"a": 4, "b": 2})
def test_cut_paste(calls: Calls, expected: dict[str, int]) -> None:
    marked(calls, "a", "b")
    calls.batch({"cutPaste": {"source": area(0, 1, 0, 26), "destination": {"rowIndex": 3}, "pasteType": "PASTE_NORMAL"}})
    assert (rows(calls), calls.get("A1:B4")) == (expected, [[], ["b", "1"], [], ["a", "0"]])


@switched("view_sort", ["Name", "a", "b", "c"], ["Name", "b", "c", "a"])
def test_view_sort(calls: Calls, expected: list[str]) -> None:
    at_three_tasks(calls).sort_view("B")
    assert names(calls) == expected


@switched("row_copy", {"a": 2, "b": 3, "c": 4}, {"a": 6, "b": 3, "c": 4})
def test_row_copy(calls: Calls, expected: dict[str, int]) -> None:
    at_three_tasks(calls).copy_row(2, 6)
    assert calls.get("A6:B6") == [["a", "3"]]
    assert rows(calls) == expected


@switched("strict_dropdown", 200, 400)
def test_strict_dropdown(calls: Calls, expected: int) -> None:
    condition = {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "active"}]}
    calls.batch({"setDataValidation": {"range": area(0, 5, 0, 1), "rule": {"condition": condition, "strict": True}}})
    written = calls.ask("PUT", f"/v4/spreadsheets/{calls.id}/values/A1", {"values": [["nonsense"]]}, valueInputOption="RAW")
    assert written.status == expected
    calls.put("A2", [["active"]])


def test_every_switch_has_a_test() -> None:
    assert switched.without_a_test(globals()) == set()
