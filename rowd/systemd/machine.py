"""What a service of the whole machine needs besides its unit: an account, and files and folders that the account may use.

What belongs to rowd alone is made; whose rights are other people's business too, it is said with the command.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from config.load import ENV_FILE, SYSTEM_STATE
from config.readers import exposed
from rowd.bound import Site
from rowd.systemd.accounts import ROWD, STRANGER, Account, account_of, group_there, may
from rowd.systemd.control import Failed, Standing
from rowd.systemd.steps import Finding, Plan, folder_made, kept_private, ran

GROUP = "rowd-tables"
"""Of those who edit tables: docs/how-to/systemd.md."""

TABLES = Path("/srv/tables")
"""Where tables have a folder of their own: the same page."""

HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
"""What ProtectHome=yes closes: systemd.exec(5)."""

PASSING = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 (nothing is put there)
"""What PrivateTmp=yes gives a service of its own: systemd.exec(5)."""

VENV = "in a checkout of rowd, /usr/bin/python3 -m venv /opt/rowd && /opt/rowd/bin/pip install ."


class Machine(Struct, frozen=True):
    """What is asked of this machine, by root."""

    closed: tuple[Path, ...] = (*HOMES, *PASSING)
    account: Callable[[str], Account | None] = account_of
    group_there: Callable[[str], bool] = group_there
    may: Callable[[Account, Path, str], bool] = may

    def closes(self, path: Path) -> bool:
        """Whether the unit hides this path from rowd."""
        return any(path.is_relative_to(folder) for folder in self.closed)

    def made(self, name: str) -> Account:
        """The account, which a step has made by now. Raises Failed."""
        if (found := self.account(name)) is None:
            raise Failed(f"there is no account {name}; repeat this")
        return found


def prepared(machine: Machine, site: Site, program: Iterable[Path], standing: Standing) -> tuple[Plan, list[Path]]:
    """What is to be looked at and done before the unit, and the folders that it has to open to rowd.

    program: every file that has to be there for rowd to be started.
    """
    plan, name = Plan(), standing.user or ROWD
    there = machine.account(name)
    account = there or STRANGER
    plan.found += [_program(machine, account, program), _settings(machine, account, site)]
    if there is None and name == ROWD:
        group = ("--gid", ROWD) if machine.group_there(ROWD) else ("--user-group",)
        argv = ("useradd", "--system", *group, "--home-dir", str(SYSTEM_STATE), "--shell", "/usr/sbin/nologin", ROWD)
        plan.steps.append(ran(f"make the account {ROWD}, which nobody can log in to", *argv))
    elif there is None:
        plan.found.append(Finding("account", f"a drop-in says User={name}, and there is no such account; make it", good=False))
    if name == ROWD and there is not None and not machine.group_there(ROWD):
        plan.found.append(
            Finding("account", f"there is an account {ROWD} and no group of that name: groupadd --system {ROWD}", good=False)
        )
    opened = _state(machine, account, site, name, plan)
    _secrets(machine, account, site, name, plan)
    return plan, [*opened, *_tables(machine, account, site, standing, plan)]


def _program(machine: Machine, account: Account, program: Iterable[Path]) -> Finding:
    files = list(program)
    for file in files:
        if machine.closes(file):
            why = f"rowd lies in {file}, which a system service can't see"
            return Finding("program", f"{why}; install it where every user can run it, and call that one: {VENV}", good=False)
        if not machine.may(account, file, "rx" if file.is_dir() else "r"):
            why = f"{file} can't be read by {account.name}, which is to run it"
            return Finding("program", f"{why}; install rowd where every user can: {VENV}", good=False)
    return Finding("program", str(files[0]))


def _settings(machine: Machine, account: Account, site: Site) -> Finding:
    file = site.config.file
    if machine.closes(file.resolve()):
        why = f"{file} lies where a system service sees nothing"
        return Finding("rowd.toml", f"{why}; put it and what it names into /etc/rowd, or use --user", good=False)
    if not machine.may(account, file, "r"):
        shut = [folder for folder in reversed(file.parents) if not machine.may(account, folder, "x")]
        remedy = f"chmod o+x {_quoted(shut[0])}" if shut else f"chmod o+r {_quoted(file)}, since it holds no secrets"
        return Finding("rowd.toml", f"{file} can't be read by {account.name}: {remedy}", good=False)
    return Finding("rowd.toml", f"{file} is right")


def _state(machine: Machine, account: Account, site: Site, name: str, plan: Plan) -> list[Path]:
    """The folder to be opened, where systemd doesn't look after it by itself (StateDirectory)."""
    state = Path(os.path.normpath(site.state))
    if state == SYSTEM_STATE:
        return []
    if machine.closes(state.resolve()):
        plan.found.append(Finding("state", f"{state} lies where a system service sees nothing; set daemon.state_dir", good=False))
    elif not os.path.lexists(state):
        plan.steps.append(folder_made(state, name, lambda: machine.made(name)))
    elif not machine.may(account, state, "rwx"):
        remedy = f"chown -R {name}: {_quoted(state)}"
        plan.found.append(
            Finding("state", f"{state}, where rowd keeps its ledger, can't be written by {name}: {remedy}", good=False)
        )
    return [state]


