"""What the installed daemon takes over when rowd.toml is read anew."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from connectors.holding import hold
from tests.acceptance.site import Daemon, Site
from tests.acceptance.test_google_sheets import ACTIONS
from tests.emulators.airtable import TOKEN as AIRTABLE_TOKEN
from tests.emulators.airtable import add_table
from tests.emulators.airtable import make as make_airtable
from tests.emulators.airtable.model import Base
from tests.emulators.core.clock import RealClock
from tests.emulators.core.server import Server
from tests.emulators.google_sheets import OWNER, ROBOT
from tests.emulators.google_sheets import make as make_sheets
from tests.emulators.google_sheets.seeding import put_in
from tests.emulators.notion import make as make_notion
from tests.emulators.notion.emulator import TOKEN as NOTION_TOKEN
from tests.emulators.notion.person import Person as NotionPerson

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


# --- secrets


def test_a_program_is_asked_for_a_secret_at_the_start_and_at_each_reload_and_what_it_told_is_told_nowhere(site: Make) -> None:
    here = site("a,tells,open,* * * * * *,active,,,,,,,")
    config, kept = here.folder / "rowd.toml", here.folder / "kept"
    kept.write_text("hunter2-first")
    told = f"""
[secret.WORD]
command = ["/bin/sh", "-c", "echo asked >>{here.folder}/asked; cat {kept}"]
[actions.open]
kind = "command"
argv = ["/bin/sh", "-c", "echo $WORD; echo ${{{{#WORD}}}}"]
secrets = ["WORD"]
"""
    config.write_text(config.read_text() + told)
    daemon = here.start()
    assert daemon.until("run.ended")["reason"] == "13"
    asked = (here.folder / "asked").read_text()
    kept.write_text("hunter2-and-second")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.until("config.reloaded")
    daemon.until("run.ended", lambda event: event["reason"] == "18")
    assert (asked, (here.folder / "asked").read_text()) == ("asked\n", "asked\nasked\n")
    kept.unlink()
    daemon.process.send_signal(signal.SIGHUP)
    refused = daemon.until("config.refused")
    assert "secret.WORD.command: /bin/sh ended with exit 1" in refused["message"]
    daemon.until("run.ended", lambda event: event["at"] > refused["at"] and event["reason"] == "18")
    assert daemon.stop() == 0
    left = [file for file in here.folder.rglob("*") if file.is_file() and b"hunter2" in file.read_bytes()]
    assert "hunter2" not in json.dumps(daemon.events)
    assert left == []


Set = tuple[str, str, str]
"""The table in rowd.toml, a value of its secret that is good, and one that is none."""


def airtable(stack: ExitStack) -> Set:
    emulator = make_airtable(RealClock(), {}, 1)
    emulator.add_base(Base("appOpsOpsOpsOps01", "Ops", emulator.workspace))
    fields = [{"name": name, "type": "singleLineText"} for name in ("Name", "Action", "Schedule")]
    made = add_table(
        emulator, emulator.bases["appOpsOpsOpsOps01"], "Tasks", fields, [{"Name": "a", "Action": "greet", "Schedule": "now"}]
    )
    base = stack.enter_context(Server(emulator)).base
    text = f'connector = "airtable"\nbase = "appOpsOpsOpsOps01"\ntable = "{made.id}"\nplan = "business"\nendpoint = "{base}"\n'
    return f'{text}token = "SECRET"\n', AIRTABLE_TOKEN, AIRTABLE_TOKEN + "x"


def notion(stack: ExitStack) -> Set:
    emulator = make_notion(RealClock(), {}, 1)
    person = NotionPerson(emulator)
    home = person.page("Home")
    person.share(home, emulator.api.connections[NOTION_TOKEN])
    columns = {"Name": {"title": {}}, "Action": {"rich_text": {}}, "Schedule": {"rich_text": {}}}
    source = person.database("Tasks", columns, home)
    base = stack.enter_context(Server(emulator)).base
    text = f'connector = "notion"\ndatabase = "{source.parent[1]}"\ntoken = "SECRET"\nendpoint = "{base}"\n'
    return text, NOTION_TOKEN, NOTION_TOKEN + "x"


def sheets(stack: ExitStack) -> Set:
    emulator = make_sheets(RealClock())
    file = put_in(emulator, "Ops", {"Tasks": [["ID", "Name", "Action", "Schedule"], [1, "a", "greet", "now"]]}, OWNER, ROBOT)
    base = stack.enter_context(Server(emulator)).base
    text = f'connector = "google_sheets"\nspreadsheet = "{file.id}"\ntab = "Tasks"\nendpoint = "{base}"\n'
    gone = json.dumps(emulator.accounts.service_account("gone@emulated.iam.gserviceaccount.com", base))
    return f'{text}credentials_secret = "SECRET"\n', json.dumps(emulator.accounts.service_account(ROBOT, base)), gone


@pytest.fixture
def daemons(tmp_path: Path) -> Iterator[Callable[[], Daemon]]:
    started: list[Daemon] = []

    def start() -> Daemon:
        started.append(Daemon(tmp_path, ["run", "--log", "json"]))
        return started[-1]

    yield start
    for one in started:
        one.kill()


@pytest.mark.parametrize("store", [airtable, notion, sheets])
def test_a_secret_that_was_mended_is_taken_over_at_a_reload(
    tmp_path: Path, daemons: Callable[[], Daemon], store: Callable[[ExitStack], Set]
) -> None:
    with ExitStack() as stack:
        table, good, bad = store(stack)
        (tmp_path / "rowd.toml").write_text(f'{ACTIONS}\n[tables.ops]\n{table}poll = "1h"\n')
        env = tmp_path / ".env"
        env.touch(0o600)
        env.write_text(f"SECRET='{bad}'\n")
        daemon = daemons()
        away = daemon.until("table.unreachable")
        assert away["needs_owner"] is True
        assert ("kill -HUP" in away["message"]) == (store is not sheets)  # there the bad one is a good key, of another account
        daemon.process.send_signal(signal.SIGHUP)
        assert daemon.until("config.reloaded")["reopened"] == []
        env.write_text(f"SECRET='{good}'\n")
        daemon.process.send_signal(signal.SIGHUP)
        assert daemon.until("config.reloaded", lambda event: event["reopened"] == ["ops"])["restart"] == []
        daemon.until("table.recovered")
        assert daemon.stop() == 0
        assert not [event for event in daemon.events if good in str(event) or event["event"] == "trouble"]
