"""A tab made ready: what it lacks, held against what stands there. All of it goes into one request, done whole or not at all.

Only what isn't there is added. A cell that has a date format or a rule of its own, a colour rule for a word, a protected column:
all of that is somebody's choice, and stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.google_sheets import looks
from connectors.google_sheets.grid import Area, area_of
from connectors.google_sheets.looks import Json
from connectors.google_sheets.sheet import Sheet
from connectors.google_sheets.standing import Standing
from connectors.preparing import Kind, Preparation, Shape, Step, Wanted, Writer
from connectors.showing import listed

LINES = 100
"""So many lines a tab gets that has none below its headers."""

AHEAD = 200
"""So many blank lines below the last row get formats and rules of cells, once less than half as many have them. Not all there are:
each read shows every line that has a format, and a tab has a thousand blank ones to begin with."""


def prepared(sheet: Sheet, wanted: Wanted) -> Preparation:
    """As `Preparable.prepare` has it: one read, and at most one step."""
    stands = sheet.look()
    headers = tuple(stands.grid.columns) if stands.grid is not None else ()
    plan = Plan(stands, wanted(headers), sheet.subject.address)
    if not plan.requests:
        return Preparation(headers, (), tuple(plan.by_hand))

    def take() -> bool:
        sheet.alter(plan.requests)
        return True

    return Preparation(headers, (Step(tuple(plan.says), take),), tuple(plan.by_hand))


class Plan:
    """requests: of one batchUpdate.   says: what they change, a clause each.   by_hand: what is left to a person."""

    def __init__(self, stands: Standing, shapes: Sequence[Shape], address: str) -> None:
        """shapes: the columns of the table, the new ones last.   address: of the service account."""
        self.requests: list[Json] = []
        self.says: list[str] = []
        self.by_hand: list[str] = []
        self._stands, self._address = stands, address
        known: Mapping[str, int] = stands.grid.columns if stands.grid is not None else {}
        new = [shape for shape in shapes if shape.header not in known]
        self._new = {shape.header: stands.used + n for n, shape in enumerate(new)}
        self._places = {**known, **self._new}
        self._bottom = stands.below
        self._add(new)
        self._freeze()
        for shape in shapes:
            if self._is_open(shape):
                self._date(shape)
                self._offer(shape)
        self._colour(shapes)
        self._warn([shape for shape in shapes if shape.writer is Writer.ROWD])

    # --- columns

    def _add(self, new: Sequence[Shape]) -> None:
        """New columns to the right of everything, whatever table it belongs to: nobody can be writing there."""
        stands, count = self._stands, len(new)
        sheet_id, first = stands.sheet_id, stands.used
        if stands.below <= stands.head + 1 and stands.below == stands.height:
            self.requests.append({"appendDimension": {"sheetId": sheet_id, "dimension": "ROWS", "length": LINES}})
            self._bottom = stands.height + LINES
        if not count:
            return
        if stands.grid is not None and first < stands.width:
            columns = {"sheetId": sheet_id, "dimension": "COLUMNS", "startIndex": first, "endIndex": first + count}
            self.requests.append({"insertDimension": {"range": columns, "inheritFromBefore": False}})
            self.requests.append(looks.bare(sheet_id, Area(0, max(stands.height, self._bottom), first, first + count)))
        elif (more := first + count - stands.width) > 0:
            self.requests.append({"appendDimension": {"sheetId": sheet_id, "dimension": "COLUMNS", "length": more}})
        texts = [(shape.header, shape.about) for shape in new]
        self.requests.append(looks.headers(sheet_id, stands.head, first, texts, self._header_look()))
        self.says += [f'add the column "{shape.header}"' for shape in new]

    def _header_look(self) -> Json:
        """That of the header before them; bold where there is none."""
        if self._stands.grid is None:
            return {"textFormat": {"bold": True}}
        last = max(self._stands.grid.columns.values())
        found: Json = self._stands.cells.get((self._stands.head, last), {}).get("userEnteredFormat", {})
        return found

    def _freeze(self) -> None:
        if not self._stands.frozen and self._bottom > self._stands.head + 1:
            self.requests.append(looks.frozen(self._stands.sheet_id, self._stands.head + 1))
            self.says.append("freeze the line with the headers")

    def _area(self, header: str) -> Area:
        """The cells of a column below its header, down to where another table begins."""
        place = self._places[header]
        return Area(self._stands.head + 1, self._bottom, place, place + 1)

    def _where(self, area: Area) -> Json:
        """What reaches down to the end of the tab grows with it."""
        last = self._stands.below == self._stands.height
        return looks.growing(self._stands.sheet_id, area) if last else looks.ranged(self._stands.sheet_id, area)

    # --- what keeps us away

    def _is_open(self, shape: Shape) -> bool:
        """Whether we may write the column; told where we should, and may not."""
        area = self._area(shape.header)
        if shape.header in self._new or not any(self._shuts(one, area) for one in self._stands.protections):
            return True
        if shape.writer is not Writer.PERSON:
            self.by_hand.append(
                f'The column "{shape.header}" is protected, so that rowd can\'t write it. In Data › Protect sheets and ranges, let'
                f" {self._address} edit it, or leave the column out."
            )
        return False

    def _shuts(self, protection: Json, area: Area) -> bool:
        if protection.get("warningOnly") or protection.get("requestingUserCanEdit"):
            return False
        free = (area_of(one) for one in protection.get("unprotectedRanges", ()))
        return area_of(protection.get("range", {})).meets(area) and not any(one.holds(area) for one in free)

    # --- looks

    def _date(self, shape: Shape) -> None:
        if shape.kind is not Kind.INSTANT:
            return
        runs = [*self._without(shape.header, "userEnteredFormat", "numberFormat")]
        if runs:
            self.requests += [looks.dated(self._stands.sheet_id, run) for run in runs]
            self.says.append(f'show "{shape.header}" as date and time')

    def _offer(self, shape: Shape) -> None:
        """A drop-down. Where the column has one it is the person's: to set it anew could take its options' colours away."""
        if not shape.options or shape.writer is Writer.ROWD:
            return
        area = self._area(shape.header)
        rules = [self._cell(line, area.left).get("dataValidation") for line in range(area.top, area.bottom)]
        theirs = next((rule for rule in rules if rule), None)
        if runs := [*self._without(shape.header, "dataValidation")]:
            rule = theirs or looks.drop_down(shape.options)
            self.requests += [looks.ruled(self._stands.sheet_id, run, rule) for run in runs]
            self.says.append(f'offer the words of "{shape.header}" in a drop-down')
        if theirs is not None and (why := _narrow(theirs, shape.options)):
            self.by_hand.append(
                f'The drop-down of "{shape.header}" {why}. Click on one of its cells, then Data › Data validation. rowd leaves it'
                " alone: to set it anew could take away the colours of its options."
            )

    def _without(self, header: str, *path: str) -> Iterator[Area]:
        """Stretches of a column, down to AHEAD, whose cells have nothing there; none while half of these lines have it."""
        area, begun = self._area(header), None
        soon, last = (min(area.bottom, self._stands.end + ahead) for ahead in (AHEAD // 2, AHEAD))
        if all(self._has(line, header, path) for line in range(area.top, soon)):
            return
        for line in range(area.top, last + 1):
            lacks = line < last and not self._has(line, header, path)
            if lacks and begun is None:
                begun = line
            elif not lacks and begun is not None:
                yield Area(begun, line, area.left, area.right)
                begun = None

    def _has(self, line: int, header: str, path: Sequence[str]) -> bool:
        found: Any = self._cell(line, self._places[header]) if header not in self._new else {}
        for name in path:
            found = found.get(name) or {}
        return bool(found)

    def _cell(self, line: int, column: int) -> Json:
        """As it stands; nothing where the column is still to be made: another one stands there now."""
        return self._stands.cells.get((line, column), {}) if column not in self._new.values() else {}

    def _colour(self, shapes: Sequence[Shape]) -> None:
        index = len(self._stands.colours)
        for shape in shapes:
            area, before = self._area(shape.header), index
            for word, tone in shape.tones.items():
                when = looks.condition(word, whole=shape.kind is Kind.CHOICE)
                if area.top < area.bottom and not self._has_colour(shape.header, area, when):
                    self.requests.append(looks.coloured(self._where(area), when, tone, index))
                    index += 1
            if index > before:
                self.says.append(f'colour "{shape.header}" by what it says')

    def _has_colour(self, header: str, area: Area, when: Json) -> bool:
        if header in self._new:
            return False
        alike = (one for one in self._stands.colours if one.get("booleanRule", {}).get("condition") == when)
        return any(area_of(given).meets(area) for one in alike for given in one.get("ranges", ()))

    def _warn(self, ours: Sequence[Shape]) -> None:
        """Whoever types into a column that only rowd writes; a stretch of such columns is one range."""
        lacking = sorted((self._places[s.header], s.header) for s in ours if not self._is_guarded(s.header))
        for left, right in _stretches([place for place, _ in lacking]):
            area = Area(self._stands.head, self._bottom, left, right)
            self.requests.append(looks.warned(self._where(area)))
        if lacking:
            self.says.append(f"warn whoever types into {listed([header for _, header in lacking])}")

    def _is_guarded(self, header: str) -> bool:
        if header in self._new:
            return False
        area = self._area(header)
        return any(area_of(one.get("range", {})).meets(area) for one in self._stands.protections)


def _stretches(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Neighbours put together: (first, the one after the last).   places: rising."""
    for n, place in enumerate(places):
        if n == 0 or places[n - 1] != place - 1:
            last = place
            while last + 1 in places:
                last += 1
            yield place, last + 1


def _narrow(rule: Json, options: Sequence[str]) -> str:
    """What is wrong with a person's rule; "" for nothing."""
    condition = rule.get("condition", {})
    if condition.get("type") == "ONE_OF_LIST":
        theirs = {str(one.get("userEnteredValue", "")).strip().casefold() for one in condition.get("values", ())}
        missing = [option for option in options if option.casefold() not in theirs]
        return f"lacks {listed(missing)}: add what you want to use" if missing else ""
    return 'rejects what isn\'t on its list: choose "Show a warning"' if rule.get("strict") else ""
