"""What a look at files tells: what is in them counts, and nothing that was there before."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.watches.looking import Looking
from watches.api import LONGEST_VALUE

SECOND = 10**9


def test_first_sight_is_no_change_and_then_each_change_is_told_once(inbox: Path) -> None:
    (inbox / "a.csv").write_text("1")
    looking = Looking(inbox.parent, "inbox/*.csv")
    assert [looking.summary(), looking.summary()] == [None, None]
    (inbox / "b.csv").write_text("2")
    assert looking.summary() == "b.csv is new"
    (inbox / "a.csv").write_text("3")
    assert looking.summary() == "a.csv changed"
    (inbox / "b.csv").unlink()
    assert [looking.summary(), looking.summary()] == ["b.csv was deleted", None]


def test_what_a_change_says_of_itself(inbox: Path) -> None:
    for name in ("a", "b", "c"):
        (inbox / name).write_text(name)
    looking = Looking(inbox.parent, "inbox/*")
    looking.look()
    (inbox / "a").write_text("new")
    (inbox / "b").unlink()
    (inbox / "d").write_text("d")
    os.utime(inbox / "a", (2_000_000_000, 2_000_000_000))
    told = looking.look()
    assert told is not None
    assert (told.summary, told.number) == ("d is new, a changed and b was deleted", 3)
    assert told.values == {
        "path": str(inbox / "a"),
        "name": "a",
        "files": 3,
        "added": 1,
        "changed": 1,
        "deleted": 1,
        "paths": "a\nb\nd",
    }


@pytest.mark.parametrize(
    ("new", "changed", "deleted", "summary"),
    [
        (2, 0, 0, "2 files are new: n0 and n1"),
        (0, 3, 0, "3 files changed: c0, c1 and c2"),
        (0, 0, 5, "5 files were deleted: d0, d1, d2 and 2 more"),
        (1, 0, 1, "n0 is new and d0 was deleted"),
        (0, 2, 1, "c0 changed, c1 changed and d0 was deleted"),
        (1, 3, 0, "1 file is new and 3 changed: c0, c1, c2 and 1 more"),
        (2, 1, 1, "2 files are new, 1 changed and 1 was deleted: c0, d0, n0 and 1 more"),
        (0, 1, 4, "1 file changed and 4 were deleted: c0, d0, d1 and 2 more"),
    ],
)
def test_summaries_are_short_and_name_three_at_the_most(inbox: Path, new: int, changed: int, deleted: int, summary: str) -> None:
    for name in [f"c{n}" for n in range(changed)] + [f"d{n}" for n in range(deleted)]:
        (inbox / name).write_text("old")
    looking = Looking(inbox, "*")
    looking.look()
    for name in [f"c{n}" for n in range(changed)] + [f"n{n}" for n in range(new)]:
        (inbox / name).write_text("another")
    for n in range(deleted):
        (inbox / f"d{n}").unlink()
    assert looking.summary() == summary


def test_of_deleted_files_the_path_is_that_of_the_one_that_was_written_last(inbox: Path) -> None:
    for n, name in enumerate(("a", "b", "c")):
        (inbox / name).write_text(name)
        os.utime(inbox / name, (1000 + n % 2, 1000 + n % 2))
    looking = Looking(inbox, "*")
    looking.look()
    for name in ("a", "b", "c"):
        (inbox / name).unlink()
    told = looking.look()
    assert told is not None
    assert (told.values["path"], told.values["name"]) == (str(inbox / "b"), "b")


def test_of_what_changed_and_what_was_deleted_the_path_is_that_of_what_is_there(inbox: Path) -> None:
    for name in ("a", "b", "c"):
        (inbox / name).write_text(name)
    looking = Looking(inbox, "*")
    looking.look()
    (inbox / "b").write_text("new")
    os.utime(inbox / "b", (5, 5))
    (inbox / "c").unlink()
    told = looking.look()
    assert told is not None
    assert (told.summary, told.values["path"]) == ("b changed and c was deleted", str(inbox / "b"))


def test_a_long_list_of_paths_is_cut_at_a_line(inbox: Path) -> None:
    looking = Looking(inbox, "*")
    looking.look()
    names = [f"{n:03}-{'x' * 40}" for n in range(100)]
    for name in names:
        (inbox / name).touch()
    told = looking.look()
    assert told is not None
    text = str(told.values["paths"])
    assert LONGEST_VALUE - 45 < len(text) <= LONGEST_VALUE
    lines = text.split("\n")
    assert lines[-1] == "…"
    assert lines[:-1] == names[: len(lines) - 1]


# --- what is no change


def test_touched_or_written_with_what_it_held_is_no_change(inbox: Path) -> None:
    file = inbox / "a"
    file.write_text("same")
    looking = Looking(inbox, "*")
    looking.look()
    os.utime(file, (5, 5))
    assert looking.look() is None
    file.write_text("same")
    assert looking.look() is None
    (inbox / ".b").write_text("same")
    (inbox / ".b").replace(file)
    assert looking.look() is None
    file.write_text("sane")
    assert looking.summary() == "a changed"


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "{",
        "null",
        "[]",
        "[" * 100_000,
        '{"version":1}',
        "9" * 5000,
        lambda raw: {**raw, "version": 2},
        lambda raw: {**raw, "of": "another"},
        lambda raw: {**raw, "files": {"a": [1, 2]}},
        lambda raw: {**raw, "files": {"a": [1, 2, 3, 4, 5, 0]}},
        lambda raw: {**raw, "files": []},
        lambda raw: {k: v for k, v in raw.items() if k != "device"},
    ],
)
def test_a_state_that_is_broken_or_of_another_version_is_first_sight(
    inbox: Path, broken: str | Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    (inbox / "a").write_text("1")
    looking = Looking(inbox, "*")
    looking.look()
    whole = looking.state
    looking.state = broken if isinstance(broken, str) else json.dumps(broken(looking.raw()))
    (inbox / "b").write_text("2")
    assert looking.look() is None
    assert looking.files() == ["a", "b"]
    looking.state = whole
    assert looking.summary() == "b is new"


@pytest.mark.parametrize("other", [{"path": "*.csv"}, {"ignore": ["a"]}, {"root": "/"}])
def test_another_definition_of_what_is_watched_makes_it_first_sight(inbox: Path, other: dict[str, Any]) -> None:
    (inbox / "a").write_text("1")
    looking = Looking(inbox, "*")
    looking.look()
    changed = Looking(inbox, **{"path": "*", **other})
    changed.state = looking.state
    (inbox / "b.csv").write_text("2")
    assert changed.look() is None
