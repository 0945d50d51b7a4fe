"""Steps carried out, whatever the store answers; the pace; and whether the polls fit into what a vendor allows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.api import Budget, Page, Place, Row, Traits, Window
from connectors.errors import NeedsOwner, NoHeader, OutcomeUnknown, TableError, TryLater
from connectors.preparing import Preparation, Shape, Step, Wanted
from engine.clock import SystemClock
from engine.columns import Column
from rowd.bound import Bound
from rowd.cli.site import site_at
from rowd.preparing import Pace, blank, carried_out, chosen, filled, paced, polled
from rowd.starter import first_rows
from tests.fakes.virtual import VirtualClock, run
from tests.unit.cli.desk import Desk

SECOND = timedelta(seconds=1)


async def at_once(call: Callable[[], Any]) -> Any:
    return call()


def nothing(headers: Sequence[str]) -> list[Shape]:
    return []


class Shelf:
    """A store whose steps end as they are told, each time they are taken, and are done then or aren't."""

    def __init__(self, **ends: Sequence[tuple[TableError | bool, bool]]) -> None:
        """ends: column → what its step answers or raises, and whether it is done all the same; afterwards (True, True)."""
        self.todo = list(ends)
        self.taken: list[str] = []
        self._ends = {name: list(told) for name, told in ends.items()}

    def prepare(self, wanted: Wanted) -> Preparation:
        return Preparation((), tuple(Step((name,), self._step(name), f"make {name}") for name in self.todo), ("look",))

    def _step(self, name: str) -> Callable[[], bool]:
        def take() -> bool:
            self.taken.append(name)
            end, done = self._ends[name].pop(0) if self._ends[name] else (True, True)
            if done:
                self.todo.remove(name)
            if isinstance(end, TableError):
                raise end
            return end

        return take


async def carry(shelf: Shelf) -> list[str]:
    """What was told: columns that were made, then sentences."""
    pace = Pace(at_once, VirtualClock())
    found = carried_out(shelf, nothing, shelf.prepare(nothing), pace)
    return [one if isinstance(one, str) else one.says[0] async for one in found]


def test_steps_are_taken_in_their_order_and_then_looked_at_again() -> None:
    shelf = Shelf(a=(), b=())
    assert run(carry(shelf)) == ["a", "b", "look"]
    assert shelf.taken == ["a", "b"]


def test_what_the_store_does_for_no_program_is_told_and_not_tried_again() -> None:
    shelf = Shelf(a=[(False, False)], b=())
    assert run(carry(shelf)) == ["b", "make a", "look"]
    assert shelf.taken == ["a", "b"]


def test_a_step_of_which_nobody_knows_whether_it_was_done_is_looked_for() -> None:
    done = Shelf(a=[(OutcomeUnknown("?"), True)], b=())
    assert run(carry(done)) == ["b", "look"]
    assert done.taken == ["a", "b"]
    undone = Shelf(a=[(OutcomeUnknown("?"), False)])
    assert run(carry(undone)) == ["a", "look"]
    assert undone.taken == ["a", "a"]


def test_a_step_that_can_be_taken_later_is_waited_for() -> None:
    shelf = Shelf(a=[(TryLater("busy"), False), (TryLater("busy", wait=timedelta(seconds=60)), False)])
    assert run(carry(shelf)) == ["a", "look"]


@pytest.mark.parametrize("error", [TryLater("spent", wait=timedelta(days=3)), NeedsOwner("no scope")])
def test_what_must_wait_for_a_person_or_a_day_ends_it(error: TableError) -> None:
    shelf = Shelf(a=[(error, False)], b=())
    with pytest.raises(type(error)):
        run(carry(shelf))
    assert shelf.taken == ["a"]


def test_where_a_person_must_act_first_it_is_told_how_they_could_do_all_that_is_left() -> None:
    shelf = Shelf(a=(), b=[(NeedsOwner("no scope"), False)], c=())
    told: list[str] = []

    async def carry_on() -> None:
        async for one in carried_out(shelf, nothing, shelf.prepare(nothing), Pace(at_once, VirtualClock())):
            told.append(one if isinstance(one, str) else one.says[0])  # noqa: PERF401 (what came before the error counts)

    with pytest.raises(NeedsOwner):
        run(carry_on())
    assert told == ["a", "make b", "make c"]


def test_a_table_that_never_shows_what_was_changed_is_given_up() -> None:
    shelf = Shelf(a=[(True, False)] * 9)
    with pytest.raises(TryLater, match="again and again"):
        run(carry(shelf))
    assert len(shelf.taken) == 3


def test_what_a_command_asks_counts_for_the_daemon_beside_it(tmp_path: Path) -> None:
    bound = site_at_of(Desk(tmp_path))
    bound = replace(bound, rules=replace(bound.rules, quota_share=0.4), backend=replace(bound.backend, open=Asking))

    async def ask() -> None:
        async with paced(bound, SystemClock()) as (table, pace):
            await pace(table.read)

    asyncio.run(ask())
    assert [(one.scope, one.spent, one.size) for one in bound.windows.standing(SystemClock())] == [("base", 1, 2)]  # two fifths


class Asking:
    """A store that is asked for one page."""

    traits = Traits(False, 1, (Window("any", 5, 3600 * SECOND, "base"),))

    def __init__(self, _: object, place: Place) -> None:
        self._gate = place.gate

    def read(self, cursor: str | None = None) -> Page:
        with self._gate("read"):
            return Page((), ("Name",))

    def close(self) -> None:
        pass


