"""A complete toy store: a table in a JSON-lines file. The first line is the list of headers, each other line one row."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from connectors.api import Backend, Cell, Effect, Page, Patch, Place, Row, Traits, Written, fold
from connectors.errors import Bug, NeedsOwner, TryLater
from connectors.identity import keys

BATCH = 100  # patches that one write takes; a real store has its number from the vendor's documentation


class ToySettings(BaseModel, extra="forbid", frozen=True):
    """What the operator may write under [tables.NAME] beside `connector = "toy"`."""

    path: Path


@dataclass(frozen=True)
class Contents:
    """The file as it was read. lines: one dict per row, without the columns that are blank."""

    columns: tuple[str, ...]
    lines: tuple[dict[str, Any], ...]

    def row(self, index: int, key: str = "") -> Row:
        return Row(key, {header: self.lines[index].get(header) for header in self.columns})


class ToyTable:
    def __init__(self, settings: ToySettings, place: Place) -> None:
        self._path = place.base / settings.path
        self._place = place

    @property
    def traits(self) -> Traits:
        return Traits(atomic_expect=False, batch=BATCH)

    def read(self, cursor: str | None = None) -> Page:
        if cursor is not None:
            raise Bug(f"a toy table has one page, so there is none at {cursor!r}")
        contents = self._load()
        rows = tuple(contents.row(index, key) for index, key in enumerate(self._keys(contents)))
        return Page(rows, contents.columns, id_column=self._id_column(contents))

    def write(self, patches: Sequence[Patch]) -> list[Written]:
        if len(patches) > BATCH or any(patch.expect for patch in patches):
            raise Bug(f"at most {BATCH} patches, without `expect`")
        before = self._load()  # straight before the write, so that nothing a person saved meanwhile is trampled
        index = {key: i for i, key in enumerate(self._keys(before))}
        lines = list(before.lines)
        for patch in patches:
            if patch.key in index:
                put = {header: stored(value) for header, value in patch.put.items() if header in before.columns}
                merged = {**lines[index[patch.key]], **put}
                lines[index[patch.key]] = {header: value for header, value in merged.items() if value is not None}
        after = Contents(before.columns, tuple(lines))
        if after != before:
            self._save(after)
        now = self._keys(after)
        places = [index.get(patch.key) for patch in patches]
        return [Written(Effect.MISSING) if i is None else Written(Effect.APPLIED, after.row(i, now[i])) for i in places]

    def close(self) -> None:
        """Nothing is held between calls."""

    def _id_column(self, contents: Contents) -> str | None:
        wanted = fold(self._place.id_column)
        return next((header for header in contents.columns if fold(header) == wanted), None)

    def _keys(self, contents: Contents) -> list[str]:
        column = self._id_column(contents)
        ids = [line.get(column) if column else None for line in contents.lines]
        return keys(ids, contents.row)

    def _load(self) -> Contents:
        with self._translated():
            text = self._path.read_text(encoding="utf-8")
        try:
            columns, *lines = [json.loads(line) for line in text.split("\n") if line.strip()]
            return Contents(tuple(columns), tuple({h: v for h, v in line.items() if v is not None} for line in lines))
        except (ValueError, AttributeError, TypeError) as exc:
            raise NeedsOwner(f'Table "{self._place.name}": {self._path} is not JSON lines ({exc}). Mend or restore it.') from exc

    def _save(self, contents: Contents) -> None:
        text = "".join(json.dumps(line) + "\n" for line in (contents.columns, *contents.lines))
        beside = self._path.with_name(self._path.name + ".new")
        with self._translated():
            with beside.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Say what to do next, once, at the edge."""
        what = f'Table "{self._place.name}": {self._path}'
        try:
            yield
        except (FileNotFoundError, PermissionError, IsADirectoryError) as exc:
            raise NeedsOwner(f"{what}: {exc.strerror}. Put the file back, or let rowd read and write it.") from exc
        except UnicodeDecodeError as exc:
            raise NeedsOwner(f"{what} is not in UTF-8. Save it as UTF-8.") from exc
        except OSError as exc:
            raise TryLater(f"{what}: {exc}") from exc


def stored(value: Cell) -> str | int | float | bool | None:
    """A cell as this store can hold it: instants become text; blank text is no text."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case str():
            text = value.replace("\0", "").replace("\x07", "").encode("utf-8", "replace").decode()
            return text if text.strip() else None
    return value


def opened(settings: Any, place: Place) -> ToyTable:
    """Make the table. Touches nothing yet: a store that is away shows on the first read."""
    return ToyTable(settings, place)


BACKEND = Backend(settings=ToySettings, open=opened)
