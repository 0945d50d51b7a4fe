"""What an action's parameters may be, as the operator declares them, and how values from a row are bound to them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from actions import values
from actions.values import BadValue, Value, did_you_mean, quoted

ParameterName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]

LONGEST = 30_000
"""Characters of one value. Linux takes at most 128 KiB in one element of argv (execve(2)), and a character up to four bytes."""


class BadParameter(ValueError):
    """A row's value that can't be bound. name: the parameter.   message: the value, what is wrong, and the remedy."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


class ParameterType(StrEnum):
    """What a value is. A span of time reaches the action in seconds."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    PATH = "path"
    SPAN = "span"


NUMERIC = frozenset({ParameterType.INTEGER, ParameterType.NUMBER, ParameterType.SPAN})
"""Types whose values are numbers."""

_FOR: Mapping[str, frozenset[ParameterType]] = {
    "choices": frozenset({ParameterType.CHOICE}),
    "pattern": frozenset({ParameterType.TEXT}),
    "max_length": frozenset({ParameterType.TEXT, ParameterType.PATH}),
    "allow_dash": frozenset({ParameterType.TEXT}),
    "allow_at": frozenset({ParameterType.TEXT}),
    "allow_control": frozenset({ParameterType.TEXT}),
    "min": NUMERIC,
    "max": NUMERIC,
    "under": frozenset({ParameterType.PATH}),
}
"""Setting → the types that it means something for."""


class Parameter(BaseModel, extra="forbid", frozen=True):
    """One declared parameter: `[actions.NAME.parameters.PARAMETER]`."""

    type: ParameterType = Field(default=ParameterType.TEXT, description="What a value is; a span reaches the action in seconds.")
    description: str = Field(default="", description="For the people who edit rows.")
    default: Value | None = Field(
        default=None, description="What holds where a row gives none. Without it every row must give one."
    )
    choices: tuple[str, ...] = Field(default=(), description="choice: the words allowed, in any case.")
    pattern: str | None = Field(
        default=None, max_length=1000, description="text: a regular expression that the whole text must match."
    )
    min: float | None = Field(
        default=None, description="Numbers: the least; negative numbers are allowed only where it is negative."
    )
    max: float | None = Field(default=None, description="Numbers: the most. Spans: in seconds, as for min.")
    max_length: int = Field(default=1000, ge=1, le=LONGEST, description="text, path: characters at the most.")
    allow_dash: bool = Field(default=False, description="text: may begin with -, which many programs take for an option.")
    allow_at: bool = Field(default=False, description="text: may begin with @, which some programs take for the name of a file.")
    allow_control: bool = Field(
        default=False, description="text: may hold line breaks, tabs and other control characters; never NUL."
    )
    under: str | None = Field(
        default=None, description="path: the folder, absolute, that it must be in; symbolic links don't lead out."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for setting, types in _FOR.items():
            if getattr(self, setting) != type(self).model_fields[setting].default and self.type not in types:
                raise ValueError(
                    f"{setting} means nothing for the type {self.type}; remove it, or use {' or '.join(sorted(types))}"
                )
        if self.type is ParameterType.CHOICE and (not self.choices or any(not c or values.has_control(c) for c in self.choices)):
            raise ValueError('a choice needs its words; add choices = ["one", "another"]')
        if self.type is ParameterType.PATH and not _is_folder(self.under):
            raise ValueError('a path needs the absolute folder that it must stay in; add under = "/srv/data"')
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is more than max; exchange them")
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except re.error as exc:
                raise ValueError(f"the pattern is no regular expression ({exc}); mend it") from None
        if self.default is not None:
            try:
                read(self, self.default)
            except BadValue as exc:
                raise ValueError(f"the default is refused by its own rules: {exc}") from None
        return self

    @property
    def free(self) -> bool:
        """A row may put text of its own into it, beyond the operator's words and numbers."""
        return self.type in (ParameterType.TEXT, ParameterType.PATH)


