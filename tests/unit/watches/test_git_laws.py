"""Over all looks, each commit that came to a watched branch is told once, after those that it was made from."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.watches.repository import Repository, looks

BRANCHES = ("main", "a", "b/c", "unwatched")
NAMES = st.sampled_from(BRANCHES)
SKEW = st.integers(-3, 3)
"""Minutes by which a clock is wrong."""
STEPS = st.one_of(
    st.tuples(st.just("commit"), NAMES, SKEW),
    st.tuples(st.just("commit"), NAMES, SKEW),
    st.tuples(st.just("merge"), NAMES, NAMES),
    st.tuples(st.just("set"), NAMES, st.integers(0, 30)),
    st.tuples(st.just("delete"), NAMES, st.none()),
    st.tuples(st.just("pack"), st.none(), st.none()),
    st.tuples(st.just("look"), st.none(), st.none()),
)


class Course:
    """Does steps by plumbing, which is quick, and knows all that was ever made."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.tree = repository.git("hash-object", "-t", "tree", "-w", "--stdin")
        self.tips: dict[str, str] = {}
        self.made: list[str] = []
        self.parents: dict[str, tuple[str, ...]] = {}

    def commit(self, branch: str, *parents: str, skew: int = 0) -> None:
        self.repository.minute = len(self.made) + skew
        given = [word for parent in parents for word in ("-p", parent)]
        commit = self.repository.git("commit-tree", self.tree, *given, "-m", f"{len(self.made)}")
        self.made.append(commit)
        self.parents[commit] = parents
        self.put(branch, commit)

    def put(self, branch: str, commit: str) -> None:
        self.repository.git("update-ref", f"refs/heads/{branch}", commit)
        self.tips[branch] = commit

    def step(self, what: str, branch: str, other: object) -> None:
        if what == "commit":
            self.commit(branch, *([self.tips[branch]] if branch in self.tips else []), skew=int(str(other)))
        elif what == "merge" and branch in self.tips and other in self.tips and self.tips[branch] != self.tips[str(other)]:
            self.commit(branch, self.tips[branch], self.tips[str(other)])
        elif what == "set" and self.made:
            self.put(branch, self.made[int(str(other)) % len(self.made)])
        elif what == "delete" and branch in self.tips:
            self.repository.git("update-ref", "-d", f"refs/heads/{branch}")
            del self.tips[branch]
        elif what == "pack":
            self.repository.git("pack-refs", "--all", "--prune")

    def watched(self) -> set[str]:
        """All that the watched branches lead to, by what was made and not by git."""
        found: set[str] = set()
        ahead = [tip for branch, tip in self.tips.items() if branch != "unwatched"]
        while ahead:
            if (commit := ahead.pop()) not in found:
                found.add(commit)
                ahead += self.parents[commit]
        return found


@settings(max_examples=25, deadline=None)
@given(st.lists(STEPS, min_size=5, max_size=20), st.integers(0, 3))
def test_each_commit_is_told_once_and_none_before_those_that_it_was_made_from(
    steps: list[tuple[str, str, object]], first: int
) -> None:
    with TemporaryDirectory(dir="/dev/shm") as folder:
        course = Course(Repository.new(Path(folder) / "app"))
        for step in steps[:first]:
            course.step(*step)
        seen = looks(course.repository.path, branches=["main", "[!u]*"])
        known = course.watched()
        for step in [*steps[first:], ("look", "", None)]:
            if step[0] != "look":
                course.step(*step)
                continue
            told = seen.commits()
            assert sorted(told) == sorted(course.watched() - known)
            known |= set(told)
            places = {commit: at for at, commit in enumerate(told)}
            assert all(places.get(parent, -1) < at for commit, at in places.items() for parent in course.parents[commit])
