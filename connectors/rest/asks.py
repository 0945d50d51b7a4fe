"""Requests as the operator writes them: a method, a path, a body with places for the key and the cells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from connectors.rest.pointers import TOP, Spot

KEY, CELLS = "{key}", "{cells}"
"""In a path or a body: the row's key. In a body: the object of the cells that are written."""

_LINE = re.compile(r"(?:(?P<method>[A-Z]+) +)?(?P<path>/\S*)", re.ASCII)


def local(path: str) -> str:
    """A path on the service, with a query or without. Raises ValueError."""
    if not re.fullmatch(r"/[\x21-\x7e]*", path, re.ASCII) or path.startswith("//") or "#" in path or "\\" in path:
        raise ValueError(f'"{path}" is no path; write what follows the `url`, such as "/tasks"')
    if "{" in path.replace(KEY, ""):
        raise ValueError(f'"{path}": only {KEY} may stand in braces')
    return path


def _listed(path: str) -> str:
    if KEY in local(path):
        raise ValueError(f'"{path}": a list is no row\'s, so there is no {KEY} in it')
    return path


ListPath = Annotated[str, AfterValidator(_listed)]
"""Where the rows are listed."""


class Ask(BaseModel):
    """One kind of request about a row."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    request: str = Field(description="Method and path, as `PATCH /tasks/{key}`.")
    row: Spot = Field(default=TOP, description="Where the row stands in the answer: a name or a JSON pointer.")

    @model_validator(mode="before")
    @classmethod
    def _in_short(cls, value: object) -> object:
        return {"request": value} if isinstance(value, str) else value

    @property
    def method(self) -> str:
        return self._line["method"] or "GET"

    def target(self, key: str) -> str:
        """Path and query, for the row of this key, as the service itself has it."""
        return self._line["path"].replace(KEY, quote(key, safe=""))

    @property
    def _line(self) -> Mapping[str, str]:
        line = _LINE.fullmatch(self.request.strip())
        if line is None:
            raise ValueError(f'"{self.request}" is no request; write method and path, such as "PATCH /tasks/{KEY}"')
        local(line["path"])
        return line.groupdict()


class Get(Ask):
    """How one row is read."""

    @model_validator(mode="after")
    def _reads(self) -> Self:
        if self.method != "GET" or KEY not in self._line["path"]:
            raise ValueError(f'"{self.request}" reads no row; write a path with {KEY} in it, such as "/tasks/{KEY}"')
        return self


class Delete(Ask):
    """How one row is removed."""

    @model_validator(mode="after")
    def _removes(self) -> Self:
        if self.method not in ("DELETE", "POST") or KEY not in self._line["path"]:
            raise ValueError(f'"{self.request}" removes no row; write DELETE or POST and a path with {KEY} in it')
        return self


class Change(Ask):
    """How a row is written."""

    body: JsonValue = Field(default=CELLS, description="The body, with `{cells}` where the cells stand.")
    type: str = Field(default="application/json", pattern=r"^[\w.+-]+/[\w.+-]+$", description="The body's media type.")

    def filled(self, key: str, cells: Mapping[str, Any]) -> Any:
        """The body for this row."""
        return _filled(self.body, key, cells)

    @model_validator(mode="after")
    def _holds_cells(self) -> Self:
        if self.method not in ("PATCH", "PUT", "POST"):
            raise ValueError(f'"{self.request}" writes nothing; write PATCH, PUT or POST')
        if list(_texts(self.body)).count(CELLS) != 1:
            raise ValueError(f'`body` needs one place for the cells: body = {{ data = "{CELLS}" }}')
        return self


class Update(Change):
    """How a row that is there is written. PUT puts a whole row in its place, so it is sent one."""

    @model_validator(mode="after")
    def _names_the_row(self) -> Self:
        if KEY not in self._line["path"] and KEY not in _texts(self.body):
            raise ValueError(f'"{self.request}" says nowhere which row; write {KEY} into the path or the body')
        return self


class Create(Change):
    """How a row is made. With `{key}` in it, the row gets a key of rowd's choice."""

    @property
    def chooses(self) -> bool:
        return KEY in self._line["path"] or KEY in _texts(self.body)


def _texts(body: Any) -> Iterator[str]:
    match body:
        case str():
            yield body
        case dict():
            for each in body.values():
                yield from _texts(each)
        case list():
            for each in body:
                yield from _texts(each)


def _filled(body: Any, key: str, cells: Mapping[str, Any]) -> Any:
    match body:
        case "{cells}":
            return dict(cells)
        case "{key}":
            return key
        case dict():
            return {name: _filled(each, key, cells) for name, each in body.items()}
        case list():
            return [_filled(each, key, cells) for each in body]
    return body
