"""A git repository that somebody commits to. Reads no configuration but its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_ENVIRONMENT = {
    **{f"GIT_{who}_NAME": "Ada" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "ada@example.com" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_CONFIG_{which}": os.devnull for which in ("GLOBAL", "SYSTEM")},
}


class Repository:
    """One, with a first commit."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._number = -1
        folder.mkdir()
        self._git("init", "--quiet", "--initial-branch=main")
        self.commit()

    def commit(self) -> None:
        """One more."""
        self._number += 1
        self._git("commit", "--quiet", "--allow-empty", "--message", f"number {self._number}")

    def _git(self, *argv: str) -> None:
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **_ENVIRONMENT}
        subprocess.run(["git", "-c", "gc.auto=0", "-C", self.folder, *argv], env=environment, check=True)