def _secrets(machine: Machine, account: Account, site: Site, name: str, plan: Plan) -> None:
    file = site.config.base / ENV_FILE
    if os.path.lexists(file) and (exposed(file) is not None or not machine.may(account, file, "r")):
        if file.is_symlink() or not file.is_file() or file.stat().st_nlink > 1:
            remedy = f"see to it that {name} can read it, and nobody else"
            plan.by_hand.append(f"{file} is no plain file with one name, so it is left as it is; {remedy}")
        else:
            plan.steps.append(kept_private(file, name, lambda: machine.made(name)))
    if (told := exposed(site.config.base / "env")) is not None:  # systemd reads it, as root
        plan.by_hand.append(told)
    for table in site.tables.values():
        for named in table.private:
            if named.exists() and not machine.may(account, named, "r"):
                command = f"chown {name}: {_quoted(named)} && chmod 600 {_quoted(named)}"
                plan.by_hand.append(f"{named}, which {table.place.name} needs, can't be read by {name}: {command}")


def _tables(machine: Machine, account: Account, site: Site, standing: Standing, plan: Plan) -> Iterator[Path]:
    """The folders to be opened."""
    for table, file in ((name, file) for name, bound in site.served.items() for file in bound.files):
        folder = file.parent
        if folder.is_relative_to(SYSTEM_STATE) or folder.is_relative_to(site.state):
            continue
        if machine.closes(folder) and standing.home in ("", "yes"):
            remedy = "move it to /srv/tables, say, or open the folder in a drop-in (ProtectHome=tmpfs and BindPaths=)"
            plan.by_hand.append(f"{table}: {file} lies where the unit lets rowd see nothing; {remedy}")
            continue
        if not folder.is_dir():
            command = f"install -d -o {account.name} -g {GROUP} -m 2770 {_quoted(folder)}"
            plan.by_hand.append(f"{table}: there is no folder {folder}: {_grouped(machine, account)}{command}")
        elif not machine.may(account, folder, "rwx"):
            if folder == site.config.base.resolve():
                why = "whoever may write there may put another rowd.toml in its place"
                plan.by_hand.append(f"{table}: {file} stands beside rowd.toml, and {why}: {_moved(machine, account, file)}")
                continue
            command = f"chgrp {GROUP} {_quoted(folder)} && chmod g+rwxs {_quoted(folder)}"
            plan.by_hand.append(f"{table}: {account.name} may not write in {folder}: {_grouped(machine, account)}{command}")
        elif file.exists() and not machine.may(account, file, "rw"):
            command = f"chgrp {GROUP} {_quoted(file)} && chmod g+rw {_quoted(file)}"
            plan.by_hand.append(f"{table}: {account.name} may not write {file}: {_grouped(machine, account)}{command}")
        yield folder


def _grouped(machine: Machine, account: Account) -> str:
    """What comes first where the editors' group isn't there yet."""
    return "" if machine.group_there(GROUP) else f"groupadd --system {GROUP} && usermod -aG {GROUP} {account.name} && "


def _moved(machine: Machine, account: Account, file: Path) -> str:
    """How a table gets a folder of its own."""
    target = TABLES / file.name
    made = f"install -d -o {account.name} -g {GROUP} -m 2770 {TABLES}"
    copied = f"install -o {account.name} -g {GROUP} -m 660 {_quoted(file)} {_quoted(target)} && rm {_quoted(file)}"
    return f'{_grouped(machine, account)}{made} && {copied}; then path = "{target}" in rowd.toml'


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
