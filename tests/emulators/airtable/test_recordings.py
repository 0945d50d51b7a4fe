"""Recorded sessions begin as they began, and the sample files are what they say. The sessions here are made up."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from config.settings import TableSettings
from connectors.airtable import AirtableSettings
from tests.emulators.airtable import SAMPLE_BASE, TASKS, THOUSAND, TOKEN, Airtable, fill, make, prepare_replay
from tests.emulators.core.clock import SetClock
from tests.emulators.core.exchange import Answer, Request
from tests.emulators.core.sessions import TOKEN as REPLAY_TOKEN

BASE, OTHER, TABLE = "appRecorded000001", "appRecorded000002", "tblRecorded000001"
ANN = {"id": "usrRecordedAnn001", "email": "ann@example.com", "name": "Ann"}
SCHEMA = {
    "id": TABLE,
    "name": "Things",
    "primaryFieldId": "fldRecorded000001",
    "fields": [
        {"type": "singleLineText", "id": "fldRecorded000001", "name": "Name"},
        {"type": "autoNumber", "id": "fldRecorded000002", "name": "Nr"},
        {"type": "formula", "id": "fldRecorded000003", "name": "Both"},
        {"type": "button", "id": "fldRecorded000004", "name": "Go"},
        {"type": "createdBy", "id": "fldRecorded000005", "name": "By"},
        {
            "type": "multipleSelects",
            "options": {"choices": [{"id": "selRecorded000001", "name": "red"}]},
            "id": "fldRecorded000006",
            "name": "Tags",
        },
        {
            "type": "multipleRecordLinks",
            "options": {"linkedTableId": "tblElsewhere00001"},
            "id": "fldRecorded000007",
            "name": "Links",
        },
        {"type": "count", "id": "fldRecorded000008", "name": "Count"},
        {"type": "rollup", "id": "fldRecorded000009", "name": "Mean"},
    ],
    "views": [{"id": "viwRecorded000001", "name": "Grid view", "type": "grid"}],
}
GO = {"label": "Go", "url": "https://example.com"}
NOTHING = {"specialValue": "NaN"}


def record(number: int, name: str, nr: int, **more: Any) -> dict[str, Any]:
    fields = {"Name": name, "Nr": nr, "Both": f"{name}{nr}", "Go": GO, "By": ANN, "Count": 0, "Mean": NOTHING, **more}
    return {"id": f"recRecorded{number:06d}", "createdTime": "2022-01-08T00:09:19.000Z", "fields": fields}


OLD = record(1, "old", 7, Tags=["red"], Links=["recElsewhere00001"], Count=1, Mean=2.5)
MADE = record(2, "new", 41)
STEPS = [
    {
        "op": "meta.bases",
        "method": "GET",
        "path": "/v0/meta/bases",
        "status": 200,
        "response": {"bases": [{"id": BASE, "name": "B", "permissionLevel": "create"}]},
    },
    {"op": "records.list", "method": "GET", "path": f"/v0/{BASE}/Things", "status": 200, "response": {"records": [OLD]}},
    {"op": "records.create", "method": "POST", "path": f"/v0/{BASE}/{TABLE}", "status": 200, "response": {"records": [MADE]}},
]
UNKNOWN = {
    "op": "meta.tables",
    "method": "GET",
    "path": f"/v0/meta/bases/{OTHER}/tables",
    "status": 404,
    "response": {"error": {"type": "NOT_FOUND"}},
}
GUESS = {"op": "records.list", "method": "GET", "path": f"/v0/{OTHER}/Guess", "status": 200, "response": {"records": []}}
RECORDINGS: dict[str, Any] = {
    "sessions": [
        {"id": "one", "recorded": "Sat, 08 Jan 2022 00:09:16 GMT", "needs_bind": [BASE], "steps": STEPS},
        {
            "id": "two",
            "recorded": "Sat, 08 Jan 2022 00:09:16 GMT",
            "steps": [UNKNOWN, {**STEPS[1], "path": f"/v0/{OTHER}/Things"}, {**STEPS[1], "path": f"/v0/{OTHER}/tblGuessed0000001"}],
        },
        {"id": "three", "recorded": "2026-01-08T00:09:16Z", "steps": [GUESS]},
    ],
    "seed_schemas": {BASE: {"tables": [SCHEMA]}},
    "seed_rows": {f"/v0/{BASE}/{TABLE}": [OLD, MADE], f"/v0/{OTHER}/Things": [OLD]},
}  # fmt: skip


@pytest.fixture
def replayed(clock: SetClock) -> Airtable:
    emulator = make(clock, {}, 0)
    assert prepare_replay(emulator, RECORDINGS) == ["--bind", f"{BASE}={BASE}"]
    return emulator


def sent(emulator: Airtable, session: str, method: str, path: str, body: Any = None) -> Answer:
    headers = {"x_replay_session": quote(session)}
    return emulator.answer(Request.of(method, path, token=REPLAY_TOKEN, json=body, **headers))


def test_a_session_begins_with_its_rows_and_its_computed_fields_go_on(replayed: Airtable) -> None:
    assert sent(replayed, "one", "GET", f"/v0/{BASE}/Things").json == {"records": [OLD]}
    made = sent(replayed, "one", "POST", f"/v0/{BASE}/{TABLE}", {"records": [{"fields": {"Name": "new"}}]}).json["records"][0]
    assert made["fields"] == MADE["fields"]
    assert sent(replayed, "one", "GET", f"/v0/meta/bases/{BASE}/tables").json["tables"][0] == SCHEMA
    assert sent(replayed, "two", "GET", f"/v0/{OTHER}/Things").status == 200
    assert sent(replayed, "one", "GET", f"/v0/{BASE}/Things").json == {"records": [OLD]}


def test_what_no_schema_tells_is_taken_from_paths_and_rows(replayed: Airtable) -> None:
    by_name, by_id = (sent(replayed, "two", "GET", f"/v0/{OTHER}/{name}").json for name in ("Things", "tblGuessed0000001"))
    assert by_name == by_id == {"records": [OLD]}
    assert sent(replayed, "two", "GET", f"/v0/meta/bases/{OTHER}/tables").json == {"error": {"type": "NOT_FOUND"}}
    assert sent(replayed, "two", "GET", f"/v0/{OTHER}/Nope").json["error"]["type"] == "TABLE_NOT_FOUND"
    assert sent(replayed, "three", "GET", f"/v0/{OTHER}/Nope").json["error"]["type"] == "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"


def test_the_samples_and_a_thousand_rows_are_there(clock: SetClock) -> None:
    emulator = make(clock, {}, 0)
    fill(emulator)
    base = emulator.bases[SAMPLE_BASE]
    assert {table.name: len(table.records) for table in base.tables} == {TASKS: 3, THOUSAND: 1_000}
    said = emulator.snippet("http://127.0.0.1:1")
    settings = TableSettings.model_validate(tomllib.loads(said)["tables"]["tasks"])
    address = AirtableSettings.model_validate(settings.rest).address
    assert (settings.connector, address.base, address.table) == ("airtable", SAMPLE_BASE, TASKS)
    assert f"# AIRTABLE_TOKEN={TOKEN}\n" in said


def test_a_seed_file_is_read(clock: SetClock, tmp_path: Path) -> None:
    link = {"name": "Task", "type": "multipleRecordLinks", "options": {"linkedTableId": "First"}}
    text = {"name": "Name", "type": "singleLineText"}
    tables = [
        {"name": "First", "fields": [text, {"name": "Nr", "type": "autoNumber"}], "rows": [{"Name": "a"}]},
        {"name": "Second", "fields": [text, link], "rows": [{"Name": "b", "Task": ["a"]}]},
    ]
    file = tmp_path / "seed.json"
    file.write_text(json.dumps({"bases": [{"id": BASE, "name": "Seeded", "tables": tables}]}), "utf-8")
    emulator = make(clock, {}, 0)
    fill(emulator, file)
    answer = emulator.answer(Request.of("GET", f"/v0/{BASE}/First", token=TOKEN)).json["records"][0]["fields"]
    assert (answer["Name"], answer["Nr"], len(answer["Second"])) == ("a", 1, 1)
    assert f'base = "{BASE}"\ntable = "First"' in emulator.snippet("http://127.0.0.1:1")
