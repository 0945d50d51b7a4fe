"""What an emulator takes for the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """An aware instant in UTC."""


class RealClock:
    """The machine's."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SetClock:
    """Stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, **span: float) -> None:
        """As `timedelta` has it: `advance(seconds=30)`."""
        self.at += timedelta(**span)


class Shifted:
    """Goes on as another clock does, from an instant of its own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shift = timedelta(0)

    def now(self) -> datetime:
        return self._clock.now() + self._shift

    def set(self, at: datetime) -> None:
        self._shift = at - self._clock.now()
