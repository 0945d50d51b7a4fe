"""How rowd becomes a service: what is looked at, and the steps that are left to be done. What is so already is no step."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from rowd.systemd.control import Control, Standing
from rowd.systemd.steps import Finding, Plan, Step, holds, ours, removed, written
from rowd.systemd.unit import DROP_IN

SYSTEM_UNITS = Path("/etc/systemd/system")
"""The administrator's own units: systemd.unit(5)."""

LINGER = Path("/var/lib/systemd/linger")
"""Users whose manager runs without them: loginctl(1)."""


class Order(Struct, frozen=True):
    """What is wanted.   name: of the service.   units: where its manager's stand.   text, opened: of the unit, of our drop-in.

    starts: whether it is to be started, too, or started anew where it runs.
    """

    name: str
    units: Path
    control: Control
    text: str
    opened: str | None
    starts: bool = True

    @property
    def service(self) -> str:
        return f"{self.name}.service"

    @property
    def unit(self) -> Path:
        return self.units / self.service

    @property
    def drop_in(self) -> Path:
        return drop_in_of(self.unit)


def drop_in_of(unit: Path) -> Path:
    """Our own, of this unit."""
    return unit.with_name(f"{unit.name}.d") / DROP_IN


def user_units(environ: Mapping[str, str], home: Path) -> Path:
    """The user's own units: systemd.unit(5). A relative XDG_CONFIG_HOME counts for nothing (XDG Base Directory Specification)."""
    named = Path(environ.get("XDG_CONFIG_HOME", ""))
    return (named if named.is_absolute() else home / ".config") / "systemd" / "user"


def strangers(unit: Path, standing: Standing) -> Finding:
    """Whether the name is free for us, or ours already."""
    drop_in = drop_in_of(unit)
    if standing.load == "masked":
        return Finding("unit", f"{unit.stem} is masked, so nobody can start it: systemctl unmask {unit.stem}", good=False)
    for file in (unit, drop_in):
        if os.path.lexists(file) and not ours(file):
            remedy = f"take what you need of it into a drop-in, remove it, and repeat this; or choose another --name: rm {file}"
            return Finding("unit", f"{file} is there, and rowd service install didn't write it; {remedy}", good=False)
    if standing.fragment and not standing.read_from(unit):
        says = f"{unit.stem} is the service of {standing.fragment}, which rowd didn't write; choose another --name"
        return Finding("unit", says, good=False)
    return Finding("unit", f"{unit}{'' if unit.exists() else ' is not there yet'}")


def installed(order: Order, standing: Standing, plan: Plan) -> None:
    """Put the steps that every manager wants behind those that the plan has."""
    changed = [] if holds(order.unit, order.text) else [written(order.unit, order.text)]
    if order.opened is not None and not holds(order.drop_in, order.opened):
        changed.append(written(order.drop_in, order.opened))
    if order.opened is None and order.drop_in.exists():
        changed.append(removed(order.drop_in))
    plan.steps += changed
    control = order.control
    unread = standing.stale or (order.unit.exists() and not standing.read_from(order.unit))
    if changed or unread:
        plan.steps.append(Step("let the service manager read its units (daemon-reload)", lambda: control.tell("daemon-reload")))
    if standing.enabled != "enabled":
        plan.steps.append(Step(f"enable {order.name}, so that it starts by itself", lambda: control.tell("enable", order.service)))
    _started(order, standing, plan, anew=bool(changed) or _older(order, standing))


def _started(order: Order, standing: Standing, plan: Plan, *, anew: bool) -> None:
    control, service = order.control, order.service
    if standing.begun and not anew:
        return
    verb = "restart" if standing.begun else "start"
    if not order.starts:
        plan.hints.append(f"it was not to be {verb}ed: {' '.join(['systemctl', *control.flags, verb, order.name])} does it")
        return

    def start() -> None:
        if standing.active == "failed":  # else one that failed too often in a row is refused
            control.tell("reset-failed", service)
        control.tell(verb, service)

    plan.steps.append(Step(f"{verb} {order.name}", start))


def _older(order: Order, standing: Standing) -> bool:
    """Whether the process was started by other units than those that stand there: we were killed before we came to that, once."""
    if standing.started is None:
        return False
    files = [file for file in (order.unit, order.drop_in) if file.exists()]
    return any(int(file.stat().st_mtime) > standing.started.timestamp() for file in files)  # which is known to a second


def lingering(user: str, folder: Path = LINGER) -> str:
    """What a user's own service wants besides, where it isn't so."""
    if (folder / user).exists():
        return ""
    return (
        f"loginctl enable-linger {user}: else {user}'s services begin at the first login and are ended at the last logout; with it"
        " rowd runs from boot on, and goes on"
    )
