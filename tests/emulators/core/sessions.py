"""Recorded sessions, as the replay tool sends them: which one a request belongs to, and when it was recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

from tests.emulators.core.exchange import Json, Request

HEADER = "x-replay-session"
TOKEN = "replay-token"
"""What the tool sends, unless a step was recorded with a token that was refused."""


class Sessions:
    """Tells `begin` of a session whenever another one begins. An `Emulator.before` listener."""

    def __init__(self, recordings: Mapping[str, Json], begin: Callable[[Json], None]) -> None:
        self._sessions = {session["id"]: session for session in recordings["sessions"]}
        self._begin = begin
        self._current = ""

    def __call__(self, request: Request) -> None:
        name = unquote(request.headers.get(HEADER, ""))
        if name != self._current and name in self._sessions:
            self._begin(self._sessions[name])
        self._current = name


def recorded_at(session: Json) -> datetime | None:
    """ISO 8601, or as HTTP's Date header; None where the session doesn't say. Raises ValueError."""
    text = session.get("recorded")
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = parsedate_to_datetime(text)
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
