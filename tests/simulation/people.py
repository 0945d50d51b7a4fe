"""The people who work on a table, in one seeded person: with a spreadsheet program, with its mistakes, and with rowd's buttons."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.simulation import dues
from tests.simulation.operator import APPROVED
from tests.simulation.pasting import Pasting
from tests.simulation.presses import APPROVE, BUTTONS
from tests.simulation.rearranging import Rearranging, rightly
from tests.simulation.rows import OURS
from tests.simulation.sheets import Grid, canonical
from tests.simulation.spans import SANE, ZONES


@dataclass
class Person(Pasting, Rearranging):
    """Does one thing after the other, as a seed draws it.

    zoning: draws when the table gets another time zone of its own, and which; None where it has none.
    eventful: there are rows that wait for somebody's approval, and for each other.
    elsewhere: what rows of other tables are called here.
    rows_only: of what makes rows ambiguous, only what is done to single rows.
    """

    zoning: Random | None = None
    eventful: bool = False
    rows_only: bool = False
    elsewhere: Callable[[], list[str]] = list

    def act(self) -> None:
        """Do one thing."""
        if self.over:
            return
        calm = [self.schedule] * 5 + [self.note] * 4 + [self.setting] * 4 + [self.status] * 5 + [self.press] * 6
        calm += (
            [self.keep_row] * 10
            + [self.count] * 4
            + [self.insert] * 2
            + [self.sort, self.rename, self.scribble, self.mend, self.mend, self.garbage]
        )
        if self.eventful:
            calm += [self.approve] * 7 + [self.amend] * 2 + [self.link] * 4 + [self.group]
        bold = [self.delete] * 2 + [self.put_back, self.copy_row, self.double, self.clear_id]
        if not self.rows_only:
            bold += [self.move_column, self.add_column]
            bold += [self.drop_column, self.put_column_back, self.rename_column, self.save_old_copy, self.open_copy, self.open_copy]
        what = self.chance.choice(bold if self.chance.random() < self.daring else calm)
        if self.zoning is not None and self.zoning.random() < 0.06:
            what = self.rezone
        self.done[what.__name__] = self.done.get(what.__name__, 0) + 1
        with self.sheet.hand() as grid:
            what(grid)

    # --- cells

    def schedule(self, grid: Grid) -> None:
        row = self._row(grid)
        if row is not None and grid.get(row, "Depends On") and self.chance.random() < 0.9:
            self.link(grid)
        else:
            self._type(grid, row, "Schedule", self.writer.schedule(self.machine.wall()))

    def link(self, grid: Grid) -> None:
        """Let a row wait for others than before, or for the first time, or no more."""
        linked = [row for row in grid.rows if grid.get(row, "Depends On")]
        row = self.chance.choice(linked) if linked and self.chance.random() < 0.8 else self._row(grid)
        if row is None or grid.header("Depends On") is None:
            return
        others = [name for one in grid.rows if one is not row and (name := grid.get(one, "Name"))] + self.elsewhere()
        names = self.chance.sample(others, min(len(others), self.chance.choice((0, 1, 1, 2, 2, 3))))
        if grid.get(row, "Condition").startswith("tasks["):
            self._type(grid, row, "Condition", "")
        self._type(grid, row, "Depends On", ", ".join(names))
        for column in ("Type", "Schedule", "Watch", "Counts"):
            if names and grid.get(row, column):
                self._type(grid, row, column, "")
        if not names and not grid.get(row, "Schedule"):
            self._type(grid, row, "Schedule", self.writer.schedule(self.machine.wall()))

    def group(self, grid: Grid) -> None:
        self._type(grid, self._row(grid), "Workflow", self.writer.setting("Workflow"))

    def garbage(self, grid: Grid) -> None:
        row, column = self._row(grid), self.chance.choice(("Schedule", "Schedule", "Status", "Attempts", "Metadata", "Time Zone"))
        text = self.chance.choice(dues.GARBAGE) if column == "Schedule" else self.chance.choice(("{oops", "nonsense", "12 x"))
        self._type(grid, row, column, text)

    def mend(self, grid: Grid) -> None:
        """Put right what can't be understood."""
        for row in grid.rows:
            for column, sane in SANE.items():
                if grid.get(row, column) not in sane:
                    self._type(grid, row, column, self.writer.setting(column))
                    return
            if grid.get(row, "Status") in ("{oops", "nonsense", "12 x", "draft"):
                self._type(grid, row, "Status", "active")
                return
            if grid.get(row, "Schedule") in dues.GARBAGE:
                self._type(grid, row, "Schedule", self.writer.schedule(self.machine.wall()))
                return

    def setting(self, grid: Grid) -> None:
        column = self.chance.choice([c for c in SANE if self.eventful or c != "On Failure"])
        self._type(grid, self._row(grid), column, self.writer.setting(column))

    def status(self, grid: Grid) -> None:
        row = self._kept_row(grid)
        now = grid.get(row, "Status") if row else ""
        text = self.chance.choices(("paused", "draft", "active", ""), (6, 1, 2, 1))[0] if now in ("", "active") else "active"
        self._type(grid, row, "Status", text)

    def press(self, grid: Grid) -> None:
        self._press(grid, self._kept_row(grid), self.chance.choice(BUTTONS) if self.chance.random() < 0.93 else "please run")

    def approve(self, grid: Grid) -> None:
        """Put the word for it into a row that may wait for it, or ask for a run of one that would."""
        text = APPROVE if self.chance.random() < 0.8 else "run now"
        self._press(grid, self._to_be_approved(grid), text)

    def amend(self, grid: Grid) -> None:
        """Change what such a row would do."""
        row = self._to_be_approved(grid)
        if self.chance.random() < 0.8:
            self._type(grid, row, "Metadata", self.writer.setting("Metadata"))
        else:
            self._type(grid, row, "Action", self.chance.choice((*sorted(APPROVED), "again")))

    def _to_be_approved(self, grid: Grid) -> dict[str, str] | None:
        rows = [row for row in grid.rows if grid.get(row, "Action") in APPROVED]
        return self.chance.choice(rows) if rows else None

    def _press(self, grid: Grid, row: dict[str, str] | None, text: str) -> None:
        if row is None or grid.get(row, "Do") or grid.header("Do") is None:
            return
        key = self._type(grid, row, "Do", text)
        if not key:
            self.presses.nameless.append(text)
        else:
            number = (
                str(json.loads(grid.get(row, "Metadata") or "{}").get("n", 0))
                if grid.get(row, "Metadata") in SANE["Metadata"]
                else ""
            )
            self.presses.pressed(key, text, self.machine.moment, (grid.get(row, "Action"), number))
            if text.startswith("snooze"):
                self.snoozed(key)
            if self.chance.random() < 0.5:
                self._keep(key, row)

    def count(self, grid: Grid) -> None:
        counters = [r for r in grid.rows if grid.get(r, "Type") == "counter"]
        header = grid.header("Current")
        if not counters or header is None:
            return
        row = self.chance.choice(counters)
        was = row[header]
        text = str(int(was or 0) + self.chance.randint(-1, 4)) if (was or "0").lstrip("-").isdigit() else "0"
        sure = text != was and (was or "0").lstrip("-").isdigit()
        key = self._type(grid, row, "Current", text)
        if key in self.counts:
            self.counts[key].sum += int(text) - int(was or 0) if sure else 0
            self.counts[key].taken += max(0, int(was or 0) - int(text)) if sure else 0
            self.counts[key].sure &= (
                sure or text == was
            ) and key not in self.sheet.unshown  # rowd can't tell what was there before

    def scribble(self, grid: Grid) -> None:
        """Type over one of rowd's own cells."""
        row = self._row(grid)
        ours = [h for h in grid.columns if canonical(h) in OURS]
        if row is not None and ours:
            row[self.chance.choice(ours)] = self.chance.choice(("", "mine", "99"))
            if (key := self._key(grid, row)) in self.counts:
                self.counts[key].sure = False  # rowd can't tell which display the person started from
            self.copies.spoil(key)
            self.sheet.overtyped(key)
            self._touched(grid, row)

    def rename(self, grid: Grid) -> None:
        self._type(grid, self._row(grid), "Name", self.writer.name())

    def rezone(self, grid: Grid) -> None:
        """Choose another time zone in the settings of the table."""
        assert self.zoning is not None
        zone = self.zoning.choice([zone for zone in ZONES[1:] if zone != self.sheet.zone])
        self.tell(f"changes the time zone of the table from {self.sheet.zone or 'none'} to {zone}")
        self.sheet.zone = zone
        self.edits += 1
        for row in grid.rows:
            if key := self._key(grid, row):
                self.spans.touch(key)

    def insert(self, grid: Grid) -> None:
        if len(grid.rows) < self.most:
            self._insert(grid, self.writer.row(self.machine.wall()))

    # --- at the end

    def tidy_up(self) -> None:
        """Mend what keeps rows from being told apart, and put missing columns back. Nothing else is done to it after that."""
        self.over = True
        with self.sheet.hand() as grid:
            while self._dropped:
                self.put_column_back(grid)
            self._renamed += [(h, rightly(h)) for h in grid.columns if rightly(h) != h]  # an old copy brought them back
            while self._renamed:
                self.rename_column(grid)
            if grid.header("Status") is None:  # an old copy was saved from a time when the column was gone
                grid.columns.append("Status")
                self.spans.pasted.update(filter(None, grid.keys()))  # what a row's Status last said holds on, and is written again
                for row in grid.rows:
                    row["Status"] = ""
            if grid.header("Action") is None:  # likewise; without it nothing of the table is told any more
                grid.columns.append("Action")
                for row in grid.rows:
                    row["Action"] = ""
            header = grid.header("ID") or grid.header("Name")
            seen: set[str] = set()
            for row in grid.rows:
                text = row.get(header or "", "").strip()
                if text in seen and header is not None:
                    self._blur(grid, row)
                    row[header] = "" if canonical(header) == "ID" else self.writer.name()
                seen.add(text)

    def settle_down(self) -> None:
        """Take every row out of service, so that what is under way can come to its end."""
        with self.sheet.hand() as grid:
            for row in grid.rows:
                self._type(grid, row, "Status", "paused")


def start(person: Person, number: int, columns: list[str]) -> None:
    """Fill a new table."""
    with person.sheet.hand() as grid:
        grid.columns[:] = columns
        for _ in range(number):
            person._insert(grid, person.writer.row(person.machine.wall()))
