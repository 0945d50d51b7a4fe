"""When a seed may begin, and in which zone: some of them just before the clock there is changed."""

from __future__ import annotations

from datetime import UTC, datetime

STARTS = (
    (datetime(2026, 3, 2, 12, tzinfo=UTC), "UTC"),
    (datetime(2026, 6, 17, 8, 58, tzinfo=UTC), "Europe/Berlin"),
    (datetime(2026, 3, 29, 0, 50, tzinfo=UTC), "Europe/Berlin"),  # 02:00 becomes 03:00 at 01:00 UTC
    (datetime(2026, 10, 25, 0, 55, tzinfo=UTC), "Europe/Berlin"),  # 03:00 becomes 02:00 at 01:00 UTC
    (datetime(2026, 3, 8, 6, 50, tzinfo=UTC), "America/New_York"),  # 02:00 becomes 03:00 at 07:00 UTC
    (datetime(2026, 11, 1, 5, 55, tzinfo=UTC), "America/New_York"),  # 02:00 becomes 01:00 at 06:00 UTC
    (datetime(2026, 4, 4, 14, 55, tzinfo=UTC), "Australia/Lord_Howe"),  # 02:00 becomes 01:30 at 15:00 UTC
    (datetime(2026, 10, 3, 15, 22, tzinfo=UTC), "Australia/Lord_Howe"),  # 02:00 becomes 02:30 at 15:30 UTC
    (datetime(2026, 12, 31, 22, 30, tzinfo=UTC), "UTC"),
)