def test_headers_that_can_not_be_told_are_no_matter_of_waiting() -> None:
    clock = VirtualClock()

    def torn() -> None:
        raise NoHeader("no Name")

    async def ask() -> timedelta:
        begun = clock.now()
        with pytest.raises(NoHeader):
            await Pace(at_once, clock)(torn)
        return clock.now() - begun

    assert run(ask()) == timedelta(0)


# --- polls


@pytest.fixture
def bound(tmp_path: Path) -> Bound:
    return site_at_of(Desk(tmp_path))


def site_at_of(desk: Desk) -> Bound:
    return site_at(desk.folder / "rowd.toml").tables["ops"]


class Counted:
    """A table of a vendor that counts."""

    def __init__(self, *windows: Window, budgets: tuple[Budget, ...] = ()) -> None:
        self.traits = Traits(atomic_expect=False, batch=1, windows=windows, budgets=budgets)


def test_polls_that_a_window_does_not_allow_are_told_with_the_poll_that_it_does(bound: Bound) -> None:
    day = Window("any", 1_000, timedelta(days=1), "token")
    check = polled(bound, Counted(day))  # type: ignore[arg-type]  # it is asked for its traits alone
    assert check.good is False
    assert (
        check.says == "poll = 30s makes 2,880 requests in 1d, and the token allows 1,000. Set poll to 1m 26s or more in rowd.toml"
    )
    assert polled(bound, Counted(Window("any", 3_000, timedelta(days=1), "token"))).good is True  # type: ignore[arg-type]  # as above


def test_of_polls_that_a_month_does_not_allow_it_is_told_how_seldom_they_come(bound: Bound) -> None:
    check = polled(bound, Counted(budgets=(Budget(1_000, "workspace"),)))  # type: ignore[arg-type]  # as above
    assert (check.good, check.trouble) == (None, None)
    assert check.says == (
        "poll = 30s makes 89,280 requests in a month, and the workspace allows 1,000: it is looked at as seldom as that takes,"
        " about every 44m 38s"
    )
    assert polled(bound, Counted(budgets=(Budget(100_000, "workspace"),))).good is True  # type: ignore[arg-type]  # as above


def test_what_the_operator_keeps_for_others_is_not_counted_on(bound: Bound) -> None:
    bound = replace(bound, rules=replace(bound.rules, quota_share=0.25))
    day = polled(bound, Counted(Window("any", 4_000, timedelta(days=1), "token")))  # type: ignore[arg-type]  # as above
    assert (day.good, "the token allows 4,000, of which 25% are rowd's (quota_share). Set poll to 1m 26s" in day.says) == (
        False,
        True,
    )
    budgets = (Budget(100_000, "workspace"), Budget(240, 'table "ops"'))
    month = polled(bound, Counted(budgets=budgets))  # type: ignore[arg-type]  # as above
    assert 'the table "ops" allows 240, of which 25% are rowd' in month.says
    assert month.says.endswith("about every 12h 24m")


def test_a_store_that_counts_nothing_has_no_limits(bound: Bound) -> None:
    assert polled(bound, Counted()).says == "none"  # type: ignore[arg-type]  # as above


# --- columns and first rows


def test_the_usual_columns_come_first_and_what_is_asked_for_besides_once() -> None:
    found = chosen([Column.PRIORITY, Column.STATUS, Column.TIME_ZONE])
    assert found[:2] == [Column.ID, Column.NAME]
    assert found[-2:] == [Column.TIME_ZONE, Column.PRIORITY]
    assert found.count(Column.STATUS) == 1


class Pages:
    """Two pages of rows."""

    def __init__(self, *rows: Row) -> None:
        self.rows = rows
        self.made: list[dict[str, object]] = []
        self.sizes: list[int] = []

    def read(self, cursor: str | None = None) -> Page:
        half = self.rows[:1] if cursor is None else self.rows[1:]
        return Page(half, ("Key", "Name", "State"), "next" if cursor is None else None, "Key")

    def create(self, rows: Sequence[dict[str, object]]) -> list[str]:
        self.made += rows
        self.sizes.append(len(rows))
        return []


def test_a_table_is_empty_where_no_row_says_anything() -> None:
    empty, filled_ = Row("1", {"Name": None}), Row("2", {"Name": "x"})
    pace = Pace(at_once, VirtualClock())
    assert run(blank(Pages(empty, empty), pace)) is not None  # type: ignore[arg-type]  # it is only read
    assert run(blank(Pages(empty, filled_), pace)) is None  # type: ignore[arg-type]  # as above
    assert run(blank(Pages(), pace)) is not None  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    ("actions", "action", "told"),
    [(["work"], "work", "Give it"), (["slow", "deploy"], None, "Choose its Action (deploy, slow). Give it"), ([], None, "Give it")],
)
def test_first_rows_name_an_action_only_where_there_is_no_choice(actions: list[str], action: str | None, told: str) -> None:
    first, counter = first_rows(actions)
    assert (first["Action"], counter["Action"]) == (action, action)
    assert str(first["Description"]).startswith(told)


def test_first_rows_have_ids_and_only_columns_that_there_are(tmp_path: Path) -> None:
    more = '[tables.ops.columns]\nID = "Key"\nStatus = "State"\n'
    bound, table, pace = (
        site_at_of(Desk(tmp_path, header="Key,Name,Action,State", more=more)),
        Pages(),
        Pace(at_once, VirtualClock()),
    )
    page = table.read("next")
    rows = [{"Name": "a", "Status": "draft", "Notes": "x"}, {"Name": "b"}, {"Name": "c"}]
    run(filled(bound, table, page, rows, pace, batch=2))  # type: ignore[arg-type]  # it only makes rows
    assert table.sizes == [2, 1]
    made = table.made[0]
    assert {**made, "Key": "k"} == {"Key": "k", "Name": "a", "State": "draft"}
    assert made["Key"]
