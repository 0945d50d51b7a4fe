"""Programs that make a command of their arguments, and which arguments those are: where a row's text would become code.

No list of this sort is ever complete. It catches the ways in which an operator slips; what a program makes of an ordinary
argument remains the program's affair.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import PurePosixPath

from msgspec import Struct


class Takes(Enum):
    """What the value of an option is."""

    CODE = "code"  # what the program runs; nothing else is a script then
    LOADED = "loaded"  # code that is run beside
    PLAIN = "plain"  # none of the program's commands
    NOTHING = "nothing"  # it has none


class Interpreter(Struct, frozen=True):
    """A program that runs text. Letters of short options that have a value, also within a cluster (`-lc`), and long options.

    script: its first argument that is no option is code, or the file that holds it; options after it are the script's own.
    """

    code: str = ""
    loaded: str = ""
    plain: str = ""
    code_options: tuple[str, ...] = ()
    loaded_options: tuple[str, ...] = ()
    script: bool = True

    def takes(self, option: str) -> Takes:
        """What the value of this option is, be it in the same element or in the next one."""
        name = option.split("=", 1)[0]
        if name in self.code_options:
            return Takes.CODE
        if name in self.loaded_options:
            return Takes.LOADED
        for letter in option[1:] if not option.startswith("--") else "":
            if letter in self.code:
                return Takes.CODE
            if letter in self.loaded:
                return Takes.LOADED
            if letter in self.plain:
                return Takes.PLAIN
        return Takes.NOTHING

    def attached(self, option: str) -> bool:
        """The value of this option, which isn't code, is in the same element: `-F:`, `--require=x`."""
        return "=" in option or (not option.startswith("--") and option[-1] not in self.loaded + self.plain)


_SHELL = Interpreter(
    code="c", plain="oO", code_options=("--command",), loaded_options=("--rcfile", "--init-file", "--init-command")
)
_NODE = Interpreter(code="ep", loaded="r", code_options=("--eval", "--print"), loaded_options=("--require", "--import", "--loader"))
_AWK = Interpreter(code="fe", loaded="il", plain="Fv", code_options=("--file", "--source"), loaded_options=("--include", "--load"))
_MYSQL = Interpreter(code="e", code_options=("--execute", "--init-command"), script=False)

_INTERPRETERS: Mapping[str, Interpreter] = {
    **dict.fromkeys(("sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh"), _SHELL),
    **dict.fromkeys(("python", "pypy"), Interpreter(code="cm", plain="WX")),
    **dict.fromkeys(("node", "nodejs"), _NODE),
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk"), _AWK),
    **dict.fromkeys(("mysql", "mariadb"), _MYSQL),
    "perl": Interpreter(code="eE", loaded="mMI"),
    "ruby": Interpreter(code="e", loaded="rI", plain="CEF", loaded_options=("--require",)),
    "php": Interpreter(code="rfBRE", loaded="dcz", code_options=("--run", "--file"), loaded_options=("--define", "--php-ini")),
    "lua": Interpreter(code="e", loaded="l"),
    "Rscript": Interpreter(code="e"),
    "tclsh": Interpreter(),
    "sed": Interpreter(code="ef", plain="l", code_options=("--expression", "--file")),
    "psql": Interpreter(code="cf", code_options=("--command", "--file"), script=False),
    "find": Interpreter(code_options=("-exec", "-execdir", "-ok", "-okdir"), script=False),
}

WRAPPERS = frozenset(
    (
        *("env", "sudo", "doas", "runuser", "setpriv", "chroot", "unshare", "nsenter", "systemd-run", "systemd-inhibit"),
        *("nice", "ionice", "chrt", "taskset", "prlimit", "nohup", "setsid", "timeout", "time", "stdbuf", "xargs", "busybox"),
        *("strace", "unbuffer", "chronic", "faketime", "dbus-run-session", "tini", "dumb-init"),
    )
)
"""Programs that start the program named after their own options."""

FOREIGN: Mapping[str, str] = {
    **dict.fromkeys(("ssh", "rsh", "mosh"), "the shell of the other side"),
    **dict.fromkeys(("su", "script", "watch", "flock", "parallel", "at", "batch", "screen", "tmux"), "a shell"),
    **dict.fromkeys(("make", "gmake"), "make, as it reads a makefile"),
    "sqlite3": "SQLite, as statements and dot-commands",
}
"""Programs that hand their arguments, joined, to something that obeys them."""

_HARMLESS = frozenset(
    (
        *("grep", "egrep", "fgrep", "rg", "zgrep", "head", "tail", "wc", "uniq", "cut", "cat", "sort", "tr", "gcc", "cc"),
        *("tar", "gzip", "xz", "zstd", "curl", "wget", "ping"),
    )
)
"""Well-known programs whose -c or -e is no code."""

_ANY = Interpreter(code_options=("-c", "-e", "-lc", "-ec", "--eval", "--command", "--execute", "-exec", "--exec"), script=False)
_NONE = Interpreter(script=False)
_VERSION = re.compile(r"[-.]?\d[\d.]*$")


def name_of(program: str) -> str:
    """`/usr/bin/python3.11` is `python`."""
    base = PurePosixPath(program).name
    return base if base in FOREIGN or base in _INTERPRETERS else _VERSION.sub("", base)


def interpreter(program: str) -> Interpreter:
    """What the program takes for code. An unknown one is suspected where -c, -e and their like are concerned."""
    name = name_of(program)
    return _INTERPRETERS.get(name) or (_NONE if name in _HARMLESS else _ANY)


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
