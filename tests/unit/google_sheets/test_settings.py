"""What an operator may say of a table in Google Sheets, and what is said about it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from config.fields import spelled
from connectors.google_sheets import BACKEND, GoogleSheetsSettings, GoogleSheetsTable
from connectors.google_sheets.table import ProbedGoogleSheetsTable
from tests.conformance.sheets_bench import SheetsBench, place

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "google-sheets.md").read_text("utf-8")
ID = "1AbC-dEf_Gh"


def said(**more: Any) -> GoogleSheetsSettings:
    return GoogleSheetsSettings.model_validate({"spreadsheet": ID, "tab": "Tasks", "credentials": "key.json", **more})


@pytest.mark.parametrize(
    ("given", "id_", "tab"),
    [
        ({}, ID, "Tasks"),
        ({"tab": 0}, ID, 0),
        ({"tab": "2026"}, ID, "2026"),
        ({"spreadsheet": f"https://docs.google.com/spreadsheets/d/{ID}/edit"}, ID, "Tasks"),
        ({"spreadsheet": f"https://docs.google.com/spreadsheets/d/{ID}/edit?gid=7#gid=42", "tab": None}, ID, 42),
        ({"spreadsheet": f"https://docs.google.com/spreadsheets/d/{ID}/edit?gid=7", "tab": None}, ID, 7),
        ({"spreadsheet": f"https://docs.google.com/spreadsheets/u/1/d/{ID}/edit#gid=0", "tab": None}, ID, 0),
        ({"spreadsheet": f"https://docs.google.com/spreadsheets/d/{ID}/edit#gid=42", "tab": "Tasks"}, ID, "Tasks"),
    ],
)
def test_spreadsheet_and_tab(given: dict[str, Any], id_: str, tab: int | str) -> None:
    settings = said(**given)
    assert (settings.id, settings.which) == (id_, tab)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"spreadsheet": "My tasks"}, "copy the address"),
        ({"spreadsheet": "https://example.com/"}, "copy the address"),
        ({"spreadsheet": ""}, "copy the address"),
        ({"tab": None}, "doesn't say which tab"),
        ({"tab": -1}, "neither the title"),
        ({"tab": True}, "neither the title"),
        ({"tab": ""}, "tab is empty"),
        ({"credentials": None}, "needs one of"),
        ({"credentials_secret": "KEY"}, "not both"),
        ({"connect_timeout": "0s"}, "from 1s to 10 min"),
        ({"read_timeout": 5}, "has no unit"),
        ({"endpoint": "sheets.example.com"}, "is no address"),
        ({"endpoint": "http://sheets.example.com"}, "write https"),
        ({"endpoint": "ftp://127.0.0.1"}, "is no address"),
        ({"nonsense": 1}, "Extra inputs"),
    ],
)
def test_what_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(says)):
        said(**given)


@pytest.mark.parametrize(
    "endpoint", ["https://proxy.example.com/google/", "http://127.0.0.1:8001", "http://[::1]:1", "http://localhost"]
)
def test_endpoints(endpoint: str) -> None:
    assert said(endpoint=endpoint).endpoint == endpoint.rstrip("/")


def test_drive_is_asked_unless_the_operator_says_otherwise(tmp_path: Path) -> None:
    assert isinstance(BACKEND.open(said(), place(tmp_path)), ProbedGoogleSheetsTable)
    table = BACKEND.open(said(ask_drive=False), place(tmp_path))
    assert isinstance(table, GoogleSheetsTable)
    assert not hasattr(table, "probe")


def test_opening_touches_nothing(tmp_path: Path) -> None:
    table = BACKEND.open(said(credentials="nowhere.json"), place(tmp_path))
    table.close()


def test_an_endpoint_with_a_path(bench: SheetsBench) -> None:
    """A proxy may have Google below a path; the emulator has not, so it says that nothing is there."""
    bench.opened(endpoint=bench.server.base + "/google").close()
    assert said(endpoint="https://p.example.com/google").endpoint == "https://p.example.com/google"


def test_the_page_has_every_setting_with_its_default_and_its_meaning() -> None:
    rows = {name: (default, text) for name, default, text in re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", PAGE, re.MULTILINE)}
    fields = GoogleSheetsSettings.model_fields
    assert set(rows) == set(fields)
    for name, field in fields.items():
        default, text = rows[name]
        if field.is_required():
            assert default == "must be given"
        elif isinstance(field.default, timedelta):
            assert default == f'`"{spelled(field.default)}"`'
        elif field.default is not None:
            assert default == f"`{str(field.default).lower()}`"
        first = (field.description or "").split(".")[0].split(",")[0]
        assert text.replace("`", "").startswith(first.split(" Google's")[0]), name
