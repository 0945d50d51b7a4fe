"""The contract between the engine and an action: what a run is given, and what it gives back.

The operator's `rowd.toml` says what an action is; a row only names it and gives values for its declared parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self, runtime_checkable

from msgspec import Struct, field
from pydantic import BaseModel, model_validator

from actions.parameters import Parameter, ParameterName
from actions.values import Value as Value  # part of the contract; it stands there because parameters need it, too
from config.fields import Span


class Outcome(StrEnum):
    """How an occurrence ended. Every occurrence that came due ends in exactly one of these."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    CANCELLED = "cancelled"
    LOST = "lost"  # died under way, effect unknown
    SKIPPED = "skipped"
    MISSED = "missed"


class Request(Struct, frozen=True):
    """One attempt to make.

    run: the run's id, the same for every attempt of an occurrence, unlike any other's anywhere: fit as an idempotency key.
    attempt: 1 for the first.   due: aware UTC.   timeout: how long it may take; the engine cancels it then.
    event: what the event says that made it due, as others wrote it; nothing where none did.
    """

    run: str
    attempt: int
    table: str
    task: str
    action: str
    parameters: Mapping[str, Value]
    due: datetime
    trigger: str
    timeout: timedelta
    event: Mapping[str, Value] = field(default_factory=dict)


class Process(Struct, frozen=True):
    """A process that outlives us: its pid, and a moment at which it was there, in clock ticks since boot.

    Whoever has this pid and started no later (proc(5), /proc/PID/stat field 22) is it: nobody else can have got the pid by then.
    """

    pid: int
    started: int


class Uptime(NamedTuple):
    """An instant on the machine's own clock, which nobody sets.

    boot: which run of the machine it is, by random(4)'s boot_id.   seconds: since that began, time asleep included.
    """

    boot: str
    seconds: float


class Context(Protocol):
    """What the engine lends to one attempt."""

    @property
    def path(self) -> Path:
        """Where this attempt's folder is, or is to be: for an action that makes it by itself, mode 0700.

        What such an action puts beside it, named `FOLDER.…`, is deleted with it.
        """

    @property
    def folder(self) -> Path:
        """The same, made when it is first asked for, mode 0700, and then empty. Kept as the attempt's log.

        Raises OSError where it can't be made: ask before anything has an effect.
        """

    def secret(self, name: str) -> str:
        """The value of a secret that the definition declares. Raises KeyError for any other."""

    def began(self, at: Uptime) -> None:
        """An attempt that is taken over really began then: so long it has run. It is never earlier than the ledger says."""


NOT_STARTED = "it could not be started: "
"""How a summary begins that says what rowd found amiss before anything ran; what follows may name files of the machine."""


class Past(NamedTuple):
    """An end that came before anybody looked.   ended_at: UTC, by the machine's clock.   took: how long the attempt ran."""

    ended_at: datetime
    took: timedelta


class Result(Struct, frozen=True):
    """What an attempt gave.

    outcome: SUCCEEDED or FAILED; the engine itself says TIMED_OUT, CANCELLED and LOST.
    summary: one line for a person, without secrets.   outputs: for conditions and later tasks.   links: where more stands.
    past: of an attempt that had ended before anybody looked; None: it ended just now, and the engine's clock has timed it.
    final: of a failure, that another attempt can't help, whatever Attempts says: a rule refused it, and would refuse it again.
    """

    outcome: Outcome
    summary: str
    outputs: Mapping[str, Value] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    past: Past | None = None
    final: bool = False


class Lost(Struct, frozen=True):
    """Nobody can know how an attempt ended.   why: as far as that is known, one sentence for a person, without a full stop."""

    why: str


class Unbegun(Struct, frozen=True):
    """Nothing of the attempt has begun, and nothing can any more, but by `run`."""


class Action(Protocol):
    """A definition made ready to run."""

    async def run(self, request: Request, context: Context) -> Result:
        """Make one attempt.

        On time-out or cancel the engine cancels this coroutine: stop everything that was started, then let CancelledError pass.
        An exception is a failed attempt, with its text as summary.
        """


@runtime_checkable
class Adoptable(Action, Protocol):
    """An action whose attempts outlive the daemon. The ledger knows of an attempt before `run` is called for it."""

    @property
    def kind(self) -> str:
        """The name of its kind. It stands beside the attempt, so that a later daemon knows who can take it over."""

    async def adopt(self, request: Request, context: Context, since: Uptime | None) -> Result | Lost | Unbegun:
        """Wait for an attempt that another daemon may have begun, and answer its result; where nobody can know it, why.

        since: when the ledger came to know of it; None where it can't tell: an older version made it.

        Where it has ended already, also by a restart of the machine, answer without awaiting anything: its time may be over.
        Cancelling it stops the attempt, as with `run`.
        """


@runtime_checkable
class Checkable(Protocol):
    """An action that can tell before an attempt what it would fail for."""

    def lacking(self) -> str | None:
        """What this machine lacks for it, in one sentence with the remedy, without a full stop; None for nothing.

        It looks as whoever asks, and changes nothing. Raises nothing.
        """


@runtime_checkable
class Refusing(Protocol):
    """An action that can tell of a row's values before an attempt that it would refuse them, beyond what their declarations say."""

    def refusal(self, parameters: Mapping[str, Value]) -> str | None:
        """What is wrong with them as the machine is now, in one sentence with the remedy, without a full stop; None for nothing.

        It looks as whoever asks, and changes nothing. Raises nothing.
        """


class Definition(BaseModel, extra="forbid", frozen=True):
    """What the operator may say of every action, whatever its kind. Each kind's own settings model extends this."""

    kind: str
    description: str = ""
    parameters: Mapping[ParameterName, Parameter] = {}
    secrets: tuple[str, ...] = ()
    repeatable: bool | None = None
    timeout: Span = timedelta(minutes=5)
    timeout_max: Span | None = None
    attempts: int | None = None
    attempts_max: int = 10
    retry_wait: Span = timedelta(seconds=10)
    parallel: int | None = None
    at_most_every: Span | None = None
    approval: bool = False
    approve_in_table: bool = False
    approval_within: Span | None = None

    @model_validator(mode="after")
    def _approval_is_asked_for(self) -> Self:
        said = {"approve_in_table": self.approve_in_table, "approval_within": self.approval_within is not None}
        for setting, is_said in said.items():
            if is_said and not self.approval:
                raise ValueError(
                    f"{setting} says how runs are approved, but they need no approval; add `approval = true`, or remove it"
                )
        if self.approval_within is not None and self.approval_within <= timedelta(0):
            raise ValueError("approval_within must be longer than nothing; write a span like 3d, or remove it to wait for ever")
        return self


class Kind(Struct, frozen=True):
    """What a kind of action registers: its settings model (a `Definition`), and how to make an action from it.

    `make` raises ValueError, with a sentence for the operator, for what the model alone cannot refuse.
    `repeatable` says whether attempts of this definition may be repeated where the operator left it open.
    `heir` takes over attempts whose definition is gone; None for a kind whose attempts end with the daemon.
    """

    settings: type[Definition]
    make: Callable[[str, Any, Path], Action]  # (action's name, its settings, folder that relative paths start from)
    repeatable: Callable[[Any], bool]
    heir: Adoptable | None = None
