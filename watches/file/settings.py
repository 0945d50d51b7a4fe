"""What the operator may say of watched files."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from watches.api import Definition
from watches.file.pattern import ANY_DEPTH, is_wild, part_of


def _followable(path: str) -> str:
    if path.startswith("~"):
        raise ValueError(f'"{path}": "~" means nothing to a daemon; write the path in full')
    if not path or "\0" in path:
        raise ValueError('is no path; write one like "inbox/*.csv"')
    return path


def _names_files(path: str) -> str:
    if path.endswith("/") or path.split("/")[-1] in (".", ".."):
        raise ValueError(f'"{path}" is a folder; write "{path.rstrip("/")}/*" for the files in it')
    wild = False
    for part in path.split("/"):
        if ANY_DEPTH in part and part != ANY_DEPTH:
            raise ValueError(f'"{part}": ** stands for folders and must be a part by itself, like "inbox/**/*.csv"')
        wild |= is_wild(part)
        if wild and part == "..":
            raise ValueError(f'"{path}" has ".." after a wildcard; write the path without')
    return path


def _names_only(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        if "/" in pattern or not pattern:
            raise ValueError(f'"{pattern}" is held against names, which have no "/"; write the name of the file or of a folder')
    return patterns


class FileSettings(Definition, frozen=True):
    """`kind = "file"`: one file, or many."""

    path: Annotated[str, AfterValidator(_followable), AfterValidator(_names_files)] = Field(
        description="The file, or many by the wildcards *, ? and **; a relative path starts from the folder of rowd.toml."
    )
    root: Annotated[str, AfterValidator(_followable)] | None = Field(
        default=None,
        description="The folder that symbolic links can't lead out of. Left out: the one before the first wildcard, or the file's.",
    )
    ignore: Annotated[tuple[str, ...], AfterValidator(_names_only)] = Field(
        default=(".*", "*~", ".#*", "*.swp", "*.tmp", "*.part"),
        description="Names of files and folders that wildcards don't stand for.",
    )
    max_files: int = Field(
        default=10_000, ge=1, le=40_000, description="Where there are more files than this it says so, and looks at none."
    )
    max_bytes: int = Field(
        default=100_000_000, ge=0, description="A file larger than this is not read: another size or time of change is a change."
    )

    @model_validator(mode="after")
    def _something_to_see(self) -> Self:
        for part in self.path.split("/"):
            # stands for every name that the part may match: what matches this matches them all
            sample = part.replace("*", "\0\0\0").replace("?", "\0")
            for pattern in self.ignore:
                if is_wild(part) and part != ANY_DEPTH and part_of(pattern).fullmatch(sample):
                    raise ValueError(f'"{part}" names only what ignore leaves out ("{pattern}"); write an ignore of your own')
        return self
