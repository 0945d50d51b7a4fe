"""What stands in `rowd.toml`, as validated values. Only what is the same for every store and every kind of action.

What a store or a kind of action wants to know besides stays raw here (`TableSettings.rest`, `Settings.actions`): their own models,
beside their own code, check it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, time, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from config.endpoints import Endpoint
from config.fields import VARIABLE, Count, Interval, Percent, Positive, Section, Span, secret_name
from config.matters import Matter
from config.outside import Health, Listen, Ping
from config.times import Dates, TimeOfDay, Weekdays, Zone, system_zone

NAME = re.compile(r"[a-z0-9_-]{1,64}")
"""What a table or an action may be called."""

HALF = 'blackout "{name}" has only one of from and to; write both, or neither for whole days'
"""What is said of a window that begins and doesn't end, or the other way round."""


ANY = "*"
"""In `readable_by`: every other table."""


def _usable(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(f'"{name}" can\'t be a name; use 1 to 64 of a-z, 0-9, _ and -')
    return name


Name = Annotated[str, AfterValidator(_usable)]
"""Of a table or an action: what rows, commands, log lines and folders call it."""


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _or_never(value: object) -> object:
    return None if isinstance(value, str) and value.strip().casefold() == "never" else value


def _some_of_it(share: float) -> float:
    if not 0.01 <= share <= 1:
        raise ValueError(f'{share:.4%} must be from 1% to 100%; write a share like "50%"')
    return share


def _whole_path(path: Path) -> Path:
    if not path.parts:
        raise ValueError('needs a folder of its own; write one like ".rowd"')
    if path.parts[0].startswith("~"):
        raise ValueError(f'"{path}": "~" means nothing to a daemon; write the path in full')
    return path


def _of_a_kind(example: str) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    def checked(definition: Mapping[str, Any]) -> Mapping[str, Any]:
        if not isinstance(definition.get("kind"), str):
            raise ValueError(f'doesn\'t say of what kind it is; add `kind = "{example}"`')
        return definition

    return checked


Lasting = Annotated[Positive | None, BeforeValidator(_or_never)]
"""A span; None for `never`."""


class Daemon(Section):
    """`[daemon]`: the process itself."""

    state_dir: Annotated[Path, AfterValidator(_whole_path)] | None = Field(
        default=None,
        description="Where the ledger, its copies and the runs' logs are kept; relative to the folder of rowd.toml.",
    )
    max_parallel: Count = Field(default=8, ge=1, le=10_000, description="Runs under way at the same time, over all tables.")
    offline_limit: Positive = Field(
        default=timedelta(hours=24), description="For how long rows run on from the last copy while their store can't be reached."
    )
    stop_within: Span = Field(
        default=timedelta(seconds=30), description="How long running work may go on after a stop was asked for, before it is ended."
    )
    log: Literal["readable", "json"] = Field(
        default="readable", description="How log lines look: for people, or one JSON object a line."
    )
    keep_runs: Count = Field(default=20, ge=1, le=100_000, description="How many of its last runs are kept in full for each task.")
    keep_finished: Positive = Field(
        default=timedelta(days=30), description="How long a finished one-off, or a deleted row, is remembered."
    )
    backup_at: TimeOfDay = Field(
        default=time(3, 15), description="When the ledger is copied, each day, by the machine's own clock."
    )
    backups: Count = Field(default=7, ge=0, le=1000, description="How many copies of the ledger are kept; 0 for none.")
    digest_at: TimeOfDay = Field(
        default=time(8), description="When the last day is summed up in the log, by the machine's own clock."
    )
    labels: tuple[Annotated[Name, BeforeValidator(_lower)], ...] = Field(
        default=(),
        description="The daemon runs the rows that say one of these under Runs On, in small letters or capitals;"
        " no other daemon of a table may have them.",
    )
    primary: bool = Field(
        default=True,
        description="Whether it runs the rows without a label, gives ids and puts rows right: of the daemons of a table one does.",
    )

    @model_validator(mode="after")
    def _something_to_run(self) -> Self:
        if not self.labels and not self.primary:
            raise ValueError("a daemon that is not primary needs `labels`; name those of its rows, or remove `primary`")
        return self


class Defaults(Section):
    """`[defaults]`: what holds for every table that doesn't say otherwise."""

    time_zone: Zone = Field(default_factory=system_zone, description="The zone of schedules, by its IANA name.")
    daily_at: TimeOfDay = Field(
        default=time(9),
        description="The time of day of daily, weekly and monthly tasks that have neither a Schedule nor a Last Run.",
    )


class TableSettings(BaseModel):
    """`[tables.NAME]`: one table. What its store wants to know besides is in `rest`."""

    model_config = ConfigDict(extra="allow", frozen=True)

    connector: str = Field(description="The kind of store, like local.", min_length=1)
    poll: Interval = Field(
        default=timedelta(seconds=30), description="How often the table is read when nothing tells of a change sooner."
    )
    serve: bool = Field(
        default=True, description="Whether the daemon runs its rows. If not, only commands know it: a mirror, a backup."
    )
    quota_share: Annotated[Percent, AfterValidator(_some_of_it)] = Field(
        default=1.0, description="How much of what the vendor allows rowd may use for this table, where others use the same key."
    )
    max_stale: Interval | None = Field(
        default=None,
        description="How old what is known of the table may be when a task of it starts: otherwise it is looked at three seconds"
        " before, beside the polls.",
    )
    max_parallel: Count | None = Field(
        default=None, ge=1, le=10_000, description="Runs of this table under way at the same time; the others wait."
    )
    max_per_hour: Count | None = Field(
        default=None, ge=1, le=1_000_000, description="Runs of this table that begin within any hour; the others wait."
    )
    drafts_expire: Lasting = Field(
        default=timedelta(days=7),
        description='How long a row that a run has made waits for somebody to activate it, then it can\'t be any more; or "never".',
    )
    max_made_by_runs: Count = Field(
        default=100, ge=0, le=100_000, description="Rows that runs have made and nobody has activated: no run makes more."
    )
    time_zone: Zone | None = Field(default=None, description="The zone of this table's schedules, by its IANA name.")
    actions: tuple[str, ...] | None = Field(default=None, description="The only actions that rows of this table may use.")
    readable_by: tuple[str, ...] = Field(default=(), description='Tables whose rows may speak of rows of this one; "*" for all.')
    columns: Mapping[str, str] = Field(
        default={}, description="Columns that are called otherwise here: rowd's name = the header in the table."
    )

    @property
    def rest(self) -> Mapping[str, Any]:
        """What the file says besides, as TOML gave it: for the store's own settings model."""
        return MappingProxyType(self.model_extra or {})


class Blackout(Section):
    """`[[blackout]]`: a window in which nothing scheduled starts."""

    name: str = Field(min_length=1, max_length=64, description="What a row's Health calls it.")
    start: TimeOfDay | None = Field(
        default=None, alias="from", description="When it begins; without from and to it lasts whole days."
    )
    end: TimeOfDay | None = Field(
        default=None, alias="to", description="When it ends; at or before the beginning: on the next day."
    )
    days: Weekdays = Field(default=frozenset[int](), description="The weekdays on which it begins.")
    dates: Dates = Field(default=frozenset[date](), description="The dates on which it begins; with days: either of them.")
    time_zone: Zone | None = Field(default=None, description="The zone of its times and days, by its IANA name.")
    tables: tuple[str, ...] = Field(default=(), description="The tables that it is for.")

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if (self.start is None) != (self.end is None):
            raise ValueError(HALF.format(name=self.name))
        if not self.days and not self.dates and self.start == self.end:
            raise ValueError(f'blackout "{self.name}" would never end; write from and to, or days, or dates')
        return self


class BreakerSettings(Section):
    """`[breaker]`: when an action that keeps failing is left alone for a while."""

    failures: Count = Field(default=5, ge=1, le=1000, description="After how many failed attempts in a row.")
    wait: Positive = Field(default=timedelta(minutes=1), description="For how long at first; each further failure doubles it.")
    wait_max: Positive = Field(default=timedelta(hours=1), description="For how long at the most.")

    @model_validator(mode="after")
    def _grows(self) -> Self:
        if self.wait_max < self.wait:
            raise ValueError("wait_max is shorter than wait; write a wait_max at least as long")
        return self


def _variable(name: str) -> str:
    if not VARIABLE.fullmatch(name):
        raise ValueError(f'"{name}" can\'t be the name of a variable; write one such as "REGION"')
    return name


def _secret(name: str) -> str:
    if name.startswith("ROWD_"):
        raise ValueError(f'"{name}" is one of rowd\'s own variables; choose another name')
    return _variable(name)


def _no_nul(word: str) -> str:
    if "\0" in word:
        raise ValueError("holds a NUL character; remove it")
    return word


class SecretCommand(Section):
    """`[secret.NAME]`: a secret that a program tells, where nothing else gives it a value."""

    command: tuple[Annotated[str, AfterValidator(_no_nul)], ...] = Field(
        min_length=1, description="The program that prints it, and its arguments, one list element each; no shell."
    )
    secrets: tuple[Annotated[str, AfterValidator(_variable)], ...] = Field(
        default=(), description="Secrets that the program gets as variables: of `.env` or a credential, beside rowd's environment."
    )
    timeout: Positive = Field(default=timedelta(seconds=30), le=timedelta(minutes=5), description="How long it may take.")


class Audit(Section):
    """`[audit]`: the audit trail, in the ledger. It is always kept."""

    keep: Positive = Field(default=timedelta(days=400), description="For how long deeds are kept.")
    most: Count = Field(
        default=5_000_000, ge=1_000, le=1_000_000_000, description="How many are kept at the most: beyond that the oldest give way."
    )
    tell_head: Lasting = Field(
        default=timedelta(hours=1),
        description='How often the head of the trail is told in the log, where it has moved; or "never".',
    )


class Conditions(Section):
    """`[conditions]`: what the conditions of rows may read."""

    env: tuple[Annotated[str, AfterValidator(_variable)], ...] = Field(
        default=(),
        description="Variables of the environment that they may read, as env.NAME. Secrets are refused: people see what is read.",
    )


class Channel(Section):
    """`[channel.NAME]`: where people are told of problems."""

    secret: Annotated[str, secret_name("OPS_MAIL")] = Field(
        description="The name of the secret that holds its address, as Apprise writes those: `mailto://…`, `slack://…`."
    )
    tables: tuple[str, ...] = Field(default=(), description="The only tables whose problems it tells.")
    about: frozenset[Matter] = Field(default=frozenset(Matter), description="What it tells about.", min_length=1)
    named_only: bool = Field(default=False, description="Whether it tells only of rows that name it under Notify.")
    quiet_from: TimeOfDay | None = Field(default=None, description="When its quiet hours begin, each day: nothing is sent then.")
    quiet_to: TimeOfDay | None = Field(default=None, description="When they end, and what fell into them is told together.")
    time_zone: Zone | None = Field(default=None, description="The zone of its quiet hours, and of the instants in its messages.")
    max_per_hour: Count = Field(default=20, ge=1, le=1000, description="Messages within any hour; what is more is told together.")
    digest: Literal["daily", "weekly"] | None = Field(
        default=None, description="Whether it also tells what each day, or on Mondays what each week, came to."
    )
    digest_at: TimeOfDay = Field(default=time(8), description="When it tells that, on the clock of its zone.")

    @model_validator(mode="after")
    def _quiet_for_a_while(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_to is None):
            raise ValueError("has only one of quiet_from and quiet_to; write both, or neither")
        if self.quiet_from is not None and self.quiet_from == self.quiet_to:
            raise ValueError("quiet hours that begin when they end never end; write another quiet_to")
        return self


class Settings(Section):
    """Everything in `rowd.toml`.

    actions, watches, facts: name → what TOML gave, with its `kind`: for that kind's own settings model.
    """

    daemon: Daemon = Daemon()
    defaults: Defaults = Field(default_factory=Defaults)
    tables: Mapping[Name, TableSettings] = {}
    actions: Mapping[Name, Annotated[Mapping[str, Any], AfterValidator(_of_a_kind("command"))]] = {}
    watches: Mapping[Name, Annotated[Mapping[str, Any], AfterValidator(_of_a_kind("file"))]] = Field(default={}, alias="watch")
    facts: Mapping[Name, Annotated[Mapping[str, Any], AfterValidator(_of_a_kind("command"))]] = Field(default={}, alias="fact")
    channels: Mapping[Name, Channel] = Field(default={}, alias="channel")
    secrets: Mapping[Annotated[str, AfterValidator(_secret)], SecretCommand] = Field(default={}, alias="secret")
    endpoints: Mapping[Name, Endpoint] = Field(default={}, alias="endpoint")
    conditions: Conditions = Conditions()
    blackouts: tuple[Blackout, ...] = Field(default=(), alias="blackout")
    breaker: BreakerSettings = BreakerSettings()
    audit: Audit = Audit()
    listen: Listen | None = None
    health: Health | None = None
    ping: Ping | None = None
