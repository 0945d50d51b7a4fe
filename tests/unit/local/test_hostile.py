"""What must not stop us, fill the memory or be littered upon, whatever stands in a cell or in the place of the file."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.api import Effect, Patch
from connectors.errors import NeedsOwner
from connectors.local.cells import from_text, to_text
from connectors.local.content import TooLarge, content
from connectors.local.dialect import opened
from connectors.local.editor import editor_of
from connectors.local.foreign import foreign
from connectors.local.table import LocalTable
from connectors.showing import listed, shown

Opener = Callable[..., LocalTable]
N = 1_000_000


@pytest.mark.parametrize(
    "text", ["'-1" + " " * N + "x", "'" * N + "=", "'" + "1" * N + "x", "-" + "1," * N, " " * N + "=", "'" + "\u200b" * N + "x"]
)
def test_a_cell_takes_no_longer_than_to_read_it(text: str) -> None:
    start = time.process_time()
    from_text(text)
    to_text(text)
    assert time.process_time() - start < 2  # with a regex that goes back and tries again it would be hours


@pytest.mark.parametrize("head", [b" " * N + b"\n", b"\t" * N + b"\r", (b" " * 99 + b"\n") * 5000])
def test_blanks_before_the_header_line_take_no_longer_than_to_read_them(head: bytes) -> None:
    start = time.process_time()
    document = opened(head + b"ID,Name\na,x\n", "f", "Name", None, N)
    assert document.document.fields[document.head] == ["ID", "Name"]
    assert time.process_time() - start < 2


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"/proc/self/fd/{os.open(path.parent, os.O_RDONLY)}/{path.name}")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (os.mkfifo, "is a named pipe, not a file"),
        (_socket, "is a socket, not a file"),
        (lambda path: path.symlink_to("/dev/zero"), "is a device, not a file"),
        (Path.mkdir, "is a folder"),
        (lambda path: path.symlink_to(path.name), "leads back to itself"),
    ],
)
def test_what_is_no_file_is_neither_waited_for_nor_written_beside(
    file: Path, table: Opener, make: Callable[[Path], None], says: str
) -> None:
    file.unlink()
    make(file)
    here = table()
    here.own("process 1")  # says nothing yet: the first read does
    for call in (table().read, here.read, lambda: here.write([Patch("a", {"Name": "x"})])):
        with pytest.raises(NeedsOwner, match=says):
            call()
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]
    assert not Path("/dev/.zero.rowd").exists()


def test_a_table_that_is_not_there_yet_is_owned_from_its_first_read_on(file: Path, table: Opener) -> None:
    away = file.rename(file.with_name("away.csv"))
    one, other = table(), table()
    one.own("process 1")
    away.rename(file)
    assert one.read().rows
    with pytest.raises(NeedsOwner, match="is held by process 1"):
        other.own("process 2")


def test_a_second_owner_that_came_before_the_file_is_refused_when_it_reads(file: Path, table: Opener) -> None:
    away = file.rename(file.with_name("away.csv"))
    one, other = table(), table()
    one.own("process 1")
    other.own("process 2")
    away.rename(file)
    one.read()
    with pytest.raises(NeedsOwner, match="is held by process 1"):
        other.read()


def test_a_file_that_grows_while_it_is_read_is_read_no_further_than_allowed(file: Path) -> None:
    assert content(file, file.stat().st_size) == (file.read_bytes(), True)
    with pytest.raises(TooLarge):
        content(file, file.stat().st_size - 1)
    with pytest.raises(TooLarge):  # it says that it has no bytes, and gives some
        content(Path("/proc/self/status"), 10)


def test_a_lock_file_that_is_none_is_not_waited_for(file: Path) -> None:
    lock = file.with_name(f".~lock.{file.name}#")
    os.mkfifo(lock)
    assert editor_of(file) is None
    lock.unlink()
    lock.write_bytes(b"x" * 5000)
    assert editor_of(file) is None
    lock.write_bytes(b",ann\xff,host,;\n")
    assert editor_of(file) == "ann�"


def test_a_table_of_too_many_cells_is_refused_before_they_are_cut(file: Path, table: Opener) -> None:
    file.write_bytes(b"ID,Name\n" + b"a,b\n" * 10)
    assert len(table(max_cells=22).read().rows) == 10
    with pytest.raises(NeedsOwner, match=r"about 22 cells, more than max_cells \(21\) allows\. Make it smaller, or raise"):
        table(max_cells=21).read()


def test_a_second_byte_order_mark_hides_no_column_and_stays(file: Path, table: Opener) -> None:
    marks = b"\xef\xbb\xbf" * 2
    file.write_bytes(marks + b"ID,Name,Do\na,x,\n")
    here = table()
    assert (here.read().id_column, here.read().columns) == ("ID", ("ID", "Name", "Do"))
    assert [w.effect for w in here.write([Patch("a", {"Do": "y"})])] == [Effect.APPLIED]
    assert file.read_bytes() == marks + b"ID,Name,Do\na,x,y\n"


@pytest.mark.parametrize("raw", [b"ID,Name\n", b"{Name},ID\n", b"[Name],ID\n", b"<b>,Name\n", b"Name\n", b"", b"PK,Name\n"])
def test_what_may_be_a_csv_is_taken_for_one(raw: bytes) -> None:
    assert foreign(raw) is None


def test_texts_of_a_file_are_shown_short_on_one_line_with_what_cannot_be_seen() -> None:
    assert shown("a\n\x1b[31m\u202eb\u200b") == '"a �[31m�b�"'
    assert len(shown("x" * N)) == 62
    assert listed(["a", "", "b", "c", "d", "e", "f"]) == '"a", "b", "c", "d", "e" …'


def test_a_line_is_counted_however_lines_end(file: Path, table: Opener) -> None:
    for raw, line in ((b"Name\r\nx\r\n\xff", 3), (b"Name\rx\r\xff", 3), (b"Name\n\r\xff", 3), (b"\xff", 1)):
        file.write_bytes(raw)
        with pytest.raises(NeedsOwner, match=rf"not in UTF-8 \(line {line}\)"):
            table().read()
