"""A circuit breaker per action: what keeps failing is left alone for a while, then tried once. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from actions.api import Outcome


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """`failures` attempts in a row open it for `wait`; each further failure doubles the wait, up to `wait_max`."""

    failures: int = 5
    wait: timedelta = timedelta(minutes=1)
    wait_max: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Breaker:
    """The attempts of one action, all tasks together: how many failed in a row, and when the last of them ended."""

    streak: int = 0
    failed_at: datetime | None = None

    def after(self, outcome: Outcome, at: datetime) -> Breaker:
        """The breaker once an attempt has ended so. A cancelled or lost attempt says nothing about the action."""
        if outcome is Outcome.SUCCEEDED:
            return Breaker()
        if outcome in (Outcome.FAILED, Outcome.TIMED_OUT):
            return Breaker(self.streak + 1, at)
        return self

    def shut_until(self, rules: BreakerRules) -> datetime | None:
        """The instant before which nothing starts; None where it is closed. From then on one attempt at a time is let through."""
        if self.failed_at is None or self.streak < rules.failures:
            return None
        doublings: int = min(self.streak - rules.failures, 30)
        return self.failed_at + min(rules.wait * (1 << doublings), rules.wait_max)
