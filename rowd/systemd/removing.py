"""How rowd is a service no longer: what `rowd service install` made is taken away, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from rowd.systemd.control import Control, Standing
from rowd.systemd.installing import drop_in_of
from rowd.systemd.steps import Finding, Plan, Step, folder_removed, ours, removed
from rowd.systemd.unit import named_in


def uninstalled(unit: Path, control: Control, standing: Standing) -> Plan:
    """What is ours is removed, the unit last: by it, what was begun is known. One that others wrote isn't touched, nor stopped."""
    plan, drop_in, service = Plan(), drop_in_of(unit), unit.name
    mine = [file for file in (drop_in, unit) if os.path.lexists(file) and ours(file)]
    elsewhere = bool(standing.fragment) and not standing.read_from(unit)
    if elsewhere or (os.path.lexists(unit) and unit not in mine):
        remedy = f"stop and remove it yourself: {' '.join(['systemctl', *control.flags, 'disable --now', unit.stem])}"
        file = standing.fragment if elsewhere else unit
        plan.found.append(Finding("unit", f"{file} was not written by rowd service install; {remedy}", good=False))
        return plan
    if unit in mine:
        if standing.active not in ("inactive", "failed"):
            plan.steps.append(Step(f"stop {unit.stem}, once its running work has ended", lambda: control.tell("stop", service)))
        if standing.active == "failed":
            plan.steps.append(
                Step(f"let it be forgotten that {unit.stem} has failed", lambda: control.tell("reset-failed", service))
            )
        if standing.enabled.startswith("enabled"):
            plan.steps.append(Step(f"disable {unit.stem}", lambda: control.tell("disable", service)))
        if (named := named_in(unit.read_text(encoding="utf-8", errors="replace"))) is not None:
            plan.stays.append(f"{named}, what stands beside it, and its tables")
    folder = drop_in.parent
    others = sorted(str(file) for file in folder.iterdir() if file != drop_in) if folder.is_dir() else []
    plan.stays += others
    if drop_in in mine:
        plan.steps.append(removed(drop_in))
    if mine and folder.is_dir() and not others:
        plan.steps.append(folder_removed(folder))
    if unit in mine:
        plan.steps.append(removed(unit))
    if mine or standing.fragment:  # it knows what is there no longer: we were killed before we came to that, once
        plan.steps.append(Step("let the service manager read its units (daemon-reload)", lambda: control.tell("daemon-reload")))
    return plan
