"""`rowd service status`: how the service stands, as its manager tells it, and whether its unit is up to date."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from config.times import system_zone
from engine.clock import SystemClock
from rowd.cli.command import examples
from rowd.cli.exits import Exit
from rowd.cli.options import BEFORE, ConfigOption, JsonOption
from rowd.cli.output import Styled, emit_json, print_pairs, when
from rowd.cli.servicing import Meant, NameOption, UserOption, meant, program_of
from rowd.saying import distance
from rowd.systemd.control import Standing
from rowd.systemd.steps import holds, ours
from rowd.systemd.unit import Unwritable, named_in, system_unit, user_unit


@examples(
    "rowd service status",
    "rowd service status --user --json | jq .status",
    "rowd service status >/dev/null || echo look after rowd",
)
def service_status(
    user: UserOption = False, name: NameOption = "rowd", config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Say how the service stands: what systemd knows of it, and whether its unit is up to date.

    Ends with 1 where it isn't active. What the daemon itself says of its tables: rowd status.
    """
    service = meant(name, user)
    standing = service.standing()
    state = _state(service, standing, config or BEFORE.get())
    if as_json:
        emit_json(state)
    else:
        print_pairs(_pairs(service, standing, state))
    if not standing.runs:
        raise typer.Exit(int(Exit.BAD))


def _state(service: Meant, standing: Standing, config: Path | None) -> dict[str, Any]:
    unit = service.unit
    mine = ours(unit)
    file = named_in(unit.read_text(encoding="utf-8", errors="replace")) if mine else None
    return {
        "service": service.name,
        "scope": "user" if service.own else "system",
        "installed": standing.load not in ("not-found", "masked"),
        "unit": standing.fragment or str(unit),
        "drop_ins": standing.drop_ins,
        "written_by_rowd": mine,
        "up_to_date": _current(service, config.absolute() if config is not None else file) if mine else None,
        "reload_needed": standing.stale,
        "config": str(file) if file is not None else None,
        "enabled": standing.enabled.startswith("enabled"),
        "active": standing.runs,
        "state": standing.active,
        "result": standing.result,
        "since": standing.since,
        "pid": standing.pid,
        "status": standing.says,
        "journal": service.control.journal(service.name),
    }


def _current(service: Meant, file: Path | None) -> bool | None:
    """Whether the unit is the one that this rowd would write for this rowd.toml; None where that can't be told."""
    if file is None:
        return None
    try:
        return holds(service.unit, (user_unit if service.own else system_unit)(program_of(service), file))
    except Unwritable:
        return None


def _pairs(service: Meant, standing: Standing, state: dict[str, Any]) -> Iterator[tuple[str, Styled]]:
    whose = "your own" if service.own else "of this machine"
    if not state["installed"]:
        yield "Service", (f"{service.name}, {whose}: {'masked' if standing.load == 'masked' else 'not installed'}", "yellow")
        return
    yield "Service", f"{service.name}, {whose}; {'starts by itself' if state['enabled'] else 'not enabled'}"
    now = SystemClock().now()
    how = f", {standing.result}" if standing.active == "failed" else ""
    if standing.runs and standing.since is not None:
        how = f" since {when(standing.since, system_zone(), now)} ({distance(standing.since, now)})"
    yield "State", (f"{standing.active}{how}", "green" if standing.runs else "red")
    yield "Says", standing.says
    yield "Process", str(standing.pid or "")
    yield "rowd.toml", state["config"] or ""
    yield "Unit", f"{state['unit']}{_looks(service, state)}"
    yield "Drop-ins", ", ".join(standing.drop_ins)
    yield "Journal", state["journal"]


def _looks(service: Meant, state: dict[str, Any]) -> str:
    """How the unit stands, after its name."""
    again = " ".join(
        ["rowd service install", *service.control.flags, *([f"--name {service.name}"] if service.name != "rowd" else [])]
    )
    if not state["written_by_rowd"]:
        return ", not written by rowd service install"
    if state["up_to_date"] is False:
        return f", other than this rowd would write it; {again} brings it up to date"
    if state["reload_needed"]:
        return f", changed since systemd read it; {again} lets it be read"
    return ", as this rowd writes it" if state["up_to_date"] else ""
