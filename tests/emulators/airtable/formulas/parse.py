"""Formula text into a tree.

Comparison binds weakest, then `&`, then `+ -`, then `* /`, then the sign. A field is `{Name}`, or a bare word without spaces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple


class BadFormula(Exception):
    """Airtable would refuse this text. The words are those that it gives after `The formula … is invalid: `."""


INVALID = "Invalid formula. Please check your formula text."


@dataclass(frozen=True)
class Literal:
    value: str | float


@dataclass(frozen=True)
class FieldRef:
    name: str


@dataclass(frozen=True)
class Call:
    """name: in capitals."""

    name: str
    args: tuple[Node, ...]


@dataclass(frozen=True)
class Binary:
    sign: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Negative:
    of: Node


Node = Literal | FieldRef | Call | Binary | Negative

_LEVELS = (("=", "!=", "<", "<=", ">", ">="), ("&",), ("+", "-"), ("*", "/"))
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<field>\{(?:[^}\\]|\\.)*\})
    | (?P<word>[^\W\d]\w*)
    | (?P<sign>!=|<=|>=|[=<>&+\-*/(),])
    | (?P<end>$)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


class _Token(NamedTuple):
    kind: str
    text: str


def parse(text: str) -> Node:
    """Raises BadFormula."""
    return _Parser(_tokens(text)).whole()


def fields_of(node: Node) -> list[str]:
    """The fields that a tree names, once each."""
    match node:
        case FieldRef(name):
            found = [name]
        case Call(_, args):
            found = [name for arg in args for name in fields_of(arg)]
        case Binary(_, left, right):
            found = fields_of(left) + fields_of(right)
        case Negative(of):
            found = fields_of(of)
        case Literal():
            found = []
    return list(dict.fromkeys(found))


def _tokens(text: str) -> list[_Token]:
    tokens, at = [], 0
    while True:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise BadFormula(INVALID)
        tokens.append(_Token(match.lastgroup, match[match.lastgroup]))
        if match.lastgroup == "end":
            return tokens
        at = match.end()


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text[1:-1], flags=re.DOTALL)


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def whole(self) -> Node:
        node = self._binary(0)
        if self._now.kind != "end":
            raise BadFormula(INVALID)
        return node

    @property
    def _now(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _is(self, sign: str) -> bool:
        return self._now == _Token("sign", sign)

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._signed()
        left = self._binary(level + 1)
        while self._now.kind == "sign" and self._now.text in _LEVELS[level]:
            sign = self._take().text
            left = Binary(sign, left, self._binary(level + 1))
        return left

    def _signed(self) -> Node:
        if self._is("-"):
            self._take()
            return Negative(self._signed())
        if self._is("+"):
            self._take()
            return self._signed()
        return self._single()

    def _single(self) -> Node:
        token = self._take()
        match token.kind:
            case "number":
                return Literal(float(token.text))
            case "text":
                return Literal(_unescaped(token.text))
            case "field":
                return FieldRef(_unescaped(token.text))
            case "word" if self._is("("):
                return Call(token.text.upper(), self._args())
            case "word":
                return FieldRef(token.text)
            case "sign" if token.text == "(":
                node = self._binary(0)
                self._close()
                return node
        raise BadFormula(INVALID)

    def _args(self) -> tuple[Node, ...]:
        self._take()
        args: list[Node] = []
        while not self._is(")"):
            args.append(self._binary(0))
            if not self._is(")"):
                if not self._is(","):
                    raise BadFormula(INVALID)
                self._take()
        self._close()
        return tuple(args)

    def _close(self) -> None:
        if not self._is(")"):
            raise BadFormula(INVALID)
        self._take()
