"""rowd.toml read anew while the last reading is still being taken over."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from actions.api import Process
from config.mistakes import ConfigError, Mistake
from engine.clock import SystemClock
from engine.committer import InlineCommitter
from engine.crash import CrashPoints
from engine.events import ConfigReloaded, Event, Trouble
from engine.governor import Governor
from engine.ledger import Ledger, LedgerUnwritable
from engine.trail import deeds_of
from rowd import reloading
from rowd.bound import Bound
from rowd.cli.site import me, site_at
from rowd.reloading import Reloading
from rowd.service import opened
from tests.unit.cli.desk import Desk


def test_a_second_reading_waits_until_the_first_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = site_at(Desk(tmp_path).folder / "rowd.toml")
    happened: list[str] = []

    async def story() -> None:
        opening, may_open = asyncio.Event(), asyncio.Event()

        async def tender(_site: object, name: str, *_: object) -> str:
            opening.set()
            await may_open.wait()
            return name

        async def add(name: str) -> None:
            happened.append(f"serves {name}")
            made.keepers[name] = object()

        def read() -> Any:
            happened.append("reads")
            return site

        def told(event: Event) -> None:
            assert isinstance(event, ConfigReloaded), event
            happened.append("says so")

        monkeypatch.setattr(reloading, "tender", tender)
        clock = SystemClock()
        made = SimpleNamespace(clock=clock, governor=Governor(clock), keepers={}, reconfigure=lambda *_: None, add=add)
        committer = InlineCommitter(Ledger.open(site.ledger), CrashPoints(None))
        anew = Reloading(site, Process(1, 1), cast("Any", made), committer, read, told)
        first = asyncio.create_task(anew.reload())
        await opening.wait()
        second = asyncio.create_task(anew.reload())
        await asyncio.wait({second}, timeout=0)  # it may begin now
        may_open.set()
        await asyncio.gather(first, second)
        await committer.close()

    asyncio.run(story())
    assert happened == ["reads", "serves ops", "says so", "reads", "says so"]


def test_the_daemon_works_on_while_a_program_is_asked_for_a_secret(tmp_path: Path) -> None:
    site = site_at(Desk(tmp_path).folder / "rowd.toml")
    answered = threading.Event()
    waited: list[bool] = []

    def read() -> Any:
        waited.append(answered.wait(20))  # as a program keeps it waiting
        raise ConfigError([Mistake("rowd.toml", "", "is wrong", "mend it")])  # what becomes of it is another test's

    async def story() -> None:
        made = SimpleNamespace(clock=SystemClock(), keepers={})
        anew = Reloading(site, Process(1, 1), cast("Any", made), cast("Any", None), read, lambda _: None)
        reading = asyncio.create_task(anew.reload())
        await asyncio.wait({reading}, timeout=0)
        answered.set()  # by the loop, which goes round meanwhile
        await reading

    asyncio.run(story())
    assert waited == [True]


def test_only_a_secret_that_was_asked_for_makes_a_table_another(tmp_path: Path) -> None:
    desk, env = Desk(tmp_path), tmp_path / ".env"

    def bound(*lines: str) -> Bound:
        env.write_text("\n".join(lines))
        return site_at(desk.folder / "rowd.toml").tables["ops"]

    before = bound("ONE=sesame", "TWO=2")
    assert before.place.secret("ONE") == "sesame"
    with pytest.raises(KeyError):
        before.place.secret("THREE")
    assert not before.renewed(bound("ONE=sesame", "TWO=changed"))
    assert before.renewed(bound("ONE=changed", "TWO=2"))
    assert before.renewed(bound("TWO=2"))
    assert before.renewed(bound("ONE=sesame", "THREE=3"))
    assert "sesame" not in repr(before.lent)


def test_a_store_that_has_no_clock_of_its_own_needs_nothing_for_another_zone_of_the_defaults(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    before = site_at(tmp_path / "rowd.toml").tables["ops"]
    text = (tmp_path / "rowd.toml").read_text()
    (tmp_path / "rowd.toml").write_text(text.replace("Europe/Berlin", "Asia/Tokyo"))
    after = site_at(desk.folder / "rowd.toml").tables["ops"]
    assert not before.moved(after)
    assert not before.lent.differ(after.lent)


class Refusing:
    """A committer whose ledger can't be written."""

    async def do(self, work: object, *, point: str) -> Any:
        raise LedgerUnwritable("the disk is full")


def test_which_configuration_was_taken_up_when_stands_in_the_audit_trail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, events = Desk(tmp_path, "1,backup,,daily 02:30,work,,,,,"), list[Event]()
    file = desk.folder / "rowd.toml"
    digests = [hashlib.sha256(file.read_bytes()).hexdigest()]
    monkeypatch.setenv("ROWD_DAEMON__MAX_PARALLEL", "3")

    async def story() -> None:
        site = site_at(file)
        async with opened(site, events.append) as (made, committer):
            anew = Reloading(site, Process(1, 1), made, committer, lambda: site_at(file), events.append)
            file.write_text(file.read_text().replace("/bin/true", "/bin/false"))
            digests.append(hashlib.sha256(file.read_bytes()).hexdigest())
            await anew.reload()
            refused = Reloading(site, Process(1, 1), made, cast("Any", Refusing()), lambda: site_at(file), events.append)
            await refused.reload()

    asyncio.run(story())
    with desk.ledger() as ledger:
        deeds = [deed for record in ledger.trail() for deed in deeds_of(record)]
    assert [(deed.kind, deed.by) for deed in deeds] == [
        ("daemon.started", me()),
        ("config.taken", "rowd"),
        ("daemon.ended", "rowd"),
    ]
    started, taken, _ = deeds
    assert [deed.what["rowd.toml"] for deed in (started, taken)] == digests
    assert started.what["actions.work"] != taken.what["actions.work"]
    assert started.what["overrides"] == "ROWD_DAEMON__MAX_PARALLEL"
    assert [event.message for event in events if isinstance(event, Trouble)] == ["the disk is full"]
    assert sum(isinstance(event, ConfigReloaded) for event in events) == 2  # told, and taken over all the same
