"""`rowd status`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from actions.api import Outcome
from config.load import version_of
from connectors.api import Window
from connectors.errors import Limited
from engine.asked import Wish
from engine.budget import Spent, outlook
from engine.clock import SystemClock
from engine.events import LedgerRefused
from engine.governor import Governor
from engine.ledger import Reach
from engine.quota import Asked, Purpose
from rowd.cli.site import site_at
from rowd.heartbeat import Heartbeat
from rowd.lock import locked
from rowd.note import Note, leave
from tests.fakes.virtual import VirtualClock, run
from tests.unit.cli.desk import Desk

NOWHERE: Mapping[str, datetime] = {}
HOURLY = "1,backup,,every 30 minutes,work,active,,,,"


def test_without_a_daemon_it_ends_with_one(tmp_path: Path) -> None:
    assert "not running. Start it: rowd run" in Desk(tmp_path, HOURLY).said("status", code=1)


def test_of_tables_that_nobody_has_read_nothing_is_claimed(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    assert "Next hour not known: no daemon has read a table yet; rowd next reads them" in desk.said("status", code=1)
    assert desk.json("status", code=1)["due_next_hour"] is None
    desk.daemon_reads()
    with (tmp_path / "rowd.toml").open("a") as file:
        file.write('[tables.more]\nconnector = "local"\npath = "more.csv"\n')
    assert "2 runs due, not counting what is not read yet: more; none starts while no daemon" in desk.said("status", code=1)


def test_with_a_daemon_and_readable_tables_all_is_fine(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY, "2,bad,,evry day,work,,,,,")
    desk.daemon_reads()
    desk.daemon_runs()
    told = desk.json("status")
    assert told["running"]
    assert told["fine"]
    (table,) = told["tables"]
    assert (table["state"], table["tasks"], table["defects"], table["running"]) == ("ok", 1, 1, 0)
    assert 0 <= table["age_s"] < 60
    assert told["due_next_hour"] == 2
    assert "running for 3h, process" in desk.said("status")


def test_the_next_hour_is_no_promise_where_nothing_starts(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    desk.daemon_reads()
    assert "Next hour 2 runs due; none starts while no daemon is running" in desk.said("status", code=1)
    desk.daemon_runs()
    assert "none starts" not in desk.said("status")
    with desk.ledger() as ledger:
        mark = ledger.daemon()
    assert mark is not None
    now = datetime.now(UTC)
    leave(tmp_path / ".rowd", Note(mark.process, version_of(tmp_path / "rowd.toml"), now, ("ops",), stopping_at=now))
    assert "2 runs due; none starts while the daemon is stopping" in desk.said("status")
    beats(desk, now - timedelta(minutes=2))
    assert "2 runs due; none starts while the daemon does not work" in desk.said("status", code=1)


def test_a_table_that_another_daemon_has_is_said_to_be_that_ones(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    desk.daemon_reads()
    desk.daemon_runs()
    with desk.ledger() as ledger:
        mark = ledger.table_mark("ops")
        assert mark is not None
        ledger.mark_table(replace(mark, state=Reach.ELSEWHERE, message="rowd, process 7 on beta runs this table"))
    told = desk.said("status", code=1)
    assert re.search(r"ops +elsewhere .*rowd, process 7 on beta runs this table", told)
    assert "Next hour 0 runs due" in told


def test_a_mark_left_by_a_daemon_that_was_killed_is_not_believed(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    desk.daemon_reads()
    desk.daemon_runs(started=1)  # our pid, used by another process since
    assert "ended without a word" in desk.said("status", code=1)
    desk.daemon_runs(pid=2**22 + 1)  # no such process: pid_max is 2^22 at the most (proc(5))
    assert not desk.json("status", code=1)["running"]


def test_a_daemon_that_was_stopped_twice_did_not_end_without_a_word(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    desk.daemon_reads()
    desk.daemon_runs(started=1)
    with desk.ledger() as ledger:
        mark = ledger.daemon()
    assert mark is not None
    note = Note(mark.process, "", datetime.now(UTC), ("ops",))
    leave(tmp_path / ".rowd", note)
    assert "ended without a word" in desk.said("status", code=1)
    leave(tmp_path / ".rowd", replace(note, stopping_at=datetime.now(UTC) - timedelta(minutes=5)))
    for said in (desk.said("status", code=1), desk.said("list")):
        assert "started 3h ago, was told to stop 5m ago, and ended before all that ran had." in said


def test_a_ledger_that_was_removed_under_its_daemon_is_told_with_what_to_do(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    desk.daemon_reads()
    desk.daemon_runs()
    state = tmp_path / ".rowd"
    with desk.ledger() as ledger:
        mark = ledger.daemon()
    assert mark is not None
    with locked(state):
        for file in state.glob("ledger.sqlite*"):
            file.unlink()
        assert "not running" in desk.said("status", code=1)  # the lock alone may be that of one who has yet to make its ledger
        leave(state, Note(mark.process, "", datetime.now(UTC), ("ops",)))
        said = desk.run("status", columns=1000).output
        assert f"running, process {mark.process.pid}, without its ledger" in said
        assert "is gone while the daemon works: it starts nothing more, and what it has recorded is lost when it ends" in said
        assert f"Stop it: kill {mark.process.pid}. There is no backup in {state}/backups: start rowd with no ledger" in said
        assert "Start it" not in said
        assert "nothing ran" not in said
        (state / "backups").mkdir()
        (state / "backups" / "ledger-20261126-030000.sqlite").touch()
        said = desk.run("status", columns=1000).output
        assert "`rowd restore ledger-20261126-030000.sqlite`" in said
        (state / "ledger.sqlite").touch()  # nothing stands in it
        told = desk.json("status", code=1)
        assert (told["running"], told["fine"], told["pid"]) == (True, False, mark.process.pid)
        assert "is gone while the daemon works" in told["trouble"]
        said = desk.said("run-now", "backup", code=4)
        assert "is gone while the daemon works" in said
        assert "Nothing was asked" in said
        (state / "ledger.sqlite").unlink()
    said = desk.said("status", code=1)
    assert "Daemon not running The ledger" in said
    assert "is gone, and its backups are there" in said
    assert "Start it" not in said
    (state / "backups" / "ledger-20261126-030000.sqlite").unlink()
    assert "not running. Start it" in desk.said("status", code=1)


def test_a_table_in_trouble_ends_with_one_and_says_why(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    desk.daemon_reads()
    desk.daemon_runs()
    with desk.ledger() as ledger:
        mark = ledger.table_mark("ops")
        assert mark is not None
        ledger.mark_table(replace(mark, state=Reach.NO_ACCESS, message="the file is gone"))
    assert "no access" in desk.said("status", code=1)
    assert "the file is gone" in desk.said("status", code=1)
    assert desk.json("status", code=1)["due_next_hour"] == 0  # nothing of it starts


def test_no_table_is_read_for_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    desk.daemon_reads()
    desk.daemon_runs()
    (tmp_path / "ops.csv").unlink()
    assert desk.json("status")["fine"]


def test_runs_of_the_last_day_and_those_under_way_are_counted(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    desk.daemon_reads()
    desk.daemon_runs()
    desk.ended(desk.began(ago=timedelta(hours=1)))
    desk.ended(desk.began(ago=timedelta(minutes=50)), Outcome.TIMED_OUT, "stopped")
    desk.began()
    told = desk.json("status")
    assert told["last_24_hours"] == {"succeeded": 1, "timed out": 1}
    assert told["tables"][0]["running"] == 1


def test_what_events_have_asked_and_has_not_started_waits(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    desk.daemon_reads()
    desk.daemon_runs()
    with desk.ledger() as ledger:
        for wish in (Wish.REACT, Wish.REACT_APART, Wish.TICK):  # a tick makes nothing run by itself
            ledger.ask("ops", "1", wish, 0, "a watched source", datetime.now(UTC), {"source": "inbox"})
    (table,) = desk.json("status")["tables"]
    assert table["waiting"] == 2


def test_a_table_that_is_full_for_the_hour_is_told(tmp_path: Path) -> None:
    desk, toml = Desk(tmp_path, HOURLY), tmp_path / "rowd.toml"
    toml.write_text(toml.read_text().replace("[tables.ops]\n", "[tables.ops]\nmax_per_hour = 1\n"))
    desk.daemon_reads()
    desk.daemon_runs()
    assert "Brake" not in desk.said("status")
    desk.began()
    assert "as many runs of ops have begun within the hour as may (max_per_hour): the next one that comes due begins in" in (
        desk.said("status")
    )
    (brake,) = desk.json("status")["brakes"]
    assert brake["table"] == "ops"


def test_a_circuit_breaker_that_is_open_is_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY, more="[breaker]\nfailures = 2\nwait = '1h'\n")
    desk.daemon_reads()
    desk.daemon_runs()
    for n in (20, 10):
        desk.ended(desk.began(ago=timedelta(minutes=n)), Outcome.FAILED, "exit 1")
    (breaker,) = desk.json("status")["breakers"]
    assert breaker["action"] == "work"
    assert datetime.fromisoformat(breaker["shut_until"]) > datetime.now(UTC) + timedelta(minutes=55)
    assert "work failed too often in a row" in desk.said("status")


def beats(desk: Desk, at: datetime, refused: str = "", looked: Mapping[str, datetime] = NOWHERE) -> None:
    (state,) = desk.folder.glob("**/ledger.sqlite")
    clock = VirtualClock(at)

    async def once() -> None:
        heartbeat = Heartbeat(state.parent, clock, lambda _: None)
        heartbeat.tell_of(lambda: looked)
        if refused:
            heartbeat.hear(LedgerRefused(at=at, message=refused))
        beating = asyncio.create_task(heartbeat.beat())
        await asyncio.sleep(1)
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)

    run(once())


def test_the_last_look_is_told_beside_the_last_read(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    desk.daemon_reads()
    desk.daemon_runs()
    now = datetime.now(UTC)
    with desk.ledger() as ledger:
        mark = ledger.table_mark("ops")
        assert mark is not None
        ledger.mark_table(replace(mark, last_read=now - timedelta(minutes=10, seconds=1)))
    assert "ops ok 10m 1s ago 10m 1s ago" in desk.said("status")
    beats(desk, now, looked={"ops": now - timedelta(seconds=20)})
    assert "Last look Last read" in desk.said("status")
    assert re.search("ops ok 2.s ago 10m [1-9]s ago", desk.said("status"))
    (table,) = desk.json("status")["tables"]
    assert datetime.fromisoformat(table["last_look"]) == now - timedelta(seconds=20)
    beats(desk, now, looked={f"{n} of very many tables": now for n in range(1000)})
    assert desk.json("status")["alive_at"] is not None  # too many to be told: the sign itself is whole
    assert "ops ok 10m" in desk.said("status")


def test_a_daemon_that_hangs_is_not_called_fine(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    desk.daemon_reads()
    desk.daemon_runs()
    beats(desk, datetime.now(UTC))
    assert desk.json("status")["fine"]
    beats(desk, datetime.now(UTC) - timedelta(minutes=2))
    assert not desk.json("status", code=1)["fine"]
    assert "no sign of life" in desk.said("status", code=1)


def test_a_ledger_that_refuses_to_be_written_is_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    desk.daemon_reads()
    desk.daemon_runs()
    beats(desk, datetime.now(UTC), "The ledger can't be written: the disk is full; make room.")
    told = desk.json("status", code=1)
    trouble = "starts nothing: the ledger can't be written: the disk is full; make room."
    assert (told["fine"], told["trouble"]) == (False, trouble)
    assert "make room" in desk.said("status", code=1)


AIRTABLE = """
[tables.cloud]
connector = "airtable"
base = "appRowdSamples001"
table = "Tasks"
plan = "free"
quota_share = "50%"
[tables.more]
connector = "airtable"
base = "appRowdSamples001"
table = "More"
plan = "free"
quota_share = "50%"
"""


def test_what_is_spent_of_a_month_is_told_once_for_all_tables_that_share_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    with (tmp_path / "rowd.toml").open("a") as file:
        file.write(AIRTABLE)
    desk.daemon_runs()
    assert desk.json("status")["quota"][0]["spent"] == 0
    now = datetime.now(UTC)
    scope = "Airtable workspace of AIRTABLE_TOKEN, free plan"
    with desk.ledger() as ledger:
        ledger.spend(scope, now.date(), Spent(30, 12))
        ledger.spend(scope, now.date() - timedelta(days=45), Spent(100, 100))
    (month,) = desk.json("status")["quota"]
    assert (month["scope"], month["kind"], month["span_s"], month["size"]) == (scope, "any", None, 500)
    assert (month["spent"], month["left"]) == (42, 458)
    assert datetime.fromisoformat(month["until"]) == outlook(500, {}, now).until
    assert f"Quota {scope}: 42 of 500 calls spent this month, 458 left until" in desk.said("status")


def test_windows_are_told_where_they_matter(tmp_path: Path) -> None:
    desk = Desk(tmp_path, HOURLY)
    desk.daemon_reads()
    desk.daemon_runs()
    now = datetime.now(UTC)
    windows = (Window("read", 60, timedelta(seconds=61), "Google service account x"), Window("any", 5, timedelta(hours=1), "base"))
    asked = Asked("ops", "read", Purpose.LOOK, windows[:1])

    async def spend() -> None:
        governor = Governor(SystemClock(), windows=site_at(desk.folder / "rowd.toml").windows)
        await governor.admit(asked)
        governor.refused(asked, Limited("slow", wait=timedelta(seconds=20), scope="Google service account x"))
        await governor.admit(Asked("ops", "write", Purpose.TELL, windows[1:]))

    asyncio.run(spend())
    (window,) = desk.json("status")["quota"]
    assert (window["scope"], window["kind"], window["span_s"]) == (windows[0].scope, "read", 61)
    assert (window["size"], window["spent"]) == (60, 1)
    assert abs(datetime.fromisoformat(window["until"]) - now - timedelta(seconds=20)) < timedelta(seconds=5)
    said = desk.said("status")
    assert "Quota Google service account x: 1 of 60 reads a minute spent; nothing goes out before today" in said
    assert "though rowd had made only 1: others use it, too" in said
    assert datetime.fromisoformat(window["crowded_at"]) <= datetime.now(UTC)


def test_without_a_daemon_it_says_how_to_learn_whether_another_machine_has_one(tmp_path: Path) -> None:
    cloud = '[tables.cloud]\nconnector = "rest"\nurl = "http://127.0.0.1:1"\nlist = "/tasks"\nupdate = "PATCH /tasks/{key}"\n'
    desk = Desk(tmp_path, "1,backup,,hourly,work,active,,,,")
    assert "another machine" not in desk.said("status", code=1)  # a file is run by one daemon alone
    desk = Desk(tmp_path, "1,backup,,hourly,work,active,,,,", more=cloud)
    assert "whether another machine's daemon runs cloud, rowd list tells" in desk.said("status", code=1)
