"""The installed `rowd setup` and `rowd doctor`: beside a daemon that serves the table, and as the guides tell people to use them.

The commands of the guides are run as they stand there, in a shell, against the emulators.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.shapes import USUAL
from tests.acceptance.site import PATIENCE, ROWD, Daemon, Site, clean_environment, rowd
from tests.acceptance.test_google_sheets import ACTIONS
from tests.acceptance.test_login import Login
from tests.emulators.airtable import TOKEN, Airtable, add_table
from tests.emulators.airtable import Person as AirtablePerson
from tests.emulators.airtable import make as make_airtable
from tests.emulators.airtable.model import Base
from tests.emulators.core.clock import RealClock
from tests.emulators.core.exchange import Json
from tests.emulators.core.server import Server
from tests.emulators.google_sheets import OWNER, ROBOT, GoogleSheets
from tests.emulators.google_sheets import make as make_sheets
from tests.emulators.google_sheets.person import Person
from tests.emulators.google_sheets.seeding import put_in
from tests.emulators.google_sheets.visitor import Visitor
from tests.emulators.notion import make as make_notion
from tests.emulators.notion import texts
from tests.emulators.notion.emulator import TOKEN as NOTION_TOKEN
from tests.emulators.notion.emulator import Notion
from tests.emulators.notion.person import Person as NotionPerson

Start = Callable[[], Daemon]
GUIDES = Path(__file__).parents[2] / "docs" / "how-to"
BASE = "appOpsOpsOpsOps01"
FEW = ["ID", "Name", "Action", "Schedule", "Status"]
USUAL_THERE = [str(column) for column in USUAL]


def told(*words: str, cwd: Path, code: int = 0) -> Any:
    """The table's part of what a command says to programs."""
    run = rowd(*words, "--json", cwd=cwd)
    assert run.returncode == code, run.stdout + run.stderr
    return json.loads(run.stdout)


class Waiting:
    """Woken by each request that an emulator answers."""

    def __init__(self, before: list[Callable[..., None]]) -> None:
        self._asked = threading.Event()
        before.append(lambda _: self._asked.set())

    def until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            assert self._asked.wait(PATIENCE), "it never came to be so"
            self._asked.clear()


@pytest.fixture
def sheets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GoogleSheets]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # the emulator's snippet leaves the key in a folder there
    service = make_sheets(RealClock())
    yield service
    assert service.unserved == []


@pytest.fixture
def airtable() -> Iterator[Airtable]:
    """With all of its limits."""
    emulator = make_airtable(RealClock(), {"rate_limit_body": "errors"}, 1)
    emulator.add_base(Base(BASE, "Ops", emulator.workspace))
    yield emulator
    assert emulator.unserved == []


@pytest.fixture
def notion() -> Iterator[Notion]:
    """With all of its limits."""
    emulator = make_notion(RealClock(), {}, 1)
    yield emulator
    assert emulator.unserved == []


@pytest.fixture
def daemons(tmp_path: Path) -> Iterator[Start]:
    started: list[Daemon] = []

    def start() -> Daemon:
        started.append(Daemon(tmp_path, ["run", "--log", "json"]))
        return started[-1]

    yield start
    for one in started:
        one.kill()


# --- beside a daemon


def test_columns_appear_in_a_sheet_while_a_daemon_serves_it(sheets: GoogleSheets, tmp_path: Path, daemons: Start) -> None:
    rows = [[n, f"task {n}", "greet", "every 2 seconds", "active"] for n in range(1, 21)]
    file = put_in(sheets, "Ops", {"Tasks": [FEW, *rows]}, OWNER, ROBOT)
    person = Person(sheets, file.id, "Tasks")
    with Server(sheets) as server:
        (tmp_path / "rowd.toml").write_text(f'{ACTIONS}\n{sheets.snippet(server.base)}poll = "1s"\n')
        waiting = Waiting(sheets.before)
        daemon = daemons()
        daemon.until("run.ended")
        made = told("setup", cwd=tmp_path)
        assert made["tables"][0]["ready"] is True
        head = person.seen()[0]
        assert head[: len(FEW)] == FEW
        assert set(head) == set(USUAL_THERE)
        health = head.index("Health")
        waiting.until(
            lambda: all(row[health:] and row[health].startswith(("OK", "RUNNING", "WAITING")) for row in person.seen()[1:])
        )
        assert told("setup", cwd=tmp_path)["tables"][0]["changes"] == []
        assert daemon.stop() == 0
    assert [row[: len(FEW)] for row in person.seen()[1:]] == [[str(cell) for cell in row] for row in rows]
    assert not [event for event in daemon.events if event["event"].startswith(("table.un", "trouble", "row.defect"))]
    assert [entry.answer.status for entry in sheets.journal if entry.answer.status not in (200,)] == []


