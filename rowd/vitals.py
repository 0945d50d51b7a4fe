"""How one daemon gets on, for whoever asks: the service manager, HTTP, a service that is to miss it. One truth for all of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from engine.loop import Daemon
from rowd.saying import plural

PATIENCE = timedelta(minutes=1)
"""A turn that takes longer passes for one that hangs, where no service manager says how long it may."""

UNWRITABLE = "the ledger can't be written, so nothing starts"


class Vitals:
    """Of one daemon. Each answer is a clause for people; "" where all is well."""

    def __init__(self, made: Daemon, stopping: Callable[[], bool], patience: timedelta | None = None) -> None:
        """patience: that of a watchdog; None where there is none."""
        self._made, self._stopping, self._patience = made, stopping, patience or PATIENCE
        self._looked = False

    @property
    def hangs(self) -> str:
        """Why it seems that there will be no other turn. It is the sign of life that a watchdog waits for."""
        if not self._made.hangs(self._patience):
            return ""
        return f"a turn has taken longer than {self._patience.total_seconds():g} s, so it seems that rowd hangs"

    @property
    def looked(self) -> bool:
        """Whether each table was looked at once, whatever came of it. Tables that are added later don't undo that."""
        self._looked = self._looked or not self._made.unlooked
        return self._looked

    @property
    def trouble(self) -> str:
        """What keeps it from its work as a whole."""
        return self.hangs or (UNWRITABLE if self._made.refused else "")

    @property
    def unready(self) -> str:
        """Why it doesn't do all its work now, trouble or not."""
        if self._stopping():
            return "rowd stops"
        if trouble := self.trouble:
            return trouble
        return "" if self.looked else f"rowd starts: it has not looked at {plural(len(self._made.unlooked), 'table')} yet"
