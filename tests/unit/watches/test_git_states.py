"""What a look goes by: the state that was left, also of long ago, and what the operator writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import watches
from tests.unit.watches.repository import BEGAN, Repository, looks, watch
from watches.api import LONGEST_STATE, Unseen
from watches.git.history import LEFT


def test_first_sight_is_no_change_nor_is_a_state_that_cannot_be_read(repository: Repository) -> None:
    repository.commit()
    seen = looks(repository.path)
    assert seen.state is not None
    repository.commit()
    kept = json.loads(seen.state)
    for state in (
        "",
        "{}",
        "[" * 100_000,
        "null",
        json.dumps({**kept, "version": 2}),
        json.dumps({**kept, "tips": {"refs/heads/main": ["^x", 1]}}),
    ):
        assert watch(repository.path).look(state).happenings == ()
    assert len(watch(repository.path).look(seen.state).happenings) == 1


def test_where_nothing_is_new_the_state_stays_as_it_was(repository: Repository) -> None:
    repository.commit()
    seen = looks(repository.path)
    assert seen.watch.look(seen.state).state is seen.state


# --- what was there is gone


def test_where_the_old_commit_was_swept_away_its_branch_tells_what_is_younger(repository: Repository) -> None:
    base = repository.commit()
    repository.commit("Told already")
    repository.commit("Lost")
    seen = looks(repository.path)
    repository.git("reset", "-q", "--hard", base)
    made = [repository.commit() for _ in range(3)]
    repository.git("branch", "also")
    repository.git("branch", "older", base)
    repository.sweep()
    assert seen.commits() == made
    assert seen.commits() == []


def test_where_nothing_is_younger_than_what_was_swept_away_the_newest_commit_is_told(repository: Repository) -> None:
    repository.commit()
    tip = repository.commit()
    repository.commit("Lost")
    seen = looks(repository.path)
    repository.git("reset", "-q", "--hard", tip)
    repository.sweep()
    assert seen.commits() == [tip]


def test_another_repository_in_its_place_is_not_told_from_its_beginning(repository: Repository, tmp_path: Path) -> None:
    repository.commit()
    repository.minute = 100
    repository.commit()
    seen = looks(repository.path)
    repository.path.rename(tmp_path / "before")
    other = Repository.new(repository.path)
    for _ in range(3):
        other.commit(file="other")
    other.git("branch", "twin")
    assert seen.commits() == [other.id()]
    assert seen.commits() == []


def test_old_commits_that_were_swept_away_in_part_are_no_trouble(repository: Repository) -> None:
    repository.commit()
    repository.git("switch", "-q", "-c", "side")
    lost = repository.commit()
    repository.commit()
    seen = looks(repository.path)
    repository.git("switch", "-q", "main")
    repository.git("branch", "-q", "-D", "side")
    (repository.path / ".git/objects" / lost[:2] / lost[2:]).unlink()
    made = repository.commit()
    assert seen.commits() == [made]


def test_only_so_many_commits_that_branches_were_moved_from_are_remembered(repository: Repository) -> None:
    first = repository.commit()
    stream = "".join(f"commit refs/heads/old\ncommitter A <a@x> {BEGAN + n} +0000\ndata 0\n" for n in range(LEFT))
    repository.git("fast-import", "--quiet", given=stream.encode())
    old = repository.git("rev-list", "--reverse", "old").split()
    repository.git("tag", "kept", "old")
    repository.git("branch", "-q", "-D", "old")
    repository.commit()
    seen = looks(repository.path)
    state = json.loads(str(seen.state))
    seen.state = json.dumps({**state, "left": old})
    newest = repository.id()
    repository.git("reset", "-q", "--hard", first)
    assert seen.commits() == []
    assert json.loads(str(seen.state))["left"] == [*old[1:], newest]


def test_a_repository_that_vanishes_is_unseen_and_goes_on_where_it_was_when_it_is_back(
    repository: Repository, tmp_path: Path
) -> None:
    repository.commit()
    seen = looks(repository.path)
    repository.path.rename(tmp_path / "away")
    with pytest.raises(Unseen, match=f"^there is no folder {repository.path}; make it, or correct `path`$"):
        seen.commits()
    repository.path.mkdir()
    with pytest.raises(Unseen, match=f"^{repository.path} is no git repository; give the folder"):
        seen.commits()
    repository.path.rmdir()
    (tmp_path / "away").rename(repository.path)
    made = repository.commit()
    assert seen.commits() == [made]


def test_a_folder_inside_a_repository_is_not_taken_for_the_repository(repository: Repository) -> None:
    repository.commit(file="lib/objects/a")
    repository.commit(file="linked/.git")
    for folder in ("lib", "linked"):
        with pytest.raises(Unseen, match="no git repository"):
            watch(repository.path / folder).look(None)


def test_a_head_that_is_a_link_is_one_too(repository: Repository) -> None:
    """As old versions of git, and core.preferSymlinkRefs, make it; on an unborn branch it leads nowhere."""
    (repository.path / ".git/HEAD").unlink()
    (repository.path / ".git/HEAD").symlink_to("refs/heads/main")
    seen = looks(repository.path)
    made = repository.commit()
    assert seen.commits() == [made]


# --- what the operator writes


def test_branches_that_are_watched_for_the_first_time_begin_where_they_stand(repository: Repository) -> None:
    repository.commit()
    repository.git("switch", "-q", "-c", "dev")
    repository.commit()
    seen = looks(repository.path, branches=["main"])
    seen.watch = watch(repository.path, branches=["main", "dev"])
    assert seen.commits() == []
    made = repository.commit()
    assert seen.commits() == [made]


def test_a_source_that_is_elsewhere_now_is_seen_for_the_first_time(repository: Repository, tmp_path: Path) -> None:
    repository.commit()
    seen = looks(repository.path)
    repository.git("clone", "-q", str(repository.path), str(tmp_path / "clone"))
    Repository(tmp_path / "clone").commit()
    seen.watch = watch(tmp_path / "clone")
    assert seen.commits() == []


def test_more_branches_than_can_be_remembered_are_refused(repository: Repository) -> None:
    commit = repository.commit()
    longest = 3_900
    number = LONGEST_STATE // longest + 1
    lines = [f"{commit} refs/heads/{'x' * longest}{n:06}\n" for n in range(number)]
    (repository.path / ".git/packed-refs").write_text("# pack-refs with: peeled fully-peeled sorted \n" + "".join(lines))
    looks(repository.path, branches=["main"])
    with pytest.raises(Unseen, match=f"has {number + 1} branches, more than can be remembered; name fewer of them in `branches`"):
        watch(repository.path).look(None)


@pytest.mark.parametrize(
    "settings",
    [
        {"path": "~/app"},
        {"path": "a\0b"},
        {"branches": []},
        {"branches": [""]},
        {"branches": ["refs/heads/main"]},
        {"branches": ["a\nb"]},
        {"paths": [""]},
        {"paths": ["."]},
        {"paths": ["/srv/app/src"]},
        {"paths": ["src/../.."]},
        {"paths": ["a\0b"]},
        {"most": 0},
        {"most": True},
        {"every": "0s"},
        {"hook": True},
    ],
)
def test_what_makes_no_sense_is_refused(settings: dict[str, Any]) -> None:
    kind = watches.load("git")
    kind.settings.model_validate({"kind": "git", "path": "app"})
    with pytest.raises(ValidationError):
        kind.settings.model_validate({"kind": "git", "path": "app", **settings})


def test_it_is_a_source_of_commits_and_a_relative_path_starts_from_the_folder_of_the_configuration(repository: Repository) -> None:
    kind = watches.load("git")
    assert kind.commits
    made = kind.make("app", kind.settings.model_validate({"kind": "git", "path": "app"}), repository.path.parent, {})
    assert made.look(None).happenings == ()
