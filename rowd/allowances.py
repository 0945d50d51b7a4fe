"""How much of what vendors allow is spent: months by the ledger, shorter windows by the file that all processes share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from connectors.api import Budget
from engine.budget import outlook
from engine.clock import Clock
from engine.committer import InlineCommitter
from engine.crash import CrashPoints
from engine.governor import Governor
from engine.ledger import Ledger, LedgerError
from engine.quota import Allowance, part_of
from engine.windows import WindowFile
from rowd.bound import Bound
from rowd.saying import distance, plural, when

_KINDS = {"any": "request", "read": "read", "write": "write"}


def allowances(tables: Mapping[str, Bound], ledger: Ledger | None, windows: WindowFile, clock: Clock) -> list[Allowance]:
    """Each month that is counted, once, and the shorter windows that are half spent or shut.

    tables: as rowd.toml has them now.
    """
    return [*_months(tables, ledger, clock.now()), *windows.standing(clock)]


def _months(tables: Mapping[str, Bound], ledger: Ledger | None, now: datetime) -> Iterator[Allowance]:
    spent = ledger.spent() if ledger is not None else {}
    sizes: dict[str, int] = {}
    for bound in tables.values():
        for budget in _budgets(bound):
            size = part_of(budget.size, bound.rules.quota_share)
            sizes[budget.scope] = max(size, sizes.get(budget.scope, 0))
    for scope, size in sizes.items():
        stands = outlook(size, spent.get(scope, {}), now)
        yield Allowance(scope, "any", None, size, stands.spent, stands.until, low=stands.low)


@contextmanager
def commands_governor(tables: Sequence[Bound], clock: Clock) -> Iterator[Governor]:
    """For what a command asks of these tables by itself. What it takes of a month is put into the ledger, where there is one: the
    daemon learns of it with its own next request. What it takes of a window, all know at once.
    """
    ledger = _ledger_of(tables)
    try:
        committer = InlineCommitter(ledger, CrashPoints(None)) if ledger is not None else None
        yield Governor(clock, committer, windows=tables[0].windows if tables else None)
    finally:
        if ledger is not None:
            ledger.close()


def _ledger_of(tables: Sequence[Bound]) -> Ledger | None:
    """None also where no month counts, or the ledger can't be opened: whatever else reads it says so."""
    if not any(_budgets(bound) for bound in tables):
        return None
    try:
        return Ledger.open(tables[0].ledger, migrate=False)
    except LedgerError:
        return None


def _budgets(bound: Bound) -> tuple[Budget, ...]:
    table = bound.open()  # touches nothing
    try:
        return table.traits.budgets
    finally:
        table.close()


def said(one: Allowance, now: datetime) -> str:
    """One sentence for a person."""
    zone = now.astimezone().tzinfo or now.tzinfo
    if zone is None:
        raise ValueError("an instant without a zone")
    if one.span is None:
        turns = f"until {when(one.until, zone, now)}" if one.until is not None else ""
        short = "; that is too few: tables are looked at, and told, more seldom" if one.low else ""
        return f"{one.scope}: {one.spent:,} of {one.size:,} calls spent this month, {one.left:,} left {turns}{short}"
    span = "a minute" if timedelta(seconds=59) <= one.span <= timedelta(seconds=62) else f"in {one.span.total_seconds():g}s"
    shut = f"; nothing goes out before {when(one.until, zone, now)}" if one.until is not None else ""
    return f"{one.scope}: {one.spent:,} of {plural(one.size, _KINDS[one.kind])} {span} spent{shut}{_crowded(one, now)}"


def _crowded(one: Allowance, now: datetime) -> str:
    """That others use it, too."""
    if one.crowded_at is None:
        return ""
    found = f"a request was refused {distance(one.crowded_at, now)}, though rowd had made only {one.ours:,}: others use it, too"
    return f"; {found}, or less is allowed than is known. A smaller `quota_share` leaves them their part"


def as_json(one: Allowance) -> dict[str, Any]:
    """`span_s` null: a calendar month."""
    return {
        "scope": one.scope,
        "kind": one.kind,
        "span_s": one.span,
        "size": one.size,
        "spent": one.spent,
        "left": one.left,
        "until": one.until,
        "low": one.low,
        "crowded_at": one.crowded_at,
    }
