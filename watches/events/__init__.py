"""What people and programs emit, by `rowd emit`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from watches.api import Kind
from watches.events.settings import EventsSettings
from watches.events.watch import Events


def make(name: str, settings: EventsSettings, base: Path, lent: Mapping[str, str]) -> Events:  # noqa: ARG001 (a Kind's signature)
    """Raises nothing."""
    return Events(name)


KIND = Kind(settings=EventsSettings, make=make)
