"""Next fire time of mixed cron expressions with zones: ours beside croniter and cronsim."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from croniter import croniter
from cronsim import CronSim

from bench.measure import medians, table
from engine.schedule import parse

EXPRESSIONS = ("*/5 * * * *", "0 9 * * mon-fri", "30 2 1 * *", "15,45 */4 * * *", "0 0 29 2 *", "5 4 * * sun", "0 12 1,15 * *")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
STEPS = 50


def main() -> str:
    """Walks STEPS instants of every expression in every zone."""
    pairs = [(text, ZoneInfo(zone)) for text in EXPRESSIONS for zone in ZONES]
    ours = [parse(text, type=None, zone=zone, since=START).schedule for text, zone in pairs]

    def walk() -> int:
        for schedule in ours:
            at = START
            for _ in range(STEPS):
                at = schedule.next(at) or START
        return len(ours) * STEPS

    def by(make: Callable[[str, datetime], Callable[[], object]]) -> Callable[[], int]:
        def work() -> int:
            for text, zone in pairs:
                following = make(text, START.astimezone(zone))
                for _ in range(STEPS):
                    following()
            return len(pairs) * STEPS

        return work

    def of_croniter(text: str, start: datetime) -> Callable[[], object]:
        walker = croniter(text, start)
        return lambda: walker.get_next(datetime)

    def of_cronsim(text: str, start: datetime) -> Callable[[], object]:
        walker = CronSim(text, start)
        return lambda: next(walker)

    found = medians({"rowd": walk, "croniter": by(of_croniter), "cronsim": by(of_cronsim)})
    return table("next fire time, mixed cron with zones, warm", "rowd", found)