def bind(parameters: Mapping[str, Parameter], given: Mapping[str, object]) -> dict[str, Value]:
    """A value for every declared parameter, in the order of their declaration.

    given: as JSON or typed cells have it. None and "" are as if not given.
    A path is made absolute, and may still lead out through a symbolic link: `actions.paths.confined` looks, when it runs.
    Raises BadParameter for the first value that can't be used, an unknown name included.
    """
    for name in given:
        if name not in parameters:
            known = f"; known here: {', '.join(parameters)}" if parameters else "; this action takes no parameters, remove it"
            raise BadParameter(name, f"there is no such parameter{did_you_mean(name, parameters) or known}")
    return {name: _bound(name, parameter, given.get(name)) for name, parameter in parameters.items()}


def _bound(name: str, parameter: Parameter, given: object) -> Value:
    if values.is_blank(given):
        if parameter.default is None:
            raise BadParameter(name, "has no value and no default; give it one")
        if parameter.default == "":
            return ""
        given = parameter.default
    try:
        return read(parameter, given)
    except BadValue as exc:
        raise BadParameter(name, str(exc)) from None


def read(parameter: Parameter, given: object) -> Value:
    """One value, as the parameter's rules want it. Raises BadValue."""
    match parameter.type:
        case ParameterType.TEXT:
            return _text(parameter, values.read_text(given))
        case ParameterType.INTEGER:
            return _within(parameter, values.read_whole(given), given)
        case ParameterType.NUMBER:
            return _within(parameter, values.read_number(given), given)
        case ParameterType.SPAN:
            return _within(parameter, values.read_seconds(given), given, " seconds")
        case ParameterType.BOOLEAN:
            return values.read_truth(given)
        case ParameterType.CHOICE:
            return _choice(parameter, values.read_text(given))
        case ParameterType.PATH:
            return _path(parameter, values.read_text(given))


def _text(parameter: Parameter, said: str) -> str:
    _short(parameter, said)
    if "\0" in said or any("\ud800" <= c <= "\udfff" for c in said):
        raise BadValue(f"{quoted(said)} holds a character that no program can be given; type it again")
    if not parameter.allow_control and values.has_control(said):
        raise BadValue(f"{quoted(said)} holds a line break or another control character; write it on one line")
    if said.startswith("-") and not parameter.allow_dash:
        raise BadValue(f"{quoted(said)} begins with a hyphen, which a program may take for an option; begin it otherwise")
    if said.startswith("@") and not parameter.allow_at:
        raise BadValue(f"{quoted(said)} begins with @, which a program may take for the name of a file; begin it otherwise")
    if parameter.pattern is not None and re.fullmatch(parameter.pattern, said) is None:
        raise BadValue(f"{quoted(said)} doesn't have the form that is asked for; it must match {parameter.pattern}")
    return said


def _short(parameter: Parameter, said: str) -> None:
    if len(said) > parameter.max_length:
        raise BadValue(f"{quoted(said)} has {len(said):,} characters; shorten it to {parameter.max_length:,}")


def _within(parameter: Parameter, value: int | float, given: object, unit: str = "") -> int | float:
    # A negative number begins with a hyphen, as an option does (`kill -9`), so it has to be asked for.
    least = 0 if parameter.min is None else parameter.min
    if value < least:
        raise BadValue(f"{quoted(given)} is too little; write {values.written(values.read_number(least))}{unit} or more")
    if parameter.max is not None and value > parameter.max:
        raise BadValue(f"{quoted(given)} is too much; write {values.written(values.read_number(parameter.max))}{unit} or less")
    return value


def _choice(parameter: Parameter, said: str) -> str:
    wanted = said.strip().casefold()
    for word in parameter.choices:
        if word.casefold() == wanted:
            return word
    raise BadValue(f"{quoted(said)} is not one of {', '.join(parameter.choices)}{did_you_mean(said, parameter.choices)}")


def _path(parameter: Parameter, said: str) -> str:
    _short(parameter, said)
    if values.has_control(said):
        raise BadValue(f"{quoted(said)} holds a line break or another control character; write it on one line")
    under, path = PurePosixPath(parameter.under or "/"), PurePosixPath(said.strip())
    if ".." in path.parts:
        raise BadValue(f"{quoted(said)} holds ..; write the path without it")
    whole = under / path  # an absolute path takes the place of the folder
    if not whole.is_relative_to(under):
        raise BadValue(f"{quoted(said)} is not in {under}; write a path in that folder")
    return str(whole)


def _is_folder(under: str | None) -> bool:
    return under is not None and under.startswith("/") and not under.startswith("//") and ".." not in PurePosixPath(under).parts
