"""Requests without a socket, for tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.emulators.core.exchange import Answer, Request
from tests.emulators.notion.emulator import TOKEN, Notion

NOON = datetime(2026, 3, 4, 12, 0, 42, 500_000, tzinfo=UTC)
"""A Wednesday."""

Ask = Callable[..., Answer]


def asking(emulator: Notion, token: str = TOKEN, version: str = "2026-03-11") -> Ask:
    """Requests without a socket: `ask("GET", "/v1/users/me")`."""

    def ask(method: str, path: str, body: Any = None) -> Answer:
        return emulator.answer(Request.of(method, path, token=token, json=body, notion_version=version))

    return ask
