"""Which row a name means, of several tables; and what the looking costs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from engine.columns import Column
from engine.keeper import Keeper
from engine.links import Openness
from engine.meanings import Meanings
from engine.model import Defect, RowState, Task
from engine.naming import Extent
from engine.neighbours import Neighbours
from engine.tally import Tally
from tests.fakes.house import open_to_all
from tests.fakes.virtual import NOON
from tests.unit.test_chains import Said, keys, message, states


def tables(openness: Openness = Openness.OPEN, names: dict[str, str] | None = None, **said: Said) -> dict[str, Meanings]:
    """These tables together: table → key → Depends On.   openness: of ops.   names: key → Name, where that is another."""
    neighbours, found = Neighbours(), dict[str, Meanings]()
    for its in open_to_all(*said, ops=openness):
        name = its.rules.table
        found[name] = Meanings(its.rules, neighbours)
        found[name].read(rows := of(name, said[name], **(names or {})), rows)
    neighbours.meet()
    return found


def of(table: str, said: Said, **names: str) -> dict[str, RowState]:
    return {key: replace(state, table=table) for key, state in states(said, **names).items()}


def web(said: str, ops: Said, *own: str, openness: Openness = Openness.OPEN, **names: str) -> Task | Defect:
    """What a row of web means that says this under Depends On."""
    return tables(openness, names, ops=ops, web={**dict.fromkeys(own, ""), "row": said})["web"].understood["row"]


@pytest.mark.parametrize("said", ["ops/b", "OPS / Build  it", 'b, "ops/build it"', "ops/b, ops/build it"])
def test_a_row_of_another_table_is_found_by_name_and_by_id(said: str) -> None:
    found = web(said, {"b": ""}, "b", b="build it")
    assert isinstance(found, Task)
    assert ("ops", "b") in [d.place for d in found.depends_on]


def test_a_row_of_the_tables_own_comes_first_and_may_be_said_with_its_table() -> None:
    found = web("ops/b, web/c", {"b": ""}, "c", "ops/b")
    assert isinstance(found, Task)
    assert [d.place for d in found.depends_on] == [("web", "ops/b"), ("web", "c")]
    found = web("ops/a/b", {"a/b": ""})
    assert keys(found) == ["a/b"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("ops/bulid", 'no row of the table ops has the Name or ID "bulid"; did you mean "build"?'),
        ("build", 'no row of this table has the Name or ID "build"; of another table, it is ops/build'),
        ("ops/", '"ops/" names no row; after ops/ write the Name of one'),
        ("web/x", 'no row of this table has the Name or ID "x"'),
        ("opps/build", 'no row of this table has the Name or ID "opps/build", and there is no table "opps"; did you mean "ops"?'),
        ("x/y", 'no row of this table has the Name or ID "x/y", and there is no table "x"'),
        ("tests/unlt", 'no row of this table has the Name or ID "tests/unlt"; did you mean "tests/unit"?'),
        ("tests/unit; ops/build", 'ID "tests/unit; ops/build"; with commas between the names, it is tests/unit, ops/build'),
        ("ops/a, b", "a Name that holds a comma stands in double quotes; put it in quotes"),
    ],
)
def test_what_can_not_be_found_is_told_with_what_was_probably_meant(said: str, told: str) -> None:
    assert message(web(said, {"build": "", "1": ""}, "tests/unit", **{"1": "a, b"})).endswith(told)


@pytest.mark.parametrize("said", ["ops/build", "ops/bulid", "ops/"])
def test_of_a_table_that_may_not_be_read_nothing_is_told(said: str) -> None:
    assert message(web(said, {"build": ""}, openness=Openness.CLOSED)) == (
        f'Depends On "{said}": rows of this table may not speak of those of the table ops; the operator can let them, by '
        '"web" in readable_by under [tables.ops] in rowd.toml'
    )
    assert "build" not in message(web("opps/build x", {"build": ""}, openness=Openness.CLOSED)).partition("ID")[2].partition(",")[2]


def test_a_table_of_which_nothing_runs_can_not_be_waited_for() -> None:
    assert "nothing of the table ops runs, since it says serve = false" in message(
        web("ops/b", {"b": ""}, openness=Openness.UNSERVED)
    )


def test_what_became_of_a_row_is_told_to_other_tables() -> None:
    found = tables(ops={"build": ""}, web={"row": "ops/build"})
    ops = of("ops", {"build": ""}, build="build")
    del ops["build"]
    ops["b1"] = replace(of("ops", {"b1": ""}, b1="build")["b1"])
    found["ops"].read(ops, ["build", "b1"])
    assert keys(found["web"].understood["row"]) == ["b1"]
    assert found["web"].neighbours.stirred() >= {("web", "row")}
    ops["b1"] = replace(ops["b1"], cells={**ops["b1"].cells, Column.NAME: "compile"})
    found["ops"].read(ops, ["b1"])
    assert message(found["web"].understood["row"]).endswith('"build" any more; it was renamed to "compile"')
    (defect,), mended = found["web"].news()
    assert (defect.key, mended) == ("row", [])


def test_a_row_that_another_daemon_runs_can_not_be_waited_for() -> None:
    found = tables(ops={"build": ""}, web={"row": "ops/build", "x": "ops/nix"})
    found["ops"].reach(Extent.ELSEWHERE)
    assert "is run by another daemon" in message(found["web"].understood["row"])
    assert "is run by another daemon" in message(found["web"].understood["x"])
    found["ops"].reach(Extent.UNREAD)
    assert keys(found["web"].understood["x"]) == [""]
    found["ops"].reach(Extent.WHOLE)
    assert keys(found["web"].understood["row"]) == ["build"]


def test_a_look_beside_the_others_changes_nothing_of_theirs() -> None:
    found = tables(ops={"a": "web/b"}, web={"b": ""})
    found["web"].neighbours.stirred()
    alone = Meanings(found["web"].rules, found["web"].neighbours.beside("web"))
    alone.read(rows := of("web", {"b": "ops/a"}), rows)
    assert "circle" in message(alone.understood["b"])
    assert keys(found["ops"].understood["a"]) == ["b"]
    assert not found["ops"].neighbours.stirred()


# --- what it costs, in calls


def calls(work: Callable[[], object]) -> int:
    """How many functions this calls."""
    number = 0

    def count(_frame: object, event: str, _of: Any) -> None:
        nonlocal number
        number += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return number


def chained(number: int) -> list[Keeper]:
    """Two tables, of as many rows each, in chains ten deep that go to and fro."""
    neighbours, found = Neighbours(), dict[str, Keeper]()
    for its, other in zip(open_to_all("ops", "web"), ("web", "ops"), strict=True):
        said = {f"r{n}": "" if n % 10 == 0 else f"{other}/r{n - 1}" for n in range(number)}
        keeper = Keeper(its, of(its.rules.table, said).values(), {}, None)
        keeper.reach(Extent.WHOLE)
        keeper.others = found.get
        keeper.meanings.join(neighbours)
        found[keeper.name] = keeper
    neighbours.meet()
    neighbours.stirred()
    return list(found.values())


def released(keeper: Keeper, other: Keeper) -> None:
    keeper.ended({"r4": Tally()})
    assert keeper.meanings.neighbours.stirred() == {(other.name, "r5")}
    assert other.standing("r5", NOON) is not None


def test_a_release_costs_the_same_among_few_rows_and_among_many() -> None:
    few, many = chained(20), chained(2000)
    released(*chained(20))  # what is made once for all is
    assert calls(lambda: released(*few)) == calls(lambda: released(*many))


def test_an_edit_of_no_link_looks_at_no_other_row() -> None:
    def edited(keeper: Keeper) -> None:
        state = keeper.states["r0"]
        keeper.apply({"r0": replace(state, cells={**state.cells, Column.SCHEDULE: "daily 8:00"})}, NOON)

    few, many = chained(20), chained(2000)
    edited(chained(20)[0])  # what is made once for all is
    assert calls(lambda: edited(few[0])) == calls(lambda: edited(many[0]))


def test_understanding_anew_is_linear() -> None:
    def understood(keeper: Keeper) -> None:
        keeper.meanings.neighbours.meet()

    few, many = chained(500)[0], chained(2000)[0]
    assert 3.8 < calls(lambda: understood(many)) / calls(lambda: understood(few)) < 4.2
