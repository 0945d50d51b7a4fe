"""A small JSON service at httpx's transport seam: rows in a dict, with or without ETags; every request is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.api import Gate, Patch, Place, Row, Written, open_gate
from connectors.rest import EditableRestTable, RestSettings
from connectors.rest.client import Client

URL = "https://tasks.example.com/api"
SECRET = "s3cret-of-a-test"
Answer = Callable[[httpx.Request], httpx.Response | None]

START: dict[str, dict[str, Any]] = {
    "1": {"id": 1, "Name": "alpha", "Action": "work", "Status": "active", "Current": 2},
    "2": {"id": 2, "Name": "beta", "Action": "work", "Status": None, "Current": 0},
}
SAID: dict[str, Any] = {
    "url": URL,
    "list": "/tasks",
    "get": "/tasks/{key}",
    "update": "PATCH /tasks/{key}",
    "create": "POST /tasks",
    "delete": "DELETE /tasks/{key}",
}


class Shop:
    """etags: whether rows and the list have them.   heeds: whether If-Match is looked at.

    before: asked first, once each: an answer of theirs is the answer, with `None` the shop gives its own.
    said: method and path of every request since it was last emptied.
    """

    def __init__(self) -> None:
        self.rows = json.loads(json.dumps(START))
        self.etags = self.heeds = False
        self.before: list[Answer] = []
        self.said: list[str] = []
        self.requests: list[httpx.Request] = []
        self.versions: dict[str, int] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.said.append(f"{request.method} {request.url.raw_path.decode().removeprefix('/api')}")
        if self.before and (answer := self.before.pop(0)(request)) is not None:
            return answer
        path = request.url.path.removeprefix("/api")
        body = json.loads(request.content or b"null")
        if path == "/tasks":
            if request.method == "POST":
                return self._made(str(max([0, *map(int, self.rows)]) + 1), body)
            return self._list(request)
        key = path.removeprefix("/tasks/")
        if request.method == "PUT" and key not in self.rows:
            return self._made(key, body)
        if key not in self.rows:
            return httpx.Response(404, json={"message": f"no task {key}"})
        wanted = request.headers.get("If-Match")
        if self.heeds and wanted is not None and wanted != self.etag(key):
            return httpx.Response(412, json={"message": "it has changed"})
        if request.method == "DELETE":
            del self.rows[key]
            return httpx.Response(204)
        if request.method == "PATCH":
            self.edit(key, **body)
        if request.method == "PUT":
            self.rows[key] = body
            self.versions[key] = self.versions.get(key, 1) + 1
        return httpx.Response(200, json=self.rows[key], headers=self._headers(key))

    def edit(self, key: str, **cells: Any) -> None:
        """Somebody types."""
        self.rows[key].update(cells)
        self.versions[key] = self.versions.get(key, 1) + 1

    def etag(self, key: str) -> str:
        return f'"v{self.versions.get(key, 1)}"'

    def _made(self, key: str, body: dict[str, Any]) -> httpx.Response:
        self.rows[key] = {"id": int(key) if key.isdigit() else key, **body}
        return httpx.Response(201, json=self.rows[key])

    def _list(self, request: httpx.Request) -> httpx.Response:
        body = json.dumps(list(self.rows.values())).encode()
        etag = f'"{blake2b(body, digest_size=6).hexdigest()}"'
        if self.etags and request.headers.get("If-None-Match") == etag:
            return httpx.Response(304)
        return httpx.Response(200, content=body, headers={"ETag": etag} if self.etags else {})

    def _headers(self, key: str) -> dict[str, str]:
        return {"ETag": self.etag(key)} if self.etags else {}


class Wire(httpx.BaseTransport):
    """Carries answers as a network does: as bytes, yet to be read."""

    def __init__(self, answers: Callable[[httpx.Request], httpx.Response]) -> None:
        self._answers = answers

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        given = self._answers(request)
        if not given.is_closed:  # it is a stream already
            return given
        return httpx.Response(given.status_code, headers=given.headers, stream=httpx.ByteStream(given.content))


def place(gate: Gate = open_gate, **secrets: str) -> Place:
    known = {"TOKEN": SECRET, **secrets}
    return Place("ops", Path("/nowhere"), id_column="ID", name_column="Name", secret=known.__getitem__, gate=gate)


def settings(**said: Any) -> RestSettings:
    return RestSettings.model_validate({k: v for k, v in {**SAID, **said}.items() if v is not ...})


def table_of(answers: Callable[[httpx.Request], httpx.Response], there: Place | None = None, **said: Any) -> EditableRestTable:
    """A table whose requests go to whoever answers.   said: settings; `...` leaves one out."""
    return EditableRestTable(settings(**said), there or place(), transport=Wire(answers))


def client_of(answers: Callable[[httpx.Request], httpx.Response], there: Place | None = None, **said: Any) -> Client:
    return Client(settings(**said), there or place(), Wire(answers))


def rows(table: EditableRestTable) -> dict[str, Row]:
    return {row.key: row for row in table.read().rows}


def write(table: EditableRestTable, key: str, put: Mapping[str, Any], **expect: Any) -> Written:
    return table.write([Patch(key, put, expect)])[0]


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def table(shop: Shop) -> EditableRestTable:
    """Over a shop without ETags."""
    made = table_of(shop)
    made.read()
    shop.said.clear()
    return made
