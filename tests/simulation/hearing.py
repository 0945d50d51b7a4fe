"""What a daemon tells of itself, and what can be asked of it while it lives: for the spans, the laws, and the story."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

from engine.events import (
    DeadlineMissed,
    DraftExpired,
    Event,
    RowVanished,
    TableHeld,
    TableRead,
    TableReleased,
    Trouble,
    WatchUntold,
    WorkflowEnded,
)
from engine.loop import Daemon
from tests.simulation.machine import Life
from tests.simulation.spans import Spans
from tests.simulation.stretches import Kept
from tests.simulation.world import World


@dataclass(frozen=True)
class Heard:
    """An event that tells of something once, and the moment at which it was heard."""

    moment: int
    event: DeadlineMissed | DraftExpired | WatchUntold | WorkflowEnded


class Hearing:
    """Of all lives.   daemon: the one that lives; None between two."""

    def __init__(self, world: World, daemon: Callable[[], Daemon | None]) -> None:
        self.held_since: dict[str, int] = {}  # table → the moment from which all of it was held
        self._world, self._daemon = world, daemon
        world.held, world.unclear, world.untold = self._held, self._unclear, self._untold

    def hear(self, life: Life, event: Event) -> None:
        """It is told."""
        life.check()
        world = self._world
        match event:
            case Trouble() if event.where != "ledger":
                world.broke("stands", f"{event.where}: {event.message}")
            case TableRead():
                if (daemon := self._daemon()) is not None and daemon.keepers[event.table].access.held is not None:
                    self._spans(event.table).kept.begin(Kept.HELD)  # an earlier daemon has told so
            case TableHeld():
                self.held_since[event.table] = world.machine.moment
                self._spans(event.table).kept.begin(Kept.HELD)
            case TableReleased():
                self._spans(event.table).kept.end(Kept.HELD, at=self._read_at(event.table))
                self.released(event.table)
            case RowVanished():
                self._spans(event.table).vanished(event.key)
            case DeadlineMissed() | DraftExpired() | WatchUntold() | WorkflowEnded():
                world.heard.append(Heard(world.machine.moment, event))
        if world.telling:
            said = ", ".join(f"{k}={v}" for k, v in event.fields().items())
            world.tell(f"    {event.name} {said}")

    def _read_at(self, table: str) -> int:
        """The moment of the turn that learnt of the last read: from then on rowd goes by it, and claims what it allows, though the
        commit takes longer, and is told of later."""
        daemon, machine = self._daemon(), self._world.machine
        read = daemon.keepers[table].access.last_read if daemon is not None else None
        return machine.moment if read is None or self._world.jumpy else (read - machine.start) // timedelta(microseconds=1)

    def released(self, table: str) -> None:
        """Nothing of it came on time while it was held; where nothing told of that, since this life began."""
        world = self._world
        world.disturbed.append((self.held_since.pop(table, world.births[-1]), world.machine.moment))

    def _spans(self, table: str) -> Spans:
        return next(b for b in self._world.benches if b.name == table).spans

    def _held(self, table: str) -> dict[str, object] | None:
        """The rows of a table that wait; None where all of it does."""
        daemon = self._daemon()
        keeper = daemon.keepers[table] if daemon is not None else None
        if keeper is None or keeper.access.held is not None or keeper.access.trouble is not None or not keeper.access.served:
            return None
        return {**keeper.sight.doubtful, **{m.id: None for m in keeper.sight.mints.values()}, **dict.fromkeys(keeper.sight.unclear)}

    def _unclear(self, table: str) -> Iterable[str]:
        """The known rows of a table that can't be told from others."""
        daemon = self._daemon()
        return daemon.keepers[table].sight.doubtful if daemon is not None else ()

    def _untold(self, table: str) -> Collection[str]:
        """The rows of a table that may have to be told something, by the daemon's own account."""
        daemon = self._daemon()
        return daemon.keepers[table].unsent if daemon is not None else ()
