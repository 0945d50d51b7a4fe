"""Which column of a table is which: headers as people wrote them, held against the columns that rowd knows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from msgspec import Struct, field

from connectors.api import BEYOND, Cell, fold
from engine.cells import guess, quoted
from engine.columns import HOLDS_ON, OURS, Column

COLUMNS: Mapping[str, Column] = {fold(column): column for column in Column}
"""Every column that rowd knows, by its folded header."""

MOST_STRANGERS = 200
"""So many columns that rowd doesn't know are held against those that it does: a file may have a hundred thousand."""

REQUIRED = (Column.NAME, Column.ACTION)
"""Without these a table is no table of tasks."""

BEGIN_ANEW = "If you mean it, give the table another name in rowd.toml: rowd then begins anew, and knows rows by their names"


class Layout(Struct, frozen=True):
    """The headers of one table, understood.

    headers: column → the header it has in this table.   keys: (header, the name of its cells in the engine), in table order.
    missing: what the table's owner must add; None where nothing required is missing.
    doubled: which known column stands there twice; None where none does. With either, no row of the table can be trusted.
    nearly: column that the table lacks → a stranger that was probably meant to be it.
    """

    headers: Mapping[Column, str]
    keys: tuple[tuple[str, str], ...]
    missing: str | None = None
    doubled: str | None = None
    nearly: Mapping[Column, str] = field(default_factory=dict)

    @classmethod
    def of(cls, columns: Sequence[str], renames: Mapping[str, str]) -> Layout:
        """columns: the headers in table order.   renames: canonical header → the header it has in this table.

        A renamed column is found under its new header only; a column of the old one is then a stranger.
        """
        named = {COLUMNS[fold(canonical)]: header for canonical, header in renames.items() if fold(canonical) in COLUMNS}
        wanted = {**{fold(c): c for c in Column if c not in named}, **{fold(header): c for c, header in named.items()}}
        headers: dict[Column, str] = {}
        twice: list[str] = []
        for header in columns:
            column = wanted.get(fold(header))
            if column is None:
                continue
            if column in headers:
                twice.append(f"{quoted(headers[column])} and {quoted(header)} are both the column {column}; rename one of them")
            headers.setdefault(column, header)
        found = {header: column for column, header in headers.items()}
        strangers = [header for header in columns if header not in found]
        return cls(
            headers=headers,
            keys=tuple((header, str(found[header]) if header in found else _stranger(header)) for header in columns) + _TORN,
            missing=_missing([c for c in REQUIRED if c not in headers], named, strangers),
            doubled="; ".join(twice) or None,
            nearly=_nearly(strangers, {f: c for f, c in wanted.items() if c not in headers}),
        )

    @property
    def trouble(self) -> str | None:
        """Why the whole table must be held, with the remedy; None where its rows can be read."""
        return "; ".join(filter(None, (self.missing, self.doubled))) or None

    @property
    def hints(self) -> tuple[str, ...]:
        """A sentence on each stranger that was probably meant to be a known column."""
        return tuple(_meant(header, column) for column, header in self.nearly.items())

    def slips(self, cells: Mapping[str, Cell]) -> tuple[str, ...]:
        """The hints on those strangers in which this row says something that rowd would act on.   cells: canonical."""
        ours = ((header, column) for column, header in self.nearly.items() if column not in OURS)
        return tuple(_meant(header, column) for header, column in ours if cells.get(header) is not None)

    def gone(self, known: Iterable[Mapping[str, Cell]]) -> tuple[Column, ...]:
        """The columns that the table lacks, and in which rows said something when they were last read with them.

        known: the cells of the rows that rowd knows.
        """
        lacks = {str(c): c for c in HOLDS_ON if c not in self.headers}
        said = {c for cells in known for c in lacks.keys() & cells.keys() if cells[c] is not None}
        return tuple(sorted(lacks[c] for c in said))

    def lost(self, known: Iterable[Mapping[str, Cell]]) -> str | None:
        """Why no row can be told any more, with the remedy: the column is gone by which they are known. None where it is there.

        known: the cells of the rows that rowd knows.
        """
        if not self.has(Column.ID) and any(cells.get(Column.ID) is not None for cells in known):
            return f'the column "{Column.ID}" is gone, by which rows are known; put it back. {BEGIN_ANEW}'
        return None

    def canonical(self, cells: Mapping[str, Cell]) -> dict[str, Cell]:
        """The cells of a row under canonical names; strangers keep their own header. Only columns that the table has."""
        return {key: cells[header] for header, key in self.keys if header in cells}

    def header(self, column: Column) -> str | None:
        """What this column is called in the table; None where the table doesn't have it."""
        return self.headers.get(column)

    def has(self, column: Column) -> bool:
        return column in self.headers


def _meant(header: str, column: Column) -> str:
    return f'the column {quoted(header)} is none of rowd\'s; did you mean "{column}"?'


def _stranger(header: str) -> str:
    """A stranger's name in the engine. One that looks like a column which is called otherwise here must not pass for it."""
    return f"{header} (the table's own)" if header in _CANONICAL else header


_TORN = ((BEYOND, BEYOND),)
_CANONICAL = frozenset(map(str, Column))


def _missing(columns: Sequence[Column], named: Mapping[Column, str], strangers: Sequence[str]) -> str | None:
    if not columns:
        return None
    headers = " and ".join(f'"{named.get(c, c)}"' for c in columns)
    settings = " and ".join(f"columns.{c}" for c in columns)
    near = [h for h in islice(strangers, MOST_STRANGERS) if _near(h, {fold(named.get(c, c)): c for c in columns})]
    meant = f" (is it {' or '.join(quoted(header) for header in near)}?)" if near else ""
    return f"no column {headers}{meant}; add it, or set {settings} in rowd.toml to the header that it has"


def _nearly(strangers: Sequence[str], free: Mapping[str, Column]) -> dict[Column, str]:
    found: dict[Column, str] = {}
    for header in islice(strangers, MOST_STRANGERS):
        near = _near(header, free)
        if near is not None:
            found.setdefault(free[near], header)
    return found


def _near(header: str, columns: Mapping[str, Column]) -> str | None:
    """The folded header that was probably meant; None for a stranger. Of four letters one slip is a quarter."""
    return guess(header, columns, closest=0.75 if len(fold(header)) <= 4 else 0.8)
