"""The people who work on a table, in one seeded person: with a spreadsheet program, with its mistakes, and with rowd's commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from engine.model import Wish
from tests.simulation import dues
from tests.simulation.copies import Copies, Kept
from tests.simulation.machine import Machine
from tests.simulation.rows import OURS, PEOPLES, Writer
from tests.simulation.sheets import Grid, Sheet, canonical
from tests.simulation.spans import SANE, Spans

BUTTONS = ("run now", "Run now", "retry", "skip next", "cancel", "snooze 1m", "snooze 90s")
WISHES = (Wish.RUN_NOW, Wish.TICK, Wish.CANCEL, Wish.SKIP_NEXT, Wish.RETRY, Wish.SNOOZE)

Tell = Callable[[str], None]


@dataclass
class Press:
    """A button cell used by a person.   ready: rowd had surely seen the cell blank before.   seen: rowd has surely read it."""

    key: str
    text: str
    moment: int
    ready: bool
    seen: bool = False


class Presses:
    """The buttons of one table, and what rowd can have seen of them."""

    def __init__(self) -> None:
        self.all: list[Press] = []
        self.returned: list[tuple[str, str]] = []  # (key, text) of those that came back with an old copy
        self.nameless: list[str] = []  # texts of those in rows that had no id yet
        self._blank: set[str] = set()
        self._last: dict[str, int] = {}

    def pressed(self, key: str, text: str, moment: int) -> None:
        self.all.append(Press(key, text, moment, key in self._blank))
        self.overwritten(key, moment)

    def overwritten(self, key: str, moment: int) -> None:
        """Something else stands in the cell now, which is no press."""
        self._blank.discard(key)
        self._last[key] = moment

    def muddied(self, key: str) -> None:
        """Whether rowd saw the cell blank is not known any more."""
        self._blank.discard(key)

    def taken_note(self, seen: int, cells: dict[str, str]) -> None:
        """What stood under Do at the moment `seen` is durable with rowd now.   cells: key → text."""
        for press in self.all[-40:]:
            if press.moment <= seen and cells.get(press.key) == press.text and self._last[press.key] == press.moment:
                press.seen = True
        self._blank.update(key for key, text in cells.items() if not text and self._last.get(key, 0) <= seen)


@dataclass
class Count:
    """What a counter ought to come to, by what people did to it.   sure: False once something blurred it.   taken: away from it."""

    sum: float
    sure: bool = True
    taken: float = 0


@dataclass
class Person:
    """Does one thing after the other, as a seed draws it.

    typed: what was ever typed into Status and Do.   said: (key, column, text) → how often Status and Current may be taken for typed
    so; key "" where it couldn't be told.   edits: changes of cells, rows and columns.
    over: nothing is done to the table any more.   daring: share of what makes rows ambiguous: copies saved over newer ones, columns
    dropped, ids cleared.
    """

    sheet: Sheet
    spans: Spans
    machine: Machine
    chance: Random
    writer: Writer
    tell: Tell
    daring: float
    copies: Copies
    edits: int = 0
    over: bool = False
    done: dict[str, int] = field(default_factory=dict)
    presses: Presses = field(default_factory=Presses)
    counts: dict[str, Count] = field(default_factory=dict)
    said: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    typed: set[str] = field(default_factory=lambda: {"active", "paused", "draft", "completed"})
    snoozed: Tell = lambda _key: None
    _old: list[Grid] = field(default_factory=list)
    _deleted: list[dict[str, str]] = field(default_factory=list)
    _dropped: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    _renamed: list[tuple[str, str]] = field(default_factory=list)

    def act(self) -> None:
        """Do one thing."""
        if self.over:
            return
        calm = [self.schedule] * 5 + [self.note] * 4 + [self.setting] * 4 + [self.status] * 5 + [self.press] * 6
        calm += [self.keep_row] * 10
        calm += [self.count] * 4 + [self.insert] * 2 + [self.sort, self.rename, self.scribble, self.mend, self.mend, self.garbage]
        bold = [self.delete] * 2 + [self.put_back, self.copy_row, self.double, self.clear_id, self.move_column, self.add_column]
        bold += [self.drop_column, self.put_column_back, self.rename_column, self.save_old_copy, self.open_copy, self.open_copy]
        what = self.chance.choice(bold if self.chance.random() < self.daring else calm)
        self.done[what.__name__] = self.done.get(what.__name__, 0) + 1
        with self.sheet.hand() as grid:
            what(grid)

    # --- cells

    def schedule(self, grid: Grid) -> None:
        self._type(grid, self._row(grid), "Schedule", self.writer.schedule(self.machine.wall()))

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

    def note(self, grid: Grid) -> None:
        column = self.chance.choice(("Notes", "Description", "Notes"))
        self._type(grid, self._row(grid), column, f"note {self.edits}")

    def setting(self, grid: Grid) -> None:
        column = self.chance.choice(tuple(SANE))
        self._type(grid, self._row(grid), column, self.writer.setting(column))

    def status(self, grid: Grid) -> None:
        row = self._kept_row(grid)
        now = grid.get(row, "Status") if row else ""
        text = self.chance.choices(("paused", "draft", "active", ""), (6, 1, 2, 1))[0] if now in ("", "active") else "active"
        self._type(grid, row, "Status", text)

    def press(self, grid: Grid) -> None:
        row = self._kept_row(grid)
        if row is None or grid.get(row, "Do") or grid.header("Do") is None:
            return
        text = self.chance.choice(BUTTONS) if self.chance.random() < 0.93 else "please run"
        key = self._type(grid, row, "Do", text)
        if not key:
            self.presses.nameless.append(text)
        else:
            self.presses.pressed(key, text, self.machine.moment)
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
            self.counts[key].sure &= sure or text == was

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

    def double(self, grid: Grid) -> None:
        """Give a row the name of another."""
        row, other = self._row(grid), self._row(grid)
        if other is not None:
            self._type(grid, row, "Name", grid.get(other, "Name"))

    # --- rows

    def insert(self, grid: Grid) -> None:
        if len(grid.rows) < 80:
            self._insert(grid, self.writer.row(self.machine.wall()))

    def delete(self, grid: Grid) -> None:
        if len(grid.rows) > 3:
            number = self.chance.choices((1, 1, 1, len(grid.rows) // 2), (4, 3, 3, 0.5))[0]
            for _ in range(number):
                row = grid.rows.pop(self.chance.randrange(len(grid.rows)))
                self._deleted.append(row)
                self.edits += 1
                self.tell(f"deletes {self._called(grid, row)}")

    def put_back(self, grid: Grid) -> None:
        for _ in range(self.chance.choice((1, 1, 30))):
            if self._deleted:
                row = self._deleted.pop()
                self._insert(grid, {canonical(h): v for h, v in row.items()}, again=True)

    def copy_row(self, grid: Grid) -> None:
        row = self._row(grid)
        if row is not None and len(grid.rows) < 80:
            self._blur(grid, row)
            made = dict(row)
            grid.rows.insert(self.chance.randint(0, len(grid.rows)), made)
            if self.chance.random() < 0.7:
                grid.put(made, "Name", self.writer.name())
            self.edits += 1
            self.tell(f"copies {self._called(grid, row)}")

    def clear_id(self, grid: Grid) -> None:
        row = self._row(grid)
        header = grid.header("ID")
        if row is None or header is None:
            return
        self._blur(grid, row)
        key = self._key(grid, row)
        if key:
            self.spans.astray.add(key)
        self.tell(f"clears the id of {self._called(grid, row)}")
        row[header] = ""
        self.edits += 1

    def sort(self, grid: Grid) -> None:
        header = self.chance.choice(grid.columns)
        grid.rows.sort(key=lambda row: row.get(header, ""), reverse=self.chance.random() < 0.5)
        self.edits += 1
        self.tell(f"sorts by {header}")

    # --- columns

    def move_column(self, grid: Grid) -> None:
        column = grid.columns.pop(self.chance.randrange(len(grid.columns)))
        grid.columns.insert(self.chance.randint(0, len(grid.columns)), column)
        self.edits += 1

    def add_column(self, grid: Grid) -> None:
        missing = [c for c in OURS if grid.header(c) is None]
        name = self.chance.choice((f"extra {self.edits}", *missing[:1]))
        if name not in grid.columns and len(grid.columns) < 36:
            grid.columns.insert(self.chance.randint(0, len(grid.columns)), name)
            for row in grid.rows:
                row[name] = ""
            self.edits += 1
            self.tell(f"adds the column {name}")

    def drop_column(self, grid: Grid) -> None:
        droppable = [h for h in grid.columns if canonical(h) not in ("ID", "Name", "Action", "Type")]
        header = self.chance.choice(droppable)
        if len(self._dropped) < 2:
            self._blur_all(grid)
            self._dropped.append((header, dict(zip(grid.keys(), (row.get(header, "") for row in grid.rows), strict=True))))
            grid.columns.remove(header)
            for row in grid.rows:
                row.pop(header, None)
            self.edits += 1
            self.tell(f"drops the column {header}")

    def put_column_back(self, grid: Grid) -> None:
        if self._dropped:
            header, cells = self._dropped.pop()
            if header in grid.columns or grid.header(canonical(header)) is not None:
                return
            self._blur_all(grid)
            grid.columns.append(header)
            for key, row in zip(grid.keys(), grid.rows, strict=True):
                row[header] = cells.get(key, "") if key else ""
            self.edits += 1
            self.tell(f"puts the column {header} back")

    def rename_column(self, grid: Grid) -> None:
        """Rename one, to something else or only to another spelling; later it is called what it was again."""
        if self._renamed:
            now, was = self._renamed.pop()
        else:
            was = self.chance.choice([h for h in grid.columns if canonical(h) not in ("ID", "Name")])
            now, was = was, self.chance.choice((f"{was} x", was.lower().replace(" ", "_"), was.upper()))
            self._renamed.append((was, now))
        if (
            now not in grid.columns
            or was in grid.columns
            or (canonical(was) != was and grid.header(canonical(was)) not in (None, now))
        ):
            return
        self._blur_all(grid)
        grid.columns[grid.columns.index(now)] = was
        for row in grid.rows:
            row[was] = row.pop(now, "")
        self.edits += 1
        self.tell(f"renames the column {now} to {was}")

    # --- old copies

    def open_copy(self, grid: Grid) -> None:
        """Open the table in a program, to save it some time later."""
        self._old = [*self._old[-1:], grid.copy()]

    def save_old_copy(self, grid: Grid) -> None:
        if not self._old:
            return
        self._blur_all(grid)
        old = self.chance.choice(self._old).copy()
        self._old.clear()
        grid.columns[:], grid.rows[:] = old.columns, old.rows
        self._blur_all(grid)
        self.presses.returned += [
            (key, grid.get(row, "Do")) for key, row in zip(grid.keys(), grid.rows, strict=True) if grid.get(row, "Do")
        ]
        self.sheet.unread.clear()
        self.edits += 1
        self.tell("saves an old copy of the whole table")
        if self.chance.random() < 0.5:
            self.note(grid)

    # --- copies of rows

    def keep_row(self, grid: Grid) -> None:
        """Copy a row into another window, rather one in which something happens."""
        row = max(self.chance.choices(grid.rows, k=3), key=lambda r: self.sheet.changes[self._key(grid, r)]) if grid.rows else None
        if row is not None and (key := self._key(grid, row)):
            self._keep(key, row)
            self.tell(f"keeps a copy of {self._called(grid, row)}")

    def _keep(self, key: str, row: dict[str, str]) -> None:
        kept = self.copies.keep(key, row)
        self.machine.after(self.chance.random() * self.chance.choice((20, 60, 180)), lambda: self._paste(kept))

    def _paste(self, kept: Kept) -> None:
        self.copies.kept.remove(kept)
        if not self.over:
            with self.sheet.hand() as grid:
                self.put_row_back(grid, kept)

    def put_row_back(self, grid: Grid, kept: Kept) -> None:
        """Put a row back as it stood when it was kept; sometimes with an edit of one's own."""
        row = next((r for k, r in zip(grid.keys(), grid.rows, strict=True) if k == kept.key), None)
        if row is None or row.keys() != kept.row.keys():
            return
        shown = kept.key not in self.sheet.unshown  # else rowd takes it for how the store shows what it wrote
        old, told = self.copies.old(kept, row), self.copies.told(kept) and shown
        if old and told:
            self.sheet.pasted[kept.key] = lambda: self._mistaken(kept)
        else:
            self._mistaken(kept)
        if kept.torn:
            self._may_press(kept)
        self._put_back(grid, row, kept)
        self.tell(f"pastes an old copy of {self._called(grid, row)}: old {old}, told {told}")
        if self.chance.random() < 0.3:
            self._type(grid, row, "Notes", f"note {self.edits}")
        elif self.chance.random() < 0.3:
            self._type(grid, row, "Status", self.chance.choice(("paused", "active")))

    def _put_back(self, grid: Grid, row: dict[str, str], kept: Kept) -> None:
        key = kept.key
        if key in self.counts and any(grid.get(row, c) != grid.get(kept.row, c) for c in ("Type", "Threshold")):
            self.counts[key].sure = False
        if grid.get(row, "Status") != grid.get(kept.row, "Status"):
            self.spans.pasted.add(key)
        for column in ("Status", "Do", "Current"):
            self.sheet.unread.pop((key, column), None)
        self.presses.overwritten(key, self.machine.moment)
        self.sheet.overtyped(key)
        row.update(kept.row)
        self._touched(grid, row)
        self.edits += 1

    def _may_press(self, kept: Kept) -> None:
        """rowd may take the press in this copy for a new one."""
        if text := next((text for header, text in kept.row.items() if canonical(header) == "Do" and text), ""):
            self.presses.returned.append((kept.key, text))

    def _mistaken(self, kept: Kept) -> None:
        """rowd may take what came back with this copy for typed just now."""
        cells = {canonical(header): text for header, text in kept.row.items()}
        for column in ("Status", "Current"):
            self.said[kept.key, column, cells.get(column, "")] += 1
        if kept.key in self.counts:
            self.counts[kept.key].sure = False
        self._may_press(kept)

    # --- at the end

    def tidy_up(self) -> None:
        """Mend what keeps rows from being told apart, and put missing columns back. Nothing else is done to it after that."""
        self.over = True
        with self.sheet.hand() as grid:
            while self._dropped:
                self.put_column_back(grid)
            self._renamed += [(h, h.removesuffix(" x")) for h in grid.columns if h.endswith(" x")]  # an old copy brought them back
            while self._renamed:
                self.rename_column(grid)
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

    # --- inside

    def _row(self, grid: Grid) -> dict[str, str] | None:
        return self.chance.choice(grid.rows) if grid.rows else None

    def _kept_row(self, grid: Grid) -> dict[str, str] | None:
        """A row of which a copy is kept, mostly."""
        kept = {k.key for k in self.copies.kept}
        rows = [row for key, row in zip(grid.keys(), grid.rows, strict=True) if key in kept]
        return self.chance.choice(rows) if rows and self.chance.random() < 0.6 else self._row(grid)

    def _type(self, grid: Grid, row: dict[str, str] | None, column: str, text: str) -> str:
        """Answers the row's key; "" where it can't be told, or there is no such cell."""
        if row is None or grid.header(column) is None:
            return ""
        was, key = grid.get(row, column), self._key(grid, row)
        if column == "Name" and grid.header("ID") is None and key:
            self._blur(grid, row)
        grid.put(row, column, text)
        self._touched(grid, row)
        if key and column in ("Status", "Do", "Current") and text != was:
            self.sheet.unread[key, column] = text
        if column in ("Status", "Do"):
            self.typed.add(text)
        if column in ("Status", "Current"):
            self.said[key, column, text] += 1
            self.spans.pasted.discard(key)
        if key in self.counts and (column in ("Threshold", "Type") or (column == "Current" and not text.lstrip("-").isdigit())):
            self.counts[key].sure = False
        self.edits += 1
        self.tell(f"types {text!r} into {column} of {self._called(grid, row)} (was {was!r})")
        return key

    def _touched(self, grid: Grid, row: dict[str, str]) -> None:
        if key := self._key(grid, row):
            self.spans.touch(key)
            self.sheet.changes[key] += 1
            self.copies.look(key, row)

    def _key(self, grid: Grid, row: dict[str, str]) -> str:
        return next((k for k, r in zip(grid.keys(), grid.rows, strict=True) if r is row), "")

    def _insert(self, grid: Grid, cells: dict[str, str], *, again: bool = False) -> None:
        if grid.header("ID") is not None and not again and not cells.get("ID") and self.chance.random() < 0.5:
            cells["ID"] = ""
        row = {h: cells.get(canonical(h), cells.get(h, "")) for h in grid.columns}
        grid.rows.insert(self.chance.randint(0, len(grid.rows)), row)
        key = self._key(grid, row)
        if again:
            self._blur(grid, row)
        elif key and cells.get("Type") == "counter" and grid.header("Current") is not None and key not in self.counts:
            self.counts[key] = Count(float(cells.get("Current") or 0))
        self._touched(grid, row)
        self.edits += 1
        self.tell(f"{'puts back' if again else 'inserts'} {self._called(grid, row)} {[v for v in row.values() if v][:6]}")

    def _blur(self, grid: Grid, row: dict[str, str]) -> None:
        """What this row's counter and button come to can't be told from here any more."""
        key = self._key(grid, row)
        said = grid.get(row, "ID") or grid.get(row, "Name")
        for one in {key, said, *(k for k in self.counts if k == said)}:
            self.presses.muddied(one)
            self.copies.spoil(one)
            if one in self.counts:
                self.counts[one].sure = False
            for press in self.presses.all:
                if press.key == one and not press.seen:
                    press.ready = False
            self.spans.touch(one)

    def _blur_all(self, grid: Grid) -> None:
        for row in grid.rows:
            self._blur(grid, row)

    def _called(self, grid: Grid, row: dict[str, str]) -> str:
        return f"{grid.get(row, 'Name')!r} [{grid.get(row, 'ID')}]"


def start(person: Person, number: int, columns: list[str]) -> None:
    """Fill a new table."""
    with person.sheet.hand() as grid:
        grid.columns[:] = columns
        for _ in range(number):
            person._insert(grid, person.writer.row(person.machine.wall()))


__all__ = ["PEOPLES", "Person", "Press", "Presses", "start"]