def test_fields_appear_in_a_base_while_a_daemon_serves_it(airtable: Airtable, tmp_path: Path, daemons: Start) -> None:
    there = [
        name for name in USUAL_THERE[1:] if name not in ("Status", "Do", "Health", "Next Run")
    ]  # one field in a second is made
    fields = [{"name": name, "type": "singleLineText"} for name in there]
    add_table(airtable, airtable.bases[BASE], "Tasks", fields, [{"Name": "first", "Action": "greet", "Schedule": "every 4 hours"}])
    person = AirtablePerson(airtable, BASE, "Tasks")
    with Server(airtable) as server:
        said = airtable.snippet(server.base).replace('plan = "team"', 'plan = "business"\npoll = "4s"')
        (tmp_path / "rowd.toml").write_text(f"{ACTIONS}\n{said}")
        (tmp_path / ".env").write_text(f"AIRTABLE_TOKEN={TOKEN}\n")
        (tmp_path / ".env").chmod(0o600)
        waiting = Waiting(airtable.before)
        daemon = daemons()
        daemon.until("table.read")
        made = told("setup", cwd=tmp_path)
        assert made["tables"][0]["ready"] is True
        row = next(iter(person.rows().values()))
        assert (row["Name"], row["Action"], row["Schedule"]) == ("first", "greet", "every 4 hours")
        waiting.until(lambda: str(next(iter(person.rows().values())).get("Health", "")).startswith("OK, next"))
        assert daemon.stop() == 0
    assert [entry.answer.status for entry in airtable.journal if entry.answer.status == 429] == []
    assert not [event for event in daemon.events if event["event"].startswith("table.un")]


def test_properties_appear_in_a_database_while_a_daemon_serves_it(notion: Notion, tmp_path: Path, daemons: Start) -> None:
    person = NotionPerson(notion)
    home = person.page("Home")
    person.share(home, notion.api.connections[NOTION_TOKEN])
    few: dict[str, Json] = {"Name": {"title": {}}, "Action": {"rich_text": {}}, "Schedule": {"rich_text": {}}}
    source = person.database("Tasks", few, home)
    row = person.insert(source, {"Name": "first", "Action": "greet", "Schedule": "every 4 hours"})

    def health() -> str:
        column = source.find("Health")
        return texts.plain(row.values.get(column.id) or []) if column is not None else ""

    with Server(notion) as server:
        said = notion.snippet(server.base).replace("[tables.tasks]", '[tables.tasks]\npoll = "1s"')
        (tmp_path / "rowd.toml").write_text(f"{ACTIONS}\n{said}")
        (tmp_path / ".env").write_text(f"NOTION_TOKEN={NOTION_TOKEN}\n")
        (tmp_path / ".env").chmod(0o600)
        waiting = Waiting(notion.before)
        daemon = daemons()
        daemon.until("table.read")
        assert told("setup", cwd=tmp_path)["tables"][0]["ready"] is True
        waiting.until(lambda: health().startswith("OK, next"))
        assert daemon.stop() == 0
    assert [page.id for page in person.rows(source)] == [row.id]  # the daemon's lease is gone, too
    assert [entry.answer.status for entry in notion.journal if entry.answer.status not in (200, 404)] == []
    assert not [event for event in daemon.events if event["event"].startswith("table.un")]


