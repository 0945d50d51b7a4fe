"""The only place that joins the parts: which backends and kinds of action exist, opened and made as `rowd.toml` says."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
from collections.abc import Callable, Mapping

from pydantic import ValidationError

import actions
import connectors
from actions.api import Action, Adoptable, Definition
from config.load import Config
from config.mistakes import ConfigError, Mistake, mistakes_of, pointer
from config.settings import TableSettings
from connectors.api import Backend, Place, fold
from engine import journal
from engine.blackout import Blackout
from engine.brakes import Brake
from engine.breaker import BreakerRules
from engine.columns import Column
from engine.committer import Commits
from engine.crash import VARIABLE, CrashPoints
from engine.events import Listener
from engine.gate import TableGate
from engine.governor import Governor
from engine.keeper import Keeper
from engine.layout import Layout
from engine.ledger import Ledger
from engine.loop import Daemon
from engine.outside import Outside
from engine.parse import Rules
from engine.parts import Parts
from engine.patience import PatientTable, ThreadWorker
from engine.recorder import recorder_of
from engine.remit import Remit
from engine.rules import TableRules
from engine.tenancy import Holder
from engine.tender import Tender
from engine.trust import SteadyClock
from engine.watching import Source
from rowd.alerts.channels import channels_of, telling_of
from rowd.approvals import approval_rules
from rowd.bound import LEDGER, Bound, Lent, Site
from rowd.endpoints.endpoint import endpoints_of
from rowd.hiding import mask_of
from rowd.outward import outward_mistakes
from rowd.questioning import question_of, variables_of
from rowd.readable import closed, others
from rowd.sourcing import source_of, without_value

ID_LETTERS, ID_DIGITS = "bcdfghjkmnpqrstvwxyz", "23456789"
"""Of the ids that rowd gives to rows: nothing that looks like something else."""

APPROVAL = frozenset({"approval", "approve_in_table", "approval_within"})
"""Settings that are held against each other."""

APART = frozenset(Definition.model_fields) - {"kind", "parameters", "secrets"} - APPROVAL
"""Settings of an action that no other of its settings is held against: a mistake in them hides none in the others."""


def configure(config: Config) -> Site:
    """Check everything that only a backend or a kind of action can check. Raises ConfigError with all mistakes together."""
    site, mistakes = configured(config)
    if mistakes:
        raise ConfigError(mistakes)
    return site


def configured(config: Config) -> tuple[Site, list[Mistake]]:
    """The site of all that is right, and what is wrong with the rest."""
    mistakes: list[Mistake] = []
    definitions: dict[str, Definition] = {}
    made: dict[str, Action] = {}
    repeatable: dict[str, bool] = {}
    for name, raw in config.settings.actions.items():
        if (bound := _action(config, name, raw, mistakes)) is not None:
            definitions[name], made[name], repeatable[name] = bound
    lent = {name: _secrets(config, name, d, mistakes) for name, d in definitions.items()}
    sources = {}
    for name, raw in config.settings.watches.items():
        if (source := source_of(config, name, raw, mistakes)) is not None:
            sources[name] = source
    asked = {name: question_of(config, name, raw, mistakes) for name, raw in config.settings.facts.items()}
    questions = {name: question for name, question in asked.items() if question is not None}
    outside = Outside(frozenset(config.settings.facts), variables_of(config, mistakes))
    tables = {}
    for name, settings in config.settings.tables.items():
        if (table := _table(config, name, settings, definitions, repeatable, sources, outside, mistakes)) is not None:
            tables[name] = table
    mistakes += [*_twice(config, tables), *outward_mistakes(config)]
    daemon, breaker = config.settings.daemon, config.settings.breaker
    parts = Parts(
        actions=made,
        secrets=lent,
        limits={name: d.parallel for name, d in definitions.items() if d.parallel is not None},
        max_parallel=daemon.max_parallel,
        stop_within=daemon.stop_within,
        blackouts=_blackouts(config),
        breaker=BreakerRules(breaker.failures, breaker.wait, breaker.wait_max),
        runs=config.state_dir / "runs",
        draw=secrets.token_bytes,
        crash=CrashPoints(os.environ.get(VARIABLE)),
        heir=_heir,
        mask=mask_of(config),
        sources=sources,
        brakes=_brakes(config),
        facts=questions,
        approvals=approval_rules(config, definitions),
    )
    return Site(config, tables, parts, definitions, channels_of(config, mistakes), endpoints_of(config, mistakes)), mistakes


def _brakes(config: Config) -> dict[str, Brake]:
    tables = config.settings.tables.items()
    brakes = {name: Brake(table.max_parallel, table.max_per_hour) for name, table in tables}
    return {name: brake for name, brake in brakes.items() if brake != Brake()}


async def daemon(site: Site, clock: SteadyClock, committer: Commits, listener: Listener, *, take_over: bool = False) -> Daemon:
    """The daemon of this site, with its tables owned and its ledger's memory taken up.   take_over: see `Tender.own`.

    Raises NeedsOwner.
    """
    built = Daemon(site.parts, clock, committer, listener, site.windows)
    tenders = [await tender(site, name, built.governor, committer, listener) for name in site.served]
    await built.open(tenders, take_over=take_over)
    return built


async def tender(site: Site, name: str, governor: Governor, committer: Commits, listener: Listener) -> Tender:
    """What looks after one table, with the ledger's copy of it."""
    bound = site.tables[name]
    keeper = await committer.read(lambda ledger: keeper_of(bound, ledger))
    patient = patient_table(bound, governor, lambda: keeper.rules.quota_share)
    holder = await committer.read(lambda ledger: Holder(holder_of(ledger.id), who()))
    recorder = await recorder_of(name, patient, governor.clock, committer)
    return Tender(keeper, patient, governor.clock, listener, new_id, holder, site.parts.crash, recorder)


