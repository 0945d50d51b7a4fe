"""A person who works on the table all the time, and who looks after each save whether everything that she did is still there."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.prove.scene import PERSONAL, Scene

Table = list[dict[str, str]]

ASKED_AGAIN = "type it again"
"""What Health says where nobody can tell whether a cell was typed just now."""

MERGED_WITHIN = 30.0
"""Seconds that a save may take to show up: one that a dying daemon displaced is found by the next one."""


@dataclass(slots=True)
class Hers:
    """What the person wrote and so expects to see.

    Presses are no expectation: rowd clears them. Status is one only where rowd has no business with it.
    """

    cells: dict[str, dict[str, str]]
    order: list[str]
    status: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, table: Table) -> Hers:
        return cls({row["Name"]: {c: row[c] for c in PERSONAL} for row in table}, [row["Name"] for row in table])

    def missing(self, table: Table) -> list[str]:
        """What of it isn't there."""
        found = {row["Name"]: row for row in table}
        wrong = [f"the row {name} is gone" for name in self.order if name not in found]
        wrong += [f"a row {name} has come back" for name in found if name not in self.cells]
        for name, cells in self.cells.items():
            there = found.get(name, cells)
            wrong += [f"{name}: {c} is {there[c]!r}, she wrote {v!r}" for c, v in cells.items() if there[c] != v]
        wrong += [
            f"{name}: Status is {found[name]['Status']!r}, she wrote {status!r}"
            for name, status in self.status.items()
            if name in found and found[name]["Status"] != status
        ]
        if not wrong and [row["Name"] for row in table] != self.order:
            wrong.append("the lines stand in another order")
        return wrong

    def asked_again(self, table: Table) -> list[str]:
        """Rows whose Status doesn't stand, and whose Health asks her to type it again."""
        rows = [row for row in table if row["Name"] in self.status and ASKED_AGAIN in row["Health"]]
        return [row["Name"] for row in rows if row["Status"] != self.status[row["Name"]]]


