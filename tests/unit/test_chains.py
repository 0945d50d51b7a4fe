"""Which rows a row waits for, and what is told where that can't be."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.chains import Speaking, linked, unheard
from engine.circles import circles, path
from engine.columns import Column
from engine.display import display
from engine.links import Dependency
from engine.meanings import Meanings
from engine.model import Defect, RowState, Task
from engine.tally import Tally
from tests.fakes.house import rules
from tests.fakes.virtual import NOON

KEYS = "abcdef"
Said = Mapping[str, str]


def states(said: Said, **names: str) -> dict[str, RowState]:
    """A table: key → what its row says under Depends On.   names: key → Name, where that is another."""
    return {
        key: RowState(
            table="ops",
            key=key,
            cells={
                Column.NAME: names.get(key, key),
                Column.ACTION: "act",
                Column.DEPENDS_ON: after or None,
                Column.SCHEDULE: None if after else "daily 7:00",
            },
            first_seen=NOON,
            changed_at=NOON,
            since=NOON,
            settled_until=NOON,
        )
        for key, after in said.items()
    }


def meanings(table: Mapping[str, RowState]) -> Meanings:
    made = Meanings(rules().rules)
    made.read(table, table)
    return made


def keys(one: Task | Defect) -> list[str]:
    assert isinstance(one, Task), one
    return [d.key for d in one.depends_on]


def message(one: Task | Defect) -> str:
    assert isinstance(one, Defect), one
    assert one.wrong
    return one.message


def test_rows_are_found_by_name_as_a_person_sees_it_and_by_id() -> None:
    found = meanings(states({"1": "", "2": "", "3": 'RUN  tests\n2, "a, b"', "4": ""}, **{"1": "run tests", "4": "a, b"}))
    assert keys(found.understood["3"]) == ["1", "2", "4"]


def test_a_row_that_is_named_twice_is_waited_for_once() -> None:
    found = meanings(states({"1": "", "3": "1, build, BUILD"}, **{"1": "build"}))
    assert found.understood["3"].depends_on == (Dependency("1", "1", "ops"),)  # type: ignore[union-attr]  # a task


def test_a_name_comes_before_an_id_and_the_row_seen_first_before_one_of_its_name() -> None:
    table = states({"b": "", "1": "", "2": "", "c": "b, x"}, **{"b": "other", "1": "b", "2": "x"})
    table["0"] = replace(table["2"], key="0", first_seen=NOON.replace(hour=13))
    assert keys(meanings(table).understood["c"]) == ["1", "2"]


def test_an_unknown_name_is_told_with_the_nearest_one() -> None:
    found = meanings(states({"run_tests": "", "deploy": "run_test"}))
    assert message(found.understood["deploy"]) == (
        'Depends On "run_test": no row of this table has the Name or ID "run_test"; did you mean "run_tests"?'
    )


def test_no_row_is_named_as_a_hint_for_itself_and_quotes_are_told() -> None:
    found = meanings(states({"1": "", "after tests": 'test, "a, b"'}, **{"1": "a, b"}))
    said = 'Depends On "test, "a, b"": no row of this table has the Name or ID "test"'
    assert message(found.understood["after tests"]) == said


def test_a_name_with_a_comma_without_quotes_is_told_as_that() -> None:
    found = meanings(states({"1": "", "2": "Test,  unit"}, **{"1": "test, unit"}))
    assert message(found.understood["2"]) == (
        'Depends On "Test, unit": a Name that holds a comma stands in double quotes; put it in quotes'
    )


@pytest.mark.parametrize(
    "said",
    [
        "build; Run Tests",
        "build and run tests",
        "build & run tests",
        "build + run tests",
        "build → run tests",
        "build THEN run tests",
    ],
)
def test_names_with_something_else_between_them_are_told_to_have_commas(said: str) -> None:
    found = meanings(states({"1": "", "2": "", "3": said}, **{"1": "build", "2": "run tests"}))
    names = "build, Run Tests" if "Run" in said else "build, run tests"
    assert message(found.understood["3"]).endswith(f'the Name or ID "{said}"; with commas between the names, it is {names}')


def test_names_with_blanks_between_them_are_so_too_and_no_name_that_holds_a_word_is() -> None:
    found = meanings(
        states(
            {"1": "", "2": "", "3": "1 build, 2", "4": "build and more", "5": "salt & pepper"},
            **{"1": "build", "2": "salt & pepper"},
        )
    )
    assert message(found.understood["3"]).endswith("; with commas between the names, it is 1, build")
    assert "commas" not in message(found.understood["4"])
    assert keys(found.understood["5"]) == ["2"]


@pytest.mark.parametrize(
    ("on_failure", "after", "told"), [("skip", "", True), ("run", "", True), ("", "", False), ("run", "1", False)]
)
def test_what_is_to_follow_a_failure_of_no_row_is_told_as_a_slip(on_failure: str, after: str, *, told: bool) -> None:
    table = states({"1": "", "2": after})
    table["2"] = replace(table["2"], cells={**table["2"].cells, Column.ON_FAILURE: on_failure or None})
    task = meanings(table).understood["2"]
    assert isinstance(task, Task)
    said = "On Failure says nothing of a row that waits for no other; fill in Depends On, or clear On Failure"
    assert unheard(task, table["2"].cells) == (said if told else None)
    health = str(display(task, table["2"], Tally(), task.zone)[Column.HEALTH])
    assert health.endswith(f". NOTE: {said}") == told


def test_a_circle_is_told_in_each_of_its_rows_and_in_no_other() -> None:
    found = meanings(states({"a": "b, f", "b": "c", "c": "a", "d": "c", "e": "e", "f": ""}))
    said = [message(found.understood[key]) for key in "abc"]
    assert [s.partition(": ")[2] for s in said] == ["a circle, a → b → c → a; take one of these out of another's Depends On"] * 3
    assert keys(found.understood["d"]) == ["c"]
    assert message(found.understood["e"]) == 'Depends On "e": the row waits for itself; take it out'


def test_a_large_circle_is_cut() -> None:
    names = [f"r{n}" for n in range(5000)]
    said = {name: names[n - 1] for n, name in enumerate(names)}
    told = message(meanings(states(said)).understood["r7"])
    assert "r0 → r4999 → r4998 → r4997 → r4996 → r4995 → 4994 more → r0" in told


def test_what_another_row_says_changes_what_this_one_means() -> None:
    table = states({"a": "", "b": "a", "c": "b"})
    found = meanings(table)
    table["a"] = replace(table["a"], cells={**table["a"].cells, Column.NAME: "x"})
    assert found.read(table, ["a"]) == {"a"}  # it is found by its ID still
    table["b"] = replace(table["b"], cells={**table["b"].cells, Column.DEPENDS_ON: "c"})
    assert found.read(table, ["b"]) == {"b", "c"}
    assert "circle" in message(found.understood["c"])
    table["b"] = replace(table["b"], cells={**table["b"].cells, Column.DEPENDS_ON: "a"})
    assert found.read(table, ["b"]) == {"b", "c"}
    assert keys(found.understood["c"]) == ["b"]
    table["a"] = replace(table["a"], deleted_at=NOON)
    assert found.read(table, ["a"]) == {"a", "b"}
    assert message(found.understood["b"]).endswith('no row of this table has the Name or ID "a" any more; it was deleted')
    assert found.neighbours.follow("ops", ["b"]) == {"c"}
    assert found.neighbours.follow("ops", ["a"]) == set()


def test_what_became_of_a_row_is_told_where_it_is_known() -> None:
    table = states({"1": "", "2": "", "3": "Build"}, **{"1": "build", "2": "docs"})
    found = meanings(table)

    def told(**cells: str | None) -> str:
        table["1"] = replace(table["1"], cells={**table["1"].cells, **cells})
        found.read(table, ["1"])
        return message(found.understood["3"]).partition('"Build" ')[2]

    assert told(Name="compile") == 'any more; it was renamed to "compile"'
    assert told(Name="make all") == 'any more; it was renamed to "make all"'
    assert told(Name=None) == "any more; the Name of the row with the ID 1 is blank now"
    table["2"] = replace(table["2"], cells={**table["2"].cells, Column.NAME: "build"})
    found.read(table, ["2"])
    assert keys(found.understood["3"]) == ["2"]
    table["2"] = replace(table["2"], deleted_at=NOON)
    found.read(table, ["2"])
    assert "it was deleted" in message(found.understood["3"])
    anew = meanings(table)
    assert anew.unknown == {"build"}
    assert message(anew.understood["3"]).endswith("any more; it was deleted")
    anew.recall(table, [("BUILD", "2"), ("build", "1")])
    assert message(anew.understood["3"]).endswith("any more; the Name of the row with the ID 1 is blank now")


def test_an_edit_of_no_name_and_no_chain_looks_at_no_chain() -> None:
    table = states({"a": "", "b": "a"})
    found = meanings(table)
    before = found.understood["b"]
    table["a"] = replace(table["a"], cells={**table["a"].cells, Column.SCHEDULE: "daily 8:00"})
    assert found.read(table, ["a"]) == {"a"}
    assert found.understood["b"] is before
    table["a"] = replace(table["a"], cells={**table["a"].cells, Column.NAME: "c"})
    found.read(table, ["a"])
    assert found.understood["b"] is not before


def test_a_row_of_another_daemon_can_not_be_waited_for() -> None:
    table = states({"a": "", "b": "a"})
    task = meanings(table).understood["b"]
    assert isinstance(task, Task)
    assert "is run by another daemon" in message(linked({"ops": Speaking({"b": task}, table, {"a"})})["ops"]["b"])


graphs = st.dictionaries(st.sampled_from(KEYS), st.lists(st.sampled_from(KEYS), max_size=4, unique=True).map(tuple))


@given(graphs)
def test_circles_are_all_rows_that_come_back_to_themselves(some: dict[str, tuple[str, ...]]) -> None:
    graph = dict.fromkeys(KEYS, ()) | some

    def beyond(key: str) -> set[str]:
        seen, ahead = set[str](), list(graph[key])
        while ahead:
            if (one := ahead.pop()) not in seen:
                seen.add(one)
                ahead += graph[one]
        return seen

    found = list(circles(graph))
    assert sorted(key for circle in found for key in circle) == [key for key in KEYS if key in beyond(key)]
    for circle in found:
        assert all(set(circle) <= beyond(key) for key in circle)
        way = path(graph, circle)
        assert way[0] == way[-1] == circle[0]
        assert all(after in graph[key] for key, after in pairwise(way))
