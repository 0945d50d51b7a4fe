"""Which commits a look at a repository tells, on real repositories: each once, oldest first, whatever people do to branches."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.watches.repository import BEGAN, Repository, looks
from watches.api import Happening
from watches.git.history import FURTHEST


def test_a_commit_is_told_with_all_that_it_says_of_itself(repository: Repository) -> None:
    repository.commit("Begin", file="old.txt")
    seen = looks(repository.path)
    commit = repository.commit("Mend the parser\n\nIt lost the last line.\n", file="src/parser.py")
    short = repository.git("rev-parse", "--short=7", "HEAD")
    assert seen.happenings() == (
        Happening(
            f'{short} "Mend the parser" by Ada on main',
            {
                "commit": commit,
                "short": short,
                "branch": "main",
                "author": "Ada",
                "email": "ada@example.org",
                "date": "2026-03-02T13:02:00+01:00",
                "subject": "Mend the parser",
                "message": "Mend the parser\n\nIt lost the last line.",
                "paths": "src/parser.py",
            },
        ),
    )
    assert seen.happenings() == ()


def test_several_commits_are_told_oldest_first_also_those_that_change_nothing(repository: Repository) -> None:
    repository.commit()
    seen = looks(repository.path)
    made = [repository.commit(file="a"), repository.commit(), repository.commit(file="b")]
    assert seen.commits() == made


def test_none_is_told_before_those_that_it_was_made_from_whatever_their_clocks_say(repository: Repository) -> None:
    repository.commit()
    seen = looks(repository.path)
    repository.minute = 40
    base = repository.commit(file="base")
    repository.git("switch", "-q", "-c", "side")
    repository.minute = 50
    side = repository.commit(file="side")
    repository.git("switch", "-q", "main")
    repository.minute = 1
    main = repository.commit(file="main")
    assert seen.commits() == [base, main, side]


def test_an_empty_repository_has_no_commits_and_then_a_first_one(repository: Repository) -> None:
    seen = looks(repository.path)
    assert seen.commits() == []
    first = repository.commit(file="a")
    assert [(h.values["commit"], h.values["paths"]) for h in seen.happenings()] == [(first, "a")]
    repository.git("switch", "-q", "--orphan", "pages")
    assert seen.commits() == []
    pages = repository.commit()
    assert seen.commits() == [pages]


def test_a_merge_counts_and_what_it_brings_is_told_once(repository: Repository) -> None:
    repository.commit()
    seen = looks(repository.path, branches=["main"])
    repository.git("switch", "-q", "-c", "feature/a")
    made = [repository.commit(file="a"), repository.commit(file="b")]
    assert seen.commits() == []
    repository.git("switch", "-q", "main")
    made.append(repository.merge("feature/a"))
    told = seen.happenings()
    assert [h.values["commit"] for h in told] == made
    assert {h.values["branch"] for h in told} == {"main"}
    assert told[-1].values["paths"] == "a\nb"
    assert seen.commits() == []


def test_commits_that_two_branches_got_are_told_once_of_the_branch_that_was_there(repository: Repository) -> None:
    repository.commit()
    seen = looks(repository.path)
    on_main = repository.commit()
    repository.git("switch", "-q", "-c", "a")
    on_a = repository.commit()
    told = seen.happenings()
    assert [(h.values["commit"], h.values["branch"]) for h in told] == [(on_main, "main"), (on_a, "a")]


def test_the_order_of_branches_says_which_of_two_new_ones_has_a_commit(repository: Repository) -> None:
    repository.commit()
    seen = looks(repository.path, branches=["z*", "*"])
    repository.git("switch", "-q", "-c", "a")
    repository.commit()
    repository.git("branch", "zoo")
    assert [h.values["branch"] for h in seen.happenings()] == ["zoo"]


def test_of_two_new_branches_the_one_that_is_checked_out_has_their_commits(repository: Repository) -> None:
    repository.commit()
    seen = looks(repository.path)
    repository.git("switch", "-q", "-c", "z")
    repository.commit()
    repository.git("branch", "a")
    assert [h.values["branch"] for h in seen.happenings()] == ["z"]


def test_a_new_branch_tells_its_own_commits_and_a_deleted_one_nothing_not_even_when_it_comes_back(repository: Repository) -> None:
    repository.commit()
    seen = looks(repository.path)
    repository.git("branch", "same")
    assert seen.commits() == []
    repository.git("switch", "-q", "-c", "release/1")
    commit = repository.commit()
    assert seen.commits() == [commit]
    repository.git("switch", "-q", "main")
    repository.git("branch", "-q", "-D", "release/1")
    assert seen.commits() == []
    repository.git("branch", "release/2", commit)
    assert seen.commits() == []


def test_only_the_branches_that_were_named_count(repository: Repository) -> None:
    repository.commit()
    repository.git("tag", "v1")
    seen = looks(repository.path, branches=["main", "release/*"])
    made = []
    for branch in ("release/1/x", "feature", "maine", "main-2"):
        repository.git("switch", "-q", "-c", branch, "main")
        made.append(repository.commit())
    repository.git("tag", "-f", "v1")
    told = seen.happenings()
    assert [(h.values["commit"], h.values["branch"]) for h in told] == [(made[0], "release/1/x")]


def test_an_amended_commit_is_told_and_what_it_replaced_is_not_told_again(repository: Repository) -> None:
    repository.commit()
    seen = looks(repository.path)
    old = repository.commit("Mend the prser")
    assert seen.commits() == [old]
    repository.minute += 1
    repository.git("commit", "-q", "--allow-empty", "--amend", "-m", "Mend the parser")
    assert seen.commits() == [repository.id()]
    repository.git("reset", "-q", "--hard", old)
    assert seen.commits() == []
    repository.git("reset", "-q", "--hard", "HEAD~1")
    assert seen.commits() == []


def test_a_rebase_tells_the_commits_that_it_made(repository: Repository) -> None:
    repository.commit(file="base")
    repository.git("switch", "-q", "-c", "topic")
    repository.commit(file="a")
    repository.commit(file="b")
    repository.git("switch", "-q", "main")
    ahead = repository.commit(file="c")
    seen = looks(repository.path)
    repository.minute += 1
    repository.git("rebase", "-q", "main", "topic")
    told = seen.commits()
    assert told == repository.git("rev-list", "--reverse", f"{ahead}..topic").split()
    assert len(told) == 2


def test_packed_refs_and_gc_change_nothing_and_commits_after_them_are_told(repository: Repository) -> None:
    repository.commit()
    repository.git("branch", "deep/er/branch")
    seen = looks(repository.path)
    repository.git("pack-refs", "--all", "--prune")
    assert seen.commits() == []
    made = [repository.commit(), repository.commit()]
    repository.sweep()
    assert seen.commits() == made


def test_a_bare_repository_tells_what_is_pushed(repository: Repository, tmp_path: Path) -> None:
    bare = Repository.new(tmp_path / "app.git", "--bare")
    repository.commit()
    repository.git("push", "-q", str(bare.path), "main")
    seen = looks(bare.path, paths=["src/**"])
    made = repository.commit(file="src/a")
    repository.commit(file="docs/a")
    repository.git("push", "-q", str(bare.path), "main")
    assert seen.commits() == [made]


def test_longer_ids_are_no_trouble(home: Path, tmp_path: Path) -> None:
    repository = Repository.new(tmp_path / "app", "--object-format=sha256")
    repository.commit()
    seen = looks(repository.path)
    made = repository.commit(file="a")
    assert seen.commits() == [made]
    assert len(made) == 64
    repository.git("reset", "-q", "--hard", "HEAD~1")
    assert seen.commits() == []
    repository.git("reset", "-q", "--hard", made)
    assert seen.commits() == []


def test_a_worktree_and_the_git_folder_itself_stand_for_their_repository(repository: Repository, tmp_path: Path) -> None:
    repository.commit()
    repository.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    seen = [looks(path, paths=["*"]) for path in (tmp_path / "side", repository.path / ".git")]
    made = {Repository(tmp_path / "side", 10).commit(file="x"), repository.commit(file="y")}
    assert [set(s.commits()) for s in seen] == [made, made]


def test_branches_of_remotes_count_where_they_are_asked_for(repository: Repository, tmp_path: Path) -> None:
    repository.commit()
    clone = Repository(tmp_path / "clone")
    repository.git("clone", "-q", str(repository.path), str(clone.path))
    without, seen = looks(clone.path), looks(clone.path, remotes=True, branches=["origin/*"])
    made = repository.commit()
    clone.git("fetch", "-q")
    assert without.commits() == []
    told = seen.happenings()
    assert [(h.values["commit"], h.values["branch"]) for h in told] == [(made, "origin/main")]
    assert "origin/HEAD" not in str(seen.state)


def test_a_commit_on_a_detached_head_is_told_when_a_branch_gets_it(repository: Repository) -> None:
    repository.commit()
    seen = looks(repository.path)
    repository.git("switch", "-q", "--detach")
    made = repository.commit()
    assert seen.commits() == []
    repository.git("branch", "kept")
    assert seen.commits() == [made]


def test_only_commits_that_touch_the_paths_count(repository: Repository) -> None:
    repository.commit(file="src/a.py")
    seen = looks(repository.path, paths=["src/*.py", "top.md", ":(exclude)src/a.py"])
    made = [repository.commit(file="src/a.py")]
    repository.commit(file="src/deep/b.py")
    repository.commit(file="docs/src/a.py")
    repository.commit()
    repository.git("switch", "-q", "-c", "side")
    made.append(repository.commit(file="top.md"))
    repository.git("rm", "-q", "top.md")
    made.append(repository.commit())  # what it took away again, the merge doesn't bring
    repository.git("switch", "-q", "main")
    repository.merge("side")
    (repository.path / "docs/b.py").write_text("")
    made.append(repository.commit(file="top.md"))
    told = seen.happenings()
    assert [h.values["commit"] for h in told] == made
    assert [h.values["paths"] for h in told] == ["src/a.py", "top.md", "top.md", "top.md"]


@pytest.mark.parametrize("paths", [[], ["a"]])
def test_of_more_commits_than_most_the_oldest_are_told_together(repository: Repository, paths: list[str]) -> None:
    repository.commit()
    seen = looks(repository.path, most=2, paths=paths)
    made = [repository.commit(f"No. {n}", file="a") for n in range(5)]
    told = seen.happenings()
    assert [(h.values["commit"], h.number) for h in told] == [(made[2], 3), (made[3], 1), (made[4], 1)]
    assert told[0].summary == f'3 commits on main, the newest {made[2][:7]} "No. 2" by Ada'
    made = [repository.commit(file="a") for _ in range(3)]
    told = seen.happenings()
    assert [(h.values["commit"], h.number) for h in told] == [(commit, 1) for commit in made]
    assert told[0].summary == f'{made[0][:7]} "Mend the parser" by Ada on main'
    repository.git("branch", "other", "HEAD~3")
    seen.happenings()
    for branch in ("main", "other", "main"):
        repository.git("switch", "-q", branch)
        repository.commit(file="a"), repository.commit(file="a")
    assert seen.happenings()[0].summary.startswith("4 commits on 2 branches, the newest ")


def test_of_a_whole_history_that_appears_the_newest_part_is_gone_through(repository: Repository) -> None:
    first = repository.commit(file="a")
    seen = looks(repository.path, most=1)
    stream = "".join(
        f"commit refs/heads/main\ncommitter Ada <a@x> {BEGAN + n} +0000\ndata 1\n{n % 10}\n{'' if n else f'from {first}'}\n"
        for n in range(FURTHEST + 5)
    )
    repository.git("fast-import", "--quiet", given=stream.encode())
    told = seen.happenings()
    assert [h.number for h in told] == [FURTHEST - 1, 1]
    assert told[0].summary.startswith(f"at least {FURTHEST - 1} commits on main, the newest ")
    assert told[1].values["commit"] == repository.id("main")
    assert seen.commits() == []
