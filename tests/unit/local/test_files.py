"""Files as people make them: what is kept, what is refused, and what the refusal says."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.api import BEYOND, Cell, Effect, Patch
from connectors.errors import Bug, NeedsOwner, NoHeader, TableError, TryLater
from connectors.local import LocalSettings
from connectors.local.table import LocalTable

Opener = Callable[..., LocalTable]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"ID;Name;Do\r\na;x;\r\n", b"ID;Name;Do\r\na;x;y\r\n"),
        (b"\xef\xbb\xbfID\tName\tDo\na\tx", b"\xef\xbb\xbfID\tName\tDo\na\tx\ty"),
        (b"\n\nID,Name,Do,,\n\n,,,,\na,x,,stray,\r\n\r\n", b"\n\nID,Name,Do,,\n\n,,,,\na,x,y,stray,\r\n\r\n"),
        (b'"ID","Name","Do","Notes"\n"a","x","","one\ntwo"\nq,"w"\n', b'"ID","Name","Do","Notes"\n"a","x","y","one\ntwo"\nq,"w"\n'),
        (b"sep=;\r\nID;Name;Do\r\na;x;\r\n", b"sep=;\r\nID;Name;Do\r\na;x;y\r\n"),
        (b"Name, ID ,do\nx,a,=SUM(A1:A3)\n", b"Name, ID ,do\nx,a,y\n"),
        ("ID,Name,Do,Ärger\na,x,,=SUM(A1)\n".encode(), "ID,Name,Do,Ärger\na,x,y,=SUM(A1)\n".encode()),
    ],
)
def test_everything_but_the_cell_keeps_its_bytes(file: Path, table: Opener, before: bytes, after: bytes) -> None:
    file.write_bytes(before)
    assert [w.effect for w in table().write([Patch("a", {"Do": "y"})])] == [Effect.APPLIED]
    assert file.read_bytes() == after


@pytest.mark.parametrize(
    ("line", "beyond"),
    [
        (b"a,x,y,", None),
        (b"a,x,y, ,,", None),
        (b"a,x,y,note", None),  # in a column without a header
        (b"a,x,y,,1,2", "1, 2"),
    ],
)
def test_what_stands_beyond_the_last_column_is_shown_and_kept(file: Path, table: Opener, line: bytes, beyond: str | None) -> None:
    file.write_bytes(b"ID,Name,Do,\n" + line + b"\n")
    opened = table()
    (row,) = opened.read().rows
    assert row.cells.get(BEYOND) == beyond
    opened.write([Patch("a", {"Do": "z"})])
    assert file.read_bytes() == b"ID,Name,Do,\n" + line.replace(b"y", b"z") + b"\n"


def test_a_column_more_takes_up_what_stood_beyond_the_last_one(file: Path, table: Opener) -> None:
    file.write_bytes(b"ID,Name,Do\na,x,y,1\n")
    opened = table()
    assert opened.read().rows[0].cells[BEYOND] == "1"
    file.write_bytes(b"ID,Name,Do,\na,x,y,1\n")
    assert opened.read().rows[0].cells == {"ID": "a", "Name": "x", "Do": "y"}


_cells = st.lists(st.text(st.sampled_from(list("ab ,;\n\"'=1")), max_size=4), min_size=0, max_size=5)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(_cells, max_size=5),
    bom=st.booleans(),
    end=st.sampled_from(["\n", "\r\n", ""]),
    value=st.text("ab,\n=", max_size=4),
)
def test_a_write_keeps_every_byte_of_every_other_row(
    file: Path, table: Opener, rows: list[list[str]], bom: bool, end: str, value: str
) -> None:
    lines = [",".join('"' + c.replace('"', '""') + '"' if {*c} & {*',;\n"'} else c for c in cells) for cells in rows]
    head = ("\ufeff" if bom else "") + "Notes,Name,ID,Do\r\n"
    tail = "\n".join(lines) + end
    raw = (head + "n,me,MINE,old\n" + tail).encode()
    file.write_bytes(raw)
    if [r.key for r in table().read().rows].count("MINE") != 1:
        return
    table().write([Patch("MINE", {"Do": value})])
    after = file.read_bytes()
    assert after.startswith((head + "n,me,MINE,").encode())
    assert after.endswith(("\n" + tail).encode())
    assert next(r for r in table().read().rows if r.key == "MINE").cells["Do"] == (value if value.strip() else None)


def test_a_write_that_changes_nothing_leaves_the_file_alone(file: Path, table: Opener) -> None:
    before = file.stat()
    written = table().write([Patch("a", {"Status": "active", "Last Result": None, "Nowhere": 1}), Patch("zz", {"Status": "x"})])
    assert [w.effect for w in written] == [Effect.APPLIED, Effect.MISSING]
    after = file.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_cell_that_already_reads_as_what_is_put_keeps_its_bytes(file: Path, table: Opener) -> None:
    raw = b'ID,Name,Do,Notes\na,alpha,=SUM(A1),  \nb,"beta",\'=x,"one"\n'
    file.write_bytes(raw)
    opened = table()
    opened.write([Patch(row.key, row.cells) for row in opened.read().rows])
    assert file.read_bytes() == raw


def test_rows_without_an_id_column_are_known_by_their_name(file: Path, table: Opener) -> None:
    file.write_bytes(b"Name,Status\nalpha,x\nbeta,y\nbeta,z\n,w\n")
    page = table().read()
    assert page.id_column is None
    assert page.rows[0].key == "alpha"
    assert all(row.key.startswith("~") for row in page.rows[1:])
    written = table().write([Patch("alpha", {"Status": "new"}), Patch(page.rows[2].key, {"Status": "newer"})])
    assert [w.effect for w in written] == [Effect.APPLIED, Effect.APPLIED]
    assert file.read_bytes() == b"Name,Status\nalpha,new\nbeta,y\nbeta,newer\n,w\n"


def test_the_row_comes_back_under_its_new_key(file: Path, table: Opener) -> None:
    file.write_bytes(b"ID,Name,Do\n,alpha,\n,beta,\n")
    key = table().read().rows[1].key
    row = table().write([Patch(key, {"ID": "7"})])[0].row
    assert row is not None
    assert (row.key, dict(row.cells)) == ("7", {"ID": "7", "Name": "beta", "Do": None})


@pytest.mark.parametrize(
    ("expect", "effect"),
    [
        ({"Status": "active"}, Effect.APPLIED),
        ({"status": "active"}, Effect.APPLIED),
        ({"Status": "Active"}, Effect.CONFLICT),
        ({"Status": None}, Effect.CONFLICT),
        ({"Status": "active", "Last Result": "x"}, Effect.CONFLICT),
        ({"Last Result": None}, Effect.APPLIED),
        ({"Last Result": ""}, Effect.APPLIED),
        ({"Current": "5"}, Effect.APPLIED),
        ({"Current": 5}, Effect.APPLIED),
        ({"Current": 5.0}, Effect.APPLIED),
        ({"Current": 6}, Effect.CONFLICT),
        ({"Notes": "=1+1"}, Effect.APPLIED),
        ({"Notes": "'=1+1"}, Effect.CONFLICT),
        ({"Do": "two\r\nlines"}, Effect.APPLIED),
        ({"Nowhere": None}, Effect.APPLIED),
        ({"Nowhere": "x"}, Effect.CONFLICT),
    ],
)
def test_an_expected_cell_is_compared_as_it_reads(file: Path, table: Opener, expect: dict[str, Cell], effect: Effect) -> None:
    raw = b'ID,Name,Status,Last Result,Current,Notes,Do\na,alpha,active, ,5,\'=1+1,"two\r\nlines"\n'
    file.write_bytes(raw)
    written = table().write([Patch("a", {"Status": "x"}, expect)])[0]
    assert written.effect is effect
    assert written.row == table().read().rows[0]
    assert file.read_bytes() == (raw if effect is Effect.CONFLICT else raw.replace(b"active", b"x"))


def test_an_expectation_of_a_row_that_is_gone_is_missing(table: Opener) -> None:
    written = table().write([Patch("zz", {"Status": "x"}, {"Status": "y"})])[0]
    assert (written.effect, written.row) == (Effect.MISSING, None)


def test_a_row_with_every_cell_blanked_is_no_row_any_more(file: Path, table: Opener) -> None:
    written = table().write([Patch("a", {"ID": None, "Name": None, "Status": None})])[0]
    assert (written.effect, written.row) == (Effect.APPLIED, None)
    assert [r.key for r in table().read().rows] == ["b"]


@pytest.mark.parametrize(
    ("raw", "error", "says"),
    [
        (b"", NoHeader, "is empty"),
        (b"\xef\xbb\xbf\r\n \n", NoHeader, "is empty"),
        (b",,\n,,\n", NoHeader, "no header line"),
        ("ID,Name\n".encode("utf-16"), NeedsOwner, "UTF-16"),
        (b"ID,Name\na,\xfcber\n", NeedsOwner, r"not in UTF-8 \(line 2\)"),
        (b"ID,Name\na,\0\n", NeedsOwner, "zero byte"),
        (b"PK\x03\x04....", NeedsOwner, "workbook"),
        (b"a,alpha,active\nb,beta,paused\n", NoHeader, 'no column "Name"'),
        (b"ID,Name,Last Run,last_run\n", NoHeader, 'the column "last_run" twice .*"Last Run"'),
        (b'ID,Name\na,"alpha\nb,beta\n', NeedsOwner, "in line 2 or after it is never closed"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_the_remedy_and_stays(
    file: Path, table: Opener, raw: bytes, error: type[TableError], says: str
) -> None:
    file.write_bytes(raw)
    opened = table()
    for call in (opened.read, lambda: opened.write([Patch("a", {"Name": "x"})])):
        with pytest.raises(error, match=says) as caught:
            call()
        assert 'table "Ops"' in str(caught.value)
        assert str(file) in str(caught.value)
    assert file.read_bytes() == raw


def test_a_file_that_is_too_large_is_refused(file: Path, table: Opener) -> None:
    with pytest.raises(NeedsOwner, match=r"more than max_bytes \(20\)"):
        table(max_bytes=20).read()


def test_a_number_in_a_file_with_semicolons_is_written_and_expected_with_a_decimal_comma(file: Path, table: Opener) -> None:
    file.write_bytes(b"ID;Name;Current\na;alpha;2,5\n")
    opened = table()
    opened.read()
    assert [w.effect for w in opened.write([Patch("a", {"Current": 3.5}, {"Current": 2.5})])] == [Effect.APPLIED]
    assert file.read_bytes() == b"ID;Name;Current\na;alpha;3,5\n"
    opened.create([{"ID": "b", "Name": "beta", "Current": 0.25}])
    assert file.read_bytes().endswith(b"b;beta;0,25\n")


def test_the_delimiter_can_be_said(file: Path, table: Opener) -> None:
    file.write_bytes(b"ID|Name|A,B\na|b|c\n")
    assert table(delimiter="|").read().columns == ("ID", "Name", "A,B")


def test_the_delimiter_is_the_one_that_shows_the_name_column(file: Path, table: Opener) -> None:
    file.write_bytes(b"ID;Name;a, b, c, and d\n1;x;y\n")
    assert table().read().columns == ("ID", "Name", "a, b, c, and d")


@pytest.mark.parametrize("wrong", [{"delimiter": "ab"}, {"delimiter": '"'}, {"delimiter": ""}, {"max_bytes": 0}, {"sheet": "x"}])
def test_a_wrong_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LocalSettings.model_validate({"path": "x.csv", **wrong})


def test_a_deleted_file_is_told_and_never_made_again(file: Path, table: Opener) -> None:
    opened = table()
    opened.read()
    file.unlink()
    for call in (
        opened.read,
        opened.probe,
        lambda: opened.write([Patch("a", {"Status": "x"})]),
        lambda: opened.create([{"Name": "x"}]),
        lambda: opened.delete(["a"]),
    ):
        with pytest.raises(NeedsOwner, match="is gone"):
            call()
    assert not file.exists()


def test_a_file_that_was_never_there_is_not_called_gone(file: Path, table: Opener) -> None:
    file.unlink()
    with pytest.raises(NeedsOwner, match=r"is not there\. Put it there"):
        table().read()
    file.write_bytes(b"ID,Name\n")
    table().own("the daemon")
    file.unlink()
    with pytest.raises(NeedsOwner, match=r"is gone\. Put it back"):
        table().read()  # by another process


def test_a_folder_in_the_place_of_the_file_is_told(file: Path, table: Opener) -> None:
    file.unlink()
    file.mkdir()
    with pytest.raises(NeedsOwner, match="is a folder"):
        table().read()


def test_a_symlink_stays_and_its_target_is_written(file: Path, table: Opener) -> None:
    target = file.parent / "elsewhere" / "real.csv"
    target.parent.mkdir()
    file.rename(target)
    file.symlink_to(target)
    table().write([Patch("a", {"Status": "x"})])
    assert file.is_symlink()
    assert b"a,alpha,x," in target.read_bytes()
    assert (target.parent / ".real.csv.rowd").is_dir()


def test_mode_owner_and_extended_attributes_are_kept(file: Path, table: Opener) -> None:
    file.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(file, 1234, 2345)
    os.setxattr(file, "user.note", b"mine")
    before = file.stat()
    table().write([Patch("a", {"Status": "x"})])
    after = file.stat()
    assert after.st_ino != before.st_ino
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert os.getxattr(file, "user.note") == b"mine"
    assert stat.S_IMODE((file.parent / ".tasks.csv.rowd").stat().st_mode) == 0o700


def test_a_write_waits_while_the_file_is_open_in_libreoffice_and_a_read_does_not(file: Path, table: Opener) -> None:
    lock = file.parent / ".~lock.tasks.csv#"
    lock.write_text(",erika,desk-7,21.11.2026 09:00,file:///home/erika/.config/libreoffice/4;")
    opened = table()
    assert len(opened.read().rows) == 2
    before = file.read_bytes()
    for call in (
        lambda: opened.write([Patch("a", {"Status": "x"})]),
        lambda: opened.create([{"Name": "x"}]),
        lambda: opened.delete(["a"]),
    ):
        with pytest.raises(TryLater, match="erika"):
            call()
    assert file.read_bytes() == before
    assert table(wait_for_editor=False).write([Patch("b", {"Status": "y"})])[0].effect is Effect.APPLIED
    lock.unlink()
    assert opened.write([Patch("a", {"Status": "x"})])[0].effect is Effect.APPLIED


def test_calls_that_break_the_contract_are_bugs(table: Opener) -> None:
    opened = table()
    with pytest.raises(Bug, match="one page"):
        opened.read("2")
    with pytest.raises(Bug, match="at once"):
        opened.write([Patch(str(n), {}) for n in range(10_001)])
    with pytest.raises(Bug, match="at least one cell"):
        opened.create([{"Nowhere": "x"}])


def test_the_how_to_has_a_line_for_every_setting() -> None:
    how_to = (Path(__file__).parents[3] / "docs" / "how-to" / "local-table.md").read_text()
    assert [name for name in LocalSettings.model_fields if f"| `{name}` |" not in how_to] == []
    assert all(field.description for name, field in LocalSettings.model_fields.items())


def test_a_large_table_is_read_and_written_soon(file: Path, table: Opener) -> None:
    """100,000 rows of 12 columns take about a second to read and less to write; this holds on a busy machine too."""
    lines = ["ID,Name," + ",".join(f"C{n}" for n in range(10))]
    lines += [f"{i},name {i}," + ",".join(f"value {n}" for n in range(10)) for i in range(20_000)]
    file.write_text("\n".join(lines) + "\n")
    opened = table()
    begun = time.process_time()
    assert len(opened.read().rows) == 20_000
    assert opened.write([Patch("19999", {"C3": "x"})])[0].effect is Effect.APPLIED
    assert time.process_time() - begun < 2
