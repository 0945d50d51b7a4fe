"""The tab of a journal as a ring: so many slots, one line each, of which the oldest gives way. Pure.

Which line stands in which slot is told by what stands there, never by counting: people sort tabs. Nothing in Sheets resolves a
slot at the moment of writing, so headers, ids and ends ride along with what is written, and show afterwards what it met.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from connectors.api import Entry, fold
from connectors.google_sheets.cells import Raw, raw_of, stood
from connectors.preparing import Kind, Shape
from connectors.zones import zone_of

Json = dict[str, Any]

SHOWS = (
    "properties(timeZone),sheets(properties(sheetId,title,gridProperties(rowCount,columnCount)),"
    "data(startRow,startColumn,rowData(values(effectiveValue,effectiveFormat(numberFormat(type))))))"
)
"""The parts of a Spreadsheet that `ring` wants."""


class Ring(Struct, frozen=True):
    """A tab at one moment.

    head: index of the line with the headers, below which the slots are.   headers: as they stand, blank ones "".
    kinds: position → number format of the first slot.   key, age: positions of the columns with ids and ends; None for an age
        that the tab doesn't have.
    ids: of each slot; "" where it is free.   ends: raw.
    """

    sheet_id: int
    zone: tzinfo
    head: int
    headers: tuple[str, ...]
    kinds: Mapping[int, str]
    key: int
    age: int | None
    ids: tuple[str, ...]
    ends: tuple[Raw, ...]

    def slots(self, entries: Sequence[Entry]) -> dict[int, Entry]:
        """Where each goes: to its own slot where it stands already, else to a free one, else to that of the oldest.

        Of more than there are slots, the newest. What stands there twice is free but for the first of it.
        """
        own: dict[str, int] = {}
        for slot, id_ in enumerate(self.ids):
            if id_:
                own.setdefault(id_, slot)
        kept = entries[-len(self.ids) :]
        found = {own[entry.id]: entry for entry in kept if entry.id in own}
        free = [slot for slot, id_ in enumerate(self.ids) if not id_ or own[id_] != slot]
        oldest = sorted(set(own.values()) - found.keys(), key=lambda slot: (_age(self.ends[slot]), self.ids[slot]))
        places = iter([*free, *oldest])
        return found | {next(places): entry for entry in kept if entry.id not in own}

    def data(self, slots: Mapping[int, Entry]) -> list[Json]:
        """The value ranges that put these down; behind them what only comes along: the headers, the ids and the ends."""
        width = len(self.headers)
        found = [self._range(self.head + 1 + slot, 1, 0, [self._line(entry)]) for slot, entry in sorted(slots.items())]
        found.append(self._range(self.head, 1, 0, [[None] * width]))
        blank: list[list[Raw]] = [[None]] * len(self.ids)
        return found + [self._range(self.head + 1, len(self.ids), position, blank) for position in self._along]

    @property
    def _along(self) -> list[int]:
        return [self.key] if self.age is None else [self.key, self.age]

    def _line(self, entry: Entry) -> list[Raw]:
        cells = {fold(header): value for header, value in entry.cells.items()}
        return [
            raw_of(cells[fold(header)], self.kinds.get(position, ""), self.zone) if fold(header) in cells else None
            for position, header in enumerate(self.headers)
        ]

    def _range(self, top: int, lines: int, left: int, values: list[list[Raw]]) -> Json:
        place = {"sheetId": self.sheet_id, "startRowIndex": top, "endRowIndex": top + lines}
        columns = {"startColumnIndex": left, "endColumnIndex": left + len(values[0])}
        return {"dataFilter": {"gridRange": {**place, **columns}}, "majorDimension": "ROWS", "values": values}

    def after(self, slots: Mapping[int, Entry], responses: Sequence[Json]) -> tuple[Ring | None, tuple[str, ...]]:
        """The ring once `data(slots)` was written, and the ids of lines that it has overwritten although they were not the oldest.

        None where it has to be read anew: headers were moved, or the answer doesn't show all that came along. A line that is gone
        is taken for overwritten where no more are gone than were written; else a person has cleared the tab.
        """
        seen = {_which(one): one.get("updatedData", {}).get("values", []) for one in responses}
        texts = seen.get((self.head, self.head + 1, 0))
        columns = [seen.get((self.head + 1, self.head + 1 + len(self.ids), position)) for position in self._along]
        ours = tuple(entry.id for entry in slots.values())
        if texts is None or columns[0] is None or columns[-1] is None:
            return None, ()
        if _padded((_text(raw) for raw in (texts[0] if texts else [])), len(self.headers)) != self.headers:
            return None, ours  # they stand under wrong headers
        ids, ends = _column(columns[0], len(self.ids)), _column(columns[-1], len(self.ids))
        now = replace(self, ids=tuple(map(_text, ids)), ends=tuple(ends) if self.age is not None else self.ends)
        expected = {id_ for slot, id_ in enumerate(self.ids) if id_ and slot not in slots} | set(ours)
        gone = expected - set(now.ids)
        return now, tuple(sorted(gone)) if len(gone) <= len(slots) else ()


def ring(answer: Mapping[str, Any], size: int, shapes: Sequence[Shape], zone: tzinfo) -> Ring | str:
    """See one tab of a Spreadsheet, as SHOWS lets it through, as a ring of at most `size` slots; else what is wrong with it.

    shapes: of the journal's columns; the first holds the ids, the first with instants the ends.
    zone: where that of the spreadsheet is unknown.
    """
    sheet: Mapping[str, Any] | None = next(iter(answer.get("sheets", ())), None)
    if sheet is None:
        return "there is no such tab"
    data: Mapping[str, Any] = next(iter(sheet.get("data", ())), {})
    left = data.get("startColumn", 0)
    lines = [[stood({})] * left + [stood(cell) for cell in row.get("values", ())] for row in data.get("rowData", ())]
    first = next((n for n, line in enumerate(lines) if any(_text(cell.raw) for cell in line)), None)
    headers = tuple(_text(cell.raw) for cell in lines[first]) if first is not None else ()
    placed = {fold(header): position for position, header in reversed([*enumerate(headers)]) if header}
    age = next(shape for shape in shapes if shape.kind is Kind.INSTANT)
    if first is None or (key := placed.get(fold(shapes[0].header))) is None:
        return f'it has no column "{shapes[0].header}"'
    head = data.get("startRow", 0) + first
    slots = min(size, sheet["properties"].get("gridProperties", {}).get("rowCount", 0) - head - 1)
    if slots < 1:
        return "it has no line below its headers"
    below = lines[first + 1 : first + 1 + slots]
    at = placed.get(fold(age.header))
    return Ring(
        sheet_id=sheet["properties"].get("sheetId", 0),
        zone=zone_of(str(answer.get("properties", {}).get("timeZone", ""))) or zone,
        head=head,
        headers=headers,
        kinds={position: cell.kind for position, cell in enumerate(below[0])} if below else {},
        key=key,
        age=at,
        ids=_padded((_text(line[key].raw) if key < len(line) else "" for line in below), slots),
        ends=tuple(below[n][at].raw if at is not None and n < len(below) and at < len(below[n]) else None for n in range(slots)),
    )


def _which(response: Json) -> tuple[int, int, int]:
    """The filter that it answers: first line, the one behind the last, first column. Google leaves out what is 0."""
    place = response.get("dataFilter", {}).get("gridRange", {})
    return place.get("startRowIndex", 0), place.get("endRowIndex", 0), place.get("startColumnIndex", 0)


def _column(rows: Sequence[Sequence[Raw]], length: int) -> list[Raw]:
    """One column's cells; blank ones at the end are left out of an answer."""
    return [rows[n][0] if n < len(rows) and rows[n] else None for n in range(length)]


def _padded(texts: Any, length: int) -> tuple[str, ...]:
    found = tuple(texts)
    return found + ("",) * (length - len(found))


def _text(raw: Raw) -> str:
    return "" if raw is None else str(raw).strip()


def _age(raw: Raw) -> tuple[int, float, str]:
    """What sorts first is older: no end at all, then dates, then texts like `2026-11-21T09:00:00Z`."""
    if isinstance(raw, bool) or raw is None:
        return 0, 0.0, ""
    return (1, float(raw), "") if isinstance(raw, int | float) else (2, 0.0, raw)
