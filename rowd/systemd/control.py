"""A service manager asked and told: systemd's own, or a user's, by `systemctl`, whose properties are read, never its prose."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

BOOTED = Path("/run/systemd/system")
"""Is there where systemd runs the machine: sd_booted(3)."""

ELSEWHERE = "What else can keep rowd running (launchd, a container, tmux): docs/how-to/other-supervisors.md."

ASKED = (
    *("LoadState", "ActiveState", "SubState", "UnitFileState", "FragmentPath", "DropInPaths", "NeedDaemonReload"),
    *("MainPID", "StatusText", "Result", "ActiveEnterTimestamp", "ExecMainStartTimestamp", "User", "ProtectHome"),
)
"""systemctl(1), show; their meanings are in org.freedesktop.systemd1(5)."""

PATIENCE = 30
"""Seconds for an answer. Of a start or a stop no end is known here: the manager knows."""


class NoSystemd(Exception):
    """There is none that could be asked. The text says why, and what to do."""


class Failed(Exception):
    """The manager, or a program, refused a step. The text says how."""


class Standing(Struct, frozen=True):
    """How a unit stands.

    since: when it became active.   started: when its process was started.   fragment, drop_ins: the files that it was read from.
    """

    load: str = "not-found"
    active: str = "inactive"
    sub: str = "dead"
    enabled: str = ""
    fragment: str = ""
    drop_ins: tuple[str, ...] = ()
    stale: bool = False
    pid: int | None = None
    says: str = ""
    result: str = ""
    since: datetime | None = None
    started: datetime | None = None
    user: str = ""
    home: str = ""

    @property
    def runs(self) -> bool:
        """Whether it works, as far as its manager knows; it may be just reading rowd.toml anew."""
        return self.active in ("active", "reloading")

    def read_from(self, unit: Path) -> bool:
        """Whether it was read from this file; folders above it may be links."""
        return os.path.realpath(self.fragment) == os.path.realpath(unit)

    @property
    def begun(self) -> bool:
        """Whether it runs, or is about to. One that waits to be started again after a failure isn't."""
        return self.runs or (self.active == "activating" and self.sub != "auto-restart")


class Control(Struct, frozen=True):
    """flags: how the manager is chosen."""

    flags: tuple[str, ...] = ()

    def standing(self, unit: str) -> Standing:
        """Raises NoSystemd."""
        if shutil.which("systemctl") is None:
            raise NoSystemd(f"There is no systemctl here, so no systemd that could run rowd. {ELSEWHERE}")
        try:
            asked = self._run("show", f"--property={','.join(ASKED)}", "--", unit, within=PATIENCE)
        except subprocess.TimeoutExpired:
            raise NoSystemd(f"systemctl gave no answer within {PATIENCE} s. {ELSEWHERE}") from None
        told = dict(line.partition("=")[::2] for line in asked.stdout.splitlines())
        if asked.returncode != 0 or "LoadState" not in told:
            raise NoSystemd(self._unreached(_one_line(asked.stderr)))
        return _standing(told)

    def tell(self, *words: str) -> None:
        """Raises Failed. Waits for what it starts or stops."""
        done = self._run(*words)
        if done.returncode != 0:
            raise Failed(f"systemctl {' '.join((*self.flags, *words))} failed: {_one_line(done.stderr) or done.returncode}")

    def journal(self, unit: str) -> str:
        """The command that shows what it has said."""
        return " ".join(["journalctl", *self.flags, "-u", unit.removesuffix(".service"), "-f"])

    def _run(self, *words: str, within: float | None = None) -> subprocess.CompletedProcess[str]:
        plain = {**os.environ, "LC_ALL": "C", "TZ": "UTC", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0"}
        argv = ["systemctl", *self.flags, "--no-ask-password", *words]
        return subprocess.run(argv, env=plain, capture_output=True, text=True, errors="replace", timeout=within, check=False)

    def _unreached(self, why: str) -> str:
        if not BOOTED.is_dir():
            return f"systemd doesn't run this machine ({why}). {ELSEWHERE}"
        if not self.flags:
            return f"systemd can't be reached ({why})."
        user = getpass.getuser()
        remedy = f"it is there for whom has logged in: by ssh, say, or `machinectl shell {user}@`, not by su or sudo"
        return f"The service manager of {user} can't be reached ({why}); {remedy}. Then repeat this."


def _standing(told: Mapping[str, str]) -> Standing:
    return Standing(
        load=told["LoadState"],
        active=told.get("ActiveState", ""),
        sub=told.get("SubState", ""),
        enabled=told.get("UnitFileState", ""),
        fragment=told.get("FragmentPath", ""),
        drop_ins=tuple(told.get("DropInPaths", "").split()),
        stale=told.get("NeedDaemonReload") == "yes",
        pid=int(told.get("MainPID") or 0) or None,
        says=told.get("StatusText", ""),
        result=told.get("Result", ""),
        since=_instant(told.get("ActiveEnterTimestamp", "")),
        started=_instant(told.get("ExecMainStartTimestamp", "")),
        user=told.get("User", ""),
        home=told.get("ProtectHome", ""),
    )


def _instant(text: str) -> datetime | None:
    """`Sun 2026-11-29 00:40:00 UTC`, as it is with the variables that `_run` sets; to a second. None for "" and "n/a"."""
    try:
        return datetime.strptime(text.partition(" ")[2], "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
    except ValueError:
        return None


def _one_line(text: str) -> str:
    return " ".join(text.split())
