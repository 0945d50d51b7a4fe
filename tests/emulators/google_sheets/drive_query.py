"""The `q` of Drive's files.list: terms, `and`, `or`, `not`, brackets."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from tests.emulators.core.exchange import NotEmulated
from tests.emulators.google_sheets.errors import drive
from tests.emulators.google_sheets.files import File

TOKENS = re.compile(r"""\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<sign><=|>=|!=|[=<>()])|(?P<word>[A-Za-z_.]+))""")
Test = Callable[[File], bool]


class _Unread(Exception):
    pass


def query(text: str, email: str) -> Test:
    """email: who asks. Raises Refused for what can't be read, and NotEmulated for what isn't emulated."""
    try:
        return _Reading(_tokens(text), email).all()
    except _Unread:
        raise drive(400, "invalid", "Invalid Value", location="q", locationType="parameter") from None


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.strip()
    while at < len(text):
        match = TOKENS.match(text, at)
        if match is None:
            raise _Unread
        found.append((match.lastgroup or "", match[match.lastgroup or 0]))
        at = match.end()
    return found


class _Reading:
    def __init__(self, parts: list[tuple[str, str]], email: str) -> None:
        self._parts, self._at, self._email = parts, 0, email

    def all(self) -> Test:
        found = self._either()
        if self._at != len(self._parts):
            raise _Unread
        return found

    def _next(self, *words: str) -> bool:
        if self._at < len(self._parts) and self._parts[self._at][1] in words and self._parts[self._at][0] != "text":
            self._at += 1
            return True
        return False

    def _take(self, kind: str) -> str:
        if self._at >= len(self._parts) or self._parts[self._at][0] != kind:
            raise _Unread
        self._at += 1
        return self._parts[self._at - 1][1]

    def _text(self) -> str:
        return re.sub(r"\\(.)", r"\1", self._take("text")[1:-1])

    def _either(self) -> Test:
        tests = [self._both()]
        while self._next("or"):
            tests.append(self._both())
        return lambda file: any(test(file) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._next("and"):
            tests.append(self._one())
        return lambda file: all(test(file) for test in tests)

    def _one(self) -> Test:
        if self._next("not"):
            inner = self._one()
            return lambda file: not inner(file)
        if self._next("("):
            inner = self._either()
            if not self._next(")"):
                raise _Unread
            return inner
        if self._at < len(self._parts) and self._parts[self._at][0] == "text":
            return self._within(self._text())
        return self._term(self._take("word"))

    def _within(self, value: str) -> Test:
        if not self._next("in"):
            raise _Unread
        match self._take("word"):
            case "parents":
                return lambda file: value in file.parents
            case "owners":
                return lambda file: (self._email if value == "me" else value) == file.owner
            case "writers":
                return lambda file: file.may_write(value)
            case "readers":
                return lambda file: file.may_read(value)
        raise _Unread

    def _term(self, name: str) -> Test:
        sign = "contains" if self._next("contains") else self._take("sign") if name != "sharedWithMe" else ""
        if name == "sharedWithMe" or name in ("trashed", "starred"):
            wanted = True if not sign and not self._next("=") else self._take("word") == "true"
            return self._truth(name, wanted == (sign != "!="))
        value = self._text()
        match name, sign:
            case "name" | "mimeType", "=" | "!=":
                return lambda file: (_property(file, name) == value) == (sign == "=")
            case "name", "contains":
                return lambda file: any(word.startswith(value.lower()) for word in _words(file.name))
            case "mimeType", "contains":
                return lambda file: file.mime.startswith(value)
            case "modifiedTime" | "createdTime", "<" | "<=" | ">" | ">=" | "=" | "!=":
                return _when(name, sign, value)
        raise NotEmulated(f"{name} {sign} in a query for files")

    def _truth(self, name: str, wanted: bool) -> Test:
        match name:
            case "trashed":
                return lambda file: file.trashed == wanted
            case "sharedWithMe":
                return lambda file: (file.owner != self._email) == wanted
        raise NotEmulated(f"{name} in a query for files")


def _property(file: File, name: str) -> str:
    return file.name if name == "name" else file.mime


def _words(name: str) -> list[str]:
    """A name, from each of its words on: `contains` finds beginnings of words."""
    lower = name.lower()
    return [lower[match.start() :] for match in re.finditer(r"\w+", lower)] or [lower]


def _when(name: str, sign: str, text: str) -> Test:
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise _Unread from None
    value = value if value.tzinfo is not None else value.replace(tzinfo=UTC)

    def test(file: File) -> bool:
        at = file.created if name == "createdTime" else file.changes[-1].at
        return {
            "<": at < value,
            "<=": at <= value,
            ">": at > value,
            ">=": at >= value,
            "=": at == value,
            "!=": at != value,
        }[sign]

    return test
