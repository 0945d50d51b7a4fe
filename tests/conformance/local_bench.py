"""The bench of the local table: a person with a text editor, or a spreadsheet program, who knows nothing of rowd."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from connectors.api import Cell, Place
from connectors.local import BACKEND, LocalSettings, LocalTable
from tests.conformance.suite import COLUMNS, START, Bench


@dataclass(frozen=True)
class Flavour:
    """How one program writes CSV. in_place: it saves into the file; otherwise it puts a new file in its place."""

    delimiter: str = ","
    bom: bool = False
    line_end: str = "\n"
    quoting: int = csv.QUOTE_MINIMAL
    in_place: bool = False


def no_secret(name: str) -> str:
    raise KeyError(name)


def place(base: Path) -> Place:
    return Place(name="Ops", base=base, id_column="ID", name_column="Name", secret=no_secret)


class LocalBench(Bench):
    table: LocalTable

    def __init__(self, folder: Path, flavour: Flavour) -> None:
        self.path = folder / "tasks.csv"
        self._flavour = flavour
        self._save([list(COLUMNS), *([_typed(row.get(h)) for h in COLUMNS] for row in START)])
        self.table = self.reopened()

    def reopened(self) -> LocalTable:
        table = BACKEND.open(LocalSettings(path=Path(self.path.name)), place(self.path.parent))
        assert isinstance(table, LocalTable)
        return table

    def peek(self) -> list[dict[str, Cell]]:
        header, *rows = self._load()
        return [{h: row[i] or None for i, h in enumerate(header)} for row in rows]

    def poke(self, name: str, cells: Mapping[str, Cell]) -> None:
        def change(rows: list[list[str]]) -> None:
            row = rows[self._index(rows, name)]
            for header, value in cells.items():
                row[rows[0].index(header)] = _typed(value)

        self._edit(change)

    def insert(self, cells: Mapping[str, Cell], at: int) -> None:
        self._edit(lambda rows: rows.insert(at + 1, [_typed(cells.get(h)) for h in rows[0]]))

    def delete(self, name: str) -> None:
        self._edit(lambda rows: rows.pop(self._index(rows, name)))

    def sort_by(self, header: str) -> None:
        def change(rows: list[list[str]]) -> None:
            column = rows[0].index(header)
            rows[1:] = sorted(rows[1:], key=lambda row: row[column])

        self._edit(change)

    def rename(self, header: str, to: str) -> None:
        self._edit(lambda rows: rows[0].__setitem__(rows[0].index(header), to))

    def move(self, header: str, to: int) -> None:
        def change(rows: list[list[str]]) -> None:
            column = rows[0].index(header)
            for row in rows:
                row.insert(to, row.pop(column))

        self._edit(change)

    def formula(self, name: str, header: str) -> bool:
        text = str(self._cell(name, header))
        if text[:1] in "\t\r\n":
            return True
        try:
            float(text)
        except ValueError:
            return text.strip()[:1] in tuple("=+-@＝＋－＠")
        return False

    def _cell(self, name: str, header: str) -> str:
        rows = self._load()
        return rows[self._index(rows, name)][rows[0].index(header)]

    @staticmethod
    def _index(rows: list[list[str]], name: str) -> int:
        return [row[rows[0].index("Name")] for row in rows].index(name)

    def _edit(self, change: Callable[[list[list[str]]], object]) -> None:
        rows = self._load()
        change(rows)
        self._save(rows)

    def _load(self) -> list[list[str]]:
        text = self.path.read_bytes().decode("utf-8-sig" if self._flavour.bom else "utf-8")
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=self._flavour.delimiter))

    def _save(self, rows: list[list[str]]) -> None:
        text = io.StringIO(newline="")
        flavour = self._flavour
        csv.writer(text, delimiter=flavour.delimiter, lineterminator=flavour.line_end, quoting=flavour.quoting).writerows(rows)  # type: ignore[arg-type]
        raw = text.getvalue().encode("utf-8-sig" if flavour.bom else "utf-8")
        if flavour.in_place:
            self.path.write_bytes(raw)
        else:
            beside = self.path.with_name("saving.tmp")
            beside.write_bytes(raw)
            os.replace(beside, self.path)  # noqa: PTH105 (the same call as a spreadsheet program's)


def _typed(value: Cell) -> str:
    return "" if value is None else str(value)
