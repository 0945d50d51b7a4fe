"""Whatever moves a branch is noticed, and nothing else is."""

from __future__ import annotations

import asyncio
import errno
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from itertools import cycle
from pathlib import Path
from typing import Any, cast

import pytest

from tests.unit.watches.repository import Repository, watch
from watches.git import stirs as module
from watches.git.places import places

LONG = 30
"""Seconds, of which none is waited where all is well."""

Story = Callable[["Ear"], Awaitable[None]]


class Ear:
    """Listens to a repository."""

    def __init__(self, stirs: AsyncIterator[None]) -> None:
        self._stirs = stirs

    async def begin(self, *changes: Callable[[], object]) -> None:
        """Make these changes again and again until one is heard. From then on none can be missed."""
        waiting = asyncio.ensure_future(anext(self._stirs))
        for change in cycle(changes):
            await asyncio.to_thread(change)
            await asyncio.wait([waiting], timeout=0.1)
            if waiting.done():
                await waiting
                return

    async def heard(self, change: Callable[[], object]) -> None:
        """Make the change when all is quiet; what it stirs must be heard."""
        waiting = asyncio.ensure_future(anext(self._stirs))
        await asyncio.wait([waiting], timeout=0.2)  # older changes are told
        while waiting.done():
            await waiting
            waiting = asyncio.ensure_future(anext(self._stirs))
            await asyncio.wait([waiting], timeout=0.2)
        await asyncio.to_thread(change)
        async with asyncio.timeout(LONG):
            await waiting

    async def next(self) -> None:
        async with asyncio.timeout(LONG):
            await anext(self._stirs)


def listening(path: Path, story: Story, **settings: Any) -> None:
    """Have the story told to someone who listens."""

    async def run() -> None:
        async with aclosing(cast("Any", watch(path, **settings).stirs())) as stirs:
            ear = Ear(stirs)
            if there := places(path):
                begin = there.common / "refs/heads/begin"
                await ear.begin(begin.touch, begin.unlink)
                begin.unlink(missing_ok=True)
            await story(ear)

    asyncio.run(run())


