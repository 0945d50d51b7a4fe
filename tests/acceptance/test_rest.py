"""The installed daemon on the two services of the guide, by the very settings that stand there; a person edits meanwhile."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.acceptance.samples import ACTIONS, said
from tests.acceptance.site import PATIENCE, Daemon, rowd
from tests.conformance.rest_bench import PASSWORD, Api
from tests.servers import Service

GUIDE = (Path(__file__).parents[2] / "docs" / "how-to" / "rest.md").read_text(encoding="utf-8")
RECORDS = "/buckets/ops/collections/tasks/records"

TASKS: tuple[dict[str, Any], ...] = (
    {
        "Name": "guidelines_refresh",
        "Type": "counter",
        "Action": "read_guidelines",
        "Current": 3,
        "Threshold": 5,
        "Status": "active",
    },
    {"Name": "coverage_check", "Type": "daily", "Action": "check_coverage", "Schedule": "daily 09:00", "Status": "active"},
    {"Name": "vitest_rerun", "Type": "counter", "Action": "run_vitest", "Current": 2, "Threshold": 10, "Status": "active"},
)


def blocks(heading: str, language: str) -> list[str]:
    """What stands in the guide under this heading."""
    section = GUIDE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


class Office:
    """One of the services with the tasks in it, and a folder with rowd.toml for it."""

    def __init__(self, folder: Path, service: Service, heading: str, there: str, secrets: str) -> None:
        """there: where the guide says the service is."""
        self.folder = folder
        self.service = service
        (text,) = blocks(heading, "toml")
        assert there in text
        text = text.replace(there, service.url + urlsplit(there).path)
        (folder / "rowd.toml").write_text(ACTIONS + text.replace("[tables.ops]", '[tables.ops]\npoll = "1s"', 1))
        (folder / ".env").write_text(secrets)
        (folder / ".env").chmod(0o600)
        self.daemons: list[Daemon] = []

    def rows(self) -> dict[str, dict[str, Any]]:
        raise NotImplementedError

    def type(self, name: str, **cells: Any) -> None:
        raise NotImplementedError

    def add(self, row: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def remove(self, name: str) -> None:
        raise NotImplementedError

    def start(self, *, installed: bool = False) -> Daemon:
        self.daemons.append(Daemon(self.folder, ["run", "--log", "json"], installed=installed))
        return self.daemons[-1]

    def until(self, name: str, **cells: Any) -> dict[str, Any]:
        """The row, once it shows this, `...` for anything."""
        wanted = {column.replace("_", " "): value for column, value in cells.items()}
        deadline = time.monotonic() + PATIENCE
        while not all(row.get(h) == v or (v is ... and row.get(h)) for row in [self.rows()[name]] for h, v in wanted.items()):
            assert time.monotonic() < deadline, f"{self.rows()[name]} doesn't come to show {wanted}"
            time.sleep(0.02)  # real services tell nobody when they are written to
        return self.rows()[name]

    def close(self) -> None:
        for daemon in self.daemons:
            daemon.kill()
        self.service.close()


class KintoOffice(Office):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder, Service(folder, "kinto"), "Kinto", "https://kinto.example.com/v1", f"KINTO_PASSWORD={PASSWORD}\n")
        self._api = Api(self.service.url)
        self._api.ask("PUT", "/buckets/ops")
        self._api.ask("PUT", RECORDS.removesuffix("/records"))
        for task in TASKS:
            self.add(task)

    def rows(self) -> dict[str, dict[str, Any]]:
        return {record["Name"]: record for record in self._api.ask("GET", RECORDS)}

    def type(self, name: str, **cells: Any) -> None:
        self._api.ask("PATCH", f"{RECORDS}/{self.rows()[name]['id']}", cells)

    def add(self, row: Mapping[str, Any]) -> None:
        self._api.ask("POST", RECORDS, row)

    def remove(self, name: str) -> None:
        self._api.ask("DELETE", f"{RECORDS}/{self.rows()[name]['id']}")

    def close(self) -> None:
        self._api.close()
        super().close()


class DatasetteOffice(Office):
    def __init__(self, folder: Path) -> None:
        file = folder / "ops.db"
        self._database = sqlite3.connect(file, isolation_level=None, timeout=PATIENCE)
        (statement,) = blocks("Datasette", "sql")
        self._database.execute(statement)
        for task in TASKS:
            self.add(task)
        service = Service(folder, "datasette", str(file))
        super().__init__(folder, service, "Datasette", "https://data.example.com", f"DATASETTE_TOKEN={service.told['token']}\n")

    def rows(self) -> dict[str, dict[str, Any]]:
        found = self._database.execute("SELECT * FROM tasks")
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found]
        return {row["Name"]: row for row in rows}

    def type(self, name: str, **cells: Any) -> None:
        puts = ", ".join(f'"{header}" = ?' for header in cells)
        self._database.execute(f"UPDATE tasks SET {puts} WHERE Name = ?", (*cells.values(), name))  # noqa: S608 (names of ours)

    def add(self, row: Mapping[str, Any]) -> None:
        names, marks = ", ".join(f'"{header}"' for header in row), ", ".join("?" for _ in row)
        self._database.execute(f"INSERT INTO tasks ({names}) VALUES ({marks})", tuple(row.values()))  # noqa: S608 (names of ours)

    def remove(self, name: str) -> None:
        self._database.execute("DELETE FROM tasks WHERE Name = ?", (name,))

    def close(self) -> None:
        self._database.close()
        super().close()


@pytest.fixture(params=[KintoOffice, DatasetteOffice])
def office(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Office]:
    make: Callable[[Path], Office] = request.param
    here = make(tmp_path)
    yield here
    here.close()


def test_rows_of_a_service_run_and_show_it_while_a_person_edits_them(office: Office) -> None:
    daemon = office.start(installed=True)
    office.until("guidelines_refresh", Health="OK, 3 of 5")
    (lease,) = set(office.rows()) - {task["Name"] for task in TASKS}
    assert lease.startswith("rowd runs this table until ")
    row = office.until("coverage_check", Next_Run=...)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT09:00:00Z", row["Next Run"])

    office.type("guidelines_refresh", Current=7, Description="mine")  # past the threshold: it runs, and goes on with the remainder
    row = office.until("guidelines_refresh", Runs=1, Last_Status="succeeded", Health="OK, 2 of 5")
    assert (row["Current"], row["Last Result"]) == (2, "12 guidelines read")
    assert row["Description"] == "mine"

    office.type("vitest_rerun", Do="run now")
    row = office.until("vitest_rerun", Runs=1, Last_Result="48 tests passed", Do=None)
    assert row["Current"] == 2  # a press is no tick

    office.add({"Name": "later", "Type": "daily", "Action": "check_covrage", "Status": "active"})
    row = office.until("later", Health=...)
    assert 'did you mean "check_coverage"?' in row["Health"]
    office.type("later", Action="check_coverage")
    daemon.until("row.mended")
    office.remove("later")

    assert daemon.stop() == 0
    assert set(office.rows()) == {task["Name"] for task in TASKS}  # the lease is gone, too
    assert not [event for event in daemon.events if event["event"].startswith(("table.un", "trouble"))]
    told = said(daemon) + rowd("history", "--json", cwd=office.folder).stdout
    secret = (office.folder / ".env").read_text().partition("=")[2].strip()
    assert secret not in told


def test_commands_look_it_over_and_add_edit_and_delete_a_row(office: Office) -> None:
    looked = rowd("setup", "ops", cwd=office.folder)
    assert looked.returncode == 0, looked.stdout + looked.stderr
    assert "✓ permission" in looked.stdout
    assert "? columns: no program can make columns in this kind of table; it has none for" in looked.stdout
    done = rowd("add", "nightly", "--action", "run_vitest", "--type", "daily", "--set", "Current=3", cwd=office.folder)
    assert done.returncode == 0, done.stderr
    row = office.rows()["nightly"]
    assert (row["Action"], row["Type"], row["Current"]) == ("run_vitest", "daily", 3)
    done = rowd("edit", "nightly", "--set", "Status=paused", cwd=office.folder)
    assert done.returncode == 0, done.stderr
    assert office.rows()["nightly"]["Status"] == "paused"
    done = rowd("delete", "nightly", "--yes", cwd=office.folder)
    assert done.returncode == 0, done.stderr
    assert set(office.rows()) == {task["Name"] for task in TASKS}
