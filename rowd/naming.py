"""What a task is called after the command that it runs. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import PurePosixPath

LONGEST = 60
"""Characters, with room left below the 64 that an action's name may have."""

_PIECE = re.compile(r"""(?:[^\s"'\\;&|()]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+|&&|\|\||[;&|()]""", re.DOTALL)
_ENDS = frozenset({"&&", "||", ";", "&", "|", "(", ")", "{", "}"})
_GUARDS = frozenset(
    {"test", "[", "[[", "cd", "true", "false", ":", ".", "source", "export", "umask", "set", "sleep", "echo", "exit"}
)
"""Commands that stand before what a line is about."""

_WORDS = frozenset({"if", "then", "else", "elif", "fi", "while", "until", "do", "done", "!", "exec", "eval", "time"})
_WRAPPERS = {
    "nice": ("-n",),
    "ionice": ("-c", "-n", "-p"),
    "chronic": (),
    "nohup": (),
    "env": ("-u",),
    "sudo": ("-u", "-g"),
    "timeout": ("-k", "-s"),
    "flock": ("-w", "-E"),
    "setsid": (),
    "savelog": (),
}
"""Commands that start another one, and their options that take a value."""

_OPERANDS = {"timeout": 1, "flock": 1}
_RUNNERS = frozenset({"sh", "bash", "dash", "zsh", "python", "python3", "perl", "php", "ruby", "node", "java", "run-parts"})
"""Commands that say nothing by themselves: their first argument does."""


def named(command: str, taken: Collection[str]) -> str:
    """A name of a-z, 0-9, _ and - for what a shell command does, unlike any of `taken`.

    `cd / && run-parts --report /etc/cron.hourly` is `run-parts-hourly`, `/usr/local/bin/backup.sh /home` is `backup`.
    """
    words = _telling(command)
    base = _slug(words)
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    return name


def _slug(words: list[str]) -> str:
    text = re.sub(r"[^a-z0-9_]+", "-", "-".join(words).lower())[:LONGEST].strip("-_")
    return text or "task"


def _telling(command: str) -> list[str]:
    """The words that tell what the command is about: the program's name, perhaps with its first argument's."""
    plain: list[list[str]] = []
    for simple in _simple(command):
        words = _unwrapped(simple)
        if not words:
            continue
        program = PurePosixPath(words[0]).name
        if words[0] in _GUARDS or words[:2] == ["command", "-v"] or _inline(program, words):
            plain.append([_stem(program)])
        else:
            return _subject(program, words)
    return plain[-1] if plain else []


def _inline(program: str, words: list[str]) -> bool:
    """Whether it is given its code on the line."""
    return _runner(program) and any(re.fullmatch(r"-\w*[ce]", w) for w in words[1:])


def _runner(program: str) -> bool:
    return program in _RUNNERS or re.sub(r"[\d.]+$", "", program) in _RUNNERS


def _subject(program: str, words: list[str]) -> list[str]:
    arguments = [PurePosixPath(w).name for w in words[1:] if not w.startswith("-")]
    if not _runner(program) or not arguments:
        return [_stem(program)]
    if program == "run-parts":
        return [program, arguments[-1].removeprefix("cron.")]
    if "-m" in words[1:-1]:
        return [words[words.index("-m") + 1]]
    return [_stem(arguments[0])]


def _stem(name: str) -> str:
    return re.sub(r"\.(sh|bash|py|pl|php|rb|js|jar|bin|cron)$", "", name)


def _simple(command: str) -> list[list[str]]:
    """The simple commands of a shell line, roughly: words without quotes, redirections left out."""
    found: list[list[str]] = [[]]
    for piece in _PIECE.findall(command):
        if piece in _ENDS:
            found.append([])
        elif not re.match(r"\d?[<>]", piece):
            found[-1].append(re.sub(r"""\\(.)|["']""", r"\1", piece))
    return found


def _unwrapped(words: list[str]) -> list[str]:
    """Without what stands before the program: variables, shell words, programs that only start it."""
    left = list(words)
    while left:
        first = PurePosixPath(left[0]).name
        if left[0] in _WORDS or re.match(r"[A-Za-z_]\w*=", left[0]):
            left.pop(0)
        elif first in _WRAPPERS and len(left) > 1:
            left.pop(0)
            while left and left[0].startswith("-"):
                option = left.pop(0)
                if option in _WRAPPERS[first] and left:
                    left.pop(0)
            del left[: _OPERANDS.get(first, 0)]
        else:
            break
    return left
