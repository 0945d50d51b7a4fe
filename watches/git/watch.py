"""A repository as a watched source: what a look at it finds."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from watches.api import LONGEST_STATE, Happening, Look, Unseen
from watches.git.commits import Commit, cut, described, one_line
from watches.git.history import FURTHEST, Past, appeared, gone, left, owners
from watches.git.places import places
from watches.git.program import Git
from watches.git.settings import GitSettings
from watches.git.stirs import stirs
from watches.git.tips import State, Tip, Wanted, remembered, short, tips

_LONGEST_SUBJECT = 200
"""Characters of a commit's subject in a summary."""


class GitWatch:
    """`kind = "git"`."""

    def __init__(self, settings: GitSettings, path: Path) -> None:
        self._settings = settings
        self._path = path
        self._wanted = Wanted(settings.branches, remotes=settings.remotes)

    def look(self, before: str | None) -> Look:
        """One Happening for each new commit; where there are more than `most`, the oldest ones are told as one. Raises Unseen."""
        self._there()
        git = Git(self._path)
        now, current = tips(git, self._wanted)
        state = State(str(self._path), self._wanted.branches, self._wanted.remotes, now)
        old = remembered(before)
        if before is None or old is None or old.path != state.path:
            return Look(self._kept(state))
        if (old.branches, old.remotes, old.tips) == (state.branches, state.remotes, now):
            return Look(before)
        past = self._past(git, old, now)
        found = appeared(git, now, past)
        state = State(state.path, state.branches, state.remotes, now, left(git, now, past, found))
        return Look(self._kept(state), self._told(git, found, self._order(now, old.tips, current)))

    def stirs(self) -> AsyncIterator[None]:
        """Yields each time that a branch may have moved."""
        return stirs(self._path, remotes=self._wanted.remotes)

    def _there(self) -> None:
        try:
            if not self._path.is_dir():
                raise Unseen(f"there is no folder {self._path}; make it, or correct `path`")
            if places(self._path) is None:
                raise Unseen(f"{self._path} is no git repository; give the folder that holds .git, or a bare repository, as `path`")
        except OSError as exc:
            raise Unseen(f"{self._path} can't be read ({exc.strerror or exc}); give rowd's user the right to read it") from exc

    def _kept(self, state: State) -> str:
        text = state.text()
        if len(text) > LONGEST_STATE:
            raise Unseen(
                f"{self._path} has {len(state.tips)} branches, more than can be remembered; name fewer of them in `branches`"
            )
        return text

    def _past(self, git: Git, old: State, now: Mapping[str, Tip]) -> Past:
        before = Wanted(old.branches, remotes=old.remotes)
        first = frozenset(tip.commit for ref, tip in now.items() if before.rank(ref) is None)
        asked = {tip.commit for tip in old.tips.values()} | set(old.left)
        return Past(old.tips, old.left, gone(git, asked - {tip.commit for tip in now.values()}), first)

    def _order(self, now: Mapping[str, Tip], old: Mapping[str, Tip], current: str | None) -> list[tuple[str, str]]:
        """Which branch a commit is told of, where several have it: one from before, then as `branches` has them."""
        ranked = sorted(now, key=lambda ref: (ref not in old, self._wanted.rank(ref) or 0, ref != current, ref))
        return [(ref, now[ref].commit) for ref in ranked]

    def _told(self, git: Git, found: Mapping[str, Sequence[str]], order: Sequence[tuple[str, str]]) -> tuple[Happening, ...]:
        if not found:
            return ()
        most = self._settings.most
        newest, count = described(git, found, self._settings.paths, most + 1)
        owned = owners(found, order)
        branches = {commit: _branch(owned.get(commit, order[0][0])) for commit in count}
        told = [_happening(commit, branches[commit.id]) for commit in newest[:most]]
        if len(count) > most:
            told.append(_together(newest[most], [branches[commit] for commit in count[most:]], at_least=len(found) >= FURTHEST))
        return tuple(reversed(told))


def _branch(ref: str) -> str:
    return one_line(os.fsencode(short(ref)))


def _happening(commit: Commit, branch: str) -> Happening:
    values = {"commit": commit.id, "short": commit.short, "branch": branch, "author": commit.author, "email": commit.email}
    values |= {"date": commit.date, "subject": commit.subject, "message": commit.message, "paths": commit.paths}
    return Happening(cut(f"{_words(commit)} on {branch}"), values)


def _together(newest: Commit, branches: Sequence[str], *, at_least: bool) -> Happening:
    """Commits as one; the values are those of the newest.   branches: of each commit, that one's first.   at_least: or more."""
    one = _happening(newest, branches[0])
    if len(branches) == 1:
        return one
    where = branches[0] if len(set(branches)) == 1 else f"{len(set(branches))} branches"
    number = f"at least {len(branches)}" if at_least else str(len(branches))
    return Happening(cut(f"{number} commits on {where}, the newest {_words(newest)}"), one.values, len(branches))


def _words(commit: Commit) -> str:
    subject = f' "{cut(commit.subject, _LONGEST_SUBJECT)}"' if commit.subject else ""
    return f"{commit.short}{subject} by {cut(commit.author or commit.email or 'nobody', _LONGEST_SUBJECT)}"
