"""A circuit breaker per action: what keeps failing is left alone for a while, then tried once. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from actions.api import Outcome


class BreakerRules(Struct, frozen=True):
    """`failures` attempts in a row open it for `wait`; each further failure doubles the wait, up to `wait_max`."""

    failures: int = 5
    wait: timedelta = timedelta(minutes=1)
    wait_max: timedelta = timedelta(hours=1)


class Breaker(Struct, frozen=True):
    """The attempts of one action, all tasks together: how many failed in a row, and when the last of them ended."""

    streak: int = 0
    failed_at: datetime | None = None

    def after(self, outcome: Outcome, at: datetime) -> Breaker:
        """The breaker once an attempt has ended so. A cancelled or lost attempt says nothing about the action."""
        if outcome is Outcome.SUCCEEDED:
            return Breaker() if self.streak else self
        if outcome in (Outcome.FAILED, Outcome.TIMED_OUT):
            return Breaker(self.streak + 1, at)
        return self

    def shut_until(self, rules: BreakerRules) -> datetime | None:
        """The instant before which nothing starts; None where it is closed. From then on one attempt at a time is let through."""
        if self.failed_at is None or self.streak < rules.failures:
            return None
        doublings: int = min(self.streak - rules.failures, 30)
        return self.failed_at + min(rules.wait * (1 << doublings), rules.wait_max)


class Breakers:
    """One for each action that has ended an attempt."""

    def __init__(self, rules: BreakerRules, limits: Mapping[str, int], usual: int) -> None:
        """limits: action → how many of its attempts may be under way; `usual` for all others."""
        self.rules, self.limits, self.usual = rules, limits, usual
        self._breakers: dict[str, Breaker] = {}

    def take_up(self, streaks: Mapping[str, tuple[int, datetime | None]]) -> None:
        """What the ledger remembers: action → failed attempts in a row, and when the last of them ended."""
        self._breakers = {action: Breaker(number, at) for action, (number, at) in streaks.items()}

    def note(self, action: str, outcome: Outcome, at: datetime) -> tuple[Breaker, Breaker]:
        """An attempt has ended so. The action's breaker before and after."""
        before = self._breakers.get(action, Breaker())
        after = self._breakers[action] = before.after(outcome, at)
        return before, after

    def shut(self, now: datetime) -> dict[str, datetime]:
        """Action → the instant before which nothing of it starts; only those that are open now."""
        ahead = self.rules.wait_max  # an instant beyond it was reckoned before the clock was set back
        return {action: until for action, until in self._tripped().items() if now < until <= now + ahead}

    def limit(self, action: str, now: datetime) -> int:
        """How many attempts of this action may be under way: none while its breaker is open, one while that is being tried."""
        until = self._breakers.get(action, Breaker()).shut_until(self.rules)
        if until is not None:
            return 0 if now < until <= now + self.rules.wait_max else 1
        return self.limits.get(action, self.usual)

    def limited(self, now: datetime) -> dict[str, int]:
        """`limit` of every action that has one of its own now."""
        return {action: self.limit(action, now) for action in {*self.limits, *self._tripped()}}

    def _tripped(self) -> dict[str, datetime]:
        return {a: until for a, b in self._breakers.items() if (until := b.shut_until(self.rules)) is not None}
