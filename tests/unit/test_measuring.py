"""The numbers of a daemon: what is counted as it happens, how they stand, how they are told, and where they are documented."""

from __future__ import annotations

import platform
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from actions.api import Outcome, Result
from connectors.api import Budget, Window
from engine.budget import Spent
from engine.events import LedgerRecovered, LedgerRefused
from engine.gate import TableGate
from engine.governor import Governor
from engine.ledger import WatchMark, bytes_of
from engine.model import Stage
from engine.patience import PatientTable
from engine.quota import Purpose
from engine.rules import TableRules
from rowd import __version__
from rowd.counting import LATE, Counts, Spread
from rowd.exposition import text
from rowd.measuring import LATE as LATENESS
from rowd.measuring import MEASURES, Sample, Watched, measured, rows_by_state, sized
from rowd.vitals import Vitals
from tests.fakes.house import House, slow
from tests.fakes.memory_table import InlineWorker, MemoryTable
from tests.fakes.virtual import NOON, run
from tests.unit.test_loop import COLUMNS, MINUTE, row
from tests.unit.test_loop_corners import Alive, start

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")


def numbers(house: House, alive: Alive, answered: Counter[tuple[str, str]] | None = None) -> dict[str, dict[str, float]]:
    """As a scraper reads them: name of the sample → labels → value."""
    counts = Counts(lambda _: None)
    for event in house.events:
        counts.hear(event)
    of = Watched(alive.daemon, Vitals(alive.daemon, lambda: False), counts, answered or Counter(), NOON)
    return told([*measured(of), sized(1234)])


