"""Commits that arrive in a git repository on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from watches.api import Kind
from watches.git.settings import GitSettings
from watches.git.watch import GitWatch

LIMITS = frozenset({"most"})
"""Settings that don't say which commits are watched."""

SAYS = frozenset({"commit", "short", "branch", "author", "email", "date", "subject", "message", "paths"})
"""The names of all that an event says of a commit."""


def make(name: str, settings: GitSettings, base: Path, lent: Mapping[str, str]) -> GitWatch:  # noqa: ARG001 (a Kind's signature)
    """Raises nothing: a repository that isn't there may come."""
    return GitWatch(settings, (base / settings.path).absolute())


KIND = Kind(settings=GitSettings, make=make, commits=True, limits=LIMITS, says=SAYS)
