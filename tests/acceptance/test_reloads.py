"""What the installed daemon takes over when rowd.toml is read anew."""

from __future__ import annotations

import signal
from collections.abc import Callable

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
