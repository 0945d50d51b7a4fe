"""Programs that make a command of their arguments, and which arguments those are: where a row's text would become code.

No list of this sort is ever complete. It catches the ways in which an operator slips; what a program makes of an ordinary
argument remains the program's affair.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A program that runs text.

    letters: short options that take code, also at the end of a cluster (`-lc`).   options: long ones.
    script: its first argument that is no option is code, or the file that holds it.
    """

    letters: str
    options: tuple[str, ...] = ()
    script: bool = True


_SHELL = Interpreter("c", ("--command", "--init-command", "--rcfile", "--init-file"))
_JAVASCRIPT = Interpreter("epr", ("--eval", "--print", "--require", "--import", "--loader"))
_AWK = Interpreter("fei", ("--file", "--source", "--include"))
_SQL = Interpreter("e", ("--execute", "--init-command"), script=False)

_INTERPRETERS: Mapping[str, Interpreter] = {
    **dict.fromkeys(("sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh", "pwsh"), _SHELL),
    **dict.fromkeys(("python", "pypy"), Interpreter("cm")),
    **dict.fromkeys(("node", "nodejs", "deno", "bun"), _JAVASCRIPT),
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk"), _AWK),
    **dict.fromkeys(("mysql", "mariadb"), _SQL),
    "perl": Interpreter("eEmM"),
    "ruby": Interpreter("er", ("--require",)),
    "php": Interpreter("rBRE", ("--run", "--process-begin", "--process-code", "--process-end")),
    "lua": Interpreter("el"),
    "R": Interpreter("ef"),
    "Rscript": Interpreter("e"),
    "tclsh": Interpreter(""),
    "expect": Interpreter("c"),
    "sed": Interpreter("ef", ("--expression", "--file")),
    "psql": Interpreter("cf", ("--command", "--file"), script=False),
    "sqlite3": Interpreter("", ("-cmd", "-init"), script=False),
    "vim": Interpreter("cSs", ("--cmd",), script=False),
    "find": Interpreter("", ("-exec", "-execdir", "-ok", "-okdir"), script=False),
}

WRAPPERS = frozenset(
    "env sudo doas nice ionice nohup setsid timeout stdbuf chroot xargs time unshare nsenter taskset chrt runuser setpriv prlimit"
    " systemd-run systemd-inhibit busybox strace unbuffer chronic faketime dbus-run-session tini dumb-init".split()
)
"""Programs that start the program named after their own options."""

FOREIGN: Mapping[str, str] = {
    **dict.fromkeys(("ssh", "rsh", "mosh"), "the shell of the other side"),
    **dict.fromkeys(("su", "script", "watch", "flock", "parallel", "at", "batch", "screen", "tmux"), "a shell"),
    **dict.fromkeys(("make", "gmake"), "make, as it reads a makefile"),
    "eval": "a shell",
}
"""Programs that hand their arguments, joined, to something that obeys them."""

_HARMLESS = frozenset("grep egrep fgrep rg zgrep tar gcc cc head tail wc uniq cut curl wget ping cat sort tr rsync gzip xz zstd".split())
"""Well-known programs whose -c or -e is no code."""

_ANY = Interpreter("", ("-c", "-e", "--eval", "--command", "--execute", "-exec", "--exec"), script=False)
_NONE = Interpreter("", script=False)
_VERSION = re.compile(r"[-.]?\d[\d.]*$")


def name_of(program: str) -> str:
    """`/usr/bin/python3.11` is `python`."""
    base = PurePosixPath(program).name
    return _VERSION.sub("", base) if base not in _INTERPRETERS else base


def interpreter(program: str) -> Interpreter:
    """What the program takes for code. An unknown one is suspected where -c, -e and their like are concerned."""
    name = name_of(program)
    return _INTERPRETERS.get(name) or (_NONE if name in _HARMLESS else _ANY)


def takes_code(option: str, of: Interpreter) -> bool:
    """The option's value is code, be it in the same element or in the next one."""
    if option.split("=", 1)[0] in of.options:
        return True
    return re.match(rf"-[A-Za-z]*[{of.letters}]", option) is not None if of.letters else False


def started(arguments: Sequence[str]) -> int | None:
    """Where, among a wrapper's arguments, the name of the program is that it starts; None where there is none.

    A short option may have a value of its own: the element after it is taken for that, so that what follows is looked at as well.
    """
    index, valued = 0, False
    while index < len(arguments):
        element = arguments[index]
        if element == "--":
            return index + 1 if index + 1 < len(arguments) else None
        if element.startswith("-"):
            valued = re.fullmatch(r"-[A-Za-z]", element) is not None
        elif valued:
            valued = False
        elif re.match(r"[A-Za-z_]\w*=|[\d.]+[a-z]?$", element) is None:  # `NAME=value`, `10s`
            return index
        index += 1
    return None
