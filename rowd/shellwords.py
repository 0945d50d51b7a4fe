"""A shell's command line in its simple commands, roughly: enough to name it, and to see what it leaves in the background. Pure."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from msgspec import Struct

SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash"})

WAIT = "wait"

_OF_A_WORD = r"""(?:[^\s"'\\;&|()<>]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')"""
_PIECE = re.compile(
    rf"""(?P<comment>\#[^\n]*)
    |(?P<redirection>(?:\d+(?=[<>])|&(?=>))?[<>]{{1,3}}[&|]?[ \t]*{_OF_A_WORD}*)
    |(?P<word>{_OF_A_WORD}+)
    |(?P<end>&&|\|\||\|&|[;&|()])""",
    re.DOTALL | re.VERBOSE,
)
_BRACES = frozenset({"{", "}"})
_SUBSTITUTED = re.compile(r"\$\(\([^()]*\)\)|\$\([^()]*\)|`[^`]*`")
_FED = re.compile("-[a-z]*c")
_BOTH = re.compile("bash|zsh")
"""Shells to which `&>` is a redirection; to the others it is `&`, then `>`."""

_WORDS = frozenset({"if", "then", "else", "elif", "fi", "while", "until", "do", "done", "!", "exec", "eval", "time"})
_WRAPPERS = {
    "nice": ("-n",),
    "ionice": ("-c", "-n", "-p"),
    "chronic": (),
    "cronic": (),
    "nohup": (),
    "env": ("-u",),
    "sudo": ("-u", "-g"),
    "runuser": ("-u", "-g", "-G"),
    "chpst": ("-u", "-U", "-b", "-e", "-/", "-n", "-l", "-L"),
    "timeout": ("-k", "-s"),
    "flock": ("-w", "-E"),
    "setsid": (),
    "stdbuf": ("-i", "-o", "-e"),
    "systemd-cat": ("-t", "-p"),
    "savelog": (),
}
"""Commands that start another one, and their options that take a value."""

_OPERANDS = {"timeout": 1, "flock": 1}


class Simple(Struct, frozen=True):
    """A simple command. words: without quotes, redirections left out; of a `$(…)` only the `$` is left.   end: what stands behind
    it (`&&`, `&`, `)` …), "" at the end of the line; `&>` where a redirection of that kind stands in it."""

    words: list[str]
    end: str


def simple(command: str) -> list[Simple]:
    """The simple commands of a line in their order, the empty ones (between `)` and `&`) too."""
    found: list[Simple] = []
    words: list[str] = []
    both = False
    for piece in _PIECE.finditer(_plain(command)):
        if piece["end"] or piece["word"] in _BRACES:
            found.append(Simple(words, "&>" if both else piece[0]))
            words, both = [], False
        elif piece["word"]:
            words.append(re.sub(r"""\\(.)|["']""", r"\1", piece["word"]))
        elif piece["redirection"]:
            both = both or piece[0].startswith("&")
    return [*found, Simple(words, "&>" if both else "")]


def _plain(command: str) -> str:
    """Without the commands whose output is a part of the line."""
    while (plainer := _SUBSTITUTED.sub("$", command)) != command:
        command = plainer
    return command


def program_of(words: list[str]) -> str:
    """The file name of the program; "" for no command."""
    return PurePosixPath(words[0]).name if words else ""


def unwrapped(words: list[str]) -> list[str]:
    """Without what stands before the program: variables, shell words, programs that only start it."""
    left = list(words)
    while left:
        first = program_of(left)
        if left[0] in _WORDS or re.match(r"[A-Za-z_]\w*=", left[0]):
            left.pop(0)
        elif first in _WRAPPERS and len(left) > 1 and code_in(left) is None:
            left.pop(0)
            while left and left[0].startswith("-"):
                option = left.pop(0)
                if option in _WRAPPERS[first] and left:
                    left.pop(0)
            del left[: _OPERANDS.get(first, 0)]
        else:
            break
    return left


def code_in(words: list[str]) -> str | None:
    """The shell code that a command is given on the line, as in `sh -c CODE`, `su ada -c CODE`, `flock FILE -c CODE`."""
    program = program_of(words)
    before = {"flock": 1, "su": 3}.get(program, 0 if program in SHELLS else None)
    if before is None:
        return None
    rest = words[1:]
    while len(rest) > 1:
        option = rest.pop(0)
        if _FED.fullmatch(option):
            return rest[0]
        if re.fullmatch("-[a-z]*o", option) or option in _WRAPPERS.get(program, ()):
            rest.pop(0)
        elif not option.startswith("-") or option == "-":
            before -= 1
        if before < 0:
            return None
    return None


def left_behind(command: str, shell: str = "/bin/sh") -> bool:
    """Whether the line ends while something that it began with `&` may still run: nothing waits for it behind that.

    shell: that runs it.   What is given a session of its own (`setsid`) is not meant.
    """
    left = False
    for one in simple(command):
        program = unwrapped(one.words)
        if program[:1] == [WAIT]:
            left = False
        if (code := code_in(program)) is not None:
            left = left or left_behind(code, program[0] if program_of(program) in SHELLS else shell)
        begun = one.end == "&" or (one.end == "&>" and not _BOTH.fullmatch(PurePosixPath(shell).name))
        left = left or (begun and "setsid" not in one.words)
    return left