def patient_table(bound: Bound, governor: Governor, share: Callable[[], float], *, held: str | None = None) -> PatientTable:
    """The table, opened behind a gate of this governor, with a thread of its own.

    share: what rowd may use, as of now.   held: see `PatientTable`.
    """
    name = bound.rules.rules.table
    worker = ThreadWorker(f"table-{name}")
    gate = TableGate(name, governor, worker.wait, share)
    return PatientTable(bound.open(gate.request), governor.clock, worker, gate, held=held)


def keeper_of(bound: Bound, ledger: Ledger) -> Keeper:
    """What the ledger knows of a table."""
    name, mark = bound.rules.rules.table, ledger.table_mark(bound.rules.rules.table)
    recent = mark is not None and Layout.of(mark.columns, bound.rules.renames).has(Column.LAST_RUNS)
    keeper = Keeper(bound.rules, ledger.rows(name, deleted=True), ledger.tallies(name, recent=recent), mark)
    keeper.recent = recent
    if keeper.meanings.unknown:  # only then is it worth a look at every edit
        keeper.meanings.recall(keeper.states, ledger.renamed(name))
    marks = ledger.watch_marks()
    keeper.unseen = lambda source: marks[source].trouble if source in marks else ""
    return keeper


def holder_of(ledger: str) -> str:
    """Who this daemon is beside a table: the same after a restart, another one where its state folder was copied elsewhere.

    ledger: its id.
    """
    return hashlib.sha256(f"{ledger} {socket.gethostname()}".encode()).hexdigest()[:12]


def who() -> str:
    """This daemon, in one line."""
    return f"rowd, process {os.getpid()} on {socket.gethostname()}"


def new_id() -> str:
    """A short random id for a row: unlike any other in its table, short enough to be said aloud.

    It begins with a letter and has no vowels: no spreadsheet program takes it for a number (`5388e5`) or a month (`mar20`).
    """
    return secrets.choice(ID_LETTERS) + "".join(secrets.choice(ID_LETTERS + ID_DIGITS) for _ in range(5))


def _action(
    config: Config, name: str, raw: Mapping[str, object], mistakes: list[Mistake]
) -> tuple[Definition, Action, bool] | None:
    key = f"actions.{name}"
    kind_name = raw.get("kind")
    try:
        kind = actions.load(str(kind_name))
    except KeyError:
        remedy = pointer(str(kind_name), actions.known(), "name a kind of action")
        mistakes.append(Mistake(str(config.file), f"{key}.kind", f'"{kind_name}" is no kind of action', remedy))
        return None
    try:
        settings = kind.settings.model_validate(raw)
        return settings, kind.make(name, settings, config.base), _repeatable(settings, kind.repeatable(settings))
    except ValidationError as exc:
        mistakes += mistakes_of(exc, str(config.file), key, kind.settings)
        wrong = {str(error["loc"][0]) for error in exc.errors() if error["loc"]}
        if wrong and wrong <= APART:
            _action(config, name, {setting: value for setting, value in raw.items() if setting not in wrong}, mistakes)
    except ValueError as exc:
        mistakes.append(Mistake(str(config.file), key, str(exc), "mend the definition"))
    return None


def _heir(kind: str) -> Adoptable | None:
    """Who takes over an attempt of this kind whose definition is gone."""
    try:
        return actions.load(kind).heir
    except KeyError:  # another package's, which is gone, too
        return None


def _repeatable(definition: Definition, judged: bool) -> bool:
    return judged if definition.repeatable is None else definition.repeatable


def _secrets(config: Config, name: str, definition: Definition, mistakes: list[Mistake]) -> dict[str, str]:
    lent = {}
    for secret in definition.secrets:
        try:
            lent[secret] = config.secret(secret).get_secret_value()
        except KeyError:
            mistakes.append(without_value(config, f"actions.{name}.secrets", secret))
    return lent