class Person(threading.Thread):
    """Edits until told to stop."""

    def __init__(self, scene: Scene, rng: random.Random, pace: tuple[float, float]) -> None:
        """pace: seconds between two saves, at the least and at the most."""
        super().__init__(name="person", daemon=True)
        self._scene = scene
        self._rng = rng
        self._pace = pace
        self._enough = threading.Event()
        self._hers = Hers.of(scene.read())
        self._plan = {row.name: row for row in scene.rows}
        self._presses = dict.fromkeys((row.name for row in scene.rows if "press" in row.tags), 0)
        self._touched: dict[str, float] = {}
        self._added = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._enough.wait(self._rng.uniform(*self._pace)):
                self._sit_down()
            self._look()
        except BaseException as exc:
            self.error = exc

    def leave(self) -> None:
        """Ask her to end, without waiting for it."""
        self._enough.set()

    def stop(self) -> None:
        """Let her look once more, then end."""
        self.leave()
        self.join(2 * MERGED_WITHIN)
        if self.error is not None:
            raise self.error

    def _sit_down(self) -> None:
        """Open the file, change something, save."""
        table = self._look()
        wish = self._rng.choices(*zip(*WISHES, strict=True))[0]
        changed = wish(self, table)
        if not changed:
            return
        time.sleep(self._rng.choice([0, 0, 0, 0.01, 0.05, 0.3]))  # rowd may write meanwhile: she saves what she opened
        in_place = self._rng.random() < 0.5
        since = time.time()
        if "deleted" in changed:
            self._scene.saving.expect(len(changed["table"]))
        self._scene.save(changed.pop("table"), in_place=in_place)
        self._scene.journal.note("save", since=since, in_place=in_place, **changed)

    def _look(self) -> Table:
        """The table, once all that she ever wrote stands in it. Where that doesn't come about, she says so and goes on."""
        until = time.monotonic() + MERGED_WITHIN
        while True:
            table = self._scene.read()
            wrong = self._hers.missing(table)
            if not wrong:
                return table
            if asked := self._hers.asked_again(table):
                self._type_again(table, asked)
            if time.monotonic() >= until:
                self._scene.journal.note("lost edit", wrong=wrong)
                status = self._hers.status
                self._hers = Hers.of(table)
                self._hers.status = {row["Name"]: row["Status"] for row in table if row["Name"] in status}
                return table
            time.sleep(0.05)

    def _type_again(self, table: Table, names: list[str]) -> None:
        since = time.time()
        for row in table:
            if row["Name"] in names:
                row["Status"] = self._hers.status[row["Name"]]
        self._scene.save(table, in_place=False)
        cells = [[name, "Status", self._hers.status[name]] for name in names]
        self._scene.journal.note("save", since=since, in_place=False, cells=cells, again=names)

    # --- what she may want

    def _write(self, table: Table, name: str, column: str, text: str) -> dict:
        row = next(row for row in table if row["Name"] == name)
        row[column] = text
        if column in PERSONAL:
            self._hers.cells[name][column] = text
        self._touched[name] = time.time()
        return {"table": table, "cells": [[name, column, text]]}

    def _some(self, table: Table, *tags: str) -> str | None:
        """A row of one of these kinds that stands there and hasn't been touched for a while."""
        names = [row["Name"] for row in table if row["Name"] in self._plan and set(tags) & set(self._plan[row["Name"]].tags)]
        names = [name for name in names if time.time() - self._touched.get(name, 0) > 6]
        return self._rng.choice(names) if names else None

    def describe(self, table: Table) -> dict | None:
        name = self._rng.choice(table)["Name"]
        if name in self._plan and self._plan[name].fickle:
            return None  # their windows are told by their schedules alone
        column = self._rng.choice(["Description", "Ticket", "Notes"])
        return self._write(table, name, column, f"{self._rng.choice(WORDS)} {self._rng.randrange(1000)}")

    def rank(self, table: Table) -> dict | None:
        name = self._some(table, "interval", "inside", "failing")
        return self._write(table, name, "Priority", str(self._rng.randrange(-5, 6))) if name else None

    def pause(self, table: Table) -> dict | None:
        name = self._some(table, "fickle")
        if name is None:
            return None
        now = next(row["Status"] for row in table if row["Name"] == name)
        self._hers.status[name] = "active" if now == "paused" else "paused"
        return self._write(table, name, "Status", self._hers.status[name])

    def reschedule(self, table: Table) -> dict | None:
        name = self._some(table, "fickle")
        return self._write(table, name, "Schedule", f"every {self._rng.randrange(3, 9)} seconds") if name else None

    def press(self, table: Table) -> dict | None:
        """Only a row that is at rest, so that rowd has no reason to refuse."""
        rows = {row["Name"]: row for row in table if row["Name"] in self._presses}
        free = [n for n, r in rows.items() if not r["Do"] and r["Runs"] == str(self._presses[n]) and r["Last Status"] != "running"]
        if not free:
            return None
        name = self._rng.choice(free)
        self._presses[name] += 1
        return self._write(table, name, "Do", "run now")

    def add(self, table: Table) -> dict | None:
        self._added += 1
        name = f"added-{self._added}"
        row = dict.fromkeys(table[0], "") | {"Name": name, "Action": "work", "Schedule": "now", "Description": "typed in"}
        at = self._rng.randrange(len(table) + 1)
        table.insert(at, row)
        self._hers.cells[name] = {c: row[c] for c in PERSONAL}
        self._hers.order.insert(at, name)
        return {"table": table, "added": name, "order": list(self._hers.order)}

    def delete(self, table: Table) -> dict | None:
        name = self._some(table, "doomed")
        if name is None or self._rng.random() < 0.5:
            return None
        del self._hers.cells[name]
        self._hers.order.remove(name)
        rows = [row for row in table if row["Name"] != name]
        return {"table": rows, "deleted": name, "order": list(self._hers.order)}

    def sort(self, table: Table) -> dict | None:
        self._rng.shuffle(table)
        self._hers.order = [row["Name"] for row in table]
        return {"table": table, "sorted": True, "order": self._hers.order}


WORDS = ("ask again", "for Ola", '"urgent"', "a, b and c", "über alles", "=not a formula", "line one\nline two")

WISHES: tuple[tuple[Callable[[Person, Table], dict | None], int], ...] = (
    (Person.describe, 40),
    (Person.rank, 10),
    (Person.pause, 12),
    (Person.reschedule, 10),
    (Person.press, 16),
    (Person.add, 6),
    (Person.delete, 2),
    (Person.sort, 3),
)
