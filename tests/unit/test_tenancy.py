"""Leases: of daemons that want one table at most one runs it, whenever they start, however slowly the store answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import cycle
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.api import Budget, Lease, Page, Patch, Traits, Written
from connectors.errors import NeedsOwner, OutcomeUnknown, TableError, Taken, TryLater
from engine.patience import PatientTable
from engine.tenancy import TERM, TERM_OF_MONTHS, Holder, Tenancy
from tests.fakes.virtual import NOON, VirtualClock, run

T = TypeVar("T")
MINUTE = timedelta(minutes=1)


class Store:
    """A table of no rows. What is asked takes effect at one instant, for all at once."""

    def __init__(self, budgets: tuple[Budget, ...] = ()) -> None:
        self.leases: dict[str, Lease] = {}
        self.budgets = budgets
        self.asked: list[str] = []


class Link:
    """One daemon's way to the store.   faults: raised by the next requests, None for none."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._met: set[str] = set()
        self.faults: list[TableError | None] = []

    @property
    def traits(self) -> Traits:
        return Traits(False, 10, budgets=self._store.budgets)

    def read(self, cursor: str | None = None) -> Page:
        self._ask("read")
        self._met = set(self._store.leases)
        return Page((), ("Name",), leases=tuple(self._store.leases.values()))

    def lease(self, lease: Lease) -> None:
        self._ask("lease")
        if lease.holder in self._store.leases or lease.holder not in self._met:
            self._store.leases[lease.holder] = lease
            self._met.add(lease.holder)

    def release(self, holder: str) -> None:
        self._ask("release")
        self._store.leases.pop(holder, None)

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        raise NotImplementedError

    def close(self) -> None: ...

    def _ask(self, what: str) -> None:
        self._store.asked.append(what)
        if self.faults and (fault := self.faults.pop(0)) is not None:
            raise fault


class Slow:
    """A worker whose calls take a while, before and after they take effect."""

    def __init__(self, clock: VirtualClock, takes: Iterator[float]) -> None:
        self._clock, self._takes = clock, takes

    async def __call__(self, call: Callable[[], T]) -> T:
        await self._clock.sleep(timedelta(seconds=next(self._takes)))
        answer = call()
        await self._clock.sleep(timedelta(seconds=next(self._takes)))
        return answer

    def wait(self, what: Coroutine[Any, Any, None]) -> None:
        raise NotImplementedError

    def close(self) -> None: ...


class One:
    """A daemon."""

    def __init__(
        self, name: str, store: Store, takes: Sequence[float] = (0.0,), apart: timedelta = MINUTE, who: str | None = None
    ) -> None:
        self.clock = VirtualClock()
        self.link = Link(store)
        self.table = PatientTable(self.link, self.clock, Slow(self.clock, cycle(takes)))
        self.tenancy = Tenancy("ops", self.table, Holder(name, who or f"rowd on {name}"), self.clock, lambda: apart)

    async def looks(self) -> None:
        await self.tenancy.seen((await self.table.read()).leases)


delays = st.lists(st.sampled_from([0.0, 0.01, 0.4, 1.0, 5.0, 40.0]), min_size=1, max_size=6)


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.3, 1.0, 2.0, 9.0]), delays), min_size=2, max_size=4))
def test_of_daemons_that_start_at_any_time_at_most_one_runs_the_table(starts: list[tuple[float, list[float]]]) -> None:
    """starts: seconds after which each starts, and how long its requests take."""
    store = Store()
    running: set[int] = set()

    async def starting(number: int, after: float, takes: list[float]) -> None:
        one = One(f"host{number}", store, takes)
        await one.clock.sleep(timedelta(seconds=after))
        with suppress(Taken):
            await one.tenancy.take()
            running.add(number)
            for _ in range(3):
                assert running == {number}
                await one.clock.sleep(MINUTE)
                await one.looks()
        running.discard(number)

    async def story() -> None:
        await asyncio.gather(*(starting(n, *start) for n, start in enumerate(starts)))

    run(story())


@pytest.mark.parametrize("fault", [None, NeedsOwner("no right to write")])
def test_who_comes_first_reads_before_its_lease_and_after_it_and_needs_no_other_look(fault: TableError | None) -> None:
    async def story() -> None:
        store = Store()
        one = One("alpha", store)
        one.link.faults = [None, fault]
        reading = await one.tenancy.take()
        assert one.tenancy.ours
        assert reading is not None
        assert [lease.holder for lease in reading.leases] == (["alpha"] if fault is None else [])
        assert store.asked == (["read", "lease", "read"] if fault is None else ["read", "lease"])

    run(story())


def test_a_second_one_gives_way_and_says_to_whom() -> None:
    async def story() -> None:
        store = Store()
        first, second = One("alpha", store), One("beta", store)
        await first.tenancy.take()
        store.asked.clear()
        with pytest.raises(Taken, match=r"^ops: rowd on alpha runs this table, at least until 2026-03-02 12:15 UTC.*--take-over"):
            await second.tenancy.take()
        assert (first.tenancy.ours, second.tenancy.ours) == (True, False)
        assert "lease" not in store.asked
        assert store.leases.keys() == {"alpha"}

    run(story())


