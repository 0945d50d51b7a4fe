"""Which commits have come to the watched branches since they stood elsewhere, and to which of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from watches.api import Unseen
from watches.git.program import Git
from watches.git.tips import Tip

FURTHEST = 10_000
"""Commits of one look that are gone through at the most, the newest ones."""

LEFT = 200
"""Commits that branches were moved away from, at the most; the newest ones are kept."""


class Past(Struct, frozen=True):
    """What is known from before.

    tips: of the branches that were watched.   left: further commits that branches stood at.   gone: those of both that
    the repository has no more.   first: commits of branches that are watched for the first time.
    """

    tips: Mapping[str, Tip]
    left: Sequence[str]
    gone: frozenset[str]
    first: frozenset[str]

    @property
    def known(self) -> set[str]:
        """Commits that are still there; they and whatever leads to them are nothing new."""
        return ({tip.commit for tip in self.tips.values()} | set(self.left) | self.first) - self.gone


def gone(git: Git, commits: Iterable[str]) -> frozenset[str]:
    """Those that the repository hasn't got. Raises Unseen."""
    asked = sorted(commits)
    if not asked:
        return frozenset()
    told = git.told("cat-file", "--batch-check=%(objecttype)", given=asked)
    return frozenset(commit for commit, line in zip(asked, told, strict=True) if line != b"commit")


def appeared(git: Git, tips: Mapping[str, Tip], past: Past) -> dict[str, tuple[str, ...]]:
    """Every commit of the branches that none of them had before, with its parents; none before its children.

    Where a branch's old commit is gone (its history was rewritten, then swept away) nobody can say what is new: then its commits
    since the date of the old one are told, at the least the newest, and of branches that are new those since that date.
    Raises Unseen.
    """
    known = past.known
    lost = {ref: tip.at for ref, tip in past.tips.items() if tip.commit in past.gone}
    moved = {ref: tip.commit for ref, tip in tips.items() if past.tips.get(ref) != tip and tip.commit not in known}
    sure = [commit for ref, commit in moved.items() if ref not in lost and (ref in past.tips or not lost)]
    found = _walked(git, sure, known) if sure else {}
    for ref, commit in moved.items():
        if ref in lost:
            found |= _walked(git, [commit], known, f"--max-age={lost[ref]}") or _walked(git, [commit], known, "--max-count=1")
        elif lost and ref not in past.tips:
            found |= _walked(git, [commit], known, f"--max-age={max(lost.values())}")
    return found


def left(git: Git, tips: Mapping[str, Tip], past: Past, found: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The commits to remember beside the tips: those that no branch leads to any more. Raises nothing."""
    now = {tip.commit for tip in tips.values()}
    followed = {parent for parents in found.values() for parent in parents}
    asked = {tip.commit for ref, tip in past.tips.items() if tips.get(ref) != tip} - now - followed - past.gone
    kept = [commit for commit in past.left if commit not in past.gone]
    if asked:
        try:
            alone: Collection[str] = _walked(git, asked, now)
        except Unseen:  # swept away in part: its forebears can't be read, and one that is remembered for nothing does no harm
            alone = asked
        kept += sorted(commit for commit in asked if commit in alone and commit not in kept)
    return tuple(kept[-LEFT:])


def owners(found: Mapping[str, Sequence[str]], order: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Commit → the branch that it is told of: the first one of `order` (branch, its commit) that leads to it."""
    owned: dict[str, str] = {}
    for ref, tip in order:
        ahead = [tip]
        while ahead:
            commit = ahead.pop()
            if commit in found and commit not in owned:
                owned[commit] = ref
                ahead.extend(found[commit])
    return owned


def _walked(git: Git, commits: Iterable[str], known: Iterable[str], *limits: str) -> dict[str, tuple[str, ...]]:
    given = [*sorted(commits), *(f"^{commit}" for commit in sorted(known))]
    lines = git.told("rev-list", "--date-order", "--parents", f"--max-count={FURTHEST}", *limits, "--stdin", given=given)
    return {commit: tuple(parents) for commit, *parents in (line.decode().split() for line in lines)}
