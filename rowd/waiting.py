"""Waiting beside the loop: for something to stir, and for what is under way to end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from engine.clock import Clock

GRACE = timedelta(seconds=5)
"""So long a message that is under way may take when rowd stops: else the next daemon would send it again."""


async def until_stirred(stirred: asyncio.Event, clock: Clock, span: timedelta) -> None:
    """Until something stirs, or so long. What has stirred stays set."""
    timer = clock.call_after(span, stirred.set)
    try:
        await stirred.wait()
    finally:
        timer.cancel()


async def seen_through(work: Coroutine[Any, Any, None]) -> None:
    """Work whose end should be known. Cancelled, it lets what is under way go on for GRACE, and then ends it."""
    working = asyncio.create_task(work)
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait([working], timeout=GRACE.total_seconds())
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        raise