def test_a_dry_run_and_the_doctor_send_a_base_nothing_but_reads(airtable: Airtable, tmp_path: Path) -> None:
    """What a read can't tell stays open; that the polls are too many for the month is told."""
    add_table(airtable, airtable.bases[BASE], "Tasks", [{"name": "Name", "type": "singleLineText"}], [])
    with Server(airtable) as server:
        said = airtable.snippet(server.base).replace("[tables.tasks]", '[tables.tasks]\npoll = "4s"\ncalls_per_month = 1000')
        (tmp_path / "rowd.toml").write_text(f"{ACTIONS}\n{said}")
        (tmp_path / ".env").write_text(f"AIRTABLE_TOKEN={TOKEN}\n")
        (tmp_path / ".env").chmod(0o600)
        (table,) = told("setup", "--dry-run", cwd=tmp_path)["tables"]
        found = {check["check"]: check["good"] for check in table["checks"]}
        assert (found["permission"], found["limits"]) == (None, None)
        assert any('"Health"' in change for change in table["changes"])
        assert table["rows"]
        assert told("doctor", cwd=tmp_path, code=1)["wrong"] == 1  # no column Action
    assert {entry.request.method for entry in airtable.journal} == {"GET"}


def test_columns_appear_in_a_file_while_a_daemon_serves_it(site: Callable[..., Site]) -> None:
    here = site("1,first,repeated,,,,,,,,,")
    here.table.write_text("ID,Name,Action,Schedule\n1,first,work,every 4 hours\n2,second,work,now\n")
    daemon = here.start()
    daemon.until("run.ended")
    assert here.rowd("setup", "ops").returncode == 0
    daemon.until("table.read", lambda _: "Health" in here.rows()["first"] and here.rows()["first"]["Health"].startswith("OK, next"))
    assert here.rows()["second"]["Last Status"] == "succeeded"
    assert daemon.stop() == 0
    here.laws()


# --- the guides


def blocks(page: str, language: str) -> list[str]:
    text = (GUIDES / page).read_text(encoding="utf-8")
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(block) for block in found]


def nobody() -> None:
    raise AssertionError("a page has a person sign in, and there is none")


