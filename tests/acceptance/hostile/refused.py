"""Files that are no table: of another kind, in another encoding, without the header that makes a table, or broken off."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import tarfile
import zipfile

from tests.acceptance.hostile.case import GOOD, HEADER, WHOLE, Refused

CSV = r"Save it as CSV|save it as CSV"


def _zip(*names: str) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as file:
        for name in names:
            file.writestr(name, WHOLE)
    return into.getvalue()


def _tar() -> bytes:
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w") as file:
        entry = tarfile.TarInfo("tasks.csv")
        entry.size = len(WHOLE)
        file.addfile(entry, io.BytesIO(WHOLE))
    return into.getvalue()


def _sqlite() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("create table tasks (ID, Name, Action)")
    content = connection.serialize()
    connection.close()
    return content


KINDS = [
    Refused("zip", _zip("tasks.csv"), r"workbook or a zip", CSV),
    Refused("xlsx", _zip("[Content_Types].xml", "xl/workbook.xml"), r"workbook", CSV),
    Refused("ods", _zip("mimetype", "content.xml"), r"workbook", CSV),
    Refused("xls", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(512), r"workbook", CSV),
    Refused("empty-zip", b"PK\x05\x06" + bytes(18), r"zip", CSV),
    Refused("gzip", gzip.compress(WHOLE, mtime=0), r"compressed", r"Unpack it"),
    Refused("xz", b"\xfd7zXZ\0" + bytes(64), r"compressed", r"Unpack it"),
    Refused("zstd", b"\x28\xb5\x2f\xfd" + bytes(64), r"compressed", r"Unpack it"),
    Refused("tar", _tar(), r"zero byte", r"Restore it|CSV"),
    Refused("sqlite", _sqlite(), r"SQLite database", CSV),
    Refused("pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n", r"PDF", CSV),
    Refused("png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), r"binary|UTF-8", CSV),
    Refused("elf", b"\x7fELF\x02\x01\x01" + bytes(57), r"zero byte", CSV),
    Refused("noise", bytes((n * 197 + n // 256 * 31) % 256 for n in range(65536)), r"zero byte|not in UTF-8", CSV),
    Refused("html", b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>\n", r"web page", r"signed in|CSV"),
    Refused("html-upper", b"\xef\xbb\xbf\n  <HTML>\n<body>Sign in</body></HTML>\n", r"web page", r"signed in|CSV"),
    Refused("xml", b'<?xml version="1.0"?>\n<rows><row ID="g"/></rows>\n', r"XML", CSV),
    Refused("json", json.dumps([{"ID": "g", "Name": "good"}], indent=1).encode(), r"JSON", CSV),
    Refused("json-object", b'{"rows": []}\n', r"JSON", CSV),
    Refused("rtf", b"{\\rtf1\\ansi ID,Name,Action}\n", r"RTF", CSV),
    Refused("ini", b"[tables.ops]\npath = 'x'\n", r'no column "Name"', r"Put the line with the column headers"),
    Refused(
        "conflict", b"<<<<<<< HEAD\n" + WHOLE + b"=======\n" + WHOLE + b">>>>>>> theirs\n", r'no column "Name"', r"Put the line"
    ),
    Refused("lfs", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", r'no column "Name"', r"Put the line"),
]

ENCODINGS = [
    Refused("utf16-le", b"\xff\xfe" + WHOLE.decode().encode("utf-16-le"), r"UTF-16", CSV),
    Refused("utf16-be", b"\xfe\xff" + WHOLE.decode().encode("utf-16-be"), r"UTF-16", CSV),
    Refused("utf16-bare", WHOLE.decode().encode("utf-16-le"), r"UTF-16|zero byte", CSV),
    Refused("utf32", WHOLE.decode().encode("utf-32"), r"UTF-32", CSV),
    Refused("latin-1", HEADER + b"a,B\xfccher,work,daily,active,,\n" + GOOD + b"\n", r"not in UTF-8 \(line 2\)", CSV),
    Refused("cp1252", HEADER + b"a,\x80 5 \x96 \x93x\x94,work,daily,active,,\n", r"not in UTF-8 \(line 2\)", CSV),
    Refused("shift-jis", HEADER + "a,日本,work,daily,active,,\n".encode("shift-jis"), r"not in UTF-8 \(line 2\)", CSV),
    Refused("mixed", HEADER + "a,Bücher,work,now,active,,\n".encode() + b"b,B\xfccher,,,,,\n", r"not in UTF-8 \(line 3\)", CSV),
    Refused("surrogates", HEADER + b"a,\xed\xa0\x80,work,now,active,,\n", r"not in UTF-8 \(line 2\)", CSV),
    Refused("overlong", HEADER + b"a,\xc0\xaf,work,now,active,,\n", r"not in UTF-8 \(line 2\)", CSV),
    Refused("cut-character", WHOLE + "b,ü".encode()[:-1], r"not in UTF-8 \(line 3\)", CSV),
    Refused("cr-lines-latin-1", HEADER.replace(b"\n", b"\r") + b"a,\xfc,,,,,\r", r"not in UTF-8 \(line 2\)", CSV),
    Refused("nul", HEADER + b"a,x\0y,work,now,active,,\n" + GOOD + b"\n", r"zero byte\), in line 2", r"Restore it"),
    Refused("nul-tail", WHOLE + bytes(4096), r"zero byte\), in line 3", r"Restore it"),
    Refused("nul-only", bytes(4096), r"zero byte", r"Restore it"),
]

HEADERS = [
    Refused(
        "no-header", GOOD + b"\nh,other,work,daily,active,,\n", r'no column "Name".*"g".*"good"', r"Put the line with the column"
    ),
    Refused(
        "doubled-name", b"ID,Name,Action,NAME\ng,good,work,x\n", r'column "NAME" twice \(also written "Name"\)', r"Rename or remove"
    ),
    Refused("doubled-stranger", b"ID,Name,Action,Note,Note\ng,good,work,,\n", r'column "Note" twice', r"Rename or remove"),
    Refused("doubled-escape", b"Name,Action,\x1b[31mX\x07,\x1b[31mX\x07\ngood,work,,\n", r"twice", r"Rename or remove"),
    Refused("doubled-bidi", "Name,Action,\u202eX,\u202eX\ngood,work,,\n".encode(), r"twice", r"Rename or remove"),
    Refused("doubled-long", b"Name,Action," + b"x" * 100_000 + b"," + b"x" * 100_000 + b"\ng,w,,\n", r"twice", r"Rename or remove"),
    Refused(
        "headless-escape",
        b"\x1b]0;owned\x07,\x9b31m".replace(b"\x9b", b"\xc2\x9b") + b"\nx,y\n",
        r'no column "Name"',
        r"Put the line",
    ),
    Refused("headless-long", b"x" * 1_000_000 + b"\ny\n", r'no column "Name"', r"Put the line with the column headers"),
    Refused("hidden-in-name", "ID,Na\u200bme,Action\ng,good,work\n".encode(), r'no column "Name".*"Na�me"', r"Put the line|called"),
    Refused(
        "homoglyph-name", "ID,N\u0430me,Action\ng,good,work\n".encode(), r'no column "Name".*"N\u0430me"', r"Put the line|called"
    ),
    Refused("wrong-delimiter", b"ID|Name|Action\ng|good|work\n", r'no column "Name"', r"Put the line|delimiter"),
    Refused(
        "title-on-top", b"Our tasks 2026\n" + WHOLE, r'no column "Name".*"Our tasks 2026"', r"Put the line with the column headers"
    ),
    Refused("no-action", b"ID,Name\ng,good\n", r'no column "Action"', r"add it"),
    Refused("empty", b"", r"is empty", r"restore its header"),
    Refused("blanks", b" \n\t\r\n   \n", r"is empty", r"restore its header"),
    Refused("bom-only", b"\xef\xbb\xbf", r"is empty", r"restore its header"),
    Refused("delimiters-only", b",,,,\n,,,,\n", r"no header line", r"restore the header"),
    Refused("unclosed", HEADER + b'a,"alpha,work,now,active,,\n' + GOOD + b"\n", r"line 2.*never closed", r"Close it"),
    Refused("unclosed-header", b'ID,"Name,Action\ng,good,work\n', r"line 1.*never closed", r"Close it"),
    Refused("unclosed-last", WHOLE + b'z,"zeta', r"line 3.*never closed", r"Close it"),
]

REFUSED = [*KINDS, *ENCODINGS, *HEADERS]
