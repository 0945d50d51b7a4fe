"""Names that are no text, mislead or are long, and what the reference page says of it all."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest

import watches
from tests.unit.watches.looking import Looking
from watches.api import LONGEST_VALUE, Definition, Unseen
from watches.file import FileSettings


def test_names_that_are_no_text_or_no_line_break_nothing(inbox: Path) -> None:
    looking = Looking(inbox, "*")
    looking.look()
    names = [b"bad-\xff.csv", b"line\nbreak", "übel \u202e.csv".encode(), "日本 \u00a0\u200d".encode()]
    for name in names:
        Path(os.fsdecode(os.fsencode(inbox) + b"/" + name)).write_text("x")
    told = looking.look()
    assert told is not None
    assert told.summary == "4 files are new: bad-�.csv, line�break, übel �.csv and 1 more"
    assert told.values["paths"] == "bad-�.csv\nline�break\nübel \u202e.csv\n日本 \u00a0\u200d"
    for text in (looking.state, told.summary, *told.values.values()):
        str(text).encode()
    assert looking.look() is None
    Path(os.fsdecode(os.fsencode(inbox) + b"/" + names[0])).unlink()
    told = looking.look()
    assert told is not None
    assert (told.summary, told.values["path"]) == ("bad-�.csv was deleted", f"{inbox}/bad-�.csv")


def test_two_names_that_are_told_alike_are_two_files(inbox: Path) -> None:
    looking = Looking(inbox, "*")
    looking.look()
    for name in (b"\xff", b"\xfe", "�".encode()):
        Path(os.fsdecode(os.fsencode(inbox) + b"/" + name)).write_text("x")
    assert looking.summary() == "3 files are new: �, � and �"


def test_long_names_leave_a_sentence_short(inbox: Path) -> None:
    deep = inbox.joinpath(*["d" * 200] * 12)
    deep.mkdir(parents=True)
    looking = Looking(inbox, "**/*")
    looking.look()
    (deep / "name.csv").write_text("x")
    told = looking.look()
    assert told is not None
    assert told.summary.endswith("ddd/name.csv is new")
    assert len(told.summary) < 120
    assert told.values["name"] == "name.csv"
    assert (len(str(told.values["path"])), str(told.values["path"])[-1]) == (LONGEST_VALUE, "…")
    assert told.values["paths"] == "…"


def test_a_state_that_would_be_too_long_is_said(inbox: Path) -> None:
    deep = inbox.joinpath(*["\u00fc" * 120] * 5)
    deep.mkdir(parents=True)
    for n in range(1200):
        (deep / f"{n:04}").touch()
    with pytest.raises(Unseen, match="what is known of 1,200 files is too long to be kept; make path narrower"):
        Looking(inbox, "**").look()


# --- the reference page


def test_the_page_has_every_setting_with_its_default_and_its_meaning() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "watches.md").read_text(encoding="utf-8")
    section = re.findall(r'^## kind = "file"\n(.*?)(?=^## |\Z)', page, re.DOTALL | re.MULTILINE)[0]
    shown = {name: rest for name, *rest in re.findall(r"^\| `(\w+)` \| ?(.*?) ?\| (.+?) \|$", section, re.MULTILINE)}
    fields = {name: f for name, f in FileSettings.model_fields.items() if name not in Definition.model_fields}
    assert [name for name in shown if name in fields] == list(fields)
    for name, field in fields.items():
        default, meaning = shown[name]
        assert meaning == field.description
        if field.is_required():
            assert default == "needed"
        elif field.default is None:
            assert default == ""
        else:
            given = tomllib.loads(f"x = {default.strip('`')}")["x"]
            assert (tuple(given) if isinstance(given, list) else given) == field.default
    looking = Looking(Path("/nowhere"), "*")
    looking.look()
    values = re.findall(r"^\| `(\w+)` \| [^|]+ \|$", section, re.MULTILINE)
    assert values == ["path", "name", "files", "added", "changed", "deleted", "paths"]
    for block in re.findall(r"```toml\n(.*?)```", section, re.DOTALL):
        for name, raw in tomllib.loads(block)["watch"].items():
            kind = watches.load(raw["kind"])
            kind.make(name, kind.settings.model_validate(raw), Path("/"), {})
