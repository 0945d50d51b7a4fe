"""A table's fields made ready through the Meta API, and what a person finds there afterwards: theirs, and what is new."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from connectors.airtable import AirtableTable
from connectors.errors import NeedsOwner, OutcomeUnknown, TryLater
from connectors.preparing import Preparation, Shape
from engine.columns import Column
from engine.layout import Layout
from engine.shapes import USUAL, shapes
from tests.emulators.airtable import DAEMON, SAMPLE_BASE, TASKS, Airtable, Person
from tests.emulators.airtable.model import SCOPES, Field, Table, Token
from tests.emulators.core.exchange import Answer
from tests.emulators.core.faults import Fault
from tests.unit.airtable.conftest import Open


@pytest.fixture
def switches(request: pytest.FixtureRequest) -> dict[str, str]:
    return {"patch_choices": getattr(request, "param", "accepted")}


refused = pytest.mark.parametrize("switches", ["refused"], indirect=True)


def wanted(headers: Sequence[str]) -> list[Shape]:
    return shapes(Layout.of(headers, {}), [c for c in USUAL if c is not Column.ID], {}, ["greet"])


def carry_out(preparation: Preparation) -> list[str]:
    """What was done; what the store refuses is left out."""
    return [clause for step in preparation.steps if step.take() for clause in step.says]


def made(airtable: Airtable) -> Table:
    found = airtable.bases[SAMPLE_BASE].table(TASKS)
    assert found is not None
    return found


def field(airtable: Airtable, name: str) -> Field:
    found = made(airtable).field(name)
    assert found is not None
    return found


def names(airtable: Airtable, name: str) -> list[str]:
    return [choice["name"] for choice in field(airtable, name).choices]


def test_the_id_may_be_what_airtable_works_out_and_is_not_made(airtable: Airtable, table: AirtableTable, person: Person) -> None:
    assert field(airtable, "ID").type == "autoNumber"
    assert table.prepare(wanted).by_hand == ()
    person.delete_column("ID")
    carry_out(table.prepare(wanted))
    assert made(airtable).field("ID") is None


def test_fields_of_the_right_type_are_made_at_the_end(airtable: Airtable, table: AirtableTable) -> None:
    before = [each.name for each in made(airtable).fields]
    carry_out(table.prepare(wanted))
    assert [each.name for each in made(airtable).fields][: len(before)] == before
    assert {name: field(airtable, name).type for name in ("Health", "Schedule", "Do", "Next Run", "Runs")} == {
        "Health": "multilineText",
        "Schedule": "singleLineText",
        "Do": "singleSelect",
        "Next Run": "dateTime",
        "Runs": "number",
    }
    assert field(airtable, "Next Run").option("timeZone") == "client"
    assert "how to mend it" in (field(airtable, "Health").description or "")
    assert names(airtable, "Do") == ["run now", "retry", "skip next", "cancel", "approve", "snooze 1h", "snooze 1d"]
    colours = {choice["name"]: choice["color"] for choice in field(airtable, "Last Status").choices}
    assert (colours["succeeded"], colours["failed"], colours["running"]) == ("greenLight2", "redLight2", "yellowLight2")


def test_options_that_are_missing_are_added_and_a_persons_stay_as_they_are(
    airtable: Airtable, table: AirtableTable, person: Person
) -> None:
    person.add_column("Do", "singleSelect", {"choices": [{"name": "Run Now", "color": "pinkDark1"}, {"name": "dance"}]})
    stood = list(field(airtable, "Do").choices)
    carry_out(table.prepare(wanted))
    assert field(airtable, "Do").choices[:2] == stood
    assert names(airtable, "Do") == ["Run Now", "dance", "retry", "skip next", "cancel", "approve", "snooze 1h", "snooze 1d"]
    assert table.prepare(wanted).steps == ()


def test_an_option_that_a_person_adds_after_the_look_is_not_lost(airtable: Airtable, table: AirtableTable, person: Person) -> None:
    person.add_column("Do", "singleSelect", {"choices": [{"name": "dance"}]})
    preparation = table.prepare(wanted)
    person.type("vitest_rerun", "Do", "sing")
    carry_out(preparation)
    assert names(airtable, "Do")[:2] == ["dance", "sing"]
    assert next(row["Do"] for row in person.rows().values() if row["Name"] == "vitest_rerun") == "sing"


@refused
def test_where_options_cant_be_added_a_person_is_told_how(airtable: Airtable, table: AirtableTable, person: Person) -> None:
    person.add_column("Do", "singleSelect", {"choices": [{"name": "run now"}]})
    (step,) = [step for step in table.prepare(wanted).steps if '"Do"' in step.says[0]]
    assert step.take() is False
    assert step.by_hand == (
        'Open the menu of the field "Do", Edit field, and add the options retry, skip next, cancel, approve, snooze 1h, snooze 1d.'
    )
    assert names(airtable, "Do") == ["run now"]


def test_no_option_is_ever_made_by_typecast(airtable: Airtable, table: AirtableTable) -> None:
    carry_out(table.prepare(wanted))
    assert all("typecast" not in str(entry.request.json) for entry in airtable.journal if entry.request.method == "POST")
    sent = [entry.request.json for entry in airtable.journal if entry.request.method == "PATCH"]
    assert all(body.get("typecast", False) is False for body in sent)


@pytest.mark.parametrize(
    ("name", "kind", "options", "says"),
    [
        ("Next Run", "checkbox", {"icon": "check", "color": "greenBright"}, "has a type (checkbox)"),
        ("Health", "formula", {"formula": "1"}, "is worked out by Airtable"),
    ],
)
def test_a_field_that_rowd_could_not_write_is_told(
    table: AirtableTable, person: Person, name: str, kind: str, options: dict[str, Any], says: str
) -> None:
    person.add_column(name, kind, options)
    (told,) = table.prepare(wanted).by_hand
    assert told.startswith(f'The field "{name}" {says}')
    assert "Change its type to" in told


def test_a_field_that_only_people_write_may_be_of_any_type(table: AirtableTable, person: Person) -> None:
    person.add_column("Schedule", "formula", {"formula": "1"})
    person.add_column("Health", "singleLineText")
    preparation = table.prepare(wanted)
    assert preparation.by_hand == ()
    assert not any('"Health"' in step.says[0] or '"Schedule"' in step.says[0] for step in preparation.steps)


def test_a_field_that_somebody_makes_after_the_look_is_a_reason_to_look_again(table: AirtableTable, person: Person) -> None:
    step = next(step for step in table.prepare(wanted).steps if '"Health"' in step.says[0])
    person.add_column("Health")
    with pytest.raises(TryLater, match="just made this"):
        step.take()
    assert not any('"Health"' in step.says[0] for step in table.prepare(wanted).steps)


def test_an_answer_that_is_lost_is_found_to_be_done(airtable: Airtable, table: AirtableTable) -> None:
    step = table.prepare(wanted).steps[-1]
    airtable.faults.add(Fault("meta.create_field", times=1, answer=Answer.html(502, "x"), committed=True))
    with pytest.raises(OutcomeUnknown):
        step.take()
    assert step.says not in [step.says for step in table.prepare(wanted).steps]


def test_a_token_without_the_scope_is_told_which_it_lacks(airtable: Airtable, open_table: Open) -> None:
    airtable.let_in(Token("patNoSchema000001.x", DAEMON, SCOPES - {"schema.bases:write"}))
    with pytest.raises(NeedsOwner, match=r"has the scope schema\.bases:write") as caught:
        carry_out(open_table("patNoSchema000001.x").prepare(wanted))
    assert "Creator" in str(caught.value)


def test_a_user_who_may_not_shape_the_base_is_told_so(airtable: Airtable, table: AirtableTable, person: Person) -> None:
    person.share(DAEMON, "edit")
    with pytest.raises(NeedsOwner, match="as Creator"):
        carry_out(table.prepare(wanted))
