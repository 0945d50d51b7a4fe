"""Daemons that share a table by labels: each row is run by one of them, and written by no other."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connectors.api import Cell, Lease, Page, Patch, Written
from connectors.errors import Taken
from connectors.leases import lease_of, line_of
from engine.events import OccurrenceRecorded, RowDefective, TableUnreachable
from engine.remit import Remit
from engine.rules import TableRules
from engine.tenancy import Holder
from tests.fakes.house import House, rules
from tests.fakes.memory_table import MemoryTable
from tests.fakes.virtual import NOON, VirtualClock, run
from tests.unit.test_loop import COLUMNS, row

LABELS = ("mac-mini", "gpu", "box.2", "a_b")
SHARED = tuple(dict.fromkeys([*COLUMNS, "Runs On", "Metadata", "Health", "Last Status"]))

cells = st.one_of(st.none(), st.just(False), st.sampled_from([*LABELS, " GPU ", "Mac-Mini"]), st.text(max_size=8))


def lease(remit: Remit, holder: str = "x") -> Lease:
    return Lease(holder, f"rowd on {holder}", NOON, tuple(sorted(remit.labels)), remit.primary)


@st.composite
def households(draw: st.DrawFn) -> list[Remit]:
    """The remits of daemons that share a table: labels of their own, exactly one is primary, and each knows of the others."""
    owner = {label: draw(st.integers(0, 3)) for label in LABELS}
    all_ = [frozenset(label for label in LABELS if owner[label] == n) for n in range(4)]
    primary = draw(st.integers(0, 3))
    return [Remit(own, n == primary, frozenset(LABELS) - own) for n, own in enumerate(all_) if own or n == primary]


@given(households(), cells)
def test_each_row_is_for_exactly_one_daemon(those: list[Remit], cell: Cell) -> None:
    assert sum(one.elsewhere(cell) is None for one in those) == 1


@given(households())
def test_nobody_s_lease_keeps_another_away(those: list[Remit]) -> None:
    assert not any(one.meets(lease(other)) for one in those for other in those if one is not other)


@given(st.sets(st.sampled_from(LABELS)), st.booleans(), st.sets(st.sampled_from(LABELS)), st.booleans())
def test_two_meet_where_a_row_could_be_for_both(a: set[str], one: bool, b: set[str], other: bool) -> None:
    first, second = Remit(frozenset(a), one or not a), Remit(frozenset(b), other or not b)
    assert first.meets(lease(second)) == second.meets(lease(first))
    both = [cell for cell in (None, *LABELS) if first.elsewhere(cell) is None and second.elsewhere(cell) is None]
    assert first.meets(lease(second)) == bool(both)


@given(st.sets(st.sampled_from(LABELS)), st.booleans())
def test_a_lease_says_as_a_line_which_rows_it_is_for(labels: set[str], primary: bool) -> None:
    said = lease(Remit(frozenset(labels), primary or not labels))
    assert lease_of(line_of(said)) == said


def test_a_daemon_that_has_a_table_for_itself_runs_every_row_of_it_or_says_what_is_wrong() -> None:
    alone = Remit(frozenset({"gpu"}), beside=frozenset(), alone=True)
    assert [alone.elsewhere(cell) for cell in (None, "gpu", "mac")] == [None, None, None]
    assert alone.flaw("GPU") is None
    assert alone.flaw("mac") == (
        "the daemon of this table has no such label; known are gpu. Clear it, or add it to `labels` in rowd.toml"
    )


class Sheet(MemoryTable):
    """A table that several daemons share."""

    def __init__(self, rows: Sequence[dict[str, str]]) -> None:
        super().__init__(rows, SHARED)
        self.leases: dict[str, Lease] = {}


class Link(MemoryTable):
    """One daemon's way to it.   wrote: (virtual instant, label of the row as it then stood, columns) of each patch."""

    def __init__(self, sheet: Sheet, clock: VirtualClock) -> None:
        super().__init__([], sheet.columns)
        self.sheet, self._clock = sheet, clock
        self.rows = sheet.rows
        self.wrote: list[tuple[str, dict[str, Cell]]] = []

    def read(self, cursor: str | None = None) -> Page:
        return replace(super().read(cursor), leases=tuple(self.sheet.leases.values()))

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        answers = super().write(patches)
        self.wrote += [(str(a.row.cells["Name"]), dict(p.put)) for p, a in zip(patches, answers, strict=True) if a.row is not None]
        return answers

    def lease(self, lease: Lease) -> None:
        self.sheet.leases[lease.holder] = lease

    def release(self, holder: str) -> None:
        self.sheet.leases.pop(holder, None)


def having(*labels: str, primary: bool = False) -> TableRules:
    known = rules()
    return replace(known, rules=replace(known.rules, remit=Remit(frozenset(labels), primary)))


