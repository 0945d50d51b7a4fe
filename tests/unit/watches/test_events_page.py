"""What docs/reference/watches.md says of the kinds events and outcomes is what the code says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import watches
from engine.ledger import ends
from watches.api import LONGEST_VALUE, Definition, End
from watches.events import values
from watches.numbered import PASSED_OVER
from watches.outcomes import SAYS
from watches.outcomes.settings import OutcomesSettings
from watches.outcomes.watch import MOST_LINKS, Outcomes

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "reference" / "watches.md").read_text(encoding="utf-8")
EVENTS, OUTCOMES = (
    re.findall(rf'^## kind = "{kind}"\n(.*?)(?=^## |\Z)', PAGE, re.DOTALL | re.MULTILINE)[0] for kind in ("events", "outcomes")
)


def test_every_setting_is_described_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) ?\| (.+) \|$", OUTCOMES.split("| value |")[0], re.MULTILINE)
    fields = {name: field for name, field in OutcomesSettings.model_fields.items() if name not in Definition.model_fields}
    assert [(name, meaning) for name, _, meaning in rows] == [(name, field.description) for name, field in fields.items()]
    given = {name: tomllib.loads(f"x = {default.strip('`')}")["x"] for name, default, _ in rows if default}
    assert OutcomesSettings.model_validate({"kind": "outcomes", **given}) == OutcomesSettings(kind="outcomes")


def test_the_definitions_shown_are_accepted() -> None:
    for section in (EVENTS, OUTCOMES):
        for block in re.findall(r"```toml\n(.*?)```", section, re.DOTALL):
            for name, raw in tomllib.loads(block)["watch"].items():
                kind = watches.load(raw["kind"])
                kind.make(name, kind.settings.model_validate(raw), Path(), {})


def test_every_value_of_an_outcome_is_described() -> None:
    described = re.findall(r"^\| (`[^|]+) \| .+ \|$", OUTCOMES.split("| value | |")[1], re.MULTILINE)
    assert {name for names in described for name in re.findall(r"`(\w+)`", names)} == SAYS
    made = Outcomes("x", OutcomesSettings(kind="outcomes"))
    assert set(made._happening(End(1, "a", "b", "failed", "c", "d", duration_s=1.0)).values) == SAYS


def test_the_numbers_on_the_page_are_those_of_the_code() -> None:
    flat = " ".join(EVENTS.split())
    assert f"Up to {values.MOST_VALUES} values" in flat
    assert f"up to {LONGEST_VALUE:,} characters, all together up to {values.LONGEST_IN_ALL:,}" in flat
    assert f"a whole number up to {values.MOST_COUNTED:,}, an id has up to {values.LONGEST_ID} characters" in flat
    assert f"the last {values.KEPT_IDS:,} ids" in flat
    assert f"Where {values.MOST_WAITING:,} of one source wait" in flat
    assert f"had passed over, {PASSED_OVER} at the most" in " ".join(OUTCOMES.split())
    assert f"What {MOST_LINKS} sources have brought about" in OUTCOMES
    refused = re.findall(r"not ((?:`\w+`, )+`\w+`)\.", flat)[0]
    assert set(re.findall(r"\w+", refused)) == set(values._TAKEN)


def test_the_numbers_of_the_decision_are_those_of_the_code() -> None:
    page = " ".join((DOCS / "decisions" / "0034-rowds-own-facts.md").read_text(encoding="utf-8").split())
    assert f"the newest {ends.KEPT:,}" in page
    assert f"only every {PASSED_OVER} ends" in page
