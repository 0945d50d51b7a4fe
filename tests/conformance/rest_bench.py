"""The benches of the store `rest`: Kinto, where others use its HTTP API too; Datasette, where somebody has the SQLite file open."""

from __future__ import annotations

import json
import sqlite3
from base64 import b64encode
from collections.abc import Mapping
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connectors.api import Cell, Place
from connectors.rest import BACKEND, RestSettings, RestTable
from tests.conformance.suite import COLUMNS, START, Bench
from tests.servers import Service

USER, PASSWORD = "rowd", "of-a-test"
_numbers = count(1)


class RestBench(Bench):
    """service: the real server.   said: settings of the table."""

    table: RestTable

    def __init__(self, service: Service) -> None:
        self.service = service
        self.number = next(_numbers)
        self._before = service.counted()
        self._opened: list[RestTable] = []

    def said(self) -> dict[str, Any]:
        raise NotImplementedError

    def secret(self, name: str) -> str:
        raise NotImplementedError

    def reopened(self) -> RestTable:
        place = Place("Ops", Path("/nowhere"), id_column="ID", name_column="Name", secret=self.secret, gate=self.gate)
        table = BACKEND.open(RestSettings.model_validate({"requests_per_minute": 600, **self.said()}), place)
        assert isinstance(table, RestTable)
        self._opened.append(table)
        return table

    def counted(self) -> int:
        return self.service.counted() - self._before

    def close(self) -> None:
        for table in self._opened:
            table.close()

    def formula(self, name: str, header: str) -> bool:
        return False  # nothing computes JSON

    def sort_by(self, header: str) -> None:
        """Each looks at the rows as he likes: `Traits.ordered`."""


