"""Values of a row with `{{ name }}` in them: read, looked through, and filled in. Pure.

Jinja reads and fills them in, in its sandbox; but only names, constants and a few filters may stand in the braces: nothing in a
cell can loop, call, or make a text much longer than what it is made of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, Undefined, UndefinedError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from msgspec import Struct

from actions.values import Value, did_you_mean, quoted, written
from config.fields import spelled
from engine.condition import Given, Reference, Unknown, dotted

LONGEST = 10_000
"""Characters of one value with braces in it."""

MOST_NAMES = 50
"""So many names may stand in one value."""

LONGEST_FILLED = 100_000
"""Characters of what it comes to."""

_FORMAT = re.compile(r"(?:[^%\0]|%-?[aAbBcdHIjmMpSUuVwWxXyYzZ%])*")
"""What strftime may be given: no widths."""


class Unreadable(ValueError):
    """A value whose braces can't be read: what is wrong, and the remedy."""


class Unfilled(ValueError):
    """A value that can't be filled in now: why, in one clause."""


class Template(Struct, frozen=True):
    """A value with braces in it, as it stands in the row.   names: what it asks for, in words, as conditions have them."""

    text: str
    names: frozenset[Reference]


@lru_cache(maxsize=4096)
def read(text: str) -> Template:
    """Raises Unreadable."""
    if "\0" in text:
        raise Unreadable("holds a character that no program can be given; type it again")
    if len(text) > LONGEST:
        raise Unreadable(f"has {len(text):,} characters; with {{{{ }}}} in it, it may have {LONGEST:,}")
    try:
        tree = _ENVIRONMENT.parse(text)
    except TemplateSyntaxError as exc:
        raise Unreadable(f"can't be read: {_said(exc)}; write a name in the braces, like {{{{ date }}}}") from None
    names: list[Reference] = []
    for part in (part for node in tree.find_all(nodes.Output) for part in node.nodes):
        if not isinstance(part, nodes.TemplateData):
            _look_through(part, names)
    if len(names) > MOST_NAMES:
        raise Unreadable(f"asks for {len(names)} values; {MOST_NAMES} are the most")
    return Template(text, frozenset(names))


def filled(template: Template, given: Mapping[Reference, Given], zone: tzinfo) -> str:
    """What it comes to.   given: what its names stand for.   zone: of instants.   Raises Unfilled."""
    try:
        found: str = _compiled(template.text).render(_scopes(template.names, given, zone))
    except UndefinedError as exc:
        raise Unfilled(str(exc)) from None
    except (TemplateError, TypeError, ValueError, ArithmeticError) as exc:  # a filter that is given what it can't be used on
        raise Unfilled(f"it can't be filled in: {exc}") from None
    if len(found) > LONGEST_FILLED:
        raise Unfilled(f"filled in, it has {len(found):,} characters; {LONGEST_FILLED:,} are the most")
    return found


class _Instant(Struct, frozen=True):
    """An instant, or a day, in the row's zone, as filters are given it."""

    at: datetime | date

    def __str__(self) -> str:
        return self.at.isoformat(timespec="seconds") if isinstance(self.at, datetime) else self.at.isoformat()


class _Scope:
    """Names below a name. It has no attributes that a name could be taken for."""

    __slots__ = ("_below",)

    def __init__(self) -> None:
        self._below: dict[str, Any] = {}

    def __getitem__(self, name: object) -> Any:
        return self._below[str(name)]


def _scopes(names: frozenset[Reference], given: Mapping[Reference, Given], zone: tzinfo) -> dict[str, Any]:
    top = _Scope()
    for words in names:
        scope = top
        for word in words[:-1]:
            below = scope._below.setdefault(word, _Scope())
            if not isinstance(below, _Scope):
                raise Unfilled(f"{dotted(words)} is part of a value")
            scope = below
        scope._below[words[-1]] = _operand(words, given.get(words), zone)
    return top._below


def _operand(words: Reference, value: Given, zone: tzinfo) -> Any:
    if isinstance(value, Unknown):
        return StrictUndefined(hint=f"{dotted(words)} is not known: {value.why}")
    if value is None:
        return StrictUndefined(hint=f"{dotted(words)} has no value")
    if isinstance(value, datetime):
        return _Instant(value.astimezone(zone))
    return _Instant(value) if isinstance(value, date) else value


