"""Crontabs as Debian's cron reads them: from a text to jobs, or to why a line is none. Pure.

crontab(5) leaves much unsaid. What stands here beyond it was found out by running Debian's cron 3.0pl1-162.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import PurePath

from msgspec import Struct, field
from msgspec.structs import replace

NICKNAMES = frozenset({"@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"})
SHELL = "/bin/sh"
PATH = "/usr/bin:/bin"
"""What a job's SHELL and PATH are where the crontab doesn't say."""

MAIL = frozenset({"MAILTO", "MAILFROM", "CONTENT_TYPE", "CONTENT_TRANSFER_ENCODING"})
"""Variables that only say where cron mails the output to."""

EXPORTED = "# Written by `rowd export crontab`."
"""The first line of a crontab that rowd wrote: there the comment right above a line is the Name of its row."""

SPOOL = PurePath("/var/spool/cron/crontabs")

ODD = 10
"""A file in which more than one of so many characters is a control character, or no UTF-8, is no text."""

_NAME = r"""(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s='"#@*][^\s=]*))"""
_VARIABLE = re.compile(rf"{_NAME}[ \t]*=[ \t]*(?P<value>.*)")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED = re.compile(r"""(["'])(.*?)\1[ \t]*""")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day-of-month", 1, 31, {}),
    ("month", 1, 12, {name: n for n, name in enumerate(_MONTHS, 1)}),
    ("day-of-week", 0, 7, {name: n for n, name in enumerate(_WEEKDAYS)}),
)
_ITEM = re.compile(r"(?:\*|(?P<first>[a-z0-9]+)(?:-(?P<last>[a-z0-9]+))?)(?:/(?P<step>[0-9]{1,4}))?", re.IGNORECASE)
_LOOKED_AT = re.compile(r"[A-Za-z0-9_-]+")
_WHOLE = " (cron ignores the whole file for that)"


class Job(Struct, frozen=True):
    """One line that cron would run.

    line: counted from 1.   schedule: five fields with one blank between them, or a nickname.
    user: who it runs as; None where the crontab doesn't say (a user's own).   command: for `shell -c`, `\\%` undone.
    stdin: what the command reads, None for nothing.   environment: what the crontab sets above the line, without SHELL, CRON_TZ,
    LOGNAME and the variables of `MAIL`.   zone: CRON_TZ, which other crons obey and Debian's doesn't; None where it isn't set.
    name: what its row was called when rowd exported it; "" in any other crontab.
    """

    file: str
    line: int
    schedule: str
    user: str | None
    command: str
    stdin: str | None = None
    shell: str = SHELL
    environment: Mapping[str, str] = field(default_factory=dict)
    zone: str | None = None
    name: str = ""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


class Refused(Struct, frozen=True):
    """A line that can't be taken.

    line: 0 for the file as a whole.   text: the line.   reason: why, with the remedy where there is one.
    """

    file: str
    line: int
    text: str
    reason: str

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Crontab(Struct, frozen=True):
    """A crontab read. jobs, refused: in the order of lines.   notes: what else a person should know, one sentence each."""

    jobs: tuple[Job, ...]
    refused: tuple[Refused, ...] = ()
    notes: tuple[str, ...] = ()


class Wrong(ValueError):
    """Why a line is no job."""


def ignored(file: PurePath) -> str | None:
    """Why cron doesn't look at a file of this name in its folder; None where it does, and outside of such folders."""
    if file.parent.name == "cron.d" and not _LOOKED_AT.fullmatch(file.name):
        return f"{file}: cron ignores it, since its name holds more than letters, digits, _ and -"
    return None


def insecure(file: PurePath, found: os.stat_result, reader: int) -> str | None:
    """Why cron refuses a system crontab that others could have written; None where it doesn't, and of other crontabs.

    reader: the user id of who imports it, whose own copies are as good as root's.   (cron(8), Debian: "must be owned by root, and
    must not be group- or other-writable".)
    """
    if file != PurePath("/etc/crontab") and file.parent.name != "cron.d":
        return None
    if found.st_uid not in (0, reader):
        return f"{file}: cron refuses it, since it isn't root's; look who wrote it, then chown it to root"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"{file}: cron refuses it, since others than its owner may write it; look what stands in it, then chmod go-w"
    return None


