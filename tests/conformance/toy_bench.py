"""The bench of the toy store: a person with a text editor, as far as JSON lines have such people."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from connectors import load
from connectors.api import Cell, Place, Table
from tests.conformance.suite import COLUMNS, START, Bench


def no_secret(name: str) -> str:
    raise KeyError(name)


class ToyBench(Bench):
    def __init__(self, folder: Path) -> None:
        self.path = folder / "tasks.jsonl"
        self._save([list(COLUMNS), *(dict(row) for row in START)])
        self.table = self.reopened()

    def reopened(self) -> Table:
        backend = load("toy")
        place = Place(name="Toy", base=self.path.parent, id_column="ID", name_column="Name", secret=no_secret)
        return backend.open(backend.settings.model_validate({"path": self.path.name}), place)

    def peek(self) -> list[dict[str, Cell]]:
        columns, *rows = self._load()
        return [{header: row.get(header) for header in columns} for row in rows]

    def poke(self, name: str, cells: Mapping[str, Cell]) -> None:
        self._edit(lambda lines: next(row for row in lines[1:] if row.get("Name") == name).update(cells))

    def insert(self, cells: Mapping[str, Cell], at: int) -> None:
        self._edit(lambda lines: lines.insert(at + 1, dict(cells)))

    def delete(self, name: str) -> None:
        self._edit(lambda lines: lines.remove(next(row for row in lines[1:] if row.get("Name") == name)))

    def sort_by(self, header: str) -> None:
        self._edit(lambda lines: lines.__setitem__(slice(1, None), sorted(lines[1:], key=lambda row: row.get(header) or "")))

    def rename(self, header: str, to: str) -> None:
        def change(lines: list[Any]) -> None:
            lines[0] = [to if column == header else column for column in lines[0]]
            lines[1:] = [{to if h == header else h: value for h, value in row.items()} for row in lines[1:]]

        self._edit(change)

    def move(self, header: str, to: int) -> None:
        self._edit(lambda lines: lines[0].insert(to, lines[0].pop(lines[0].index(header))))

    def formula(self, name: str, header: str) -> bool:
        return False  # nothing computes JSON lines

    def _edit(self, change: Callable[[list[Any]], object]) -> None:
        lines = self._load()
        change(lines)
        self._save(lines)

    def _load(self) -> list[Any]:
        return [json.loads(line) for line in self.path.read_text(encoding="utf-8").split("\n") if line]

    def _save(self, lines: list[Any]) -> None:
        self.path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
