"""Changes of watched files are noticed at once, in whatever folder they may be, and those of other files wake nobody."""

from __future__ import annotations

import asyncio
import errno
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any

import asyncinotify
import pytest
from asyncinotify import Mask

from tests.unit.watches.looking import settings
from watches.file import FileWatch
from watches.file.place import Place
from watches.file.stirring import Ground, TooMany, stirs

GENEROUS = 60


def place(base: Path, path: str, **more: Any) -> Place:
    return Place(settings(path, **more), base)


async def at_once(seconds: float) -> None:
    """Instead of the rest between two rounds of watching anew."""


def noticed(watched: Place, *changes: Callable[[], object]) -> None:
    """Each change must be told, after all that went before has been."""

    async def story() -> None:
        async with aclosing(stirs(watched, rest=at_once)) as told:
            await anext(told)  # it stands
            for change in changes:
                change()
                async with asyncio.timeout(GENEROUS):
                    await anext(told)

    asyncio.run(story())


def heard(watched: Place, last: Path, change: Callable[[], object]) -> tuple[set[str], bool]:
    """The names whose events are about the files, from `change` to the making of `last`; and whether other folders matter since."""

    def changed() -> None:
        change()
        last.mkdir()

    async def story() -> tuple[set[str], bool]:
        names: set[str] = set()
        with closing(Ground(watched)) as ground:
            changed()
            while True:
                async with asyncio.timeout(GENEROUS):
                    event = await ground.inotify.get()
                if str(event.name) == last.name and event.mask & Mask.CREATE:
                    ground.look_at_links()
                    return names, ground.shifted
                if ground.concerned(event):
                    names.add(str(event.name))

    return asyncio.run(story())


def test_a_file_saved_replaced_deleted_and_put_back(inbox: Path) -> None:
    file, beside = inbox / "a.csv", inbox / ".new"
    noticed(
        place(inbox.parent, "inbox/a.csv"),
        lambda: file.write_text("new"),
        lambda: file.write_text("in place"),
        file.unlink,
        lambda: beside.write_text("by rename") and beside.replace(file),
        lambda: file.rename(inbox / "b.csv"),
    )


def test_a_file_that_is_kept_open_and_written_to(inbox: Path) -> None:
    with (inbox / "log").open("a") as log:
        noticed(place(inbox, "*"), *[lambda: log.write("line\n") and log.flush()] * 2)


def test_folders_below_that_come_fill_go_and_come_again(inbox: Path) -> None:
    deep = inbox / "one" / "two"

    def filled() -> None:
        deep.mkdir(parents=True)
        (deep / "a.csv").write_text("there before it is watched")

    noticed(
        place(inbox, "**/*.csv"),
        filled,
        lambda: (deep / "a.csv").write_text("now it is watched"),
        lambda: shutil.move(inbox / "one", inbox.parent / "away"),
        lambda: shutil.move(inbox.parent / "away", inbox / "other"),
        lambda: (inbox / "other" / "two" / "b.csv").write_text("x"),
        lambda: shutil.rmtree(inbox / "other"),
    )


def test_the_folder_itself_that_comes_goes_and_is_another(tmp_path: Path) -> None:
    box = tmp_path / "box"

    def another() -> None:
        box.rename(tmp_path / "old")
        box.mkdir()

    def gone() -> None:
        shutil.rmtree(box)

    noticed(
        place(tmp_path, "box/*.csv"),
        box.mkdir,
        lambda: (box / "a.csv").write_text("x"),
        another,
        lambda: (box / "a.csv").write_text("y"),
        gone,
    )


def test_a_parent_that_is_another_one_now(tmp_path: Path) -> None:
    (tmp_path / "v1" / "in").mkdir(parents=True)
    (tmp_path / "v2" / "in").mkdir(parents=True)
    current = tmp_path / "current"
    current.symlink_to("v1")

    def switched() -> None:
        (tmp_path / "new").symlink_to("v2")
        (tmp_path / "new").replace(current)

    noticed(place(tmp_path, "current/in/*"), switched, lambda: (tmp_path / "v2" / "in" / "a").write_text("x"))


def test_what_links_lead_to(tmp_path: Path) -> None:
    for name in ("in", "store", "store/sub"):
        (tmp_path / name).mkdir()
    real = tmp_path / "store" / "real.csv"
    real.write_text("x")
    (tmp_path / "in" / "a.csv").symlink_to(real)
    noticed(
        place(tmp_path, "in/*.csv", root="."),
        lambda: real.write_text("y"),
        lambda: (tmp_path / "in" / "b.csv").symlink_to("../store/sub/c.csv"),
    )
    (tmp_path / "in" / "b.csv").unlink()

    def linked() -> None:
        (tmp_path / "store" / "sub" / "c.csv").write_text("x")
        (tmp_path / "in" / "b.csv").symlink_to("../store/sub/c.csv")

    noticed(place(tmp_path, "in/*.csv", root="."), linked, lambda: (tmp_path / "store" / "sub" / "c.csv").write_text("y"))


def test_a_link_to_a_folder_that_comes_and_goes(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "store").mkdir()
    door = tmp_path / "in" / "door"
    noticed(
        place(tmp_path, "in/*/*.csv", root="."),
        lambda: door.symlink_to("../store"),
        lambda: (tmp_path / "store" / "a.csv").write_text("x"),
        door.unlink,
    )


