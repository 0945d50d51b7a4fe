"""What people write into rows: new ones of every kind, and further values for each column."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from tests.simulation import dues, spans
from tests.simulation.spans import SANE, ZONES

ACTIONS = ("quick", "again", "outside", "rare", "frail", "slow", "extra", "teller", "maker", "signed", "sealed")
SHARES = (6, 3, 5, 1, 1, 1.5, 0.3, 0.5, 0, 0, 0)
HAPPENING = (5, 3, 4, 1, 1, 1.5, 0.3, 0.5, 0.8, 2.5, 3.5)
REACTING = (3, 2, 3, 0.5, 3, 1, 0, 2, 0.8, 1, 1.5)
"""Shares of the actions: of all rows; of all where things happen; and of those rows to which they do: there more of them fail, and
tell of themselves."""

PEOPLES = (
    "ID",
    "Name",
    "Type",
    "Action",
    "Schedule",
    "Current",
    "Threshold",
    "Status",
    "Do",
    "Metadata",
    "Time Zone",
    "Catch Up",
    "Overlap",
    "Timeout",
    "Attempts",
    "Priority",
    "Jitter",
    "Description",
    "Notes",
)
USUAL = ("Name", "Type", "Action", "Schedule", "Current", "Threshold", "Status", "Do", "Notes")
"""Columns that every table has."""

OURS = (
    "Health",
    "Next Run",
    "Last Run",
    "Last Status",
    "Last Result",
    "Runs",
    "Failures",
    "Missed",
    "Understood As",
    "Last Success",
    "Duration",
    "Result Link",
)

WORKFLOWS = ("", "", "nightly", "Nightly", "weekly")

SHARE = {"Overlap": 0.45, "Jitter": 0.3}
"""Of new rows, how many have a setting at first."""

FAST = tuple(t for t, step in dues.INTERVALS.items() if step <= 30)
OFTEN = (*(t for t, step in dues.INTERVALS.items() if step <= 420), "* * * * *", "*/20 * * * * *", "30 */20 * * * *")
NIGHTLY = ("0-58/2 1,2 * * *", "0-58/2 1,2 * * *", "30 2 * * *", "15 1-4 * * *", "*/15 1-3 * * *")
SELDOM = (*(t for t, step in dues.INTERVALS.items() if step > 420), *dues.REAL, *dues.FIXED)


class Writer:
    """Draws what stands in cells. fast: share of rows that come due every few seconds.   nights: the clock is about to change.

    counters, reacting: shares of rows that count, and of those that run when something happens.   linking: of those that wait
    for others.   elsewhere: the name of the other table, whose rows they may wait for as well; "" for none.
    """

    def __init__(self, chance: Random, fast: float, *, nights: bool = False, counters: float = 0.08, reacting: float = 0) -> None:
        self.chance, self._fast, self._nights, self._counters, self._reacting = chance, fast, nights, counters, reacting
        self._number = 0
        self.linking = 0.0
        self.elsewhere = ""

    def schedule(self, now: datetime) -> str:
        """A Schedule that can be read."""
        if self._nights and self.chance.random() < 0.12:
            return self.chance.choice(NIGHTLY)
        drawn = self.chance.random()
        if drawn < self._fast:
            return self.chance.choice(FAST)
        drawn = self.chance.random()
        if drawn < 0.45:
            return self.chance.choice(OFTEN)
        if drawn < 0.85:
            return self.chance.choice(SELDOM)
        if drawn < 0.93:
            return self.chance.choice(tuple(dues.RELATIVE))
        return dues.once(now + timedelta(minutes=self.chance.choice((-5, 2, 10, 60, 600))))

    def action(self) -> str:
        return self.chance.choices(ACTIONS, HAPPENING if self._reacting else SHARES)[0]

    def name(self) -> str:
        self._number += 1
        return f"task {self._number}"

    def row(self, now: datetime) -> dict[str, str]:
        """A new row, canonical column → text; blank cells left out."""
        name = self.name()
        row = {"ID": self.chance.choice((name.replace(" ", "-"), str(self._number), "")), "Name": name, "Action": self.action()}
        drawn = self.chance.random()
        if drawn < self._counters:
            row |= {"Type": "counter", "Threshold": str(self.chance.randint(1, 5)), "Current": self.chance.choice(("", "0", "2"))}
            if self.chance.random() < 0.2:
                row["Action"] = "rare"
        elif drawn < self._counters + 0.06:
            row["Type"] = "manual"
        else:
            row["Schedule"] = self.schedule(now)
        if self._reacting:
            self._eventful(row)
        if self.linking and self.chance.random() < self.linking and self._number > 3:
            self._linked(row)
        if row["Action"] == "slow":
            row["Overlap"] = self.chance.choice(("parallel", "parallel", "queue", "restart", "skip"))
        row["Status"] = self.chance.choices(("active", "", "paused", "draft"), (10, 5, 0.5, 0.3))[0]
        for column in SANE:
            if column not in ("Metadata", *spans.EVENTFUL) and self.chance.random() < SHARE.get(column, 0.2) and column not in row:
                row[column] = self.setting(column)
        if self._reacting:
            row["Workflow"] = self.setting("Workflow")
        row["Notes"] = f"first note of {name}"
        return row

    def _linked(self, row: dict[str, str]) -> None:
        """It waits for some that were written lately."""
        for column in ("Type", "Schedule", "Watch", "Counts", "Threshold", "Current"):
            row.pop(column, None)
        before = range(max(1, self._number - 9), self._number)
        names = [f"task {n}" for n in self.chance.sample(before, min(len(before), self.chance.choice((1, 1, 2, 3))))]
        if self.elsewhere and self.chance.random() < 0.5:
            names[0] = f"{self.elsewhere}/{names[0]}"
        if self.chance.random() < 0.25:
            row["Condition"] = spans.ON_OTHERS.format(names[0])
        row["Depends On"], row["On Failure"] = ", ".join(names), self.setting("On Failure")
        if self.chance.random() < 0.8:
            row["Action"] = self.chance.choices(ACTIONS, REACTING)[0]

    def _eventful(self, row: dict[str, str]) -> None:
        """Things happen to it, or it hangs on something."""
        chance = self.chance
        if row.get("Type") == "counter":
            row["Counts"] = self.setting("Counts")
        elif row.get("Type") != "manual" and chance.random() < self._reacting:
            row["Watch"] = chance.choice(SANE["Watch"][1:])
            row["Action"] = chance.choices(ACTIONS, REACTING)[0]
            if chance.random() < 0.8:
                del row["Schedule"]
        for column in ("Condition", "Deadline"):
            if chance.random() < 0.25 and row.get("Type") != "manual":
                row[column] = self.setting(column)

    def setting(self, column: str) -> str:
        if column == "Time Zone":
            return self.chance.choice(ZONES)
        if column == "Workflow":
            return self.chance.choice(WORKFLOWS)
        said = SANE[column]
        return self.chance.choice(said if self._reacting else [text for text in said if text not in ("remarks", "edits")])


def columns(chance: Random, *, rare: float, eventful: bool) -> list[str]:
    """Those of a new table.   rare: share of the columns that not every table has.   eventful: things happen to its rows."""
    peoples = [c for c in PEOPLES if c in USUAL or chance.random() < (0.9 if c in ("ID", "Jitter") else rare)]
    ours = [c for c in OURS if chance.random() < (0.9 if c == "Health" else rare)] if chance.random() < 0.85 else []
    found = peoples + [c for c in (*spans.EVENTFUL, "Workflow") if eventful and chance.random() < 0.9] + ours
    if chance.random() < 0.3:
        chance.shuffle(found)
    return found
