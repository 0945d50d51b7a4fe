"""How watched sources stand, for people and as JSON; and whether anything can be delivered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

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


def listening(site: Site, daemon: DaemonMark | None, note: Note | None) -> tuple[str, str]:
    """Where deliveries are listened for, and why they aren't where rowd.toml wants them to be; "" for what isn't so."""
    if daemon is None or note is None:
        return "", ""
    wanted = site.config.settings.listen is not None
    return note.listens, note.deaf or ("it doesn't listen yet" if wanted and not note.listens else "")
