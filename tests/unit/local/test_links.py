"""Symlinks and folders that somebody put beside a table, to have rowd read or write for them what they may not."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.api import Effect, Patch, Place
from connectors.errors import NeedsOwner, TableError, TryLater
from connectors.local import LocalSettings, LocalTable
from connectors.local.beside import Beside
from connectors.local.editor import editor_of, lock_of
from connectors.local.exchange import Exchange, exchange
from connectors.local.links import Foreign, Loop, anchored, followed
from tests.unit.local.test_permissions import NOBODY, as_nobody

CSV = b"ID,Name,Do\na,alpha,\n"
PATCH = Patch("a", {"Do": "x"})
SECRET = "root:$6$secret,hash"
OTHER = 1234

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of two users")


@pytest.fixture
def file() -> Iterator[Path]:
    """In a folder that everybody may use; pytest's own are private."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve() / "tables"
        folder.parent.chmod(0o755)
        folder.mkdir()
        folder.chmod(0o777)
        (folder.parent / "victim").mkdir(mode=0o700)
        (folder.parent / "victim" / "shadow").write_text(SECRET)
        file = folder / "tasks.csv"
        file.write_bytes(CSV)
        yield file


@pytest.fixture
def victim(file: Path) -> Path:
    return file.parent.parent / "victim"


def table(file: Path, exchange: Exchange = exchange) -> LocalTable:
    return LocalTable(LocalSettings(path=file), Place("Ops", file.parent, "ID", "Name", str), exchange=exchange)


def hidden(file: Path) -> Path:
    return Beside(file).path


# --- the hidden folder


def test_a_hidden_folder_that_is_a_symlink_is_refused_and_nothing_is_made_behind_it(file: Path, victim: Path) -> None:
    hidden(file).symlink_to(victim)
    opened = table(file)
    with pytest.raises(NeedsOwner, match=r"tasks\.csv\.rowd is a symlink.*remove it \(rm "):
        opened.write([PATCH])
    opened.own("a daemon")
    with pytest.raises(NeedsOwner, match="is a symlink"):
        opened.read()
    assert [path.name for path in victim.iterdir()] == ["shadow"]
    assert file.read_bytes() == CSV
    hidden(file).unlink()
    assert opened.write([PATCH])[0].effect is Effect.APPLIED


def test_a_file_in_the_place_of_the_hidden_folder_is_refused(file: Path) -> None:
    hidden(file).touch()
    with pytest.raises(NeedsOwner, match="is no folder"):
        table(file).write([PATCH])


@as_root
def test_a_hidden_folder_of_somebody_else_is_refused_with_what_to_do(file: Path, victim: Path) -> None:
    hidden(file).mkdir()
    os.chown(hidden(file), OTHER, OTHER)
    for name in ("owner", "gate", "draft"):
        (hidden(file) / name).symlink_to(victim / "shadow")
    with pytest.raises(NeedsOwner, match=rf"belongs to number {OTHER}, and this is root.*chown -R 0 .*rm -r "):
        table(file).write([PATCH])
    assert (victim / "shadow").read_text() == SECRET


@as_root
def test_a_user_who_finds_the_folder_of_a_rowd_that_root_ran_is_told_to_have_it_given_away(file: Path) -> None:
    file.chmod(0o666)
    hidden(file).mkdir(mode=0o700)
    with as_nobody(), pytest.raises(NeedsOwner, match=r"belongs to root.*If root ran rowd here before.*chown -R nobody "):
        table(file).write([PATCH])
    for path in (hidden(file), file):
        os.chown(path, NOBODY, NOBODY)
    with as_nobody():
        assert table(file).write([PATCH])[0].effect is Effect.APPLIED


@as_root
def test_in_the_folder_of_whose_table_it_is_root_writes_behind_no_link(file: Path, victim: Path) -> None:
    os.chown(file, NOBODY, NOBODY)
    hidden(file).mkdir()
    os.chown(hidden(file), NOBODY, NOBODY)
    for name in ("draft", "trial.1", "trial.2", "swap.1.a.b"):
        (hidden(file) / name).symlink_to(victim / f"made-{name}")
    (hidden(file) / "swap.2.a.b").symlink_to(victim / "shadow")
    opened = table(file)
    opened.own("a daemon")
    assert opened.write([PATCH])[0].effect is Effect.APPLIED
    opened.close()
    assert [path.name for path in victim.iterdir()] == ["shadow"]
    assert (victim / "shadow").read_text() == SECRET
    assert b"secret" not in file.read_bytes()


def test_a_link_in_the_place_of_a_lock_is_named_with_what_to_do(file: Path, victim: Path) -> None:
    hidden(file).mkdir(mode=0o700)
    for name in ("owner", "gate"):
        (hidden(file) / name).symlink_to(victim / "shadow")
    opened = table(file)
    with pytest.raises(NeedsOwner, match=rf"rowd/gate is a symlink.*rm {hidden(file)}/gate"):
        opened.write([PATCH])
    opened.own("a daemon")
    with pytest.raises(NeedsOwner, match=rf"rowd/owner is a symlink.*rm {hidden(file)}/owner"):
        opened.read()
    assert (victim / "shadow").read_text() == SECRET


