"""One holder at a time, known by name to all who come second."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from connectors.holding import hold, lock_file


def test_the_second_is_told_of_the_first_until_it_lets_go(tmp_path: Path) -> None:
    first = hold(tmp_path / "lock", "rowd,  process 1\non here")
    assert isinstance(first, int)
    assert hold(tmp_path / "lock", "rowd, process 2") == "rowd, process 1 on here"
    os.close(first)
    second = hold(tmp_path / "lock", "short")
    assert isinstance(second, int)
    assert hold(tmp_path / "lock", "rowd, process 3") == "short"
    os.close(second)


def test_of_many_in_the_same_instant_one_holds_and_the_others_read_its_name_never_a_dead_ones(tmp_path: Path) -> None:
    def race(number: int) -> None:
        lock, begin = tmp_path / f"lock{number}", Barrier(8)
        lock.write_text("one who was killed")

        def attempt(who: str) -> tuple[str, int | str]:
            begin.wait()
            return who, hold(lock, who)

        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(attempt, [f"{number}-{which}" for which in range(8)]))
        ((winner, descriptor),) = [(who, held) for who, held in found if isinstance(held, int)]
        assert {held for _, held in found if isinstance(held, str)} == {winner}
        os.close(descriptor)

    with ThreadPoolExecutor(5) as races:  # beside each other, for whoever loses asks again for a second
        list(races.map(race, range(20)))


def test_whoever_comes_while_another_is_at_the_gate_neither_takes_the_lock_nor_reads_a_name(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text("one who was killed")
    gate = lock_file(tmp_path / "lock.gate")
    fcntl.flock(gate, fcntl.LOCK_EX)
    with ThreadPoolExecutor(1) as pool:
        try:
            second = pool.submit(hold, lock, "second")
            while not second.done() and not waited_for(gate):
                pass
            assert not second.done()
            assert lock.read_text() == "one who was killed"
        finally:
            os.close(gate)
        held = second.result()
    assert isinstance(held, int)
    os.close(held)


def waited_for(descriptor: int) -> bool:
    """Whether somebody waits for the lock that this one holds (proc_locks(5): a waiter's line has an arrow)."""
    inode = os.fstat(descriptor).st_ino
    return any("->" in line and f":{inode} " in line for line in Path("/proc/locks").read_text().splitlines())


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_what_is_linked_into_a_locks_place_is_neither_written_nor_given_away(
    tmp_path: Path, link: Callable[[Path, Path], None]
) -> None:
    secret, folder = tmp_path / "secret", tmp_path / "theirs"
    secret.write_text("of root")
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
    before = secret.stat()
    link(folder / "lock", secret)
    with pytest.raises(OSError, match="link"):
        hold(folder / "lock", "rowd")
    assert (secret.stat().st_uid, secret.stat().st_gid, secret.read_text()) == (before.st_uid, before.st_gid, "of root")


def test_a_lock_is_no_link(tmp_path: Path) -> None:
    (tmp_path / "else").touch()
    (tmp_path / "lock").symlink_to(tmp_path / "else")
    with pytest.raises(OSError, match="symbolic links"):
        lock_file(tmp_path / "lock")