def told(samples: list[Sample]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(text(samples)):
        for sample in family.samples:
            labels = ",".join(f"{key}={said}" for key, said in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def test_what_has_happened_is_counted_by_table_and_outcome(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        outcomes = {"good": Outcome.SUCCEEDED, "bad": Outcome.FAILED}
        house.witness.behaviour = lambda request: Result(outcomes[request.task], "so")
        sheet = MemoryTable([row("good", "every 30 minutes"), row("bad", "every hour", Attempts="3")], (*COLUMNS, "Attempts"))
        alive = await start(house, sheet)
        await house.until(NOON + 95 * MINUTE)
        found = numbers(house, alive)
        assert found["rowd_runs_ended_total"]["outcome=succeeded,table=ops"] == 3
        assert found["rowd_runs_ended_total"]["outcome=failed,table=ops"] == len(
            {r.run for r in house.witness.seen if r.task == "bad"}
        )
        assert found["rowd_runs_ended_total"]["outcome=lost,table=ops"] == 0
        assert found["rowd_attempts_started_total"] == {"table=ops": 6}
        assert found["rowd_run_lateness_seconds_count"] == {"table=ops": 4}  # first attempts alone
        assert found["rowd_run_lateness_seconds_bucket"]["le=0.01,table=ops"] == 4
        await alive.stop()

    run(story())


def test_occurrences_that_were_not_run_count_by_their_number(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), MemoryTable([row("tick", "every minute")], COLUMNS)
        alive = await start(house, sheet)
        await house.after(seconds=30)
        await alive.kill()
        await house.after(hours=1)
        house.events.clear()
        alive = await start(house, sheet)
        await house.after(seconds=5)
        found = numbers(house, alive)["rowd_runs_ended_total"]
        assert found["outcome=missed,table=ops"] > 50
        assert found["outcome=missed,table=ops"] == sum(e.count for e in house.events if getattr(e, "outcome", "") == "missed")
        await alive.stop()

    run(story())


def test_how_it_stands_is_told_by_table(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, max_parallel=1)
        house.witness.behaviour = slow(timedelta(seconds=20))
        rows = [
            row("one", "every minute"),
            row("two", "every minute"),
            row("rest", "daily 03:00", Status="paused"),
            row("wrong", "evry minute"),
            row("later", "", Status="draft"),
        ]
        alive = await start(house, MemoryTable(rows, COLUMNS))
        await house.until(NOON + MINUTE + timedelta(seconds=5))
        found = numbers(house, alive)
        assert found["rowd_runs_under_way"] == {"table=ops": 1}
        assert found["rowd_runs_waiting"] == {"table=ops": alive.daemon.under_way.at("ops", Stage.CLAIMED, Stage.WAITING)}
        assert found["rowd_workers"] == {"": 1}
        states = {"active": 2, "paused": 1, "draft": 1, "completed": 0, "defect": 1}
        assert found["rowd_rows"] == {f"state={state},table=ops": number for state, number in states.items()}
        assert found["rowd_table_ok"] == {"table=ops": 1}
        last = NOON + MINUTE + timedelta(seconds=5)
        assert 0 <= last.timestamp() - found["rowd_table_last_read_timestamp_seconds"]["table=ops"] <= 20
        assert 0 <= last.timestamp() - found["rowd_table_last_look_timestamp_seconds"]["table=ops"] <= 20
        assert found["rowd_build_info"][f"python={platform.python_version()},version={__version__}"] == 1
        assert found["rowd_start_time_seconds"] == {"": NOON.timestamp()}
        assert found["rowd_turns_total"][""] == alive.daemon.turns > 3
        assert (found["rowd_live"], found["rowd_ready"], found["rowd_ledger_writable"]) == ({"": 1}, {"": 1}, {"": 1})
        assert found["rowd_ledger_bytes"] == {"": 1234}
        assert found["process_resident_memory_bytes"][""] > 1e6
        await alive.stop()
        assert numbers(house, alive)["rowd_runs_under_way"] == {"table=ops": 0}

    run(story())


def test_rows_of_which_nobody_knows_which_they_are_count_once_and_not_as_active(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), MemoryTable([row("one", "daily 03:00"), row("two", "daily 03:00")], COLUMNS)
        alive = await start(house, sheet)
        await house.after(seconds=5)
        keeper = alive.daemon.keepers["ops"]
        known = next(iter(keeper.understood))
        keeper.sight.doubtful = {known: "two rows bear its ID"}
        keeper.sight.unclear = {"~1": "unclear", "~2": "unclear"}  # type: ignore[dict-item]  # it is only counted
        found = rows_by_state(keeper)
        assert (found["active"], found["defect"]) == (1, 2)
        assert sum(found.values()) == sum(keeper.counts())
        await alive.kill()

    run(story())


def test_a_table_that_can_not_be_read_is_not_ok(tmp_path: Path) -> None:
    async def story() -> None:
        house, sheet = House(tmp_path), MemoryTable([row("tick", "every minute")], COLUMNS)
        sheet.fail = [OSError("away")] * 1000
        alive = await start(house, sheet)
        await house.after(seconds=20)
        found = numbers(house, alive)
        assert found["rowd_table_ok"] == {"table=ops": 0}
        assert "rowd_table_last_read_timestamp_seconds" not in found
        assert found["rowd_ready"] == {"": 1}
        await alive.stop()

    run(story())


def test_webhooks_and_watched_sources_are_told_by_the_names_of_the_operator(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path)
        alive = await start(house, MemoryTable([row("tick", "every minute")], COLUMNS))
        source: Any = type("Source", (), {"door": object()})()
        memory = alive.daemon._turns.memory
        memory.parts = replace(memory.parts, sources={"forge": source})
        memory.watches = {
            "forge": WatchMark("forge", "d", None, NOON, NOON, trouble="away"),
            "gone": WatchMark("gone", "d", None, NOON, NOON),
        }
        found = numbers(house, alive, Counter({("forge", "taken"): 3, ("forge", "refused"): 2, ("gone", "taken"): 9}))
        results = {"taken": 3, "refused": 2, "put off": 0, "greeted": 0}
        assert found["rowd_deliveries_total"] == {f"result={result},watch=forge": number for result, number in results.items()}
        assert found["rowd_watch_ok"] == {"watch=forge": 0}
        memory.parts = replace(memory.parts, sources={})
        await alive.stop()

    run(story())


class Metered(House):
    """Its tables ask a gate, as one of a vendor does."""

    def patient(self, table: Any, its: TableRules, governor: Governor) -> PatientTable:
        worker = InlineWorker()
        gate = TableGate(its.rules.table, governor, worker.wait, lambda: 0.5)
        return PatientTable(table, governor.clock, worker, gate)


def test_what_a_vendor_allows_is_told_by_table_kind_and_span(tmp_path: Path) -> None:
    minute = timedelta(seconds=60)
    windows = (
        Window("read", 60, minute, "user"),
        Window("read", 40, minute, "project"),
        Window("any", 10, timedelta(seconds=1), "user"),
    )

    async def story() -> None:
        house, sheet = Metered(tmp_path), MemoryTable([row("tick", "every minute")], COLUMNS)
        sheet.traits = replace(sheet.traits, windows=windows, budgets=(Budget(1000, "workspace"),))
        alive = await start(house, sheet)
        gate = alive.daemon._turns.memory.tenders["ops"].table._gate
        governor = alive.daemon.governor
        asked = gate._asked("read", Purpose.LOOK)
        assert not [labels for labels in numbers(house, alive).get("rowd_quota_left", {}) if "month" in labels]
        sent = await governor.admit(asked)
        await governor.ended(asked, sent)
        found = numbers(house, alive)
        assert found["rowd_store_requests_total"] == {"kind=read,table=ops": 1}
        size = {"kind=read,span=60s,table=ops": 20, "kind=any,span=1s,table=ops": 5, "kind=any,span=month,table=ops": 500}
        assert found["rowd_quota_size"] == size  # rowd's share, and of two that count the same the smaller
        assert found["rowd_quota_left"] == {place: number - 1 for place, number in size.items()}
        governor.quota.lock("user", "any", house.clock.uptime().seconds + 30)
        assert numbers(house, alive)["rowd_quota_left"]["kind=any,span=1s,table=ops"] == 0
        assert governor.spent_of("workspace", NOON.date()) == Spent(looks=1)
        await alive.stop()

    run(story())


def test_a_value_on_an_end_belongs_to_its_class_and_classes_add_up() -> None:
    spread = Spread((1.0, 5.0))
    for value in (0.5, 1.0, 1.1, 5.0, 5.1, 100.0):
        spread.add(value)
    now = spread.now()
    spread.add(0.1)
    assert now.up_to == ((1.0, 2), (5.0, 4), (float("inf"), 6))
    assert now.total == 112.7
    assert list(LATE) == sorted(LATE)


def test_a_ledger_that_refuses_is_counted_each_time_and_everything_is_passed_on() -> None:
    heard: list[Any] = []
    counts = Counts(heard.append)
    events = [LedgerRefused(at=NOON, message="full"), LedgerRecovered(at=NOON, seconds=1), LedgerRefused(at=NOON, message="full")]
    for event in events:
        counts.hear(event)
    assert (counts.refusals, heard) == (2, events)


def test_the_ledgers_files_are_counted_together_and_none_takes_nothing(tmp_path: Path) -> None:
    assert bytes_of(tmp_path / "ledger.sqlite") == 0
    for end, size in (("", 100), ("-wal", 30), ("-shm", 5), ("-other", 7)):
        (tmp_path / f"ledger.sqlite{end}").write_bytes(b"x" * size)
    assert bytes_of(tmp_path / "ledger.sqlite") == 135


def test_names_of_the_operator_can_break_no_line() -> None:
    rows_measure = next(one for one in MEASURES if one.name == "rowd_rows")
    found = told([Sample(rows_measure, ('a"b\nrowd_x 1\\', "active"), 2.0)])
    assert list(found["rowd_rows"].values()) == [2.0]
    assert "rowd_x" not in found


def test_each_measure_is_documented_with_its_labels_and_none_besides() -> None:
    written = {
        name: (kind, tuple(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels in re.findall(r"^\| `(rowd_\w+)` \| (\w+) \| (.*?) \|", PAGE, re.MULTILINE)
    }
    assert written == {measure.name: (measure.kind, measure.labels) for measure in MEASURES}
    ends = ", ".join(f"{end:g}" for end in LATE)
    assert f"Classes end at {ends} seconds" in " ".join(PAGE.split())
    assert LATENESS.name in PAGE
    assert not [
        label for measure in MEASURES for label in measure.labels if label in ("key", "row", "task", "name", "run", "scope")
    ]
