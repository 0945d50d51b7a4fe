"""Requests per minute, counted as the limits page says (developers.google.com/workspace/sheets/api/limits): VENDORS.md A1."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.emulators.core.exchange import Json, Refused
from tests.emulators.core.quota import Window
from tests.emulators.core.switches import Switches
from tests.emulators.google_sheets import errors

MINUTE = timedelta(minutes=1)
PER_USER, PER_PROJECT = 60, 300
UNIT = 5
DRIVE_PER_USER, DRIVE_PER_PROJECT = 325_000 // UNIT, 1_000_000 // UNIT
COSTS = {
    "drive.list": 100 // UNIT,
    "drive.export": 200 // UNIT,
    "drive.create": 50 // UNIT,
    "drive.copy": 50 // UNIT,
    "drive.update": 50 // UNIT,
}
"""Units that a request costs, in fives; others cost one of these (VENDORS.md A1, Drive for projects since 2026-05-01)."""
PROJECT = "123456789012"
CONSOLE = f"https://console.developers.google.com/project/{PROJECT}/apiui/credential"
"""Where older answers lead to: asweigart/ezsheets#8."""


class Quotas:
    """All windows of one project.   on: whether anything is refused at all."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self._windows: dict[tuple[str, str], Window] = {}
        self.on = True

    def take(self, kind: str, operation: str, user: str, now: datetime) -> Refused | None:
        """Count one request.   kind: read, write or drive. What to refuse with, where there is no room."""
        if not self.on:
            return None
        if kind == "drive":
            windows = (self._window(kind, user, DRIVE_PER_USER), self._window(kind, "", DRIVE_PER_PROJECT))
            if any(window.left(now) < COSTS.get(operation, 1) for window in windows):
                return self._drive()
            for window in windows:
                for _ in range(COSTS.get(operation, 1)):
                    window.take(now)
            return None
        for scope, limit in ((user, PER_USER), ("", PER_PROJECT)):
            wait = self._window(kind, scope, limit).take(now)
            if wait is not None:
                return self._sheets(kind, scope, limit, wait)
        return None

    def _window(self, kind: str, scope: str, limit: int) -> Window:
        aligned = self._switches["quota_window"] == "minute"
        return self._windows.setdefault((kind, scope), Window(limit, MINUTE, aligned=aligned))

    def _sheets(self, kind: str, scope: str, limit: int, wait: timedelta) -> Refused:
        name = f"{kind.title()}RequestsPerMinutePer{'User' if scope else 'Project'}"
        info: Json = {
            "@type": errors.ERROR_INFO,
            "reason": "RATE_LIMIT_EXCEEDED",
            "domain": "googleapis.com",
            "metadata": {
                "quota_metric": f"sheets.googleapis.com/{kind}_requests",
                "quota_limit": name,
                "quota_limit_value": str(limit),
                "consumer": f"projects/{PROJECT}",
                "service": "sheets.googleapis.com",
            },
        }
        if self._switches["quota_details"] == "help":
            info = {"@type": errors.HELP, "links": [{"description": "Google developer console API key", "url": CONSOLE}]}
        text = (
            f"Quota exceeded for quota metric '{kind.title()} requests' and limit '{kind.title()} requests per minute"
            f"{' per user' if scope else ''}' of service 'sheets.googleapis.com' for consumer 'project_number:{PROJECT}'."
        )
        if self._switches["retry_after"] == "present":
            return errors.sheets(429, text, [info], retry_after=str(max(1, int(wait.total_seconds()))))
        return errors.sheets(429, text, [info])

    def _drive(self) -> Refused:
        code = 403 if self._switches["drive_over_limit"] == "403" else 429
        return errors.drive(code, "userRateLimitExceeded", "User Rate Limit Exceeded", "usageLimits")
