"""How watched sources, listeners and pings stand, for people and as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from config.fields import Section
from engine.ledger import DaemonMark, WatchMark
from engine.recent import lasted
from rowd.bound import Site
from rowd.cli.output import Styled
from rowd.note import Note
from rowd.saying import distance


def seen(mark: WatchMark, now: datetime) -> Styled:
    """In one line."""
    if mark.trouble:
        return f"{mark.name}: {mark.trouble} (for {lasted(now - mark.since)})", "red"
    changed = f"{distance(mark.changed_at, now)}: {mark.summary}" if mark.changed_at is not None else "nothing has happened yet"
    return f"{mark.name}: {changed}", ""


def seen_json(mark: WatchMark) -> dict[str, Any]:
    """As `rowd status --json` has it."""
    return {
        "watch": mark.name,
        "changed_at": mark.changed_at,
        "summary": mark.summary,
        "trouble": mark.trouble or None,
        "since": mark.since,
    }


class Outlet(Struct, frozen=True):
    """A place where the daemon listens, or that it pings.   on: as people write it, "" for nowhere.   trouble: why it isn't, or
    doesn't, where rowd.toml wants it to; "" where all is well.
    """

    on: str = ""
    trouble: str = ""

    def json(self) -> dict[str, str | None] | None:
        """As `rowd status --json` has it."""
        return {"address": self.on or None, "trouble": self.trouble or None} if self != NOWHERE else None


NOWHERE = Outlet()


class Outlets(Struct, frozen=True):
    """listener: for deliveries.   health: where it is told over HTTP how the daemon is.   ping: who is to miss it."""

    listener: Outlet = NOWHERE
    health: Outlet = NOWHERE
    ping: Outlet = NOWHERE

    @property
    def troubled(self) -> bool:
        """Whether one of them doesn't do what rowd.toml wants."""
        return bool(self.listener.trouble or self.health.trouble or self.ping.trouble)


def outlets(site: Site, daemon: DaemonMark | None, note: Note | None) -> Outlets:
    """How they stand; without a daemon there are none."""
    if daemon is None or note is None:
        return Outlets()
    settings, deaf = site.config.settings, "it doesn't listen yet"
    return Outlets(
        _outlet(settings.listen, note.listens, note.deaf, deaf),
        _outlet(settings.health, note.shows, note.unshown, deaf),
        _outlet(settings.ping, note.pinged, note.unpinged, "no ping was taken yet"),
    )


def _outlet(wanted: Section | None, on: str, why: str, not_yet: str) -> Outlet:
    return Outlet(on, why or (not_yet if wanted is not None and not on else ""))