def daemon(path: Path, name: str, clock: VirtualClock) -> House:
    (path / name).mkdir(parents=True)
    house = House(path / name, clock)
    house.holder = Holder(name, f"rowd on {name}")
    return house


def labelled(name: str, label: str, schedule: str = "every minute") -> dict[str, str]:
    return {**row(name, schedule), "Runs On": label}


def test_when_a_daemon_has_gone_the_primary_says_so_and_leaves_what_stands_of_its_runs(tmp_path: Path) -> None:
    """The primary once ran the row itself: what it knows of that is older."""
    sheet = Sheet([labelled("b", "")])

    async def story() -> None:
        clock = VirtualClock()
        main, other = daemon(tmp_path, "main", clock), daemon(tmp_path, "other", clock)
        async with main.open(Link(sheet, clock), table_rules=having(primary=True)):
            await main.after(minutes=2, seconds=30)
            sheet.rows[0]["Runs On"] = "gpu"
            async with other.open(Link(sheet, clock), table_rules=having("gpu")):
                await main.after(minutes=9)
            theirs = dict(sheet.rows[0])
            assert theirs["Runs"] == str(len(other.witness.seen)) != "0"
            await main.after(minutes=2)
        now = sheet.rows[0]
        assert now["Health"].startswith('ERROR: Runs On "gpu": no daemon of this table')
        assert {column for column in SHARED if now[column] != theirs[column]} <= {"Health", "Understood As", "Next Run"}
        assert now["Next Run"] == ""

    run(story())


def test_each_runs_and_writes_its_own_rows(tmp_path: Path) -> None:
    sheet = Sheet([labelled("a", ""), labelled("b", "gpu"), labelled("c", "Mac-Mini"), labelled("d", "nobody")])

    async def story() -> None:
        clock = VirtualClock()
        main, other = daemon(tmp_path, "main", clock), daemon(tmp_path, "other", clock)
        theirs = Link(sheet, clock)
        async with (
            other.open(theirs, table_rules=having("gpu")),
            main.open(Link(sheet, clock), table_rules=having("mac-mini", primary=True)),
        ):
            await main.after(minutes=3, seconds=30)
        assert {r.task for r in main.witness.seen} == {"a", "c"}
        assert {r.task for r in other.witness.seen} == {"b"}
        assert {name for name, _ in theirs.wrote} == {"b"}
        assert all(r["Last Status"] == "succeeded" for r in sheet.rows[:3])
        assert [e.message for e in main.of(RowDefective)] == [sheet.rows[3]["Health"].removeprefix("ERROR: ")]
        assert "no daemon of this table has this label; known are gpu, mac-mini" in sheet.rows[3]["Health"]
        assert other.of(RowDefective) == []

    run(story())


