"""bubblewrap on this machine: where it is, whether it can make sandboxes, and what is to be done where it can't."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from actions.command.environment import PATH
from actions.telling import cut, plain

SAYS = "bwrap: "
"""How bubblewrap begins what it says of itself."""

_PATIENCE = 20.0
"""Seconds that a trial may take."""

_SWITCHES = (
    ("kernel/unprivileged_userns_clone", "0", "switch them on: sysctl -w kernel.unprivileged_userns_clone=1"),
    ("user/max_user_namespaces", "0", "switch them on: sysctl -w user.max_user_namespaces=10000"),
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor closes user namespaces to it: give /usr/bin/bwrap a profile that says `userns,` (apparmor.d(5))",
    ),
)
"""What closes user namespaces: a file under /proc/sys, what it says then, and the remedy."""

_ELSE = "where rowd is locked up itself, open that for it (docs/how-to/systemd.md), or take the sandbox out of the definition"


def bwrap() -> str:
    """Its path. Raises ValueError, with a sentence."""
    if (found := shutil.which("bwrap", path=PATH)) is None:
        raise ValueError("its sandbox needs the program bwrap; install it (Debian: apt install bubblewrap)")
    return found


def tried(argv: Sequence[str]) -> str | None:
    """Why what a sandbox was wrapped around couldn't be run, in one sentence with the remedy; None where it could."""
    environment = {"PATH": PATH, "LANG": "C.UTF-8", "ROWD_OUTPUT": "/run/rowd/output"}
    try:
        done = subprocess.run(
            argv, env=environment, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.SubprocessError) as exc:
        return unmade(str(exc))
    if done.returncode == 0:
        return None
    lines = done.stderr.decode(errors="replace").split("\n")
    return unmade(next((line for line in reversed(lines) if line.strip()), f"exit {done.returncode}"))


def unmade(said: str, system: Path = Path("/proc/sys")) -> str:
    """That a sandbox can't be made, with the remedy.   said: bubblewrap's own last words."""
    remedy = next((what for file, off, what in _SWITCHES if _says(system / file) == off), _ELSE)
    return f"its sandbox can't be made ({cut(plain(said))}); {remedy}"


def _says(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:  # of other kernels
        return ""
