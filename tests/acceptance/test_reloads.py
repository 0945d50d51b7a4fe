"""What the installed daemon takes over when rowd.toml is read anew."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from connectors.holding import hold
from tests.acceptance.site import Site

Make = Callable[..., Site]


def test_another_column_for_the_schedule_is_taken_over_at_once_and_one_for_the_id_with_a_restart(site: Make) -> None:
    here = site("")
    (here.folder / "tasks.csv").write_text(
        "ID,Name,Action,Schedule,When,Number,Health\na,idle,work,daily 03:00,evry day,1,\n,fresh,work,daily 03:00,daily 04:00,2,\n"
    )
    config = here.folder / "rowd.toml"
    before = config.read_text()
    daemon = here.start()
    daemon.until("row.added", lambda event: event["task"] == "fresh")
    config.write_text(before.replace("[tables.ops]", '[tables.ops]\ncolumns = { Schedule = "When", ID = "Number" }'))
    daemon.process.send_signal(signal.SIGHUP)
    assert daemon.until("config.reloaded")["restart"] == ["ops"]
    assert "evry day" in daemon.until("row.defective")["message"]
    assert daemon.stop() == 0
    rows = here.rows()
    assert [rows[name]["Number"] for name in ("idle", "fresh")] == ["1", "2"]
    assert "evry day" in rows["idle"]["Health"]
    assert "04:00" in rows["fresh"]["Health"]


def test_a_table_that_was_taken_out_is_let_go_of_when_its_work_has_ended_and_another_daemon_may_have_it(site: Make) -> None:
    here = site("a,long,gated,now,active,,,,,,,", "b,often,work,* * * * * *,active,,,,,,,")
    config = here.folder / "rowd.toml"
    before = config.read_text()
    (here.folder / "other.csv").write_text("ID,Name,Action,Schedule\n1,kept,work,now\n")
    config.write_text(before.replace("[tables.ops]", '[tables.other]\nconnector = "local"\npath = "other.csv"\n[tables.ops]'))
    daemon = here.start()
    daemon.until("run.ended", lambda event: event["task"] == "often")
    here.at_the_gate()
    kept = config.read_text()
    config.write_text(kept.replace("tasks.csv", "away.csv").replace("[tables.ops]", "[tables.away]"))
    (here.folder / "away.csv").write_text("ID,Name,Action,Schedule\n")
    daemon.process.send_signal(signal.SIGHUP)
    assert daemon.until("config.reloaded")["restart"] == []
    daemon.until("table.read", lambda event: event["table"] == "away")
    owner = here.folder / ".tasks.csv.rowd" / "owner"
    assert isinstance(hold(owner, "another"), str)  # what runs is still told to the table
    here.open_gate()
    assert daemon.until("table.dropped") | {"at": ""} == {
        "at": "", "event": "table.dropped", "level": "info", "table": "ops", "message": "",
    }  # fmt: skip
    assert here.rows()["long"]["Last Status"] == "succeeded"
    assert "no longer in rowd.toml" in here.rows()["often"]["Health"]
    freed = hold(owner, "another")
    assert isinstance(freed, int)
    os.close(freed)
    config.write_text(kept)
    daemon.process.send_signal(signal.SIGHUP)
    count = here.rows()["often"]["Runs"]
    daemon.until("config.reloaded", lambda event: event["tables"] == ["other", "ops"])
    since = len(daemon.events)
    daemon.until("run.ended", lambda event: event["task"] == "often" and event in daemon.events[since:])
    assert daemon.stop() == 0
    assert int(here.rows()["often"]["Runs"]) > int(count)
    assert not any(event["event"] == "trouble" for event in daemon.events)
