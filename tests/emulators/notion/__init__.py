"""Notion, versions 2025-09-03 and 2026-03-11."""

from __future__ import annotations

from collections.abc import Mapping

from tests.emulators.core.clock import Clock
from tests.emulators.core.switches import Switches
from tests.emulators.notion.emulator import TOKEN, Notion
from tests.emulators.notion.replaying import prepare_replay
from tests.emulators.notion.samples import fill
from tests.emulators.notion.switches import SWITCHES

__all__ = ["SWITCHES", "fill", "make", "prepare_replay"]


def make(clock: Clock, switches: Mapping[str, str] | None = None, seed: int = 0) -> Notion:
    """An empty workspace with one connection, whose token is `ntn_emulated`. Raises ValueError for a switch that isn't there."""
    notion = Notion(clock, Switches(SWITCHES, switches), seed)
    notion.connect(TOKEN)
    return notion
