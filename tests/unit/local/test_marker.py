"""The marker of a local table: anything may have changed, or only what we wrote ourselves."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.api import Patch
from connectors.errors import OutcomeUnknown
from connectors.local.exchange import exchange
from connectors.local.table import LocalTable
from tests.unit.local.test_races import THEIRS, Meanwhile, no_exchange, save_beside, save_in_place

Opener = Callable[..., LocalTable]
SAVES = pytest.mark.parametrize("save", [save_in_place, save_beside])
RESULT = Patch("a", {"Last Result": "ok"})
NEXT = Patch("b", {"Last Result": "ok"})


def known(table: LocalTable) -> str:
    """The marker of a version that was read."""
    marker = table.probe()
    table.read()
    return marker


@pytest.mark.parametrize("how", [exchange, no_exchange])
def test_our_own_writes_one_on_the_other_are_no_change(table: Opener, how: Callable[..., None]) -> None:
    opened = table(how)
    marker = known(opened)
    for number in range(5):
        opened.write([Patch("a", {"Last Result": str(number)})])
        assert opened.probe() == marker
    assert [row.cells["Last Result"] for row in opened.read().rows] == ["4", None]
    assert opened.probe() == marker


def test_a_write_before_the_first_read_is_a_change(table: Opener) -> None:
    opened = table()
    marker = opened.probe()
    opened.write([RESULT])
    assert opened.probe() != marker


@SAVES
def test_a_save_before_our_write_is_a_change(file: Path, table: Opener, save: Callable[[Path, bytes], None]) -> None:
    opened = table()
    marker = known(opened)
    save(file, THEIRS)
    opened.write([RESULT])
    assert opened.probe() != marker
    opened.write([NEXT])
    assert opened.probe() != marker


@SAVES
def test_a_save_during_our_write_is_a_change(file: Path, table: Opener, save: Callable[[Path, bytes], None]) -> None:
    opened = table(Meanwhile(lambda: save(file, THEIRS)))
    marker = known(opened)
    opened.write([RESULT])
    assert b"edited" in file.read_bytes()
    assert opened.probe() != marker
    opened.write([NEXT])
    assert opened.probe() != marker


@SAVES
def test_a_save_right_after_our_write_is_a_change(file: Path, table: Opener, save: Callable[[Path, bytes], None]) -> None:
    opened = table(Meanwhile(after=(lambda: save(file, THEIRS),)))
    marker = known(opened)
    opened.write([RESULT])
    assert opened.probe() != marker


def test_a_save_of_the_same_bytes_is_a_change_only_until_we_write_on_it(file: Path, table: Opener) -> None:
    opened = table()
    marker = known(opened)
    save_beside(file, file.read_bytes())
    assert opened.probe() != marker
    opened.write([RESULT])
    assert opened.probe() == marker


def test_a_save_between_the_marker_and_the_read_is_a_change_after_our_write_too(file: Path, table: Opener) -> None:
    opened = table()
    marker = opened.probe()
    save_beside(file, THEIRS)
    opened.read()
    opened.write([RESULT])
    assert opened.probe() != marker


def test_a_write_that_may_have_landed_is_a_change(file: Path, table: Opener) -> None:
    opened = table(Meanwhile(after=(lambda: [swap.unlink() for swap in file.parent.glob(".tasks.csv.rowd/swap.*")],)))
    marker = known(opened)
    with pytest.raises(OutcomeUnknown):
        opened.write([RESULT])
    assert opened.probe() != marker


def test_rows_made_or_removed_are_a_change_for_they_are_to_be_read(table: Opener) -> None:
    opened = table()
    marker = known(opened)
    opened.create([{"ID": "c", "Name": "gamma"}])
    assert opened.probe() != marker
    opened.write([RESULT])
    assert opened.probe() != marker
    marker = known(opened)
    opened.delete(["c"])
    assert opened.probe() != marker


def test_what_another_table_object_wrote_is_a_change(table: Opener) -> None:
    opened, other = table(), table()
    marker = known(opened)
    known(other)
    other.write([RESULT])
    assert opened.probe() != marker
    opened.write([NEXT])
    assert opened.probe() != marker


def test_after_a_restart_what_was_written_before_it_is_to_be_read(table: Opener) -> None:
    opened = table()
    marker = known(opened)
    opened.write([RESULT])
    opened.close()
    assert table().probe() != marker


def test_a_save_into_the_displaced_file_is_a_change(file: Path, table: Opener) -> None:
    opened = table()
    marker = known(opened)
    with file.open("r+b") as editor:
        opened.write([RESULT])
        assert opened.probe() == marker
        editor.write(THEIRS)
        editor.truncate()
    assert opened.probe() != marker
    opened.read()
    assert opened.probe() != marker


def test_who_may_read_the_file_is_part_of_the_marker(file: Path, table: Opener) -> None:
    opened = table()
    marker = known(opened)
    file.chmod(0)
    assert opened.probe() != marker


def test_a_save_that_keeps_time_and_size_is_a_change(file: Path, table: Opener) -> None:
    opened = table()
    marker, before = known(opened), file.stat()
    file.write_bytes(file.read_bytes().replace(b"alpha", b"gamma"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_mtime_ns, file.stat().st_size, file.stat().st_ino) == (
        before.st_mtime_ns,
        before.st_size,
        before.st_ino,
    )
    assert opened.probe() != marker
