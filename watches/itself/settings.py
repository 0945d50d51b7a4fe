"""What the operator may say of what rowd tells."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from config.fields import Span, some
from config.mistakes import pointer
from watches.api import Definition

TOLD = (
    "approval.wanted",
    "breaker.closed",
    "breaker.opened",
    "channel.failed",
    "channel.recovered",
    "clock.jumped",
    "config.refused",
    "config.reloaded",
    "daemon.started",
    "deadline.missed",
    "dispatches.dropped",
    "dispatches.failed",
    "endpoint.failed",
    "endpoint.gone",
    "endpoint.recovered",
    "fact.recovered",
    "fact.untold",
    "ledger.behind",
    "ledger.copied",
    "ledger.recovered",
    "ledger.restored",
    "listener.failed",
    "ping.failed",
    "ping.recovered",
    "quota.eased",
    "quota.low",
    "quota.spent",
    "row.defective",
    "row.mended",
    "row.unaccounted",
    "table.braked",
    "table.held",
    "table.recovered",
    "table.released",
    "table.unreachable",
    "table.unwritable",
    "table.writable",
    "watch.recovered",
    "watch.unseen",
)
"""The events that rows can react to, as `docs/reference/events.md` names them. What every run tells is not among them: a row that
reacts to it would never come to rest."""

SAYS = frozenset({"event", "table", "row", "id", "about", "reason", "left", "spent", "until"})
"""What such an event says, as far as it has it."""


def _events(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("names none, so nothing would ever be told; name some")
    for name in names:
        if name not in TOLD:
            elsewhere = _ELSEWHERE.get(name.partition(".")[0], "")
            raise ValueError(f'"{name}" is no event that rows can react to{elsewhere}; {pointer(name, TOLD, "")}')
    return tuple(dict.fromkeys(names))


_ELSEWHERE = {
    "run": ': how runs end is told by kind = "outcomes"',
    "occurrence": ': what is skipped or missed is told by kind = "outcomes"',
    "task": ': how runs end is told by kind = "outcomes"',
    "webhook": ': name a source of kind = "webhook" in the row itself',
    "delivery": ': name a source of kind = "webhook" in the row itself',
}
"""Where what begins so is to be had."""


def _at_once(span: timedelta) -> timedelta:
    if span:
        raise ValueError("what rowd tells is taken up at once; remove it")
    return span


class ItselfSettings(Definition, frozen=True):
    """`kind = "rowd"`: what rowd tells of itself."""

    only: Annotated[tuple[str, ...], AfterValidator(_events)] = Field(description="The events that count: see below.")
    tables: Annotated[tuple[str, ...], AfterValidator(some)] | None = Field(
        default=None, description="Of events of tables and rows, the only tables that count. Left out: all."
    )
    debounce: Annotated[Span, AfterValidator(_at_once)] = Field(
        default=timedelta(0), description="Doesn't apply: what rowd tells is taken up at once."
    )
