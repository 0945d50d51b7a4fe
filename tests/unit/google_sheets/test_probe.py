"""Drive's version as a cheap look: it hides no edit, however late it comes, and tells our own writes from people's."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.api import Patch
from connectors.errors import NeedsOwner, TryLater
from tests.conformance.sheets_bench import SheetsBench, World
from tests.emulators.core.exchange import Answer
from tests.emulators.core.faults import Fault
from tests.unit.google_sheets.conftest import Make


def probe(bench: SheetsBench) -> str:
    table: Any = bench.table
    return str(table.probe())


def test_a_quiet_probe_costs_nothing_of_the_quota_of_sheets(bench: SheetsBench) -> None:
    first = probe(bench)
    bench.table.read()
    bench.asked()
    assert [probe(bench) for _ in range(3)] == [first] * 3
    assert bench.asked() == []


def test_after_a_write_of_ours_the_tab_is_read_once(bench: SheetsBench) -> None:
    bench.table.write([Patch(row.key, {"Last Result": "x"}) for row in bench.table.read().rows])
    bench.table.read()
    first = probe(bench)
    bench.table.write([Patch("a", {"Last Result": "1"})])
    bench.asked()
    assert [probe(bench) for _ in range(3)] == [first] * 3
    assert bench.asked() == ["spreadsheets.get"]


@pytest.mark.parametrize("lag", ["none", "30s", "120s"])
def test_a_version_that_comes_late_hides_no_edit(make: Make, lag: str) -> None:
    bench = make(World(switches={"drive_lag": lag}))
    bench.table.write([Patch(row.key, {"Last Result": "x"}) for row in bench.table.read().rows])
    bench.clock.advance(minutes=5)
    first = probe(bench)
    bench.table.read()
    bench.poke("beta", {"Notes": "typed"})  # shows late
    bench.clock.advance(seconds=20)
    bench.table.write([Patch("a", {"Last Result": "1"})])
    bench.clock.advance(seconds=15)
    probe(bench)
    bench.clock.advance(minutes=5)
    assert probe(bench) != first


def test_a_write_that_met_an_edit_in_its_own_row_is_a_change_at_once(make: Make) -> None:
    bench = make(World(switches={"drive_lag": "120s"}))
    bench.table.write([Patch(row.key, {"Last Result": "x"}) for row in bench.table.read().rows])
    bench.table.read()
    first = probe(bench)
    bench.poke("alpha", {"Notes": "typed"})
    answer = bench.table.write([Patch("a", {"Last Result": "1"})])[0]
    assert answer.row is not None
    assert answer.row.cells["Notes"] == "typed"
    assert probe(bench) != first


def test_new_and_removed_rows_are_changes(bench: SheetsBench) -> None:
    table: Any = bench.table
    bench.table.read()
    first = probe(bench)
    table.create([{"ID": "d", "Name": "delta"}])
    second = probe(bench)
    bench.table.read()
    table.delete(["d"])
    assert len({first, second, probe(bench)}) == 3


def test_a_file_in_the_bin_is_for_its_owner(bench: SheetsBench) -> None:
    bench.person.trash()
    with pytest.raises(NeedsOwner, match="in the bin"):
        probe(bench)
    bench.person.trash(False)
    assert probe(bench)


@pytest.mark.parametrize(
    "answer",
    [
        Answer.of(403, {"error": {"code": 403, "errors": [{"domain": "usageLimits", "reason": "accessNotConfigured"}]}}),
        Answer.of(403, {"error": {"code": 403, "errors": [{"domain": "global", "reason": "insufficientPermissions"}]}}),
        Answer.of(404, {"error": {"code": 404, "errors": [{"domain": "global", "reason": "notFound"}]}}),
        Answer.of(403, {"error": {"code": 403, "errors": [{"domain": "usageLimits", "reason": "userRateLimitExceeded"}]}}),
        Answer.of(429, {}),
        Answer.html(502, "<html>"),
    ],
)
def test_where_drive_doesn_t_answer_everything_may_have_changed(bench: SheetsBench, answer: Answer) -> None:
    bench.table.read()
    first = probe(bench)
    bench.service.faults.add(Fault("drive.get", answer=answer))
    assert len({first, probe(bench), probe(bench)}) == 3
    bench.service.faults.clear()
    settled = probe(bench)
    assert probe(bench) == settled


def test_a_network_that_is_away_is_that(bench: SheetsBench) -> None:
    bench.table.read()
    bench.service.faults.add(Fault("drive.get", reset=True))
    with pytest.raises(TryLater):
        probe(bench)


def test_a_read_that_is_refused_while_probing_leaves_it_to_the_engines_own(bench: SheetsBench) -> None:
    bench.table.read()
    first = probe(bench)
    bench.table.write([Patch("a", {"Last Result": "1"})])
    bench.service.faults.add(Fault("spreadsheets.get", answer=Answer.of(429, {})))
    assert probe(bench) != first


def test_quotas_are_kept_and_waited_for(make: Make) -> None:
    bench = make(quotas=True)
    for _ in range(60):
        bench.table.read()
    with pytest.raises(TryLater, match="quota for this minute is spent") as spent:
        bench.table.read()
    assert spent.value.wait is not None
    assert 0 < spent.value.wait.total_seconds() <= 61
    assert probe(bench)
    bench.clock.advance(minutes=1)
    bench.table.read()


def test_another_time_zone_is_a_change_also_behind_a_write_of_ours(bench: SheetsBench) -> None:
    bench.table.write([Patch(row.key, {"Last Result": "x"}) for row in bench.table.read().rows])
    bench.table.read()
    first = probe(bench)
    bench.table.write([Patch("a", {"Last Result": "1"})])
    bench.person.book.properties["timeZone"] = "Asia/Tokyo"
    bench.file.changed(bench.clock.now())
    assert probe(bench) != first
    assert bench.table.read().time_zone == "Asia/Tokyo"