def test_a_row_that_goes_to_another_daemon_leaves_nothing_to_catch_up(tmp_path: Path) -> None:
    sheet = Sheet([labelled("a", ""), {**labelled("b", ""), "Metadata": '{"Runs On": "gpu"}'}])

    async def story() -> None:
        clock = VirtualClock()
        main, other = daemon(tmp_path, "main", clock), daemon(tmp_path, "other", clock)
        async with (
            main.open(Link(sheet, clock), table_rules=having(primary=True)),
            other.open(Link(sheet, clock), table_rules=having("gpu")),
        ):
            await main.after(minutes=3, seconds=30)
            sheet.person("a")["Runs On"] = "gpu"
            await main.after(minutes=3)
            sheet.person("a")["Runs On"] = ""
            await main.after(minutes=3)
        minutes = [(r.due - NOON) // timedelta(minutes=1) for r in main.witness.seen]
        assert minutes == [1, 2, 3, 8, 9]  # none in the minute after it came over: the other may not have looked yet
        assert [(r.due - NOON) // timedelta(minutes=1) for r in other.witness.seen if r.task == "a"] == [5, 6]
        assert main.of(OccurrenceRecorded) == other.of(OccurrenceRecorded) == []

    run(story())


def test_what_runs_when_its_row_goes_elsewhere_ends_and_is_told_by_nobody_but_its_history(tmp_path: Path) -> None:
    sheet = Sheet([labelled("a", "", "every hour")])

    async def story() -> None:
        house = daemon(tmp_path, "main", VirtualClock())
        async with house.open(Link(sheet, house.clock), table_rules=having(primary=True)) as alive:
            sheet.leases["x"] = Lease("x", "rowd on x", NOON + timedelta(hours=9), ("gpu",), primary=False)
            await house.after(hours=1, seconds=30)
            sheet.person("a")["Runs On"] = "gpu"
            shown = dict(sheet.person("a"))
            await house.after(hours=2)
            assert sheet.person("a") == shown
            assert alive is not None
        assert len(house.witness.seen) == 1

    run(story())


def test_only_the_primary_gives_ids_and_tells_what_is_wrong(tmp_path: Path) -> None:
    sheet = Sheet([labelled("a", "gpu"), labelled("b", "")])
    sheet.rows += Sheet([{**labelled("new", "gpu"), "ID": ""}, {**labelled("bad", ""), "Schedule": "sometimes"}]).rows

    async def story() -> None:
        clock = VirtualClock()
        other = daemon(tmp_path, "other", clock)
        async with other.open(Link(sheet, clock), table_rules=having("gpu")):
            await other.after(minutes=1, seconds=30)
            assert sheet.person("new")["ID"] == sheet.person("bad")["Health"] == ""
            main = daemon(tmp_path, "main", clock)
            async with main.open(Link(sheet, clock), table_rules=having(primary=True)):
                await main.after(minutes=2)
                assert sheet.person("new")["ID"]
                assert "sometimes" in sheet.person("bad")["Health"]
                assert {r.task for r in main.witness.seen} == {"b"}
        assert {r.task for r in other.witness.seen} == {"a", "new"}
        assert sheet.leases == {}

    run(story())


@pytest.mark.parametrize(
    ("first", "second"), [(having("gpu"), having("cpu", "gpu")), (having(primary=True), having("gpu", primary=True))]
)
def test_daemons_with_rows_in_common_do_not_share_a_table(first: TableRules, second: TableRules, tmp_path: Path) -> None:
    sheet = Sheet([labelled("a", "gpu")])

    async def story() -> None:
        clock = VirtualClock()
        one, two = daemon(tmp_path, "one", clock), daemon(tmp_path, "two", clock)
        async with one.open(Link(sheet, clock), table_rules=first):
            await one.after(seconds=5)
            built, committer = None, None
            with pytest.raises(Taken, match=r"rowd on one runs (the rows of gpu|this table), at least until"):
                built, committer = await two.daemon(Link(sheet, clock), table_rules=second)
            assert built is committer is None

    run(story())


def test_labels_that_change_at_a_reload_are_said_with_the_next_look(tmp_path: Path) -> None:
    sheet = Sheet([labelled("a", "gpu"), labelled("b", "cpu")])

    async def story() -> None:
        clock = VirtualClock()
        one = daemon(tmp_path, "one", clock)
        async with one.open(Link(sheet, clock), table_rules=having("gpu")) as alive:
            await one.after(minutes=2, seconds=30)
            assert {r.task for r in one.witness.seen} == {"a"}
            alive.reconfigure(one.parts(), {"ops": having("cpu")})
            await one.after(minutes=3)
            assert [x.labels for x in sheet.leases.values()] == [("cpu",)]
        seen = Counter(r.task for r in one.witness.seen)
        assert seen == {"a": 2, "b": 2}
        assert one.of(TableUnreachable) == []

    run(story())


@pytest.mark.parametrize("seed", range(8))
def test_whatever_people_do_to_labels_nothing_runs_twice_at_one_instant(seed: int, tmp_path: Path) -> None:
    luck = random.Random(seed)  # noqa: S311 (no secret)
    sheet = Sheet([labelled(f"t{n}", luck.choice(["", "gpu", "cpu"])) for n in range(8)])

    async def story() -> None:
        clock = VirtualClock()
        houses = [daemon(tmp_path, name, clock) for name in ("one", "two", "three")]
        links = [Link(sheet, clock) for _ in houses]
        remits = [having(primary=True), having("gpu"), having("cpu")]
        async with (
            houses[0].open(links[0], table_rules=remits[0]),
            houses[1].open(links[1], table_rules=remits[1]),
            houses[2].open(links[2], table_rules=remits[2]),
        ):
            for _ in range(40):
                await asyncio.sleep(luck.uniform(1, 40))
                changed = luck.choice(sheet.rows)
                changed["Runs On"] = luck.choice(["", "gpu", "cpu"])
                await asyncio.sleep(0)
            await asyncio.sleep(60)
            for link in links:
                link.wrote.clear()
            await asyncio.sleep(130)
        ran = Counter((r.task, r.due) for house in houses for r in house.witness.seen)
        assert not [what for what, times in ran.items() if times > 1 and what[1] > NOON]
        for link, its in zip(links, ["", "gpu", "cpu"], strict=True):
            assert {name for name, _ in link.wrote} == {r["Name"] for r in sheet.rows if r["Runs On"] == its}

    run(story())


def test_a_table_that_is_ours_already_is_read_once_when_its_daemon_starts_anew(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), Sheet([row("a", "every minute")])
        link = Link(sheet, house.clock)
        sheet.leases["test"] = Lease("test", "a test", NOON + timedelta(minutes=10), (), primary=True)
        async with house.open(link):
            await house.after(seconds=1)
            assert link.reads == 1
            await house.until(NOON + timedelta(seconds=65))
        assert house.witness.times() == [NOON + timedelta(minutes=1)]

    run(story())
