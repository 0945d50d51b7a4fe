"""Which files are looked at: wildcards, links, bounds, and what is said where they can't be looked at."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.unit.watches.looking import Looking, settings
from watches.api import Unseen
from watches.file.content import content

NOBODY = 65534


def planted(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)


def seen(base: Path, path: str, **more: Any) -> list[str]:
    looking = Looking(base, path, **more)
    looking.look()
    return looking.files()


# --- wildcards


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.csv", ["a.csv"]),
        ("./a.csv", ["a.csv"]),
        ("../in/a.csv", ["a.csv"]),
        ("sub/b.csv", ["b.csv"]),
        ("*.csv", ["a.csv"]),
        ("?.csv", ["a.csv"]),
        ("??.csv", []),
        ("*", ["[x].txt", "a.csv"]),
        ("[x].txt", ["[x].txt"]),
        ("[x].*", ["[x].txt"]),
        ("sub/*", ["b.csv"]),
        ("*/*.csv", ["sub/b.csv"]),
        ("**/*.csv", ["a.csv", "sub/b.csv", "sub/deep/a.csv"]),
        ("**", ["[x].txt", "a.csv", "sub/b.csv", "sub/deep/a.csv"]),
        ("**/**", ["[x].txt", "a.csv", "sub/b.csv", "sub/deep/a.csv"]),
        ("**/a.csv", ["a.csv", "sub/deep/a.csv"]),
        ("sub/**/a.csv", ["deep/a.csv"]),
        ("**/deep/**/*.csv", ["sub/deep/a.csv"]),
        ("s*/**/deep/a.*", ["sub/deep/a.csv"]),
        ("*/deep/*", ["sub/deep/a.csv"]),
        ("*/a.csv", []),
        ("A.csv", []),
        ("none/*", []),
        ("a.csv/*", []),
        ("a.csv/x/*", []),
    ],
)
def test_wildcards(tmp_path: Path, path: str, found: list[str]) -> None:
    planted(tmp_path / "in", "a.csv", "[x].txt", "sub/b.csv", "sub/deep/a.csv", ".git/a.csv", "sub/.hidden.csv")
    planted(tmp_path, "outside.csv")
    assert seen(tmp_path / "in", path, root="." if path.startswith(("none", "a.csv/")) else None) == found


def test_an_absolute_path_is_one(inbox: Path) -> None:
    planted(inbox, "a.csv")
    assert seen(Path("/"), f"{inbox}/*.csv") == ["a.csv"]


def test_wildcards_leave_out_what_editors_and_copiers_leave_behind_and_the_operator_says_otherwise(inbox: Path) -> None:
    planted(inbox, "a", "a~", ".#a", ".a.swp", "b.swp", "c.tmp", "d.part", "cache/x", "cache.d/x")
    assert seen(inbox, "**") == ["a", "cache.d/x", "cache/x"]
    assert seen(inbox, "**", ignore=["cache", "?~", "*.*"]) == ["a"]
    assert len(seen(inbox, "**", ignore=[])) == 9


def test_what_the_path_spells_out_is_never_left_out(inbox: Path) -> None:
    planted(inbox, ".env", ".config/a.toml", ".config/.b.toml", "x/.git/HEAD", "y/.git/HEAD")
    assert seen(inbox, ".env") == [".env"]
    assert seen(inbox, ".config/*") == ["a.toml"]
    assert seen(inbox, "**/.git/HEAD") == ["x/.git/HEAD", "y/.git/HEAD"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"path": "~/inbox/*"}, '"~" means nothing to a daemon'),
        ({"path": "a", "root": "~"}, '"~" means nothing to a daemon'),
        ({"path": ""}, "write one like"),
        ({"path": "a\0b"}, "write one like"),
        ({"path": "inbox/"}, 'write "inbox/\\*"'),
        ({"path": "inbox/.."}, "is a folder"),
        ({"path": "a**/b"}, r"\*\* stands for folders"),
        ({"path": "*/../b"}, '"\\.\\." after a wildcard'),
        ({"path": "a", "ignore": ["sub/x"]}, "held against names"),
        ({"path": ".*.csv"}, 'names only what ignore leaves out \\("\\.\\*"\\)'),
        ({"path": "in/*.tmp"}, 'names only what ignore leaves out \\("\\*\\.tmp"\\)'),
        ({"path": "*.csv", "ignore": ["*"]}, "names only what ignore leaves out"),
        ({"path": "a", "max_files": 0}, "max_files"),
        ({"path": "a", "every": "0.5s"}, "too short"),
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        settings(**wrong)


def test_a_definition_that_may_see_something_is_taken() -> None:
    for path, *ignore in (("?.tmp", "a.tmp"), ("*.tmp", "?.tmp"), (".*",), ("**/a", "*")):
        assert settings(path, ignore=ignore)
    assert settings(".env")
    assert settings("*.t*")


# --- links


def test_links_are_followed_within_the_root_and_not_out_of_it(tmp_path: Path) -> None:
    planted(tmp_path, "in/a.csv", "in/sub/b.csv", "out/secret.csv", "in2/c.csv")
    box = tmp_path / "in"
    (box / "inner.csv").symlink_to("sub/b.csv")
    (box / "outer.csv").symlink_to("../out/secret.csv")
    (box / "sibling.csv").symlink_to(tmp_path / "in2" / "c.csv")
    (box / "broken.csv").symlink_to("nowhere.csv")
    (box / "self.csv").symlink_to("self.csv")
    (box / "door").symlink_to("../out")
    (box / "loop").symlink_to(".")
    assert seen(tmp_path, "in/*.csv") == ["a.csv", "inner.csv"]
    assert seen(tmp_path, "in/**") == ["a.csv", "inner.csv", "sub/b.csv"]
    assert seen(tmp_path, "in/*/*.csv") == ["loop/a.csv", "loop/inner.csv", "sub/b.csv"]
    assert seen(tmp_path, "in/door/*.csv", root="out") == ["secret.csv"]
    assert seen(tmp_path, "in/*.csv", root=".") == ["a.csv", "inner.csv", "outer.csv", "sibling.csv"]


def test_what_is_out_of_the_root_is_not_even_listed(tmp_path: Path) -> None:
    planted(tmp_path, "in/sub/a", "out/b", "out/c")
    (tmp_path / "in" / "door").symlink_to("../out")
    assert seen(tmp_path, "in/*/*", max_files=1) == ["sub/a"]


def test_a_file_is_followed_through_a_link_and_a_link_that_leads_elsewhere_is_another_content(inbox: Path) -> None:
    planted(inbox, "one", "two")
    (inbox / "now.csv").symlink_to("one")
    looking = Looking(inbox, "now.csv")
    looking.look()
    (inbox / "one").write_text("more")
    assert looking.summary() == "now.csv changed"
    (inbox / "now.csv").unlink()
    (inbox / "now.csv").symlink_to("two")
    assert looking.summary() == "now.csv changed"


def test_one_file_that_leads_out_of_its_root_is_said(tmp_path: Path) -> None:
    planted(tmp_path, "in/a.csv", "out/secret.csv")
    (tmp_path / "in" / "b.csv").symlink_to("../out/secret.csv")
    with pytest.raises(Unseen, match=r'a link leads from ".*/in/b.csv" out of the root ".*/in"; set root to'):
        seen(tmp_path, "in/b.csv")
    with pytest.raises(Unseen, match="is not in the root"):
        seen(tmp_path, "in/*", root="out")


def test_a_link_that_is_put_in_place_after_the_look_at_it_opens_nothing(tmp_path: Path) -> None:
    planted(tmp_path, "in/a", "out/a")
    bounds = str(tmp_path / "in")
    assert content(f"{bounds}/a", bounds, 100) is not None
    (tmp_path / "in" / "link").symlink_to("../out/a")
    (tmp_path / "in" / "door").symlink_to("../out")
    os.mkfifo(tmp_path / "in" / "pipe")
    for path in ("link", "door/a", "pipe", "."):
        assert content(f"{bounds}/{path}", bounds, 100) is None


def test_what_is_no_file_is_none(inbox: Path) -> None:
    planted(inbox, "a/x")
    os.mkfifo(inbox / "pipe")
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(os.path.relpath(inbox / "socket"))
    (inbox / "null").symlink_to("/dev/null")
    assert seen(inbox, "*", root="/") == []


# --- what can't be looked at


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


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that everybody may use, since pytest's own are private."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize(
    ("closed", "path", "said"),
    [
        ("in", "in/*", "/in\" can't be read (Permission denied); give the user that rowd runs as the right to"),
        (
            "in/sub",
            "in/**",
            "/in/sub\" can't be read (Permission denied); give the user that rowd runs as the right to, or add its",
        ),
        ("in/a", "in/*", "/in/a\" can't be read (Permission denied); give the user that rowd runs as the right to, or add its"),
        ("in/a", "in/a", "/in/a\" can't be read (Permission denied); give the user that rowd runs as the right to"),
        ("in", "in/sub/*", "/in/sub\" can't be read (Permission denied); give the user that rowd runs as the right to"),
    ],
)
def test_what_may_not_be_read_is_said_with_the_remedy(shared: Path, closed: str, path: str, said: str) -> None:
    planted(shared, "in/a", "in/sub/b")
    (shared / closed).chmod(0o000)
    with as_nobody(), pytest.raises(Unseen) as caught:
        seen(shared, path)
    assert said in str(caught.value)
    assert str(caught.value).endswith(("ignore", "right to"))
    assert ("ignore" in str(caught.value)) == ("ignore" in said or "add its" in said)
    (shared / closed).chmod(0o755)


def test_what_may_not_be_read_can_be_ignored_and_a_folder_that_may_not_be_listed_may_hold_one_file(shared: Path) -> None:
    planted(shared, "in/a", "in/sub/b")
    (shared / "in" / "sub").chmod(0o000)
    with as_nobody():
        assert seen(shared, "in/**", ignore=["sub"]) == ["a"]
    (shared / "in" / "sub").chmod(0o755)
    (shared / "in").chmod(0o711)
    with as_nobody():
        assert seen(shared, "in/a") == ["a"]


def test_more_files_than_allowed_are_said(inbox: Path) -> None:
    planted(inbox, "a", "b", "c", ".d")
    assert seen(inbox, "*", max_files=3) == ["a", "b", "c"]
    with pytest.raises(Unseen, match="more than 2 files are there; make path narrower, or raise max_files"):
        seen(inbox, "*", max_files=2)


def test_a_folder_that_isn_t_there_yet_has_no_files_and_its_first_ones_are_new(tmp_path: Path) -> None:
    looking = Looking(tmp_path, "in/*")
    assert looking.look() is None
    planted(tmp_path, "in/a")
    assert looking.summary() == "a is new"


def test_a_folder_that_went_away_with_its_files_is_said_and_only_then_told(tmp_path: Path) -> None:
    planted(tmp_path, "in/a", "in/b")
    looking = Looking(tmp_path, "in/*")
    looking.look()
    (tmp_path / "in").rename(tmp_path / "elsewhere")
    with pytest.raises(Unseen, match='/in" is not there, and neither are the 2 files that were in it; mount it, or mend root'):
        looking.look()
    (tmp_path / "in").mkdir()
    assert looking.summary() == "2 files were deleted: a and b"


def test_a_root_that_went_away_is_named(tmp_path: Path) -> None:
    planted(tmp_path, "share/in/a")
    looking = Looking(tmp_path, "share/in/*", root="share")
    looking.look()
    (tmp_path / "share").rename(tmp_path / "elsewhere")
    with pytest.raises(Unseen, match='/share" is not there, and neither is the file that was in it; mount it, or mend root'):
        looking.look()


def test_a_root_that_is_a_link_to_itself_is_none(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert seen(tmp_path, "loop/*") == []


def test_a_folder_under_a_root_that_is_there_may_go(tmp_path: Path) -> None:
    planted(tmp_path, "in/a")
    looking = Looking(tmp_path, "in/*", root=".")
    looking.look()
    (tmp_path / "in" / "a").unlink()
    (tmp_path / "in").rmdir()
    assert looking.summary() == "a was deleted"


def test_a_folder_on_another_file_system_without_any_of_the_files_is_no_mass_of_deletions(inbox: Path) -> None:
    planted(inbox, "a")
    looking = Looking(inbox, "*")
    looking.look()
    mounted = looking.raw()["device"]
    (inbox / "a").unlink()
    looking.state = looking.state and looking.state.replace(f'"device":{mounted}', f'"device":{mounted + 1}')
    with pytest.raises(Unseen, match="is on another file system than before, and neither is the file that was in it; mount"):
        looking.look()
    planted(inbox, "b")
    assert looking.summary() == "b is new and a was deleted"


def test_a_path_to_a_folder_and_a_root_that_is_a_file_are_said(tmp_path: Path) -> None:
    planted(tmp_path, "in/a")
    with pytest.raises(Unseen, match=r'/in" is a folder; write ".*/in/\*" for the files in it'):
        seen(tmp_path, "in")
    with pytest.raises(Unseen, match='/in/a" is no folder; mend root'):
        seen(tmp_path, "in/a/*")
