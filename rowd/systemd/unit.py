"""The texts that rowd gives systemd: its unit, made of `config/rowd.service`, and a drop-in for folders.

How words and paths stand in such texts: systemd.syntax(7), systemd.unit(5), systemd.service(5) and systemd.exec(5) of systemd 252.
"""

from __future__ import annotations

import glob
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

MARK = "# Written by `rowd service install`, and written anew by it: changes of yours belong into a drop-in (systemctl edit)."
"""The first line of what rowd wrote. Files without it are other people's."""

DROP_IN = "10-rowd-tables.conf"
"""Before the one that `systemctl edit` makes (`override.conf`), so that this has the last word."""

OF_USERS: Mapping[str, str | None] = MappingProxyType(
    {
        "WorkingDirectory": "~",
        "WantedBy": "default.target",
        **dict.fromkeys(("After", "Wants", "User", "Group", "EnvironmentFile", "StateDirectory", "StateDirectoryMode")),
        **dict.fromkeys(
            ("CapabilityBoundingSet", "AmbientCapabilities", "PrivateDevices", "PrivateTmp", "ProtectHome", "ProtectSystem")
        ),
        **dict.fromkeys(("ProtectClock", "ProtectControlGroups", "ProtectHostname")),
        **dict.fromkeys(("ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables")),
    }
)
"""What is otherwise in a user's own service; None: it isn't there.

Its manager has no other users and no targets of the network, and its state is where rowd.toml is. It may neither drop capabilities
nor mount: "only available for system services" is said of each of these locks in systemd.exec(5) of systemd 252, read 2026-11-29.
"""

_BARE = re.compile(r"[A-Za-z0-9/._+@:,=~%$-]+")


class Unwritable(Exception):
    """A path that can't stand in a unit. The text names it, and the remedy."""


def system_unit(program: Sequence[str], file: Path) -> str:
    """The unit of the machine's service.   program: words that begin with an absolute path.   file: the rowd.toml, absolute."""
    environment = glob.escape(_sound(file.parent / "env")).replace("%", "%%")  # no words: the value is one pattern of glob(7)
    return _made({"ExecStart": _command(program, file), "EnvironmentFile": f"-{environment}"})


def user_unit(program: Sequence[str], file: Path) -> str:
    """The unit of a user's own service. Raises as `system_unit`: Unwritable."""
    return _made({"ExecStart": _command(program, file), **OF_USERS})


def drop_in(folders: Iterable[Path]) -> str | None:
    """What opens these folders to rowd; None for none. One that isn't there keeps rowd from nothing ("-"). Raises Unwritable."""
    lines = [f"ReadWritePaths={_word(f'-{_sound(folder)}')}" for folder in sorted(set(folders))]
    return "\n".join([MARK, "", "[Service]", *lines, ""]) if lines else None


def named_in(text: str) -> Path | None:
    """The rowd.toml that a unit of ours names; None where it names none."""
    words = words_in(text)
    place = words.index("--config") + 1 if "--config" in words else len(words)
    return Path(words[place]) if place < len(words) else None


def words_in(text: str) -> list[str]:
    """The command line that a unit of ours starts; empty for none that could be read."""
    started = re.search(r"^ExecStart=(.*)$", text, re.MULTILINE)
    try:
        words = shlex.split(started[1]) if started is not None else []
    except ValueError:  # somebody's hand
        return []
    return [word.replace("%%", "%").replace("$$", "$") for word in words]


def _made(changes: Mapping[str, str | None]) -> str:
    """Our unit with other values. A comment goes with the setting below it; the first paragraph is the file's own title."""
    source = (files("config") / "rowd.service").read_text(encoding="utf-8").partition("\n\n")[2]
    lines, comments, left = [MARK, ""], list[str](), dict(changes)
    for line in source.splitlines():
        if line.startswith("#"):
            comments.append(line)
            continue
        key, sign, _ = line.partition("=")
        value: str | None = line
        if sign and key in left:
            new = left.pop(key)
            value = f"{key}={new}" if new is not None else None
        if value is not None and (value or lines[-1]):  # one blank line is enough
            lines += [*comments, value]
        comments = []
    if left:
        raise KeyError(*left)
    return "\n".join([*lines, ""])


def _command(program: Sequence[str], file: Path) -> str:
    first, *rest = program
    if re.search(r"[$\"']", first):  # systemd takes no quotes there, and expands no "$$"
        raise Unwritable(
            f"{first} has a quote or a $ in it, which systemd doesn't take in a program's path; install rowd elsewhere"
        )
    words = [_sound(first), *(_sound(word).replace("$", "$$") for word in (*rest, "run", "--config", str(file)))]
    return " ".join(map(_word, words))


def _sound(path: str | Path) -> str:
    text = str(path)
    if not text.isprintable() or "\\" in text or ('"' in text and "'" in text):
        raise Unwritable(
            f"{text!a} can't stand in a unit: a line break, a control character, a \\ or both kinds of quotes; rename it"
        )
    return text


def _word(text: str) -> str:
    """As one word: specifiers are kept from being expanded by doubling, and blanks from dividing by quotes."""
    doubled = text.replace("%", "%%")
    if _BARE.fullmatch(doubled):
        return doubled
    quote = "'" if '"' in doubled else '"'
    return f"{quote}{doubled}{quote}"
