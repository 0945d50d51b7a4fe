"""Whom a file belongs to, and what rowd may not do to it."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectors.api import Effect, Patch, Place
from connectors.errors import NeedsOwner, TryLater
from connectors.local import LocalSettings, LocalTable
from connectors.local.beside import Beside, digest
from connectors.local.exchange import exchange
from connectors.local.place import Placer

NOBODY = 65534
CSV = b"ID,Name,Do\na,alpha,\n"
PATCH = Patch("a", {"Do": "x"})


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that everybody may use, since pytest's own are private."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        file = folder / "tasks.csv"
        file.write_bytes(CSV)
        yield file


@contextmanager
def as_nobody() -> Iterator[None]:
    if os.geteuid() != 0:  # an ordinary user is what these tests need anyway
        yield
        return
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def opened(file: Path) -> LocalTable:
    return LocalTable(LocalSettings(path=file), Place("Ops", file.parent, "ID", "Name", str))


@pytest.mark.parametrize(("mode", "calls"), [(0o000, "read"), (0o644, "write")])
def test_a_file_that_rowd_may_not_use_is_said_and_stays(shared: Path, mode: int, calls: str) -> None:
    shared.chmod(mode)
    with as_nobody():
        table = opened(shared)
        if calls == "write":
            assert len(table.read().rows) == 1
        with pytest.raises(NeedsOwner, match="not allowed to use it") as caught:
            table.read() if calls == "read" else table.write([PATCH])
    shared.chmod(0o644)
    assert shared.read_bytes() == CSV
    assert str(caught.value).count(str(shared)) == 1


@pytest.mark.parametrize("mode", [0o444, 0o400])
def test_a_file_that_was_made_read_only_is_read_and_not_replaced_by_root_either(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "to do.csv"
    file.write_bytes(CSV)
    file.chmod(mode)
    table = opened(file)
    for change in (lambda: table.write([PATCH]), lambda: table.create([{"Name": "beta"}]), lambda: table.delete(["a"])):
        with pytest.raises(NeedsOwner, match=rf"read-only \(mode {mode:o}\).*chmod u\+w '{file}'$"):
            change()
    assert [row.key for row in table.read().rows] == ["a"]
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (CSV, mode)
    before = table.probe()
    file.chmod(mode | 0o200)
    assert table.probe() != before
    assert table.write([PATCH])[0].effect is Effect.APPLIED


def test_a_late_save_waits_while_the_file_is_read_only(tmp_path: Path) -> None:
    file = tmp_path / "tasks.csv"
    file.write_bytes(CSV)
    table = opened(file)
    with file.open("r+b") as editor:
        table.write([PATCH])
        editor.write(CSV.replace(b"alpha", b"omega"))
    file.chmod(0o444)
    ours = file.read_bytes()
    assert table.read().rows[0].cells["Name"] == "alpha"
    assert file.read_bytes() == ours
    file.chmod(0o644)
    assert table.read().rows[0].cells["Name"] == "omega"


def test_a_folder_that_rowd_may_not_write_into_is_said(shared: Path) -> None:
    shared.chmod(0o666)
    shared.parent.chmod(0o555)
    with as_nobody():
        table = opened(shared)
        assert len(table.read().rows) == 1
        with pytest.raises(NeedsOwner, match="make files in the folder"):
            table.write([PATCH])
    shared.parent.chmod(0o777)
    assert shared.read_bytes() == CSV


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of two users")
@pytest.mark.parametrize(("mode", "groups"), [(0o664, [4321]), (0o646, [])])
def test_a_file_that_is_shared_with_its_owner_stays_shared(shared: Path, mode: int, groups: list[int]) -> None:
    shared.chmod(mode)
    os.chown(shared, 1234, 4321)
    os.setgroups(groups)
    try:
        with as_nobody():
            assert opened(shared).write([PATCH])[0].effect is Effect.APPLIED
    finally:
        os.setgroups([])
    after = shared.stat()
    assert after.st_mode & 0o777 == mode
    assert after.st_gid == (4321 if groups else NOBODY)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of two users")
def test_a_file_whose_owner_could_not_save_it_any_more_is_not_replaced(shared: Path) -> None:
    os.chown(shared, 1234, 4321)
    shared.chmod(0o664)  # its group isn't ours, so it can't be kept
    with as_nobody():
        beside = Beside(shared)
        with beside.alone(), pytest.raises(NeedsOwner, match="belongs to user 1234"):
            Placer(shared, beside, exchange).prepare(b"new")
    assert shared.read_bytes() == CSV
    assert not beside.draft.exists()


def test_without_exchange_and_hard_links_a_copy_is_kept(tmp_path: Path) -> None:
    def refused(one: Path, other: Path) -> None:
        raise OSError(errno.EINVAL, "Invalid argument", str(one))

    def no_links(one: Path, other: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted", str(one))

    file = tmp_path / "tasks.csv"
    file.write_bytes(CSV)
    beside = Beside(file)
    placer = Placer(file, beside, refused, no_links)
    with beside.alone():
        placer.prepare(b"new")
        swap = placer.put(digest(CSV), digest(b"new"))
        assert (file.read_bytes(), swap.path.read_bytes()) == (b"new", CSV)
        placer.prepare(b"newer")
        with pytest.raises(TryLater, match="just now"):
            placer.put(digest(CSV), digest(b"newer"))
        assert not beside.draft.exists()
        assert file.read_bytes() == b"new"
        assert [s.path for s in beside.swaps()] == [swap.path]
        placer.prepare(b"newer")
        file.unlink()
        with pytest.raises(FileNotFoundError):
            placer.put(digest(b"new"), digest(b"newer"))
        assert not file.exists()


def test_without_exchange_a_file_that_was_put_there_just_now_stays(tmp_path: Path) -> None:
    def refused(one: Path, other: Path) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented", str(one))

    file = tmp_path / "tasks.csv"
    file.write_bytes(CSV)

    def saved_after(one: Path, other: Path) -> None:
        os.link(one, other)
        newer = file.with_name("editor.tmp")
        newer.write_bytes(b"newer")
        newer.replace(file)

    beside = Beside(file)
    placer = Placer(file, beside, refused, saved_after)
    with beside.alone():
        placer.prepare(b"ours")
        with pytest.raises(TryLater, match="just now"):
            placer.put(digest(CSV), digest(b"ours"))
    assert file.read_bytes() == b"newer"
    assert beside.swaps() == []


def test_a_place_that_was_saved_meanwhile_is_not_taken_back(tmp_path: Path) -> None:
    file = tmp_path / "tasks.csv"
    for swapping in (exchange, _refused):
        file.write_bytes(CSV)
        beside = Beside(file)
        placer = Placer(file, beside, swapping)
        with beside.alone():
            placer.prepare(b"ours")
            swap = placer.put(digest(CSV), digest(b"ours"))
            file.write_bytes(b"newest")
            assert placer.take_back(swap, b"ours") is False
        assert {file.read_bytes(), swap.path.read_bytes()} == {CSV, b"newest"}


def _refused(one: Path, other: Path) -> None:
    raise OSError(errno.EOPNOTSUPP, "Operation not supported", str(one))


def test_what_root_makes_beside_a_table_belongs_to_who_has_it(shared: Path) -> None:
    if os.geteuid() == 0:
        os.chown(shared, NOBODY, NOBODY)
    written = opened(shared)
    written.write([PATCH])
    written.close()
    with as_nobody():
        table = opened(shared)
        table.own("another daemon")
        assert [w.effect for w in table.write([Patch("a", {"Do": None})])] == [Effect.APPLIED]
        table.close()
