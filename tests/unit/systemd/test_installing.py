"""The steps by which rowd becomes a service and ceases to be one, in folders of the test, with a systemctl that runs nothing."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from rowd.systemd.control import Control, Failed, NoSystemd, Standing
from rowd.systemd.installing import Order, installed, lingering, strangers, user_units
from rowd.systemd.removing import uninstalled
from rowd.systemd.steps import Plan
from rowd.systemd.unit import MARK
from tests.fakes import systemctl

UNIT, OPENED = f"{MARK}\n\n[Service]\nExecStart=/rowd run --config /etc/rowd/rowd.toml\n", f"{MARK}\n\n[Service]\n"


class Bench:
    """A service manager, and the folder of its units."""

    def __init__(self, folder: Path) -> None:
        self.units, self.fake, self.control = folder / "units", folder / "fake", Control()
        self.variables = systemctl.installed(self.fake, self.units)
        self.order = Order("rowd", self.units, self.control, UNIT, OPENED)

    @property
    def standing(self) -> Standing:
        return self.control.standing("rowd.service")

    def plan(self, **other: object) -> Plan:
        plan, order = Plan(), replace(self.order, **other)
        installed(order, self.standing, plan)
        return plan

    def install(self, upto: int | None = None, **other: object) -> list[str]:
        plan = self.plan(**other)
        for step in plan.steps[:upto]:
            step.do()
        return [step.says.split(" ")[0] for step in plan.steps]

    def remove(self, upto: int | None = None) -> Plan:
        plan = uninstalled(self.order.unit, self.control, self.standing)
        for step in plan.steps[:upto]:
            step.do()
        return plan

    def told(self) -> list[str]:
        return [line.removeprefix("--no-ask-password ") for line in systemctl.told(self.fake)]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(tmp_path)
    for name, value in made.variables.items():
        monkeypatch.setenv(name, value)
    return made


def test_everything_is_made_once(bench: Bench) -> None:
    assert bench.install() == ["write", "write", "let", "enable", "start"]
    assert bench.told() == ["daemon-reload", "enable rowd.service", "start rowd.service"]
    assert (bench.order.unit.read_text(), bench.order.drop_in.read_text()) == (UNIT, OPENED)
    assert oct(bench.order.unit.stat().st_mode & 0o777) == "0o644"
    assert [file.name for file in bench.units.rglob(".*")] == []
    assert bench.install() == []


@pytest.mark.parametrize("done", range(5))
def test_what_was_ended_in_the_middle_is_gone_on_with(bench: Bench, done: int) -> None:
    bench.install(done)
    bench.install()
    assert bench.install() == []
    standing = bench.standing
    assert (standing.runs, standing.enabled, standing.stale) == (True, "enabled", False)
    assert bench.told()[-1] in ("start rowd.service", "restart rowd.service")


def test_only_what_differs_is_changed(bench: Bench) -> None:
    bench.install()
    bench.told()
    before = bench.order.drop_in.stat().st_mtime_ns
    assert bench.install(text=f"{UNIT}# newer\n") == ["change", "let", "restart"]
    assert (bench.told(), bench.order.drop_in.stat().st_mtime_ns) == (["daemon-reload", "restart rowd.service"], before)
    assert bench.install(text=f"{UNIT}# newer\n", opened=None) == ["remove", "let", "restart"]
    assert not bench.order.drop_in.exists()


def test_a_process_that_older_units_started_is_started_anew(bench: Bench) -> None:
    bench.install()
    started = datetime.now(UTC) - timedelta(minutes=1)
    systemctl.put(bench.fake, at=f"{started:%a %Y-%m-%d %H:%M:%S UTC}")
    assert bench.install() == ["restart"]
    assert bench.install() == []
    stamp = (
        datetime.now(UTC).replace(microsecond=0).timestamp() + 0.9
    )  # in the second in which it was started, systemd says no more
    systemctl.put(bench.fake, at=f"{datetime.fromtimestamp(stamp, UTC):%a %Y-%m-%d %H:%M:%S UTC}")
    os.utime(bench.order.unit, (stamp, stamp))
    assert bench.install() == []


def test_it_is_neither_started_nor_started_anew_where_that_is_not_wanted(bench: Bench) -> None:
    assert bench.install(starts=False) == ["write", "write", "let", "enable"]
    plan = bench.plan(starts=False)
    assert (plan.steps, plan.hints) == ([], ["it was not to be started: systemctl start rowd does it"])
    bench.install()
    assert bench.plan(starts=False).hints == []
    assert bench.plan(starts=False, text="other").hints == ["it was not to be restarted: systemctl restart rowd does it"]


@pytest.mark.parametrize(
    ("active", "sub", "said"),
    [
        ("failed", "failed", ["reset-failed rowd.service", "start rowd.service"]),
        ("activating", "auto-restart", ["start rowd.service"]),
        ("activating", "start", []),
        ("reloading", "reload", []),
        ("inactive", "dead", ["start rowd.service"]),
    ],
)
def test_it_is_started_where_it_does_not_run(bench: Bench, active: str, sub: str, said: list[str]) -> None:
    bench.install()
    bench.told()
    systemctl.put(bench.fake, active=active, sub=sub)
    bench.install()
    assert bench.told() == said


def test_a_name_that_others_have_is_left_to_them(bench: Bench, tmp_path: Path) -> None:
    unit = bench.order.unit
    assert strangers(unit, bench.standing).good
    for state, says in (
        ({"load": "masked"}, "systemctl unmask rowd"),
        ({"fragment": "/lib/systemd/system/rowd.service"}, "is the service of /lib/systemd/system/rowd.service"),
    ):
        systemctl.put(bench.fake, **state)
        found = strangers(unit, bench.standing)
        assert (found.good, says in found.says) == (False, True)
        (bench.fake / "state").unlink()
    unit.parent.mkdir()
    for make in (
        lambda: unit.write_text("[Service]\n"),
        lambda: unit.symlink_to("/dev/null"),
        lambda: unit.symlink_to(tmp_path / "none"),
    ):
        make()
        found = strangers(unit, Standing())
        assert (found.good, f"rm {unit}" in found.says) == (False, True)
        unit.unlink()
    unit.write_text(UNIT)
    assert strangers(unit, bench.standing).good
    other = unit.with_name("other.service")  # what a link leads to is somebody's choice, also where it is ours
    other.symlink_to(unit)
    assert not strangers(other, Standing()).good
    assert uninstalled(other, bench.control, Standing()).obstructed


# --- gone again


def test_all_of_it_goes_and_nothing_else(bench: Bench) -> None:
    bench.install()
    bench.told()
    plan = bench.remove()
    assert bench.told() == ["stop rowd.service", "disable rowd.service", "daemon-reload"]
    assert list(bench.units.iterdir()) == []
    assert plan.stays == ["/etc/rowd/rowd.toml, what stands beside it, and its tables"]
    assert bench.remove().steps == []


@pytest.mark.parametrize("done", range(7))
def test_what_was_ended_while_it_was_removed_is_gone_on_with(bench: Bench, done: int) -> None:
    bench.install()
    bench.remove(done)
    bench.remove()
    assert list(bench.units.iterdir()) == []
    standing = bench.standing
    assert (standing.active, standing.load, bench.remove().steps) == ("inactive", "not-found", [])


def test_a_drop_in_that_somebody_makes_meanwhile_stays(bench: Bench) -> None:
    bench.install()
    plan = uninstalled(bench.order.unit, bench.control, bench.standing)
    own = bench.order.drop_in.with_name("override.conf")
    own.write_text("[Service]\n")
    for step in plan.steps:
        step.do()
    assert (own.exists(), bench.order.unit.exists()) == (True, False)


def test_drop_ins_of_others_stay_and_are_named(bench: Bench) -> None:
    bench.install()
    own = bench.order.drop_in.with_name("override.conf")
    own.write_text("[Service]\n")
    plan = bench.remove()
    assert (own.exists(), bench.order.drop_in.exists(), plan.stays[1:]) == (True, False, [str(own)])


def test_a_service_that_others_made_is_neither_stopped_nor_removed(bench: Bench) -> None:
    bench.units.mkdir()
    bench.order.unit.write_text("[Service]\n")
    systemctl.put(bench.fake, active="active", enabled=True)
    for _ in range(2):
        plan = bench.remove()
        assert (plan.obstructed, plan.steps) == (True, [])
        systemctl.put(bench.fake, fragment="/lib/systemd/system/rowd.service")
        bench.order.unit.unlink(missing_ok=True)
    assert bench.told() == []


def test_one_that_has_failed_is_forgotten(bench: Bench) -> None:
    bench.install()
    bench.told()
    systemctl.put(bench.fake, active="failed", enabled=False)
    bench.remove()
    assert bench.told() == ["reset-failed rowd.service", "daemon-reload"]


# --- systemd asked


def test_properties_are_read_as_systemd_writes_them(bench: Bench) -> None:
    systemctl.put(bench.fake, at="Sun 2026-11-29 00:40:00 UTC", active="active", pid=7, says="2 tables; a=b", home="yes")
    found = bench.standing
    assert (found.since, found.pid, found.says, found.home) == (
        datetime(2026, 11, 29, 0, 40, tzinfo=UTC),
        7,
        "2 tables; a=b",
        "yes",
    )
    systemctl.put(bench.fake, at="n/a", pid=0)
    assert (bench.standing.since, bench.standing.pid) == (None, None)


def test_no_systemd_is_told_with_what_else_there_is(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    (bench.fake / "refuses").write_text("show")
    with pytest.raises(NoSystemd, match=r"Job for rowd.service failed|can't be reached"):
        bench.control.standing("rowd.service")
    monkeypatch.setenv("PATH", str(bench.fake))
    with pytest.raises(NoSystemd, match=r"There is no systemctl here.*other-supervisors\.md"):
        bench.control.standing("rowd.service")


def test_a_step_that_systemd_refuses_is_told_with_its_words(bench: Bench) -> None:
    (bench.fake / "refuses").write_text("enable")
    with pytest.raises(Failed, match=r"systemctl enable rowd\.service failed: Job for rowd\.service failed\."):
        bench.install()
    assert "start rowd.service" not in bench.told()


def test_where_units_of_a_user_are(tmp_path: Path) -> None:
    assert user_units({}, tmp_path) == tmp_path / ".config" / "systemd" / "user"
    assert user_units({"XDG_CONFIG_HOME": "relative"}, tmp_path) == tmp_path / ".config" / "systemd" / "user"
    assert user_units({"XDG_CONFIG_HOME": "/x"}, tmp_path) == Path("/x/systemd/user")


def test_lingering_is_advised_where_it_is_off(tmp_path: Path) -> None:
    assert lingering("ada", tmp_path).startswith("loginctl enable-linger ada")
    (tmp_path / "ada").touch()
    assert lingering("ada", tmp_path) == ""
