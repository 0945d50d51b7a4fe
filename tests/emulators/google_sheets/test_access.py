"""Who is let in, how often, and what Drive tells."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import google.auth.exceptions
import gspread
import pytest
from google.auth.transport.requests import Request as Transport

from tests.emulators.core.clock import RealClock, SetClock, Shifted
from tests.emulators.core.exchange import Request
from tests.emulators.core.server import Server
from tests.emulators.google_sheets import OWNER, ROBOT, GoogleSheets, fill, make, prepare_replay
from tests.emulators.google_sheets.accounts import AUTH
from tests.emulators.google_sheets.calls import Calls, credentials, gspread_client, towards
from tests.emulators.google_sheets.person import person

SHEETS, READ, DRIVE = AUTH + "spreadsheets", AUTH + "spreadsheets.readonly", AUTH + "drive"


def test_a_service_account_signs_in_with_its_key_and_works_on_what_is_shared_with_it() -> None:
    service = make(RealClock())
    fill(service)
    with Server(service) as server:
        gc = gspread.service_account_from_dict(
            service.accounts.service_account(ROBOT, server.base), http_client=towards(server.base)
        )
        book = gc.open("Tasks")
        assert [row["Name"] for row in book.worksheet("Tasks").get_all_records()] == [
            "guidelines_refresh",
            "vitest_rerun",
            "coverage_check",
        ]
        with pytest.raises(gspread.exceptions.APIError, match="storage quota has been exceeded"):
            gc.create("Mine")  # burnash/gspread#1592
        person(service, "Tasks").unshare(ROBOT)
        with pytest.raises(PermissionError):
            gc.open_by_key(book.id)
        service.accounts.revoke(ROBOT)
        with pytest.raises(google.auth.exceptions.RefreshError, match="invalid_grant: Invalid JWT Signature"):
            gc.open_by_key(book.id)
        gc.http_client.session.close()


def test_a_clock_that_is_wrong_and_a_key_of_someone_else() -> None:
    clock = Shifted(RealClock())
    service = make(clock)
    with Server(service) as server:
        info = service.accounts.service_account(ROBOT, server.base)
        clock.set(datetime.now(UTC) + timedelta(hours=2))
        with pytest.raises(google.auth.exceptions.RefreshError, match="short-lived token") as wrong:
            gspread.service_account_from_dict(info, http_client=towards(server.base)).http_client.fetch_sheet_metadata("x")
        assert not wrong.value.retryable
        clock.set(datetime.now(UTC))
        other = service.accounts.service_account("other@emulated.iam.gserviceaccount.com", server.base)
        forged = {**info, "private_key": other["private_key"]}
        with pytest.raises(google.auth.exceptions.RefreshError, match="Invalid JWT Signature"):
            gspread.service_account_from_dict(forged, http_client=towards(server.base)).http_client.fetch_sheet_metadata("x")
        unknown = {**info, "client_email": "nobody@example.com"}
        with pytest.raises(google.auth.exceptions.RefreshError, match="account not found"):
            gspread.service_account_from_dict(unknown, http_client=towards(server.base)).http_client.fetch_sheet_metadata("x")


def test_a_person_signs_in_anew_by_a_refresh_token_until_it_ends(service: GoogleSheets, server: Server, clock: SetClock) -> None:
    given = service.accounts.refresh_token(OWNER, testing=True)
    mine = credentials(
        token=None, token_uri=f"{server.base}/token", **{key: given[key] for key in ("refresh_token", "client_id", "client_secret")}
    )
    mine.refresh(Transport())
    assert service.accounts.grant(mine.token) is not None
    clock.advance(hours=1)
    assert service.accounts.grant(mine.token) is None
    clock.advance(days=7)
    with pytest.raises(google.auth.exceptions.RefreshError, match=r"Token has been expired or revoked\."):
        mine.refresh(Transport())


def test_a_token_that_has_ended_is_refused_and_a_new_one_is_asked_for(
    service: GoogleSheets, server: Server, clock: SetClock
) -> None:
    calls = Calls(service)
    given = service.accounts.refresh_token(OWNER)
    old = service.accounts.token(OWNER, lifetime=timedelta(hours=1))
    mine = credentials(
        token=old, token_uri=f"{server.base}/token", **{key: given[key] for key in ("refresh_token", "client_id", "client_secret")}
    )
    gc = gspread.Client(auth=mine, http_client=towards(server.base))
    clock.advance(hours=1)
    assert gc.open_by_key(calls.id).title == "Ops"
    assert [entry.answer.status for entry in service.journal] == [401, 200, 200]
    gc.http_client.session.close()


def test_who_is_not_known(service: GoogleSheets) -> None:
    def refused(path: str, token: str | None) -> tuple[int, str, str, list[str]]:
        answer = service.answer(Request.of("GET", path, token=token))
        error = answer.json["error"]
        return answer.status, error["status"], error["message"][:26], [one["reason"] for one in error.get("errors", [])]

    # Both shapes, and Drive's long and short words, were measured by brekkylab/backlot
    assert refused("/v4/spreadsheets/x", "invalid-token") == (401, "UNAUTHENTICATED", "Request had invalid authen", [])
    assert refused("/drive/v3/files/x", "invalid-token") == (401, "UNAUTHENTICATED", "Request had invalid authen", ["authError"])
    assert refused("/v4/spreadsheets/x", None) == (403, "PERMISSION_DENIED", "Method doesn't allow unreg", [])
    assert refused("/drive/v3/files/x", None) == (403, "PERMISSION_DENIED", "Method doesn't allow unreg", ["forbidden"])


def test_scopes(service: GoogleSheets, calls: Calls) -> None:
    read = Calls(service, calls.id, service.accounts.token(OWNER, READ))
    assert read.get("A1") is None
    body = {"values": [["x"]]}
    too_little = (403, "Request had insufficient authentication scopes.")
    assert read.refused("PUT", "/values/A1", body, valueInputOption="RAW") == too_little
    assert read.refused("POST", "/developerMetadata:search", {}) == too_little  # VENDORS.md A4: reading, but a POST
    sheets = Calls(service, calls.id, service.accounts.token(OWNER, SHEETS))
    refused = sheets.drive("GET", f"/{calls.id}", fields="version")
    assert (refused.status, refused.json["error"]["errors"][0]["reason"]) == (403, "insufficientPermissions")
    assert (
        Calls(service, calls.id, service.accounts.token(OWNER, AUTH + "drive.metadata.readonly"))
        .drive("GET", f"/{calls.id}")
        .status
        == 200
    )


def test_sharing(service: GoogleSheets, calls: Calls) -> None:
    other = Calls(service, calls.id, service.accounts.token("other@example.com"))
    assert other.refused("GET") == (403, "The caller does not have permission")
    hidden = other.drive("GET", f"/{calls.id}")
    assert (hidden.status, hidden.json["error"]["message"]) == (404, f"File not found: {calls.id}.")
    assert other.drive("GET", fields="files(id)").json == {"files": []}
    shared = calls.drive(
        "POST", f"/{calls.id}/permissions", {"type": "user", "role": "reader", "emailAddress": "other@example.com"}
    )
    assert (other.get("A1"), other.drive("GET", q="sharedWithMe", fields="files(id)").json) == (None, {"files": [{"id": calls.id}]})
    assert other.refused("PUT", "/values/A1", {"values": [["x"]]}, valueInputOption="RAW")[0] == 403
    owner = {"type": "user", "role": "owner", "emailAddress": "other@example.com"}
    refused = calls.drive("POST", f"/{calls.id}/permissions", owner)
    assert (refused.status, refused.json["error"]["errors"][0]["location"]) == (403, "transferOwnership")
    assert calls.drive("DELETE", f"/{calls.id}/permissions/{shared.json['id']}").status == 204
    assert other.refused("GET")[0] == 403
    assert calls.drive("GET", f"/{calls.id}/permissions", fields="permissions(role,emailAddress)").json == {
        "permissions": [{"role": "owner", "emailAddress": OWNER}]
    }
    assert calls.drive("DELETE", f"/{calls.id}").status == 204
    assert calls.refused("GET") == (404, "Requested entity was not found.")


def spent(calls: Calls, count: int) -> list[int]:
    return [calls.ask("GET", f"/v4/spreadsheets/{calls.id}/values/A1").status for _ in range(count)]


def test_sixty_reads_and_sixty_writes_a_minute_for_each_user(service: GoogleSheets, calls: Calls, clock: SetClock) -> None:
    assert spent(calls, 61) == [200] * 60 + [429]
    for _ in range(60):
        calls.put("A1", [["x"]])
    full = calls.ask("PUT", f"/v4/spreadsheets/{calls.id}/values/A1", {"values": []}, valueInputOption="RAW")
    error = full.json["error"]
    assert error["message"] == (
        "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute per user' of service "
        "'sheets.googleapis.com' for consumer 'project_number:123456789012'."
    )
    assert error["details"][0]["metadata"] == {
        "quota_metric": "sheets.googleapis.com/write_requests",
        "quota_limit": "WriteRequestsPerMinutePerUser",
        "quota_limit_value": "60",
        "consumer": "projects/123456789012",
        "service": "sheets.googleapis.com",
    }
    assert "Retry-After" not in full.headers
    assert calls.drive("GET", f"/{calls.id}", fields="version").status == 200
    clock.advance(seconds=50)
    assert spent(calls, 61) == [200] * 60 + [429]


def test_three_hundred_a_minute_for_all_of_a_project(service: GoogleSheets, calls: Calls) -> None:
    for n in range(5):
        person(service, "Ops", "Sheet1").share(f"user{n}@example.com", "reader")
        assert spent(Calls(service, calls.id, service.accounts.token(f"user{n}@example.com")), 60) == [200] * 60
    full = calls.ask("GET", f"/v4/spreadsheets/{calls.id}")
    assert (full.status, full.json["error"]["details"][0]["metadata"]["quota_limit"]) == (429, "ReadRequestsPerMinutePerProject")


def test_files(service: GoogleSheets, calls: Calls, clock: SetClock) -> None:
    made = calls.drive("POST", "", {"name": "It's", "mimeType": "application/vnd.google-apps.spreadsheet"})
    assert made.json == {
        "kind": "drive#file",
        "id": made.json["id"],
        "name": "It's",
        "mimeType": "application/vnd.google-apps.spreadsheet",
    }
    query = "mimeType='application/vnd.google-apps.spreadsheet' and (name contains 'it' or name = 'x') and not trashed = true"
    found = calls.drive("GET", q=query, fields="files(name)")
    assert found.json == {"files": [{"name": "It's"}]}
    assert calls.drive("GET", q=r"name = 'It\'s'", fields="files(name)").json == {"files": [{"name": "It's"}]}
    assert calls.drive("GET", q="modifiedTime > '2026-03-02T13:00:00Z'", fields="files(name)").json == {"files": []}
    assert calls.drive("GET", q="name =").status == 400
    assert calls.drive("GET", pageToken="BOGUS").json["error"]["message"] == "Invalid Value"
    folder = calls.drive("POST", "", {"name": "Plans", "mimeType": "application/vnd.google-apps.folder"}).json["id"]
    other = calls.ask("GET", f"/v4/spreadsheets/{folder}").json["error"]
    assert (other["code"], other["status"]) == (400, "FAILED_PRECONDITION")
    assert calls.drive("DELETE", f"/{folder}").status == 204
    pages = [calls.drive("GET", pageSize=1).json]
    pages.append(calls.drive("GET", pageSize=1, pageToken=pages[0]["nextPageToken"]).json)
    assert {page["files"][0]["name"] for page in pages} == {"Ops", "It's"}
    assert [one["name"] for one in calls.drive("GET", orderBy="name", fields="files(name)").json["files"]] == ["It's", "Ops"]
    wrong = calls.drive("GET", f"/{calls.id}", fields="nonsense")
    assert (wrong.status, wrong.json["error"]["message"]) == (400, "Invalid field selection nonsense")
    calls.put("A1", [["a", "b,c"], ["d"]])
    assert calls.drive("GET", f"/{calls.id}/export", mimeType="text/csv").body == b'a,"b,c"\r\nd,'
    copy = calls.drive("POST", f"/{calls.id}/copy", {"name": None}).json
    assert (copy["name"], Calls(service, copy["id"], calls.token).get("A1")) == ("Copy of Ops", [["a"]])
    assert calls.drive("GET", f"/{calls.id}", fields="thumbnailLink").status == 501


def test_a_seed_file_and_the_snippet(service: GoogleSheets, tmp_path: Any) -> None:
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps({"Ops": {"Tasks": [["ID"], [1]], "Log": []}}))
    fill(service, seed)
    text = service.snippet("http://127.0.0.1:1")
    file = next(iter(service.files))
    assert f'spreadsheet = "{file.id}"\ntab = "Tasks"' in text
    assert file.may_write(ROBOT)
    (folder,) = service.folders
    assert f'credentials = "{folder}/service-account.json"' in text
    service.close()
    assert not folder.exists()


def test_a_replay_finds_the_files_that_its_sessions_do_not_make(service: GoogleSheets) -> None:
    def step(method: str, path: str, status: int, response: object) -> dict[str, object]:
        return {"method": method, "path": path, "status": status, "response": response}

    first = [
        step("POST", "/drive/v3/files", 200, {"id": "1made", "name": "Made"}),
        step("GET", "/v4/spreadsheets/1made", 200, {}),
        step("GET", "/v4/spreadsheets/1closed", 403, {}),
        step("GET", "/drive/v3/files", 200, {"files": [{"id": "1old", "name": "Old", "createdTime": "2023-01-01T00:00:00.000Z"}]}),
        step("GET", "/v4/spreadsheets/1none", 404, {}),
    ]
    options = prepare_replay(service, {"sessions": [{"id": "a b", "steps": first}, {"id": "c", "steps": []}]})
    token = options[options.index("--token") + 1]
    told = service.answer(Request.of("GET", "/drive/v3/files?fields=files(id,name)", token=token, x_replay_session="a%20b"))
    assert told.json == {"files": [{"id": "1old", "name": "Old"}]}
    assert service.answer(Request.of("GET", "/v4/spreadsheets/1closed", token=token, x_replay_session="a%20b")).status == 403
    assert service.answer(Request.of("GET", "/v4/spreadsheets/1old", token=token, x_replay_session="c")).status == 404


def test_gspread_needs_no_more_than_a_token(service: GoogleSheets, server: Server, calls: Calls) -> None:
    gc = gspread_client(server.base, calls.token)
    assert gc.open_by_key(calls.id).sheet1.title == "Sheet1"
    gc.http_client.session.close()


def test_an_api_key_reads_what_anyone_may(service: GoogleSheets, calls: Calls) -> None:
    service.accounts.api_keys.add("AIza")

    def get(key: str) -> tuple[int, str]:
        answer = service.answer(Request.of("GET", f"/v4/spreadsheets/{calls.id}/values/A1?key={key}"))
        return answer.status, answer.json.get("error", {}).get("message", "")

    assert get("AIza") == (403, "The caller does not have permission")
    person(service, "Ops", "Sheet1").share(None, "reader")
    assert get("AIza") == (200, "")
    keyed = service.answer(Request.of("GET", f"/v4/spreadsheets/{calls.id}/?fields=spreadsheetId", x_goog_api_key="AIza"))
    assert keyed.json == {"spreadsheetId": calls.id}
    assert service.answer(Request.of("GET", f"/v4/spreadsheets/{calls.id}?access_token={calls.token}")).status == 200
    assert get("other") == (400, "API key not valid. Please pass a valid API key.")


def test_what_no_one_has_built_is_501_whoever_asks(service: GoogleSheets) -> None:
    assert service.answer(Request.of("POST", "/v4/spreadsheets/x:sing", json={})).status == 501
    assert service.answer(Request("POST", "/token", body=b"grant_type=urn:ietf:params:oauth:grant-type:device_code")).status == 501
    assert len(service.unserved) == 2