def test_after_a_restart_the_lease_names_the_new_process() -> None:
    """Whoever looked after the one that was killed would take the table from a daemon that is alive."""

    async def story() -> None:
        store = Store()
        await One("alpha", store, who="rowd, process 1 on alpha").tenancy.take()
        again = One("alpha", store, who="rowd, process 2 on alpha")
        await again.tenancy.take()
        await again.looks()
        with pytest.raises(Taken, match="process 2 on alpha"):
            await One("beta", store).tenancy.take()
        store.asked.clear()
        await again.looks()
        assert "lease" not in store.asked  # it is said

    run(story())


def test_once_the_first_has_let_go_the_second_may_come() -> None:
    async def story() -> None:
        store = Store()
        first, second = One("alpha", store), One("beta", store)
        await first.tenancy.take()
        await first.tenancy.release()
        await second.tenancy.take()
        assert second.tenancy.ours
        assert not first.tenancy.ours

    run(story())


def test_after_a_crash_the_same_daemon_goes_on_at_once_and_writes_nothing() -> None:
    async def story() -> None:
        store = Store()
        await One("alpha", store).tenancy.take()
        store.asked.clear()
        again = One("alpha", store)
        await again.tenancy.take()
        assert again.tenancy.ours
        assert store.asked == ["read"]

    run(story())


def test_what_was_promised_by_one_that_died_lapses() -> None:
    async def story() -> None:
        store = Store()
        await One("alpha", store).tenancy.take()
        other = One("beta", store)
        await other.clock.sleep(TERM - MINUTE)
        with pytest.raises(Taken):
            await other.tenancy.take()
        await other.clock.sleep(MINUTE)
        await other.tenancy.take()
        assert other.tenancy.ours

    run(story())


def test_what_has_long_lapsed_is_taken_away_by_the_next_that_starts() -> None:
    async def story() -> None:
        store = Store()
        for name, ago in (("long", 61 * MINUTE), ("just", 5 * MINUTE)):
            store.leases[name] = Lease(name, f"rowd on {name}", VirtualClock().now() - ago)
        reading = await One("b", store).tenancy.take()
        assert set(store.leases) == {"just", "b"}
        assert reading is not None
        assert reading.handed_over

    run(story())


def test_a_table_that_can_not_be_written_runs_beside_the_leases_of_the_long_gone() -> None:
    async def story() -> None:
        store = Store()
        store.leases["long"] = Lease("long", "rowd on long", VirtualClock().now() - 61 * MINUTE)
        one = One("b", store)
        one.link.faults = [None, NeedsOwner("no right to write"), NeedsOwner("no right to write")]
        assert await one.tenancy.take() is not None
        assert one.tenancy.ours

    run(story())


def test_who_takes_over_and_can_not_leave_a_lease_of_its_own_is_not_kept_away_by_the_one_it_took() -> None:
    async def story() -> None:
        store = Store()
        await One("a", store).tenancy.take()
        one = One("b", store)
        one.link.faults = [None, None, TryLater("too many requests")]  # it reads, takes the other's away, and may not leave its own
        reading = await one.tenancy.take(over=True)
        assert reading is not None
        assert (store.leases, reading.leases) == ({}, ())
        await one.tenancy.seen(reading.leases)
        assert set(store.leases) == {"b"}

    run(story())


def test_a_lease_is_renewed_in_time_and_not_with_every_look() -> None:
    async def story() -> None:
        store = Store()
        one = One("alpha", store)
        await one.tenancy.take()
        store.asked.clear()
        for _ in range(60):
            await one.clock.sleep(MINUTE)
            await one.looks()
            assert store.leases["alpha"].until > one.clock.now() + TERM / 4
        assert store.asked.count("lease") == 60 // 11

    run(story())


@pytest.mark.parametrize(
    ("budgets", "apart", "term"),
    [
        ((), MINUTE, TERM),
        ((), 60 * MINUTE, 4 * 60 * MINUTE),
        ((Budget(1000, "workspace"),), MINUTE, TERM_OF_MONTHS),
        ((Budget(1000, "workspace"),), timedelta(hours=18), timedelta(hours=72)),
    ],
)
def test_a_lease_outlives_the_looks(budgets: tuple[Budget, ...], apart: timedelta, term: timedelta) -> None:
    async def story() -> None:
        store = Store(budgets)
        await One("alpha", store, apart=apart).tenancy.take()
        assert store.leases["alpha"].until == NOON + term

    run(story())


