"""Leases as one line of text, and, for stores that have no better place for them, as rows whose Name is that line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from msgspec.structs import replace

from connectors.api import Cell, Effect, Lease, Page, Patch, Row, Written, fold

_LINE = re.compile(
    r"rowd runs (?:(this table)|(this table and )?rows of ([a-z0-9_.-]+(?:, [a-z0-9_.-]+)*)) "
    r"until (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC: (.{1,200}) \[([a-z0-9]{1,40})\]"
)
_FORM = "%Y-%m-%d %H:%M:%S"


def line_of(lease: Lease) -> str:
    """For people to read, and for `lease_of`."""
    rows = [f"rows of {', '.join(lease.labels)}"] if lease.labels else []
    what = " and ".join(["this table"] * lease.primary + rows)
    return f"rowd runs {what} until {lease.until.astimezone(UTC):{_FORM}} UTC: {lease.who} [{lease.holder}]"


def lease_of(cell: Cell) -> Lease | None:
    """The lease that a cell holds; None for anything else."""
    found = _LINE.fullmatch(cell) if isinstance(cell, str) else None
    if found is None:
        return None
    whole, also, labels, said, who, holder = found.groups()
    try:
        until = datetime.strptime(said, _FORM).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Lease(holder, who, until, tuple(labels.split(", ")) if labels else (), primary=bool(whole or also))


class Rows(Protocol):
    """What is needed of a table that keeps leases as rows."""

    def write(self, patches: Sequence[Patch]) -> list[Written]: ...

    def create(self, rows: Sequence[Mapping[str, Cell]]) -> list[str]: ...

    def delete(self, keys: Sequence[str]) -> list[Effect]: ...


class LeaseRows:
    """The rows of one table that stand for leases."""

    def __init__(self, name_column: str) -> None:
        """name_column: as `Place` has it."""
        self._is_name: Callable[[str], bool] = lambda header: fold(header) == fold(name_column)
        self._whole = True  # whether the last read came to its end
        self._name: str | None = None  # as it is written here; None where there is no such column
        self._keys: dict[str, list[str]] = {}  # by holder, as the read under way, or the last, has met them
        self._before: dict[str, list[str]] = {}  # the same of the last complete read, while another is under way, or has broken off
        self._made: dict[str, str] = {}  # by holder, what was made here: a view, or a late store, may not show it

    def begins(self) -> None:
        """A complete read begins. It may break off, so what the one before it met counts until its end."""
        self._before = self._keys if self._whole else self._before
        self._keys, self._whole = {}, False

    def apart(self, page: Page) -> Page:
        """The page with its leases told, and no row for them."""
        self._name = name = next(filter(self._is_name, page.columns), None)
        if name is None:
            return page
        if page.next is None:
            self._before, self._whole = {}, True
        leases: list[Lease] = []
        rows: list[Row] = []
        for row in page.rows:
            if (lease := lease_of(row.cells.get(name))) is None:
                rows.append(row)
            else:
                leases.append(lease)
                self._keys.setdefault(lease.holder, []).append(row.key)
        return replace(page, rows=tuple(rows), leases=tuple(leases)) if leases else page

    def lease(self, table: Rows, lease: Lease) -> None:
        """See `Leased.lease`. Nothing where rows have no Name."""
        if self._name is None:
            return
        cells = {self._name: line_of(lease)}
        key = next(iter(self._known(lease.holder)), None)
        if key is None:
            (self._made[lease.holder],) = table.create([cells])
        elif table.write([Patch(key, cells)])[0].effect is Effect.MISSING:
            self._made.pop(lease.holder, None)

    def release(self, table: Rows, holder: str) -> None:
        """See `Leased.release`. One write for each, where rows can only be deleted one by one: there are never many."""
        for key in self._known(holder):
            table.delete([key])
        self._keys.pop(holder, None)
        self._before.pop(holder, None)
        self._made.pop(holder, None)

    def _known(self, holder: str) -> list[str]:
        made = self._made.get(holder)
        met = [*self._keys.get(holder, ()), *self._before.get(holder, ())]
        return list(dict.fromkeys([*met, *([made] if made is not None else [])]))
