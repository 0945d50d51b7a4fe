"""docs/how-to/airtable.md says what the code says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from config.settings import TableSettings
from connectors.airtable import AirtableSettings
from connectors.airtable.settings import CALLS
from tests.emulators.airtable.model import SCOPES

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "airtable.md").read_text(encoding="utf-8")


def rows(header: str) -> list[list[str]]:
    """The cells of the table with this header line."""
    lines = PAGE.split(f"{header}\n")[1].splitlines()[1:]
    table = [line.strip() for line in lines[: next(i for i, line in enumerate(lines) if not line.strip().startswith("|"))]]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


def test_every_setting_stands_on_the_page_with_its_default_and_its_meaning() -> None:
    shown = {name.strip("`"): (default, meaning) for name, default, meaning in rows("| setting | default | meaning |")}
    assert list(shown) == list(AirtableSettings.model_fields)
    for name, field in AirtableSettings.model_fields.items():
        default, meaning = shown[name]
        assert meaning == field.description
        if field.is_required():
            assert default == "must be given"
        elif default.startswith("`"):
            said = {"base": "b", "table": "t", "plan": "free", **tomllib.loads(f"{name} = {default.strip('`')}")}
            assert getattr(AirtableSettings.model_validate(said), name) == field.default
        else:
            assert field.default is None


def test_the_example_is_a_table() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    settings = TableSettings.model_validate(tomllib.loads(text)["tables"]["ops"])
    assert settings.connector == "airtable"
    assert AirtableSettings.model_validate(settings.rest).address.view == "viwAbCdEfGhIjKlMn"


def test_the_scopes_are_airtables_and_the_plans_are_ours() -> None:
    assert {scope.strip("`") for scope, _ in rows("| scope | what for |")} <= SCOPES
    plans = {plan: calls for plan, calls in CALLS.items() if calls is not None}
    assert all(f'`"{plan}"` ({calls:,}' in PAGE for plan, calls in plans.items())
    assert all(f'`"{plan}"`' in PAGE for plan in CALLS)


def test_the_calls_of_a_month_are_right() -> None:
    for poll, calls in rows("| `poll` | calls in 30 days for polls alone |"):
        settings = TableSettings.model_validate({"connector": "airtable", **tomllib.loads(f"poll = {poll.strip('`')}")})
        assert int(calls.split(":")[0].replace(",", "")) == 30 * 86_400 / settings.poll.total_seconds()
