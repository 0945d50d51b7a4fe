"""How many requests a connection, a workspace and an endpoint get (VENDORS.md C1)."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from tests.emulators.core.exchange import Refused
from tests.emulators.core.quota import Window
from tests.emulators.core.switches import Switches
from tests.emulators.notion.errors import rate_limited

BUDGET = 180
"""Requests of a connection in a window; Business and Enterprise have 600."""

SPAN = timedelta(seconds=60)
ENDPOINT = 30


class Fixed:
    """Windows that begin with the first request, and then all at once are empty again."""

    def __init__(self, limit: int, span: timedelta) -> None:
        self.limit, self.span = limit, span
        self._begun: datetime | None = None
        self._taken = 0

    def take(self, now: datetime) -> timedelta | None:
        if self._begun is None or now >= self._begun + self.span:
            self._begun, self._taken = now, 0
        if self._taken >= self.limit:
            return self._begun + self.span - now
        self._taken += 1
        return None


class Limits:
    """budget: may be changed by tests, None for no limit."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self.budget: int | None = BUDGET
        self.reset()

    def reset(self) -> None:
        self._connections: dict[str, Window | Fixed] = {}
        workspace = self._switches["workspace_budget"]
        self._workspace = None if workspace == "none" else self._window(int(workspace))
        self._shut_until: datetime | None = None
        self._search = self._window(ENDPOINT) if self._switches["endpoint_limits"] == "search" else None

    def _window(self, limit: int) -> Window | Fixed:
        return Window(limit, SPAN, aligned=True) if self._switches["window"] == "aligned" else Fixed(limit, SPAN)

    def count(self, token: str, operation: str, now: datetime) -> None:
        """Raises Refused: 429, and how long to wait. A refused request counts against nothing else."""
        if self.budget is None:
            return
        if token not in self._connections or self._connections[token].limit != self.budget:
            self._connections[token] = self._window(self.budget)
        self._check("public_api_request_rate_limit", self._connections[token].take(now))
        if self._shut_until is not None and now < self._shut_until:
            self._check("public_api_space_request_rate_limit", self._shut_until - now)
        if self._workspace is not None and self._workspace.take(now) is not None:
            wait = timedelta(seconds=int(self._switches["workspace_wait_s"]))
            self._shut_until = now + wait
            self._check("public_api_space_request_rate_limit", wait)
        if self._search is not None and operation == "search":
            self._check("public_api_endpoint_rate_limit", self._search.take(now))

    def _check(self, reason: str, wait: timedelta | None) -> None:
        if wait is not None:
            header = self._switches["retry_after"] == "present"
            raise Refused(rate_limited(reason, max(1, math.ceil(wait.total_seconds())), header=header))
