"""The installed `rowd login` with a person at a browser, and the daemon on the sample table by what comes of it."""

from __future__ import annotations

import json
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from tests.acceptance.site import PATIENCE, ROWD, Daemon, clean_environment
from tests.emulators.core.clock import RealClock
from tests.emulators.core.server import Server
from tests.emulators.google_sheets import OWNER, ROBOT, GoogleSheets, make
from tests.emulators.google_sheets.person import Person
from tests.emulators.google_sheets.seeding import HEADER, TASKS, put_in
from tests.emulators.google_sheets.visitor import Visitor

ACTION = """
[actions.{name}]
kind = "command"
argv = ["{python}", "-S", "-c", "print('hello')"]
"""
TABLE = """
[daemon]
stop_within = "5s"
[defaults]
time_zone = "UTC"
[tables.tasks]
connector = "google_sheets"
spreadsheet = "{id}"
tab = "Tasks"
oauth_client = "client.json"
endpoint = "{base}"
poll = "1s"
"""
SAMPLE = ("read_guidelines", "run_vitest", "check_coverage")


class Office:
    """The sample table, the folder of a daemon that a person is to sign in for, and that person."""

    def __init__(self, service: GoogleSheets, base: str, folder: Path) -> None:
        self.service, self.folder = service, folder
        file = put_in(service, "Tasks", {"Tasks": [HEADER, *TASKS]}, OWNER, ROBOT)
        self.person = Person(service, file.id, "Tasks")
        self.visitor = Visitor(OWNER)
        actions = "".join(ACTION.format(name=name, python=sys.executable) for name in SAMPLE)
        (folder / "rowd.toml").write_text(TABLE.format(id=file.id, base=base) + actions)
        (folder / "client.json").write_text(json.dumps(service.accounts.oauth_client(base)))
        self.store = folder / "google-token.json"

    def login(self, *words: str) -> Login:
        return Login(self.folder, "tasks", *words)

    def sign_in(self) -> str:
        """All that the command said."""
        with self.login() as begun:
            assert "rowd may use what" in self.visitor.visits(begun.address).text
            assert begun.ended() == 0
            return begun.rest()

    def tokens(self) -> list[str]:
        accounts = self.service.accounts
        return [*accounts.tokens, *accounts.refresh_tokens, *accounts.clients.values()]


class Login:
    """The command, once it has printed where to go."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.process = subprocess.Popen(
            [ROWD, "login", "--no-browser", *words],
            cwd=folder,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        self.said: list[str] = []
        while not (found := re.search(r"^\s+(http://\S+)$", line := self.process.stdout.readline())):
            assert line, self.said
            self.said.append(line)
        self.address = found[1]

    def ended(self) -> int:
        return self.process.wait(PATIENCE)

    def rest(self) -> str:
        assert self.process.stdout is not None
        return "".join([*self.said, self.process.stdout.read()])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    service = make(RealClock())
    with Server(service) as server:
        yield Office(service, server.base, tmp_path)
    assert service.unserved == []


@pytest.fixture
def daemon(office: Office) -> Iterator[Daemon]:
    one = Daemon(office.folder, ["run", "--log", "json"])
    yield one
    one.kill()


def recovered(daemon: Daemon, after: dict[str, Any]) -> dict[str, Any]:
    return daemon.until("table.recovered", lambda event: event["at"] > after["at"])


def test_a_person_signs_in_and_again_after_the_access_was_taken_back(office: Office, daemon: Daemon) -> None:
    nobody = daemon.until("table.unreachable")
    assert nobody["needs_owner"] is True
    assert "nobody has signed in yet" in nobody["message"]
    assert "`rowd login tasks`" in nobody["message"]

    said = office.sign_in()
    kept = [*office.tokens()]
    assert f"{OWNER} signed in; kept in {office.store}" in said
    assert stat.S_IMODE(office.store.stat().st_mode) == 0o600
    first = recovered(daemon, nobody)
    office.person.type("F2", "5")
    assert daemon.until("run.ended", lambda event: event["task"] == "guidelines_refresh")["outcome"] == "succeeded"

    office.service.accounts.revoke(OWNER)
    away = daemon.until("table.unreachable", lambda event: event["at"] > first["at"])
    assert away["needs_owner"] is True
    assert f"{OWNER} took the access back" in away["message"]
    assert "`rowd login tasks`" in away["message"]

    said += office.sign_in()
    kept += office.tokens()
    recovered(daemon, away)
    office.person.type("F3", "7")
    assert daemon.until("run.ended", lambda event: event["task"] == "vitest_rerun")["outcome"] == "succeeded"
    assert daemon.stop() == 0

    told = [said, *map(str, daemon.events), *daemon.other, *map(str, office.person.seen())]
    told += [path.read_bytes().decode("latin-1") for path in (office.folder / ".rowd").rglob("*") if path.is_file()]
    assert not [token for token in kept if any(token in text for text in told)]


def test_consent_that_is_declined_is_told_to_both_and_keeps_nothing(office: Office) -> None:
    with office.login("--json") as begun:
        shown = office.visitor.visits(begun.address, allow=False)
        assert (shown.status_code, "access was declined on Google's page" in shown.text) == (400, True)
        assert begun.ended() == 4
        assert "access was declined on Google's page" in begun.rest()
    assert not office.store.exists()


def test_nobody_comes(office: Office) -> None:
    with office.login("--within", "1s") as begun:
        assert begun.ended() == 3
        assert "Nobody has signed in within 1s; nothing was changed." in begun.rest()


def test_ctrl_c(office: Office) -> None:
    with office.login() as begun:
        begun.process.send_signal(signal.SIGINT)
        assert begun.ended() == 130
        assert "Nobody has signed in; nothing was changed." in begun.rest()
    assert not office.store.exists()
