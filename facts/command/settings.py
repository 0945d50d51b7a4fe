"""What the operator may say of a command that tells a fact."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from actions.command.settings import Environment, Word
from facts.api import Definition


def _program(argv: tuple[str, ...]) -> tuple[str, ...]:
    if not argv[0]:
        raise ValueError('names no program; write it like argv = ["/usr/bin/df", "--output=pcent", "/srv"]')
    return argv


class CommandSettings(Definition, frozen=True):
    """`kind = "command"`: what a program prints, or its exit status."""

    argv: Annotated[tuple[Word, ...], AfterValidator(_program)] = Field(
        min_length=1, description="The program and its arguments, one list element each; no shell."
    )
    cwd: Path = Field(default=Path(), description="The folder it runs in; relative to the folder of rowd.toml.")
    environment: Environment = Field(default={}, description="Variables with fixed values, beside the few that every command gets.")
    value: Literal["output", "status"] = Field(
        default="output",
        description="What the fact is: what it prints, where its exit status is 0; or that status, whatever it is.",
    )
