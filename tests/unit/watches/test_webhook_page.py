"""What docs/reference/watches.md says of the kind webhook is what the code says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from rowd.hooks import ANSWER_WITHIN_S
from rowd.listening import MOST_AT_ONCE
from rowd.wire import LONGEST_HEAD, Patience
from watches.api import LONGEST_VALUE, Definition
from watches.letterbox import KEPT
from watches.webhook.door import LONGEST_NAME
from watches.webhook.schemes import SCHEMES, WINDOW
from watches.webhook.settings import WebhookSettings

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "reference" / "watches.md").read_text(encoding="utf-8")
SECTION = re.findall(r'^## kind = "webhook"\n(.*?)(?=^## |\Z)', PAGE, re.DOTALL | re.MULTILINE)[0]


def test_every_setting_is_described_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) ?\| (.+) \|$", SECTION, re.MULTILINE)
    fields = {name: field for name, field in WebhookSettings.model_fields.items() if name not in Definition.model_fields}
    assert [(name, meaning) for name, _, meaning in rows] == [(name, field.description) for name, field in fields.items()]
    given = {name: tomllib.loads(f"x = {default.strip('`')}")["x"] for name, default, _ in rows if default not in ("needed", "")}
    plain = {"kind": "webhook", "scheme": "none"}
    assert WebhookSettings.model_validate({**plain, **given}) == WebhookSettings.model_validate(plain)


def test_the_definition_shown_is_accepted() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", SECTION, re.DOTALL)
    WebhookSettings.model_validate(tomllib.loads(block)["watch"]["forge"])


def test_the_numbers_on_the_page_are_those_of_the_code() -> None:
    flat = " ".join(SECTION.split())
    assert f"the last {KEPT:,} ids" in flat
    assert f"after {ANSWER_WITHIN_S} seconds" in flat
    assert f"up to {LONGEST_NAME} characters" in flat
    assert f"longer than {LONGEST_VALUE:,} characters" in flat
    assert f"within {Patience().asking:.0f} seconds, its head up to {LONGEST_HEAD // 1024} kB; {MOST_AT_ONCE} connections" in flat
    assert WINDOW.total_seconds() == 300
    assert "more than five minutes" in flat


def test_every_scheme_has_a_line_in_the_instructions() -> None:
    page = (DOCS / "how-to" / "webhooks.md").read_text(encoding="utf-8").split("## The senders")[1].split("**Notion**")[0]
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(SCHEMES)
