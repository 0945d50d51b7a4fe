"""What the operator may say of a watched command."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from actions.command.settings import Environment, Word, apart
from actions.sizes import Size
from config.fields import Span
from watches.holding import valid_pointer
from watches.polling import Polled, at_least, at_most

LEAST = timedelta(seconds=5)
"""Between two runs."""


class CommandSettings(Polled, frozen=True):
    """`kind = "command"`: what a program of this machine prints."""

    argv: tuple[Word, ...] = Field(min_length=1, description="The program and its arguments, one list element each; no shell.")
    pointer: Annotated[str, AfterValidator(valid_pointer)] | None = Field(
        default=None, description='What counts of what it prints in JSON, as a JSON pointer: "/version". Left out: all of it.'
    )
    cwd: Path = Field(default=Path(), description="The folder it runs in; relative to the folder of rowd.toml.")
    environment: Environment = Field(default={}, description="Variables with fixed values, beside the few that every command gets.")
    secrets: tuple[str, ...] = Field(
        default=(), description="The names of secrets that it gets as variables; their values stand in .env."
    )
    every: Annotated[Span, AfterValidator(at_least(LEAST))] = Field(
        default=timedelta(minutes=1), description="How often it is run; 5s or more."
    )
    timeout: Annotated[Span, AfterValidator(at_most(timedelta(hours=1)))] = Field(
        default=timedelta(seconds=30), description="How long it may take; then it is killed, with all that it began."
    )
    max_output: Size = Field(default=10**6, ge=1, le=10**8, description="Where it prints more than this it is killed.")

    @model_validator(mode="after")
    def _secrets_are_variables(self) -> Self:
        apart(self.secrets, self.environment)
        return self