def no_more_watching(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be noticed only by looking again isn't, in a test's time."""
    monkeypatch.setattr(module, "_LOOK_AGAIN", 10 * LONG)


def test_commits_branches_and_packs_are_heard_at_once(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    no_more_watching(monkeypatch)

    async def story(ear: Ear) -> None:
        await ear.heard(repository.commit)
        await ear.heard(repository.commit)
        await ear.heard(lambda: repository.git("branch", "deep/er/branch"))
        await ear.heard(
            lambda: repository.git(
                "update-ref", "refs/heads/deep/er/branch", repository.git("commit-tree", "-m", "", "HEAD^{tree}")
            )
        )
        repository.git("branch", "flat")
        await ear.heard(lambda: repository.git("pack-refs", "--all", "--prune"))
        await ear.heard(lambda: repository.git("branch", "-D", "flat"))
        await ear.heard(repository.commit)
        await ear.heard(lambda: repository.git("branch", "-D", "deep/er/branch"))
        await ear.heard(lambda: repository.git("switch", "-q", "-c", "other"))
        branch = repository.path / ".git/refs/heads/main"
        await ear.heard(lambda: branch.write_text(branch.read_text()))  # in place: its folder's time stays

    listening(repository.path, story)


def test_a_worktree_hears_of_its_repository_and_a_bare_one_of_a_push(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_more_watching(monkeypatch)
    repository.commit()
    repository.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    bare = Repository.new(tmp_path / "app.git", "--bare")

    async def story(ear: Ear) -> None:
        await ear.heard(repository.commit)
        await ear.heard(Repository(tmp_path / "side", 10).commit)
        repository.git("branch", "flat")
        await ear.heard(lambda: repository.git("pack-refs", "--all", "--prune"))
        await ear.heard(lambda: repository.git("branch", "-D", "flat"))

    async def pushed(ear: Ear) -> None:
        await ear.heard(lambda: repository.git("push", "-q", str(bare.path), "main"))
        repository.commit()
        await ear.heard(lambda: repository.git("push", "-q", str(bare.path), "main"))

    listening(tmp_path / "side", story)
    listening(bare.path, pushed)


def test_what_was_fetched_is_heard_where_remotes_count(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_more_watching(monkeypatch)
    repository.commit()
    clone = Repository(tmp_path / "clone")
    repository.git("clone", "-q", str(repository.path), str(clone.path))
    repository.commit()

    async def story(ear: Ear) -> None:
        await ear.heard(lambda: clone.git("fetch", "-q"))

    listening(clone.path, story, remotes=True)


def test_tables_of_references_are_heard(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """As newer versions of git keep branches (gitformat-reftable): tables.list is replaced with each change."""
    no_more_watching(monkeypatch)
    folder = repository.path / ".git/reftable"
    folder.mkdir()
    (folder / "tables.list").write_text("0x1.ref\n")

    def change() -> None:
        (folder / "tables.list.lock").write_text("0x2.ref\n")
        (folder / "tables.list.lock").replace(folder / "tables.list")

    async def story(ear: Ear) -> None:
        await ear.heard(change)
        await ear.heard(change)

    listening(repository.path, story)


def test_a_repository_that_comes_goes_and_comes_back_is_heard(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_AGAIN", 0.02)
    path = tmp_path / "app"
    repository = Repository(path)

    async def story(ear: Ear) -> None:
        await ear.begin(lambda: Repository.new(path), lambda: shutil.rmtree(path))
        shutil.rmtree(path, ignore_errors=True)
        await ear.heard(lambda: Repository.new(path))
        await ear.heard(repository.commit)
        await ear.heard(lambda: path.rename(tmp_path / "away"))
        await ear.heard(lambda: (tmp_path / "away").rename(path))
        await ear.heard(repository.commit)
        await ear.heard(lambda: shutil.rmtree(path))

    listening(path, story)


def test_where_nothing_can_be_watched_changes_are_noticed_by_looking_again(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left() -> object:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(module, "_LOOK_AGAIN", 0.02)
    monkeypatch.setattr(module, "Inotify", none_left)

    async def story(ear: Ear) -> None:
        await ear.heard(repository.commit)
        await ear.heard(lambda: repository.git("pack-refs", "--all"))

    listening(repository.path, story)


def test_what_moves_no_branch_is_not_heard_nor_is_a_look(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    no_more_watching(monkeypatch)
    repository.commit(file="a")
    source = watch(repository.path, paths=["a"])
    state = source.look(None).state
    counted: list[tuple[str, bool]] = []
    counts = module._counts

    def counting(event: Any, seen: Any) -> bool:
        counted.append((str(event.name), counts(event, seen)))
        return counted[-1][1]

    def changes() -> None:
        (repository.path / ".git/first").touch()
        (repository.path / "b").write_text("b")
        repository.git("add", "b")
        repository.git("stash", "-q")
        repository.git("tag", "v1")
        source.look(state)
        (repository.path / ".git/last").touch()
        repository.git("update-ref", "--stdin", given=b"create refs/heads/x HEAD\ncreate refs/heads/y HEAD\n")

    async def story(ear: Ear) -> None:
        await ear.heard(lambda: repository.git("branch", "before"))
        monkeypatch.setattr(module, "_counts", counting)
        monkeypatch.setattr(module, "_GATHER", 1.0)
        await asyncio.to_thread(changes)
        while "last" not in (names := [name for name, _ in counted]):
            await ear.next()
        quiet = counted[names.index("first") : names.index("last")]
        assert {"index", "index.lock"} <= {name for name, _ in quiet}
        assert not any(counts for _, counts in quiet)
        assert sum(counts for _, counts in counted[names.index("last") :]) == 1, "what follows at once is told once"

    listening(repository.path, story)


def test_it_wakes_no_oftener_than_every_two_seconds() -> None:
    assert module._LOOK_AGAIN >= 2