def test_other_files_and_ignored_ones_and_what_is_in_folders_that_don_t_matter_wake_nobody(inbox: Path) -> None:
    for name in (".git", "node_modules", "sub"):
        (inbox / name).mkdir()
    watched = place(inbox, "**/*.csv", ignore=[".*", "*~", "node_modules", "other.csv"])

    def others() -> None:
        for path in ("a.txt", "a.csv~", ".a.csv", "other.csv", ".git/a.csv", "node_modules/a.csv", "sub/b.txt", "sub/c.csv"):
            (inbox / path).write_text("x")
        (inbox / "node_modules" / "more").mkdir()
        (inbox / ".cache").mkdir()

    assert heard(watched, inbox / ".last", others) == ({"c.csv"}, False)


def test_a_single_file_has_one_folder_watched_and_its_neighbours_wake_nobody(inbox: Path) -> None:
    (inbox / "sub").mkdir()

    def others() -> None:
        (inbox / "b.csv").write_text("x")
        (inbox / "sub" / "a.csv").write_text("x")
        (inbox / "more").mkdir()

    assert heard(place(inbox, "a.csv"), inbox / "last", others) == (set(), False)


def test_a_folder_that_can_matter_shifts_the_ground(inbox: Path) -> None:
    assert heard(place(inbox, "*/*.csv"), inbox / ".last", (inbox / "sub").mkdir) == ({"sub"}, True)
    assert heard(place(inbox, "a*/*.csv"), inbox / ".last2", (inbox / "b").mkdir) == (set(), False)


@pytest.mark.parametrize("change", [lambda box: box.rename(box.parent / "other"), lambda box: box.rmdir()])
def test_a_folder_that_goes_away_shifts_the_ground_at_once(inbox: Path, change: Callable[[Path], object]) -> None:
    async def story() -> None:
        with closing(Ground(place(inbox, "*"))) as ground:
            change(inbox)
            async with asyncio.timeout(GENEROUS):
                assert ground.concerned(await ground.inotify.get())
            assert ground.shifted

    asyncio.run(story())


def test_more_events_than_the_kernel_keeps_shift_the_ground(inbox: Path) -> None:
    overflow = asyncinotify.Event(None, Mask.Q_OVERFLOW, 0, None)
    with closing(Ground(place(inbox, "*"))) as ground:
        assert ground.concerned(overflow)
        assert ground.shifted


def never(told: AsyncIterator[None], rests: list[float], until: int, then: Callable[[], object]) -> None:
    """It rests again and again without a word, until `then` makes it tell."""

    async def story() -> None:
        telling = asyncio.ensure_future(anext(told))
        async with asyncio.timeout(GENEROUS):
            while len(rests) < until:
                assert not telling.done()
                await asyncio.sleep(0)
            then()
            await telling

    asyncio.run(story())


def test_where_too_many_folders_can_matter_it_never_tells(inbox: Path) -> None:
    for n in range(4):
        (inbox / f"{n}").mkdir()
    watched, rests = place(inbox, "**"), list[float]()

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    with pytest.raises(TooMany):
        Ground(watched, 4)
    Ground(watched, 5).close()
    never(stirs(watched, 4, rest), rests, 3, (inbox / "0").rmdir)
    assert set(rests) == {60}


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENOSPC])
def test_where_the_machine_has_no_watches_left_it_never_tells(inbox: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    rests = list[float]()

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    def none_left(inotify: object, path: object, mask: object) -> None:
        raise OSError(code, "no more")

    monkeypatch.setattr(asyncinotify.Inotify, "add_watch", none_left)
    never(stirs(place(inbox, "*"), rest=rest), rests, 3, monkeypatch.undo)
    assert set(rests) == {60}


def test_what_can_t_be_looked_at_never_tells_until_it_can(inbox: Path) -> None:
    file, rests = inbox / "a", list[float]()
    file.write_text("a file where the folder should be")

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    def mended() -> None:
        file.unlink()
        file.mkdir()

    never(stirs(place(inbox, "a/*"), rest=rest), rests, 3, mended)


def test_a_folder_that_goes_before_it_is_watched_is_not_watched(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_watch, sub = asyncinotify.Inotify.add_watch, inbox / "sub"

    def late(inotify: asyncinotify.Inotify, path: str, mask: Mask) -> asyncinotify.Watch:
        if path == str(sub):
            sub.rmdir()
        return add_watch(inotify, path, mask)

    sub.mkdir()
    monkeypatch.setattr(asyncinotify.Inotify, "add_watch", late)
    with closing(Ground(place(inbox, "**"))) as ground:
        assert [watch.path for watch in ground.inotify.watches] == [inbox]


def test_watching_anew_waits_a_little_after_the_last_time(inbox: Path) -> None:
    rests = list[float]()

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    async def story() -> None:
        async with aclosing(stirs(place(inbox, "**"), rest=rest)) as told:
            await anext(told)
            (inbox / "sub").mkdir()
            async with asyncio.timeout(GENEROUS):
                await anext(told)

    asyncio.run(story())
    assert len(rests) == 1
    assert rests[0] <= 2


@pytest.mark.parametrize("turns", range(8))
def test_watching_ends_when_it_is_to_end_also_at_the_moment_of_a_change(inbox: Path, turns: int) -> None:
    watch = FileWatch(settings("*"), inbox)

    async def follow(stands: asyncio.Event) -> None:
        async for _ in watch.stirs():
            stands.set()

    async def story() -> None:
        stands = asyncio.Event()
        following = asyncio.create_task(follow(stands))
        async with asyncio.timeout(GENEROUS):
            await stands.wait()
            (inbox / "a").write_text("changed")
            for _ in range(turns):
                await asyncio.sleep(0)
            following.cancel()
            await asyncio.wait([following])
        assert following.cancelled()

    asyncio.run(story())


def test_an_end_leaves_nothing_open(inbox: Path) -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = open_files()
    for _ in range(3):
        noticed(place(inbox, "**"), lambda: (inbox / "a").write_text("x"))
    assert open_files() <= before
