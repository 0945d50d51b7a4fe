"""A ledger that is locked, damaged, cut short or gone: it is said with a remedy, which is tried; nothing runs twice."""

from __future__ import annotations

import os
import re
import shlex
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.site import Daemon, Site, eventually

Make = Callable[..., Site]

TICK = "1,tick,work,every 1 second,active,,,,,,,"
ONCE = "2,once,work,now,active,,,,,,,"
LOCKED = "another program keeps it locked; end that program"


def ledger_of(here: Site) -> Path:
    return here.folder / ".rowd" / "ledger.sqlite"


def ran(here: Site) -> Daemon:
    """A daemon that has run both rows, and has told the table so."""
    config = here.folder / "rowd.toml"
    config.write_text(config.read_text().replace('stop_within = "5s"', 'stop_within = "1s"'))
    daemon = here.start()
    for name in ("tick", "once"):
        daemon.until("run.ended", lambda event, name=name: event["task"] == name)  # type: ignore[misc]  # mypy: lambda default
    eventually(lambda: here.rows()["once"]["Status"] == "completed")
    return daemon


def test_a_ledger_that_another_program_keeps_locked_is_waited_for_and_told(site: Make) -> None:
    here, there = site(TICK, ONCE), site(TICK)
    daemon = ran(here)
    there.start().until("table.read")
    assert there.daemons[0].stop() == 0
    with closing(sqlite3.connect(ledger_of(here), isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN EXCLUSIVE")
        started = len(here.witnessed())
        with closing(sqlite3.connect(ledger_of(there), isolation_level=None, timeout=30)) as another:
            another.execute("BEGIN EXCLUSIVE")
            waits = there.start()
            asked = here.rowd("run-now", "tick")
            assert (asked.returncode, LOCKED in asked.stderr) == (3, True)
            assert LOCKED in daemon.until("ledger.refused")["message"]
            told = here.rowd("status")
            assert (told.returncode, LOCKED in " ".join(told.stdout.split())) == (1, True)
            assert here.rowd("list").returncode == 0
            assert waits.ended() == 3
            assert LOCKED in waits.other[-1]
        assert len(here.witnessed()) <= started + 1  # what was begun just before
        other.execute("ROLLBACK")
    daemon.until("ledger.recovered")
    eventually(lambda: len(here.witnessed()) > started + 1)
    assert daemon.stop() == 0
    here.laws()


def torn(path: Path) -> None:
    """All but the first two pages."""
    with path.open("r+b") as file:
        file.seek(2 * 4096)
        file.write(os.urandom(path.stat().st_size - 2 * 4096))


def headless(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\xff" * 100)


HARMS: dict[str, Callable[[Path], None]] = {
    "header": headless,
    "pages": torn,
    "half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "empty": lambda path: os.truncate(path, 0),
    "gone": lambda path: path.unlink(),
}


def remedy(said: str, here: Site) -> None:
    """Do what somebody would who is called at night: the command that was named, word by word."""
    named = re.search(r"`rowd (restore [^`]+)`", said)
    assert named is not None, said
    done = here.rowd(*shlex.split(named[1]))
    assert done.returncode == 0, done.stderr


def test_a_ledger_that_was_damaged_meanwhile_is_restored_as_told_and_nothing_runs_twice(site: Make) -> None:
    here = site(TICK, ONCE)
    daemon = ran(here)
    for harm, do in HARMS.items():
        assert here.rowd("backup").returncode == 0
        assert daemon.stop() == 0
        do(ledger_of(here))
        before = here.witnessed()
        refused = here.start()
        assert refused.ended() == 4
        for command in ("status", "doctor"):
            told = here.rowd(command)
            assert "rowd restore ledger-" in " ".join(f"{told.stdout}{told.stderr}".split()), harm
        remedy(refused.other[-1], here)
        assert here.witnessed() == before

        daemon = here.start()
        daemon.until("ledger.restored")
        eventually(lambda before=before: len(here.witnessed()) > len(before))  # type: ignore[misc]  # mypy: lambda default
        nothing_ran_twice(here, before)
    assert daemon.stop() == 0


def nothing_ran_twice(here: Site, before: list[tuple[str, str, int]]) -> None:
    """What ran before may not be known any more; of what ran since all is, and none of it came due before."""
    known = {record["run"]: record for record in here.history()}
    since = here.witnessed()[len(before) :]
    assert len({(run, attempt) for run, attempt, _ in here.witnessed()}) == len(here.witnessed())
    assert {known[run]["task"] for run, _, _ in since} == {"tick"}
    latest = max((known[run]["due"] for run, _, _ in before if run in known), default="")
    assert all(known[run]["due"] > latest for run, _, _ in since)
    assert here.rows()["once"]["Status"] == "completed"


@pytest.mark.parametrize("harm", ["half", "gone"])
def test_a_ledger_that_is_harmed_under_the_daemon_is_told_and_nothing_starts(site: Make, harm: str) -> None:
    here = site(TICK, ONCE)
    daemon = ran(here)
    assert here.rowd("backup").returncode == 0
    with closing(sqlite3.connect(ledger_of(here))) as other:
        other.execute("PRAGMA wal_checkpoint")
    HARMS[harm](ledger_of(here))
    if harm == "gone":
        said = daemon.until("ledger.refused")["message"]
        assert "is gone (No such file or directory) while rowd works: nothing starts" in said
        assert "is gone while the daemon works" in " ".join(here.rowd("status").stdout.split())
        assert daemon.stop() == 4
    else:
        assert daemon.ended() == 4
        said = daemon.other[-1]
        assert "is damaged (it was cut from" in said
    before = here.witnessed()
    remedy(said, here)
    again = here.start()
    eventually(lambda: len(here.witnessed()) > len(before) + 1)
    assert again.stop() == 0
    nothing_ran_twice(here, before)


def test_without_a_backup_a_damaged_ledger_is_kept_aside_as_told_and_nothing_from_before_runs(site: Make) -> None:
    here = site(TICK, ONCE)
    assert ran(here).stop() == 0
    torn(ledger_of(here))
    before = here.witnessed()
    refused = here.start()
    assert refused.ended() == 4
    assert "There is no backup" in refused.other[-1]
    named = re.search(r"once (\S+), (\S+) and (\S+) are moved away", refused.other[-1])
    assert named is not None
    for name in named.groups():
        path = here.folder / ".rowd" / name
        if path.exists():
            path.rename(here.folder / name)
    again = here.start()
    eventually(lambda: len(here.witnessed()) > len(before) + 1)
    assert again.stop() == 0
    nothing_ran_twice(here, before)


def test_what_a_killed_daemon_knew_is_lost_with_the_log_of_its_ledger_and_runs_not_again(site: Make) -> None:
    here = site(TICK, ONCE)
    daemon = ran(here)
    with closing(sqlite3.connect(ledger_of(here))) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    seen = len(here.witnessed())
    eventually(lambda: len(here.witnessed()) > seen + 1)
    daemon.kill()
    log = ledger_of(here).with_name("ledger.sqlite-wal")
    log.write_bytes(os.urandom(log.stat().st_size))
    before = here.witnessed()
    again = here.start()
    behind = again.until("ledger.behind")
    assert behind["runs"] >= 1
    eventually(lambda: len(here.witnessed()) > len(before) + 1)
    assert again.stop() == 0
    known = {record["run"]: record for record in here.history()}
    since = [known[run] for run, _, _ in here.witnessed()[len(before) :]]
    assert {record["task"] for record in since} == {"tick"}
    assert min(record["due"] for record in since) > behind["at"][:19]  # the seconds before it was found out are not run again
