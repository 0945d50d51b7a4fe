"""How a watched source stands, for people and as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from engine.ledger import WatchMark
from engine.recent import lasted
from rowd.cli.output import Styled
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
