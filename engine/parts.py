"""What a daemon is made of, beside its tables: all of it may be replaced while it runs, when the configuration is read anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct

from actions.api import Action, Adoptable
from actions.telling import Mask
from engine.approval import ApprovalRule
from engine.asking import Question
from engine.blackout import Blackout
from engine.brakes import Brake
from engine.breaker import BreakerRules
from engine.crash import Crash
from engine.watching import Source

NOTHING_HIDDEN = Mask(())


def _nobody(_kind: str) -> Adoptable | None:
    """No kind's attempts can be taken over without their definition."""
    return None


class Parts(Struct, frozen=True):
    """limits: action → how many attempts at once.   brakes: table → what it may start.
    runs: folder of all attempts' folders.   draw: n random bytes.
    heir: kind of action → who takes over attempts whose definition is gone.   mask: hides every secret that is known.
    approvals: action → what is to be approved before it starts, where that is.
    sources: what is watched, by name.   facts: what conditions may ask for, by name.
    """

    actions: Mapping[str, Action]
    secrets: Mapping[str, Mapping[str, str]]
    limits: Mapping[str, int]
    max_parallel: int
    stop_within: timedelta
    blackouts: tuple[Blackout, ...]
    breaker: BreakerRules
    runs: Path
    draw: Callable[[int], bytes]
    crash: Crash
    heir: Callable[[str], Adoptable | None] = _nobody
    mask: Mask = NOTHING_HIDDEN
    sources: Mapping[str, Source] = MappingProxyType({})
    brakes: Mapping[str, Brake] = MappingProxyType({})
    facts: Mapping[str, Question] = MappingProxyType({})
    approvals: Mapping[str, ApprovalRule] = MappingProxyType({})
