"""What a command sees beside the rows themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from actions.api import Outcome, Result
from engine.clock import SystemClock
from engine.ledger import Reach
from engine.patience import CLOSED_WITHIN, WAITS
from engine.wording import moment
from rowd.cli.site import reading, site_at
from rowd.house import house
from rowd.view import look
from tests.unit.cli.desk import Desk

ROW = "1,backup,,hourly,work,active,,,,"


def no_access_since(desk: Desk, ago: timedelta) -> None:
    with desk.ledger() as ledger:
        mark = ledger.table_mark("ops")
        assert mark is not None
        ledger.mark_table(replace(mark, state=Reach.NO_ACCESS, since=datetime.now(UTC) - ago))


class Waits(SystemClock):
    """Notes for how long it is asked to wait, and doesn't; but what a table may take to close is no wait of the command's."""

    def __init__(self) -> None:
        super().__init__()
        self.spans: list[timedelta] = []

    async def sleep(self, span: timedelta) -> None:
        if span != CLOSED_WITHIN:
            self.spans.append(span)


def test_a_table_that_has_been_gone_for_long_holds_its_rows_as_the_daemon_does(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ROW)
    desk.daemon_reads()
    (tmp_path / "ops.csv").unlink()
    assert "held" not in desk.json("show", "backup")["why_not_now"]  # it went only just now, as far as anyone knows
    no_access_since(desk, timedelta(minutes=10))
    assert "held" not in desk.json("show", "backup")["why_not_now"]
    no_access_since(desk, timedelta(minutes=20))
    assert desk.json("show", "backup")["why_not_now"].startswith("It is held: no access")


def test_a_hold_ends_for_every_command_when_it_does_for_the_daemon(tmp_path: Path) -> None:
    desk = Desk(tmp_path, *(f"{n},task{n},,hourly,work,active,,,," for n in range(1, 9)))
    desk.daemon_reads()
    since = (datetime.now(UTC) - timedelta(minutes=2)).replace(microsecond=0)
    with desk.ledger() as ledger:
        ledger.save_rows(replace(state, absent_since=since) for state in ledger.rows("ops") if state.key not in "12")
    table = tmp_path / "ops.csv"
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:3]))
    (ops,) = desk.json("list")["tables"]
    until = moment(since + timedelta(minutes=5), ZoneInfo("Europe/Berlin"))
    remedy = f"put them back, or leave it so until {until} if you mean it (`rowd delete --gone`: at once)"
    assert ops["held"] == f"6 of 8 rows are gone at once; {remedy}"


def test_workers_are_taken_by_what_runs_not_by_what_waits(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ROW, more="[daemon]\nmax_parallel = 3\n")
    desk.daemon_reads()
    desk.began()
    waiting = desk.began("2", "other", attempts=2)
    now = datetime.now(UTC)
    with desk.ledger() as ledger:
        ledger.end_attempt(waiting.id, 1, now, Result(Outcome.FAILED, "no"), timedelta(1), now + timedelta(hours=1))
    site = site_at(tmp_path / "rowd.toml")
    with reading(site) as ledger:
        found = house(site, ledger, now)
    assert (found.free, dict(found.running)) == (2, {("action", "work"): 1, ("table", "ops"): 1})


def test_a_breaker_whose_wait_is_over_lets_things_start(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ROW, more="[breaker]\nfailures = 1\nwait = '10m'\n")
    desk.daemon_reads()
    desk.ended(desk.began(), Outcome.FAILED, "no")
    site = site_at(tmp_path / "rowd.toml")
    now = datetime.now(UTC)
    with reading(site) as ledger:
        assert set(house(site, ledger, now).shut) == {"work"}
        assert house(site, ledger, now + timedelta(minutes=11)).shut == {}


def test_without_a_ledger_every_row_is_new_and_every_worker_free(tmp_path: Path) -> None:
    Desk(tmp_path, ROW)
    site = site_at(tmp_path / "rowd.toml")
    (table,) = look(site, None, SystemClock())
    assert [row.new for row in table.rows] == [True]
    assert table.mark is None
    assert house(site, None, datetime.now(UTC)).free == site.parts.max_parallel


def test_a_row_without_an_id_lists_no_runs_that_a_blackout_will_skip(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ",backup,,hourly,work,active,,,,", more='[[blackout]]\nname = "ever"\ndays = ["mon-sun"]\n')
    assert "every hour (Europe/Berlin). All that comes is skipped: blackout ever." in desk.said("show", "backup")


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "is empty"), ("ID,Nme,Action\n1,backup,work\n", 'has no column "Name"'), ("ID,Name,name,Action\n", "twice")],
    ids=["empty", "without Name", "doubled"],
)
def test_a_table_without_headers_is_held_in_every_command(tmp_path: Path, text: str, why: str) -> None:
    desk = Desk(tmp_path, ROW)
    desk.daemon_reads()
    (tmp_path / "ops.csv").write_text(text)
    desk.daemon_reads()
    (finding,) = [f for f in desk.json("check", code=1)["findings"] if f["kind"] == "table"]
    assert finding["message"].startswith("the table is held, nothing of it starts: ")
    assert why in finding["message"]
    assert "ops is held, nothing of it starts:" in desk.said("list")
    assert desk.json("show", "backup")["why_not_now"].startswith("It is held: ")
    assert "HELD: " in desk.said("show", "backup")
    (ops,) = desk.json("status", code=1)["tables"]
    assert (ops["state"], why in ops["message"]) == ("held", True)
    assert desk.run("add", "x", "--action", "work", "--type", "manual").exit_code == 4


def test_a_lack_of_headers_is_waited_for_by_a_command_that_sees_it_first_and_by_none_after_the_daemon(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ROW)
    desk.daemon_reads()
    (tmp_path / "ops.csv").write_text("")
    site = site_at(tmp_path / "rowd.toml")
    waits = Waits()
    with reading(site) as ledger:
        assert look(site, ledger, waits)[0].held is not None
    assert waits.spans == list(WAITS)
    desk.daemon_reads()
    with reading(site) as ledger:
        assert look(site, ledger, waits)[0].held is not None
    assert waits.spans == list(WAITS)
    (tmp_path / "ops.csv").write_text("ID,Nme,Action\n")  # another lack: somebody may be saving it
    with reading(site) as ledger:
        assert look(site, ledger, waits)[0].held is not None
    assert waits.spans == [*WAITS, *WAITS]


def test_what_rowd_toml_says_of_a_tables_zone_counts_before_the_stores_own_and_the_defaults_after_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, more='[tables.far]\nconnector = "local"\npath = "far.csv"\ntime_zone = "Asia/Tokyo"\n')
    tables = site_at(desk.folder / "rowd.toml").tables
    zones = {name: str(bound.rules.by_clock_of("America/New_York").rules.zone) for name, bound in tables.items()}
    assert zones == {"ops": "America/New_York", "far": "Asia/Tokyo"}
    assert [str(bound.place.zone) for bound in tables.values()] == ["Europe/Berlin", "Asia/Tokyo"]
