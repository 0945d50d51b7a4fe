"""A systemctl that runs nothing: it keeps in a folder what it was told, and answers `show` as systemd 252 would.

Put into PATH by `installed`. A file `refuses` in its folder, with a verb in it, makes that verb fail.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

FOLDER, UNITS = "FAKE_SYSTEMD", "FAKE_SYSTEMD_UNITS"


def installed(folder: Path, units: Path) -> dict[str, str]:
    """Make it, and answer the variables with which it is found.   folder: made, for what it keeps.   units: where units are."""
    program = folder / "bin" / "systemctl"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S -E "{__file__}" "$@"\n')
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}", FOLDER: str(folder), UNITS: str(units)}


def told(folder: Path) -> list[str]:
    """What it was told since the last time, without questions."""
    calls = folder / "calls"
    lines = calls.read_text().splitlines() if calls.exists() else []
    calls.unlink(missing_ok=True)
    return [line for line in lines if " show " not in f" {line} "]


def put(folder: Path, **more: object) -> None:
    """Change how the unit stands."""
    state = folder / "state"
    held = json.loads(state.read_text()) if state.exists() else {}
    state.write_text(json.dumps({**held, **more}))


def main(words: list[str]) -> int:
    folder, units = Path(os.environ[FOLDER]), Path(os.environ[UNITS])
    with (folder / "calls").open("a") as calls:
        calls.write(f"{' '.join(words)}\n")
    verb, *rest = [word for word in words if not word.startswith("-")]
    refuses = folder / "refuses"
    if refuses.exists() and refuses.read_text() == verb:
        sys.stderr.write(f"Job for {rest[-1]} failed.\n")
        return 1
    state = folder / "state"
    held = json.loads(state.read_text()) if state.exists() else {}
    unit = units / rest[-1] if rest else None
    texts = {str(file): file.read_text() for file in units.rglob("*") if file.is_file()} if units.is_dir() else {}
    match verb:
        case "show":
            assert unit is not None
            held.setdefault("read", texts)
            sys.stdout.write("".join(f"{key}={value}\n" for key, value in _shown(unit, texts, held).items()))
        case "daemon-reload":
            held["read"] = texts
        case "enable" | "disable":
            held["enabled"] = verb == "enable"
        case "start" | "restart":
            held |= {"active": "active", "sub": "running", "pid": 4711, "at": f"{datetime.now(UTC):%a %Y-%m-%d %H:%M:%S UTC}"}
        case "stop" | "reset-failed":
            held |= {"active": "inactive", "sub": "dead", "pid": 0}
    state.write_text(json.dumps(held))
    return 0


def _shown(unit: Path, texts: dict[str, str], held: dict[str, object]) -> dict[str, object]:
    read = held["read"]
    assert isinstance(read, dict)
    there = str(unit) in read
    fragment = held.get("fragment", str(unit) if there else "")
    return {
        "LoadState": held.get("load", "loaded" if fragment else "not-found"),
        "ActiveState": held.get("active", "inactive"),
        "SubState": held.get("sub", "dead"),
        "UnitFileState": "" if not fragment else "enabled" if held.get("enabled") else "disabled",
        "FragmentPath": fragment,
        "DropInPaths": " ".join(file for file in read if file.startswith(f"{unit}.d/")),
        "NeedDaemonReload": "yes" if there and read != texts else "no",
        "MainPID": held.get("pid", 0),
        "StatusText": held.get("says", ""),
        "Result": held.get("result", "success"),
        "ActiveEnterTimestamp": held.get("at", ""),
        "ExecMainStartTimestamp": held.get("at", ""),
        "User": held.get("user", ""),
        "ProtectHome": held.get("home", ""),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
