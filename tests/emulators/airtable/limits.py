"""How much Airtable lets through: requests per second by base and by user, calls per month by workspace, records by base.

Numbers: airtable.com/developers/web/api/rate-limits and support.airtable.com, managing API call limits (VENDORS.md B1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.emulators.airtable import errors
from tests.emulators.airtable.model import Base, User, Workspace
from tests.emulators.core.quota import Window
from tests.emulators.core.switches import Switches

PER_BASE = 5
PER_USER = 50
LOCK_OUT = timedelta(seconds=30)
THROTTLED = 2
"""Requests per second of a team's workspace that has spent its month."""
GRACE = timedelta(days=30)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Plan:
    """calls: a month; None for no limit.   blocks: whether more are refused, else slowed down.   records: of one base."""

    calls: int | None
    blocks: bool
    records: int


PLANS = {
    "free": Plan(1_000, True, 1_000),
    "team": Plan(100_000, False, 50_000),
    "business": Plan(None, False, 125_000),
    "enterprise": Plan(None, False, 500_000),
}


class Limits:
    """on: False lets everything through, uncounted."""

    def __init__(self, switches: Switches) -> None:
        self.on = True
        self._switches = switches
        self._windows: dict[str, Window] = {}
        self._locked: dict[str, datetime] = {}

    def admit(self, now: datetime, user: User | None, base: Base | None, *, meta: bool, upsert: bool) -> None:
        """Count one request. Raises Refused.

        user: whose personal access token it is; None for another kind of token.   meta: of the Meta API, which goes on when the
        month is spent.
        """
        if not self.on:
            return
        if user is not None:
            self._take(f"user {user.id}", PER_USER, now)
        if base is None:
            return
        self._take(f"base {base.id}", PER_BASE, now)
        if upsert and self._switches["upsert_throttle"] == "strict":
            self._take(f"upsert {base.id}", 1, now)
        self._count(base.workspace, now, meta=meta)

    def _take(self, key: str, limit: int, now: datetime) -> None:
        if (until := self._locked.get(key)) is not None and now < until:
            raise self._limited(until - now)
        window = self._windows.setdefault(key, Window(limit, SECOND, aligned=self._switches["window"] == "aligned"))
        if window.take(now) is not None:
            self._locked[key] = now + LOCK_OUT
            raise self._limited(LOCK_OUT)

    def _limited(self, wait: timedelta) -> Exception:
        after = -(-wait // SECOND) if self._switches["retry_after"] == "present" else None
        plural = self._switches["rate_limit_body"] == "errors"
        return errors.rate_limited("RATE_LIMIT_REACHED", errors.RATE_LIMIT, plural=plural, retry_after=after)

    def _count(self, workspace: Workspace, now: datetime, *, meta: bool) -> None:
        plan, month = PLANS[workspace.plan], f"{now:%Y-%m}"
        spent = workspace.calls.get(month, 0)
        if plan.calls is not None and spent >= plan.calls and not meta:
            if not plan.blocks:
                self._take(f"workspace {workspace.id}", THROTTLED, now)
            elif not self._in_grace(workspace, now):
                plural = self._switches["billing_body"] == "errors"
                raise errors.rate_limited("PUBLIC_API_BILLING_LIMIT_EXCEEDED", errors.BILLING, plural=plural, retry_after=None)
        workspace.calls[month] = spent + 1

    def _in_grace(self, workspace: Workspace, now: datetime) -> bool:
        if not workspace.grace_used:
            workspace.grace_used, workspace.grace_until = True, now + GRACE
        return workspace.grace_until is not None and now < workspace.grace_until
