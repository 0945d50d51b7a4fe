"""What the operator may write under `connector = "airtable"`."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from connectors.airtable import AirtableSettings, AirtableTable
from connectors.airtable.settings import Address
from connectors.api import Budget
from tests.unit.airtable.conftest import place

BASE, TABLE, VIEW = "appAbCdEfGhIjKlMn", "tblAbCdEfGhIjKlMn", "viwAbCdEfGhIjKlMn"


def address(**said: Any) -> Address:
    return AirtableSettings.model_validate({"plan": "team", **said}).address


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"base": BASE, "table": TABLE}, Address(BASE, TABLE, None)),
        ({"base": BASE, "table": "Tasks", "view": "For rowd"}, Address(BASE, "Tasks", "For rowd")),
        ({"base": " Ops & more ", "table": "Tasks"}, Address("Ops & more", "Tasks", None)),
        ({"base": "R/D", "table": "Tasks"}, Address("R/D", "Tasks", None)),
        ({"base": f"https://airtable.com/{BASE}/{TABLE}/{VIEW}?blocks=hide"}, Address(BASE, TABLE, VIEW)),
        ({"base": f"airtable.com/{BASE}/{TABLE}/{VIEW}/recAbCdEfGhIjKlMn"}, Address(BASE, TABLE, VIEW)),
        ({"base": f"https://airtable.com/{BASE}/{TABLE}"}, Address(BASE, TABLE, None)),
        ({"base": f"https://airtable.com/{BASE}/{TABLE}/{VIEW}", "view": "Mine"}, Address(BASE, TABLE, "Mine")),
        ({"base": f"https://airtable.com/{BASE}/{TABLE}/{VIEW}", "table": "Other"}, Address(BASE, "Other", None)),
        ({"base": f"https://airtable.com/{BASE}", "table": "Tasks"}, Address(BASE, "Tasks", None)),
    ],
)
def test_a_table_is_named_by_ids_names_or_the_browsers_address(said: dict[str, Any], expected: Address) -> None:
    assert address(**said) == expected


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"base": BASE}, "which table of the base?"),
        ({"base": f"https://airtable.com/{BASE}"}, "which table of the base?"),
        ({"base": f"https://airtable.com/{BASE}/shrAbCdEfGhIjKlMn", "table": "Tasks"}, "is a share link"),
        ({"base": "https://airtable.com/create/tokens", "table": "Tasks"}, "names no base"),
        ({"base": f"https://example.com/{BASE}/{TABLE}"}, "no address of Airtable's"),
        ({"base": f"https://notairtable.com/{BASE}/{TABLE}"}, "no address of Airtable's"),
        ({"base": " ", "table": "Tasks"}, "is blank"),
        ({"base": BASE, "table": "Tasks", "token": "patAbCdEfGhIjKlMn.0123abc"}, "is the token itself; put it into .env"),
        ({"base": BASE, "table": "Tasks", "token": "my token"}, "no name of a variable"),
        ({"base": BASE, "table": "Tasks", "endpoint": "http://proxy.example/airtable"}, "unencrypted"),
        ({"base": BASE, "table": "Tasks", "endpoint": "https://me:secret@proxy.example"}, "leave it out"),
        ({"base": BASE, "table": "Tasks", "endpoint": "proxy"}, "is no address"),
        ({"base": BASE, "table": "Tasks", "timeout": "0s"}, "from 1s to 10 min"),
        ({"base": BASE, "table": "Tasks", "timeout": 30}, "has no unit"),
        ({"base": BASE, "table": "Tasks", "plan": "gold"}, "'free', 'team'"),
        ({"base": BASE, "table": "Tasks", "calls_per_month": 0}, "greater than or equal to 1"),
        ({"base": BASE, "table": "Tasks", "records": 1}, "Extra inputs"),
    ],
)
def test_what_leads_nowhere_is_refused_with_the_remedy(said: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as raised:
        address(**said)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:8002", "http://[::1]:8002/x/", "http://localhost", "https://proxy.example/a"]
)
def test_another_endpoint_is_taken_where_the_token_is_safe(endpoint: str) -> None:
    said = {"base": BASE, "table": "Tasks", "plan": "team", "endpoint": endpoint}
    assert AirtableSettings.model_validate(said).endpoint == endpoint.rstrip("/")


WORKSPACE = "Airtable workspace of AIRTABLE_TOKEN"


@pytest.mark.parametrize(
    ("said", "budgets"),
    [
        ({"plan": "free"}, [Budget(1_000, f"{WORKSPACE}, free plan")]),
        ({"plan": "team"}, [Budget(100_000, f"{WORKSPACE}, team plan")]),
        ({"plan": "team", "workspace": "Ops"}, [Budget(100_000, "Airtable workspace Ops, team plan")]),
        ({"plan": "business"}, []),
        ({"plan": "enterprise", "calls_per_month": 9}, [Budget(9, 'table "ops"')]),
        ({"plan": "free", "calls_per_month": 500}, [Budget(1_000, f"{WORKSPACE}, free plan"), Budget(500, 'table "ops"')]),
    ],
)
def test_the_plan_says_how_many_calls_a_month_has_and_whose_month_it_is(said: dict[str, Any], budgets: list[Budget]) -> None:
    table = AirtableTable(AirtableSettings.model_validate({"base": BASE, "table": "Tasks", **said}), place())
    assert list(table.traits.budgets) == budgets


def test_the_plan_must_be_said() -> None:
    with pytest.raises(ValidationError, match="plan"):
        AirtableSettings.model_validate({"base": BASE, "table": "Tasks"})
