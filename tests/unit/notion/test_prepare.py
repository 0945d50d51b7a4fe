"""A data source's properties made ready through the API, and what a person finds there afterwards: theirs, and what is new."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from connectors.errors import NeedsOwner, OutcomeUnknown, TryLater
from connectors.notion import NotionTable
from connectors.preparing import Kind, Preparation, Shape, Writer
from engine.layout import Layout
from engine.shapes import USUAL, shapes
from tests.emulators.core.exchange import Json, Request
from tests.emulators.core.faults import Fault
from tests.emulators.notion.emulator import TOKEN, Notion, Unanswered
from tests.emulators.notion.errors import error
from tests.emulators.notion.people import CAPABILITIES
from tests.emulators.notion.person import Person
from tests.emulators.notion.world import Option, Property, Source
from tests.unit.notion.conftest import Open, Rows, operations

RETRIEVE, ALTER = "data_sources.retrieve", "data_sources.update"
PRESSES = ["run now", "retry", "skip next", "cancel", "approve", "snooze 1h", "snooze 1d"]


@pytest.fixture
def switches(request: pytest.FixtureRequest) -> dict[str, str]:
    """An option that is told by its id and another name gets that name."""
    return {"options_update": getattr(request, "param", "replaced"), "option_rename": "done"}


either_way = pytest.mark.parametrize("switches", ["replaced", "added"], indirect=True)


def wanted(headers: Sequence[str]) -> list[Shape]:
    return shapes(Layout.of(headers, {}), USUAL, {}, ["greet"])


def carry_out(preparation: Preparation) -> list[str]:
    """What was done; what the store refuses is left out."""
    return [clause for step in preparation.steps if step.take() for clause in step.says]


def column(source: Source, name: str) -> Property:
    found = source.find(name)
    assert found is not None
    return found


def names(source: Source, name: str) -> list[str]:
    return [option.name for option in column(source, name).options]


def select(*options: str | dict[str, Json]) -> Json:
    return {"select": {"options": [option if isinstance(option, dict) else {"name": option} for option in options]}}


def test_the_id_is_not_made_and_may_be_what_notion_works_out(table: NotionTable, person: Person, source: Source) -> None:
    carry_out(table.prepare(wanted))
    assert source.find("ID") is None
    person.add_column(source, "ID", {"unique_id": {"prefix": "OPS"}})
    preparation = table.prepare(wanted)
    assert (preparation.steps, preparation.by_hand) == ((), ())


def test_all_that_are_missing_are_made_by_one_request(notion: Notion, table: NotionTable, source: Source) -> None:
    before = dict(source.properties)
    carry_out(table.prepare(wanted))
    # which data source, as it stands; again before each request: for all new columns, and for two selects that lack options
    assert operations(notion) == ["databases.retrieve", *[RETRIEVE, RETRIEVE, ALTER], *[RETRIEVE, ALTER] * 2]
    assert {kept: source.properties[kept].type for kept in before} == {kept: each.type for kept, each in before.items()}
    assert {name: column(source, name).type for name in ("Health", "Schedule", "Do", "Next Run", "Runs")} == {
        "Health": "rich_text",
        "Schedule": "rich_text",
        "Do": "select",
        "Next Run": "date",
        "Runs": "number",
    }
    assert "how to mend it" in (column(source, "Health").description or "")
    assert names(source, "Do") == PRESSES
    colours = {option.name: option.color for option in column(source, "Last Status").options}
    assert (colours["succeeded"], colours["failed"], colours["running"], colours["skipped"]) == ("green", "red", "yellow", "gray")


@either_way
def test_options_that_are_missing_are_added_and_a_persons_stay_as_they_are(
    table: NotionTable, person: Person, source: Source
) -> None:
    person.add_column(source, "Do", select({"name": "Run Now", "color": "pink"}, {"name": "dance", "description": "why not"}))
    stood = list(column(source, "Do").options)
    assert carry_out(table.prepare(wanted))
    assert column(source, "Do").options[:2] == stood
    assert names(source, "Do") == ["Run Now", "dance", *PRESSES[1:]]
    assert table.prepare(wanted).steps == ()


@either_way
def test_an_option_that_a_person_adds_or_renames_after_the_look_stays(
    table: NotionTable, person: Person, source: Source, page: Rows
) -> None:
    person.add_column(source, "Do", select("dance"))
    preparation = table.prepare(wanted)
    person.type(page("vitest_rerun"), "Do", "sing")
    options = column(source, "Do").options
    options[0] = Option(options[0].id, "waltz", options[0].color, None, "")
    carry_out(preparation)
    assert names(source, "Do")[:2] == ["waltz", "sing"]
    assert page("vitest_rerun").values[column(source, "Do").id] == options[1].id


def test_an_option_that_is_renamed_between_the_read_and_the_write_stays(
    notion: Notion, table: NotionTable, person: Person, source: Source
) -> None:
    person.add_column(source, "Do", select("dance"))
    (step,) = [step for step in table.prepare(wanted).steps if '"Do"' in step.says[0]]
    dance = column(source, "Do").options[0]
    waltz = Option(dance.id, "waltz", dance.color, None, "")

    def renames(request: Request) -> None:
        if request.method == "PATCH":
            column(source, "Do").options[0] = waltz

    notion.before.append(renames)
    assert step.take() is True
    assert column(source, "Do").options[0] == waltz
    assert names(source, "Do") == ["waltz", *PRESSES]


def test_options_that_somebody_adds_after_the_look_are_not_sent(
    notion: Notion, table: NotionTable, person: Person, source: Source, page: Rows
) -> None:
    person.add_column(source, "Do", select(*PRESSES[1:]))
    (step,) = [step for step in table.prepare(wanted).steps if '"Do"' in step.says[0]]
    person.type(page("vitest_rerun"), "Do", "run now")
    notion.journal.clear()
    assert step.take() is True
    assert operations(notion) == [RETRIEVE]


def test_a_multi_select_gets_its_options_too(table: NotionTable, person: Person, source: Source) -> None:
    person.add_column(source, "Last Status", {"multi_select": {"options": [{"name": "fine"}]}})
    carry_out(table.prepare(wanted))
    assert column(source, "Last Status").type == "multi_select"
    assert names(source, "Last Status")[:3] == ["fine", "running", "succeeded"]
    assert table.prepare(wanted).steps == ()


def test_where_options_cant_be_added_a_person_is_told_how(
    notion: Notion, table: NotionTable, person: Person, source: Source
) -> None:
    person.add_column(source, "Do", select("run now"))
    (step,) = [step for step in table.prepare(wanted).steps if '"Do"' in step.says[0]]
    notion.faults.add(Fault(ALTER, times=1, answer=error(400, "validation_error", "The data source's schema is too large.")))
    assert step.take() is False
    assert step.by_hand == (
        'Click the property "Do", Edit property, and add the options retry, skip next, cancel, approve, snooze 1h, snooze 1d.'
    )
    assert names(source, "Do") == ["run now"]


def test_where_columns_cant_be_made_a_person_is_told_which(notion: Notion, table: NotionTable) -> None:
    step = table.prepare(wanted).steps[0]
    notion.faults.add(Fault(ALTER, times=1, answer=error(400, "validation_error", "The data source's schema is too large.")))
    assert step.take() is False
    assert step.by_hand.startswith('Make these properties: "Schedule" (Text); "Do" (Select with the options run now, retry,')


def test_the_options_of_a_status_are_a_persons(notion: Notion, table: NotionTable, person: Person, source: Source) -> None:
    person.delete_column(source, "Status")
    person.add_column(source, "Status", {"status": {}})
    before = list(column(source, "Status").options)
    carry_out(table.prepare(wanted))
    assert column(source, "Status").options == before
    assert table.prepare(wanted).by_hand == (
        'Click the property "Status", Edit property, and add the options active, paused, draft, completed.',
    )


@pytest.mark.parametrize(
    ("name", "form", "says"),
    [
        ("Next Run", {"checkbox": {}}, "has a type (checkbox)"),
        ("Health", {"formula": {"expression": "1"}}, "is worked out by Notion"),
        ("Do", {"status": {}}, "is a Status, which can't be empty. Change its type to Select"),
        ("Last Status", {"status": {}}, "is a Status, which can't be empty. Change its type to Select"),
    ],
)
def test_a_column_that_rowd_could_not_write_is_told(
    table: NotionTable, person: Person, source: Source, name: str, form: dict[str, Any], says: str
) -> None:
    person.add_column(source, name, form)
    (told,) = table.prepare(wanted).by_hand
    assert told.startswith(f'The property "{name}" {says}')
    assert "Change its type to" in told


def test_a_column_that_only_people_write_may_be_of_any_type(table: NotionTable, person: Person, source: Source) -> None:
    person.add_column(source, "Schedule", {"formula": {"expression": "1"}})
    person.add_column(source, "Health", {"rich_text": {}})
    preparation = table.prepare(wanted)
    assert preparation.by_hand == ()
    assert not any('"Health"' in clause or '"Schedule"' in clause for step in preparation.steps for clause in step.says)


def test_a_column_that_somebody_makes_after_the_look_keeps_its_type(table: NotionTable, person: Person, source: Source) -> None:
    step = table.prepare(wanted).steps[0]
    person.add_column(source, "Health", {"number": {"format": "euro"}})
    with pytest.raises(TryLater, match='just made the property "Health"'):
        step.take()
    assert (column(source, "Health").type, source.find("Do")) == ("number", None)


def test_a_select_that_somebody_changes_after_the_look_is_a_reason_to_look_again(
    notion: Notion, table: NotionTable, person: Person, source: Source
) -> None:
    person.add_column(source, "Do", select("dance"))
    (step,) = [step for step in table.prepare(wanted).steps if '"Do"' in step.says[0]]
    person.rename(source, "Do", "Dance")
    notion.journal.clear()
    with pytest.raises(TryLater, match='just changed the property "Do"'):
        step.take()
    assert operations(notion) == [RETRIEVE]


def test_an_answer_that_is_lost_is_found_to_be_done(notion: Notion, table: NotionTable) -> None:
    step = table.prepare(wanted).steps[0]
    notion.faults.add(Unanswered(ALTER, times=1))
    with pytest.raises(OutcomeUnknown):
        step.take()
    assert step.says not in [step.says for step in table.prepare(wanted).steps]


def test_a_token_that_may_not_shape_the_database_is_told_what_it_lacks(notion: Notion, table: NotionTable) -> None:
    notion.api.connections[TOKEN].capabilities = CAPABILITIES - {"update"}
    preparation = table.prepare(wanted)
    with pytest.raises(NeedsOwner, match='has the capability "Update content"') as caught:
        carry_out(preparation)
    assert "with Can edit." in str(caught.value)


def test_a_description_is_no_longer_than_notion_takes(table: NotionTable, source: Source) -> None:
    long = Shape("Health", Kind.LONG_TEXT, Writer.ROWD, "x" * 300)
    carry_out(table.prepare(lambda _: [long]))
    assert column(source, "Health").description == "x" * 280


def test_the_look_sends_only_reads(notion: Notion, open_table: Open) -> None:
    open_table().prepare(wanted)
    assert operations(notion) == ["databases.retrieve", RETRIEVE]