def _look_through(node: nodes.Node, names: list[Reference]) -> None:
    """Gather its names. Raises Unreadable for anything but names, constants and filters."""
    if isinstance(node, nodes.Filter) and node.node is not None:
        if node.name not in FILTERS:
            raise Unreadable(f"has the filter {quoted(node.name)}, which isn't known{did_you_mean(node.name, FILTERS)}")
        if len(node.args) > (node.name in _TAKES):
            raise Unreadable(f"gives the filter {node.name} more than it takes")
        plain = all(isinstance(argument, nodes.Const) for argument in node.args)
        if not plain or node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise Unreadable(f"gives the filter {node.name} more than constants; write texts in quotes, or numbers")
        _look_through(node.node, names)
    elif isinstance(node, nodes.Const):
        pass
    elif (words := _words(node)) is not None:
        names.append(words)
    else:
        raise Unreadable("has more than a name in its braces; only names, texts in quotes and filters can stand there")


def _words(node: nodes.Node) -> Reference | None:
    """A dotted name in its words; None for anything else."""
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        before = _words(node.node)
        if before is not None and node.attr.startswith("_"):  # nothing that begins so is a name here, Jinja says
            raise Unreadable(f'has {node.attr} in it; write ["{node.attr}"] if it is the name of something')
        return (*before, node.attr) if before is not None else None
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str | int):
        before = _words(node.node)
        return (*before, str(node.arg.value)) if before is not None else None
    return None


@lru_cache(maxsize=1024)
def _compiled(text: str) -> Any:
    return _ENVIRONMENT.from_string(text)


def _finalized(value: Any) -> Any:
    """How a value is written into the text."""
    if isinstance(value, timedelta):
        return spelled(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return written(value) if isinstance(value, bool | int | float) else value


def _said(exc: TemplateSyntaxError) -> str:
    return (exc.message or "").rstrip(".")


def _format(value: Any, pattern: str = "%Y-%m-%d %H:%M") -> Any:
    """An instant by a pattern of strftime."""
    if isinstance(value, Undefined):
        return value  # `default` may follow
    if not isinstance(value, _Instant):
        raise TypeError("format is for instants, like due and last_success")
    if len(pattern) > 100 or _FORMAT.fullmatch(pattern) is None:
        raise ValueError(f"the format {quoted(pattern)} can't be used; write one like %Y-%m-%d")
    return value.at.strftime(pattern)


def _default(value: Any, other: Value = "") -> Any:
    return other if isinstance(value, Undefined) else value


def _text(change: Callable[[str], str]) -> Callable[[Any], Any]:
    return lambda value: value if isinstance(value, Undefined) else change(str(_finalized(value)))


def _round(value: Any, digits: int = 0) -> Any:
    if isinstance(value, Undefined):
        return value
    try:
        found = round(float(value), max(0, min(int(digits), 15)))
    except (TypeError, ValueError):
        raise TypeError(f"round is for numbers, and this is {quoted(str(value))}") from None
    return found if digits else int(found)


def _slug(text: str) -> str:
    """Fit for the name of a file: letters, digits, `_`, `-` and single dots."""
    return re.sub(r"-+", "-", re.sub(r"[^\w.-]+|\.{2,}", "-", text)).strip("-.") or "-"


FILTERS: Mapping[str, Callable[..., Any]] = {
    "default": _default,
    "format": _format,
    "lower": _text(str.lower),
    "upper": _text(str.upper),
    "title": _text(str.title),
    "trim": _text(str.strip),
    "slug": _text(_slug),
    "first_line": _text(lambda text: (text.splitlines() or [""])[0]),
    "round": _round,
}
"""The filters that there are."""

_TAKES = frozenset({"default", "format", "round"})
"""Those that take one constant."""

_NEVER = {f"{what}_{side}_string": f"\0{what}{side}" for what in ("block", "comment") for side in ("start", "end")}
"""What begins and ends statements and comments: nothing that can stand in a cell."""

_ENVIRONMENT = ImmutableSandboxedEnvironment(**_NEVER, undefined=StrictUndefined, finalize=_finalized, keep_trailing_newline=True)
_ENVIRONMENT.filters = dict(FILTERS)
_ENVIRONMENT.globals = {}
_ENVIRONMENT.tests = {}