def _table(
    config: Config,
    name: str,
    settings: TableSettings,
    definitions: Mapping[str, Definition],
    repeatable: Mapping[str, bool],
    sources: Mapping[str, Source],
    outside: Outside,
    mistakes: list[Mistake],
) -> Bound | None:
    key = f"tables.{name}"
    before = len(mistakes)
    renames = _renames(config, key, settings, mistakes)
    allowed = _allowed(config, key, settings, definitions, mistakes)
    zone = settings.time_zone or config.settings.defaults.time_zone
    try:
        backend = connectors.load(settings.connector)
    except KeyError:
        hint = pointer(settings.connector, connectors.known(), "name a connector")
        mistakes.append(Mistake(str(config.file), f"{key}.connector", f'"{settings.connector}" is no connector', hint))
        return None
    try:
        own = backend.settings.model_validate(settings.rest)
    except ValidationError as exc:
        mistakes += mistakes_of(exc, str(config.file), key, backend.settings, list(TableSettings.model_fields))
        return None
    if len(mistakes) > before:
        return None
    shut = closed(sources, config.settings.tables, name)
    rules = Rules(
        table=name,
        zone=zone,
        daily_at=config.settings.defaults.daily_at,
        actions={a: definitions[a] for a in allowed},
        repeatable={a: repeatable[a] for a in allowed},
        remit=_remit(config, backend),
        sources={its: source.makes for its, source in sources.items() if its not in shut},
        says={its: source.says for its, source in sources.items()},
        outside=outside,
        tables=others(config.settings.tables, name),
        closed=shut,
        channels=telling_of(config, name),
    )
    lent = Lent(config)
    place = Place(
        name=name,
        base=config.base,
        id_column=renames.get(str(Column.ID), str(Column.ID)),
        name_column=renames.get(str(Column.NAME), str(Column.NAME)),
        secret=lent,
        zone=zone,
        journal=journal.COLUMNS,
    )
    limit = config.settings.daemon.offline_limit
    share, stale, zoned = settings.quota_share, settings.max_stale, settings.time_zone is not None
    its = TableRules(rules, renames, settings.poll, limit, _blackouts(config), share, stale, zoned)
    drafts = (settings.drafts_expire, settings.max_made_by_runs)
    return Bound(its, backend, own, place, config.state_dir / LEDGER, lent, settings.serve, *drafts)


def _remit(config: Config, backend: Backend) -> Remit:
    """Which rows are this daemon's: of a table that it has for itself, all."""
    daemon, alone = config.settings.daemon, backend.exclusive
    return Remit(frozenset(daemon.labels), primary=daemon.primary or alone, alone=alone)


def _twice(config: Config, tables: Mapping[str, Bound]) -> list[Mistake]:
    """Tables that say the very same of their store as an earlier one: their rows would be run twice."""
    first: dict[str, str] = {}
    mistakes = []
    for name, bound in tables.items():
        same = first.setdefault(f"{type(bound.settings).__qualname__} {bound.settings!r}", name)
        if same != name:
            message, remedy = f"is the same store as tables.{same}", "remove one of the two"
            mistakes.append(Mistake(str(config.file), f"tables.{name}", message, remedy))
    return mistakes


def _renames(config: Config, key: str, settings: TableSettings, mistakes: list[Mistake]) -> dict[str, str]:
    canonical = {fold(c): str(c) for c in Column}
    renames = {}
    for column, header in settings.columns.items():
        if fold(column) in canonical:
            renames[canonical[fold(column)]] = header
        else:
            hint = pointer(column, [str(c) for c in Column], "see docs/reference/columns.md")
            mistakes.append(Mistake(str(config.file), f"{key}.columns.{column}", f'rowd has no column "{column}"', hint))
    return renames


def _allowed(
    config: Config, key: str, settings: TableSettings, definitions: Mapping[str, Definition], mistakes: list[Mistake]
) -> list[str]:
    if settings.actions is None:
        return list(definitions)
    for name in settings.actions:
        if name not in config.settings.actions:
            hint = pointer(name, list(config.settings.actions), f"define [actions.{name}]")
            mistakes.append(Mistake(str(config.file), f"{key}.actions", f'there is no action "{name}"', hint))
    return [name for name in settings.actions if name in definitions]


def _blackouts(config: Config) -> tuple[Blackout, ...]:
    return tuple(
        Blackout(
            name=b.name,
            zone=b.time_zone or config.settings.defaults.time_zone,
            start=b.start,
            end=b.end,
            days=b.days,
            dates=b.dates,
            tables=frozenset(b.tables),
        )
        for b in config.settings.blackouts
    )
