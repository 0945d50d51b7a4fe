"""What is wrong with a configuration, said so that its owner can put it right. All mistakes of one reading are told together."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from pydantic import BaseModel, ValidationError

from config.phrases import phrase
from config.places import key_of, known_at


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to put right.

    file: the file it is in, or "environment".
    key: the dotted key (`tables.ops.poll`; items of a list are counted from 1: `blackout[2].from`), a variable's name, or
        `line 3, column 5`; empty for the file as a whole.
    message: what is wrong, without a full stop.   remedy: what to do, to stand after a semicolon.
    """

    file: str
    key: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}: {self._said()}"

    def _said(self) -> str:
        return f"{self.key}: {self.message}; {self.remedy}" if self.key else f"{self.message}; {self.remedy}"


class ConfigError(Exception):
    """The configuration can't be used. `mistakes` is never empty; the text lists them by file."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__(self.mistakes)

    def __str__(self) -> str:
        lines = []
        for file, group in groupby(sorted(self.mistakes, key=attrgetter("file")), key=attrgetter("file")):
            found = list(group)
            lines.append(f"{file}: {len(found)} {'mistake' if len(found) == 1 else 'mistakes'}")
            lines += [f"  {mistake._said()}" for mistake in found]
        return "\n".join(lines)


ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("run", "command", "cmd", "exec", "program", "script", "shell"), ("argv",)),
    **dict.fromkeys(("workdir", "workingdirectory", "working_directory", "dir", "directory"), ("cwd",)),
    **dict.fromkeys(("env", "variables"), ("environment",)),
    **dict.fromkeys(("retries", "max_attempts", "max_retries"), ("attempts",)),
    **dict.fromkeys(("interval", "every", "refresh", "poll"), ("poll", "every", "max_age")),
    **dict.fromkeys(("max_age", "age", "ttl", "freshness"), ("max_age", "every")),
    **dict.fromkeys(("css", "selector", "css_selector"), ("select",)),
    **dict.fromkeys(("conninfo", "connection", "database_url", "server"), ("dsn",)),
    **dict.fromkeys(("file", "database", "db"), ("path",)),
    **dict.fromkeys(("backend", "store", "type"), ("connector", "kind")),
    "tz": ("time_zone",),
}
"""What other programs call what is called otherwise here."""


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant; None where none is near."""
    folded = {k.casefold(): k for k in known}
    if (same := next((one for one in ELSEWHERE.get(word.casefold(), ()) if one in folded), None)) is not None:
        return folded[same]
    near = difflib.get_close_matches(word.casefold(), folded, n=1)
    return folded[near[0]] if near else None


def pointer(word: str, known: Sequence[str], otherwise: str) -> str:
    """A remedy for an unknown word: the one that was probably meant, else all of them, else `otherwise`."""
    if (meant := closest(word, known)) is not None:
        return f'did you mean "{meant}"?'
    return f"known here: {', '.join(sorted(known))}" if known else otherwise


MOST_NAMED = 10
"""So many names at most are told to whoever has named what isn't there."""


def nearest_first(word: str, known: Iterable[str]) -> str:
    """What there is, for whoever has named what isn't there: those first that look most like the word."""
    return first_of(by_likeness(word, known))


def first_of(names: Sequence[str]) -> str:
    """At most so many of them, and how many more there are."""
    rest = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")


def by_likeness(word: str, known: Iterable[str]) -> list[str]:
    """All of them, those first that look most like the word."""
    plain = word.casefold()
    return sorted(known, key=lambda one: -difflib.SequenceMatcher(None, plain, one.casefold()).ratio())


def mistakes_of(
    exc: ValidationError,
    file: str,
    prefix: str = "",
    model: type[BaseModel] | None = None,
    also: Sequence[str] = (),
) -> list[Mistake]:
    """What pydantic found, one mistake per key, in the order of the model.

    prefix: the dotted key under which the validated mapping stands (`tables.ops`); empty for the whole file.
    model: the model that refused, for "did you mean".   also: further keys that may stand beside the model's own at its top level.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for error in exc.errors(include_url=False):
        loc = error["loc"]
        if error["type"] == "extra_forbidden":
            known = [*known_at(model, loc[:-1]), *(also if len(loc) == 1 else ())]
            said = ("there is no such setting", pointer(str(loc[-1]), known, "remove it"))
        else:
            said = phrase(error)
        found.setdefault(key_of(model, loc, prefix), []).append(said)
    return [Mistake(file, key, *_merged(said)) for key, said in found.items()]


def _merged(said: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """A key refused by every branch of a union has a sentence from each; they are alternatives."""
    messages = list(dict.fromkeys(message for message, _ in said))
    remedies = list(dict.fromkeys(remedy for _, remedy in said))
    return ", and ".join(messages), ", or ".join(remedies)