def test_whoever_is_taken_over_from_notices_with_its_next_look_and_leaves_the_lease_alone() -> None:
    async def story() -> None:
        store = Store()
        old, new = One("alpha", store), One("beta", store)
        await old.tenancy.take()
        await new.tenancy.take(over=True)
        assert new.tenancy.ours
        with pytest.raises(Taken, match="rowd on beta"):
            await old.looks()
        assert not old.tenancy.ours
        await old.tenancy.release()
        await new.looks()
        assert new.tenancy.ours
        assert store.leases.keys() == {"beta"}

    run(story())


def test_a_lease_that_was_taken_away_between_look_and_renewal_is_not_made_again() -> None:
    async def story() -> None:
        store = Store()
        old, new = One("alpha", store), One("beta", store)
        await old.tenancy.take()
        await old.clock.sleep(TERM * 3 / 4)
        leases = (await old.table.read()).leases
        await new.tenancy.take(over=True)
        await old.tenancy.seen(leases)
        assert store.leases.keys() == {"beta"}
        with pytest.raises(Taken):
            await old.looks()

    run(story())


def test_where_a_person_deletes_it_the_lease_comes_back_when_it_is_due() -> None:
    async def story() -> None:
        store = Store()
        one = One("alpha", store)
        await one.tenancy.take()
        store.leases.clear()
        await one.looks()
        assert one.tenancy.ours
        await one.clock.sleep(TERM * 3 / 4)
        await one.looks()
        assert store.leases.keys() == {"alpha"}

    run(story())


def test_a_lease_that_reaches_absurdly_far_keeps_nobody_away() -> None:
    async def story() -> None:
        store = Store()
        store.leases["x"] = Lease("x", "a joker", NOON + timedelta(days=400))
        one = One("alpha", store)
        await one.tenancy.take()
        assert one.tenancy.ours

    run(story())


@pytest.mark.parametrize("fault", [TryLater("away"), NeedsOwner("unshared"), OutcomeUnknown("perhaps")])
def test_a_lease_that_can_not_be_left_keeps_no_table_from_running(fault: TableError) -> None:
    async def story() -> None:
        store = Store()
        one = One("alpha", store)
        one.link.faults = [None, fault]
        await one.tenancy.take()
        assert one.tenancy.ours
        assert not store.leases
        await one.looks()
        assert store.leases.keys() == {"alpha"}
        await one.clock.sleep(TERM * 3 / 4)
        one.link.faults = [None, fault]
        await one.looks()
        assert one.tenancy.ours
        await one.looks()
        assert store.leases["alpha"].until > one.clock.now() + TERM / 2

    run(story())


class Lagging(Store):
    """It shows a new lease to readers late. What was written holds at once."""

    def __init__(self, clock: VirtualClock, lag: float) -> None:
        super().__init__()
        self.shown: dict[str, float] = {}
        self._clock, self._lag = clock, lag

    def visible(self) -> list[Lease]:
        now = self._clock.monotonic()
        for holder in self.leases:
            self.shown.setdefault(holder, now + self._lag)
        self.shown = {holder: at for holder, at in self.shown.items() if holder in self.leases}
        return [lease for holder, lease in self.leases.items() if self.shown[holder] <= now]


class LaggingLink(Link):
    def __init__(self, store: Lagging) -> None:
        super().__init__(store)
        self._lagging = store

    def read(self, cursor: str | None = None) -> Page:
        super().read(cursor)
        found = self._lagging.visible()
        self._met = {lease.holder for lease in found}
        return Page((), ("Name",), leases=tuple(found))


@given(st.lists(st.sampled_from([0.0, 3.0, 20.0, 55.0]), min_size=2, max_size=3), st.sampled_from([5.0, 30.0, 60.0]))
def test_where_a_store_shows_writes_late_one_stays_in_the_end(starts: list[float], lag: float) -> None:
    async def story() -> list[bool]:
        store = Lagging(VirtualClock(), lag)
        ones = []

        async def living(number: int, after: float) -> None:
            one = One(f"host{number}", store)
            ones.append(one)
            one.link = LaggingLink(store)
            one.table = PatientTable(one.link, one.clock, Slow(one.clock, cycle([0.1])))
            one.tenancy = Tenancy("ops", one.table, Holder(f"host{number}", "rowd"), one.clock, lambda: MINUTE)
            await one.clock.sleep(timedelta(seconds=after))
            for _ in range(60):
                try:
                    if not one.tenancy.ours:
                        await one.tenancy.take()
                    await one.looks()
                except Taken:
                    pass
                await one.clock.sleep(timedelta(seconds=10))

        await asyncio.gather(*(living(n, after) for n, after in enumerate(starts)))
        return [one.tenancy.ours for one in ones]

    assert sum(run(story())) == 1


def test_a_store_that_can_not_be_read_leaves_all_as_it_was() -> None:
    async def story() -> None:
        store = Store()
        one = One("alpha", store)
        one.link.faults = [NeedsOwner("unshared")]
        with pytest.raises(NeedsOwner):
            await one.tenancy.take()
        assert not one.tenancy.ours
        await one.tenancy.take()
        assert one.tenancy.ours

    run(story())
