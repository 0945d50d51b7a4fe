"""What the operator may say of a command."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator

from actions.api import Definition
from actions.sizes import Size
from config.fields import Span

LEAST_MEMORY = 16 * 2**20
"""Less, and the shell above a program of another user could not start anything."""


def _sayable(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a NUL character; remove it")
    return text


def variable(name: str) -> str:
    """The name itself. Raises ValueError, with a sentence, where it can't be that of a variable of a command."""
    if not name or "=" in name or "\0" in name:
        raise ValueError(f'"{name}" can\'t be the name of a variable; write one such as "REPORT_DIR"')
    if name.startswith("ROWD_"):
        raise ValueError(f'"{name}" is one of rowd\'s own variables; choose another name')
    return name


def apart(secrets: Iterable[str], environment: Collection[str]) -> None:
    """Raises ValueError, with a sentence, for a secret that can't be a variable, or is one already."""
    for name in secrets:
        variable(name)
        if name in environment:
            raise ValueError(f"{name} is both a secret and in environment; remove it from one of them")


def _exit_code(code: int) -> int:
    if not 0 <= code <= 255:
        raise ValueError(f"{code} is no exit code; write numbers from 0 to 255")
    return code


def _a_second_at_least(length: timedelta) -> timedelta:
    if length < timedelta(seconds=1):
        raise ValueError("is too short; write 1s or more")
    return length


Word = Annotated[str, AfterValidator(_sayable)]
Environment = Mapping[Annotated[str, AfterValidator(variable)], Word]


def _path(path: Path) -> Path:
    _sayable(str(path))
    return path


Place = Annotated[Path, AfterValidator(_path)]


class Sandbox(BaseModel, extra="forbid", frozen=True):
    """`[actions.NAME.sandbox]`: what a command sees of this machine, and may change."""

    network: bool = Field(default=False, description="Whether it may use the network, what listens on this machine included.")
    read: tuple[Place, ...] = Field(
        default=(), description="Folders and files that it sees besides the system's; relative to the folder of rowd.toml."
    )
    write: tuple[Place, ...] = Field(default=(), description="Folders and files that it may change, too; relative as for `read`.")
    tmp: Size = Field(default=100 * 10**6, ge=4096, description="How much its own /tmp holds; that is memory, and gone at its end.")


class CommandSettings(Definition, frozen=True):
    """`kind = "command"`: a program of this machine."""

    argv: tuple[Word, ...] = Field(
        min_length=1,
        description="The program and its arguments, one list element each; no shell. {name} is the value of a parameter.",
    )
    cwd: Path = Field(default=Path(), description="The folder it runs in; relative to the folder of rowd.toml.")
    environment: Environment = Field(default={}, description="Variables with fixed values, beside the few that every command gets.")
    user: str | None = Field(
        default=None, description="The user it runs as; another than rowd's own only where rowd itself runs as root."
    )
    output_limit: Size = Field(default=10 * 10**6, ge=1, description="How much it may write to each: stdout, stderr, $ROWD_OUTPUT.")
    memory: Size | None = Field(default=None, ge=LEAST_MEMORY, description="The address space that each of its processes may have.")
    cpu: Annotated[Span, AfterValidator(_a_second_at_least)] | None = Field(
        default=None, description="The processor time that each of its processes may use, in whole seconds."
    )
    nice: int = Field(default=0, ge=-20, le=19, description="How much it stands back for others; below 0 only as root.")
    kill_after: Span = Field(
        default=timedelta(seconds=10), description="How long it has to end after SIGTERM, before it is killed with SIGKILL."
    )
    sandbox: Sandbox | None = Field(
        default=None, description="Run it with bubblewrap, closed off from this machine: see [Sandboxes](#sandboxes)."
    )
    ok_exit_codes: tuple[Annotated[int, AfterValidator(_exit_code)], ...] = Field(
        default=(0,), min_length=1, description="Exit codes that mean success."
    )

    @model_validator(mode="after")
    def _secrets_are_variables(self) -> Self:
        apart(self.secrets, self.environment)
        return self