class Api:
    """Kinto by another client than rowd's."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=30)
        self._headers = {
            "Authorization": "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode(),
            "Content-Type": "application/json",
            "User-Agent": "somebody else",
        }

    def ask(self, method: str, path: str, data: Mapping[str, Any] | None = None) -> Any:
        body = json.dumps({"data": data}) if data is not None else None
        self._connection.request(method, f"/v1{path}", body, self._headers)
        with self._connection.getresponse() as answer:
            said = json.loads(answer.read() or b"{}")
            assert answer.status < 300, said
        return said.get("data")

    def close(self) -> None:
        self._connection.close()


class KintoBench(RestBench):
    """pages: whether the list comes in pages, and rows are written as a whole."""

    def __init__(self, service: Service, *, pages: bool) -> None:
        super().__init__(service)
        self._pages = pages
        self._api = Api(service.url)
        self._path = f"/buckets/ops/collections/tasks-{self.number}"
        self._order: dict[str, None] = {}  # ids, as they were met
        self._api.ask("PUT", "/buckets/ops")
        self._api.ask("PUT", self._path)
        for row in START:
            self.insert({header: row.get(header) for header in COLUMNS}, at=0)
        self.table = self.reopened()
        self.table.read()  # which finds that there is an ETag

    def said(self) -> dict[str, Any]:
        records, row = f"{self._path}/records", f"{self._path}/records/{{key}}"
        said: dict[str, Any] = {
            "url": f"{self.service.url}/v1",
            "list": f"{records}?_sort=last_modified",
            "rows": "data",
            "automatic": ["id", "last_modified"],
            "get": {"request": row, "row": "data"},
            "update": {"request": f"PATCH {row}", "body": {"data": "{cells}"}, "row": "data"},
            "create": {"request": f"POST {records}", "body": {"data": "{cells}"}, "row": "data"},
            "delete": f"DELETE {row}",
            "auth": {"by": "basic", "user": USER, "secret": "KINTO_PASSWORD"},
        }
        if self._pages:
            said |= {
                "list": f"{records}?_sort=last_modified&_limit=2",
                "paging": {"by": "link", "header": "Next-Page"},
                "update": {"request": f"PUT {row}", "body": {"data": "{cells}"}, "row": "data"},
                "create": {"request": f"PUT {row}", "body": {"data": "{cells}"}, "row": "data"},
            }
        return said

    def secret(self, name: str) -> str:
        return {"KINTO_PASSWORD": PASSWORD}[name]

    def close(self) -> None:
        super().close()
        self._api.close()

    def peek(self) -> list[dict[str, Cell]]:
        records = self._records()
        headers = list(dict.fromkeys(header for record in records.values() for header in record))
        return [{header: _shown(records[id_].get(header)) for header in headers} for id_ in self._order if id_ in records]

    def poke(self, name: str, cells: Mapping[str, Cell]) -> None:
        self._api.ask("PATCH", f"{self._path}/records/{self._id(name)}", dict(cells))

    def insert(self, cells: Mapping[str, Cell], at: int) -> None:
        headers = next(iter(self._records().values()), dict.fromkeys(COLUMNS))
        made = self._api.ask("POST", f"{self._path}/records", {**dict.fromkeys(headers), **cells})
        self._order[made["id"]] = None

    def delete(self, name: str) -> None:
        self._api.ask("DELETE", f"{self._path}/records/{self._id(name)}")

    def rename(self, header: str, to: str) -> None:
        for id_, cells in self._records().items():
            self._api.ask("PUT", f"{self._path}/records/{id_}", {to if h == header else h: v for h, v in cells.items()})

    def move(self, header: str, to: int) -> None:
        for id_, cells in self._records().items():
            names = [name for name in cells if name != header]
            names.insert(to, header)
            self._api.ask("PUT", f"{self._path}/records/{id_}", {name: cells[name] for name in names})

    def _records(self) -> dict[str, dict[str, Cell]]:
        """Id → fields."""
        found = self._api.ask("GET", f"{self._path}/records?_sort=last_modified")
        self._order |= dict.fromkeys(record["id"] for record in found)
        return {record["id"]: {h: v for h, v in record.items() if h not in ("id", "last_modified")} for record in found}

    def _id(self, name: str) -> str:
        return next(id_ for id_, cells in self._records().items() if cells.get("Name") == name)


class DatasetteBench(RestBench):
    """One database for all benches; each has a table of its own."""

    def __init__(self, service: Service, database: Path) -> None:
        super().__init__(service)
        self._database = sqlite3.connect(database, isolation_level=None, timeout=30)
        self._table = f"tasks_{self.number}"
        self._make(list(COLUMNS))
        for row in START:
            self.insert(row, at=0)
        self.table = self.reopened()

    def said(self) -> dict[str, Any]:
        path = f"/ops/{self._table}"
        return {
            "url": self.service.url,
            "list": f"{path}.json?_size=2",
            "rows": "rows",
            "key": "row_id",
            "automatic": ["row_id"],
            "update": {"request": f"POST {path}/{{key}}/-/update", "body": {"update": "{cells}", "return": True}, "row": "/rows/0"},
            "create": {"request": f"POST {path}/-/insert", "body": {"row": "{cells}", "return": True}, "row": "/rows/0"},
            "delete": f"POST {path}/{{key}}/-/delete",
            "paging": {"by": "cursor", "parameter": "_next", "next": "next"},
            "auth": {"by": "bearer", "secret": "DATASETTE_TOKEN"},
        }

    def secret(self, name: str) -> str:
        return {"DATASETTE_TOKEN": str(self.service.told["token"])}[name]

    def close(self) -> None:
        super().close()
        self._database.execute(f"DROP TABLE {self._table}")  # of each request Datasette looks at all that there are
        self._database.close()

    def peek(self) -> list[dict[str, Cell]]:
        found = self._database.execute(f"SELECT * FROM {self._table} ORDER BY row_id")  # noqa: S608 (a name of ours)
        headers = [column[0] for column in found.description]
        return [{h: _shown(v) for h, v in zip(headers, row, strict=True) if h != "row_id"} for row in found]

    def poke(self, name: str, cells: Mapping[str, Cell]) -> None:
        puts = ", ".join(f'"{header}" = ?' for header in cells)
        self._database.execute(f'UPDATE {self._table} SET {puts} WHERE "Name" = ?', (*cells.values(), name))  # noqa: S608 (ours)

    def insert(self, cells: Mapping[str, Cell], at: int) -> None:
        names, marks = ", ".join(f'"{header}"' for header in cells), ", ".join("?" for _ in cells)
        self._database.execute(f"INSERT INTO {self._table} ({names}) VALUES ({marks})", tuple(cells.values()))  # noqa: S608 (ours)

    def delete(self, name: str) -> None:
        self._database.execute(f'DELETE FROM {self._table} WHERE "Name" = ?', (name,))  # noqa: S608 (a name of ours)

    def rename(self, header: str, to: str) -> None:
        self._database.execute(f'ALTER TABLE {self._table} RENAME COLUMN "{header}" TO "{to}"')

    def move(self, header: str, to: int) -> None:
        rows = self.peek()
        headers = [name for name in COLUMNS if name != header]
        headers.insert(to, header)
        self._database.execute(f"DROP TABLE {self._table}")
        self._make(headers)
        for row in rows:
            self.insert(row, at=0)

    def _make(self, headers: list[str]) -> None:
        columns = ", ".join(f'"{header}" TEXT' for header in headers)
        self._database.execute(f"CREATE TABLE {self._table} (row_id INTEGER PRIMARY KEY AUTOINCREMENT, {columns})")


def _shown(value: Cell) -> Cell:
    return None if value == "" else value
