"""A repository as people work in it, and a watch that is looked at again and again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import watches
from watches.api import Happening, Watch

BEGAN = 1_772_452_800
"""When the first commit is made: 2 March 2026, 12:00 UTC."""


@dataclass
class Repository:
    """What a person does in it. Each commit is made a minute after the one before."""

    path: Path
    minute: int = 0

    @classmethod
    def new(cls, path: Path, *arguments: str) -> Repository:
        path.mkdir()
        repository = cls(path)
        repository.git("init", "-q", "-b", "main", *arguments)
        return repository

    def git(self, *arguments: str | bytes, given: bytes = b"", **environment: str) -> str:
        at = f"{BEGAN + 60 * self.minute} +0100"
        who = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_AUTHOR_DATE": at}
        who |= {"GIT_COMMITTER_NAME": "Bob", "GIT_COMMITTER_EMAIL": "bob@example.org", "GIT_COMMITTER_DATE": at}
        alone = {"PATH": os.environ["PATH"], "HOME": "/", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        ran = subprocess.run(
            ["git", "-C", self.path, *arguments], input=given, capture_output=True, check=False, env={**alone, **who, **environment}
        )
        assert ran.returncode == 0, ran.stderr.decode()
        return ran.stdout.decode().strip()

    def commit(self, message: str | bytes = "Mend the parser", *, file: str | bytes | None = None, **environment: str) -> str:
        """Commit everything, also where that is nothing. Answers with the id."""
        self.minute += 1
        if file is not None:
            path = Path(os.fsdecode(os.fsencode(self.path) + b"/" + os.fsencode(file)))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{self.minute}\n")
            self.git("add", "--all")
        given = message.encode() if isinstance(message, str) else message
        self.git(
            "commit", "-q", "--allow-empty", "--allow-empty-message", "--cleanup=verbatim", "-F", "-", given=given, **environment
        )
        return self.id()

    def id(self, of: str = "HEAD") -> str:
        return self.git("rev-parse", "--verify", of)

    def merge(self, branch: str) -> str:
        self.minute += 1
        self.git("merge", "-q", "--no-ff", "-m", f"Merge {branch}", branch)
        return self.id()

    def sweep(self) -> None:
        """Let everything go that no branch leads to."""
        self.git("reflog", "expire", "--expire=now", "--all")
        self.git("gc", "-q", "--prune=now")


def watch(path: Path, **settings: Any) -> Watch:
    kind = watches.load("git")
    return kind.make("app", kind.settings.model_validate({"kind": "git", "path": str(path), **settings}), Path("/"), {})


@dataclass
class Looks:
    """Looks at a source, each with what the one before left."""

    watch: Watch
    state: str | None = None
    told: list[str] = field(default_factory=list)

    def happenings(self) -> Sequence[Happening]:
        look = self.watch.look(self.state)
        self.state = look.state
        return look.happenings

    def commits(self) -> list[str]:
        """Ids of the commits that a look tells, in its order."""
        return [str(happening.values["commit"]) for happening in self.happenings()]


def looks(path: Path, **settings: Any) -> Looks:
    """With the first sight behind it."""
    made = Looks(watch(path, **settings))
    assert made.happenings() == ()
    return made
