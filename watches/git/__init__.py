"""Commits that arrive in a git repository on this machine."""

from __future__ import annotations

from pathlib import Path

from watches.api import Kind
from watches.git.settings import GitSettings
from watches.git.watch import GitWatch


def make(name: str, settings: GitSettings, base: Path) -> GitWatch:  # noqa: ARG001 (a Kind's signature)
    """Raises nothing: a repository that isn't there may come."""
    return GitWatch(settings, (base / settings.path).absolute())


KIND = Kind(settings=GitSettings, make=make, commits=True, limits=frozenset({"most"}))
