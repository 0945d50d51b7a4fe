"""What a row says under Watch and Counts: found, or refused with the remedy."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from connectors.api import Cell
from engine.meanings import Meanings
from engine.merge import first_sight
from engine.model import Defect, Overlap, Task, Type
from engine.parse import parse
from tests.fakes.house import rules
from tests.fakes.virtual import NOON

SOURCES = {"inbox": Type.ON_CHANGE, "app": Type.ON_COMMIT, "site": Type.ON_COMMIT, "forge": Type.WEBHOOK}


ROW: dict[str, Cell] = {"Name": "a", "Action": "act", "Stage": "x", "Health": None, "Status": "active"}


def read(sources: dict[str, Type] | None = None, **cells: Cell) -> Task | Defect:
    said = dict(ROW)
    said |= {name.replace("_", " "): cell for name, cell in cells.items()}
    state = first_sight("ops", "1", said, NOON, new_ledger=False, anchor=None).state
    return parse(state, replace(rules().rules, sources=SOURCES if sources is None else sources))


def task(sources: dict[str, Type] | None = None, **cells: Cell) -> Task:
    found = read(sources, **cells)
    assert isinstance(found, Task), found
    return found


def defect(sources: dict[str, Type] | None = None, **cells: Cell) -> tuple[str, str]:
    found = read(sources, **cells)
    assert isinstance(found, Defect), found
    return found.column, found.message


@pytest.mark.parametrize(
    ("cells", "type_", "watches", "columns"),
    [
        ({"Watch": "inbox"}, Type.ON_CHANGE, ("inbox",), ()),
        ({"Watch": "In Box, APP, inbox"}, Type.ON_CHANGE, ("inbox", "app"), ()),
        ({"Watch": "app\nsite"}, Type.ON_COMMIT, ("app", "site"), ()),
        ({"Watch": "app", "Type": "on change"}, Type.ON_CHANGE, ("app",), ()),
        ({"Watch": "app", "Type": "on_commit"}, Type.ON_COMMIT, ("app",), ()),
        ({"Watch": "Forge"}, Type.WEBHOOK, ("forge",), ()),
        ({"Watch": "forge", "Type": "webhook"}, Type.WEBHOOK, ("forge",), ()),
        ({"Type": "webhook"}, Type.WEBHOOK, ("forge",), ()),
        ({"Watch": "forge", "Type": "on_change"}, Type.ON_CHANGE, ("forge",), ()),
        ({"Watch": "forge, app"}, Type.ON_CHANGE, ("forge", "app"), ()),
        ({"Watch": "forge", "Schedule": "daily 07:00"}, Type.DAILY, ("forge",), ()),
        ({"Watch": "stage"}, Type.ON_CHANGE, (), ("Stage",)),
        ({"Watch": "app, Stage"}, Type.ON_CHANGE, ("app",), ("Stage",)),
        ({"Watch": "inbox", "Schedule": "daily 07:00"}, Type.DAILY, ("inbox",), ()),
        ({"Watch": "inbox", "Type": "counter", "Threshold": "3"}, Type.COUNTER, ("inbox",), ()),
        ({"Metadata": '{"watch": ["inbox", "Stage"]}'}, Type.ON_CHANGE, ("inbox",), ("Stage",)),
        ({"Watch": False, "Schedule": "daily 07:00"}, Type.DAILY, (), ()),
    ],
)
def test_what_is_watched_is_found(cells: dict[str, Cell], type_: Type, watches: tuple[str, ...], columns: tuple[str, ...]) -> None:
    found = task(**cells)
    assert (found.type, found.watches, found.columns) == (type_, watches, columns)


def test_the_only_repository_need_not_be_named() -> None:
    assert task({"inbox": Type.ON_CHANGE, "app": Type.ON_COMMIT}, Type="on_commit").watches == ("app",)
    two = "Watch is blank; write the name of a watched source, such as app and site"
    assert defect(Type="on_commit") == ("Watch", two)
    none = "Watch is blank; write the name of a watched source; its operator has yet to define one in rowd.toml, as [watch.NAME]"
    assert defect({"inbox": Type.ON_CHANGE}, Type="on_commit") == ("Watch", none)
    assert defect(Type="on_change")[1].endswith("such as inbox, app, site and forge")


def test_a_source_may_be_called_as_a_column_that_can_not_be_watched_anyway() -> None:
    found = task({"failures": Type.ON_CHANGE}, Watch="failures", Failures="3")
    assert found.watches == ("failures",)


@pytest.mark.parametrize(
    ("cells", "column", "words"),
    [
        ({"Watch": "inbx"}, "Watch", 'no column of this table, is called "inbx"; did you mean "inbox"?'),
        ({"Watch": "qqq"}, "Watch", "the operator defines watched sources in rowd.toml, as [watch.NAME]"),
        ({"Watch": "/etc/passwd"}, "Watch", 'is called "/etc/passwd"'),
        ({"Watch": ", ,"}, "Watch", "names nothing"),
        ({"Watch": "Health"}, "Watch", "the column Health can't be watched"),
        ({"Watch": "status"}, "Watch", "the column Status can't be watched"),
        ({"Watch": "inbox", "inbox": "x"}, "Watch", '"inbox" is a watched source, and a column of this table'),
        ({"Watch": "inbox", "Type": "on_commit"}, "Watch", '"inbox" is no repository'),
        ({"Watch": "app, Stage", "Type": "on_commit"}, "Watch", '"Stage" is no repository'),
        ({"Watch": "forge", "Type": "on_commit"}, "Watch", '"forge" is no repository'),
        ({"Watch": "app", "Type": "webhook"}, "Watch", '"app" is no webhook; a row of Type webhook watches those alone'),
        ({"Watch": "forge, Stage", "Type": "webhook"}, "Watch", '"Stage" is no webhook'),
        ({"Watch": "inbox", "Type": "manual"}, "Watch", "runs only when asked"),
        ({"Watch": "inbox", "Depends On": "b"}, "Watch", "clear Watch, or Depends On"),
        ({"Watch": "inbox", "Type": "on_change", "Schedule": "daily 07:00"}, "Schedule", "clear Schedule, or Type"),
        ({"Counts": "app", "Schedule": "daily 07:00"}, "Counts", "only a counter counts, and this is of type daily"),
        ({"Counts": "ap", "Type": "counter", "Threshold": "3"}, "Counts", 'did you mean "app"?'),
        ({"Counts": "Stage", "Type": "counter", "Threshold": "3"}, "Counts", 'no watched source is called "Stage"'),
    ],
)
def test_what_is_amiss_is_told_with_the_remedy(cells: dict[str, Cell], column: str, words: str) -> None:
    where, message = defect(**cells)
    assert where == column
    assert words in message


def test_a_counter_counts_sources_and_what_reacts_waits_for_its_turn() -> None:
    assert task(Counts="app, inbox", Type="counter", Threshold="3").counts == ("app", "inbox")
    assert task(Watch="inbox").overlap is Overlap.QUEUE
    assert task(Watch="inbox", Overlap="skip").overlap is Overlap.SKIP
    assert task(Watch="inbox", Schedule="daily 07:00").overlap is Overlap.SKIP


SAYS = {"inbox": frozenset({"path", "files"}), "app": None, "site": frozenset({"branch"})}


@pytest.mark.parametrize(
    ("watch", "condition", "wrong"),
    [
        ("inbox", "event.files > 1 and event.number > 0", None),
        ("inbox", "event.fils > 1", 'did you mean "files"?'),
        ("inbox", 'event.branch == "main"', "what makes this row run says files, number, path, source and summary"),
        ("inbox, site", 'event.branch == "main"', None),
        ("inbox, Stage", 'event.old == ""', None),
        ("inbox", 'event.old == ""', "event.old is not known"),
        ("inbox, app", "event.anything > 1", None),
    ],
)
def test_a_condition_can_ask_only_for_what_events_say(watch: str, condition: str, wrong: str | None) -> None:
    states = {
        "1": first_sight("ops", "1", {**ROW, "Watch": watch, "Condition": condition}, NOON, new_ledger=False, anchor=None).state
    }
    known = rules().rules
    meanings = Meanings(replace(known, sources=SOURCES, says=SAYS))
    meanings.read(states, states)
    found = meanings.understood["1"]
    if wrong is None:
        assert isinstance(found, Task), found
    else:
        assert isinstance(found, Defect)
        assert wrong in found.message
