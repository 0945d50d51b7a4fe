"""Two daemons on one table in the cloud, each with a ledger of its own: the second is refused, or takes over what it is told to."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.samples import ACTIONS
from tests.acceptance.site import Daemon, rowd
from tests.emulators import airtable, google_sheets, notion
from tests.emulators.airtable.seeds import add_samples
from tests.emulators.core.clock import RealClock
from tests.emulators.core.emulator import Emulator
from tests.emulators.core.server import Server
from tests.emulators.google_sheets.seeding import put_in
from tests.emulators.google_sheets.service import OWNER, ROBOT
from tests.emulators.notion.emulator import TOKEN as NOTION_TOKEN


def in_sheets() -> tuple[Emulator, str]:
    service = google_sheets.make(RealClock())
    put_in(
        service,
        "Ops",
        {"Tasks": [["ID", "Name", "Type", "Action", "Status"], ["1", "a", "manual", "run_vitest", "active"]]},
        OWNER,
        ROBOT,
    )
    return service, ""


def in_airtable() -> tuple[Emulator, str]:
    service = airtable.make(RealClock(), {}, 1)
    add_samples(service)
    service.quotas.on = False  # two hosts with one token know nothing of each other's windows
    return service, f"AIRTABLE_TOKEN={airtable.TOKEN}\n"


def in_notion() -> tuple[Emulator, str]:
    service = notion.make(RealClock(), {}, 1)
    notion.fill(service)
    return service, f"NOTION_TOKEN={NOTION_TOKEN}\n"


class Hosts:
    """Two folders, each with a rowd.toml for the same table, as on two hosts."""

    def __init__(self, service: Emulator, secrets: str, base: str, folder: Path) -> None:
        self.service = service
        self.alpha, self.beta = folder / "alpha", folder / "beta"
        self._daemons: list[Daemon] = []
        said = service.snippet(base).replace('"team"', '"business"')  # no month to be spread over the days that are left
        at = said.index("\n", said.index("[tables.")) + 1
        for host in (self.alpha, self.beta):
            host.mkdir()
            (host / "rowd.toml").write_text(f'{ACTIONS}\n{said[:at]}poll = "1s"\n{said[at:]}')
            (host / ".env").write_text(secrets)
            (host / ".env").chmod(0o600)

    def start(self, host: Path, *words: str) -> Daemon:
        self._daemons.append(Daemon(host, ["run", "--log", "json", *words]))
        return self._daemons[-1]

    def close(self) -> None:
        for daemon in self._daemons:
            daemon.kill()


@pytest.fixture(params=[in_sheets, in_airtable, in_notion])
def hosts(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosts]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # the emulator of Sheets leaves its key there
    made: Callable[[], tuple[Emulator, str]] = request.param
    with ExitStack() as stack:
        service, secrets = made()
        here = Hosts(service, secrets, stack.enter_context(Server(service)).base, tmp_path)
        stack.callback(here.close)
        yield here
    assert service.unserved == []


def test_a_second_daemon_is_refused_until_the_first_has_ended_in_order(hosts: Hosts) -> None:
    first = hosts.start(hosts.alpha)
    first.until("table.read")
    answer = rowd("run", cwd=hosts.beta)
    assert answer.returncode == 5, answer.stderr
    assert f"process {first.process.pid}" in answer.stderr
    assert "--take-over" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert rowd("once", cwd=hosts.beta).returncode == 5
    listed = rowd("list", "--json", cwd=hosts.beta)
    assert "run_vitest" in listed.stdout
    assert "rowd runs" not in listed.stdout  # the lease is no row, wherever it is kept
    told = json.loads(listed.stdout)
    (table,), named = told["tables"], told["tasks"][0]["name"]
    (tenant,) = table["run_by"]
    assert f"process {first.process.pid}" in tenant["who"]
    assert tenant["primary"]
    assert {task["run_by"] for task in told["tasks"]} == {tenant["who"]}
    assert listed.stderr == ""  # nothing of "no daemon is running"
    wished = rowd("run-now", named, cwd=hosts.beta)
    assert wished.returncode == 5, wished.stderr
    assert f"{named} is run by {tenant['who']}, at least until " in wished.stderr
    own = json.loads(rowd("list", "--json", cwd=hosts.alpha).stdout)
    assert [table["run_by"] for table in own["tables"]] == [[]]  # its own daemon is no other's

    first.kill()
    assert rowd("once", cwd=hosts.beta).returncode == 5  # nobody can tell that it is dead
    first = hosts.start(hosts.alpha)
    first.until("table.read")
    assert first.stop() == 0
    second = hosts.start(hosts.beta)
    second.until("table.read")
    assert second.stop() == 0


def test_one_that_takes_over_is_given_way_to(hosts: Hosts) -> None:
    old = hosts.start(hosts.alpha)
    old.until("table.read")
    new = hosts.start(hosts.beta, "--take-over")
    new.until("table.read")
    told = old.until("table.unreachable")
    assert told["needs_owner"]
    assert f"process {new.process.pid}" in told["message"]
    status = json.loads(rowd("status", "--json", cwd=hosts.alpha).stdout)
    (table,) = status["tables"]
    assert table["state"] == "elsewhere"
    (whose,) = [c["says"] for c in _examined(hosts.alpha) if (c["table"], c["check"]) == (table["table"], "daemon")]
    assert f"process {new.process.pid}" in whose
    assert "a daemon here starts nothing of it until that one has ended" in whose  # the one here runs, and is not refused
    assert f"process {new.process.pid}" in table["message"]
    assert new.stop() == 0
    old.until("table.recovered")  # it stands by
    assert old.stop() == 0


def _examined(host: Path) -> list[dict[str, str]]:
    checks: list[dict[str, str]] = json.loads(rowd("doctor", "--json", cwd=host).stdout)["checks"]
    return checks


SHARED = [
    ["ID", "Name", "Schedule", "Action", "Runs On", "Last Status", "Health"],
    ["1", "here", "every 2 seconds", "run_vitest", "", "", ""],
    ["2", "there", "every 2 seconds", "run_vitest", "gpu", "", ""],
    ["3", "nowhere", "every 2 seconds", "run_vitest", "npu", "", ""],
]


def test_two_daemons_share_a_table_by_labels_and_a_third_of_the_same_label_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    service = google_sheets.make(RealClock())
    put_in(service, "Ops", {"Tasks": SHARED}, OWNER, ROBOT)
    with ExitStack() as stack:
        here = Hosts(service, "", stack.enter_context(Server(service)).base, tmp_path)
        stack.callback(here.close)
        config, table = here.beta / "rowd.toml", "tasks"
        config.write_text(config.read_text().replace("[daemon]", '[daemon]\nlabels = ["gpu"]\nprimary = false'))
        first, second = here.start(here.alpha), here.start(here.beta)
        for daemon, its in ((first, "here"), (second, "there")):
            ended = daemon.until("run.ended")
            daemon.until("run.ended", lambda event, first=ended["run"]: bool(event["run"] != first))  # type: ignore[misc]  # a default
            assert {event["task"] for event in daemon.events if event["event"] == "run.ended"} == {its}
        assert "no daemon of this table has this label" in first.until("row.defective")["message"]

        (gamma := tmp_path / "gamma").mkdir()
        for name in ("rowd.toml", ".env"):
            (gamma / name).write_text((here.beta / name).read_text())
        (gamma / ".env").chmod(0o600)
        answer = rowd("run", cwd=gamma)
        assert answer.returncode == 5
        assert f"process {second.process.pid}" in answer.stderr
        assert "runs the rows of gpu" in answer.stderr
        (daemon,) = [c for c in _examined(gamma) if (c["table"], c["check"]) == (table, "daemon")]
        assert daemon["says"].startswith(f"{table}: rows of gpu are run by rowd, process {second.process.pid} on ")
        assert daemon["good"] is None

        shared = rowd("list", "--json", cwd=here.beta)
        assert shared.stderr == ""  # who shares the table by labels is no news
        listed = json.loads(shared.stdout)
        assert {row["name"]: (row["run_by"] or "").partition(" on ")[0] for row in listed["tasks"]} == {
            "here": f"rowd, process {first.process.pid}",
            "there": "",
            "nowhere": "",
        }
        assert {row["name"]: row["status"] for row in listed["tasks"]} == {
            "here": "elsewhere",
            "there": "active",
            "nowhere": "elsewhere",
        }
        refused = rowd("run-now", "here", cwd=here.beta)
        assert refused.returncode == 5
        assert f"here is run by rowd, process {first.process.pid} on " in refused.stderr
        assert "--take-over" not in refused.stderr  # each has its own rows
        assert first.stop() == second.stop() == 0
    assert service.unserved == []