def test_a_hidden_folder_that_is_exchanged_for_a_link_in_the_middle_of_a_write_changes_nothing_else(
    file: Path, victim: Path
) -> None:
    def swapped(one: Path, other: Path) -> None:
        if other.name == file.name and hidden(file).is_dir() and not hidden(file).is_symlink():
            hidden(file).rename(file.parent / "away")
            hidden(file).symlink_to(victim)
        exchange(one, other)

    assert table(file, swapped).write([PATCH])[0].effect is Effect.APPLIED
    assert file.read_bytes() == b"ID,Name,Do\na,alpha,x\n"
    assert [path.name for path in victim.iterdir()] == ["shadow"]


# --- the table


@as_root
@pytest.mark.parametrize("on_the_way", [False, True])
def test_a_link_that_an_editor_put_in_the_place_of_the_table_shows_them_nothing(
    file: Path, victim: Path, *, on_the_way: bool
) -> None:
    if on_the_way:
        link = file.parent / "folder"
        link.symlink_to(victim)
        opened = table(link / "shadow")
    else:
        link = file
        file.unlink()
        file.symlink_to(victim / "shadow")
        opened = table(file)
    os.chown(link, OTHER, OTHER, follow_symlinks=False)
    for use in (opened.read, opened.probe, lambda: opened.write([PATCH])):
        with pytest.raises(
            NeedsOwner, match=rf"is a symlink of number {OTHER}'s to .*shadow, a file of root's.*chown -h root "
        ) as caught:
            use()
        assert "secret" not in str(caught.value)
    os.chown(link, 0, 0, follow_symlinks=False)  # root's own: it was meant
    with pytest.raises(TableError, match="secret"):
        opened.read()


@as_root
@pytest.mark.parametrize(("link", "target"), [(0, OTHER), (OTHER, OTHER), (NOBODY, NOBODY), (NOBODY, OTHER), (0, 0)])
def test_links_of_ours_of_roots_and_to_ones_own_file_are_followed(file: Path, link: int, target: int) -> None:
    real = file.parent / "real.csv"
    file.rename(real)
    file.symlink_to(real.name)
    os.chown(file, link, link, follow_symlinks=False)
    os.chown(real, target, target)
    with as_nobody():
        assert table(file).read().rows[0].key == "a"


def test_a_link_that_is_put_there_between_look_and_read_is_not_followed(file: Path, victim: Path) -> None:
    """The table was looked up already."""
    opened = table(file)
    opened.read()
    saver = opened._saver_of_now
    assert saver is not None
    file.unlink()
    file.symlink_to(victim / "shadow")
    with pytest.raises(OSError, match="symbolic links"):
        saver.read()


def test_a_link_that_is_put_there_at_the_exchange_gets_its_place_back(file: Path, victim: Path) -> None:
    done: list[int] = []

    def linked(one: Path, other: Path) -> None:
        if other.name == file.name and not done:
            done.append(1)
            file.unlink()
            file.symlink_to(victim / "shadow")
        exchange(one, other)

    with pytest.raises(TableError) as caught:
        table(file, linked).write([PATCH])
    assert "secret" not in str(caught.value)
    assert file.is_symlink()
    assert file.readlink() == victim / "shadow"
    assert (victim / "shadow").read_text() == SECRET


def test_a_folder_on_the_way_that_became_a_link_is_not_gone_through(file: Path, victim: Path) -> None:
    opened = table(file)
    opened.read()
    saver = opened._saver_of_now
    assert saver is not None
    (victim / file.name).write_text(SECRET)
    file.parent.rename(file.parent.parent / "away")
    file.parent.symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        saver.read()
    with pytest.raises(TryLater, match="a symlink has just been put"), opened._translated():
        saver.replace(lambda raw: raw + b"x")
    assert (victim / file.name).read_text() == SECRET


def test_the_lock_file_of_an_editor_is_no_link(file: Path, victim: Path) -> None:
    lock_of(file).symlink_to(victim / "shadow")
    assert editor_of(file) is None


# --- the way


def test_the_way_is_gone_as_the_system_goes_it(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").touch()
    (tmp_path / "rel").symlink_to("a/./b")
    (tmp_path / "abs").symlink_to(tmp_path / "rel")
    (tmp_path / "a" / "up").symlink_to("../rel/../b/file")
    for way in ("rel/file", "abs/file", "abs/../b/file", "a/up", "missing/x", "rel/missing", "abs/file/x"):
        assert followed(tmp_path / way) == (tmp_path / way).resolve(), way
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(Loop):
        followed(tmp_path / "loop")


@as_root
def test_every_link_on_the_way_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "theirs").symlink_to("file")
    (tmp_path / "ours").symlink_to("theirs")
    os.chown(tmp_path / "theirs", OTHER, OTHER, follow_symlinks=False)
    with pytest.raises(Foreign) as caught:
        followed(tmp_path / "ours")
    assert (caught.value.link, caught.value.owner, caught.value.its_owner) == (tmp_path / "theirs", OTHER, 0)


@pytest.mark.parametrize(
    ("make", "error"), [(lambda p: p.symlink_to("/"), "symbolic links"), (lambda p: p.touch(), "Not a directory")]
)
def test_what_is_no_folder_is_no_anchor(tmp_path: Path, make: Callable[[Path], None], error: str) -> None:
    make(tmp_path / "x")
    with pytest.raises(OSError, match=error):
        anchored(tmp_path / "x")
