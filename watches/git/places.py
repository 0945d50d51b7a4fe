"""Where a repository keeps what tells of its branches (gitrepository-layout(5)). Without git: also when it can't be run."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct


class Places(Struct, frozen=True):
    """own: with HEAD.   common: with the branches. Two folders where it is a worktree of another repository."""

    own: Path
    common: Path


def places(path: Path) -> Places | None:
    """The repository that stands at `path` itself, not above it; None where there is none. Raises OSError."""
    own = path / ".git"
    if own.is_file():
        said = os.fsdecode(own.read_bytes()[:8192])
        if not said.startswith("gitdir:"):
            return None
        own = path / said.removeprefix("gitdir:").strip()
    elif not own.is_dir():
        own = path
    if not (own / "HEAD").is_symlink() and not (own / "HEAD").is_file():
        return None
    common = own
    if (own / "commondir").is_file():
        common = own / os.fsdecode((own / "commondir").read_bytes()[:8192]).strip()
    return Places(own, common) if (common / "objects").is_dir() else None