def follow(page: str, folder: Path, daemon: Start, token: str = "", signs_in: Callable[[], None] = nobody) -> None:
    """Do what the page's shell blocks say, line by line; the daemon that it starts is stopped once it has read the table.

    token: in the place of the one that the page leaves out.   signs_in: runs `rowd login ops` with a person at a browser.
    """
    environment = {**clean_environment(), "PATH": f"{ROWD.parent}:{os.environ['PATH']}"}
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    assert "rowd setup ops" in lines
    assert "rowd setup ops --dry-run" in lines
    for line in lines:
        if line == "rowd run":
            running = daemon()
            running.until("table.read")
            assert running.stop() == 0
            continue
        if line == "rowd login ops":
            signs_in()
            continue
        words = re.sub(r"(pat|ntn_)…", token, line)
        run = subprocess.run(["sh", "-ec", words], cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert run.returncode == 0, f"{line}\n{run.stdout}{run.stderr}"
        if line == "rowd setup ops":
            assert "Ready." in run.stdout


def test_the_guide_to_google_sheets_works_as_it_stands(sheets: GoogleSheets, tmp_path: Path, daemons: Start) -> None:
    file = put_in(sheets, "Ops", {"Tasks": []}, OWNER, ROBOT)
    with Server(sheets) as server:

        def configure(which: int) -> None:
            definition = blocks("google-sheets.md", "toml")[which].replace("1AbCdEfGhIjKlMnOpQrStUvWxYz", file.id)
            (tmp_path / "rowd.toml").write_text(f'{ACTIONS}\n{definition}endpoint = "{server.base}"\n')

        def signs_in() -> None:
            configure(1)
            (tmp_path / "client.json").write_text(json.dumps(sheets.accounts.oauth_client(server.base)))
            with Login(tmp_path, "ops") as begun:
                Visitor(OWNER).visits(begun.address)
                assert begun.ended() == 0

        configure(0)
        key = tmp_path / "service-account.json"
        key.write_text(json.dumps(sheets.accounts.service_account(ROBOT, server.base)))
        key.chmod(0o600)
        follow("google-sheets.md", tmp_path, daemons, signs_in=signs_in)
        assert told("doctor", cwd=tmp_path)["wrong"] == 0
    header, *rows = Person(sheets, file.id, "Tasks").seen()
    assert header == USUAL_THERE
    assert [row[header.index("Name")] for row in rows] == ["my_first_task", "my_first_counter"]
    assert rows[0][header.index("Health")].startswith("DRAFT: ")


def test_the_guide_to_airtable_works_as_it_stands(airtable: Airtable, tmp_path: Path, daemons: Start) -> None:
    made = add_table(airtable, airtable.bases[BASE], "Tasks", [{"name": "Name", "type": "singleLineText"}], [])
    with Server(airtable) as server:
        address = f"https://airtable.com/{BASE}/{made.id}/{made.views[0].id}"
        definition = re.sub(r"https://airtable\.com/\w+/\w+/\w+", address, blocks("airtable.md", "toml")[0])
        (tmp_path / "rowd.toml").write_text(f'{ACTIONS}\n{definition}endpoint = "{server.base}"\n')
        follow("airtable.md", tmp_path, daemons, TOKEN)
    assert [field.name for field in made.fields] == ["Name", *USUAL_THERE[2:]]
    assert [row["Name"] for row in AirtablePerson(airtable, BASE, "Tasks").rows().values()] == ["my_first_task", "my_first_counter"]
    assert [entry.answer.status for entry in airtable.journal if entry.answer.status == 429] == []


def test_the_guide_to_notion_works_as_it_stands(notion: Notion, tmp_path: Path, daemons: Start) -> None:
    person = NotionPerson(notion)
    home = person.page("Home")
    person.share(home, notion.api.connections[NOTION_TOKEN])
    source = person.database("Tasks", {"Name": {"title": {}}}, home)
    with Server(notion) as server:
        address = f"https://www.notion.so/acme/Tasks-{source.parent[1].replace('-', '')}?v="
        definition = re.sub(r"https://www\.notion\.so/[\w/-]+\?v=", address, blocks("notion.md", "toml")[0])
        (tmp_path / "rowd.toml").write_text(f'{ACTIONS}\n{definition}endpoint = "{server.base}"\n')
        follow("notion.md", tmp_path, daemons, NOTION_TOKEN)
        altered = [entry.operation for entry in notion.journal].count("data_sources.update")
        assert told("setup", cwd=tmp_path)["tables"][0]["changes"] == []
        assert told("doctor", cwd=tmp_path)["wrong"] == 0
    assert (altered, [entry.operation for entry in notion.journal].count("data_sources.update")) == (1, 1)
    assert [column.name for column in source.properties.values()] == ["Name", *USUAL_THERE[2:]]
    name, health = (next(c.id for c in source.properties.values() if c.name == each) for each in ("Name", "Health"))
    seen = {texts.plain(row.values[name]): texts.plain(row.values.get(health) or []) for row in person.rows(source)}
    assert list(seen) == ["my_first_task", "my_first_counter"]
    assert seen["my_first_task"].startswith("DRAFT: ")
    refused = [(entry.operation, entry.answer.status) for entry in notion.journal if entry.answer.status != 200]
    assert refused == [("pages.update", 404)] * 2  # proofs of the right to write; none of the dry run's, none of the doctor's


def test_what_is_missing_is_told_on_the_terminal_and_ends_with_a_status_of_its_own(sheets: GoogleSheets, tmp_path: Path) -> None:
    file = put_in(sheets, "Ops", {"Tasks": [FEW]}, OWNER, ROBOT)
    with Server(sheets) as server:
        (tmp_path / "rowd.toml").write_text(f"{ACTIONS}\n{sheets.snippet(server.base)}")
        Person(sheets, file.id, "Tasks").unshare(ROBOT)
        run = rowd("setup", cwd=tmp_path)
        assert run.returncode == 4
        assert f"press Share, and add {ROBOT} as an Editor" in run.stdout
        assert rowd("doctor", cwd=tmp_path).returncode == 1
    away = rowd("setup", cwd=tmp_path)
    assert away.returncode == 3
    assert "can't be reached" in away.stdout
    assert not [entry for entry in sheets.journal if entry.operation == "spreadsheets.batchUpdate"]
