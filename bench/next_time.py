"""Next fire time of mixed cron expressions with zones, warm: ours beside croniter, cronsim and Celery."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from celery.schedules import crontab
from croniter import croniter
from cronsim import CronSim

from bench.measure import Comparison, Goal, rounds_of, scaled
from engine.schedule import parse

EXPRESSIONS = ("*/5 * * * *", "0 9 * * mon-fri", "30 2 1 * *", "15,45 */4 * * *", "0 0 29 2 *", "5 4 * * sun", "0 12 1,15 * *")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
STEPS = 50


def measure(folder: Path) -> Iterator[Comparison]:  # noqa: ARG001 (nothing is written)
    """Walks STEPS instants of every expression in every zone; all parsed before. In CPU time: nothing is waited for.

    A round asks for 1,400 instants, one after the other; ours remembers the last 512 answers, so none of them is one.
    """
    pairs = [(text, ZoneInfo(zone)) for text in EXPRESSIONS for zone in ZONES]
    ours = [parse(text, type=None, zone=zone, since=START).schedule for text, zone in pairs]
    celerys = [(_of_celery(text, zone), zone) for text, zone in pairs]

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

    def by_celery() -> int:
        for schedule, zone in celerys:
            at = START.astimezone(zone)
            for _ in range(STEPS):
                last, delta, _now = schedule.remaining_delta(at)
                at = last + delta
        return len(celerys) * STEPS

    sides = {"rowd": walk, "croniter": by(_croniter), "cronsim": by(_cronsim), "Celery": by_celery}
    yield Comparison("one next fire time", "µs", scaled(rounds_of(sides, clock=time.process_time), 1e6), Goal(at_least=8, aim=4))


def _croniter(text: str, start: datetime) -> Callable[[], object]:
    walker = croniter(text, start)
    return lambda: walker.get_next(datetime)


def _cronsim(text: str, start: datetime) -> Callable[[], object]:
    walker = CronSim(text, start)
    return lambda: next(walker)


def _of_celery(text: str, zone: ZoneInfo) -> crontab:
    minute, hour, day, month, weekday = text.split()
    made = crontab(minute, hour, day_of_month=day, month_of_year=month, day_of_week=weekday)
    made.tz = zone
    return made
