"""What a task is called after the command that it runs. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import takewhile
from pathlib import PurePosixPath

from rowd.shellwords import code_in, program_of, simple, unwrapped

LONGEST = 60
"""Characters, with room left below the 64 that an action's name may have."""

_GUARDS = frozenset(
    {"test", "[", "[[", "cd", "true", "false", ":", ".", "source", "export", "umask", "ulimit", "set", "unset", "trap", "sleep"}
    | {"echo", "printf", "exit", "wait"}
)
"""Commands that stand before what a line is about."""

_RUNNERS = frozenset({"sh", "bash", "dash", "zsh", "python", "python3", "perl", "php", "ruby", "node", "java", "run-parts"})
"""Commands that say nothing by themselves: their first argument does."""

_SERVICES = {"invoke-rc.d": 0, "service": 0, "systemctl": 1}
"""Commands that do something with a service → which of their arguments names it; the other one says what."""


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
    return f"task-{text}" if re.fullmatch(r"[0-9_-]+", text) else text or "task"


def _telling(command: str) -> list[str]:
    """The words that tell what the command is about: the program's name, perhaps with its first argument's."""
    plain: list[list[str]] = []
    for one in simple(command):
        words = unwrapped(one.words)
        if (code := code_in(words)) is not None and (within := _telling(code)):
            words = within
            program = within[0]
        elif words:
            program = program_of(words)
        else:
            continue
        if program in _GUARDS or words[:2] == ["command", "-v"] or _inline(program, words):
            plain.append([_stem(program)])
        else:
            return words if code is not None else _subject(program, words)
    return plain[-1] if plain else []


def _inline(program: str, words: list[str]) -> bool:
    """Whether it is given its code on the line."""
    return _runner(program) and any(re.fullmatch(r"-\w*[ce]", w) for w in takewhile(_option, words[1:]))


def _option(word: str) -> bool:
    return word.startswith("-")


def _runner(program: str) -> bool:
    return program in _RUNNERS or re.sub(r"[\d.]+$", "", program) in _RUNNERS


def _subject(program: str, words: list[str]) -> list[str]:
    arguments = [PurePosixPath(w).name for w in words[1:] if not w.startswith("-")]
    if program in _SERVICES and len(arguments) > 1:
        which = _SERVICES[program]
        return [_stem(re.sub(r"\.service$", "", arguments[which])), arguments[1 - which]]
    if not _runner(program) or not arguments:
        return [_stem(program)]
    if program == "run-parts":
        return [program, arguments[-1].removeprefix("cron.")]
    if "-m" in words[1:-1]:
        return [words[words.index("-m") + 1]]
    return [_stem(arguments[0])]


def _stem(name: str) -> str:
    return re.sub(r"\.(sh|bash|py|pl|php|rb|js|jar|bin|cron)$", "", name)
