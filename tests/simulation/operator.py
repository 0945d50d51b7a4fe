"""What the operator of a simulated rowd has said: its actions, and what else stands in rowd.toml."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta, tzinfo

from actions.api import Definition
from actions.parameters import Parameter, ParameterType
from engine.approval import ApprovalRule
from engine.blackout import Blackout
from engine.brakes import Brake

_NUMBER = {"n": Parameter(type=ParameterType.INTEGER, default=0)}

DEFINITIONS = {
    "quick": Definition(kind="sim", parameters=_NUMBER),
    "again": Definition(kind="sim", parameters=_NUMBER, repeatable=True, attempts=3, retry_wait=timedelta(seconds=2)),
    "outside": Definition(kind="sim", parameters=_NUMBER, attempts=2, retry_wait=timedelta(seconds=5)),
    "rare": Definition(kind="sim", parameters=_NUMBER, at_most_every=timedelta(seconds=50)),
    "frail": Definition(kind="sim", parameters=_NUMBER, repeatable=True, attempts=2, retry_wait=timedelta(seconds=1)),
    "slow": Definition(kind="sim", parameters=_NUMBER, attempts=2, retry_wait=timedelta(seconds=12)),
    "extra": Definition(kind="sim", parameters=_NUMBER),
    "teller": Definition(kind="sim", parameters=_NUMBER, at_most_every=timedelta(seconds=20)),
    "maker": Definition(kind="sim", parameters=_NUMBER, at_most_every=timedelta(seconds=20)),
    "signed": Definition(kind="sim", parameters=_NUMBER, attempts=2, retry_wait=timedelta(seconds=4), approval=True),
    "sealed": Definition(
        kind="sim",
        parameters=_NUMBER,
        repeatable=True,
        attempts=2,
        retry_wait=timedelta(seconds=1),
        approval=True,
        approve_in_table=True,
        approval_within=timedelta(minutes=2),
    ),
}

SPACED = {name: each.at_most_every.total_seconds() for name, each in DEFINITIONS.items() if each.at_most_every is not None}
"""Actions that the operator lets a task do only so often → once in so many seconds."""

APPROVED = frozenset(name for name, definition in DEFINITIONS.items() if definition.approval)
"""Actions whose runs somebody has to approve."""


@dataclass
class Operator:
    """What stands in rowd.toml now.   versions: of the actions that are to be approved, how each is defined now."""

    zone: tzinfo
    actions: frozenset[str]
    limits: dict[str, int]
    max_parallel: int
    blackouts: tuple[Blackout, ...]
    brakes: dict[str, Brake]
    versions: dict[str, str] = field(default_factory=lambda: dict.fromkeys(APPROVED, "v0"))

    @property
    def approvals(self) -> dict[str, ApprovalRule]:
        """As rowd reads them from there."""
        return {
            name: ApprovalRule(version, DEFINITIONS[name].approve_in_table, DEFINITIONS[name].approval_within)
            for name, version in sorted(self.versions.items())
        }
