"""What is told of what was done to rows: looks over a real ledger."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

import watches
from engine import altered
from engine.ledger import Ledger, alterations
from tests.unit.ledger.making import NOON
from watches.api import LONGEST_VALUE, Alteration, Definition
from watches.numbered import MOST, PASSED_OVER
from watches.table import SAYS
from watches.table.settings import ALL, TableSettings
from watches.table.watch import TableWatch

DOCS = Path(__file__).parents[3] / "docs"
PAGE = re.findall(
    r'^## kind = "table"\n(.*?)(?=^## |\Z)', (DOCS / "reference" / "watches.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
)[0]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger.open(tmp_path / "ledger.sqlite")) as opened:
        yield opened


def watch(**settings: object) -> TableWatch:
    return TableWatch(TableSettings.model_validate({"kind": "table", "table": "shop", **settings}))


def done(ledger: Ledger, *what: Alteration) -> None:
    with ledger.transaction():
        ledger.note_alterations(what)


def edit(column: str = "Stage", old: str = "a", new: str = "b", **said: str) -> Alteration:
    return Alteration(
        **{"table": "shop", "row": "order 17", "id": "x17", "change": "edited", **said}, column=column, old=old, new=new
    )


ADDED = Alteration("shop", "order 17", "x17", "added")
DELETED = Alteration("shop", "", "x17", "deleted")


def test_the_words_are_those_of_the_engine() -> None:
    assert ALL == (altered.ADDED, altered.EDITED, altered.DELETED)


def test_first_sight_is_no_news_and_what_is_done_since_is_told_once_with_what_it_was(ledger: Ledger) -> None:
    its = watch()
    assert its.look_into(ledger, None).state == "0"
    done(ledger, ADDED)
    first = its.look_into(ledger, None)
    assert (first.state, first.happenings) == ("1", ())
    done(ledger, edit(old="", new="paid\n"), edit(table="other"), DELETED)
    look = its.look_into(ledger, first.state)
    assert [one.summary for one in look.happenings] == ['Stage of order 17 changed from blank to "paid"', "x17 was deleted"]
    assert look.happenings[0].values == {
        "table": "shop",
        "row": "order 17",
        "id": "x17",
        "change": "edited",
        "column": "Stage",
        "old": "",
        "new": "paid\n",
    }
    assert (look.state, look.untold) == ("4", ())
    again = its.look_into(ledger, look.state)
    assert (again.state, again.happenings) == ("4", ())
    assert next(one.summary for one in its.look_into(ledger, "0").happenings) == "order 17 is new"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, ["added", "edited", "edited", "deleted"]),
        ({"changes": ["Deleted", "added"]}, ["added", "deleted"]),
        ({"columns": ["due_date"]}, ["added", "edited", "deleted"]),
        ({"columns": ["Due Date", "STAGE"], "changes": ["edited"]}, ["edited", "edited"]),
        ({"columns": ["Amount"], "changes": ["edited"]}, []),
    ],
)
def test_only_what_the_operator_names_is_told(ledger: Ledger, settings: dict[str, object], told: list[str]) -> None:
    done(ledger, ADDED, edit(), edit("Due-Date"), DELETED)
    assert [one.values["change"] for one in watch(**settings).look_into(ledger, "0").happenings] == told


def test_a_look_tells_so_many_and_the_next_one_goes_on(ledger: Ledger) -> None:
    done(ledger, *(edit(new=str(n)) for n in range(MOST + 2)))
    look = watch().look_into(ledger, "0")
    assert (len(look.happenings), look.state) == (MOST, str(MOST))
    assert [one.values["new"] for one in watch().look_into(ledger, look.state).happenings] == [str(MOST), str(MOST + 1)]


def test_what_is_not_to_be_told_is_written_down_only_now_and_then(ledger: Ledger) -> None:
    done(ledger, *(edit(table="other") for _ in range(PASSED_OVER - 1)))
    assert watch().look_into(ledger, "0").state == "0"
    done(ledger, edit(table="other"))
    assert watch().look_into(ledger, "0").state == str(PASSED_OVER)


def test_what_was_forgotten_before_it_was_looked_at_is_told_as_such_once(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alterations, "KEPT", 2)
    done(ledger, *(edit(table="other") for _ in range(3)), edit(), edit(table="other"))
    with ledger.transaction():
        ledger.prune(NOON, 10, timedelta(days=90))
    look = watch().look_into(ledger, "1")
    assert look.untold == ("2 things that were done to rows, maybe to some of shop: they are forgotten by now",)
    assert (len(look.happenings), look.state) == (1, "5")
    assert watch().look_into(ledger, "5").untold == ()
    done(ledger, edit())
    assert watch().look_into(ledger, "5").state == "6", "a number is never used twice"


def test_what_strangers_wrote_is_fit_to_be_told(ledger: Ledger) -> None:
    done(ledger, edit(old="\x1b[31m" + "o" * 3_000, new="\udcff", row="a\nb"))
    (one,) = watch().look_into(ledger, "0").happenings
    assert one.summary.startswith('Stage of a b changed from " [31m')
    assert "\n" not in one.summary
    assert len(one.summary) < 200
    assert len(str(one.values["old"])) == LONGEST_VALUE
    assert "\x1b" not in str(one.values["old"])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"changes": []}, "names none"),
        ({"changes": ["edit"]}, '"edit" is nothing that is done to rows; write some of added, edited, deleted'),
        ({"columns": []}, "names none; remove it for all"),
        ({"columns": [" - "]}, "blank name"),
        ({"columns": ["Stage"], "changes": ["added"]}, 'add "edited" to it, or remove columns'),
        ({"debounce": "2s"}, "is told at once; remove it"),
        ({"runs": "all"}, "'together' or 'each'"),
        ({"rows": ["x"]}, "Extra inputs"),
    ],
)
def test_what_can_not_be_meant_is_refused_with_the_remedy(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        watch(**wrong)


def test_every_setting_is_described_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) ?\| (.+) \|$", PAGE.split("| value |")[0], re.MULTILINE)
    fields = {name: field for name, field in TableSettings.model_fields.items() if name not in Definition.model_fields}
    assert [(name, meaning) for name, _, meaning in rows] == [(name, field.description) for name, field in fields.items()]
    given = {name: tomllib.loads(f"x = {default.strip('`')}")["x"] for name, default, _ in rows if default and default != "needed"}
    assert TableSettings.model_validate({"kind": "table", "table": "x", **given}) == TableSettings(kind="table", table="x")


def test_the_page_says_what_is_so() -> None:
    for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL):
        for raw in tomllib.loads(block).get("watch", {}).values():
            watches.load(raw["kind"]).settings.model_validate(raw)
    described = re.findall(r"^\| (`[^|]+) \| .+ \|$", PAGE.split("| value | |")[1], re.MULTILINE)
    assert {name for names in described for name in re.findall(r"`(\w+)`", names)} == SAYS
    flat = " ".join(PAGE.split())
    assert f"the newest {alterations.KEPT:,}" in flat.lower()
    assert f"had passed over, {PASSED_OVER} at the most" in flat
    assert f"the newest {alterations.KEPT:,}" in (DOCS / "decisions" / "0044-tables-as-sources.md").read_text("utf-8").lower()
