"""`rowd service install`: rowd becomes a service of systemd, the machine's or a user's own."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

import rowd
from config.environment import read_env_file
from config.load import ENV_FILE, Config, found, load
from config.mistakes import ConfigError, Mistake
from rowd.bound import Site
from rowd.cli.calling import TYPED
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import BEFORE, ConfigOption, JsonOption
from rowd.cli.output import fail
from rowd.cli.servicing import DryRunOption, Meant, NameOption, Report, UserOption, meant, program_of
from rowd.lock import held_by
from rowd.systemd.control import Standing
from rowd.systemd.installing import Order, installed, lingering, strangers
from rowd.systemd.machine import Machine, prepared
from rowd.systemd.steps import Finding, Plan
from rowd.systemd.unit import Unwritable, drop_in, system_unit, user_unit
from rowd.wiring import configured


@examples(
    "sudo rowd service install",
    "sudo rowd service install --config /srv/ops/rowd.toml --name ops --dry-run",
    "rowd service install --user --config ~/tasks/rowd.toml",
)
def service_install(
    user: UserOption = False,
    name: NameOption = "rowd",
    config: ConfigOption = None,
    dry_run: DryRunOption = False,
    no_start: Annotated[bool, typer.Option("--no-start", help="Neither start it nor, where it runs, start it anew.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make rowd a service of systemd, or bring the service up to date.

    First it looks: whether systemd answers, rowd.toml is right, and whoever is to run rowd can. Where something is wrong, nothing
    is changed. Then each step is told as it is made: for the machine's service the account rowd, .env for its eyes alone, the unit,
    and a drop-in that opens the folders of the tables; then it is enabled and started, or started anew where something has changed.

    A second run changes nothing, and says so. Drop-ins of yours are never touched.
    """
    service = meant(name, user)
    service.admit()
    site = _site(service, config)
    standing = service.standing()
    report = Report(as_json, dry_run)
    try:
        plan = _plan(service, site, standing, starts=not no_start)
    except Unwritable as exc:
        fail(f"{exc}.", Exit.OWNER)
    code = report.carry_out(plan)
    journal = service.control.journal(name)
    runs = f"rowd is the service {name}" if no_start else f"rowd runs as the service {name}"
    report.end(service, plan, code, f"{runs}; what it says: {journal}")


def _plan(service: Meant, site: Site, standing: Standing, *, starts: bool) -> Plan:
    words, file = program_of(service), site.config.file
    if service.own:
        plan, text, opened = Plan([Finding("rowd.toml", f"{file} is right")]), user_unit(words, file), None
        if hint := lingering(_me()):
            plan.hints.append(hint)
    else:
        plan, folders = prepared(Machine(), site, _program_files(words), standing)
        text, opened = system_unit(words, file), drop_in(folders)
        if plan.by_hand:
            plan.hints.append(f"groups and folders that are new hold once it is started anew: systemctl restart {service.name}")
    plan.hints += (warning for warning in site.warnings if service.own or not warning.startswith(f"{site.config.base / ENV_FILE} "))
    plan.found += [strangers(service.unit, standing), *_rival(site, standing, starts=starts)]
    if not plan.obstructed:
        installed(Order(service.name, service.units, service.control, text, opened, starts), standing, plan)
    return plan


def _rival(site: Site, standing: Standing, *, starts: bool) -> list[Finding]:
    """Another daemon that would keep this one from its state folder."""
    holder = held_by(site.state) if starts and not standing.begun else None
    return [] if holder is None else [Finding("state", f"{holder} already runs on {site.state}; stop it first", good=False)]


def _site(service: Meant, config: Path | None) -> Site:
    """As the service will see it: of the variables of this shell it knows none. Raises ConfigError."""
    TYPED.set(config or BEFORE.get())
    file = Path(os.path.abspath(found(config or BEFORE.get(), os.environ, Path.cwd())))  # noqa: PTH100 (links stay)
    variables = {} if service.own else read_env_file(file.parent / "env")[0]
    try:
        return _loaded(file, variables)
    except ConfigError as exc:
        try:
            _loaded(file, {**variables, **os.environ})
        except ConfigError:
            raise exc from None
        where = f"{file.parent}/.env" + ("" if service.own else f" or {file.parent}/env")
        fail(f"{exc}\nA service knows no variables of your shell: put them into {where}.", Exit.OWNER)


def _loaded(file: Path, variables: Mapping[str, str]) -> Site:
    ready: list[Site] = []

    def check(loaded: Config) -> list[Mistake]:
        site, mistakes = configured(loaded)
        ready.append(site)
        return mistakes

    load(file, variables, file.parent, check)
    return ready[0]


def _program_files(words: list[str]) -> list[Path]:
    """All that has to be there for rowd to be started: as it is called, and where that leads."""
    called = Path(words[0])
    return [called, called.resolve(), Path(sys.prefix), Path(sys.executable).resolve(), Path(rowd.__file__).resolve().parent]


def _me() -> str:
    import pwd

    return pwd.getpwuid(os.geteuid()).pw_name
