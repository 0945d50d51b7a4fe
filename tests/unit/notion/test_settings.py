"""What the operator may write under `connector = "notion"`."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from connectors.notion import NotionSettings
from tests.unit.notion.conftest import DATABASE

PLAIN = DATABASE.replace("-", "")
VIEW = "1f2e3d4c5b6a49788796a5b4c3d2e1f0"


@pytest.mark.parametrize(
    "said",
    [
        DATABASE,
        PLAIN,
        PLAIN.upper(),
        f" {PLAIN} ",
        f"https://www.notion.so/acme/Tasks-{PLAIN}?v={VIEW}",
        f"https://www.notion.so/{PLAIN}?v={VIEW}&pvs=4",
        f"notion.so/acme/{PLAIN}/",
        f"https://www.notion.so/acme/Tasks-{DATABASE}",
        f"https://app.notion.com/p/Tasks-2026-abc-{PLAIN}#{VIEW}",
        f"https://acme.notion.site/{PLAIN}",
        f"https://www.notion.so/acme/{PLAIN}?v={VIEW}&p=0123456789abcdef0123456789abcdef",
    ],
)
def test_a_database_is_named_by_its_id_or_the_browsers_address(said: str) -> None:
    assert NotionSettings(database=said).id == DATABASE


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"database": "Tasks"}, '"Tasks" is no database: open it as a full page'),
        ({"database": " "}, "is blank"),
        ({"database": PLAIN[:-1]}, "is no database"),
        ({"database": "https://www.notion.so/acme/Tasks"}, "names no database"),
        ({"database": f"https://www.notion.so/acme/Tasks?v={VIEW}"}, "names no database"),
        ({"database": f"https://www.notion.so/a{PLAIN}"}, "names no database"),
        ({"database": f"https://notion.so.example.com/{PLAIN}"}, "is no address of Notion's"),
        ({"database": f"https://airtable.com/{PLAIN}"}, "is no address of Notion's"),
        ({"token": "ntn_123"}, 'is the token itself; put it into .env as NOTION_TOKEN=…, and write token = "NOTION_TOKEN"'),
        ({"token": "secret_123"}, "is the token itself"),
        ({"token": "MY TOKEN"}, "is no name of a variable"),
        ({"endpoint": "http://proxy.example.com"}, "unencrypted"),
        ({"endpoint": "https://u:p@proxy.example.com"}, "holds a user or a password"),
        ({"endpoint": "ftp://x"}, "is no address"),
        ({"endpoint": "https://x?y=1"}, "is no address"),
        ({"timeout": "0.5s"}, "must be from 1s to 10 min"),
        ({"connect_timeout": "11 min"}, "must be from 1s to 10 min"),
        ({"requests_per_minute": 0}, "greater than or equal to 1"),
        ({"requests_per_minute": 601}, "less than or equal to 600"),
        ({"data_source": ""}, "is blank"),
        ({"view": "x"}, "Extra inputs are not permitted"),
    ],
)
def test_what_can_not_be_meant_is_told(said: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as raised:
        NotionSettings.model_validate({"database": DATABASE, **said})
    assert words in str(raised.value)


def test_loopback_may_be_spoken_to_unencrypted() -> None:
    for endpoint in ("http://127.0.0.1:8003/", "http://localhost:8003", "http://[::1]:8003"):
        assert NotionSettings(database=DATABASE, endpoint=endpoint).endpoint == endpoint.rstrip("/")
