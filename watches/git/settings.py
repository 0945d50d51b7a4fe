"""What the operator may say of a repository."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from config.fields import Count
from watches.api import Definition


def _whole(path: Path) -> Path:
    if path.parts and path.parts[0].startswith("~"):
        raise ValueError(f'"{path}": "~" means nothing to a daemon; write the path in full')
    if not str(path).isprintable():
        raise ValueError(f"{str(path)!r} can't be a path; remove what can't be printed")
    return path


def _branch(pattern: str) -> str:
    if not pattern or not pattern.isprintable():
        raise ValueError(f'{pattern!r} can\'t be a branch; write a name, or a pattern like "release/*"')
    if pattern.startswith("refs/"):
        raise ValueError(f'"{pattern}": write the branch as git shows it, without refs/heads/')
    return pattern


def _inside(pattern: str) -> str:
    if (
        not pattern.isprintable()
        or pattern.startswith("/")
        or not set(pattern.split("/")) - {"", "."}
        or ".." in pattern.split("/")
    ):
        raise ValueError(f'{pattern!r} is no path inside the repository; write one from its top, like "src/**"')
    return pattern


class GitSettings(Definition, frozen=True):
    """`kind = "git"`: commits that arrive in a repository on this machine."""

    path: Annotated[Path, AfterValidator(_whole)] = Field(
        description="The repository: a working tree or a bare one; a relative path starts from the folder of rowd.toml."
    )
    branches: tuple[Annotated[str, AfterValidator(_branch)], ...] = Field(
        default=("*",),
        min_length=1,
        description='The branches that count: names, or patterns in which `*` stands for any text, "/" too.',
    )
    remotes: bool = Field(
        default=False,
        description="Whether branches of remotes count too, as `origin/main`: for a repository that something else fetches into.",
    )
    paths: tuple[Annotated[str, AfterValidator(_inside)], ...] = Field(
        default=(),
        description="Only commits that change one of these count: paths from the top of the repository, or patterns like `src/**`.",
    )
    most: Count = Field(
        default=100, ge=1, le=1000, description="So many new commits of one look are told one by one; older ones are told together."
    )