def is_text(content: str) -> bool:
    """Whether it can be a crontab at all. content: decoded as UTF-8, with surrogates for the bytes that aren't."""
    strange = sum(c not in "\t\r\n" and (c < " " or "\ud800" <= c <= "\udfff") for c in content)
    return "\0" not in content and strange * ODD <= len(content)


def names_users(text: str, file: PurePath, users: Collection[str], program: Callable[[str], object]) -> bool | str:
    """Whether each job has a user before its command: told by where the file is, else by its lines. Where neither tells, which of
    them leave it open.

    users: the names of this machine's users.   program: whether there is a program of this name, as with `mail` and `backup`.
    """
    if file == PurePath("/etc/crontab") or file.parent.name == "cron.d":
        return True
    if file.parent == SPOOL:
        return False
    words: dict[str, int] = {}
    for number, word in _behind(text):
        words.setdefault(word, number)
    none = [word for word in words if word not in users]
    sure = [word for word in words if word in users and not program(word)]
    if none and sure:
        return f"{_placed(sure[0], words)} is a user, {_placed(none[0], words)} is none"
    if words and not none and not sure:
        return f"{_placed(next(iter(words)), words)} is a user and a program"
    return bool(sure)


def _placed(word: str, words: Mapping[str, int]) -> str:
    return f'in line {words[word]} "{word}"'


def _behind(text: str) -> Iterator[tuple[int, str]]:
    """The first word behind the time, of each line that could be a job, and the line's number."""
    for number, line in _lines(text):
        if (line.startswith("@") or re.match(r"[0-9*]", line)) and (rest := _parted(line)[1]):
            yield number, rest.split(maxsplit=1)[0]


