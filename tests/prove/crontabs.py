"""The machine's own crontabs, and one of ours, as they are imported: without the commands that must not be run by a test."""

from __future__ import annotations

import getpass
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PLACES = (Path("/etc/crontab"), Path("/etc/cron.d"))

OWN = """\
# A crontab for the proof: what people write into theirs.
SHELL=/bin/sh
PATH=/usr/local/bin:/usr/bin:/bin
BACKUPS=/var/backups
* * * * * {user} {witness} && date +\\%s
*/2 * * * * {user} {witness} && df -h / | tail -n 1
1-59/2 * * * * {user} {witness} && cat%lines of%its input
* * * * * {user} {witness} && test -d "$BACKUPS"
0 4 * * 1-5 {user} {witness} && echo weekdays at four
15 2 1,15 * * {user} {witness} && echo twice a month
@daily {user} {witness} && echo once a day
"""

_LINE = re.compile(r"^\s*(?P<when>@\w+|(?:\S+\s+){4}\S+)\s+(?P<user>\S+)\s+(?P<command>.+)$")
_SETTING = re.compile(r"^\s*\w+\s*=")


@dataclass(frozen=True, slots=True)
class Replaced:
    """A line of the machine whose command bears witness instead of doing its work.   user: where it isn't ours."""

    place: str
    when: str
    command: str
    user: str | None


def copies(into: Path, witness: str, places: Sequence[Path] = PLACES) -> tuple[list[Path], list[Replaced]]:
    """Copies of the machine's crontabs, and ours, under their own names; and what was replaced in them.

    witness: the command, as a shell has it, that stands in the place of theirs.

    Times, settings and comments stay as they are. Commands don't: they would mail, delete, or check disks, forty times over. Lines
    of other users run as us.
    """
    into.mkdir()
    user = getpass.getuser()
    made, replaced = [], []
    for file in [f for place in places for f in (sorted(place.iterdir()) if place.is_dir() else [place])]:
        if not file.is_file() or file.name.startswith("."):
            continue
        lines = []
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), start=1):
            found = None if line.lstrip().startswith("#") or _SETTING.match(line) else _LINE.match(line)
            if found is None or found["when"] == "@reboot":
                lines.append(line)
                continue
            lines.append(f"{found['when']} {user} {witness} # instead of line {number}")
            other = found["user"] if found["user"] != user else None
            replaced.append(Replaced(f"{file}:{number}", " ".join(found["when"].split()), found["command"], other))
        made.append(into / file.name)
        made[-1].write_text("\n".join(lines) + "\n")
    made.append(into / "proof")
    made[-1].write_text(OWN.format(user=user, witness=witness))
    return made, replaced
