"""The buttons of one table, as people use them, and what rowd can have seen of that."""

from __future__ import annotations

from dataclasses import dataclass

APPROVE = "approve"
BUTTONS = ("run now", "Run now", "retry", "skip next", "cancel", "snooze 1m", "snooze 90s")


@dataclass(eq=False)
class Press:
    """A button cell used by a person.   ready: rowd had surely seen the cell blank before.   seen: rowd has surely read it.

    of: the row's action then, and the number that it is given.
    """

    key: str
    text: str
    moment: int
    ready: bool
    seen: bool = False
    of: tuple[str, str] = ("", "")


class Presses:
    """The buttons of one table, and what rowd can have seen of them."""

    def __init__(self) -> None:
        self.all: list[Press] = []
        self.returned: list[tuple[str, str]] = []  # (key, text) of those that came back with an old copy
        self.nameless: list[str] = []  # texts of those in rows that had no id yet
        self._blank: set[str] = set()
        self._last: dict[str, int] = {}

    def pressed(self, key: str, text: str, moment: int, of: tuple[str, str] = ("", "")) -> None:
        self.all.append(Press(key, text, moment, key in self._blank, of=of))
        self.overwritten(key, moment)

    def standing(self, key: str, text: str) -> Press | None:
        """The last press in this row, if this is what still stands there."""
        last = next((press for press in reversed(self.all) if press.key == key), None)
        return last if last is not None and last.text == text else None

    def since(self, press: Press) -> int:
        """How often a button was pressed in its row since."""
        return sum(other.key == press.key for other in self.all[self.all.index(press) + 1 :])

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