def read(text: str, file: str, *, with_user: bool, user: str | None = None) -> Crontab:
    """Read a crontab.   file: what messages call it.   with_user: each job has a user before its command.

    user: whose crontab it is, where lines don't name one; None for whoever runs rowd.
    """
    jobs: list[Job] = []
    refused: list[Refused] = []
    notes: list[str] = []
    variables: dict[str, str] = {}
    names = _names(text)
    if "\r" in text:
        notes.append(f"{file}: its lines end in CR LF; cron would hand the CR to the commands, here it was left out")
    if text and not text.endswith("\n"):
        notes.append(f"{file}: the last line isn't ended; cron ignores the whole file for that, here it was read all the same")
    for number, line in _lines(text):
        try:
            if (variable := _variable(line)) is not None:
                variables[variable[0]] = variable[1]
            else:
                job = _job(file, number, line, variables, with_user=with_user, user=user)
                jobs.append(replace(job, name=names.get(number, "")))
        except Wrong as wrong:
            refused.append(Refused(file, number, line, str(wrong)))
    if mailed := sorted(MAIL & variables.keys()):
        notes.append(f"{file}: {', '.join(mailed)} left out, since rowd doesn't mail; `rowd logs RUN` shows what a run printed")
    if "LOGNAME" in variables and jobs:
        notes.append(f"{file}: LOGNAME is left out; cron doesn't let a crontab change it either")
    if "CRON_TZ" in variables and jobs:
        notes.append(f"{file}: CRON_TZ became the rows' time zone; Debian's cron ignores it, other crons obey it")
    return Crontab(tuple(jobs), tuple(refused), tuple(notes))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that say something, without the blanks before them."""
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.rstrip("\r").lstrip(" \t")
        if line and not line.startswith("#"):
            yield number, line


def _names(text: str) -> dict[int, str]:
    """Number of a line → the Name in the comment right above it, in a crontab that rowd wrote."""
    lines = [line.strip() for line in text.split("\n")]
    if lines[0] != EXPORTED:
        return {}
    return {n: above.removeprefix("#").strip() for n, above in enumerate(lines, 2) if above.startswith("#")}


def _parted(line: str) -> tuple[str, str]:
    words = 1 if line.startswith("@") else 5
    parts = line.split(maxsplit=words)
    return " ".join(parts[:words]), parts[words] if len(parts) > words else ""


def _variable(line: str) -> tuple[str, str] | None:
    """A variable and its value; None where the line sets none. Raises Wrong."""
    found = _VARIABLE.fullmatch(line)
    if found is None:
        return None
    name = next(part for part in (found["double"], found["single"], found["bare"]) if part is not None)
    said: str = found["value"]
    if not _WORD.fullmatch(name):
        raise Wrong(f'"{name}" can\'t be the name of a variable')
    if said[:1] in ("'", '"'):
        if (quoted := _QUOTED.fullmatch(said)) is None:
            raise Wrong(f"the quotes don't go around the whole value{_WHOLE}")
        said = quoted[2]
    elif not said:
        raise Wrong(f'the value is missing; write {name}=""{_WHOLE}')
    return name, said.rstrip(" \t")  # also inside of quotes: what crontab(5) says of trailing blanks isn't so


def _job(file: str, number: int, line: str, variables: Mapping[str, str], *, with_user: bool, user: str | None) -> Job:
    schedule, rest = _parted(line)
    schedule = checked(schedule)
    if with_user:
        user, rest = [*rest.split(maxsplit=1), "", ""][:2]
    command, stdin = _command(rest)
    if not command.strip():
        raise Wrong(f"has no command after the time{' and the user' if with_user else ''}")
    if "\0" in line or any("\ud800" <= c <= "\udfff" for c in line):
        raise Wrong("holds bytes that are no UTF-8 text; save the file as UTF-8")
    kept = {k: v for k, v in variables.items() if k not in MAIL and k not in ("SHELL", "CRON_TZ", "LOGNAME")}
    return Job(file, number, schedule, user, command, stdin, variables.get("SHELL", SHELL), kept, variables.get("CRON_TZ"))


def _command(rest: str) -> tuple[str, str | None]:
    r"""The command and its standard input: `\%` is a percent sign, the first other one ends the command, later ones end lines.

    In the command, but not behind it, `\\` is one backslash.
    """
    found = re.match(r"(?:\\[\\%]|[^%])*", rest)
    assert found is not None  # noqa: S101 (it matches nothing at all, too)
    command, behind = re.sub(r"\\([\\%])", r"\1", found[0]), rest[found.end() :]
    if not behind:
        return command, None
    stdin = re.sub(r"\\?%", lambda sign: "%" if len(sign[0]) == 2 else "\n", behind[1:])
    return command, stdin if not stdin or stdin.endswith("\n") else f"{stdin}\n"


# --- the time


def checked(schedule: str) -> str:
    """The schedule, where cron would take it and it would come due. Raises Wrong."""
    if schedule.startswith("@"):
        if schedule == "@reboot":
            raise Wrong("runs when the machine starts, which is no time that comes due; let a systemd unit run it")
        if schedule not in NICKNAMES:
            raise Wrong(f"cron knows no {schedule}; there are {', '.join(sorted(NICKNAMES))}{_WHOLE}")
        return schedule
    fields = schedule.split()
    if len(fields) != 5 or not re.match(r"[0-9*]", schedule):
        raise Wrong(f"is neither a variable nor a job, which begins with five fields for the time{_WHOLE}")
    for said, (name, low, high, names) in zip(fields, _FIELDS, strict=True):
        for item in said.split(","):
            _check_item(item, name, low, high, names)
    return schedule


def _check_item(item: str, name: str, low: int, high: int, names: Mapping[str, int]) -> None:
    found = _ITEM.fullmatch(item)
    if found is None or (found["step"] and found["first"] and not found["last"]) or (found["step"] and not int(found["step"])):
        raise Wrong(f'"{item}" is no {name} for cron{_WHOLE}')
    values = [_value(said, name, low, high, names) for said in (found["first"], found["last"]) if said]
    if len(values) == 2 and values[0] > values[1]:
        raise Wrong(f'the {name} "{item}" goes backwards, and cron never runs such a line; write two ranges')


def _value(said: str, name: str, low: int, high: int, names: Mapping[str, int]) -> int:
    value = names.get(said.lower(), int(said) if re.fullmatch(r"[0-9]{1,4}", said) else -1)
    if not low <= value <= high:
        raise Wrong(f'"{said}" is no {name}{_WHOLE}')
    return value
